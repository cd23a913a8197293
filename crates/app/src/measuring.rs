//! Measures of places that somebody points at: made on the store's grid, held to the features that lie there, and no
//! surer than what they rest on.

use std::collections::BTreeSet;

use faltkarta_geo::{
    Bounds, EastNorthM, Geometry, Grid, Position, area_on_grid_m2, crosses_itself,
    distance_on_grid_m,
};
use faltkarta_model::{DatasetId, FeatureId, Role, Timestamp};
use faltkarta_spatial::{FeatureRow, Snap, SnapKind, nearest_on_outline, snap};
use geo_types::{LineString, Polygon};

use crate::catalog::LocalDataset;
use crate::error::AppError;
use crate::field::Field;

/// Most places of one measure: whether a boundary crosses itself is asked of every pair of its edges.
pub const MEASURE_POINTS_MAX: usize = 1_000;
/// The widest reach of a snap in metres, and the least sure place that is taken.
const SNAP_M_MAX: f64 = 500.0;
/// How far away a boundary is looked for, in metres, in steps.
const BOUNDARY_REACHES_M: [f64; 3] = [50.0, 300.0, 2_000.0];

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeasureKind {
    /// The length of the way from place to place.
    Length,
    /// The area that the places go around.
    Area,
    /// The distance from the last place to the nearest boundary of a parcel.
    Boundary,
    /// The height of the last place.
    Height,
}

/// A place as it was pointed at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PointedAt {
    /// Where.
    pub at: Position<Grid>,
    /// Within how many metres it is held to a feature; 0 leaves it where it is.
    pub snap_m: f64,
    /// How sure it is when nothing holds it, in metres.
    pub accuracy_m: f64,
}

/// A place of a measure.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredPlace {
    /// Where, after a snap.
    pub at: Position<Grid>,
    /// What holds it.
    pub held_to: Option<HeldTo>,
    /// How sure it is, in metres.
    pub accuracy_m: f64,
    /// It lies outside the work area: there is nothing here that could hold it.
    pub is_outside: bool,
}

/// A feature that holds a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldTo {
    /// By a corner or along an edge.
    pub kind: SnapKind,
    /// Its dataset.
    pub dataset: DatasetId,
    /// How it is called.
    pub label: String,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub enum Measure {
    /// There are not places enough for a figure yet.
    TooFew,
    /// The boundary crosses itself: what it goes around has no one area.
    Crosses,
    /// A way.
    Length {
        /// All of it in metres.
        length_m: f64,
    },
    /// An area.
    Area {
        /// Square metres.
        area_m2: f64,
        /// Length of its boundary in metres.
        around_m: f64,
    },
    /// The way to a boundary.
    Boundary {
        /// Metres.
        distance_m: f64,
        /// The place on the boundary that is nearest, easting and northing in metres.
        nearest_m: (f64, f64),
        /// Whose boundary it is.
        source: MeasureSource,
    },
    /// A height.
    Height {
        /// Metres in RH 2000.
        height_m: f64,
        /// The heights between which it was reckoned; the same twice on a contour.
        between_m: (f64, f64),
        /// What it was reckoned from.
        source: MeasureSource,
    },
    /// What is held here does not say.
    Nothing(NoMeasure),
}

/// What a measure rests on besides the places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasureSource {
    /// Its dataset.
    pub dataset: DatasetId,
    /// The feature; none for a height.
    pub id: Option<FeatureId>,
    /// How it is called.
    pub label: String,
    /// Who publishes it.
    pub publisher: String,
    /// Date of the data.
    pub data_date: Option<String>,
    /// Age of the data in days.
    pub age_days: Option<u32>,
    /// Older than its limit.
    pub is_old: bool,
    /// Accuracy in words.
    pub accuracy: String,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoMeasure {
    /// No parcel has a boundary within two kilometres.
    NoBoundary,
    /// No heights are held on this laptop.
    NoHeights,
    /// Heights are held, but none lies near enough, or none on both sides.
    HeightsTooFar,
    /// The place lies outside the work area.
    Outside,
}

impl NoMeasure {
    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoBoundary => "no_boundary",
            Self::NoHeights => "no_heights",
            Self::HeightsTooFar => "heights_too_far",
            Self::Outside => "outside",
        }
    }
}

/// A measure with the places that it was made of.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasureAnswer {
    /// The places, in their order.
    pub places: Vec<MeasuredPlace>,
    /// What was measured.
    pub measure: Measure,
    /// Metres from each place to the next.
    pub legs_m: Vec<f64>,
    /// How sure the places are, in metres: the least sure of them and of what they were measured to.
    pub accuracy_m: f64,
}

impl Field {
    /// Measures places in metres on the store's grid. `shown` names the datasets that hold a place; `None` all.
    ///
    /// # Errors
    ///
    /// [`AppError::InvalidInput`] for more than [`MEASURE_POINTS_MAX`] places, a reach or an accuracy that is no number
    /// from 0.
    pub fn measure(
        &self,
        kind: MeasureKind,
        pointed: &[PointedAt],
        shown: Option<&BTreeSet<DatasetId>>,
        now: Timestamp,
    ) -> Result<MeasureAnswer, AppError> {
        if pointed.len() > MEASURE_POINTS_MAX {
            return Err(AppError::invalid("points", "more than 1 000"));
        }
        let places: Vec<MeasuredPlace> =
            pointed.iter().map(|it| self.place(*it, shown, now)).collect::<Result<_, _>>()?;
        let at: Vec<Position<Grid>> = places.iter().map(|it| it.at).collect();
        let legs_m: Vec<f64> =
            at.windows(2).map(|pair| distance_on_grid_m(pair[0], pair[1])).collect();
        let measure = match (kind, places.last()) {
            (_, None) => Measure::TooFew,
            (MeasureKind::Length, _) if at.len() < 2 => Measure::TooFew,
            (MeasureKind::Length, _) => Measure::Length { length_m: legs_m.iter().sum() },
            (MeasureKind::Area, _) => area(&at),
            (_, Some(last)) if last.is_outside => Measure::Nothing(NoMeasure::Outside),
            (MeasureKind::Boundary, Some(last)) => self.to_boundary(last.at, now)?,
            (MeasureKind::Height, Some(last)) => self.height(last.at, now)?,
        };
        let accuracy_m = self.accuracy_m(&places, &measure);
        Ok(MeasureAnswer { places, measure, legs_m, accuracy_m })
    }

    fn place(
        &self,
        pointed: PointedAt,
        shown: Option<&BTreeSet<DatasetId>>,
        now: Timestamp,
    ) -> Result<MeasuredPlace, AppError> {
        let PointedAt { at, snap_m, accuracy_m } = pointed;
        let is_sure = accuracy_m.is_finite() && accuracy_m >= 0.0;
        if !(0.0..=SNAP_M_MAX).contains(&snap_m) || !is_sure {
            return Err(AppError::invalid("points", "a reach or an accuracy out of range"));
        }
        let is_outside = !self.area.holds(Bounds::at(at.e_m(), at.n_m()));
        let free = MeasuredPlace { at, held_to: None, accuracy_m, is_outside };
        if snap_m == 0.0 || is_outside {
            return Ok(free);
        }
        let Some((found, row, local)) = self.snapped(at, snap_m, shown, now)? else {
            return Ok(free);
        };
        let (e_m, n_m) = found.at_m;
        let held = Position::<Grid>::parse(EastNorthM { e_m, n_m }).map_err(AppError::damaged)?;
        let label = self.fetch(row)?.map(|it| local.dataset.label(&it.feature));
        Ok(MeasuredPlace {
            at: held,
            held_to: Some(HeldTo {
                kind: found.kind,
                dataset: local.dataset.id.clone(),
                label: label.unwrap_or_default(),
            }),
            accuracy_m: local.dataset.accuracy_m.unwrap_or(accuracy_m),
            is_outside,
        })
    }

    /// What holds a place: the nearest vertex of all shown features, else the nearest edge.
    fn snapped(
        &self,
        at: Position<Grid>,
        snap_m: f64,
        shown: Option<&BTreeSet<DatasetId>>,
        now: Timestamp,
    ) -> Result<Option<(Snap, FeatureRow, &LocalDataset)>, AppError> {
        let reach = Bounds::at(at.e_m(), at.n_m()).grown(snap_m);
        let mut best: Option<(Snap, FeatureRow, &LocalDataset)> = None;
        for (local, layer) in self.open_layers(now) {
            if shown.is_some_and(|it| !it.contains(&local.dataset.id)) {
                continue;
            }
            self.for_each_shape(layer, reach, &mut |row, shape| {
                if let Some(found) = snap(at, snap_m, &shape)
                    && best.is_none_or(|it| goes_before(found, it.0))
                {
                    best = Some((found, row, local));
                }
            })?;
        }
        Ok(best)
    }

    /// The nearest boundary of a parcel.
    fn to_boundary(&self, at: Position<Grid>, now: Timestamp) -> Result<Measure, AppError> {
        for reach_m in BOUNDARY_REACHES_M {
            let reach = Bounds::at(at.e_m(), at.n_m()).grown(reach_m);
            let mut best: Option<(Snap, FeatureRow, &LocalDataset)> = None;
            for (local, layer) in self.open_layers(now) {
                if local.dataset.role != Role::Parcel {
                    continue;
                }
                self.for_each_shape(layer, reach, &mut |row, shape| {
                    if let Some(found) = nearest_on_outline(at, &shape)
                        && found.distance_m <= reach_m
                        && best.is_none_or(|it| found.distance_m < it.0.distance_m)
                    {
                        best = Some((found, row, local));
                    }
                })?;
            }
            let Some((found, row, local)) = best else { continue };
            let feature = self.fetch(row)?.map(|it| it.feature);
            return Ok(Measure::Boundary {
                distance_m: found.distance_m,
                nearest_m: found.at_m,
                source: MeasureSource {
                    id: feature.as_ref().map(|it| it.id),
                    label: feature.map(|it| local.dataset.label(&it)).unwrap_or_default(),
                    ..source_of(local, now)
                },
            });
        }
        Ok(Measure::Nothing(NoMeasure::NoBoundary))
    }

    fn accuracy_m(&self, places: &[MeasuredPlace], measure: &Measure) -> f64 {
        let declared = |source: &MeasureSource| {
            self.catalog.find(&source.dataset).and_then(|it| it.dataset.accuracy_m).unwrap_or(0.0)
        };
        let of_places = places.iter().map(|it| it.accuracy_m).fold(0.0, f64::max);
        match measure {
            Measure::Boundary { source, .. } => of_places.max(declared(source)),
            // Between two contours the ground may do what it wants.
            Measure::Height { between_m: (low, high), source, .. } => {
                declared(source).max((high - low) / 2.0)
            }
            _ => of_places,
        }
    }
}

/// What a measure rests on, without a feature.
pub(crate) fn source_of(local: &LocalDataset, now: Timestamp) -> MeasureSource {
    MeasureSource {
        dataset: local.dataset.id.clone(),
        id: None,
        label: String::new(),
        publisher: local.dataset.publisher.clone(),
        data_date: local.data_date.clone(),
        age_days: local.age_days(now),
        is_old: local.is_old(now),
        accuracy: local.dataset.accuracy.clone(),
    }
}

fn goes_before(found: Snap, other: Snap) -> bool {
    let rank = |it: Snap| (it.kind == SnapKind::Edge, it.distance_m);
    rank(found) < rank(other)
}

/// The area that places go around.
fn area(at: &[Position<Grid>]) -> Measure {
    let mut ring: LineString<f64> = at.iter().map(|it| (it.e_m(), it.n_m())).collect();
    ring.0.dedup();
    ring.close();
    if ring.0.len() < 4 {
        return Measure::TooFew;
    }
    if crosses_itself(at) {
        return Measure::Crosses;
    }
    let around_m = ring.lines().map(|it| it.dx().hypot(it.dy())).sum();
    let area_m2 = area_on_grid_m2(&Geometry::from_types(&Polygon::new(ring, vec![]).into()));
    Measure::Area { area_m2, around_m }
}
