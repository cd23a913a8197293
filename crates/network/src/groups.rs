/// Items by the group they are in: all of one group lie side by side.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    firsts: Vec<u32>,
    items: Vec<u32>,
}

impl Groups {
    /// Sorts `(group, item)` pairs by group; within one they keep their order. The pairs are run through twice.
    pub(crate) fn build<I: Iterator<Item = (u32, u32)>>(n: u32, pairs: impl Fn() -> I) -> Self {
        let mut firsts = vec![0_u32; n as usize + 1];
        let mut n_items = 0;
        for (group, _) in pairs() {
            firsts[group as usize] += 1;
            n_items += 1;
        }
        let mut sum = 0;
        for first in &mut firsts {
            sum += *first;
            *first = sum;
        }
        let mut items = vec![0; n_items];
        // From behind each group's end, so that `firsts` ends at the beginnings.
        for (group, item) in pairs() {
            firsts[group as usize] -= 1;
            items[firsts[group as usize] as usize] = item;
        }
        let mut made = Self { firsts, items };
        for group in 0..n {
            made.of_mut(group).reverse();
        }
        made
    }

    fn range(&self, group: u32) -> std::ops::Range<usize> {
        self.firsts[group as usize] as usize..self.firsts[group as usize + 1] as usize
    }

    fn of_mut(&mut self, group: u32) -> &mut [u32] {
        let range = self.range(group);
        &mut self.items[range]
    }

    pub(crate) fn of(&self, group: u32) -> &[u32] {
        &self.items[self.range(group)]
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        (self.firsts.capacity() + self.items.capacity()) * 4
    }
}
