use std::fs;
use std::path::{Path, PathBuf};

use faltkarta_model::{Dataset, FormDeclaration};

use crate::backend::StoredForm;
use crate::defaults;
use crate::error::StoreError;

/// Makes the folder of a new store, with the built-in declarations where the coordinator put none beforehand.
pub(crate) fn make(folder: &Path) -> Result<(), StoreError> {
    make_inside(folder)?;
    for (place, files) in [("datasets", defaults::DATASETS), ("forms", defaults::FORMS)] {
        for (name, text) in files {
            let path = folder.join(place).join(name);
            // What a coordinator put there beforehand counts.
            if !path.exists() {
                fs::write(&path, text).map_err(StoreError::io("writing", &path))?;
            }
        }
    }
    Ok(())
}

/// Makes what a store's folder lacks.
pub(crate) fn make_inside(folder: &Path) -> Result<(), StoreError> {
    for place in ["datasets", "forms", "blobs/part", "packages"] {
        let path = folder.join(place);
        fs::create_dir_all(&path).map_err(StoreError::io("making the folder", &path))?;
    }
    Ok(())
}

/// The datasets that are declared in `datasets/`, with the text of each.
pub(crate) fn datasets(folder: &Path) -> Result<Vec<(Dataset, String)>, StoreError> {
    let mut datasets = vec![];
    for path in files(&folder.join("datasets"))? {
        let text = fs::read_to_string(&path).map_err(StoreError::io("reading", &path))?;
        let dataset = Dataset::parse(&text)
            .map_err(|error| StoreError::BadDeclaration { path, text: error.to_string() })?;
        datasets.push((dataset, text));
    }
    Ok(datasets)
}

/// The forms that are declared in `forms/`.
pub(crate) fn forms(folder: &Path) -> Result<Vec<StoredForm>, StoreError> {
    let mut forms = vec![];
    for path in files(&folder.join("forms"))? {
        let declaration = fs::read_to_string(&path).map_err(StoreError::io("reading", &path))?;
        let form = FormDeclaration::parse(&declaration).map_err(|error| {
            StoreError::BadDeclaration { path: path.clone(), text: error.to_string() }
        })?;
        let xml_path = path.with_extension("xml");
        let xml = fs::read_to_string(&xml_path).map_err(StoreError::io("reading", &xml_path))?;
        forms.push(StoredForm { id: form.id, declaration, xml });
    }
    Ok(forms)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let failed = StoreError::io("reading", folder);
    let mut paths = vec![];
    for entry in fs::read_dir(folder).map_err(&failed)? {
        let path = entry.map_err(&failed)?.path();
        if path.extension().is_some_and(|it| it == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
