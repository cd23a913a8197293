//! What the interface is told. Field names are camel case in TypeScript.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

macro_rules! dto {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $ty:ty,)* })*) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])* pub $field: $ty,)* }
    )* };
}

mod asking;
mod conflict;
mod layers;
mod measuring;

pub use asking::*;
pub use conflict::*;
pub use layers::*;
pub use measuring::*;

dto! {
    /// A declared text in both languages of the interface.
    TitleDto {
        /// Swedish.
        sv: String,
        /// English.
        en: String,
    }
    /// A place in the systems that the interface shows. N before E on screen; metres and degrees.
    PointDto {
        /// Longitude in degrees, WGS 84.
        lon_deg: f64,
        /// Latitude in degrees, WGS 84.
        lat_deg: f64,
        /// Easting in metres on the store's grid.
        grid_e_m: f64,
        /// Northing in metres on the store's grid.
        grid_n_m: f64,
        /// Easting in metres, SWEREF 99 TM.
        tm_e_m: f64,
        /// Northing in metres, SWEREF 99 TM.
        tm_n_m: f64,
    }
    /// A rectangle in degrees.
    BoundsDto {
        /// Least longitude.
        west_deg: f64,
        /// Least latitude.
        south_deg: f64,
        /// Greatest longitude.
        east_deg: f64,
        /// Greatest latitude.
        north_deg: f64,
    }
    /// What the person chose in settings; kept in the laptop's file.
    SettingsDto {
        /// `sv` or `en`.
        language: String,
        /// `sol`, `natt` or `system`.
        mode: String,
        /// Text size in percent: 100, 115 or 130.
        text_size_pct: u32,
        /// Bigger targets.
        gloves: bool,
        /// No motion.
        reduced_motion: bool,
        /// Single-letter keys work while the map has focus.
        letter_keys: bool,
        /// Which system the status line shows: `grid`, `tm` or `wgs84`.
        shown_crs: String,
        /// Datasets switched on or off by the person; others as declared.
        layers_on: Vec<String>,
        /// Datasets switched off by the person.
        layers_off: Vec<String>,
        /// Where the map was left; null at first start.
        view: Option<ViewDto>,
        /// Panel widths by kind of panel, as JSON text of the interface.
        panels: String,
        /// Ids of datasets that were put into an order of the person's own, topmost first; others as declared.
        #[serde(default)]
        layer_order: Vec<String>,
        /// Themes that the person saved.
        #[serde(default)]
        themes: Vec<SavedThemeDto>,
        /// Filters that are put on.
        #[serde(default)]
        filters: Vec<ChosenFilterDto>,
        /// Measures that are kept for the day.
        #[serde(default)]
        measures: Vec<MeasureNoteDto>,
    }
    /// Where the map stands.
    ViewDto {
        /// Longitude of the middle in degrees.
        lon_deg: f64,
        /// Latitude of the middle in degrees.
        lat_deg: f64,
        /// MapLibre zoom (512 px tiles).
        zoom: f64,
    }
    /// One dataset on this laptop.
    DatasetDto {
        /// Its id.
        id: String,
        /// Its name.
        title: TitleDto,
        /// What one of it is called.
        singular: TitleDto,
        /// `parcel`, `valve` …: see `Role` in the model.
        role: String,
        /// `open`, `internal` or `protected`.
        class: String,
        /// Who publishes it.
        publisher: String,
        /// Terms of use.
        licence: String,
        /// Accuracy in words.
        accuracy: String,
        /// Date of the data, `2026-05-12`; null when nothing was delivered.
        data_date: Option<String>,
        /// Age in days, counted from today.
        age_days: Option<u32>,
        /// Older than its limit.
        is_old: bool,
        /// When the lease of protected data ends, RFC 3339.
        lease_until: Option<String>,
        /// How many features are here.
        n_features: u32,
        /// Group in the layer list, or empty: `work`, `va`, `plans`, `property`, `background`.
        group: String,
        /// Least zoom at which it is in live tiles.
        min_zoom: f32,
        /// Shown at first start.
        visible: bool,
        /// Place in drawing order, low first.
        order: i32,
        /// `features`, `base_map` or `both`.
        packaging: String,
        /// Nothing of it was ever delivered to this laptop.
        is_missing: bool,
        /// Choices of rows that a person may make on the map.
        filters: Vec<FilterDto>,
    }
    /// A form that can be filled on this laptop.
    FormDto {
        /// Its id.
        id: String,
        /// Its version.
        version: String,
        /// Its name.
        title: TitleDto,
        /// Verb for a button: "Motionera".
        action: TitleDto,
        /// BKT or BMB.
        body: String,
        /// Roles of the datasets that it is filled on.
        subject_roles: Vec<String>,
    }
    /// All that the interface needs to draw its first screen.
    SessionDto {
        /// `empty` (no package, no store), `bundle` (only what the installer carried) or `enrolled`.
        phase: String,
        /// The laptop's name, empty before enrolment.
        device_name: String,
        /// Who works here.
        user_name: String,
        /// `technician`, `inspector`, `coordinator`, `reader` or empty.
        role: String,
        /// Address of the geodata store, empty before enrolment.
        store_url: String,
        /// EPSG code of the store's grid.
        grid_epsg: u32,
        /// Name of the store's grid: `SWEREF 99 15 00`.
        grid_name: String,
        /// The work area.
        area: BoundsDto,
        /// Where a first start looks.
        home: ViewDto,
        /// What is on this laptop.
        datasets: Vec<DatasetDto>,
        /// Declared choices of layers, in their order.
        themes: Vec<ThemeDto>,
        /// What can be filled.
        forms: Vec<FormDto>,
        /// Unfinished work, newest first.
        drafts: Vec<DraftSummaryDto>,
        /// State of the exchange with the store.
        sync: SyncDto,
        /// The person's choices.
        settings: SettingsDto,
        /// Version of the program.
        version: String,
        /// Date of the base map, or null.
        base_map_date: Option<String>,
        /// Whether there is a base map package.
        has_base_map: bool,
    }
    /// One hit of the search box.
    HitDto {
        /// `address`, `parcel`, `place`, `asset`, `case` or `coordinate`.
        kind: String,
        /// Dataset of the feature; empty for a coordinate.
        dataset: String,
        /// Id of the feature; empty for a coordinate.
        id: String,
        /// First line.
        label: String,
        /// Second line, without distance.
        detail: String,
        /// Name of the municipality, or empty.
        municipality: String,
        /// Where it lies; null when the feature has no place.
        position: Option<PointDto>,
        /// Distance from the middle of the map in metres.
        distance_m: Option<f64>,
        /// Matched parts of the first line: start and length in UTF-16 units, flat pairs.
        matched: Vec<u32>,
        /// `other_system` when the coordinate is another reading of the same numbers; else empty.
        note: String,
        /// The system a coordinate was read in, or empty.
        system: String,
        /// True when a coordinate lies outside the work area.
        is_outside: bool,
    }
    /// The search box's answer.
    SearchAnswerDto {
        /// The text that was asked for, so that a late answer can be told.
        text: String,
        /// Ranked, at most ten.
        hits: Vec<HitDto>,
        /// A spelling that would hit, when nothing did.
        suggestion: Option<String>,
    }
    /// One feature under the pointer, topmost first.
    IdentifiedDto {
        /// Its dataset.
        dataset: String,
        /// Its id.
        id: String,
        /// How it is called.
        label: String,
        /// What it is: "Fastighet".
        kind: TitleDto,
        /// Role of the dataset.
        role: String,
        /// Distance in metres on the grid; 0 inside.
        distance_m: f64,
    }
    /// What lies at a point.
    IdentifyAnswerDto {
        /// Topmost first: points, lines, small areas, large areas.
        features: Vec<IdentifiedDto>,
        /// Datasets that could not answer or are older than their limit.
        missing_or_old: Vec<String>,
        /// The point that was asked.
        at: PointDto,
    }
    /// One row of facts on a card.
    FactDto {
        /// Field id.
        field: String,
        /// What it is called.
        title: TitleDto,
        /// The value in words; `yes`/`no` of flags are the interface's to say.
        value: TitleDto,
        /// The value as stored, for those who style by it.
        raw: String,
        /// `text`, `int`, `real`, `bool`, `date`, `date_time` or `list`.
        value_type: String,
        /// Unit or empty.
        unit: String,
        /// State of an own edit of this field: empty, `saved_here`, `received`, `secured` or `conflict`.
        own_edit: String,
    }
    /// An earlier visit.
    VisitDto {
        /// The inspection's feature id.
        id: String,
        /// Date, `2026-04-28`.
        date: String,
        /// Title of the form.
        title: String,
        /// One line of result.
        detail: String,
        /// BKT or BMB.
        body: String,
        /// State of the record here: `saved_here`, `received` or `secured`.
        state: String,
    }
    /// What a card shows.
    CardDto {
        /// Its dataset.
        dataset: String,
        /// Its id.
        id: String,
        /// What it is.
        kind: TitleDto,
        /// Role of the dataset.
        role: String,
        /// Municipality's name or empty.
        municipality: String,
        /// Its name.
        title: String,
        /// Forms that may be filled on it, by id.
        forms: Vec<String>,
        /// Facts in the order of the declaration.
        facts: Vec<FactDto>,
        /// Area in square metres measured on the grid, for polygons.
        area_m2: Option<f64>,
        /// Length in metres measured on the grid, for lines.
        length_m: Option<f64>,
        /// Addresses that belong to it.
        addresses: Vec<String>,
        /// Earlier visits by both bodies, newest first.
        visits: Vec<VisitDto>,
        /// What has happened to it, newest first.
        history: Vec<HistoryRowDto>,
        /// What else lies at its place.
        also_here: Vec<IdentifiedDto>,
        /// Who publishes it.
        publisher: String,
        /// Date of the data or null.
        data_date: Option<String>,
        /// Older than its limit, and by how many days since the data.
        is_old: bool,
        /// Age in days.
        age_days: Option<u32>,
        /// Accuracy in words.
        accuracy: String,
        /// Its shape as GeoJSON geometry text in WGS 84, or null.
        geometry_json: Option<String>,
        /// Rectangle around it, or null.
        bounds: Option<BoundsDto>,
        /// A point on it, or null.
        position: Option<PointDto>,
    }
    /// Unfinished work in a list.
    DraftSummaryDto {
        /// Its id.
        id: String,
        /// Form id.
        form: String,
        /// Title of the form.
        title: TitleDto,
        /// What it is about.
        subject_label: String,
        /// Last saved, RFC 3339.
        saved_at: String,
        /// Answered questions.
        n_answered: u32,
        /// Questions that apply now.
        n_questions: u32,
        /// Photos so far.
        n_photos: u32,
        /// True when the program ended without closing it.
        was_interrupted: bool,
        /// Where it lies, or null.
        position: Option<PointDto>,
    }
    /// A photo of a draft or an inspection.
    PhotoDto {
        /// `sha256:…`; its picture is at `photo/…` of the tile scheme.
        blob: String,
        /// Name of the file in the form instance.
        name: String,
        /// Media type.
        media_type: String,
        /// Size.
        n_bytes: u32,
        /// When it was added, RFC 3339.
        added_at: String,
        /// `saved_here`, `received` or `secured`.
        state: String,
    }
    /// A draft, with all that is needed to open its form.
    DraftDto {
        /// Its id.
        id: String,
        /// Form id.
        form: String,
        /// Version of the form that it was begun in.
        form_version: String,
        /// Title of the form.
        title: TitleDto,
        /// Short number shown offline.
        local_number: String,
        /// Dataset of the subject or empty.
        subject_dataset: String,
        /// Id of the subject or empty.
        subject_id: String,
        /// How the subject is called.
        subject_label: String,
        /// Values for prefilled questions, by question name.
        prefill: Vec<PrefillDto>,
        /// The XForm.
        form_xml: String,
        /// The saved instance, or null for a new one.
        instance_xml: Option<String>,
        /// Last visible answers of questions that are hidden now, as JSON of the session wrapper.
        hidden_json: String,
        /// Photos so far.
        photos: Vec<PhotoDto>,
        /// First keystroke, RFC 3339.
        started_at: String,
        /// Last saved, RFC 3339.
        saved_at: String,
        /// True when the program ended without closing it.
        was_interrupted: bool,
        /// Where it lies, or null.
        position: Option<PointDto>,
    }
    /// A value that the core knows for a question.
    PrefillDto {
        /// Question name.
        question: String,
        /// Its value as text.
        value: String,
    }
    /// One row of Ändringar.
    ChangeDto {
        /// Operation or draft id.
        id: String,
        /// `edit`, `inspection` or `draft`.
        kind: String,
        /// What was changed: "Ventil AV-121".
        title: String,
        /// In plain words: fields and values, or the form's summary.
        detail: String,
        /// When, RFC 3339.
        at: String,
        /// `saved_here`, `received`, `secured`, `conflict`, `parked` or `quarantined`.
        state: String,
        /// Why it waits, as a code, or empty.
        reason: String,
        /// What it waits for, as its own row is called; empty when that is not known.
        waits_for: String,
        /// Dataset of the subject, or empty.
        dataset: String,
        /// Id of the subject, or empty.
        feature: String,
        /// Photos that belong to it.
        n_photos: u32,
        /// Where, or null.
        position: Option<PointDto>,
    }
    /// The panel Ändringar.
    ChangesDto {
        /// Edits saved here and not yet received.
        n_saved_here: u32,
        /// Received and not yet secured.
        n_received: u32,
        /// Secured.
        n_secured: u32,
        /// Photos taken.
        n_photos_taken: u32,
        /// Photos received.
        n_photos_received: u32,
        /// Rows, newest first in each state; secured ones at most 200.
        rows: Vec<ChangeDto>,
    }
    /// State of the exchange with the store, as the chip says it.
    SyncDto {
        /// `bundle`, `received`, `sending`, `offline`, `attention` or `signed_out`.
        state: String,
        /// Last complete round, RFC 3339.
        last_received_at: Option<String>,
        /// First failure since then, RFC 3339.
        offline_since: Option<String>,
        /// Edits that wait.
        n_saved_here: u32,
        /// Done in the round under way.
        n_sent: u32,
        /// To do in the round under way.
        n_to_send: u32,
        /// Photos that wait.
        n_photos_left: u32,
        /// Conflicts that wait for this person.
        n_to_decide: u32,
        /// Code of the last failure, or empty: see `ApiError`.
        error_code: String,
        /// Seconds until the next try, when one is planned.
        next_try_s: Option<u32>,
        /// Counts up when live tiles change; part of their address.
        tile_version: u32,
        /// Counts up when lists (changes, drafts, cards) should be asked for again.
        data_version: u32,
    }
    /// Progress of enrolment and first fetch.
    EnrolmentDto {
        /// `idle`, `connecting`, `fetching`, `installing`, `done` or `failed`.
        state: String,
        /// What is being fetched, by dataset id or `base_map`.
        part: String,
        /// Bytes so far.
        n_bytes_done: f64,
        /// Bytes in all.
        n_bytes_total: f64,
        /// Code of the failure, or empty.
        error_code: String,
    }
    /// Nothing to tell.
    EmptyDto {}
    /// A file that was written.
    WrittenFileDto {
        /// Where it lies.
        path: String,
        /// Edits in it.
        n_edits: u32,
        /// Photos in it.
        n_photos: u32,
    }
    /// When something became durable.
    SavedDto {
        /// RFC 3339.
        saved_at: String,
    }
}
