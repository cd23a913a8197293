//! A network from a graph: `{"nodes": n, "links": [[a, b], …], "valves": [[link, node], …]}`. Links and nodes keep their
//! numbers as handles of pipes and connections.
//!
//! Nodes are laid on a circle and links go through its inside, so that no link passes another node.

use faltkarta_geo::EastNorthM;
use faltkarta_network::{
    Fitting, FittingKind, Flow, Function, Network, Pipe, PipeKind, Reach, Spot, Valve,
};
use serde_json::Value;

const RADIUS_M: f64 = 500_000.0;

/// Builds the network of a document; `None` when it is not of the shape.
pub(crate) fn network(net: &Value) -> Option<Network> {
    let n_nodes = net["nodes"].as_u64()? as u32;
    let links = pairs(&net["links"])?;
    let pipes = links.iter().zip(0..).map(|((a, b), i)| pipe(i, (*a, *b), n_nodes));
    let nodes = (0..n_nodes).map(|it| Fitting {
        handle: it,
        at: place(it, n_nodes),
        kind: FittingKind::Connection,
        pipe: None,
    });
    let valves = pairs(&net["valves"])?;
    let valves = valves.iter().zip(n_nodes..).map(|((link, node), handle)| Fitting {
        handle,
        at: place(*node, n_nodes),
        kind: FittingKind::Valve(Valve {
            is_closed: false,
            is_normally_closed: false,
            function: Function::Works,
        }),
        pipe: Some(*link),
    });
    Some(Network::build(pipes, nodes.chain(valves), Reach { tolerance_m: 0.002, gap_m: 0.002 }))
}

fn pairs(value: &Value) -> Option<Vec<(u32, u32)>> {
    let pair = |it: &Value| Some((it[0].as_u64()? as u32, it[1].as_u64()? as u32));
    value.as_array()?.iter().map(pair).collect()
}

fn angle(node: f64, n_nodes: u32) -> f64 {
    std::f64::consts::TAU * node / f64::from(n_nodes)
}

fn spot(radius_m: f64, angle: f64) -> Spot {
    let (sin, cos) = angle.sin_cos();
    let at = EastNorthM { e_m: 500_000.0 + radius_m * cos, n_m: 7_000_000.0 + radius_m * sin };
    Spot::parse(at).unwrap_or_default()
}

fn place(node: u32, n_nodes: u32) -> Spot {
    spot(RADIUS_M, angle(f64::from(node), n_nodes))
}

/// A link between two nodes, by way of a place of its own well inside the circle: no leg grazes another node.
fn pipe(handle: u32, (a, b): (u32, u32), n_nodes: u32) -> Pipe {
    let (from, to) = (place(a, n_nodes), place(b, n_nodes));
    let half = |a: f64, b: f64, center: f64| center + (f64::midpoint(a, b) - center) / 2.0;
    let own_m = f64::from(handle) * 0.05;
    let middle = EastNorthM {
        e_m: half(from.e_m(), to.e_m(), 500_000.0) + own_m,
        n_m: half(from.n_m(), to.n_m(), 7_000_000.0) + own_m * 0.7,
    };
    Pipe {
        handle,
        path: vec![from, Spot::parse(middle).unwrap_or_default(), to],
        kind: PipeKind::Main,
        is_in_use: true,
        flow: Flow::Both,
        bore_mm: None,
        levels_mm: [None, None],
    }
}
