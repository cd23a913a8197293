use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::backend::DeviceRow;
use crate::ogc::problem::Problem;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Options,
    Post,
    Put,
    Patch,
    Delete,
    /// Any other.
    Other,
}

/// A request with what of its head matters here.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) verb: Verb,
    /// The path below the service, in pieces and decoded; empty for the start page.
    pub(crate) path: Vec<String>,
    /// Parameters in their order, decoded.
    pub(crate) query: Vec<(String, String)>,
    /// `Accept`.
    pub(crate) accept: Option<String>,
    /// `Content-Type` without parameters, in small letters.
    pub(crate) content_type: Option<String>,
    /// `Content-Crs`, as it came.
    pub(crate) content_crs: Option<String>,
    /// `If-Match`, as it came.
    pub(crate) if_match: Option<String>,
    /// `If-None-Match`, as it came.
    pub(crate) if_none_match: Option<String>,
    /// The address of the service without a slash at the end.
    pub(crate) base: String,
    /// Whose token came with it.
    pub(crate) asker: Option<DeviceRow>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The parameters by name, when each is known and comes once.
    pub(crate) fn parameters(
        &self,
        is_known: impl Fn(&str) -> bool,
    ) -> Result<BTreeMap<&str, &str>, Problem> {
        let mut parameters = BTreeMap::new();
        for (name, value) in &self.query {
            if !is_known(name) {
                let name: String = name.chars().take(80).collect();
                let detail = format!("{name} is no parameter here");
                return Err(Problem::about("unknown_parameter", &name, detail));
            }
            if parameters.insert(name.as_str(), value.as_str()).is_some() {
                return Err(Problem::bad_parameter(name, "it comes twice"));
            }
        }
        Ok(parameters)
    }
}

/// Reads the path below the service.
pub(crate) fn path_pieces(path: &str) -> Result<Vec<String>, Problem> {
    let path = path.strip_suffix('/').unwrap_or(path);
    path.split('/').skip(1).map(|it| decoded(it, false)).collect()
}

/// Reads the part of an address behind the question mark.
pub(crate) fn parameters(query: &str) -> Result<Vec<(String, String)>, Problem> {
    let pairs = query.split('&').filter(|it| !it.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(name, true)?, decoded(value, true)?))
        })
        .collect()
}

fn decoded(text: &str, is_query: bool) -> Result<String, Problem> {
    let malformed = || Problem::new("malformed", "the address is not in UTF-8 with percent signs");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || rest.next().and_then(|it| char::from(it).to_digit(16));
                let (Some(high), Some(low)) = (digit(), digit()) else { return Err(malformed()) };
                (high << 4 | low) as u8
            }
            b'+' if is_query => b' ',
            _ => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| malformed())
}

/// A value as part of an address.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~,:/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_they_were_written() {
        let wild = "läge = 'öppen' & 100 % + #?/";
        let query = format!("filter={}&limit=3&flag", encoded(wild));
        let read = parameters(&query).unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(read, [pair("filter", wild), pair("limit", "3"), pair("flag", "")]);
        assert_eq!(path_pieces("/collections/a%20b/").unwrap(), ["collections", "a b"]);
        assert_eq!(path_pieces("").unwrap(), Vec::<String>::new());
        assert_eq!(path_pieces("/").unwrap(), Vec::<String>::new());
        for bent in ["a=%", "a=%2", "a=%zz", "a=%ff"] {
            assert_eq!(parameters(bent).unwrap_err().code, "malformed", "{bent}");
        }
    }
}
