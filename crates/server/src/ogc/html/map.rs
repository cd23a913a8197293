use std::fmt::Write as _;

use faltkarta_geo::{Bounds, Geometry, GeometryPart, GridSystem};

use crate::ogc::extents::around;

const WIDTH_PX: f64 = 720.0;
const HEIGHT_PX: f64 = 420.0;
const MARGIN_PX: f64 = 24.0;
/// A single point is shown with so many metres on each side.
const MARGIN_M: f64 = 50.0;
/// Geometries are drawn up to so many vertices; a page stays light.
const VERTICES_MAX: usize = 60_000;

/// A little map of geometries on plain ground with a scale bar and the coordinates of two corners; empty when none has
/// a place.
pub(super) fn map(geometries: &[&Geometry], store: GridSystem) -> String {
    let Some(bounds) = around(geometries.iter().copied()) else { return String::new() };
    let frame = Placing::of(bounds);
    let mut out = String::new();
    let mut n_left = VERTICES_MAX;
    for geometry in geometries {
        let mut n = 0;
        geometry.for_each_xy(|_, _| n += 1);
        if n > n_left {
            continue;
        }
        n_left -= n;
        draw(&mut out, geometry, &frame);
    }
    let (bar_m, bar_px) = frame.bar();
    let bar_text =
        if bar_m >= 1000.0 { format!("{} km", bar_m / 1000.0) } else { format!("{bar_m} m") };
    let corner = |px: (f64, f64)| {
        let (e_m, n_m) = frame.back(px);
        format!("N {n_m:.0}, E {e_m:.0}")
    };
    let (low, high) = (corner((0.0, HEIGHT_PX)), corner((WIDTH_PX, 0.0)));
    let bar_y = HEIGHT_PX - 14.0;
    format!(
        "<figure><svg viewBox=\"0 0 {WIDTH_PX} {HEIGHT_PX}\" role=\"img\" aria-label=\"Karta över objekten på sidan\">\
         {out}<line class=\"rule\" x1=\"14\" y1=\"{bar_y}\" x2=\"{x2:.1}\" y2=\"{bar_y}\"/>\
         <text class=\"note\" x=\"14\" y=\"{text_y}\">{bar_text}</text></svg>\
         <figcaption>{grid}. Nedre vänstra hörnet {low}; övre högra hörnet {high}. Norr är uppåt.</figcaption></figure>",
        x2 = 14.0 + bar_px,
        text_y = bar_y - 6.0,
        grid = store.name(),
    )
}

/// How metres of the grid lie on the picture.
struct Placing {
    middle: (f64, f64),
    px_of_m: f64,
}

impl Placing {
    fn of(bounds: Bounds) -> Self {
        let width_m = (bounds.max_e_m - bounds.min_e_m).max(2.0 * MARGIN_M);
        let height_m = (bounds.max_n_m - bounds.min_n_m).max(2.0 * MARGIN_M);
        let across = (WIDTH_PX - 2.0 * MARGIN_PX) / width_m;
        let up = (HEIGHT_PX - 2.0 * MARGIN_PX - 20.0) / height_m;
        Self { middle: bounds.middle(), px_of_m: across.min(up) }
    }

    fn at(&self, e_m: f64, n_m: f64) -> (f64, f64) {
        (
            WIDTH_PX / 2.0 + (e_m - self.middle.0) * self.px_of_m,
            HEIGHT_PX / 2.0 - 10.0 - (n_m - self.middle.1) * self.px_of_m,
        )
    }

    fn back(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (
            self.middle.0 + (x - WIDTH_PX / 2.0) / self.px_of_m,
            self.middle.1 - (y - HEIGHT_PX / 2.0 + 10.0) / self.px_of_m,
        )
    }

    /// Length of the scale bar in round metres, and in pixels.
    fn bar(&self) -> (f64, f64) {
        let most_m = 160.0 / self.px_of_m;
        let unit_m = 10f64.powf(most_m.log10().floor());
        let bar_m = [5.0, 2.0, 1.0].into_iter().map(|it| it * unit_m).find(|it| *it <= most_m);
        let bar_m = bar_m.unwrap_or(unit_m);
        (bar_m, bar_m * self.px_of_m)
    }
}

fn draw(out: &mut String, geometry: &Geometry, frame: &Placing) {
    let mut bases: Vec<u32> = vec![];
    let mut path = String::new();
    let mut is_first = true;
    geometry.visit(|part| match part {
        GeometryPart::Begin { base } => bases.push(base),
        GeometryPart::Path { .. } => {
            if bases.last() == Some(&3) && !path.is_empty() {
                path.push('Z');
            }
            is_first = true;
        }
        GeometryPart::Vertex { e_m, n_m } => {
            let (x, y) = frame.at(e_m, n_m);
            // Writing to a string cannot fail.
            if bases.last() == Some(&1) {
                let _ = write!(out, "<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>");
            } else {
                let _ = write!(path, "{}{x:.1} {y:.1}", if is_first { 'M' } else { 'L' });
                is_first = false;
            }
        }
        GeometryPart::End => {
            match bases.pop() {
                Some(3) => {
                    let _ = write!(out, "<path class=\"shape\" d=\"{path}Z\"/>");
                }
                Some(2) => {
                    let _ = write!(out, "<path class=\"path\" d=\"{path}\"/>");
                }
                _ => {}
            }
            path.clear();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_holds_its_geometries_a_scale_bar_and_its_corners() {
        let points =
            [Geometry::point(150_000.0, 6_600_000.0), Geometry::point(151_000.0, 6_600_500.0)];
        let svg = map(&[&points[0], &points[1]], GridSystem::ZONE_15_00);
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.contains("200 m") && svg.contains("SWEREF 99 15 00") && svg.contains("N 6600"));
        for part in svg.split("cx=\"").skip(1) {
            let x: f64 = part.split('"').next().unwrap().parse().unwrap();
            assert!((0.0..=WIDTH_PX).contains(&x));
        }
        assert_eq!(map(&[], GridSystem::ZONE_15_00), "");
    }
}
