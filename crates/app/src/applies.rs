//! "Vad gäller här?": every zone, plan and rule of the stored layers that touches a place, with source and date; and
//! what the stored layers cannot say.

use std::collections::{BTreeMap, BTreeSet};

use faltkarta_geo::{Bounds, Geometry, Grid, Position};
use faltkarta_model::{
    AppliesRule, DatasetId, DistanceRule, Feature, FeatureId, Role, Timestamp, Title,
};
use faltkarta_spatial::{FeatureRow, LayerIndex, Related, Relation, Subject, met_on_the_way};
use faltkarta_store::Relation as Reference;

use crate::catalog::LocalDataset;
use crate::error::AppError;
use crate::field::Field;

/// Most rows of one answer; nothing is left out in silence, [`AppliesAnswer::n_more`] counts the rest.
const N_ROWS: usize = 200;
/// How far from what was asked about the number of a zone stands on the map, in metres, at least and at most.
const MARK_M: (f64, f64) = (12.0, 140.0);

/// What somebody asks about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Asked {
    /// A point.
    Point(Position<Grid>),
    /// A feature; of a parcel all areas of the property.
    Feature(FeatureId),
}

/// What applies at a place.
#[derive(Debug, Clone, PartialEq)]
pub struct AppliesAnswer {
    /// The parcel or feature that was asked about, or the parcel that the point lies in.
    pub place: Option<AskedPlace>,
    /// Rectangle around what was asked about.
    pub bounds: Bounds,
    /// Zones that it lies in, wholly or partly, in the order of their datasets; then those that are only near, nearest
    /// first.
    pub rows: Vec<AppliesRow>,
    /// Rows beyond the most that are told.
    pub n_more: usize,
    /// Subjects that were searched without a hit.
    pub no_hit: Vec<Searched>,
    /// Subjects that cannot be answered.
    pub no_answer: Vec<Unanswered>,
}

/// How the place of an answer is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedPlace {
    /// Its dataset.
    pub dataset: DatasetId,
    /// The feature.
    pub id: FeatureId,
    /// How it is called.
    pub label: String,
    /// Name of the municipality or empty.
    pub municipality: String,
}

/// One zone.
#[derive(Debug, Clone, PartialEq)]
pub struct AppliesRow {
    /// Its dataset.
    pub dataset: DatasetId,
    /// The feature.
    pub id: FeatureId,
    /// What it is about.
    pub subject: Title,
    /// How it is called.
    pub label: String,
    /// How what was asked about lies to it.
    pub related: Related,
    /// What it says, in lines.
    pub lines: Vec<Title>,
    /// Distance rules that are not kept here.
    pub distances: Vec<DistanceRule>,
    /// What belongs under it: provisions of a plan.
    pub parts: Vec<AppliesPart>,
    /// Who publishes it.
    pub publisher: String,
    /// Date of the data.
    pub data_date: Option<String>,
    /// Age of the data in days.
    pub age_days: Option<u32>,
    /// Older than its limit, or than the rules.
    pub is_old: bool,
    /// Which rules the data follow; empty when that is not declared.
    pub legal_version: Title,
    /// Accuracy in words.
    pub accuracy: String,
    /// Where its number may stand on the map, metres on the grid.
    pub mark_m: (f64, f64),
    /// Rectangle around it.
    pub bounds: Option<Bounds>,
}

/// A part of a row: a provision.
#[derive(Debug, Clone, PartialEq)]
pub struct AppliesPart {
    /// Its dataset.
    pub dataset: DatasetId,
    /// The feature.
    pub id: FeatureId,
    /// The feature's values, by which the interface words it.
    pub feature: Feature,
    /// How it is called.
    pub label: String,
    /// How what was asked about lies to it.
    pub related: Related,
}

/// A subject that was searched without a hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Searched {
    /// The subject.
    pub subject: Title,
    /// The datasets that were searched.
    pub datasets: Vec<DatasetId>,
    /// The oldest of their dates.
    pub data_date: Option<String>,
}

/// A subject that cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    /// The subject.
    pub subject: Title,
    /// The dataset that cannot answer.
    pub dataset: DatasetId,
    /// Why.
    pub reason: NoAnswer,
    /// Date of the data.
    pub data_date: Option<String>,
    /// Their age in days.
    pub age_days: Option<u32>,
    /// Since when other rules are in force.
    pub legal_from: Option<String>,
}

/// Why a dataset cannot say that nothing applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAnswer {
    /// Nothing was ever delivered to this laptop.
    Missing,
    /// Its lease has ended.
    Locked,
    /// The data are older than their limit.
    Old,
    /// The data are older than the rules.
    OutdatedRules,
    /// The place lies outside what this laptop holds of it.
    Outside,
}

impl NoAnswer {
    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Locked => "locked",
            Self::Old => "old",
            Self::OutdatedRules => "outdated_rules",
            Self::Outside => "outside",
        }
    }
}

/// A hit before it is put in its place.
struct Found {
    order: (usize, i32),
    row: AppliesRow,
    feature: Feature,
}

impl Field {
    /// What applies at a point or on a property, by the layers that are stored here.
    ///
    /// # Errors
    ///
    /// [`AppError::FeatureNotFound`] for a feature that is not here or has no place.
    pub fn applies(&self, asked: Asked, now: Timestamp) -> Result<AppliesAnswer, AppError> {
        let (subject, place) = self.asked(asked, now)?;
        let mut found: Vec<Found> = vec![];
        let mut silent: Vec<(Title, &LocalDataset, bool)> = vec![];
        let held = self.held_at(&subject)?;
        for (local, layer) in self.catalog.datasets.iter().zip(&self.layers) {
            let Some(rule) = &local.dataset.applies else { continue };
            let mut subjects = subjects_of(local, rule);
            if !local.is_locked(now) {
                let hits = self.related(&subject, (local, layer), rule, place.as_ref(), now)?;
                for hit in &hits {
                    subjects.retain(|it| *it != hit.row.subject);
                }
                found.extend(hits);
            }
            let is_held = held.holds(&local.dataset.id);
            silent.extend(subjects.into_iter().map(|it| (it, local, is_held)));
        }
        let mut found = with_parts(found, &self.catalog.datasets);
        found.sort_by(|a, b| {
            let is_near = |it: &Found| it.row.related.relation == Relation::Within;
            let by_distance = a.row.related.distance_m.total_cmp(&b.row.related.distance_m);
            (is_near(a).cmp(&is_near(b)))
                .then(by_distance)
                .then(a.order.cmp(&b.order))
                .then_with(|| a.row.label.cmp(&b.row.label))
        });
        let n_more = found.len().saturating_sub(N_ROWS);
        found.truncate(N_ROWS);
        let hit_subjects: BTreeSet<String> =
            found.iter().map(|it| it.row.subject.sv.clone()).collect();
        let mut rows: Vec<AppliesRow> = found.into_iter().map(|it| it.row).collect();
        self.set_marks(&subject, &mut rows)?;
        let (no_hit, no_answer) = without_hit(silent, &hit_subjects, now);
        Ok(AppliesAnswer { place, bounds: subject.bounds(), rows, n_more, no_hit, no_answer })
    }

    /// What is asked about as a shape, and how it is called.
    fn asked(
        &self,
        asked: Asked,
        now: Timestamp,
    ) -> Result<(Subject, Option<AskedPlace>), AppError> {
        match asked {
            Asked::Point(at) => {
                let mut parcel = None;
                for (local, layer) in self.open_layers(now) {
                    if local.dataset.role != Role::Parcel || parcel.is_some() {
                        continue;
                    }
                    let here = Subject::at(at);
                    let point = Bounds::at(at.e_m(), at.n_m());
                    let mut holds = None;
                    self.for_each_shape(layer, point, &mut |row, geometry| {
                        let related = here.relate(&geometry);
                        if related.is_some_and(|it| it.relation == Relation::Inside) {
                            holds.get_or_insert(row);
                        }
                    })?;
                    if let Some(row) = holds {
                        parcel = self.fetch(row)?.map(|it| place_of(local, &it.feature));
                    }
                }
                Ok((Subject::at(at), parcel))
            }
            Asked::Feature(id) => {
                let feature = self.feature(id, now)?;
                let local = self.catalog.dataset(&feature.dataset)?;
                let place = place_of(local, &feature);
                let shapes = self.areas_of(local, feature)?;
                let subject = Subject::of(&shapes).ok_or(AppError::FeatureNotFound { id })?;
                Ok((subject, Some(place)))
            }
        }
    }

    /// The shapes of a feature; of a parcel those of all areas of the property.
    fn areas_of(&self, local: &LocalDataset, feature: Feature) -> Result<Vec<Geometry>, AppError> {
        let property = feature.value("property_ref").as_text();
        if let (Role::Parcel, Some(property)) = (local.dataset.role, property) {
            let areas = self.store.related(Reference::PropertyRef, property)?;
            let of_property = areas.into_iter().filter(|it| it.feature.dataset == feature.dataset);
            return Ok(of_property.filter_map(|it| it.feature.geometry).collect());
        }
        Ok(feature.geometry.into_iter().collect())
    }

    /// The rows of one dataset that touch the subject or lie near enough.
    fn related(
        &self,
        subject: &Subject,
        (local, layer): (&LocalDataset, &LayerIndex),
        rule: &AppliesRule,
        place: Option<&AskedPlace>,
        now: Timestamp,
    ) -> Result<Vec<Found>, AppError> {
        let reach_m = rule.reach_m();
        let mut near: Vec<(FeatureRow, Related, Option<Bounds>)> = vec![];
        self.for_each_shape(layer, subject.bounds().grown(reach_m), &mut |row, geometry| {
            if let Some(related) = subject.relate(&geometry).filter(|it| it.distance_m <= reach_m) {
                near.push((row, related, geometry.bounds()));
            }
        })?;
        let mut found = vec![];
        for (row, related, bounds) in near {
            let Some(stored) = self.fetch(row)? else { continue };
            let feature = stored.feature;
            let is_itself = place.is_some_and(|it| it.id == feature.id);
            if is_itself || !rule.takes(&feature) {
                continue;
            }
            let municipality = place.map_or("", |it| it.municipality.as_str());
            let distances: Vec<DistanceRule> = rule
                .distances
                .iter()
                .filter(|it| related.distance_m <= it.within_m)
                .filter(|it| {
                    let places = &it.municipalities;
                    places.is_empty() || places.iter().any(|it| it == municipality)
                })
                .cloned()
                .collect();
            // Nothing but a rule of another municipality reaches so far.
            let is_near = related.distance_m <= rule.near_m || !distances.is_empty();
            if related.relation == Relation::Within && !is_near {
                continue;
            }
            let dataset = &local.dataset;
            let line = |template: &Title| Title {
                sv: dataset.fill(&template.sv, &feature),
                en: dataset.fill(&template.en, &feature),
            };
            found.push(Found {
                order: (self.catalog.place_of(&dataset.id).unwrap_or(0), -dataset.map.order),
                row: AppliesRow {
                    dataset: dataset.id.clone(),
                    id: feature.id,
                    subject: subject_of(local, rule, &feature),
                    label: dataset.label(&feature),
                    related,
                    lines: rule.lines.iter().map(line).filter(|it| !it.sv.is_empty()).collect(),
                    distances,
                    parts: vec![],
                    publisher: dataset.publisher.clone(),
                    data_date: local.data_date.clone(),
                    age_days: local.age_days(now),
                    is_old: local.is_old(now) || is_before_rules(local, rule),
                    legal_version: if is_before_rules(local, rule) {
                        Title::default()
                    } else {
                        rule.legal_version.clone()
                    },
                    accuracy: dataset.accuracy.clone(),
                    mark_m: related.nearest_m,
                    bounds,
                },
                feature,
            });
        }
        Ok(found)
    }

    /// Puts the numbers of the zones around what was asked about, each where its own boundary runs, so that no two stand
    /// on one another.
    fn set_marks(&self, subject: &Subject, rows: &mut [AppliesRow]) -> Result<(), AppError> {
        let bounds = subject.bounds();
        let middle = bounds.middle();
        let half = (bounds.max_e_m - bounds.min_e_m).max(bounds.max_n_m - bounds.min_n_m) / 2.0;
        let (least_m, most_m) = (half.max(MARK_M.0), half * 3.0 + MARK_M.1);
        let touching: Vec<&mut AppliesRow> =
            rows.iter_mut().filter(|it| it.related.relation != Relation::Within).collect();
        let n = touching.len().max(1);
        for (at, row) in touching.into_iter().enumerate() {
            let Some(stored) = self.store.feature(row.id)? else { continue };
            let Some(zone) = stored.feature.geometry else { continue };
            // A line or a point on the property bears its number itself.
            if row.related.share.is_none() {
                row.mark_m = crate::shape::point_on(&zone).unwrap_or(row.mark_m);
                continue;
            }
            let bearing = std::f64::consts::TAU * (at as f64 + 0.5) / n as f64;
            let met = met_on_the_way(middle, bearing, least_m, most_m, &zone);
            let within = least_m * 1.3;
            let there = (middle.0 + bearing.sin() * within, middle.1 + bearing.cos() * within);
            row.mark_m = met.unwrap_or(there);
        }
        Ok(())
    }
}

fn place_of(local: &LocalDataset, feature: &Feature) -> AskedPlace {
    AskedPlace {
        dataset: feature.dataset.clone(),
        id: feature.id,
        // The municipality stands beside it.
        label: local
            .place_entry(feature)
            .map_or_else(|| local.dataset.label(feature), |it| it.label),
        municipality: local.municipality(feature),
    }
}

/// The subjects that a dataset answers.
fn subjects_of(local: &LocalDataset, rule: &AppliesRule) -> Vec<Title> {
    if rule.part_of.is_some() {
        return vec![];
    }
    let by = rule.subject_by.as_ref().and_then(|it| local.dataset.field(it.as_str()));
    by.map_or_else(|| vec![rule.subject.clone()], |it| it.values.values().cloned().collect())
}

fn subject_of(local: &LocalDataset, rule: &AppliesRule, feature: &Feature) -> Title {
    let by = rule.subject_by.as_ref().and_then(|it| local.dataset.field(it.as_str()));
    let own = by.and_then(|it| it.values.get(&feature.value(it.id.as_str()).to_string()));
    own.unwrap_or(&rule.subject).clone()
}

/// Whether the data are older than the rules that they are asked about.
fn is_before_rules(local: &LocalDataset, rule: &AppliesRule) -> bool {
    match (&rule.legal_from, &local.data_date) {
        (Some(from), Some(date)) => date < from,
        _ => false,
    }
}

/// Puts parts under the rows that they name. A part whose whole is not among the rows stands for itself.
fn with_parts(found: Vec<Found>, datasets: &[LocalDataset]) -> Vec<Found> {
    let part_of = |it: &Found| {
        let local = datasets.iter().find(|local| local.dataset.id == it.row.dataset)?;
        local.dataset.applies.as_ref()?.part_of.clone()
    };
    let (parts, mut wholes): (Vec<Found>, Vec<Found>) =
        found.into_iter().partition(|it| part_of(it).is_some());
    let mut alone = vec![];
    for part in parts {
        let Some(rule) = part_of(&part) else { continue };
        let name = |it: &Feature| it.value(rule.field.as_str()).to_string();
        let named = name(&part.feature);
        // What only lies near says nothing about the place.
        if part.row.related.relation == Relation::Within {
            continue;
        }
        let whole = wholes.iter_mut().find(|it| {
            it.row.dataset == rule.dataset && !named.is_empty() && name(&it.feature) == named
        });
        match whole {
            Some(whole) => whole.row.parts.push(AppliesPart {
                dataset: part.row.dataset,
                id: part.row.id,
                feature: part.feature,
                label: part.row.label,
                related: part.row.related,
            }),
            None => alone.push(part),
        }
    }
    for whole in &mut wholes {
        let share = |it: &AppliesPart| it.related.share.unwrap_or(0.0);
        whole
            .row
            .parts
            .sort_by(|a, b| share(b).total_cmp(&share(a)).then_with(|| a.label.cmp(&b.label)));
    }
    wholes.extend(alone);
    wholes
}

/// What was searched without a hit, and what cannot be answered. A dataset that is missing or too old takes its subject
/// along: the others cannot say that nothing applies.
fn without_hit(
    silent: Vec<(Title, &LocalDataset, bool)>,
    hits: &BTreeSet<String>,
    now: Timestamp,
) -> (Vec<Searched>, Vec<Unanswered>) {
    let mut no_hit: BTreeMap<String, Searched> = BTreeMap::new();
    let mut order: Vec<String> = vec![];
    let mut no_answer: Vec<Unanswered> = vec![];
    for (subject, local, is_held) in silent {
        let reason = no_answer_of(local, is_held, now);
        if let Some(reason) = reason {
            no_answer.push(Unanswered {
                dataset: local.dataset.id.clone(),
                reason,
                data_date: local.data_date.clone(),
                age_days: local.age_days(now),
                legal_from: local.dataset.applies.as_ref().and_then(|it| it.legal_from.clone()),
                subject,
            });
            continue;
        }
        if hits.contains(&subject.sv) {
            continue;
        }
        let searched = no_hit.entry(subject.sv.clone()).or_insert_with(|| {
            order.push(subject.sv.clone());
            Searched { subject, datasets: vec![], data_date: None }
        });
        searched.datasets.push(local.dataset.id.clone());
        searched.data_date = match (searched.data_date.take(), local.data_date.clone()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    for unanswered in &no_answer {
        no_hit.remove(&unanswered.subject.sv);
    }
    (order.iter().filter_map(|it| no_hit.remove(it)).collect(), no_answer)
}

/// Why a dataset cannot say that nothing applies; `None` when it can.
fn no_answer_of(local: &LocalDataset, is_held: bool, now: Timestamp) -> Option<NoAnswer> {
    let rule = local.dataset.applies.as_ref()?;
    if local.is_locked(now) {
        Some(NoAnswer::Locked)
    } else if local.n_features == 0 && local.data_date.is_none() {
        Some(NoAnswer::Missing)
    } else if !is_held {
        Some(NoAnswer::Outside)
    } else if is_before_rules(local, rule) {
        Some(NoAnswer::OutdatedRules)
    } else if local.is_old(now) {
        Some(NoAnswer::Old)
    } else {
        None
    }
}
