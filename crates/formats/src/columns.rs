//! From the columns of a row to the values of fields, by the rules of a source.

use std::collections::BTreeMap;

use faltkarta_model::{
    Dataset, FieldId, FieldType, Source, SourceField, TextRule, Title, Value, fill_template,
    template_names,
};

use crate::delivery::Layer;
use crate::limits::MAX_QUOTED_CHARS;

/// The columns of a layer that a source needs, each asked for once.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Places in the layer's columns, in the order in which values come.
    pub(crate) columns: Vec<usize>,
    /// Columns that the source names and the layer does not have.
    pub(crate) missing: Vec<String>,
}

impl Wanted {
    /// Where the value of a column will stand in a row.
    pub(crate) fn slot(&mut self, layer: &Layer, column: &str) -> Option<usize> {
        let Some(idx) = layer.column_idx(column) else {
            if !self.missing.iter().any(|it| it == column) {
                self.missing.push(column.to_owned());
            }
            return None;
        };
        let slot = self.columns.iter().position(|it| *it == idx);
        Some(slot.unwrap_or_else(|| {
            self.columns.push(idx);
            self.columns.len() - 1
        }))
    }
}

/// A template with the slots of its columns.
#[derive(Debug)]
struct Composed {
    template: String,
    slots: Vec<(String, Option<usize>)>,
}

impl Composed {
    fn new(template: &str, layer: &Layer, wanted: &mut Wanted) -> Self {
        let names = template_names(template);
        let slots = names.into_iter().map(|it| (it.to_owned(), wanted.slot(layer, it))).collect();
        Self { template: template.to_owned(), slots }
    }

    fn fill(&self, values: &[Value]) -> Value {
        let text = fill_template(&self.template, |name| {
            let slot = self.slots.iter().find(|(it, _)| it == name).and_then(|(_, slot)| *slot);
            slot.map_or_else(String::new, |it| values[it].to_string().trim().to_owned())
        });
        Value::Text(text)
    }
}

/// Conditions on columns: each has one of the values, compared without case.
#[derive(Debug)]
pub(crate) struct Condition {
    columns: Vec<(Option<usize>, Vec<String>)>,
}

impl Condition {
    pub(crate) fn new(
        only: &BTreeMap<String, Vec<String>>,
        layer: &Layer,
        wanted: &mut Wanted,
    ) -> Self {
        let columns = only
            .iter()
            .map(|(column, values)| {
                let folded = values.iter().map(|it| it.to_lowercase()).collect();
                (wanted.slot(layer, column), folded)
            })
            .collect();
        Self { columns }
    }

    pub(crate) fn holds(&self, values: &[Value]) -> bool {
        self.columns.iter().all(|(slot, wanted)| match slot.map(|it| &values[it]) {
            // The usual case without a copy.
            Some(Value::Text(text)) => {
                wanted.iter().any(|it| it == text) || wanted.contains(&text.trim().to_lowercase())
            }
            Some(other) => wanted.contains(&other.to_string()),
            None => false,
        })
    }
}

/// How one field gets its value.
#[derive(Debug)]
pub(crate) struct FieldRule<'d> {
    pub(crate) field: FieldId,
    pub(crate) field_type: FieldType,
    pub(crate) is_required: bool,
    pub(crate) codes: &'d BTreeMap<String, Title>,
    origin: Origin,
    replace: BTreeMap<String, String>,
    null: Vec<String>,
    instead: Vec<(Condition, Composed)>,
    text: TextRule,
}

#[derive(Debug)]
enum Origin {
    Column(Option<usize>),
    Template(Composed),
}

impl<'d> FieldRule<'d> {
    /// The rules of a source, in the order of field ids.
    pub(crate) fn of_source(
        dataset: &'d Dataset,
        source: &Source,
        layer: &Layer,
        wanted: &mut Wanted,
    ) -> Vec<Self> {
        source
            .fields
            .iter()
            .filter_map(|(id, from)| {
                let field = dataset.field(id.as_str())?;
                let mut rule = Self {
                    field: id.clone(),
                    field_type: field.field_type,
                    is_required: field.required,
                    codes: &field.values,
                    origin: Origin::Column(None),
                    replace: BTreeMap::new(),
                    null: vec![],
                    instead: vec![],
                    text: TextRule::AsIs,
                };
                match from {
                    SourceField::Column(column) => {
                        rule.origin = Origin::Column(wanted.slot(layer, column));
                    }
                    SourceField::Rule { column, template, replace, null, instead, text } => {
                        rule.text = *text;
                        rule.origin = if template.is_empty() {
                            Origin::Column(wanted.slot(layer, column))
                        } else {
                            Origin::Template(Composed::new(template, layer, wanted))
                        };
                        rule.replace.clone_from(replace);
                        rule.null.clone_from(null);
                        rule.instead = instead
                            .iter()
                            .map(|it| {
                                let when = Condition::new(&it.when, layer, wanted);
                                (when, Composed::new(&it.template, layer, wanted))
                            })
                            .collect();
                    }
                }
                Some(rule)
            })
            .collect()
    }

    /// The value of the field for a row.
    pub(crate) fn value(&self, values: &[Value]) -> Result<Value, BadValue> {
        let exception = self.instead.iter().find(|(when, _)| when.holds(values));
        let raw = match (exception, &self.origin) {
            (Some((_, template)), _) | (None, Origin::Template(template)) => template.fill(values),
            (None, Origin::Column(Some(slot))) => values[*slot].clone(),
            (None, Origin::Column(None)) => return Ok(Value::Null),
        };
        let mut raw = raw;
        if !self.null.is_empty() && self.null.contains(&raw.to_string()) {
            return Ok(Value::Null);
        }
        if !self.replace.is_empty()
            && let Some(text) = self.replace.get(raw.to_string().trim())
        {
            raw = Value::Text(text.clone());
        }
        coerce(raw, self.field_type).map(|value| match value {
            Value::Text(text) => Value::Text(written(text, self.text)),
            other => other,
        })
    }
}

fn written(text: String, rule: TextRule) -> String {
    match rule {
        TextRule::AsIs => text,
        TextRule::Words if text.chars().any(char::is_lowercase) => text,
        TextRule::Words => {
            let mut is_start = true;
            text.chars()
                .flat_map(|letter| {
                    let lower = letter.to_lowercase();
                    let kept = if is_start { vec![letter] } else { lower.collect() };
                    is_start = !letter.is_alphanumeric();
                    kept
                })
                .collect()
        }
        TextRule::PostalCode => {
            let digits: String = text.chars().filter(|it| !it.is_whitespace()).collect();
            let is_code = digits.len() == 5 && digits.bytes().all(|it| it.is_ascii_digit());
            if is_code { format!("{} {}", &digits[..3], &digits[3..]) } else { text }
        }
    }
}

/// A value that is not of its field's type.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadValue {
    /// The problem's code.
    pub(crate) code: &'static str,
    /// The value, shortened.
    pub(crate) shown: String,
}

/// Makes a value of a field's type out of what the file gave. Empty text is no value.
pub(crate) fn coerce(raw: Value, field_type: FieldType) -> Result<Value, BadValue> {
    let raw = match raw {
        Value::Text(text) if text.trim().is_empty() => return Ok(Value::Null),
        Value::Text(text) if text.trim().len() < text.len() => Value::Text(text.trim().to_owned()),
        Value::List(items) if field_type != FieldType::List => {
            // Several dates of one decision: the last counts.
            match items.into_iter().next_back() {
                Some(last) => return coerce(Value::Text(last), field_type),
                None => return Ok(Value::Null),
            }
        }
        other => other,
    };
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let bad = |code| BadValue { code, shown: shown(&raw) };
    match (field_type, &raw) {
        (FieldType::Text, Value::Text(_))
        | (FieldType::Int, Value::Int(_))
        | (FieldType::Real, Value::Real(_))
        | (FieldType::Bool, Value::Bool(_))
        | (FieldType::List, Value::List(_)) => Ok(raw),
        (FieldType::Text, other) => Ok(Value::Text(other.to_string())),
        (FieldType::List, other) => Ok(Value::List(vec![other.to_string()])),
        (FieldType::Real, Value::Int(number)) => Ok(Value::Real(*number as f64)),
        (FieldType::Real, Value::Text(text)) => {
            parse_number(text).map(Value::Real).ok_or_else(|| bad("bad_number"))
        }
        (FieldType::Int, Value::Real(number)) => {
            whole(*number).map(Value::Int).ok_or_else(|| bad("bad_number"))
        }
        (FieldType::Int, Value::Bool(flag)) => Ok(Value::Int(i64::from(*flag))),
        (FieldType::Int, Value::Text(text)) => text
            .parse()
            .ok()
            .or_else(|| parse_number(text).and_then(whole))
            .map(Value::Int)
            .ok_or_else(|| bad("bad_number")),
        (FieldType::Bool, other) => {
            parse_flag(other).map(Value::Bool).ok_or_else(|| bad("bad_flag"))
        }
        (FieldType::Date, Value::Text(text)) => {
            is_date(text).map(Value::Text).ok_or_else(|| bad("bad_date"))
        }
        (FieldType::DateTime, Value::Text(text)) => {
            is_moment(text).map(Value::Text).ok_or_else(|| bad("bad_date"))
        }
        (FieldType::Date | FieldType::DateTime, _) => Err(bad("bad_date")),
        (FieldType::Int | FieldType::Real, _) => Err(bad("bad_number")),
    }
}

/// A value as a problem quotes it.
pub(crate) fn shown(value: &Value) -> String {
    value.to_string().chars().take(MAX_QUOTED_CHARS).collect()
}

/// A number as Swedes and programs write it: comma or point, thin or hard spaces between thousands.
pub(crate) fn parse_number(text: &str) -> Option<f64> {
    let plain: String = text
        .chars()
        .filter(|it| !it.is_whitespace())
        .map(|it| match it {
            ',' => '.',
            '\u{2212}' => '-',
            other => other,
        })
        .collect();
    let is_number = plain.bytes().any(|it| it.is_ascii_digit())
        && plain.bytes().all(|it| it.is_ascii_digit() || b".-+eE".contains(&it));
    plain.parse().ok().filter(|number: &f64| is_number && number.is_finite())
}

fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

fn parse_flag(value: &Value) -> Option<bool> {
    match value {
        Value::Int(0) => Some(false),
        Value::Int(1) => Some(true),
        Value::Text(text) => match text.to_lowercase().as_str() {
            "1" | "true" | "t" | "ja" | "j" | "yes" | "y" => Some(true),
            "0" | "false" | "f" | "nej" | "n" | "no" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// `2026-05-19`, also the front of a moment, also `20260519`. Day and month with slashes are never guessed.
fn is_date(text: &str) -> Option<String> {
    let digits = |it: &str| it.bytes().all(|byte| byte.is_ascii_digit());
    let parts = if text.len() == 8 && digits(text) {
        [&text[..4], &text[4..6], &text[6..]]
    } else {
        let front = text.get(..10)?;
        let behind = text[10..].bytes().next();
        let bytes = front.as_bytes();
        if bytes[4] != b'-' || bytes[7] != b'-' || !matches!(behind, None | Some(b'T' | b' ')) {
            return None;
        }
        [front.get(..4)?, front.get(5..7)?, front.get(8..)?]
    };
    let [year, month, day] = parts;
    let in_range = |it: &str, least: u32, most: u32| {
        digits(it) && it.parse::<u32>().is_ok_and(|it| (least..=most).contains(&it))
    };
    (in_range(year, 1, 9999) && in_range(month, 1, 12) && in_range(day, 1, 31))
        .then(|| format!("{year}-{month}-{day}"))
}

/// A moment in RFC 3339 with `T`; a bare date stays one.
fn is_moment(text: &str) -> Option<String> {
    let date = is_date(text)?;
    if text.len() <= 10 {
        return Some(date);
    }
    let time = &text[11..];
    let is_time = time.len() >= 5
        && time.bytes().all(|it| it.is_ascii_digit() || b":.+-Z".contains(&it))
        && time.as_bytes()[2] == b':';
    is_time.then(|| format!("{date}T{time}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(it: &str) -> Value {
        Value::Text(it.to_owned())
    }

    #[test]
    fn numbers_are_read_as_swedes_write_them() {
        for (given, number) in
            [("1 234,5", 1234.5), ("6608920.569", 6_608_920.569), ("\u{2212}3", -3.0)]
        {
            assert_eq!(coerce(text(given), FieldType::Real), Ok(Value::Real(number)), "{given}");
        }
        for given in ["12 m", "NaN", "inf", "-", "1,2,3"] {
            assert_eq!(
                coerce(text(given), FieldType::Real).unwrap_err().code,
                "bad_number",
                "{given}"
            );
        }
        assert_eq!(coerce(text("110"), FieldType::Int), Ok(Value::Int(110)));
        assert_eq!(coerce(text("110,5"), FieldType::Int).unwrap_err().code, "bad_number");
    }

    #[test]
    fn a_date_with_slashes_is_never_guessed() {
        assert_eq!(coerce(text("2026-05-19"), FieldType::Date), Ok(text("2026-05-19")));
        assert_eq!(coerce(text("2026-05-19T10:00:00Z"), FieldType::Date), Ok(text("2026-05-19")));
        assert_eq!(coerce(text("20260519"), FieldType::Date), Ok(text("2026-05-19")));
        for given in ["3/4", "3/4 2026", "19.05.2026", "2026-13-01", "2026-5-19"] {
            assert_eq!(
                coerce(text(given), FieldType::Date).unwrap_err().code,
                "bad_date",
                "{given}"
            );
        }
        assert_eq!(
            coerce(text("2024-01-02 03:04:05"), FieldType::DateTime),
            Ok(text("2024-01-02T03:04:05"))
        );
    }

    #[test]
    fn codes_delivered_as_numbers_become_text_and_empty_text_becomes_nothing() {
        assert_eq!(coerce(Value::Int(1885), FieldType::Text), Ok(text("1885")));
        assert_eq!(coerce(text("0114"), FieldType::Text), Ok(text("0114")));
        assert_eq!(coerce(text("  "), FieldType::Text), Ok(Value::Null));
        assert_eq!(coerce(text("Ja"), FieldType::Bool), Ok(Value::Bool(true)));
        assert_eq!(coerce(text("kanske"), FieldType::Bool).unwrap_err().code, "bad_flag");
    }

    #[test]
    fn names_in_capitals_become_words_and_postal_codes_get_their_space() {
        for (given, shown) in [
            ("LINDESBERG", "Lindesberg"),
            ("ÅS-ÖBY GÅRD", "Ås-Öby Gård"),
            ("Gamla byn", "Gamla byn"),
        ] {
            assert_eq!(written(given.into(), TextRule::Words), shown);
        }
        for (given, shown) in [("71130", "711 30"), ("711 30", "711 30"), ("SE-71130", "SE-71130")]
        {
            assert_eq!(written(given.into(), TextRule::PostalCode), shown);
        }
    }

    #[test]
    fn of_several_dates_the_last_counts() {
        let dates = Value::List(vec!["1999-01-02".into(), "2001-03-04".into()]);
        assert_eq!(coerce(dates, FieldType::Date), Ok(text("2001-03-04")));
    }
}
