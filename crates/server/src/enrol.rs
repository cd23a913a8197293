use crate::rim::Rim;

/// Letters and digits that are not mistaken for one another when a code is read aloud.
const CODE_LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// A one-time code.
pub(crate) struct Code {
    /// As it is compared.
    pub(crate) plain: String,
    /// As a person is told it.
    pub(crate) shown: String,
}

/// A code that nobody can guess.
pub(crate) fn new_code(rim: &dyn Rim) -> Code {
    let plain: String = rim.secret()[..10]
        .iter()
        .map(|it| char::from(CODE_LETTERS[usize::from(*it) % CODE_LETTERS.len()]))
        .collect();
    let shown = format!("{}-{}", &plain[..5], &plain[5..]);
    Code { plain, shown }
}

/// A code as a person types it: without the hyphen, in capitals.
pub(crate) fn plain(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase()
}
