//! `make bench`: each figure beside a peer's on the same data, in one run on one machine.
//!
//! Rounds alternate between the two sides, so that what else the machine does meets both. A row shows the median of the
//! rounds and the ratio of the medians; a ratio above one means that we are faster. One module per row; a peer that is
//! not installed is named with what is missing. Words on the command line choose modules by the names in [`main`].
//!
//! The demo town at scale 1 lies in `$FALTKARTA_CACHE/bench`: its delivery is kept from run to run, its store, package and
//! laptop are made anew in each run, because how long that takes are figures too.

#![expect(clippy::print_stdout, reason = "a table on standard output is what this program is for")]

mod chance;
mod difference;
mod import;
mod live_tile;
mod many_pushes;
mod memory;
mod network;
mod peer;
mod push;
mod rounds;
mod search;
mod spatial;
mod start;
mod town;
mod town_identify;
mod town_search;
mod town_tiles;
mod transform;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if let [role, folder] = wanted.as_slice()
        && role == memory::CHILD
    {
        return memory::work_in(folder.as_ref());
    }
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|it| it == name);
    println!("{:<52} {:>12} {:>12} {:>9}  peer or note", "what", "ours", "peer's", "ratio");
    if is_wanted("spatial") {
        spatial::run()?;
    }
    if is_wanted("transform") {
        transform::run()?;
    }
    if is_wanted("search") {
        search::run()?;
    }
    if is_wanted("network") {
        network::run()?;
    }
    if is_wanted("tile") {
        live_tile::run()?;
    }
    if is_wanted("import") {
        import::run(&town::delivery()?)?;
    }
    if is_wanted("push") {
        push::run()?;
    }
    if is_wanted("pushes") {
        many_pushes::run()?;
    }
    if ["identify", "town-search", "tiles", "start", "memory", "difference", "town"]
        .into_iter()
        .any(is_wanted)
    {
        let town = town::Town::make()?;
        if is_wanted("start") {
            start::run(&town)?;
        }
        if is_wanted("identify") {
            town_identify::run(&town)?;
        }
        if is_wanted("town-search") {
            town_search::run(&town)?;
        }
        if is_wanted("tiles") {
            town_tiles::run(&town)?;
        }
        if is_wanted("memory") {
            memory::run(&town)?;
        }
        // The last, because it changes the store.
        if is_wanted("difference") {
            difference::run(&town)?;
        }
    }
    Ok(())
}
