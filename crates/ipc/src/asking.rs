//! How the desk answers what applies and who is responsible at a place.

use faltkarta_app::{AppliesAnswer, AppliesPart, AppliesRow, Asked, DutiesAnswer, Duty, Relation};
use faltkarta_geo::{Compass, GridSystem};

use crate::answers::{feature_id, invalid};
use crate::command::{Answer, LoadApplies, LoadAppliesInput, LoadDuties, LoadDutiesInput};
use crate::convert::{bounds, grid_position, point, title};
use crate::desk::Desk;
use crate::dto::{
    AppliesDto, AppliesRowDto, DistanceDto, DutiesDto, DutyDto, ProvisionDto, SearchedDto,
    UnansweredDto,
};
use crate::error::ApiError;

impl Answer<LoadApplies> for Desk {
    fn answer(&self, input: LoadAppliesInput) -> Result<AppliesDto, ApiError> {
        let now = self.now();
        let grid = self.grid();
        let asked = match (input.feature.as_str(), input.lon_deg, input.lat_deg) {
            ("", Some(lon_deg), Some(lat_deg)) => {
                Asked::Point(grid_position(grid, lon_deg, lat_deg)?)
            }
            ("", _, _) => return Err(invalid("feature")),
            (id, _, _) => Asked::Feature(feature_id(id)?),
        };
        let answer = self.read(|field| field.applies(asked, now))?;
        Ok(applies(grid, asked, answer))
    }
}

impl Answer<LoadDuties> for Desk {
    fn answer(&self, input: LoadDutiesInput) -> Result<DutiesDto, ApiError> {
        let now = self.now();
        let grid = self.grid();
        let at = grid_position(grid, input.lon_deg, input.lat_deg)?;
        let DutiesAnswer { municipality, duties } = self.read(|field| field.duties(at, now))?;
        Ok(DutiesDto {
            at: point(grid, (at.e_m(), at.n_m())),
            municipality,
            duties: duties.into_iter().map(duty).collect(),
        })
    }
}

fn applies(grid: GridSystem, asked: Asked, answer: AppliesAnswer) -> AppliesDto {
    let is_feature = matches!(asked, Asked::Feature(_));
    let place = answer.place.as_ref();
    let numbered = answer.rows.iter().zip(1..).map(|(it, number)| row(grid, number, it));
    let (near, concerns) = numbered.partition(|it| it.relation == Relation::Within.as_str());
    let about = place.filter(|_| is_feature);
    AppliesDto {
        title: place.map(|it| it.label.clone()).unwrap_or_default(),
        municipality: place.map(|it| it.municipality.clone()).unwrap_or_default(),
        dataset: about.map(|it| it.dataset.to_string()).unwrap_or_default(),
        feature: about.map(|it| it.id.to_string()).unwrap_or_default(),
        at: point(grid, answer.bounds.middle()),
        bounds: bounds(grid, answer.bounds),
        concerns,
        near,
        n_more: u32::try_from(answer.n_more).unwrap_or(u32::MAX),
        oldest_date: answer.no_hit.iter().filter_map(|it| it.data_date.clone()).min(),
        no_hit: answer
            .no_hit
            .into_iter()
            .map(|it| SearchedDto {
                subject: title(&it.subject),
                datasets: it.datasets.iter().map(ToString::to_string).collect(),
                data_date: it.data_date,
            })
            .collect(),
        no_answer: answer
            .no_answer
            .into_iter()
            .map(|it| UnansweredDto {
                subject: title(&it.subject),
                reason: it.reason.as_str().to_owned(),
                data_date: it.data_date,
                age_days: it.age_days,
                legal_from: it.legal_from,
            })
            .collect(),
    }
}

fn row(grid: GridSystem, number: u32, row: &AppliesRow) -> AppliesRowDto {
    AppliesRowDto {
        number,
        dataset: row.dataset.to_string(),
        id: row.id.to_string(),
        subject: title(&row.subject),
        title: row.label.clone(),
        relation: row.related.relation.as_str().to_owned(),
        share_pct: row.related.share.map(|it| it * 100.0),
        distance_m: row.related.distance_m,
        direction: row.related.direction.map(Compass::as_str).unwrap_or_default().to_owned(),
        lines: row.lines.iter().map(title).collect(),
        distances: row
            .distances
            .iter()
            .map(|it| DistanceDto {
                text: title(&it.text),
                within_m: it.within_m,
                source: it.source.clone(),
            })
            .collect(),
        provisions: row.parts.iter().map(provision).collect(),
        publisher: row.publisher.clone(),
        data_date: row.data_date.clone(),
        legal_version: title(&row.legal_version),
        accuracy: row.accuracy.clone(),
        age_days: row.age_days,
        is_old: row.is_old,
        mark: point(grid, row.mark_m),
        bounds: row.bounds.map(|it| bounds(grid, it)),
    }
}

/// The words for the two kinds are those of the national specification (domain NGP 4.1).
fn provision(part: &AppliesPart) -> ProvisionDto {
    let text = |name: &str| part.feature.value(name).as_text().unwrap_or_default().to_owned();
    let kind = match text("kind").as_str() {
        "användningsbestämmelse" => "use",
        "egenskapsbestämmelse" => "property",
        _ => "other",
    };
    ProvisionDto {
        dataset: part.dataset.to_string(),
        id: part.id.to_string(),
        code: text("code"),
        text: text("text"),
        kind: kind.to_owned(),
        share_pct: part.related.share.map(|it| it * 100.0),
    }
}

fn duty(duty: Duty) -> DutyDto {
    let is_contact_known = duty.contact.is_some();
    let contact = duty.contact.unwrap_or_default();
    let (dataset, id, what) = duty
        .from
        .map(|(dataset, id, what)| (dataset.to_string(), id.to_string(), what))
        .unwrap_or_default();
    DutyDto {
        duty: duty.duty,
        title: title(&duty.title),
        who: duty.who,
        note: contact.note,
        phone: contact.phone,
        hours: contact.hours,
        email: contact.email,
        distance_m: duty.distance_m,
        what,
        dataset,
        id,
        publisher: duty.publisher,
        data_date: duty.data_date,
        is_contact_known,
    }
}
