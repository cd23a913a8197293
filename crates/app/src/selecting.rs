//! What lies inside a polygon or along a corridor: whole features, each with how it lies, its source and its date.

use std::collections::BTreeSet;

use faltkarta_geo::{
    EastNorthM, Geometry, GeometryKind, Grid, Position, crosses_itself, length_on_grid_m,
};
use faltkarta_model::{ChosenFilter, DatasetId, Feature, Timestamp, Title};
use faltkarta_spatial::{FeatureRow, LayerIndex, Related, Relation, Subject, around};
use geo_types::Geometry as Types;

use crate::applies::NoAnswer;
use crate::catalog::LocalDataset;
use crate::error::AppError;
use crate::field::Field;
use crate::silence::{SilentDataset, silence_of};

/// Most vertices of a figure.
pub const FIGURE_VERTICES_MAX: usize = 10_000;
/// The longest corridor in metres.
pub const CORRIDOR_LENGTH_M_MAX: f64 = 50_000.0;
/// The widest reach around a figure in metres.
pub const REACH_M_MAX: f64 = 2_000.0;
/// Most features whose shapes are looked at.
const N_CANDIDATES_MAX: usize = 60_000;
/// Less than this of a feature inside is where two drawings of one boundary differ.
const RIM_M: f64 = 0.01;

/// What to select by.
#[derive(Debug, Clone, PartialEq)]
pub enum Figure {
    /// An area, and what lies outside it but no farther than some metres; 0 for the area alone.
    Polygon {
        /// One or several polygons on the grid.
        area: Geometry,
        /// Metres outside it.
        within_m: f64,
    },
    /// All that lies within some metres of a line or a point.
    Corridor {
        /// The line on the grid.
        line: Geometry,
        /// Metres on each side.
        reach_m: f64,
    },
}

/// What to select from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SelectFrom {
    /// These datasets; all when empty.
    pub datasets: BTreeSet<DatasetId>,
    /// Filters that are put on; rows that one of their dataset does not take are left out.
    pub filters: Vec<(DatasetId, ChosenFilter)>,
}

/// What was selected.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// The area that was selected by: the polygon with its margin, or the corridor.
    pub area: Geometry,
    /// The features, by dataset in the order of the layer list from the top, and there by how they lie and how far.
    pub rows: Vec<SelectedRow>,
    /// Datasets that were asked and have no answer here, or an old one.
    pub missing_or_old: Vec<SilentDataset>,
}

/// One selected feature.
#[derive(Debug, Clone, PartialEq)]
pub struct SelectedRow {
    /// The feature, whole.
    pub feature: Feature,
    /// How it is called.
    pub label: String,
    /// What it is: "Ventil".
    pub kind: Title,
    /// `Inside`: all of it lies in the polygon or the corridor. `Partly`: a part of it does. `Within`: none of it lies in
    /// the polygon, but it is near enough.
    pub relation: Relation,
    /// Share of its area or length that lies in the area, when it is partly there.
    pub share: Option<f64>,
    /// Metres from the polygon, 0 inside; of a corridor metres from its middle line.
    pub distance_m: f64,
    /// Who publishes it.
    pub publisher: String,
    /// Date of the data.
    pub data_date: Option<String>,
    /// Older than its limit.
    pub is_old: bool,
}

/// A figure made ready: what is near, and what is in.
struct Prepared {
    /// Distances are from this.
    core: Subject,
    /// Shares are of this.
    zone: Geometry,
    /// All of the area.
    area: Geometry,
    reach_m: f64,
    is_corridor: bool,
}

impl Field {
    /// The features that lie in a polygon or a corridor, wholly or partly, or near enough.
    ///
    /// # Errors
    ///
    /// [`AppError::SelectionTooLarge`] for a figure of more vertices, a longer or a wider one than the limits of this
    /// module, or one with more features around it than can be looked at; [`AppError::InvalidInput`] for a polygon that
    /// crosses itself or a figure without places; [`AppError::DatasetNotFound`].
    pub fn select(
        &self,
        figure: &Figure,
        from: &SelectFrom,
        now: Timestamp,
    ) -> Result<Selection, AppError> {
        let prepared = prepare(figure)?;
        for wanted in &from.datasets {
            self.catalog.dataset(wanted)?;
        }
        let is_wanted =
            |it: &LocalDataset| from.datasets.is_empty() || from.datasets.contains(&it.dataset.id);
        let reach = prepared.core.bounds().grown(prepared.reach_m);
        let mut n_candidates = 0;
        let mut layers: Vec<(&LocalDataset, &LayerIndex)> =
            self.open_layers(now).filter(|it| is_wanted(it.0)).collect();
        for (_, layer) in &layers {
            layer.search(reach, &mut |_| n_candidates += 1);
        }
        if n_candidates > N_CANDIDATES_MAX {
            return Err(AppError::SelectionTooLarge { what: "features" });
        }
        layers.sort_by_key(|it| -it.0.dataset.map.order);
        let mut rows = vec![];
        for layer in layers {
            rows.extend(self.selected(&prepared, layer, from, now)?);
        }
        let missing_or_old = self.silent(&prepared, &is_wanted, now)?;
        Ok(Selection { area: prepared.area, rows, missing_or_old })
    }

    fn selected(
        &self,
        prepared: &Prepared,
        (local, layer): (&LocalDataset, &LayerIndex),
        from: &SelectFrom,
        now: Timestamp,
    ) -> Result<Vec<SelectedRow>, AppError> {
        let reach = prepared.core.bounds().grown(prepared.reach_m);
        let mut found: Vec<(FeatureRow, Related)> = vec![];
        self.for_each_shape(layer, reach, &mut |row, shape| {
            found.extend(prepared.relate(&shape).map(|it| (row, it)));
        })?;
        let filters: Vec<&ChosenFilter> =
            from.filters.iter().filter(|it| it.0 == local.dataset.id).map(|it| &it.1).collect();
        let mut rows = vec![];
        for (row, related) in found {
            let Some(stored) = self.fetch(row)? else { continue };
            let feature = stored.feature;
            if filters.iter().all(|it| it.takes(&feature)) {
                rows.push(SelectedRow {
                    label: local.dataset.label(&feature),
                    kind: local.dataset.singular.clone(),
                    relation: related.relation,
                    share: related.share,
                    distance_m: related.distance_m,
                    publisher: local.dataset.publisher.clone(),
                    data_date: local.data_date.clone(),
                    is_old: local.is_old(now),
                    feature,
                });
            }
        }
        rows.sort_by(|a, b| {
            let rank = |it: &SelectedRow| match it.relation {
                Relation::Inside => 0,
                Relation::Partly => 1,
                Relation::Within => 2,
            };
            (rank(a).cmp(&rank(b)))
                .then(a.distance_m.total_cmp(&b.distance_m))
                .then_with(|| a.label.cmp(&b.label))
        });
        Ok(rows)
    }

    /// What cannot say that there is nothing more.
    fn silent(
        &self,
        prepared: &Prepared,
        is_wanted: &impl Fn(&LocalDataset) -> bool,
        now: Timestamp,
    ) -> Result<Vec<SilentDataset>, AppError> {
        let held = match Subject::of([&prepared.area]) {
            Some(area) => self.held_at(&area)?,
            None => self.held_at(&prepared.core)?,
        };
        let fetched = self.catalog.fetched();
        let asked = self.catalog.datasets.iter();
        let asked = asked.filter(|it| is_wanted(it) && fetched.contains(&it.dataset.id));
        Ok(asked
            .filter(|it| it.dataset.geometry != faltkarta_model::GeometryType::None)
            .filter_map(|it| {
                let reason = match silence_of(it, now) {
                    None | Some(NoAnswer::Old) if !held.holds(&it.dataset.id) => NoAnswer::Outside,
                    reason => reason?,
                };
                Some(SilentDataset::of(it, reason, now))
            })
            .collect())
    }
}

impl Prepared {
    /// How a feature lies to the figure; `None` when it is neither in it nor near enough.
    fn relate(&self, shape: &Geometry) -> Option<Related> {
        let related = Subject::of([shape])?.relate(&self.zone)?;
        let is_in = related.relation != Relation::Within;
        if !self.is_corridor {
            // What only touches a polygon is a neighbour, and no part of it.
            let is_near = self.reach_m > 0.0 && related.distance_m <= self.reach_m;
            return (is_in || is_near).then_some(related);
        }
        let distance_m = self.core.relate(shape)?.distance_m;
        if is_in {
            return Some(Related { distance_m, ..related });
        }
        // What comes nearer than the rim has a part in the corridor, be it too small for a share.
        let (relation, share) = (Relation::Partly, None);
        (distance_m < self.reach_m - RIM_M).then_some(Related {
            relation,
            share,
            distance_m,
            ..related
        })
    }
}

fn prepare(figure: &Figure) -> Result<Prepared, AppError> {
    let (core, reach_m, is_corridor) = match figure {
        Figure::Polygon { area, within_m } => (area, *within_m, false),
        Figure::Corridor { line, reach_m } => (line, *reach_m, true),
    };
    let mut n_vertices = 0;
    core.for_each_xy(|_, _| n_vertices += 1);
    if n_vertices > FIGURE_VERTICES_MAX {
        return Err(AppError::SelectionTooLarge { what: "vertices" });
    }
    if reach_m > REACH_M_MAX {
        return Err(AppError::SelectionTooLarge { what: "width" });
    }
    let is_reach = reach_m.is_finite() && reach_m >= 0.0;
    if !is_reach || (is_corridor && reach_m == 0.0) {
        return Err(AppError::invalid("width", "not above 0 m"));
    }
    let field = if is_corridor { "corridor" } else { "polygon" };
    check_positions(core, field)?;
    if is_corridor {
        if length_on_grid_m(core) > CORRIDOR_LENGTH_M_MAX {
            return Err(AppError::SelectionTooLarge { what: "length" });
        }
    } else {
        check_rings(core)?;
    }
    let empty = || AppError::invalid(field, "there is no place in it");
    let grown = if reach_m > 0.0 { around(core, reach_m) } else { None };
    let area = grown.unwrap_or_else(|| core.clone());
    Ok(Prepared {
        core: Subject::of([core]).ok_or_else(empty)?,
        zone: if is_corridor { area.clone() } else { core.clone() },
        area,
        reach_m,
        is_corridor,
    })
}

fn check_positions(shape: &Geometry, field: &'static str) -> Result<(), AppError> {
    let mut wrong = None;
    shape.for_each_xy(|e_m, n_m| {
        wrong = wrong.or(Position::<Grid>::parse(EastNorthM { e_m, n_m }).err());
    });
    wrong.map_or(Ok(()), |it| Err(AppError::invalid(field, it)))
}

/// Refuses what is no area: other shapes, and rings that cross themselves.
fn check_rings(area: &Geometry) -> Result<(), AppError> {
    if area.kind() != GeometryKind::Polygon {
        return Err(AppError::invalid("polygon", "not a polygon"));
    }
    let polygons = match area.to_types() {
        Types::Polygon(polygon) => vec![polygon],
        Types::MultiPolygon(polygons) => polygons.0,
        _ => vec![],
    };
    for polygon in &polygons {
        for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
            let places: Vec<Position<Grid>> = ring
                .0
                .iter()
                .filter_map(|it| Position::<Grid>::parse(EastNorthM { e_m: it.x, n_m: it.y }).ok())
                .collect();
            let mut corners: Vec<(u64, u64)> =
                places.iter().map(|it| (it.e_m().to_bits(), it.n_m().to_bits())).collect();
            corners.sort_unstable();
            corners.dedup();
            if corners.len() < 3 {
                return Err(AppError::invalid("polygon", "fewer than three corners"));
            }
            if crosses_itself(&places) {
                return Err(AppError::invalid("polygon", "crosses itself"));
            }
        }
    }
    Ok(())
}
