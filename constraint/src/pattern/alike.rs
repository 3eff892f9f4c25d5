//! Which bytes lead a state to the same successor, determined before any successor is made.
//!
//! Most bytes are alike to most states: within a key that no name begins with any more, every letter is.
//! Making a successor (step, close, sort, look up) takes a hundred times as long as seeing that it equals
//! that of another byte. So the edges of a state are compared first: bytes over which the same edges lead are
//! alike.

use super::program::Pc;

/// Partitions the classes of bytes by the edges that lead over them, 64 edges at a time. Its memory is kept from
/// state to state.
#[derive(Debug, Default)]
pub(super) struct Alike {
    /// By class: the first class that is alike as far as is known.
    leaders: Vec<u16>,
    /// Whether any edge leads over a class.
    leads: Vec<bool>,
    /// Edges that begin or end before a class, as bits: those that lead over a class are the sum without carry of
    /// all up to it.
    turns: Vec<u64>,
    edges: u32,
    /// Classes that are not alike.
    firsts: Vec<First>,
}

/// The first class of those that are alike: what they were before, and the edges that lead over them.
#[derive(Debug, Clone, Copy)]
struct First {
    before: u16,
    edges: u64,
    class: u16,
}

impl Alike {
    /// Begins with another state.
    pub(super) fn begin(&mut self, classes: usize) {
        fn reset<T: Clone>(list: &mut Vec<T>, len: usize, value: T) {
            list.clear();
            list.resize(len, value);
        }
        reset(&mut self.leaders, classes, 0);
        reset(&mut self.leads, classes, false);
        reset(&mut self.turns, classes + 1, 0);
        self.edges = 0;
    }

    /// Adds the edges of one configuration: ranges of bytes, each with its target. `class` tells the class of a
    /// byte, in order.
    pub(super) fn add(&mut self, ranges: impl Iterator<Item = (u8, u8, Pc)>, class: impl Fn(u8) -> u8) {
        let mut last: Option<(Pc, u8)> = None;
        for (low, high, target) in ranges {
            // Ranges that follow each other to one target are one edge.
            let goes_on = last.is_some_and(|(before, end)| before == target && end < low) && self.edges > 0;
            if !goes_on {
                if self.edges == u64::BITS {
                    self.refine();
                }
                self.edges += 1;
            }
            let edge = 1 << (self.edges - 1);
            self.turns[class(low) as usize] ^= edge;
            self.turns[class(high) as usize + 1] ^= edge;
            last = Some((target, high));
        }
    }

    /// For each class the first that is alike; `None` where no edge leads.
    pub(super) fn leaders(&mut self) -> impl Iterator<Item = Option<u16>> {
        self.refine();
        self.leaders.iter().zip(&self.leads).map(|(leader, leads)| leads.then_some(*leader))
    }

    /// Tells those classes apart over which not all of the last edges lead.
    fn refine(&mut self) {
        self.firsts.clear();
        let mut edges = 0;
        for (class, leader) in self.leaders.iter_mut().enumerate() {
            edges ^= std::mem::take(&mut self.turns[class]);
            self.leads[class] |= edges != 0;
            let before = *leader;
            // The class before is the one that is most often alike.
            let alike = self.firsts.iter().rev().find(|first| first.before == before && first.edges == edges);
            *leader = alike.map_or(class as u16, |first| first.class);
            if alike.is_none() {
                self.firsts.push(First { before, edges, class: class as u16 });
            }
        }
        self.turns[self.leaders.len()] = 0;
        self.edges = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::Alike;

    #[test]
    fn bytes_are_alike_where_the_same_edges_lead() {
        let mut seed = 7u64;
        let mut below = |n: u64| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) % n
        };
        for round in 0..400 {
            // Every byte is a class of its own. Up to 90 configurations of up to three ranges, in order or not.
            let mut configs: Vec<Vec<(u8, u8, u32)>> = vec![Vec::new(); below(1 + round % 90) as usize];
            for config in &mut configs {
                for _ in 0..1 + below(3) {
                    let low = below(250);
                    config.push((low as u8, (low + below(256 - low)) as u8, below(2) as u32));
                }
            }
            let mut alike = Alike::default();
            alike.begin(256);
            configs.iter().for_each(|ranges| alike.add(ranges.iter().copied(), |byte| byte));
            let leaders: Vec<Option<u16>> = alike.leaders().collect();
            let targets = |byte: u8| -> Vec<(usize, u32)> {
                let leads = |range: &&(u8, u8, u32)| (range.0..=range.1).contains(&byte);
                let all = configs.iter().enumerate();
                let mut all: Vec<(usize, u32)> =
                    all.flat_map(|(at, c)| c.iter().filter(leads).map(move |range| (at, range.2))).collect();
                all.sort_unstable();
                all.dedup();
                all
            };
            for (byte, leader) in (0..=255u8).zip(&leaders) {
                assert_eq!(leader.is_none(), targets(byte).is_empty());
                if let Some(leader) = leader {
                    assert!(*leader <= u16::from(byte));
                    assert_eq!(targets(*leader as u8), targets(byte), "{byte} in {configs:?}");
                }
            }
        }
    }

    #[test]
    fn one_configuration_has_as_many_kinds_of_bytes_as_targets() {
        let mut alike = Alike::default();
        alike.begin(256);
        alike.add([(0, 9, 1), (20, 29, 2), (40, 49, 2), (60, 69, 1)].into_iter(), |byte| byte);
        let mut leaders: Vec<u16> = alike.leaders().flatten().collect();
        leaders.dedup();
        assert_eq!(leaders, [0, 20, 60]);
    }
}
