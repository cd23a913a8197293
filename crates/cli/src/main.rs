//! `faltkarta`: the same use cases headless, and the coordinator's tools.

mod arguments;
mod asking;
mod blobs;
mod conflicts;
mod coordinator;
mod failure;
mod keeping;
mod laptop;
mod network;
mod network_words;
mod photos;
mod place;
mod rim;
mod say;
mod selecting;
mod upkeep;
mod waiting;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::{Arguments, HeldVerb, StoreConflictVerb, Verb};
use crate::failure::Failure;
use crate::place::StorePlace;
use crate::say::{Voice, refuse};

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("FALTKARTA_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error")),
        )
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::parse();
    let voice = if arguments.json { Voice::Json } else { Voice::Human };
    match run(arguments.command, arguments.folder.as_deref(), voice) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            refuse(voice, &failure);
            ExitCode::FAILURE
        }
    }
}

fn run(verb: Verb, folder: Option<&Path>, voice: Voice) -> Result<(), Failure> {
    let place = |store| StorePlace::new(store, folder);
    match verb {
        Verb::Demo { dir, scale, seed } => coordinator::demo(&dir, scale, seed, voice),
        Verb::Import { store, files, dataset, mapping, crs, dry_run, report } => {
            let wanted = coordinator::ImportWish { dataset, mapping, crs, dry_run, report };
            coordinator::import(&place(store), &files, wanted, voice)
        }
        Verb::Export { store, dataset, form, to } => {
            coordinator::export(&place(store), &dataset, form.as_deref(), &to, voice)
        }
        Verb::Serve { store, listen, blobs, console } => {
            coordinator::serve(&place(store), listen, blobs.as_ref(), console, voice)
        }
        Verb::Package { store, to, all } => coordinator::package(&place(store), &to, all, voice),
        Verb::Backup { store, to, keep } => keeping::backup(&store, &to, keep.into(), voice),
        Verb::Restore { store, from, force, window_minutes } => {
            let options = faltkarta_server::RestoreOptions {
                window_ms: i64::from(window_minutes) * 60_000,
                force,
            };
            keeping::restore(&store, &from, options, voice)
        }
        Verb::Recover { store } => keeping::recover(&place(store), voice),
        Verb::Retain { store, days } => keeping::retain(&place(store), days, voice),
        Verb::Held { verb: HeldVerb::List { store } } => waiting::held(&place(store), voice),
        Verb::Held { verb: HeldVerb::Accept { store, op, by } } => {
            waiting::accept(&place(store), &op, &by, voice)
        }
        Verb::Conflict { verb: StoreConflictVerb::List { store } } => {
            waiting::conflicts(&place(store), voice)
        }
        Verb::Conflict {
            verb: StoreConflictVerb::Resolve { store, conflict, choose, set, by, note },
        } => {
            let decision = waiting::decision(choose, &set)?;
            waiting::resolve(&place(store), conflict, &decision, (&by, note.as_deref()), voice)
        }
        Verb::Outbox { store, file } => waiting::outbox(&place(store), &file, voice),
        Verb::Verify { store } => keeping::verify(&store, voice),
        Verb::Blobs { store, verb } => blobs::run(&place(store), verb, voice),
        Verb::Device { verb } => coordinator::device(verb, folder, voice),
        Verb::Dataset { verb } => coordinator::dataset(verb, folder, voice),
        Verb::Field { dir, verb } => laptop::run(&dir, verb, voice),
    }
}
