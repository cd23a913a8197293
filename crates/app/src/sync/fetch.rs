use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use faltkarta_protocol::{PackageFile, PackageManifest};
use faltkarta_store::{StoreError, check_package_file};

use crate::error::AppError;
use crate::sync::link::{Link, LinkError};

/// Fetches what a manifest names into a folder. What an earlier try has left there is gone on from, byte by byte.
pub(crate) fn fetch_package(
    link: &mut dyn Link,
    workspace: &str,
    manifest: &PackageManifest,
    folder: &Path,
    progress: &mut dyn FnMut(&str, u64, u64),
) -> Result<(), AppError> {
    fs::create_dir_all(folder).map_err(|source| file_error(folder, source))?;
    let n_bytes_total: u64 = manifest.files.iter().map(|it| it.n_bytes).sum();
    let mut n_bytes_before = 0;
    for file in &manifest.files {
        let target = target_of(folder, file)?;
        if check_package_file(&target, file).is_err() {
            let mut tell =
                |n_bytes: u64| progress(&file.name, n_bytes_before + n_bytes, n_bytes_total);
            fetch_file(link, workspace, &manifest.id, file, &target, &mut tell)?;
        }
        n_bytes_before += file.n_bytes;
        progress(&file.name, n_bytes_before, n_bytes_total);
    }
    Ok(())
}

/// A file name that stays in its folder, whatever a manifest says.
pub(crate) fn target_of(folder: &Path, file: &PackageFile) -> Result<PathBuf, AppError> {
    let is_plain = Path::new(&file.name).file_name().is_some_and(|it| it == file.name.as_str());
    if is_plain {
        Ok(folder.join(&file.name))
    } else {
        Err(AppError::damaged("a file name with a folder"))
    }
}

fn fetch_file(
    link: &mut dyn Link,
    workspace: &str,
    package: &str,
    file: &PackageFile,
    target: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<(), AppError> {
    let part = target.with_extension("part");
    if fs::metadata(&part).is_ok_and(|it| it.len() > file.n_bytes) {
        fs::remove_file(&part).map_err(|source| file_error(&part, source))?;
    }
    loop {
        let offset = fs::metadata(&part).map_or(0, |it| it.len());
        if offset == file.n_bytes {
            break;
        }
        let mut out = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&part)
            .map_err(|source| file_error(&part, source))?;
        let mut n_bytes = offset;
        let fetched = link.fetch(workspace, package, &file.name, offset, &mut |piece| {
            n_bytes += piece.len() as u64;
            if n_bytes > file.n_bytes {
                return Err(LinkError::Damaged {
                    text: "more bytes than the manifest says".into(),
                });
            }
            write_piece(&mut out, piece)?;
            progress(n_bytes);
            Ok(())
        });
        match fetched {
            // The answer ended early without a word: go on from there, unless it brought nothing.
            Ok(()) if n_bytes == offset => {
                return Err(LinkError::Damaged { text: "an empty answer".into() }.into());
            }
            Ok(()) => {}
            Err(LinkError::Unreachable { .. } | LinkError::Damaged { .. })
                if n_bytes > offset && n_bytes <= file.n_bytes => {}
            Err(error) => return Err(error.into()),
        }
    }
    File::open(&part).and_then(|it| it.sync_all()).map_err(|source| file_error(&part, source))?;
    if let Err(error) = check_package_file(&part, file) {
        // Nothing of it can be trusted; the next try begins anew.
        fs::remove_file(&part).map_err(|source| file_error(&part, source))?;
        return Err(error.into());
    }
    fs::rename(&part, target).map_err(|source| file_error(target, source))
}

/// Keeps a piece that came; for the sink of a fetch.
pub(crate) fn write_piece(out: &mut File, piece: &[u8]) -> Result<(), LinkError> {
    out.write_all(piece).map_err(|error| not_kept(&error))
}

pub(crate) fn not_kept(error: &io::Error) -> LinkError {
    let code = if error.kind() == io::ErrorKind::StorageFull { "disk_full" } else { "internal" };
    LinkError::NotKept { code, text: error.to_string() }
}

pub(crate) fn file_error(path: &Path, source: io::Error) -> AppError {
    if source.kind() == io::ErrorKind::StorageFull {
        return StoreError::DiskFull.into();
    }
    AppError::File { path: path.to_owned(), source }
}
