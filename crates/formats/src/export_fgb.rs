//! FlatGeobuf: a header, a packed Hilbert R-tree, features along the curve. Format version 3.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write};
use std::path::Path;

use faltkarta_geo::GridSystem;
use faltkarta_model::{Dataset, FieldType, Value};
use flatbuffers::FlatBufferBuilder;
use flatgeobuf::packed_r_tree::{NodeItem, PackedRTree, calc_extent, hilbert_sort};
use flatgeobuf::{
    Column, ColumnArgs, ColumnType, Crs, CrsArgs, Feature, FeatureArgs, GeometryType, Header,
    HeaderArgs,
};

use crate::crs::grid_wkt;
use crate::error::FormatError;
use crate::export::{Exported, Features, begin, finish};
use crate::fgb_shape;
use crate::shape::Shape;
use crate::spool::{Sight, Spool, Spooled};

/// The first bytes of a file: name, version of the format, name, patch.
pub(crate) const MAGIC: [u8; 8] = *b"fgb\x03fgb\0";

/// Writes a FlatGeobuf: `id` and one column for each field, the store's grid (easting first), heights and measures
/// kept. The spatial index is left out when some feature has no geometry, for the format has no place for it there.
///
/// # Errors
///
/// [`FormatError`] when the file cannot be written; an old one is left as it was.
pub fn write_fgb(
    path: &Path,
    dataset: &Dataset,
    grid: GridSystem,
    features: Features<'_>,
) -> Result<Exported, FormatError> {
    let doing = FormatError::io("writing the FlatGeobuf");
    let temporary = begin(path)?;
    let mut spool = Spool::fill(dataset, features, &mut |_| {})?;
    let sight = spool.sight.clone();
    let mut encoded = Encoded::new().map_err(&doing)?;
    spool.for_each(&mut |feature| encoded.add(&feature, dataset, &sight))?;
    let mut out = BufWriter::with_capacity(256 * 1024, temporary.as_file());
    encoded.write(dataset, grid, &sight, &mut out)?;
    out.flush().map_err(&doing)?;
    drop(out);
    finish(temporary, path)?;
    Ok(Exported { n_features: sight.n_rows, notes: sight.notes() })
}

/// The features as the format has them, in a file without name, in the order in which they came.
struct Encoded {
    out: BufWriter<File>,
    // Offset and length of each feature.
    places: Vec<(u64, u32)>,
    nodes: Vec<NodeItem>,
    end: u64,
    builder: FlatBufferBuilder<'static>,
}

impl Encoded {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            out: BufWriter::new(tempfile::tempfile()?),
            places: vec![],
            nodes: vec![],
            end: 0,
            builder: FlatBufferBuilder::new(),
        })
    }

    fn add(
        &mut self,
        feature: &Spooled,
        dataset: &Dataset,
        sight: &Sight,
    ) -> Result<(), FormatError> {
        let mut node = NodeItem::create(self.places.len() as u64);
        let shape = feature.geometry.as_ref().and_then(|it| Shape::parse(it.wkb()).ok());
        self.builder.reset();
        let geometry = shape.map(|shape| {
            fgb_shape::write(&mut self.builder, &shape, sight.n_with_z > 0, sight.n_with_m > 0)
        });
        if let Some(bounds) = feature.geometry.as_ref().and_then(faltkarta_geo::Geometry::bounds) {
            node.expand_xy(bounds.min_e_m, bounds.min_n_m);
            node.expand_xy(bounds.max_e_m, bounds.max_n_m);
        }
        let properties = properties(feature, dataset);
        let properties = Some(self.builder.create_vector(&properties));
        let args = FeatureArgs { geometry, properties, columns: None };
        let root = Feature::create(&mut self.builder, &args);
        self.builder.finish_size_prefixed(root, None);
        let bytes = self.builder.finished_data();
        self.out.write_all(bytes).map_err(FormatError::io("writing the FlatGeobuf"))?;
        self.nodes.push(node);
        self.places.push((self.end, bytes.len() as u32));
        self.end += bytes.len() as u64;
        Ok(())
    }

    fn write(
        mut self,
        dataset: &Dataset,
        grid: GridSystem,
        sight: &Sight,
        out: &mut impl Write,
    ) -> Result<(), FormatError> {
        let doing = FormatError::io("writing the FlatGeobuf");
        let has_index = sight.n_rows > 0
            && self.nodes.iter().all(|it| it.min_x.is_finite() && it.min_y.is_finite());
        let extent = calc_extent(&self.nodes);
        if has_index {
            hilbert_sort(&mut self.nodes, &extent);
        }
        out.write_all(&MAGIC).map_err(&doing)?;
        let node_size = if has_index { PackedRTree::DEFAULT_NODE_SIZE } else { 0 };
        out.write_all(&header(dataset, grid, sight, &extent, node_size)).map_err(&doing)?;
        if has_index {
            let mut offset = 0;
            let leaves: Vec<NodeItem> = self
                .nodes
                .iter()
                .map(|node| {
                    let mut leaf = node.clone();
                    leaf.offset = offset;
                    offset += u64::from(self.places[node.offset as usize].1);
                    leaf
                })
                .collect();
            let tree = PackedRTree::build(&leaves, &extent, node_size).map_err(|error| {
                FormatError::MalformedFile { place: "index".to_owned(), text: error.to_string() }
            })?;
            tree.stream_write(out).map_err(&doing)?;
        }
        let file = self.out.into_inner().map_err(|error| doing(error.into_error()))?;
        let mut from = BufReader::new(file);
        let mut bytes = vec![];
        for node in &self.nodes {
            let (at, n_bytes) = self.places[node.offset as usize];
            from.seek(SeekFrom::Start(at)).map_err(&doing)?;
            bytes.resize(n_bytes as usize, 0);
            from.read_exact(&mut bytes).map_err(&doing)?;
            out.write_all(&bytes).map_err(&doing)?;
        }
        Ok(())
    }
}

fn header(
    dataset: &Dataset,
    grid: GridSystem,
    sight: &Sight,
    extent: &NodeItem,
    index_node_size: u16,
) -> Vec<u8> {
    let mut builder = FlatBufferBuilder::new();
    let crs_args = CrsArgs {
        org: Some(builder.create_string("EPSG")),
        code: grid.epsg() as i32,
        name: Some(builder.create_string(grid.name())),
        wkt: Some(builder.create_string(&grid_wkt(grid))),
        ..CrsArgs::default()
    };
    let crs = Crs::create(&mut builder, &crs_args);
    let mut columns = vec![column(&mut builder, "id", ColumnType::String, false)];
    for field in &dataset.fields {
        let kind = match field.field_type {
            FieldType::Text | FieldType::List | FieldType::Date => ColumnType::String,
            FieldType::Int => ColumnType::Long,
            FieldType::Real => ColumnType::Double,
            FieldType::Bool => ColumnType::Bool,
            FieldType::DateTime => ColumnType::DateTime,
        };
        let name = if field.id.as_str() == "id" { "id_" } else { field.id.as_str() };
        columns.push(column(&mut builder, name, kind, true));
    }
    let columns = builder.create_vector(&columns);
    let envelope = (extent.min_x <= extent.max_x)
        .then(|| builder.create_vector(&[extent.min_x, extent.min_y, extent.max_x, extent.max_y]));
    let title = format!("{}, {}", dataset.title.sv, dataset.publisher);
    let args = HeaderArgs {
        name: Some(builder.create_string(dataset.id.as_str())),
        envelope,
        geometry_type: GeometryType(sight.only_type().unwrap_or(0) as u8),
        has_z: sight.n_with_z > 0,
        has_m: sight.n_with_m > 0,
        columns: Some(columns),
        features_count: sight.n_rows,
        index_node_size,
        crs: Some(crs),
        title: Some(builder.create_string(&title)),
        ..HeaderArgs::default()
    };
    let root = Header::create(&mut builder, &args);
    builder.finish_size_prefixed(root, None);
    builder.finished_data().to_vec()
}

fn column<'b>(
    builder: &mut FlatBufferBuilder<'b>,
    name: &str,
    kind: ColumnType,
    nullable: bool,
) -> flatbuffers::WIPOffset<Column<'b>> {
    let name = Some(builder.create_string(name));
    Column::create(builder, &ColumnArgs { name, type_: kind, nullable, ..ColumnArgs::default() })
}

/// Number of the column, value; what is null is left out.
fn properties(feature: &Spooled, dataset: &Dataset) -> Vec<u8> {
    let mut bytes = vec![];
    let text = |idx: usize, text: &str, bytes: &mut Vec<u8>| {
        bytes.extend_from_slice(&(idx as u16).to_le_bytes());
        bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
    };
    text(0, &feature.id, &mut bytes);
    for (idx, (value, field)) in feature.values.iter().zip(&dataset.fields).enumerate() {
        let idx = idx + 1;
        let number = (idx as u16).to_le_bytes();
        match (field.field_type, value) {
            (_, Value::Null | Value::Geometry(_)) => {}
            (FieldType::Int, Value::Int(it)) => {
                bytes.extend_from_slice(&number);
                bytes.extend_from_slice(&it.to_le_bytes());
            }
            (FieldType::Real, value) => {
                if let Some(it) = value.as_f64() {
                    bytes.extend_from_slice(&number);
                    bytes.extend_from_slice(&it.to_le_bytes());
                }
            }
            (FieldType::Bool, Value::Bool(it)) => {
                bytes.extend_from_slice(&number);
                bytes.push(u8::from(*it));
            }
            (FieldType::Int | FieldType::Bool, _) => {}
            (_, other) => text(idx, &other.to_string(), &mut bytes),
        }
    }
    bytes
}
