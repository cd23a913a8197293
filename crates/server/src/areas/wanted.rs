use std::collections::BTreeSet;

use faltkarta_changes::is_same_value;
use faltkarta_faults::{Bug, is_seeded};
use faltkarta_geo::CellCover;
use faltkarta_model::{DatasetId, FieldId, Properties, Value};
use faltkarta_protocol::{FeedKind, SubscriptionPart};

use crate::error::StoreError;
use crate::role::Role;

/// The most parts of a subscription.
const MAX_PARTS: usize = 50;
/// The most vertices of a part's area.
const MAX_VERTICES: usize = 2_000;
/// The most values of a part's filter.
const MAX_VALUES: usize = 200;

/// A laptop as far as it decides what it is sent: its role, and its subscription with the revision of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reader {
    /// What it may have.
    pub role: Role,
    /// What it wants of that.
    pub wanted: Wanted,
    /// Which subscription this is.
    pub revision: u32,
    /// The newest entry that the laptop has heard of, written as a cursor; empty when it does not say. A store that
    /// lacks it was put back.
    pub seen: String,
}

impl Reader {
    /// A laptop that wants all that its role may have.
    pub fn of_role(role: Role) -> Self {
        Self { role, wanted: Wanted::default(), revision: 1, seen: String::new() }
    }
}

/// A subscription that was checked, its areas as cells. The default wants everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wanted {
    // None means everything.
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
struct Part {
    // None means all.
    datasets: BTreeSet<DatasetId>,
    cover: CellCover,
    filter: Option<(FieldId, Vec<Value>)>,
}

/// A row as a subscription judges it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// The cells that it lies in, its own or its parent's.
    pub(crate) cover: CellCover,
    /// Its values; may be empty where [`Wanted::has_filter`] says that nobody asks.
    pub(crate) properties: Properties,
}

impl Wanted {
    /// Checks the parts of a subscription.
    ///
    /// # Errors
    ///
    /// [`StoreError::TooLarge`] beyond the limits of this module, [`StoreError::Malformed`] for an area that is no
    /// ring of numbers or a filter that takes nothing.
    pub fn parse(parts: &[SubscriptionPart]) -> Result<Self, StoreError> {
        within(parts.len(), MAX_PARTS, "parts")?;
        Ok(Self { parts: parts.iter().map(Part::parse).collect::<Result<_, _>>()? })
    }

    /// Whether everything is wanted.
    pub fn is_everything(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether any row of a dataset can be wanted.
    pub(crate) fn may_take(&self, dataset: &DatasetId) -> bool {
        self.is_everything() || self.parts.iter().any(|it| it.is_about(dataset))
    }

    /// Whether it matters where a dataset's rows lie.
    pub(crate) fn has_area(&self, dataset: &DatasetId) -> bool {
        self.parts.iter().any(|it| it.is_about(dataset) && !it.cover.is_everywhere())
    }

    /// Whether the values of a dataset's rows are asked for.
    pub(crate) fn has_filter(&self, dataset: &DatasetId) -> bool {
        self.parts.iter().any(|it| it.is_about(dataset) && it.filter.is_some())
    }

    /// Whether a row belongs to the subscription.
    pub(crate) fn takes(&self, dataset: &DatasetId, row: &Seen) -> bool {
        self.is_everything() || self.parts.iter().any(|it| it.takes(dataset, row))
    }
}

impl Part {
    fn parse(part: &SubscriptionPart) -> Result<Self, StoreError> {
        let malformed = |text: &str| StoreError::Malformed { text: text.to_owned() };
        within(part.area_m.len(), MAX_VERTICES, "vertices")?;
        if !part.area_m.iter().flatten().all(|it| it.is_finite()) {
            return Err(malformed("an area has an ordinate that is not a number"));
        }
        let cover = match part.area_m.len() {
            0 => CellCover::everywhere(),
            1 | 2 => return Err(malformed("an area is a ring of at least three vertices")),
            _ => CellCover::of_ring(&part.area_m).unwrap_or_else(CellCover::everywhere),
        };
        let filter = part.filter.as_ref().map(|it| (it.field.clone(), it.values.clone()));
        if let Some((_, values)) = &filter {
            within(values.len(), MAX_VALUES, "values of a filter")?;
            if values.is_empty() {
                return Err(malformed("a filter without values takes nothing"));
            }
        }
        Ok(Self { datasets: part.datasets.iter().cloned().collect(), cover, filter })
    }

    fn is_about(&self, dataset: &DatasetId) -> bool {
        self.datasets.is_empty() || self.datasets.contains(dataset)
    }

    fn takes(&self, dataset: &DatasetId, row: &Seen) -> bool {
        let fits = |(field, values): &(FieldId, Vec<Value>)| {
            let value = row.properties.get(field).unwrap_or(&Value::Null);
            values.iter().any(|it| is_same_value(it, value))
        };
        self.is_about(dataset)
            && self.cover.meets(&row.cover)
            && self.filter.as_ref().is_none_or(fits)
    }
}

fn within(n: usize, most: usize, unit: &'static str) -> Result<(), StoreError> {
    if n > most { Err(StoreError::TooLarge { most: most as u64, unit }) } else { Ok(()) }
}

/// What a laptop is told of an entry; nothing when the row neither was nor is among what it wants.
pub(crate) fn told(was_wanted: bool, is_wanted: bool, is_deleted: bool) -> Option<FeedKind> {
    match (was_wanted, is_wanted) {
        (false, false) => None,
        _ if is_deleted => Some(FeedKind::Delete),
        (_, true) => Some(FeedKind::Upsert),
        (true, false) if is_seeded(Bug::NoLeave) => None,
        (true, false) => Some(FeedKind::Leave),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use faltkarta_protocol::AttributeFilter;

    fn dataset(id: &str) -> DatasetId {
        DatasetId::parse(id).unwrap()
    }

    fn part(datasets: &[&str], area_m: &[[f64; 2]]) -> SubscriptionPart {
        SubscriptionPart {
            datasets: datasets.iter().map(|it| dataset(it)).collect(),
            area_m: area_m.to_vec(),
            filter: None,
        }
    }

    fn seen(cover: &str, position: &str) -> Seen {
        let field = FieldId::parse("lage").unwrap();
        let properties = [(field, Value::Text(position.to_owned()))].into();
        Seen { cover: cover.parse().unwrap(), properties }
    }

    const TRIANGLE: [[f64; 2]; 3] = [[0.0, 0.0], [3_000.0, 0.0], [0.0, 3_000.0]];

    #[test]
    fn a_row_is_wanted_when_any_part_takes_it_whole() {
        let filter = AttributeFilter {
            field: FieldId::parse("lage").unwrap(),
            values: vec![Value::Text("öppen".into()), Value::Null],
        };
        let open = SubscriptionPart { filter: Some(filter), ..part(&["valve"], &TRIANGLE) };
        let wanted = Wanted::parse(&[open, part(&["parcel"], &[])]).unwrap();
        let takes = |id: &str, row: &Seen| wanted.takes(&dataset(id), row);
        assert!(takes("valve", &seen("0:1", "öppen")));
        assert!(!takes("valve", &seen("0:1", "stängd")));
        assert!(!takes("valve", &seen("5:5", "öppen")));
        assert!(takes("valve", &Seen { properties: Properties::new(), ..seen("0:1", "") }));
        assert!(takes("parcel", &seen("5:5", "stängd")));
        assert!(!takes("hydrant", &seen("0:1", "öppen")));
        assert!(takes("valve", &seen("*", "öppen")));
        assert!(wanted.has_filter(&dataset("valve")) && !wanted.has_filter(&dataset("parcel")));
        assert!(!wanted.may_take(&dataset("hydrant")));
        assert!(Wanted::default().takes(&dataset("hydrant"), &seen("5:5", "")));
    }

    #[test]
    fn a_laptop_is_told_to_put_to_take_away_or_nothing() {
        use FeedKind::{Delete, Leave, Upsert};
        for (was, is, deleted, kind) in [
            (false, false, false, None),
            (false, true, false, Some(Upsert)),
            (true, true, false, Some(Upsert)),
            (true, false, false, Some(Leave)),
            (false, false, true, None),
            (true, false, true, Some(Delete)),
            (false, true, true, Some(Delete)),
            (true, true, true, Some(Delete)),
        ] {
            assert_eq!(told(was, is, deleted), kind, "{was} {is} {deleted}");
        }
    }

    #[test]
    fn a_subscription_that_cannot_be_meant_is_refused() {
        let bad = |part: SubscriptionPart| Wanted::parse(&[part]).unwrap_err().code();
        assert_eq!(bad(part(&[], &TRIANGLE[..2])), "malformed");
        assert_eq!(bad(part(&[], &[[0.0, 0.0], [f64::NAN, 0.0], [1.0, 1.0]])), "malformed");
        assert_eq!(bad(part(&[], &vec![[0.0, 0.0]; MAX_VERTICES + 1])), "too_large");
        let filter = |n| AttributeFilter {
            field: FieldId::parse("lage").unwrap(),
            values: vec![Value::Null; n],
        };
        let filtered = |n| SubscriptionPart { filter: Some(filter(n)), ..part(&[], &[]) };
        assert_eq!(bad(filtered(0)), "malformed");
        assert_eq!(bad(filtered(MAX_VALUES + 1)), "too_large");
        let many = vec![part(&[], &[]); MAX_PARTS + 1];
        assert_eq!(Wanted::parse(&many).unwrap_err().code(), "too_large");
    }
}
