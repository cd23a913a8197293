//! What the program was started with: the laptop's folder and the package that an installer carries.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Names the laptop's folder in the environment.
pub(crate) const DIR_VARIABLE: &str = "FALTKARTA_DIR";
/// Names a package's folder in the environment, in place of the one beside the program.
pub(crate) const BUNDLE_VARIABLE: &str = "FALTKARTA_BUNDLE";

/// The file that makes a folder a package.
const MANIFEST: &str = "package.json";

/// Why the program cannot start as it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ArgumentError {
    /// `--dir` stands last.
    #[error("--dir needs a folder")]
    DirWithoutFolder,
    /// An argument that is not known.
    #[error("unknown argument {argument}\nusage: faltkarta-desktop [--dir DIR]")]
    Unknown {
        /// As given.
        argument: String,
    },
}

/// The folder that the command line names; `None` when it names none.
///
/// # Errors
///
/// [`ArgumentError`] says what is wrong with the command line.
pub(crate) fn parse(
    arguments: impl Iterator<Item = OsString>,
) -> Result<Option<PathBuf>, ArgumentError> {
    let mut dir = None;
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let text = argument.to_string_lossy();
        if text == "--dir" {
            dir = Some(arguments.next().ok_or(ArgumentError::DirWithoutFolder)?.into());
        } else if let Some(folder) = text.strip_prefix("--dir=") {
            dir = Some(PathBuf::from(folder));
        } else {
            return Err(ArgumentError::Unknown { argument: text.into_owned() });
        }
    }
    Ok(dir)
}

/// The first of these folders that holds a package.
pub(crate) fn find_bundle(candidates: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    candidates.into_iter().find(|folder| folder.join(MANIFEST).is_file())
}

/// Where an installed program keeps its package: `../lib/faltkarta/package` from the folder it lies in.
pub(crate) fn package_beside(program: &Path) -> Option<PathBuf> {
    Some(program.parent()?.parent()?.join("lib/faltkarta/package"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Option<PathBuf>, ArgumentError> {
        parse(arguments.iter().map(OsString::from))
    }

    #[test]
    fn the_folder_is_taken_from_the_command_line_in_both_spellings() {
        assert_eq!(parsed(&[]), Ok(None));
        assert_eq!(parsed(&["--dir", "a"]), Ok(Some("a".into())));
        assert_eq!(parsed(&["--dir=å b"]), Ok(Some("å b".into())));
    }

    #[test]
    fn an_argument_that_is_not_known_is_refused() {
        assert_eq!(parsed(&["--dir"]), Err(ArgumentError::DirWithoutFolder));
        let argument = "--folder".to_owned();
        assert_eq!(parsed(&["--folder"]), Err(ArgumentError::Unknown { argument }));
    }

    #[test]
    fn the_first_folder_with_a_manifest_is_the_bundle() {
        let root = tempfile::tempdir().expect("a scratch folder");
        let (empty, full) = (root.path().join("empty"), root.path().join("full"));
        std::fs::create_dir_all(&empty).expect("a folder");
        std::fs::create_dir_all(&full).expect("a folder");
        std::fs::write(full.join(MANIFEST), "{}").expect("a file");
        assert_eq!(find_bundle([empty.clone(), full.clone()]), Some(full));
        assert_eq!(find_bundle([empty]), None);
    }

    #[test]
    fn an_installed_program_finds_its_package_by_where_it_lies() {
        let package = package_beside(Path::new("/usr/bin/faltkarta-desktop"));
        assert_eq!(package, Some("/usr/lib/faltkarta/package".into()));
    }
}
