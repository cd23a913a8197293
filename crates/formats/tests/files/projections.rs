//! Our projections beside those of PROJ, as `gdaltransform` has them.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use faltkarta_formats::Placement;
use faltkarta_geo::GridSystem;

/// Points of the comparison; `FALTKARTA_ORACLE_POINTS` says more.
const N_POINTS: usize = 10_000;
/// The most that ours may lie beside PROJ's.
const TOLERANCE_M: f64 = 0.0001;

/// The same numbers in every run. Source: Marsaglia, "Xorshift RNGs".
struct Chance(u64);

impl Chance {
    fn between(&mut self, least: f64, most: f64) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        least + (most - least) * (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// What PROJ makes of positions, first ordinate first; `None`, with the reason printed, where GDAL is not installed.
fn proj(from: &str, to: &str, points: &[(f64, f64)]) -> Option<Vec<(f64, f64)>> {
    let child = Command::new("gdaltransform")
        .args(["-s_srs", from, "-t_srs", to, "-output_xy"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "gdaltransform: {error}");
            println!("skipped: gdaltransform is not installed (gdal-bin)");
            return None;
        }
    };
    let mut text = String::new();
    for (x, y) in points {
        writeln!(text, "{x} {y}").unwrap();
    }
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let moved: Vec<(f64, f64)> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| {
            let (x, y) = line.split_once(' ').unwrap();
            (x.parse().unwrap(), y.parse().unwrap())
        })
        .collect();
    assert_eq!(moved.len(), points.len());
    Some(moved)
}

fn n_points() -> usize {
    let asked = std::env::var("FALTKARTA_ORACLE_POINTS").ok().and_then(|it| it.parse().ok());
    asked.unwrap_or(N_POINTS)
}

fn places(seed: u64, n: usize) -> Vec<(f64, f64)> {
    let mut chance = Chance(seed);
    (0..n).map(|_| (chance.between(10.5, 24.5), chance.between(55.0, 69.5))).collect()
}

#[test]
fn the_sweref_99_family_agrees_with_proj_there_and_back() {
    for epsg in 3006..=3018 {
        let grid = GridSystem::from_epsg(epsg).unwrap();
        let places = places(u64::from(epsg), n_points() / 13);
        let Some(moved) = proj("EPSG:4619", &format!("EPSG:{epsg}"), &places) else { return };
        for ((lon_deg, lat_deg), (e_m, n_m)) in places.iter().zip(moved) {
            let own = grid.forward_deg(*lon_deg, *lat_deg);
            let off = (own.0 - e_m).hypot(own.1 - n_m);
            assert!(off < TOLERANCE_M, "EPSG:{epsg} {lon_deg} {lat_deg}: {off}");
            let (lon_back, lat_back) = grid.inverse_deg(e_m, n_m);
            let off_deg = (lon_back - lon_deg).abs().max((lat_back - lat_deg).abs());
            assert!(off_deg < 1e-9, "EPSG:{epsg} {lon_deg} {lat_deg}: {off_deg}°");
        }
    }
}

#[test]
fn rt_90_and_utm_agree_with_proj() {
    // EPSG:3845–3850 are RT 90 by the same parameters as ours.
    for epsg in (3845..=3850).chain(25832..=25834).chain(32632..=32634) {
        let places = places(u64::from(epsg), n_points() / 12);
        let Some(moved) = proj("EPSG:4258", &format!("EPSG:{epsg}"), &places) else { return };
        let from = Placement::forced(epsg, &[]).unwrap();
        for ((lon_deg, lat_deg), (x, y)) in places.iter().zip(moved) {
            let own = from.to_grid(GridSystem::TM, x, y);
            let direct = GridSystem::TM.forward_deg(*lon_deg, *lat_deg);
            let off = (own.0 - direct.0).hypot(own.1 - direct.1);
            assert!(off < 0.001, "EPSG:{epsg} {lon_deg} {lat_deg}: {off}");
        }
    }
}

#[test]
fn rt_90_through_the_old_ellipsoid_lies_within_a_metre() {
    for epsg in 3019..=3024 {
        let places = places(u64::from(epsg), 100);
        let Some(moved) = proj("EPSG:4619", &format!("EPSG:{epsg}"), &places) else { return };
        let from = Placement::forced(epsg, &[]).unwrap();
        for ((lon_deg, lat_deg), (x, y)) in places.iter().zip(moved) {
            let own = from.to_grid(GridSystem::TM, x, y);
            let direct = GridSystem::TM.forward_deg(*lon_deg, *lat_deg);
            let off = (own.0 - direct.0).hypot(own.1 - direct.1);
            assert!(off < 1.0, "EPSG:{epsg} {lon_deg} {lat_deg}: {off}");
        }
    }
}
