//! "Vem ansvarar?": who answers for street, light, pipe, waste and permit at a place, by what the datasets declare and
//! who is registered for it. Nothing is guessed: what a row does not say is unknown.

use std::collections::BTreeSet;

use faltkarta_geo::{Bounds, Grid, Position};
use faltkarta_model::{DatasetId, DutyRule, Feature, FeatureId, Role, Timestamp, Title, Value};
use faltkarta_spatial::{FeatureRow, Relation, Subject};

use crate::catalog::LocalDataset;
use crate::error::AppError;
use crate::field::Field;

/// Who is responsible at a place.
#[derive(Debug, Clone, PartialEq)]
pub struct DutiesAnswer {
    /// Name of the municipality, empty outside all.
    pub municipality: String,
    /// What follows from things at the place, nearest first; then what counts in all of the municipality.
    pub duties: Vec<Duty>,
}

/// One duty.
#[derive(Debug, Clone, PartialEq)]
pub struct Duty {
    /// Its stable name.
    pub duty: String,
    /// What it is called.
    pub title: Title,
    /// Who has it; empty when that is unknown.
    pub who: String,
    /// Whether telephone and service time of that one are registered.
    pub contact: Option<Contact>,
    /// The row that it follows from, with its label; `None` for what counts in all of the municipality.
    pub from: Option<(DatasetId, FeatureId, String)>,
    /// How far away that row lies, in metres.
    pub distance_m: f64,
    /// Who publishes what it follows from.
    pub publisher: String,
    /// Date of that data.
    pub data_date: Option<String>,
}

/// How to reach somebody.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contact {
    /// The registered row.
    pub id: Option<FeatureId>,
    /// Telephone as it is written.
    pub phone: String,
    /// When somebody answers.
    pub hours: String,
    /// Address for mail.
    pub email: String,
    /// What else to know.
    pub note: String,
}

/// A registered row: who it is for which duty and key, everywhere or in one municipality.
struct Registered {
    id: FeatureId,
    duty: String,
    key: String,
    kommunkod: String,
    name: String,
    contact: Contact,
}

/// The key of whoever answers in all of a municipality.
const EVERYWHERE: &str = "*";

impl Field {
    /// Who is responsible at a place.
    ///
    /// # Errors
    ///
    /// [`AppError`] of the reads.
    pub fn duties(&self, at: Position<Grid>, now: Timestamp) -> Result<DutiesAnswer, AppError> {
        let here = Subject::at(at);
        let point = Bounds::at(at.e_m(), at.n_m());
        let registered = self.registered(now)?;
        let (kommunkod, municipality) = self.municipality_at(&here, point, now)?;
        let mut found: Vec<(i32, Duty)> = vec![];
        for (local, layer) in self.open_layers(now) {
            let Some(most_m) = local.dataset.duties.iter().map(|it| it.within_m).reduce(f64::max)
            else {
                continue;
            };
            let mut near: Vec<(FeatureRow, f64)> = vec![];
            self.for_each_shape(layer, point.grown(most_m), &mut |row, geometry| {
                near.extend(here.relate(&geometry).map(|it| (row, it.distance_m)));
            })?;
            for (row, distance_m) in near {
                let Some(stored) = self.fetch(row)? else { continue };
                for rule in &local.dataset.duties {
                    if distance_m > rule.within_m || !rule.takes(&stored.feature) {
                        continue;
                    }
                    let duty =
                        duty_of(local, rule, &stored.feature, distance_m, &registered, &kommunkod);
                    found.push((rule.order, duty));
                }
            }
        }
        let answered: Vec<String> = found.iter().map(|it| it.1.duty.clone()).collect();
        for (local, rule) in self.duty_rules(Role::Contact) {
            let is_answered = answered.contains(&rule.id);
            let who = registered
                .iter()
                .find(|it| it.duty == rule.id && it.key == EVERYWHERE && it.kommunkod == kommunkod);
            if let Some(who) = who.filter(|_| !is_answered && !kommunkod.is_empty()) {
                found.push((
                    rule.order,
                    Duty {
                        duty: rule.id.clone(),
                        title: rule.title.clone(),
                        who: who.name.clone(),
                        contact: Some(who.contact.clone()),
                        from: None,
                        distance_m: 0.0,
                        publisher: local.dataset.publisher.clone(),
                        data_date: local.data_date.clone(),
                    },
                ));
            }
        }
        Ok(DutiesAnswer { municipality, duties: in_order(found) })
    }

    fn duty_rules(&self, role: Role) -> impl Iterator<Item = (&LocalDataset, &DutyRule)> {
        let of_role = self.catalog.datasets.iter().filter(move |it| it.dataset.role == role);
        of_role.flat_map(|it| it.dataset.duties.iter().map(move |rule| (it, rule)))
    }

    /// Code and name of the municipality at a place; empty outside all.
    fn municipality_at(
        &self,
        here: &Subject,
        point: Bounds,
        now: Timestamp,
    ) -> Result<(String, String), AppError> {
        for (local, layer) in self.open_layers(now) {
            if local.dataset.role != Role::Municipality {
                continue;
            }
            let mut inside = None;
            self.for_each_shape(layer, point, &mut |row, geometry| {
                if here.relate(&geometry).is_some_and(|it| it.relation == Relation::Inside) {
                    inside.get_or_insert(row);
                }
            })?;
            let stored = inside.map(|row| self.fetch(row)).transpose()?.flatten();
            if let Some(stored) = stored {
                let code = stored.feature.value("kommunkod").to_string();
                return Ok((code, local.dataset.label(&stored.feature)));
            }
        }
        Ok((String::new(), String::new()))
    }

    fn registered(&self, now: Timestamp) -> Result<Vec<Registered>, AppError> {
        let mut registered = vec![];
        for local in &self.catalog.datasets {
            if local.dataset.role != Role::Contact || local.is_locked(now) {
                continue;
            }
            self.store.for_each_feature(&local.dataset.id, &mut |stored| {
                let text = |name: &str| match stored.feature.value(name) {
                    Value::Null => String::new(),
                    other => other.to_string(),
                };
                registered.push(Registered {
                    id: stored.feature.id,
                    duty: text("duty"),
                    key: text("key"),
                    kommunkod: text("kommunkod"),
                    name: text("name"),
                    contact: Contact {
                        id: Some(stored.feature.id),
                        phone: text("phone"),
                        hours: text("hours"),
                        email: text("email"),
                        note: text("note"),
                    },
                });
                true
            })?;
        }
        // The same row answers whatever the order of the file was.
        registered.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        Ok(registered)
    }
}

fn duty_of(
    local: &LocalDataset,
    rule: &DutyRule,
    feature: &Feature,
    distance_m: f64,
    registered: &[Registered],
    kommunkod: &str,
) -> Duty {
    let raw = |name: &str| match feature.value(name) {
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let key = faltkarta_model::fill_template(&rule.key, raw);
    let is_it = |it: &&Registered| it.duty == rule.id && it.key == key;
    // Whoever is registered for the municipality comes before whoever answers anywhere.
    let who = registered
        .iter()
        .filter(is_it)
        .find(|it| it.kommunkod == kommunkod)
        .or_else(|| registered.iter().filter(is_it).find(|it| it.kommunkod.is_empty()))
        .filter(|_| !key.is_empty());
    let in_words = local.dataset.fill(&rule.key, feature);
    Duty {
        duty: rule.id.clone(),
        title: rule.title.clone(),
        who: who.map_or(in_words, |it| it.name.clone()),
        contact: who.map(|it| it.contact.clone()),
        from: Some((local.dataset.id.clone(), feature.id, local.dataset.label(feature))),
        distance_m,
        publisher: local.dataset.publisher.clone(),
        data_date: local.data_date.clone(),
    }
}

/// Nearest first within the order of the duties, each answer once: ten metres of one street are one street.
fn in_order(mut found: Vec<(i32, Duty)>) -> Vec<Duty> {
    found.sort_by(|a, b| {
        (a.0.cmp(&b.0)).then(a.1.distance_m.total_cmp(&b.1.distance_m)).then_with(|| {
            let id = |it: &Duty| it.from.as_ref().map(|it| it.1);
            id(&a.1).cmp(&id(&b.1))
        })
    });
    let mut told: BTreeSet<(String, String)> = BTreeSet::new();
    found
        .into_iter()
        .map(|it| it.1)
        .filter(|it| told.insert((it.duty.clone(), it.who.clone())))
        .collect()
}
