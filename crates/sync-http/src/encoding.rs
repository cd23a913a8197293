use std::io::{Read as _, Write as _};

use faltkarta_app::LinkError;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

/// A request that is shorter goes as it is: there is nothing to win.
const WORTH_BYTES: usize = 1_000;

/// The bytes in gzip, when that is worth it.
pub(crate) fn pack(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.len() < WORTH_BYTES {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok().filter(|it| it.len() < bytes.len())
}

/// The bytes that a body of an encoding stands for, at most `n_bytes_max`.
pub(crate) fn unpack(
    body: Vec<u8>,
    encoding: Option<&str>,
    n_bytes_max: u64,
) -> Result<Vec<u8>, LinkError> {
    let damaged = |text: &str| LinkError::Damaged { text: text.to_owned() };
    match encoding.map(str::to_ascii_lowercase).as_deref() {
        None | Some("identity") => Ok(body),
        Some("gzip" | "x-gzip") => {
            let mut whole = vec![];
            MultiGzDecoder::new(&body[..])
                .take(n_bytes_max + 1)
                .read_to_end(&mut whole)
                .map_err(|error| damaged(&format!("gzip: {error}")))?;
            // A few kilobytes can be made to unfold without end.
            if whole.len() as u64 > n_bytes_max {
                return Err(damaged("too long an answer"));
            }
            Ok(whole)
        }
        Some(_) => Err(damaged("an answer in an unknown encoding")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> Vec<u8> {
        b"{\"nummer\":\"AV-118\"}".repeat(1_000)
    }

    #[test]
    fn what_is_packed_is_unpacked_again() {
        let packed = pack(&text()).unwrap();
        assert!(packed.len() * 10 < text().len());
        assert_eq!(unpack(packed, Some("gzip"), 1 << 20).unwrap(), text());
        assert_eq!(pack(b"short"), None);
        assert_eq!(unpack(b"{}".to_vec(), None, 10).unwrap(), b"{}");
    }

    #[test]
    fn a_cut_torn_or_endless_body_is_damaged() {
        let packed = pack(&text()).unwrap();
        for n in 0..packed.len() {
            assert!(unpack(packed[..n].to_vec(), Some("gzip"), 1 << 20).is_err(), "{n}");
        }
        let mut torn = packed.clone();
        let at = torn.len() - 6;
        torn[at] ^= 1;
        assert!(unpack(torn, Some("gzip"), 1 << 20).is_err());
        assert!(unpack(packed, Some("gzip"), 5_000).is_err());
        let bomb = pack(&vec![0; 8 << 20]).unwrap();
        assert!(bomb.len() < 50_000 && unpack(bomb, Some("gzip"), 1 << 20).is_err());
        assert!(unpack(text(), Some("gzip"), 1 << 20).is_err());
        assert!(unpack(text(), Some("br"), 1 << 20).is_err());
    }
}
