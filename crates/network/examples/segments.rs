//! Answers nets that are given as a graph, one JSON document a line, with their segments: for comparisons with programs
//! that know no geometry. `{"nodes": n, "links": [[a, b], …], "valves": [[link, node], …]}` is answered by
//! `{"segments": [{"links": […], "nodes": […]}, …]}`.
#![expect(clippy::print_stdout, reason = "the answers go to standard output")]

use std::error::Error;
use std::io::BufRead as _;

use faltkarta_network::Unknown;
use serde_json::{Value, json};

mod graph;

fn main() -> Result<(), Box<dyn Error>> {
    for line in std::io::stdin().lock().lines() {
        let net: Value = serde_json::from_str(&line?)?;
        println!("{}", answer(&net).ok_or("a net is not of this shape")?);
    }
    Ok(())
}

fn answer(net: &Value) -> Option<Value> {
    let network = graph::network(net)?;
    let segments: Vec<Value> = network
        .segments(&[], Unknown::Absent)
        .iter()
        .map(|it| json!({ "links": it.pipes, "nodes": it.connections }))
        .collect();
    Some(json!({ "segments": segments }))
}
