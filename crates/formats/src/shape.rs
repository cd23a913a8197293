//! Geometry as a tree of vertices, for what needs every ordinate: curves, and formats that are not well-known binary.

use faltkarta_geo::{Geometry, GeometryError};

use crate::curves::Linearise;

/// A vertex; `z` and `m` count only where the [`Shape`] has them, and are NaN where this vertex has none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Vertex {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) z: f64,
    pub(crate) m: f64,
}

impl Vertex {
    pub(crate) fn plane(x: f64, y: f64) -> Self {
        Self { x, y, z: f64::NAN, m: f64::NAN }
    }

    pub(crate) fn is_at(self, other: Self) -> bool {
        self.x == other.x && self.y == other.y
    }
}

/// A geometry with the ordinates that all its vertices have.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shape {
    pub(crate) has_z: bool,
    pub(crate) has_m: bool,
    pub(crate) form: Form,
}

/// The types of well-known binary, curves among them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Form {
    /// `None` is the empty point.
    Point(Option<Vertex>),
    Line(Vec<Vertex>),
    Polygon(Vec<Vec<Vertex>>),
    /// 4 multipoint, 5 multi line, 6 multipolygon, 7 collection, 11 multicurve, 12 multisurface.
    Many(u32, Vec<Form>),
    /// Arcs through three points each; the last of one is the first of the next.
    Circular(Vec<Vertex>),
    /// Lines and arcs end to end.
    Compound(Vec<Form>),
    /// Rings of lines, arcs or both.
    CurvePolygon(Vec<Form>),
}

/// The deepest nesting that is read; the same as in `geo`.
pub(crate) const MAX_DEPTH: u8 = 8;

/// Checks well-known binary and takes it as it is; curves are drawn as lines. The flag says whether that was done.
pub(crate) fn geometry_of_wkb(
    wkb: &[u8],
    linearise: Linearise,
) -> Result<(Geometry, bool), GeometryError> {
    match Geometry::from_wkb(wkb.to_vec()) {
        Ok(geometry) => Ok((geometry, false)),
        Err(GeometryError::UnsupportedType { code }) if is_curve(code) => {
            Shape::parse(wkb)?.into_geometry(linearise)
        }
        Err(error) => Err(error),
    }
}

fn is_curve(code: u32) -> bool {
    matches!((code & 0x0fff_ffff) % 1000, 8..=12)
}

impl Shape {
    /// Reads ISO and extended well-known binary, curves included.
    pub(crate) fn parse(wkb: &[u8]) -> Result<Self, GeometryError> {
        let mut reader = Reader { bytes: wkb, at: 0, dims: None };
        let form = reader.form(0)?;
        let extra = wkb.len() - reader.at;
        if extra > 0 {
            return Err(GeometryError::Trailing { extra });
        }
        let (has_z, has_m) = reader.dims.unwrap_or_default();
        Ok(Self { has_z, has_m, form })
    }

    /// As a checked geometry without curves, and whether there were any.
    pub(crate) fn into_geometry(
        self,
        linearise: Linearise,
    ) -> Result<(Geometry, bool), GeometryError> {
        let is_curved = self.form.is_curved();
        let form = if is_curved { linearise.form(self.form)? } else { self.form };
        let mut wkb = vec![];
        let writer = Writer { has_z: self.has_z, has_m: self.has_m };
        writer.form(&form, &mut wkb);
        Geometry::from_wkb(wkb).map(|it| (it, is_curved))
    }
}

impl Form {
    fn is_curved(&self) -> bool {
        match self {
            Self::Point(_) | Self::Line(_) | Self::Polygon(_) => false,
            Self::Many(base, parts) => *base > 7 || parts.iter().any(Self::is_curved),
            Self::Circular(_) | Self::Compound(_) | Self::CurvePolygon(_) => true,
        }
    }

    /// Its ISO type without dimension.
    pub(crate) fn base(&self) -> u32 {
        match self {
            Self::Point(_) => 1,
            Self::Line(_) => 2,
            Self::Polygon(_) => 3,
            Self::Many(base, _) => *base,
            Self::Circular(_) => 8,
            Self::Compound(_) => 9,
            Self::CurvePolygon(_) => 10,
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    // Of the outermost geometry: parts with fewer ordinates are filled up, further ones are left out.
    dims: Option<(bool, bool)>,
}

impl Reader<'_> {
    fn take<const L: usize>(&mut self) -> Result<[u8; L], GeometryError> {
        let slice = self.bytes.get(self.at..self.at + L).ok_or(GeometryError::Truncated)?;
        self.at += L;
        let mut array = [0; L];
        array.copy_from_slice(slice);
        Ok(array)
    }

    fn u32(&mut self, little: bool) -> Result<u32, GeometryError> {
        let raw = self.take::<4>()?;
        Ok(if little { u32::from_le_bytes(raw) } else { u32::from_be_bytes(raw) })
    }

    fn f64(&mut self, little: bool) -> Result<f64, GeometryError> {
        let raw = self.take::<8>()?;
        Ok(if little { f64::from_le_bytes(raw) } else { f64::from_be_bytes(raw) })
    }

    /// A count that cannot be larger than the bytes that are left allow.
    fn count(&mut self, little: bool, least_bytes_each: usize) -> Result<usize, GeometryError> {
        let n = self.u32(little)? as usize;
        if n.saturating_mul(least_bytes_each) > self.bytes.len() - self.at {
            return Err(GeometryError::Truncated);
        }
        Ok(n)
    }

    fn form(&mut self, depth: u8) -> Result<Form, GeometryError> {
        if depth > MAX_DEPTH {
            return Err(GeometryError::TooDeep);
        }
        let little = self.take::<1>()? == [1];
        let code = self.u32(little)?;
        let iso = code & 0x0fff_ffff;
        let (base, family) = (iso % 1000, iso / 1000);
        if code & 0x2000_0000 != 0 || family > 3 {
            return Err(GeometryError::UnsupportedType { code });
        }
        let has_z = matches!(family, 1 | 3) || code & 0x8000_0000 != 0;
        let has_m = matches!(family, 2 | 3) || code & 0x4000_0000 != 0;
        self.dims.get_or_insert((has_z, has_m));
        let own = Own { little, has_z, has_m };
        Ok(match base {
            1 => {
                let at = self.vertex(own)?;
                Form::Point((!(at.x.is_nan() && at.y.is_nan())).then_some(at))
            }
            2 => Form::Line(self.path(own)?),
            3 => {
                let n = self.count(little, 4)?;
                Form::Polygon((0..n).map(|_| self.path(own)).collect::<Result<_, _>>()?)
            }
            8 => Form::Circular(self.path(own)?),
            4..=7 | 9..=12 => {
                let n = self.count(little, 5)?;
                let parts = (0..n).map(|_| self.form(depth + 1)).collect::<Result<Vec<_>, _>>()?;
                match base {
                    9 => Form::Compound(parts),
                    10 => Form::CurvePolygon(parts),
                    _ => Form::Many(base, parts),
                }
            }
            _ => return Err(GeometryError::UnsupportedType { code }),
        })
    }

    fn path(&mut self, own: Own) -> Result<Vec<Vertex>, GeometryError> {
        let n_bytes = 16 + 8 * (usize::from(own.has_z) + usize::from(own.has_m));
        let n = self.count(own.little, n_bytes)?;
        (0..n).map(|_| self.vertex(own)).collect()
    }

    fn vertex(&mut self, own: Own) -> Result<Vertex, GeometryError> {
        let (x, y) = (self.f64(own.little)?, self.f64(own.little)?);
        let z = if own.has_z { self.f64(own.little)? } else { f64::NAN };
        let m = if own.has_m { self.f64(own.little)? } else { f64::NAN };
        Ok(Vertex { x, y, z, m })
    }
}

/// How one part of the bytes is written.
#[derive(Clone, Copy)]
struct Own {
    little: bool,
    has_z: bool,
    has_m: bool,
}

/// Writes ISO well-known binary.
#[derive(Clone, Copy)]
struct Writer {
    has_z: bool,
    has_m: bool,
}

impl Writer {
    fn form(self, form: &Form, wkb: &mut Vec<u8>) {
        let family = if self.has_z { 1000 } else { 0 } + if self.has_m { 2000 } else { 0 };
        wkb.push(1);
        wkb.extend_from_slice(&(form.base() + family).to_le_bytes());
        match form {
            Form::Point(at) => {
                self.vertex(at.unwrap_or(Vertex::plane(f64::NAN, f64::NAN)), wkb);
            }
            Form::Line(path) | Form::Circular(path) => self.path(path, wkb),
            Form::Polygon(rings) => {
                count(rings.len(), wkb);
                for ring in rings {
                    self.path(ring, wkb);
                }
            }
            Form::Many(_, parts) | Form::Compound(parts) | Form::CurvePolygon(parts) => {
                count(parts.len(), wkb);
                for part in parts {
                    self.form(part, wkb);
                }
            }
        }
    }

    fn path(self, path: &[Vertex], wkb: &mut Vec<u8>) {
        count(path.len(), wkb);
        for at in path {
            self.vertex(*at, wkb);
        }
    }

    fn vertex(self, at: Vertex, wkb: &mut Vec<u8>) {
        wkb.extend_from_slice(&at.x.to_le_bytes());
        wkb.extend_from_slice(&at.y.to_le_bytes());
        if self.has_z {
            wkb.extend_from_slice(&at.z.to_le_bytes());
        }
        if self.has_m {
            wkb.extend_from_slice(&at.m.to_le_bytes());
        }
    }
}

fn count(n: usize, wkb: &mut Vec<u8>) {
    wkb.extend_from_slice(&(n as u32).to_le_bytes());
}
