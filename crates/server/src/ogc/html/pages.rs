use std::fmt::Write as _;

use faltkarta_geo::{Geometry, GridSystem};
use faltkarta_model::{Class, Dataset, Feature, Field, FieldType, Policy};

use crate::backend::DatasetRow;
use crate::ogc::answer::Answer;
use crate::ogc::collections::{CONFORMANCE, source_line};
use crate::ogc::geojson::shown;
use crate::ogc::html::frame::{escaped, page};
use crate::ogc::html::map::map;
use crate::ogc::items::Page;
use crate::ogc::problem::Problem;

/// So many columns a table of features has at most; the page of a feature shows all fields.
const COLUMNS_MAX: usize = 7;

/// The start page.
pub(crate) fn landing(base: &str) -> Answer {
    let content = format!(
        "<p>Här ligger kommunernas geodata. Öppna data får alla läsa; andra läses med en nyckel från samordnaren.</p>\
         <ul><li><a href=\"{base}/collections?f=html\">Datamängder</a></li>\
         <li><a href=\"{base}/api?f=html\">Så frågar ett program, QGIS till exempel</a></li>\
         <li><a href=\"{base}/conformance?f=html\">Vilka standarder som följs</a></li></ul>",
        base = escaped(base)
    );
    page(base, "Kommunernas geodata", &[], &content)
}

/// The conformance classes.
pub(crate) fn conformance(base: &str) -> Answer {
    let mut content =
        "<p>OGC API Features, del 1, 2 och 4, med filter ur del 3 i CQL2:</p><ul>".to_owned();
    for class in CONFORMANCE {
        let _ = write!(content, "<li><code>{}</code></li>", escaped(class));
    }
    content.push_str("</ul>");
    page(base, "Standarder", &[], &content)
}

/// How programs ask.
pub(crate) fn api(base: &str) -> Answer {
    let content = format!(
        "<p>Adressen som ett program behöver är <code>{base}</code>. Tjänsten följer OGC API Features.</p>\
         <h2>I QGIS</h2><ol><li>Välj <em>Lager</em>, <em>Lägg till lager</em>, <em>WFS / OGC API - Features</em>.</li>\
         <li>Välj <em>Ny</em>, skriv ett namn, och som URL <code>{base}</code>.</li>\
         <li>Som version väljs <em>OGC API - Features</em>.</li>\
         <li>För data som inte är öppna: välj <em>Autentisering</em>, <em>Grundläggande</em>, skriv ditt namn, och \
         nyckeln från samordnaren som lösenord.</li><li>Välj <em>OK</em>, <em>Anslut</em>, och lägg till datamängden.</li></ol>\
         <h2>För program</h2><p>Allt som kan frågas står i <a href=\"{base}/api?f=json\">beskrivningen i OpenAPI 3.0</a>.</p>",
        base = escaped(base)
    );
    page(base, "Så frågar ett program", &[], &content)
}

/// All datasets.
pub(crate) fn collections(base: &str, rows: &[DatasetRow]) -> Answer {
    let mut content =
        "<div class=\"wide\"><table><caption>Datamängder som du får läsa</caption><thead><tr>\
        <th scope=\"col\">Datamängd</th><th scope=\"col\">Utgivare</th><th scope=\"col\">Datum</th>\
        <th scope=\"col\">Villkor</th></tr></thead><tbody>"
            .to_owned();
    for row in rows {
        let _ = write!(
            content,
            "<tr><th scope=\"row\"><a href=\"{}\">{}</a></th><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(&of(base, row, "?f=html")),
            escaped(&row.dataset.title.sv),
            escaped(&row.dataset.publisher),
            escaped(row.data_date.as_deref().unwrap_or("–")),
            escaped(&row.dataset.licence),
        );
    }
    content.push_str("</tbody></table></div>");
    page(base, "Datamängder", &[], &content)
}

/// One dataset.
pub(crate) fn collection(
    base: &str,
    row: &DatasetRow,
    n_features: u64,
    extent: Option<[f64; 4]>,
) -> Answer {
    let dataset = &row.dataset;
    let mut content = format!("<p class=\"source\">{}</p>", escaped(&source_line(row)));
    let _ = write!(
        content,
        "<p><a href=\"{}\">Visa objekten</a></p><table><caption>Om datamängden</caption><tbody>",
        escaped(&of(base, row, "/items?f=html"))
    );
    let extent = extent.map_or("–".to_owned(), |[west, south, east, north]| {
        format!("longitud {west:.4}–{east:.4}, latitud {south:.4}–{north:.4} (WGS 84)")
    });
    let class = match dataset.class {
        Class::Open => "öppna",
        Class::Internal => "interna",
        Class::Protected => "skyddade",
    };
    let policy = match dataset.policy {
        Policy::Direct => "ändras direkt av den som får",
        Policy::Proposal => "ändringar är förslag som samordnaren avgör",
        Policy::ReadOnly => "ändras inte här",
    };
    for (name, value) in [
        ("Antal objekt", n_features.to_string()),
        ("Ansvarig", format!("{}, {}", dataset.owner.body, dataset.owner.contact)),
        ("Utgivare", dataset.publisher.clone()),
        ("Data från", row.data_date.clone().unwrap_or_else(|| "–".to_owned())),
        ("Noggrannhet", dataset.accuracy.clone()),
        ("Villkor", dataset.licence.clone()),
        ("Skydd", class.to_owned()),
        ("Ändring", policy.to_owned()),
        ("Utbredning", extent),
    ] {
        let _ =
            write!(content, "<tr><th scope=\"row\">{name}</th><td>{}</td></tr>", escaped(&value));
    }
    content.push_str("</tbody></table>");
    content.push_str(&fields_table(dataset));
    page(base, &dataset.title.sv, &[listed(base)], &content)
}

/// The fields of a dataset.
pub(crate) fn fields(base: &str, row: &DatasetRow) -> Answer {
    let title = format!("{}: fält", row.dataset.title.sv);
    page(base, &title, &[listed(base), titled(base, row)], &fields_table(&row.dataset))
}

fn fields_table(dataset: &Dataset) -> String {
    let mut content = "<h2>Fält</h2><div class=\"wide\"><table><caption>Fält som visas och kan frågas på</caption>\
        <thead><tr><th scope=\"col\">Fält</th><th scope=\"col\">Namn i frågor</th><th scope=\"col\">Slag</th>\
        <th scope=\"col\">Koder</th></tr></thead><tbody>"
        .to_owned();
    for field in &dataset.fields {
        let kind = match field.field_type {
            FieldType::Text => "text",
            FieldType::Int => "heltal",
            FieldType::Real => "tal",
            FieldType::Bool => "ja eller nej",
            FieldType::Date => "dag",
            FieldType::DateTime => "tidpunkt",
            FieldType::List => "flera koder",
        };
        let unit = if field.unit.is_empty() { String::new() } else { format!(", {}", field.unit) };
        let codes: Vec<String> =
            field.values.iter().map(|(code, it)| format!("{code}: {}", it.sv)).collect();
        let _ = write!(
            content,
            "<tr><th scope=\"row\">{}</th><td><code>{}</code></td><td>{kind}{}</td><td>{}</td></tr>",
            escaped(&field.title.sv),
            escaped(field.id.as_str()),
            escaped(&unit),
            escaped(&codes.join("; ")),
        );
    }
    content.push_str("</tbody></table></div>");
    content
}

/// A page of features.
pub(crate) fn items(
    base: &str,
    row: &DatasetRow,
    (read, store): (&Page, GridSystem),
    next: Option<&str>,
) -> Answer {
    let dataset = &row.dataset;
    let columns: Vec<&Field> =
        dataset.fields.iter().filter(|it| it.card).take(COLUMNS_MAX).collect();
    let mut content = format!("<p class=\"source\">{}</p>", escaped(&source_line(row)));
    let shapes: Vec<&Geometry> =
        read.features.iter().filter_map(|it| it.geometry.as_ref()).collect();
    content.push_str(&map(&shapes, store));
    let n = read.features.len();
    let count = match read.n_matched {
        Some(all) if all != n as u64 => format!("{n} av {all} objekt"),
        _ => format!("{n} objekt"),
    };
    let _ = write!(
        content,
        "<div class=\"wide\"><table><caption>{count}</caption><thead><tr><th scope=\"col\">{}</th>",
        escaped(&dataset.singular.sv)
    );
    for field in &columns {
        let _ = write!(content, "<th scope=\"col\">{}</th>", escaped(&field.title.sv));
    }
    content.push_str("</tr></thead><tbody>");
    for feature in &read.features {
        let address = of(base, row, &format!("/items/{}?f=html", feature.id));
        let _ = write!(
            content,
            "<tr><th scope=\"row\"><a href=\"{}\">{}</a></th>",
            escaped(&address),
            escaped(&label(dataset, feature))
        );
        for field in &columns {
            let _ = write!(content, "<td>{}</td>", escaped(&words(field, feature)));
        }
        content.push_str("</tr>");
    }
    content.push_str("</tbody></table></div><nav class=\"pages\" aria-label=\"Sidor\">");
    let _ = write!(
        content,
        "<a href=\"{}\">Första sidan</a>",
        escaped(&of(base, row, "/items?f=html"))
    );
    if let Some(next) = next {
        let _ = write!(content, " · <a rel=\"next\" href=\"{}\">Nästa sida</a>", escaped(next));
    }
    content.push_str("</nav>");
    page(
        base,
        &format!("{}: objekt", dataset.title.sv),
        &[listed(base), titled(base, row)],
        &content,
    )
}

/// One feature.
pub(crate) fn item(base: &str, row: &DatasetRow, feature: &Feature, store: GridSystem) -> Answer {
    let dataset = &row.dataset;
    let mut content = map(&feature.geometry.iter().collect::<Vec<_>>(), store);
    content.push_str("<div class=\"wide\"><table><caption>Alla fält</caption><tbody>");
    for field in &dataset.fields {
        let value = words(field, feature);
        let unit = if value.is_empty() || field.unit.is_empty() {
            String::new()
        } else {
            format!(" {}", field.unit)
        };
        let _ = write!(
            content,
            "<tr><th scope=\"row\">{}</th><td>{}{}</td></tr>",
            escaped(&field.title.sv),
            escaped(&value),
            escaped(&unit)
        );
    }
    let _ = write!(
        content,
        "</tbody></table></div><p class=\"source\">{}</p>",
        escaped(&source_line(row))
    );
    let items = (of(base, row, "/items?f=html"), "Objekt".to_owned());
    let trail = [listed(base), titled(base, row), items];
    page(base, &label(dataset, feature), &trail, &content)
}

/// What went wrong.
pub(crate) fn problem(problem: &Problem, base: &str) -> Answer {
    let (title, text) = match problem.status {
        401 => ("Logga in", "Det här får bara den läsa som har en nyckel från samordnaren."),
        403 => ("Inte tillåtet", "Din roll får inte det här."),
        404 => ("Finns inte", "Det finns inget på den här adressen."),
        400 | 406 => ("Frågan går inte att läsa", "Något i adressen är inte som det ska."),
        503 => ("Upptaget", "Försök igen om en stund."),
        _ => ("Det gick inte", "Inget har ändrats."),
    };
    let content = format!(
        "<p>{text}</p><p>Felkod <code>{}</code>: <span lang=\"en\">{}</span></p>",
        escaped(problem.code),
        escaped(&problem.detail)
    );
    page(base, title, &[], &content)
}

fn of(base: &str, row: &DatasetRow, rest: &str) -> String {
    format!("{base}/collections/{}{rest}", row.dataset.id)
}

fn listed(base: &str) -> (String, String) {
    (format!("{base}/collections?f=html"), "Datamängder".to_owned())
}

fn titled(base: &str, row: &DatasetRow) -> (String, String) {
    (of(base, row, "?f=html"), row.dataset.title.sv.clone())
}

fn label(dataset: &Dataset, feature: &Feature) -> String {
    let label = dataset.label(feature);
    if label.trim().is_empty() { dataset.singular.sv.clone() } else { label }
}

fn words(field: &Field, feature: &Feature) -> String {
    field.in_words(&shown(field, &feature.properties)).sv
}
