//! Which features a subscription takes, judged as the store does.

use std::collections::BTreeSet;

use faltkarta_changes::is_same_value;
use faltkarta_geo::CellCover;
use faltkarta_model::{DatasetId, Feature};
use faltkarta_protocol::{AttributeFilter, Subscription, SubscriptionPart};

/// A subscription with its areas as cells.
#[derive(Debug)]
pub(crate) struct AreaRule<'a> {
    parts: Vec<Part<'a>>,
}

#[derive(Debug)]
struct Part<'a> {
    datasets: BTreeSet<&'a DatasetId>,
    area: Option<CellCover>,
    filter: Option<&'a AttributeFilter>,
}

impl<'a> AreaRule<'a> {
    pub(crate) fn new(subscription: &'a Subscription) -> Self {
        let parts = subscription.parts.iter().map(|part| Part {
            datasets: part.datasets.iter().collect(),
            area: CellCover::of_ring(&part.area_m),
            filter: part.filter.as_ref(),
        });
        Self { parts: parts.collect() }
    }

    /// Whether a feature is sent; `cover` is its own or its parent's, `None` for everywhere.
    pub(crate) fn takes(&self, feature: &Feature, cover: Option<&CellCover>) -> bool {
        self.parts.is_empty()
            || self.parts.iter().any(|part| {
                let is_dataset =
                    part.datasets.is_empty() || part.datasets.contains(&feature.dataset);
                let is_inside = match (&part.area, cover) {
                    (Some(area), Some(cover)) => area.meets(cover),
                    _ => true,
                };
                let is_wanted = part.filter.is_none_or(|filter| {
                    let value = feature.value(filter.field.as_str());
                    filter.values.iter().any(|it| is_same_value(it, value))
                });
                is_dataset && is_inside && is_wanted
            })
    }

    /// Whether one subscription may take something of a dataset that another did not.
    pub(crate) fn has_more(before: &Subscription, now: &Subscription, dataset: &DatasetId) -> bool {
        if before.parts.is_empty() {
            return false;
        }
        let of = |all: &Subscription| -> Vec<SubscriptionPart> {
            let is_of =
                |it: &&SubscriptionPart| it.datasets.is_empty() || it.datasets.contains(dataset);
            let plain = all.parts.iter().filter(is_of).cloned();
            plain.map(|it| SubscriptionPart { datasets: vec![], ..it }).collect()
        };
        let before = of(before);
        now.parts.is_empty() || of(now).iter().any(|it| !before.contains(it))
    }
}
