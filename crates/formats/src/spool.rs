//! Features set aside while they are looked over: some formats say first what the rows behind turn out to be.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek as _, SeekFrom, Write};

use faltkarta_geo::{Geometry, GeometryKind};
use faltkarta_model::{Dataset, Value};

use crate::error::FormatError;
use crate::export::Features;

/// One feature as it comes back.
#[derive(Debug)]
pub(crate) struct Spooled {
    pub(crate) id: String,
    /// In the order of the dataset's fields.
    pub(crate) values: Vec<Value>,
    pub(crate) geometry: Option<Geometry>,
}

/// What the geometries of all features have in common.
#[derive(Debug, Default, Clone)]
pub(crate) struct Sight {
    pub(crate) n_rows: u64,
    pub(crate) n_without_geometry: u64,
    /// How many have heights, and how many measures.
    pub(crate) n_with_z: u64,
    pub(crate) n_with_m: u64,
    /// ISO types without dimension that were met, by bit.
    types: u16,
    pub(crate) kinds: Vec<GeometryKind>,
}

impl Sight {
    pub(crate) fn meet(&mut self, geometry: Option<&Geometry>) {
        self.n_rows += 1;
        let Some(geometry) = geometry else {
            self.n_without_geometry += 1;
            return;
        };
        let code = match geometry.wkb().get(..5) {
            Some([1, a, b, c, d]) => u32::from_le_bytes([*a, *b, *c, *d]),
            Some([_, a, b, c, d]) => u32::from_be_bytes([*a, *b, *c, *d]),
            _ => 0,
        };
        let family = (code & 0xffff) / 1000;
        self.n_with_z += u64::from(matches!(family, 1 | 3) || code & 0x8000_0000 != 0);
        self.n_with_m += u64::from(matches!(family, 2 | 3) || code & 0x4000_0000 != 0);
        self.types |= 1 << ((code & 0xffff) % 1000).min(15);
        let kind = geometry.kind();
        if !self.kinds.contains(&kind) {
            self.kinds.push(kind);
        }
    }

    pub(crate) fn n_with_geometry(&self) -> u64 {
        self.n_rows - self.n_without_geometry
    }

    /// The ISO type without dimension that all geometries have; none when there are several or none.
    pub(crate) fn only_type(&self) -> Option<u32> {
        self.types.is_power_of_two().then(|| self.types.trailing_zeros())
    }

    /// Whether a geometry of this ISO type was met.
    pub(crate) fn has_type(&self, base: u32) -> bool {
        self.types & (1 << base) != 0
    }
}

/// The features in a file of their own that has no name.
#[derive(Debug)]
pub(crate) struct Spool {
    file: File,
    pub(crate) sight: Sight,
}

impl Spool {
    /// Sets all features aside and shows each once.
    pub(crate) fn fill(
        dataset: &Dataset,
        features: Features<'_>,
        see: &mut dyn FnMut(&Spooled),
    ) -> Result<Self, FormatError> {
        let doing = FormatError::io("setting features aside");
        let mut out = BufWriter::new(tempfile::tempfile().map_err(&doing)?);
        let mut sight = Sight::default();
        for feature in features {
            sight.meet(feature.geometry.as_ref());
            let spooled = Spooled {
                id: feature.id.to_string(),
                values: dataset
                    .fields
                    .iter()
                    .map(|it| feature.value(it.id.as_str()).clone())
                    .collect(),
                geometry: feature.geometry,
            };
            see(&spooled);
            let row = serde_json::to_vec(&(&spooled.id, &spooled.values))
                .map_err(|error| doing(error.into()))?;
            write_piece(&mut out, &row).map_err(&doing)?;
            let wkb = spooled.geometry.as_ref().map_or(&[][..], Geometry::wkb);
            write_piece(&mut out, wkb).map_err(&doing)?;
        }
        let file = out.into_inner().map_err(|error| doing(error.into_error()))?;
        Ok(Self { file, sight })
    }

    /// Shows the features in the order in which they came.
    pub(crate) fn for_each(
        &mut self,
        see: &mut dyn FnMut(Spooled) -> Result<(), FormatError>,
    ) -> Result<(), FormatError> {
        let doing = FormatError::io("reading features set aside");
        self.file.seek(SeekFrom::Start(0)).map_err(&doing)?;
        let mut from = BufReader::new(&self.file);
        for _ in 0..self.sight.n_rows {
            let row = read_piece(&mut from).map_err(&doing)?;
            let wkb = read_piece(&mut from).map_err(&doing)?;
            let (id, values): (String, Vec<Value>) =
                serde_json::from_slice(&row).map_err(|error| doing(error.into()))?;
            let geometry = if wkb.is_empty() { None } else { Geometry::from_wkb(wkb).ok() };
            see(Spooled { id, values, geometry })?;
        }
        Ok(())
    }
}

fn write_piece(out: &mut impl Write, piece: &[u8]) -> std::io::Result<()> {
    out.write_all(&(piece.len() as u64).to_le_bytes())?;
    out.write_all(piece)
}

fn read_piece(from: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut n_bytes = [0; 8];
    from.read_exact(&mut n_bytes)?;
    let mut piece = vec![0; u64::from_le_bytes(n_bytes) as usize];
    from.read_exact(&mut piece)?;
    Ok(piece)
}
