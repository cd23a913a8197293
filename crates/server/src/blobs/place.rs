use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::error::StoreError;

/// Where whole attachments lie. Secrets are no part of it: a bucket's come from the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlobPlace {
    /// A folder.
    Folder(PathBuf),
    /// A bucket that speaks S3.
    Bucket {
        /// Its name.
        bucket: String,
        /// What all keys begin with, without slashes at its ends; empty for none.
        prefix: String,
        /// Address of the service; `None` for the one that the region implies.
        endpoint: Option<String>,
        /// Region; `None` leaves it to the environment.
        region: Option<String>,
    },
}

/// Who may use a bucket, for programs that do not take it from the environment.
#[derive(Clone)]
pub struct BucketKeys {
    /// Names the key.
    pub id: String,
    /// The secret itself.
    pub secret: String,
}

/// Never shows the secret.
impl fmt::Debug for BucketKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BucketKeys").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Beside the staged bytes: where the whole ones are, one line.
const MARK: &str = "place";

impl BlobPlace {
    /// The place that a store's folder names, or its own folder for attachments.
    ///
    /// # Errors
    ///
    /// [`StoreError::BadDeclaration`] when the mark cannot be read as a place.
    pub fn of_store(folder: &Path) -> Result<Self, StoreError> {
        let mark = folder.join("blobs").join(MARK);
        match fs::read_to_string(&mark) {
            Ok(text) => text
                .trim()
                .parse()
                .map_err(|text: String| StoreError::BadDeclaration { path: mark, text }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Self::Folder(folder.join("blobs")))
            }
            Err(error) => Err(StoreError::io("reading", &mark)(error)),
        }
    }

    /// Marks a store's folder with this place, so that every later command finds the attachments.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`], [`StoreError::DiskFull`].
    pub fn mark(&self, folder: &Path) -> Result<(), StoreError> {
        let shelf = folder.join("blobs");
        let (mark, new) = (shelf.join(MARK), shelf.join("place.new"));
        let failed = StoreError::io("writing", &mark);
        fs::create_dir_all(&shelf).map_err(&failed)?;
        fs::write(&new, self.to_string()).map_err(&failed)?;
        fs::File::open(&new).and_then(|it| it.sync_all()).map_err(&failed)?;
        fs::rename(&new, &mark).map_err(&failed)
    }
}

/// `s3://BUCKET/PREFIX?endpoint=URL&region=NAME`, or a path.
impl FromStr for BlobPlace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix("s3://") else {
            return if text.is_empty() || text.contains("://") {
                Err(format!("{text} is neither a folder nor s3://BUCKET"))
            } else {
                Ok(Self::Folder(PathBuf::from(text)))
            };
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
        let is_name = |it: &str| {
            it.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'.' | b'_'))
        };
        if bucket.is_empty() || !is_name(bucket) {
            return Err(format!("{bucket:?} is no name of a bucket"));
        }
        let prefix = prefix.trim_matches('/');
        if !prefix.split('/').all(is_name) {
            return Err(format!("{prefix:?} cannot begin keys"));
        }
        let (mut endpoint, mut region) = (None, None);
        for pair in query.split('&').filter(|it| !it.is_empty()) {
            match pair.split_once('=') {
                Some(("endpoint", url))
                    if url.starts_with("http://") || url.starts_with("https://") =>
                {
                    endpoint = Some(url.trim_end_matches('/').to_owned());
                }
                Some(("region", name)) if !name.is_empty() && is_name(name) => {
                    region = Some(name.to_owned());
                }
                // Whoever writes a key here has it in the list of processes and in the log.
                _ => return Err("only endpoint=URL and region=NAME may follow".to_owned()),
            }
        }
        Ok(Self::Bucket { bucket: bucket.to_owned(), prefix: prefix.to_owned(), endpoint, region })
    }
}

impl fmt::Display for BlobPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "{}", path.display()),
            Self::Bucket { bucket, prefix, endpoint, region } => {
                write!(f, "s3://{bucket}")?;
                if !prefix.is_empty() {
                    write!(f, "/{prefix}")?;
                }
                let pairs = [("endpoint", endpoint), ("region", region)];
                let given = pairs.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
                for (at, (name, value)) in given.enumerate() {
                    write!(f, "{}{name}={value}", if at == 0 { '?' } else { '&' })?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_back_as_written() {
        for text in [
            "/srv/foto",
            "s3://foton",
            "s3://foton/nora/2026",
            "s3://foton?endpoint=http://127.0.0.1:9000",
            "s3://foton/a?endpoint=https://s3.example&region=eu-north-1",
        ] {
            assert_eq!(text.parse::<BlobPlace>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_place_with_a_secret_or_without_a_bucket_is_refused() {
        for text in [
            "",
            "s3://",
            "s3://a b",
            "s3://foton?secret_access_key=x",
            "s3://foton?endpoint=ftp://x",
            "https://foton",
            "s3://foton/../x?y",
        ] {
            assert!(text.parse::<BlobPlace>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_store_remembers_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let own = BlobPlace::of_store(folder.path()).unwrap();
        assert_eq!(own, BlobPlace::Folder(folder.path().join("blobs")));
        let other: BlobPlace = "s3://foton/nora".parse().unwrap();
        other.mark(folder.path()).unwrap();
        assert_eq!(BlobPlace::of_store(folder.path()).unwrap(), other);
    }
}
