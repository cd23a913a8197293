use faltkarta_changes::{Change, Operation};
use faltkarta_model::{Dataset, Field, FieldType, Value};

use crate::judging::catalogue::Declared;

/// An operation in the words of the revision in force. Names are labels and removed fields are stored still, so only
/// a field that took another's place asks for something: what is said of the earlier field is said of the later one
/// too. `None` when a value cannot be one of the later field.
pub(super) fn translated(op: &Operation, declared: &Declared) -> Option<Operation> {
    let mut op = op.clone();
    let missed = declared.revisions.range(op.schema_rev.saturating_add(1)..);
    for (_, revision) in missed {
        for field in &revision.as_ref()?.fields {
            let Some(change) = field.replaces.as_ref().and_then(|it| op.changes.get(it)) else {
                continue;
            };
            // What was there before and could not be converted is not there in the later field.
            let old = convert(&change.old, field.field_type).unwrap_or(Value::Null);
            let new = convert(&change.new, field.field_type)?;
            op.changes.entry(field.id.clone()).or_insert(Change { old, new });
        }
    }
    op.schema_rev = declared.revision;
    Some(op)
}

/// A value as one of another type; `None` when it cannot be one.
pub(crate) fn convert(value: &Value, to: FieldType) -> Option<Value> {
    let text = || value.to_string().trim().to_owned();
    match (value, to) {
        (Value::Null, _) => Some(Value::Null),
        (Value::Geometry(_), _) => None,
        (Value::Text(it), FieldType::Text) => Some(Value::Text(it.clone())),
        (_, FieldType::Text) => Some(Value::Text(text())),
        (Value::Int(_), FieldType::Int) | (Value::Real(_), FieldType::Real) => Some(value.clone()),
        (Value::Int(it), FieldType::Real) => Some(Value::Real(*it as f64)),
        // A fraction would be lost.
        (Value::Real(it), FieldType::Int) => {
            (it.fract() == 0.0 && it.abs() < 9.0e15).then_some(Value::Int(*it as i64))
        }
        (Value::Text(_), FieldType::Int) => text().parse().ok().map(Value::Int),
        (Value::Text(_), FieldType::Real) => {
            let number: f64 = text().replace(',', ".").parse().ok()?;
            number.is_finite().then_some(Value::Real(number))
        }
        (Value::Bool(_), FieldType::Bool) => Some(value.clone()),
        (Value::Int(0 | 1), FieldType::Bool) => Some(Value::Bool(*value == Value::Int(1))),
        (Value::Text(it), FieldType::Bool) => match it.trim().to_lowercase().as_str() {
            "ja" | "true" | "1" => Some(Value::Bool(true)),
            "nej" | "false" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        (Value::Text(it), FieldType::Date) => {
            let day = it.trim().get(..10)?;
            faltkarta_model::Timestamp::parse(&format!("{day}T00:00:00Z")).ok()?;
            Some(Value::Text(day.to_owned()))
        }
        (Value::Text(it), FieldType::DateTime) => {
            faltkarta_model::Timestamp::parse(it.trim()).ok()?;
            Some(Value::Text(it.trim().to_owned()))
        }
        (Value::Text(it), FieldType::List) => Some(Value::List(vec![it.clone()])),
        (Value::List(_), FieldType::List) => Some(value.clone()),
        _ => None,
    }
}

/// Whether a declaration may follow another: a field keeps its type for ever. Another type is another field, which
/// says with `replaces` whose place it takes.
pub(crate) fn may_follow(before: &Dataset, after: &Dataset) -> Result<(), String> {
    let kept = |field: &&Field| before.field(field.id.as_str()).is_some();
    for field in after.fields.iter().filter(kept) {
        let was = before.field(field.id.as_str()).map(|it| it.field_type);
        if was.is_some_and(|it| it != field.field_type) {
            return Err(format!(
                "field {} changes its type; declare a new field with replaces = \"{}\"",
                field.id, field.id
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(it: &str) -> Value {
        Value::Text(it.to_owned())
    }

    #[test]
    fn a_value_becomes_one_of_another_type_only_when_nothing_is_lost() {
        for (value, to, wanted) in [
            (text(" 12 "), FieldType::Int, Some(Value::Int(12))),
            (text("ca 12"), FieldType::Int, None),
            (text("1,5"), FieldType::Real, Some(Value::Real(1.5))),
            (Value::Real(2.0), FieldType::Int, Some(Value::Int(2))),
            (Value::Real(2.5), FieldType::Int, None),
            (Value::Int(3), FieldType::Text, Some(text("3"))),
            (text("Ja"), FieldType::Bool, Some(Value::Bool(true))),
            (text("kanske"), FieldType::Bool, None),
            (text("2026-05-19T08:00:00Z"), FieldType::Date, Some(text("2026-05-19"))),
            (text("2026-13-01"), FieldType::Date, None),
            (text("rost"), FieldType::List, Some(Value::List(vec!["rost".into()]))),
            (Value::Null, FieldType::Int, Some(Value::Null)),
            (Value::Bool(true), FieldType::Int, None),
        ] {
            assert_eq!(convert(&value, to), wanted, "{value:?} as {to:?}");
        }
    }
}
