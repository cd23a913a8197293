use std::fs::File;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use faltkarta_geo::{Geometry, GeometryError};
use faltkarta_model::Value;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use crate::crs::DeclaredCrs;
use crate::curves::Linearise;
use crate::delivery::{Layer, RawRow, ReadOptions};
use crate::error::FormatError;
use crate::gpkg_blob::read_blob;
use crate::limits::{MAX_COLUMNS, MAX_LAYERS, MAX_ROW_BYTES};

/// How long a short lock of another program is waited for.
const LOCK_PATIENCE: Duration = Duration::from_millis(250);

/// Reads the tables of a GeoPackage, row by row.
#[derive(Debug)]
pub(crate) struct GpkgReader {
    connection: Connection,
    tables: Vec<Table>,
    linearise: Linearise,
    patience: Patience,
    // Holds the private copy of a file that cannot be read where it lies.
    _copy: Option<tempfile::TempDir>,
}

#[derive(Debug)]
struct Table {
    geometry_column: Option<String>,
    // By place in the layer's columns: declared as BOOLEAN.
    is_flag: Vec<bool>,
}

impl GpkgReader {
    pub(crate) fn open(
        path: &Path,
        options: ReadOptions,
    ) -> Result<(Self, Vec<Layer>), FormatError> {
        let header = check_header(path)?;
        let (mut connection, copy) = connect(path, header)?;
        let patience = Patience::new(&mut connection, options.max_row_million_steps)?;
        let (layers, tables) = list_layers(&connection)?;
        let linearise = Linearise { tolerance_m: options.curve_tolerance_m };
        Ok((Self { connection, tables, linearise, patience, _copy: copy }, layers))
    }

    pub(crate) fn for_each_row(
        &self,
        layer_idx: usize,
        layer: &Layer,
        columns: &[usize],
        see: &mut dyn FnMut(&mut RawRow) -> ControlFlow<()>,
    ) -> Result<(), FormatError> {
        let doing = |error| self.patience.judge(error);
        let table = &self.tables[layer_idx];
        let geometry = table.geometry_column.as_deref().map_or_else(|| "NULL".to_owned(), quoted);
        let mut sql = format!("SELECT {geometry}");
        for idx in columns {
            sql.push(',');
            sql.push_str(&quoted(&layer.columns[*idx]));
        }
        sql.push_str(" FROM ");
        sql.push_str(&quoted(&layer.name));
        let mut statement = self.connection.prepare(&sql).map_err(&doing)?;
        let mut rows = statement.query([]).map_err(&doing)?;
        let mut raw = RawRow::default();
        self.patience.renew();
        while let Some(row) = rows.next().map_err(&doing)? {
            self.patience.renew();
            raw.row += 1;
            raw.is_linearised = false;
            raw.has_bad_text = false;
            let read = read_geometry(row.get_ref(0).map_err(&doing)?, self.linearise);
            raw.geometry = read.map(|found| {
                found.map(|(geometry, is_linearised)| {
                    raw.is_linearised = is_linearised;
                    geometry
                })
            });
            raw.values.clear();
            for (at, idx) in columns.iter().enumerate() {
                let cell = row.get_ref(at + 1).map_err(&doing)?;
                let is_bad = matches!(cell, ValueRef::Text(it) if std::str::from_utf8(it).is_err());
                raw.has_bad_text |= is_bad;
                raw.values.push(read_value(cell, table.is_flag[*idx]));
            }
            if see(&mut raw).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// How long the next row may be waited for, counted in steps of SQLite and not in time. A row of a table takes a few;
/// one of a view that multiplies tables or calls itself for ever takes any number.
#[derive(Debug)]
struct Patience {
    million_steps: Arc<AtomicU32>,
    most_million_steps: u32,
}

impl Patience {
    fn new(connection: &mut Connection, most_million_steps: u32) -> Result<Self, FormatError> {
        let million_steps = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&million_steps);
        connection
            .progress_handler(
                1_000_000,
                Some(move || counted.fetch_add(1, Ordering::Relaxed) >= most_million_steps),
            )
            .map_err(FormatError::database("opening the GeoPackage"))?;
        Ok(Self { million_steps, most_million_steps })
    }

    fn renew(&self) {
        self.million_steps.store(0, Ordering::Relaxed);
    }

    /// What an error while reading rows means.
    fn judge(&self, error: rusqlite::Error) -> FormatError {
        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) {
            let most = u64::from(self.most_million_steps) * 1_000_000;
            return FormatError::OverLimit { limit: "steps to the next row", most };
        }
        FormatError::database("reading a table of the GeoPackage")(error)
    }
}

fn read_geometry(
    cell: ValueRef<'_>,
    linearise: Linearise,
) -> Result<Option<(Geometry, bool)>, GeometryError> {
    match cell {
        ValueRef::Null => Ok(None),
        ValueRef::Blob(blob) => read_blob(blob, linearise),
        _ => Err(GeometryError::Truncated),
    }
}

fn read_value(cell: ValueRef<'_>, is_flag: bool) -> Value {
    match cell {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) if is_flag => Value::Bool(number != 0),
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Real(number) if number.is_finite() => Value::Real(number),
        // Kept as text, so that the mapping says what is wrong with it.
        ValueRef::Real(number) => Value::Text(number.to_string()),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(blob) => Value::Text(format!("{} bytes", blob.len())),
    }
}

pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

const MAGIC: &[u8] = b"SQLite format 3\0";

#[derive(Clone, Copy)]
struct Header {
    is_wal: bool,
}

/// Looks at the first hundred bytes before SQLite does: whether they are its own, and whether the file is whole.
/// Source: the SQLite file format, section 1.3.
fn check_header(path: &Path) -> Result<Header, FormatError> {
    let doing = FormatError::io("opening the GeoPackage");
    let mut file = File::open(path).map_err(&doing)?;
    let n_bytes = file.metadata().map_err(&doing)?.len();
    let mut header = Vec::with_capacity(100);
    file.by_ref().take(100).read_to_end(&mut header).map_err(&doing)?;
    if !header.starts_with(&MAGIC[..header.len().min(MAGIC.len())]) {
        return Err(FormatError::ForeignFile { expected: "a GeoPackage" });
    }
    if header.len() < 100 {
        return Err(FormatError::TruncatedFile);
    }
    let be32 = |at: usize| {
        u64::from(u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]))
    };
    let page_bytes = match u64::from(u16::from_be_bytes([header[16], header[17]])) {
        1 => 65_536,
        other => other,
    };
    let is_wal = header[18] == 2;
    let is_size_valid = be32(24) == be32(92);
    if is_size_valid && n_bytes < page_bytes * be32(28) && !is_wal {
        return Err(FormatError::TruncatedFile);
    }
    if is_wal && n_bytes < page_bytes * be32(28) && !sibling(path, "-wal").is_file() {
        return Err(FormatError::TruncatedFile);
    }
    Ok(Header { is_wal })
}

fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Opens the file for reading only. A file in WAL mode, or one with a journal to roll back, would need files beside
/// it that may not be made there (read-only media): such a file is read from a private copy.
fn connect(
    path: &Path,
    header: Header,
) -> Result<(Connection, Option<tempfile::TempDir>), FormatError> {
    let read_only = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let has_journal = sibling(path, "-journal").is_file();
    let has_wal = sibling(path, "-wal").metadata().is_ok_and(|it| it.len() > 0);
    if header.is_wal && !has_wal {
        // Everything lies in the main file and nobody has it open: no lock and no file beside it is needed.
        let connection =
            Connection::open_with_flags(file_uri(path), read_only | OpenFlags::SQLITE_OPEN_URI)
                .map_err(FormatError::database("opening the GeoPackage"))?;
        prepare(&connection)?;
        return Ok((connection, None));
    }
    if !header.is_wal {
        let connection = Connection::open_with_flags(path, read_only)
            .map_err(FormatError::database("opening the GeoPackage"))?;
        match prepare(&connection) {
            Ok(()) => return Ok((connection, None)),
            Err(error) if !has_journal || matches!(error, FormatError::FileLocked) => {
                return Err(error);
            }
            Err(_) => {}
        }
    } else if sibling(path, "-shm").is_file() {
        // Another program has it open. Its lock tells more than a copy would.
        let probe = Connection::open_with_flags(path, read_only)
            .map_err(FormatError::database("opening the GeoPackage"))?;
        if let Err(FormatError::FileLocked) = prepare(&probe) {
            return Err(FormatError::FileLocked);
        }
    }
    let doing = FormatError::io("copying the GeoPackage aside");
    let folder = tempfile::tempdir().map_err(&doing)?;
    let copy = folder.path().join("delivery.gpkg");
    std::fs::copy(path, &copy).map_err(&doing)?;
    for suffix in ["-wal", "-journal"] {
        if sibling(path, suffix).is_file() {
            std::fs::copy(sibling(path, suffix), sibling(&copy, suffix)).map_err(&doing)?;
        }
    }
    // A copy keeps the read-only mark of its original.
    for suffix in ["", "-wal", "-journal"] {
        make_writable(&sibling(&copy, suffix)).map_err(&doing)?;
    }
    let connection = Connection::open(&copy)
        .map_err(FormatError::database("opening the copy of the GeoPackage"))?;
    prepare(&connection)?;
    Ok((connection, Some(folder)))
}

#[expect(clippy::permissions_set_readonly_false, reason = "a private copy in a private folder")]
fn make_writable(path: &Path) -> std::io::Result<()> {
    let Ok(metadata) = path.metadata() else { return Ok(()) };
    let mut permissions = metadata.permissions();
    permissions.set_readonly(false);
    std::fs::set_permissions(path, permissions)
}

fn file_uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    for byte in path.to_string_lossy().bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            use std::fmt::Write as _;
            // Writing to a string cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri.push_str("?immutable=1");
    uri
}

/// A file from outside may hold views and triggers: nothing of it is trusted, and nothing is unlimited.
fn prepare(connection: &Connection) -> Result<(), FormatError> {
    let doing = FormatError::database("opening the GeoPackage");
    connection.busy_timeout(LOCK_PATIENCE).map_err(&doing)?;
    connection
        .execute_batch(
            "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA query_only=ON;",
        )
        .map_err(&doing)?;
    for (limit, most) in [
        (Limit::SQLITE_LIMIT_LENGTH, MAX_ROW_BYTES as i32),
        (Limit::SQLITE_LIMIT_COLUMN, MAX_COLUMNS as i32 + 2),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
    ] {
        connection.set_limit(limit, most).map_err(&doing)?;
    }
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(&doing)
}

const LAYERS_SQL: &str = "
    SELECT c.table_name, g.column_name, g.srs_id, s.organization, s.organization_coordsys_id
    FROM gpkg_contents c
    LEFT JOIN gpkg_geometry_columns g ON lower(g.table_name) = lower(c.table_name)
    LEFT JOIN gpkg_spatial_ref_sys s ON s.srs_id = g.srs_id
    WHERE lower(c.data_type) IN ('features', 'attributes', 'aspatial')
    ORDER BY c.rowid";

fn list_layers(connection: &Connection) -> Result<(Vec<Layer>, Vec<Table>), FormatError> {
    let doing = FormatError::database("listing the tables of the GeoPackage");
    let is_gpkg = ["gpkg_contents", "gpkg_geometry_columns", "gpkg_spatial_ref_sys"]
        .iter()
        .map(|table| has_table(connection, table))
        .collect::<Result<Vec<_>, _>>()?;
    if is_gpkg.contains(&false) {
        return Err(FormatError::ForeignFile { expected: "a GeoPackage" });
    }
    let mut statement = connection.prepare(LAYERS_SQL).map_err(&doing)?;
    let mut rows = statement.query([]).map_err(&doing)?;
    let (mut layers, mut tables) = (vec![], vec![]);
    while let Some(row) = rows.next().map_err(&doing)? {
        let name: String = row.get(0).map_err(&doing)?;
        let geometry_column: Option<String> = row.get(1).map_err(&doing)?;
        let crs = match row.get::<_, Option<i64>>(2).map_err(&doing)? {
            None | Some(-1 | 0) => DeclaredCrs::None,
            Some(srs_id) => declared(
                srs_id,
                row.get::<_, Option<String>>(3).map_err(&doing)?.as_deref(),
                row.get::<_, Option<i64>>(4).map_err(&doing)?,
            ),
        };
        let (columns, is_flag) = list_columns(connection, &name, geometry_column.as_deref())?;
        if layers.len() == MAX_LAYERS {
            return Err(FormatError::OverLimit { limit: "layers", most: MAX_LAYERS as u64 });
        }
        let n_rows = known_count(connection, &name)?;
        let has_geometry = geometry_column.is_some();
        layers.push(Layer { name, columns, has_geometry, crs, n_rows });
        tables.push(Table { geometry_column, is_flag });
    }
    Ok((layers, tables))
}

fn declared(srs_id: i64, organization: Option<&str>, code: Option<i64>) -> DeclaredCrs {
    let is_epsg = organization.is_none_or(|it| it.eq_ignore_ascii_case("epsg"));
    match u32::try_from(code.unwrap_or(srs_id)) {
        Ok(epsg) if is_epsg => DeclaredCrs::from_epsg(epsg),
        _ => DeclaredCrs::Unknown {
            text: format!("{}:{}", organization.unwrap_or_default(), code.unwrap_or(srs_id)),
        },
    }
}

fn has_table(connection: &Connection, name: &str) -> Result<bool, FormatError> {
    connection
        .query_row(
            "SELECT count(*) FROM sqlite_schema WHERE type IN ('table', 'view') AND lower(name) = ?1",
            [name],
            |row| row.get::<_, i64>(0),
        )
        .map(|n| n > 0)
        .map_err(FormatError::database("listing the tables of the GeoPackage"))
}

fn list_columns(
    connection: &Connection,
    table: &str,
    geometry_column: Option<&str>,
) -> Result<(Vec<String>, Vec<bool>), FormatError> {
    let doing = FormatError::database("listing the columns of a table");
    let malformed = |text: String| FormatError::MalformedFile { place: table.to_owned(), text };
    // Generated columns are columns too; only those of virtual tables are hidden for good.
    let mut statement = connection
        .prepare("SELECT name, type FROM pragma_table_xinfo(?1) WHERE hidden <> 1")
        .map_err(&doing)?;
    let mut rows = statement.query([table]).map_err(&doing)?;
    let (mut columns, mut is_flag) = (vec![], vec![]);
    let mut is_there = geometry_column.is_none();
    while let Some(row) = rows.next().map_err(&doing)? {
        let name: String = row.get(0).map_err(&doing)?;
        let declared: String = row.get(1).map_err(&doing)?;
        if geometry_column.is_some_and(|it| it.eq_ignore_ascii_case(&name)) {
            is_there = true;
            continue;
        }
        if columns.len() == MAX_COLUMNS {
            return Err(FormatError::OverLimit { limit: "columns", most: MAX_COLUMNS as u64 });
        }
        columns.push(name);
        is_flag.push(declared.eq_ignore_ascii_case("boolean"));
    }
    // SQLite would take the quoted name of a column that is not there for a text.
    if !is_there {
        let column = geometry_column.unwrap_or_default();
        return Err(malformed(format!("the geometry column {column} is not there")));
    }
    if columns.is_empty() && geometry_column.is_none() {
        return Err(malformed("the table is not there".to_owned()));
    }
    Ok((columns, is_flag))
}

/// The count that GDAL keeps; counting the rows themselves would read the whole table.
fn known_count(connection: &Connection, table: &str) -> Result<Option<u64>, FormatError> {
    if !has_table(connection, "gpkg_ogr_contents")? {
        return Ok(None);
    }
    let count = connection.query_row(
        "SELECT feature_count FROM gpkg_ogr_contents WHERE lower(table_name) = lower(?1)",
        [table],
        |row| row.get::<_, Option<i64>>(0),
    );
    match count {
        Ok(count) => Ok(count.and_then(|n| u64::try_from(n).ok())),
        Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
        Err(error) => Err(FormatError::database("counting the rows of a table")(error)),
    }
}
