//! The corpus, and the corpus mutated with a fixed seed, on every machine and without a fuzzer.

use std::fs;
use std::path::Path;

use faltkarta_decoders::TARGETS;

/// Mutations of each file of the corpus; `FALTKARTA_MUTATIONS` says more.
const N_MUTATIONS: u32 = 60;

struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut files: Vec<_> =
        fs::read_dir(&folder).expect("a corpus").map(|it| it.expect("an entry").path()).collect();
    files.sort();
    files.iter().map(|it| fs::read(it).expect("a file")).collect()
}

/// One to four small damages: a bit, a byte, a number, a piece taken out, doubled, or brought from elsewhere.
fn mutated(bytes: &[u8], other: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=chance.below(4) {
        let at = chance.below(bytes.len());
        let end = (at + 1 + chance.below(64)).min(bytes.len());
        match chance.below(8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << chance.below(8),
            1 if at < bytes.len() => bytes[at] = chance.below(256) as u8,
            2 if at + 4 <= bytes.len() => {
                let number = [0, 1, 0x7fff_ffff, u32::MAX, 0x8000_0000][chance.below(5)];
                bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
            }
            3 => bytes.truncate(at),
            4 if at < end => drop(bytes.drain(at..end)),
            5 if at < end => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            6 if !other.is_empty() => {
                let from = chance.below(other.len());
                let to = (from + 1 + chance.below(200)).min(other.len());
                bytes.splice(at..at, other[from..to].iter().copied());
            }
            _ => {
                let odd: &[&[u8]] =
                    &[b"null", b"-1", b"1e999", b"{", b"[", b"\"", b"\xff\xfe", b"\0", b"NaN"];
                bytes.splice(at..at, odd[chance.below(odd.len())].iter().copied());
            }
        }
    }
    bytes
}

#[test]
fn no_decoder_breaks_on_the_corpus_or_on_what_is_near_it() {
    let asked = std::env::var("FALTKARTA_MUTATIONS").ok().and_then(|it| it.parse().ok());
    for (name, target) in TARGETS {
        let files = corpus(name);
        assert!(!files.is_empty(), "{name} has no corpus");
        let mut chance = Chance(0x1234_5678_9abc_def1);
        target(&[]);
        for file in &files {
            target(file);
            for _ in 0..asked.unwrap_or(N_MUTATIONS) {
                let other = &files[chance.below(files.len())];
                target(&mutated(file, other, &mut chance));
            }
        }
    }
}

#[test]
fn every_file_of_the_corpus_belongs_to_a_decoder() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for entry in fs::read_dir(folder).expect("the corpus") {
        let name = entry.expect("an entry").file_name();
        assert!(TARGETS.iter().any(|it| name == it.0), "{}", name.display());
    }
}
