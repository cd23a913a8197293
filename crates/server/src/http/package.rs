use std::fs;
use std::path::{Path as FilePath, PathBuf};
use std::sync::{Mutex, PoisonError};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use faltkarta_faults::point;
use faltkarta_protocol::{PackageFile, PackageFileKind, PackageManifest, PackageScope};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::backend::GeodataStore;
use crate::error::StoreError;
use crate::http::answer::Refusal;
use crate::http::context::{Asker, Context};
use crate::http::files::{self, Served};
use crate::packaging::{DrawnMap, build_package, newest_base_map};
use crate::rim::Rim;
use crate::role::Role;

/// A prepared package is good enough while a laptop has no more than this to pull after it.
const MAX_BEHIND: u64 = 5_000;

/// The packages that are ready in the store's folder. The lock lets one request prepare, others wait for it.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    building: Mutex<()>,
}

/// What stands in `packages/ROLE.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Ready {
    /// Digest of the declarations that the package carries.
    declarations: String,
    /// Folder of the package.
    folder: String,
    /// Folder of the one before, kept for laptops that are in the middle of fetching it.
    before: Option<String>,
    manifest: PackageManifest,
}

impl Prepared {
    /// The newest package for a role, made when there is none or when it is too old.
    fn get(
        &self,
        store: &dyn GeodataStore,
        role: Role,
        rim: &dyn Rim,
    ) -> Result<PackageManifest, StoreError> {
        let _building = self.building.lock().unwrap_or_else(PoisonError::into_inner);
        let declarations = declarations(store);
        let head = store.head()?;
        let ready = read_ready(store.packages_folder(), role);
        if let Some(ready) = &ready {
            let manifest = &ready.manifest;
            let is_good = ready.declarations == declarations
                && manifest.epoch == head.epoch
                && head.seq.checked_sub(manifest.seq).is_some_and(|it| it <= MAX_BEHIND);
            if is_good {
                return Ok(ready.manifest.clone());
            }
        }
        let packages = store.packages_folder();
        let folder = format!("{}-{}", slug(role), rim.new_id().simple());
        let built =
            build_package(store, PackageScope::Enrolled, role, &packages.join(&folder), rim.now())?;
        let outdated = ready.as_ref().and_then(|it| it.before.clone());
        let next = Ready {
            declarations,
            folder,
            before: ready.map(|it| it.folder),
            manifest: built.manifest,
        };
        let path = ready_path(packages, role);
        let part = path.with_extension("part");
        let text = serde_json::to_vec(&next).map_err(StoreError::damaged)?;
        fs::write(&part, text).map_err(StoreError::io("writing", &part))?;
        point("server.package.before_place").map_err(StoreError::stopped)?;
        fs::rename(&part, &path).map_err(StoreError::io("writing", &path))?;
        point("server.package.after_place").map_err(StoreError::stopped)?;
        if let Some(outdated) = outdated {
            // A folder that cannot be removed only takes room.
            let _ = fs::remove_dir_all(packages.join(outdated));
        }
        Ok(next.manifest)
    }

    /// The newest base map, drawn when there is none or when a change has touched it. At most once at a time.
    pub(super) fn base_map(&self, store: &dyn GeodataStore) -> Result<DrawnMap, StoreError> {
        let _building = self.building.lock().unwrap_or_else(PoisonError::into_inner);
        newest_base_map(store, store.package_inputs()?.as_ref())
    }
}

fn slug(role: Role) -> String {
    role.to_string().replace('+', "-")
}

fn ready_path(packages: &FilePath, role: Role) -> PathBuf {
    packages.join(format!("{}.json", slug(role)))
}

/// What was prepared for a role; nothing when it cannot be read, which only means that it is made anew.
fn read_ready(packages: &FilePath, role: Role) -> Option<Ready> {
    let text = fs::read(ready_path(packages, role)).ok()?;
    serde_json::from_slice(&text).ok()
}

fn declarations(store: &dyn GeodataStore) -> String {
    let mut hasher = Sha256::new();
    for row in store.datasets() {
        hasher.update(&row.declaration);
    }
    for form in store.forms() {
        hasher.update(&form.declaration);
        hasher.update(&form.xml);
    }
    hex::encode(hasher.finalize())
}

/// `GET /sync/v1/{workspace}/package`
pub(super) async fn manifest(
    State(context): State<Context>,
    Asker(device): Asker,
) -> Result<Json<PackageManifest>, Refusal> {
    let manifest = context
        .run(move |it| it.prepared.get(it.store.as_ref(), device.role, it.rim.as_ref()))
        .await?;
    tracing::info!(device = %device.id, package = manifest.id, "package manifest handed out");
    Ok(Json(manifest))
}

/// `GET /sync/v1/{workspace}/package/{name}`
pub(super) async fn newest_file(
    State(context): State<Context>,
    Asker(device): Asker,
    Path((_, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let served = context.run(move |it| find(it, device.role, None, &name)).await?;
    Ok(files::serve(&headers, served))
}

/// `GET /sync/v1/{workspace}/package/{id}/{name}`
pub(super) async fn file(
    State(context): State<Context>,
    Asker(device): Asker,
    Path((_, id, name)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let served = context.run(move |it| find(it, device.role, Some(&id), &name)).await?;
    Ok(files::serve(&headers, served))
}

/// A file of the newest package of a role or of the one before. Names come from manifests only, so that no path of a
/// request reaches the file system.
fn find(context: &Context, role: Role, id: Option<&str>, name: &str) -> Result<Served, StoreError> {
    let mut wanted =
        kept(context, role).filter(|(_, manifest)| id.is_none_or(|it| it == manifest.id));
    let (folder, manifest) = wanted.next().ok_or(StoreError::PackageChanged)?;
    let file = manifest.files.into_iter().find(|it| it.name == name).ok_or(StoreError::NotFound)?;
    Served::file(&folder.join(file.name), file.sha256, "application/octet-stream")
}

/// The base map of a package that is kept for a role, by its content.
pub(super) fn base_map_of(context: &Context, role: Role, sha256: &str) -> Option<DrawnMap> {
    kept(context, role).find_map(|(folder, manifest)| {
        let is_it = |it: &PackageFile| it.kind == PackageFileKind::BaseMap && it.sha256 == sha256;
        let file = manifest.files.into_iter().find(is_it)?;
        Some(DrawnMap { path: folder.join(file.name), sha256: file.sha256 })
    })
}

/// The newest package of a role and the one before, with their folders.
fn kept(context: &Context, role: Role) -> impl Iterator<Item = (PathBuf, PackageManifest)> {
    let packages = context.store.packages_folder();
    let ready = read_ready(packages, role);
    let before = ready.as_ref().and_then(|it| it.before.as_ref()).and_then(|folder| {
        let folder = packages.join(folder);
        let text = fs::read(folder.join("package.json")).ok()?;
        Some((folder, serde_json::from_slice::<PackageManifest>(&text).ok()?))
    });
    ready.map(|it| (packages.join(it.folder), it.manifest)).into_iter().chain(before)
}
