//! Conflicts between the core and the interface: what is compared, and what a person answers.

use std::collections::BTreeMap;

use faltkarta_app::{
    Choice, ConflictCard, ConflictRow, ConflictSummary, Field, HistoryRow, point_on, to_geojson,
};
use faltkarta_geo::{
    Bounds, Compass, EastNorthM, Geometry, GeometryKind, Grid, GridSystem, Position,
    area_on_grid_m2, direction_on_grid, distance_on_grid_m, greatest_deviation_m, length_on_grid_m,
};
use faltkarta_model::{
    Dataset, DatasetId, FeatureId, Field as FieldDeclaration, FieldId, FieldType, GEOMETRY_FIELD,
    Title, Value,
};
use faltkarta_protocol::Author;
use faltkarta_store::EditState;
use uuid::Uuid;

use crate::convert::{bounds, field_type, point, title, word};
use crate::dto::{
    AuthorDto, ClashDto, ClashValueDto, CodeDto, ConflictCardDto, ConflictRowDto,
    ConflictSummaryDto, DecisionDto, FieldValueDto, HistoryRowDto, MoveDto, OtherFeatureDto,
    PointDto, ShapeDto, TitleDto,
};
use crate::error::ApiError;

pub(crate) fn summary(field: &Field, conflict: ConflictSummary) -> ConflictSummaryDto {
    let declared = declared(field, &conflict.dataset);
    ConflictSummaryDto {
        fields: conflict.fields.iter().map(|it| field_title(declared, it)).collect(),
        position: place_of(field, conflict.feature),
        dataset: conflict.dataset.to_string(),
        feature: conflict.feature.to_string(),
        title: conflict.title,
        kind: word(&conflict.kind),
        at: conflict.at.to_string(),
        is_mine: conflict.is_mine,
        is_deferred: conflict.is_deferred,
        is_expected: conflict.is_expected,
    }
}

pub(crate) fn card(field: &Field, card: ConflictCard) -> ConflictCardDto {
    let declared = declared(field, &card.dataset);
    let grid = field.grid();
    let merged = card.merged.iter().map(|id| merged(field, declared, card.feature, id)).collect();
    ConflictCardDto {
        singular: title(declared.map_or(&Title::default(), |it| &it.singular)),
        bounds: bounds_of(&card).map(|it| bounds(grid, it)),
        position: place_of(field, card.feature).or_else(|| clashed_place(grid, &card)),
        other: card.other.and_then(|id| other(field, id)),
        merged,
        rows: card.rows.iter().map(|it| row(grid, declared, it)).collect(),
        dataset: card.dataset.to_string(),
        feature: card.feature.to_string(),
        title: card.title,
        kind: word(&card.kind),
        store_by: card.store_by.map(author),
        candidate_by: author(card.candidate_by),
        is_mine: card.is_mine,
    }
}

/// What a person chose, in the core's words.
pub(crate) fn choices(
    declared: Option<&Dataset>,
    decisions: &[DecisionDto],
) -> Result<Vec<(Uuid, Choice)>, ApiError> {
    decisions
        .iter()
        .map(|decision| {
            let conflict = Uuid::parse_str(&decision.conflict).map_err(|_| invalid("conflict"))?;
            let choice = match decision.take.as_str() {
                "theirs" => Choice::Theirs,
                "mine" => Choice::Mine,
                "values" => Choice::Values(written(declared, decision)?),
                _ => return Err(invalid("take")),
            };
            Ok((conflict, choice))
        })
        .collect()
}

fn written(
    declared: Option<&Dataset>,
    decision: &DecisionDto,
) -> Result<BTreeMap<FieldId, Value>, ApiError> {
    let values = decision.values.iter().map(|it| {
        let id = FieldId::parse(&it.field).map_err(|_| invalid("field"))?;
        let value = match &it.raw {
            None => Value::Null,
            Some(raw) if it.field == GEOMETRY_FIELD => point_value(raw)?,
            Some(raw) => {
                let field = declared.and_then(|dataset| dataset.field(&it.field));
                parse(field.ok_or_else(|| invalid("field"))?.field_type, raw)?
            }
        };
        Ok((id, value))
    });
    values.collect()
}

fn parse(kind: FieldType, raw: &str) -> Result<Value, ApiError> {
    Ok(match kind {
        FieldType::Text | FieldType::Date | FieldType::DateTime => Value::Text(raw.to_owned()),
        FieldType::Int => Value::Int(raw.parse().map_err(|_| invalid("raw"))?),
        FieldType::Real => {
            let number: f64 = raw.parse().map_err(|_| invalid("raw"))?;
            if !number.is_finite() {
                return Err(invalid("raw"));
            }
            Value::Real(number)
        }
        FieldType::Bool => Value::Bool(raw.parse().map_err(|_| invalid("raw"))?),
        FieldType::List => Value::List(raw.split(", ").map(str::to_owned).collect()),
    })
}

/// A place as a person writes it: northing, then easting.
fn point_value(raw: &str) -> Result<Value, ApiError> {
    let numbers = raw.split_once(' ').map(|(n, e)| (n.parse::<f64>(), e.parse::<f64>()));
    let Some((Ok(n_m), Ok(e_m))) = numbers else { return Err(invalid("raw")) };
    let at = Position::<Grid>::parse(EastNorthM { e_m, n_m }).map_err(|_| invalid("raw"))?;
    Ok(Value::Geometry(Geometry::point(at.e_m(), at.n_m())))
}

fn row(grid: GridSystem, declared: Option<&Dataset>, row: &ConflictRow) -> ConflictRowDto {
    // In a group with the place, a length in metres says how good the place is.
    let how_good = row.fields.iter().find(|(id, _)| {
        let field = declared.and_then(|it| it.field(id.as_str()));
        field.is_some_and(|it| it.unit == "m" && it.field_type == FieldType::Real)
    });
    let base_m = how_good.and_then(|(_, it)| it.base.as_f64());
    let store_m = how_good.and_then(|(_, it)| it.store.as_f64());
    let candidate_m = how_good.and_then(|(_, it)| it.candidate.as_f64());
    let fields = row.fields.iter().map(|(id, clash)| {
        let field = declared.and_then(|it| it.field(id.as_str()));
        let shown = |value: &Value, accuracy_m: Option<f64>, base: Option<&Value>| {
            clash_value(grid, field, value, accuracy_m, base)
        };
        ClashDto {
            field: id.to_string(),
            title: field_title(declared, id),
            value_type: value_type(id, field).to_owned(),
            unit: field.map(|it| it.unit.clone()).unwrap_or_default(),
            codes: field.map(codes).unwrap_or_default(),
            base: shown(&clash.base, base_m, None),
            store: shown(&clash.store, store_m, Some(&clash.base)),
            candidate: shown(&clash.candidate, candidate_m, Some(&clash.base)),
        }
    });
    ConflictRowDto {
        conflict: row.conflict.to_string(),
        key: row.key.clone(),
        kind: word(&row.kind),
        fields: fields.collect(),
    }
}

fn clash_value(
    grid: GridSystem,
    field: Option<&FieldDeclaration>,
    value: &Value,
    accuracy_m: Option<f64>,
    base: Option<&Value>,
) -> ClashValueDto {
    if let Value::Geometry(geometry) = value {
        let base = base.and_then(|it| match it {
            Value::Geometry(base) => Some(base),
            _ => None,
        });
        return ClashValueDto {
            raw: None,
            text: TitleDto { sv: String::new(), en: String::new() },
            shape: shape(grid, geometry, accuracy_m, base),
        };
    }
    let raw = (!value.is_null()).then(|| value.to_string());
    let plain = Title { sv: value.to_string(), en: value.to_string() };
    let text = field.map_or(plain, |it| it.in_words(value));
    ClashValueDto { raw, text: title(&text), shape: None }
}

fn shape(
    grid: GridSystem,
    geometry: &Geometry,
    accuracy_m: Option<f64>,
    base: Option<&Geometry>,
) -> Option<ShapeDto> {
    let of_kind = |kind: GeometryKind| (geometry.kind() == kind).then_some(geometry);
    Some(ShapeDto {
        geometry_json: to_geojson(geometry, grid),
        position: point(grid, point_on(geometry)?),
        length_m: of_kind(GeometryKind::Line).map(length_on_grid_m),
        area_m2: of_kind(GeometryKind::Polygon).map(area_on_grid_m2),
        accuracy_m,
        moved: base.and_then(|base| moved(base, geometry)),
    })
}

/// How far a shape is from what it was. Points have a direction too.
fn moved(from: &Geometry, to: &Geometry) -> Option<MoveDto> {
    if from.kind() != GeometryKind::Point || to.kind() != GeometryKind::Point {
        let distance_m = greatest_deviation_m(from, to);
        return Some(MoveDto { distance_m, direction: String::new() });
    }
    let at = |geometry| {
        point_on(geometry)
            .and_then(|(e_m, n_m)| Position::<Grid>::parse(EastNorthM { e_m, n_m }).ok())
    };
    let (from, to) = (at(from)?, at(to)?);
    Some(MoveDto {
        distance_m: distance_on_grid_m(from, to),
        direction: direction_on_grid(from, to).map(Compass::as_str).unwrap_or_default().to_owned(),
    })
}

fn merged(
    field: &Field,
    declared: Option<&Dataset>,
    feature: FeatureId,
    id: &FieldId,
) -> FieldValueDto {
    let stored = field.store().feature(feature).ok().flatten().map(|it| it.feature);
    let value = stored.map_or(Value::Null, |it| {
        if id.as_str() == GEOMETRY_FIELD {
            it.geometry.map_or(Value::Null, Value::Geometry)
        } else {
            it.value(id.as_str()).clone()
        }
    });
    field_value(field.grid(), declared, id, &value)
}

fn field_value(
    grid: GridSystem,
    declared: Option<&Dataset>,
    id: &FieldId,
    value: &Value,
) -> FieldValueDto {
    let declaration = declared.and_then(|it| it.field(id.as_str()));
    FieldValueDto {
        field: id.to_string(),
        title: field_title(declared, id),
        value_type: value_type(id, declaration).to_owned(),
        unit: declaration.map(|it| it.unit.clone()).unwrap_or_default(),
        value: clash_value(grid, declaration, value, None, None),
    }
}

/// What has happened to a feature. Fields that a card never shows are left out.
pub(crate) fn history(field: &Field, dataset: &DatasetId, row: HistoryRow) -> HistoryRowDto {
    let declared = declared(field, dataset);
    let is_shown = |id: &FieldId| {
        id.as_str() == GEOMETRY_FIELD
            || declared.and_then(|it| it.field(id.as_str())).is_some_and(|it| it.card)
    };
    let shown = row.fields.iter().filter(|(id, _)| is_shown(id));
    HistoryRowDto {
        fields: shown.map(|(id, it)| field_value(field.grid(), declared, id, it)).collect(),
        by: row.by.map(author),
        kind: row.kind.as_str().to_owned(),
        own_state: row.own_state.map(EditState::as_str).unwrap_or_default().to_owned(),
        is_merged: row.is_merged,
        note: row.note.unwrap_or_default(),
    }
}

fn other(field: &Field, id: FeatureId) -> Option<OtherFeatureDto> {
    let feature = field.store().feature(id).ok().flatten()?.feature;
    let label = declared(field, &feature.dataset).map(|it| it.label(&feature)).unwrap_or_default();
    Some(OtherFeatureDto {
        position: place_of(field, id),
        dataset: feature.dataset.to_string(),
        id: id.to_string(),
        title: label,
    })
}

fn author(author: Author) -> AuthorDto {
    AuthorDto { user: author.user, device: author.device, at: author.at.to_string() }
}

pub(crate) fn declared<'f>(field: &'f Field, dataset: &DatasetId) -> Option<&'f Dataset> {
    field.datasets().iter().find(|it| it.dataset.id == *dataset).map(|it| &it.dataset)
}

/// What a field is called; a place has no title of its own, the interface has the word for it.
fn field_title(declared: Option<&Dataset>, id: &FieldId) -> TitleDto {
    match declared.and_then(|it| it.field(id.as_str())) {
        Some(field) => title(&field.title),
        None if id.as_str() == GEOMETRY_FIELD => TitleDto { sv: String::new(), en: String::new() },
        // A field of a newer declaration than this laptop's.
        None => TitleDto { sv: id.to_string(), en: id.to_string() },
    }
}

fn value_type(id: &FieldId, field: Option<&FieldDeclaration>) -> &'static str {
    match field {
        Some(field) => field_type(field.field_type),
        None if id.as_str() == GEOMETRY_FIELD => "geometry",
        None => "text",
    }
}

fn codes(field: &FieldDeclaration) -> Vec<CodeDto> {
    let codes = field.values.iter();
    codes.map(|(code, it)| CodeDto { code: code.clone(), title: title(it) }).collect()
}

fn place_of(field: &Field, id: FeatureId) -> Option<PointDto> {
    let geometry = field.store().feature(id).ok().flatten()?.feature.geometry?;
    Some(point(field.grid(), point_on(&geometry)?))
}

fn clashed_place(grid: GridSystem, card: &ConflictCard) -> Option<PointDto> {
    Some(point(grid, point_on(shapes(card).next()?)?))
}

fn bounds_of(card: &ConflictCard) -> Option<Bounds> {
    shapes(card).filter_map(Geometry::bounds).reduce(Bounds::union)
}

/// All shapes of a card, the wanted ones first.
fn shapes(card: &ConflictCard) -> impl Iterator<Item = &Geometry> {
    let clashes = card.rows.iter().flat_map(|row| &row.fields).map(|(_, clash)| clash);
    clashes.flat_map(|it| [&it.candidate, &it.store, &it.base]).filter_map(|value| match value {
        Value::Geometry(geometry) => Some(geometry),
        _ => None,
    })
}

fn invalid(field: &str) -> ApiError {
    ApiError::InvalidInput { field: field.to_owned() }
}
