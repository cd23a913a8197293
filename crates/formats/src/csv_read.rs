use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use faltkarta_model::Value;

use crate::bounded::{Bounded, Budget};
use crate::crs::DeclaredCrs;
use crate::delivery::{Layer, RawRow, stem};
use crate::error::FormatError;
use crate::limits::{MAX_COLUMNS, MAX_ROW_BYTES};

/// Reads separated values: separator and encoding are found out, the first line names the columns.
#[derive(Debug)]
pub(crate) struct CsvReader {
    path: PathBuf,
    separator: u8,
    encoding: &'static Encoding,
    n_columns: usize,
}

impl CsvReader {
    pub(crate) fn open(path: &Path) -> Result<(Self, Layer), FormatError> {
        let doing = FormatError::io("opening the table");
        let first_bytes = {
            let mut first = Vec::new();
            File::open(path)
                .map_err(&doing)?
                .take(64 * 1024)
                .read_to_end(&mut first)
                .map_err(&doing)?;
            first
        };
        if first_bytes.is_empty() {
            return Err(FormatError::TruncatedFile);
        }
        let is_wide = [UTF_16LE, UTF_16BE]
            .iter()
            .any(|it| Encoding::for_bom(&first_bytes).is_some_and(|(found, _)| found == *it));
        if is_wide || first_bytes.contains(&0) {
            return Err(FormatError::ForeignFile {
                expected: "a table of separated values in UTF-8 or Windows-1252",
            });
        }
        let front = String::from_utf8_lossy(&first_bytes);
        let separator = find_separator(front.lines().next().unwrap_or_default());
        let mut reader = Self { path: path.to_owned(), separator, encoding: UTF_8, n_columns: 0 };
        let (header, n_rows) = reader.look_over()?;
        let columns: Vec<String> =
            header.iter().map(|it| reader.decode(it).trim().to_owned()).collect();
        if columns.len() > MAX_COLUMNS {
            return Err(FormatError::OverLimit { limit: "columns", most: MAX_COLUMNS as u64 });
        }
        reader.n_columns = columns.len();
        let layer = Layer {
            name: stem(path),
            columns,
            has_geometry: false,
            crs: DeclaredCrs::None,
            n_rows: Some(n_rows),
        };
        Ok((reader, layer))
    }

    /// Goes through the file once: header, number of rows, and whether all of it is UTF-8.
    fn look_over(&mut self) -> Result<(ByteRecord, u64), FormatError> {
        let mut rows = self.rows()?;
        let (mut header, mut record) = (ByteRecord::new(), ByteRecord::new());
        if !rows.next(&mut header)? {
            return Err(FormatError::TruncatedFile);
        }
        let mut is_utf8 = header.iter().all(|it| std::str::from_utf8(it).is_ok());
        let mut n_rows = 0;
        while rows.next(&mut record)? {
            n_rows += 1;
            is_utf8 = is_utf8 && std::str::from_utf8(record.as_slice()).is_ok();
        }
        if !is_utf8 {
            self.encoding = WINDOWS_1252;
        }
        Ok((header, n_rows))
    }

    fn rows(&self) -> Result<Rows, FormatError> {
        let doing = FormatError::io("opening the table");
        let mut file =
            BufReader::with_capacity(128 * 1024, File::open(&self.path).map_err(&doing)?);
        if file.fill_buf().map_err(&doing)?.starts_with(b"\xef\xbb\xbf") {
            file.consume(3);
        }
        let budget = Budget::new();
        let reader = csv::ReaderBuilder::new()
            .delimiter(self.separator)
            .has_headers(false)
            .flexible(true)
            .from_reader(Bounded::new(file, budget.clone()));
        Ok(Rows { reader, budget })
    }

    fn decode(&self, bytes: &[u8]) -> String {
        self.encoding.decode_without_bom_handling(bytes).0.into_owned()
    }

    pub(crate) fn for_each_row(
        &self,
        columns: &[usize],
        see: &mut dyn FnMut(&mut RawRow) -> ControlFlow<()>,
    ) -> Result<(), FormatError> {
        let mut rows = self.rows()?;
        let mut record = ByteRecord::new();
        rows.next(&mut record)?;
        let mut raw = RawRow::default();
        while rows.next(&mut record)? {
            raw.row += 1;
            raw.geometry = Ok(None);
            raw.fault =
                (record.len() != self.n_columns).then_some("another number of values than columns");
            raw.values.clear();
            raw.values.extend(columns.iter().map(|idx| match record.get(*idx) {
                None | Some(b"") => Value::Null,
                Some(bytes) => Value::Text(self.decode(bytes)),
            }));
            if see(&mut raw).is_break() {
                break;
            }
        }
        Ok(())
    }
}

struct Rows {
    reader: csv::Reader<Bounded<BufReader<File>>>,
    budget: Budget,
}

impl Rows {
    fn next(&mut self, record: &mut ByteRecord) -> Result<bool, FormatError> {
        self.budget.renew();
        self.reader.read_byte_record(record).map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(_) if self.budget.is_spent() => {
                FormatError::OverLimit { limit: "row bytes", most: MAX_ROW_BYTES }
            }
            csv::ErrorKind::Io(source) => FormatError::io("reading the table")(source),
            other => FormatError::MalformedFile {
                place: "a line of the table".to_owned(),
                text: format!("{other:?}"),
            },
        })
    }
}

/// Semicolon, tabulator or comma: whichever divides the first line most; Swedish files have decimal commas.
fn find_separator(header: &str) -> u8 {
    let count = |it: u8| header.bytes().filter(|byte| *byte == it).count();
    [b';', b'\t', b','].into_iter().rev().max_by_key(|it| count(*it)).unwrap_or(b';')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (Layer, Vec<Vec<Value>>, Vec<bool>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("adresser.csv");
        std::fs::write(&path, bytes).unwrap();
        let (reader, layer) = CsvReader::open(&path).unwrap();
        let all: Vec<usize> = (0..layer.columns.len()).collect();
        let (mut rows, mut faults) = (vec![], vec![]);
        reader
            .for_each_row(&all, &mut |row| {
                rows.push(row.values.clone());
                faults.push(row.fault.is_some());
                ControlFlow::Continue(())
            })
            .unwrap();
        (layer, rows, faults)
    }

    #[test]
    fn swedish_letters_are_read_in_both_encodings_and_with_every_separator() {
        for separator in ["; ", "\t", ","] {
            let separator = separator.trim_end_matches(' ');
            let text = format!("gata{separator}nummer\nKyrkogårdsvägen{separator}12\n");
            let latin = WINDOWS_1252.encode(&text).0.into_owned();
            for bytes in [text.as_bytes(), &latin, &[b"\xef\xbb\xbf", text.as_bytes()].concat()] {
                let (layer, rows, _) = read(bytes);
                assert_eq!(layer.columns, ["gata", "nummer"]);
                assert_eq!(
                    rows,
                    [[Value::Text("Kyrkogårdsvägen".into()), Value::Text("12".into())]]
                );
            }
        }
    }

    #[test]
    fn a_line_with_too_few_values_is_marked_and_the_others_are_read() {
        let (layer, rows, faults) = read(b"a;b\n1;2\n3\n4;5\n");
        assert_eq!(layer.n_rows, Some(3));
        assert_eq!((rows.len(), faults), (3, vec![false, true, false]));
    }

    #[test]
    fn a_comma_inside_semicolons_is_decimal() {
        let (_, rows, _) = read(b"e;n\n512909,5;6606277,25\n");
        assert_eq!(rows[0][0], Value::Text("512909,5".into()));
    }
}
