use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A type on the console's wire: camelCase JSON, and TypeScript of the same.
macro_rules! dto {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $ty:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
        #[serde(rename_all = "camelCase")]
        pub(crate) struct $name { $($(#[$field_doc])* pub(crate) $field: $ty,)* }
    )*};
}

dto! {
    /// Who opens the console.
    ConsoleSignInDto {
        /// One-time code of a coordinator.
        code: String,
        /// Who it is.
        user: String,
    }
    /// The store at a glance.
    ConsoleOverviewDto {
        /// Name of the store's feed.
        workspace: String,
        /// Who is signed in.
        user: String,
        /// Number of the last entry.
        head_seq: u32,
        /// Highest number in every usable backup.
        safe_seq: u32,
        /// Laptops that may come.
        n_devices: u32,
        /// Those heard of within 24 hours.
        n_heard_last_day: u32,
        /// Laptops with something that the coordinator should look at.
        n_devices_to_see: u32,
        /// Features with a conflict that nobody has decided.
        n_conflicts: u32,
        /// Operations that wait.
        n_held: u32,
    }
    /// A laptop.
    ConsoleDeviceDto {
        /// Its id.
        id: String,
        /// What it is called.
        name: String,
        /// Who enrolled it.
        user: String,
        /// Its rights: `technician`, `inspector`, `coordinator`, `reader`.
        roles: Vec<String>,
        /// RFC 3339.
        joined_at: String,
        /// RFC 3339.
        last_seen_at: String,
        /// Entries of the feed that it has not pulled; null until it has asked for any.
        n_behind: Option<u32>,
        /// Whether its rights were taken away.
        is_revoked: bool,
        /// Whether this is the browser that asks.
        is_this: bool,
        /// How things stand there, by its own word; null when it never said.
        report: Option<ConsoleReportDto>,
    }
    /// What a laptop said of itself.
    ConsoleReportDto {
        /// When; RFC 3339.
        at: String,
        /// Version of its program.
        app_version: String,
        /// Changes that are only there.
        n_saved_here: u32,
        /// Changes that the store has.
        n_received: u32,
        /// Changes that every usable backup has.
        n_secured: u32,
        /// Changes that wait for a person.
        n_needs_attention: u32,
        /// Forms that are not complete.
        n_drafts: u32,
        /// Photos that the store lacks.
        n_photos_waiting: u32,
        /// When the oldest change was made that is only there; RFC 3339 or null.
        oldest_unsent_at: Option<String>,
    }
    /// A text in both languages.
    ConsoleTitleDto {
        /// Swedish.
        sv: String,
        /// English.
        en: String,
    }
    /// A value of a field.
    ConsoleValueDto {
        /// As stored: text, `true`, `12.5`; easting and northing of a place; empty for none.
        raw: String,
        /// In the dataset's words.
        title: ConsoleTitleDto,
        /// Metres from the base's place, for places that differ from it.
        moved_m: Option<f64>,
    }
    /// A field in dispute.
    ConsoleClashDto {
        /// Field id; `geometry` for the place.
        field: String,
        /// What it is called; empty for the place.
        title: ConsoleTitleDto,
        /// `text`, `int`, `real`, `bool`, `date`, `date_time`, `list` or `geometry`.
        value_type: String,
        /// Unit or empty.
        unit: String,
        /// What the author of the candidate saw.
        base: ConsoleValueDto,
        /// What the store holds.
        store: ConsoleValueDto,
        /// What the author wants.
        candidate: ConsoleValueDto,
    }
    /// Who, with what, and when.
    ConsoleAuthorDto {
        /// The person.
        user: String,
        /// The laptop or program; empty when unknown.
        device: String,
        /// RFC 3339.
        at: String,
    }
    /// One conflict of a feature.
    ConsoleConflictDto {
        /// Its id.
        id: String,
        /// Changes when a value of it does; a decision repeats it.
        mark: String,
        /// `field`, `edited_vs_deleted`, `deleted_vs_edited`, `id_clash`, `parent_deleted`, `duplicate_key`, `group`.
        kind: String,
        /// Who wants the candidates.
        candidate_by: ConsoleAuthorDto,
        /// Who set what the store holds; null when it came with a delivery.
        store_by: Option<ConsoleAuthorDto>,
        /// The fields.
        clashes: Vec<ConsoleClashDto>,
        /// Titles of fields of the same change that fitted by themselves.
        merged: Vec<ConsoleTitleDto>,
        /// Label of the other feature of a duplicate number; empty else.
        other: String,
    }
    /// A feature with its open conflicts.
    ConsoleCaseDto {
        /// The feature.
        feature: String,
        /// Its dataset.
        dataset: String,
        /// One of its kind: "Ventil".
        dataset_title: ConsoleTitleDto,
        /// What it is called.
        label: String,
        /// The conflicts.
        conflicts: Vec<ConsoleConflictDto>,
    }
    /// What the coordinator decides of one feature's conflicts.
    ConsoleDecisionDto {
        /// One choice for each conflict.
        choices: Vec<ConsoleChoiceDto>,
        /// Why; empty for no word.
        note: String,
    }
    /// A choice.
    ConsoleChoiceDto {
        /// The conflict.
        conflict: String,
        /// As it was shown.
        mark: String,
        /// `store` or `candidate`.
        take: String,
    }
    /// An operation that waits.
    ConsoleHeldDto {
        /// Its id.
        op: String,
        /// Whether it waits for something else, and not for the coordinator.
        is_parked: bool,
        /// `unpermitted`, `proposal`, `missing_parent`, `schema`, `malformed` …
        why: String,
        /// Who made it; empty when it cannot be read.
        user: String,
        /// When it arrived; RFC 3339.
        at: String,
        /// `create`, `update` … or empty.
        kind: String,
        /// One of its kind, or the dataset's id when the store does not know it.
        dataset_title: ConsoleTitleDto,
        /// What the feature is called; empty when the store does not have it.
        label: String,
        /// What it changes.
        changes: Vec<ConsoleHeldChangeDto>,
        /// Whether the coordinator can accept it.
        can_accept: bool,
    }
    /// One field of an operation that waits.
    ConsoleHeldChangeDto {
        /// Field id.
        field: String,
        /// What it is called; empty for the place.
        title: ConsoleTitleDto,
        /// As of [`ConsoleClashDto`].
        value_type: String,
        /// Unit or empty.
        unit: String,
        /// What its author saw.
        old: ConsoleValueDto,
        /// What its author wants.
        new: ConsoleValueDto,
    }
    /// A delivery that somebody sent in.
    ConsoleDeliveryDto {
        /// Its id.
        id: String,
        /// What people call it by: 412 is L-0412.
        number: u32,
        /// The file's name.
        name: String,
        /// Its ending: `gpkg`.
        format: String,
        /// Bytes of the file.
        n_bytes: f64,
        /// RFC 3339.
        received_at: String,
        /// Who sent it.
        by: String,
        /// `checking`, `review`, `ready`, `stopped`, `publishing`, `published`, `replaced`, `rejected` or `undone`.
        state: String,
        /// How far the check is; 0 while that is unknown.
        progress_pct: u32,
        /// Why it was stopped, as a stable code; empty otherwise.
        code: String,
        /// The facts of that.
        facts: BTreeMap<String, String>,
        /// RFC 3339, or null.
        published_at: Option<String>,
        /// Whether the one before it can be published again.
        can_undo: bool,
        /// The system that the coordinates were read in: "SWEREF 99 TM"; empty before it was read.
        found_crs: String,
        /// The store's grid.
        store_crs: String,
        /// Laptops that fetch what changed.
        n_laptops: u32,
        /// Bytes that each of them fetches, about; null when nobody knows.
        n_bytes_each: Option<f64>,
        /// Rows that wait for a person, because the field has edited them.
        n_open_cases: u32,
        /// What was found, one for each dataset.
        datasets: Vec<ConsoleDatasetImportDto>,
    }
    /// What a delivery does to one dataset.
    ConsoleDatasetImportDto {
        /// The dataset.
        dataset: String,
        /// Its name.
        title: ConsoleTitleDto,
        /// Rows that were this dataset's.
        n_read: u32,
        /// Features that were not there.
        n_new: u32,
        /// Features with other values than last delivered.
        n_changed: u32,
        /// Features as last delivered.
        n_unchanged: u32,
        /// Features that are in the delivery no more.
        n_gone: u32,
        /// Features with a problem.
        n_flagged: u32,
        /// Rows that did not become features.
        n_refused: u32,
        /// Rows that wait for a person.
        n_conflicts: u32,
        /// Date of the data.
        data_date: String,
        /// By code, most first.
        problems: Vec<ConsoleProblemDto>,
    }
    /// Problems of one kind.
    ConsoleProblemDto {
        /// Stable code.
        code: String,
        /// How many.
        count: u32,
        /// Whether the delivery cannot be published for it.
        is_blocking: bool,
        /// The first of them.
        examples: Vec<ConsoleProblemExampleDto>,
    }
    /// One problem.
    ConsoleProblemExampleDto {
        /// The row in the order of the file, from 1; 0 for the layer.
        row: u32,
        /// The facts.
        text: String,
        /// How the feature is called; empty when none came of the row.
        label: String,
        /// Metres on the store's grid, or null.
        easting_m: Option<f64>,
        /// Metres on the store's grid, or null.
        northing_m: Option<f64>,
    }
    /// A declared dataset.
    ConsoleDatasetDto {
        /// Its id.
        id: String,
        /// Its name.
        title: ConsoleTitleDto,
        /// Group in the layer list or empty.
        group: String,
        /// What it is for.
        role: String,
        /// BKT, BMB or an authority; empty when nobody answers for it.
        owner_body: String,
        /// Unit or address to write to.
        owner_contact: String,
        /// Who publishes it.
        publisher: String,
        /// `open`, `internal` or `protected`.
        class: String,
        /// Terms of use.
        licence: String,
        /// `direct`, `proposal` or `read_only`.
        policy: String,
        /// How many features the store holds.
        n_features: u32,
        /// Date of the data; null when nothing was delivered.
        data_date: Option<String>,
        /// Its age.
        age_days: Option<u32>,
        /// The age from which it is old.
        max_age_days: Option<u32>,
        /// Laptops that fetch it.
        n_laptops: u32,
    }
}
