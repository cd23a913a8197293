//! What applies, and who is responsible, at a place.

use faltkarta_app::{AppliesAnswer, AppliesRow, Asked, Duty, Field, NoAnswer, Relation};
use faltkarta_geo::Compass;
use faltkarta_machine::now;
use faltkarta_model::{DatasetId, FeatureId, Role};
use faltkarta_store::Relation as Reference;
use serde_json::json;

use crate::failure::Failure;
use crate::laptop::{feature_id, position};
use crate::say::Voice;

pub(crate) fn applies(
    field: &Field,
    at: Option<(f64, f64)>,
    parcel: Option<&str>,
    voice: Voice,
) -> Result<(), Failure> {
    let asked = match (at, parcel) {
        (Some(at), _) => Asked::Point(position(at)?),
        (None, Some(id)) => Asked::Feature(parcel_id(field, id)?),
        (None, None) => return Err(Failure::Input { what: "a position or a parcel".to_owned() }),
    };
    let answer = field.applies(asked, now())?;
    let document = json!({
        "format": "faltkarta.applies/1",
        "place": answer.place.as_ref().map(|it| json!({
            "dataset": it.dataset.as_str(), "id": it.id, "label": it.label,
            "municipality": it.municipality,
        })),
        "rows": answer.rows.iter().map(row).collect::<Vec<_>>(),
        "more": answer.n_more,
        "no_hit": answer.no_hit.iter().map(|it| json!({
            "subject": it.subject.sv,
            "datasets": it.datasets.iter().map(DatasetId::as_str).collect::<Vec<_>>(),
            "data_date": it.data_date,
        })).collect::<Vec<_>>(),
        "missing_or_old": answer.no_answer.iter().map(|it| json!({
            "subject": it.subject.sv, "dataset": it.dataset.as_str(), "reason": it.reason.as_str(),
            "data_date": it.data_date, "legal_from": it.legal_from,
        })).collect::<Vec<_>>(),
    });
    voice.answer(&document, || in_words(&answer));
    Ok(())
}

/// The id of an area of a parcel, or that of the property, of which any area does.
fn parcel_id(field: &Field, id: &str) -> Result<FeatureId, Failure> {
    if let Ok(feature) = feature_id(id)
        && field.feature(feature, now()).is_ok()
    {
        return Ok(feature);
    }
    let areas =
        field.store().related(Reference::PropertyRef, id).map_err(faltkarta_app::AppError::from)?;
    let is_parcel =
        |dataset| field.dataset(dataset).is_some_and(|it| it.dataset.role == Role::Parcel);
    areas
        .iter()
        .find(|it| is_parcel(&it.feature.dataset))
        .map_or_else(|| feature_id(id), |it| Ok(it.feature.id))
}

fn row(row: &AppliesRow) -> serde_json::Value {
    json!({
        "dataset": row.dataset.as_str(), "id": row.id, "label": row.label,
        "subject": row.subject.sv,
        "relation": row.related.relation.as_str(),
        "share": row.related.share,
        "distance_m": row.related.distance_m,
        "direction": row.related.direction.map(Compass::as_str),
        "lines": row.lines.iter().map(|it| &it.sv).collect::<Vec<_>>(),
        "distances": row.distances.iter().map(|it| json!({
            "text": it.text.sv, "within_m": it.within_m, "source": it.source,
        })).collect::<Vec<_>>(),
        "provisions": row.parts.iter().map(|it| json!({
            "dataset": it.dataset.as_str(), "id": it.id, "label": it.label,
            "relation": it.related.relation.as_str(), "share": it.related.share,
        })).collect::<Vec<_>>(),
        "source": row.publisher, "data_date": row.data_date, "old": row.is_old,
        "legal_version": Some(&row.legal_version.sv).filter(|it| !it.is_empty()),
        "accuracy": row.accuracy,
    })
}

fn in_words(answer: &AppliesAnswer) -> Vec<String> {
    let mut lines = vec![];
    if let Some(place) = &answer.place {
        lines.push(place.label.clone());
    }
    lines.push("Underlag, inte besked. Läs planhandlingen före beslut.".to_owned());
    let (near, concerns): (Vec<&AppliesRow>, Vec<&AppliesRow>) =
        answer.rows.iter().partition(|it| it.related.relation == Relation::Within);
    for (title, rows) in [("Berör", concerns), ("Nära", near)] {
        if !rows.is_empty() {
            lines.push(format!("{title}:"));
        }
        for row in rows {
            let date = row.data_date.as_deref().unwrap_or("–");
            lines.push(format!("  {} ({})", row.label, extent(row)));
            lines.extend(row.lines.iter().map(|it| format!("    {}", it.sv)));
            lines.extend(
                row.distances.iter().map(|it| format!("    {} ({})", it.text.sv, it.source)),
            );
            lines.extend(row.parts.iter().map(|it| format!("    – {}", it.label)));
            let version = Some(&row.legal_version.sv).filter(|it| !it.is_empty());
            let version = version.map(|it| format!(" · {it}")).unwrap_or_default();
            let old = if row.is_old { " · gammalt" } else { "" };
            lines.push(format!("    {} · data {date}{version}{old}", row.publisher));
        }
    }
    if answer.n_more > 0 {
        lines.push(format!("  och {} till", answer.n_more));
    }
    if !answer.no_hit.is_empty() {
        let subjects: Vec<&str> = answer.no_hit.iter().map(|it| it.subject.sv.as_str()).collect();
        let oldest = answer.no_hit.iter().filter_map(|it| it.data_date.as_deref()).min();
        lines.push(format!(
            "Ingen träff i lagrade lager: {} · äldsta data {}",
            subjects.join(", "),
            oldest.unwrap_or("–")
        ));
    }
    for it in &answer.no_answer {
        let why = match it.reason {
            NoAnswer::Missing => "lagret saknas här".to_owned(),
            NoAnswer::Locked => "nyckeln har gått ut".to_owned(),
            NoAnswer::Outside => "platsen ligger utanför arbetsområdet".to_owned(),
            NoAnswer::Old => format!("lagret är {} dagar gammalt", it.age_days.unwrap_or(0)),
            NoAnswer::OutdatedRules => format!(
                "data från {}, före reglerna {}",
                it.data_date.as_deref().unwrap_or("–"),
                it.legal_from.as_deref().unwrap_or("–")
            ),
        };
        lines.push(format!("Utan svar: {}: {why}", it.subject.sv));
    }
    lines
}

fn extent(row: &AppliesRow) -> String {
    match (row.related.relation, row.related.share) {
        (Relation::Inside, _) => "hela".to_owned(),
        (Relation::Partly, Some(share)) if share < 0.01 => "delvis, under 1 %".to_owned(),
        (Relation::Partly, Some(share)) => format!("delvis, {:.0} %", share * 100.0),
        (Relation::Partly, None) => "på platsen".to_owned(),
        (Relation::Within, _) if row.related.distance_m == 0.0 => "gränsar till".to_owned(),
        (Relation::Within, _) => {
            let direction = row.related.direction.map(|it| match it {
                Compass::North => " norr",
                Compass::NorthEast => " nordost",
                Compass::East => " öster",
                Compass::SouthEast => " sydost",
                Compass::South => " söder",
                Compass::SouthWest => " sydväst",
                Compass::West => " väster",
                Compass::NorthWest => " nordväst",
            });
            format!("{:.0} m{}", row.related.distance_m, direction.unwrap_or_default())
        }
    }
}

pub(crate) fn responsible(field: &Field, at: (f64, f64), voice: Voice) -> Result<(), Failure> {
    let answer = field.duties(position(at)?, now())?;
    let document = json!({
        "format": "faltkarta.responsible/1",
        "municipality": answer.municipality,
        "duties": answer.duties.iter().map(duty).collect::<Vec<_>>(),
    });
    voice.answer(&document, || {
        let mut lines: Vec<String> = answer
            .duties
            .iter()
            .map(|it| {
                let phone = it.contact.as_ref().map_or("", |it| it.phone.as_str());
                let date = it.data_date.as_deref().unwrap_or("–");
                if it.who.is_empty() {
                    let title = &it.title.sv;
                    return format!(
                        "{title} okänd i {} {date}. Fråga servicecenter.",
                        it.publisher
                    );
                }
                format!(
                    "{:<32} {:<36} {phone:<14} {} · data {date}",
                    it.title.sv, it.who, it.publisher
                )
            })
            .collect();
        if lines.is_empty() {
            lines.push("Ingen uppgift i lagrade lager. Fråga servicecenter.".to_owned());
        }
        lines
    });
    Ok(())
}

fn duty(duty: &Duty) -> serde_json::Value {
    let contact = duty.contact.as_ref();
    json!({
        "duty": duty.duty, "title": duty.title.sv,
        "who": Some(&duty.who).filter(|it| !it.is_empty()),
        "phone": contact.map(|it| &it.phone), "hours": contact.map(|it| &it.hours),
        "email": contact.map(|it| &it.email), "note": contact.map(|it| &it.note),
        "from": duty.from.as_ref().map(|(dataset, id, label)| json!({
            "dataset": dataset.as_str(), "id": id, "label": label,
        })),
        "distance_m": duty.distance_m, "source": duty.publisher, "data_date": duty.data_date,
    })
}
