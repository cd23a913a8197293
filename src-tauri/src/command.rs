//! One thin function per command of the wire: hand it to the desk on a thread that may wait, log a fault once, answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use faltkarta_ipc::ApiError;
use serde_json::Value;
use tauri::State;

use crate::opening::Opening;

macro_rules! commands {
    ($($name:ident,)*) => {
        /// The names that this room answers to.
        #[cfg(test)]
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        $(
            #[tauri::command]
            async fn $name(
                opening: State<'_, Arc<Opening>>,
                input: Value,
            ) -> Result<Value, ApiError> {
                answer(&opening, stringify!($name), input).await
            }
        )*

        /// Leads each command to its function.
        pub(crate) fn handler() -> impl Fn(tauri::ipc::Invoke) -> bool + Send + Sync + 'static {
            tauri::generate_handler![$($name),*]
        }
    };
}

commands! {
    load_session,
    find_places,
    list_recent_places,
    remember_place,
    identify_features,
    load_card,
    load_applies,
    load_duties,
    measure_places,
    select_features,
    describe_position,
    list_drafts,
    start_draft,
    open_draft,
    save_draft,
    close_draft,
    discard_draft,
    restore_draft,
    add_photo,
    remove_photo,
    complete_draft,
    list_changes,
    list_conflicts,
    load_conflict,
    resolve_conflict,
    defer_conflict,
    load_sync,
    start_sync,
    save_outbox,
    start_enrolment,
    load_enrolment,
    save_settings,
    log_fault,
}

async fn answer(
    opening: &Arc<Opening>,
    name: &'static str,
    input: Value,
) -> Result<Value, ApiError> {
    let opening = Arc::clone(opening);
    let work = tauri::async_runtime::spawn_blocking(move || {
        // A fault in one command must not leave the window waiting for its answer.
        catch_unwind(AssertUnwindSafe(|| opening.desk()?.call(name, input)))
            .unwrap_or(Err(ApiError::Internal))
    });
    let outcome = work.await.unwrap_or(Err(ApiError::Internal));
    if let Err(error) = &outcome {
        tracing::warn!(%error, name, "command refused");
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_of_the_wire_has_its_function_and_no_other() {
        assert_eq!(NAMES, faltkarta_ipc::COMMANDS);
    }

    #[test]
    fn the_window_is_granted_exactly_the_commands_of_the_wire() {
        let capability: Value =
            serde_json::from_str(include_str!("../capabilities/main.json")).expect("JSON");
        let granted = capability["permissions"].as_array().expect("a list");
        let expected = faltkarta_ipc::COMMANDS
            .iter()
            .map(|name| Value::from(format!("allow-{}", name.replace('_', "-"))))
            .collect::<Vec<_>>();
        assert_eq!(granted, &expected);
    }
}
