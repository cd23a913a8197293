//! Which files an import reads: named ones, those of a folder, and those in an archive.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use faltkarta_formats::{IMPORT_ENDINGS, is_archive, unpack};
use tempfile::TempDir;

use crate::backend::GeodataStore;
use crate::error::StoreError;

/// The files that an import of these paths reads: a folder stands for all deliveries below it, sorted, where one of
/// several files with one stem counts, the one in the richest format. Passed over ones are the second list.
///
/// # Errors
///
/// [`StoreError::NoDelivery`] for a folder without any, [`StoreError::Io`] when one cannot be listed.
pub fn find_deliveries(paths: &[PathBuf]) -> Result<(Vec<PathBuf>, Vec<PathBuf>), StoreError> {
    let (mut files, mut passed_over) = (vec![], vec![]);
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut found = vec![];
        walk(path, &mut found)?;
        if found.is_empty() {
            return Err(StoreError::NoDelivery { path: path.clone() });
        }
        let mut by_stem: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
        for file in found {
            match by_stem.entry(file.with_extension("")) {
                std::collections::btree_map::Entry::Vacant(it) => {
                    it.insert(file);
                }
                std::collections::btree_map::Entry::Occupied(mut it) => {
                    let is_richer = richness(&file) < richness(it.get());
                    let other = if is_richer { it.insert(file) } else { file };
                    passed_over.push(other);
                }
            }
        }
        files.extend(by_stem.into_values());
    }
    Ok((files, passed_over))
}

fn richness(path: &Path) -> Option<usize> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    // Of a text nobody knows what it is before it was named.
    // An archive stands behind its own content.
    let packed = is_archive(path).then_some(usize::MAX);
    IMPORT_ENDINGS.iter().filter(|it| **it != "txt").position(|it| *it == ending).or(packed)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), StoreError> {
    let failed = StoreError::io("reading", folder);
    for entry in fs::read_dir(folder).map_err(&failed)? {
        let path = entry.map_err(&failed)?.path();
        let is_hidden =
            path.file_name().and_then(|it| it.to_str()).is_none_or(|it| it.starts_with('.'));
        if is_hidden {
            continue;
        }
        if path.is_dir() {
            walk(&path, found)?;
        } else if richness(&path).is_some() {
            found.push(path);
        }
    }
    Ok(())
}

/// The deliveries in an archive, unpacked beside the packages, where there is room; and those that are passed over.
pub(crate) fn unpacked(
    archive: &Path,
    store: &dyn GeodataStore,
    room: &mut Option<TempDir>,
) -> Result<(Vec<PathBuf>, Vec<PathBuf>), StoreError> {
    let beside = store.packages_folder();
    let made = tempfile::Builder::new()
        .prefix(".unpacked-")
        .tempdir_in(beside)
        .map_err(StoreError::io("making a folder", beside))?;
    let room = room.get_or_insert(made);
    // Two archives may hold files of one name.
    let folder = tempfile::Builder::new()
        .tempdir_in(room.path())
        .map_err(StoreError::io("making a folder", beside))?
        .keep();
    unpack(archive, &folder).map_err(delivery_error(archive))?;
    match find_deliveries(std::slice::from_ref(&folder)) {
        Err(StoreError::NoDelivery { .. }) => {
            Err(StoreError::NoDelivery { path: archive.to_owned() })
        }
        found => found,
    }
}

/// Wraps what a reader said, with the file's name.
pub(crate) fn delivery_error(
    file: &Path,
) -> impl Fn(faltkarta_formats::FormatError) -> StoreError + use<> {
    let file = name_of(file);
    move |source| StoreError::Delivery { file: file.clone(), source }
}

/// The name without its folders.
pub(crate) fn name_of(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_stands_for_its_files_and_the_richest_of_twins_counts() {
        let folder = tempfile::tempdir().unwrap();
        for name in
            ["b.csv", "b.gpkg", "a.geojson", "readme.txt", "sub/c.shp", "sub/c.dbf", ".x.csv"]
        {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let (files, passed_over) = find_deliveries(&[folder.path().to_owned()]).unwrap();
        let names: Vec<_> = files.iter().map(|it| name_of(it)).collect();
        assert_eq!(names, ["a.geojson", "b.gpkg", "c.shp"]);
        assert_eq!(passed_over.iter().map(|it| name_of(it)).collect::<Vec<_>>(), ["b.csv"]);
    }

    #[test]
    fn a_folder_without_deliveries_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = find_deliveries(&[folder.path().to_owned()]).unwrap_err();
        assert_eq!(error.code(), "no_delivery");
    }
}
