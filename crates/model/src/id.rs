use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Where new ids come from. The rim passes in a real one (UUID version 7); tests count up from one.
pub trait IdSource {
    /// An id that was never given before.
    fn next_id(&mut self) -> Uuid;

    /// Ids for the operations of one act. A source whose ids are long and random gives ones that follow each other,
    /// because those travel as one.
    fn next_run(&mut self, n: usize) -> Vec<Uuid> {
        (0..n).map(|_| self.next_id()).collect()
    }
}

/// Why text or bytes are not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not a UUID in its usual text form or 16 bytes.
    #[error("not a {kind} id")]
    NotAUuid {
        /// What the id should name.
        kind: &'static str,
    },
    /// A dataset or field id is 1–64 of `a-z 0-9 _ -`, beginning with a letter.
    #[error("not a name of a dataset or field: {text}")]
    NotASlug {
        /// What was given.
        text: String,
    },
    /// A blob id is `sha256:` and 64 hexadecimal digits.
    #[error("not a blob id")]
    NotABlobId,
}

macro_rules! define_uuid {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Takes a new id from the source.
            pub fn new(ids: &mut dyn IdSource) -> Self {
                Self(ids.next_id())
            }

            /// Names an existing id by its UUID.
            pub fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// Reads the 16 bytes of a column.
            ///
            /// # Errors
            ///
            /// [`IdError::NotAUuid`] when there are not 16 bytes.
            pub fn from_slice(bytes: &[u8]) -> Result<Self, IdError> {
                Uuid::from_slice(bytes).map(Self).map_err(|_| IdError::NotAUuid { kind: $kind })
            }

            /// The UUID.
            pub fn uuid(self) -> Uuid {
                self.0
            }

            /// The 16 bytes that are stored.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::from_str(text).map(Self).map_err(|_| IdError::NotAUuid { kind: $kind })
            }
        }
    };
}

define_uuid!(
    /// Names a feature for its whole life, on every device.
    FeatureId,
    "feature"
);
define_uuid!(
    /// Names one journalled operation; the key of idempotency.
    OpId,
    "operation"
);
define_uuid!(
    /// Names a group of operations that only make sense together.
    GroupId,
    "group"
);
define_uuid!(
    /// Names one local database file.
    ReplicaId,
    "replica"
);

impl FeatureId {
    /// The stable id of a delivered row: UUID version 5 of dataset and supplier's identity, so that the same row
    /// has the same id on every import and every machine.
    pub fn of_delivered(dataset: &DatasetId, identity: &str) -> Self {
        let name = format!("{dataset}\u{1f}{identity}");
        Self(Uuid::new_v5(&FALTKARTA_NAMESPACE, name.as_bytes()))
    }
}

/// The product's own name space for version 5 ids; made once at random.
const FALTKARTA_NAMESPACE: Uuid = Uuid::from_u128(0x6f1c_9f0e_3d52_4d0b_9a57_21c4_88a1_7e30);

macro_rules! define_slug {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses a name.
            ///
            /// # Errors
            ///
            /// [`IdError::NotASlug`] when it is not 1–64 of `a-z 0-9 _ -` beginning with a letter.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                let is_slug = (1..=64).contains(&text.len())
                    && text.starts_with(|it: char| it.is_ascii_lowercase())
                    && text.bytes().all(|it| {
                        it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_' || it == b'-'
                    });
                if is_slug {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(IdError::NotASlug { text: text.chars().take(80).collect() })
                }
            }

            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}

define_slug!(
    /// Names a declared dataset: `parcel`, `valve`.
    DatasetId
);
define_slug!(
    /// Names a field of a dataset for ever; titles may change, this does not.
    FieldId
);

/// Names bytes by their content: `sha256:` and 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BlobId(String);

impl BlobId {
    /// Parses the text form.
    ///
    /// # Errors
    ///
    /// [`IdError::NotABlobId`] for anything but `sha256:` and 64 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let is_digest = text.strip_prefix("sha256:").is_some_and(|digits| {
            digits.len() == 64 && digits.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
        });
        if is_digest { Ok(Self(text.to_owned())) } else { Err(IdError::NotABlobId) }
    }

    /// Names bytes by the SHA-256 digest that the caller computed.
    pub fn from_digest(digest: [u8; 32]) -> Self {
        use fmt::Write as _;
        let mut text = String::from("sha256:");
        for byte in digest {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    /// The text form, with its prefix.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The 64 digits without the prefix, fit for a file name.
    pub fn digits(&self) -> &str {
        self.0.trim_start_matches("sha256:")
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for BlobId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<BlobId> for String {
    fn from(id: BlobId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivered_row_has_the_same_id_on_every_import() {
        let parcel = DatasetId::parse("parcel").unwrap();
        let valve = DatasetId::parse("valve").unwrap();
        assert_eq!(FeatureId::of_delivered(&parcel, "a"), FeatureId::of_delivered(&parcel, "a"));
        assert_ne!(FeatureId::of_delivered(&parcel, "a"), FeatureId::of_delivered(&valve, "a"));
    }

    #[test]
    fn a_name_with_a_space_or_a_capital_is_refused() {
        for text in ["", "Parcel", "a b", "1a", "å"] {
            assert!(DatasetId::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_blob_id_is_read_back_as_written() {
        let id = BlobId::from_digest([7; 32]);
        assert_eq!(BlobId::parse(id.as_str()), Ok(id));
        assert!(BlobId::parse("sha256:../../etc/passwd").is_err());
    }
}
