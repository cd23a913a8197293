//! XML as plain tokens: names without prefixes, text in Unicode, nothing expanded.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, WINDOWS_1252};
use quick_xml::errors::SyntaxError;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::bounded::{Bounded, Budget};
use crate::error::FormatError;
use crate::limits::MAX_ROW_BYTES;

/// The deepest nesting of elements that is read.
const MAX_ELEMENT_DEPTH: u32 = 64;

/// What stands next in the file. An empty element is a start and an end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Start(Tag),
    End,
    Text(String),
    Eof,
}

/// An element begins: its name without prefix, and the attributes that mean something here.
#[derive(Debug, Default, PartialEq, Eq, Clone)]
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    pub(crate) srs_name: Option<String>,
    pub(crate) srs_dimension: Option<usize>,
    pub(crate) href: Option<String>,
    pub(crate) orientation: Option<String>,
}

/// The tokens of a file.
pub(crate) struct Tokens {
    reader: Reader<BufReader<Decoded<Bounded<File>>>>,
    buffer: Vec<u8>,
    depth: u32,
    budget: Budget,
}

impl Tokens {
    pub(crate) fn open(path: &Path) -> Result<Self, FormatError> {
        let doing = FormatError::io("opening the GML");
        let mut front = Vec::new();
        let mut file = File::open(path).map_err(&doing)?;
        file.by_ref().take(1024).read_to_end(&mut front).map_err(&doing)?;
        if front.is_empty() {
            return Err(FormatError::TruncatedFile);
        }
        let (encoding, n_mark) = match Encoding::for_bom(&front) {
            Some(found) => found,
            None => (declared_encoding(&front)?, 0),
        };
        let budget = Budget::new();
        let mut file = File::open(path).map_err(&doing)?;
        io::copy(&mut file.by_ref().take(n_mark as u64), &mut io::sink()).map_err(&doing)?;
        let bytes = Decoded::new(Bounded::new(file, budget.clone()), encoding);
        let mut reader = Reader::from_reader(BufReader::with_capacity(64 * 1024, bytes));
        reader.config_mut().expand_empty_elements = true;
        Ok(Self { reader, buffer: vec![], depth: 0, budget })
    }

    /// Begins a new row: what it may take is counted from here.
    pub(crate) fn renew(&self) {
        self.budget.renew();
    }

    pub(crate) fn next(&mut self) -> Result<Token, FormatError> {
        loop {
            self.buffer.clear();
            let event = match self.reader.read_event_into(&mut self.buffer) {
                Ok(event) => event,
                Err(error) => {
                    return Err(failed(error, self.reader.buffer_position(), &self.budget));
                }
            };
            let refused = |text: &str| FormatError::MalformedFile {
                place: format!("byte {}", self.reader.buffer_position()),
                text: text.to_owned(),
            };
            match event {
                Event::Start(start) => {
                    let tag = tag(&start).map_err(|text| refused(&text))?;
                    self.depth += 1;
                    if self.depth > MAX_ELEMENT_DEPTH {
                        let most = MAX_ELEMENT_DEPTH.into();
                        return Err(FormatError::OverLimit { limit: "depth of elements", most });
                    }
                    return Ok(Token::Start(tag));
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Token::End);
                }
                Event::Text(text) => return Ok(Token::Text(text.xml10_content().into_owned())),
                Event::CData(text) => return Ok(Token::Text(text.xml10_content().into_owned())),
                Event::GeneralRef(name) => {
                    let name = name.into_inner();
                    let letter = reference(&name);
                    let text = letter.ok_or_else(|| refused("an entity that is not declared"))?;
                    return Ok(Token::Text(text.to_string()));
                }
                // Entities grow without end, and none of the formats needs one.
                Event::DocType(_) => return Err(refused("a document type is not read")),
                Event::Eof if self.depth > 0 => return Err(FormatError::TruncatedFile),
                Event::Eof => return Ok(Token::Eof),
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
    }

    /// Steps over the rest of the element that began last.
    pub(crate) fn skip(&mut self) -> Result<(), FormatError> {
        let mut depth = 1;
        while depth > 0 {
            match self.next()? {
                Token::Start(_) => depth += 1,
                Token::End => depth -= 1,
                Token::Text(_) => {}
                Token::Eof => return Err(FormatError::TruncatedFile),
            }
        }
        Ok(())
    }
}

fn failed(error: quick_xml::Error, at: u64, budget: &Budget) -> FormatError {
    let malformed = |text: String| FormatError::MalformedFile { place: format!("byte {at}"), text };
    match error {
        _ if budget.is_spent() => {
            FormatError::OverLimit { limit: "row bytes", most: MAX_ROW_BYTES }
        }
        quick_xml::Error::Io(source) if source.kind() == io::ErrorKind::InvalidData => {
            malformed("text that is not in the encoding of the file".to_owned())
        }
        quick_xml::Error::Io(source) => {
            FormatError::io("reading the GML")(io::Error::new(source.kind(), source.to_string()))
        }
        // All others of these mean that the file ended first.
        quick_xml::Error::Syntax(SyntaxError::InvalidBangMarkup) => malformed(error.to_string()),
        quick_xml::Error::Syntax(_) => FormatError::TruncatedFile,
        other => malformed(other.to_string()),
    }
}

fn tag(start: &BytesStart<'_>) -> Result<Tag, String> {
    let mut tag = Tag { name: local(start.name().0).to_owned(), ..Tag::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let slot = match local(attribute.key.0) {
            "id" | "fid" => &mut tag.id,
            "srsName" => &mut tag.srs_name,
            "href" => &mut tag.href,
            "orientation" => &mut tag.orientation,
            "srsDimension" => {
                tag.srs_dimension = attribute.value.trim().parse().ok();
                continue;
            }
            _ => continue,
        };
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|error| error.to_string())?;
        *slot = Some(value.into_owned());
    }
    Ok(tag)
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// One of the five names of XML, or a number.
fn reference(name: &str) -> Option<char> {
    let number = name.strip_prefix('#');
    match (name, number) {
        ("lt", _) => Some('<'),
        ("gt", _) => Some('>'),
        ("amp", _) => Some('&'),
        ("apos", _) => Some('\''),
        ("quot", _) => Some('"'),
        (_, Some(number)) => match number.strip_prefix('x') {
            Some(hex) => u32::from_str_radix(hex, 16).ok().and_then(char::from_u32),
            None => number.parse().ok().and_then(char::from_u32),
        },
        _ => None,
    }
}

/// What the XML declaration says; UTF-8 when it says nothing.
fn declared_encoding(front: &[u8]) -> Result<&'static Encoding, FormatError> {
    let foreign = FormatError::ForeignFile { expected: "GML" };
    let first = front.iter().find(|it| !it.is_ascii_whitespace());
    if first != Some(&b'<') {
        return Err(foreign);
    }
    let text = String::from_utf8_lossy(front);
    let Some(declaration) = text.trim_start().strip_prefix("<?xml") else { return Ok(UTF_8) };
    let declaration = declaration.split("?>").next().unwrap_or_default();
    let Some((_, behind)) = declaration.split_once("encoding") else { return Ok(UTF_8) };
    let label = behind.trim_start_matches(['=', ' ', '"', '\'']);
    let label = label.split(['"', '\'']).next().unwrap_or_default();
    // Files that say ISO 8859-1 are read as Windows-1252, as everywhere.
    let found = Encoding::for_label(label.as_bytes());
    found
        .map(
            |it| if it.is_single_byte() && it.name() == "windows-1252" { WINDOWS_1252 } else { it },
        )
        .ok_or(foreign)
}

/// Bytes of any encoding as UTF-8.
struct Decoded<R> {
    inner: R,
    decoder: Decoder,
    is_utf8: bool,
    raw: Vec<u8>,
    raw_at: usize,
    is_end: bool,
    is_finished: bool,
}

impl<R: Read> Decoded<R> {
    fn new(inner: R, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_without_bom_handling();
        let is_utf8 = encoding == UTF_8;
        Self { inner, decoder, is_utf8, raw: vec![], raw_at: 0, is_end: false, is_finished: false }
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.is_utf8 {
            // Checked by the reader of XML, with the place.
            return self.inner.read(into);
        }
        // The reader of XML asks again at the end; a decoder that has finished must not be.
        while !self.is_finished {
            if self.raw_at == self.raw.len() && !self.is_end {
                self.raw.resize(16 * 1024, 0);
                let n_read = self.inner.read(&mut self.raw)?;
                self.raw.truncate(n_read);
                self.raw_at = 0;
                self.is_end = n_read == 0;
            }
            let (result, n_taken, n_made, is_bad) =
                self.decoder.decode_to_utf8(&self.raw[self.raw_at..], into, self.is_end);
            self.raw_at += n_taken;
            self.is_finished = self.is_end && result == CoderResult::InputEmpty;
            if is_bad {
                return Err(io::Error::from(io::ErrorKind::InvalidData));
            }
            if n_made > 0 || self.is_end || into.is_empty() {
                return Ok(n_made);
            }
        }
        Ok(0)
    }
}
