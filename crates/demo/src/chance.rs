//! Keyed randomness: every object draws from its own stream, so parts do not disturb each other.

use uuid::{Builder, Uuid};

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finalizer of splitmix64. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number
/// generators" (2014), public domain reference code by Vigna.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A stream of numbers that depends on a seed and a key only.
#[derive(Debug, Clone)]
pub(crate) struct Chance {
    state: u64,
}

impl Chance {
    pub(crate) fn keyed(seed: u64, key: &[u64]) -> Self {
        let mut state = mix(seed.wrapping_add(STEP));
        for part in key {
            state = mix(state ^ mix(part.wrapping_add(STEP)));
        }
        Self { state }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mix(self.state)
    }

    /// In 0..1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn range(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.unit()
    }

    /// In 0..n; `n` of zero counts as one.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    pub(crate) fn whole(&mut self, from: i64, to: i64) -> i64 {
        from + self.below((to - from + 1).max(1) as usize) as i64
    }

    pub(crate) fn hits(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of a list that is never empty.
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub(crate) fn uuid(&mut self) -> Uuid {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.next().to_le_bytes());
        bytes[8..].copy_from_slice(&self.next().to_le_bytes());
        Builder::from_random_bytes(bytes).into_uuid()
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(i + 1);
            items.swap(i, j);
        }
    }

    /// A day written `2014-05-03`, between two years.
    pub(crate) fn day(&mut self, from_year: i64, to_year: i64) -> String {
        format!(
            "{:04}-{:02}-{:02}",
            self.whole(from_year, to_year),
            self.whole(1, 12),
            self.whole(1, 28)
        )
    }
}

/// Smooth noise in -1..1 over the plane, one knot per unit of length.
pub(crate) fn noise(seed: u64, x: f64, y: f64) -> f64 {
    let (fx, fy) = (x.floor(), y.floor());
    let (tx, ty) = (x - fx, y - fy);
    let ease = |t: f64| t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
    let knot = |dx: i64, dy: i64| {
        let at =
            mix(seed ^ mix((fx as i64 + dx) as u64) ^ mix((fy as i64 + dy) as u64).rotate_left(17));
        (at >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    let (ex, ey) = (ease(tx), ease(ty));
    let low = knot(0, 0) + (knot(1, 0) - knot(0, 0)) * ex;
    let high = knot(0, 1) + (knot(1, 1) - knot(0, 1)) * ex;
    low + (high - low) * ey
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_on_seed_and_key_only() {
        let draw = |seed, key: &[u64]| Chance::keyed(seed, key).next();
        assert_eq!(draw(1, &[2, 3]), draw(1, &[2, 3]));
        assert_ne!(draw(1, &[2, 3]), draw(1, &[3, 2]));
        assert_ne!(draw(1, &[2, 3]), draw(2, &[2, 3]));
    }

    #[test]
    fn noise_is_continuous_over_a_knot() {
        let (left, right) = (noise(7, 2.999_999, 1.5), noise(7, 3.000_001, 1.5));
        assert!((left - right).abs() < 1e-4, "{left} {right}");
    }
}
