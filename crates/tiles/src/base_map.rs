use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use faltkarta_geo::{Bounds, Geometry, GridSystem, area_on_grid_m2};
use faltkarta_model::{Dataset, Packaging, Properties, Value};
use flate2::Compression;
use flate2::write::GzEncoder;
use pmtiles::{PmTilesWriter, TileCoord, TileType};

use crate::base_map_rules::zoom_min;
use crate::error::TileError;
use crate::pmtiles_read::tile_number;
use crate::shape::Shape;
use crate::tile_id::TileId;
use crate::writer::{TagValue, TileWriter};

/// The zooms of a base map; a map draws deeper ones out of the deepest.
const ZOOM_MIN: u8 = 5;
const ZOOM_MAX: u8 = 14;

/// Collects features and writes them as one PMTiles package.
///
/// Memory: 16 bytes a vertex and the attributes that tiles carry, about 100 MB for the four municipalities.
#[derive(Debug)]
pub struct BaseMapBuilder {
    grid: GridSystem,
    layers: Vec<Layer>,
    features: Vec<Feature>,
}

#[derive(Debug)]
struct Layer {
    dataset: Dataset,
    order: i32,
}

#[derive(Debug)]
struct Feature {
    layer: usize,
    zoom_min: u8,
    bounds: Bounds,
    shape: Shape,
    tags: Vec<(String, Value)>,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaseMapReport {
    /// Features that were drawn from.
    pub n_features: usize,
    /// Tiles that are not empty.
    pub n_tiles: usize,
}

impl BaseMapBuilder {
    /// Begins an empty base map of a store's grid.
    pub fn new(grid: GridSystem) -> Self {
        Self { grid, layers: vec![], features: vec![] }
    }

    /// Whether a dataset belongs in a base map.
    pub fn takes(dataset: &Dataset) -> bool {
        matches!(dataset.packaging, Packaging::BaseMap | Packaging::Both)
            // Buildings come as live tiles from the zoom at which they are seen.
            && dataset.role != faltkarta_model::Role::Building
    }

    /// Begins a dataset; the features that follow are its own.
    pub fn begin(&mut self, dataset: &Dataset) {
        self.layers.push(Layer { dataset: dataset.clone(), order: dataset.map.order });
    }

    /// Adds a feature of the dataset that was begun.
    pub fn add(&mut self, geometry: &Geometry, properties: &Properties) {
        let (Some(layer), Some(bounds)) = (self.layers.last(), geometry.bounds()) else { return };
        let area_m2 = area_on_grid_m2(geometry);
        let zoom_min = zoom_min(&layer.dataset, properties, area_m2);
        let tags = layer
            .dataset
            .fields
            .iter()
            .filter(|field| field.tile)
            .filter_map(|field| {
                Some((field.id.as_str().to_owned(), properties.get(&field.id)?.clone()))
            })
            .filter(|(_, value)| !value.is_null())
            .collect();
        let mut shape = Shape::default();
        shape.read(geometry);
        self.features.push(Feature { layer: self.layers.len() - 1, zoom_min, bounds, shape, tags });
    }

    /// Writes the package under a temporary name and gives it its own at the end.
    ///
    /// # Errors
    ///
    /// [`TileError`] when writing fails; nothing stands under `path` then that was not there before.
    pub fn write(mut self, path: &Path) -> Result<BaseMapReport, TileError> {
        let orders: Vec<i32> = self.layers.iter().map(|it| it.order).collect();
        self.features.sort_by_key(|it| (orders[it.layer], it.layer));
        let all = self.features.iter().map(|it| it.bounds).reduce(Bounds::union);
        let temporary = path.with_extension("tmp");
        let names: Vec<_> = self
            .layers
            .iter()
            .map(|it| serde_json::json!({ "id": it.dataset.id.as_str(), "fields": {} }))
            .collect();
        let metadata = serde_json::json!({ "name": "Fältkarta", "vector_layers": names });
        let mut writer = PmTilesWriter::new(TileType::Mvt)
            .precompressed(pmtiles::Compression::Gzip)
            .min_zoom(ZOOM_MIN)
            .max_zoom(ZOOM_MAX)
            .metadata(metadata.to_string());
        if let Some(bounds) = all {
            let (west, south) = self.grid.inverse_deg(bounds.min_e_m, bounds.min_n_m);
            let (east, north) = self.grid.inverse_deg(bounds.max_e_m, bounds.max_n_m);
            writer = writer.bounds(west, south, east, north);
        }
        let mut file = writer.create(BufWriter::new(File::create(&temporary)?))?;
        let mut n_tiles = 0;
        for z in ZOOM_MIN..=ZOOM_MAX {
            let mut plan = self.plan(z);
            plan.sort_by_key(|(tile, _)| tile_number(*tile));
            for chunk in plan.chunks(512) {
                for (tile, bytes) in self.encode(chunk)? {
                    file.add_tile(TileCoord::new(tile.z, tile.x, tile.y)?, &bytes)?;
                    n_tiles += 1;
                }
            }
        }
        file.finalize()?;
        File::open(&temporary)?.sync_all()?;
        std::fs::rename(&temporary, path)?;
        Ok(BaseMapReport { n_features: self.features.len(), n_tiles })
    }

    /// Which features each tile of a zoom is to draw, in drawing order.
    fn plan(&self, z: u8) -> Vec<(TileId, Vec<usize>)> {
        let mut tiles = std::collections::HashMap::<TileId, Vec<usize>>::new();
        for (idx, feature) in self.features.iter().enumerate() {
            if feature.zoom_min > z {
                continue;
            }
            // The buffer of a neighbour reaches in: 1/64 of a tile, taken as metres with a margin.
            let margin_m = 40_000_000.0 / f64::from(1u32 << z) / 60.0;
            let (x0, x1, y0, y1) = TileId::range(z, self.grid, feature.bounds.grown(margin_m));
            for x in x0..=x1 {
                for y in y0..=y1 {
                    tiles.entry(TileId { z, x, y }).or_default().push(idx);
                }
            }
        }
        tiles.into_iter().collect()
    }

    /// Encodes tiles on all cores; empty ones fall away, the order stays.
    fn encode(&self, chunk: &[(TileId, Vec<usize>)]) -> Result<Vec<(TileId, Vec<u8>)>, TileError> {
        let n_threads =
            std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(8);
        let next = AtomicUsize::new(0);
        let mut done: Vec<(usize, Vec<u8>)> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..n_threads)
                .map(|_| {
                    scope.spawn(|| -> Result<Vec<(usize, Vec<u8>)>, TileError> {
                        let mut mine = vec![];
                        loop {
                            let idx = next.fetch_add(1, Ordering::Relaxed);
                            let Some((tile, features)) = chunk.get(idx) else { return Ok(mine) };
                            let plain = self.draw(*tile, features)?;
                            if !plain.is_empty() {
                                let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
                                packer.write_all(&plain)?;
                                mine.push((idx, packer.finish()?));
                            }
                        }
                    })
                })
                .collect();
            workers
                .into_iter()
                .map(|it| {
                    it.join().map_err(|_| TileError::Damaged { what: "an encoder stopped" })?
                })
                .collect::<Result<Vec<_>, _>>()
        })?
        .into_iter()
        .flatten()
        .collect();
        done.sort_by_key(|(idx, _)| *idx);
        Ok(done.into_iter().map(|(idx, bytes)| (chunk[idx].0, bytes)).collect())
    }

    fn draw(&self, tile: TileId, features: &[usize]) -> Result<Vec<u8>, TileError> {
        let mut writer = TileWriter::new(tile, self.grid);
        let mut open = None;
        let mut is_empty = true;
        for idx in features {
            let feature = &self.features[*idx];
            if open != Some(feature.layer) {
                writer.begin_layer(self.layers[feature.layer].dataset.id.as_str())?;
                open = Some(feature.layer);
            }
            let tags = feature.tags.iter().filter_map(|(key, value)| {
                let value = match value {
                    Value::Text(text) => TagValue::Text(text),
                    Value::Int(number) => TagValue::Int(*number),
                    Value::Real(number) => TagValue::Real(*number),
                    Value::Bool(flag) => TagValue::Bool(*flag),
                    Value::Null | Value::List(_) | Value::Geometry(_) => return None,
                };
                Some((key.as_str(), value))
            });
            is_empty &= !writer.add_shape(*idx as u64 + 1, &feature.shape, tags)?;
        }
        Ok(if is_empty { vec![] } else { writer.finish() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BaseMap;
    use faltkarta_geo::{LonLatDeg, Position, Wgs84};
    use fast_mvt::MvtReaderRef;
    use geo_types::{Geometry as Types, polygon};

    fn land_cover() -> Dataset {
        Dataset::parse(include_str!("../../../data/datasets/land_cover.toml")).unwrap()
    }

    fn kind(text: &str) -> Properties {
        let field = faltkarta_model::FieldId::parse("kind").unwrap();
        Properties::from([(field, Value::Text(text.to_owned()))])
    }

    #[test]
    fn a_lake_is_in_every_zoom_from_its_first_and_in_no_tile_far_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bas.pmtiles");
        let lake = Types::Polygon(polygon![
            (x: 160_000.0, y: 6_606_000.0), (x: 164_000.0, y: 6_606_000.0),
            (x: 164_000.0, y: 6_611_000.0), (x: 160_000.0, y: 6_611_000.0),
        ]);
        let mut builder = BaseMapBuilder::new(GridSystem::ZONE_15_00);
        builder.begin(&land_cover());
        builder.add(&Geometry::from_types(&lake), &kind("Sjö"));
        let report = builder.write(&path).unwrap();
        assert!(report.n_tiles > 20, "{report:?}");
        let map = BaseMap::open(&path).unwrap();
        assert_eq!(map.zooms(), 5..=14);
        let inside =
            Position::<Wgs84>::parse(LonLatDeg { lon_deg: 15.2286, lat_deg: 59.5945 }).unwrap();
        for z in 5..=14 {
            let bytes = map.tile(TileId::at(z, inside)).unwrap().unwrap();
            let reader = MvtReaderRef::new(&bytes).unwrap();
            let names: Vec<_> = reader.layers().map(|it| it.name().to_owned()).collect();
            assert_eq!(names, ["land_cover"], "zoom {z}");
        }
        assert_eq!(map.tile(TileId::new(14, 0, 0).unwrap()).unwrap().map(|_| ()), None);
    }

    #[test]
    fn a_file_cut_in_the_middle_is_refused_at_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bas.pmtiles");
        let mut builder = BaseMapBuilder::new(GridSystem::ZONE_15_00);
        builder.begin(&land_cover());
        let yard = Types::Polygon(polygon![
            (x: 160_000.0, y: 6_606_000.0), (x: 161_000.0, y: 6_606_000.0), (x: 161_000.0, y: 6_607_000.0),
        ]);
        builder.add(&Geometry::from_types(&yard), &kind("Åker"));
        builder.write(&path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 10]).unwrap();
        assert!(matches!(BaseMap::open(&path), Err(TileError::Damaged { .. })));
    }
}
