//! A walker over well-known binary: one pass that checks the structure and shows every vertex.

/// Why bytes are not a geometry that the product keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GeometryError {
    /// The bytes end in the middle of a value.
    #[error("geometry is cut off")]
    Truncated,
    /// Bytes are left after the last value.
    #[error("geometry has {extra} bytes too many")]
    Trailing {
        /// How many.
        extra: usize,
    },
    /// The type is none of point, line, polygon and their collections; curves are among these.
    #[error("geometry type {code} is not supported")]
    UnsupportedType {
        /// The ISO type code.
        code: u32,
    },
    /// Collections are nested deeper than [`MAX_DEPTH`].
    #[error("geometry is nested too deep")]
    TooDeep,
    /// More vertices than [`MAX_VERTICES`].
    #[error("geometry has too many vertices")]
    TooLarge,
    /// An ordinate is not a finite number.
    #[error("geometry has an ordinate that is not a number")]
    NotFinite,
    /// A curve without the points that define it. Only readers of deliveries meet curves.
    #[error("geometry has an arc that is not given by three points")]
    BadCurve,
}

/// The deepest nesting of collections that is read.
pub(crate) const MAX_DEPTH: u8 = 8;
/// The most vertices that one geometry may have.
pub(crate) const MAX_VERTICES: usize = 10_000_000;

/// What the walker meets, in order.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    /// A geometry begins: its type without dimension (1 point … 7 collection).
    Begin { base: u32 },
    /// A ring or a line begins, with so many vertices.
    Path { n_vertices: usize },
    /// A vertex, and where its first ordinate lies in the bytes.
    Vertex { x: f64, y: f64, at: usize, little: bool },
    /// A geometry ends.
    End,
}

/// Walks the bytes, telling each step. Empty points (NaN, NaN) have no vertex.
pub(crate) fn walk(bytes: &[u8], see: &mut impl FnMut(Step)) -> Result<(), GeometryError> {
    let mut reader = Reader { bytes, at: 0, n_vertices: 0 };
    reader.geometry(0, see)?;
    let extra = bytes.len() - reader.at;
    if extra == 0 { Ok(()) } else { Err(GeometryError::Trailing { extra }) }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    n_vertices: usize,
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

    fn geometry(&mut self, depth: u8, see: &mut impl FnMut(Step)) -> Result<(), GeometryError> {
        if depth > MAX_DEPTH {
            return Err(GeometryError::TooDeep);
        }
        let [order] = self.take::<1>()?;
        let little = order == 1;
        let code = self.u32(little)?;
        let (base, dimension) = split_type(code)?;
        match base {
            1 => {
                see(Step::Begin { base });
                self.vertex(little, dimension, true, see)?;
            }
            2 => {
                let n = self.count(little, 8 * dimension)?;
                see(Step::Begin { base });
                self.path(n, little, dimension, see)?;
            }
            3 => {
                let n_rings = self.count(little, 4)?;
                see(Step::Begin { base });
                for _ in 0..n_rings {
                    let n = self.count(little, 8 * dimension)?;
                    self.path(n, little, dimension, see)?;
                }
            }
            _ => {
                let n = self.count(little, 5)?;
                see(Step::Begin { base });
                for _ in 0..n {
                    self.geometry(depth + 1, see)?;
                }
            }
        }
        see(Step::End);
        Ok(())
    }

    fn path(
        &mut self,
        n: usize,
        little: bool,
        dimension: usize,
        see: &mut impl FnMut(Step),
    ) -> Result<(), GeometryError> {
        see(Step::Path { n_vertices: n });
        for _ in 0..n {
            self.vertex(little, dimension, false, see)?;
        }
        Ok(())
    }

    fn vertex(
        &mut self,
        little: bool,
        dimension: usize,
        may_be_empty: bool,
        see: &mut impl FnMut(Step),
    ) -> Result<(), GeometryError> {
        self.n_vertices += 1;
        if self.n_vertices > MAX_VERTICES {
            return Err(GeometryError::TooLarge);
        }
        let at = self.at;
        let (x, y) = (self.f64(little)?, self.f64(little)?);
        for _ in 2..dimension {
            self.f64(little)?;
        }
        if x.is_finite() && y.is_finite() {
            see(Step::Vertex { x, y, at, little });
            Ok(())
        } else if may_be_empty && x.is_nan() && y.is_nan() {
            Ok(())
        } else {
            Err(GeometryError::NotFinite)
        }
    }
}

/// Base type and number of ordinates, from an ISO code (1001 = point Z) or an EWKB one (`0x8000_0001`).
fn split_type(code: u32) -> Result<(u32, usize), GeometryError> {
    let ewkb_z = code & 0x8000_0000 != 0;
    let ewkb_m = code & 0x4000_0000 != 0;
    let iso = code & 0x0fff_ffff;
    let (base, family) = (iso % 1000, iso / 1000);
    let dimension = match family {
        0 => 2 + usize::from(ewkb_z) + usize::from(ewkb_m),
        1 | 2 => 3,
        3 => 4,
        _ => return Err(GeometryError::UnsupportedType { code }),
    };
    if code & 0x2000_0000 != 0 || !(1..=7).contains(&base) {
        return Err(GeometryError::UnsupportedType { code });
    }
    Ok((base, dimension))
}
