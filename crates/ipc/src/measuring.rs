//! How the desk answers measures and selections: degrees in, metres of the store's grid out.

use std::collections::BTreeSet;

use faltkarta_app::{
    Field, Figure, Measure, MeasureAnswer, MeasureKind, MeasureSource, PointedAt, SelectFrom,
    SelectedRow, Selection, SilentDataset, SnapKind, point_on, to_geojson,
};
use faltkarta_geo::{Geometry, GridSystem};
use faltkarta_model::{ChosenFilter, DatasetId};

use crate::answers::{dataset_id, invalid};
use crate::command::{
    Answer, MeasurePlaces, MeasurePlacesInput, SelectFeatures, SelectFeaturesInput,
};
use crate::convert::{bounds, grid_position, point, title, word};
use crate::desk::Desk;
use crate::dto::{
    ChosenFilterDto, MeasureDto, MeasureSourceDto, MeasuredPlaceDto, PlaceDto, SelectedCountDto,
    SelectedRowDto, SelectionDto, SilentDatasetDto,
};
use crate::error::ApiError;

/// Rows of one answer that are told and outlined; the counts hold all of them.
const N_ROWS: usize = 300;

impl Answer<MeasurePlaces> for Desk {
    fn answer(&self, input: MeasurePlacesInput) -> Result<MeasureDto, ApiError> {
        let now = self.now();
        let grid = self.grid();
        let kind = match input.kind.as_str() {
            "length" => MeasureKind::Length,
            "area" => MeasureKind::Area,
            "boundary" => MeasureKind::Boundary,
            "height" => MeasureKind::Height,
            _ => return Err(invalid("kind")),
        };
        let places = input.points.iter().map(|it| {
            let at = grid_position(grid, it.lon_deg, it.lat_deg)?;
            Ok(PointedAt { at, snap_m: it.snap_m, accuracy_m: it.accuracy_m })
        });
        let places: Vec<PointedAt> = places.collect::<Result<_, ApiError>>()?;
        let shown = datasets(&input.datasets)?;
        let answer = self.read(|field| field.measure(kind, &places, Some(&shown), now))?;
        Ok(measure(grid, answer))
    }
}

impl Answer<SelectFeatures> for Desk {
    fn answer(&self, input: SelectFeaturesInput) -> Result<SelectionDto, ApiError> {
        let now = self.now();
        let grid = self.grid();
        let figure = figure(grid, &input)?;
        let datasets = datasets(&input.datasets)?;
        self.read(|field| {
            let user = field.session()?.user_name;
            let filters = input.filters.iter().filter_map(|it| chosen(field, it, &user)).collect();
            let from = SelectFrom { datasets, filters };
            let selection = field.select(&figure, &from, now)?;
            Ok(selected(field, &selection))
        })
    }
}

fn datasets(ids: &[String]) -> Result<BTreeSet<DatasetId>, ApiError> {
    ids.iter().map(|it| dataset_id(it)).collect()
}

/// A filter as it is declared here; one of another declaration's day is passed over.
fn chosen(field: &Field, it: &ChosenFilterDto, user: &str) -> Option<(DatasetId, ChosenFilter)> {
    let dataset = DatasetId::parse(&it.dataset).ok()?;
    let declared = field.dataset(&dataset)?.dataset.filters.iter();
    let rule = declared.into_iter().find(|rule| rule.id == it.filter)?.clone();
    Some((dataset, ChosenFilter { rule, value: it.value.clone(), user: user.to_owned() }))
}

fn figure(grid: GridSystem, input: &SelectFeaturesInput) -> Result<Figure, ApiError> {
    let at =
        |it: &PlaceDto| grid_position(grid, it.lon_deg, it.lat_deg).map(|it| (it.e_m(), it.n_m()));
    let path: Vec<(f64, f64)> = input.points.iter().map(at).collect::<Result<_, _>>()?;
    match (input.shape.as_str(), &path[..]) {
        ("area", _) => {
            Ok(Figure::Polygon { area: Geometry::polygon_of(&path), within_m: input.reach_m })
        }
        ("corridor", [only]) => {
            Ok(Figure::Corridor { line: Geometry::point(only.0, only.1), reach_m: input.reach_m })
        }
        ("corridor", _) => {
            Ok(Figure::Corridor { line: Geometry::line_of(&path), reach_m: input.reach_m })
        }
        _ => Err(invalid("shape")),
    }
}

fn measure(grid: GridSystem, answer: MeasureAnswer) -> MeasureDto {
    let places = answer.places.into_iter().map(|it| MeasuredPlaceDto {
        at: point(grid, (it.at.e_m(), it.at.n_m())),
        held_by: it.held_to.as_ref().map_or("", |it| snap_word(it.kind)).to_owned(),
        label: it.held_to.map(|it| it.label).unwrap_or_default(),
        accuracy_m: it.accuracy_m,
        is_outside: it.is_outside,
    });
    let plain = MeasureDto {
        state: String::new(),
        reason: String::new(),
        value: None,
        around_m: None,
        low_m: None,
        high_m: None,
        nearest: None,
        source: None,
        places: places.collect(),
        legs_m: answer.legs_m,
        accuracy_m: answer.accuracy_m,
    };
    let state = |it: &str| it.to_owned();
    match answer.measure {
        Measure::TooFew => MeasureDto { state: state("too_few"), ..plain },
        Measure::Crosses => MeasureDto { state: state("crosses"), ..plain },
        Measure::Length { length_m } => {
            MeasureDto { state: state("length"), value: Some(length_m), ..plain }
        }
        Measure::Area { area_m2, around_m } => MeasureDto {
            state: state("area"),
            value: Some(area_m2),
            around_m: Some(around_m),
            ..plain
        },
        Measure::Boundary { distance_m, nearest_m, source } => MeasureDto {
            state: state("boundary"),
            value: Some(distance_m),
            nearest: Some(point(grid, nearest_m)),
            source: Some(measure_source(source)),
            ..plain
        },
        Measure::Height { height_m, between_m: (low_m, high_m), source } => MeasureDto {
            state: state("height"),
            value: Some(height_m),
            low_m: Some(low_m),
            high_m: Some(high_m),
            source: Some(measure_source(source)),
            ..plain
        },
        Measure::Nothing(why) => {
            MeasureDto { state: state("nothing"), reason: why.as_str().to_owned(), ..plain }
        }
    }
}

fn snap_word(kind: SnapKind) -> &'static str {
    match kind {
        SnapKind::Vertex => "vertex",
        SnapKind::Edge => "edge",
    }
}

fn measure_source(source: MeasureSource) -> MeasureSourceDto {
    MeasureSourceDto {
        dataset: source.dataset.to_string(),
        id: source.id.map(|it| it.to_string()).unwrap_or_default(),
        label: source.label,
        publisher: source.publisher,
        data_date: source.data_date,
        age_days: source.age_days,
        is_old: source.is_old,
        accuracy: source.accuracy,
    }
}

fn selected(field: &Field, selection: &Selection) -> SelectionDto {
    let grid = field.grid();
    let mut counts: Vec<SelectedCountDto> = vec![];
    for row in &selection.rows {
        let dataset = row.feature.dataset.as_str();
        match counts.last_mut().filter(|it| it.dataset == dataset) {
            Some(count) => count.n += 1,
            None => counts.push(SelectedCountDto {
                dataset: dataset.to_owned(),
                title: field
                    .dataset(&row.feature.dataset)
                    .map_or_else(|| title(&row.kind), |it| title(&it.dataset.title)),
                n: 1,
            }),
        }
    }
    let told = &selection.rows[..selection.rows.len().min(N_ROWS)];
    let shapes: Vec<String> = told
        .iter()
        .filter_map(|it| it.feature.geometry.as_ref())
        .map(|it| to_geojson(it, grid))
        .collect();
    let around = selection.area.bounds().unwrap_or(faltkarta_geo::Bounds::at(0.0, 0.0));
    SelectionDto {
        area_json: to_geojson(&selection.area, grid),
        shapes_json: format!(
            r#"{{"type":"GeometryCollection","geometries":[{}]}}"#,
            shapes.join(",")
        ),
        bounds: bounds(grid, around),
        counts,
        rows: told.iter().zip(1..).map(|(it, number)| row(field, number, it)).collect(),
        n_more: u32::try_from(selection.rows.len() - told.len()).unwrap_or(u32::MAX),
        missing_or_old: selection.missing_or_old.iter().map(silent).collect(),
    }
}

fn row(field: &Field, number: u32, row: &SelectedRow) -> SelectedRowDto {
    let place = row.feature.geometry.as_ref().and_then(point_on);
    let role = field.dataset(&row.feature.dataset).map(|it| word(&it.dataset.role));
    SelectedRowDto {
        number,
        dataset: row.feature.dataset.to_string(),
        id: row.feature.id.to_string(),
        label: row.label.clone(),
        kind: title(&row.kind),
        role: role.unwrap_or_default(),
        relation: row.relation.as_str().to_owned(),
        share_pct: row.share.map(|it| it * 100.0),
        distance_m: row.distance_m,
        publisher: row.publisher.clone(),
        data_date: row.data_date.clone(),
        is_old: row.is_old,
        mark: place.map(|it| point(field.grid(), it)),
    }
}

fn silent(dataset: &SilentDataset) -> SilentDatasetDto {
    SilentDatasetDto {
        dataset: dataset.dataset.to_string(),
        title: title(&dataset.title),
        reason: dataset.reason.as_str().to_owned(),
        data_date: dataset.data_date.clone(),
    }
}
