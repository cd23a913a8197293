//! The networks of pipes on this laptop: put together from what datasets declare, and kept up with edits.

use std::cell::Ref;
use std::collections::{BTreeSet, HashMap};

use faltkarta_geo::{EastNorthM, Geometry};
use faltkarta_model::{
    DatasetId, Feature, FeatureId, NetworkKind, NetworkRule, PipeFlow, Timestamp, Value,
};
use faltkarta_network::{
    Change, Fitting, FittingKind, Flow, Function, Network, Pipe, PipeKind, Place, Reach, Spot,
    Valve,
};
use faltkarta_store::RowChange;

use crate::applies::NoAnswer;
use crate::catalog::LocalDataset;
use crate::error::AppError;
use crate::field::Field;
use crate::silence::{SilentDataset, silence_of};

/// So many edits at once, and a network is put together anew when it is next asked.
const N_APPLIED: usize = 500;

/// One network, with the features behind its handles.
#[derive(Debug)]
pub(crate) struct Net {
    pub(crate) network: Network,
    pipes: Handles,
    fittings: Handles,
    /// Pipes by the name that fittings know them by.
    by_name: HashMap<String, u32>,
    /// Datasets that were locked when it was put together.
    locked: Vec<DatasetId>,
}

/// Features by handle. A feature of several lines has several.
#[derive(Debug, Default)]
struct Handles {
    ids: Vec<FeatureId>,
    of: HashMap<FeatureId, Vec<u32>>,
}

impl Handles {
    fn next(&mut self, id: FeatureId) -> u32 {
        let handle = self.ids.len() as u32;
        self.ids.push(id);
        self.of.entry(id).or_default().push(handle);
        handle
    }
}

/// What a network is made of.
#[derive(Default)]
struct Parts {
    pipes: Vec<Pipe>,
    fittings: Vec<(Fitting, String)>,
}

impl Net {
    pub(crate) fn pipe_id(&self, handle: u32) -> FeatureId {
        self.pipes.ids[handle as usize]
    }

    pub(crate) fn fitting_id(&self, handle: u32) -> FeatureId {
        self.fittings.ids[handle as usize]
    }

    pub(crate) fn fitting_handles(&self, id: FeatureId) -> &[u32] {
        self.fittings.of.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Where a feature lies in the network; empty when it is not in it.
    pub(crate) fn places(&self, id: FeatureId) -> Vec<Place> {
        let pipes = self.pipes.of.get(&id).into_iter().flatten().map(|it| Place::Pipe(*it));
        pipes.chain(self.fitting_handles(id).iter().map(|it| Place::Fitting(*it))).collect()
    }

    fn read(&mut self, rule: &NetworkRule, feature: &Feature, parts: &mut Parts) {
        if !rule.takes(feature) {
            return;
        }
        let Some(geometry) = &feature.geometry else { return };
        let name = NetworkRule::value(rule.pipe_name.as_ref(), feature).as_text().unwrap_or("");
        let is_in_use = !NetworkRule::says(&rule.out_of_use, feature);
        let kind = match rule.kind {
            NetworkKind::Main => PipeKind::Main,
            NetworkKind::Service => PipeKind::Service,
            _ => {
                if let (true, Some(at)) = (is_in_use, spot_of(geometry)) {
                    let handle = self.fittings.next(feature.id);
                    let kind = fitting_kind(rule, feature);
                    parts
                        .fittings
                        .push((Fitting { handle, at, kind, pipe: None }, name.to_owned()));
                }
                return;
            }
        };
        let flow = match rule.flow {
            PipeFlow::Both => Flow::Both,
            PipeFlow::AsDrawn => Flow::AsDrawn,
            PipeFlow::Gravity => Flow::Gravity,
        };
        let bore = NetworkRule::value(rule.bore_mm.as_ref(), feature).as_f64();
        let bore_mm = bore.filter(|it| (1.0..=10_000.0).contains(it)).map(|it| it.round() as u16);
        let levels_mm = [0, 1].map(|side| {
            let field = rule.levels.as_ref().map(|it| &it[side]);
            let level_m = NetworkRule::value(field, feature).as_f64();
            level_m.filter(|it| it.abs() < 10_000.0).map(|it| (it * 1_000.0).round() as i32)
        });
        geometry.for_each_path(|points, _| {
            let path: Vec<Spot> = points.iter().filter_map(|it| spot(*it)).collect();
            let handle = self.pipes.next(feature.id);
            if !name.is_empty() {
                self.by_name.insert(name.to_owned(), handle);
            }
            parts.pipes.push(Pipe { handle, path, kind, is_in_use, flow, bore_mm, levels_mm });
        });
    }

    /// Fittings with the pipes that they are registered on.
    fn named(&self, fittings: Vec<(Fitting, String)>) -> impl Iterator<Item = Fitting> {
        fittings
            .into_iter()
            .map(|(fitting, name)| Fitting { pipe: self.by_name.get(&name).copied(), ..fitting })
    }

    fn take(&mut self, rules: &[&NetworkRule], changes: &[&RowChange]) {
        let mut edits: Vec<Change> = vec![];
        let mut parts = Parts::default();
        for change in changes {
            let pipes = self.pipes.of.remove(&change.id).unwrap_or_default();
            edits.extend(pipes.into_iter().map(Change::RemovePipe));
            let fittings = self.fittings.of.remove(&change.id).unwrap_or_default();
            edits.extend(fittings.into_iter().map(Change::RemoveFitting));
            let Some(feature) = &change.now else { continue };
            for rule in rules {
                self.read(rule, feature, &mut parts);
            }
        }
        edits.extend(parts.pipes.into_iter().map(Change::PutPipe));
        edits.extend(self.named(parts.fittings).map(Change::PutFitting));
        if !edits.is_empty() {
            self.network.apply(edits);
        }
    }
}

fn spot((e_m, n_m): (f64, f64)) -> Option<Spot> {
    Spot::parse(EastNorthM { e_m, n_m })
}

fn spot_of(geometry: &Geometry) -> Option<Spot> {
    geometry.bounds().and_then(|it| spot(it.middle()))
}

fn fitting_kind(rule: &NetworkRule, feature: &Feature) -> FittingKind {
    match rule.kind {
        NetworkKind::Valve => FittingKind::Valve(Valve {
            is_closed: NetworkRule::says(&rule.closed, feature),
            is_normally_closed: NetworkRule::says(&rule.normally_closed, feature),
            function: if NetworkRule::says(&rule.stuck, feature) {
                Function::Stuck
            } else if NetworkRule::says(&rule.works, feature) {
                Function::Works
            } else {
                Function::Unknown
            },
        }),
        NetworkKind::Hydrant => FittingKind::Hydrant,
        NetworkKind::Source => FittingKind::Source,
        NetworkKind::Pump => FittingKind::Pump,
        NetworkKind::Connection => FittingKind::Connection,
        NetworkKind::Meter => FittingKind::Meter,
        NetworkKind::Manhole | NetworkKind::Main | NetworkKind::Service => FittingKind::Manhole,
    }
}

impl Field {
    /// The names of the networks that have a kind of rule, in alphabetical order.
    pub(crate) fn nets_with(&self, is: impl Fn(&NetworkRule) -> bool) -> Vec<String> {
        let rules = self.catalog.datasets.iter().flat_map(|it| &it.dataset.networks);
        let names: BTreeSet<&str> = rules.filter(|it| is(it)).map(|it| it.net.as_str()).collect();
        names.into_iter().map(str::to_owned).collect()
    }

    /// A network, put together when it was not yet.
    pub(crate) fn net(&self, name: &str, now: Timestamp) -> Result<Ref<'_, Net>, AppError> {
        let is_locked =
            |it: &&LocalDataset| it.is_locked(now) && rules_of(it, name).next().is_some();
        let locked: Vec<DatasetId> = self
            .catalog
            .datasets
            .iter()
            .filter(is_locked)
            .map(|it| it.dataset.id.clone())
            .collect();
        let is_kept = self.nets.borrow().get(name).is_some_and(|it| it.locked == locked);
        if !is_kept {
            self.refuse_without_pipes(name, now)?;
            let net = self.put_together(name, locked)?;
            self.nets.borrow_mut().insert(name.to_owned(), net);
        }
        Ok(Ref::map(self.nets.borrow(), |it| it.get(name).expect("it was put there just now")))
    }

    /// Refuses when no dataset with mains may answer: there is no network then, and no honest answer.
    fn refuse_without_pipes(&self, name: &str, now: Timestamp) -> Result<(), AppError> {
        let mut refusal = None;
        for local in &self.catalog.datasets {
            if !rules_of(local, name).any(|it| it.kind == NetworkKind::Main) {
                continue;
            }
            match silence_of(local, now).filter(|it| *it != NoAnswer::Old) {
                None => return Ok(()),
                Some(reason) => {
                    refusal.get_or_insert((local.dataset.id.clone(), reason));
                }
            }
        }
        let (dataset, reason) =
            refusal.ok_or_else(|| AppError::NetworkNotFound { network: name.to_owned() })?;
        Err(AppError::NetworkSilent { dataset, reason: reason.as_str() })
    }

    fn put_together(&self, name: &str, locked: Vec<DatasetId>) -> Result<Net, AppError> {
        let mut net = Net {
            network: Network::build([], [], Reach::default()),
            pipes: Handles::default(),
            fittings: Handles::default(),
            by_name: HashMap::new(),
            locked,
        };
        let mut parts = Parts::default();
        let mut reach = Reach { tolerance_m: 0.0, gap_m: 0.0 };
        for local in &self.catalog.datasets {
            let rules: Vec<&NetworkRule> = rules_of(local, name).collect();
            for rule in &rules {
                reach.tolerance_m = reach.tolerance_m.max(rule.tolerance_m);
                reach.gap_m = reach.gap_m.max(rule.gap_m);
            }
            if rules.is_empty() || net.locked.contains(&local.dataset.id) {
                continue;
            }
            self.store.for_each_feature(&local.dataset.id, &mut |stored| {
                for rule in &rules {
                    net.read(rule, &stored.feature, &mut parts);
                }
                true
            })?;
        }
        let fittings: Vec<Fitting> = net.named(parts.fittings).collect();
        net.network = Network::build(parts.pipes, fittings, reach);
        Ok(net)
    }

    /// Brings the networks in memory up to what the store says of some rows.
    pub(crate) fn take_into_nets(&mut self, changes: &[RowChange]) {
        if changes.len() > N_APPLIED {
            self.nets.get_mut().clear();
            return;
        }
        let datasets = &self.catalog.datasets;
        for (name, net) in self.nets.get_mut() {
            for local in datasets {
                if net.locked.contains(&local.dataset.id) {
                    continue;
                }
                let rules: Vec<&NetworkRule> = rules_of(local, name).collect();
                let own: Vec<&RowChange> =
                    changes.iter().filter(|it| it.dataset == local.dataset.id).collect();
                if !rules.is_empty() && !own.is_empty() {
                    net.take(&rules, &own);
                }
            }
        }
    }

    /// The datasets of a network, and others that are wanted beside it, that cannot answer or are old.
    pub(crate) fn silent_of(
        &self,
        name: &str,
        is_wanted: impl Fn(&LocalDataset) -> bool,
        now: Timestamp,
    ) -> Vec<SilentDataset> {
        let of_net = |it: &&LocalDataset| rules_of(it, name).next().is_some() || is_wanted(it);
        let silent = |it: &LocalDataset| Some(SilentDataset::of(it, silence_of(it, now)?, now));
        self.catalog.datasets.iter().filter(of_net).filter_map(silent).collect()
    }

    /// The rule by which a feature is in a network.
    pub(crate) fn rule_of(&self, name: &str, feature: &Feature) -> Option<&NetworkRule> {
        rules_of(self.catalog.find(&feature.dataset)?, name).find(|it| it.takes(feature))
    }
}

fn rules_of<'a>(local: &'a LocalDataset, name: &str) -> impl Iterator<Item = &'a NetworkRule> {
    local.dataset.networks.iter().filter(move |it| it.net == name)
}

/// A day as text, when a field holds one.
pub(crate) fn day_of(value: &Value) -> Option<String> {
    value.as_text().filter(|it| !it.is_empty()).map(str::to_owned)
}
