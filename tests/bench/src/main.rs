//! `make bench`: each figure beside a peer's on the same data, in one run on one machine.
//!
//! Rounds alternate between the two sides, so that what else the machine does meets both. A row shows the median of the
//! rounds and the ratio of the medians; a ratio above one means that we are faster. One module per row.
//! Not here yet because they need whole programs: import against ogr2ogr, cold start, memory.
//! Each is one module with a function like those called below.

#![expect(clippy::print_stdout, reason = "a table on standard output is what this program is for")]

mod chance;
mod live_tile;
mod rounds;
mod search;
mod spatial;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|it| it == name);
    println!("{:<52} {:>12} {:>12} {:>9}  peer", "what", "ours", "peer's", "ratio");
    if is_wanted("spatial") {
        spatial::run()?;
    }
    if is_wanted("search") {
        search::run()?;
    }
    if is_wanted("tile") {
        live_tile::run()?;
    }
    Ok(())
}
