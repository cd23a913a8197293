//! Coordinates typed or pasted, in any order and any system that is used here.

use faltkarta_geo::{Bounds, GridSystem};

use crate::text::plain;

/// Numbers read as a position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reading {
    /// Easting and northing on the store's grid, in metres.
    pub(crate) e_m: f64,
    pub(crate) n_m: f64,
    /// The system that the numbers were taken for.
    pub(crate) system: &'static str,
    pub(crate) is_outside: bool,
}

/// A second reading farther than this from the work area is not worth a row.
const SECOND_WITHIN_M: f64 = 100_000.0;

/// All readings, the likely one first; empty when the text is no coordinate.
pub(crate) fn read(text: &str, grid: GridSystem, area: Bounds) -> Vec<Reading> {
    let text = plain(text).to_lowercase();
    let Some((a, b)) = two_numbers(&text) else { return vec![] };
    let inside = |e_m: f64, n_m: f64| area.meets(Bounds::at(e_m, n_m));
    let reading = |e_m: f64, n_m: f64, system: &'static str| Reading {
        e_m,
        n_m,
        system,
        is_outside: !inside(e_m, n_m),
    };
    let is_lat = |it: f64| (54.0..=70.0).contains(&it);
    let is_lon = |it: f64| (9.0..=26.0).contains(&it);
    let degrees = if is_lat(a) && is_lon(b) {
        Some((b, a))
    } else if is_lon(a) && is_lat(b) {
        Some((a, b))
    } else {
        None
    };
    if let Some((lon_deg, lat_deg)) = degrees {
        let (e_m, n_m) = grid.forward_deg(lon_deg, lat_deg);
        return vec![reading(e_m, n_m, "WGS 84")];
    }
    let is_north = |it: f64| (6_000_000.0..=7_900_000.0).contains(&it);
    let is_east = |it: f64| (-100_000.0..=1_000_000.0).contains(&it);
    let (e_m, n_m) = if is_north(a) && is_east(b) {
        (b, a)
    } else if is_north(b) && is_east(a) {
        (a, b)
    } else {
        return vec![];
    };
    let mut systems = vec![grid, GridSystem::TM, GridSystem::ZONE_15_00];
    systems.dedup();
    let mut readings: Vec<Reading> = Vec::new();
    for system in systems {
        if readings.iter().all(|it| it.system != system.name()) {
            let (e_m, n_m) = system.to_grid(grid, e_m, n_m);
            readings.push(reading(e_m, n_m, system.name()));
        }
    }
    // Inside first, then the nearest: national eastings are half a million where local ones are some hundred thousand.
    readings.sort_by(|x, y| beside_m(area, x).total_cmp(&beside_m(area, y)));
    let mut n_kept = 0;
    readings.retain(|it| {
        n_kept += 1;
        n_kept == 1 || beside_m(area, it) <= SECOND_WITHIN_M
    });
    readings
}

fn beside_m(area: Bounds, it: &Reading) -> f64 {
    let de = (area.min_e_m - it.e_m).max(it.e_m - area.max_e_m).max(0.0);
    let dn = (area.min_n_m - it.n_m).max(it.n_m - area.max_n_m).max(0.0);
    de.hypot(dn)
}

/// Exactly two numbers and nothing but the words that go with coordinates.
fn two_numbers(text: &str) -> Option<(f64, f64)> {
    let words_fit =
        text.split(|it: char| !it.is_alphabetic()).filter(|it| !it.is_empty()).all(|it| {
            matches!(
                it,
                "n" | "e" | "ö" | "x" | "y" | "lat" | "lon" | "long" | "m" | "norr" | "öst"
            )
        });
    let chars_fit = text.chars().all(|it| {
        it.is_alphanumeric()
            || matches!(
                it,
                ' ' | ','
                    | ';'
                    | '.'
                    | ':'
                    | '='
                    | '-'
                    | '/'
                    | '°'
                    | '\''
                    | '"'
                    | '″'
                    | '′'
                    | '('
                    | ')'
            )
    });
    if !words_fit || !chars_fit || !text.contains(|it: char| it.is_ascii_digit()) {
        return None;
    }
    if text.contains('°') {
        return sexagesimal(text);
    }
    if text.contains(':') && !text.contains(|it: char| it.is_alphabetic()) {
        // "1:5" is a designation.
        return None;
    }
    let plain_separators: String = text
        .chars()
        .map(|it| if it.is_ascii_digit() || matches!(it, '.' | ',' | '-') { it } else { ' ' })
        .collect();
    // A comma is a decimal comma, or stands between the two numbers; the reading that gives two numbers counts.
    let as_decimal = plain_separators.replace(", ", " ").replace(',', ".");
    let as_separator = plain_separators.replace(',', " ");
    [as_separator, as_decimal].iter().find_map(|it| pair(it)).or_else(|| {
        // "59,5945,15,2286": every second comma is decimal.
        let parts: Vec<&str> = plain_separators.trim().split(',').map(str::trim).collect();
        match parts.as_slice() {
            [a, b, c, d] => pair(&format!("{a}.{b} {c}.{d}")),
            _ => None,
        }
    })
}

fn pair(text: &str) -> Option<(f64, f64)> {
    let groups: Vec<&str> = text.split_whitespace().map(|it| it.trim_matches('.')).collect();
    if let [a, b] = groups.as_slice() {
        return Some((a.parse().ok()?, b.parse().ok()?));
    }
    // Thousands apart: the cut that leaves two well-formed numbers, northing with seven digits among them.
    (1..groups.len()).find_map(|cut| {
        let (a, b) = (grouped(&groups[..cut])?, grouped(&groups[cut..])?);
        let (least, most) = (a.min(b), a.max(b));
        let is_pair = least < 1_000_000.0 && (1_000_000.0..10_000_000.0).contains(&most);
        is_pair.then_some((a, b))
    })
}

/// `6 606 277` or `6606277` or `6 606 277.5`.
fn grouped(groups: &[&str]) -> Option<f64> {
    let is_well_formed = groups.iter().enumerate().all(|(nth, group)| {
        let digits = group.split('.').next().unwrap_or("");
        let is_last = nth + 1 == groups.len();
        digits.bytes().all(|it| it.is_ascii_digit())
            && (groups.len() == 1 || if nth == 0 { digits.len() <= 3 } else { digits.len() == 3 })
            && (is_last || !group.contains('.'))
    });
    if is_well_formed { groups.concat().parse().ok() } else { None }
}

/// Degrees with minutes and seconds: `59°35'40" N 15°13'43" E`, `59° 35.67' 15° 13.72'`.
fn sexagesimal(text: &str) -> Option<(f64, f64)> {
    let halves: Vec<&str> = text.split('°').collect();
    let [first, middle, last] = halves.as_slice() else { return None };
    let middle = numbers_in(middle);
    let (second, minutes) = middle.split_last()?;
    let a = of_minutes(numbers_in(first).pop()?, minutes)?;
    let b = of_minutes(*second, &numbers_in(last))?;
    Some((a, b))
}

fn of_minutes(degrees: f64, below: &[f64]) -> Option<f64> {
    if below.len() > 2 || below.iter().any(|it| !(0.0..60.0).contains(it)) {
        return None;
    }
    let minutes = below.first().copied().unwrap_or(0.0);
    Some(degrees + minutes / 60.0 + below.get(1).copied().unwrap_or(0.0) / 3600.0)
}

fn numbers_in(text: &str) -> Vec<f64> {
    text.replace(", ", " ")
        .replace(',', ".")
        .split(|it: char| !(it.is_ascii_digit() || it == '.'))
        .filter_map(|it| it.trim_matches('.').parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Bounds = Bounds {
        min_e_m: 113_299.0,
        min_n_m: 6_583_836.0,
        max_e_m: 190_162.0,
        max_n_m: 6_667_744.0,
    };

    fn first(text: &str) -> Reading {
        let readings = read(text, GridSystem::ZONE_15_00, AREA);
        assert!(!readings.is_empty(), "{text}");
        readings[0]
    }

    #[test]
    fn the_station_of_lindesberg_is_found_however_it_is_written() {
        for text in [
            "6606277 512909",
            "512909 6606277",
            "512909, 6606277",
            "6606277,512909",
            "N 6606277 E 512909",
            "6 606 277 512 909",
            "N 6 606 277 · E 512 909".replace('·', " ").as_str(),
            "6608920,569 162914,167",
            "6608920.569, 162914.167",
            "162914.167 6608920.569",
            "59.594516, 15.228645",
            "15.228645 59.594516",
            "59,594516 15,228645",
            "59,594516, 15,228645",
            "59,594516,15,228645",
            "59°35'40.26\" N 15°13'43.12\" E",
            "59° 35.671' N, 15° 13.7187' E",
            "lat 59.594516 lon 15.228645",
        ] {
            let it = first(text);
            let off_m = (it.e_m - 162_914.167).hypot(it.n_m - 6_608_920.569);
            assert!(off_m < 1.5, "{text}: {off_m} m off, {it:?}");
            assert!(!it.is_outside, "{text}");
        }
    }

    #[test]
    fn the_system_that_lies_in_the_area_comes_first_and_the_other_is_told() {
        let readings = read("6600379 152143", GridSystem::ZONE_15_00, AREA);
        assert_eq!(readings[0].system, "SWEREF 99 15 00");
        assert!(!readings[0].is_outside);
        let readings = read("6606277 512909", GridSystem::ZONE_15_00, AREA);
        assert_eq!(readings[0].system, "SWEREF 99 TM");
        assert_eq!(readings.len(), 1, "{readings:?}");
    }

    #[test]
    fn a_place_beyond_the_border_is_read_and_marked() {
        assert!(first("59.3293 18.0686").is_outside);
    }

    #[test]
    fn what_is_no_coordinate_is_left_alone() {
        for text in [
            "",
            "12",
            "storgatan 12",
            "rya 1:5",
            "1:5",
            "6606277",
            "711 30",
            "12 14",
            "2024 666",
            "6606277 99999999",
        ] {
            assert_eq!(read(text, GridSystem::ZONE_15_00, AREA), vec![], "{text}");
        }
    }
}
