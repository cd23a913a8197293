use std::fs;
use std::path::Path;

use faltkarta_faults::point;
use faltkarta_model::Timestamp;
use faltkarta_protocol::{
    BASE_MAP_FORMAT, BaseMapOffer, JoinRequest, PROTOCOL_VERSION, PackageFileKind, PackageManifest,
};
use faltkarta_store::StoreError;

use crate::error::AppError;
use crate::sync::assembly::{Assembly, is_sha256};
use crate::sync::base_map::GROWING;
use crate::sync::engine::{FieldAccess, clock_offset};
use crate::sync::fetch::{fetch_package, file_error, target_of};
use crate::sync::link::{Link, LinkError};

/// Who enrols where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// Address of the store.
    pub url: String,
    /// One-time code; `None` on loopback.
    pub code: Option<String>,
    /// What the laptop is to be called.
    pub device_name: String,
    /// Who works here.
    pub user_name: String,
}

/// How far an enrolment or a first fetch is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnrolStep {
    /// The store is asked.
    Connecting,
    /// A file of the package comes.
    Fetching {
        /// Name of the file.
        file: String,
        /// Bytes so far.
        n_bytes_done: u64,
        /// Bytes in all.
        n_bytes_total: u64,
    },
    /// The package goes into the laptop's file.
    Installing {
        /// Rows so far.
        n_rows_done: u32,
        /// Rows in all.
        n_rows_total: u32,
    },
    /// The new base answers.
    Done,
}

/// Enrols a laptop and fetches its package. When the fetch is cut, the laptop is enrolled all the same, and the next
/// round goes on from the byte where it ended.
///
/// # Errors
///
/// [`AppError`] with the link's code; what the laptop held before is still there.
pub fn enrol(
    field: &impl FieldAccess,
    link: &mut dyn Link,
    wanted: &Enrolment,
    now: &mut dyn FnMut() -> Timestamp,
    progress: &mut dyn FnMut(EnrolStep),
) -> Result<(), AppError> {
    progress(EnrolStep::Connecting);
    let replica = field.with(|it| it.store.replica());
    let reply = link.join(&JoinRequest {
        protocol: PROTOCOL_VERSION,
        code: wanted.code.clone(),
        device_name: wanted.device_name.clone(),
        user_name: wanted.user_name.clone(),
        replica,
    })?;
    if reply.protocol != PROTOCOL_VERSION {
        return Err(LinkError::VersionMismatch.into());
    }
    let offset_ms = clock_offset(now(), reply.server_time);
    field.with(|it| {
        it.store.set_metas(&[
            ("token", reply.token.as_str()),
            ("store_url", &wanted.url),
            ("store_workspace", &reply.workspace),
            ("lineage", &reply.lineage),
            ("device_name", &reply.device_name),
            ("user_name", &wanted.user_name),
            ("role", &reply.role),
            ("clock_offset_ms", &offset_ms),
            ("needs_resync", "join"),
        ])?;
        it.touch();
        Ok::<_, AppError>(())
    })?;
    install_next_package(field, link, progress)
}

/// Fetches the newest package and puts it into use; own work is not touched.
///
/// # Errors
///
/// [`AppError`]; the old base answers on then, and a further call goes on with the fetch.
pub fn install_next_package(
    field: &impl FieldAccess,
    link: &mut dyn Link,
    progress: &mut dyn FnMut(EnrolStep),
) -> Result<(), AppError> {
    let workspace =
        field.with(|it| it.store.meta("store_workspace"))?.ok_or(AppError::NotEnrolled)?;
    let manifest = match fetch_newest(field, link, &workspace, progress) {
        // It was replaced while we fetched: once more with the new one.
        Err(AppError::Link(LinkError::PackageChanged)) => {
            fetch_newest(field, link, &workspace, progress)?
        }
        other => other?,
    };
    point("app.package.after_fetch")?;
    let folder = field.with(|it| it.folder().join("incoming").join(&manifest.id));
    let mut install = field.with(|it| it.begin_install(&folder, manifest, true))?;
    loop {
        // Between two steps the laptop is free for whoever works on it.
        let at = field.with(|it| it.step_install(&mut install))?;
        progress(EnrolStep::Installing { n_rows_done: at.n_copied, n_rows_total: at.n_rows });
        if at.is_done {
            break;
        }
    }
    let incoming = field.with(|it| it.folder().join("incoming"));
    if let Err(error) = fs::remove_dir_all(&incoming) {
        tracing::warn!(%error, "fetched package stays on the disk");
    }
    progress(EnrolStep::Done);
    Ok(())
}

fn fetch_newest(
    field: &impl FieldAccess,
    link: &mut dyn Link,
    workspace: &str,
    progress: &mut dyn FnMut(EnrolStep),
) -> Result<PackageManifest, AppError> {
    let manifest = link.package_manifest(workspace)?;
    let is_name = (1..=100).contains(&manifest.id.len())
        && manifest.id.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_');
    if !is_name {
        return Err(AppError::damaged("the package's name"));
    }
    let incoming = field.with(|it| it.folder().join("incoming"));
    let folder = incoming.join(&manifest.id);
    // Parts of an older package are of no more use.
    for entry in fs::read_dir(&incoming).into_iter().flatten().flatten() {
        if entry.path() != folder {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    fs::create_dir_all(&folder).map_err(|source| file_error(&folder, source))?;
    reuse_base_map(field, &manifest, &folder);
    renew_base_map(field, link, workspace, &manifest, &folder, progress)?;
    fetch_package(
        link,
        workspace,
        &manifest,
        &folder,
        &mut |file, n_bytes_done, n_bytes_total| {
            progress(EnrolStep::Fetching { file: file.to_owned(), n_bytes_done, n_bytes_total });
        },
    )?;
    Ok(manifest)
}

/// A base map that is the same as the one in use is not fetched again.
fn reuse_base_map(field: &impl FieldAccess, manifest: &PackageManifest, folder: &Path) {
    let Some(wanted) = manifest.files.iter().find(|it| it.kind == PackageFileKind::BaseMap) else {
        return;
    };
    let Ok(Some(present)) = field.with(|it| it.store.base_map()) else { return };
    let target = folder.join(&wanted.name);
    let is_same = field.with(|it| it.store.has_base_map(&wanted.sha256)).unwrap_or(false);
    if is_same && !target.exists() && fs::hard_link(&present, &target).is_err() {
        // Some file systems have no links; a copy is still quicker than a fetch.
        let _ = fs::copy(&present, &target);
    }
}

/// Another base map than the one in use is put together from it and what is new; when that cannot be, it is fetched
/// whole with the rest of the package.
fn renew_base_map(
    field: &impl FieldAccess,
    link: &mut dyn Link,
    workspace: &str,
    manifest: &PackageManifest,
    folder: &Path,
    progress: &mut dyn FnMut(EnrolStep),
) -> Result<(), AppError> {
    let Some(file) = manifest.files.iter().find(|it| it.kind == PackageFileKind::BaseMap) else {
        return Ok(());
    };
    let target = target_of(folder, file)?;
    let Some(old) = field.with(|it| it.store.base_map())? else { return Ok(()) };
    if target.exists() || !is_sha256(&file.sha256) {
        return Ok(());
    }
    let wanted = BaseMapOffer {
        format: BASE_MAP_FORMAT.to_owned(),
        sha256: file.sha256.clone(),
        n_bytes: file.n_bytes,
    };
    let growing = field.with(|it| it.folder().join(GROWING));
    let assembly = Assembly { workspace, wanted: &wanted, old: Some(&old), folder: &growing };
    let mut goes_on = |n_bytes_done| {
        let (file, n_bytes_total) = (file.name.clone(), file.n_bytes);
        progress(EnrolStep::Fetching { file, n_bytes_done, n_bytes_total });
        true
    };
    match assembly.run(link, &mut goes_on) {
        Ok(Some(whole)) => fs::rename(&whole, &target).map_err(|it| file_error(&target, it))?,
        Ok(None) => {}
        // Whole it may still come, from an older store say.
        Err(AppError::Link(LinkError::NotOffered | LinkError::PackageChanged)) => {}
        Err(AppError::Store(StoreError::PackageDamaged { .. })) => {}
        Err(error) => return Err(error),
    }
    let _ = fs::remove_dir_all(&growing);
    Ok(())
}
