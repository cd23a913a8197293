//! How one keystroke is answered.

use crate::coordinate;
use crate::designation::{begins_a_word, is_name_or_genitive};
use crate::index::{NO_PLACE, PlaceIndex, WHOLE_LABEL};
use crate::overlay::Overlay;
use crate::place::{Answer, Hit, HitNote, PlaceKind, Query};
use crate::query::{Parts, Tail};
use crate::text::{folded, lower, utf16_len};
use crate::typo;

/// What it costs a name that its letters had to be folded: more than anything else.
const FOLDED: u8 = 8;
/// Beginnings of words that are looked at for one reading; one letter over a whole country stays below it.
const MAX_STARTS: usize = 60_000;
/// Groups whose numbers are looked up at once, best first.
const BATCH: usize = 256;
/// Groups whose numbers are looked up at all.
const MAX_GROUPS: usize = 4_096;
/// Within this distance every hit with the asked number is in the same town; each doubling begins the next band.
const TOWN_M: f64 = 2_000.0;
/// Entries of one street and number this near each other are entrances of one place, and stay together.
const ENTRANCES_M: f64 = 300.0;

impl PlaceIndex {
    /// Answers what stands in the box: coordinates, else names and numbers in any order, best first.
    ///
    /// What is asked is read in several ways until one hits: all words as a name; then the first or last words as a
    /// name and the others as municipality, town or postal code. Letters å, ä and ö that differ count, but last. Only when
    /// nothing hits is one slip of the finger forgiven, and told as a suggestion.
    pub fn find(&self, query: &Query<'_>, overlay: &Overlay) -> Answer {
        let readings = coordinate::read(query.text, query.grid, query.area);
        if !readings.is_empty() {
            return Answer { hits: coordinate_hits(&readings, query), suggestion: None };
        }
        let readings = readings_of(&Parts::parse(query.text));
        let finder = Finder { base: self, overlay, query };
        for reading in &readings {
            let hits = finder.hits(reading);
            if !hits.is_empty() {
                return Answer { hits, suggestion: None };
            }
        }
        // A street without that number: the number that comes nearest.
        for reading in &readings {
            if let Some(suggestion) = finder.nearest_number(reading) {
                return Answer { hits: vec![], suggestion: Some(suggestion) };
            }
        }
        for reading in readings.iter().take(3) {
            for corrected in typo::corrected(self, reading) {
                let hits = finder.hits(&corrected);
                if let Some(suggestion) = finder.best_text(&corrected) {
                    return Answer { hits, suggestion: Some(suggestion) };
                }
            }
        }
        Answer::default()
    }
}

/// One way to read what was typed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reading {
    /// Words of the name, lower case.
    pub(crate) words: Vec<String>,
    /// The same, folded.
    pub(crate) folded: Vec<String>,
    /// Words that the municipality, the second line or the rest of the text must hold, folded.
    pub(crate) context: Vec<String>,
    pub(crate) tail: Option<Tail>,
}

impl Reading {
    fn new(words: &[String], context: impl Iterator<Item = String>, tail: Option<Tail>) -> Self {
        Self {
            words: words.to_vec(),
            folded: words.iter().map(|it| folded(it)).collect(),
            context: context.collect(),
            tail,
        }
    }
}

fn readings_of(parts: &Parts) -> Vec<Reading> {
    let words = &parts.words;
    let mut readings = Vec::new();
    if words.is_empty() {
        return readings;
    }
    let tails: Vec<Option<usize>> = if parts.numbers.is_empty() {
        vec![None]
    } else {
        (0..parts.numbers.len().min(3)).map(Some).chain([None]).collect()
    };
    for chosen in tails {
        let tail = chosen.map(|it| parts.numbers[it].tail);
        let others: Vec<String> = parts
            .numbers
            .iter()
            .enumerate()
            .filter(|it| Some(it.0) != chosen)
            .map(|it| it.1.text.clone())
            .collect();
        let mut add = |name: &[String], context: &[String]| {
            let context = context.iter().map(|it| folded(it)).chain(others.iter().cloned());
            readings.push(Reading::new(name, context, tail));
        };
        add(words, &[]);
        if let Some(at) = words.iter().skip(1).position(|it| it == "g" || it == "v") {
            // "kungs g" for Kungsgatan, "skogs v" for Skogsvägen.
            let mut merged = words.clone();
            let ending = merged.remove(at + 1);
            merged[at].push_str(&ending);
            add(&merged, &[]);
        }
        for n_name in (1..words.len()).rev() {
            add(&words[..n_name], &words[n_name..]);
            add(&words[words.len() - n_name..], &words[..words.len() - n_name]);
        }
    }
    readings
}

struct Finder<'a> {
    base: &'a PlaceIndex,
    overlay: &'a Overlay,
    query: &'a Query<'a>,
}

/// A group whose name fits.
#[derive(Debug, Clone, Copy)]
struct Fitting {
    /// 0 the whole name, 1 its beginning, 3 a later word; 8 more when letters had to be folded.
    name_score: u8,
    distance_m: f64,
    group: u32,
    start: u32,
}

/// Where entries are looked for, and how many of one group are wanted.
#[derive(Debug, Clone, Copy)]
struct Look<'a> {
    index: &'a PlaceIndex,
    reading: &'a Reading,
    share: usize,
    is_overlay: bool,
}

/// An entry that fits.
#[derive(Debug, Clone, Copy)]
struct Fit {
    score: u8,
    near_m: f64,
    /// 0 nothing more than the number asked for, 1 more text behind it, 2 a letter that was not asked for.
    extra: u8,
    group: u32,
    key: u64,
    letter: u32,
    distance_m: f64,
    posting: u32,
    start: u32,
    is_overlay: bool,
}

impl Finder<'_> {
    fn hits(&self, reading: &Reading) -> Vec<Hit> {
        let mut fits = self.fits(self.base, reading, false);
        let edited = self.overlay.index();
        if !edited.is_empty() {
            fits.extend(self.fits(edited, reading, true));
            sort(&mut fits);
        }
        fits.truncate(self.query.limit);
        fits.iter().map(|fit| self.hit(fit, reading)).collect()
    }

    fn index(&self, is_overlay: bool) -> &PlaceIndex {
        if is_overlay { self.overlay.index() } else { self.base }
    }

    fn fits(&self, index: &PlaceIndex, reading: &Reading, is_overlay: bool) -> Vec<Fit> {
        let mut groups = self.groups(index, reading);
        let limit = self.query.limit;
        // Without a number every street gives a few entries rather than the first street all.
        let share =
            if reading.tail.is_some() { limit } else { limit.div_ceil(groups.len().max(1)) };
        let look = Look { index, reading, share, is_overlay };
        let mut fits: Vec<Fit> = Vec::new();
        let mut from = 0;
        while from < groups.len().min(MAX_GROUPS) && fits.is_empty() {
            let rest = &mut groups[from..];
            if rest.len() > BATCH {
                rest.select_nth_unstable_by(BATCH, order);
            }
            let n = rest.len().min(BATCH);
            rest[..n].sort_unstable_by(order);
            for fitting in &groups[from..from + n] {
                let is_full = fits.len() >= limit
                    && fits
                        .iter()
                        .filter(|it| it.score <= fitting.name_score && it.extra == 0)
                        .count()
                        >= limit;
                if is_full {
                    break;
                }
                self.fits_in(look, *fitting, &mut fits);
            }
            from += n;
        }
        sort(&mut fits);
        fits
    }

    /// The groups whose name and, as far as it decides, municipality fit.
    fn groups(&self, index: &PlaceIndex, reading: &Reading) -> Vec<Fitting> {
        let mut groups = Vec::new();
        let Some(first) = reading.folded.first() else { return groups };
        let (from, to) = starts_with(index, first);
        for start in from..to.min(from + MAX_STARTS) {
            let (name, byte) = (index.start_names[start], index.start_bytes[start]);
            let Some(name_score) = name_score(index, name, byte, reading) else { continue };
            let (first, last) =
                (index.name_groups[name as usize], index.name_groups[name as usize + 1]);
            for group in first..last {
                let distance_m = self.distance_to_group_m(index, group);
                groups.push(Fitting { name_score, distance_m, group, start: start as u32 });
            }
        }
        groups
    }

    fn fits_in(&self, look: Look<'_>, fitting: Fitting, fits: &mut Vec<Fit>) {
        let Look { index, reading, share, is_overlay } = look;
        let group = fitting.group as usize;
        let municipality = index.strings.get(index.group_municipalities[group]);
        let context: Vec<&str> = reading
            .context
            .iter()
            .map(String::as_str)
            .filter(|it| {
                let is_named =
                    begins_a_word(municipality, it) || is_name_or_genitive(it, municipality);
                !(is_named || *it == "kommun")
            })
            .collect();
        let kind = index.kind_of(fitting.group);
        let from = fits.len();
        let mut last_tail = None;
        let hides = !is_overlay && !self.overlay.hides_nothing();
        for_each_number(index, fitting.group, reading.tail, &mut |rank, posting| {
            let at = posting as usize;
            let place = index.posting_places[at];
            if hides && self.overlay.hides(index.feature_of(place)) {
                return true;
            }
            if !context.iter().all(|it| in_context(index, posting, it)) {
                return true;
            }
            // The areas of one property are one hit.
            if kind == PlaceKind::Parcel
                && last_tail.replace(index.tails[at]) == Some(index.tails[at])
            {
                return true;
            }
            let distance_m = self.distance_to_m(index.position_of(place));
            let (near_m, extra) = match reading.tail.filter(|_| rank == 0) {
                Some(tail) => (distance_m, extra_of(index, posting, tail)),
                None => (fitting.distance_m, 0),
            };
            fits.push(Fit {
                score: fitting.name_score + 2 * rank,
                near_m,
                extra,
                group: fitting.group,
                key: index.keys[at],
                letter: index.letters[at],
                distance_m,
                posting,
                start: fitting.start,
                is_overlay,
            });
            fits.len() - from < share
        });
        if reading.tail.is_some() {
            keep_entrances_together(index, &mut fits[from..]);
        }
    }

    fn distance_to_m(&self, position: Option<(f64, f64)>) -> f64 {
        match (self.query.near, position) {
            (Some((e, n)), Some((to_e, to_n))) => (to_e - e).hypot(to_n - n),
            (Some(_), None) => f64::INFINITY,
            (None, _) => 0.0,
        }
    }

    fn distance_to_group_m(&self, index: &PlaceIndex, group: u32) -> f64 {
        let Some((e, n)) = self.query.near else { return 0.0 };
        let at = group as usize * 4;
        let around = &index.group_boxes[at..at + 4];
        if around[0] == NO_PLACE {
            return f64::INFINITY;
        }
        let [min_e, min_n, max_e, max_n] = [0, 1, 2, 3].map(|it| f64::from(around[it]) / 100.0);
        let de = (min_e - e).max(e - max_e).max(0.0);
        let dn = (min_n - n).max(n - max_n).max(0.0);
        de.hypot(dn)
    }

    fn hit(&self, fit: &Fit, reading: &Reading) -> Hit {
        let index = self.index(fit.is_overlay);
        let place = index.posting_places[fit.posting as usize];
        let at = place as usize;
        let before = index.strings.get(index.place_before[at]);
        let (label, matched) = if index.place_behind[at] == WHOLE_LABEL {
            (before.to_owned(), vec![])
        } else {
            let first = index.place_first[at];
            let behind = index.strings.get(index.place_behind[at]);
            let label = format!("{before}{}{behind}", index.text_of(first));
            let matched = if first == fit.posting {
                matched(index, fit, reading, utf16_len(before))
            } else {
                vec![]
            };
            (label, matched)
        };
        let position = index.position_of(place);
        Hit {
            kind: index.kind_of(fit.group),
            dataset_no: index.place_datasets[at] as u16,
            feature: Some(index.feature_of(place)),
            label,
            detail: index.strings.get(index.place_details[at]).to_owned(),
            municipality: index
                .strings
                .get(index.group_municipalities[fit.group as usize])
                .to_owned(),
            position,
            distance_m: self.query.near.and(position).map(|_| fit.distance_m),
            matched,
            note: None,
            system: "",
            is_outside: false,
        }
    }

    /// When the name is there but not the number: name and nearest number, as written.
    fn nearest_number(&self, reading: &Reading) -> Option<String> {
        let unit = reading.tail.filter(|it| it.block == 0)?.unit?;
        let open = Reading { tail: None, ..reading.clone() };
        let mut groups = self.groups(self.base, &open);
        groups.retain(|it| it.name_score % FOLDED == 0);
        groups.sort_unstable_by(order);
        for fitting in groups.iter().take(BATCH) {
            let mut best: Option<(u32, u32)> = None;
            for_each_number(self.base, fitting.group, None, &mut |_, posting| {
                let key = self.base.keys[posting as usize];
                let fits = key > 0
                    && key >> 32 == 0
                    && reading.context.iter().all(|it| in_context(self.base, posting, it));
                let off = (key as u32).saturating_sub(1).abs_diff(unit);
                if fits && best.is_none_or(|it| off < it.0) {
                    best = Some((off, posting));
                }
                true
            });
            if let Some((_, posting)) = best {
                return Some(self.base.text_of(posting));
            }
        }
        None
    }

    /// The text of the best entry of a reading, or of the number that comes nearest.
    fn best_text(&self, reading: &Reading) -> Option<String> {
        let fits = self.fits(self.base, reading, false);
        match fits.first() {
            Some(fit) if reading.tail.is_some() || fit.key == 0 => {
                Some(self.base.text_of(fit.posting))
            }
            Some(fit) => {
                let name = self.base.group_names[fit.group as usize];
                Some(self.base.names.get(name).to_owned())
            }
            None => self.nearest_number(reading),
        }
    }
}

fn order(a: &Fitting, b: &Fitting) -> std::cmp::Ordering {
    a.name_score
        .cmp(&b.name_score)
        .then_with(|| a.distance_m.total_cmp(&b.distance_m))
        .then_with(|| a.group.cmp(&b.group))
}

/// Gives the entries of one place the distance of the first, so that which entrance is nearest decides nothing.
fn keep_entrances_together(index: &PlaceIndex, fits: &mut [Fit]) {
    let place_of = |it: &Fit| index.position_of(index.posting_places[it.posting as usize]);
    for nth in 1..fits.len() {
        let Some((e, n)) = place_of(&fits[nth]) else { continue };
        let first = fits[..nth].iter().find(|it| {
            let is_same = it.key == fits[nth].key && it.score == fits[nth].score;
            is_same && place_of(it).is_some_and(|to| (to.0 - e).hypot(to.1 - n) <= ENTRANCES_M)
        });
        if let Some(near_m) = first.map(|it| it.near_m) {
            fits[nth].near_m = near_m;
        }
    }
}

/// What stands behind the number that was asked for, see [`Fit::extra`].
fn extra_of(index: &PlaceIndex, posting: u32, tail: Tail) -> u8 {
    let letter = index.letters[posting as usize];
    if tail.block != 0 {
        return 0;
    }
    if letter != u32::from(tail.letter) {
        return 2;
    }
    let rest = index.strings.get(index.tails[posting as usize]);
    let mut behind =
        rest.trim_start_matches([' ', '-']).trim_start_matches(|it: char| it.is_ascii_digit());
    if letter != 0 {
        behind = behind.trim_start();
        behind = behind.strip_prefix(char::is_alphabetic).unwrap_or(behind);
    }
    u8::from(!behind.is_empty())
}

/// Towns by distance: 0 the one at hand, then one for each doubling.
fn band(near_m: f64) -> u8 {
    (near_m / TOWN_M).log2().ceil().clamp(0.0, 255.0) as u8
}

fn sort(fits: &mut [Fit]) {
    fits.sort_by(|a, b| {
        a.score
            .cmp(&b.score)
            .then_with(|| band(a.near_m).cmp(&band(b.near_m)))
            .then_with(|| a.extra.cmp(&b.extra))
            .then_with(|| a.near_m.total_cmp(&b.near_m))
            .then_with(|| a.is_overlay.cmp(&b.is_overlay))
            .then_with(|| a.group.cmp(&b.group))
            .then_with(|| (a.key, a.letter).cmp(&(b.key, b.letter)))
            .then_with(|| a.distance_m.total_cmp(&b.distance_m))
    });
}

/// The range of word beginnings that begin with a folded text.
pub(crate) fn starts_with(index: &PlaceIndex, prefix: &str) -> (usize, usize) {
    narrow(index, 0, index.start_names.len(), prefix)
}

/// The same within a range that is known to hold the answer.
pub(crate) fn narrow(index: &PlaceIndex, from: usize, to: usize, prefix: &str) -> (usize, usize) {
    let suffix =
        |it: usize| &index.folded.get(index.start_names[it])[index.start_bytes[it] as usize..];
    let halve = |mut low: usize, mut high: usize, is_before: &dyn Fn(&str) -> bool| {
        while low < high {
            let middle = usize::midpoint(low, high);
            if is_before(suffix(middle)) { low = middle + 1 } else { high = middle }
        }
        low
    };
    let first = halve(from, to, &|it| it < prefix);
    let last = halve(first, to, &|it| it.starts_with(prefix));
    (first, last)
}

/// Spans of letters of the name that the words cover, counted in letters; `None` when they do not fit.
fn spans(name_folded: &str, byte: u32, words: &[String]) -> Option<Vec<(usize, usize)>> {
    let mut at = byte as usize;
    let mut spans = Vec::with_capacity(words.len());
    for (nth, word) in words.iter().enumerate() {
        if nth > 0 {
            let gap = name_folded[at..].find([' ', '-'])?;
            at += gap + 1;
        }
        if !name_folded[at..].starts_with(word.as_str()) {
            return None;
        }
        spans.push((name_folded[..at].chars().count(), word.chars().count()));
        at += word.len();
    }
    Some(spans)
}

fn name_score(index: &PlaceIndex, name: u32, byte: u32, reading: &Reading) -> Option<u8> {
    let text = index.folded.get(name);
    let at = byte as usize;
    let word = &reading.folded[0];
    // The one word of most questions needs no list of spans.
    let (is_whole, is_same_letters) = if let [_] = reading.folded.as_slice() {
        let is_whole = text.len() == word.len();
        let is_same =
            is_same_letters(index.names.get(name), text[..at].chars().count(), &reading.words[0]);
        (is_whole, is_same)
    } else {
        let spans = spans(text, byte, &reading.folded)?;
        let n_letters: usize = spans.iter().map(|it| it.1).sum::<usize>() + spans.len() - 1;
        let written = index.names.get(name);
        let is_same = spans
            .iter()
            .zip(&reading.words)
            .all(|(span, word)| is_same_letters(written, span.0, word));
        (text.chars().count() == n_letters, is_same)
    };
    let place = match (at, is_whole) {
        (0, true) => 0,
        (0, false) => 1,
        _ => 3,
    };
    Some(place + if is_same_letters { 0 } else { FOLDED })
}

fn is_same_letters(written: &str, from: usize, word: &str) -> bool {
    let mut letters = written.chars().skip(from).map(lower);
    word.chars().all(|it| letters.next() == Some(it))
}

fn in_context(index: &PlaceIndex, posting: u32, word: &str) -> bool {
    let place = index.posting_places[posting as usize] as usize;
    begins_a_word(index.strings.get(index.place_details[place]), word)
        || begins_a_word(index.strings.get(index.tails[posting as usize]), word)
        || (index.place_behind[place] != WHOLE_LABEL
            && begins_a_word(index.strings.get(index.place_behind[place]), word))
}

/// Shows the entries of a group that fit a number, the best first, with how well: 0 the number, 1 no number asked for, 2 the number is the beginning, 3 a weaker beginning. Stops when `see` says so.
fn for_each_number(
    index: &PlaceIndex,
    group: u32,
    tail: Option<Tail>,
    see: &mut impl FnMut(u8, u32) -> bool,
) {
    let (first, last) =
        (index.group_postings[group as usize], index.group_postings[group as usize + 1]);
    let keys = &index.keys[first as usize..last as usize];
    let Some(tail) = tail else {
        for posting in first..last {
            let rank = u8::from(index.keys[posting as usize] != 0);
            if !see(rank, posting) {
                return;
            }
        }
        return;
    };
    // Shows the entries with such keys that `rank_of` a letter gives a rank to.
    let mut range = |from: u64, to: u64, rank_of: &dyn Fn(u32) -> Option<u8>| -> bool {
        let low = keys.partition_point(|it| *it < from);
        let n = keys[low..].partition_point(|it| *it < to);
        (low..low + n).all(|at| {
            let posting = first + at as u32;
            rank_of(index.letters[posting as usize]).is_none_or(|rank| see(rank, posting))
        })
    };
    let base = u64::from(tail.block) << 32;
    let Some(unit) = tail.unit else {
        range(base, base + (1 << 32), &|_| Some(1));
        return;
    };
    let unit = u64::from(unit);
    let wanted = u32::from(tail.letter);
    let (at, next) = (base + unit + 1, base + unit + 2);
    if !range(at, next, &|it| (it == wanted).then_some(0)) {
        return;
    }
    let rank_of_others = if wanted == 0 { 0 } else { 3 };
    if !range(at, next, &|it| (it != wanted).then_some(rank_of_others)) || wanted != 0 {
        return;
    }
    if tail.block == 0 && !range((unit + 1) << 32, (unit + 2) << 32, &|_| Some(2)) {
        return;
    }
    if unit == 0 {
        return;
    }
    for power in [10, 100, 1_000] {
        if !range(base + unit * power + 1, base + (unit + 1) * power + 1, &|_| Some(2)) {
            return;
        }
    }
    if tail.block == 0 {
        for power in [10, 100] {
            let (from, to) = (unit * power + 1, (unit + 1) * power + 1);
            if !range(from << 32, to << 32, &|_| Some(3)) {
                return;
            }
        }
    }
}

/// Which parts of the label were asked for, in UTF-16 units.
fn matched(index: &PlaceIndex, fit: &Fit, reading: &Reading, from: u32) -> Vec<(u32, u32)> {
    let name = index.group_names[fit.group as usize];
    let byte = index.start_bytes[fit.start as usize];
    let written = index.names.get(name);
    let units =
        |letters: usize| written.chars().take(letters).map(char::len_utf16).sum::<usize>() as u32;
    let mut matched: Vec<(u32, u32)> = spans(index.folded.get(name), byte, &reading.folded)
        .unwrap_or_default()
        .into_iter()
        .map(|(at, n)| (from + units(at), units(at + n) - units(at)))
        .collect();
    if let Some(tail) = reading.tail {
        let rest = index.strings.get(index.tails[fit.posting as usize]);
        let lead = rest.chars().take_while(|it| matches!(it, ' ' | '-')).count() as u32;
        let typed = typed_len(tail).min(utf16_len(rest).saturating_sub(lead));
        let at = from + utf16_len(written) + lead;
        if typed > 0 {
            matched.push((at, typed));
        }
        if tail.letter != 0 && u32::from(tail.letter) == fit.letter {
            let digits = rest.chars().skip((lead + typed) as usize);
            let gap = digits.take_while(|it| *it == ' ').count() as u32;
            matched.push((at + typed + gap, 1));
        }
    }
    matched
}

/// How many characters of a number were typed.
fn typed_len(tail: Tail) -> u32 {
    let digits = |it: u32| it.checked_ilog10().unwrap_or(0) + 1;
    let unit = tail.unit.map_or(0, digits);
    match tail.block {
        0 => unit,
        it if it == u32::MAX - 1 => 2 + unit,
        it if it > u32::MAX - 8 => 3 + unit,
        it => digits(it - 1) + 1 + unit,
    }
}

fn coordinate_hits(readings: &[coordinate::Reading], query: &Query<'_>) -> Vec<Hit> {
    readings
        .iter()
        .take(query.limit)
        .enumerate()
        .map(|(nth, it)| Hit {
            kind: PlaceKind::Coordinate,
            dataset_no: 0,
            feature: None,
            label: String::new(),
            detail: String::new(),
            municipality: String::new(),
            position: Some((it.e_m, it.n_m)),
            distance_m: query.near.map(|(e, n)| (it.e_m - e).hypot(it.n_m - n)),
            matched: vec![],
            note: (nth > 0).then_some(HitNote::OtherSystem),
            system: it.system,
            is_outside: it.is_outside,
        })
        .collect()
}
