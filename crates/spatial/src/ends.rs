//! Ends of lines that stop short of the line they were meant to meet.

use faltkarta_geo::{Bounds, Geometry};

use crate::edge::{Edge, Place, Seen, for_each_piece};
use crate::packed::PackedIndex;

/// An end of a line near another line that it does not reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LooseEnd {
    /// Position of the line in what was given.
    pub line: usize,
    /// Position of the line that it stops short of.
    pub near: usize,
    /// Metres between them.
    pub gap_m: f64,
    /// The end, easting and northing in metres on the grid.
    pub at_m: (f64, f64),
}

/// The loose ends of lines, in their order: farther from every other line than `joined_within_m`, and nearer to one
/// than `near_m`. An end with nothing near is where a line ends.
pub fn loose_ends(geometries: &[&Geometry], joined_within_m: f64, near_m: f64) -> Vec<LooseEnd> {
    let mut pieces: Vec<Edge> = vec![];
    let mut ends: Vec<(usize, Place)> = vec![];
    for (owner, geometry) in geometries.iter().enumerate() {
        for_each_piece(owner, geometry, 2, &mut |seen| match seen {
            Seen::Edge(it) => pieces.push(it),
            Seen::End(at) => ends.push((owner, at)),
        });
    }
    let bounds: Vec<Bounds> = pieces.iter().map(Edge::bounds).collect();
    let index = PackedIndex::build(&bounds);
    let mut loose = vec![];
    for (line, at_m) in ends {
        let mut nearest: Option<(f64, usize)> = None;
        index.search(Bounds::at(at_m.0, at_m.1).grown(near_m), &mut |it| {
            let it = pieces[it as usize];
            let gap_m = it.distance_m(at_m);
            if it.owner != line && nearest.is_none_or(|(least, _)| gap_m < least) {
                nearest = Some((gap_m, it.owner));
            }
        });
        if let Some((gap_m, near)) = nearest
            && gap_m > joined_within_m
            && gap_m <= near_m
        {
            loose.push(LooseEnd { line, near, gap_m, at_m });
        }
    }
    loose
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo_types::{Geometry as Types, LineString};

    fn line(at: &[(f64, f64)]) -> Geometry {
        Geometry::from_types(&Types::LineString(LineString::from(at.to_vec())))
    }

    #[test]
    fn an_end_that_stops_short_is_told_and_joined_and_free_ends_are_not() {
        let main = line(&[(0.0, 0.0), (100.0, 0.0)]);
        let joined = line(&[(50.0, 0.01), (50.0, 30.0)]);
        let short = line(&[(70.0, 0.3), (70.0, 30.0)]);
        let told = loose_ends(&[&main, &joined, &short], 0.05, 0.5);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!((told[0].line, told[0].near, told[0].at_m), (2, 0, (70.0, 0.3)));
        assert!((told[0].gap_m - 0.3).abs() < 1e-9);
    }

    #[test]
    fn a_ring_and_a_line_back_to_itself_are_joined_to_nothing_and_no_end_is_near_itself() {
        let ring = line(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 0.2)]);
        assert_eq!(loose_ends(&[&ring], 0.05, 0.5), []);
    }
}
