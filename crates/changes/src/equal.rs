use faltkarta_geo::Geometry;
use faltkarta_model::Value;

/// Whether two values are the same for a merge.
///
/// Whole and decimal numbers are equal when they name the same number, because JSON written elsewhere may drop a
/// trailing `.0`. Geometries are equal when their canonical bytes are, see [`canonical_wkb`].
pub fn is_same_value(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Int(int), Value::Real(real)) | (Value::Real(real), Value::Int(int)) => {
            *int as f64 == *real
        }
        (Value::Geometry(a), Value::Geometry(b)) => a == b || canonical_wkb(a) == canonical_wkb(b),
        _ => a == b,
    }
}

/// The one encoding of a shape: ISO type codes, little endian, no negative zero, empty points with one kind of NaN.
///
/// The same shape written big endian or as EWKB (PostGIS) has other bytes but the same canonical ones. Vertices are
/// never rounded or turned around.
pub fn canonical_wkb(geometry: &Geometry) -> Vec<u8> {
    let bytes = geometry.wkb();
    let mut out = Vec::with_capacity(bytes.len());
    let mut reader = Reader { bytes, at: 0 };
    match reader.geometry(&mut out) {
        Some(()) => out,
        // A geometry was walked when it was made, so this is never reached; its own bytes are an honest answer.
        None => bytes.to_vec(),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take<const L: usize>(&mut self) -> Option<[u8; L]> {
        let slice = self.bytes.get(self.at..self.at + L)?;
        self.at += L;
        slice.try_into().ok()
    }

    fn u32(&mut self, little: bool) -> Option<u32> {
        let raw = self.take::<4>()?;
        Some(if little { u32::from_le_bytes(raw) } else { u32::from_be_bytes(raw) })
    }

    fn count(&mut self, little: bool, out: &mut Vec<u8>) -> Option<u32> {
        let n = self.u32(little)?;
        out.extend_from_slice(&n.to_le_bytes());
        Some(n)
    }

    fn geometry(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let [order] = self.take::<1>()?;
        let little = order == 1;
        let code = self.u32(little)?;
        let iso = code & 0x0fff_ffff;
        let (base, family) = (iso % 1000, iso / 1000);
        let has_z = code & 0x8000_0000 != 0 || family == 1 || family == 3;
        let has_m = code & 0x4000_0000 != 0 || family >= 2;
        let n_ordinates = 2 + usize::from(has_z) + usize::from(has_m);
        let canonical = base + 1000 * u32::from(has_z) + 2000 * u32::from(has_m);
        out.push(1);
        out.extend_from_slice(&canonical.to_le_bytes());
        match base {
            1 => self.ordinates(n_ordinates, little, out)?,
            2 => self.path(n_ordinates, little, out)?,
            3 => {
                for _ in 0..self.count(little, out)? {
                    self.path(n_ordinates, little, out)?;
                }
            }
            _ => {
                for _ in 0..self.count(little, out)? {
                    self.geometry(out)?;
                }
            }
        }
        Some(())
    }

    fn path(&mut self, n_ordinates: usize, little: bool, out: &mut Vec<u8>) -> Option<()> {
        for _ in 0..self.count(little, out)? {
            self.ordinates(n_ordinates, little, out)?;
        }
        Some(())
    }

    fn ordinates(&mut self, n: usize, little: bool, out: &mut Vec<u8>) -> Option<()> {
        for _ in 0..n {
            let raw = self.take::<8>()?;
            let value = if little { f64::from_le_bytes(raw) } else { f64::from_be_bytes(raw) };
            // Adding positive zero turns -0.0 into 0.0 and leaves every other number as it is.
            let value = if value.is_nan() { f64::NAN } else { value + 0.0 };
            out.extend_from_slice(&value.to_le_bytes());
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn big_endian_point(x: f64, y: f64) -> Geometry {
        let mut wkb = vec![0, 0, 0, 0, 1];
        wkb.extend_from_slice(&x.to_be_bytes());
        wkb.extend_from_slice(&y.to_be_bytes());
        Geometry::from_wkb(wkb).unwrap()
    }

    #[test]
    fn byte_order_does_not_make_a_shape_another_one() {
        let little = Value::Geometry(Geometry::point(1.5, 0.0));
        assert!(is_same_value(&little, &Value::Geometry(big_endian_point(1.5, -0.0))));
        assert!(!is_same_value(&little, &Value::Geometry(big_endian_point(1.5, 0.001))));
    }

    #[test]
    fn ewkb_and_iso_codes_of_one_height_point_are_the_same() {
        let point = |code: u32| {
            let mut wkb = vec![1];
            wkb.extend_from_slice(&code.to_le_bytes());
            for ordinate in [1.0f64, 2.0, 3.0] {
                wkb.extend_from_slice(&ordinate.to_le_bytes());
            }
            Geometry::from_wkb(wkb).unwrap()
        };
        assert_eq!(canonical_wkb(&point(0x8000_0001)), canonical_wkb(&point(1001)));
        assert_ne!(canonical_wkb(&point(1001)), canonical_wkb(&point(2001)));
    }

    #[test]
    fn canonical_bytes_of_every_shape_are_a_geometry_again() {
        let shape = geo_shape();
        assert_eq!(canonical_wkb(&shape), shape.wkb());
    }

    fn geo_shape() -> Geometry {
        // A collection of a polygon with two rings and a line, all little endian ISO.
        let mut wkb = vec![1, 7, 0, 0, 0, 2, 0, 0, 0, 1, 3, 0, 0, 0, 2, 0, 0, 0];
        for _ in 0..2 {
            wkb.extend_from_slice(&4u32.to_le_bytes());
            for ordinate in [0.0f64, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0] {
                wkb.extend_from_slice(&ordinate.to_le_bytes());
            }
        }
        wkb.extend_from_slice(&[1, 2, 0, 0, 0, 2, 0, 0, 0]);
        for ordinate in [0.0f64, 0.0, 1.0, 0.0] {
            wkb.extend_from_slice(&ordinate.to_le_bytes());
        }
        Geometry::from_wkb(wkb).unwrap()
    }

    #[test]
    fn five_and_five_point_zero_are_the_same_number() {
        assert!(is_same_value(&Value::Int(5), &Value::Real(5.0)));
        assert!(!is_same_value(&Value::Int(5), &Value::Text("5".into())));
    }
}
