use std::fs::File;
use std::io::{BufReader, Read, Seek as _, SeekFrom};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use faltkarta_geo::GeometryError;
use faltkarta_model::Value;
use flatgeobuf::{
    ColumnType, Feature, GeometryType, Header, size_prefixed_root_as_feature,
    size_prefixed_root_as_header,
};

use crate::crs::DeclaredCrs;
use crate::curves::Linearise;
use crate::delivery::{Layer, RawRow, stem};
use crate::error::FormatError;
use crate::fgb_shape;
use crate::limits::{MAX_COLUMNS, MAX_ROW_BYTES};

/// The largest header that is read; GDAL's limit.
const MAX_HEADER_BYTES: u32 = 10 * 1024 * 1024;

/// Reads a FlatGeobuf feature by feature, in the order of the file. The spatial index is stepped over.
#[derive(Debug)]
pub(crate) struct FgbReader {
    path: PathBuf,
    columns: Vec<ColumnType>,
    geometry_type: GeometryType,
    // Where the first feature begins.
    features_at: u64,
    linearise: Linearise,
}

impl FgbReader {
    pub(crate) fn open(path: &Path, linearise: Linearise) -> Result<(Self, Layer), FormatError> {
        let doing = FormatError::io("opening the FlatGeobuf");
        let file = File::open(path).map_err(&doing)?;
        let n_bytes = file.metadata().map_err(&doing)?.len();
        let mut file = BufReader::new(file);
        let mut magic = [0; 8];
        let front = read_some(&mut file, &mut magic).map_err(&doing)?;
        if front < 3 || !is_magic(&magic[..front]) {
            return Err(FormatError::ForeignFile { expected: "a FlatGeobuf of version 3" });
        }
        if front < 8 {
            return Err(FormatError::TruncatedFile);
        }
        let bytes = read_sized(&mut file, MAX_HEADER_BYTES, "header bytes")?;
        let bytes = bytes.ok_or(FormatError::TruncatedFile)?;
        let header = size_prefixed_root_as_header(&bytes).map_err(malformed("header"))?;
        let n_columns = header.columns().map_or(0, |it| it.len());
        if n_columns > MAX_COLUMNS {
            return Err(FormatError::OverLimit { limit: "columns", most: MAX_COLUMNS as u64 });
        }
        let n_index = index_bytes(&header)?;
        let features_at = 8 + bytes.len() as u64 + n_index;
        if features_at > n_bytes {
            return Err(FormatError::TruncatedFile);
        }
        let all = || header.columns().into_iter().flatten();
        let reader = Self {
            path: path.to_owned(),
            columns: all().map(|it| it.type_()).collect(),
            geometry_type: header.geometry_type(),
            features_at,
            linearise,
        };
        let name = header.name().filter(|it| !it.is_empty());
        let n_rows = reader.look_over(n_bytes, header.features_count())?;
        let layer = Layer {
            name: name.map_or_else(|| stem(path), str::to_owned),
            columns: all().map(|it| it.name().to_owned()).collect(),
            has_geometry: true,
            crs: declared(&header),
            n_rows: Some(n_rows),
        };
        Ok((reader, layer))
    }

    /// Steps from size to size through the whole file: one that is cut off is found before anything is taken from it.
    fn look_over(&self, n_bytes: u64, declared: u64) -> Result<u64, FormatError> {
        let doing = FormatError::io("reading the FlatGeobuf");
        let mut file = self.at_features()?;
        let (mut at, mut n_rows) = (self.features_at, 0);
        while at < n_bytes {
            let mut size = [0; 4];
            file.read_exact(&mut size).map_err(&doing)?;
            let size = u32::from_le_bytes(size);
            check_size(size, MAX_ROW_BYTES as u32, "row bytes")?;
            at += 4 + u64::from(size);
            file.seek_relative(i64::from(size)).map_err(&doing)?;
            n_rows += 1;
        }
        // A count of 0 means that the writer did not know.
        if at > n_bytes || (declared > 0 && n_rows < declared) {
            return Err(FormatError::TruncatedFile);
        }
        if declared > 0 && n_rows > declared {
            return Err(FormatError::MalformedFile {
                place: "header".to_owned(),
                text: format!("it counts {declared} features, there are {n_rows}"),
            });
        }
        Ok(n_rows)
    }

    fn at_features(&self) -> Result<BufReader<File>, FormatError> {
        let doing = FormatError::io("opening the FlatGeobuf");
        let file = File::open(&self.path).map_err(&doing)?;
        let mut file = BufReader::with_capacity(128 * 1024, file);
        file.seek(SeekFrom::Start(self.features_at)).map_err(&doing)?;
        Ok(file)
    }

    pub(crate) fn for_each_row(
        &self,
        columns: &[usize],
        see: &mut dyn FnMut(&mut RawRow) -> ControlFlow<()>,
    ) -> Result<(), FormatError> {
        let mut file = self.at_features()?;
        let mut slots = vec![None; self.columns.len()];
        for (slot, idx) in columns.iter().enumerate() {
            slots[*idx] = Some(slot);
        }
        let mut raw = RawRow::default();
        while let Some(bytes) = read_sized(&mut file, MAX_ROW_BYTES as u32, "row bytes")? {
            raw.row += 1;
            raw.values.clear();
            raw.values.resize(columns.len(), Value::Null);
            raw.is_linearised = false;
            raw.fault = None;
            if let Ok(feature) = size_prefixed_root_as_feature(&bytes) {
                self.fill(&feature, &slots, &mut raw);
            } else {
                raw.geometry = Ok(None);
                raw.fault = Some("the feature is damaged");
            }
            raw.find_bad_text();
            if see(&mut raw).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn fill(&self, feature: &Feature<'_>, slots: &[Option<usize>], raw: &mut RawRow) {
        let mut is_linearised = false;
        raw.geometry = feature.geometry().map_or(Ok(None), |it| {
            let Some(shape) = fgb_shape::read(it, self.geometry_type)? else { return Ok(None) };
            let (geometry, is_curved) = shape.into_geometry(self.linearise)?;
            is_linearised = is_curved;
            Ok::<_, GeometryError>(Some(geometry))
        });
        raw.is_linearised = is_linearised;
        let bytes = feature.properties().map_or(&[][..], |it| it.bytes());
        if self.values(bytes, slots, &mut raw.values).is_none() {
            raw.fault = Some("the values of the feature are damaged");
        }
    }

    /// Takes the values out of their bytes: the number of a column, then its value, as often as there are values.
    fn values(
        &self,
        mut bytes: &[u8],
        slots: &[Option<usize>],
        values: &mut [Value],
    ) -> Option<()> {
        while !bytes.is_empty() {
            let idx = usize::from(u16::from_le_bytes(take(&mut bytes)?));
            let value = value(*self.columns.get(idx)?, &mut bytes)?;
            if let Some(slot) = slots[idx] {
                values[slot] = value;
            }
        }
        Some(())
    }
}

fn take<const L: usize>(bytes: &mut &[u8]) -> Option<[u8; L]> {
    let (front, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*front)
}

fn value(kind: ColumnType, bytes: &mut &[u8]) -> Option<Value> {
    Some(match kind {
        ColumnType::Byte => Value::Int(i8::from_le_bytes(take(bytes)?).into()),
        ColumnType::UByte => Value::Int(u8::from_le_bytes(take(bytes)?).into()),
        ColumnType::Bool => Value::Bool(take::<1>(bytes)? != [0]),
        ColumnType::Short => Value::Int(i16::from_le_bytes(take(bytes)?).into()),
        ColumnType::UShort => Value::Int(u16::from_le_bytes(take(bytes)?).into()),
        ColumnType::Int => Value::Int(i32::from_le_bytes(take(bytes)?).into()),
        ColumnType::UInt => Value::Int(u32::from_le_bytes(take(bytes)?).into()),
        ColumnType::Long => Value::Int(i64::from_le_bytes(take(bytes)?)),
        ColumnType::ULong => {
            let number = u64::from_le_bytes(take(bytes)?);
            i64::try_from(number).map_or_else(|_| Value::Text(number.to_string()), Value::Int)
        }
        ColumnType::Float => real(f64::from(f32::from_le_bytes(take(bytes)?))),
        ColumnType::Double => real(f64::from_le_bytes(take(bytes)?)),
        ColumnType::String | ColumnType::Json | ColumnType::DateTime => {
            Value::Text(String::from_utf8_lossy(sized(bytes)?).into_owned())
        }
        ColumnType::Binary => Value::Text(format!("{} bytes", sized(bytes)?.len())),
        _ => return None,
    })
}

/// Infinite numbers stay as text, so that the mapping says what is wrong with them.
fn real(number: f64) -> Value {
    if number.is_finite() { Value::Real(number) } else { Value::Text(number.to_string()) }
}

fn sized<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let n_bytes = u32::from_le_bytes(take(bytes)?) as usize;
    let (front, rest) = bytes.split_at_checked(n_bytes)?;
    *bytes = rest;
    Some(front)
}

fn is_magic(front: &[u8]) -> bool {
    let wanted = crate::export_fgb::MAGIC;
    // The last byte is a patch version that changes nothing.
    front.iter().zip(&wanted).take(7).all(|(one, other)| one == other)
}

/// Reads until the buffer is full or the file ends.
fn read_some(file: &mut impl Read, into: &mut [u8]) -> std::io::Result<usize> {
    let mut n_read = 0;
    while n_read < into.len() {
        match file.read(&mut into[n_read..])? {
            0 => break,
            more => n_read += more,
        }
    }
    Ok(n_read)
}

fn check_size(size: u32, most: u32, limit: &'static str) -> Result<(), FormatError> {
    if size > most {
        return Err(FormatError::OverLimit { limit, most: most.into() });
    }
    // The least that a flat buffer can be: where its root is, and that.
    if size < 8 {
        return Err(FormatError::MalformedFile {
            place: limit.to_owned(),
            text: format!("a size of {size} bytes"),
        });
    }
    Ok(())
}

/// A buffer with its size before it, the size included in what is returned; none at the end of the file.
fn read_sized(
    file: &mut impl Read,
    most: u32,
    limit: &'static str,
) -> Result<Option<Vec<u8>>, FormatError> {
    let doing = FormatError::io("reading the FlatGeobuf");
    let mut size = [0; 4];
    match read_some(file, &mut size).map_err(&doing)? {
        0 => return Ok(None),
        4 => {}
        _ => return Err(FormatError::TruncatedFile),
    }
    let n_bytes = u32::from_le_bytes(size);
    check_size(n_bytes, most, limit)?;
    let mut bytes = size.to_vec();
    // Grows with what is there, not with what the size says.
    let n_read = file.take(n_bytes.into()).read_to_end(&mut bytes).map_err(&doing)?;
    if n_read < n_bytes as usize {
        return Err(FormatError::TruncatedFile);
    }
    Ok(Some(bytes))
}

fn malformed(place: &'static str) -> impl Fn(flatbuffers::InvalidFlatbuffer) -> FormatError {
    move |error| FormatError::MalformedFile { place: place.to_owned(), text: error.to_string() }
}

/// The bytes of a packed R-tree with so many leaves. Source: the FlatGeobuf specification, "index".
fn index_bytes(header: &Header<'_>) -> Result<u64, FormatError> {
    const NODE_BYTES: u64 = 40;
    let (mut n, node_size) = (header.features_count(), u64::from(header.index_node_size()));
    if n == 0 || node_size == 0 {
        return Ok(0);
    }
    if node_size == 1 || n > u64::from(u32::MAX) {
        return Err(FormatError::MalformedFile {
            place: "header".to_owned(),
            text: format!("an index of {n} features, {node_size} to a node"),
        });
    }
    let mut n_nodes = n;
    loop {
        n = n.div_ceil(node_size);
        n_nodes += n;
        if n == 1 {
            return Ok(n_nodes * NODE_BYTES);
        }
    }
}

fn declared(header: &Header<'_>) -> DeclaredCrs {
    let Some(crs) = header.crs() else { return DeclaredCrs::None };
    let is_epsg = crs.org().is_none_or(|it| it.eq_ignore_ascii_case("epsg"));
    match (u32::try_from(crs.code()), crs.wkt()) {
        (Ok(1..), _) if is_epsg => DeclaredCrs::from_epsg(crs.code().unsigned_abs()),
        (_, Some(wkt)) if !wkt.is_empty() => DeclaredCrs::from_wkt(wkt),
        _ => crs.name().map_or(DeclaredCrs::None, DeclaredCrs::from_name),
    }
}
