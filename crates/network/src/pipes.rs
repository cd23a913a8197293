//! All pipes side by side: a column for each property, one for all points.

use crate::input::{Flow, Pipe, PipeKind};
use crate::spot::Spot;

/// An invert that is not known.
const NO_LEVEL: i32 = i32::MIN;
const IN_USE: u8 = 1;
const SERVICE: u8 = 2;
const ONE_WAY: u8 = 4;
const GRAVITY: u8 = 8;

/// Pipes by slot. A changed pipe gets a new slot; its old one is out of use from then on.
#[derive(Debug, Default)]
pub(crate) struct Pipes {
    pub(crate) handles: Vec<u32>,
    /// First point of each slot, and the end of the last.
    firsts: Vec<u32>,
    points: Vec<Spot>,
    pub(crate) lengths_mm: Vec<u32>,
    marks: Vec<u8>,
    bores_mm: Vec<u16>,
    /// Empty as long as no pipe has one.
    levels_mm: Vec<[i32; 2]>,
}

impl Pipes {
    pub(crate) fn with_capacity(n: usize) -> Self {
        Self {
            handles: Vec::with_capacity(n),
            firsts: Vec::with_capacity(n + 1),
            marks: Vec::with_capacity(n),
            bores_mm: Vec::with_capacity(n),
            ..Self::default()
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.handles.len()
    }

    pub(crate) fn push(&mut self, pipe: &Pipe) {
        if self.firsts.is_empty() {
            self.firsts.push(0);
        }
        self.handles.push(pipe.handle);
        self.points.extend_from_slice(&pipe.path);
        self.firsts.push(self.points.len() as u32);
        let length_mm: f64 = pipe.path.windows(2).map(|it| it[0].apart_mm(it[1])).sum();
        self.lengths_mm.push(length_mm.round() as u32);
        let mark = |is: bool, bit: u8| if is { bit } else { 0 };
        self.marks.push(
            mark(pipe.is_in_use && pipe.path.len() > 1, IN_USE)
                | mark(pipe.kind == PipeKind::Service, SERVICE)
                | mark(pipe.flow == Flow::AsDrawn, ONE_WAY)
                | mark(pipe.flow == Flow::Gravity, GRAVITY),
        );
        self.bores_mm.push(pipe.bore_mm.unwrap_or(0));
        if self.levels_mm.is_empty() && pipe.levels_mm == [None, None] {
            return;
        }
        self.levels_mm.resize(self.handles.len() - 1, [NO_LEVEL; 2]);
        self.levels_mm.push(pipe.levels_mm.map(|it| it.unwrap_or(NO_LEVEL)));
    }

    pub(crate) fn retire(&mut self, slot: u32) {
        self.marks[slot as usize] &= !IN_USE;
    }

    pub(crate) fn path(&self, slot: u32) -> &[Spot] {
        let slot = slot as usize;
        &self.points[self.firsts[slot] as usize..self.firsts[slot + 1] as usize]
    }

    pub(crate) fn is_in_use(&self, slot: u32) -> bool {
        self.marks[slot as usize] & IN_USE != 0
    }

    pub(crate) fn is_service(&self, slot: u32) -> bool {
        self.marks[slot as usize] & SERVICE != 0
    }

    pub(crate) fn is_one_way(&self, slot: u32) -> bool {
        self.marks[slot as usize] & ONE_WAY != 0
    }

    pub(crate) fn is_gravity(&self, slot: u32) -> bool {
        self.marks[slot as usize] & GRAVITY != 0
    }

    pub(crate) fn bore_mm(&self, slot: u32) -> Option<u16> {
        Some(self.bores_mm[slot as usize]).filter(|it| *it > 0)
    }

    /// Inverts at the first and the last point, when both are known.
    pub(crate) fn levels_mm(&self, slot: u32) -> Option<[i32; 2]> {
        self.levels_mm.get(slot as usize).copied().filter(|it| !it.contains(&NO_LEVEL))
    }

    pub(crate) fn in_use(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.len() as u32).filter(|it| self.is_in_use(*it))
    }

    /// The spot of an end: slot twice, and one for the last point.
    pub(crate) fn end(&self, end: u32) -> Spot {
        let path = self.path(end / 2);
        if end.is_multiple_of(2) { path[0] } else { path[path.len() - 1] }
    }

    /// The spot so far along a pipe.
    pub(crate) fn along(&self, slot: u32, along_mm: f64) -> Spot {
        let path = self.path(slot);
        let mut left_mm = along_mm;
        for leg in path.windows(2) {
            let length_mm = leg[0].apart_mm(leg[1]);
            if left_mm <= length_mm && length_mm > 0.0 {
                return leg[0].towards(leg[1], (left_mm / length_mm).max(0.0));
            }
            left_mm -= length_mm;
        }
        path[path.len() - 1]
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.handles.capacity() * 4
            + self.firsts.capacity() * 4
            + self.lengths_mm.capacity() * 4
            + self.points.capacity() * 8
            + self.marks.capacity()
            + self.bores_mm.capacity() * 2
            + self.levels_mm.capacity() * 8
    }

    pub(crate) fn shrink(&mut self) {
        self.handles.shrink_to_fit();
        self.firsts.shrink_to_fit();
        self.points.shrink_to_fit();
        self.lengths_mm.shrink_to_fit();
        self.marks.shrink_to_fit();
        self.bores_mm.shrink_to_fit();
        self.levels_mm.shrink_to_fit();
    }
}
