//! How the desk answers each command: parse, call one use case, put it into the wire's words.

use std::collections::BTreeSet;

use base64::Engine as _;
use faltkarta_app::{ChangeRow, DraftAnswers, Field, Submission};
use faltkarta_model::{BlobId, DatasetId, FeatureId};

use crate::command::{
    AddPhoto, AddPhotoInput, Answer, CloseDraft, CloseDraftInput, CompleteDraft,
    CompleteDraftInput, DeferConflict, DeferConflictInput, DescribePosition, DescribePositionInput,
    DiscardDraft, DiscardDraftInput, FindPlaces, FindPlacesInput, IdentifyFeatures,
    IdentifyFeaturesInput, ListChanges, ListChangesInput, ListConflicts, ListConflictsInput,
    ListDrafts, ListDraftsInput, ListRecentPlaces, ListRecentPlacesInput, LoadCard, LoadCardInput,
    LoadConflict, LoadConflictInput, LoadEnrolment, LoadEnrolmentInput, LoadSession,
    LoadSessionInput, LoadSync, LoadSyncInput, LogFault, LogFaultInput, OpenDraft, OpenDraftInput,
    RememberPlace, RememberPlaceInput, RemovePhoto, RemovePhotoInput, ResolveConflict,
    ResolveConflictInput, RestoreDraft, RestoreDraftInput, SaveDraft, SaveDraftInput, SaveOutbox,
    SaveOutboxInput, SaveSettings, SaveSettingsInput, StartDraft, StartDraftInput, StartEnrolment,
    StartEnrolmentInput, StartSync, StartSyncInput,
};
use crate::conflict;
use crate::convert;
use crate::desk::Desk;
use crate::dto::{
    CardDto, ChangeDto, ChangesDto, ConflictCardDto, ConflictSummaryDto, DraftDto, DraftSummaryDto,
    EmptyDto, EnrolmentDto, HitDto, IdentifyAnswerDto, PhotoDto, PointDto, SavedDto,
    SearchAnswerDto, SessionDto, SettingsDto, SyncDto, ViewDto, WrittenFileDto,
};
use crate::error::ApiError;

pub(crate) fn invalid(field: &str) -> ApiError {
    ApiError::InvalidInput { field: field.to_owned() }
}

pub(crate) fn feature_id(text: &str) -> Result<FeatureId, ApiError> {
    text.parse().map_err(|_| invalid("id"))
}

pub(crate) fn dataset_id(text: &str) -> Result<DatasetId, ApiError> {
    DatasetId::parse(text).map_err(|_| invalid("dataset"))
}

fn blob_id(text: &str) -> Result<BlobId, ApiError> {
    BlobId::parse(text).map_err(|_| invalid("blob"))
}

impl Answer<LoadSession> for Desk {
    fn answer(&self, LoadSessionInput {}: LoadSessionInput) -> Result<SessionDto, ApiError> {
        let now = self.now();
        let sync = self.sync_state()?;
        self.read(|field| {
            let session = field.session()?;
            let grid = session.grid;
            let [e_m, n_m, zoom] = session.home_m;
            let (lon_deg, lat_deg) = grid.inverse_deg(e_m, n_m);
            let drafts = field.drafts()?;
            Ok(SessionDto {
                phase: session.phase.as_str().to_owned(),
                device_name: session.device_name,
                user_name: session.user_name,
                role: session.role,
                store_url: session.store_url,
                grid_epsg: grid.epsg(),
                grid_name: grid.name().to_owned(),
                area: convert::bounds(grid, session.area),
                home: ViewDto { lon_deg, lat_deg, zoom },
                datasets: field.datasets().iter().map(|it| convert::dataset(it, now)).collect(),
                themes: faltkarta_app::themes()
                    .iter()
                    .map(|it| convert::theme(field, it))
                    .collect(),
                forms: field.forms().iter().map(|it| convert::form(&it.declaration)).collect(),
                drafts: drafts.into_iter().map(|it| convert::draft_summary(it, grid)).collect(),
                sync,
                settings: settings(field.settings()?.as_deref()),
                version: self.version().to_owned(),
                base_map_date: session.package_made_at.map(|it| it.chars().take(10).collect()),
                has_base_map: session.has_base_map,
            })
        })
    }
}

/// Settings as they were kept, or those of a first start. Text of another version is a first start too.
fn settings(json: Option<&str>) -> SettingsDto {
    json.and_then(|it| serde_json::from_str(it).ok()).unwrap_or_else(|| SettingsDto {
        language: "sv".to_owned(),
        mode: "sol".to_owned(),
        text_size_pct: 100,
        gloves: false,
        reduced_motion: false,
        letter_keys: true,
        shown_crs: "grid".to_owned(),
        layers_on: vec![],
        layers_off: vec![],
        view: None,
        panels: String::new(),
        layer_order: vec![],
        themes: vec![],
        filters: vec![],
        measures: vec![],
    })
}

impl Answer<FindPlaces> for Desk {
    fn answer(&self, input: FindPlacesInput) -> Result<SearchAnswerDto, ApiError> {
        self.read(|field| {
            let near = convert::grid_position(field.grid(), input.near_lon_deg, input.near_lat_deg)
                .ok()
                .map(|it| (it.e_m(), it.n_m()));
            let answer = field.search(&input.text, near);
            Ok(SearchAnswerDto {
                text: input.text.clone(),
                hits: answer.hits.into_iter().map(|it| convert::hit(field, it)).collect(),
                suggestion: answer.suggestion,
            })
        })
    }
}

impl Answer<ListRecentPlaces> for Desk {
    fn answer(
        &self,
        ListRecentPlacesInput {}: ListRecentPlacesInput,
    ) -> Result<Vec<HitDto>, ApiError> {
        let kept = self.read(faltkarta_app::Field::recent_places)?;
        Ok(kept.iter().filter_map(|it| serde_json::from_str(it).ok()).collect())
    }
}

impl Answer<RememberPlace> for Desk {
    fn answer(&self, RememberPlaceInput { hit }: RememberPlaceInput) -> Result<EmptyDto, ApiError> {
        let json = serde_json::to_string(&hit).map_err(|_| invalid("hit"))?;
        let key = format!("{}/{}/{}", hit.dataset, hit.id, hit.label);
        self.write(|field| field.remember_place(&key, &json))?;
        Ok(EmptyDto {})
    }
}

impl Answer<IdentifyFeatures> for Desk {
    fn answer(&self, input: IdentifyFeaturesInput) -> Result<IdentifyAnswerDto, ApiError> {
        let shown: BTreeSet<DatasetId> =
            input.datasets.iter().filter_map(|it| DatasetId::parse(it).ok()).collect();
        let grid = self.grid();
        let at = convert::grid_position(grid, input.lon_deg, input.lat_deg)?;
        let now = self.now();
        let answer = self.read(|field| field.identify(at, input.radius_m, Some(&shown), now))?;
        Ok(IdentifyAnswerDto {
            features: answer.hits.iter().map(convert::identified).collect(),
            missing_or_old: answer.missing_or_old.iter().map(ToString::to_string).collect(),
            at: convert::point(grid, (at.e_m(), at.n_m())),
        })
    }
}

impl Answer<LoadCard> for Desk {
    fn answer(&self, input: LoadCardInput) -> Result<CardDto, ApiError> {
        let (dataset, id) = (dataset_id(&input.dataset)?, feature_id(&input.id)?);
        let now = self.now();
        self.read(|field| {
            let card = field.card(&dataset, id, now)?;
            let rows = field.history(id)?;
            let history =
                rows.into_iter().map(|it| conflict::history(field, &dataset, it)).collect();
            Ok(convert::card(card, history, field.grid()))
        })
    }
}

impl Answer<DescribePosition> for Desk {
    fn answer(&self, input: DescribePositionInput) -> Result<PointDto, ApiError> {
        let grid = self.grid();
        let at = convert::grid_position(grid, input.lon_deg, input.lat_deg)?;
        Ok(convert::point(grid, (at.e_m(), at.n_m())))
    }
}

impl Answer<ListDrafts> for Desk {
    fn answer(
        &self,
        ListDraftsInput {}: ListDraftsInput,
    ) -> Result<Vec<DraftSummaryDto>, ApiError> {
        let grid = self.grid();
        let drafts = self.read(faltkarta_app::Field::drafts)?;
        Ok(drafts.into_iter().map(|it| convert::draft_summary(it, grid)).collect())
    }
}

impl Answer<StartDraft> for Desk {
    fn answer(&self, input: StartDraftInput) -> Result<DraftDto, ApiError> {
        let grid = self.grid();
        let subject = if input.feature.is_empty() {
            None
        } else {
            Some((dataset_id(&input.dataset)?, feature_id(&input.feature)?))
        };
        let at = match (input.lon_deg, input.lat_deg) {
            (Some(lon_deg), Some(lat_deg)) => Some(convert::grid_position(grid, lon_deg, lat_deg)?),
            _ => None,
        };
        let now = self.now();
        let open =
            self.write(|field| field.start_draft(&input.form, subject, at, now, &mut *self.ids()))?;
        Ok(convert::open_draft(open, grid))
    }
}

impl Answer<OpenDraft> for Desk {
    fn answer(&self, input: OpenDraftInput) -> Result<DraftDto, ApiError> {
        let id = feature_id(&input.id)?;
        let open = self.write(|field| field.open_draft(id))?;
        Ok(convert::open_draft(open, self.grid()))
    }
}

impl Answer<SaveDraft> for Desk {
    fn answer(&self, input: SaveDraftInput) -> Result<SavedDto, ApiError> {
        let id = feature_id(&input.id)?;
        let now = self.now();
        let answers = DraftAnswers {
            instance_xml: input.instance_xml,
            hidden_json: input.hidden_json,
            n_answered: input.n_answered,
            n_questions: input.n_questions,
        };
        self.write(|field| field.save_draft(id, &answers, now))?;
        Ok(SavedDto { saved_at: now.to_string() })
    }
}

impl Answer<CloseDraft> for Desk {
    fn answer(&self, input: CloseDraftInput) -> Result<EmptyDto, ApiError> {
        let id = feature_id(&input.id)?;
        self.write(|field| field.close_draft(id))?;
        Ok(EmptyDto {})
    }
}

impl Answer<DiscardDraft> for Desk {
    fn answer(&self, input: DiscardDraftInput) -> Result<EmptyDto, ApiError> {
        let id = feature_id(&input.id)?;
        self.write(|field| field.discard_draft(id))?;
        Ok(EmptyDto {})
    }
}

impl Answer<RestoreDraft> for Desk {
    fn answer(&self, input: RestoreDraftInput) -> Result<EmptyDto, ApiError> {
        let id = feature_id(&input.id)?;
        self.write(|field| field.restore_draft(id))?;
        Ok(EmptyDto {})
    }
}

impl Answer<AddPhoto> for Desk {
    fn answer(&self, input: AddPhotoInput) -> Result<PhotoDto, ApiError> {
        let draft = feature_id(&input.draft)?;
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(&input.bytes_base64)
            .map_err(|_| invalid("bytesBase64"))?;
        let now = self.now();
        let photo = self.write(|field| field.add_photo(draft, &input.name, &bytes, now))?;
        Ok(convert::photo(photo))
    }
}

impl Answer<RemovePhoto> for Desk {
    fn answer(&self, input: RemovePhotoInput) -> Result<EmptyDto, ApiError> {
        let (draft, blob) = (feature_id(&input.draft)?, blob_id(&input.blob)?);
        self.write(|field| field.remove_photo(draft, &blob))?;
        Ok(EmptyDto {})
    }
}

impl Answer<CompleteDraft> for Desk {
    fn answer(&self, input: CompleteDraftInput) -> Result<ChangesDto, ApiError> {
        let id = feature_id(&input.id)?;
        let blobs = input.blobs.iter().map(|it| blob_id(it)).collect::<Result<Vec<_>, _>>()?;
        let submission = Submission {
            instance_xml: input.instance_xml,
            answers_json: input.answers_json,
            blobs,
        };
        let now = self.now();
        self.write(|field| field.complete_draft(id, &submission, now, &mut *self.ids()))?;
        self.wake_exchange();
        self.changes()
    }
}

impl Answer<ListChanges> for Desk {
    fn answer(&self, ListChangesInput {}: ListChangesInput) -> Result<ChangesDto, ApiError> {
        self.changes()
    }
}

impl Desk {
    fn changes(&self) -> Result<ChangesDto, ApiError> {
        let grid = self.grid();
        let (counts, photos, named, drafts) = self.read(|field| {
            let changes = field.changes()?;
            let waits_for: Vec<String> =
                changes.rows.iter().map(|it| waits_for(field, it, &changes.rows)).collect();
            let named: Vec<_> = changes.rows.into_iter().zip(waits_for).collect();
            Ok((changes.counts, changes.photos, named, field.drafts()?))
        })?;
        let n_drafts = drafts.len() as u32;
        let mut rows: Vec<ChangeDto> =
            drafts.into_iter().map(|it| convert::draft_as_change(it, grid)).collect();
        rows.extend(
            named
                .into_iter()
                .map(|(it, waits_for)| ChangeDto { waits_for, ..convert::change(it, grid) }),
        );
        rows.sort_by(|a, b| b.at.cmp(&a.at));
        Ok(ChangesDto {
            n_saved_here: counts.saved_here + n_drafts,
            n_received: counts.received,
            n_secured: counts.secured,
            n_photos_taken: photos.taken,
            n_photos_received: photos.received,
            rows,
        })
    }
}

/// How that is called which an edit waits for: a feature of the store's, or an earlier edit of one's own.
fn waits_for(field: &Field, change: &ChangeRow, all: &[ChangeRow]) -> String {
    let Some(feature) = change.waits_for else { return String::new() };
    let own =
        all.iter().find(|it| it.row.op.feature == feature && it.row.op.id != change.row.op.id);
    let stored = || {
        let stored = field.store().feature(feature).ok().flatten()?.feature;
        Some(conflict::declared(field, &stored.dataset)?.label(&stored))
    };
    own.map(|it| it.row.title.clone()).or_else(stored).unwrap_or_default()
}

impl Answer<ListConflicts> for Desk {
    fn answer(
        &self,
        ListConflictsInput {}: ListConflictsInput,
    ) -> Result<Vec<ConflictSummaryDto>, ApiError> {
        self.read(|field| {
            let conflicts = field.conflicts()?;
            Ok(conflicts.into_iter().map(|it| conflict::summary(field, it)).collect())
        })
    }
}

impl Answer<LoadConflict> for Desk {
    fn answer(&self, input: LoadConflictInput) -> Result<ConflictCardDto, ApiError> {
        let feature = feature_id(&input.feature)?;
        self.read(|field| Ok(conflict::card(field, field.conflict_card(feature)?)))
    }
}

impl Answer<ResolveConflict> for Desk {
    fn answer(&self, input: ResolveConflictInput) -> Result<ChangesDto, ApiError> {
        let feature = feature_id(&input.feature)?;
        let dataset = dataset_id(&input.dataset)?;
        let now = self.now();
        let choices = {
            let field = self.shared().lock();
            conflict::choices(conflict::declared(&field, &dataset), &input.decisions)?
        };
        self.write(|field| {
            field.resolve(feature, &choices, input.note.as_deref(), now, &mut *self.ids())
        })?;
        self.wake_exchange();
        self.changes()
    }
}

impl Answer<DeferConflict> for Desk {
    fn answer(&self, input: DeferConflictInput) -> Result<EmptyDto, ApiError> {
        let feature = feature_id(&input.feature)?;
        self.write(|field| field.defer_conflict(feature))?;
        Ok(EmptyDto {})
    }
}

impl Answer<LoadSync> for Desk {
    fn answer(&self, LoadSyncInput {}: LoadSyncInput) -> Result<SyncDto, ApiError> {
        self.sync_state()
    }
}

impl Answer<StartSync> for Desk {
    fn answer(&self, StartSyncInput {}: StartSyncInput) -> Result<SyncDto, ApiError> {
        self.wake_exchange();
        self.sync_state()
    }
}

impl Answer<SaveOutbox> for Desk {
    fn answer(&self, SaveOutboxInput {}: SaveOutboxInput) -> Result<WrittenFileDto, ApiError> {
        self.save_outbox()
    }
}

impl Answer<StartEnrolment> for Desk {
    fn answer(&self, input: StartEnrolmentInput) -> Result<EnrolmentDto, ApiError> {
        self.start_enrolment(&input)
    }
}

impl Answer<LoadEnrolment> for Desk {
    fn answer(&self, LoadEnrolmentInput {}: LoadEnrolmentInput) -> Result<EnrolmentDto, ApiError> {
        Ok(self.enrolment())
    }
}

impl Answer<SaveSettings> for Desk {
    fn answer(&self, input: SaveSettingsInput) -> Result<SettingsDto, ApiError> {
        let json = serde_json::to_string(&input.settings).map_err(|_| invalid("settings"))?;
        self.write(|field| field.save_settings(&json))?;
        Ok(input.settings)
    }
}

impl Answer<LogFault> for Desk {
    fn answer(&self, input: LogFaultInput) -> Result<EmptyDto, ApiError> {
        let text: String = input.text.chars().take(2_000).collect();
        tracing::warn!(text, "fault in the interface");
        Ok(EmptyDto {})
    }
}
