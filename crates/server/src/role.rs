use std::fmt;
use std::str::FromStr;

use faltkarta_model::{Class, Dataset, Packaging, Policy};

/// What somebody may do in the field: one right, or several joined with `+`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Role {
    bits: u8,
}

/// Text that names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a role: {text}; roles are technician, inspector, coordinator, reader, joined with +")]
pub struct RoleError {
    /// What was given.
    pub text: String,
}

const NAMES: [(&str, u8); 4] =
    [("inspector", 1), ("technician", 2), ("coordinator", 4), ("reader", 8)];

impl Role {
    /// All rights of field work; what a laptop on the store's own machine gets.
    pub const FIELD: Self = Self { bits: 3 };
    /// The rights of a coordinator.
    pub const COORDINATOR: Self = Self { bits: 4 };

    /// Whether it may see all laptops, decide conflicts and accept what waits.
    pub fn may_coordinate(self) -> bool {
        self.bits & Self::COORDINATOR.bits != 0
    }

    /// Whether a laptop of this role is sent the features of a dataset.
    pub fn may_fetch(self, dataset: &Dataset) -> bool {
        let is_feature_data = dataset.packaging != Packaging::BaseMap;
        is_feature_data && (dataset.class != Class::Protected || !self.is_reader_only())
    }

    /// Whether the only right is to read.
    pub fn is_reader_only(self) -> bool {
        self.bits == 8
    }

    /// Why an edit of a dataset may not be merged at once; `None` when it may.
    pub fn refusal(self, dataset: &Dataset) -> Option<&'static str> {
        if self.is_reader_only() {
            return Some("unpermitted");
        }
        match dataset.policy {
            Policy::Direct => None,
            Policy::Proposal if self.bits & 4 != 0 => None,
            Policy::Proposal => Some("proposal"),
            Policy::ReadOnly => Some("unpermitted"),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = NAMES.iter().filter(|(_, bit)| self.bits & bit != 0).map(|(name, _)| *name);
        f.write_str(names.next().unwrap_or_default())?;
        names.try_for_each(|name| write!(f, "+{name}"))
    }
}

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        let mut bits = 0;
        for part in text.split('+') {
            let Some((_, bit)) = NAMES.iter().find(|(name, _)| *name == part) else {
                return Err(RoleError { text: text.chars().take(80).collect() });
            };
            bits |= bit;
        }
        Ok(Self { bits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_read_back_as_written() {
        for text in ["reader", "inspector+technician", "coordinator"] {
            assert_eq!(text.parse::<Role>().unwrap().to_string(), text);
        }
        assert!("".parse::<Role>().is_err());
        assert!("inspector+boss".parse::<Role>().is_err());
    }
}
