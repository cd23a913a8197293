//! A place in the feed in the words that laptops keep: `EPOCH.NUMBER.CHAIN`, and in a cursor the revision of the
//! subscription behind them. Nobody but the store reads them.

use crate::error::StoreError;

/// A place as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor<'a> {
    /// The history.
    pub(crate) epoch: &'a str,
    /// Number of the last entry that was seen.
    pub(crate) seq: u64,
    /// The chain hash there.
    pub(crate) chain: &'a str,
}

impl<'a> Cursor<'a> {
    /// The words of a place.
    pub(crate) fn write(epoch: &str, seq: u64, chain: &str, revision: u32) -> String {
        format!("{epoch}.{seq}.{chain}.{revision}")
    }

    /// Reads them; [`StoreError::Malformed`] when they are none.
    pub(crate) fn parse(text: &'a str) -> Result<Self, StoreError> {
        let malformed = || StoreError::Malformed { text: "not a cursor".to_owned() };
        let mut parts = text.split('.');
        let (Some(epoch), Some(seq), Some(chain)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed());
        };
        // Databases count with a sign.
        let seq = seq.parse().ok().filter(|it| i64::try_from(*it).is_ok()).ok_or_else(malformed)?;
        Ok(Self { epoch, seq, chain })
    }
}

/// What a place turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CursorIs {
    /// It is here, and what follows on it too.
    At(u64),
    /// It is of another history.
    OfAnotherEpoch,
    /// The entry is not there, or it is another one: the store was rolled back.
    Unknown,
    /// What follows on it was cut off.
    BeforeTheFeed,
}

impl CursorIs {
    /// The number from which to read on.
    pub(crate) fn place(self) -> Result<u64, StoreError> {
        match self {
            Self::At(seq) => Ok(seq),
            Self::OfAnotherEpoch | Self::BeforeTheFeed => Err(StoreError::Resync),
            Self::Unknown => Err(StoreError::WitnessMismatch),
        }
    }

    /// Refuses a laptop whose newest entry is not of this store's history. What was cut off cannot be checked.
    pub(crate) fn check_seen(self) -> Result<(), StoreError> {
        match self {
            Self::At(_) | Self::BeforeTheFeed => Ok(()),
            Self::OfAnotherEpoch => Err(StoreError::Resync),
            Self::Unknown => Err(StoreError::WitnessMismatch),
        }
    }
}

/// A laptop that has seen what the store lacks proves that the store was put back: another history begins.
pub(crate) fn unless_put_back<T>(
    answer: Result<T, StoreError>,
    begin_anew: impl FnOnce() -> Result<(), StoreError>,
) -> Result<T, StoreError> {
    if matches!(answer, Err(StoreError::WitnessMismatch)) {
        begin_anew()?;
        return Err(StoreError::Resync);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_what_is_no_place_is_refused() {
        let text = Cursor::write("one", 7, "aa", 3);
        let read = Cursor { epoch: "one", seq: 7, chain: "aa" };
        assert_eq!(
            (Cursor::parse(&text).unwrap(), Cursor::parse("one.7.aa").unwrap()),
            (read, read)
        );
        for bent in ["", "one", "one.7", "one.-7.aa", "one.x.aa", "one.9223372036854775808.aa"] {
            assert_eq!(Cursor::parse(bent).unwrap_err().code(), "malformed", "{bent}");
        }
    }
}
