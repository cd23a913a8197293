use faltkarta_geo::{Bounds, GridSystem};
use faltkarta_model::FeatureId;

/// What a hit is. The order is that of equal hits: places before streets before parcels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlaceKind {
    /// A place name.
    Place,
    /// An address.
    Address,
    /// A property or other register unit.
    Parcel,
    /// A valve, hydrant, manhole and the like, by number.
    Asset,
    /// A plan, zone or case, by name or number.
    Case,
    /// A position typed as numbers.
    Coordinate,
}

impl PlaceKind {
    /// The word of the command line's `search` document: `address`, `parcel`, `place`, `asset`, `case`, `coordinate`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::Address => "address",
            Self::Parcel => "parcel",
            Self::Asset => "asset",
            Self::Case => "case",
            Self::Coordinate => "coordinate",
        }
    }

    /// The kind that a dataset's search rule names; `None` for an unknown word. Nothing stored is a coordinate.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "place" => Some(Self::Place),
            "address" => Some(Self::Address),
            "parcel" => Some(Self::Parcel),
            "asset" => Some(Self::Asset),
            "case" => Some(Self::Case),
            _ => None,
        }
    }

    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    pub(crate) fn of_code(code: u8) -> Option<Self> {
        [Self::Place, Self::Address, Self::Parcel, Self::Asset, Self::Case]
            .get(usize::from(code))
            .copied()
    }
}

/// One thing that can be found.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceEntry {
    /// What it is; never [`PlaceKind::Coordinate`].
    pub kind: PlaceKind,
    /// Number of its dataset in the package.
    pub dataset_no: u16,
    /// Its id.
    pub feature: FeatureId,
    /// What a person types: "Kungsgatan 12 B", "RYA 1:5", "BP 114".
    pub texts: Vec<String>,
    /// First line of the hit.
    pub label: String,
    /// Second line of the hit.
    pub detail: String,
    /// Name of the municipality, or empty.
    pub municipality: String,
    /// Easting and northing in metres on the store's grid, within 5 mm; `None` when it has no place.
    pub position: Option<(f64, f64)>,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// What stands in the box.
    pub text: &'a str,
    /// Easting and northing of the middle of the map, in metres on the store's grid.
    pub near: Option<(f64, f64)>,
    /// The store's grid.
    pub grid: GridSystem,
    /// The work area on the store's grid, to judge coordinates by.
    pub area: Bounds,
    /// The most hits wanted.
    pub limit: usize,
}

/// Something about a hit that the reader must be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HitNote {
    /// Another reading of the numbers that were typed.
    OtherSystem,
}

impl HitNote {
    /// The word that crosses to the interface: `other_system`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OtherSystem => "other_system",
        }
    }
}

/// One hit.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// What it is.
    pub kind: PlaceKind,
    /// Number of its dataset in the package; 0 for a coordinate.
    pub dataset_no: u16,
    /// Its id; `None` for a coordinate.
    pub feature: Option<FeatureId>,
    /// First line. Empty for a coordinate: the interface writes numbers in the reader's manner.
    pub label: String,
    /// Second line, without distance.
    pub detail: String,
    /// Name of the municipality, or empty.
    pub municipality: String,
    /// Easting and northing in metres on the store's grid.
    pub position: Option<(f64, f64)>,
    /// Metres from the middle of the map.
    pub distance_m: Option<f64>,
    /// Matched parts of the label: start and length in UTF-16 units.
    pub matched: Vec<(u32, u32)>,
    /// Something that the reader must be told.
    pub note: Option<HitNote>,
    /// The system that a coordinate was read in, such as `SWEREF 99 TM` or `WGS 84`; else empty.
    pub system: &'static str,
    /// Whether a coordinate lies outside the work area.
    pub is_outside: bool,
}

/// The answer to one keystroke.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// Best first.
    pub hits: Vec<Hit>,
    /// A spelling that hits, when the text as typed did not.
    pub suggestion: Option<String>,
}
