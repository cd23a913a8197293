use std::path::PathBuf;

use faltkarta_app::{AppError, LinkError};
use faltkarta_demo::DemoError;
use faltkarta_protocol::ErrorBody;
use faltkarta_server::StoreError;

/// Why a command was refused or failed; nothing that was saved is lost.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A use case of the laptop.
    #[error(transparent)]
    App(#[from] AppError),
    /// The geodata store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The demo delivery.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// A file that was named on the command line.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A word on the command line or in a file that means nothing here.
    #[error("{what}")]
    Input {
        /// What is wrong with it.
        what: String,
    },
}

impl From<LinkError> for Failure {
    fn from(error: LinkError) -> Self {
        Self::App(error.into())
    }
}

impl Failure {
    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::App(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Demo(_) => "demo_refused",
            Self::File { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                "disk_full"
            }
            Self::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                "file_not_found"
            }
            Self::File { .. } => "file_failed",
            Self::Input { .. } => "invalid_input",
        }
    }

    /// The document that `--json` prints on standard error.
    pub(crate) fn body(&self) -> ErrorBody {
        ErrorBody::new(self.code(), self.to_string())
    }
}
