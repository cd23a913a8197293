use faltkarta_geo::GridSystem;
use faltkarta_model::{Dataset, Field, FieldType};

use crate::ogc::cql2::{Limits, parse};
use crate::ogc::crs::{PublicCrs, Rectangle};
use crate::ogc::matching::{Condition, bind, has_value, span};
use crate::ogc::near::Near;
use crate::ogc::negotiate::Format;
use crate::ogc::problem::Problem;
use crate::ogc::request::Request;

/// Features of a page when nothing is said, and the most of them.
pub(crate) const LIMIT_DEFAULT: usize = 100;
pub(crate) const LIMIT_MAX: usize = 10_000;

/// The parameters of a page of features that are no properties.
pub(crate) const PARAMETERS: [&str; 10] = [
    "f",
    "limit",
    "cursor",
    "bbox",
    "bbox-crs",
    "crs",
    "datetime",
    "filter",
    "filter-lang",
    "filter-crs",
];

/// What a page of features is asked to hold.
#[derive(Debug, Clone)]
pub(crate) struct ItemsQuery {
    pub(crate) format: Format,
    pub(crate) crs: PublicCrs,
    pub(crate) limit: usize,
    /// The place behind which the page begins.
    pub(crate) after: u64,
    /// All of these must hold.
    pub(crate) condition: Condition,
    /// Whether every feature is asked for.
    pub(crate) is_whole: bool,
}

impl ItemsQuery {
    /// Reads the parameters of a request.
    pub(crate) fn parse(
        request: &Request,
        dataset: &Dataset,
        store: GridSystem,
    ) -> Result<Self, Problem> {
        let is_known = |it: &str| PARAMETERS.contains(&it) || asked_field(dataset, it).is_some();
        let parameters = request.parameters(is_known)?;
        let get = |name: &str| parameters.get(name).copied();
        let format = crate::ogc::negotiate::choose(get("f"), request.accept.as_deref())?;
        let crs_of = |name: &str| match get(name) {
            Some(uri) => PublicCrs::parse(uri, name, store),
            None => Ok(PublicCrs::Crs84),
        };
        let bad = |name: &'static str| move |text: String| Problem::bad_parameter(name, &text);
        let mut conditions = vec![];
        let bbox_crs = crs_of("bbox-crs")?;
        if let Some(text) = get("bbox") {
            let numbers: Option<Vec<f64>> = text.split(',').map(number).collect();
            let rectangle = numbers.and_then(|it| Rectangle::of(&it, bbox_crs));
            let rectangle = rectangle
                .ok_or_else(|| Problem::bad_parameter("bbox", "it is four or six numbers"))?;
            conditions.push(Condition::Near(Near::rectangle(&rectangle, bbox_crs, store)));
        }
        if let Some(text) = get("datetime") {
            let (from_ms, until_ms) = span(text).map_err(bad("datetime"))?;
            // Datasets without a date have all of their features at all times.
            conditions.extend(
                date_field(dataset).map(|it| Condition::During(it.clone(), from_ms, until_ms)),
            );
        }
        if get("filter-lang").is_some_and(|it| it != "cql2-text") {
            return Err(Problem::bad_parameter("filter-lang", "filters are read in cql2-text"));
        }
        let filter_crs = crs_of("filter-crs")?;
        if let Some(text) = get("filter") {
            let bad = |text: String| Problem::about("bad_filter", "filter", text);
            let expression = parse(text, Limits::ORDINARY).map_err(bad)?;
            conditions.push(bind(&expression, dataset, (filter_crs, store)).map_err(bad)?);
        }
        for (name, text) in &parameters {
            if let Some(field) = asked_field(dataset, name) {
                let condition = has_value(field, text);
                conditions.push(condition.map_err(|it| Problem::bad_parameter(name, &it))?);
            }
        }
        Ok(Self {
            format,
            crs: crs_of("crs")?,
            limit: limit(get("limit"))?,
            after: get("cursor").map_or(Ok(0), read_cursor)?,
            is_whole: conditions.is_empty(),
            condition: Condition::And(conditions),
        })
    }
}

/// The field that a parameter asks about. The names of parameters come first.
pub(crate) fn asked_field<'a>(dataset: &'a Dataset, name: &str) -> Option<&'a Field> {
    dataset.field(name).filter(|_| !PARAMETERS.contains(&name))
}

/// The field that says when: the first with a date or a moment.
pub(crate) fn date_field(dataset: &Dataset) -> Option<&Field> {
    let is_date = |it: &&Field| matches!(it.field_type, FieldType::Date | FieldType::DateTime);
    dataset.fields.iter().find(is_date)
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|it: &f64| it.is_finite())
}

/// More than the most is the most, as the standard asks.
fn limit(text: Option<&str>) -> Result<usize, Problem> {
    let Some(text) = text else { return Ok(LIMIT_DEFAULT) };
    let is_count = !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let n = if is_count { text.parse().unwrap_or(LIMIT_MAX) } else { 0 };
    if n == 0 {
        return Err(Problem::bad_parameter("limit", "it is a whole number from 1 on"));
    }
    Ok(n.min(LIMIT_MAX))
}

/// The words of a place in the order of features. Nobody but the store reads them.
pub(crate) fn write_cursor(after: u64) -> String {
    format!("p{after:x}")
}

fn read_cursor(text: &str) -> Result<u64, Problem> {
    let place = text.strip_prefix('p').filter(|it| !it.starts_with('+'));
    let place = place.and_then(|it| u64::from_str_radix(it, 16).ok());
    place.filter(|it| write_cursor(*it) == text).ok_or_else(|| {
        Problem::bad_parameter("cursor", "it is taken from the link to the next page")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_beyond_the_most_is_the_most() {
        for (text, wanted) in [
            (None, Some(100)),
            (Some("1"), Some(1)),
            (Some("007"), Some(7)),
            (Some("10001"), Some(10_000)),
            (Some("99999999999999999999999"), Some(10_000)),
            (Some("0"), None),
            (Some("-1"), None),
            (Some("1.5"), None),
            (Some(""), None),
            (Some("ten"), None),
        ] {
            assert_eq!(limit(text).ok(), wanted, "{text:?}");
        }
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is() {
        for place in [0, 1, 41, u64::MAX] {
            assert_eq!(read_cursor(&write_cursor(place)).unwrap(), place);
        }
        for bent in ["", "p", "41", "p+1", "p01", "P1", "p1 ", "pfffffffffffffffff"] {
            assert!(read_cursor(bent).is_err(), "{bent}");
        }
    }
}
