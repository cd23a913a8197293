use std::collections::BTreeMap;
use std::fmt;

use faltkarta_geo::Geometry;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::FieldId;

/// The field id under which a geometry is journalled and merged like any other field.
pub const GEOMETRY_FIELD: &str = "geometry";

/// The values of a feature by field; a field that is missing is null.
pub type Properties = BTreeMap<FieldId, Value>;

/// One value of one field.
///
/// In JSON: null, true, number, text, list of texts, or `{"wkb": "hex"}` for a geometry. Dates and moments are
/// ISO 8601 text; which of them a text is, the field's declaration says.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A finite decimal number.
    Real(f64),
    /// Text, a code of a domain list, a date or a moment.
    Text(String),
    /// Several codes chosen from a domain list.
    List(Vec<String>),
    /// A geometry on the store's grid.
    Geometry(Geometry),
}

impl Value {
    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text, when it is one.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The number, when it is one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(number) => Some(*number as f64),
            Self::Real(number) => Some(*number),
            _ => None,
        }
    }
}

/// Plain reading for labels: no units, decimal point, lists with commas, geometry left out.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null | Self::Geometry(_) => Ok(()),
            Self::Bool(flag) => flag.fmt(f),
            Self::Int(number) => number.fmt(f),
            Self::Real(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
            Self::List(items) => f.write_str(&items.join(", ")),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => out.serialize_unit(),
            Self::Bool(flag) => out.serialize_bool(*flag),
            Self::Int(number) => out.serialize_i64(*number),
            Self::Real(number) => out.serialize_f64(*number),
            Self::Text(text) => out.serialize_str(text),
            Self::List(items) => {
                let mut seq = out.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(item)?;
                }
                seq.end()
            }
            Self::Geometry(geometry) => {
                let mut map = out.serialize_map(Some(1))?;
                map.serialize_entry("wkb", &to_hex(geometry.wkb()))?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null, a flag, a number, text, a list of texts, or a geometry")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value, E> {
        i64::try_from(number).map(Value::Int).map_err(|_| E::custom("number is too large"))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Value, E> {
        if number.is_finite() { Ok(Value::Real(number)) } else { Err(E::custom("not a number")) }
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<String>()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let Some((key, hex)) = map.next_entry::<String, String>()? else {
            return Err(A::Error::custom("empty object"));
        };
        if key != "wkb" || map.next_key::<String>()?.is_some() {
            return Err(A::Error::custom("an object value must be {\"wkb\": …}"));
        }
        let bytes = from_hex(&hex).ok_or_else(|| A::Error::custom("wkb is not hexadecimal"))?;
        Geometry::from_wkb(bytes).map(Value::Geometry).map_err(A::Error::custom)
    }
}

fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |it: u8| char::from(it).to_digit(16).map(|it| it as u8);
    digits.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_is_read_back_as_written() {
        for value in [
            Value::Null,
            Value::Bool(true),
            Value::Int(-7),
            Value::Real(0.5),
            Value::Text("Å".into()),
            Value::List(vec!["a".into(), "b".into()]),
            Value::Geometry(Geometry::point(150_000.25, 6_600_000.0)),
        ] {
            let text = serde_json::to_string(&value).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value, "{text}");
        }
    }

    /// One unit in the last place is another value, and another value is a conflict.
    #[test]
    fn a_decimal_number_is_read_back_bit_for_bit() {
        let mut bits = 0x3ff0_0000_0000_0001_u64;
        for n in 0..20_000_u32 {
            bits = bits
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            // Measures between a tenth of a millimetre and ten thousand kilometres, all digits in use.
            let real =
                f64::from_bits(bits >> 12 | 0x3ff0_0000_0000_0000) * 10f64.powi(n as i32 % 12 - 4);
            let text = serde_json::to_string(&Value::Real(real)).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), Value::Real(real), "{text}");
        }
    }

    #[test]
    fn an_unknown_object_is_refused() {
        for text in ["{}", "{\"a\":\"b\"}", "{\"wkb\":\"zz\"}", "{\"wkb\":\"01\"}"] {
            assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
        }
    }
}
