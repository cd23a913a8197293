use std::io::{self, Read};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The format of what a store says of its base map; the first key of it.
pub const BASE_MAP_FORMAT: &str = "faltkarta.base_map/1";

/// Bytes of a piece's hash on the wire. Two pieces are taken for the same when length and hash agree; the few that are
/// not are found out by the hash of the whole file.
const HASH_BYTES: usize = 4;

/// The start of the SHA-256 of a piece.
pub type PieceHash = [u8; HASH_BYTES];

/// The answer of `GET /sync/v1/{workspace}/basemap`: the newest base map of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseMapOffer {
    /// [`BASE_MAP_FORMAT`]; a laptop leaves another one alone.
    pub format: String,
    /// SHA-256 of the file, 64 hexadecimal digits; its name in the other requests.
    pub sha256: String,
    /// Size of the file.
    pub n_bytes: u64,
}

/// The answer of `GET /sync/v1/{workspace}/basemap/{sha256}/pieces`: a base map cut where its tiles and directories end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseMapPieces {
    /// SHA-256 of the file, 64 hexadecimal digits.
    pub sha256: String,
    /// Bytes of each piece, from the first byte of the file to its last.
    pub lengths: Vec<u32>,
    /// First four bytes of the SHA-256 of each piece, in hexadecimal, one after the other.
    pub hashes: String,
}

/// One piece of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Piece {
    /// How many bytes.
    pub n_bytes: u32,
    /// Their hash.
    pub hash: PieceHash,
}

impl BaseMapPieces {
    /// Describes a file that was cut so.
    pub fn of(sha256: &str, pieces: &[Piece]) -> Self {
        Self {
            sha256: sha256.to_owned(),
            lengths: pieces.iter().map(|it| it.n_bytes).collect(),
            hashes: pieces.iter().map(|it| hex::encode(it.hash)).collect(),
        }
    }

    /// The pieces; `None` when lengths and hashes do not belong together.
    pub fn pieces(&self) -> Option<Vec<Piece>> {
        let hashes = hex::decode(&self.hashes).ok()?;
        let (hashes, rest) = hashes.as_chunks::<HASH_BYTES>();
        if !rest.is_empty() || hashes.len() != self.lengths.len() {
            return None;
        }
        let both = self.lengths.iter().zip(hashes);
        Some(both.map(|(n_bytes, hash)| Piece { n_bytes: *n_bytes, hash: *hash }).collect())
    }
}

/// Reads a file in pieces of these lengths and hashes each.
///
/// # Errors
///
/// [`io::Error`] of the read, also when the file ends before the pieces do.
pub fn read_pieces(file: &mut dyn Read, lengths: &[u32]) -> io::Result<Vec<Piece>> {
    let mut bytes = vec![];
    lengths
        .iter()
        .map(|n_bytes| {
            bytes.clear();
            file.take(u64::from(*n_bytes)).read_to_end(&mut bytes)?;
            if bytes.len() as u64 != u64::from(*n_bytes) {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let mut hash = PieceHash::default();
            hash.copy_from_slice(&Sha256::digest(&bytes)[..HASH_BYTES]);
            Ok(Piece { n_bytes: *n_bytes, hash })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_read_as_they_were_written_and_torn_ones_are_refused() {
        let pieces = read_pieces(&mut &b"abcdefgh"[..], &[3, 0, 5]).unwrap();
        // SHA-256 of "abc" by another tool begins so.
        assert_eq!(pieces[0], Piece { n_bytes: 3, hash: [0xba, 0x78, 0x16, 0xbf] });
        let told = BaseMapPieces::of(&"0".repeat(64), &pieces);
        assert_eq!(told.pieces().unwrap(), pieces);
        for hashes in ["", "ba7816bf", "ba7816b", &"x".repeat(24), &told.hashes[1..]] {
            let torn = BaseMapPieces { hashes: hashes.to_owned(), ..told.clone() };
            assert_eq!(torn.pieces(), None, "{hashes}");
        }
        assert!(read_pieces(&mut &b"abc"[..], &[2, 2]).is_err(), "the file is cut off");
    }
}
