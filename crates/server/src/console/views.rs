use std::collections::HashSet;

use faltkarta_changes::{ConflictKind, Operation, OperationKind};
use faltkarta_model::{Dataset, DatasetId, Feature, FeatureId, Timestamp};
use faltkarta_protocol::{Author, FeedConflict, Outcome};
use sha2::{Digest as _, Sha256};

use crate::backend::{DatasetRow, DeviceRow, GeodataStore, HeldRow};
use crate::console::dto::{
    ConsoleAuthorDto, ConsoleCaseDto, ConsoleConflictDto, ConsoleDecisionDto, ConsoleDeviceDto,
    ConsoleHeldDto, ConsoleOverviewDto, ConsoleReportDto, ConsoleTitleDto,
};
use crate::console::facts::{change, clash, field_title, plain, title};
use crate::deciding::{Decision, decide};
use crate::error::StoreError;
use crate::rim::Rim;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The store at a glance.
pub(crate) fn overview(
    store: &dyn GeodataStore,
    asker: &DeviceRow,
    now: Timestamp,
) -> Result<ConsoleOverviewDto, StoreError> {
    let head = store.head()?;
    let laptops: Vec<DeviceRow> =
        store.devices()?.into_iter().filter(|it| !it.is_revoked && !it.is_console()).collect();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let heard = |it: &&DeviceRow| now.unix_ms() - it.last_seen_at.unix_ms() < DAY_MS;
    let to_see = |it: &&DeviceRow| {
        let waits = it.report.as_ref().is_some_and(|row| row.report.saved_here > 0);
        waits && !heard(it)
    };
    Ok(ConsoleOverviewDto {
        workspace: store.workspace().to_owned(),
        user: asker.user.clone(),
        head_seq: seq(head.seq),
        safe_seq: seq(head.safe_seq),
        n_devices: count(laptops.len()),
        n_heard_last_day: count(laptops.iter().filter(heard).count()),
        n_devices_to_see: count(laptops.iter().filter(to_see).count()),
        n_conflicts: count(cases(store)?.len()),
        n_held: count(store.held_ops()?.len()),
    })
}

fn seq(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// All laptops, last heard of first.
pub(crate) fn devices(
    store: &dyn GeodataStore,
    asker: &DeviceRow,
) -> Result<Vec<ConsoleDeviceDto>, StoreError> {
    let head = store.head()?.seq;
    let mut rows = store.devices()?;
    rows.retain(|it| !it.is_console());
    rows.sort_by_key(|it| std::cmp::Reverse(it.last_seen_at));
    let all = rows.into_iter().map(|it| ConsoleDeviceDto {
        id: it.id.to_string(),
        is_this: it.id == asker.id,
        roles: it.role.to_string().split('+').map(str::to_owned).collect(),
        joined_at: it.joined_at.to_string(),
        last_seen_at: it.last_seen_at.to_string(),
        n_behind: (it.pulled_seq > 0).then(|| seq(head.saturating_sub(it.pulled_seq))),
        is_revoked: it.is_revoked,
        report: it.report.map(|row| ConsoleReportDto {
            at: row.at.to_string(),
            n_saved_here: row.report.saved_here,
            n_received: row.report.received,
            n_secured: row.report.secured,
            n_needs_attention: row.report.needs_attention,
            n_drafts: row.report.drafts,
            n_photos_waiting: row.report.photos_taken.saturating_sub(row.report.photos_received),
            oldest_unsent_at: row.report.oldest_unsent_at.map(|at| at.to_string()),
            app_version: row.report.app_version,
        }),
        name: it.name,
        user: it.user,
    });
    Ok(all.collect())
}

/// The declared datasets, and what features are called.
struct Names<'a> {
    store: &'a dyn GeodataStore,
    datasets: Vec<DatasetRow>,
}

impl<'a> Names<'a> {
    fn new(store: &'a dyn GeodataStore) -> Self {
        Self { store, datasets: store.datasets() }
    }

    fn dataset(&self, id: &DatasetId) -> Option<&Dataset> {
        self.datasets.iter().map(|it| &it.dataset).find(|it| it.id == *id)
    }

    fn kind(&self, id: &DatasetId) -> ConsoleTitleDto {
        self.dataset(id).map_or_else(|| plain(id.as_str()), |it| title(&it.singular))
    }

    /// Empty when the store does not have the feature.
    fn label(&self, id: &DatasetId, feature: FeatureId) -> Result<String, StoreError> {
        let Some(stored) = self.store.stored_feature(feature)? else { return Ok(String::new()) };
        // A deleted one is still called what it was.
        let feature = Feature {
            id: feature,
            dataset: stored.dataset,
            version: stored.version,
            geometry: None,
            properties: stored.values,
        };
        Ok(self.dataset(id).map_or_else(String::new, |it| it.label(&feature)))
    }
}

/// Operations that wait, oldest first.
pub(crate) fn held(store: &dyn GeodataStore) -> Result<Vec<ConsoleHeldDto>, StoreError> {
    let names = Names::new(store);
    store.held_ops()?.iter().map(|row| held_row(&names, row)).collect()
}

fn held_row(names: &Names<'_>, row: &HeldRow) -> Result<ConsoleHeldDto, StoreError> {
    let (is_parked, why) = match &row.outcome.outcome {
        Outcome::Parked { why } => (true, why.clone()),
        Outcome::Quarantined { why } => (false, why.clone()),
        _ => (false, String::new()),
    };
    let can_accept = matches!(why.as_str(), "unpermitted" | "proposal" | "group");
    let mut held = ConsoleHeldDto {
        op: row.op.to_string(),
        is_parked,
        why,
        user: String::new(),
        at: row.at.to_string(),
        kind: String::new(),
        dataset_title: plain(""),
        label: String::new(),
        changes: vec![],
        can_accept,
    };
    // One that cannot be read is still listed; its bytes are kept.
    if let Ok(op) = serde_json::from_str::<Operation>(&row.payload) {
        let dataset = names.dataset(&op.dataset);
        kind_name(op.kind).clone_into(&mut held.kind);
        held.dataset_title = names.kind(&op.dataset);
        held.label = names.label(&op.dataset, op.feature)?;
        held.changes =
            op.changes.iter().map(|(field, it)| change(dataset, field.as_str(), it)).collect();
        held.user = op.user;
    }
    Ok(held)
}

fn kind_name(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Create => "create",
        OperationKind::Update => "update",
        OperationKind::Delete => "delete",
        OperationKind::Restore => "restore",
        OperationKind::Resolve => "resolve",
        OperationKind::Attach => "attach",
        OperationKind::Detach => "detach",
    }
}

/// Features with conflicts that nobody has decided, oldest first.
pub(crate) fn cases(store: &dyn GeodataStore) -> Result<Vec<ConsoleCaseDto>, StoreError> {
    let names = Names::new(store);
    let mut cases: Vec<ConsoleCaseDto> = vec![];
    let mut seen = HashSet::new();
    for open in store.open_conflicts()? {
        if !seen.insert(open.feature) {
            continue;
        }
        let told = store.conflicts_of(open.feature)?;
        let conflicts = told.iter().map(|it| conflict(&names, &open.dataset, it));
        cases.push(ConsoleCaseDto {
            feature: open.feature.to_string(),
            dataset: open.dataset.to_string(),
            dataset_title: names.kind(&open.dataset),
            label: names.label(&open.dataset, open.feature)?,
            conflicts: conflicts.collect::<Result<_, _>>()?,
        });
    }
    Ok(cases)
}

fn conflict(
    names: &Names<'_>,
    id: &DatasetId,
    it: &FeedConflict,
) -> Result<ConsoleConflictDto, StoreError> {
    let dataset = names.dataset(id);
    let clashes = it.fields.iter().map(|(field, of)| clash(dataset, field.as_str(), of));
    let merged = it.merged.iter().map(|field| field_title(dataset, field.as_str()));
    Ok(ConsoleConflictDto {
        id: it.id.to_string(),
        mark: mark(it),
        kind: kind_of_conflict(it.kind).to_owned(),
        candidate_by: author(&it.candidate_by),
        store_by: it.store_by.as_ref().map(author),
        clashes: clashes.collect(),
        merged: merged.collect(),
        other: it.other.map_or(Ok(String::new()), |it| names.label(id, it))?,
    })
}

/// Changes whenever a value of the conflict does, so that nobody decides about another one than was shown.
fn mark(it: &FeedConflict) -> String {
    let shown = serde_json::to_vec(&(it.op, &it.fields)).unwrap_or_default();
    hex::encode(&Sha256::digest(shown)[..8])
}

fn author(it: &Author) -> ConsoleAuthorDto {
    ConsoleAuthorDto { user: it.user.clone(), device: it.device.clone(), at: it.at.to_string() }
}

/// Decides a feature's conflicts as the coordinator chose.
pub(crate) fn decide_case(
    store: &dyn GeodataStore,
    feature: FeatureId,
    wish: &ConsoleDecisionDto,
    by: &str,
    rim: &dyn Rim,
) -> Result<(), StoreError> {
    let shown = store.conflicts_of(feature)?;
    let mut choices = vec![];
    for choice in &wish.choices {
        let open = shown.iter().find(|it| it.id.to_string() == choice.conflict);
        let open = open.ok_or(StoreError::ConflictMoved)?;
        if mark(open) != choice.mark {
            return Err(StoreError::ConflictMoved);
        }
        let decision = match choice.take.as_str() {
            "store" => Decision::Store,
            "candidate" => Decision::Candidate,
            _ => return Err(StoreError::Malformed { text: "take store or candidate".to_owned() }),
        };
        choices.push((open.id, decision));
    }
    let note = Some(wish.note.trim()).filter(|it| !it.is_empty());
    for (conflict, decision) in choices {
        match decide(store, conflict, &decision, (by, note), rim) {
            // One decision may close several conflicts of a feature.
            Ok(_) | Err(StoreError::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn kind_of_conflict(kind: ConflictKind) -> &'static str {
    match kind {
        ConflictKind::Field => "field",
        ConflictKind::EditedVsDeleted => "edited_vs_deleted",
        ConflictKind::DeletedVsEdited => "deleted_vs_edited",
        ConflictKind::IdClash => "id_clash",
        ConflictKind::ParentDeleted => "parent_deleted",
        ConflictKind::DuplicateKey => "duplicate_key",
        ConflictKind::Group => "group",
    }
}
