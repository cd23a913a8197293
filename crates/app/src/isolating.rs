//! "Stäng av här": which valves to close around a place, and who is without water then.

use faltkarta_geo::{Grid, Position};
use faltkarta_model::{FeatureId, NetworkKind, NetworkRule, Role, Timestamp};
use faltkarta_network::{
    Extent, Isolation, NoIsolation, Place, Problem, ProblemKind, Shutoff, Spot, ToClose, Unknown,
    WhyNot,
};

use crate::applies::Asked;
use crate::catalog::LocalDataset;
use crate::customers::{Customers, Hanging};
use crate::error::AppError;
use crate::field::Field;
use crate::nets::{Net, day_of};
use crate::silence::SilentDataset;

/// A point is asked about the pipe within so many metres.
const REACH_M: f64 = 25.0;
/// So far away a pipe is still told of in a refusal, in metres.
const FAR_M: f64 = 5_000.0;

/// What is to be shut off.
#[derive(Debug, Clone, PartialEq)]
pub struct ShutoffAsked {
    /// Where: points, pipes, valves or anything else that stands on a pipe.
    pub places: Vec<Asked>,
    /// Valves that were found not to work.
    pub inoperable: Vec<FeatureId>,
    /// Whether valves of unknown function are counted on.
    pub trusts_unknown: bool,
}

/// A plan for a shut-off.
#[derive(Debug, Clone, PartialEq)]
pub struct ShutoffPlan {
    /// Valves to close, in the order to walk them; those that need not be closed stand last.
    pub valves: Vec<ValveStep>,
    /// Valves around it that are closed already.
    pub already_closed: Vec<Named>,
    /// Valves that it goes past, with why.
    pub passed_over: Vec<(Named, WhyNot)>,
    /// What lies between the valves.
    pub dry: Stretch,
    /// What lies outside and has no way to a source any more.
    pub cut_off: Stretch,
    /// Closed valves that would feed what is cut off from another side, with how many connections.
    pub reopen: Vec<(Named, u32)>,
    /// Addresses, properties and sensitive customers without water.
    pub customers: Customers,
    /// Faults of the data that the plan touches.
    pub warnings: Vec<NetWarning>,
    /// Counts are the least that it can be.
    pub is_at_least: bool,
    /// Datasets that cannot answer, or are old.
    pub silent: Vec<SilentDataset>,
    /// Date of the oldest pipes.
    pub data_date: Option<String>,
}

/// A feature and how it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The feature.
    pub id: FeatureId,
    /// How it is called.
    pub label: String,
}

/// A valve to close.
#[derive(Debug, Clone, PartialEq)]
pub struct ValveStep {
    /// The valve.
    pub valve: Named,
    /// Where it stands: easting and northing in metres on the grid.
    pub at_m: (f64, f64),
    /// Straight distance from what is shut off, in metres.
    pub distance_m: f64,
    /// Whether water could come through it.
    pub is_needed: bool,
    /// What to know when closing it: "stänger Höger, 14 varv".
    pub how: String,
    /// Day of its last exercise.
    pub exercised: Option<String>,
}

/// A part of the network.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stretch {
    /// Its pipes with the metres that lie in it.
    pub pipes: Vec<(FeatureId, f64)>,
    /// Metres of mains.
    pub mains_m: f64,
    /// Metres of service pipes.
    pub services_m: f64,
    /// Cubic metres in pipes of known diameter.
    pub volume_m3: f64,
    /// Metres of pipe of unknown diameter.
    pub bore_unknown_m: f64,
    /// Hydrants on it.
    pub hydrants: Vec<Named>,
    /// Sources on it.
    pub sources: Vec<Named>,
    /// How many connections hang on it.
    pub n_connections: u32,
}

/// A fault of the data, with its features.
#[derive(Debug, Clone, PartialEq)]
pub struct NetWarning {
    /// What it is.
    pub kind: ProblemKind,
    /// Where: easting and northing in metres on the grid.
    pub at_m: Option<(f64, f64)>,
    /// The pipe that it is about.
    pub pipe: Option<Named>,
    /// The valve or other fitting that it is about.
    pub fitting: Option<Named>,
}

impl Field {
    /// Plans a shut-off on the network with valves, by what is stored here and the edits that wait to be sent.
    ///
    /// # Errors
    ///
    /// [`AppError::NoPipeNear`] and [`AppError::NotOnNetwork`] for a place that is not on it;
    /// [`AppError::NetworkSilent`] when the pipes are not here or their lease has ended.
    pub fn isolate(&self, asked: &ShutoffAsked, now: Timestamp) -> Result<ShutoffPlan, AppError> {
        let name = self.valved_net()?;
        let net = self.net(&name, now)?;
        let mut shutoff = Shutoff {
            unknown: if asked.trusts_unknown { Unknown::Works } else { Unknown::Absent },
            ..Shutoff::default()
        };
        for place in &asked.places {
            shutoff.places.extend(self.places_on(&net, *place, now)?);
        }
        for id in &asked.inoperable {
            let handles = net.fitting_handles(*id);
            if handles.is_empty() {
                return Err(AppError::NotOnNetwork { id: *id });
            }
            shutoff.inoperable.extend_from_slice(handles);
        }
        let found = net.network.isolate(&shutoff).map_err(|it| not_on(&net, it))?;
        self.plan(&name, &net, &found, now)
    }

    /// The network that has valves.
    pub(crate) fn valved_net(&self) -> Result<String, AppError> {
        let valved = self.nets_with(|it| it.kind == NetworkKind::Valve);
        let missing = || AppError::NetworkNotFound { network: "water".to_owned() };
        valved.into_iter().next().ok_or_else(missing)
    }

    /// Where something lies in a network; what is not on it is refused.
    pub(crate) fn places_on(
        &self,
        net: &Net,
        asked: Asked,
        now: Timestamp,
    ) -> Result<Vec<Place>, AppError> {
        match asked {
            Asked::Point(at) => Ok(vec![place_near(net, at)?]),
            Asked::Feature(id) => {
                self.feature(id, now)?;
                let places = net.places(id);
                if places.is_empty() {
                    return Err(AppError::NotOnNetwork { id });
                }
                Ok(places)
            }
        }
    }

    fn plan(
        &self,
        name: &str,
        net: &Net,
        found: &Isolation,
        now: Timestamp,
    ) -> Result<ShutoffPlan, AppError> {
        let fitting = |handle: u32| self.named(net.fitting_id(handle));
        let mut valves = vec![];
        for it in &found.valves {
            valves.push(self.valve_step(name, net, it)?);
        }
        let named =
            |handles: &[u32]| handles.iter().map(|it| fitting(*it)).collect::<Result<Vec<_>, _>>();
        let passed = found.passed_over.iter().map(|it| Ok((fitting(it.valve)?, it.why)));
        let reopen = found.reopen.iter().map(|it| Ok((fitting(it.valve)?, it.n_connections)));
        let hanging = |extent: &Extent, is_cut_off: bool| {
            let ids: Vec<FeatureId> =
                extent.connections.iter().map(|it| net.fitting_id(*it)).collect();
            Hanging { connections: ids, is_cut_off }
        };
        let hanging = [hanging(&found.dry, false), hanging(&found.cut_off, true)];
        let is_wanted = |it: &LocalDataset| {
            it.dataset.role == Role::Address || !it.dataset.sensitive.is_empty()
        };
        Ok(ShutoffPlan {
            valves,
            already_closed: named(&found.already_closed)?,
            passed_over: passed.collect::<Result<_, AppError>>()?,
            dry: self.stretch(net, &found.dry)?,
            cut_off: self.stretch(net, &found.cut_off)?,
            reopen: reopen.collect::<Result<_, AppError>>()?,
            customers: self.customers(name, &hanging, now)?,
            warnings: self.net_warnings(net, &found.warnings)?,
            is_at_least: found.is_at_least,
            silent: self.silent_of(name, is_wanted, now),
            data_date: self.net_date(name),
        })
    }

    fn valve_step(&self, name: &str, net: &Net, step: &ToClose) -> Result<ValveStep, AppError> {
        let id = net.fitting_id(step.valve);
        let stored = self.store.feature(id)?;
        let (mut how, mut exercised) = (String::new(), None);
        if let Some(stored) = &stored
            && let Some(rule) = self.rule_of(name, &stored.feature)
            && let Some(local) = self.catalog.find(&stored.feature.dataset)
        {
            how = local.dataset.fill(&rule.how, &stored.feature);
            let day = NetworkRule::value(rule.exercised.as_ref(), &stored.feature);
            exercised = day_of(day);
        }
        let label = stored.map(|it| self.catalog.label(&it.feature)).unwrap_or_default();
        Ok(ValveStep {
            valve: Named { id, label },
            at_m: metres(step.at),
            distance_m: step.distance_m,
            is_needed: step.is_needed,
            how,
            exercised,
        })
    }

    /// A feature with how it is called; the id where it is gone.
    pub(crate) fn named(&self, id: FeatureId) -> Result<Named, AppError> {
        let stored = self.store.feature(id)?;
        let label = stored.map_or_else(|| id.to_string(), |it| self.catalog.label(&it.feature));
        Ok(Named { id, label })
    }

    pub(crate) fn stretch(&self, net: &Net, extent: &Extent) -> Result<Stretch, AppError> {
        let named = |handles: &[u32]| -> Result<Vec<Named>, AppError> {
            handles.iter().map(|it| self.named(net.fitting_id(*it))).collect()
        };
        Ok(Stretch {
            pipes: extent.pipes.iter().map(|it| (net.pipe_id(it.pipe), it.length_m)).collect(),
            mains_m: extent.mains_m,
            services_m: extent.services_m,
            volume_m3: extent.volume_m3,
            bore_unknown_m: extent.bore_unknown_m,
            hydrants: named(&extent.hydrants)?,
            sources: named(&extent.sources)?,
            n_connections: extent.connections.len() as u32,
        })
    }

    pub(crate) fn net_warnings(
        &self,
        net: &Net,
        problems: &[Problem],
    ) -> Result<Vec<NetWarning>, AppError> {
        let warning = |it: &Problem| {
            Ok(NetWarning {
                kind: it.kind,
                at_m: it.at.map(metres),
                pipe: it.pipe.map(|it| self.named(net.pipe_id(it))).transpose()?,
                fitting: it.fitting.map(|it| self.named(net.fitting_id(it))).transpose()?,
            })
        };
        problems.iter().map(warning).collect()
    }

    /// The date of the oldest pipes of a network.
    pub(crate) fn net_date(&self, name: &str) -> Option<String> {
        let of_net = self.catalog.datasets.iter().filter(|it| {
            it.dataset.networks.iter().any(|it| it.net == name && it.kind == NetworkKind::Main)
        });
        of_net.filter_map(|it| it.data_date.clone()).min()
    }
}

fn place_near(net: &Net, at: Position<Grid>) -> Result<Place, AppError> {
    let at = Spot::from(at);
    if let Some((pipe, _)) = net.network.nearest_pipe(at, REACH_M) {
        return Ok(Place::On { pipe, at });
    }
    let distance_m = net.network.nearest_pipe(at, FAR_M).map(|it| it.1);
    Err(AppError::NoPipeNear { reach_m: REACH_M, distance_m })
}

pub(crate) fn not_on(net: &Net, why: NoIsolation) -> AppError {
    AppError::NotOnNetwork {
        id: match why {
            NoIsolation::NoPipe { pipe } => net.pipe_id(pipe),
            NoIsolation::NoFitting { fitting } => net.fitting_id(fitting),
        },
    }
}

pub(crate) fn metres(at: Spot) -> (f64, f64) {
    (at.e_m(), at.n_m())
}
