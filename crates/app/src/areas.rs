//! What a person asks the store to keep on this laptop.

use std::collections::BTreeSet;

use faltkarta_geo::{CellCover, Geometry};
use faltkarta_model::{DatasetId, Feature, FeatureId};
use faltkarta_protocol::{Subscription, SubscriptionPart};
use faltkarta_spatial::{Relation, Subject};
use geo_types::{Geometry as Types, LineString, Polygon};

use crate::error::AppError;
use crate::field::Field;

/// Most parts of a subscription, and corners of one area.
const PARTS_MAX: usize = 50;
const CORNERS_MAX: usize = 500;

/// Which datasets this laptop holds in full at a place; only those can say that there is nothing.
pub(crate) enum HeldAt {
    /// All that its role may have.
    All,
    /// These.
    Only(BTreeSet<DatasetId>),
}

impl HeldAt {
    pub(crate) fn holds(&self, dataset: &DatasetId) -> bool {
        match self {
            Self::All => true,
            Self::Only(held) => held.contains(dataset),
        }
    }
}

impl Field {
    /// What this laptop holds at a place.
    pub(crate) fn held_at(&self, place: &Subject) -> Result<HeldAt, AppError> {
        if !self.area.holds(place.bounds()) {
            return Ok(HeldAt::Only(BTreeSet::new()));
        }
        let parts = self.subscription()?.map(|it| it.parts).unwrap_or_default();
        if parts.is_empty() {
            return Ok(HeldAt::All);
        }
        let mut held = BTreeSet::new();
        for part in parts {
            // A selection by values leaves out what nobody here knows of.
            if part.filter.is_some() {
                continue;
            }
            let ring: LineString<f64> = part.area_m.iter().map(|it| (it[0], it[1])).collect();
            let area = Geometry::from_types(&Types::Polygon(Polygon::new(ring, vec![])));
            let is_inside =
                || place.relate(&area).is_some_and(|it| it.relation == Relation::Inside);
            if part.area_m.is_empty() || is_inside() {
                if part.datasets.is_empty() {
                    return Ok(HeldAt::All);
                }
                held.extend(part.datasets);
            }
        }
        Ok(HeldAt::Only(held))
    }

    /// What the store sends this laptop as far as is known; `None` before it ever said: all that the role may have.
    ///
    /// # Errors
    ///
    /// [`AppError`] of the read.
    pub fn subscription(&self) -> Result<Option<Subscription>, AppError> {
        let text = self.store.meta("subscription")?;
        text.map(|it| serde_json::from_str(&it).map_err(AppError::damaged)).transpose()
    }

    /// What the person wants, also when no store has heard of it yet.
    ///
    /// # Errors
    ///
    /// [`AppError`] of the read.
    pub fn wanted_parts(&self) -> Result<Vec<SubscriptionPart>, AppError> {
        let text = self.store.meta("subscription_wanted")?;
        let wanted: Option<Subscription> =
            text.map(|it| serde_json::from_str(&it).map_err(AppError::damaged)).transpose()?;
        Ok(match wanted {
            Some(wanted) => wanted.parts,
            None => self.subscription()?.map(|it| it.parts).unwrap_or_default(),
        })
    }

    /// Says what this laptop is to hold; none for all that the role may have. The next round brings it to the store
    /// and fetches what is new. Rows that go stay while something here hangs on them.
    ///
    /// # Errors
    ///
    /// [`AppError::InvalidInput`] for too many parts, an area of fewer than three corners or with a corner that is no
    /// number.
    pub fn set_subscription(&mut self, parts: Vec<SubscriptionPart>) -> Result<(), AppError> {
        if parts.len() > PARTS_MAX {
            return Err(AppError::invalid("parts", "too many"));
        }
        for part in &parts {
            let n = part.area_m.len();
            let is_area = n == 0 || (3..=CORNERS_MAX).contains(&n);
            if !is_area || part.area_m.iter().flatten().any(|it| !it.is_finite()) {
                return Err(AppError::invalid("area_m", "not an area"));
            }
        }
        let wanted = Subscription { revision: 0, parts };
        let text = serde_json::to_string(&wanted).map_err(|it| AppError::invalid("parts", it))?;
        self.store.set_meta("subscription_wanted", &text)?;
        self.touch();
        Ok(())
    }

    /// Whether a feature left the laptop's area and is kept because unfinished work hangs on it.
    ///
    /// # Errors
    ///
    /// [`AppError`] of the read.
    pub fn is_moved_out(&self, id: FeatureId) -> Result<bool, AppError> {
        Ok(self.store.moved_out()?.contains(&id))
    }

    /// A feature without a place lies where its parent lies; `None` for everywhere.
    pub(crate) fn parent_cover(&self, feature: &Feature) -> Result<Option<CellCover>, AppError> {
        let parent = feature.value("subject_id").as_text().and_then(|it| it.parse().ok());
        let Some(parent) = parent else { return Ok(None) };
        let stored = self.store.base_feature(parent)?;
        Ok(stored.and_then(|it| it.feature.geometry.as_ref().and_then(CellCover::of)))
    }
}
