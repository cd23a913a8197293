//! The mains under the streets of a town, three side by side, and the services to its lots.

use std::collections::{BTreeMap, BTreeSet};

use crate::chance::Chance;
use crate::error::DemoError;
use crate::files::{Files, code, id, real, text, water};
use crate::geopackage::Shape;
use crate::network::{Carries, Fitting, Joint, Make, Network};
use crate::plane::{Point, add, distance, scaled, sub, unit};
use crate::terrain::Terrain;
use crate::town::{Node, Town, Use};
use crate::town_houses::unit_of;

/// Metres beside the middle of the street, plan metres along both axes.
fn offset(carries: Carries) -> f64 {
    match carries {
        Carries::Water | Carries::RawWater => 1.2,
        Carries::Storm => -1.0,
        _ => 0.0,
    }
}

/// The joint of the water network at a street corner.
pub(crate) fn corner(town: &Town, carries: Carries, (row, column): Node) -> Joint {
    let aside = offset(carries);
    Joint {
        id: format!("{}{}-{row}-{column}", carries.letters(), town.site.key),
        at: town.warp.at(town.columns[column] + aside, town.rows[row] + aside),
    }
}

struct Piece {
    is_row: bool,
    node: Node,
    street: usize,
}

struct Work<'a> {
    seed: u64,
    town: &'a Town,
    terrain: &'a Terrain,
    /// Where services leave the mains, by row piece.
    taps: BTreeMap<Node, Vec<f64>>,
    valves: Vec<Fitting>,
    hydrants: Vec<Fitting>,
}

/// Writes the whole network of one town.
pub(crate) fn write(
    seed: u64,
    town: &Town,
    terrain: &Terrain,
    network: &mut Network,
    files: &mut Files,
) -> Result<(), DemoError> {
    let mut taps: BTreeMap<Node, Vec<f64>> = BTreeMap::new();
    for lot in &town.lots {
        taps.entry((lot.row, lot.column)).or_default().push(lot.mid());
    }
    let mut work = Work { seed, town, terrain, taps, valves: vec![], hydrants: vec![] };
    let rows = town.row_pieces.iter().map(|(node, street)| Piece {
        is_row: true,
        node: *node,
        street: *street,
    });
    let columns = town.column_pieces.iter().map(|(node, street)| Piece {
        is_row: false,
        node: *node,
        street: *street,
    });
    let pieces: Vec<Piece> = rows.chain(columns).collect();
    for piece in &pieces {
        work.water(piece, network, files)?;
    }
    let mut storm_rows = BTreeSet::new();
    for carries in [Carries::Waste, Carries::Storm] {
        let mut seen = BTreeSet::new();
        for piece in &pieces {
            let mut draw =
                Chance::keyed(seed, &[60, town.site.key, piece.street as u64, carries as u64]);
            let share = match (carries, piece.is_row) {
                (Carries::Waste, true) => 1.0,
                (Carries::Waste, false) => 0.95,
                (_, true) if town.site.houses >= 60 => 0.97,
                (_, false) if town.site.houses >= 60 => 0.8,
                _ => 0.0,
            };
            if draw.hits(share) {
                if carries == Carries::Storm && piece.is_row {
                    storm_rows.insert(piece.node);
                }
                work.sewer(piece, carries, &mut seen, network, files)?;
            }
        }
    }
    work.services(&storm_rows, network, files)?;
    work.sources(network, files)?;
    let center = town.site.center;
    network.valves(files, seed, center, std::mem::take(&mut work.valves))?;
    network.hydrants(files, seed, center, std::mem::take(&mut work.hydrants))
}

impl Work<'_> {
    /// A point of a piece: so far along, at the offset of what the pipe carries.
    fn at(&self, piece: &Piece, carries: Carries, t: f64) -> Point {
        let (row, column) = piece.node;
        let aside = offset(carries);
        if piece.is_row {
            self.town.warp.at(t, self.town.rows[row] + aside)
        } else {
            self.town.warp.at(self.town.columns[column] + aside, t)
        }
    }

    fn span(&self, piece: &Piece, carries: Carries) -> (f64, f64) {
        let (row, column) = piece.node;
        let lines = if piece.is_row { &self.town.columns } else { &self.town.rows };
        let from = if piece.is_row { column } else { row };
        (lines[from] + offset(carries), lines[from + 1] + offset(carries))
    }

    fn ends(piece: &Piece) -> (Node, Node) {
        let (row, column) = piece.node;
        (piece.node, if piece.is_row { (row, column + 1) } else { (row + 1, column) })
    }

    fn make(&self, piece: &Piece, carries: Carries) -> Make {
        let mut chance = Chance::keyed(
            self.seed,
            &[61, self.town.site.key, piece.street as u64, carries as u64],
        );
        let is_large = piece.street < 3 && self.town.site.houses > 150;
        let zone = format!("{} lågzon", self.town.site.name);
        let mut make = Make::draw(&mut chance, carries, is_large, self.town.site.home, &zone);
        if carries == Carries::Waste && chance.hits(0.03) {
            make.carries = Carries::Combined;
        }
        make
    }

    /// Vertices strictly between two places along a piece.
    fn vertices(&self, piece: &Piece, carries: Carries, from: f64, to: f64) -> Vec<Point> {
        let shift = match carries {
            Carries::Water => -0.4,
            Carries::Storm => 0.4,
            _ => 0.0,
        };
        let mut ts: Vec<f64> = vec![];
        if piece.is_row {
            ts.extend(self.taps.get(&piece.node).into_iter().flatten().map(|t| t + shift));
        }
        let n = ((to - from) / 22.0).ceil().max(1.0) as usize;
        for i in 1..n {
            let t = from + (to - from) * i as f64 / n as f64;
            // Not right beside a tap: two vertices there would say nothing more.
            if ts.iter().all(|tap| (tap - t).abs() > 5.0) {
                ts.push(t);
            }
        }
        ts.retain(|t| *t > from + 1e-6 && *t < to - 1e-6);
        ts.sort_by(f64::total_cmp);
        ts.dedup();
        ts.into_iter().map(|t| self.at(piece, carries, t)).collect()
    }

    fn water(
        &mut self,
        piece: &Piece,
        network: &mut Network,
        files: &mut Files,
    ) -> Result<(), DemoError> {
        let town = self.town;
        let key =
            [62, town.site.key, u64::from(piece.is_row), piece.node.0 as u64, piece.node.1 as u64];
        let mut chance = Chance::keyed(self.seed, &key);
        let make = self.make(piece, Carries::Water);
        let (from, to) = self.span(piece, Carries::Water);
        let (first, last) = Self::ends(piece);
        let length_m = to - from;
        // (along, true for a valve and false for a hydrant)
        let mut stops: Vec<(f64, bool)> = vec![];
        let arms = |node: Node| town.degree(node);
        let share = |n: usize| match n {
            3.. => 0.96,
            2 => 0.7,
            _ => 0.25,
        };
        if chance.hits(share(arms(first))) {
            stops.push((from + chance.range(6.5, 9.0), true));
        }
        if chance.hits(share(arms(last))) {
            stops.push((to - chance.range(6.5, 9.0), true));
        }
        if length_m > 85.0 && chance.hits(0.85) {
            stops.push((from + length_m * chance.range(0.42, 0.5), true));
        }
        if chance.hits((length_m / 138.0).min(0.97)) {
            stops.push((from + length_m * chance.range(0.55, 0.8), false));
        }
        stops.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut at = from;
        let mut joint = corner(town, Carries::Water, first);
        let end = corner(town, Carries::Water, last);
        for (t, is_valve) in stops {
            let next = Joint { id: network.node(), at: self.at(piece, Carries::Water, t) };
            let between = self.vertices(piece, Carries::Water, at, t);
            let pipe = network.pipe(files, self.terrain, &make, (&joint, &next), &between)?;
            let fitting = Fitting {
                at: next.at,
                pipe,
                dimension_mm: make.dimension_mm,
                home: town.site.home,
                key: chance.next(),
            };
            if is_valve {
                self.valves.push(fitting);
            } else {
                self.hydrants.push(fitting);
            }
            (at, joint) = (t, next);
        }
        let between = self.vertices(piece, Carries::Water, at, to);
        network.pipe(files, self.terrain, &make, (&joint, &end), &between)?;
        // Beside some mains lies the one they replaced, or the one that shall replace them.
        if piece.is_row && chance.hits(0.03) {
            let status = chance.pick(&["slopad", "ur drift", "slopad", "projekterad"]);
            let year = if status == "projekterad" { 2027 } else { 1931 };
            let old = Make {
                status,
                year,
                material: "GJJ",
                placing: "skissad",
                placing_error_m: 2.0,
                ..make
            };
            let point = |t: f64| town.warp.at(t, town.rows[piece.node.0] + 2.3);
            let a = Joint { id: network.node(), at: point(from + 9.0) };
            let b = Joint { id: network.node(), at: point(to - 9.0) };
            let mid = [point(f64::midpoint(from, to))];
            network.pipe(files, self.terrain, &old, (&a, &b), &mid)?;
        }
        Ok(())
    }

    fn sewer(
        &mut self,
        piece: &Piece,
        carries: Carries,
        seen: &mut BTreeSet<Node>,
        network: &mut Network,
        files: &mut Files,
    ) -> Result<(), DemoError> {
        let make = self.make(piece, carries);
        let key =
            [63, self.town.site.key, carries as u64, piece.node.0 as u64, piece.node.1 as u64];
        let mut chance = Chance::keyed(self.seed, &key);
        let (from, to) = self.span(piece, carries);
        let (first, last) = Self::ends(piece);
        let n = ((to - from) / 68.0).round().max(1.0) as usize;
        let mut joints = vec![(from, corner(self.town, carries, first))];
        for i in 1..n {
            let t = from + (to - from) * i as f64 / n as f64;
            joints.push((t, Joint { id: network.node(), at: self.at(piece, carries, t) }));
        }
        joints.push((to, corner(self.town, carries, last)));
        for (i, (_, joint)) in joints.iter().enumerate() {
            let node = if i == 0 {
                Some(first)
            } else if i == n {
                Some(last)
            } else {
                None
            };
            if node.is_none_or(|node| seen.insert(node)) {
                network.manhole(files, &mut chance, self.terrain, &make, joint.at)?;
            }
        }
        for pair in joints.windows(2) {
            let [(a, from), (b, to)] = pair else { continue };
            let mut between = self.vertices(piece, carries, *a, *b);
            // Drawn the way it flows: downhill.
            let is_down = self.terrain.height_m(from.at) >= self.terrain.height_m(to.at);
            let ends = if is_down { (from, to) } else { (to, from) };
            if !is_down {
                between.reverse();
            }
            network.pipe(files, self.terrain, &make, ends, &between)?;
        }
        Ok(())
    }

    fn services(
        &self,
        storm_rows: &BTreeSet<Node>,
        network: &mut Network,
        files: &mut Files,
    ) -> Result<(), DemoError> {
        let town = self.town;
        for (i, lot) in town.lots.iter().enumerate() {
            if lot.purpose == Use::Park {
                continue;
            }
            let mut chance = Chance::keyed(self.seed, &[64, town.site.key, i as u64]);
            let piece = Piece { is_row: true, node: (lot.row, lot.column), street: lot.street };
            // Half a metre into the street from the boundary.
            let at = town.warp.at(lot.mid(), lot.front - lot.sign() * 0.5);
            let name = format!("FP{}-{i:05}", town.site.key);
            let values = vec![
                text(&*name),
                id(unit_of(self.seed, town, lot).property),
                real(chance.range(1.6, 2.2)),
                text(chance.day(1960, 2024)),
                code(town.site.home),
            ];
            files.water.insert(water::CONNECTION, Some(Shape::Point(at)), values)?;
            let mut kinds = vec![("SV", Carries::Water, -0.4), ("SS", Carries::Waste, 0.0)];
            if storm_rows.contains(&piece.node) {
                kinds.push(("SD", Carries::Storm, 0.4));
            }
            for (kind, carries, shift) in kinds {
                let make = self.make(&piece, carries);
                let start = self.at(&piece, carries, lot.mid() + shift);
                network.service(files, &mut chance, (kind, &name), &make, [start, at])?;
            }
        }
        Ok(())
    }

    /// The reservoir above the town, and works and pump station in a seat.
    fn sources(&mut self, network: &mut Network, files: &mut Files) -> Result<(), DemoError> {
        let town = self.town;
        let site = &town.site;
        let nodes = town.nodes();
        let height = |node: &Node| self.terrain.height_m(town.node_at(*node));
        let fewest = nodes.iter().map(|node| town.degree(*node)).min().unwrap_or(1);
        let Some(high) = nodes
            .iter()
            .filter(|node| town.degree(**node) == fewest)
            .max_by(|a, b| height(a).total_cmp(&height(b)))
        else {
            return Ok(());
        };
        let joint = corner(town, Carries::Water, *high);
        let away = unit(sub(joint.at, site.center));
        let away = if distance(joint.at, site.center) < 1.0 { [0.0, 1.0] } else { away };
        let mut place = add(joint.at, scaled(away, 60.0));
        // Not in a lake: nearer until it stands dry.
        while self.terrain.is_wet(place, 1.02) && distance(place, joint.at) > 6.0 {
            place = add(joint.at, scaled(sub(place, joint.at), 0.6));
        }
        let name = format!("{} reservoar", site.name);
        let reservoir = network.plant(files, "Reservoar", &name, site.home, place)?;
        let mut chance = Chance::keyed(self.seed, &[65, site.key]);
        let zone = format!("{} lågzon", site.name);
        let make = Make::draw(&mut chance, Carries::Water, true, site.home, &zone);
        let valve = Joint { id: network.node(), at: crate::plane::between(joint.at, place, 0.5) };
        let pipe = network.pipe(files, self.terrain, &make, (&reservoir, &valve), &[])?;
        network.pipe(files, self.terrain, &make, (&valve, &joint), &[])?;
        self.valves.push(Fitting {
            at: valve.at,
            pipe,
            dimension_mm: make.dimension_mm,
            home: site.home,
            key: chance.next(),
        });
        if site.is_seat {
            let works_at = add(place, scaled(away, 35.0));
            let works = network.plant(
                files,
                "Vattenverk",
                &format!("{} vattenverk", site.name),
                site.home,
                works_at,
            )?;
            network.pipe(files, self.terrain, &make, (&works, &reservoir), &[])?;
            let raw = Make::draw(&mut chance, Carries::RawWater, true, site.home, &zone);
            let well = Joint { id: network.node(), at: add(works_at, scaled(away, 180.0)) };
            let bend = [add(works_at, add(scaled(away, 90.0), [6.0, 4.0]))];
            network.pipe(files, self.terrain, &raw, (&well, &works), &bend)?;
        }
        if let Some(low) = nodes.iter().min_by(|a, b| height(a).total_cmp(&height(b))) {
            let joint = corner(town, Carries::Waste, *low);
            let at = add(joint.at, [3.0, -2.5]);
            let name = format!("{} pumpstation", site.name);
            let pump = network.plant(files, "Pumpstation", &name, site.home, at)?;
            let make = Make::draw(&mut chance, Carries::Waste, true, site.home, &zone);
            network.pipe(files, self.terrain, &make, (&joint, &pump), &[])?;
        }
        Ok(())
    }
}
