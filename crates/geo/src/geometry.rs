use geo_types::{
    Coord, Geometry as Types, GeometryCollection, LineString, MultiLineString, MultiPoint,
    MultiPolygon, Point, Polygon,
};

use crate::bounds::Bounds;
use crate::wkb::{GeometryError, Step, walk};

/// A geometry as well-known binary (ISO), checked once, kept byte for byte.
///
/// Height and measure ordinates stay in the bytes. Units are those of the system that the owner of the value
/// names; inside the core that is metres on the store's [`crate::Grid`], easting before northing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Geometry {
    wkb: Vec<u8>,
}

/// What shape a geometry has, with its multi form folded in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GeometryKind {
    /// Point or multipoint.
    Point,
    /// Line string or multi line string.
    Line,
    /// Polygon or multipolygon.
    Polygon,
    /// A collection of mixed shapes.
    Collection,
}

/// What [`Geometry::visit`] meets, in order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum GeometryPart {
    /// A geometry begins; collections hold others before they end.
    Begin {
        /// Its ISO type without dimension: 1 point, 2 line, 3 polygon, 4–6 their multi forms, 7 collection.
        base: u32,
    },
    /// A line or a ring begins; the first ring of a polygon is its outer one. Points have none.
    Path {
        /// How many vertices follow, the closing one of a ring among them.
        n_vertices: usize,
    },
    /// A vertex.
    Vertex {
        /// First ordinate, the easting in metres.
        e_m: f64,
        /// Second ordinate, the northing in metres.
        n_m: f64,
    },
    /// The geometry that began last ends.
    End,
}

impl Geometry {
    /// Checks bytes and takes them as they are.
    ///
    /// # Errors
    ///
    /// [`GeometryError`] says what is wrong with the structure. Validity in the sense of ISO 19107
    /// (self-intersection and the like) is not asked for here.
    pub fn from_wkb(wkb: Vec<u8>) -> Result<Self, GeometryError> {
        walk(&wkb, &mut |_| {})?;
        Ok(Self { wkb })
    }

    /// A point from two ordinates.
    pub fn point(e_m: f64, n_m: f64) -> Self {
        let mut wkb = vec![1, 1, 0, 0, 0];
        wkb.extend_from_slice(&e_m.to_le_bytes());
        wkb.extend_from_slice(&n_m.to_le_bytes());
        Self { wkb }
    }

    /// A line through places, easting and northing in metres.
    pub fn line_of(path: &[(f64, f64)]) -> Self {
        Self::from_types(&LineString::from(path.to_vec()).into())
    }

    /// A polygon around places, easting and northing in metres; the last is joined to the first.
    pub fn polygon_of(ring: &[(f64, f64)]) -> Self {
        Self::from_types(&Polygon::new(LineString::from(ring.to_vec()), vec![]).into())
    }

    /// The bytes.
    pub fn wkb(&self) -> &[u8] {
        &self.wkb
    }

    /// The bytes, given away.
    pub fn into_wkb(self) -> Vec<u8> {
        self.wkb
    }

    /// The shape.
    pub fn kind(&self) -> GeometryKind {
        let code = match self.wkb.get(..5) {
            Some([1, a, b, c, d]) => u32::from_le_bytes([*a, *b, *c, *d]),
            Some([_, a, b, c, d]) => u32::from_be_bytes([*a, *b, *c, *d]),
            _ => 7,
        };
        match (code & 0x0fff_ffff) % 1000 {
            1 | 4 => GeometryKind::Point,
            2 | 5 => GeometryKind::Line,
            3 | 6 => GeometryKind::Polygon,
            _ => GeometryKind::Collection,
        }
    }

    /// The least rectangle around it; `None` when it is empty.
    pub fn bounds(&self) -> Option<Bounds> {
        let mut bounds: Option<Bounds> = None;
        self.for_each_xy(|x, y| match &mut bounds {
            Some(bounds) => bounds.include(x, y),
            None => bounds = Some(Bounds::at(x, y)),
        });
        bounds
    }

    /// Shows every vertex in order, first ordinate (easting) first.
    pub fn for_each_xy(&self, mut see: impl FnMut(f64, f64)) {
        // The bytes were walked when the value was made, so a second walk cannot fail.
        let _ = walk(&self.wkb, &mut |step| {
            if let Step::Vertex { x, y, .. } = step {
                see(x, y);
            }
        });
    }

    /// Shows the structure in order, without copying: each geometry, its paths, their vertices.
    pub fn visit(&self, mut see: impl FnMut(GeometryPart)) {
        let _ = walk(&self.wkb, &mut |step| {
            see(match step {
                Step::Begin { base } => GeometryPart::Begin { base },
                Step::Path { n_vertices } => GeometryPart::Path { n_vertices },
                Step::Vertex { x, y, .. } => GeometryPart::Vertex { e_m: x, n_m: y },
                Step::End => GeometryPart::End,
            });
        });
    }

    /// Shows each path in order: lines, rings (closed, with whether it is a hole), and each point as a path of one.
    pub fn for_each_path(&self, mut see: impl FnMut(&[(f64, f64)], bool)) {
        let mut path: Vec<(f64, f64)> = Vec::new();
        let mut base = 0;
        let mut n_rings = 0usize;
        let mut flush = |path: &mut Vec<(f64, f64)>, base: u32, n_rings: &mut usize| {
            if !path.is_empty() {
                see(path, base == 3 && *n_rings > 0);
                *n_rings += 1;
                path.clear();
            }
        };
        let _ = walk(&self.wkb, &mut |step| match step {
            Step::Begin { base: begun } => (base, n_rings) = (begun, 0),
            Step::Vertex { x, y, .. } => path.push((x, y)),
            Step::Path { .. } | Step::End => flush(&mut path, base, &mut n_rings),
        });
    }

    /// The same shape with every vertex moved; height and measure ordinates stay as they are.
    #[must_use]
    pub fn map_xy(&self, mut place: impl FnMut(f64, f64) -> (f64, f64)) -> Self {
        let mut wkb = self.wkb.clone();
        let _ = walk(&self.wkb, &mut |step| {
            if let Step::Vertex { x, y, at, little } = step {
                let (x, y) = place(x, y);
                let (x, y) = if little {
                    (x.to_le_bytes(), y.to_le_bytes())
                } else {
                    (x.to_be_bytes(), y.to_be_bytes())
                };
                wkb[at..at + 8].copy_from_slice(&x);
                wkb[at + 8..at + 16].copy_from_slice(&y);
            }
        });
        Self { wkb }
    }

    /// A two-dimensional view for algorithms. The stored bytes stay the truth.
    pub fn to_types(&self) -> Types<f64> {
        let mut builder = Builder::default();
        let _ = walk(&self.wkb, &mut |step| builder.see(step));
        builder.done.pop().unwrap_or(Types::GeometryCollection(GeometryCollection(vec![])))
    }

    /// Encodes a two-dimensional shape, little endian.
    pub fn from_types(shape: &Types<f64>) -> Self {
        let mut wkb = Vec::new();
        write(shape, &mut wkb);
        Self { wkb }
    }
}

#[derive(Default)]
struct Builder {
    // Per open geometry: its type, the paths met so far, and how many finished shapes lay on the stack.
    open: Vec<(u32, Vec<LineString<f64>>, usize)>,
    done: Vec<Types<f64>>,
}

impl Builder {
    fn see(&mut self, step: Step) {
        match step {
            Step::Begin { base } => self.open.push((base, vec![], self.done.len())),
            Step::Path { n_vertices } => {
                if let Some((_, paths, _)) = self.open.last_mut() {
                    paths.push(LineString(Vec::with_capacity(n_vertices)));
                }
            }
            Step::Vertex { x, y, .. } => {
                if let Some((_, paths, _)) = self.open.last_mut() {
                    if paths.is_empty() {
                        paths.push(LineString(vec![]));
                    }
                    if let Some(path) = paths.last_mut() {
                        path.0.push(Coord { x, y });
                    }
                }
            }
            Step::End => self.close(),
        }
    }

    fn close(&mut self) {
        let Some((base, mut paths, from)) = self.open.pop() else { return };
        let parts = self.done.split_off(from);
        let shape = match base {
            1 => match paths.first().and_then(|path| path.0.first()) {
                Some(at) => Types::Point(Point(*at)),
                None => Types::MultiPoint(MultiPoint(vec![])),
            },
            2 => Types::LineString(paths.pop().unwrap_or(LineString(vec![]))),
            3 => {
                let mut rings = paths.into_iter();
                let outer = rings.next().unwrap_or(LineString(vec![]));
                Types::Polygon(Polygon::new(outer, rings.collect()))
            }
            4 => Types::MultiPoint(MultiPoint(
                parts.into_iter().filter_map(|it| Point::try_from(it).ok()).collect(),
            )),
            5 => Types::MultiLineString(MultiLineString(
                parts.into_iter().filter_map(|it| LineString::try_from(it).ok()).collect(),
            )),
            6 => Types::MultiPolygon(MultiPolygon(
                parts.into_iter().filter_map(|it| Polygon::try_from(it).ok()).collect(),
            )),
            _ => Types::GeometryCollection(GeometryCollection(parts)),
        };
        self.done.push(shape);
    }
}

fn begin(base: u32, n: Option<usize>, out: &mut Vec<u8>) {
    out.push(1);
    out.extend_from_slice(&base.to_le_bytes());
    if let Some(n) = n {
        out.extend_from_slice(&(n as u32).to_le_bytes());
    }
}

fn write_coord(at: Coord<f64>, out: &mut Vec<u8>) {
    out.extend_from_slice(&at.x.to_le_bytes());
    out.extend_from_slice(&at.y.to_le_bytes());
}

fn write_path(path: &LineString<f64>, out: &mut Vec<u8>) {
    out.extend_from_slice(&(path.0.len() as u32).to_le_bytes());
    for at in &path.0 {
        write_coord(*at, out);
    }
}

fn write_polygon(polygon: &Polygon<f64>, out: &mut Vec<u8>) {
    let is_empty = polygon.exterior().0.is_empty();
    let n_rings = if is_empty { 0 } else { 1 + polygon.interiors().len() };
    begin(3, Some(n_rings), out);
    if !is_empty {
        write_path(polygon.exterior(), out);
        for hole in polygon.interiors() {
            write_path(hole, out);
        }
    }
}

fn write_line(line: &LineString<f64>, out: &mut Vec<u8>) {
    begin(2, None, out);
    write_path(line, out);
}

fn write(shape: &Types<f64>, out: &mut Vec<u8>) {
    match shape {
        Types::Point(at) => {
            begin(1, None, out);
            write_coord(at.0, out);
        }
        Types::Line(line) => write_line(&LineString(vec![line.start, line.end]), out),
        Types::LineString(line) => write_line(line, out),
        Types::Polygon(polygon) => write_polygon(polygon, out),
        Types::MultiPoint(points) => {
            begin(4, Some(points.0.len()), out);
            for at in &points.0 {
                begin(1, None, out);
                write_coord(at.0, out);
            }
        }
        Types::MultiLineString(lines) => {
            begin(5, Some(lines.0.len()), out);
            for line in &lines.0 {
                write_line(line, out);
            }
        }
        Types::MultiPolygon(polygons) => {
            begin(6, Some(polygons.0.len()), out);
            for polygon in &polygons.0 {
                write_polygon(polygon, out);
            }
        }
        Types::GeometryCollection(parts) => {
            begin(7, Some(parts.0.len()), out);
            for part in &parts.0 {
                write(part, out);
            }
        }
        Types::Rect(rect) => write_polygon(&rect.to_polygon(), out),
        Types::Triangle(triangle) => write_polygon(&triangle.to_polygon(), out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square() -> Types<f64> {
        Types::MultiPolygon(MultiPolygon(vec![Polygon::new(
            LineString::from(vec![(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0), (0.0, 0.0)]),
            vec![LineString::from(vec![(2.0, 2.0), (3.0, 2.0), (3.0, 3.0), (2.0, 2.0)])],
        )]))
    }

    #[test]
    fn written_and_read_again_is_the_same_shape() {
        let shape = Types::GeometryCollection(GeometryCollection(vec![
            square(),
            Types::Point(Point::new(1.0, 2.0)),
            Types::LineString(LineString::from(vec![(0.0, 0.0), (1.0, 1.0)])),
        ]));
        let geometry = Geometry::from_types(&shape);
        assert_eq!(geometry.to_types(), shape);
        assert_eq!(Geometry::from_wkb(geometry.wkb().to_vec()), Ok(geometry));
    }

    #[test]
    fn a_polygon_of_places_is_closed_and_a_line_is_not() {
        let path = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)];
        let count = |geometry: Geometry| {
            let mut n = 0;
            geometry.for_each_xy(|_, _| n += 1);
            n
        };
        assert_eq!((count(Geometry::polygon_of(&path)), count(Geometry::line_of(&path))), (4, 3));
    }

    #[test]
    fn height_survives_a_move_in_the_plane() {
        let mut wkb = vec![1];
        wkb.extend_from_slice(&1001u32.to_le_bytes());
        for ordinate in [1.0f64, 2.0, 77.5] {
            wkb.extend_from_slice(&ordinate.to_le_bytes());
        }
        let moved = Geometry::from_wkb(wkb).unwrap().map_xy(|x, y| (x + 1.0, y + 1.0));
        assert_eq!(moved.bounds(), Some(Bounds::at(2.0, 3.0)));
        assert_eq!(moved.wkb()[21..], 77.5f64.to_le_bytes());
    }

    #[test]
    fn the_second_ring_of_a_polygon_is_shown_as_a_hole() {
        let mut seen = vec![];
        Geometry::from_types(&square())
            .for_each_path(|path, is_hole| seen.push((path.len(), is_hole)));
        assert_eq!(seen, [(5, false), (4, true)]);
    }

    #[test]
    fn bytes_cut_anywhere_are_refused() {
        let whole = Geometry::from_types(&square()).into_wkb();
        for n in 0..whole.len() {
            assert_eq!(
                Geometry::from_wkb(whole[..n].to_vec()),
                Err(GeometryError::Truncated),
                "{n}"
            );
        }
    }

    #[test]
    fn a_curve_and_a_count_that_lies_are_refused() {
        assert_eq!(
            Geometry::from_wkb(vec![1, 8, 0, 0, 0, 0, 0, 0, 0]),
            Err(GeometryError::UnsupportedType { code: 8 })
        );
        assert_eq!(
            Geometry::from_wkb(vec![1, 2, 0, 0, 0, 255, 255, 255, 255]),
            Err(GeometryError::Truncated)
        );
    }
}
