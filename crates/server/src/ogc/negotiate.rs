use crate::ogc::problem::Problem;

/// The two formats of every document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Html,
}

/// What JSON is called; each document has one of these, and any of them asks for it.
const JSON_TYPES: [&str; 5] = [
    "application/geo+json",
    "application/json",
    "application/schema+json",
    "application/vnd.oai.openapi+json",
    "application/problem+json",
];
const HTML_TYPES: [&str; 2] = ["text/html", "application/xhtml+xml"];

/// Chooses by the parameter `f`, else by `Accept`.
pub(crate) fn choose(f: Option<&str>, accept: Option<&str>) -> Result<Format, Problem> {
    match f {
        Some("json") => return Ok(Format::Json),
        Some("html") => return Ok(Format::Html),
        Some(_) => return Err(Problem::bad_parameter("f", "json and html are given")),
        None => {}
    }
    let Some(accept) = accept.filter(|it| !it.trim().is_empty()) else { return Ok(Format::Json) };
    let json = JSON_TYPES.iter().map(|it| weight(accept, it)).fold(0.0, f32::max);
    let html = HTML_TYPES.iter().map(|it| weight(accept, it)).fold(0.0, f32::max);
    if json <= 0.0 && html <= 0.0 {
        return Err(Problem::new("not_acceptable", "JSON and HTML are given"));
    }
    Ok(if html > json { Format::Html } else { Format::Json })
}

/// How much a kind is wanted: by the range that names it most closely (RFC 9110, 12.5.1).
fn weight(accept: &str, media_type: &str) -> f32 {
    let mut best = (0, 0.0);
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let closeness = if name == media_type {
            3
        } else if name.strip_suffix("/*").is_some_and(|it| media_type.split('/').next() == Some(it))
        {
            2
        } else if name == "*/*" {
            1
        } else {
            continue;
        };
        let q = parts
            .find_map(|it| it.strip_prefix("q=").or_else(|| it.strip_prefix("Q=")))
            .map_or(Some(1.0), |it| it.parse::<f32>().ok())
            .filter(|it| (0.0..=1.0).contains(it))
            .unwrap_or(0.0);
        if closeness > best.0 {
            best = (closeness, q);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_gets_a_page_and_a_program_gets_json() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        let of = |f: Option<&str>, accept: Option<&str>| choose(f, accept).map_err(|it| it.code);
        for (f, accept, wanted) in [
            (None, Some(browser), Ok(Format::Html)),
            (Some("json"), Some(browser), Ok(Format::Json)),
            (None, None, Ok(Format::Json)),
            (None, Some("*/*"), Ok(Format::Json)),
            (None, Some("application/geo+json, application/json"), Ok(Format::Json)),
            (None, Some("application/*;q=0.2, text/*;q=0.1"), Ok(Format::Json)),
            (None, Some("text/html;q=0.5, application/json;q=0.4"), Ok(Format::Html)),
            (None, Some("*/*, application/json;q=0, application/*;q=0"), Ok(Format::Html)),
            (None, Some("text/csv"), Err("not_acceptable")),
            (None, Some("text/html;q=0"), Err("not_acceptable")),
            (None, Some("text/html;q=x"), Err("not_acceptable")),
            (Some("xml"), None, Err("bad_parameter")),
            (Some(""), None, Err("bad_parameter")),
        ] {
            assert_eq!(of(f, accept), wanted, "{f:?} {accept:?}");
        }
    }
}
