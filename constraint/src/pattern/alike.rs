//! Which bytes lead a state to the same successor, found before any successor is made.
//!
//! Most bytes are alike to most states: within a key that no name begins any more, every letter is. To make a
//! successor (step, close, sort, look up) takes a hundred times what it takes to see that it is the one of
//! another byte. So the edges of a state are compared first: bytes over which the same edges lead are alike.

use super::nfa::Pc;

/// Partitions the classes of bytes by the edges that lead over them, 64 edges at a time.
#[derive(Debug)]
pub(super) struct Alike {
    /// By class: the first class that is alike as far as is known.
    leaders: Vec<u16>,
    /// Whether any edge leads over a class.
    leads: Vec<bool>,
    /// Edges that begin or end before a class, as bits: those that lead over a class are the sum without carry of
    /// all up to it.
    turns: Box<[u64; 257]>,
    edges: u32,
}

impl Alike {
    pub(super) fn new(classes: usize) -> Alike {
        let (leaders, leads) = (vec![0; classes], vec![false; classes]);
        Alike { leaders, leads, turns: Box::new([0; 257]), edges: 0 }
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
    pub(super) fn leaders(mut self) -> impl Iterator<Item = Option<u16>> {
        self.refine();
        self.leaders.into_iter().zip(self.leads).map(|(leader, leads)| leads.then_some(leader))
    }

    /// Tells those classes apart over which not all of the last edges lead.
    fn refine(&mut self) {
        let mut over = [0; 256];
        let mut edges = 0;
        for (class, over) in over.iter_mut().enumerate().take(self.leaders.len()) {
            edges ^= self.turns[class];
            *over = edges;
            self.leads[class] |= edges != 0;
        }
        let mut firsts: Vec<(u16, u64, u16)> = Vec::new();
        for (class, leader) in self.leaders.iter_mut().enumerate() {
            let alike = |first: &&(u16, u64, u16)| (first.0, first.1) == (*leader, over[class]);
            // The class before is the one that is most often alike.
            match firsts.iter().rev().find(alike) {
                Some(first) => *leader = first.2,
                None => {
                    firsts.push((*leader, over[class], class as u16));
                    *leader = class as u16;
                }
            }
        }
        self.turns.fill(0);
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
            let configs: Vec<Vec<(u8, u8, u32)>> = (0..below(1 + round % 90))
                .map(|_| {
                    let range = |_| {
                        let low = below(250);
                        (low as u8, (low + below(256 - low)) as u8, below(2) as u32)
                    };
                    (0..1 + below(3)).map(range).collect()
                })
                .collect();
            let mut alike = Alike::new(256);
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
        let mut alike = Alike::new(256);
        alike.add([(0, 9, 1), (20, 29, 2), (40, 49, 2), (60, 69, 1)].into_iter(), |byte| byte);
        let mut leaders: Vec<u16> = alike.leaders().flatten().collect();
        leaders.dedup();
        assert_eq!(leaders, [0, 20, 60]);
    }
}
