//! What the interface is told when somebody asks what applies, or who is responsible, at a place.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{BoundsDto, PointDto, TitleDto};

dto! {
    /// What applies at a place.
    AppliesDto {
        /// How the place is called: "Exempelhyttan 1:5"; empty for a point outside any parcel.
        title: String,
        /// Name of the municipality or empty.
        municipality: String,
        /// Dataset of the parcel that the answer is about; empty for a point.
        dataset: String,
        /// The parcel; empty for a point.
        feature: String,
        /// The point, or the middle of the parcel.
        at: PointDto,
        /// Around what was asked about.
        bounds: BoundsDto,
        /// Zones that it lies in, wholly or partly.
        concerns: Vec<AppliesRowDto>,
        /// Zones that are only near, nearest first.
        near: Vec<AppliesRowDto>,
        /// Rows beyond the most that are told.
        n_more: u32,
        /// Subjects that were searched without a hit.
        no_hit: Vec<SearchedDto>,
        /// Subjects that cannot be answered.
        no_answer: Vec<UnansweredDto>,
        /// Oldest date of the layers that were searched without a hit.
        oldest_date: Option<String>,
    }
    /// One zone that applies.
    AppliesRowDto {
        /// Its number in the list and on the map, from 1.
        number: u32,
        /// Its dataset.
        dataset: String,
        /// Its id.
        id: String,
        /// What it is about.
        subject: TitleDto,
        /// How it is called.
        title: String,
        /// `inside`, `partly` or `within`.
        relation: String,
        /// Share of the parcel in percent; null when nothing can be shared.
        share_pct: Option<f64>,
        /// Distance in metres; 0 when they touch.
        distance_m: f64,
        /// `n`, `ne`, `e` … or empty.
        direction: String,
        /// What it says, in lines.
        lines: Vec<TitleDto>,
        /// Distance rules that are not kept here.
        distances: Vec<DistanceDto>,
        /// Provisions of a plan.
        provisions: Vec<ProvisionDto>,
        /// Who publishes it.
        publisher: String,
        /// Date of the data.
        data_date: Option<String>,
        /// Which rules the data follow; empty texts when that is not declared.
        legal_version: TitleDto,
        /// Accuracy in words.
        accuracy: String,
        /// Age of the data in days.
        age_days: Option<u32>,
        /// Older than its limit, or than the rules.
        is_old: bool,
        /// Where its number stands on the map.
        mark: PointDto,
        /// Around it; null when it has no extent.
        bounds: Option<BoundsDto>,
    }
    /// A distance that has to be kept.
    DistanceDto {
        /// The rule in words.
        text: TitleDto,
        /// Metres.
        within_m: f64,
        /// Who set the rule.
        source: String,
    }
    /// A provision of a plan.
    ProvisionDto {
        /// Its dataset.
        dataset: String,
        /// Its id.
        id: String,
        /// As on the plan: "B", "e1".
        code: String,
        /// In words.
        text: String,
        /// `use`, `property` or `other`.
        kind: String,
        /// Share of the parcel in percent; null when nothing can be shared.
        share_pct: Option<f64>,
    }
    /// A subject without a hit.
    SearchedDto {
        /// The subject.
        subject: TitleDto,
        /// The datasets that were searched.
        datasets: Vec<String>,
        /// The oldest of their dates.
        data_date: Option<String>,
    }
    /// A subject without an answer.
    UnansweredDto {
        /// The subject.
        subject: TitleDto,
        /// `missing`, `locked`, `old`, `outdated_rules` or `outside`.
        reason: String,
        /// Date of the data.
        data_date: Option<String>,
        /// Their age in days.
        age_days: Option<u32>,
        /// Since when other rules are in force.
        legal_from: Option<String>,
    }
    /// Who is responsible at a place.
    DutiesDto {
        /// The place.
        at: PointDto,
        /// Name of the municipality, empty outside all.
        municipality: String,
        /// One for each duty and body.
        duties: Vec<DutyDto>,
    }
    /// One duty.
    DutyDto {
        /// Its stable name: `road`, `light`, `water` …
        duty: String,
        /// What it is called.
        title: TitleDto,
        /// Who has it; empty when unknown.
        who: String,
        /// What else to know; empty for nothing.
        note: String,
        /// Telephone or empty.
        phone: String,
        /// Service time or empty.
        hours: String,
        /// Address for mail or empty.
        email: String,
        /// How far away the thing lies that it follows from, in metres.
        distance_m: f64,
        /// Label of that thing; empty for what counts in all of the municipality.
        what: String,
        /// Its dataset or empty.
        dataset: String,
        /// Its id or empty.
        id: String,
        /// Who publishes what it follows from.
        publisher: String,
        /// Date of that data.
        data_date: Option<String>,
        /// Whether somebody is registered for it.
        is_contact_known: bool,
    }
}
