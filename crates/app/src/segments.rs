//! The parts of the water network between valves, and which valves to exercise first.

use faltkarta_model::{FeatureId, NetworkRule, Timestamp};
use faltkarta_network::Unknown;

use crate::error::AppError;
use crate::field::Field;
use crate::nets::day_of;

/// A part of the network that valves divide from the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetSegment {
    /// Its pipes.
    pub pipes: Vec<FeatureId>,
    /// The valves around it.
    pub valves: Vec<FeatureId>,
    /// Its connections.
    pub connections: Vec<FeatureId>,
}

/// A valve to exercise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValveDue {
    /// The valve.
    pub id: FeatureId,
    /// How it is called.
    pub label: String,
    /// Day of the last exercise; `None` when there is none.
    pub exercised: Option<String>,
    /// Days since then.
    pub days: Option<u32>,
    /// Connections without water, when a burst beside it has to be shut off and it cannot be closed.
    pub connections_lost: u32,
    /// Of those, how many lose it only because of this valve.
    pub connections_more: u32,
}

/// What comes first on a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoundBy {
    /// Valves that were never exercised, then those exercised longest ago.
    Days,
    /// Valves on which most connections depend.
    Critical,
}

impl Field {
    /// Every part of the water network that holds a pipe. A pipe with a valve on its middle lies in two.
    ///
    /// # Errors
    ///
    /// As [`Field::isolate`].
    pub fn segments(&self, now: Timestamp) -> Result<Vec<NetSegment>, AppError> {
        let net = self.net(&self.valved_net()?, now)?;
        let segments = net.network.segments(&[], Unknown::Absent).into_iter();
        let fittings =
            |handles: Vec<u32>| handles.into_iter().map(|it| net.fitting_id(it)).collect();
        Ok(segments
            .filter(|it| !it.pipes.is_empty())
            .map(|it| {
                let mut pipes: Vec<FeatureId> =
                    it.pipes.into_iter().map(|it| net.pipe_id(it)).collect();
                // A feature of several lines is one pipe to everybody else.
                pipes.sort_unstable();
                pipes.dedup();
                NetSegment {
                    pipes,
                    valves: fittings(it.valves),
                    connections: fittings(it.connections),
                }
            })
            .collect())
    }

    /// The valves of the water network in the order to exercise them.
    ///
    /// # Errors
    ///
    /// As [`Field::isolate`].
    pub fn valve_round(&self, by: RoundBy, now: Timestamp) -> Result<Vec<ValveDue>, AppError> {
        let name = self.valved_net()?;
        let net = self.net(&name, now)?;
        let mut due = vec![];
        for it in net.network.criticality(Unknown::Absent) {
            let Some(stored) = self.store.feature(net.fitting_id(it.valve))? else { continue };
            let feature = stored.feature;
            let rule = self.rule_of(&name, &feature);
            let field = rule.and_then(|it| it.exercised.as_ref());
            let exercised = day_of(NetworkRule::value(field, &feature));
            due.push(ValveDue {
                id: feature.id,
                label: self.catalog.label(&feature),
                days: exercised.as_deref().and_then(|it| days_since(it, now)),
                exercised,
                connections_lost: it.connections_lost,
                connections_more: it.connections_more,
            });
        }
        if by == RoundBy::Days {
            // The order of what depends on them stays among those of one day.
            due.sort_by_key(|it| std::cmp::Reverse(it.days.unwrap_or(u32::MAX)));
        }
        Ok(due)
    }
}

fn days_since(day: &str, now: Timestamp) -> Option<u32> {
    let since = Timestamp::parse(&format!("{}T00:00:00Z", day.get(..10)?)).ok()?;
    u32::try_from((now.unix_ms() - since.unix_ms()) / 86_400_000).ok()
}
