use faltkarta_model::FeatureId;

use crate::error::SearchError;
use crate::place::PlaceKind;

/// Everything that can be found in one package, ready to be asked.
///
/// Names ("Storgatan", "RYA", "BP") are stored once. Each has groups, one per kind and municipality, and each group its
/// entries in numeric order, so that a number is found by halving. Positions are kept to the centimetre.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlaceIndex {
    /// Texts of all kinds but names, each once.
    pub(crate) strings: Strings,
    /// Names as written, in Swedish order.
    pub(crate) names: Strings,
    /// The same names folded.
    pub(crate) folded: Strings,
    /// First group of each name, and one more for the end.
    pub(crate) name_groups: Vec<u32>,
    /// Every beginning of a word in a folded name, sorted by what stands there: name and byte.
    pub(crate) start_names: Vec<u32>,
    pub(crate) start_bytes: Vec<u32>,
    /// Columns of groups.
    pub(crate) group_names: Vec<u32>,
    pub(crate) group_kinds: Vec<u32>,
    pub(crate) group_municipalities: Vec<u32>,
    /// First posting of each group, and one more for the end.
    pub(crate) group_postings: Vec<u32>,
    /// Box around each group in centimetres: minimum e, n, maximum e, n. [`NO_PLACE`] when nothing in it has a place.
    pub(crate) group_boxes: Vec<i32>,
    /// Columns of postings: block and unit, letter, the text behind the name, the entry.
    pub(crate) keys: Vec<u64>,
    pub(crate) letters: Vec<u32>,
    pub(crate) tails: Vec<u32>,
    pub(crate) posting_places: Vec<u32>,
    /// Columns of entries.
    pub(crate) place_datasets: Vec<u32>,
    pub(crate) place_ids: Vec<u8>,
    /// The label: what stands before and behind the first text, or whole in `before` when it does not hold it.
    pub(crate) place_before: Vec<u32>,
    pub(crate) place_behind: Vec<u32>,
    pub(crate) place_details: Vec<u32>,
    /// The posting of the first text, whose text the label holds.
    pub(crate) place_first: Vec<u32>,
    /// Easting and northing in centimetres.
    pub(crate) place_positions: Vec<i32>,
}

/// Stands for "no place" among centimetres.
pub(crate) const NO_PLACE: i32 = i32::MIN;
/// Stands for "the label does not hold the text".
pub(crate) const WHOLE_LABEL: u32 = u32::MAX;

const MAGIC: &[u8; 12] = b"FKPLACES\x01\0\0\0";

/// Many texts in one piece.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Strings {
    pub(crate) text: String,
    /// Where each begins, and one more for the end.
    pub(crate) offsets: Vec<u32>,
}

impl Default for Strings {
    fn default() -> Self {
        Self { text: String::new(), offsets: vec![0] }
    }
}

impl Strings {
    pub(crate) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    pub(crate) fn get(&self, nth: u32) -> &str {
        let nth = nth as usize;
        &self.text[self.offsets[nth] as usize..self.offsets[nth + 1] as usize]
    }

    pub(crate) fn push(&mut self, text: &str) -> u32 {
        self.text.push_str(text);
        self.offsets.push(self.text.len() as u32);
        (self.offsets.len() - 2) as u32
    }
}

impl PlaceIndex {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.place_first.len()
    }

    /// Whether there is nothing to find.
    pub fn is_empty(&self) -> bool {
        self.place_first.is_empty()
    }

    pub(crate) fn feature_of(&self, place: u32) -> FeatureId {
        let from = place as usize * 16;
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.place_ids[from..from + 16]);
        FeatureId::from_uuid(uuid::Uuid::from_bytes(bytes))
    }

    pub(crate) fn position_of(&self, place: u32) -> Option<(f64, f64)> {
        let at = place as usize * 2;
        let (e, n) = (self.place_positions[at], self.place_positions[at + 1]);
        (e != NO_PLACE).then(|| (f64::from(e) / 100.0, f64::from(n) / 100.0))
    }

    pub(crate) fn kind_of(&self, group: u32) -> PlaceKind {
        PlaceKind::of_code(self.group_kinds[group as usize] as u8).unwrap_or(PlaceKind::Place)
    }

    /// The group that a posting stands in.
    pub(crate) fn group_of(&self, posting: u32) -> u32 {
        (self.group_postings.partition_point(|it| *it <= posting) - 1) as u32
    }

    /// Name and number of a posting, as written.
    pub(crate) fn text_of(&self, posting: u32) -> String {
        let name = self.group_names[self.group_of(posting) as usize];
        format!("{}{}", self.names.get(name), self.strings.get(self.tails[posting as usize]))
    }

    /// The bytes that [`PlaceIndex::from_bytes`] reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::from(MAGIC);
        for strings in [&self.strings, &self.names, &self.folded] {
            put(&mut out, strings.text.as_bytes());
            put_u32s(&mut out, &strings.offsets);
        }
        for column in [
            &self.name_groups,
            &self.start_names,
            &self.start_bytes,
            &self.group_names,
            &self.group_kinds,
            &self.group_municipalities,
            &self.group_postings,
            &self.letters,
            &self.tails,
            &self.posting_places,
            &self.place_datasets,
            &self.place_before,
            &self.place_behind,
            &self.place_details,
            &self.place_first,
        ] {
            put_u32s(&mut out, column);
        }
        put(&mut out, &self.keys.iter().flat_map(|it| it.to_le_bytes()).collect::<Vec<u8>>());
        for column in [&self.group_boxes, &self.place_positions] {
            put(&mut out, &column.iter().flat_map(|it| it.to_le_bytes()).collect::<Vec<u8>>());
        }
        put(&mut out, &self.place_ids);
        out
    }

    /// Reads an index back. 60 000 entries take a few milliseconds.
    ///
    /// # Errors
    ///
    /// [`SearchError`] when the bytes are foreign, cut off or point outside themselves; to ask can then never fail.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SearchError> {
        let mut from = Bytes { rest: bytes.strip_prefix(MAGIC).ok_or(SearchError::NotAnIndex)? };
        let (strings, names, folded) = (from.strings()?, from.strings()?, from.strings()?);
        let index = Self {
            strings,
            names,
            folded,
            name_groups: from.u32s()?,
            start_names: from.u32s()?,
            start_bytes: from.u32s()?,
            group_names: from.u32s()?,
            group_kinds: from.u32s()?,
            group_municipalities: from.u32s()?,
            group_postings: from.u32s()?,
            letters: from.u32s()?,
            tails: from.u32s()?,
            posting_places: from.u32s()?,
            place_datasets: from.u32s()?,
            place_before: from.u32s()?,
            place_behind: from.u32s()?,
            place_details: from.u32s()?,
            place_first: from.u32s()?,
            keys: from.words(u64::from_le_bytes)?,
            group_boxes: from.words(i32::from_le_bytes)?,
            place_positions: from.words(i32::from_le_bytes)?,
            place_ids: from.piece()?.to_vec(),
        };
        if !from.rest.is_empty() {
            return Err(SearchError::Damaged { table: "contents" });
        }
        index.check()?;
        Ok(index)
    }

    fn check(&self) -> Result<(), SearchError> {
        let damaged = |table| Err(SearchError::Damaged { table });
        let (n_names, n_groups) = (self.names.len(), self.group_names.len());
        let (n_postings, n_places) = (self.keys.len(), self.place_first.len());
        let below = |column: &[u32], limit: usize| column.iter().all(|it| (*it as usize) < limit);
        let rises = |column: &[u32], n: usize, end: usize| {
            column.len() == n + 1
                && column[0] == 0
                && column.windows(2).all(|pair| pair[0] <= pair[1])
                && column[n] as usize == end
        };
        if self.folded.len() != n_names || !rises(&self.name_groups, n_names, n_groups) {
            return damaged("names");
        }
        let starts_fit = self.start_names.len() == self.start_bytes.len()
            && self.start_names.iter().zip(&self.start_bytes).all(|(name, byte)| {
                (*name as usize) < n_names && self.folded.get(*name).get(*byte as usize..).is_some()
            });
        if !starts_fit {
            return damaged("words");
        }
        if self.group_kinds.len() != n_groups
            || self.group_municipalities.len() != n_groups
            || self.group_boxes.len() != n_groups * 4
            || !below(&self.group_names, n_names)
            || !below(&self.group_municipalities, self.strings.len())
            || !rises(&self.group_postings, n_groups, n_postings)
        {
            return damaged("groups");
        }
        if self.letters.len() != n_postings
            || self.tails.len() != n_postings
            || self.posting_places.len() != n_postings
            || !below(&self.tails, self.strings.len())
            || !below(&self.posting_places, n_places)
        {
            return damaged("postings");
        }
        let behind_fits = self
            .place_behind
            .iter()
            .all(|it| *it == WHOLE_LABEL || (*it as usize) < self.strings.len());
        if self.place_datasets.len() != n_places
            || self.place_before.len() != n_places
            || self.place_behind.len() != n_places
            || self.place_details.len() != n_places
            || self.place_ids.len() != n_places * 16
            || self.place_positions.len() != n_places * 2
            || !behind_fits
            || !below(&self.place_before, self.strings.len())
            || !below(&self.place_details, self.strings.len())
            || !below(&self.place_first, n_postings)
        {
            return damaged("entries");
        }
        Ok(())
    }
}

fn put(out: &mut Vec<u8>, piece: &[u8]) {
    out.extend_from_slice(&(piece.len() as u64).to_le_bytes());
    out.extend_from_slice(piece);
}

fn put_u32s(out: &mut Vec<u8>, column: &[u32]) {
    out.extend_from_slice(&(column.len() as u64 * 4).to_le_bytes());
    out.reserve(column.len() * 4);
    for it in column {
        out.extend_from_slice(&it.to_le_bytes());
    }
}

struct Bytes<'a> {
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    fn piece(&mut self) -> Result<&'a [u8], SearchError> {
        let (head, rest) = self.rest.split_first_chunk::<8>().ok_or(SearchError::Truncated)?;
        let len = usize::try_from(u64::from_le_bytes(*head)).map_err(|_| SearchError::Truncated)?;
        let (piece, rest) = rest.split_at_checked(len).ok_or(SearchError::Truncated)?;
        self.rest = rest;
        Ok(piece)
    }

    fn words<T, const L: usize>(
        &mut self,
        of: impl Fn([u8; L]) -> T,
    ) -> Result<Vec<T>, SearchError> {
        let (words, rest) = self.piece()?.as_chunks::<L>();
        if rest.is_empty() {
            Ok(words.iter().map(|it| of(*it)).collect())
        } else {
            Err(SearchError::Truncated)
        }
    }

    fn u32s(&mut self) -> Result<Vec<u32>, SearchError> {
        self.words(u32::from_le_bytes)
    }

    fn strings(&mut self) -> Result<Strings, SearchError> {
        const TABLE: SearchError = SearchError::Damaged { table: "texts" };
        let text = std::str::from_utf8(self.piece()?).map_err(|_| TABLE)?.to_owned();
        let offsets = self.u32s()?;
        let is_sound = offsets.first() == Some(&0)
            && offsets.last().is_some_and(|it| *it as usize == text.len())
            && offsets.windows(2).all(|pair| pair[0] <= pair[1])
            && offsets.iter().all(|it| text.is_char_boundary(*it as usize));
        if is_sound { Ok(Strings { text, offsets }) } else { Err(TABLE) }
    }
}
