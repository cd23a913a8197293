//! Shapes of a Shapefile into well-known binary; which hole lies in which outline is worked out here.

use faltkarta_geo::{Geometry, GeometryError};
use shapefile::record::NO_DATA;
use shapefile::{Point, PointM, PointZ, PolygonRing, Shape};

/// A vertex of any kind; `None` where the kind has no such ordinate or no value of it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Vertex {
    x: f64,
    y: f64,
    z: Option<f64>,
    m: Option<f64>,
}

impl From<&Point> for Vertex {
    fn from(at: &Point) -> Self {
        Self { x: at.x, y: at.y, z: None, m: None }
    }
}

impl From<&PointM> for Vertex {
    fn from(at: &PointM) -> Self {
        Self { x: at.x, y: at.y, z: None, m: (at.m > NO_DATA).then_some(at.m) }
    }
}

impl From<&PointZ> for Vertex {
    fn from(at: &PointZ) -> Self {
        Self { x: at.x, y: at.y, z: Some(at.z), m: (at.m > NO_DATA).then_some(at.m) }
    }
}

fn path<'a, P: 'a>(points: &'a [P]) -> Vec<Vertex>
where
    Vertex: From<&'a P>,
{
    points.iter().map(Vertex::from).collect()
}

/// The geometry of a shape; an empty shape has none.
pub(crate) fn geometry(shape: &Shape) -> Result<Option<Geometry>, GeometryError> {
    let wkb = match shape {
        Shape::NullShape => return Ok(None),
        Shape::Multipatch(_) => return Err(GeometryError::UnsupportedType { code: 15 }),
        Shape::Point(at) => points(&[at.into()], false),
        Shape::PointM(at) => points(&[at.into()], false),
        Shape::PointZ(at) => points(&[at.into()], false),
        Shape::Multipoint(it) => points(&path(it.points()), true),
        Shape::MultipointM(it) => points(&path(it.points()), true),
        Shape::MultipointZ(it) => points(&path(it.points()), true),
        Shape::Polyline(it) => lines(&it.parts().iter().map(|it| path(it)).collect::<Vec<_>>()),
        Shape::PolylineM(it) => lines(&it.parts().iter().map(|it| path(it)).collect::<Vec<_>>()),
        Shape::PolylineZ(it) => lines(&it.parts().iter().map(|it| path(it)).collect::<Vec<_>>()),
        Shape::Polygon(it) => polygons(it.rings().iter().map(ring).collect()),
        Shape::PolygonM(it) => polygons(it.rings().iter().map(ring).collect()),
        Shape::PolygonZ(it) => polygons(it.rings().iter().map(ring).collect()),
    };
    if wkb.is_empty() { Ok(None) } else { Geometry::from_wkb(wkb).map(Some) }
}

fn ring<'a, P: 'a>(ring: &'a PolygonRing<P>) -> (bool, Vec<Vertex>)
where
    Vertex: From<&'a P>,
{
    (matches!(ring, PolygonRing::Outer(_)), path(ring.points()))
}

fn points(points: &[Vertex], is_multi: bool) -> Vec<u8> {
    let writer = Writer::of(points.iter());
    let mut wkb = vec![];
    if is_multi && !points.is_empty() {
        writer.begin(4, Some(points.len()), &mut wkb);
    }
    for at in points {
        writer.begin(1, None, &mut wkb);
        writer.vertex(*at, &mut wkb);
    }
    wkb
}

fn lines(paths: &[Vec<Vertex>]) -> Vec<u8> {
    let writer = Writer::of(paths.iter().flatten());
    let mut wkb = vec![];
    if paths.len() > 1 {
        writer.begin(5, Some(paths.len()), &mut wkb);
    }
    for path in paths {
        writer.begin(2, None, &mut wkb);
        writer.path(path, &mut wkb);
    }
    wkb
}

fn polygons(rings: Vec<(bool, Vec<Vertex>)>) -> Vec<u8> {
    let writer = Writer::of(rings.iter().flat_map(|(_, ring)| ring));
    let mut polygons: Vec<Vec<Vec<Vertex>>> = vec![];
    let mut holes = vec![];
    for (is_outer, ring) in rings {
        if is_outer {
            polygons.push(vec![ring]);
        } else {
            holes.push(ring);
        }
    }
    for hole in holes {
        let home = polygons.iter().position(|it| {
            // The first corner of a hole may touch its outline; the next ones tell then.
            hole.iter().take(8).filter(|at| holds(&it[0], **at)).count() * 2 > hole.len().min(8)
        });
        match home {
            Some(idx) => polygons[idx].push(hole),
            // A ring that lies in no outline is an outline drawn the wrong way round.
            None => polygons.push(vec![hole]),
        }
    }
    let mut wkb = vec![];
    if polygons.len() > 1 {
        writer.begin(6, Some(polygons.len()), &mut wkb);
    }
    for rings in &polygons {
        writer.begin(3, Some(rings.len()), &mut wkb);
        for ring in rings {
            writer.path(ring, &mut wkb);
        }
    }
    wkb
}

/// Even-odd rule.
fn holds(ring: &[Vertex], p: Vertex) -> bool {
    let mut is_inside = false;
    for pair in ring.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        if (a.y > p.y) != (b.y > p.y) && p.x < (b.x - a.x) * (p.y - a.y) / (b.y - a.y) + a.x {
            is_inside = !is_inside;
        }
    }
    is_inside
}

/// Writes with the ordinates that the whole shape has.
#[derive(Clone, Copy)]
struct Writer {
    has_z: bool,
    has_m: bool,
}

impl Writer {
    fn of<'v>(vertices: impl Iterator<Item = &'v Vertex>) -> Self {
        let mut writer = Self { has_z: false, has_m: false };
        for vertex in vertices {
            writer.has_z |= vertex.z.is_some();
            writer.has_m |= vertex.m.is_some();
        }
        writer
    }

    fn begin(self, base: u32, n: Option<usize>, wkb: &mut Vec<u8>) {
        let family = if self.has_z { 1000 } else { 0 } + if self.has_m { 2000 } else { 0 };
        wkb.push(1);
        wkb.extend_from_slice(&(base + family).to_le_bytes());
        if let Some(n) = n {
            wkb.extend_from_slice(&(n as u32).to_le_bytes());
        }
    }

    fn vertex(self, at: Vertex, wkb: &mut Vec<u8>) {
        wkb.extend_from_slice(&at.x.to_le_bytes());
        wkb.extend_from_slice(&at.y.to_le_bytes());
        if self.has_z {
            wkb.extend_from_slice(&at.z.unwrap_or(f64::NAN).to_le_bytes());
        }
        if self.has_m {
            wkb.extend_from_slice(&at.m.unwrap_or(f64::NAN).to_le_bytes());
        }
    }

    fn path(self, path: &[Vertex], wkb: &mut Vec<u8>) {
        wkb.extend_from_slice(&(path.len() as u32).to_le_bytes());
        for at in path {
            self.vertex(*at, wkb);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo_types::Geometry as Types;

    fn square(at: f64, size: f64, is_outer: bool) -> PolygonRing<Point> {
        let far = at + size;
        let mut ring: Vec<Point> = [(at, at), (at, far), (far, far), (far, at), (at, at)]
            .map(|(x, y)| Point::new(x, y))
            .to_vec();
        if is_outer {
            PolygonRing::Outer(ring)
        } else {
            ring.reverse();
            PolygonRing::Inner(ring)
        }
    }

    #[test]
    fn a_hole_goes_to_the_outline_that_holds_it_whatever_the_order() {
        let shape = shapefile::Polygon::with_rings(vec![
            square(0.0, 10.0, true),
            square(100.0, 10.0, true),
            square(2.0, 2.0, false),
        ]);
        let geometry = geometry(&Shape::Polygon(shape)).unwrap().unwrap();
        let Types::MultiPolygon(polygons) = geometry.to_types() else {
            panic!("not a multipolygon")
        };
        assert_eq!((polygons.0[0].interiors().len(), polygons.0[1].interiors().len()), (1, 0));
    }

    #[test]
    fn heights_are_kept_and_measures_without_a_value_left_out() {
        let at = PointZ::new(1.0, 2.0, 77.5, NO_DATA);
        let wkb = geometry(&Shape::PointZ(at)).unwrap().unwrap().into_wkb();
        assert_eq!(wkb[1..5], 1001u32.to_le_bytes());
        assert_eq!(wkb[21..], 77.5f64.to_le_bytes());
        assert_eq!(geometry(&Shape::NullShape), Ok(None));
    }
}
