//! The order in which a delivery is written.

use std::path::{Path, PathBuf};

use crate::error::DemoError;
use crate::files::{Files, UNFINISHED, water};
use crate::network::Network;
use crate::plans::Plans;
use crate::world::World;
use crate::{bodies, cells, contours, cover, edge_cases, farms, link_pipes, place_names};
use crate::{topography, town_houses, town_pipes, zones};

/// How much is written, and by which chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DemoOptions {
    /// Share of the region: 1 is the four municipalities, 0.02 a small part around the seats,
    /// above 1 more towns and smaller parcels on the same ground. From 0.02 to 20.
    pub scale: f64,
    /// The same seed and scale give the same content.
    pub seed: u64,
}

impl Default for DemoOptions {
    fn default() -> Self {
        Self { scale: 1.0, seed: 1 }
    }
}

/// One step of the work, told before it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoStep {
    /// The file or town that is being written.
    pub what: String,
    /// How many steps are done, this one not counted.
    pub n_done: usize,
    /// How many steps there are.
    pub n_steps: usize,
}

/// What was written.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoReport {
    /// File names with their rows over all tables, in the order of writing.
    pub files: Vec<(String, u64)>,
    /// Areas of the cadastre.
    pub n_parcel_areas: u64,
    /// Addresses of the four municipalities.
    pub n_addresses: u64,
    /// Buildings, counting every part.
    pub n_buildings: u64,
    /// Detail plans.
    pub n_plans: u64,
    /// Place names.
    pub n_places: u64,
    /// Objects of the topographic map.
    pub n_topography: u64,
    /// Valves, those on services among them.
    pub n_valves: u64,
    /// Hydrants.
    pub n_hydrants: u64,
    /// Length of water mains in metres.
    pub water_m: f64,
    /// Length of waste water mains in metres.
    pub waste_m: f64,
    /// Length of storm water mains in metres.
    pub storm_m: f64,
    /// Pipe ends that miss their node on purpose, by 0.03–0.4 m.
    pub n_unsnapped_ends: u64,
}

/// Writes a synthetic delivery of the four municipalities into a folder.
///
/// The folder is made when it does not exist; a demo delivery in it is replaced. Files carry a
/// temporary name until the delivery is whole.
///
/// # Errors
///
/// [`DemoError`] when the scale is out of range, the folder holds other files, or the file system
/// or a writer refuses.
pub fn write_delivery(
    dir: &Path,
    options: &DemoOptions,
    progress: &mut dyn FnMut(DemoStep),
) -> Result<DemoReport, DemoError> {
    if !(0.02..=20.0).contains(&options.scale) {
        return Err(DemoError::ScaleOutOfRange { scale: options.scale });
    }
    prepare(dir)?;
    let mut n_done = 0;
    let mut n_steps = 8;
    let mut step = |what: &str, n_steps: usize| {
        progress(DemoStep { what: what.to_owned(), n_done, n_steps });
        n_done += 1;
    };
    step("plan", n_steps);
    let world = World::new(options.seed, options.scale);
    n_steps += world.sites.len();
    let mut files = Files::create(dir)?;
    let mut plans = Plans::create(dir)?;
    let mut network = Network::new();
    for index in 0..world.sites.len() {
        step(&world.sites[index].name, n_steps);
        let town = world.town(index);
        town_houses::write(world.seed, &town, &mut files)?;
        town_pipes::write(world.seed, &town, &world.terrain, &mut network, &mut files)?;
        topography::town(&world, &town, &mut files)?;
        plans.town(world.seed, &town)?;
    }
    step("fastighetsindelning", n_steps);
    let plots = farms::lay(&world);
    cells::municipalities(&world, &mut files)?;
    cells::write(&world, &plots, &mut files)?;
    edge_cases::write(&world, &mut files)?;
    step("va_ledningsnat.gpkg", n_steps);
    link_pipes::write(&world, &mut network, &mut files)?;
    step("topografi10_18.gpkg mark", n_steps);
    cover::write(&world, &mut files)?;
    topography::country(&world, &mut files)?;
    step("topografi10_18.gpkg hojdlinje", n_steps);
    contours::write(&world, &mut files)?;
    step("ortnamn_18.gpkg", n_steps);
    place_names::write(&world, &mut files)?;
    zones::write(&world, &mut files)?;
    step("strandskydd_18.shp", n_steps);
    let n_shores = zones::shores(&world, dir)?;
    step("verksamhetsomrade_va.gpkg", n_steps);
    let body_files = bodies::write(&world, dir)?;
    let n_plans = plans.n_plans();
    let plan_files = plans.finish()?;
    let sum = |packages: &[crate::geopackage::GeoPackage]| -> u64 {
        packages.iter().map(|it| it.n_rows_of(0)).sum()
    };
    let mut report = DemoReport {
        files: vec![],
        n_parcel_areas: sum(&files.parcels),
        n_addresses: sum(&files.addresses),
        n_buildings: sum(&files.buildings),
        n_plans,
        n_places: files.places.n_rows(),
        n_topography: files.topography.n_rows(),
        n_valves: files.water.n_rows_of(water::VALVE),
        n_hydrants: files.water.n_rows_of(water::HYDRANT),
        water_m: network.length_m[0],
        waste_m: network.length_m[1],
        storm_m: network.length_m[2],
        n_unsnapped_ends: network.n_unsnapped,
    };
    let mut others: Vec<String> = plan_files.iter().map(|(name, _)| name.clone()).collect();
    others.extend(zones::shore_names());
    others.extend(body_files.iter().map(|(name, _)| name.clone()));
    report.files = files.finish(&others)?;
    report.files.extend(plan_files);
    report.files.push(("strandskydd_18.shp".to_owned(), n_shores));
    report.files.extend(body_files);
    Ok(report)
}

/// Whether a name is one that a delivery uses, finished or not.
fn is_ours(name: &str) -> bool {
    let name = name.strip_suffix(UNFINISHED).unwrap_or(name);
    let stems = [
        "fastighetsindelning_kn",
        "belagenhetsadresser_kn",
        "byggnad_kn",
        "topografi10_18.",
        "ortnamn_18.",
        "kommun_18.",
        "detaljplaner_",
        "strandskydd_18.",
        "skyddade_omraden_18.",
        "fornlamningar_18.",
        "va_ledningsnat.",
    ];
    stems.iter().chain(&bodies::STEMS).any(|stem| name.starts_with(stem))
}

fn prepare(dir: &Path) -> Result<(), DemoError> {
    let fail = |path: &Path| {
        let path: PathBuf = path.to_owned();
        move |source| DemoError::Io { path, source }
    };
    std::fs::create_dir_all(dir).map_err(fail(dir))?;
    for entry in std::fs::read_dir(dir).map_err(fail(dir))? {
        let name = entry.map_err(fail(dir))?.file_name().to_string_lossy().into_owned();
        if !is_ours(&name) {
            return Err(DemoError::FolderNotEmpty { path: dir.to_owned(), found: name });
        }
    }
    Ok(())
}
