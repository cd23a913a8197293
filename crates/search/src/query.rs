//! What stands in the box, taken apart: words, and numbers that may be house number, designation or asset number.

use crate::designation::{Block, cut_area, is_leading_word, join_numbers};
use crate::text::{lower, lowered, plain};

/// A number as typed or as stored, comparable in numeric order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tail {
    /// Code of the block, 0 for none.
    pub(crate) block: u32,
    /// House number, unit or asset number; `None` while it is not typed yet.
    pub(crate) unit: Option<u32>,
    /// Letter behind a house number as 1 (a) … 29 (ö), 0 for none.
    pub(crate) letter: u8,
}

/// A number that was typed, with the letters it takes up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Number {
    pub(crate) tail: Tail,
    /// As typed, in lower case, for a search among the words of second lines.
    pub(crate) text: String,
}

/// The text of the box in its parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Parts {
    /// Words in lower case, in order.
    pub(crate) words: Vec<String>,
    /// Numbers in order.
    pub(crate) numbers: Vec<Number>,
}

/// More words than a person types; the rest is left out so that no text is slow.
const MAX_WORDS: usize = 8;

impl Parts {
    pub(crate) fn parse(text: &str) -> Self {
        let text: String = text.chars().take(120).collect();
        let text = join_numbers(&plain(&text));
        let (text, _) = cut_area(&text);
        let mut parts = Self::default();
        let tokens: Vec<String> = text
            .split(|it: char| !(it.is_alphanumeric() || matches!(it, ':' | '-' | '\'' | '.')))
            .map(|it| lowered(it.trim_matches(['.', '-', '\''])))
            .filter(|it| !it.is_empty() && !is_leading_word(it))
            .collect();
        let mut at = 0;
        while at < tokens.len() {
            let token = tokens[at].as_str();
            at += 1;
            if let Some(mut tail) = parse_tail(token) {
                let next = tokens.get(at).map(String::as_str);
                let is_last = at + 1 == tokens.len();
                let letter = next.and_then(single_letter).filter(|_| is_last);
                if let (0, 0, Some(letter)) = (tail.block, tail.letter, letter) {
                    tail.letter = letter;
                    at += 1;
                }
                parts.numbers.push(Number { tail, text: token.to_owned() });
            } else if let Some((word, tail, digits)) = split_asset(token) {
                parts.words.push(word.to_owned());
                parts.numbers.push(Number { tail, text: digits.to_owned() });
            } else if token.chars().any(char::is_alphabetic) {
                parts.words.push(token.trim_end_matches(':').to_owned());
            }
        }
        parts.words.truncate(MAX_WORDS);
        parts.numbers.truncate(MAX_WORDS);
        parts
    }
}

/// A letter behind a house number.
fn single_letter(token: &str) -> Option<u8> {
    let mut letters = token.chars();
    let letter = letters.next()?;
    if letters.next().is_some() { None } else { letter_code(letter) }
}

pub(crate) fn letter_code(letter: char) -> Option<u8> {
    match lower(letter) {
        it @ 'a'..='z' => Some(it as u8 - b'a' + 1),
        'å' => Some(27),
        'ä' => Some(28),
        'ö' => Some(29),
        _ => None,
    }
}

/// `12`, `12b`, `1:5`, `s:1`, `1:`, `2024-666`.
pub(crate) fn parse_tail(token: &str) -> Option<Tail> {
    if let Some((block, unit)) = token.split_once(':') {
        let block = Block::parse(block)?.code();
        let unit = if unit.is_empty() { None } else { Some(unit.parse().ok()?) };
        return Some(Tail { block, unit, letter: 0 });
    }
    let n_digits = token.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, behind) = token.split_at(n_digits);
    let number: u32 = digits.parse().ok()?;
    if behind.is_empty() {
        return Some(Tail { block: 0, unit: Some(number), letter: 0 });
    }
    if let Some(second) = behind.strip_prefix('-') {
        let second: u32 = second.parse().ok()?;
        // A year or a series before the dash: a case number. A short one is a span of house numbers.
        return Some(if n_digits >= 3 {
            Tail { block: Block::Number(number).code(), unit: Some(second), letter: 0 }
        } else {
            Tail { block: 0, unit: Some(number), letter: 0 }
        });
    }
    single_letter(behind).map(|letter| Tail { block: 0, unit: Some(number), letter })
}

/// `bp114`, `av-118`: few letters and digits written together.
fn split_asset(token: &str) -> Option<(&str, Tail, &str)> {
    let at = token.find(|it: char| it.is_ascii_digit())?;
    let word = token[..at].trim_end_matches('-');
    let digits = &token[at..];
    let is_asset = (1..=4).contains(&word.chars().count())
        && word.chars().all(char::is_alphabetic)
        && digits.bytes().all(|it| it.is_ascii_digit());
    if is_asset { Some((word, parse_tail(digits)?, digits)) } else { None }
}

/// Takes a stored text apart: name, and the rest with its separator. The rest is empty when no number follows a name.
pub(crate) fn split_stored(text: &str) -> (&str, &str, Tail) {
    let none = Tail { block: 0, unit: None, letter: 0 };
    let mut from = 0;
    for token in text.split(' ') {
        let at = from;
        from += token.len() + 1;
        if at == 0 {
            // A name may begin with a digit, but "BP-114" is a name and a number in one word.
            let lowered = lowered(token);
            if let Some((word, tail, _)) = split_asset(&lowered) {
                // Lower case keeps the number of letters, so the same count cuts the original.
                let n_letters = word.chars().count();
                let cut = token.char_indices().nth(n_letters).map_or(token.len(), |it| it.0);
                return (&text[..cut], &text[cut..], tail);
            }
            continue;
        }
        if let Some(mut tail) = parse_tail(&lowered(token)) {
            let next = text.get(from..).and_then(|it| it.split(' ').next());
            if let (0, 0, Some(letter)) = (tail.block, tail.letter, next.and_then(single_letter)) {
                tail.letter = letter;
            }
            return (&text[..at - 1], &text[at - 1..], tail);
        }
    }
    (text, "", none)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house(unit: u32, letter: u8) -> Tail {
        Tail { block: 0, unit: Some(unit), letter }
    }

    #[test]
    fn words_and_numbers_are_told_apart_in_any_order() {
        for text in ["storg 12b", "12b storg", "Storg. 12 B", "storg 12 b"] {
            let parts = Parts::parse(text);
            assert_eq!(parts.words, ["storg"], "{text}");
            assert_eq!(parts.numbers[0].tail, house(12, 2), "{text}");
        }
    }

    #[test]
    fn an_asset_number_is_read_with_blank_dash_or_nothing_between() {
        for text in ["bp 114", "BP-114", "bp114"] {
            let parts = Parts::parse(text);
            assert_eq!(
                (parts.words.as_slice(), parts.numbers[0].tail),
                (&["bp".to_owned()][..], house(114, 0)),
                "{text}"
            );
        }
    }

    #[test]
    fn a_case_number_keeps_its_year() {
        let parts = Parts::parse("BYGG 2024-666");
        let tail = Tail { block: Block::Number(2024).code(), unit: Some(666), letter: 0 };
        assert_eq!(parts.numbers[0].tail, tail);
    }

    #[test]
    fn a_stored_text_is_cut_behind_its_name() {
        assert_eq!(
            split_stored("Norra Storgatan 12 B"),
            ("Norra Storgatan", " 12 B", house(12, 2))
        );
        assert_eq!(split_stored("AV-118"), ("AV", "-118", house(118, 0)));
        assert_eq!(split_stored("BP 114"), ("BP", " 114", house(114, 0)));
        assert_eq!(split_stored("Vedevåg").1, "");
        let joint = Tail { block: Block::Joint.code(), unit: Some(1), letter: 0 };
        assert_eq!(split_stored("RYA S:1"), ("RYA", " S:1", joint));
        assert_eq!(split_stored("Storgatan 12-14"), ("Storgatan", " 12-14", house(12, 0)));
    }
}
