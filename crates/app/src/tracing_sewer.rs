//! Where sewage comes from and goes to: what drains here, and the way of a spill.

use faltkarta_model::{FeatureId, PipeFlow, Timestamp};
use faltkarta_network::{Direction, Spot};

use crate::applies::Asked;
use crate::customers::{Customers, Hanging};
use crate::error::AppError;
use crate::field::Field;
use crate::isolating::{Named, NetWarning, Stretch, metres, not_on};
use crate::silence::SilentDataset;

/// The answer to a trace.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceAnswer {
    /// Which network: `sewer`, `storm`.
    pub network: String,
    /// Pipes with the metres along the pipes to where each is met, and the metres of it on the way; nearest first.
    pub pipes: Vec<(FeatureId, f64, f64)>,
    /// Manholes, pumps and what else is not a connection, with the metres along the pipes; nearest first.
    pub fittings: Vec<(Named, f64)>,
    /// All in all.
    pub extent: Stretch,
    /// Who drains here; empty downstream.
    pub customers: Customers,
    /// Where it ends: easting and northing in metres.
    pub ends_m: Vec<(f64, f64)>,
    /// Faults of the data on the way.
    pub warnings: Vec<NetWarning>,
    /// Datasets that cannot answer, or are old.
    pub silent: Vec<SilentDataset>,
    /// Date of the oldest pipes.
    pub data_date: Option<String>,
}

impl Field {
    /// Follows the flow from a place, or against it, in the network of sewers or drains that it lies on.
    ///
    /// # Errors
    ///
    /// As [`Field::isolate`].
    pub fn trace(
        &self,
        asked: Asked,
        direction: Direction,
        now: Timestamp,
    ) -> Result<TraceAnswer, AppError> {
        let name = self.net_under(asked, now)?;
        let net = self.net(&name, now)?;
        let place = self.places_on(&net, asked, now)?.into_iter().next();
        let place = place.ok_or_else(|| AppError::NetworkNotFound { network: name.clone() })?;
        let found = net.network.trace(place, direction).map_err(|it| not_on(&net, it))?;
        let mut fittings = vec![];
        for (handle, way_m) in &found.fittings {
            if !found.extent.connections.contains(handle) {
                fittings.push((self.named(net.fitting_id(*handle))?, *way_m));
            }
        }
        let customers = match direction {
            Direction::Upstream => {
                let connections = &found.extent.connections;
                let connections = connections.iter().map(|it| net.fitting_id(*it)).collect();
                self.customers(&name, &[Hanging { connections, is_cut_off: false }], now)?
            }
            Direction::Downstream => Customers::default(),
        };
        Ok(TraceAnswer {
            pipes: found
                .pipes
                .iter()
                .map(|it| (net.pipe_id(it.pipe), it.distance_m, it.length_m))
                .collect(),
            fittings,
            extent: self.stretch(&net, &found.extent)?,
            customers,
            ends_m: found.ends.iter().map(|it| metres(*it)).collect(),
            warnings: self.net_warnings(&net, &found.warnings)?,
            silent: self.silent_of(&name, |_| false, now),
            data_date: self.net_date(&name),
            network: name,
        })
    }

    /// The network with falling pipes that a place lies on: of a point the one with the nearest pipe.
    fn net_under(&self, asked: Asked, now: Timestamp) -> Result<String, AppError> {
        let falling = self.nets_with(|it| it.flow == PipeFlow::Gravity);
        let mut refusal = AppError::NetworkNotFound { network: "sewer".to_owned() };
        let mut nearest: Option<(f64, String)> = None;
        for name in falling {
            let net = match self.net(&name, now) {
                Ok(net) => net,
                Err(error @ AppError::NetworkSilent { .. }) => {
                    refusal = error;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let distance_m = match asked {
                Asked::Feature(id) => (!net.places(id).is_empty()).then_some(0.0),
                Asked::Point(at) => {
                    net.network.nearest_pipe(Spot::from(at), f64::from(u16::MAX)).map(|it| it.1)
                }
            };
            let Some(distance_m) = distance_m else { continue };
            if nearest.as_ref().is_none_or(|it| distance_m < it.0) {
                nearest = Some((distance_m, name.clone()));
            }
        }
        match (nearest, asked) {
            (Some((_, name)), _) => Ok(name),
            (None, Asked::Feature(id)) if !matches!(refusal, AppError::NetworkSilent { .. }) => {
                self.feature(id, now)?;
                Err(AppError::NotOnNetwork { id })
            }
            (None, _) => Err(refusal),
        }
    }
}
