//! Random nets against a flood that knows nothing of nodes, pieces or sets: pipes on a lattice of whole metres, looked at
//! metre by metre; valves stand at half metres.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use faltkarta_network::{Change, Fitting, FittingKind, Network, Pipe, Place, Unknown, Valve};
use proptest::prelude::*;
use support::*;

const SIDE: i32 = 24;

/// A pipe, and so many metres along it.
type Sample = (usize, i32);

/// A metre of the lattice.
type Metre = [(i32, i32); 2];

/// A straight pipe along a line of the lattice, with its valves by half metres from its beginning.
#[derive(Debug, Clone)]
struct Straight {
    from: (i32, i32),
    is_level: bool,
    length: i32,
    valves: BTreeMap<i32, Valve>,
}

impl Straight {
    fn at(&self, metres: f64) -> (f64, f64) {
        let (e, n) = (f64::from(self.from.0), f64::from(self.from.1));
        if self.is_level { (e + metres, n) } else { (e, n + metres) }
    }

    fn samples(&self) -> Vec<(i32, i32)> {
        let step = |i: i32| {
            if self.is_level {
                (self.from.0 + i, self.from.1)
            } else {
                (self.from.0, self.from.1 + i)
            }
        };
        (0..=self.length).map(step).collect()
    }
}

#[derive(Debug, Clone)]
struct Town {
    pipes: Vec<Straight>,
    /// Sources stand on these pipes, so many metres along.
    sources: Vec<Sample>,
}

fn state() -> impl Strategy<Value = Valve> {
    prop_oneof![4 => Just(OPEN), 1 => Just(STUCK), 1 => Just(UNKNOWN), 1 => Just(CLOSED)]
}

fn straight() -> impl Strategy<Value = Straight> {
    let place = (0..SIDE, 0..SIDE, any::<bool>(), 2..14_i32);
    (place, prop::collection::btree_map(0..40_i32, state(), 0..3)).prop_map(|(place, valves)| {
        let (e, n, is_level, length) = place;
        let valves = valves.into_iter().map(|(at, state)| (at % length, state)).collect();
        Straight { from: (e, n), is_level, length, valves }
    })
}

fn town() -> impl Strategy<Value = Town> {
    let sources = prop::collection::vec((any::<prop::sample::Index>(), 0..40_i32), 0..3);
    (prop::collection::vec(straight(), 1..26), sources).prop_map(|(pipes, sources)| {
        let sources = sources
            .into_iter()
            .map(|(it, at)| {
                let pipe = it.index(pipes.len());
                (pipe, at % (pipes[pipe].length + 1))
            })
            .collect();
        Town { pipes, sources }
    })
}

impl Town {
    fn valve_handle(pipe: usize, at: i32) -> u32 {
        1_000 + pipe as u32 * 100 + at as u32
    }

    fn parts(&self) -> (Vec<Pipe>, Vec<Fitting>) {
        let mut fittings = vec![];
        for (i, it) in self.pipes.iter().enumerate() {
            for (at, state) in &it.valves {
                let place = it.at(f64::from(*at) + 0.5);
                let on = Some(i as u32);
                let handle = Self::valve_handle(i, *at);
                fittings.push(Fitting { pipe: on, ..valve(handle, *state, place) });
            }
        }
        for (i, (on, at)) in self.sources.iter().enumerate() {
            let place = self.pipes[*on].at(f64::from(*at));
            fittings.push(Fitting { pipe: Some(*on as u32), ..source(i as u32, place) });
        }
        let pipes = self
            .pipes
            .iter()
            .enumerate()
            .map(|(i, it)| pipe(i as u32, &[it.at(0.0), it.at(f64::from(it.length))]));
        (pipes.collect(), fittings)
    }

    /// Samples that touch: the neighbours on a pipe, and an end of one pipe on any sample of another.
    fn neighbours(&self) -> Vec<(Sample, Sample, Option<u32>)> {
        let mut found = vec![];
        for (i, it) in self.pipes.iter().enumerate() {
            for at in 0..it.length {
                let valve = it.valves.contains_key(&at).then(|| Self::valve_handle(i, at));
                found.push(((i, at), (i, at + 1), valve));
            }
            for (j, other) in self.pipes.iter().enumerate() {
                for end in [0, it.length] {
                    let here = it.samples()[end as usize];
                    let on = other.samples().iter().position(|it| *it == here);
                    if let Some(on) = on.filter(|_| i != j) {
                        found.push(((i, end), (j, on as i32), None));
                    }
                }
            }
        }
        found
    }

    fn state_of(&self, handle: u32) -> Valve {
        let (pipe, at) = ((handle - 1_000) as usize / 100, (handle - 1_000) as i32 % 100);
        self.pipes[pipe].valves[&at]
    }

    /// Floods from some samples over every neighbourhood that a rule lets through.
    fn flood(&self, from: &[Sample], lets: impl Fn(Option<u32>) -> bool) -> BTreeSet<Sample> {
        let neighbours = self.neighbours();
        let mut wet: BTreeSet<Sample> = from.iter().copied().collect();
        loop {
            let before = wet.len();
            for (a, b, valve) in &neighbours {
                if lets(*valve) && (wet.contains(a) || wet.contains(b)) {
                    wet.insert(*a);
                    wet.insert(*b);
                }
            }
            if wet.len() == before {
                return wet;
            }
        }
    }

    /// Valves to close, closed ones around, dry samples and those that lose their supply, by flooding.
    fn expected(&self, from: Sample) -> Expected {
        let divides = |it: u32| {
            let state = self.state_of(it);
            state.is_closed || state.function == faltkarta_network::Function::Works
        };
        let inside = self.flood(&[from], |it| it.is_none_or(|it| !divides(it)));
        let edge: Vec<u32> = self
            .neighbours()
            .iter()
            .filter(|it| inside.contains(&it.0) != inside.contains(&it.1))
            .filter_map(|it| it.2)
            .collect();
        let is_closed = |it: &u32| self.state_of(*it).is_closed;
        let (closed, close): (BTreeSet<u32>, BTreeSet<u32>) = edge.into_iter().partition(is_closed);
        let stands_open = |it: Option<u32>| it.is_none_or(|it| !self.state_of(it).is_closed);
        let before = self.flood(&self.sources, stands_open);
        let left: Vec<Sample> =
            self.sources.iter().copied().filter(|it| !inside.contains(it)).collect();
        let after =
            self.flood(&left, |it| stands_open(it) && it.is_none_or(|it| !close.contains(&it)));
        let cut_off: BTreeSet<Sample> =
            before.into_iter().filter(|it| !after.contains(it) && !inside.contains(it)).collect();
        Expected { close, closed, inside, cut_off }
    }
}

#[derive(Debug, PartialEq)]
struct Expected {
    close: BTreeSet<u32>,
    closed: BTreeSet<u32>,
    inside: BTreeSet<Sample>,
    cut_off: BTreeSet<Sample>,
}

/// Half metres lie between samples; a pipe is dry where both its samples are, or a valve stands between.
fn lengths(town: &Town, wet: &BTreeSet<Sample>) -> BTreeMap<u32, f64> {
    let mut lengths: BTreeMap<u32, f64> = BTreeMap::new();
    for (i, it) in town.pipes.iter().enumerate() {
        for at in 0..it.length {
            let ends = [wet.contains(&(i, at)), wet.contains(&(i, at + 1))];
            let half = f64::from(u8::from(ends[0]) + u8::from(ends[1])) / 2.0;
            if half > 0.0 {
                *lengths.entry(i as u32).or_default() += half;
            }
        }
    }
    lengths
}

fn check(town: &Town, network: &Network, from: Sample) {
    let (e, n) = town.pipes[from.0].at(f64::from(from.1));
    let answer = isolate(network, Place::On { pipe: from.0 as u32, at: at(e, n) });
    let expected = town.expected(from);
    assert_eq!(closes(&answer).into_iter().collect::<BTreeSet<_>>(), expected.close);
    assert_eq!(answer.already_closed.iter().copied().collect::<BTreeSet<_>>(), expected.closed);
    let found = |extent: &faltkarta_network::Extent| -> BTreeMap<u32, f64> {
        extent
            .pipes
            .iter()
            .filter(|it| it.length_m > 0.0)
            .map(|it| (it.pipe, it.length_m))
            .collect()
    };
    assert_eq!(found(&answer.dry), lengths(town, &expected.inside));
    assert_eq!(found(&answer.cut_off), lengths(town, &expected.cut_off));
}

/// Pipes that overlap along a line have no answer that two methods must share: their ends lie on each other's middles,
/// and a valve of one may stand where the other one runs.
fn overlaps(town: &Town) -> bool {
    let lines: Vec<BTreeSet<Metre>> = town
        .pipes
        .iter()
        .map(|it| it.samples().windows(2).map(|it| [it[0], it[1]]).collect())
        .collect();
    (0..lines.len()).any(|i| (0..i).any(|j| !lines[i].is_disjoint(&lines[j])))
}

/// An answer by handles: what does not depend on the order of input.
fn told(network: &Network) -> (Vec<faltkarta_network::Segment>, Vec<String>) {
    let mut segments = network.segments(&[], Unknown::Absent);
    segments.sort_by_key(|it| (it.pipes.clone(), it.valves.clone(), it.others.clone()));
    let mut problems: Vec<String> = network
        .problems()
        .iter()
        .map(|it| format!("{:?} {:?} {:?}", it.kind, it.at, it.fitting))
        .collect();
    problems.sort();
    (segments, problems)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_flood_finds_the_same_valves_dry_pipes_and_losses(
        town in town(),
        picks in prop::collection::vec((any::<prop::sample::Index>(), 0..40_i32), 4),
    ) {
        prop_assume!(!overlaps(&town));
        let (pipes, fittings) = town.parts();
        let network = build(&pipes, &fittings);
        for (pick, at) in picks {
            let pipe = pick.index(town.pipes.len());
            check(&town, &network, (pipe, at % (town.pipes[pipe].length + 1)));
        }
    }

    #[test]
    fn the_order_of_input_changes_nothing(town in town(), seed in any::<u64>()) {
        let (mut pipes, mut fittings) = town.parts();
        let first = told(&build(&pipes, &fittings));
        let key = |handle: u32| (u64::from(handle) ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        pipes.sort_by_key(|it| key(it.handle));
        fittings.sort_by_key(|it| key(it.handle));
        prop_assert_eq!(told(&build(&pipes, &fittings)), first);
    }

    #[test]
    fn an_edited_network_is_the_one_that_is_built_anew(
        before in town(),
        after in town(),
        keep in prop::collection::vec(any::<bool>(), 26),
    ) {
        // Pipes that are kept stay as they were; the others are gone, moved or new.
        let mut after = after;
        for (i, it) in after.pipes.iter_mut().enumerate() {
            if keep[i] && let Some(was) = before.pipes.get(i) {
                *it = was.clone();
            }
        }
        after.sources.iter_mut().for_each(|it| it.1 %= after.pipes[it.0].length + 1);
        let (was_pipes, was_fittings) = before.parts();
        let (pipes, fittings) = after.parts();
        let mut network = build(&was_pipes, &was_fittings);
        let mut changes: Vec<Change> = vec![];
        changes.extend(was_pipes.iter().filter(|it| it.handle as usize >= pipes.len()).map(|it| {
            Change::RemovePipe(it.handle)
        }));
        changes.extend(pipes.iter().filter(|it| !was_pipes.contains(it)).cloned().map(Change::PutPipe));
        let is_left = |it: &Fitting| fittings.iter().any(|other| other.handle == it.handle);
        changes.extend(was_fittings.iter().filter(|it| !is_left(it)).map(|it| {
            Change::RemoveFitting(it.handle)
        }));
        let fresh = fittings.iter().filter(|it| !was_fittings.contains(it));
        changes.extend(fresh.map(|it| Change::PutFitting(*it)));
        network.apply(changes);
        prop_assert_eq!(told(&network), told(&build(&pipes, &fittings)));
    }
}

#[test]
fn the_flood_sees_what_it_should() {
    let main = Straight {
        from: (0, 0),
        is_level: true,
        length: 10,
        valves: [(3, OPEN), (7, CLOSED)].into(),
    };
    let branch = Straight { from: (5, 0), is_level: false, length: 4, valves: [(1, STUCK)].into() };
    let town = Town { pipes: vec![main, branch], sources: vec![(0, 0)] };
    let expected = town.expected((1, 4));
    assert_eq!(expected.close, BTreeSet::from([1_003]));
    assert_eq!(expected.closed, BTreeSet::from([1_007]));
    assert_eq!(expected.inside.len(), 9);
    let sources: Vec<Fitting> =
        town.parts().1.into_iter().filter(|it| it.kind == FittingKind::Source).collect();
    assert_eq!(sources.len(), 1);
    assert!(
        Network::build(town.parts().0, sources, faltkarta_network::Reach::default()).has_source()
    );
}
