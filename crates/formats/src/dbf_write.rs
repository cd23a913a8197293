//! The attribute table of a Shapefile: dBASE III in UTF-8.

use std::io::Write;

use faltkarta_model::{Dataset, FieldType, Timestamp, Value};

use crate::error::FormatError;
use crate::export::ExportNote;

/// The longest text of a cell in bytes. Source: dBASE III, a field's length is one byte; 255 is not read everywhere.
const MAX_TEXT_BYTES: usize = 254;
/// The longest name of a column in bytes.
const MAX_NAME_BYTES: usize = 10;
/// The most columns, and the most bytes of a row, that programs read.
const MAX_FIELDS: usize = 255;
const MAX_RECORD_BYTES: usize = 65_000;

/// Columns as they grow while the rows are looked over.
#[derive(Debug)]
pub(crate) struct DbfColumns {
    columns: Vec<DbfColumn>,
}

#[derive(Debug)]
struct DbfColumn {
    name: String,
    full_name: String,
    kind: Kind,
    n_bytes: usize,
    n_decimals: usize,
    n_cut: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Flag,
    Date,
}

impl DbfColumns {
    pub(crate) fn new(dataset: &Dataset) -> Self {
        let mut columns: Vec<DbfColumn> = vec![];
        let declared = dataset.fields.iter().map(|it| {
            let kind = match it.field_type {
                FieldType::Text | FieldType::List | FieldType::DateTime => Kind::Text,
                FieldType::Int | FieldType::Real => Kind::Number,
                FieldType::Bool => Kind::Flag,
                FieldType::Date => Kind::Date,
            };
            let n_decimals = usize::from(it.field_type == FieldType::Real);
            (it.id.as_str(), kind, n_decimals)
        });
        for (full_name, kind, n_decimals) in std::iter::once(("id", Kind::Text, 0)).chain(declared)
        {
            let name = short_name(full_name, &columns);
            let n_bytes = match kind {
                Kind::Date => 8,
                _ => 1,
            };
            let full_name = full_name.to_owned();
            columns.push(DbfColumn { name, full_name, kind, n_bytes, n_decimals, n_cut: 0 });
        }
        Self { columns }
    }

    /// Looks over a row: the id, then the values in the order of the dataset.
    pub(crate) fn meet(&mut self, id: &str, values: &[Value]) {
        let id = Value::Text(id.to_owned());
        for (column, value) in self.columns.iter_mut().zip(std::iter::once(&id).chain(values)) {
            let text = column.text(value);
            if column.kind == Kind::Date && !value.is_null() && text.is_empty() {
                // Something that is no date of a calendar: the column becomes text and keeps it.
                column.kind = Kind::Text;
                column.n_bytes = column.n_bytes.max(10);
            }
            let text = column.text(value);
            column.n_cut += u64::from(text.len() > MAX_TEXT_BYTES);
            column.n_bytes = column.n_bytes.max(text.len()).min(MAX_TEXT_BYTES);
            if let (Kind::Number, Some(point)) = (column.kind, text.find('.')) {
                let n_decimals = text[point + 1..].bytes().take_while(u8::is_ascii_digit).count();
                column.n_decimals = column.n_decimals.max(n_decimals.min(15));
            }
        }
    }

    /// What became of names and texts that dBASE has no room for.
    pub(crate) fn notes(&self) -> Vec<ExportNote> {
        let mut notes = vec![];
        for column in &self.columns {
            if column.name != column.full_name {
                let text = format!("{}: {}", column.full_name, column.name);
                notes.push(ExportNote { code: "renamed_column", text });
            }
            if column.n_cut > 0 {
                let text = format!("{}: {}", column.full_name, column.n_cut);
                notes.push(ExportNote { code: "cut_text", text });
            }
        }
        notes
    }

    pub(crate) fn write_header(
        &self,
        n_rows: u64,
        now: Timestamp,
        out: &mut impl Write,
    ) -> Result<(), FormatError> {
        let n_record = 1 + self.columns.iter().map(|it| it.n_bytes).sum::<usize>();
        let over = |limit, most: usize| Err(FormatError::OverLimit { limit, most: most as u64 });
        if self.columns.len() > MAX_FIELDS {
            return over("columns of a Shapefile", MAX_FIELDS);
        }
        if n_record > MAX_RECORD_BYTES {
            return over("row bytes of a Shapefile", MAX_RECORD_BYTES);
        }
        let Ok(n_rows) = u32::try_from(n_rows) else {
            return over("rows of a Shapefile", u32::MAX as usize);
        };
        let date = now.date_utc();
        let part = |range: std::ops::Range<usize>| {
            date.get(range).and_then(|it| it.parse::<u16>().ok()).unwrap_or_default()
        };
        let mut header = vec![3, part(0..4).saturating_sub(1900) as u8];
        header.extend([part(5..7) as u8, part(8..10) as u8]);
        header.extend(n_rows.to_le_bytes());
        header.extend(((32 + 32 * self.columns.len() + 1) as u16).to_le_bytes());
        header.extend((n_record as u16).to_le_bytes());
        header.resize(32, 0);
        for column in &self.columns {
            let mut field = column.name.as_bytes().to_vec();
            field.resize(32, 0);
            field[11] = match column.kind {
                Kind::Text => b'C',
                Kind::Number => b'N',
                Kind::Flag => b'L',
                Kind::Date => b'D',
            };
            field[16] = column.n_bytes as u8;
            field[17] = column.n_decimals as u8;
            header.extend(field);
        }
        header.push(0x0d);
        out.write_all(&header).map_err(FormatError::io("writing the attribute table"))
    }

    pub(crate) fn write_row(
        &self,
        id: &str,
        values: &[Value],
        out: &mut impl Write,
    ) -> Result<(), FormatError> {
        let id = Value::Text(id.to_owned());
        let mut record = vec![b' '];
        for (column, value) in self.columns.iter().zip(std::iter::once(&id).chain(values)) {
            let text = column.text(value);
            let cell = cut(&text, column.n_bytes);
            let blank = column.n_bytes - cell.len();
            let is_number = column.kind == Kind::Number;
            let fill = if column.kind == Kind::Flag && cell.is_empty() { b'?' } else { b' ' };
            if is_number {
                record.resize(record.len() + blank, fill);
            }
            record.extend_from_slice(cell.as_bytes());
            if !is_number {
                record.resize(record.len() + blank, fill);
            }
        }
        out.write_all(&record).map_err(FormatError::io("writing the attribute table"))
    }
}

impl DbfColumn {
    fn text(&self, value: &Value) -> String {
        match (self.kind, value) {
            (_, Value::Null | Value::Geometry(_)) => String::new(),
            (Kind::Flag, Value::Bool(flag)) => if *flag { "T" } else { "F" }.to_owned(),
            (Kind::Number, Value::Real(number)) => {
                let plain = number.to_string();
                // Longer numbers are not read everywhere.
                if plain.len() > 24 { format!("{number:e}") } else { plain }
            }
            (Kind::Number, Value::Int(number)) => number.to_string(),
            (Kind::Flag | Kind::Number, _) => String::new(),
            (Kind::Date, value) => as_date(&value.to_string()).unwrap_or_default(),
            (Kind::Text, value) => value.to_string(),
        }
    }
}

/// `20260519` of `2026-05-19`.
fn as_date(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_date = text.len() == 10 && digits.len() == 8;
    let bytes = text.as_bytes();
    (is_date && bytes[4] == b'-' && bytes[7] == b'-').then_some(digits)
}

/// The front of a text that fits, whole letters only.
fn cut(text: &str, n_bytes: usize) -> &str {
    let mut end = text.len().min(n_bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// A name of ten bytes that no other column has, compared without case.
fn short_name(full_name: &str, taken: &[DbfColumn]) -> String {
    let is_free = |name: &str| !taken.iter().any(|it| it.name.eq_ignore_ascii_case(name));
    let plain = cut(full_name, MAX_NAME_BYTES);
    if is_free(plain) {
        return plain.to_owned();
    }
    let numbered = (1..1000).map(|number| {
        let number = format!("_{number}");
        format!("{}{number}", cut(full_name, MAX_NAME_BYTES - number.len()))
    });
    numbered.into_iter().find(|it| is_free(it)).unwrap_or_else(|| plain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_to_names_that_differ() {
        let mut columns = vec![];
        let mut names = vec![];
        for full_name in ["senast_motionerad", "senast_motionerad_av", "nummer", "id"] {
            let name = short_name(full_name, &columns);
            names.push(name.clone());
            let (full_name, kind) = (full_name.to_owned(), Kind::Text);
            columns.push(DbfColumn { name, full_name, kind, n_bytes: 1, n_decimals: 0, n_cut: 0 });
        }
        assert_eq!(names, ["senast_mot", "senast_m_1", "nummer", "id"]);
    }

    #[test]
    fn text_is_cut_between_letters() {
        assert_eq!(cut("Åäö", 3), "Å");
        assert_eq!(cut("Åäö", 4), "Åä");
        assert_eq!(as_date("2026-05-19"), Some("20260519".into()));
        assert_eq!(as_date("2026-5-019"), None);
    }
}
