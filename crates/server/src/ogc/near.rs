use faltkarta_geo::{Bounds, Geometry, GridSystem};
use geo::geometry::{Coord, Geometry as Shape, Rect};
use geo::{BoundingRect as _, Intersects as _, MapCoords as _};

use crate::ogc::crs::{PublicCrs, Rectangle};

/// No ordinate of any system is greater; predicates stay exact below.
const ORDINATE_MAX: f64 = 1.0e8;

/// A shape in the system in which it was given; features are moved there, so that it is met exactly as it was meant.
#[derive(Debug, Clone)]
pub(crate) struct Near {
    shapes: Vec<Shape<f64>>,
    crs: PublicCrs,
    store: GridSystem,
    /// A rectangle on the store's grid outside of which nothing meets it; none when it reaches too far.
    pub(crate) around: Option<Bounds>,
}

impl Near {
    /// A shape whose ordinates are in the order of its system.
    pub(crate) fn shape(shape: &Shape<f64>, crs: PublicCrs, store: GridSystem) -> Self {
        let shape = shape.map_coords(|it| {
            let (x, y) = crs.turned((it.x, it.y));
            held(x, y)
        });
        let around = shape.bounding_rect().and_then(|it| {
            let (low, high) = (it.min(), it.max());
            let rectangle = Rectangle { west: low.x, south: low.y, east: high.x, north: high.y };
            crs.around(store, &rectangle)
        });
        Self { shapes: vec![shape], crs, store, around }
    }

    /// A rectangle. One that goes over the date line is two, and one with its south above its north is none.
    pub(crate) fn rectangle(it: &Rectangle, crs: PublicCrs, store: GridSystem) -> Self {
        let is_round = matches!(crs, PublicCrs::Crs84 | PublicCrs::Epsg4326);
        let spans = match (it.west <= it.east, is_round) {
            (true, _) => vec![(it.west, it.east)],
            (false, true) => vec![(it.west, 180.0), (-180.0, it.east)],
            (false, false) => vec![],
        };
        let shapes = spans
            .into_iter()
            .filter(|(west, east)| it.south <= it.north && west <= east)
            .map(|(west, east)| Shape::Rect(Rect::new(held(west, it.south), held(east, it.north))))
            .collect();
        Self { shapes, crs, store, around: crs.around(store, it) }
    }

    /// Whether a geometry on the store's grid shares a point with it.
    pub(crate) fn is_met(&self, geometry: &Geometry) -> bool {
        if let Some(around) = self.around
            && !geometry.bounds().is_some_and(|it| it.meets(around))
        {
            return false;
        }
        let moved = geometry.to_types().map_coords(|it| {
            let (x, y) = self.crs.of_grid(self.store, it.x, it.y);
            held(x, y)
        });
        self.shapes.iter().any(|it| it.intersects(&moved))
    }
}

fn held(x: f64, y: f64) -> Coord<f64> {
    let held =
        |it: f64| if it.is_nan() { ORDINATE_MAX } else { it.clamp(-ORDINATE_MAX, ORDINATE_MAX) };
    Coord { x: held(x), y: held(y) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rectangle_over_the_date_line_is_two_and_one_upside_down_is_none() {
        let at = |west, south, east, north| {
            let rectangle = Rectangle { west, south, east, north };
            let near = Near::rectangle(&rectangle, PublicCrs::Crs84, GridSystem::ZONE_15_00);
            near.is_met(&Geometry::point(162_914.167, 6_608_920.569))
        };
        assert!(at(15.0, 59.0, 16.0, 60.0));
        assert!(at(170.0, 59.0, 16.0, 60.0) && at(15.0, 59.0, -170.0, 60.0));
        assert!(!at(170.0, 59.0, -170.0, 60.0));
        assert!(!at(15.0, 60.0, 16.0, 59.0));
    }
}
