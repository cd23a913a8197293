use std::borrow::Cow;
use std::fmt;

use faltkarta_model::FieldId;
use faltkarta_tiles::TagValue;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::error::AppError;

/// A value that a tile carries, its text still in the row where that has no escapes.
#[derive(Debug, PartialEq)]
pub(crate) enum Tag<'r> {
    Text(Cow<'r, str>),
    Int(i64),
    Real(f64),
    Bool(bool),
}

impl Tag<'_> {
    pub(crate) fn value(&self) -> TagValue<'_> {
        match self {
            Self::Text(text) => TagValue::Text(text),
            Self::Int(number) => TagValue::Int(*number),
            Self::Real(number) => TagValue::Real(*number),
            Self::Bool(flag) => TagValue::Bool(*flag),
        }
    }
}

/// Reads the wanted fields out of a row's JSON and passes over all others: a tile has thousands of rows and shows a
/// few fields of each. Null, lists and geometries are left out.
pub(crate) fn read_tags<'f, 'r>(
    json: &'r str,
    fields: &'f [&FieldId],
    tags: &mut Vec<(&'f str, Tag<'r>)>,
) -> Result<(), AppError> {
    tags.clear();
    if fields.is_empty() {
        return Ok(());
    }
    let mut from = serde_json::Deserializer::from_str(json);
    from.deserialize_map(Row { fields, tags }).map_err(AppError::damaged)
}

struct Row<'t, 'f, 'r> {
    fields: &'f [&'f FieldId],
    tags: &'t mut Vec<(&'f str, Tag<'r>)>,
}

impl<'r> Visitor<'r> for Row<'_, '_, 'r> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the values of a feature by field")
    }

    fn visit_map<A: MapAccess<'r>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(field) = map.next_key_seed(Key { fields: self.fields })? {
            match field {
                Some(name) => {
                    if let Some(tag) = map.next_value_seed(Any)? {
                        self.tags.push((name, tag));
                    }
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Finds a key among the wanted fields without a copy of it.
struct Key<'f> {
    fields: &'f [&'f FieldId],
}

impl<'r, 'f> DeserializeSeed<'r> for Key<'f> {
    type Value = Option<&'f str>;

    fn deserialize<D: Deserializer<'r>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'f> Visitor<'_> for Key<'f> {
    type Value = Option<&'f str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's id")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.fields.iter().map(|it| it.as_str()).find(|it| *it == key))
    }
}

struct Any;

impl<'r> DeserializeSeed<'r> for Any {
    type Value = Option<Tag<'r>>;

    fn deserialize<D: Deserializer<'r>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'r> Visitor<'r> for Any {
    type Value = Option<Tag<'r>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Some(Tag::Bool(flag)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(Tag::Int(number)))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Self::Value, E> {
        let number = i64::try_from(number).map_err(|_| E::custom("number is too large"))?;
        Ok(Some(Tag::Int(number)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Some(Tag::Real(number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Tag::Text(Cow::Owned(text.to_owned()))))
    }

    fn visit_borrowed_str<E>(self, text: &'r str) -> Result<Self::Value, E> {
        Ok(Some(Tag::Text(Cow::Borrowed(text))))
    }

    fn visit_seq<A: SeqAccess<'r>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'r>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'r>(json: &'r str, wanted: &[&str]) -> Vec<(String, Tag<'r>)> {
        let ids: Vec<FieldId> = wanted.iter().map(|it| FieldId::parse(it).unwrap()).collect();
        let fields: Vec<&FieldId> = ids.iter().collect();
        let mut tags = vec![];
        read_tags(json, &fields, &mut tags).unwrap();
        tags.into_iter().map(|(name, tag)| (name.to_owned(), tag)).collect()
    }

    #[test]
    fn only_wanted_fields_are_read_each_in_its_own_kind() {
        let json =
            r#"{"a":"Bostad","b":7,"c":1.5,"d":true,"e":null,"f":["x"],"g":{"wkb":"00"},"h":"no"}"#;
        let text = |it| Tag::Text(Cow::Borrowed(it));
        assert_eq!(
            read(json, &["a", "b", "c", "d", "e", "f", "g"]),
            [
                ("a".to_owned(), text("Bostad")),
                ("b".to_owned(), Tag::Int(7)),
                ("c".to_owned(), Tag::Real(1.5)),
                ("d".to_owned(), Tag::Bool(true)),
            ]
        );
        assert_eq!(read(json, &["h"]), [("h".to_owned(), text("no"))]);
        assert_eq!(read("not even JSON", &[]), []);
    }

    #[test]
    fn text_with_escapes_is_read_as_it_was_meant() {
        let json = r#"{"x\ny":1,"name":"Nils \"Nisse\" väg"}"#;
        assert_eq!(
            read(json, &["name"]),
            [("name".to_owned(), Tag::Text(Cow::Borrowed("Nils \"Nisse\" väg")))]
        );
    }

    #[test]
    fn damaged_rows_are_told() {
        let name = FieldId::parse("name").unwrap();
        let fields = [&name];
        let mut tags = vec![];
        for json in ["", "{", r#"{"name":}"#, r#"["name"]"#] {
            assert!(read_tags(json, &fields, &mut tags).is_err(), "{json}");
        }
    }
}
