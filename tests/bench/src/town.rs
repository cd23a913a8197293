//! The demo town at scale 1, from delivery to laptop, each step by the library that the program calls.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use faltkarta_app::{Enrolment, Field, enrol};
use faltkarta_demo::{DemoOptions, write_delivery};
use faltkarta_geo::{EastNorthM, Grid, GridSystem, Position};
use faltkarta_machine::{MachineIds, now};
use faltkarta_model::{DatasetId, IdSource as _, Timestamp};
use faltkarta_server::{ImportOptions, OpenMode, Rim, Serving, import, open_store};
use faltkarta_store::{FileKeyStore, OpenOptions};
use faltkarta_sync_http::HttpLink;
use uuid::Uuid;

use crate::chance::Chance;
use crate::rounds::{Outcome, figure, lone_row, time};

pub(crate) struct MachineRim;

impl Rim for MachineRim {
    fn now(&self) -> Timestamp {
        now()
    }

    fn new_id(&self) -> Uuid {
        MachineIds.next_id()
    }

    fn secret(&self) -> [u8; 32] {
        faltkarta_machine::secret()
    }
}

fn folder() -> Outcome<PathBuf> {
    let cache = std::env::var_os("FALTKARTA_CACHE")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|it| PathBuf::from(it).join(".cache/faltkarta")));
    let folder = cache.ok_or("neither FALTKARTA_CACHE nor HOME is set")?.join("bench");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The delivery at scale 1. It is the same in every run; one that was cut off while being written is written anew.
pub(crate) fn delivery() -> Outcome<PathBuf> {
    let folder = folder()?.join("delivery");
    let whole = folder.join(".whole");
    if !whole.exists() {
        remove(&folder)?;
        let options = DemoOptions::default();
        let (took, _) = time(|| Ok(write_delivery(&folder, &options, &mut |_| {})?))?;
        lone_row("demo delivery, scale 1, written", took, "kept for the next run");
        fs::write(whole, "")?;
    }
    Ok(folder)
}

/// A laptop that holds the whole town.
pub(crate) struct Town {
    pub(crate) delivery: PathBuf,
    pub(crate) store: PathBuf,
    pub(crate) laptop: PathBuf,
}

impl Town {
    /// Imports, packs and enrols, and prints how long each took.
    pub(crate) fn make() -> Outcome<Self> {
        let delivery = delivery()?;
        let (store_dir, laptop) = (folder()?.join("store"), folder()?.join("laptop"));
        remove(&store_dir)?;
        remove(&laptop)?;
        let mode = OpenMode::CreateIfMissing { grid_epsg: GridSystem::ZONE_15_00.epsg() };
        let store = open_store(&store_dir, mode, &MachineRim)?;
        let (took, report) = time(|| {
            Ok(import(
                &store,
                std::slice::from_ref(&delivery),
                &ImportOptions::default(),
                &MachineRim,
            )?)
        })?;
        let n_read: usize = report.datasets.iter().map(|it| it.read as usize).sum();
        let rate = n_read as f64 / took.as_secs_f64();
        let note = format!("{n_read} features, {rate:.0}/s; to reach: 60 s");
        lone_row("import of the whole delivery, scale 1", took, &note);
        let megabytes = bytes_in(&store_dir, "store.sqlite")? as f64 / 1e6;
        figure(
            "store file, scale 1",
            &format!("{megabytes:.0} MB"),
            "with its log; to reach: 400 MB",
        );
        let at = "127.0.0.1:0".parse()?;
        let serving = Serving::start(Arc::new(store), Arc::new(MachineRim), at)?;
        let (took, ()) = time(|| join(&laptop, &format!("http://{}", serving.address())))?;
        drop(serving);
        lone_row("first join, scale 1, with making the package", took, "loopback; to reach: 30 s");
        let megabytes = bytes_in(&laptop, "laptop.sqlite")? as f64 / 1e6;
        figure("laptop file, scale 1", &format!("{megabytes:.0} MB"), "with its log, encrypted");
        Ok(Self { delivery, store: store_dir, laptop })
    }

    pub(crate) fn open(&self) -> Outcome<Field> {
        open(&self.laptop)
    }
}

pub(crate) fn open(laptop: &Path) -> Outcome<Field> {
    let options = OpenOptions::default();
    Ok(Field::open(laptop, &FileKeyStore::new(laptop), &mut MachineIds, &options)?)
}

pub(crate) fn join(laptop: &Path, url: &str) -> Outcome<()> {
    let field = RefCell::new(open(laptop)?);
    let mut link = HttpLink::new(url, None)?;
    let wanted = Enrolment {
        url: url.to_owned(),
        code: None,
        device_name: "bench".to_owned(),
        user_name: "bench".to_owned(),
    };
    Ok(enrol(&field, &mut link, &wanted, &mut now, &mut |_| {})?)
}

fn remove(folder: &Path) -> Outcome<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(())
}

/// Bytes of the files of a folder whose names begin so: a database with its log.
fn bytes_in(folder: &Path, begins: &str) -> Outcome<u64> {
    let mut n_bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(begins) {
            n_bytes += entry.metadata()?.len();
        }
    }
    Ok(n_bytes)
}

/// Points in the town: each within 30 m of a house chosen by chance, easting and northing.
pub(crate) fn points(field: &Field, n: usize) -> Outcome<Vec<(f64, f64)>> {
    let mut houses = vec![];
    field.store().for_each_feature(&DatasetId::parse("building")?, &mut |it| {
        let bounds = it.feature.geometry.as_ref().and_then(faltkarta_geo::Geometry::bounds);
        houses.extend(bounds.map(faltkarta_geo::Bounds::middle));
        true
    })?;
    let mut chance = Chance::new(11);
    Ok((0..n)
        .map(|_| {
            let (e, n) = houses[chance.below(houses.len())];
            (e + chance.between(-30.0, 30.0), n + chance.between(-30.0, 30.0))
        })
        .collect())
}

pub(crate) fn position((e_m, n_m): (f64, f64)) -> Outcome<Position<Grid>> {
    Ok(Position::<Grid>::parse(EastNorthM { e_m, n_m })?)
}
