//! From start to end: where the laptop's folder is, the desk, the window.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use faltkarta_app::{Link, LinkError};
use faltkarta_ipc::{ApiError, Desk, DeskOptions};
use faltkarta_machine::{MachineIds, chance, key_store, now};
use faltkarta_sync_http::HttpLink;
use tauri::webview::PageLoadEvent;
use tauri::{AppHandle, Manager, Window, WindowEvent};

use crate::arguments::{self, BUNDLE_VARIABLE, DIR_VARIABLE};
use crate::opening::Opening;
use crate::stopwatch::Stopwatch;
use crate::{command, log, tile_scheme, web_process};

/// The folder of a laptop under the system's folder for data, when none is named.
const DIR_NAME: &str = "faltkarta";
/// Time for the page to hand over what was typed last, once its window is hidden.
const TIME_TO_SAVE: Duration = Duration::from_millis(700);

/// Runs the desktop app until its window is closed.
///
/// Exit status 2 says that the command line is wrong, 1 that no window could be opened; both with a line on standard
/// error. Everything later is told in the window.
pub fn run() -> ExitCode {
    let dir = match arguments::parse(std::env::args_os().skip(1)) {
        Ok(dir) => dir.or_else(|| std::env::var_os(DIR_VARIABLE).map(PathBuf::from)),
        Err(error) => {
            tell(&error.to_string());
            return ExitCode::from(2);
        }
    };
    if is_without_screen() {
        tell("there is no screen here: neither DISPLAY nor WAYLAND_DISPLAY is set");
        return ExitCode::FAILURE;
    }
    match start(dir) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the window could not be opened");
            tell(&format!("the window could not be opened: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn start(dir: Option<PathBuf>) -> tauri::Result<()> {
    let opening = Arc::new(Opening::default());
    let for_tiles = Arc::clone(&opening);
    tauri::Builder::default()
        .manage(Arc::clone(&opening))
        .register_asynchronous_uri_scheme_protocol("tile", move |_, request, responder| {
            let opening = Arc::clone(&for_tiles);
            tauri::async_runtime::spawn_blocking(move || {
                let tile = |path: &str| Ok(opening.desk()?.tile(path));
                responder.respond(tile_scheme::respond(request.uri().path(), tile));
            });
        })
        .invoke_handler(command::handler())
        .on_window_event(save_before_closing)
        .on_page_load(|_, payload| {
            if payload.event() == PageLoadEvent::Finished {
                tracing::info!("page loaded");
            }
        })
        .setup(move |app| {
            let dir = match dir {
                Some(dir) => dir,
                None => app.path().data_dir()?.join(DIR_NAME),
            };
            if let Err(error) = log::start(&dir) {
                tell(&format!("no log is kept: {error}"));
            }
            let bundle = bundle(app.handle());
            std::thread::spawn(move || open_desk(&opening, dir, bundle));
            if let Some(window) = app.get_webview_window("main") {
                web_process::watch(&window)?;
            }
            Ok(())
        })
        .run(tauri::generate_context!())
}

fn open_desk(opening: &Opening, dir: PathBuf, bundle: Option<PathBuf>) {
    let running = Stopwatch::start();
    let outcome = open(dir, bundle);
    let after_ms = running.elapsed().as_millis() as u64;
    match &outcome {
        Ok(_) => tracing::info!(after_ms, "desk open"),
        Err(error) => tracing::error!(%error, after_ms, "desk not open"),
    }
    opening.tell(outcome);
}

fn open(dir: PathBuf, bundle: Option<PathBuf>) -> Result<Desk, ApiError> {
    Desk::open(DeskOptions {
        keys: key_store(&dir),
        dir,
        bundle,
        now,
        ids: || Box::new(MachineIds),
        chance,
        link: Arc::new(link),
        version: env!("CARGO_PKG_VERSION"),
    })
}

fn link(url: &str, token: Option<&str>) -> Result<Box<dyn Link>, LinkError> {
    Ok(Box::new(HttpLink::new(url, token.map(str::to_owned))?))
}

/// The package that the installer brought, or the one that the environment names.
fn bundle(app: &AppHandle) -> Option<PathBuf> {
    let named = std::env::var_os(BUNDLE_VARIABLE).map(PathBuf::from);
    let beside = std::env::current_exe()
        .ok()
        .and_then(|program| arguments::package_beside(Path::new(&program)));
    let resources = app.path().resource_dir().ok().map(|folder| folder.join("package"));
    arguments::find_bundle([named, beside, resources].into_iter().flatten())
}

/// Hides the window at once and closes it a moment later: being hidden, the page hands over what was typed last.
fn save_before_closing(window: &Window, event: &WindowEvent) {
    let WindowEvent::CloseRequested { api, .. } = event else { return };
    api.prevent_close();
    if let Err(error) = window.hide() {
        tracing::warn!(%error, "window not hidden");
    }
    let app = window.app_handle().clone();
    std::thread::spawn(move || {
        std::thread::sleep(TIME_TO_SAVE);
        app.exit(0);
    });
}

fn is_without_screen() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(target_os = "linux") && !is_set("DISPLAY") && !is_set("WAYLAND_DISPLAY")
}

#[expect(
    clippy::print_stderr,
    reason = "before there is a window, the terminal is where the person looks"
)]
fn tell(line: &str) {
    eprintln!("faltkarta-desktop: {line}");
}
