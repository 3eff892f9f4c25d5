//! The way from a configuration to the end: whether there is one, how long the shortest is, and its text.
//!
//! What is known of instructions alone ([`measure`](super::measure)) is taken together with the counts of the loops around
//! them ([`bounded`](super::bounded)) and, within keys, with those that are there ([`few`](super::few), [`entry`](super::entry)).

use super::nfa::{Bounded, Counted, Counts, Loop, NEVER, Nfa, SLOTS, together};
use super::program::{Edge, Inst, LoopId, Pc};

/// A distance, several times.
fn times(distance: u64, rounds: u64) -> u64 {
    if distance >= NEVER { NEVER } else { distance.saturating_mul(rounds).min(NEVER - 1) }
}

impl Nfa {
    /// Fewest bytes from the head of a loop with `count` rounds done to the end of the round around it.
    pub(super) fn rest_of_loop(&self, id: LoopId, count: u32, distances: &[u64]) -> u64 {
        let l = &self.loops[id as usize];
        if let Some(bounded) = self.bounded.get(&id) {
            return together(bounded.spelled.of(l.body, count), distances[l.exit as usize]);
        }
        let rounds = u64::from(l.min.saturating_sub(count));
        let inside = match rounds {
            0 => 0,
            1 => distances[l.first(count) as usize],
            _ => together(distances[l.first(count) as usize], times(distances[l.again as usize], rounds - 1)),
        };
        together(inside, distances[l.exit as usize])
    }

    /// Fewest bytes that can be spelled from a configuration to the end of the text.
    pub(crate) fn distance(&self, pc: Pc, counts: &Counts) -> u64 {
        let inside = match self.bounded(pc) {
            Some((l, bounded)) => {
                together(bounded.spelled.of(pc, counts[l.slot]), self.spelled[l.exit as usize])
            }
            None => self.among_keys(pc, counts).unwrap_or(self.spelled[pc as usize]),
        };
        together(inside, self.beyond(pc, counts))
    }

    /// Bytes that suffice to the end of the round within a restricted key, or before one that may be any that is left.
    fn among_keys(&self, pc: Pc, counts: &Counts) -> Option<u64> {
        let any = self.key_distances.get(pc as usize).copied().filter(|&distance| distance > 0)?;
        let is_owed = |id: LoopId| counts[self.loops[id as usize].slot] < self.loops[id as usize].min;
        let is_nearest = self.key_set(pc).is_none() && self.within(pc).is_some_and(is_owed);
        (!is_nearest).then_some(any)
    }

    /// Fewest bytes that can be spelled from the end of a configuration's round to the end of the text.
    pub(super) fn beyond(&self, pc: Pc, counts: &Counts) -> u64 {
        let mut total = 0;
        let mut within = self.bounded(pc).map_or(self.within(pc), |(l, _)| l.outer);
        while let Some(id) = within {
            let l = &self.loops[id as usize];
            let rest = self.rest_of_loop(id, counts[l.slot].saturating_add(1), &self.spelled);
            total = together(total, rest);
            within = l.outer;
        }
        total
    }

    /// Whether the end can be reached at all after some counts, by whatever bytes. What cannot is left out of every
    /// state.
    pub(crate) fn is_live(&self, pc: Pc, counts: &Counts) -> bool {
        let after = self.bounded(pc).is_none_or(|(l, bounded)| bounded.live.of(pc, counts[l.slot]) < NEVER);
        after && self.may_be_live(pc)
    }

    /// Whether it can after some counts.
    pub(crate) fn may_be_live(&self, pc: Pc) -> bool {
        self.distance[pc as usize] < NEVER
    }

    /// The loop around an instruction, if it counts characters.
    fn bounded(&self, pc: Pc) -> Option<(&Loop, &Bounded)> {
        if self.bounded.is_empty() {
            return None;
        }
        let id = self.within(pc)?;
        self.bounded.get(&id).map(|bounded| (&self.loops[id as usize], bounded))
    }

    /// A count of a loop that cannot be told from another one within so many bytes.
    pub(crate) fn saturated(&self, id: LoopId, count: u32, horizon: u32) -> u32 {
        let l = &self.loops[id as usize];
        if let Some(bounded) = self.bounded.get(&id) {
            return bounded.live.saturated(count, horizon).max(bounded.spelled.saturated(count, horizon));
        }
        let reach = count.saturating_add(horizon).saturating_add(1);
        if reach < l.min {
            0
        } else if count >= l.min && reach < l.max {
            l.min
        } else {
            count
        }
    }

    /// No configuration from which the end can be spelled is further from it than this.
    pub(crate) fn greatest_distance(&self) -> u64 {
        let greatest = |pc: Pc| match self.bounded(pc) {
            Some((l, bounded)) => {
                let outside = self.distance(l.exit, &[0; SLOTS]);
                together(bounded.spelled.greatest(pc), outside)
            }
            None => {
                let any = self.key_distances.get(pc as usize).copied().unwrap_or(0);
                together(any.max(self.spelled[pc as usize]), self.beyond(pc, &[0; SLOTS]))
            }
        };
        let all = (0..self.len() as Pc).map(greatest);
        all.filter(|&distance| distance < NEVER).max().unwrap_or(0)
    }

    /// A shortest text that can be spelled from a configuration to the end of its rule, or as many bytes of it as are
    /// asked for; there must be one.
    pub(crate) fn witness(&self, mut pc: Pc, mut counts: Counts, bytes: usize) -> Vec<u8> {
        let mut text = Vec::new();
        let mut callers: Vec<(Pc, Counts)> = Vec::new();
        while text.len() < bytes {
            match self.inst(pc) {
                Inst::Accept => match callers.pop() {
                    Some(caller) => (pc, counts) = caller,
                    None => return text,
                },
                Inst::Call(rule, next) => {
                    callers.push((next, counts));
                    (pc, counts) = (self.rules[rule as usize].start, [0; SLOTS]);
                }
                inst @ (Inst::Bytes(edges) | Inst::Tick(edges)) => {
                    if let Inst::Tick(_) = inst {
                        self.tick(pc, &mut counts);
                    }
                    match self.nearest_byte(edges, &counts) {
                        Some((byte, target)) => {
                            text.push(byte);
                            pc = target;
                        }
                        None => return text,
                    }
                }
                Inst::Leave => match self.leave(pc, &mut counts) {
                    Some(exit) => pc = exit,
                    None => return text,
                },
                Inst::Split(ways) if self.bounded(pc).is_some() => {
                    let nearest = ways.iter().min_by_key(|way| self.rest_of_round(**way, &counts));
                    pc = nearest.copied().unwrap_or(pc);
                }
                Inst::Split(_) => pc = self.nearest[pc as usize],
                Inst::Inside(_, target) => pc = target,
                Inst::Enter(id) => pc = self.turn(id, 0, &mut counts),
                Inst::Next(id) => {
                    let l = &self.loops[id as usize];
                    let count = l.count_up(counts[l.slot]);
                    pc = self.turn(id, count, &mut counts);
                }
            }
        }
        text
    }

    /// The edge that leads on best, with a byte of it.
    fn nearest_byte(&self, edges: &[Edge], counts: &Counts) -> Option<(u8, Pc)> {
        let usable = edges.iter().filter_map(|edge| Some((self.bytes.plain(edge.0, edge.1)?, edge.2)));
        usable.min_by_key(|(_, target)| self.rest_of_round(*target, counts))
    }

    /// Fewest bytes that can be spelled to the end of the round, or to that of the text which a loop counts.
    fn rest_of_round(&self, pc: Pc, counts: &Counts) -> u64 {
        match self.bounded(pc) {
            Some((l, bounded)) => bounded.spelled.of(pc, counts[l.slot]),
            None => self.spelled[pc as usize],
        }
    }

    /// Counts a character.
    pub(crate) fn tick(&self, pc: Pc, counts: &mut Counts) {
        if let Some(id) = self.within(pc) {
            let l = &self.loops[id as usize];
            counts[l.slot] = l.count_up(counts[l.slot]);
        }
    }

    /// Where it goes on behind a loop that counts characters, if there are enough.
    pub(crate) fn leave(&self, pc: Pc, counts: &mut Counts) -> Option<Pc> {
        let l = &self.loops[self.within(pc)? as usize];
        let enough = counts[l.slot] >= l.min;
        counts[l.slot] = 0;
        enough.then_some(l.exit)
    }

    /// Another round if one is owed, else out.
    fn turn(&self, id: LoopId, count: u32, counts: &mut Counts) -> Pc {
        let l = &self.loops[id as usize];
        let more = count < l.min || l.counts == Counted::Characters;
        counts[l.slot] = if more { count } else { 0 };
        if more { l.first(count) } else { l.exit }
    }
}
