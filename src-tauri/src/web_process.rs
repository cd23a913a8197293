//! What is done when the process that draws the window dies: load the page again, where the interrupted draft is
//! offered; and when that does not help, a page that says so.

use std::time::Duration;

/// So many losses within [`LOSS_WINDOW`] mean that loading again does not help.
const N_LOSSES_MAX: usize = 3;
/// Losses further apart than this have nothing to do with each other.
const LOSS_WINDOW: Duration = Duration::from_mins(2);

/// What to show after a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// The interface, from its start.
    LoadAgain,
    /// A page without a map that says what happened and offers to try again.
    SayStopped,
}

/// The losses so far, by the time since the program started.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    recent: Vec<Duration>,
}

impl Losses {
    /// Notes a loss and chooses what to do.
    pub(crate) fn note(&mut self, at: Duration) -> Remedy {
        self.recent.retain(|earlier| at.saturating_sub(*earlier) < LOSS_WINDOW);
        self.recent.push(at);
        if self.recent.len() < N_LOSSES_MAX {
            return Remedy::LoadAgain;
        }
        self.recent.clear();
        Remedy::SayStopped
    }
}

/// Watches the window's web process and brings the window back when the process dies.
#[cfg(target_os = "linux")]
pub(crate) fn watch(window: &tauri::WebviewWindow) -> tauri::Result<()> {
    use std::cell::RefCell;

    use webkit2gtk::WebViewExt;

    use crate::stopwatch::Stopwatch;

    let running = Stopwatch::start();
    window.with_webview(move |platform| {
        let losses = RefCell::new(Losses::default());
        platform.inner().connect_web_process_terminated(move |view, reason| {
            let remedy = losses.borrow_mut().note(running.elapsed());
            tracing::error!(?reason, ?remedy, "web process gone");
            let page = view.uri().map_or_else(|| HOME.to_owned(), Into::into);
            match remedy {
                Remedy::LoadAgain => view.load_uri(&page),
                Remedy::SayStopped => {
                    view.load_html(&STOPPED.replace("PAGE", HOME), Some(HOME));
                }
            }
        });
    })
}

/// Elsewhere the system's web view restarts its own processes.
#[cfg(not(target_os = "linux"))]
pub(crate) fn watch(_window: &tauri::WebviewWindow) -> tauri::Result<()> {
    Ok(())
}

/// The page of the interface.
#[cfg(target_os = "linux")]
const HOME: &str = "tauri://localhost/";
/// In both languages, because the catalogue of words is part of what could not be shown.
#[cfg(target_os = "linux")]
const STOPPED: &str = include_str!("../pages/stopped.html");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_loss_loads_the_page_again_and_a_row_of_them_says_so() {
        let mut losses = Losses::default();
        assert_eq!(losses.note(Duration::from_secs(10)), Remedy::LoadAgain);
        assert_eq!(losses.note(Duration::from_secs(20)), Remedy::LoadAgain);
        assert_eq!(losses.note(Duration::from_secs(30)), Remedy::SayStopped);
        assert_eq!(losses.note(Duration::from_secs(40)), Remedy::LoadAgain);
    }

    #[test]
    fn losses_far_apart_have_nothing_to_do_with_each_other() {
        let mut losses = Losses::default();
        for hour in 0..9 {
            assert_eq!(losses.note(Duration::from_hours(hour)), Remedy::LoadAgain);
        }
    }
}
