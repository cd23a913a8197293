//! Deliveries read and written, with a list of problems.
//!
//! The way of a file: [`open`] finds out what it is and lists its layers; [`recognise`] ties layers to declared
//! datasets by table and columns, or by a [`Mapping`]; [`read_features`] streams the features of one dataset on the
//! store's grid and tells every row that was flagged or refused. The way back is [`export`].
//!
//! Nothing is loaded whole: one row is in memory at a time, and what a row may hold has limits with names.
//! In every file easting comes before northing; where a file has them the other way round, [`Placement`] finds out.

mod archive;
mod bounded;
mod columns;
mod crs;
mod csv_read;
mod curves;
mod dbf;
mod dbf_write;
mod delivery;
mod error;
mod export;
mod export_csv;
mod export_fgb;
mod export_geojson;
mod export_gpkg;
mod export_shp;
mod features;
mod fgb_read;
mod fgb_shape;
mod geojson_read;
mod geojson_shape;
mod gml_read;
mod gml_shape;
mod gml_xml;
mod gpkg_blob;
mod gpkg_read;
mod limits;
mod mapping;
mod placement;
mod recognise;
mod shape;
mod shp_read;
mod shp_shape;
mod spool;
mod validity;
mod wkt;

pub use archive::{is_archive, unpack};
pub use crs::DeclaredCrs;
pub use curves::CURVE_TOLERANCE_M;
pub use delivery::{
    Delivery, FileKind, IMPORT_ENDINGS, Layer, RawRow, ReadOptions, open, open_with,
};
pub use error::FormatError;
pub use export::{EXPORT_ENDINGS, ExportNote, Exported, Features, export};
pub use export_csv::write_csv;
pub use export_fgb::write_fgb;
pub use export_geojson::write_geojson;
pub use export_gpkg::write_gpkg;
pub use export_shp::write_shp;
pub use features::{Problem, Read, ReadReport, read_features};
pub use limits::{MAX_COLUMNS, MAX_ROW_BYTES};
pub use mapping::Mapping;
pub use placement::{CrsProblem, Placement, WORK_AREA, WorkArea};
pub use recognise::{Recognised, Recognition, UnknownLayer, recognise};
