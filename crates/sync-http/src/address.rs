use faltkarta_app::LinkError;

/// The address of a store without its last slashes; `http` and `https` only.
pub(crate) fn parse(url: &str) -> Result<String, LinkError> {
    let url = url.trim().trim_end_matches('/');
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let is_plain = url.len() <= 500
        && !url
            .contains(|it: char| it.is_whitespace() || it.is_control() || it == '?' || it == '#');
    match host {
        Some(host) if is_plain && !host.is_empty() && !host.starts_with('/') => Ok(url.to_owned()),
        _ => Err(LinkError::NotAGeodataStore),
    }
}

/// A piece of a path or a query, with everything but unreserved characters escaped (RFC 3986).
pub(crate) fn escape(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
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
    fn an_address_keeps_its_folder_and_loses_its_last_slash() {
        assert_eq!(
            parse(" https://geo.example/faltkarta/ ").unwrap(),
            "https://geo.example/faltkarta"
        );
    }

    #[test]
    fn what_is_no_address_of_a_store_is_refused() {
        for text in [
            "",
            "geo.example",
            "file:///etc/passwd",
            "http://",
            "https:///x",
            "http://a b",
            "http://a/?q",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_cursor_of_any_characters_is_one_piece_of_a_query() {
        assert_eq!(escape("a+b/c=&d å"), "a%2Bb%2Fc%3D%26d%20%C3%A5");
    }
}
