//! The files of a delivery while they are written, and the tables in them.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use faltkarta_geo::GridSystem;
use rusqlite::types::Value;
use uuid::Uuid;

use crate::error::DemoError;
use crate::geopackage::{GeoPackage, Shape, TableSpec, placed};
use crate::plane::Point;
use crate::region::{Home, MUNICIPALITIES, NORA};

const PARCEL: &[(&str, &str)] = &[
    ("objektidentitet", "TEXT"),
    ("registerenhetsreferens", "TEXT"),
    ("objekttyp", "TEXT"),
    ("senastandrad", "DATETIME"),
    ("lanskod", "TEXT"),
    ("kommunkod", "TEXT"),
    ("kommunnamn", "TEXT"),
    ("trakt", "TEXT"),
    ("block", "TEXT"),
    ("enhet", "INTEGER"),
    ("omradesnummer", "SMALLINT"),
    ("samjelittera", "TEXT"),
    ("osakertlage", "BOOLEAN"),
    ("etikett", "TEXT"),
];
const ADDRESS: &[(&str, &str)] = &[
    ("belagenhetsadress_objektidentitet", "TEXT"),
    ("adressplatstyp", "TEXT"),
    ("adressomrade_faststalltnamn", "TEXT"),
    ("gardsadressomrade_faststalltnamn", "TEXT"),
    ("adressplatsnummer", "TEXT"),
    ("bokstavstillagg", "TEXT"),
    ("lagestillagg", "TEXT"),
    ("lagestillaggsnummer", "INTEGER"),
    ("avvikerfranstandarden", "BOOLEAN"),
    ("avvikandeadressplatsbeteckning", "TEXT"),
    ("kommundel_faststalltnamn", "TEXT"),
    ("kommunkod", "TEXT"),
    ("kommunnamn", "TEXT"),
    ("lanskod", "TEXT"),
    ("popularnamn", "TEXT"),
    ("postnummer", "INTEGER"),
    ("postort", "TEXT"),
    ("statusforbelagenhetsadress", "TEXT"),
    ("insamlingslage", "TEXT"),
    ("versiongiltigfran", "DATETIME"),
    ("registerenhetsreferens", "TEXT"),
];
const BUILDING: &[(&str, &str)] = &[
    ("objektidentitet", "TEXT"),
    ("versiongiltigfran", "DATETIME"),
    ("objektversion", "INTEGER"),
    ("objekttyp", "TEXT"),
    ("objekttypnr", "INTEGER"),
    ("andamal1", "TEXT"),
    ("huvudbyggnad", "TEXT"),
    ("husnummer", "INTEGER"),
    ("byggnadsnamn1", "TEXT"),
    ("insamlingslage", "TEXT"),
    ("ursprunglig_organisation", "TEXT"),
    ("kommunkod", "TEXT"),
];

const fn table(
    name: &'static str,
    geometry: &'static str,
    columns: &'static [(&'static str, &'static str)],
) -> TableSpec {
    TableSpec { name, geometry, has_z: false, columns }
}

const PARCELS: [TableSpec; 4] = [
    table("registerenhetsomradesyta", "MULTIPOLYGON", PARCEL),
    table("registerenhetsomradeslinje", "LINESTRING", PARCEL),
    table("registerenhetsomradespunkt", "POINT", PARCEL),
    table(
        "traktyta",
        "MULTIPOLYGON",
        &[
            ("objektidentitet", "TEXT"),
            ("trakt", "TEXT"),
            ("kommunkod", "TEXT"),
            ("kommunnamn", "TEXT"),
        ],
    ),
];
const ADDRESSES: [TableSpec; 1] = [table("belagenhetsadress", "POINT", ADDRESS)];
const BUILDINGS: [TableSpec; 1] = [table("byggnad", "MULTIPOLYGON", BUILDING)];
const TOPOGRAPHY: [TableSpec; 7] = [
    table(
        "mark",
        "POLYGON",
        &[
            ("objektidentitet", "TEXT"),
            ("objekttyp", "TEXT"),
            ("objekttypnr", "INTEGER"),
            ("vattenytaid", "TEXT"),
            ("namn", "TEXT"),
        ],
    ),
    table("sankmark", "POLYGON", &[("objektidentitet", "TEXT"), ("objekttyp", "TEXT")]),
    table(
        "anlaggningsomrade",
        "POLYGON",
        &[("objektidentitet", "TEXT"), ("objekttyp", "TEXT"), ("andamal", "TEXT")],
    ),
    table(
        "vaglinje",
        "LINESTRING",
        &[
            ("objektidentitet", "TEXT"),
            ("objekttyp", "TEXT"),
            ("objekttypnr", "INTEGER"),
            ("gatunamn", "TEXT"),
            ("vardvagnummer", "TEXT"),
            ("vagutforande", "TEXT"),
            ("alternativt_manér", "TEXT"),
            ("vaghallare", "TEXT"),
        ],
    ),
    table("jarnvag", "LINESTRING", &[("objektidentitet", "TEXT"), ("objekttyp", "TEXT")]),
    table(
        "hydrolinje",
        "LINESTRING",
        &[
            ("objektidentitet", "TEXT"),
            ("objekttyp", "TEXT"),
            ("storleksklass", "TEXT"),
            ("namn", "TEXT"),
        ],
    ),
    table(
        "hojdlinje",
        "LINESTRING",
        &[("objektidentitet", "TEXT"), ("objekttyp", "TEXT"), ("hojdvarde", "INTEGER")],
    ),
];
const PLACES: [TableSpec; 1] = [table(
    "ortnamn",
    "POINT",
    &[
        ("ortnamn", "TEXT"),
        ("kvartsruta", "TEXT"),
        ("nkoordinat", "INTEGER"),
        ("ekoordinat", "INTEGER"),
        ("lanskod", "TEXT"),
        ("kommunkod", "TEXT"),
        ("detaljtyp", "TEXT"),
        ("sprak", "TEXT"),
        ("lopnummer", "INTEGER"),
        ("sockenstadnamn", "TEXT"),
    ],
)];
const KOMMUN: [TableSpec; 1] = [table(
    "kommun",
    "MULTIPOLYGON",
    &[
        ("objektidentitet", "TEXT"),
        ("beslutatnamn", "TEXT"),
        ("namnkortform", "TEXT"),
        ("kommunkod", "TEXT"),
    ],
)];
const PROTECTED: [TableSpec; 1] = [table(
    "skyddade_omraden",
    "MULTIPOLYGON",
    &[
        ("nvrid", "TEXT"),
        ("namn", "TEXT"),
        ("skyddstyp", "TEXT"),
        ("zon", "TEXT"),
        ("beslstatus", "TEXT"),
        ("forvaltare", "TEXT"),
    ],
)];
const REMAINS: [TableSpec; 1] = [table(
    "fornlamningar",
    "GEOMETRY",
    &[
        ("lamningsnummer", "TEXT"),
        ("lamningstyp", "TEXT"),
        ("antikvarisk_bedomning", "TEXT"),
        ("osakerhet_m", "INTEGER"),
    ],
)];
const WATER: [TableSpec; 7] = [
    TableSpec {
        name: "va_ledning",
        geometry: "LINESTRING",
        has_z: true,
        columns: &[
            ("ledning_id", "TEXT"),
            ("klass", "TEXT"),
            ("dimension", "INTEGER"),
            ("dim_typ", "TEXT"),
            ("material", "TEXT"),
            ("tryckklass", "TEXT"),
            ("anlaggningsar", "INTEGER"),
            ("status", "TEXT"),
            ("djup", "REAL"),
            ("agare", "TEXT"),
            ("lagesklass", "TEXT"),
            ("lagesfel_m", "REAL"),
            ("fran_nod", "TEXT"),
            ("till_nod", "TEXT"),
            ("vg_in", "REAL"),
            ("vg_ut", "REAL"),
            ("kommunkod", "TEXT"),
            ("zon", "TEXT"),
        ],
    },
    table(
        "va_servis",
        "LINESTRING",
        &[
            ("servis_id", "TEXT"),
            ("klass", "TEXT"),
            ("dimension", "INTEGER"),
            ("material", "TEXT"),
            ("anlaggningsar", "INTEGER"),
            ("status", "TEXT"),
            ("forbindelsepunkt", "TEXT"),
            ("kommunkod", "TEXT"),
        ],
    ),
    table(
        "va_ventil",
        "POINT",
        &[
            ("ventil_id", "TEXT"),
            ("nummer", "TEXT"),
            ("typ", "TEXT"),
            ("dimension", "INTEGER"),
            ("fabrikat", "TEXT"),
            ("stangriktning", "TEXT"),
            ("antal_varv", "INTEGER"),
            ("lage", "TEXT"),
            ("normallage", "TEXT"),
            ("betackning", "TEXT"),
            ("senast_motionerad", "DATE"),
            ("funktion", "TEXT"),
            ("ledning", "TEXT"),
            ("kommunkod", "TEXT"),
        ],
    ),
    table(
        "va_brandpost",
        "POINT",
        &[
            ("brandpost_id", "TEXT"),
            ("nummer", "TEXT"),
            ("typ", "TEXT"),
            ("skyltavstand_m", "REAL"),
            ("status", "TEXT"),
            ("senast_kontroll", "DATE"),
            ("flode_lmin", "INTEGER"),
            ("ledning", "TEXT"),
            ("kommunkod", "TEXT"),
        ],
    ),
    table(
        "va_brunn",
        "POINT",
        &[
            ("brunn_id", "TEXT"),
            ("nummer", "TEXT"),
            ("typ", "TEXT"),
            ("diameter", "INTEGER"),
            ("material", "TEXT"),
            ("betackning", "TEXT"),
            ("lock_ok", "BOOLEAN"),
            ("vg_in", "REAL"),
            ("vg_ut", "REAL"),
            ("djup", "REAL"),
            ("kommunkod", "TEXT"),
        ],
    ),
    table(
        "va_forbindelsepunkt",
        "POINT",
        &[
            ("fp_id", "TEXT"),
            ("registerenhetsreferens", "TEXT"),
            ("djup", "REAL"),
            ("datum", "DATE"),
            ("kommunkod", "TEXT"),
        ],
    ),
    table(
        "va_anlaggning",
        "POINT",
        &[("anlaggning_id", "TEXT"), ("typ", "TEXT"), ("namn", "TEXT"), ("kommunkod", "TEXT")],
    ),
];

/// Tables of the topography file.
pub(crate) mod topo {
    pub(crate) const LAND: usize = 0;
    pub(crate) const WETLAND: usize = 1;
    pub(crate) const FACILITY: usize = 2;
    pub(crate) const ROAD: usize = 3;
    pub(crate) const RAILWAY: usize = 4;
    pub(crate) const HYDRO: usize = 5;
    pub(crate) const CONTOUR: usize = 6;
}

/// Tables of the water network file.
pub(crate) mod water {
    pub(crate) const PIPE: usize = 0;
    pub(crate) const SERVICE: usize = 1;
    pub(crate) const VALVE: usize = 2;
    pub(crate) const HYDRANT: usize = 3;
    pub(crate) const MANHOLE: usize = 4;
    pub(crate) const CONNECTION: usize = 5;
    pub(crate) const PLANT: usize = 6;
}

pub(crate) fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

pub(crate) fn maybe(value: Option<impl Into<String>>) -> Value {
    value.map_or(Value::Null, text)
}

pub(crate) fn whole(value: i64) -> Value {
    Value::Integer(value)
}

/// To the centimetre.
pub(crate) fn real(value: f64) -> Value {
    Value::Real((value * 100.0).round() / 100.0)
}

pub(crate) fn code(home: Home) -> Value {
    text(MUNICIPALITIES[home].code)
}

pub(crate) fn id(uuid: Uuid) -> Value {
    text(uuid.to_string())
}

pub(crate) fn moment(day: &str) -> Value {
    text(format!("{day}T00:00:00.000Z"))
}

/// Every file of a delivery, open under its temporary name.
pub(crate) struct Files {
    dir: PathBuf,
    pub(crate) parcels: Vec<GeoPackage>,
    pub(crate) addresses: Vec<GeoPackage>,
    pub(crate) buildings: Vec<GeoPackage>,
    pub(crate) topography: GeoPackage,
    pub(crate) places: GeoPackage,
    pub(crate) kommun: GeoPackage,
    pub(crate) protected: GeoPackage,
    pub(crate) remains: GeoPackage,
    pub(crate) water: GeoPackage,
    csv: csv::Writer<BufWriter<File>>,
    csv_path: PathBuf,
    names: Vec<String>,
}

/// What a name carries until the delivery is whole.
pub(crate) const UNFINISHED: &str = ".ofardig";

impl Files {
    pub(crate) fn create(dir: &Path) -> Result<Self, DemoError> {
        let mut names = vec![];
        let mut package = |name: String, system: GridSystem, specs: &[TableSpec]| {
            let path = dir.join(format!("{name}{UNFINISHED}"));
            if path.exists() {
                std::fs::remove_file(&path)
                    .map_err(|source| DemoError::Io { path: path.clone(), source })?;
            }
            names.push(name);
            GeoPackage::create(path, system, specs)
        };
        let tm = GridSystem::TM;
        let mut each = |stem: &str, specs: &[TableSpec]| {
            MUNICIPALITIES
                .iter()
                .map(|it| package(format!("{stem}_kn{}.gpkg", it.code), tm, specs))
                .collect::<Result<Vec<_>, _>>()
        };
        let parcels = each("fastighetsindelning", &PARCELS)?;
        let addresses = each("belagenhetsadresser", &ADDRESSES)?;
        let buildings = each("byggnad", &BUILDINGS)?;
        let topography = package("topografi10_18.gpkg".into(), tm, &TOPOGRAPHY)?;
        let places = package("ortnamn_18.gpkg".into(), tm, &PLACES)?;
        let kommun = package("kommun_18.gpkg".into(), tm, &KOMMUN)?;
        let protected = package("skyddade_omraden_18.gpkg".into(), tm, &PROTECTED)?;
        let remains = package("fornlamningar_18.gpkg".into(), tm, &REMAINS)?;
        let water = package("va_ledningsnat.gpkg".into(), GridSystem::ZONE_15_00, &WATER)?;
        let csv_name = format!("belagenhetsadresser_kn{}.csv", MUNICIPALITIES[NORA].code);
        let csv_path = dir.join(format!("{csv_name}{UNFINISHED}"));
        let file = File::create(&csv_path)
            .map_err(|source| DemoError::Io { path: csv_path.clone(), source })?;
        let mut csv = csv::WriterBuilder::new().delimiter(b';').from_writer(BufWriter::new(file));
        csv.write_record(ADDRESS.iter().map(|(name, _)| *name).chain(["n", "e"]))
            .map_err(|source| DemoError::Csv { path: csv_path.clone(), source })?;
        names.push(csv_name);
        Ok(Self {
            dir: dir.to_owned(),
            parcels,
            addresses,
            buildings,
            topography,
            places,
            kommun,
            protected,
            remains,
            water,
            csv,
            csv_path,
            names,
        })
    }

    /// Adds an address to its GeoPackage, and Nora's to the CSV too.
    pub(crate) fn address(
        &mut self,
        home: Home,
        at: Option<Point>,
        values: Vec<Value>,
    ) -> Result<(), DemoError> {
        if home == NORA {
            let mut record: Vec<Vec<u8>> = values.iter().map(as_latin).collect();
            let (n, e) = at.map_or((String::new(), String::new()), |at| {
                let [e_m, n_m] = placed(at, GridSystem::TM);
                (decimal_comma(n_m), decimal_comma(e_m))
            });
            record.extend([n.into_bytes(), e.into_bytes()]);
            self.csv
                .write_record(&record)
                .map_err(|source| DemoError::Csv { path: self.csv_path.clone(), source })?;
        }
        self.addresses[home].insert(0, at.map(Shape::Point), values)
    }

    /// Closes everything and gives the files their names. Answers names and row counts.
    pub(crate) fn finish(mut self, others: &[String]) -> Result<Vec<(String, u64)>, DemoError> {
        let io = |path: &Path, source| DemoError::Io { path: path.to_owned(), source };
        self.csv.flush().map_err(|source| io(&self.csv_path, source))?;
        let mut counts = vec![(String::new(), self.addresses[NORA].n_rows())];
        let packages = self
            .parcels
            .into_iter()
            .chain(self.addresses)
            .chain(self.buildings)
            .chain([self.topography, self.places, self.kommun, self.protected])
            .chain([self.remains, self.water]);
        let mut n_rows = vec![];
        for package in packages {
            n_rows.push(package.n_rows());
            package.finish()?;
        }
        n_rows.push(counts.remove(0).1);
        for name in self.names.iter().chain(others) {
            let from = self.dir.join(format!("{name}{UNFINISHED}"));
            std::fs::rename(&from, self.dir.join(name)).map_err(|source| io(&from, source))?;
        }
        Ok(self.names.into_iter().zip(n_rows).collect())
    }
}

fn decimal_comma(metres: f64) -> String {
    format!("{metres:.3}").replace('.', ",")
}

/// A value in Windows-1252. Every name of a delivery lies in its Latin part.
fn as_latin(value: &Value) -> Vec<u8> {
    let written = match value {
        Value::Null | Value::Blob(_) => String::new(),
        Value::Integer(whole) => whole.to_string(),
        Value::Real(real) => real.to_string().replace('.', ","),
        Value::Text(text) => text.clone(),
    };
    written.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

/// A text file under its temporary name.
pub(crate) struct TextFile {
    path: PathBuf,
    file: BufWriter<File>,
}

impl TextFile {
    pub(crate) fn create(dir: &Path, name: &str) -> Result<Self, DemoError> {
        let path = dir.join(format!("{name}{UNFINISHED}"));
        let file =
            File::create(&path).map_err(|source| DemoError::Io { path: path.clone(), source })?;
        Ok(Self { path, file: BufWriter::new(file) })
    }

    pub(crate) fn write(&mut self, text: &str) -> Result<(), DemoError> {
        self.file
            .write_all(text.as_bytes())
            .map_err(|source| DemoError::Io { path: self.path.clone(), source })
    }

    pub(crate) fn json(&mut self, value: &serde_json::Value) -> Result<(), DemoError> {
        serde_json::to_writer(&mut self.file, value)
            .map_err(|source| DemoError::Json { path: self.path.clone(), source })
    }

    pub(crate) fn finish(mut self) -> Result<(), DemoError> {
        self.file.flush().map_err(|source| DemoError::Io { path: self.path, source })
    }
}
