use std::cmp::Ordering;

use faltkarta_geo::{Bounds, GridSystem};
use faltkarta_model::{Dataset, Feature, Field, FieldId, FieldType, Timestamp, Value};

use crate::ogc::cql2::{Comparison, Expression, Literal, Operand};
use crate::ogc::crs::PublicCrs;
use crate::ogc::geojson::shown;
use crate::ogc::near::Near;

/// What geometry is called as a property.
pub(crate) const GEOMETRY: &str = "geometry";
/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// A condition in which every name and every kind of value has been checked.
#[derive(Debug, Clone)]
pub(crate) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Constant(bool),
    Compare(Scalar, Comparison, Scalar),
    Like(Scalar, String),
    In(Scalar, Vec<Scalar>),
    IsNull(Option<Field>),
    /// A list that holds a code.
    Holds(Field, String),
    Near(Near),
    /// A field with a date or a moment that lies in a span, in milliseconds since 1970.
    During(Field, i64, i64),
}

/// A value that two sides of a comparison have alike.
#[derive(Debug, Clone)]
pub(crate) enum Scalar {
    Field(Field),
    Known(Known),
    Folded(Box<Scalar>),
}

/// A value as it is compared.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Known {
    Text(String),
    Number(f64),
    Bool(bool),
    /// A day, as text that sorts.
    Day(String),
    /// Milliseconds since 1970.
    Moment(i64),
}

/// What can be compared with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Bool,
    Day,
    Moment,
}

/// Ties an expression to the fields of a dataset; or says in words why it cannot be.
pub(crate) fn bind(
    expression: &Expression,
    dataset: &Dataset,
    (crs, store): (PublicCrs, GridSystem),
) -> Result<Condition, String> {
    let again = |it: &Expression| bind(it, dataset, (crs, store));
    let scalar = |it: &Operand| scalar(it, dataset);
    Ok(match expression {
        Expression::And(parts) => {
            Condition::And(parts.iter().map(again).collect::<Result<_, _>>()?)
        }
        Expression::Or(parts) => Condition::Or(parts.iter().map(again).collect::<Result<_, _>>()?),
        Expression::Not(inner) => Condition::Not(Box::new(again(inner)?)),
        Expression::Constant(it) => Condition::Constant(*it),
        Expression::Compare(left, comparison, right) => {
            let (left, right) = alike(scalar(left)?, scalar(right)?)?;
            Condition::Compare(left, *comparison, right)
        }
        Expression::Like(left, pattern) => {
            let left = scalar(left)?;
            if left.kind()? != Kind::Text {
                return Err("LIKE asks for a text".to_owned());
            }
            Condition::Like(left, pattern.clone())
        }
        Expression::Between(value, low, high) => {
            let value = scalar(value)?;
            let (first, low) = alike(value.clone(), scalar(low)?)?;
            let (second, high) = alike(value, scalar(high)?)?;
            Condition::And(vec![
                Condition::Compare(first, Comparison::GreaterOrEqual, low),
                Condition::Compare(second, Comparison::LessOrEqual, high),
            ])
        }
        Expression::In(value, values) => {
            let mut value = scalar(value)?;
            let mut alike_values = vec![];
            for it in values {
                let (left, right) = alike(value, scalar(it)?)?;
                value = left;
                alike_values.push(right);
            }
            Condition::In(value, alike_values)
        }
        Expression::IsNull(name) if name == GEOMETRY => Condition::IsNull(None),
        Expression::IsNull(name) => Condition::IsNull(Some(field(name, dataset)?.clone())),
        Expression::Intersects(name, shape) => {
            if name != GEOMETRY {
                return Err(format!("{name} is no geometry; it is called geometry"));
            }
            Condition::Near(Near::shape(shape, crs, store))
        }
    })
}

/// The condition that a field has a value, as a parameter of an address says it.
pub(crate) fn has_value(field: &Field, text: &str) -> Result<Condition, String> {
    if field.field_type == FieldType::List {
        return Ok(Condition::Holds(field.clone(), text.to_owned()));
    }
    let known = match field.field_type {
        FieldType::Int
            if !text.strip_prefix('-').unwrap_or(text).bytes().all(|it| it.is_ascii_digit()) =>
        {
            return Err("it is not a whole number".to_owned());
        }
        FieldType::Int | FieldType::Real => {
            let number = text.parse().ok().filter(|it: &f64| it.is_finite());
            Known::Number(number.ok_or("it is not a number")?)
        }
        FieldType::Bool => Known::Bool(text.parse().map_err(|_| "it is neither true nor false")?),
        FieldType::Date => Known::Day(day(text)?),
        FieldType::DateTime => Known::Moment(moment(text)?),
        FieldType::Text | FieldType::List => Known::Text(text.to_owned()),
    };
    let of = Scalar::Field(field.clone());
    Ok(Condition::Compare(of, Comparison::Equal, Scalar::Known(known)))
}

fn field<'a>(name: &str, dataset: &'a Dataset) -> Result<&'a Field, String> {
    dataset.field(name).ok_or_else(|| {
        let name: String = name.chars().take(80).collect();
        format!("there is no property {name}")
    })
}

fn scalar(operand: &Operand, dataset: &Dataset) -> Result<Scalar, String> {
    Ok(match operand {
        Operand::Property(name) => {
            let field = field(name, dataset)?;
            if field.field_type == FieldType::List {
                return Err(format!("{name} is a list; ask with the parameter {name} instead"));
            }
            Scalar::Field(field.clone())
        }
        Operand::Literal(literal) => Scalar::Known(match literal {
            Literal::Text(it) => Known::Text(it.clone()),
            Literal::Number(it) => Known::Number(*it),
            Literal::Bool(it) => Known::Bool(*it),
            Literal::Date(it) => Known::Day(day(it)?),
            Literal::Timestamp(it) => Known::Moment(moment(it)?),
        }),
        Operand::CaseFolded(inner) => {
            let inner = scalar(inner, dataset)?;
            if inner.kind()? != Kind::Text {
                return Err("CASEI asks for a text".to_owned());
            }
            Scalar::Folded(Box::new(inner))
        }
    })
}

/// Two sides that can be compared. A text beside a day or a moment is read as one.
fn alike(left: Scalar, right: Scalar) -> Result<(Scalar, Scalar), String> {
    let (a, b) = (left.kind()?, right.kind()?);
    if a == b {
        return Ok((left, right));
    }
    let turned = |it: Scalar, to: Kind| -> Result<Scalar, String> {
        Ok(Scalar::Known(match (it, to) {
            (Scalar::Known(Known::Text(it) | Known::Day(it)), Kind::Day) => Known::Day(day(&it)?),
            (Scalar::Known(Known::Moment(it)), Kind::Day) => {
                Known::Day(Timestamp::from_unix_ms(it).date_utc())
            }
            (Scalar::Known(Known::Text(it)), Kind::Moment) => Known::Moment(moment(&it)?),
            (Scalar::Known(Known::Day(it)), Kind::Moment) => {
                Known::Moment(moment(&format!("{it}T00:00:00Z"))?)
            }
            _ => return Err("values of different kinds are compared".to_owned()),
        }))
    };
    match (a, b) {
        (Kind::Day | Kind::Moment, _) if matches!(left, Scalar::Field(_)) => {
            Ok((left, turned(right, a)?))
        }
        (_, Kind::Day | Kind::Moment) if matches!(right, Scalar::Field(_)) => {
            Ok((turned(left, b)?, right))
        }
        _ => Err("values of different kinds are compared".to_owned()),
    }
}

/// A day in the order of year, month, day.
fn day(text: &str) -> Result<String, String> {
    let is_day = Timestamp::parse(&format!("{text}T00:00:00Z")).is_ok();
    if is_day { Ok(text.to_owned()) } else { Err("a day is written 2026-05-19".to_owned()) }
}

fn moment(text: &str) -> Result<i64, String> {
    let moment = Timestamp::parse(text).map(Timestamp::unix_ms);
    moment.map_err(|_| "a moment is written 2026-05-19T08:00:00Z".to_owned())
}

/// A span of `datetime`: a moment, a day, or two of them with a slash between, of which `..` or nothing is open.
pub(crate) fn span(text: &str) -> Result<(i64, i64), String> {
    let end = |text: &str, open: i64, is_end: bool| -> Result<i64, String> {
        match text {
            "" | ".." => Ok(open),
            _ if text.len() == 10 => {
                let begun = moment(&format!("{text}T00:00:00Z"))?;
                Ok(if is_end { begun + DAY_MS - 1 } else { begun })
            }
            _ => moment(text),
        }
    };
    match text.split_once('/') {
        Some((from, until)) => Ok((end(from, i64::MIN, false)?, end(until, i64::MAX, true)?)),
        None if text.is_empty() || text == ".." => Err("a moment is missing".to_owned()),
        None => Ok((end(text, 0, false)?, end(text, 0, true)?)),
    }
}

impl Scalar {
    fn kind(&self) -> Result<Kind, String> {
        Ok(match self {
            Self::Field(field) => match field.field_type {
                FieldType::Text => Kind::Text,
                FieldType::Int | FieldType::Real => Kind::Number,
                FieldType::Bool => Kind::Bool,
                FieldType::Date => Kind::Day,
                FieldType::DateTime => Kind::Moment,
                FieldType::List => return Err("a list cannot be compared".to_owned()),
            },
            Self::Known(known) => match known {
                Known::Text(_) => Kind::Text,
                Known::Number(_) => Kind::Number,
                Known::Bool(_) => Kind::Bool,
                Known::Day(_) => Kind::Day,
                Known::Moment(_) => Kind::Moment,
            },
            Self::Folded(_) => Kind::Text,
        })
    }

    /// The value in a feature; none when it is null.
    fn of(&self, feature: &Feature) -> Option<Known> {
        match self {
            Self::Known(known) => Some(known.clone()),
            Self::Folded(inner) => match inner.of(feature)? {
                Known::Text(text) => Some(Known::Text(text.to_lowercase())),
                _ => None,
            },
            Self::Field(field) => match (shown(field, &feature.properties), field.field_type) {
                (Value::Text(day), FieldType::Date) => Some(Known::Day(day)),
                (Value::Text(text), FieldType::DateTime) => moment(&text).ok().map(Known::Moment),
                (Value::Text(text), _) => Some(Known::Text(text)),
                (Value::Int(number), _) => Some(Known::Number(number as f64)),
                (Value::Real(number), _) => Some(Known::Number(number)),
                (Value::Bool(it), _) => Some(Known::Bool(it)),
                (Value::Null | Value::List(_) | Value::Geometry(_), _) => None,
            },
        }
    }
}

impl Condition {
    /// Whether it holds; `None` where a null leaves it open.
    pub(crate) fn holds(&self, feature: &Feature) -> Option<bool> {
        match self {
            Self::And(parts) => among(parts, feature, false),
            Self::Or(parts) => among(parts, feature, true),
            Self::Not(inner) => inner.holds(feature).map(|it| !it),
            Self::Constant(it) => Some(*it),
            Self::Compare(left, comparison, right) => {
                let order = order(&left.of(feature)?, &right.of(feature)?)?;
                Some(match comparison {
                    Comparison::Equal => order == Ordering::Equal,
                    Comparison::Unequal => order != Ordering::Equal,
                    Comparison::Less => order == Ordering::Less,
                    Comparison::LessOrEqual => order != Ordering::Greater,
                    Comparison::Greater => order == Ordering::Greater,
                    Comparison::GreaterOrEqual => order != Ordering::Less,
                })
            }
            Self::Like(left, pattern) => match left.of(feature)? {
                Known::Text(text) => Some(is_like(&text, pattern)),
                _ => None,
            },
            Self::In(value, values) => {
                let value = value.of(feature)?;
                let found = values.iter().filter_map(|it| order(&value, &it.of(feature)?));
                Some(found.into_iter().any(|it| it == Ordering::Equal))
            }
            Self::IsNull(None) => Some(feature.geometry.is_none()),
            Self::IsNull(Some(field)) => Some(shown(field, &feature.properties).is_null()),
            Self::Holds(field, code) => Some(match shown(field, &feature.properties) {
                Value::List(codes) => codes.contains(code),
                _ => false,
            }),
            Self::Near(near) => feature.geometry.as_ref().map(|it| near.is_met(it)),
            Self::During(field, from_ms, until_ms) => {
                let (begun, ended) = match Scalar::Field(field.clone()).of(feature)? {
                    Known::Day(day) => {
                        let begun = moment(&format!("{day}T00:00:00Z")).ok()?;
                        (begun, begun + DAY_MS - 1)
                    }
                    Known::Moment(at) => (at, at),
                    Known::Text(_) | Known::Number(_) | Known::Bool(_) => return None,
                };
                Some(begun <= *until_ms && *from_ms <= ended)
            }
        }
    }

    /// A rectangle on the grid outside of which it never holds.
    pub(crate) fn bounds(&self) -> Option<Bounds> {
        match self {
            Self::And(parts) => parts.iter().find_map(Self::bounds),
            Self::Near(near) => near.around,
            _ => None,
        }
    }

    /// A field that is declared unique and the one text that it must have.
    pub(crate) fn unique(&self) -> Option<(FieldId, String)> {
        match self {
            Self::And(parts) => parts.iter().find_map(Self::unique),
            Self::Compare(
                Scalar::Field(field),
                Comparison::Equal,
                Scalar::Known(Known::Text(text)),
            ) if field.unique => Some((field.id.clone(), text.clone())),
            _ => None,
        }
    }
}

/// Whether any part decides; a part that is open leaves the whole open when none does.
fn among(parts: &[Condition], feature: &Feature, deciding: bool) -> Option<bool> {
    let mut is_open = false;
    for part in parts {
        match part.holds(feature) {
            Some(it) if it == deciding => return Some(deciding),
            Some(_) => {}
            None => is_open = true,
        }
    }
    if is_open { None } else { Some(!deciding) }
}

fn order(left: &Known, right: &Known) -> Option<Ordering> {
    match (left, right) {
        (Known::Text(a), Known::Text(b)) | (Known::Day(a), Known::Day(b)) => Some(a.cmp(b)),
        (Known::Number(a), Known::Number(b)) => a.partial_cmp(b),
        (Known::Bool(a), Known::Bool(b)) => Some(a.cmp(b)),
        (Known::Moment(a), Known::Moment(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// `%` stands for any text, `_` for one sign, and a backslash takes the meaning from the next.
fn is_like(text: &str, pattern: &str) -> bool {
    let mut wanted: Vec<(char, bool)> = vec![];
    let mut signs = pattern.chars();
    while let Some(sign) = signs.next() {
        wanted.push(match sign {
            '\\' => (signs.next().unwrap_or('\\'), false),
            _ => (sign, matches!(sign, '%' | '_')),
        });
    }
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut n) = (0, 0);
    // Where the last % stands, and how much of the text it has taken; it takes more when what follows does not fit.
    let mut back: Option<(usize, usize)> = None;
    while at < text.len() {
        match wanted.get(n) {
            Some(('%', true)) => {
                back = Some((n, at));
                n += 1;
            }
            Some((sign, is_wild)) if *is_wild || *sign == text[at] => {
                at += 1;
                n += 1;
            }
            _ => match &mut back {
                Some((star, taken)) => {
                    *taken += 1;
                    (n, at) = (*star + 1, *taken);
                }
                None => return false,
            },
        }
    }
    wanted[n..].iter().all(|it| *it == ('%', true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ogc::cql2::{Limits, parse};
    use faltkarta_geo::Geometry;
    use faltkarta_model::{DatasetId, FeatureId};

    const STORE: GridSystem = GridSystem::ZONE_15_00;

    fn valve() -> Dataset {
        Dataset::parse(include_str!("../../../../data/datasets/valve.toml")).unwrap()
    }

    fn feature() -> Feature {
        let value = |id: &str, value| (FieldId::parse(id).unwrap(), value);
        Feature {
            id: FeatureId::from_uuid(uuid::Uuid::from_u128(1)),
            dataset: DatasetId::parse("valve").unwrap(),
            version: 1,
            geometry: Some(Geometry::point(162_914.167, 6_608_920.569)),
            properties: [
                value("nummer", Value::Text("AV-1%".into())),
                value("lage", Value::Text("Öppen".into())),
                value("antal_varv", Value::Int(12)),
                value("senast_motionerad", Value::Text("2026-05-19".into())),
            ]
            .into(),
        }
    }

    fn holds_in(filter: &str, crs: PublicCrs) -> Result<Option<bool>, String> {
        let expression = parse(filter, Limits::ORDINARY)?;
        Ok(bind(&expression, &valve(), (crs, STORE))?.holds(&feature()))
    }

    #[test]
    fn each_condition_says_yes_no_or_nothing() {
        for (filter, wanted) in [
            ("antal_varv = 12", Some(true)),
            ("antal_varv <> 12", Some(false)),
            ("antal_varv > 11.5 AND antal_varv <= 12", Some(true)),
            ("13 > antal_varv", Some(true)),
            ("lage = 'öppen'", Some(false)),
            ("CASEI(lage) = CASEI('öPPEN')", Some(true)),
            ("CASEI(lage) LIKE casei('ÖP%')", Some(true)),
            ("nummer LIKE 'AV-_%'", Some(true)),
            ("nummer LIKE 'AV-1\\%'", Some(true)),
            ("nummer LIKE 'AV-1\\_'", Some(false)),
            ("nummer NOT LIKE '%V%1%'", Some(false)),
            ("nummer LIKE 'AV'", Some(false)),
            ("antal_varv BETWEEN 12 AND 13", Some(true)),
            ("antal_varv NOT BETWEEN 12 AND 13", Some(false)),
            ("antal_varv IN (1, 12)", Some(true)),
            ("antal_varv NOT IN (1, 12)", Some(false)),
            ("dimension IS NULL AND lage IS NOT NULL", Some(true)),
            ("geometry IS NULL", Some(false)),
            // A null decides nothing, in either direction.
            ("dimension = 100", None),
            ("NOT dimension = 100", None),
            ("dimension = 100 OR antal_varv = 12", Some(true)),
            ("dimension = 100 AND antal_varv = 13", Some(false)),
            ("dimension = 100 AND antal_varv = 12", None),
            ("senast_motionerad >= DATE('2026-05-19')", Some(true)),
            ("senast_motionerad > '2026-05-19'", Some(false)),
            ("senast_motionerad < TIMESTAMP('2026-06-01T00:00:00Z')", Some(true)),
            ("TRUE AND NOT FALSE", Some(true)),
        ] {
            assert_eq!(holds_in(filter, PublicCrs::Crs84).unwrap(), wanted, "{filter}");
        }
    }

    #[test]
    fn shapes_are_met_in_the_order_of_ordinates_of_their_system() {
        let grid = PublicCrs::Grid(STORE);
        for (filter, crs, wanted) in [
            ("BBOX(15.2, 59.5, 15.3, 59.6)", PublicCrs::Crs84, true),
            ("BBOX(59.5, 15.2, 59.6, 15.3)", PublicCrs::Epsg4326, true),
            ("BBOX(59.5, 15.2, 59.6, 15.3)", PublicCrs::Crs84, false),
            ("BBOX(6608900, 162900, 6609000, 163000)", grid, true),
            ("BBOX(162900, 6608900, 163000, 6609000)", grid, false),
            ("POINT(6608920.569 162914.167)", grid, true),
            ("POINT(6608920.57 162914.167)", grid, false),
            ("POLYGON((15 59, 16 59, 16 60, 15 59))", PublicCrs::Crs84, false),
            ("POLYGON((15 59, 15 60, 16 60, 15 59))", PublicCrs::Crs84, true),
            ("BBOX(-180, -90, 180, 90)", PublicCrs::Crs84, true),
            ("BBOX(-1e300, -1e300, 1e300, 1e300)", PublicCrs::Epsg3857, true),
        ] {
            let filter = format!("S_INTERSECTS(geometry, {filter})");
            assert_eq!(holds_in(&filter, crs).unwrap(), Some(wanted), "{filter}");
        }
    }

    #[test]
    fn a_name_or_a_kind_that_does_not_fit_is_named() {
        for (filter, part) in [
            ("farg = 'röd'", "no property farg"),
            ("antal_varv = 'tolv'", "different kinds"),
            ("lage = 7", "different kinds"),
            ("antal_varv LIKE '1%'", "LIKE asks for a text"),
            ("CASEI(antal_varv) = 'x'", "CASEI asks for a text"),
            ("senast_motionerad > 'i går'", "2026-05-19"),
            ("senast_motionerad > DATE('2026-02-31')", "2026-05-19"),
            ("S_INTERSECTS(lage, POINT(15 59))", "is called geometry"),
        ] {
            let error = holds_in(filter, PublicCrs::Crs84).unwrap_err();
            assert!(error.contains(part), "{filter}: {error}");
        }
    }

    #[test]
    fn spans_of_time_may_be_open_and_whole_days() {
        let day = 1_779_148_800_000;
        assert_eq!(span("2026-05-19").unwrap(), (day, day + DAY_MS - 1));
        assert_eq!(span("2026-05-19T00:00:00Z/..").unwrap(), (day, i64::MAX));
        assert_eq!(span("/2026-05-19").unwrap(), (i64::MIN, day + DAY_MS - 1));
        for bent in ["", "..", "i går", "2026-05-19T25:00:00Z", "2026-05-19/x/y"] {
            assert!(span(bent).is_err(), "{bent}");
        }
    }
}
