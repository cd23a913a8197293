//! Roads between towns and to the villages, as one network that merges on its way.

use std::collections::{BTreeMap, BTreeSet};

use crate::chance::Chance;
use crate::names;
use crate::plane::{Point, distance, rounded};
use crate::region::{Home, country_rank, home_at};
use crate::routes::{Grid, Square};
use crate::terrain::Terrain;
use crate::town::{Node, Town};

/// What the later steps keep of a town's plan.
#[derive(Debug)]
pub(crate) struct TownRoom {
    pub(crate) nodes: Vec<(Node, usize, Point)>,
    pub(crate) squares: BTreeSet<Square>,
}

impl TownRoom {
    pub(crate) fn of(town: &Town) -> Self {
        let mut squares = BTreeSet::new();
        for lot in &town.lots {
            squares.extend(lot.ring.iter().filter_map(|at| Grid::at(*at)));
        }
        let nodes: Vec<_> = town
            .nodes()
            .into_iter()
            .map(|node| (node, town.degree(node), town.node_at(node)))
            .collect();
        squares.extend(nodes.iter().filter_map(|(_, _, at)| Grid::at(*at)));
        Self { nodes, squares }
    }
}

/// A road from one town to another.
#[derive(Debug)]
pub(crate) struct Link {
    /// Index of the site and corner where it begins, and where it ends.
    pub(crate) from: (usize, Node),
    pub(crate) to: (usize, Node),
    pub(crate) path: Vec<Point>,
}

/// How large a country road is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    Small,
    Lesser,
    Main,
}

/// A run of road between two junctions.
#[derive(Debug)]
pub(crate) struct Road {
    pub(crate) rank: Rank,
    pub(crate) path: Vec<Point>,
}

/// A village without a street plan.
#[derive(Debug, Clone)]
pub(crate) struct Village {
    pub(crate) name: String,
    pub(crate) at: Point,
    pub(crate) home: Home,
}

/// All roads outside the towns.
#[derive(Debug)]
pub(crate) struct Roads {
    pub(crate) links: Vec<Link>,
    pub(crate) stretches: Vec<Road>,
    pub(crate) villages: Vec<Village>,
    /// Where roads enter towns: site index and the last stretch.
    pub(crate) gates: Vec<(usize, Vec<Point>)>,
}

/// Pairs of towns with a main road, by the keys of their sites.
const PAIRS: [(u64, u64); 24] = [
    (0, 1),
    (0, 10),
    (10, 4),
    (4, 5),
    (0, 13),
    (13, 6),
    (6, 8),
    (8, 3),
    (3, 12),
    (12, 11),
    (1, 9),
    (1, 15),
    (1, 16),
    (1, 17),
    (15, 7),
    (7, 2),
    (2, 18),
    (18, 8),
    (0, 14),
    (6, 19),
    (0, 5),
    (2, 11),
    (9, 7),
    (16, 0),
];

impl Roads {
    pub(crate) fn new(
        seed: u64,
        scale: f64,
        grid: &Grid,
        terrain: &Terrain,
        towns: &[(u64, TownRoom)],
        country_reach: f64,
    ) -> Self {
        let mut owner: BTreeMap<Square, usize> = BTreeMap::new();
        for (i, (_, room)) in towns.iter().enumerate() {
            owner.extend(room.squares.iter().map(|square| (*square, i)));
        }
        let mut out = Self { links: vec![], stretches: vec![], villages: vec![], gates: vec![] };
        let mut edges: BTreeMap<(Square, Square), Rank> = BTreeMap::new();
        let mut tails: Vec<(Rank, Vec<Point>)> = vec![];
        for (a, b) in PAIRS {
            let find = |key| towns.iter().position(|(it, _)| *it == key);
            let (Some(a), Some(b)) = (find(a), find(b)) else { continue };
            let heart = |i: usize| {
                Grid::at(crate::plane::middle(
                    &towns[i].1.nodes.iter().map(|it| it.2).collect::<Vec<_>>(),
                ))
            };
            let (Some(start), Some(goal)) = (heart(a), heart(b)) else { continue };
            let extra = |square: Square| match owner.get(&square) {
                Some(town) if *town == a || *town == b => 0.6,
                Some(_) => 30.0,
                None => 1.0,
            };
            let Some(way) = grid.way(start, goal, extra) else { continue };
            // Below scale 1 only what lies in the written country.
            if way.iter().any(|square| country_rank(Grid::center(*square)) > country_reach) {
                continue;
            }
            let last_in_a = way.iter().rposition(|it| owner.get(it) == Some(&a)).unwrap_or(0);
            let first_in_b = way
                .iter()
                .skip(last_in_a + 1)
                .position(|it| owner.get(it) == Some(&b))
                .map_or(way.len() - 1, |at| at + last_in_a + 1);
            let outside: Vec<Square> = way[last_in_a + 1..first_in_b].to_vec();
            let (Some(first), Some(last)) = (outside.first(), outside.last()) else { continue };
            for pair in outside.windows(2) {
                edges.insert((pair[0].min(pair[1]), pair[0].max(pair[1])), Rank::Main);
            }
            let gate = |town: usize, square: Square| nearest(&towns[town].1, grid.knot(square));
            let (from, to) = (gate(a, *first), gate(b, *last));
            let mut path = vec![from.1];
            path.extend(outside.iter().map(|square| grid.knot(*square)));
            path.push(to.1);
            for (town, at, square) in [(a, from.1, *first), (b, to.1, *last)] {
                let tail = vec![at, grid.knot(square)];
                let mut way = vec![at];
                let knots = outside.iter().map(|it| grid.knot(*it));
                if town == a {
                    way.extend(knots.take(4));
                } else {
                    way.extend(knots.rev().take(4));
                }
                out.gates.push((town, rounded(&way, 3)));
                tails.push((Rank::Main, tail));
            }
            out.links.push(Link { from: (a, from.0), to: (b, to.0), path: rounded(&path, 3) });
        }
        // Towns that no main road reaches join the tree by their nearest corner.
        let linked: BTreeSet<usize> = out.gates.iter().map(|(town, _)| *town).collect();
        let mut starts: BTreeSet<Square> = edges.keys().flat_map(|(a, b)| [*a, *b]).collect();
        if starts.is_empty() {
            for (_, room) in towns {
                starts.extend(
                    room.squares
                        .iter()
                        .flat_map(|it| Grid::neighbors(*it))
                        .map(|it| it.0)
                        .filter(|it| !owner.contains_key(it) && grid.is_open(*it))
                        .take(1),
                );
            }
        }
        let extra = |square: Square| {
            let is_far = country_rank(Grid::center(square)) > country_reach;
            if owner.contains_key(&square) || is_far { f64::INFINITY } else { 1.0 }
        };
        let tree = grid.spread(&starts, None, extra);
        let mut flow: BTreeMap<Square, u32> = BTreeMap::new();
        let mut join = |from: Square, weight: u32, edges: &mut BTreeMap<(Square, Square), Rank>| {
            let mut at = from;
            while let Some(next) = tree.get(&at) {
                *flow.entry(at).or_default() += weight;
                edges.entry((at.min(*next), at.max(*next))).or_insert(Rank::Small);
                at = *next;
            }
        };
        for (i, (_, room)) in towns.iter().enumerate() {
            if linked.contains(&i) {
                continue;
            }
            let gate = room
                .squares
                .iter()
                .flat_map(|square| Grid::neighbors(*square))
                .map(|(square, _)| square)
                .find(|it| tree.contains_key(it) || starts.contains(it));
            if let Some(square) = gate {
                let (_, at) = nearest(room, grid.knot(square));
                let tail = vec![at, grid.knot(square)];
                out.gates.push((i, tail.clone()));
                tails.push((Rank::Lesser, tail));
                join(square, 20, &mut edges);
            }
        }
        for (name, square) in villages(seed, scale, terrain, &tree, country_reach) {
            join(square, 1, &mut edges);
            let at = grid.knot(square);
            if let Some(home) = home_at(Grid::center(square)) {
                out.villages.push(Village { name, at, home });
            }
        }
        for ((a, b), rank) in &mut edges {
            let busy = flow.get(a).copied().unwrap_or(0).min(flow.get(b).copied().unwrap_or(0));
            if *rank == Rank::Small && busy >= 9 {
                *rank = Rank::Lesser;
            }
        }
        out.stretches = chains(grid, &edges);
        out.stretches.extend(tails.into_iter().map(|(rank, path)| Road { rank, path }));
        out
    }
}

/// Names and squares of the villages, on ground that a road can reach.
fn villages(
    seed: u64,
    scale: f64,
    terrain: &Terrain,
    tree: &BTreeMap<Square, Square>,
    country_reach: f64,
) -> Vec<(String, Square)> {
    let mut chance = Chance::keyed(seed, &[71]);
    let wanted = (640.0 * scale.min(8.0)) as usize;
    let gap = 500.0 / scale.max(1.0).sqrt();
    let mut places: Vec<Point> = vec![];
    let mut out = vec![];
    for _ in 0..wanted * 60 {
        if out.len() >= wanted {
            break;
        }
        let at = [chance.range(113e3, 190e3), chance.range(6_583.5e3, 6_668e3)];
        let Some(square) = Grid::at(at).filter(|it| tree.contains_key(it)) else { continue };
        let is_near = places.iter().any(|it| distance(*it, at) < gap);
        if is_near || country_rank(at) > country_reach || terrain.is_wet(at, 1.2) {
            continue;
        }
        places.push(at);
        out.push((names::place(seed.wrapping_add(901), out.len()), square));
    }
    out
}

fn nearest(room: &TownRoom, at: Point) -> (Node, Point) {
    room.nodes
        .iter()
        // A dead end is a better gate than a busy corner.
        .min_by(|a, b| {
            let cost = |it: &(Node, usize, Point)| distance(it.2, at) + 25.0 * it.1 as f64;
            cost(a).total_cmp(&cost(b))
        })
        .map_or(((0, 0), at), |it| (it.0, it.2))
}

/// Cuts the edges into runs from junction to junction, each one smooth.
fn chains(grid: &Grid, edges: &BTreeMap<(Square, Square), Rank>) -> Vec<Road> {
    let mut next: BTreeMap<Square, Vec<(Square, Rank)>> = BTreeMap::new();
    for ((a, b), rank) in edges {
        next.entry(*a).or_default().push((*b, *rank));
        next.entry(*b).or_default().push((*a, *rank));
    }
    let is_plain = |square: &Square| {
        let arms = &next[square];
        arms.len() == 2 && arms[0].1 == arms[1].1
    };
    let mut done: BTreeSet<(Square, Square)> = BTreeSet::new();
    let mut roads = vec![];
    for (start, arms) in &next {
        if is_plain(start) {
            continue;
        }
        for (second, rank) in arms {
            if !done.insert((*start.min(second), *start.max(second))) {
                continue;
            }
            let mut run = vec![*start, *second];
            while is_plain(&run[run.len() - 1]) {
                let (at, from) = (run[run.len() - 1], run[run.len() - 2]);
                let Some((onward, _)) = next[&at].iter().find(|(it, _)| *it != from) else { break };
                if !done.insert((at.min(*onward), at.max(*onward))) {
                    break;
                }
                run.push(*onward);
            }
            let knots: Vec<Point> = run.iter().map(|square| grid.knot(*square)).collect();
            roads.push(Road { rank: *rank, path: rounded(&knots, 3) });
        }
    }
    roads
}
