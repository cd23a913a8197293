//! One straight piece of a boundary or a line.

use faltkarta_geo::{Bounds, Geometry, GeometryPart};

use crate::relate::foot;

/// Easting and northing in metres on the grid.
pub(crate) type Place = (f64, f64);

/// A straight piece, and the position of the geometry that it is part of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Edge {
    pub(crate) owner: usize,
    pub(crate) from: Place,
    pub(crate) to: Place,
}

impl Edge {
    pub(crate) fn bounds(&self) -> Bounds {
        let mut bounds = Bounds::at(self.from.0, self.from.1);
        bounds.include(self.to.0, self.to.1);
        bounds
    }

    pub(crate) fn length_m(&self) -> f64 {
        (self.to.0 - self.from.0).hypot(self.to.1 - self.from.1)
    }

    /// The place that lies this share along it.
    pub(crate) fn along(&self, share: f64) -> Place {
        let mix = |a: f64, b: f64| a + (b - a) * share;
        (mix(self.from.0, self.to.0), mix(self.from.1, self.to.1))
    }

    pub(crate) fn distance_m(&self, at: Place) -> f64 {
        let xy = |it: Place| [it.0, it.1];
        let on = foot(xy(at), xy(self.from), xy(self.to));
        (at.0 - on[0]).hypot(at.1 - on[1])
    }
}

/// What is seen of the paths of a geometry.
pub(crate) enum Seen {
    /// A piece between two vertices.
    Edge(Edge),
    /// The first or the last vertex of a path.
    End(Place),
}

/// The pieces of a geometry's lines (`base` 2) or rings (`base` 3), without those of no length, and the ends of its paths.
pub(crate) fn for_each_piece(
    owner: usize,
    geometry: &Geometry,
    base: u32,
    see: &mut impl FnMut(Seen),
) {
    let (mut base_now, mut before) = (0, None);
    geometry.visit(|part| match part {
        GeometryPart::Begin { base } => base_now = base,
        GeometryPart::Path { .. } | GeometryPart::End => {
            if let Some(last) = before.take() {
                see(Seen::End(last));
            }
        }
        GeometryPart::Vertex { e_m, n_m } if base_now == base => {
            let at = (e_m, n_m);
            match before {
                Some(from) if from != at => see(Seen::Edge(Edge { owner, from, to: at })),
                Some(_) => {}
                None => see(Seen::End(at)),
            }
            before = Some(at);
        }
        GeometryPart::Vertex { .. } => {}
    });
}
