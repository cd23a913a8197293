use faltkarta_model::GeometryType;
use serde_json::{Value as Json, json};

use crate::backend::DatasetRow;
use crate::ogc::answer::{
    Answer, GEO_JSON, HTML, JSON, OPENAPI_JSON, SCHEMA_JSON, link, self_links,
};
use crate::ogc::crs::PublicCrs;
use crate::ogc::extents::in_degrees;
use crate::ogc::html;
use crate::ogc::negotiate::{Format, choose};
use crate::ogc::problem::Problem;
use crate::ogc::request::Request;
use crate::ogc::route::{Service, readable};

/// What is served by the words of the standards.
pub(crate) const CONFORMANCE: [&str; 18] = [
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/html",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables-query-parameters",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/filter",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/features-filter",
    "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/create-replace-delete",
    "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/update",
    "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/optimistic-locking-etags",
    "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/schemas",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-text",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-cql2",
    "http://www.opengis.net/spec/cql2/1.0/conf/advanced-comparison-operators",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-spatial-functions",
];

/// Reads `f` and `Accept` where there is no other parameter.
pub(crate) fn format_of(request: &Request) -> Result<Format, Problem> {
    let parameters = request.parameters(|it| it == "f")?;
    choose(parameters.get("f").copied(), request.accept.as_deref())
}

/// The start page.
pub(crate) fn landing(request: &Request) -> Result<Answer, Problem> {
    let format = format_of(request)?;
    if format == Format::Html {
        return Ok(html::landing(&request.base));
    }
    let base = &request.base;
    let mut links = self_links(&format!("{base}/"), "", format, JSON);
    let api = format!("{base}/api?f=json");
    links.push(link(&api, "service-desc", OPENAPI_JSON, "What can be asked, as OpenAPI 3.0"));
    let api = format!("{base}/api?f=html");
    links.push(link(&api, "service-doc", "text/html", "What can be asked, in Swedish"));
    links.push(link(&format!("{base}/conformance"), "conformance", JSON, "Conformance classes"));
    links.push(link(&format!("{base}/collections"), "data", JSON, "The datasets"));
    let document = json!({
        "title": "Fältkarta",
        "description": "The geodata of the municipalities: what is open to everybody, and the rest with a token.",
        "links": links,
    });
    Ok(Answer::of(JSON, document.to_string()))
}

/// The conformance classes.
pub(crate) fn conformance(request: &Request) -> Result<Answer, Problem> {
    if format_of(request)? == Format::Html {
        return Ok(html::conformance(&request.base));
    }
    Ok(Answer::of(JSON, json!({"conformsTo": CONFORMANCE}).to_string()))
}

/// All datasets that the asker may read.
pub(crate) fn list(service: &Service<'_>, request: &Request) -> Result<Answer, Problem> {
    let format = format_of(request)?;
    let rows = readable(service, request);
    if format == Format::Html {
        return Ok(html::collections(&request.base, &rows));
    }
    let address = format!("{}/collections", request.base);
    let collections: Vec<Json> =
        rows.iter().map(|it| collection(service, request, it)).collect::<Result<_, _>>()?;
    let crs: Vec<String> =
        PublicCrs::all(service.store.grid()).into_iter().map(PublicCrs::uri).collect();
    let document = json!({
        "links": self_links(&address, "", format, JSON), "collections": collections, "crs": crs,
    });
    Ok(Answer::of(JSON, document.to_string()).with("cache-control", "private, no-cache"))
}

/// One dataset.
pub(crate) fn one(
    service: &Service<'_>,
    request: &Request,
    row: &DatasetRow,
) -> Result<Answer, Problem> {
    if format_of(request)? == Format::Html {
        let extent = service.extents.of(service.store, &row.dataset.id)?;
        let extent = extent.map(|it| in_degrees(it, service.store.grid()));
        let n_features = service.store.count_features(&row.dataset.id)?;
        return Ok(html::collection(&request.base, row, n_features, extent));
    }
    Ok(Answer::of(JSON, collection(service, request, row)?.to_string()))
}

fn collection(service: &Service<'_>, request: &Request, row: &DatasetRow) -> Result<Json, Problem> {
    let dataset = &row.dataset;
    let address = format!("{}/collections/{}", request.base, dataset.id);
    let grid = service.store.grid();
    let mut links = self_links(&address, "", Format::Json, JSON);
    let items = format!("{address}/items");
    links.push(link(&format!("{items}?f=json"), "items", GEO_JSON, "The features"));
    links.push(link(
        &format!("{items}?f=html"),
        "items",
        HTML,
        "The features as pages, in Swedish",
    ));
    links.push(link(
        &format!("{address}/queryables?f=json"),
        "http://www.opengis.net/def/rel/ogc/1.0/queryables",
        SCHEMA_JSON,
        "What features can be asked by",
    ));
    links.push(link(
        &format!("{address}/schema?f=json"),
        "http://www.opengis.net/def/rel/ogc/1.0/schema",
        SCHEMA_JSON,
        "What a feature holds",
    ));
    let crs: Vec<String> = PublicCrs::all(grid).into_iter().map(PublicCrs::uri).collect();
    let mut document = json!({
        "id": dataset.id.as_str(), "title": dataset.title.sv, "description": source_line(row),
        "attribution": dataset.publisher, "license": dataset.licence, "itemType": "feature",
        "links": links, "crs": crs, "storageCrs": PublicCrs::Grid(grid).uri(),
    });
    if let Some(extent) = service.extents.of(service.store, &dataset.id)? {
        document["extent"] = json!({"spatial": {
            "bbox": [in_degrees(extent, grid)], "crs": PublicCrs::Crs84.uri(),
        }});
    }
    if dataset.geometry == GeometryType::None {
        document["storageCrs"] = Json::Null;
        document.as_object_mut().map(|it| it.remove("storageCrs"));
    }
    Ok(document)
}

/// Publisher, date of the data and accuracy, as every card and page names them.
pub(crate) fn source_line(row: &DatasetRow) -> String {
    let mut line = row.dataset.publisher.clone();
    if let Some(date) = &row.data_date {
        line.push_str(" · ");
        line.push_str(date);
    }
    if !row.dataset.accuracy.is_empty() {
        line.push_str(" · ");
        line.push_str(&row.dataset.accuracy);
    }
    line
}
