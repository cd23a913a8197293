use std::path::{Path, PathBuf};
use std::sync::Arc;

use faltkarta_server::{
    BlobPlace, GeodataStore, OpenMode, PostgresPlace, open_postgres, open_store,
};

use crate::failure::Failure;
use crate::rim::MachineRim;

/// Where a geodata store is: a folder, or a database and a folder for everything that is not rows.
pub(crate) struct StorePlace {
    store: PathBuf,
    folder: Option<PathBuf>,
}

impl StorePlace {
    pub(crate) fn new(store: PathBuf, folder: Option<&Path>) -> Self {
        Self { store, folder: folder.map(Path::to_owned) }
    }

    /// The address, when it is one of PostgreSQL.
    fn url(&self) -> Option<&str> {
        let text = self.store.to_str()?;
        (text.starts_with("postgres://") || text.starts_with("postgresql://")).then_some(text)
    }

    pub(crate) fn open(&self, mode: OpenMode) -> Result<Arc<dyn GeodataStore>, Failure> {
        let Some(url) = self.url() else {
            return Ok(Arc::new(open_store(&self.store, mode, &MachineRim)?));
        };
        let Some(folder) = self.folder.clone() else {
            let what = "a store in PostgreSQL needs --folder for declarations and attachments";
            return Err(Failure::Input { what: what.to_owned() });
        };
        // A password on the command line would be seen by everybody on the machine.
        let password = std::env::var("PGPASSWORD").ok();
        let place = PostgresPlace { url: url.to_owned(), password, folder };
        Ok(Arc::new(open_postgres(&place, mode, &MachineRim)?))
    }

    /// Has attachments kept at a place from now on. Those that are elsewhere do not move by themselves.
    pub(crate) fn put_blobs(&self, wanted: &BlobPlace) -> Result<(), Failure> {
        let store = self.open(OpenMode::Existing)?;
        let present = store.depot().place();
        if present == wanted {
            return Ok(());
        }
        if store.blob_counts()?.n_whole > 0 {
            let place = present.to_string();
            return Err(faltkarta_server::StoreError::BlobsElsewhere { place }.into());
        }
        let folder = self.folder.as_ref().filter(|_| self.url().is_some()).unwrap_or(&self.store);
        Ok(wanted.mark(folder)?)
    }

    /// A store that may be served by another process meanwhile.
    pub(crate) fn beside(&self) -> Result<Arc<dyn GeodataStore>, Failure> {
        self.open(OpenMode::Beside)
    }
}
