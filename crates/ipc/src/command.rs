//! The requests: name, input and output of each, listed once.

use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use ts_rs::TS;

use crate::desk::Desk;
use crate::dto::{
    AppliesDto, CardDto, ChangesDto, ChosenFilterDto, ConflictCardDto, ConflictSummaryDto,
    DecisionDto, DraftDto, DraftSummaryDto, DutiesDto, EmptyDto, EnrolmentDto, HitDto,
    IdentifyAnswerDto, MeasureDto, PhotoDto, PlaceDto, PointDto, PointedDto, SavedDto,
    SearchAnswerDto, SelectionDto, SessionDto, SettingsDto, SyncDto, WrittenFileDto,
};
use crate::error::ApiError;

/// One request that the interface may make of the core.
pub trait Command {
    /// The name on the wire, in `snake_case`, noun last.
    const NAME: &'static str;
    /// What the interface sends.
    type Input: DeserializeOwned + TS + 'static;
    /// What it gets back when the request succeeds.
    type Output: Serialize + TS + 'static;
}

macro_rules! commands {
    ($($(#[$doc:meta])* $command:ident = $name:literal: $input:ident { $($(#[$field_doc:meta])* $field:ident: $ty:ty,)* } -> $output:ty;)*) => {
        /// The names of all commands.
        pub const COMMANDS: &[&str] = &[$($name),*];

        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $command;

            /// What the command of the same name is sent.
            #[derive(Debug, Clone, PartialEq, Deserialize, TS)]
            #[serde(rename_all = "camelCase", deny_unknown_fields)]
            pub struct $input { $($(#[$field_doc])* pub $field: $ty,)* }

            impl Command for $command {
                const NAME: &'static str = $name;
                type Input = $input;
                type Output = $output;
            }
        )*

        /// Parses, calls and answers one command by its name.
        pub(crate) fn dispatch(
            desk: &Desk,
            name: &str,
            input: serde_json::Value,
        ) -> Result<serde_json::Value, ApiError> {
            match name {
                $($name => respond::<$command>(desk, input),)*
                _ => Err(ApiError::InvalidInput { field: "command".to_owned() }),
            }
        }

        /// Shows each command to a visitor, for generating TypeScript.
        pub(crate) fn visit_commands(visitor: &mut impl CommandVisitor) {
            $(visitor.visit::<$command>();)*
        }
    };
}

/// What answers a command; [`Desk`] does for each of them, or the table of commands does not compile.
pub(crate) trait Answer<C: Command> {
    /// Answers one.
    fn answer(&self, input: C::Input) -> Result<C::Output, ApiError>;
}

fn respond<C: Command>(desk: &Desk, input: serde_json::Value) -> Result<serde_json::Value, ApiError>
where
    Desk: Answer<C>,
{
    let input = serde_json::from_value(input)
        .map_err(|error| ApiError::InvalidInput { field: error.to_string() })?;
    let output = desk.answer(input)?;
    serde_json::to_value(output).map_err(|_| ApiError::Internal)
}

/// Is shown every command.
pub(crate) trait CommandVisitor {
    /// Sees one.
    fn visit<C: Command>(&mut self);
}

commands! {
    /// All that the first screen needs.
    LoadSession = "load_session": LoadSessionInput {} -> SessionDto;
    /// Ranked hits for what was typed.
    FindPlaces = "find_places": FindPlacesInput {
        /// As typed.
        text: String,
        /// Middle of the map: longitude in degrees.
        near_lon_deg: f64,
        /// Middle of the map: latitude in degrees.
        near_lat_deg: f64,
    } -> SearchAnswerDto;
    /// The last places that were picked, newest first.
    ListRecentPlaces = "list_recent_places": ListRecentPlacesInput {} -> Vec<HitDto>;
    /// Remembers a picked hit.
    RememberPlace = "remember_place": RememberPlaceInput {
        /// The hit.
        hit: HitDto,
    } -> EmptyDto;
    /// What lies at a point.
    IdentifyFeatures = "identify_features": IdentifyFeaturesInput {
        /// Longitude in degrees.
        lon_deg: f64,
        /// Latitude in degrees.
        lat_deg: f64,
        /// Reach in metres on the ground.
        radius_m: f64,
        /// Datasets that are shown now; others answer only inside their polygons.
        datasets: Vec<String>,
    } -> IdentifyAnswerDto;
    /// The card of one feature.
    LoadCard = "load_card": LoadCardInput {
        /// Its dataset.
        dataset: String,
        /// Its id.
        id: String,
    } -> CardDto;
    /// What applies on a parcel, or at a point when no feature is named.
    LoadApplies = "load_applies": LoadAppliesInput {
        /// Dataset of the parcel or empty.
        dataset: String,
        /// The parcel or empty.
        feature: String,
        /// Longitude of the point in degrees, or null.
        lon_deg: Option<f64>,
        /// Latitude of the point in degrees, or null.
        lat_deg: Option<f64>,
    } -> AppliesDto;
    /// Who is responsible at a point.
    LoadDuties = "load_duties": LoadDutiesInput {
        /// Longitude in degrees.
        lon_deg: f64,
        /// Latitude in degrees.
        lat_deg: f64,
    } -> DutiesDto;
    /// Measures places on the store's grid; each may be held to what is shown.
    MeasurePlaces = "measure_places": MeasurePlacesInput {
        /// `length`, `area`, `boundary` or `height`.
        kind: String,
        /// The places, in their order.
        points: Vec<PointedDto>,
        /// Datasets that are shown now; only they hold a place.
        datasets: Vec<String>,
    } -> MeasureDto;
    /// What lies in an area, or along a line.
    SelectFeatures = "select_features": SelectFeaturesInput {
        /// `area` or `corridor`.
        shape: String,
        /// The corners of the area, or the places of the line.
        points: Vec<PlaceDto>,
        /// Metres outside the area, or on each side of the line.
        reach_m: f64,
        /// Datasets to select from.
        datasets: Vec<String>,
        /// Filters that are put on.
        filters: Vec<ChosenFilterDto>,
    } -> SelectionDto;
    /// The same place in every system that is shown.
    DescribePosition = "describe_position": DescribePositionInput {
        /// Longitude in degrees.
        lon_deg: f64,
        /// Latitude in degrees.
        lat_deg: f64,
    } -> PointDto;
    /// Unfinished work, newest first.
    ListDrafts = "list_drafts": ListDraftsInput {} -> Vec<DraftSummaryDto>;
    /// Begins a form on a subject; the draft is durable when this answers.
    StartDraft = "start_draft": StartDraftInput {
        /// Form id.
        form: String,
        /// Dataset of the subject or empty.
        dataset: String,
        /// Id of the subject or empty.
        feature: String,
        /// Where, when there is no subject: longitude in degrees.
        lon_deg: Option<f64>,
        /// Latitude in degrees.
        lat_deg: Option<f64>,
    } -> DraftDto;
    /// Opens unfinished work.
    OpenDraft = "open_draft": OpenDraftInput {
        /// Its id.
        id: String,
    } -> DraftDto;
    /// Makes answers durable; when this answers they survive a power cut.
    SaveDraft = "save_draft": SaveDraftInput {
        /// The draft.
        id: String,
        /// The whole instance.
        instance_xml: String,
        /// Last visible answers of hidden questions, JSON of the session wrapper.
        hidden_json: String,
        /// Answered questions.
        n_answered: u32,
        /// Questions that apply now.
        n_questions: u32,
    } -> SavedDto;
    /// Marks a draft as put away by the person, so that it is not offered as interrupted.
    CloseDraft = "close_draft": CloseDraftInput {
        /// The draft.
        id: String,
    } -> EmptyDto;
    /// Throws a draft away on the person's order; it can be brought back until the program ends.
    DiscardDraft = "discard_draft": DiscardDraftInput {
        /// The draft.
        id: String,
    } -> EmptyDto;
    /// Brings back a draft that was just thrown away.
    RestoreDraft = "restore_draft": RestoreDraftInput {
        /// The draft.
        id: String,
    } -> EmptyDto;
    /// Stores a photo of a draft by its content.
    AddPhoto = "add_photo": AddPhotoInput {
        /// The draft.
        draft: String,
        /// Name of the file as picked.
        name: String,
        /// Media type as the web view says.
        media_type: String,
        /// The bytes in base 64.
        bytes_base64: String,
    } -> PhotoDto;
    /// Takes a photo out of a draft.
    RemovePhoto = "remove_photo": RemovePhotoInput {
        /// The draft.
        draft: String,
        /// The photo.
        blob: String,
    } -> EmptyDto;
    /// Completes a draft: it becomes an inspection, saved here, and cannot be edited after.
    CompleteDraft = "complete_draft": CompleteDraftInput {
        /// The draft.
        id: String,
        /// The submission instance: relevant answers only.
        instance_xml: String,
        /// The answers as flat JSON.
        answers_json: String,
        /// Photos that the submission names.
        blobs: Vec<String>,
    } -> ChangesDto;
    /// The panel Ändringar.
    ListChanges = "list_changes": ListChangesInput {} -> ChangesDto;
    /// Open conflicts, one for each feature; those that wait for this person first.
    ListConflicts = "list_conflicts": ListConflictsInput {} -> Vec<ConflictSummaryDto>;
    /// All that is needed to decide the conflicts of one feature.
    LoadConflict = "load_conflict": LoadConflictInput {
        /// The feature.
        feature: String,
    } -> ConflictCardDto;
    /// Decides the conflicts of one feature; the decision is saved here when this answers. Refused with
    /// `conflict_moved` when the store's values are not those of the card any more.
    ResolveConflict = "resolve_conflict": ResolveConflictInput {
        /// Its dataset.
        dataset: String,
        /// The feature.
        feature: String,
        /// One for each conflict of the card.
        decisions: Vec<DecisionDto>,
        /// Why, for the other side; null for no reason.
        note: Option<String>,
    } -> ChangesDto;
    /// Leaves the conflicts of one feature to the coordinator.
    DeferConflict = "defer_conflict": DeferConflictInput {
        /// The feature.
        feature: String,
    } -> EmptyDto;
    /// State of the exchange; cheap, asked every second.
    LoadSync = "load_sync": LoadSyncInput {} -> SyncDto;
    /// Tries the store now instead of later.
    StartSync = "start_sync": StartSyncInput {} -> SyncDto;
    /// Writes everything unsent to one file.
    SaveOutbox = "save_outbox": SaveOutboxInput {} -> WrittenFileDto;
    /// Begins to enrol this laptop and to fetch its package, in the background.
    StartEnrolment = "start_enrolment": StartEnrolmentInput {
        /// Address of the store.
        url: String,
        /// One-time code, empty on loopback.
        code: String,
        /// What the laptop is to be called.
        device_name: String,
        /// Who works here.
        user_name: String,
    } -> EnrolmentDto;
    /// How far enrolment is.
    LoadEnrolment = "load_enrolment": LoadEnrolmentInput {} -> EnrolmentDto;
    /// Keeps the person's choices.
    SaveSettings = "save_settings": SaveSettingsInput {
        /// All of them.
        settings: SettingsDto,
    } -> SettingsDto;
    /// Writes a fault of the interface to the log.
    LogFault = "log_fault": LogFaultInput {
        /// Where and what, without positions, answers or names.
        text: String,
    } -> EmptyDto;
}
