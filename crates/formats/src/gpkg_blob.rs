//! The geometry blob of a GeoPackage: a header, then well-known binary. OGC 12-128, clause 2.1.3.

use faltkarta_geo::{Bounds, Geometry, GeometryError};

use crate::curves::Linearise;
use crate::shape::geometry_of_wkb;

/// Takes the well-known binary out of a blob, curves as lines; the flag says whether there were any. An empty
/// geometry is none.
pub(crate) fn read_blob(
    blob: &[u8],
    linearise: Linearise,
) -> Result<Option<(Geometry, bool)>, GeometryError> {
    let [b'G', b'P', _version, flags, ..] = blob else { return Err(GeometryError::Truncated) };
    let is_extended = flags & 0b10_0000 != 0;
    if is_extended {
        return Err(GeometryError::UnsupportedType { code: 0 });
    }
    let is_empty = flags & 0b1_0000 != 0;
    if is_empty {
        return Ok(None);
    }
    let n_ordinates = match (flags >> 1) & 0b111 {
        0 => 0,
        1 => 4,
        2 | 3 => 6,
        4 => 8,
        _ => return Err(GeometryError::Truncated),
    };
    let wkb = blob.get(8 + 8 * n_ordinates..).ok_or(GeometryError::Truncated)?;
    geometry_of_wkb(wkb, linearise).map(Some)
}

/// Makes a blob: no envelope for a point (its bounds are its ordinates), one in the plane for all else.
pub(crate) fn write_blob(geometry: &Geometry, bounds: Option<Bounds>, srs_id: i32) -> Vec<u8> {
    let wkb = geometry.wkb();
    let is_point = bounds.is_some_and(|it| it.min_e_m == it.max_e_m && it.min_n_m == it.max_n_m);
    let mut blob = Vec::with_capacity(40 + wkb.len());
    let flags = match (bounds, is_point) {
        (None, _) => 0b1_0001,
        (Some(_), true) => 0b0001,
        (Some(_), false) => 0b0011,
    };
    blob.extend_from_slice(&[b'G', b'P', 0, flags]);
    blob.extend_from_slice(&srs_id.to_le_bytes());
    if let (Some(bounds), false) = (bounds, is_point) {
        for ordinate in [bounds.min_e_m, bounds.max_e_m, bounds.min_n_m, bounds.max_n_m] {
            blob.extend_from_slice(&ordinate.to_le_bytes());
        }
    }
    blob.extend_from_slice(wkb);
    blob
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(blob: &[u8]) -> Result<Option<Geometry>, GeometryError> {
        let read = read_blob(blob, Linearise::default())?;
        Ok(read.map(|(geometry, is_curved)| {
            assert!(!is_curved);
            geometry
        }))
    }

    #[test]
    fn every_kind_of_envelope_is_stepped_over() {
        let point = Geometry::point(1.0, 2.0);
        for (code, n_bytes) in [(0u8, 0), (1, 32), (2, 48), (3, 48), (4, 64)] {
            let mut blob = vec![b'G', b'P', 0, code << 1 | 1, 0, 0, 0, 0];
            blob.extend(std::iter::repeat_n(0, n_bytes));
            blob.extend_from_slice(point.wkb());
            assert_eq!(read(&blob), Ok(Some(point.clone())), "{code}");
        }
        assert!(read(&[b'G', b'P', 0, 5 << 1, 0, 0, 0, 0]).is_err());
        assert!(read(b"PG").is_err());
    }

    #[test]
    fn a_blob_is_read_back_as_written_and_an_empty_one_is_none() {
        let point = Geometry::point(1.0, 2.0);
        assert_eq!(read(&write_blob(&point, point.bounds(), 3009)), Ok(Some(point.clone())));
        assert_eq!(read(&write_blob(&point, None, 3009)), Ok(None));
    }
}
