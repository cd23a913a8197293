//! Deliveries that come packed: a zip is unpacked into a folder, within limits.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::FormatError;

/// Most entries of an archive.
const MAX_ENTRIES: u64 = 10_000;
/// Most bytes that an archive may become.
const MAX_BYTES: u64 = 40_000_000_000;
/// Deliveries pack to a fifth, text to a thirtieth. What packs better than this and is large is no delivery.
const MAX_RATIO: u64 = 200;
/// Below this many bytes the ratio does not matter.
const SMALL_BYTES: u64 = 200_000_000;

/// Whether a file is an archive by its ending.
pub fn is_archive(path: &Path) -> bool {
    path.extension().is_some_and(|it| it.eq_ignore_ascii_case("zip"))
}

/// Unpacks an archive into a folder and answers the files that came of it, each with the time that the supplier wrote
/// it. Entries that would lie outside the folder are left out.
///
/// # Errors
///
/// [`FormatError::OverLimit`] for archives of too many entries or bytes, before more than the limit was written;
/// [`FormatError::MalformedFile`] for what is no archive, is damaged or is locked with a password;
/// [`FormatError::DiskFull`].
pub fn unpack(path: &Path, into: &Path) -> Result<Vec<PathBuf>, FormatError> {
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => FormatError::FileNotFound { path: path.to_owned() },
        _ => FormatError::io("opening the archive")(error),
    })?;
    let packed_bytes = file.metadata().map_err(FormatError::io("reading the archive"))?.len();
    let mut archive = ZipArchive::new(file).map_err(|error| damaged("its directory", &error))?;
    if archive.len() as u64 > MAX_ENTRIES {
        let (limit, most) = ("entries of an archive", MAX_ENTRIES);
        return Err(FormatError::OverLimit { limit, most });
    }
    let most = MAX_BYTES.min(SMALL_BYTES.max(packed_bytes.saturating_mul(MAX_RATIO)));
    let mut left = most;
    let mut files = vec![];
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).map_err(|error| damaged("an entry", &error))?;
        let Some(name) = entry.enclosed_name().filter(|_| entry.is_file()) else { continue };
        let to = into.join(&name);
        if let Some(folder) = to.parent() {
            std::fs::create_dir_all(folder).map_err(FormatError::io("making a folder"))?;
        }
        let mut out = File::create(&to).map_err(FormatError::io("unpacking"))?;
        // What an entry says of its own size is not believed.
        let n_bytes = io::copy(&mut (&mut entry).take(left + 1), &mut out)
            .map_err(|error| unpacking(&name, error))?;
        if n_bytes > left {
            return Err(FormatError::OverLimit { limit: "bytes of an archive", most });
        }
        left -= n_bytes;
        if let Some(written) = entry.last_modified().and_then(written_at) {
            // A file system that keeps no such times loses a date, and no data.
            let _ = out.set_modified(written);
        }
        files.push(to);
    }
    Ok(files)
}

fn unpacking(name: &Path, error: io::Error) -> FormatError {
    let is_of_archive = matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput
    );
    if is_of_archive {
        let (place, text) = (name.display().to_string(), error.to_string());
        return FormatError::MalformedFile { place, text };
    }
    FormatError::io("unpacking")(error)
}

fn damaged(place: &str, error: &ZipError) -> FormatError {
    FormatError::MalformedFile { place: place.to_owned(), text: error.to_string() }
}

/// Zips keep local time without saying which; a day is all that is asked of it.
fn written_at(at: zip::DateTime) -> Option<SystemTime> {
    let (year, month, day) = (i64::from(at.year()), i64::from(at.month()), i64::from(at.day()));
    if year < 1981 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days since 1970 (H. Hinnant, chrono-compatible low-level date algorithms).
    let shifted = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = u64::try_from(era * 146_097 + day_of_era - 719_468).ok()?;
    let seconds = days * 86_400
        + u64::from(at.hour()) * 3_600
        + u64::from(at.minute()) * 60
        + u64::from(at.second());
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}
