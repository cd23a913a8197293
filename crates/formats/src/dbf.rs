//! The attribute table of a Shapefile: dBASE, row by row, deleted rows in their places so that shapes keep theirs.

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use faltkarta_model::Value;

use crate::error::FormatError;
use crate::limits::MAX_COLUMNS;

/// An open table.
#[derive(Debug)]
pub(crate) struct Dbf {
    file: BufReader<File>,
    fields: Vec<Field>,
    pub(crate) n_rows: u64,
    code_page: CodePage,
    record: Vec<u8>,
}

#[derive(Debug, Clone)]
struct Field {
    name: String,
    kind: u8,
    at: usize,
    n_bytes: usize,
    is_whole: bool,
}

/// How the text of a table is written down.
#[derive(Debug, Clone, Copy)]
enum CodePage {
    /// Said by `.cpg` or the table itself.
    Known(&'static Encoding),
    /// The page of DOS, 850; the Swedish letters stand alike in 437 and 865.
    Dos,
    /// Not said: UTF-8 where it is that, else Windows-1252.
    Guessed,
}

impl Dbf {
    /// Opens the table; `cpg` is the text of the file that names the code page, when there is one.
    pub(crate) fn open(path: &Path, cpg: Option<&str>) -> Result<Self, FormatError> {
        let doing = FormatError::io("reading the attribute table");
        let mut file = BufReader::new(File::open(path).map_err(&doing)?);
        let mut header = [0; 32];
        file.read_exact(&mut header).map_err(&doing)?;
        let n_rows = u64::from(u32::from_le_bytes([header[4], header[5], header[6], header[7]]));
        let n_header = usize::from(u16::from_le_bytes([header[8], header[9]]));
        let n_record = usize::from(u16::from_le_bytes([header[10], header[11]]));
        let mut descriptors = vec![0; n_header.saturating_sub(32)];
        file.read_exact(&mut descriptors).map_err(&doing)?;
        let code_page = cpg.and_then(of_cpg).unwrap_or_else(|| of_language(header[29]));
        let mut fields: Vec<Field> = vec![];
        let mut at = 1;
        for descriptor in descriptors.chunks_exact(32) {
            if descriptor[0] == 0x0d {
                break;
            }
            if fields.len() == MAX_COLUMNS {
                return Err(FormatError::OverLimit { limit: "columns", most: MAX_COLUMNS as u64 });
            }
            let name = descriptor[..11].split(|it| *it == 0).next().unwrap_or_default();
            let n_bytes = usize::from(descriptor[16]);
            let name = code_page.decode(name).trim().to_owned();
            fields.push(Field {
                name,
                kind: descriptor[11],
                at,
                n_bytes,
                is_whole: descriptor[17] == 0,
            });
            at += n_bytes;
        }
        if at > n_record || fields.is_empty() {
            return Err(FormatError::MalformedFile {
                place: "header of the attribute table".to_owned(),
                text: "fields do not fit into the record".to_owned(),
            });
        }
        Ok(Self { file, fields, n_rows, code_page, record: vec![0; n_record] })
    }

    /// Names of the fields in the order of the table.
    pub(crate) fn names(&self) -> Vec<String> {
        self.fields.iter().map(|it| it.name.clone()).collect()
    }

    /// Reads the next row. False when it is marked as deleted.
    pub(crate) fn next(&mut self) -> Result<bool, FormatError> {
        let doing = FormatError::io("reading the attribute table");
        self.file.read_exact(&mut self.record).map_err(&doing)?;
        Ok(self.record[0] != b'*')
    }

    /// A value of the row that was read last.
    pub(crate) fn value(&self, idx: usize) -> Value {
        let field = &self.fields[idx];
        let raw = &self.record[field.at..field.at + field.n_bytes];
        if field.kind == b'I' && raw.len() == 4 {
            return Value::Int(i64::from(i32::from_le_bytes([raw[0], raw[1], raw[2], raw[3]])));
        }
        let text = self.code_page.decode(raw);
        let text = text.trim_matches([' ', '\0']);
        if text.is_empty() {
            return Value::Null;
        }
        match field.kind {
            // Asterisks stand for a number that did not fit, or for none.
            b'N' | b'F' if text.starts_with('*') => Value::Null,
            b'N' | b'F' => {
                let whole = field.is_whole.then(|| text.parse().ok().map(Value::Int)).flatten();
                let real = || text.parse().ok().filter(|it: &f64| it.is_finite()).map(Value::Real);
                whole.or_else(real).unwrap_or_else(|| Value::Text(text.to_owned()))
            }
            b'L' => match text {
                "T" | "t" | "Y" | "y" | "J" | "j" => Value::Bool(true),
                "F" | "f" | "N" | "n" => Value::Bool(false),
                _ => Value::Null,
            },
            b'D' if text.bytes().all(|it| it == b'0') => Value::Null,
            _ => Value::Text(text.to_owned()),
        }
    }
}

/// What `.cpg` files say, in all their habits.
fn of_cpg(text: &str) -> Option<CodePage> {
    let plain: String =
        text.trim().to_uppercase().chars().filter(char::is_ascii_alphanumeric).collect();
    match plain.as_str() {
        "UTF8" | "65001" => Some(CodePage::Known(UTF_8)),
        "1252" | "ANSI1252" | "CP1252" | "WINDOWS1252" | "ISO88591" | "88591" | "ISO885915"
        | "LATIN1" => Some(CodePage::Known(WINDOWS_1252)),
        "437" | "850" | "865" | "CP437" | "CP850" | "CP865" | "IBM850" | "OEM" => {
            Some(CodePage::Dos)
        }
        _ => Encoding::for_label(text.trim().as_bytes()).map(CodePage::Known),
    }
}

/// The language driver in byte 29 of the header. Source: ESRI, "dBASE language driver IDs".
fn of_language(id: u8) -> CodePage {
    match id {
        0x03 | 0x57 | 0x58 | 0x59 => CodePage::Known(WINDOWS_1252),
        0x01 | 0x02 | 0x66 | 0x08 | 0x17 | 0x13 | 0x14 => CodePage::Dos,
        _ => CodePage::Guessed,
    }
}

impl CodePage {
    fn decode(self, bytes: &[u8]) -> String {
        match self {
            Self::Known(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
            Self::Dos => bytes
                .iter()
                .map(|it| if *it < 128 { char::from(*it) } else { DOS_850[usize::from(it - 128)] })
                .collect(),
            Self::Guessed => match std::str::from_utf8(bytes) {
                Ok(text) => text.to_owned(),
                Err(_) => Self::Known(WINDOWS_1252).decode(bytes),
            },
        }
    }
}

/// The upper half of code page 850. Source: IBM CDRA.
#[rustfmt::skip]
const DOS_850: [char; 128] = [
    'Ç', 'ü', 'é', 'â', 'ä', 'à', 'å', 'ç', 'ê', 'ë', 'è', 'ï', 'î', 'ì', 'Ä', 'Å',
    'É', 'æ', 'Æ', 'ô', 'ö', 'ò', 'û', 'ù', 'ÿ', 'Ö', 'Ü', 'ø', '£', 'Ø', '×', 'ƒ',
    'á', 'í', 'ó', 'ú', 'ñ', 'Ñ', 'ª', 'º', '¿', '®', '¬', '½', '¼', '¡', '«', '»',
    '░', '▒', '▓', '│', '┤', 'Á', 'Â', 'À', '©', '╣', '║', '╗', '╝', '¢', '¥', '┐',
    '└', '┴', '┬', '├', '─', '┼', 'ã', 'Ã', '╚', '╔', '╩', '╦', '╠', '═', '╬', '¤',
    'ð', 'Ð', 'Ê', 'Ë', 'È', 'ı', 'Í', 'Î', 'Ï', '┘', '┌', '█', '▄', '¦', 'Ì', '▀',
    'Ó', 'ß', 'Ô', 'Ò', 'õ', 'Õ', 'µ', 'þ', 'Þ', 'Ú', 'Û', 'Ù', 'ý', 'Ý', '¯', '´',
    '\u{ad}', '±', '‗', '¾', '¶', '§', '÷', '¸', '°', '¨', '·', '¹', '³', '²', '■', '\u{a0}',
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swedish_letters_are_read_from_every_code_page() {
        for (cpg, bytes) in [
            ("UTF-8", "Råssväg Ö".as_bytes().to_vec()),
            ("1252", WINDOWS_1252.encode("Råssväg Ö").0.into_owned()),
            ("850", vec![b'R', 0x86, b's', b's', b'v', 0x84, b'g', b' ', 0x99]),
        ] {
            assert_eq!(of_cpg(cpg).unwrap().decode(&bytes), "Råssväg Ö", "{cpg}");
        }
        assert_eq!(of_language(0).decode("Å".as_bytes()), "Å");
        assert_eq!(of_language(0).decode(&[0xc5]), "Å");
        assert_eq!(of_language(0x57).decode(&[0xc5]), "Å");
    }
}
