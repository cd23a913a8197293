use std::error::Error;
use std::time::{Duration, Instant};

/// How often each side is measured.
pub(crate) const ROUNDS: usize = 5;

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// How long a piece of work takes.
pub(crate) fn time<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<(Duration, T)> {
    let start = instant();
    let result = work()?;
    Ok((start.elapsed(), result))
}

/// Now.
#[expect(clippy::disallowed_methods, reason = "a benchmark is a rim: it measures time")]
pub(crate) fn instant() -> Instant {
    Instant::now()
}

/// Measures both sides in turn and prints the row.
pub(crate) fn row(
    what: &str,
    peer: &str,
    mut ours: impl FnMut() -> Outcome<Duration>,
    mut theirs: impl FnMut() -> Outcome<Duration>,
) -> Outcome<()> {
    let (mut our_times, mut their_times) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        our_times.push(ours()?);
        their_times.push(theirs()?);
    }
    beside(what, peer, quantile(&mut our_times, 0.5), quantile(&mut their_times, 0.5));
    Ok(())
}

/// A row of two times that were measured side by side.
pub(crate) fn beside(what: &str, peer: &str, ours: Duration, theirs: Duration) {
    let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
    println!("{what:<52} {:>12} {:>12} {ratio:>8.1}×  {peer}", shown(ours), shown(theirs));
}

/// A row without a peer.
pub(crate) fn lone_row(what: &str, ours: Duration, note: &str) {
    println!("{what:<52} {:>12} {:>12} {:>9}  {note}", shown(ours), "–", "–");
}

/// A line about a peer or a row that could not be measured here.
pub(crate) fn skipped(what: &str, why: &str) {
    println!("{what:<52} {:>12} {:>12} {:>9}  not measured: {why}", "–", "–", "–");
}

/// A figure that is no time.
pub(crate) fn figure(what: &str, figure: &str, note: &str) {
    println!("{what:<52} {figure:>12} {:>12} {:>9}  {note}", "–", "–");
}

/// A figure that is no time, and a peer's.
pub(crate) fn beside_figure(what: &str, ours: &str, theirs: &str, note: &str) {
    println!("{what:<52} {ours:>12} {theirs:>12} {:>9}  {note}", "–");
}

pub(crate) fn quantile(times: &mut [Duration], q: f64) -> Duration {
    times.sort_unstable();
    times[((times.len() - 1) as f64 * q).round() as usize]
}

fn shown(it: Duration) -> String {
    let s = it.as_secs_f64();
    if s >= 1.0 {
        format!("{s:.2} s")
    } else if s >= 1e-3 {
        format!("{:.2} ms", s * 1e3)
    } else {
        format!("{:.2} µs", s * 1e6)
    }
}
