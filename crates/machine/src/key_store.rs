use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use faltkarta_store::{FileKeyStore, Key, KeyPlace, KeyStore, StoreError};
use keyring_core::{CredentialStore, Entry, Error};

/// The name under which keys stand in the operating system's key store.
const SERVICE: &str = "se.faltkarta.desktop";

/// Set to `file` where no key store runs and none shall be asked: in containers and tests.
const SWITCH: &str = "FALTKARTA_KEY_STORE";

/// The operating system's key store: Secret Service on Linux, Credential Manager on Windows.
///
/// The key's name there is a random one that stands in the folder's file `key-id`, so that a folder may be moved.
pub struct OsKeyStore {
    entry: Entry,
    id: String,
    id_path: PathBuf,
}

impl std::fmt::Debug for OsKeyStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OsKeyStore")
    }
}

/// Where the key of a laptop's folder is kept on this machine.
///
/// A folder that began with a key file keeps it. Otherwise the operating system's key store is asked, and only when
/// none runs does a new folder get a key file, which `status` tells as `file`.
pub fn key_store(dir: &Path) -> Arc<dyn KeyStore + Send + Sync> {
    let file = FileKeyStore::new(dir);
    let wants_file = std::env::var(SWITCH).is_ok_and(|it| it == "file");
    if wants_file || dir.join("key").exists() {
        return Arc::new(file);
    }
    match OsKeyStore::of(dir) {
        Ok(keys) => Arc::new(keys),
        Err(error) => {
            tracing::warn!(%error, "no key store runs here, the key goes into a file");
            Arc::new(file)
        }
    }
}

impl OsKeyStore {
    /// The key of a laptop's folder, in the key store that runs for this person.
    ///
    /// # Errors
    ///
    /// [`StoreError::KeyStoreFailed`] when none runs.
    pub fn of(dir: &Path) -> Result<Self, StoreError> {
        if keyring_core::get_default_store().is_none() {
            keyring_core::set_default_store(system_store()?);
        }
        let id_path = dir.join("key-id");
        let id = match std::fs::read_to_string(&id_path) {
            Ok(id) => id.trim().to_owned(),
            Err(_) => hex::encode(&crate::secret()[..16]),
        };
        let entry = Entry::new(SERVICE, &id).map_err(|it| failed(&it))?;
        // Asked once here, so that a store that cannot answer is known before it is relied on.
        match entry.get_secret() {
            Ok(_) | Err(Error::NoEntry) => Ok(Self { entry, id, id_path }),
            Err(error) => Err(failed(&error)),
        }
    }
}

impl KeyStore for OsKeyStore {
    fn find(&self) -> Result<Option<Key>, StoreError> {
        match self.entry.get_secret() {
            Ok(secret) => {
                let bytes: Option<[u8; 32]> =
                    hex::decode(secret).ok().and_then(|it| it.try_into().ok());
                let damaged =
                    || StoreError::KeyStoreFailed { text: "the key is damaged".to_owned() };
                bytes.map(|it| Some(Key::from_bytes(it))).ok_or_else(damaged)
            }
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }

    fn create(&self) -> Result<Key, StoreError> {
        let key = Key::from_bytes(crate::secret());
        // The name is durable before the key is made: a key without its name would be lost, a name without a key is not.
        let kept = File::create(&self.id_path).and_then(|mut file| {
            file.write_all(self.id.as_bytes())?;
            file.sync_all()
        });
        kept.map_err(|error| StoreError::KeyStoreFailed { text: error.to_string() })?;
        self.entry.set_secret(hex::encode(key.bytes()).as_bytes()).map_err(|it| failed(&it))?;
        Ok(key)
    }

    fn place(&self) -> KeyPlace {
        KeyPlace::Os
    }
}

fn failed(error: &Error) -> StoreError {
    StoreError::KeyStoreFailed { text: error.to_string() }
}

#[cfg(target_os = "linux")]
fn system_store() -> Result<Arc<CredentialStore>, StoreError> {
    let store = dbus_secret_service_keyring_store::Store::new().map_err(|it| failed(&it))?;
    Ok(store)
}

#[cfg(windows)]
fn system_store() -> Result<Arc<CredentialStore>, StoreError> {
    let store = windows_native_keyring_store::Store::new().map_err(|it| failed(&it))?;
    Ok(store)
}

#[cfg(not(any(target_os = "linux", windows)))]
fn system_store() -> Result<Arc<CredentialStore>, StoreError> {
    Err(StoreError::KeyStoreFailed {
        text: "this system has no key store that is known".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_began_with_a_key_file_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        FileKeyStore::new(folder.path()).create().unwrap();
        assert_eq!(key_store(folder.path()).place(), KeyPlace::File);
    }

    /// Needs a session with a Secret Service: `dbus-run-session` with `gnome-keyring-daemon`, as `make test` starts it.
    #[test]
    fn a_key_is_found_again_in_the_key_store_that_runs() {
        if std::env::var("FALTKARTA_TEST_SECRET_SERVICE").is_err() {
            println!("skipped: no Secret Service was started for this test");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let made = OsKeyStore::of(folder.path()).unwrap().create().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        std::fs::rename(folder.path().join("key-id"), elsewhere.path().join("key-id")).unwrap();
        let found = OsKeyStore::of(elsewhere.path()).unwrap().find().unwrap().unwrap();
        assert_eq!(found.bytes(), made.bytes(), "also when the folder was moved");
        assert!(OsKeyStore::of(folder.path()).unwrap().find().unwrap().is_none());
    }
}
