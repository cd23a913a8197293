//! What kind of place the laptop's folder lies in.

use std::path::Path;

/// Why a folder is no good place for the laptop's file. The laptop works there all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceWarning {
    /// A program copies the folder's files to a cloud while they are being written.
    CloudFolder,
    /// The folder is on another machine: locks and flushes do not mean there what they mean here.
    NetworkDrive,
}

impl PlaceWarning {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::CloudFolder => "cloud_folder",
            Self::NetworkDrive => "network_drive",
        }
    }
}

/// How the folders of known programs are called. Source: their own documentation, the names that they give by default.
const CLOUD_NAMES: [&str; 11] = [
    "onedrive",
    "dropbox",
    "google drive",
    "googledrive",
    "my drive",
    "icloud drive",
    "com~apple~clouddocs",
    "nextcloud",
    "owncloud",
    "syncthing",
    "mega",
];

/// File systems that lie on another machine, as `/proc/self/mounts` names them.
const NETWORK_TYPES: [&str; 14] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "ncpfs",
    "afs",
    "ceph",
    "9p",
    "davfs",
    "fuse.sshfs",
    "fuse.davfs",
    "fuse.rclone",
    "fuse.gvfsd-fuse",
];

/// What is wrong with a folder as a place for the laptop's file.
pub fn place_warning(folder: &Path) -> Option<PlaceWarning> {
    let folder = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    judge(&folder, &mounts)
}

fn judge(folder: &Path, mounts: &str) -> Option<PlaceWarning> {
    let is_cloud = folder.components().any(|part| {
        let name = part.as_os_str().to_string_lossy().to_lowercase();
        // "OneDrive - Lindesbergs kommun" and "Dropbox (Personal)" are named after the program too.
        CLOUD_NAMES.iter().any(|known| {
            name.strip_prefix(known)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '_']))
        })
    });
    if is_cloud {
        return Some(PlaceWarning::CloudFolder);
    }
    // A share's path on Windows begins with two backslashes, written out or not.
    let text = folder.to_string_lossy();
    if text.starts_with(r"\\?\UNC\") || (text.starts_with(r"\\") && !text.starts_with(r"\\?\")) {
        return Some(PlaceWarning::NetworkDrive);
    }
    let mut nearest: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let mut words = line.split(' ').skip(1);
        let (Some(at), Some(kind)) = (words.next(), words.next()) else { continue };
        let at = at.replace("\\040", " ");
        if folder.starts_with(&at) && nearest.is_none_or(|it| at.len() >= it.0) {
            nearest = Some((at.len(), kind));
        }
    }
    let is_far = nearest.is_some_and(|it| NETWORK_TYPES.contains(&it.1));
    is_far.then_some(PlaceWarning::NetworkDrive)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "/dev/sda1 / ext4 rw 0 0\nserver:/hem /hem nfs4 rw 0 0\n\
         //srv/s /mnt/stora\\040filer cifs rw 0 0\n/dev/sdb1 /hem/lokal ext4 rw 0 0\n";

    #[test]
    fn a_folder_that_a_program_copies_away_is_told_by_its_name() {
        for path in [
            "/home/a/OneDrive - Lindesbergs kommun/faltkarta",
            "/home/a/Dropbox/x",
            "/Users/a/Library/Mobile Documents/com~apple~CloudDocs/f",
        ] {
            assert_eq!(judge(Path::new(path), MOUNTS), Some(PlaceWarning::CloudFolder), "{path}");
        }
        for path in ["/home/a/faltkarta", "/home/omega/x", "/home/a/megafon", "/home/mydrive/x"] {
            assert_eq!(judge(Path::new(path), MOUNTS), None, "{path}");
        }
    }

    #[test]
    fn a_folder_on_another_machine_is_told_by_the_nearest_mount() {
        let far = Some(PlaceWarning::NetworkDrive);
        assert_eq!(judge(Path::new("/hem/a"), MOUNTS), far);
        assert_eq!(judge(Path::new("/mnt/stora filer/a"), MOUNTS), far);
        assert_eq!(judge(Path::new(r"\\server\share\a"), ""), far);
        assert_eq!(judge(Path::new(r"\\?\UNC\server\share"), ""), far);
        assert_eq!(judge(Path::new("/hem/lokal/a"), MOUNTS), None);
        assert_eq!(judge(Path::new(r"\\?\C:\a"), ""), None);
        assert_eq!(judge(Path::new("/hemma"), MOUNTS), None);
    }
}
