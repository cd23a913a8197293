//! The way from the store's grid to the square of Web Mercator, and the cuts of deliveries found on it.

use std::collections::HashMap;

use faltkarta_geo::{Bounds, Geometry, GeometryPart, GridSystem};

use crate::bucket::{Record, Vertex};
use crate::draw::PathKind;
use crate::plane::Polynomial;
use crate::tile_id::mercator_row;

/// World units: the square of Web Mercator is 2³² of them wide, a centimetre each.
pub(crate) const WORLD: f64 = 4_294_967_296.0;

pub(crate) const CUT_WEST: u8 = 1;
pub(crate) const CUT_EAST: u8 = 2;
pub(crate) const CUT_NORTH: u8 = 4;
pub(crate) const CUT_SOUTH: u8 = 8;

/// Side of the cells within which a polynomial stands for the projections, metres.
const CELL_M: f64 = 4_096.0;
/// The national topographic data are cut along this grid of SWEREF 99 TM, metres.
const CUT_M: f64 = 10_000.0;
/// A vertex so near to a line of that grid lies on it; deliveries are exact to the millimetre.
const ON_CUT_M: f64 = 0.02;
/// A side along a cut is drawn in steps of this, because what is straight in one projection bends in another.
const STEP_M: f64 = 500.0;

/// Brings geometry from the store's grid to world units.
///
/// Sides along the national 10 km grid, where deliveries are cut, are found and marked, so that drawing can let both
/// sides of a cut overlap by a hair and no seam shows.
#[derive(Debug)]
pub(crate) struct Projector {
    grid: GridSystem,
    cells: HashMap<(i32, i32), (Polynomial, Polynomial)>,
}

impl Projector {
    pub(crate) fn new(grid: GridSystem) -> Self {
        Self { grid, cells: HashMap::new() }
    }

    /// Fills paths and vertices of the record.
    pub(crate) fn project(&mut self, geometry: &Geometry, finds_cuts: bool, record: &mut Record) {
        record.paths.clear();
        record.vertices.clear();
        let middle = if finds_cuts { geometry.bounds() } else { None };
        let middle_tm = middle.map(|it| {
            let (e_m, n_m) = it.middle();
            self.grid.to_grid(GridSystem::TM, e_m, n_m)
        });
        let (mut base_now, mut n_paths) = (0, 0);
        let mut before: Option<(f64, f64, u8)> = None;
        geometry.visit(|part| match part {
            GeometryPart::Begin { base } => (base_now, n_paths) = (base, 0),
            GeometryPart::Path { .. } => {
                let kind = match (base_now, n_paths) {
                    (3, 0) => PathKind::Outer,
                    (3, _) => PathKind::Hole,
                    _ => PathKind::Line,
                };
                n_paths += 1;
                record.paths.push((kind, 0));
                before = None;
            }
            GeometryPart::Vertex { e_m, n_m } => {
                if base_now == 1 {
                    record.paths.push((PathKind::Point, 0));
                }
                let (world, tm) = self.place(e_m, n_m);
                let cut = middle_tm.map_or(0, |middle| sides(tm, middle));
                if let Some((from_e, from_n, from_cut)) = before
                    && cut & from_cut != 0
                {
                    self.along_cut((from_e, from_n), tm, cut & from_cut, record);
                }
                push(record, world, cut);
                before = Some((tm.0, tm.1, cut));
            }
            GeometryPart::End => {}
        });
    }

    fn along_cut(&mut self, from: (f64, f64), to: (f64, f64), cut: u8, record: &mut Record) {
        let n_steps = ((to.0 - from.0).hypot(to.1 - from.1) / STEP_M).ceil() as u32;
        for step in 1..n_steps {
            let t = f64::from(step) / f64::from(n_steps);
            let (e, n) = (from.0 + t * (to.0 - from.0), from.1 + t * (to.1 - from.1));
            let (e_m, n_m) = GridSystem::TM.to_grid(self.grid, e, n);
            let (world, _) = self.place(e_m, n_m);
            push(record, world, cut);
        }
    }

    /// World units, and easting and northing in SWEREF 99 TM.
    fn place(&mut self, e_m: f64, n_m: f64) -> ((f64, f64), (f64, f64)) {
        let cell = ((e_m / CELL_M).floor() as i32, (n_m / CELL_M).floor() as i32);
        let grid = self.grid;
        let (world, tm) = self.cells.entry(cell).or_insert_with(|| {
            let (e, n) = (f64::from(cell.0) * CELL_M, f64::from(cell.1) * CELL_M);
            let bounds =
                Bounds { min_e_m: e, min_n_m: n, max_e_m: e + CELL_M, max_n_m: n + CELL_M };
            let world = Polynomial::fit(bounds, |e, n| {
                let (lon, lat) = grid.inverse_deg(e, n);
                ((lon + 180.0) / 360.0 * WORLD, mercator_row(lat) * WORLD)
            });
            (world, Polynomial::fit(bounds, |e, n| grid.to_grid(GridSystem::TM, e, n)))
        });
        (world.at(e_m, n_m), tm.at(e_m, n_m))
    }
}

fn push(record: &mut Record, (x, y): (f64, f64), cut: u8) {
    record.vertices.push(Vertex { x: x.round() as u32, y: y.round() as u32, cut });
    if let Some(path) = record.paths.last_mut() {
        path.1 += 1;
    }
}

/// On which sides of a shape with this middle a vertex lies on the grid of cuts.
fn sides(at: (f64, f64), middle: (f64, f64)) -> u8 {
    let is_on = |it: f64| (it - (it / CUT_M).round() * CUT_M).abs() < ON_CUT_M;
    let east = if at.0 > middle.0 { CUT_EAST } else { CUT_WEST };
    let north = if at.1 > middle.1 { CUT_NORTH } else { CUT_SOUTH };
    (u8::from(is_on(at.0)) * east) | (u8::from(is_on(at.1)) * north)
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo_types::{Geometry as Types, LineString, Polygon};

    /// A square of forest in the cell 500–510 km E, 6600–6610 km N of SWEREF 99 TM, cut at its eastern and northern line.
    fn cut_forest() -> Geometry {
        let corners = [
            (508_000.0, 6_608_000.0),
            (510_000.0, 6_608_000.0),
            (510_000.0, 6_610_000.0),
            (508_000.0, 6_610_000.0),
            (508_000.0, 6_608_000.0),
        ]
        .map(|(e, n)| GridSystem::TM.to_grid(GridSystem::ZONE_15_00, e, n));
        Geometry::from_types(&Types::Polygon(Polygon::new(
            LineString::from(corners.to_vec()),
            vec![],
        )))
    }

    #[test]
    fn sides_on_the_national_grid_are_found_and_follow_it() {
        let mut record = Record::default();
        Projector::new(GridSystem::ZONE_15_00).project(&cut_forest(), true, &mut record);
        let cuts: Vec<u8> = record.vertices.iter().map(|it| it.cut).collect();
        let (e, n) = (CUT_EAST, CUT_NORTH);
        assert_eq!(cuts, [0, e, e, e, e, e | n, n, n, n, n, 0]);
        for vertex in record.vertices.iter().filter(|it| it.cut & e != 0) {
            let lon = f64::from(vertex.x) / WORLD * 360.0 - 180.0;
            let y = std::f64::consts::PI * (1.0 - 2.0 * f64::from(vertex.y) / WORLD);
            let (east, _) = GridSystem::TM.forward_deg(lon, y.sinh().atan().to_degrees());
            assert!((east - 510_000.0).abs() < 0.03, "{east}");
        }
    }
}
