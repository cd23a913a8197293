use faltkarta_model::Feature;
use serde_json::json;

use crate::backend::DatasetRow;
use crate::ogc::answer::{Answer, GEO_JSON, JSON, link, self_links};
use crate::ogc::crs::PublicCrs;
use crate::ogc::geojson::{Frame, write_feature};
use crate::ogc::html;
use crate::ogc::negotiate::{Format, choose};
use crate::ogc::problem::Problem;
use crate::ogc::request::Request;
use crate::ogc::route::Service;
use crate::ogc::tag;

/// `GET …/items/{id}`
pub(crate) fn one(
    service: &Service<'_>,
    request: &Request,
    row: &DatasetRow,
    id: &str,
) -> Result<Answer, Problem> {
    let parameters = request.parameters(|it| it == "f" || it == "crs")?;
    let format = choose(parameters.get("f").copied(), request.accept.as_deref())?;
    let grid = service.store.grid();
    let crs = match parameters.get("crs") {
        Some(uri) => PublicCrs::parse(uri, "crs", grid)?,
        None => PublicCrs::Crs84,
    };
    let feature = find(service, row, id)?;
    if format == Format::Html {
        let page = html::item(&request.base, row, &feature, grid);
        return Ok(page.with("content-crs", format!("<{}>", crs.uri())));
    }
    let tag = tag::tag(&feature, row, crs);
    if request.if_none_match.as_deref().is_some_and(|it| tag::is_known(it, &tag)) {
        return Ok(Answer::empty(304)
            .with("etag", tag)
            .with("content-crs", format!("<{}>", crs.uri())));
    }
    Ok(written(service, request, row, &feature, crs))
}

/// The feature of a dataset; what is deleted, or of another dataset, is not there.
pub(crate) fn find(service: &Service<'_>, row: &DatasetRow, id: &str) -> Result<Feature, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let feature = service.store.feature(id)?.filter(|it| it.dataset == row.dataset.id);
    feature.ok_or_else(Problem::not_found)
}

/// The address of a feature.
pub(crate) fn address(request: &Request, feature: &Feature) -> String {
    format!("{}/collections/{}/items/{}", request.base, feature.dataset, feature.id)
}

/// A feature as GeoJSON with its tag.
pub(crate) fn written(
    service: &Service<'_>,
    request: &Request,
    row: &DatasetRow,
    feature: &Feature,
    crs: PublicCrs,
) -> Answer {
    let crs_part = match crs {
        PublicCrs::Crs84 => String::new(),
        _ => format!("crs={}", crate::ogc::request::encoded(&crs.uri())),
    };
    let mut links = self_links(&address(request, feature), &crs_part, Format::Json, GEO_JSON);
    let collection = format!("{}/collections/{}", request.base, row.dataset.id);
    links.push(link(&collection, "collection", JSON, &row.dataset.title.sv));
    let mut out = String::new();
    let frame = Frame { store: service.store.grid(), crs };
    write_feature(&mut out, (feature, &row.dataset), frame, &json!(links).to_string());
    Answer::of(GEO_JSON, out)
        .with("etag", tag::tag(feature, row, crs))
        .with("content-crs", format!("<{}>", crs.uri()))
}
