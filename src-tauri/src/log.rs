//! The log: `DIR/logs/faltkarta.log`, what went wrong and where in the program, never where in the world, what was
//! answered or by whom.

use std::fs::{File, OpenOptions};
use std::io;
use std::panic::PanicHookInfo;
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

/// A log larger than this is put aside when the program starts; one older log is kept.
const N_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Sends what the program notes to the log of a laptop's folder, faults that end a thread included.
///
/// # Errors
///
/// The folder or file cannot be written; the program can go on without a log.
pub(crate) fn start(dir: &Path) -> io::Result<()> {
    let file = open(&dir.join("logs"))?;
    let filter = EnvFilter::try_from_env("FALTKARTA_LOG")
        .unwrap_or_else(|_| EnvFilter::new("warn,faltkarta=info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(Mutex::new(file))
        .try_init()
        .map_err(io::Error::other)?;
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(at, what = tellable(panic), "a thread ended in a fault");
    }));
    Ok(())
}

fn open(logs: &Path) -> io::Result<File> {
    std::fs::create_dir_all(logs)?;
    let path = logs.join("faltkarta.log");
    if std::fs::metadata(&path).is_ok_and(|file| file.len() > N_BYTES_MAX) {
        std::fs::rename(&path, logs.join("faltkarta.1.log"))?;
    }
    OpenOptions::new().create(true).append(true).open(path)
}

/// A text that stands in the program is told; one that was put together could hold a position or an answer.
fn tellable(panic: &PanicHookInfo<'_>) -> &'static str {
    panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(withheld)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_log_is_put_aside_and_a_small_one_goes_on() {
        let root = tempfile::tempdir().expect("a scratch folder");
        let path = root.path().join("faltkarta.log");
        std::fs::write(&path, "early\n").expect("a file");
        drop(open(root.path()).expect("a log"));
        assert_eq!(std::fs::read(&path).expect("the log"), b"early\n");

        std::fs::write(&path, vec![b'x'; N_BYTES_MAX as usize + 1]).expect("a file");
        drop(open(root.path()).expect("a log"));
        assert_eq!(std::fs::read(&path).expect("the log"), b"");
        assert!(root.path().join("faltkarta.1.log").is_file());
    }
}
