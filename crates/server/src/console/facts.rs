use faltkarta_geo::Bounds;
use faltkarta_model::{Dataset, FieldType, Title, Value};

use crate::console::dto::{
    ConsoleClashDto, ConsoleHeldChangeDto, ConsoleTitleDto, ConsoleValueDto,
};

/// The name that the geometry has among the fields of an operation.
const GEOMETRY: &str = "geometry";

pub(super) fn title(of: &Title) -> ConsoleTitleDto {
    ConsoleTitleDto { sv: of.sv.clone(), en: of.en.clone() }
}

pub(super) fn plain(text: &str) -> ConsoleTitleDto {
    ConsoleTitleDto { sv: text.to_owned(), en: text.to_owned() }
}

/// A field as a dataset declares it, in words for the page.
struct Words<'a> {
    title: ConsoleTitleDto,
    value_type: &'static str,
    unit: String,
    values: Option<&'a std::collections::BTreeMap<String, Title>>,
}

fn words<'a>(dataset: Option<&'a Dataset>, field: &str) -> Words<'a> {
    if field == GEOMETRY {
        let (title, unit) = (plain(""), String::new());
        return Words { title, value_type: "geometry", unit, values: None };
    }
    match dataset.and_then(|it| it.field(field)) {
        // A field that the store does not know is still shown.
        None => {
            Words { title: plain(field), value_type: "text", unit: String::new(), values: None }
        }
        Some(declared) => Words {
            title: title(&declared.title),
            value_type: match declared.field_type {
                FieldType::Text => "text",
                FieldType::Int => "int",
                FieldType::Real => "real",
                FieldType::Bool => "bool",
                FieldType::Date => "date",
                FieldType::DateTime => "date_time",
                FieldType::List => "list",
            },
            unit: declared.unit.clone(),
            values: Some(&declared.values),
        },
    }
}

impl Words<'_> {
    fn value(&self, value: &Value, base: &Value) -> ConsoleValueDto {
        let word = |code: &str| {
            let known = self.values.and_then(|it| it.get(code));
            known.map_or_else(|| plain(code), title)
        };
        let raw = raw(value);
        let title = match value {
            Value::Text(code) => word(code),
            Value::List(codes) => {
                let all: Vec<ConsoleTitleDto> = codes.iter().map(|it| word(it)).collect();
                let join = |of: fn(&ConsoleTitleDto) -> &str| {
                    all.iter().map(of).collect::<Vec<_>>().join(", ")
                };
                ConsoleTitleDto { sv: join(|it| &it.sv), en: join(|it| &it.en) }
            }
            _ => plain(&raw),
        };
        ConsoleValueDto { raw, title, moved_m: moved_m(value, base) }
    }
}

fn raw(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(it) => it.to_string(),
        Value::Int(it) => it.to_string(),
        Value::Real(it) => it.to_string(),
        Value::Text(it) => it.clone(),
        Value::List(codes) => codes.join(" "),
        Value::Geometry(_) => {
            place(value).map_or_else(String::new, |(e_m, n_m)| format!("{e_m:.2} {n_m:.2}"))
        }
    }
}

/// Middle of a geometry's rectangle on the store's grid, in metres.
fn place(value: &Value) -> Option<(f64, f64)> {
    if let Value::Geometry(geometry) = value {
        return geometry.bounds().map(Bounds::middle);
    }
    None
}

fn moved_m(value: &Value, base: &Value) -> Option<f64> {
    let ((e, n), (base_e, base_n)) = (place(value)?, place(base)?);
    let moved = (e - base_e).hypot(n - base_n);
    (moved > 0.0).then_some(moved)
}

pub(super) fn clash(
    dataset: Option<&Dataset>,
    field: &str,
    it: &faltkarta_changes::Clash,
) -> ConsoleClashDto {
    let words = words(dataset, field);
    ConsoleClashDto {
        field: field.to_owned(),
        base: words.value(&it.base, &it.base),
        store: words.value(&it.store, &it.base),
        candidate: words.value(&it.candidate, &it.base),
        title: words.title,
        value_type: words.value_type.to_owned(),
        unit: words.unit,
    }
}

pub(super) fn change(
    dataset: Option<&Dataset>,
    field: &str,
    it: &faltkarta_changes::Change,
) -> ConsoleHeldChangeDto {
    let words = words(dataset, field);
    ConsoleHeldChangeDto {
        field: field.to_owned(),
        old: words.value(&it.old, &it.old),
        new: words.value(&it.new, &it.old),
        title: words.title,
        value_type: words.value_type.to_owned(),
        unit: words.unit,
    }
}

/// What a field is called.
pub(super) fn field_title(dataset: Option<&Dataset>, field: &str) -> ConsoleTitleDto {
    words(dataset, field).title
}
