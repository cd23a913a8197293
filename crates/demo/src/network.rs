//! The water network: pipes between nodes, with valves, hydrants and manholes on the nodes.

use rusqlite::types::Value;

use crate::chance::Chance;
use crate::error::DemoError;
use crate::files::{Files, code, maybe, real, text, water, whole};
use crate::geopackage::Shape;
use crate::plane::{Point, add, distance, left, scaled, sub, unit};
use crate::region::Home;
use crate::terrain::Terrain;

/// Counts that run over the whole delivery, so that ids and numbers stay unique.
#[derive(Debug)]
pub(crate) struct Network {
    next_pipe: u64,
    next_node: u64,
    next_service: u64,
    next_valve: u64,
    next_service_valve: u64,
    next_hydrant: u64,
    next_manhole: u64,
    next_plant: u64,
    /// Pipe ends that miss their node on purpose.
    pub(crate) n_unsnapped: u64,
    /// Metres of water, waste water and storm water mains.
    pub(crate) length_m: [f64; 3],
}

/// What a pipe carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carries {
    Water,
    RawWater,
    Waste,
    PumpedWaste,
    Storm,
    Combined,
}

impl Carries {
    pub(crate) fn letters(self) -> &'static str {
        match self {
            Self::Water => "V",
            Self::RawWater => "RV",
            Self::Waste => "S",
            Self::PumpedWaste => "TS",
            Self::Storm => "D",
            Self::Combined => "K",
        }
    }
}

/// What the pipes of one street have in common.
#[derive(Debug, Clone)]
pub(crate) struct Make {
    pub(crate) carries: Carries,
    pub(crate) dimension_mm: i64,
    pub(crate) material: &'static str,
    pub(crate) year: i64,
    pub(crate) status: &'static str,
    pub(crate) owner: &'static str,
    pub(crate) depth_m: f64,
    pub(crate) placing: &'static str,
    pub(crate) placing_error_m: f64,
    pub(crate) home: Home,
    pub(crate) zone: String,
}

impl Make {
    pub(crate) fn draw(
        chance: &mut Chance,
        carries: Carries,
        is_large: bool,
        home: Home,
        zone: &str,
    ) -> Self {
        let year = chance.whole(1952, 2019);
        let (material, dimension_mm) = match carries {
            Carries::Water | Carries::RawWater => {
                let material = match year {
                    ..1968 => "GJJ",
                    1968..1984 => "SEG",
                    1984..1999 => "PVC",
                    _ => "PE",
                };
                let sizes: &[i64] = match (is_large, material) {
                    (true, "PE") => &[180, 225, 315],
                    (true, _) => &[150, 200, 250],
                    (false, "GJJ" | "SEG") => &[100, 110, 150],
                    (false, "PVC") => &[110, 110, 160],
                    (false, _) => &[63, 90, 110, 125],
                };
                (material, chance.pick(sizes))
            }
            Carries::PumpedWaste => ("PE", chance.pick(&[90, 110, 160])),
            _ => {
                let material = if year < 1985 { "BTG" } else { "PP" };
                let sizes: &[i64] = match (carries, is_large) {
                    (Carries::Storm, true) => &[400, 500, 600],
                    (Carries::Storm, false) => &[225, 300, 400],
                    (_, true) => &[300, 400],
                    (_, false) => &[200, 225, 250],
                };
                (material, chance.pick(sizes))
            }
        };
        let (placing, placing_error_m) = match chance.below(100) {
            0..55 => ("inmätt", chance.range(0.02, 0.1)),
            55..93 => ("digitaliserad", chance.range(0.3, 0.8)),
            93..98 => ("skissad", chance.range(1.0, 3.0)),
            _ => ("osäker", chance.range(2.0, 6.0)),
        };
        let depth_m = match carries {
            Carries::Water | Carries::RawWater | Carries::PumpedWaste => chance.range(1.7, 2.1),
            Carries::Storm => chance.range(2.0, 2.4),
            _ => chance.range(2.3, 2.9),
        };
        Self {
            carries,
            dimension_mm,
            material,
            year,
            status: "i drift",
            owner: "kommunal",
            depth_m,
            placing,
            placing_error_m,
            home,
            zone: zone.to_owned(),
        }
    }

    /// How the dimension is meant, by material.
    fn dimension_kind(&self) -> &'static str {
        match self.material {
            "PE" | "PVC" | "PP" => "ytter",
            "BTG" => "inner",
            _ => "DN",
        }
    }

    fn pressure(&self) -> Option<&'static str> {
        match (self.carries, self.material) {
            (Carries::Water | Carries::RawWater | Carries::PumpedWaste, "PE") => Some("PN10 SDR17"),
            (Carries::Water | Carries::RawWater, _) => Some("PN10"),
            _ => None,
        }
    }
}

/// A place where pipes meet.
#[derive(Debug, Clone)]
pub(crate) struct Joint {
    pub(crate) id: String,
    pub(crate) at: Point,
}

/// A valve, hydrant or manhole that still lacks its number.
#[derive(Debug, Clone)]
pub(crate) struct Fitting {
    pub(crate) at: Point,
    pub(crate) pipe: String,
    pub(crate) dimension_mm: i64,
    pub(crate) home: Home,
    /// Chance of its own.
    pub(crate) key: u64,
}

impl Network {
    pub(crate) fn new() -> Self {
        Self {
            next_pipe: 1,
            next_node: 1,
            next_service: 1,
            next_valve: 101,
            next_service_valve: 1,
            next_hydrant: 101,
            next_manhole: 1,
            next_plant: 1,
            n_unsnapped: 0,
            length_m: [0.0; 3],
        }
    }

    pub(crate) fn node(&mut self) -> String {
        self.next_node += 1;
        format!("N{:06}", self.next_node - 1)
    }

    /// Writes one pipe between two joints, along the points between them. Answers its id.
    pub(crate) fn pipe(
        &mut self,
        files: &mut Files,
        terrain: &Terrain,
        make: &Make,
        (from, to): (&Joint, &Joint),
        between: &[Point],
    ) -> Result<String, DemoError> {
        let name = format!("{}{:06}", make.carries.letters(), self.next_pipe);
        let mut chance = Chance::keyed(self.next_pipe, &[50]);
        self.next_pipe += 1;
        let mut path = vec![from.at];
        path.extend_from_slice(between);
        path.push(to.at);
        let length_m: f64 = path.windows(2).map(|w| distance(w[0], w[1])).sum();
        match make.carries {
            Carries::Water | Carries::RawWater => self.length_m[0] += length_m,
            Carries::Storm => self.length_m[2] += length_m,
            _ => self.length_m[1] += length_m,
        }
        // A few ends miss their node: the network as it was digitised, not as it was laid.
        let n = path.len();
        let is_missing = self.next_pipe % 311 == 17 && distance(path[n - 2], path[n - 1]) > 2.0;
        if is_missing {
            self.n_unsnapped += 1;
            let direction = unit(sub(path[n - 1], path[n - 2]));
            let aside = add(scaled(direction, -0.7), scaled(left(direction), 0.7));
            path[n - 1] = add(path[n - 1], scaled(aside, chance.range(0.04, 0.38)));
        }
        let level = |at: Point| terrain.height_m(at) - make.depth_m;
        let (start, end) = (level(from.at), level(to.at));
        let solid: Vec<[f64; 3]> = path.iter().map(|at| [at[0], at[1], level(*at)]).collect();
        let is_gravity =
            matches!(make.carries, Carries::Waste | Carries::Storm | Carries::Combined);
        let levels = if is_gravity { (real(start), real(end)) } else { (Value::Null, Value::Null) };
        let (placing, error_m) =
            if is_missing { ("skissad", 1.0) } else { (make.placing, make.placing_error_m) };
        let values = vec![
            text(&*name),
            text(make.carries.letters()),
            whole(make.dimension_mm),
            text(make.dimension_kind()),
            text(make.material),
            maybe(make.pressure()),
            if chance.hits(0.01) { Value::Null } else { whole(make.year) },
            text(make.status),
            real(make.depth_m),
            text(make.owner),
            text(placing),
            real(error_m),
            text(&*from.id),
            text(&*to.id),
            levels.0,
            levels.1,
            code(make.home),
            text(&*make.zone),
        ];
        files.water.insert(water::PIPE, Some(Shape::LineZ(&solid)), values)?;
        Ok(name)
    }

    /// Numbers valves nearest a point first and writes them.
    pub(crate) fn valves(
        &mut self,
        files: &mut Files,
        seed: u64,
        center: Point,
        mut fittings: Vec<Fitting>,
    ) -> Result<(), DemoError> {
        fittings.sort_by(|a, b| distance(a.at, center).total_cmp(&distance(b.at, center)));
        for fitting in fittings {
            let mut chance = Chance::keyed(seed, &[51, fitting.key]);
            let number = format!("AV-{}", self.next_valve);
            self.next_valve += 1;
            let row = valve(&mut chance, &number, "avstängning", &fitting);
            files.water.insert(water::VALVE, Some(Shape::Point(fitting.at)), row)?;
        }
        Ok(())
    }

    /// Numbers hydrants nearest a point first and writes them.
    pub(crate) fn hydrants(
        &mut self,
        files: &mut Files,
        seed: u64,
        center: Point,
        mut fittings: Vec<Fitting>,
    ) -> Result<(), DemoError> {
        fittings.sort_by(|a, b| distance(a.at, center).total_cmp(&distance(b.at, center)));
        for fitting in fittings {
            let mut chance = Chance::keyed(seed, &[52, fitting.key]);
            let number = self.next_hydrant;
            self.next_hydrant += 1;
            let values = vec![
                text(format!("BP{number:05}")),
                text(format!("BP {number}")),
                text(if chance.hits(0.12) { "ovan" } else { "mark" }),
                real(chance.range(1.0, 9.0)),
                text(if chance.hits(0.03) { "ur funktion" } else { "i drift" }),
                text(chance.day(2018, 2025)),
                whole(chance.whole(60, 180) * 10),
                text(fitting.pipe),
                code(fitting.home),
            ];
            files.water.insert(water::HYDRANT, Some(Shape::Point(fitting.at)), values)?;
        }
        Ok(())
    }

    pub(crate) fn manhole(
        &mut self,
        files: &mut Files,
        chance: &mut Chance,
        terrain: &Terrain,
        make: &Make,
        at: Point,
    ) -> Result<(), DemoError> {
        let number = self.next_manhole;
        self.next_manhole += 1;
        let kind = match (make.carries, chance.below(10)) {
            (Carries::Storm, 0..3) => "DB",
            (Carries::Storm, _) => "DNB",
            (_, 0..3) => "TB",
            _ => "SNB",
        };
        let bottom = terrain.height_m(at) - make.depth_m;
        let is_small = kind == "TB" || kind == "DB";
        let values = vec![
            text(format!("B{number:06}")),
            text(format!("{kind}-{number}")),
            text(kind),
            whole(if is_small { 400 } else { 1000 }),
            text(if make.year < 1990 { "BTG" } else { "PP" }),
            text(chance.pick(&["Flytande", "Fast", "Gallerbetäckning"])),
            whole(i64::from(!chance.hits(0.04))),
            real(bottom + 0.05),
            real(bottom),
            real(make.depth_m),
            code(make.home),
        ];
        files.water.insert(water::MANHOLE, Some(Shape::Point(at)), values)
    }

    /// Writes a service pipe, and now and then a valve at its middle.
    pub(crate) fn service(
        &mut self,
        files: &mut Files,
        chance: &mut Chance,
        (kind, connection): (&'static str, &str),
        make: &Make,
        path: [Point; 2],
    ) -> Result<(), DemoError> {
        let name = format!("{kind}{:06}", self.next_service);
        self.next_service += 1;
        let (dimension, material) = match kind {
            "SV" => (chance.pick(&[32, 32, 40, 63]), if make.year < 1975 { "KU" } else { "PE" }),
            "SS" => (110, if make.year < 1980 { "BTG" } else { "PVC" }),
            _ => (110, if make.year < 1980 { "BTG" } else { "PP" }),
        };
        let values = vec![
            text(&*name),
            text(kind),
            whole(dimension),
            text(material),
            whole(make.year),
            text("i drift"),
            text(connection),
            code(make.home),
        ];
        files.water.insert(water::SERVICE, Some(Shape::Line(&path)), values)?;
        if kind == "SV" && chance.hits(0.17) {
            let fitting = Fitting {
                at: crate::plane::between(path[0], path[1], 0.85),
                pipe: name,
                dimension_mm: dimension,
                home: make.home,
                key: 0,
            };
            let number = format!("SERV-{:02}", self.next_service_valve);
            self.next_service_valve += 1;
            let row = valve(chance, &number, "servis", &fitting);
            files.water.insert(water::VALVE, Some(Shape::Point(fitting.at)), row)?;
        }
        Ok(())
    }

    /// Writes a reservoir, works or pump station; answers the joint at its place.
    pub(crate) fn plant(
        &mut self,
        files: &mut Files,
        kind: &str,
        name: &str,
        home: Home,
        at: Point,
    ) -> Result<Joint, DemoError> {
        let id = format!("A{:04}", self.next_plant);
        self.next_plant += 1;
        let values = vec![text(&*id), text(kind), text(name), code(home)];
        files.water.insert(water::PLANT, Some(Shape::Point(at)), values)?;
        Ok(Joint { id, at })
    }
}

fn valve(chance: &mut Chance, number: &str, kind: &str, fitting: &Fitting) -> Vec<Value> {
    let is_shut = chance.hits(0.015);
    let function = match chance.below(100) {
        0..72 => "fungerar",
        72..82 => "trög",
        82..86 => "ej stängbar",
        _ => "okänd",
    };
    let exercised = if function == "okänd" { Value::Null } else { text(chance.day(2014, 2025)) };
    vec![
        text(format!("V-{number}")),
        text(number),
        text(kind),
        whole(fitting.dimension_mm),
        text(chance.pick(&["AVK", "Hawle", "VAG", "Okänt"])),
        text(if chance.hits(0.84) { "hö" } else { "vä" }),
        whole(chance.whole(9, 32)),
        text(if is_shut { "stängd" } else { "öppen" }),
        text(if is_shut && chance.hits(0.7) { "stängd" } else { "öppen" }),
        text(chance.pick(&["Flytande", "Fast", "Saknas"])),
        exercised,
        text(function),
        text(&*fitting.pipe),
        code(fitting.home),
    ]
}
