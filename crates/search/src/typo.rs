//! One slip of the finger: a letter too many, too few, another, or two that changed places.
//!
//! All texts at optimal string alignment distance 1 are tried, letter by letter along the sorted word beginnings; a
//! beginning that no name has ends the trial, so that the cost does not grow with the number of names.

use crate::find::{Reading, narrow};
use crate::index::PlaceIndex;

/// Shorter words have too many neighbours to be corrected.
const LEAST_LETTERS: usize = 4;
/// Corrections that are tried.
const MOST: usize = 12;
const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz-";

/// The reading with one word corrected, for every correction that some name begins with.
pub(crate) fn corrected(index: &PlaceIndex, reading: &Reading) -> Vec<Reading> {
    let mut readings = Vec::new();
    // The longest word bears the name; the others are tried after it.
    let mut order: Vec<usize> = (0..reading.folded.len()).collect();
    order.sort_by_key(|it| std::cmp::Reverse(reading.folded[*it].chars().count()));
    for at in order {
        for word in neighbours(index, &reading.folded[at]) {
            let mut corrected = reading.clone();
            corrected.words[at].clone_from(&word);
            corrected.folded[at] = word;
            readings.push(corrected);
        }
    }
    readings
}

/// Texts one slip away that some word of a name begins with.
pub(crate) fn neighbours(index: &PlaceIndex, word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    let mut found = Vec::new();
    if letters.len() < LEAST_LETTERS {
        return found;
    }
    let (mut from, mut to) = (0, index.start_names.len());
    let mut prefix = String::new();
    for at in 0..=letters.len() {
        // `prefix` is what was typed before the slip, and from..to are the names that have it.
        let mut try_one = |changed: Option<char>, rest: &[char]| {
            let text: String = prefix.chars().chain(changed).chain(rest.iter().copied()).collect();
            let (first, last) = narrow(index, from, to, &text);
            if first < last && text != word && !found.contains(&text) {
                found.push(text);
            }
        };
        let rest = &letters[at..];
        if let [_, behind @ ..] = rest {
            try_one(None, behind);
            if let [a, b, behind @ ..] = rest {
                let swapped: Vec<char> =
                    std::iter::once(*a).chain(behind.iter().copied()).collect();
                try_one(Some(*b), &swapped);
            }
        }
        for letter in ALPHABET.chars() {
            let mut with = prefix.clone();
            with.push(letter);
            let (first, last) = narrow(index, from, to, &with);
            if first == last {
                continue;
            }
            if !rest.is_empty() {
                try_one(Some(letter), &rest[1..]);
                try_one(Some(letter), rest);
            }
        }
        if at < letters.len() {
            prefix.push(letters[at]);
            (from, to) = narrow(index, from, to, &prefix);
            if from == to {
                break;
            }
        }
    }
    // The later the slip, the surer the beginning.
    found.reverse();
    found.truncate(MOST);
    found
}
