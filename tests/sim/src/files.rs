use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Repeats a folder by hard links: files that programs replace but never write into.
pub(crate) fn link_folder(
    from: &Path,
    to: &Path,
    is_wanted: &dyn Fn(&str) -> bool,
) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if !is_wanted(&name.to_string_lossy()) {
            continue;
        }
        let target = to.join(&name);
        if entry.file_type()?.is_dir() {
            // Below the top every file counts.
            link_folder(&entry.path(), &target, &|_| true)?;
        } else {
            fs::hard_link(entry.path(), target)?;
        }
    }
    Ok(())
}

/// A folder in memory when the machine has one, else the usual one for temporary files.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let memory = Path::new("/dev/shm");
    let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    base.join(format!("faltkarta-sim-{}", std::process::id())).join(name)
}
