use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use faltkarta_geo::{Geometry, GridSystem};
use faltkarta_model::{Dataset, Packaging, Properties, Role};
use pmtiles::{PmTilesWriter, TileCoord, TileType};

use crate::base_map_rules::{BASE_MAP_MAX_ZOOM, BASE_MAP_MIN_ZOOM, least_zoom};
use crate::bucket::{Buckets, Record, Vertex};
use crate::draw::PathKind;
use crate::error::TileError;
use crate::paint::{BUCKET_ZOOM, LOW, Painter, STOPPED, Spool, encode_tags, tiles_over, unit_of};
use crate::projector::{Projector, WORLD};
use crate::tile_id::UNITS_PER_PIXEL;

/// Draws a base map: PMTiles 3 with gzipped vector tiles, zoom 5–14, one layer per dataset.
///
/// Features are given dataset by dataset, in any order on the map. They wait in files beside the package, so that
/// memory does not grow with the delivery: a few megabytes, and at the end one tenth of a county at a time.
#[derive(Debug)]
pub struct BaseMapBuilder {
    path: PathBuf,
    datasets: Vec<Dataset>,
    projector: Projector,
    buckets: Buckets,
    record: Record,
    n_features: usize,
    /// Rectangle around everything, in world units.
    around: Option<[u32; 4]>,
    /// Least zoom at which each dataset has something.
    zooms: Vec<Option<u8>>,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaseMapReport {
    /// Features that are shown at some zoom.
    pub n_features: usize,
    /// Tiles that are not empty.
    pub n_tiles: usize,
}

impl BaseMapBuilder {
    /// Begins a base map that will stand at `path`, of features on `grid`. Working files lie beside it until the end.
    ///
    /// # Errors
    ///
    /// [`TileError::Io`] when no folder can be made beside `path`.
    pub fn create(path: &Path, grid: GridSystem) -> Result<Self, TileError> {
        Ok(Self {
            path: path.to_owned(),
            datasets: vec![],
            projector: Projector::new(grid),
            buckets: Buckets::create(&path.with_extension("parts"))?,
            record: Record::default(),
            n_features: 0,
            around: None,
            zooms: vec![],
        })
    }

    /// Whether a dataset belongs in a base map. Buildings come as live tiles from the zoom at which they are seen.
    pub fn takes(dataset: &Dataset) -> bool {
        dataset.packaging != Packaging::Features && dataset.role != Role::Building
    }

    /// Begins a dataset; the features that follow are its own. Datasets are drawn in the order they begin.
    pub fn begin(&mut self, dataset: &Dataset) {
        self.datasets.push(dataset.clone());
        self.zooms.push(None);
    }

    /// Adds a feature of the dataset that was begun.
    ///
    /// # Errors
    ///
    /// [`TileError::Io`] when a working file cannot be written.
    pub fn add(&mut self, geometry: &Geometry, properties: &Properties) -> Result<(), TileError> {
        let Some(dataset) = self.datasets.last() else { return Ok(()) };
        let Some(zoom) = least_zoom(dataset, properties) else { return Ok(()) };
        let record = &mut self.record;
        record.dataset = (self.datasets.len() - 1) as u16;
        record.least_zoom = zoom;
        encode_tags(dataset, properties, &mut record.tags);
        self.projector.project(geometry, dataset.role == Role::LandCover, record);
        let Some(around) = record.around() else { return Ok(()) };
        for tile in tiles_over(around, BUCKET_ZOOM) {
            self.buckets.put(tile, record)?;
        }
        if zoom < BUCKET_ZOOM
            && let Some(thin) = thinned(record)
        {
            self.buckets.put(LOW, &thin)?;
        }
        self.n_features += 1;
        if let Some(least) = self.zooms.last_mut() {
            *least = Some(least.map_or(zoom, |it| it.min(zoom)));
        }
        self.around = Some(self.around.map_or(around, |it| {
            let [a, b, c, d] = around;
            [it[0].min(a), it[1].min(b), it[2].max(c), it[3].max(d)]
        }));
        Ok(())
    }

    /// Draws all tiles, on all cores, and puts the package at its path when it is whole.
    ///
    /// # Errors
    ///
    /// [`TileError`] when writing fails; nothing stands under the path then that was not there before.
    pub fn finish(self) -> Result<BaseMapReport, TileError> {
        let spool = Mutex::new(Spool::create(&self.buckets.folder().join("tiles"))?);
        // The bucket of low zooms has the greatest column and the most work: it goes first.
        let mut tiles = self.buckets.tiles();
        tiles.reverse();
        let next = AtomicUsize::new(0);
        let n_workers = std::thread::available_parallelism().map_or(1, usize::from).min(8);
        let work = || -> Result<(), TileError> {
            let mut painter = Painter::new(&self.datasets, &spool);
            while let Some(tile) = tiles.get(next.fetch_add(1, Ordering::Relaxed)) {
                painter.paint(&self.buckets.read(*tile)?, *tile)?;
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..n_workers).map(|_| scope.spawn(work)).collect();
            workers.into_iter().try_for_each(|it| it.join().map_err(|_| STOPPED)?)
        })?;
        let spool = spool.into_inner().map_err(|_| STOPPED)?;
        let n_tiles = spool.n_tiles();
        let whole = self.path.with_extension("tmp");
        self.write(&whole, spool)?;
        fs::rename(&whole, &self.path)?;
        Ok(BaseMapReport { n_features: self.n_features, n_tiles })
    }

    fn write(&self, path: &Path, spool: Spool) -> Result<(), TileError> {
        let [min_x, min_y, max_x, max_y] = self.around.unwrap_or([0, 0, u32::MAX, u32::MAX]);
        let lon = |it: u32| f64::from(it) / WORLD * 360.0 - 180.0;
        let lat = |it: u32| {
            let turn = std::f64::consts::PI * (1.0 - 2.0 * f64::from(it) / WORLD);
            turn.sinh().atan().to_degrees()
        };
        let (west, south, east, north) = (lon(min_x), lat(max_y), lon(max_x), lat(min_y));
        let mut writer = PmTilesWriter::new(TileType::Mvt)
            .precompressed(pmtiles::Compression::Gzip)
            .min_zoom(BASE_MAP_MIN_ZOOM)
            .max_zoom(BASE_MAP_MAX_ZOOM)
            .bounds(west, south, east, north)
            .center(f64::midpoint(west, east), f64::midpoint(south, north))
            .center_zoom(BUCKET_ZOOM - 1)
            .metadata(self.metadata())
            .create(BufWriter::new(File::create(path)?))?;
        spool.sorted(&mut |tile, bytes| {
            Ok(writer.add_tile(TileCoord::new(tile.z(), tile.x(), tile.y())?, bytes)?)
        })?;
        writer.finalize()?;
        Ok(File::open(path)?.sync_all()?)
    }

    fn metadata(&self) -> String {
        let layers: Vec<serde_json::Value> = self
            .datasets
            .iter()
            .zip(&self.zooms)
            .filter_map(|(dataset, least)| {
                let fields: serde_json::Map<String, serde_json::Value> = dataset
                    .fields
                    .iter()
                    .filter(|it| it.tile)
                    .map(|it| (it.id.to_string(), format!("{:?}", it.field_type).into()))
                    .collect();
                Some(serde_json::json!({
                    "id": dataset.id.as_str(),
                    "description": dataset.title.sv,
                    "minzoom": (*least)?,
                    "maxzoom": BASE_MAP_MAX_ZOOM,
                    "fields": fields,
                }))
            })
            .collect();
        let mut publishers: Vec<&str> =
            self.datasets.iter().map(|it| it.publisher.as_str()).collect();
        publishers.sort_unstable();
        publishers.dedup();
        serde_json::json!({
            "name": "faltkarta base map",
            "format": "pbf",
            "attribution": publishers.join(", "),
            "vector_layers": layers,
        })
        .to_string()
    }
}

/// What zooms below the buckets' can show of a shape; `None` when that is nothing.
fn thinned(record: &Record) -> Option<Record> {
    let unit = unit_of(BUCKET_ZOOM - 1);
    let least_area = (UNITS_PER_PIXEL * unit) * (UNITS_PER_PIXEL * unit);
    let step = 2.0 * unit;
    let mut thin = Record {
        dataset: record.dataset,
        least_zoom: record.least_zoom,
        tags: record.tags.clone(),
        ..Record::default()
    };
    let (mut from, mut is_outer_kept) = (0, false);
    for (kind, n) in &record.paths {
        let path = &record.vertices[from..from + *n as usize];
        from += path.len();
        let is_kept = match kind {
            PathKind::Outer => {
                is_outer_kept = area_of(path) >= least_area;
                is_outer_kept
            }
            PathKind::Hole => is_outer_kept && area_of(path) >= least_area,
            PathKind::Line | PathKind::Point => true,
        };
        if !is_kept {
            continue;
        }
        let before = thin.vertices.len();
        let mut last: Option<Vertex> = None;
        for (nth, vertex) in path.iter().enumerate() {
            let is_end = nth == 0 || nth + 1 == path.len() || vertex.cut != 0;
            let is_far = last.is_none_or(|it| {
                let (dx, dy) = (it.x.abs_diff(vertex.x), it.y.abs_diff(vertex.y));
                f64::from(dx.max(dy)) >= step
            });
            if is_end || is_far {
                thin.vertices.push(*vertex);
                last = Some(*vertex);
            }
        }
        thin.paths.push((*kind, (thin.vertices.len() - before) as u32));
    }
    (!thin.paths.is_empty()).then_some(thin)
}

/// Area in square world units.
fn area_of(path: &[Vertex]) -> f64 {
    let Some(origin) = path.first() else { return 0.0 };
    let at = |it: &Vertex| {
        (f64::from(it.x) - f64::from(origin.x), f64::from(it.y) - f64::from(origin.y))
    };
    let twice: f64 = path
        .windows(2)
        .map(|pair| {
            let (a, b) = (at(&pair[0]), at(&pair[1]));
            a.0 * b.1 - b.0 * a.1
        })
        .sum();
    (twice / 2.0).abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BaseMap, TileId};
    use faltkarta_geo::{LonLatDeg, Position, Wgs84};
    use faltkarta_model::{FieldId, Value};
    use fast_mvt::MvtReaderRef;
    use geo_types::{Geometry as Types, LineString, Polygon, polygon};

    fn land_cover() -> Dataset {
        Dataset::parse(include_str!("../../../data/datasets/land_cover.toml")).unwrap()
    }

    fn kind(text: &str) -> Properties {
        let field = FieldId::parse("kind").unwrap();
        Properties::from([(field, Value::Text(text.to_owned()))])
    }

    fn build(path: &Path, shapes: &[(&str, Types<f64>)]) -> BaseMapReport {
        let mut builder = BaseMapBuilder::create(path, GridSystem::ZONE_15_00).unwrap();
        builder.begin(&land_cover());
        for (text, shape) in shapes {
            builder.add(&Geometry::from_types(shape), &kind(text)).unwrap();
        }
        builder.finish().unwrap()
    }

    fn lake() -> Types<f64> {
        Types::Polygon(polygon![
            (x: 160_000.0, y: 6_606_000.0), (x: 164_000.0, y: 6_606_000.0),
            (x: 164_000.0, y: 6_611_000.0), (x: 160_000.0, y: 6_611_000.0),
        ])
    }

    fn lindesberg(z: u8) -> TileId {
        let at = LonLatDeg { lon_deg: 15.2286, lat_deg: 59.5945 };
        TileId::at(z, Position::<Wgs84>::parse(at).unwrap())
    }

    #[test]
    fn a_lake_is_in_every_zoom_from_its_first_and_in_no_tile_far_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bas.pmtiles");
        let report = build(&path, &[("Sjö", lake())]);
        assert!(report.n_tiles > 20, "{report:?}");
        let map = BaseMap::open(&path).unwrap();
        assert_eq!(map.zooms(), 5..=14);
        for z in 5..=14 {
            let bytes = map.tile(lindesberg(z)).unwrap().unwrap();
            let reader = MvtReaderRef::new(&bytes).unwrap();
            let names: Vec<_> = reader.layers().map(|it| it.name().to_owned()).collect();
            assert_eq!(names, ["land_cover"], "zoom {z}");
        }
        assert_eq!(map.tile(TileId::new(14, 0, 0).unwrap()).unwrap().map(|_| ()), None);
        let left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert_eq!(left, ["bas.pmtiles"]);
    }

    #[test]
    fn a_kind_is_shown_from_its_zoom_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bas.pmtiles");
        build(&path, &[("Sankmark, våt", lake())]);
        let map = BaseMap::open(&path).unwrap();
        assert!(map.tile(lindesberg(10)).unwrap().is_none());
        assert!(map.tile(lindesberg(11)).unwrap().is_some());
    }

    #[test]
    fn both_sides_of_a_cut_overlap_so_that_no_seam_shows() {
        // Forest west and east of the line E 510 000 of SWEREF 99 TM, where the delivery is cut.
        let square = |e: f64| {
            let corners = [
                (e, 6_604_000.0),
                (e + 2_000.0, 6_604_000.0),
                (e + 2_000.0, 6_608_000.0),
                (e, 6_608_000.0),
                (e, 6_604_000.0),
            ];
            let corners =
                corners.map(|(e, n)| GridSystem::TM.to_grid(GridSystem::ZONE_15_00, e, n));
            Types::Polygon(Polygon::new(LineString::from(corners.to_vec()), vec![]))
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bas.pmtiles");
        build(&path, &[("Lövskog", square(508_000.0)), ("Lövskog", square(510_000.0))]);
        let map = BaseMap::open(&path).unwrap();
        let (lon_deg, lat_deg) = GridSystem::TM.inverse_deg(510_000.0, 6_606_000.0);
        let at = Position::<Wgs84>::parse(LonLatDeg { lon_deg, lat_deg }).unwrap();
        for z in 8..=14 {
            let bytes = map.tile(TileId::at(z, at)).unwrap().unwrap();
            let reader = MvtReaderRef::new(&bytes).unwrap();
            let layer = reader.layers().next().unwrap();
            let sides: Vec<(i32, i32)> = layer
                .features()
                .map(|it| {
                    let shape = it.geometry().unwrap();
                    let xs: Vec<i32> = geo_types_coords(&shape).iter().map(|it| it.x).collect();
                    (*xs.iter().min().unwrap(), *xs.iter().max().unwrap())
                })
                .collect();
            assert_eq!(sides.len(), 2, "zoom {z}");
            assert!(sides[0].1 - sides[1].0 >= 4, "zoom {z}: {sides:?}");
        }
    }

    fn geo_types_coords(shape: &fast_mvt::MvtGeometry) -> Vec<fast_mvt::MvtCoord> {
        match shape {
            fast_mvt::MvtGeometry::Polygon(it) => it.exterior().0.clone(),
            fast_mvt::MvtGeometry::MultiPolygon(it) => {
                it.0.iter().flat_map(|it| it.exterior().0.clone()).collect()
            }
            _ => vec![],
        }
    }

    #[test]
    fn a_file_cut_in_the_middle_is_refused_at_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bas.pmtiles");
        build(&path, &[("Åker", lake())]);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 10]).unwrap();
        assert!(matches!(BaseMap::open(&path), Err(TileError::Damaged { .. })));
    }
}
