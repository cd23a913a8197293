use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A moment: milliseconds since 1970 in UTC. On wires and in columns it is RFC 3339 text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp {
    unix_ms: i64,
}

/// Text that is not a moment in RFC 3339.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a moment in RFC 3339: {text}")]
pub struct TimestampError {
    /// What was given.
    pub text: String,
}

impl Timestamp {
    /// From milliseconds since 1970 in UTC, held within the years 1–9999.
    pub fn from_unix_ms(unix_ms: i64) -> Self {
        Self { unix_ms: unix_ms.clamp(-62_135_596_800_000, 253_402_300_799_999) }
    }

    /// Milliseconds since 1970 in UTC.
    pub fn unix_ms(self) -> i64 {
        self.unix_ms
    }

    /// Parses RFC 3339 text.
    ///
    /// # Errors
    ///
    /// [`TimestampError`] holds the text.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        OffsetDateTime::parse(text, &Rfc3339)
            .map(|at| Self::from_unix_ms((at.unix_timestamp_nanos() / 1_000_000) as i64))
            .map_err(|_| TimestampError { text: text.chars().take(40).collect() })
    }

    /// The date in UTC, `2026-05-19`.
    pub fn date_utc(self) -> String {
        let mut text = self.to_string();
        text.truncate(10);
        text
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.unix_ms) * 1_000_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH);
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
            at.millisecond()
        )
    }
}

impl TryFrom<String> for Timestamp {
    type Error = TimestampError;
    fn try_from(text: String) -> Result<Self, TimestampError> {
        Self::parse(&text)
    }
}

impl From<Timestamp> for String {
    fn from(at: Timestamp) -> Self {
        at.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_back_as_written_and_sorts_as_text() {
        let at = Timestamp::from_unix_ms(1_779_180_000_123);
        assert_eq!(at.to_string(), "2026-05-19T08:40:00.123Z");
        assert_eq!(Timestamp::parse("2026-05-19T10:40:00.123+02:00"), Ok(at));
    }

    #[test]
    fn a_swedish_short_date_is_not_a_moment() {
        assert!(Timestamp::parse("3/4 2026").is_err());
    }
}
