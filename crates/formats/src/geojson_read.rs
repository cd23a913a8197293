use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use faltkarta_model::Value;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use crate::bounded::{Bounded, Budget};
use crate::crs::DeclaredCrs;
use crate::delivery::{Layer, RawRow, stem};
use crate::error::FormatError;
use crate::geojson_shape::Shapes;
use crate::limits::{MAX_COLUMNS, MAX_ROW_BYTES};

/// Members that hold the geometry of a plan or a provision in NGP's plans.
const PLAN_GEOMETRIES: [&str; 2] = ["plangeometri", "bestammelsegeometri"];

/// Reads `GeoJSON` feature by feature: a collection, one feature, or one feature per line, also as a text sequence.
///
/// Members of `properties` are columns. What lies deeper is named by its path: `beslutsinformation.0.datumAntagande`;
/// a list of plain values is one value.
#[derive(Debug)]
pub(crate) struct GeoJsonReader {
    path: PathBuf,
}

impl GeoJsonReader {
    pub(crate) fn open(path: &Path) -> Result<(Self, Layer), FormatError> {
        let reader = Self { path: path.to_owned() };
        // One look over all of it: `crs` may stand last, features need not have the same members, and a file that
        // is cut off is found before anything is taken from it.
        let mut columns = Columns::default();
        let mut stream = Stream::new(Out::Scan(&mut columns));
        reader.run(&mut stream)?;
        let (crs, n_rows) = (std::mem::replace(&mut stream.crs, DeclaredCrs::None), stream.raw.row);
        if !stream.is_geojson {
            return Err(FormatError::ForeignFile { expected: "GeoJSON with features" });
        }
        if columns.is_over_limit {
            return Err(FormatError::OverLimit { limit: "columns", most: MAX_COLUMNS as u64 });
        }
        let layer = Layer {
            name: stem(path),
            columns: columns.names,
            has_geometry: true,
            crs,
            n_rows: Some(n_rows),
        };
        Ok((reader, layer))
    }

    pub(crate) fn for_each_row(
        &self,
        layer: &Layer,
        columns: &[usize],
        see: &mut dyn FnMut(&mut RawRow) -> ControlFlow<()>,
    ) -> Result<(), FormatError> {
        let slots: HashMap<&str, usize> = columns
            .iter()
            .enumerate()
            .map(|(slot, idx)| (layer.columns[*idx].as_str(), slot))
            .collect();
        self.run(&mut Stream::new(Out::Rows { slots, n_columns: columns.len(), see }))
    }

    fn run(&self, stream: &mut Stream<'_>) -> Result<(), FormatError> {
        let doing = FormatError::io("opening the GeoJSON");
        let budget = stream.budget.clone();
        let file = File::open(&self.path).map_err(&doing)?;
        let mut file =
            BufReader::with_capacity(256 * 1024, Unseparated(Bounded::new(file, budget.clone())));
        let front = file.fill_buf().map_err(&doing)?;
        if front.is_empty() {
            return Err(FormatError::TruncatedFile);
        }
        if front.starts_with(b"\xef\xbb\xbf") {
            file.consume(3);
        }
        let is_object = file
            .fill_buf()
            .map_err(&doing)?
            .iter()
            .find(|it| !it.is_ascii_whitespace())
            .is_some_and(|it| *it == b'{');
        if !is_object {
            return Err(FormatError::ForeignFile { expected: "GeoJSON with features" });
        }
        let mut json = serde_json::Deserializer::from_reader(file);
        loop {
            stream.is_begun = false;
            match (TopSeed { stream }).deserialize(&mut json) {
                Ok(()) => {}
                Err(_) if stream.is_stopped => return Ok(()),
                // After the last line of one feature per line.
                Err(error) if error.is_eof() && !stream.is_begun => return Ok(()),
                Err(_) if budget.is_spent() => {
                    return Err(FormatError::OverLimit { limit: "row bytes", most: MAX_ROW_BYTES });
                }
                Err(error) if error.is_eof() => return Err(FormatError::TruncatedFile),
                Err(error) if error.is_io() => return Err(doing(error.into())),
                Err(error) => {
                    return Err(FormatError::MalformedFile {
                        place: format!("line {} column {}", error.line(), error.column()),
                        text: error.to_string(),
                    });
                }
            }
        }
    }
}

/// Text sequences have a record separator before each feature, which the reader of JSON does not know as a blank.
/// Source: RFC 8142.
struct Unseparated<R>(R);

impl<R: Read> Read for Unseparated<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n_read = self.0.read(into)?;
        // Inside a text it would have to be escaped.
        into[..n_read].iter_mut().filter(|it| **it == 0x1e).for_each(|it| *it = b' ');
        Ok(n_read)
    }
}

#[derive(Default)]
struct Columns {
    names: Vec<String>,
    known: std::collections::HashSet<String>,
    is_over_limit: bool,
}

enum Out<'a> {
    Scan(&'a mut Columns),
    Rows {
        slots: HashMap<&'a str, usize>,
        n_columns: usize,
        see: &'a mut dyn FnMut(&mut RawRow) -> ControlFlow<()>,
    },
}

/// Where the parser is, and where what it finds goes.
struct Stream<'a> {
    out: Out<'a>,
    raw: RawRow,
    shapes: Shapes,
    plan_shapes: Shapes,
    path: String,
    crs: DeclaredCrs,
    budget: Budget,
    is_begun: bool,
    is_geojson: bool,
    is_stopped: bool,
}

impl<'a> Stream<'a> {
    fn new(out: Out<'a>) -> Self {
        let mut stream = Self {
            out,
            raw: RawRow::default(),
            shapes: Shapes::default(),
            plan_shapes: Shapes::default(),
            path: String::new(),
            crs: DeclaredCrs::None,
            budget: Budget::new(),
            is_begun: false,
            is_geojson: false,
            is_stopped: false,
        };
        stream.clear();
        stream
    }

    fn clear(&mut self) {
        self.raw.values.clear();
        if let Out::Rows { n_columns, .. } = &self.out {
            self.raw.values.resize(*n_columns, Value::Null);
        }
        self.shapes = Shapes::default();
        self.plan_shapes = Shapes::default();
        self.budget.renew();
    }

    fn put(&mut self, value: Value) {
        match &mut self.out {
            Out::Scan(columns) => {
                if columns.known.contains(&self.path) {
                    return;
                }
                if columns.names.len() == MAX_COLUMNS {
                    columns.is_over_limit = true;
                    return;
                }
                columns.known.insert(self.path.clone());
                columns.names.push(self.path.clone());
            }
            Out::Rows { slots, .. } => {
                if let Some(slot) = slots.get(self.path.as_str()) {
                    self.raw.values[*slot] = value;
                }
            }
        }
    }

    fn is_scan(&self) -> bool {
        matches!(self.out, Out::Scan(_))
    }

    /// A feature is whole: show it. False when the callback has had enough.
    fn show(&mut self) -> bool {
        self.is_geojson = true;
        self.raw.row += 1;
        if let Out::Rows { see, .. } = &mut self.out {
            let own = std::mem::take(&mut self.shapes);
            let shapes = if own.is_empty() { std::mem::take(&mut self.plan_shapes) } else { own };
            self.raw.geometry = shapes.into_geometry();
            self.raw.fault = None;
            self.is_stopped = see(&mut self.raw).is_break();
        }
        self.clear();
        !self.is_stopped
    }

    /// Takes the member of a feature whose key was just read.
    fn member<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "properties" => {
                self.path.clear();
                map.next_value_seed(ValueSeed { stream: self, list: None })
            }
            "geometry" if !self.is_scan() => {
                self.shapes = map.next_value()?;
                Ok(())
            }
            "id" => {
                self.path.clear();
                self.path.push_str("id");
                map.next_value_seed(ValueSeed { stream: self, list: None })
            }
            _ if PLAN_GEOMETRIES.contains(&key) && !self.is_scan() => {
                self.plan_shapes = map.next_value()?;
                Ok(())
            }
            _ => map.next_value::<IgnoredAny>().map(|_| ()),
        }
    }
}

/// One value at the top of the file: a collection or a feature.
struct TopSeed<'s, 'a> {
    stream: &'s mut Stream<'a>,
}

impl<'de> DeserializeSeed<'de> for TopSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for TopSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a feature or a collection of features")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let stream = self.stream;
        stream.is_begun = true;
        let mut is_feature = false;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "type" => is_feature = map.next_value::<String>()? == "Feature",
                "crs" => {
                    let crs: serde_json::Value = map.next_value()?;
                    stream.crs = declared(&crs);
                }
                "features" => {
                    stream.is_geojson = true;
                    map.next_value_seed(FeaturesSeed { stream })?;
                }
                other => stream.member(other, &mut map)?,
            }
        }
        if is_feature && !stream.show() {
            return Err(A::Error::custom("stopped"));
        }
        Ok(())
    }
}

/// `{"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3006"}}` and its older relatives.
fn declared(crs: &serde_json::Value) -> DeclaredCrs {
    let inner = crs.get("properties").unwrap_or(crs);
    let named = ["name", "code", "href"].iter().find_map(|it| inner.get(it)).unwrap_or(inner);
    match named {
        serde_json::Value::String(name) => DeclaredCrs::from_name(name),
        serde_json::Value::Number(code) => code
            .as_u64()
            .and_then(|it| u32::try_from(it).ok())
            .map_or(DeclaredCrs::None, DeclaredCrs::from_epsg),
        _ => DeclaredCrs::None,
    }
}

struct FeaturesSeed<'s, 'a> {
    stream: &'s mut Stream<'a>,
}

impl<'de> DeserializeSeed<'de> for FeaturesSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for FeaturesSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of features")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(FeatureSeed { stream: &mut *self.stream })?.is_some() {
            if !self.stream.show() {
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

struct FeatureSeed<'s, 'a> {
    stream: &'s mut Stream<'a>,
}

impl<'de> DeserializeSeed<'de> for FeatureSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FeatureSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a feature")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            self.stream.member(&key, &mut map)?;
        }
        Ok(())
    }
}

/// A value below `properties`, at the stream's path. Inside a list, plain values are collected there.
struct ValueSeed<'s, 'a> {
    stream: &'s mut Stream<'a>,
    list: Option<&'s mut Vec<String>>,
}

impl ValueSeed<'_, '_> {
    fn plain(self, value: Value) {
        match self.list {
            Some(list) => list.push(value.to_string()),
            None => self.stream.put(value),
        }
    }
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        if self.list.is_none() && !self.stream.path.is_empty() {
            self.stream.put(Value::Null);
        }
        Ok(())
    }

    fn visit_bool<E>(self, flag: bool) -> Result<(), E> {
        self.plain(Value::Bool(flag));
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.plain(Value::Int(number));
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.plain(i64::try_from(number).map_or(Value::Real(number as f64), Value::Int));
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.plain(Value::Real(number));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.plain(Value::Text(text.to_owned()));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        use std::fmt::Write as _;
        let stream = self.stream;
        let n_chars = stream.path.len();
        let mut plain = vec![];
        let mut idx = 0;
        loop {
            // Writing to a string cannot fail.
            let _ = write!(stream.path, ".{idx}");
            let seed = ValueSeed { stream: &mut *stream, list: Some(&mut plain) };
            let more = seq.next_element_seed(seed)?;
            stream.path.truncate(n_chars);
            if more.is_none() {
                break;
            }
            idx += 1;
        }
        if !plain.is_empty() {
            stream.put(Value::List(plain));
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let stream = self.stream;
        let n_chars = stream.path.len();
        while let Some(key) = map.next_key::<String>()? {
            if PLAN_GEOMETRIES.contains(&key.as_str()) && !stream.is_scan() {
                stream.plan_shapes = map.next_value()?;
                continue;
            }
            if PLAN_GEOMETRIES.contains(&key.as_str()) {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            if n_chars > 0 {
                stream.path.push('.');
            }
            stream.path.push_str(&key);
            map.next_value_seed(ValueSeed { stream: &mut *stream, list: None })?;
            stream.path.truncate(n_chars);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, columns: &[&str]) -> Result<(Layer, Vec<Vec<Value>>), FormatError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("planer.geojson");
        std::fs::write(&path, text).unwrap();
        let (reader, layer) = GeoJsonReader::open(&path)?;
        let places: Vec<usize> = columns.iter().map(|it| layer.column_idx(it).unwrap()).collect();
        let mut rows = vec![];
        reader.for_each_row(&layer, &places, &mut |row| {
            rows.push(row.values.clone());
            ControlFlow::Continue(())
        })?;
        Ok((layer, rows))
    }

    const PLAN: &str = r#"{"type":"Feature","geometry":null,"properties":{"feature:typ":"detaljplan",
        "beslutsinformation":[{"datumAntagande":"2001-02-03","datumLagakraft":["2001-03-04","2002-05-06"]}],
        "plangeometri":[{"geometri":{"position":{"type":"Point","coordinates":[1,2]}}}]}}"#;

    #[test]
    fn deep_members_are_columns_by_their_path() {
        let text = format!(
            r#"{{"type":"FeatureCollection","features":[{PLAN}],"crs":{{"type":"name","properties":{{"name":"urn:ogc:def:crs:EPSG::3006"}}}}}}"#
        );
        let columns = [
            "feature:typ",
            "beslutsinformation.0.datumAntagande",
            "beslutsinformation.0.datumLagakraft",
        ];
        let (layer, rows) = rows(&text, &columns).unwrap();
        assert_eq!(layer.crs, DeclaredCrs::Epsg(3006), "crs stands after the features");
        assert_eq!(rows[0][1], Value::Text("2001-02-03".into()));
        assert_eq!(rows[0][2], Value::List(vec!["2001-03-04".into(), "2002-05-06".into()]));
    }

    #[test]
    fn one_feature_per_line_and_one_feature_alone_are_read() {
        let line = PLAN.replace('\n', " ");
        for (text, n) in [(format!("{line}\n{line}\n"), 2), (line.clone(), 1)] {
            let (layer, rows) = rows(&text, &["feature:typ"]).unwrap();
            assert_eq!((layer.n_rows, rows.len()), (Some(n), n as usize));
        }
    }

    #[test]
    fn a_text_sequence_with_record_separators_is_read() {
        let line = PLAN.replace('\n', " ");
        let (_, rows) = rows(&format!("\u{1e}{line}\n\u{1e}{line}\n"), &["feature:typ"]).unwrap();
        assert_eq!(rows.len(), 2);
    }

    #[test]
    fn a_file_cut_anywhere_is_refused_before_a_row_is_shown() {
        let text = format!(r#"{{"type":"FeatureCollection","features":[{PLAN}]}}"#);
        for n in (1..text.len()).filter(|it| text.is_char_boundary(*it)) {
            let error = rows(&text[..n], &[]).unwrap_err();
            assert_eq!(error.code(), "truncated_file", "{n}");
        }
    }

    #[test]
    fn foreign_and_broken_files_have_their_codes() {
        for (text, code) in [
            ("", "truncated_file"),
            ("<html></html>", "foreign_file"),
            ("{\"a\": 1}", "foreign_file"),
            ("{\"type\": \"FeatureCollection\", \"features\": [}", "malformed_file"),
            (&"[".repeat(300), "foreign_file"),
            (
                &format!("{{\"features\": [{{\"properties\": {}", "{\"a\":".repeat(300)),
                "malformed_file",
            ),
        ] {
            assert_eq!(rows(text, &[]).unwrap_err().code(), code, "{text}");
        }
    }

    #[test]
    fn a_reader_that_has_had_enough_stops() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.geojson");
        std::fs::write(&path, format!(r#"{{"features":[{PLAN},{PLAN}]}}"#)).unwrap();
        let (reader, layer) = GeoJsonReader::open(&path).unwrap();
        let mut n_seen = 0;
        reader
            .for_each_row(&layer, &[], &mut |_| {
                n_seen += 1;
                ControlFlow::Break(())
            })
            .unwrap();
        assert_eq!(n_seen, 1);
    }
}
