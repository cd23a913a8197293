//! The tiles of a base map, drawn bucket by bucket on all cores and kept in a file until they are sorted.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Mutex;

use faltkarta_model::{Dataset, Properties, Value};
use fast_mvt::{MvtFeatureBuilder, MvtLayerBuilder, MvtTileBuilder, MvtValueRef};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::base_map_rules::{BASE_MAP_MAX_ZOOM, BASE_MAP_MIN_ZOOM};
use crate::bucket::Record;
use crate::draw::{Detail, PathKind, Pen};
use crate::error::TileError;
use crate::pmtiles_read::tile_number;
use crate::projector::{CUT_EAST, CUT_NORTH, CUT_SOUTH, CUT_WEST};
use crate::tile_id::{BUFFER, EXTENT, TileId, UNITS_PER_PIXEL};

/// Zoom of the areas by which shapes are kept while they wait.
pub(crate) const BUCKET_ZOOM: u8 = 10;
/// Where shapes wait that are seen at lower zooms; no tile has this column.
pub(crate) const LOW: (u32, u32) = (u32::MAX, 0);
/// By how much, in tile units, shapes reach over a cut of the delivery: half a pixel from either side.
const SEAM: f64 = UNITS_PER_PIXEL / 2.0;
const DAMAGED: TileError = TileError::Damaged { what: "a working file" };
pub(crate) const STOPPED: TileError = TileError::Damaged { what: "a worker stopped" };

/// Attributes of a feature as they wait beside its shape: those that the declaration marks for tiles.
pub(crate) fn encode_tags(dataset: &Dataset, properties: &Properties, out: &mut Vec<u8>) {
    out.clear();
    for (number, field) in dataset.fields.iter().enumerate().take(256) {
        if !field.tile {
            continue;
        }
        let mut put = |code: u8, bytes: &[u8]| {
            out.extend_from_slice(&[number as u8, code]);
            out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
            out.extend_from_slice(bytes);
        };
        match properties.get(&field.id) {
            Some(Value::Text(text)) => put(0, text.as_bytes()),
            Some(Value::Int(it)) => put(1, &it.to_le_bytes()),
            Some(Value::Real(it)) => put(2, &it.to_le_bytes()),
            Some(Value::Bool(it)) => put(3, &[u8::from(*it)]),
            _ => {}
        }
    }
}

fn write_tags(
    dataset: &Dataset,
    mut tags: &[u8],
    feature: &mut MvtFeatureBuilder,
) -> Result<(), TileError> {
    while let Some(([number, code, a, b, c, d], rest)) = tags.split_first_chunk::<6>() {
        let len = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
        let (bytes, rest) = rest.split_at_checked(len).ok_or(DAMAGED)?;
        tags = rest;
        let key = dataset.fields.get(usize::from(*number)).ok_or(DAMAGED)?.id.as_str();
        let eight = || <[u8; 8]>::try_from(bytes).map_err(|_| DAMAGED);
        let value = match code {
            0 => MvtValueRef::String(std::str::from_utf8(bytes).map_err(|_| DAMAGED)?),
            1 => MvtValueRef::Int(i64::from_le_bytes(eight()?)),
            2 => MvtValueRef::Double(f64::from_le_bytes(eight()?)),
            _ => MvtValueRef::Bool(bytes == [1]),
        };
        feature.tag_ref(key, value)?;
    }
    Ok(())
}

/// World units in one unit of a tile.
pub(crate) fn unit_of(z: u8) -> f64 {
    f64::from(1u32 << (32 - 12 - z))
}

/// The tiles of a zoom that a rectangle reaches into, margins included.
pub(crate) fn tiles_over(around: [u32; 4], z: u8) -> Vec<(u32, u32)> {
    let margin = (BUFFER * unit_of(z)) as u32;
    let column = |it: u32| it >> (32 - z);
    let (from_x, from_y) =
        (column(around[0].saturating_sub(margin)), column(around[1].saturating_sub(margin)));
    let (to_x, to_y) =
        (column(around[2].saturating_add(margin)), column(around[3].saturating_add(margin)));
    (from_x..=to_x).flat_map(|x| (from_y..=to_y).map(move |y| (x, y))).collect()
}

/// Finished tiles in a file, in the order they came.
pub(crate) struct Spool {
    file: File,
    len: u64,
    /// Number of the tile in the archive, the tile, where it begins, how long it is.
    entries: Vec<(u64, TileId, u64, usize)>,
}

impl Spool {
    pub(crate) fn create(path: &Path) -> Result<Self, TileError> {
        let file = File::options().create(true).truncate(true).read(true).write(true).open(path)?;
        Ok(Self { file, len: 0, entries: vec![] })
    }

    pub(crate) fn n_tiles(&self) -> usize {
        self.entries.len()
    }

    fn add(&mut self, tile: TileId, bytes: &[u8]) -> Result<(), TileError> {
        self.entries.push((tile_number(tile), tile, self.len, bytes.len()));
        self.file.write_all(bytes)?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Shows every tile in the order of the archive.
    pub(crate) fn sorted(
        mut self,
        see: &mut impl FnMut(TileId, &[u8]) -> Result<(), TileError>,
    ) -> Result<(), TileError> {
        self.entries.sort_unstable();
        let mut bytes = Vec::new();
        for (_, tile, at, len) in &self.entries {
            self.file.seek(SeekFrom::Start(*at))?;
            bytes.resize(*len, 0);
            self.file.read_exact(&mut bytes)?;
            see(*tile, &bytes)?;
        }
        Ok(())
    }
}

/// Draws the tiles of one bucket after the other; each worker has its own.
pub(crate) struct Painter<'a> {
    datasets: &'a [Dataset],
    spool: &'a Mutex<Spool>,
    pen: Pen,
}

/// A record with the rectangle around it.
struct Shape<'r> {
    record: &'r Record,
    around: [u32; 4],
}

impl<'a> Painter<'a> {
    pub(crate) fn new(datasets: &'a [Dataset], spool: &'a Mutex<Spool>) -> Self {
        Self { datasets, spool, pen: Pen::default() }
    }

    /// Draws all tiles of a bucket, or of [`LOW`].
    pub(crate) fn paint(
        &mut self,
        records: &[Record],
        bucket: (u32, u32),
    ) -> Result<(), TileError> {
        let mut shapes: Vec<Shape<'_>> = records
            .iter()
            .filter_map(|record| Some(Shape { record, around: record.around()? }))
            .collect();
        // A layer is written in one piece.
        shapes.sort_by_key(|it| it.record.dataset);
        let all: Vec<&Shape<'_>> = shapes.iter().collect();
        if bucket == LOW {
            let mut roots: Vec<(u32, u32)> =
                all.iter().flat_map(|it| tiles_over(it.around, BASE_MAP_MIN_ZOOM)).collect();
            roots.sort_unstable();
            roots.dedup();
            for (x, y) in roots {
                let root = TileId { z: BASE_MAP_MIN_ZOOM, x, y };
                self.descend(root, &all, BUCKET_ZOOM - 1)?;
            }
            return Ok(());
        }
        let root = TileId { z: BUCKET_ZOOM, x: bucket.0, y: bucket.1 };
        self.descend(root, &all, BASE_MAP_MAX_ZOOM)
    }

    fn descend(
        &mut self,
        tile: TileId,
        shapes: &[&Shape<'_>],
        to_zoom: u8,
    ) -> Result<(), TileError> {
        let width = 1u64 << (32 - tile.z());
        let margin = (BUFFER * unit_of(tile.z())) as u64;
        let (x, y) = (u64::from(tile.x()) * width, u64::from(tile.y()) * width);
        let near: Vec<&Shape<'_>> = shapes
            .iter()
            .filter(|it| {
                let [min_x, min_y, max_x, max_y] = it.around.map(u64::from);
                min_x <= x + width + margin
                    && max_x + margin >= x
                    && min_y <= y + width + margin
                    && max_y + margin >= y
            })
            .copied()
            .collect();
        if near.is_empty() {
            return Ok(());
        }
        self.draw(tile, &near)?;
        if tile.z() < to_zoom {
            for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                let child = TileId { z: tile.z + 1, x: tile.x * 2 + dx, y: tile.y * 2 + dy };
                self.descend(child, &near, to_zoom)?;
            }
        }
        Ok(())
    }

    fn draw(&mut self, tile: TileId, shapes: &[&Shape<'_>]) -> Result<(), TileError> {
        let detail = detail_at(tile.z());
        let unit = 1.0 / unit_of(tile.z());
        let (x0, y0) = (f64::from(tile.x()) * EXTENT, f64::from(tile.y()) * EXTENT);
        let mut layer: Option<(u16, MvtLayerBuilder)> = None;
        for shape in shapes {
            let record = shape.record;
            if record.least_zoom > tile.z() || is_speck(record, shape.around, unit) {
                continue;
            }
            self.pen.begin();
            let mut from = 0;
            for (kind, n) in &record.paths {
                self.pen.begin_path(*kind);
                for it in &record.vertices[from..from + *n as usize] {
                    let east = f64::from(u8::from(it.cut & CUT_EAST != 0));
                    let west = f64::from(u8::from(it.cut & CUT_WEST != 0));
                    let south = f64::from(u8::from(it.cut & CUT_SOUTH != 0));
                    let north = f64::from(u8::from(it.cut & CUT_NORTH != 0));
                    let x = f64::from(it.x) * unit - x0 + (east - west) * SEAM;
                    let y = f64::from(it.y) * unit - y0 + (south - north) * SEAM;
                    self.pen.vertex((x, y));
                }
                from += *n as usize;
            }
            if !self.pen.cut(detail) {
                continue;
            }
            let dataset = &self.datasets[usize::from(record.dataset)];
            let open = match layer.take() {
                Some((number, open)) if number == record.dataset => open,
                // The tile lives inside its open layer until that ends.
                Some((_, before)) => before.end().layer(dataset.id.as_str())?,
                None => MvtTileBuilder::new().layer(dataset.id.as_str())?,
            };
            let written = self
                .pen
                .write(open, None, &|feature| write_tags(dataset, &record.tags, feature))?;
            layer = Some((record.dataset, written));
        }
        let Some((_, last)) = layer else { return Ok(()) };
        let mut gz = GzEncoder::new(Vec::new(), Compression::new(5));
        gz.write_all(&last.end().encode())?;
        let bytes = gz.finish()?;
        match self.spool.lock() {
            Ok(mut spool) => spool.add(tile, &bytes),
            Err(_) => Err(STOPPED),
        }
    }
}

/// Whether an area is too small to be seen, judged by the rectangle around it.
fn is_speck(record: &Record, around: [u32; 4], unit: f64) -> bool {
    let is_area = record.paths.first().is_some_and(|it| it.0 == PathKind::Outer);
    let width = f64::from(around[2] - around[0]) * unit;
    let height = f64::from(around[3] - around[1]) * unit;
    is_area && width * height < UNITS_PER_PIXEL
}

fn detail_at(z: u8) -> Detail {
    let pixel = (2.0 * UNITS_PER_PIXEL * UNITS_PER_PIXEL) as i64;
    match z {
        14.. => Detail { tolerance: UNITS_PER_PIXEL / 8.0, least_twice_area: pixel / 4 },
        12 | 13 => Detail { tolerance: UNITS_PER_PIXEL / 4.0, least_twice_area: pixel },
        10 | 11 => Detail { tolerance: UNITS_PER_PIXEL / 2.0, least_twice_area: pixel },
        8 | 9 => Detail { tolerance: UNITS_PER_PIXEL / 2.0, least_twice_area: 4 * pixel },
        // So far out only lakes and forests are left, and they make the country recognisable.
        _ => Detail { tolerance: UNITS_PER_PIXEL / 2.0, least_twice_area: pixel },
    }
}
