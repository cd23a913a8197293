//! Property designations: `[municipality] name (block ":" unit | unit) [">" area]`.
//!
//! Source of the grammar: Lantmäteriet, GEODOK/11, and the way staff write; a kvarter has no block number.

use crate::text::{fold, folded, plain};

/// A municipality whose name may stand before a designation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Municipality<'a> {
    /// SCB's code: `1885`.
    pub code: &'a str,
    /// Its name: `Lindesberg`.
    pub name: &'a str,
}

/// The number before the colon, or what stands in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Block {
    /// A number.
    Number(u32),
    /// `FS`: joint fishery.
    Fishery,
    /// `GA`: joint facility.
    Facility,
    /// `S`: joint property.
    Joint,
}

impl Block {
    /// Sorts as blocks do, numbers first; 0 is kept for "no block".
    pub(crate) fn code(self) -> u32 {
        match self {
            Self::Number(number) => number.saturating_add(1).min(u32::MAX - 8),
            Self::Fishery => u32::MAX - 3,
            Self::Facility => u32::MAX - 2,
            Self::Joint => u32::MAX - 1,
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "s" | "S" => Some(Self::Joint),
            "ga" | "GA" | "Ga" => Some(Self::Facility),
            "fs" | "FS" | "Fs" => Some(Self::Fishery),
            digits => digits.parse().ok().map(Self::Number),
        }
    }
}

/// A designation as typed, in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Designation {
    /// Code of the municipality, when its name was typed.
    pub municipality: Option<String>,
    /// Name of trakt or kvarter, in capitals.
    pub name: String,
    /// Block; `None` for a kvarter.
    pub block: Option<Block>,
    /// Unit; `None` while it is not typed yet.
    pub unit: Option<u32>,
    /// Number of the area behind `>` or `~`.
    pub area: Option<u32>,
}

/// Reads a designation, complete or half typed; `None` when there is no number in it.
///
/// A municipality counts when a name is left behind it; `Nora 1:1` is both, the municipality and the trakt.
pub fn parse_designation(text: &str, municipalities: &[Municipality<'_>]) -> Option<Designation> {
    let text = join_numbers(&plain(text));
    let (text, area) = cut_area(&text);
    let mut words: Vec<&str> =
        text.split([' ', '(', ')', ',']).filter(|it| !it.is_empty()).collect();
    let last = words.pop()?;
    let (block, unit) = parse_tail(last)?;
    let from = words.iter().take_while(|it| is_leading_word(it)).count();
    words.drain(..from);
    let mut municipality = None;
    if let Some((first, rest)) = words.split_first() {
        let known = municipalities.iter().find(|it| is_name_or_genitive(first, it.name));
        if let Some(known) = known {
            municipality = Some(known.code.to_owned());
            let n_kommun = usize::from(rest.first().is_some_and(|it| folded(it) == "kommun"));
            let behind = rest.len() - n_kommun;
            if behind > 0 {
                words.drain(..=n_kommun);
            }
        }
    }
    let from = words.iter().take_while(|it| is_leading_word(it)).count();
    words.drain(..from);
    if words.is_empty() {
        return None;
    }
    let name = words.join(" ").to_uppercase();
    Some(Designation { municipality, name, block, unit, area })
}

/// A municipality's name, or its genitive: `Lindesberg`, `Lindesbergs`.
pub(crate) fn is_name_or_genitive(word: &str, name: &str) -> bool {
    let (word, name) = (folded(word), folded(name));
    word == name || word.strip_suffix('s').is_some_and(|it| it == name)
}

/// Words that say what follows and are no part of the name.
pub(crate) fn is_leading_word(word: &str) -> bool {
    matches!(
        folded(word).trim_end_matches('.'),
        "fastigheten" | "fastighet" | "kv" | "kvarteret" | "kvarter"
    )
}

/// Puts the two numbers of a designation together: `1 : 5`, `1;5` and `1.5` become `1:5`.
pub(crate) fn join_numbers(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut joined = String::with_capacity(text.len());
    let mut at = 0;
    while at < letters.len() {
        let letter = letters[at];
        let before = joined.trim_end().chars().last();
        let follows = letters[at + 1..].iter().find(|it| **it != ' ');
        let next_is_digit = follows.is_some_and(char::is_ascii_digit);
        let close_before = at > 0 && letters[at - 1].is_ascii_digit();
        let close_after = letters.get(at + 1).is_some_and(char::is_ascii_digit);
        if letter == ':' && before.is_some_and(char::is_alphanumeric) {
            joined.truncate(joined.trim_end().len());
            joined.push(':');
            if next_is_digit {
                at += letters[at + 1..].iter().take_while(|it| **it == ' ').count();
            }
        } else if matches!(letter, ';' | '.') && close_before && close_after {
            joined.push(':');
        } else {
            joined.push(letter);
        }
        at += 1;
    }
    joined
}

/// Cuts `>2` or `~` off the end.
pub(crate) fn cut_area(text: &str) -> (&str, Option<u32>) {
    match text.split_once(['>', '~']) {
        Some((before, behind)) => (before.trim_end(), behind.trim().parse().ok()),
        None => (text, None),
    }
}

/// `1:5`, `S:1`, `1:` or `11`.
fn parse_tail(text: &str) -> Option<(Option<Block>, Option<u32>)> {
    match text.split_once(':') {
        Some((block, "")) => Some((Some(Block::parse(block)?), None)),
        Some((block, unit)) => Some((Some(Block::parse(block)?), Some(unit.parse().ok()?))),
        None => Some((None, Some(text.parse().ok()?))),
    }
}

/// Whether the folded word is the beginning of a word of the folded text.
pub(crate) fn begins_a_word(text: &str, folded_word: &str) -> bool {
    text.split(|it: char| !it.is_alphanumeric()).any(|word| starts_with_folded(word, folded_word))
}

pub(crate) fn starts_with_folded(text: &str, folded_prefix: &str) -> bool {
    let mut letters = text.chars().map(fold);
    folded_prefix.chars().all(|it| letters.next() == Some(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUR: [Municipality<'_>; 4] = [
        Municipality { code: "1863", name: "Hällefors" },
        Municipality { code: "1864", name: "Ljusnarsberg" },
        Municipality { code: "1884", name: "Nora" },
        Municipality { code: "1885", name: "Lindesberg" },
    ];

    type Row<'a> = (&'a str, Option<&'a str>, &'a str, Option<Block>, Option<u32>, Option<u32>);

    #[test]
    fn every_way_to_write_a_designation_is_read() {
        let number = |it| Some(Block::Number(it));
        let rows: [Row<'_>; 28] = [
            ("Lindesberg Rya 1:5", Some("1885"), "RYA", number(1), Some(5), None),
            ("nora skåpsmeden 4", Some("1884"), "SKÅPSMEDEN", None, Some(4), None),
            (
                "Lindesbergs kommun Lindesby 1:13",
                Some("1885"),
                "LINDESBY",
                number(1),
                Some(13),
                None,
            ),
            ("rosen 11", None, "ROSEN", None, Some(11), None),
            ("kv. Rosen 1", None, "ROSEN", None, Some(1), None),
            ("kv Rosen 1", None, "ROSEN", None, Some(1), None),
            ("kvarteret Rosen 1", None, "ROSEN", None, Some(1), None),
            ("fastigheten Rya 1:5", None, "RYA", number(1), Some(5), None),
            ("RYA S:1", None, "RYA", Some(Block::Joint), Some(1), None),
            ("rya s:1", None, "RYA", Some(Block::Joint), Some(1), None),
            ("Älvestorp 4:1", None, "ÄLVESTORP", number(4), Some(1), None),
            ("alvestorp 4:1", None, "ALVESTORP", number(4), Some(1), None),
            ("Rya 1:5>2", None, "RYA", number(1), Some(5), Some(2)),
            ("RYA (1:5)", None, "RYA", number(1), Some(5), None),
            ("Rya 1;5", None, "RYA", number(1), Some(5), None),
            ("Rya 1 : 5", None, "RYA", number(1), Some(5), None),
            ("Rya 1.5", None, "RYA", number(1), Some(5), None),
            ("Rya 1：5", None, "RYA", number(1), Some(5), None),
            ("Rya 1:", None, "RYA", number(1), None, None),
            ("Nora 1:1", Some("1884"), "NORA", number(1), Some(1), None),
            ("Nora Nora 1:1", Some("1884"), "NORA", number(1), Some(1), None),
            ("ALNÖ-USLAND GA:6", None, "ALNÖ-USLAND", Some(Block::Facility), Some(6), None),
            ("ALNÖ\u{2013}USLAND GA:6", None, "ALNÖ-USLAND", Some(Block::Facility), Some(6), None),
            ("Dalkarlshyttan 1:1", None, "DALKARLSHYTTAN", number(1), Some(1), None),
            ("Stensnäs 1:1", None, "STENSNÄS", number(1), Some(1), None),
            ("Fibbetorp 1:6", None, "FIBBETORP", number(1), Some(6), None),
            ("Smaragden 1", None, "SMARAGDEN", None, Some(1), None),
            ("Saxhyttan 19:27", None, "SAXHYTTAN", number(19), Some(27), None),
        ];
        for (text, municipality, name, block, unit, area) in rows {
            let expected = Designation {
                municipality: municipality.map(str::to_owned),
                name: name.to_owned(),
                block,
                unit,
                area,
            };
            assert_eq!(parse_designation(text, &FOUR), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_name_alone_is_no_designation() {
        for text in ["Lindesberg", "kv. Rosen", "", "1:5", "Rya 1:x"] {
            assert_eq!(parse_designation(text, &FOUR), None, "{text}");
        }
    }

    #[test]
    fn blocks_sort_as_numbers_with_the_lettered_ones_last() {
        let mut blocks = [Block::Joint, Block::Number(10), Block::Facility, Block::Number(9)];
        blocks.sort_by_key(|it| it.code());
        assert_eq!(blocks, [Block::Number(9), Block::Number(10), Block::Facility, Block::Joint]);
    }
}
