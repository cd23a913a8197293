//! From the core's own types to what goes over the wire. By hand: the two age differently.

use faltkarta_app::{
    AppError, Card, ChangeRow, DraftSummary, Field, Hit as Identified, LocalDataset, OpenDraft,
    to_geojson,
};
use faltkarta_geo::{Bounds, Grid, GridSystem, Position};
use faltkarta_model::{FieldType, FilterRule, FormDeclaration, Theme, Timestamp, Title};
use faltkarta_search::{Hit, PlaceKind};
use faltkarta_store::{Attachment, EditState};

use crate::dto::{
    BoundsDto, CardDto, ChangeDto, DatasetDto, DraftDto, DraftSummaryDto, FactDto, FilterDto,
    FilterValueDto, FormDto, HistoryRowDto, HitDto, IdentifiedDto, PhotoDto, PointDto, PrefillDto,
    ThemeDto, TitleDto, VisitDto,
};
use crate::error::ApiError;

/// What the interface is told of a failure. The cause stays here, in the log.
pub(crate) fn failure(error: &AppError) -> ApiError {
    let code = error.code();
    match error {
        AppError::InvalidInput { field, .. } => {
            ApiError::InvalidInput { field: (*field).to_owned() }
        }
        AppError::SelectionTooLarge { what } => {
            ApiError::SelectionTooLarge { what: (*what).to_owned() }
        }
        AppError::AnswersInvalid { questions } => {
            ApiError::AnswersInvalid { questions: questions.clone() }
        }
        AppError::Store(faltkarta_store::StoreError::PhotoTooLarge { n_bytes, n_bytes_max }) => {
            ApiError::PhotoTooLarge {
                n_bytes: u32::try_from(*n_bytes).unwrap_or(u32::MAX),
                n_bytes_max: u32::try_from(*n_bytes_max).unwrap_or(u32::MAX),
            }
        }
        _ => of_code(code),
    }
}

/// The failure that a stable code stands for; codes without a deed of their own are ours.
fn of_code(code: &str) -> ApiError {
    serde_json::from_value(serde_json::json!({ "code": code })).unwrap_or(ApiError::Internal)
}

pub(crate) fn title(title: &Title) -> TitleDto {
    TitleDto { sv: title.sv.clone(), en: title.en.clone() }
}

/// The word that serde writes for a value of a closed list.
pub(crate) fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|it| it.as_str().map(str::to_owned))
        .unwrap_or_default()
}

pub(crate) fn point(grid: GridSystem, (e_m, n_m): (f64, f64)) -> PointDto {
    let (lon_deg, lat_deg) = grid.inverse_deg(e_m, n_m);
    let (tm_e_m, tm_n_m) = GridSystem::TM.forward_deg(lon_deg, lat_deg);
    PointDto { lon_deg, lat_deg, grid_e_m: e_m, grid_n_m: n_m, tm_e_m, tm_n_m }
}

pub(crate) fn bounds(grid: GridSystem, bounds: Bounds) -> BoundsDto {
    let corners = [
        grid.inverse_deg(bounds.min_e_m, bounds.min_n_m),
        grid.inverse_deg(bounds.min_e_m, bounds.max_n_m),
        grid.inverse_deg(bounds.max_e_m, bounds.min_n_m),
        grid.inverse_deg(bounds.max_e_m, bounds.max_n_m),
    ];
    let lons = corners.map(|it| it.0);
    let lats = corners.map(|it| it.1);
    BoundsDto {
        west_deg: lons.into_iter().fold(f64::INFINITY, f64::min),
        south_deg: lats.into_iter().fold(f64::INFINITY, f64::min),
        east_deg: lons.into_iter().fold(f64::NEG_INFINITY, f64::max),
        north_deg: lats.into_iter().fold(f64::NEG_INFINITY, f64::max),
    }
}

/// A position on the grid from degrees as the map gives them.
pub(crate) fn grid_position(
    grid: GridSystem,
    lon_deg: f64,
    lat_deg: f64,
) -> Result<Position<Grid>, ApiError> {
    let invalid = |_| ApiError::InvalidInput { field: "lonDeg, latDeg".to_owned() };
    grid.parse_deg(faltkarta_geo::LonLatDeg { lon_deg, lat_deg }).map_err(invalid)
}

/// A hit of the search box. `dataset` names datasets by their number in the package.
pub(crate) fn hit(field: &Field, hit: Hit) -> HitDto {
    let dataset = field
        .datasets()
        .iter()
        .find(|it| hit.kind != PlaceKind::Coordinate && it.no == hit.dataset_no)
        .map(|it| it.dataset.id.to_string());
    HitDto {
        kind: hit.kind.as_str().to_owned(),
        dataset: dataset.unwrap_or_default(),
        id: hit.feature.map(|it| it.to_string()).unwrap_or_default(),
        label: hit.label,
        detail: hit.detail,
        municipality: hit.municipality,
        position: hit.position.map(|it| point(field.grid(), it)),
        distance_m: hit.distance_m,
        matched: hit.matched.into_iter().flat_map(|(start, length)| [start, length]).collect(),
        note: hit.note.map(|it| it.as_str().to_owned()).unwrap_or_default(),
        system: hit.system.to_owned(),
        is_outside: hit.is_outside,
    }
}

pub(crate) fn identified(hit: &Identified) -> IdentifiedDto {
    IdentifiedDto {
        dataset: hit.feature.dataset.to_string(),
        id: hit.feature.id.to_string(),
        label: hit.label.clone(),
        kind: title(&hit.kind),
        role: word(&hit.role),
        distance_m: hit.distance_m,
    }
}

pub(crate) fn dataset(local: &LocalDataset, now: Timestamp) -> DatasetDto {
    let declared = &local.dataset;
    DatasetDto {
        id: declared.id.to_string(),
        title: title(&declared.title),
        singular: title(&declared.singular),
        role: word(&declared.role),
        class: word(&declared.class),
        publisher: declared.publisher.clone(),
        licence: declared.licence.clone(),
        accuracy: declared.accuracy.clone(),
        data_date: local.data_date.clone(),
        age_days: local.age_days(now),
        is_old: local.is_old(now),
        lease_until: local.lease_until.map(|it| it.to_string()),
        n_features: local.n_features,
        group: declared.map.group.clone(),
        min_zoom: declared.map.min_zoom,
        visible: declared.map.visible,
        order: declared.map.order,
        packaging: match declared.packaging {
            faltkarta_model::Packaging::Features => "features",
            faltkarta_model::Packaging::BaseMap => "base_map",
            faltkarta_model::Packaging::Both => "both",
        }
        .to_owned(),
        is_missing: local.n_features == 0 && local.data_date.is_none() && !local.is_made_here(),
        filters: declared.filters.iter().map(|it| filter(local, it)).collect(),
    }
}

fn filter(local: &LocalDataset, rule: &FilterRule) -> FilterDto {
    let field = local.dataset.field(rule.field.as_str());
    let values = field.into_iter().flat_map(|it| &it.values);
    FilterDto {
        id: rule.id.clone(),
        title: title(&rule.title),
        kind: word(&rule.kind),
        field: rule.field.to_string(),
        by: rule.by.as_ref().map(ToString::to_string).unwrap_or_default(),
        preset: rule.preset.clone(),
        values: values
            .map(|(code, it)| FilterValueDto { code: code.clone(), title: title(it) })
            .collect(),
        takes_missing: rule.takes_missing,
    }
}

pub(crate) fn theme(field: &Field, theme: &Theme) -> ThemeDto {
    let shown = field.datasets().iter().filter(|it| theme.shows(&it.dataset));
    ThemeDto {
        id: theme.id.clone(),
        title: title(&theme.title),
        is_network_first: theme.network_first,
        datasets: shown.map(|it| it.dataset.id.to_string()).collect(),
    }
}

pub(crate) fn form(declared: &FormDeclaration) -> FormDto {
    FormDto {
        id: declared.id.clone(),
        version: declared.version.clone(),
        title: title(&declared.title),
        action: title(&declared.action),
        body: declared.body.clone(),
        subject_roles: declared.subject_roles.iter().map(word).collect(),
    }
}

pub(crate) fn card(card: Card, history: Vec<HistoryRowDto>, grid: GridSystem) -> CardDto {
    CardDto {
        dataset: card.feature.dataset.to_string(),
        id: card.feature.id.to_string(),
        kind: title(&card.kind),
        role: word(&card.role),
        municipality: card.municipality,
        title: card.title,
        forms: card.forms,
        facts: card
            .facts
            .into_iter()
            .map(|fact| FactDto {
                field: fact.field,
                title: title(&fact.title),
                value: title(&fact.value),
                raw: fact.raw,
                value_type: field_type(fact.field_type).to_owned(),
                unit: fact.unit,
                own_edit: fact.own_edit.map(EditState::as_str).unwrap_or_default().to_owned(),
            })
            .collect(),
        area_m2: card.area_m2,
        length_m: card.length_m,
        addresses: card.addresses,
        visits: card
            .visits
            .into_iter()
            .map(|visit| VisitDto {
                id: visit.id.to_string(),
                date: visit.date,
                title: visit.title,
                detail: visit.detail,
                body: visit.body,
                state: visit.state.as_str().to_owned(),
            })
            .collect(),
        history,
        also_here: card.also_here.iter().map(identified).collect(),
        publisher: card.publisher,
        data_date: card.data_date,
        is_old: card.is_old,
        age_days: card.age_days,
        accuracy: card.accuracy,
        geometry_json: card.feature.geometry.as_ref().map(|it| to_geojson(it, grid)),
        bounds: card.bounds.map(|it| bounds(grid, it)),
        position: card.position_m.map(|it| point(grid, it)),
    }
}

pub(crate) fn field_type(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Text => "text",
        FieldType::Int => "int",
        FieldType::Real => "real",
        FieldType::Bool => "bool",
        FieldType::Date => "date",
        FieldType::DateTime => "date_time",
        FieldType::List => "list",
    }
}

pub(crate) fn draft_summary(summary: DraftSummary, grid: GridSystem) -> DraftSummaryDto {
    DraftSummaryDto {
        id: summary.draft.id.to_string(),
        form: summary.draft.form,
        title: title(&summary.title),
        subject_label: summary.draft.subject_label,
        saved_at: summary.draft.saved_at,
        n_answered: summary.draft.n_answered,
        n_questions: summary.draft.n_questions,
        n_photos: summary.n_photos,
        was_interrupted: summary.was_interrupted,
        position: summary.draft.position_m.map(|it| point(grid, it)),
    }
}

pub(crate) fn open_draft(open: OpenDraft, grid: GridSystem) -> DraftDto {
    let (subject_dataset, subject_id) = open
        .draft
        .subject
        .map(|(dataset, id)| (dataset.to_string(), id.to_string()))
        .unwrap_or_default();
    DraftDto {
        id: open.draft.id.to_string(),
        form: open.draft.form,
        form_version: open.draft.form_version,
        title: title(&open.title),
        local_number: open.draft.local_number,
        subject_dataset,
        subject_id,
        subject_label: open.draft.subject_label,
        prefill: open
            .draft
            .prefill
            .into_iter()
            .map(|(question, value)| PrefillDto { question, value })
            .collect(),
        form_xml: open.form_xml,
        instance_xml: open.draft.instance_xml,
        hidden_json: open.draft.hidden_json,
        photos: open.photos.into_iter().map(photo).collect(),
        started_at: open.draft.started_at,
        saved_at: open.draft.saved_at,
        was_interrupted: open.was_interrupted,
        position: open.draft.position_m.map(|it| point(grid, it)),
    }
}

pub(crate) fn photo(photo: Attachment) -> PhotoDto {
    PhotoDto {
        blob: photo.blob.to_string(),
        name: photo.name,
        media_type: photo.media_type,
        n_bytes: u32::try_from(photo.n_bytes).unwrap_or(u32::MAX),
        added_at: photo.added_at,
        state: if photo.is_received { "received" } else { "saved_here" }.to_owned(),
    }
}

pub(crate) fn change(change: ChangeRow, grid: GridSystem) -> ChangeDto {
    ChangeDto {
        id: change.row.op.id.to_string(),
        kind: change.row.kind,
        title: change.row.title,
        detail: change.row.detail,
        at: change.row.made_at,
        state: change.row.state.as_str().to_owned(),
        reason: if change.is_moved_out { "left_area".to_owned() } else { change.row.why },
        waits_for: String::new(),
        dataset: change.row.op.dataset.to_string(),
        feature: change.row.op.feature.to_string(),
        n_photos: change.n_photos,
        position: change.position_m.map(|it| point(grid, it)),
    }
}

/// An unfinished draft among the changes: it is saved here as much as they are.
pub(crate) fn draft_as_change(summary: DraftSummary, grid: GridSystem) -> ChangeDto {
    let (dataset, feature) = summary
        .draft
        .subject
        .map(|(dataset, id)| (dataset.to_string(), id.to_string()))
        .unwrap_or_default();
    ChangeDto {
        id: summary.draft.id.to_string(),
        kind: "draft".to_owned(),
        title: format!("{} {}", summary.title.sv, summary.draft.local_number),
        detail: summary.draft.subject_label,
        at: summary.draft.saved_at,
        state: "saved_here".to_owned(),
        reason: String::new(),
        waits_for: String::new(),
        dataset,
        feature,
        n_photos: summary.n_photos,
        position: summary.draft.position_m.map(|it| point(grid, it)),
    }
}
