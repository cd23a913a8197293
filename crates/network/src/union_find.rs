/// Sets that only grow together. The least member names its set, so that the order of unions does not show.
#[derive(Debug)]
pub(crate) struct UnionFind {
    parents: Vec<u32>,
}

impl UnionFind {
    pub(crate) fn new(n: usize) -> Self {
        Self { parents: (0..n as u32).collect() }
    }

    pub(crate) fn find(&mut self, mut at: u32) -> u32 {
        while self.parents[at as usize] != at {
            let above = self.parents[self.parents[at as usize] as usize];
            self.parents[at as usize] = above;
            at = above;
        }
        at
    }

    pub(crate) fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.find(a), self.find(b));
        if a < b {
            self.parents[b as usize] = a;
        } else {
            self.parents[a as usize] = b;
        }
    }

    /// Numbers the sets from 0 in the order of their least members: the number of each member, and how many there are.
    pub(crate) fn numbered(mut self) -> (Vec<u32>, u32) {
        let mut numbers = vec![0; self.parents.len()];
        let mut n = 0;
        for at in 0..self.parents.len() as u32 {
            let root = self.find(at);
            // A root lies before its members and has its number when they come.
            if root == at {
                numbers[at as usize] = n;
                n += 1;
            } else {
                numbers[at as usize] = numbers[root as usize];
            }
        }
        (numbers, n)
    }
}
