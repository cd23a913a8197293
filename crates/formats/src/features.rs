use std::collections::HashSet;
use std::ops::ControlFlow;

use faltkarta_geo::{Bounds, Geometry, GeometryError, GridSystem};
use faltkarta_model::{Dataset, Feature, FeatureId, GeometryType, Properties, Value};

use crate::columns::{Condition, FieldRule, Wanted, coerce, shown};
use crate::crs::DeclaredCrs;
use crate::delivery::RawRow;
use crate::error::FormatError;
use crate::placement::{CrsProblem, Placement, WORK_AREA};
use crate::recognise::Recognised;
use crate::validity;

/// Something about one row that somebody should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The row in the order of the file, from 1; 0 when it is about the whole layer.
    pub row: u64,
    /// A stable code:
    ///
    /// flagged: `null_geometry`, `unsupported_geometry`, `invalid_geometry`, `self_intersection`,
    /// `wrong_geometry_type`, `outside_area`, `unknown_code`, `missing_required`, `bad_number`, `bad_date`, `bad_flag`,
    /// `bad_text`;
    ///
    /// refused: `duplicate_identity`, `missing_identity`, `unclaimed_row`, `bad_row`;
    ///
    /// of the layer: `axis_order`, `crs_assumed`, `missing_column`, `curves_linearised` (how many rows).
    pub code: &'static str,
    /// The facts: field and value, or what was found.
    pub text: String,
    /// The feature, when the row became one or stands for one.
    pub feature: Option<FeatureId>,
    /// Whether the row was refused: no feature came of it.
    pub fatal_for_row: bool,
}

/// What a reading tells, in the order of the file. The problems of a feature follow it.
#[derive(Debug, Clone, PartialEq)]
pub enum Read {
    /// A feature on the store's grid, version 0, and its row in the order of the file, from 1.
    Feature(Feature, u64),
    /// A problem.
    Problem(Problem),
}

/// The count of a reading: `read == features + refused`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReadReport {
    /// Rows that were this dataset's to take.
    pub read: u64,
    /// Rows that became features.
    pub features: u64,
    /// Rows that did not.
    pub refused: u64,
    /// Features with at least one problem.
    pub flagged: u64,
    /// How the coordinates were understood.
    pub placement: Placement,
}

/// How many coordinates are looked at to find the reference system.
const SAMPLE_SIZE: usize = 1_000;

/// Reads all features of a dataset out of a recognised layer, on the store's grid, in one pass after a look at the
/// first coordinates. Nothing is shown before the reference system is settled.
///
/// # Errors
///
/// [`FormatError::Crs`] before anything was shown; other errors when the file cannot be read to its end.
pub fn read_features(
    recognised: &Recognised<'_>,
    dataset: &Dataset,
    grid: GridSystem,
    see: &mut dyn FnMut(Read),
) -> Result<ReadReport, FormatError> {
    let plan = Plan::new(recognised, dataset);
    let placement = plan.place(recognised)?;
    let mut reading = Reading {
        dataset,
        plan: &plan,
        placement,
        grid,
        area: area_on(grid),
        met: HashSet::new(),
        report: ReadReport { read: 0, features: 0, refused: 0, flagged: 0, placement },
        n_linearised: 0,
        see,
    };
    reading.tell_of_layer(recognised);
    recognised.delivery.for_each_row(recognised.layer_idx, &plan.wanted.columns, &mut |row| {
        reading.take(row);
        ControlFlow::Continue(())
    })?;
    reading.tell_of_curves();
    Ok(reading.report)
}

/// What is done with each row, worked out once for a layer.
struct Plan<'a> {
    wanted: Wanted,
    rules: Vec<FieldRule<'a>>,
    identity: Vec<Option<usize>>,
    only: Condition,
    claims: Vec<Condition>,
    // Slots of easting and northing, when the position is in columns.
    position: Option<(Option<usize>, Option<usize>)>,
}

impl<'a> Plan<'a> {
    fn new(recognised: &Recognised<'_>, dataset: &'a Dataset) -> Self {
        let (layer, source) = (recognised.layer(), &recognised.source);
        let mut wanted = Wanted::default();
        let rules = FieldRule::of_source(dataset, source, layer, &mut wanted);
        let identity = source.identity.iter().map(|it| wanted.slot(layer, it)).collect();
        let only = Condition::new(&source.only, layer, &mut wanted);
        let claims =
            recognised.claims.iter().map(|it| Condition::new(it, layer, &mut wanted)).collect();
        let position = source.geometry.split_once(',').map(|(easting, northing)| {
            (wanted.slot(layer, easting.trim()), wanted.slot(layer, northing.trim()))
        });
        Self { wanted, rules, identity, only, claims, position }
    }

    fn geometry(&self, row: &mut RawRow) -> Result<Option<Geometry>, GeometryError> {
        let Some(slots) = self.position else {
            return std::mem::replace(&mut row.geometry, Ok(None));
        };
        let ordinate = |slot: Option<usize>| {
            let raw = slot.map_or(Value::Null, |it| row.values[it].clone());
            let number = coerce(raw, faltkarta_model::FieldType::Real);
            number.map(|it| it.as_f64()).map_err(|_| GeometryError::NotFinite)
        };
        match (ordinate(slots.0)?, ordinate(slots.1)?) {
            (Some(e_m), Some(n_m)) => Ok(Some(Geometry::point(e_m, n_m))),
            (None, None) => Ok(None),
            _ => Err(GeometryError::NotFinite),
        }
    }

    /// Settles reference system and axis order from what the layer says and its coordinates: the first ones if they
    /// tell, else some of the whole layer. A county's file may begin far from the area.
    fn place(&self, recognised: &Recognised<'_>) -> Result<Placement, FormatError> {
        let mut sample = Sample::new();
        let mut placement = None;
        recognised.delivery.for_each_row(
            recognised.layer_idx,
            &self.wanted.columns,
            &mut |row| {
                let first = self.geometry(row).ok().flatten().and_then(|it| first_vertex(&it));
                let is_full = first.is_some_and(|at| sample.add(at));
                if is_full {
                    placement = settle(recognised, &sample.coordinates).ok();
                }
                if placement.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        )?;
        match placement {
            Some(placement) => Ok(placement),
            None => Ok(settle(recognised, &sample.coordinates)?),
        }
    }
}

fn settle(recognised: &Recognised<'_>, sample: &[(f64, f64)]) -> Result<Placement, CrsProblem> {
    if let Some(epsg) = recognised.forced_epsg {
        return Placement::forced(epsg, sample);
    }
    match &recognised.layer().crs {
        DeclaredCrs::Epsg(epsg) => Placement::detect(Some(*epsg), sample),
        // What the schema uses is only a likely guess about a file that says nothing.
        DeclaredCrs::None => Placement::detect(recognised.source.crs, sample)
            .or_else(|_| Placement::detect(None, sample)),
        DeclaredCrs::Unknown { text } => Err(CrsProblem::UnknownCrs { declared: text.clone() }),
    }
}

fn first_vertex(geometry: &Geometry) -> Option<(f64, f64)> {
    let mut first = None;
    geometry.for_each_xy(|x, y| first = first.or(Some((x, y))));
    first
}

/// Coordinates spread evenly over what was read so far, at most twice [`SAMPLE_SIZE`] of them.
struct Sample {
    coordinates: Vec<(f64, f64)>,
    n_met: usize,
    stride: usize,
}

impl Sample {
    fn new() -> Self {
        Self { coordinates: vec![], n_met: 0, stride: 1 }
    }

    /// True when there is enough to try what it tells.
    fn add(&mut self, at: (f64, f64)) -> bool {
        self.n_met += 1;
        if !self.n_met.is_multiple_of(self.stride) {
            return false;
        }
        self.coordinates.push(at);
        if self.coordinates.len() == 2 * SAMPLE_SIZE {
            let mut is_kept = false;
            self.coordinates.retain(|_| {
                is_kept = !is_kept;
                is_kept
            });
            self.stride *= 2;
        }
        self.coordinates.len() == SAMPLE_SIZE
    }
}

/// The work area as a rectangle on a grid, a little too large.
fn area_on(grid: GridSystem) -> Bounds {
    let (west, east) = (WORK_AREA.min_lon_deg, WORK_AREA.max_lon_deg);
    let (south, north) = (WORK_AREA.min_lat_deg, WORK_AREA.max_lat_deg);
    let middle = f64::midpoint(west, east);
    let (e_m, n_m) = grid.forward_deg(west, south);
    let mut bounds = Bounds::at(e_m, n_m);
    for (lon_deg, lat_deg) in
        [(east, south), (west, north), (east, north), (middle, south), (middle, north)]
    {
        let (e_m, n_m) = grid.forward_deg(lon_deg, lat_deg);
        bounds.include(e_m, n_m);
    }
    bounds
}

struct Reading<'a> {
    dataset: &'a Dataset,
    plan: &'a Plan<'a>,
    placement: Placement,
    grid: GridSystem,
    area: Bounds,
    met: HashSet<FeatureId>,
    report: ReadReport,
    n_linearised: u64,
    see: &'a mut dyn FnMut(Read),
}

impl Reading<'_> {
    fn tell_of_layer(&mut self, recognised: &Recognised<'_>) {
        let mut tell = |code, text| {
            let problem = Problem { row: 0, code, text, feature: None, fatal_for_row: false };
            (self.see)(Read::Problem(problem));
        };
        if self.placement.is_swapped() {
            tell("axis_order", format!("EPSG:{}, northing first; turned", self.placement.epsg()));
        }
        let is_assumed = recognised.layer().crs == DeclaredCrs::None
            && recognised.source.crs != Some(self.placement.epsg());
        if is_assumed && recognised.forced_epsg.is_none() {
            tell("crs_assumed", format!("EPSG:{}", self.placement.epsg()));
        }
        // Members of GeoJSON that no feature of the file uses are no loss.
        if recognised.delivery.kind() != crate::delivery::FileKind::GeoJson {
            for column in &self.plan.wanted.missing {
                tell("missing_column", column.clone());
            }
        }
    }

    fn tell_of_curves(&mut self) {
        if self.n_linearised > 0 {
            let (code, text) = ("curves_linearised", self.n_linearised.to_string());
            let problem = Problem { row: 0, code, text, feature: None, fatal_for_row: false };
            (self.see)(Read::Problem(problem));
        }
    }

    fn take(&mut self, row: &mut RawRow) {
        let is_mine = row.fault.is_some() || self.plan.only.holds(&row.values);
        if !is_mine {
            let claims = &self.plan.claims;
            if !claims.is_empty() && !claims.iter().any(|it| it.holds(&row.values)) {
                self.report.read += 1;
                self.refuse(row.row, "unclaimed_row", String::new(), None);
            }
            return;
        }
        self.report.read += 1;
        if let Some(fault) = row.fault {
            return self.refuse(row.row, "bad_row", fault.to_owned(), None);
        }
        let Some(identity) = self.identity(row) else {
            return self.refuse(row.row, "missing_identity", String::new(), None);
        };
        let id = FeatureId::of_delivered(&self.dataset.id, &identity);
        if !self.met.insert(id) {
            return self.refuse(row.row, "duplicate_identity", identity, Some(id));
        }
        let mut problems = vec![];
        let properties = self.properties(&row.values, &mut problems);
        if row.has_bad_text {
            problems.push(("bad_text", String::new()));
        }
        self.n_linearised += u64::from(row.is_linearised);
        let geometry = self.geometry(row, &mut problems);
        let feature =
            Feature { id, dataset: self.dataset.id.clone(), version: 0, geometry, properties };
        self.report.features += 1;
        self.report.flagged += u64::from(!problems.is_empty());
        (self.see)(Read::Feature(feature, row.row));
        for (code, text) in problems {
            let (row, feature) = (row.row, Some(id));
            (self.see)(Read::Problem(Problem { row, code, text, feature, fatal_for_row: false }));
        }
    }

    fn refuse(&mut self, row: u64, code: &'static str, text: String, feature: Option<FeatureId>) {
        self.report.refused += 1;
        (self.see)(Read::Problem(Problem { row, code, text, feature, fatal_for_row: true }));
    }

    /// The supplier's identity of a row, its parts joined by `|`; none when every part is empty.
    fn identity(&self, row: &RawRow) -> Option<String> {
        let mut identity = String::new();
        let mut is_empty = true;
        for (idx, slot) in self.plan.identity.iter().enumerate() {
            if idx > 0 {
                identity.push('|');
            }
            match slot.map(|it| &row.values[it]) {
                None | Some(Value::Null) => {}
                Some(Value::Text(text)) => {
                    identity.push_str(text.trim());
                    is_empty &= text.trim().is_empty();
                }
                Some(other) => {
                    identity.push_str(&other.to_string());
                    is_empty = false;
                }
            }
        }
        (!is_empty).then_some(identity)
    }

    fn properties(
        &self,
        values: &[Value],
        problems: &mut Vec<(&'static str, String)>,
    ) -> Properties {
        let mut properties = Vec::with_capacity(self.plan.rules.len());
        for rule in &self.plan.rules {
            let value = rule.value(values).unwrap_or_else(|bad| {
                problems.push((bad.code, format!("{}: {}", rule.field, bad.shown)));
                Value::Null
            });
            match &value {
                Value::Null => {
                    if rule.is_required {
                        problems.push(("missing_required", rule.field.to_string()));
                    }
                    continue;
                }
                Value::Text(code) if !rule.codes.is_empty() && !rule.codes.contains_key(code) => {
                    problems.push(("unknown_code", format!("{}: {}", rule.field, shown(&value))));
                }
                _ => {}
            }
            properties.push((rule.field.clone(), value));
        }
        properties.into_iter().collect()
    }

    fn geometry(
        &self,
        row: &mut RawRow,
        problems: &mut Vec<(&'static str, String)>,
    ) -> Option<Geometry> {
        let delivered = match self.plan.geometry(row) {
            Ok(geometry) => geometry,
            Err(error @ GeometryError::UnsupportedType { .. }) => {
                problems.push(("unsupported_geometry", error.to_string()));
                return None;
            }
            Err(error) => {
                problems.push(("invalid_geometry", error.to_string()));
                return None;
            }
        };
        let mut is_finite = true;
        let placed = delivered.map(|it| {
            if self.placement.is_identity(self.grid) {
                return it;
            }
            it.map_xy(|x, y| {
                let (e_m, n_m) = self.placement.to_grid(self.grid, x, y);
                is_finite &= e_m.is_finite() && n_m.is_finite();
                (e_m, n_m)
            })
        });
        if !is_finite {
            problems.push(("invalid_geometry", "an ordinate lies outside the projection".into()));
            return None;
        }
        let Some((geometry, bounds)) = placed.and_then(|it| it.bounds().map(|bounds| (it, bounds)))
        else {
            if self.dataset.geometry != GeometryType::None {
                problems.push(("null_geometry", String::new()));
            }
            return None;
        };
        if !self.dataset.geometry.takes(geometry.kind()) {
            problems.push(("wrong_geometry_type", format!("{:?}", geometry.kind()).to_lowercase()));
        }
        if !self.area.meets(bounds) {
            problems.push(("outside_area", String::new()));
        }
        if let Some(code) = validity::fault(&geometry) {
            problems.push((code, String::new()));
        }
        Some(geometry)
    }
}
