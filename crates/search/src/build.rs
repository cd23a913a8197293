use std::collections::HashMap;

use crate::index::{NO_PLACE, PlaceIndex, Strings, WHOLE_LABEL};
use crate::place::PlaceEntry;
use crate::query::split_stored;
use crate::text::{folded, plain, swedish_key};

/// Collects entries and makes a [`PlaceIndex`] of them. Texts that repeat (streets, towns, second lines) are kept once,
/// so that a million addresses fit in memory.
#[derive(Debug, Default)]
pub struct PlaceIndexBuilder {
    strings: Interned,
    names: Interned,
    postings: Vec<Posting>,
    places: Vec<Place>,
    ids: Vec<u8>,
}

#[derive(Debug, Default)]
struct Interned {
    strings: Strings,
    numbers: HashMap<Box<str>, u32>,
}

impl Interned {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(known) = self.numbers.get(text) {
            return *known;
        }
        let number = self.strings.push(text);
        self.numbers.insert(text.into(), number);
        number
    }
}

#[derive(Debug, Clone, Copy)]
struct Posting {
    name: u32,
    kind: u8,
    municipality: u32,
    key: u64,
    letter: u8,
    tail: u32,
    place: u32,
    is_first: bool,
}

#[derive(Debug)]
struct Place {
    dataset: u16,
    before: u32,
    behind: u32,
    detail: u32,
    e_cm: i32,
    n_cm: i32,
}

impl PlaceIndexBuilder {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one entry. Texts that are empty or repeat are passed over; an entry without any text is found by its label.
    pub fn add(&mut self, entry: &PlaceEntry) {
        let place = self.places.len() as u32;
        let mut texts: Vec<String> = Vec::with_capacity(entry.texts.len());
        for text in entry.texts.iter().map(|it| plain(it)).filter(|it| !it.is_empty()) {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        if texts.is_empty() {
            texts.push(plain(&entry.label));
        }
        let label = plain(&entry.label);
        let (before, behind) = match label.split_once(texts[0].as_str()) {
            Some((before, behind)) => (self.strings.number(before), self.strings.number(behind)),
            None => (self.strings.number(&label), WHOLE_LABEL),
        };
        let municipality = self.strings.number(&entry.municipality);
        for (nth, text) in texts.iter().enumerate() {
            let (name, rest, tail) = split_stored(text);
            self.postings.push(Posting {
                name: self.names.number(name),
                kind: entry.kind.code(),
                municipality,
                key: u64::from(tail.block) << 32
                    | u64::from(tail.unit.map_or(0, |it| it.saturating_add(1))),
                letter: tail.letter,
                tail: self.strings.number(rest),
                place,
                is_first: nth == 0,
            });
        }
        let cm = |it: f64| {
            (it * 100.0).round().clamp(f64::from(NO_PLACE + 1), f64::from(i32::MAX)) as i32
        };
        let (e_cm, n_cm) = entry.position.map_or((NO_PLACE, NO_PLACE), |(e, n)| (cm(e), cm(n)));
        self.ids.extend_from_slice(entry.feature.as_bytes());
        let detail = self.strings.number(&entry.detail);
        self.places.push(Place { dataset: entry.dataset_no, before, behind, detail, e_cm, n_cm });
    }

    /// Sorts everything and makes the index.
    pub fn build(self) -> PlaceIndex {
        let Self { strings, names, mut postings, places, ids } = self;
        let raw = names.strings;
        // Names in Swedish order: that is the order of hits that are equally good and equally near.
        let keys: Vec<Vec<u32>> =
            (0..raw.len() as u32).map(|it| swedish_key(raw.get(it)).collect()).collect();
        let mut order: Vec<u32> = (0..raw.len() as u32).collect();
        order.sort_by(|a, b| {
            keys[*a as usize].cmp(&keys[*b as usize]).then_with(|| raw.get(*a).cmp(raw.get(*b)))
        });
        drop(keys);
        let mut rank = vec![0u32; order.len()];
        let (mut sorted_names, mut sorted_folded) = (Strings::default(), Strings::default());
        for (nth, name) in order.iter().enumerate() {
            rank[*name as usize] = nth as u32;
            sorted_names.push(raw.get(*name));
            sorted_folded.push(&folded(raw.get(*name)));
        }
        for posting in &mut postings {
            posting.name = rank[posting.name as usize];
        }
        postings.sort_unstable_by_key(|it| {
            (it.name, it.kind, it.municipality, it.key, it.letter, it.tail, it.place)
        });
        let mut index = PlaceIndex {
            strings: strings.strings,
            names: sorted_names,
            folded: sorted_folded,
            place_first: vec![0; places.len()],
            ..PlaceIndex::default()
        };
        add_starts(&mut index);
        add_groups(&mut index, &postings, &places);
        // Entries stand in the order of their first posting, so that a street is read in one piece.
        let mut moved = vec![0u32; places.len()];
        let firsts = postings.iter().enumerate().filter(|it| it.1.is_first);
        for (nth, (at, posting)) in firsts.enumerate() {
            moved[posting.place as usize] = nth as u32;
            index.place_first[nth] = at as u32;
            let place = &places[posting.place as usize];
            let id = posting.place as usize * 16;
            index.place_ids.extend_from_slice(&ids[id..id + 16]);
            index.place_datasets.push(u32::from(place.dataset));
            index.place_before.push(place.before);
            index.place_behind.push(place.behind);
            index.place_details.push(place.detail);
            index.place_positions.extend([place.e_cm, place.n_cm]);
        }
        for posting in &postings {
            index.keys.push(posting.key);
            index.letters.push(u32::from(posting.letter));
            index.tails.push(posting.tail);
            index.posting_places.push(moved[posting.place as usize]);
        }
        index
    }
}

fn add_starts(index: &mut PlaceIndex) {
    let mut starts: Vec<(u32, u32)> = Vec::new();
    for name in 0..index.folded.len() as u32 {
        let text = index.folded.get(name);
        let mut is_start = true;
        for (byte, letter) in text.char_indices() {
            if is_start && letter.is_alphanumeric() {
                starts.push((name, byte as u32));
            }
            is_start = matches!(letter, ' ' | '-');
        }
    }
    let suffix = |it: &(u32, u32)| &index.folded.get(it.0)[it.1 as usize..];
    starts.sort_by(|a, b| suffix(a).cmp(suffix(b)).then_with(|| a.cmp(b)));
    (index.start_names, index.start_bytes) = starts.into_iter().unzip();
}

fn add_groups(index: &mut PlaceIndex, postings: &[Posting], places: &[Place]) {
    let mut before: Option<(u32, u8, u32)> = None;
    for (at, posting) in postings.iter().enumerate() {
        let group = (posting.name, posting.kind, posting.municipality);
        if before != Some(group) {
            before = Some(group);
            while index.name_groups.len() <= posting.name as usize {
                index.name_groups.push(index.group_names.len() as u32);
            }
            index.group_names.push(posting.name);
            index.group_kinds.push(u32::from(posting.kind));
            index.group_municipalities.push(posting.municipality);
            index.group_postings.push(at as u32);
            index.group_boxes.extend([NO_PLACE; 4]);
        }
        let place = &places[posting.place as usize];
        if place.e_cm != NO_PLACE {
            let from = index.group_boxes.len() - 4;
            let around = &mut index.group_boxes[from..];
            if around[0] == NO_PLACE {
                around.copy_from_slice(&[place.e_cm, place.n_cm, place.e_cm, place.n_cm]);
            } else {
                around[0] = around[0].min(place.e_cm);
                around[1] = around[1].min(place.n_cm);
                around[2] = around[2].max(place.e_cm);
                around[3] = around[3].max(place.n_cm);
            }
        }
    }
    while index.name_groups.len() <= index.names.len() {
        index.name_groups.push(index.group_names.len() as u32);
    }
    index.group_postings.push(postings.len() as u32);
}
