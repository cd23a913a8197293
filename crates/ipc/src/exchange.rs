//! The exchange with the store, in a thread of its own: it takes the laptop only between two requests, so nobody at
//! the screen waits for a network.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use faltkarta_app::{
    AppError, EnrolStep, Enrolment, Field, Phase, Scheduler, enrol, install_next_package,
    sync_round,
};
use faltkarta_model::Timestamp;

use crate::command::StartEnrolmentInput;
use crate::desk::{Desk, Shared, logged};
use crate::dto::{EnrolmentDto, SyncDto};
use crate::error::ApiError;

/// How often the thread looks whether something is due, when nobody wakes it.
const LOOK: Duration = Duration::from_millis(500);
/// Edits after which a laptop packs its indexes anew are looked for this seldom.
const ROUNDS_BETWEEN_INDEX_CHECKS: u32 = 10;

/// What the exchange is doing, and what wakes it.
#[derive(Debug)]
pub(crate) struct Exchange {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Debug)]
struct State {
    scheduler: Scheduler,
    is_stopping: bool,
    /// Edits that waited when the round under way began; `None` between rounds.
    n_to_send: Option<u32>,
    enrolment: EnrolmentDto,
    is_enrolling: bool,
    /// How many conflicts waited for this person at a data version.
    to_decide: Option<(u32, u32)>,
}

impl Exchange {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            state: Mutex::new(State {
                scheduler: Scheduler::new(now),
                is_stopping: false,
                n_to_send: None,
                enrolment: step("idle", "", 0, 0),
                is_enrolling: false,
                to_decide: None,
            }),
            wake: Condvar::new(),
        }
    }

    pub(crate) fn stop(&self) {
        self.lock().is_stopping = true;
        self.wake.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    pub(crate) fn start_exchange(shared: &Arc<Self>) -> JoinHandle<()> {
        let shared = Arc::clone(shared);
        std::thread::spawn(move || {
            let mut n_rounds = 0u32;
            while shared.wait_until_due() {
                shared.round();
                n_rounds = n_rounds.wrapping_add(1);
                if n_rounds.is_multiple_of(ROUNDS_BETWEEN_INDEX_CHECKS) {
                    shared.pack_indexes();
                }
            }
        })
    }

    /// Waits until a round is due on an enrolled laptop. `false` when the program ends.
    fn wait_until_due(&self) -> bool {
        loop {
            let is_enrolled =
                self.lock().session().is_ok_and(|session| session.phase == Phase::Enrolled);
            let mut state = self.exchange.lock();
            if state.is_stopping {
                return false;
            }
            let wait_ms = state.scheduler.next_try_ms((self.options.now)());
            if is_enrolled && !state.is_enrolling && wait_ms == 0 {
                return true;
            }
            let wait = LOOK.min(Duration::from_millis(u64::from(wait_ms.max(50))));
            drop(self.exchange.wake.wait_timeout(state, wait));
        }
    }

    fn round(&self) {
        let (url, token, n_waiting) = {
            let field = self.lock();
            let (Ok(session), Ok(Some(token))) = (field.session(), field.store().meta("token"))
            else {
                return;
            };
            (session.store_url, token, field.counts().map_or(0, |it| it.0.saved_here))
        };
        self.exchange.lock().n_to_send = Some(n_waiting);
        let mut now = self.options.now;
        let mut ids = (self.options.ids)();
        let report = (self.options.link)(&url, Some(&token))
            .map_err(AppError::from)
            .and_then(|mut link| sync_round(&self.field, &mut *link, &mut now, &mut *ids));
        let failure = match report {
            Ok(report) => report.failure,
            Err(error) => Some(error),
        };
        let mut state = self.exchange.lock();
        state.n_to_send = None;
        let now = (self.options.now)();
        match failure {
            None => state.scheduler.on_success(now),
            Some(error) => {
                tracing::info!(code = error.code(), "a round failed");
                let wait_s = error.wait_s();
                state.scheduler.on_failure(now, (self.options.chance)(), wait_s);
            }
        }
    }

    fn pack_indexes(&self) {
        let mut field = self.lock();
        if field.wants_new_indexes()
            && let Err(error) = field.rebuild_indexes()
        {
            tracing::warn!(code = error.code(), "packing the indexes anew");
        }
    }

    fn note_step(&self, told: EnrolmentDto) {
        self.exchange.lock().enrolment = told;
    }

    fn enrol(&self, wanted: &Enrolment) {
        let mut now = self.options.now;
        let mut progress = |it: EnrolStep| self.note_step(enrol_step(&it));
        let link = (self.options.link)(&wanted.url, None);
        let outcome = link.map_err(AppError::from).and_then(|mut link| {
            let first = enrol(&self.field, &mut *link, wanted, &mut now, &mut progress);
            if matches!(&first, Err(AppError::Link(_))) && self.is_enrolled() {
                // The laptop is enrolled and the fetch was cut: once more from where it ended.
                return install_next_package(&self.field, &mut *link, &mut progress);
            }
            first
        });
        let told = match outcome {
            Ok(()) => step("done", "", 0, 0),
            Err(error) => EnrolmentDto {
                error_code: code(&logged("enrolling", &error)),
                ..step("failed", "", 0, 0)
            },
        };
        let mut state = self.exchange.lock();
        state.enrolment = told;
        state.is_enrolling = false;
        state.scheduler.on_wish((self.options.now)());
        self.exchange.wake.notify_all();
    }

    /// Conflicts that wait for this person. Looked for only when something has changed: it is asked every second.
    fn n_to_decide(&self, field: &Field) -> Result<u32, AppError> {
        let version = field.data_version();
        if let Some((seen, count)) = self.exchange.lock().to_decide
            && seen == version
        {
            return Ok(count);
        }
        let conflicts = field.conflicts()?;
        let count = conflicts.iter().filter(|it| it.is_mine && !it.is_deferred).count() as u32;
        self.exchange.lock().to_decide = Some((version, count));
        Ok(count)
    }

    fn is_enrolled(&self) -> bool {
        self.lock().session().is_ok_and(|session| session.phase == Phase::Enrolled)
    }
}

impl Desk {
    /// Tells the exchange that an edit was saved or that the person asked.
    pub(crate) fn wake_exchange(&self) {
        let exchange = &self.shared().exchange;
        exchange.lock().scheduler.on_wish(self.now());
        exchange.wake.notify_all();
    }

    /// The state of the exchange in the words of the chip.
    pub(crate) fn sync_state(&self) -> Result<SyncDto, ApiError> {
        let now = self.now();
        let (status, n_to_decide, is_enrolled, tile_version, data_version) =
            self.read(|field| {
                let is_enrolled = field.session()?.phase == Phase::Enrolled;
                let n_to_decide = self.shared().n_to_decide(field)?;
                let (tiles, data) = (field.tile_version(), field.data_version());
                Ok((field.status(now)?, n_to_decide, is_enrolled, tiles, data))
            })?;
        let mut state = self.shared().exchange.lock();
        let n_waiting = status.edits.saved_here;
        let n_to_send = state.n_to_send.unwrap_or_default().max(n_waiting);
        let is_signed_out = matches!(status.error_code.as_str(), "signed_out" | "not_enrolled");
        let word = if !is_enrolled {
            "bundle"
        } else if is_signed_out {
            "signed_out"
        } else if state.n_to_send.is_some_and(|n| n > 0) && status.offline_since.is_none() {
            "sending"
        } else if status.offline_since.is_some() {
            "offline"
        } else if n_to_decide > 0 {
            "attention"
        } else {
            "received"
        };
        let next_try_s = is_enrolled
            .then(|| state.scheduler.next_try_ms(now).div_ceil(1_000))
            .filter(|_| state.n_to_send.is_none());
        Ok(SyncDto {
            state: word.to_owned(),
            last_received_at: status.last_received_at,
            offline_since: status.offline_since,
            n_saved_here: n_waiting,
            n_sent: n_to_send - n_waiting,
            n_to_send,
            n_photos_left: status.photos.waiting,
            n_to_decide,
            error_code: status.error_code,
            next_try_s,
            tile_version,
            data_version,
        })
    }

    /// Begins to enrol in the background. A second call while one is under way only tells how far it is.
    pub(crate) fn start_enrolment(
        &self,
        input: &StartEnrolmentInput,
    ) -> Result<EnrolmentDto, ApiError> {
        let url = input.url.trim().trim_end_matches('/').to_owned();
        if !(url.starts_with("http://") || url.starts_with("https://")) || url.len() > 500 {
            return Err(ApiError::InvalidInput { field: "url".to_owned() });
        }
        let exchange = &self.shared().exchange;
        {
            let mut state = exchange.lock();
            if state.is_enrolling {
                return Ok(state.enrolment.clone());
            }
            state.is_enrolling = true;
            state.enrolment = step("connecting", "", 0, 0);
        }
        let code: String = input.code.chars().filter(|it| !it.is_whitespace()).collect();
        let wanted = Enrolment {
            url,
            code: Some(code).filter(|it| !it.is_empty()),
            device_name: input.device_name.trim().to_owned(),
            user_name: input.user_name.trim().to_owned(),
        };
        let shared = Arc::clone(self.shared());
        std::thread::spawn(move || shared.enrol(&wanted));
        Ok(self.enrolment())
    }

    pub(crate) fn enrolment(&self) -> EnrolmentDto {
        self.shared().exchange.lock().enrolment.clone()
    }
}

fn step(state: &str, part: &str, n_done: u64, n_total: u64) -> EnrolmentDto {
    EnrolmentDto {
        state: state.to_owned(),
        part: part.to_owned(),
        n_bytes_done: n_done as f64,
        n_bytes_total: n_total as f64,
        error_code: String::new(),
    }
}

fn enrol_step(told: &EnrolStep) -> EnrolmentDto {
    match told {
        EnrolStep::Connecting => step("connecting", "", 0, 0),
        EnrolStep::Fetching { file, n_bytes_done, n_bytes_total } => {
            step("fetching", file, *n_bytes_done, *n_bytes_total)
        }
        EnrolStep::Installing { n_rows_done, n_rows_total } => {
            step("installing", "", u64::from(*n_rows_done), u64::from(*n_rows_total))
        }
        EnrolStep::Done => step("done", "", 0, 0),
    }
}

/// The stable word of a failure.
fn code(error: &ApiError) -> String {
    serde_json::to_value(error)
        .ok()
        .and_then(|it| it["code"].as_str().map(str::to_owned))
        .unwrap_or_default()
}
