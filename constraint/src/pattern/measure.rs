//! How far the end is from every instruction, by the shortest texts.
//!
//! A call is as far from the end as its rule and what follows it together, a loop as its rounds and its exit.
//! So distances come out as in Dijkstra's search, the least first, with a call known once both of its parts
//! are: each instruction once, in whatever order rules were written.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::few::Entries;
use super::nfa::{ByteSet, Inst, NEVER, Nfa, Pc, together};

/// For each instruction the others whose distance depends on it.
struct Dependents {
    /// Where those of each instruction begin in `all`.
    from: Vec<u32>,
    all: Vec<Pc>,
}

impl Dependents {
    fn new(nfa: &Nfa, bytes: &ByteSet, entries: &Entries) -> Dependents {
        let mut from = vec![0u32; nfa.insts.len() + 1];
        for at in 0..nfa.insts.len() {
            needs(nfa, at as Pc, (bytes, entries), |pc| from[pc as usize + 1] += 1);
        }
        for at in 1..from.len() {
            from[at] += from[at - 1];
        }
        let mut all = vec![0; from.last().copied().unwrap_or(0) as usize];
        let mut free = from.clone();
        for at in 0..nfa.insts.len() {
            needs(nfa, at as Pc, (bytes, entries), |pc| {
                all[free[pc as usize] as usize] = at as Pc;
                free[pc as usize] += 1;
            });
        }
        Dependents { from, all }
    }

    fn of(&self, pc: Pc) -> &[Pc] {
        &self.all[self.from[pc as usize] as usize..self.from[pc as usize + 1] as usize]
    }
}

/// The instructions on whose distances that of `inst` depends, where only some bytes can be spelled.
fn needs(nfa: &Nfa, at: Pc, (bytes, entries): (&ByteSet, &Entries), mut each: impl FnMut(Pc)) {
    if let Some(entry) = entries.get(&at) {
        return entry.ends.iter().for_each(|&pc| each(pc));
    }
    match &nfa.insts[at as usize] {
        Inst::Accept | Inst::Next(_) => {}
        Inst::Bytes(ranges) => {
            let usable = ranges.iter().filter(|range| bytes.meets(range.0, range.1));
            usable.for_each(|range| each(range.2));
        }
        Inst::Split(targets) => targets.iter().for_each(|&pc| each(pc)),
        Inst::Enter(id) => {
            let l = &nfa.loops[*id as usize];
            [l.body, l.again, l.exit].into_iter().for_each(each);
        }
        Inst::Inside(id, target) => {
            let l = &nfa.loops[*id as usize];
            [*target, l.again, l.exit].into_iter().for_each(each);
        }
        Inst::Call(rule, next) => [nfa.rules[*rule as usize].start, *next].into_iter().for_each(each),
    }
}

/// Distances up to this have a row each.
const NEAR: u64 = 1 << 12;

/// Instructions by their distances, the nearest first. None is added that is nearer than one taken out.
#[derive(Default)]
struct Queue {
    near: Vec<Vec<Pc>>,
    /// The first row that may have any.
    at: usize,
    far: BinaryHeap<Reverse<(u64, Pc)>>,
}

impl Queue {
    fn push(&mut self, distance: u64, pc: Pc) {
        if distance >= NEAR {
            return self.far.push(Reverse((distance, pc)));
        }
        let row = distance as usize;
        if self.near.len() <= row {
            self.near.resize(row + 1, Vec::new());
        }
        self.near[row].push(pc);
    }

    fn pop(&mut self) -> Option<(u64, Pc)> {
        while let Some(row) = self.near.get_mut(self.at) {
            if let Some(pc) = row.pop() {
                return Some((self.at as u64, pc));
            }
            self.at += 1;
        }
        self.far.pop().map(|Reverse(next)| next)
    }
}

impl Nfa {
    /// The least fixed point of the distances by some bytes, and for each place where ways part the way that
    /// gave its distance. That was known before it: who follows these ways comes to an end, also where rounds
    /// read nothing.
    ///
    /// Where keys of a set may be gone, what it takes to read any of them counts (`entries`).
    pub(super) fn measure(&self, bytes: &ByteSet, entries: &Entries) -> (Vec<u64>, Vec<Pc>) {
        let dependents = Dependents::new(self, bytes, entries);
        let mut distances = vec![NEVER; self.insts.len()];
        let mut nearest = vec![0; self.insts.len()];
        let mut known = vec![false; self.insts.len()];
        let mut queue = Queue::default();
        for (pc, inst) in self.insts.iter().enumerate() {
            if matches!(inst, Inst::Accept | Inst::Next(_)) {
                distances[pc] = 0;
                queue.push(0, pc as Pc);
            }
        }
        while let Some((distance, pc)) = queue.pop() {
            if std::mem::replace(&mut known[pc as usize], true) {
                continue;
            }
            for &dependent in dependents.of(pc) {
                let at = dependent as usize;
                let by_this = match &self.insts[at] {
                    Inst::Bytes(_) if entries.contains_key(&dependent) => {
                        entries.get(&dependent).map_or(NEVER, |entry| entry.distance(&distances))
                    }
                    Inst::Bytes(ranges) => together(distance, 1 + self.spare(dependent, ranges)),
                    Inst::Split(_) => distance,
                    Inst::Enter(id) => self.rest_of_loop(*id, 0, &distances),
                    Inst::Inside(id, target) => {
                        let rest = self.rest_of_loop(*id, 1, &distances);
                        together(distances[*target as usize], rest)
                    }
                    Inst::Call(rule, next) => {
                        let start = self.rules[*rule as usize].start;
                        together(distances[start as usize], distances[*next as usize])
                    }
                    Inst::Accept | Inst::Next(_) => continue,
                };
                if by_this < distances[at] {
                    (distances[at], nearest[at]) = (by_this, pc);
                    queue.push(by_this, dependent);
                }
            }
        }
        (distances, nearest)
    }

    /// Bytes by which a key may have to be longer than the shortest, since that may be there already: counted where
    /// it ends.
    fn spare(&self, pc: Pc, ranges: &[(u8, u8, Pc)]) -> u64 {
        let is_end = self.is_key(pc) && matches!(ranges, [(b'"', b'"', _)]);
        if is_end && self.key_set(pc).is_none() { SPARE } else { 0 }
    }
}

/// So many digits tell more keys apart than fit into memory.
const SPARE: u64 = 8;
