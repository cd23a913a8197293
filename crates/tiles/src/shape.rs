use faltkarta_geo::{Geometry, GeometryKind};

/// A geometry taken apart into paths, for drawing: which paths are holes follows from the polygon they stand in.
#[derive(Debug, Default, Clone)]
pub(crate) struct Shape {
    pub(crate) kind: Option<GeometryKind>,
    /// Vertices in metres on the grid, paths one after another.
    pub(crate) vertices: Vec<(f64, f64)>,
    pub(crate) paths: Vec<Path>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) is_hole: bool,
}

impl Shape {
    /// Takes a geometry apart into this value, whose memory is used again.
    pub(crate) fn read(&mut self, geometry: &Geometry) {
        self.vertices.clear();
        self.paths.clear();
        self.kind = Some(geometry.kind());
        geometry.for_each_path(|vertices, is_hole| {
            let from = self.vertices.len();
            self.vertices.extend_from_slice(vertices);
            self.paths.push(Path { from, to: self.vertices.len(), is_hole });
        });
    }
}
