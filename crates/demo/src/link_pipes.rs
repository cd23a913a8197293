//! Transmission mains along the main roads.

use crate::chance::Chance;
use crate::error::DemoError;
use crate::files::Files;
use crate::network::{Carries, Fitting, Joint, Make, Network};
use crate::plane::{Point, along, beside, distance, path_length, sub, unit};
use crate::town::Node;
use crate::town_pipes::corner;
use crate::world::World;

/// Writes a water main, and over short ways a pumped sewer, along every main road.
pub(crate) fn write(
    world: &World,
    network: &mut Network,
    files: &mut Files,
) -> Result<(), DemoError> {
    for (i, link) in world.roads.links.iter().enumerate() {
        let length_m = path_length(&link.path);
        let lines = [
            (Carries::Water, 7.5 + 1.5 * (i % 3) as f64),
            (Carries::PumpedWaste, -8.0 - 1.5 * (i % 3) as f64),
        ];
        for (carries, aside) in lines {
            if carries == Carries::PumpedWaste && length_m > 18_000.0 {
                continue;
            }
            line(world, i, carries, aside, network, files)?;
        }
    }
    Ok(())
}

fn line(
    world: &World,
    index: usize,
    carries: Carries,
    aside: f64,
    network: &mut Network,
    files: &mut Files,
) -> Result<(), DemoError> {
    let link = &world.roads.links[index];
    let mut chance = Chance::keyed(world.seed, &[140, index as u64, carries as u64]);
    let home = world.sites[link.from.0].home;
    let mut make = Make::draw(&mut chance, carries, true, home, "Överföring");
    if carries == Carries::Water {
        make.dimension_mm = make.dimension_mm.max(200);
    }
    let kind = if carries == Carries::PumpedWaste { Carries::Waste } else { carries };
    let ends = [link.from, link.to].map(|(site, node): (usize, Node)| {
        let town = world.town(site);
        if town.nodes().contains(&node) {
            corner(&town, kind, node)
        } else {
            // The road took the lots of that corner, and the street with them.
            let at = town.node_at(node);
            let near = town
                .nodes()
                .into_iter()
                .min_by(|a, b| {
                    distance(town.node_at(*a), at).total_cmp(&distance(town.node_at(*b), at))
                })
                .unwrap_or(node);
            corner(&town, kind, near)
        }
    });
    let path = thinned(&beside(&link.path, aside));
    let path = &path[1..path.len().max(2) - 1];
    if path.len() < 2 {
        return Ok(());
    }
    let total = path_length(path);
    let (mut valves, mut hydrants) = (vec![], vec![]);
    let mut joint = ends[0].clone();
    let mut from_m = 0.0;
    let mut n = 0;
    loop {
        let to_m = from_m + chance.range(390.0, 540.0);
        let is_last = to_m > total - 200.0;
        let between = stretch(path, from_m, if is_last { total } else { to_m }, n == 0, is_last);
        let next = if is_last {
            ends[1].clone()
        } else {
            Joint { id: network.node(), at: along(path, to_m).0 }
        };
        // The municipality is that of the ground.
        make.home = crate::region::home_at(joint.at).unwrap_or(home);
        let pipe = network.pipe(files, &world.terrain, &make, (&joint, &next), &between)?;
        if is_last {
            break;
        }
        let fitting = Fitting {
            at: next.at,
            pipe,
            dimension_mm: make.dimension_mm,
            home: make.home,
            key: chance.next(),
        };
        match (carries, n % 3) {
            (Carries::Water, 0 | 2) => valves.push(fitting),
            (Carries::Water, _) => hydrants.push(fitting),
            _ => {}
        }
        (joint, from_m) = (next, to_m);
        n += 1;
    }
    network.valves(files, world.seed, ends[0].at, valves)?;
    network.hydrants(files, world.seed, ends[0].at, hydrants)
}

/// Vertices of a path strictly between two places on it; the path's own ends when asked for.
fn stretch(path: &[Point], from_m: f64, to_m: f64, is_first: bool, is_last: bool) -> Vec<Point> {
    let mut out = vec![];
    let mut run = 0.0;
    for (i, at) in path.iter().enumerate() {
        if i > 0 {
            run += distance(path[i - 1], *at);
        }
        let is_end = (is_first && i == 0) || (is_last && i + 1 == path.len());
        if is_end || (run > from_m + 0.5 && run < to_m - 0.5) {
            out.push(*at);
        }
    }
    out
}

/// Without vertices that lie on the line between their neighbours or fold back on it.
fn thinned(path: &[Point]) -> Vec<Point> {
    let mut out: Vec<Point> = vec![];
    for at in path {
        let n = out.len();
        if n >= 2 {
            let (a, b) = (unit(sub(out[n - 1], out[n - 2])), unit(sub(*at, out[n - 1])));
            if a[0] * b[0] + a[1] * b[1] < 0.2 {
                continue;
            }
        }
        if n == 0 || distance(out[n - 1], *at) > 12.0 {
            out.push(*at);
        }
    }
    out
}
