//! One shape after the other onto one tile: cut, rounded, thinned, written.

use faltkarta_geo::{Geometry, GeometryPart};
use fast_mvt::{MvtFeatureBuilder, MvtGeomType, MvtLayerBuilder};

use crate::clip::{self, Lies, Xy};
use crate::error::TileError;
use crate::simplify::{self, Room, Unit};

/// What a path is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathKind {
    Point,
    Line,
    Outer,
    Hole,
}

/// How much detail a tile shows, in its units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Detail {
    /// Vertices nearer than this to the line between others fall away; 0 keeps all.
    pub(crate) tolerance: f64,
    /// Outer rings of less than half of this many square units fall away, with their holes.
    pub(crate) least_twice_area: i64,
}

/// A shape in the units of one tile, and room that is used again from shape to shape.
#[derive(Debug, Default)]
pub(crate) struct Pen {
    vertices: Vec<Xy>,
    /// Kind, and where the path begins in `vertices`.
    paths: Vec<(PathKind, usize)>,
    path: Vec<Xy>,
    spare: Vec<Xy>,
    units: Vec<Unit>,
    room: Room,
    /// What came out, per kind.
    points: Vec<Unit>,
    lines: Pieces,
    rings: Pieces,
    ring_is_outer: Vec<bool>,
}

#[derive(Debug, Default)]
struct Pieces {
    units: Vec<Unit>,
    ends: Vec<usize>,
}

impl Pieces {
    fn clear(&mut self) {
        self.units.clear();
        self.ends.clear();
    }

    fn push(&mut self, piece: &[Unit]) {
        self.units.extend_from_slice(piece);
        self.ends.push(self.units.len());
    }

    fn each(&self) -> impl Iterator<Item = &[Unit]> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).map(|(from, to)| &self.units[from..*to])
    }
}

impl Pen {
    /// Begins a new shape.
    pub(crate) fn begin(&mut self) {
        self.vertices.clear();
        self.paths.clear();
    }

    pub(crate) fn begin_path(&mut self, kind: PathKind) {
        self.paths.push((kind, self.vertices.len()));
    }

    pub(crate) fn vertex(&mut self, at: Xy) {
        self.vertices.push(at);
    }

    /// Takes a geometry, each vertex placed in the tile's units.
    pub(crate) fn load(&mut self, geometry: &Geometry, place: impl Fn(f64, f64) -> Xy) {
        self.begin();
        let (mut base_now, mut n_paths) = (0, 0);
        geometry.visit(|part| match part {
            GeometryPart::Begin { base } => (base_now, n_paths) = (base, 0),
            GeometryPart::Path { .. } => {
                let kind = match (base_now, n_paths) {
                    (3, 0) => PathKind::Outer,
                    (3, _) => PathKind::Hole,
                    _ => PathKind::Line,
                };
                n_paths += 1;
                self.begin_path(kind);
            }
            GeometryPart::Vertex { e_m, n_m } => {
                if base_now == 1 {
                    self.begin_path(PathKind::Point);
                }
                self.vertices.push(place(e_m, n_m));
            }
            GeometryPart::End => {}
        });
    }

    /// Cuts, rounds and thins the shape. Answers whether anything of it is seen in the tile.
    pub(crate) fn cut(&mut self, detail: Detail) -> bool {
        self.points.clear();
        self.lines.clear();
        self.rings.clear();
        self.ring_is_outer.clear();
        let mut is_outer_seen = false;
        for nth in 0..self.paths.len() {
            let (kind, from) = self.paths[nth];
            let to = self.paths.get(nth + 1).map_or(self.vertices.len(), |it| it.1);
            match kind {
                PathKind::Point => {
                    let seen = self.vertices[from..to].iter().filter(|it| clip::holds_point(**it));
                    self.points.extend(
                        seen.map(|(x, y)| Unit { x: x.round() as i32, y: y.round() as i32 }),
                    );
                }
                PathKind::Line => self.cut_line(from, to, detail),
                PathKind::Outer => is_outer_seen = self.cut_ring(from, to, detail, true),
                PathKind::Hole => {
                    if is_outer_seen {
                        self.cut_ring(from, to, detail, false);
                    }
                }
            }
        }
        !(self.points.is_empty() && self.lines.ends.is_empty() && self.rings.ends.is_empty())
    }

    fn cut_line(&mut self, from: usize, to: usize, detail: Detail) {
        let Self { vertices, spare, units, room, lines, .. } = self;
        let path = &vertices[from..to];
        let mut take = |piece: &[Xy]| {
            simplify::round(piece, units);
            if detail.tolerance > 0.0 {
                simplify::line(units, detail.tolerance, room);
            }
            if units.len() > 1 {
                lines.push(units);
            }
        };
        match clip::lies(path) {
            Lies::Inside => take(path),
            Lies::Across => clip::line(path, spare, &mut take),
            Lies::Outside => {}
        }
    }

    fn cut_ring(&mut self, from: usize, to: usize, detail: Detail, is_outer: bool) -> bool {
        let path = &self.vertices[from..to];
        match clip::lies(path) {
            Lies::Outside => return false,
            Lies::Inside => simplify::round(path, &mut self.units),
            Lies::Across => {
                self.path.clear();
                self.path.extend_from_slice(path);
                clip::ring(&mut self.path, &mut self.spare);
                simplify::round(&self.path, &mut self.units);
            }
        }
        if self.units.len() > 1 && self.units.first() == self.units.last() {
            self.units.pop();
        }
        if detail.tolerance > 0.0 {
            simplify::ring(&mut self.units, detail.tolerance, &mut self.room);
        }
        let is_seen = self.units.len() > 2
            && simplify::twice_area(&self.units) >= detail.least_twice_area.max(1);
        if is_seen {
            self.rings.push(&self.units);
            self.ring_is_outer.push(is_outer);
        }
        is_seen
    }

    /// Writes what [`Pen::cut`] left: one feature per kind of shape.
    pub(crate) fn write(
        &self,
        mut layer: MvtLayerBuilder,
        id: Option<u64>,
        tags: &impl Fn(&mut MvtFeatureBuilder) -> Result<(), TileError>,
    ) -> Result<MvtLayerBuilder, TileError> {
        let begin = |layer: MvtLayerBuilder, kind| {
            let mut feature = layer.feature_of(kind);
            feature.id(id);
            tags(&mut feature)?;
            Ok::<_, TileError>(feature)
        };
        if !self.rings.ends.is_empty() {
            let mut feature = begin(layer, MvtGeomType::Polygon)?;
            for (ring, is_outer) in self.rings.each().zip(&self.ring_is_outer) {
                feature.ring(ring.iter().copied(), *is_outer)?;
            }
            layer = feature.end();
        }
        if !self.lines.ends.is_empty() {
            let mut feature = begin(layer, MvtGeomType::LineString)?;
            for line in self.lines.each() {
                feature.line(line.iter().copied())?;
            }
            layer = feature.end();
        }
        if !self.points.is_empty() {
            let mut feature = begin(layer, MvtGeomType::Point)?;
            feature.points(self.points.iter().copied())?;
            layer = feature.end();
        }
        Ok(layer)
    }
}
