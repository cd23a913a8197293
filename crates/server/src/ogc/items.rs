use std::fmt::Write as _;
use std::ops::ControlFlow;

use faltkarta_model::Feature;
use serde_json::json;

use crate::backend::{DatasetRow, FeaturesAsk};
use crate::ogc::answer::{Answer, GEO_JSON, JSON, link, self_links};
use crate::ogc::geojson::{Frame, write_feature};
use crate::ogc::html;
use crate::ogc::negotiate::Format;
use crate::ogc::problem::Problem;
use crate::ogc::query::{ItemsQuery, write_cursor};
use crate::ogc::request::{Request, encoded};
use crate::ogc::route::Service;

/// So many features are looked at for one page, however few of them are wanted; the next page goes on.
const LOOKED_AT_MAX: usize = 1_000_000;

/// A page of features as it was read.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) features: Vec<Feature>,
    /// The place behind which the next page begins; none at the end.
    pub(crate) next: Option<u64>,
    /// How many features there are in all, when that is known.
    pub(crate) n_matched: Option<u64>,
}

/// `GET …/items`
pub(crate) fn page(
    service: &Service<'_>,
    request: &Request,
    row: &DatasetRow,
) -> Result<Answer, Problem> {
    let query = ItemsQuery::parse(request, &row.dataset, service.store.grid())?;
    let page = read(service, row, &query)?;
    let kept: Vec<String> = request
        .query
        .iter()
        .filter(|(name, _)| name != "f" && name != "cursor")
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    let kept = kept.join("&");
    let address = format!("{}/collections/{}/items", request.base, row.dataset.id);
    let here = match query.after {
        0 => kept.clone(),
        after => joined(&kept, &format!("cursor={}", write_cursor(after))),
    };
    let next = page.next.map(|it| {
        let f = if query.format == Format::Json { "json" } else { "html" };
        let rest = joined(&kept, &format!("cursor={}&f={f}", write_cursor(it)));
        format!("{address}?{rest}")
    });
    let answer = if query.format == Format::Html {
        html::items(&request.base, row, (&page, service.store.grid()), next.as_deref())
    } else {
        let frame = Frame { store: service.store.grid(), crs: query.crs };
        let mut links = self_links(&address, &here, query.format, GEO_JSON);
        links.extend(next.map(|it| link(&it, "next", GEO_JSON, "The next page")));
        let collection = format!("{}/collections/{}", request.base, row.dataset.id);
        links.push(link(&collection, "collection", JSON, &row.dataset.title.sv));
        Answer::of(GEO_JSON, written(&page, row, frame, &links, &service.rim.now().to_string()))
    };
    Ok(answer.with("content-crs", format!("<{}>", query.crs.uri())))
}

fn joined(kept: &str, more: &str) -> String {
    if kept.is_empty() { more.to_owned() } else { format!("{kept}&{more}") }
}

fn written(
    page: &Page,
    row: &DatasetRow,
    frame: Frame,
    links: &[serde_json::Value],
    now: &str,
) -> String {
    let mut out = String::from("{\"type\":\"FeatureCollection\",\"features\":[");
    for (n, feature) in page.features.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        write_feature(&mut out, (feature, &row.dataset), frame, "");
    }
    // Writing to a string cannot fail.
    let _ = write!(out, "],\"numberReturned\":{}", page.features.len());
    if let Some(n) = page.n_matched {
        let _ = write!(out, ",\"numberMatched\":{n}");
    }
    let _ = write!(out, ",\"timeStamp\":\"{now}\",\"links\":{}}}", json!(links));
    out
}

/// Reads a page. The next one begins behind the last feature of this one, so what is written in between neither
/// pushes a feature out of both nor shows one in both.
fn read(service: &Service<'_>, row: &DatasetRow, query: &ItemsQuery) -> Result<Page, Problem> {
    let ask = FeaturesAsk {
        dataset: row.dataset.id.clone(),
        after: query.after,
        bounds: query.condition.bounds(),
        unique: query.condition.unique(),
    };
    let mut page = Page::default();
    let (mut n_looked_at, mut last) = (0, query.after);
    service.store.features_after(&ask, &mut |place, feature| {
        let is_wanted = query.is_whole || query.condition.holds(&feature) == Some(true);
        if n_looked_at >= LOOKED_AT_MAX || is_wanted && page.features.len() == query.limit {
            page.next = Some(last);
            return Ok(ControlFlow::Break(()));
        }
        n_looked_at += 1;
        last = place;
        if is_wanted {
            page.features.push(feature);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    page.n_matched = if query.after == 0 && page.next.is_none() {
        Some(page.features.len() as u64)
    } else if query.is_whole {
        Some(service.store.count_features(&row.dataset.id)?)
    } else {
        None
    };
    Ok(page)
}
