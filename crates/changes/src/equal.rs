use faltkarta_geo::Geometry;
use faltkarta_model::{FieldId, Value};

use crate::schema::MergeSchema;

/// Whether two values are the same, whatever the dataset.
///
/// Whole and decimal numbers are equal when they name the same number, because JSON written elsewhere may drop a
/// trailing `.0`. Geometries are equal when their canonical bytes are, see [`canonical_wkb`].
pub fn is_same_value(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Int(int), Value::Real(real)) | (Value::Real(real), Value::Int(int)) => {
            // Compared as wide whole numbers: past 2^53 a decimal number names many whole ones.
            real.fract() == 0.0 && *real as i128 == i128::from(*int)
        }
        (Value::Geometry(a), Value::Geometry(b)) => a == b || canonical_wkb(a) == canonical_wkb(b),
        _ => a == b,
    }
}

/// Whether two values of a field are the same in the eyes of its dataset: like [`is_same_value`], and besides lists
/// that are merged as sets in any order, and shapes within the dataset's tolerance.
pub fn is_same_in(schema: &impl MergeSchema, field: &FieldId, a: &Value, b: &Value) -> bool {
    if is_same_value(a, b) {
        return true;
    }
    match (a, b) {
        (Value::Geometry(a), Value::Geometry(b)) => is_within(a, b, schema.tolerance_m()),
        _ if schema.is_set(field) => match (as_codes(a), as_codes(b)) {
            (Some(a), Some(b)) => {
                a.iter().all(|it| b.contains(it)) && b.iter().all(|it| a.contains(it))
            }
            _ => false,
        },
        _ => false,
    }
}

/// The codes of a list; no value is a list of none.
pub(crate) fn as_codes(value: &Value) -> Option<&[String]> {
    match value {
        Value::Null => Some(&[]),
        Value::List(codes) => Some(codes),
        _ => None,
    }
}

/// Whether two shapes have the same structure, and positions and heights that lie no further apart, ordinate by
/// ordinate, than a tolerance in metres. Measures are not lengths and must be equal.
fn is_within(a: &Geometry, b: &Geometry, tolerance_m: f64) -> bool {
    let (a, b) = (tokens(a), tokens(b));
    a.len() == b.len()
        && a.iter().zip(&b).all(|pair| match pair {
            (Token::Metres(a), Token::Metres(b)) => {
                // An empty point has ordinates that are no numbers, and a height may be infinite.
                (a - b).abs() <= tolerance_m || a == b || a.is_nan() && b.is_nan()
            }
            (a, b) => a == b,
        })
}

/// The one encoding of a shape: ISO type codes, little endian, no negative zero, empty points with one kind of NaN.
///
/// The same shape written big endian or as EWKB (PostGIS) has other bytes but the same canonical ones. Vertices are
/// never rounded or turned around.
pub fn canonical_wkb(geometry: &Geometry) -> Vec<u8> {
    let mut out = Vec::with_capacity(geometry.wkb().len());
    read(geometry, |token| match token {
        Token::Begin(code) => {
            out.push(1);
            out.extend_from_slice(&code.to_le_bytes());
        }
        Token::Count(n) => out.extend_from_slice(&n.to_le_bytes()),
        Token::Metres(ordinate) => out.extend_from_slice(&ordinate.to_le_bytes()),
        Token::Measure(bits) => out.extend_from_slice(&bits.to_le_bytes()),
    });
    out
}

/// What the encoding of a shape says, in order.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Token {
    /// A geometry begins: its ISO type code.
    Begin(u32),
    /// How many parts, rings or vertices follow.
    Count(u32),
    /// Easting, northing or height.
    Metres(f64),
    /// The bits of a measure, so that one that is no number equals itself.
    Measure(u64),
}

fn tokens(geometry: &Geometry) -> Vec<Token> {
    let mut tokens = vec![];
    read(geometry, |it| tokens.push(it));
    tokens
}

/// Tells what the bytes say. They were walked when the geometry was made, so the end is never met too early.
fn read(geometry: &Geometry, see: impl FnMut(Token)) {
    let _ = Reader { bytes: geometry.wkb(), at: 0, see }.geometry();
}

struct Reader<'a, F> {
    bytes: &'a [u8],
    at: usize,
    see: F,
}

/// Which ordinates a vertex has behind easting and northing.
#[derive(Clone, Copy)]
struct Extra {
    has_z: bool,
    has_m: bool,
}

impl<F: FnMut(Token)> Reader<'_, F> {
    fn take<const L: usize>(&mut self) -> Option<[u8; L]> {
        let slice = self.bytes.get(self.at..self.at + L)?;
        self.at += L;
        slice.try_into().ok()
    }

    fn u32(&mut self, little: bool) -> Option<u32> {
        let raw = self.take::<4>()?;
        Some(if little { u32::from_le_bytes(raw) } else { u32::from_be_bytes(raw) })
    }

    fn count(&mut self, little: bool) -> Option<u32> {
        let n = self.u32(little)?;
        (self.see)(Token::Count(n));
        Some(n)
    }

    fn geometry(&mut self) -> Option<()> {
        let [order] = self.take::<1>()?;
        let little = order == 1;
        let code = self.u32(little)?;
        let iso = code & 0x0fff_ffff;
        let (base, family) = (iso % 1000, iso / 1000);
        // The marks of EWKB count only where the ISO code says nothing; a geometry is checked by the same rule.
        let extra = match family {
            0 => Extra { has_z: code & 0x8000_0000 != 0, has_m: code & 0x4000_0000 != 0 },
            _ => Extra { has_z: family != 2, has_m: family >= 2 },
        };
        let dimension = 1000 * u32::from(extra.has_z) + 2000 * u32::from(extra.has_m);
        (self.see)(Token::Begin(base + dimension));
        match base {
            1 => self.vertex(extra, little)?,
            2 => self.path(extra, little)?,
            3 => {
                for _ in 0..self.count(little)? {
                    self.path(extra, little)?;
                }
            }
            _ => {
                for _ in 0..self.count(little)? {
                    self.geometry()?;
                }
            }
        }
        Some(())
    }

    fn path(&mut self, extra: Extra, little: bool) -> Option<()> {
        for _ in 0..self.count(little)? {
            self.vertex(extra, little)?;
        }
        Some(())
    }

    fn vertex(&mut self, extra: Extra, little: bool) -> Option<()> {
        for _ in 0..2 + usize::from(extra.has_z) {
            let ordinate = self.ordinate(little)?;
            (self.see)(Token::Metres(ordinate));
        }
        if extra.has_m {
            let measure = self.ordinate(little)?;
            (self.see)(Token::Measure(measure.to_bits()));
        }
        Some(())
    }

    fn ordinate(&mut self, little: bool) -> Option<f64> {
        let raw = self.take::<8>()?;
        let value = if little { f64::from_le_bytes(raw) } else { f64::from_be_bytes(raw) };
        // Adding positive zero turns -0.0 into 0.0 and leaves every other number as it is.
        Some(if value.is_nan() { f64::NAN } else { value + 0.0 })
    }
}
