//! The coordinator's tools: a geodata store from the outside.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use faltkarta_demo::{DemoOptions, write_delivery};
use faltkarta_formats::Mapping;
use faltkarta_geo::GridSystem;
use faltkarta_model::{DatasetId, Timestamp};
use faltkarta_protocol::PackageScope;
use faltkarta_server::{
    BlobPlace, ImportOptions, OpenMode, Rim as _, Role, ServeOptions, Serving, SqliteStore,
    StoreError, build_package, export_features, open_store,
};
use serde_json::json;

use crate::arguments::{DatasetVerb, DeviceVerb};
use crate::failure::Failure;
use crate::place::StorePlace;
use crate::rim::MachineRim;
use crate::say::Voice;

/// How long a one-time code is good for.
const CODE_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// What `import` was asked beside its files.
pub(crate) struct ImportWish {
    pub(crate) dataset: Option<String>,
    pub(crate) mapping: Option<PathBuf>,
    pub(crate) crs: Option<u32>,
    pub(crate) dry_run: bool,
    pub(crate) report: Option<PathBuf>,
}

pub(crate) fn demo(dir: &Path, scale: f64, seed: u64, voice: Voice) -> Result<(), Failure> {
    let report = write_delivery(dir, &DemoOptions { scale, seed }, &mut |step| {
        voice.progress(&format!("{}/{} {}", step.n_done + 1, step.n_steps, step.what));
    })?;
    let files: Vec<_> =
        report.files.iter().map(|(name, rows)| json!({ "name": name, "rows": rows })).collect();
    let document = json!({
        "format": "faltkarta.demo/1", "scale": scale, "seed": seed, "files": files,
        "parcel_areas": report.n_parcel_areas, "addresses": report.n_addresses,
        "buildings": report.n_buildings, "plans": report.n_plans, "places": report.n_places,
        "valves": report.n_valves, "hydrants": report.n_hydrants,
        "water_mains_m": report.water_m.round(),
    });
    voice.answer(&document, || {
        let mut lines: Vec<String> =
            report.files.iter().map(|(name, rows)| format!("{rows:>8} {name}")).collect();
        lines.push(format!("Leveransen ligger i {}", dir.display()));
        lines
    });
    Ok(())
}

pub(crate) fn import(
    place: &StorePlace,
    files: &[PathBuf],
    wish: ImportWish,
    voice: Voice,
) -> Result<(), Failure> {
    let mapping = wish
        .mapping
        .map(|path| {
            let text = std::fs::read_to_string(&path)
                .map_err(|source| Failure::File { path: path.clone(), source })?;
            Mapping::parse(&text).map_err(|error| Failure::Input { what: error.to_string() })
        })
        .transpose()?;
    let options = ImportOptions {
        dataset: wish.dataset.as_deref().map(dataset_id).transpose()?,
        mapping,
        dry_run: wish.dry_run,
        force_epsg: wish.crs,
    };
    let mode = OpenMode::CreateIfMissing { grid_epsg: GridSystem::ZONE_15_00.epsg() };
    let store = match place.open(mode) {
        // The store is being served; laptops go on fetching while the delivery is read.
        Err(Failure::Store(StoreError::StoreInUse { .. })) => place.beside()?,
        other => other?,
    };
    let report = faltkarta_server::import(store.as_ref(), files, &options, &MachineRim)?;
    if let Some(to) = &wish.report {
        faltkarta_server::write_problem_map(&report, store.grid(), MachineRim.now(), to)?;
    }
    let document = serde_json::to_value(&report)
        .map_err(|error| Failure::Input { what: error.to_string() })?;
    voice.answer(&document, || {
        let mut lines = vec![format!(
            "{:<20} {:>8} {:>8} {:>8} {:>8} {:>6} {:>8} {:>8}  fil",
            "dataset", "lästa", "nya", "ändrade", "samma", "borta", "flaggade", "vägrade"
        )];
        for row in &report.datasets {
            lines.push(format!(
                "{:<20} {:>8} {:>8} {:>8} {:>8} {:>6} {:>8} {:>8}  {}",
                row.dataset.as_str(),
                row.read,
                row.new,
                row.changed,
                row.unchanged,
                row.gone,
                row.flagged,
                row.refused,
                row.file
            ));
            for problem in row.problems.iter().take(3) {
                lines.push(format!("    rad {}: {} {}", problem.row, problem.code, problem.text));
            }
            if row.n_problems > 3 {
                lines.push(format!("    … {} till, se --json", row.n_problems - 3));
            }
        }
        for layer in &report.unknown_layers {
            lines.push(format!("Okänt lager, inte inläst: {} i {}", layer.layer, layer.file));
        }
        for file in &report.passed_over {
            lines.push(format!("Förbigången: {file}"));
        }
        lines
    });
    Ok(())
}

pub(crate) fn export(
    place: &StorePlace,
    dataset: &str,
    form: Option<&str>,
    to: &Path,
    voice: Voice,
) -> Result<(), Failure> {
    let store = place.beside()?;
    let dataset = dataset_id(dataset)?;
    let exported = export_features(store.as_ref(), &dataset, form, to, MachineRim.now())?;
    let document = json!({
        "format": "faltkarta.export/1", "dataset": dataset.as_str(), "features": exported.n_features,
        "file": to,
        "notes": exported.notes.iter().map(|it| json!({"code": it.code, "text": it.text})).collect::<Vec<_>>(),
    });
    voice.answer(&document, || {
        let mut lines = vec![format!("{} objekt i {}", exported.n_features, to.display())];
        lines.extend(exported.notes.iter().map(|it| format!("    {}: {}", it.code, it.text)));
        lines
    });
    Ok(())
}

pub(crate) fn package(
    place: &StorePlace,
    to: &Path,
    all: bool,
    voice: Voice,
) -> Result<(), Failure> {
    let store = place.beside()?;
    let scope = if all { PackageScope::Enrolled } else { PackageScope::Open };
    let built = build_package(store.as_ref(), scope, Role::FIELD, to, MachineRim.now())?;
    let document = serde_json::to_value(&built.manifest)
        .map_err(|error| Failure::Input { what: error.to_string() })?;
    voice.answer(&document, || {
        let n_bytes: u64 = built.manifest.files.iter().map(|it| it.n_bytes).sum();
        vec![format!("Paket {} MB i {}", n_bytes / 1_000_000, to.display())]
    });
    Ok(())
}

pub(crate) fn serve(
    place: &StorePlace,
    listen: SocketAddr,
    blobs: Option<&BlobPlace>,
    console: Option<PathBuf>,
    voice: Voice,
) -> Result<(), Failure> {
    if let Some(wanted) = blobs {
        place.put_blobs(wanted)?;
    }
    let store = place.open(OpenMode::Existing)?;
    let failed = |source| Failure::File { path: PathBuf::from(listen.to_string()), source };
    let options = ServeOptions { console_pages: console.or_else(installed_console) };
    let serving =
        Serving::start_with(store, Arc::new(MachineRim), listen, options).map_err(failed)?;
    let url = format!("http://{}", serving.address());
    voice.answer(&json!({ "format": "faltkarta.serve/1", "url": url }), || {
        vec![format!("Geodatalagret svarar på {url}. Avsluta med Ctrl+C.")]
    });
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    runtime
        .block_on(async {
            let mut terminate = terminate_signal();
            tokio::select! {
                outcome = tokio::signal::ctrl_c() => outcome,
                () = &mut terminate => Ok(()),
            }
        })
        .map_err(failed)?;
    drop(serving);
    Ok(())
}

/// Where the Debian package puts the console's pages: beside the program, when they are there.
fn installed_console() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let pages = program.parent()?.parent()?.join("lib/faltkarta/console");
    pages.is_dir().then_some(pages)
}

/// Ends when the system asks the program to end.
fn terminate_signal() -> std::pin::Pin<Box<dyn Future<Output = ()>>> {
    #[cfg(unix)]
    if let Ok(mut signal) =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
    {
        return Box::pin(async move {
            signal.recv().await;
        });
    }
    Box::pin(std::future::pending())
}

pub(crate) fn device(verb: DeviceVerb, folder: Option<&Path>, voice: Voice) -> Result<(), Failure> {
    match verb {
        DeviceVerb::Invite { store, role } => {
            let role: Role =
                role.parse().map_err(|error| Failure::Input { what: format!("{error}") })?;
            let until = Timestamp::from_unix_ms(MachineRim.now().unix_ms() + CODE_MS);
            let code = StorePlace::new(store, folder).beside()?.create_enrol_code(
                role,
                until,
                &MachineRim,
            )?;
            let document = json!({
                "format": "faltkarta.invite/1", "code": code, "role": role.to_string(),
                "until": until.to_string(),
            });
            voice.answer(&document, || vec![format!("Engångskod {code}, gäller till {until}")]);
        }
        DeviceVerb::List { store } => {
            let devices = StorePlace::new(store, folder).beside()?.devices()?;
            let rows: Vec<_> = devices
                .iter()
                .map(|it| {
                    json!({
                        "id": it.id, "name": it.name, "user": it.user,
                        "role": it.role.to_string(), "joined_at": it.joined_at.to_string(),
                        "last_seen_at": it.last_seen_at.to_string(), "pulled_seq": it.pulled_seq,
                        "revoked": it.is_revoked,
                        "reported_at": it.report.as_ref().map(|it| it.at.to_string()),
                        "report": it.report.as_ref().map(|it| &it.report),
                    })
                })
                .collect();
            voice.answer(&json!({ "format": "faltkarta.devices/1", "devices": rows }), || {
                devices
                    .iter()
                    .map(|it| {
                        let holds = it.report.as_ref().map_or_else(String::new, |it| {
                            format!(
                                "  {} bara där, {} väntar, {} utkast, foton {} av {}",
                                it.report.saved_here,
                                it.report.needs_attention,
                                it.report.drafts,
                                it.report.photos_received,
                                it.report.photos_taken
                            )
                        });
                        let (role, seen) = (it.role, it.last_seen_at);
                        format!("{:<24} {:<16} {role} {seen}{holds}", it.name, it.user)
                    })
                    .collect()
            });
        }
    }
    Ok(())
}

pub(crate) fn dataset(
    verb: DatasetVerb,
    folder: Option<&Path>,
    voice: Voice,
) -> Result<(), Failure> {
    let DatasetVerb::List { store } = verb;
    let rows = StorePlace::new(store, folder).beside()?.datasets();
    let documents: Vec<_> = rows
        .iter()
        .map(|it| {
            json!({
                "dataset": it.dataset.id.as_str(), "title": it.dataset.title.sv,
                "revision": it.revision, "data_date": it.data_date,
            })
        })
        .collect();
    voice.answer(&json!({ "format": "faltkarta.datasets/1", "datasets": documents }), || {
        rows.iter()
            .map(|it| {
                let date = it.data_date.as_deref().unwrap_or("aldrig");
                format!("{:<20} {:<12} {}", it.dataset.id.as_str(), date, it.dataset.title.sv)
            })
            .collect()
    });
    Ok(())
}

/// A store that may be served by another process meanwhile.
pub(crate) fn beside(folder: &Path) -> Result<SqliteStore, Failure> {
    Ok(open_store(folder, OpenMode::Beside, &MachineRim)?)
}

pub(crate) fn dataset_id(text: &str) -> Result<DatasetId, Failure> {
    DatasetId::parse(text).map_err(|error| Failure::Input { what: error.to_string() })
}
