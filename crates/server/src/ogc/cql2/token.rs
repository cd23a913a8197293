use std::fmt;

/// A word of a filter.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name or a key word, as it was written.
    Word(String),
    /// A name in double quotes.
    Quoted(String),
    Text(String),
    Number(f64),
    /// `=`, `<>`, `<`, `<=`, `>`, `>=`, `(`, `)`, `,`, and the sign of a number that stands apart.
    Sign(&'static str),
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(it) => f.write_str(it),
            Self::Quoted(it) => write!(f, "\"{it}\""),
            Self::Text(it) => write!(f, "'{it}'"),
            Self::Number(it) => it.fmt(f),
            Self::Sign(it) => f.write_str(it),
        }
    }
}

const SIGNS: [&str; 11] = ["<>", "<=", ">=", "=", "<", ">", "(", ")", ",", "-", "+"];

/// Cuts a filter into words; or says where it cannot be.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = vec![];
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let n = match first {
            '\'' | '"' => {
                let (value, n) = quoted(rest, first)?;
                tokens.push(if first == '"' { Token::Quoted(value) } else { Token::Text(value) });
                n
            }
            _ if first.is_ascii_digit() || first == '.' => {
                let n = number_len(rest);
                let number: Option<f64> = rest[..n].parse().ok().filter(|it: &f64| it.is_finite());
                tokens.push(Token::Number(number.ok_or_else(|| shown("not a number", rest))?));
                n
            }
            _ if first.is_alphabetic() || first == '_' => {
                let is_inside = |it: char| it.is_alphanumeric() || "_.:-".contains(it);
                let n = rest.find(|it| !is_inside(it)).unwrap_or(rest.len());
                tokens.push(Token::Word(rest[..n].to_owned()));
                n
            }
            _ => {
                let sign = SIGNS.into_iter().find(|it| rest.starts_with(it));
                let sign = sign.ok_or_else(|| shown("a sign that has no meaning here", rest))?;
                tokens.push(Token::Sign(sign));
                sign.len()
            }
        };
        rest = rest[n..].trim_start();
    }
    Ok(tokens)
}

/// The text between quotes, of which a doubled one means itself, and how many bytes that was.
fn quoted(text: &str, quote: char) -> Result<(String, usize), String> {
    let mut value = String::new();
    let mut signs = text.char_indices().skip(1).peekable();
    while let Some((at, sign)) = signs.next() {
        let is_doubled = signs.peek().is_some_and(|it| it.1 == quote);
        match sign {
            _ if sign != quote && !(sign == '\\' && quote == '\'' && is_doubled) => {
                value.push(sign);
            }
            _ if is_doubled => {
                signs.next();
                value.push(quote);
            }
            _ => return Ok((value, at + sign.len_utf8())),
        }
    }
    Err(shown("a quote that does not end", text))
}

fn number_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|it| it.is_ascii_digit()).count();
    let mut n = digits(0);
    if bytes.get(n) == Some(&b'.') {
        n += 1 + digits(n + 1);
    }
    if matches!(bytes.get(n), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(n + 1), Some(b'+' | b'-')));
        let exponent = digits((n + 1 + sign).min(bytes.len()));
        if exponent > 0 {
            n += 1 + sign + exponent;
        }
    }
    n
}

/// What is wrong, and the place where it stands.
fn shown(what: &str, rest: &str) -> String {
    format!("{what}: {}", rest.chars().take(20).collect::<String>())
}
