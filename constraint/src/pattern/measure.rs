//! The distance to the end from every instruction, by the shortest texts.
//!
//! The distance of a call is that of its rule plus that of what follows it; the distance of a loop is that of
//! its rounds plus that of its exit. Most instructions lead only to instructions emitted earlier, and a few
//! passes find all distances. Otherwise distances are found as in Dijkstra's algorithm, smallest first, with
//! a call known once both of its parts are: each instruction once, in whatever order the rules were written.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::bytes::ByteSet;
use super::entry::{Entries, Entry};
use super::nfa::{NEVER, Nfa, together};
use super::program::{Edge, Inst, Pc};

/// For each instruction the others whose distance depends on it.
struct Dependents {
    /// Where those of each instruction begin in `all`.
    from: Vec<u32>,
    all: Vec<Pc>,
}

impl Dependents {
    fn new(nfa: &Nfa, bytes: &ByteSet, entries: &Entries) -> Dependents {
        let mut from = vec![0u32; nfa.len() + 1];
        for at in 0..nfa.len() as Pc {
            needs(nfa, at, (bytes, entries), |pc| from[pc as usize + 1] += 1);
        }
        for at in 1..from.len() {
            from[at] += from[at - 1];
        }
        let mut all = vec![0; from.last().copied().unwrap_or(0) as usize];
        let mut free = from.clone();
        for at in 0..nfa.len() as Pc {
            needs(nfa, at, (bytes, entries), |pc| {
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

/// The instructions on whose distances that of the one `at` a place depends, where only some bytes can be spelled.
fn needs(nfa: &Nfa, at: Pc, (bytes, entries): (&ByteSet, &Entries), mut each: impl FnMut(Pc)) {
    if let Some(entry) = entry_at(entries, at) {
        return entry.ends.iter().for_each(|&pc| each(pc));
    }
    match nfa.inst(at) {
        Inst::Accept | Inst::Next(_) | Inst::Leave => {}
        Inst::Bytes(ranges) | Inst::Tick(ranges) => {
            let usable = ranges.iter().filter(|range| bytes.meets(range.0, range.1));
            usable.for_each(|range| each(range.2));
        }
        Inst::Split(targets) => targets.iter().for_each(|&pc| each(pc)),
        Inst::Enter(id) => {
            let l = &nfa.loops[id as usize];
            [l.body, l.again, l.exit].into_iter().for_each(each);
        }
        Inst::Inside(id, target) => {
            let l = &nfa.loops[id as usize];
            [target, l.again, l.exit].into_iter().for_each(each);
        }
        Inst::Call(rule, next) => [nfa.rules[rule as usize].start, next].into_iter().for_each(each),
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

/// Passes over all instructions in order, before they are searched.
const PASSES: usize = 6;

struct Measured {
    distances: Vec<u64>,
    nearest: Vec<Pc>,
}

/// The entry of a set of keys that an instruction is.
fn entry_at(entries: &Entries, pc: Pc) -> Option<&Entry> {
    if entries.is_empty() { None } else { entries.get(&pc) }
}

impl Measured {
    fn new(len: usize) -> Measured {
        Measured { distances: vec![NEVER; len], nearest: vec![0; len] }
    }

    /// Looks at each instruction once, in order. Whether any came nearer.
    fn pass(&mut self, nfa: &Nfa, (bytes, entries): (&ByteSet, &Entries)) -> bool {
        let (mut changed, all) = (false, *bytes == ByteSet::ALL);
        for (pc, inst) in nfa.program.iter().enumerate() {
            let now = self.distances[pc];
            let mut best = (now, self.nearest[pc]);
            match inst {
                Inst::Bytes(_) if let Some(entry) = entry_at(entries, pc as Pc) => {
                    best.0 = best.0.min(entry.distance(&self.distances));
                }
                Inst::Bytes(edges) | Inst::Tick(edges) => {
                    for &(low, high, target) in edges {
                        // Most edges lead nowhere nearer, and then it does not matter whether they can be followed.
                        let by_this = self.distances[target as usize].saturating_add(1);
                        if by_this >= best.0 || !all && !bytes.meets(low, high) {
                            continue;
                        }
                        let spare = if low == b'"' && high == b'"' { nfa.spare(pc as Pc) } else { 0 };
                        best = best.min((together(by_this, spare), target));
                    }
                }
                Inst::Split(targets) => {
                    for &target in targets {
                        let by_this = self.distances[target as usize];
                        if by_this < best.0 {
                            best = (by_this, target);
                        }
                    }
                }
                _ => best.0 = best.0.min(self.through(nfa, inst)),
            }
            if best.0 < now {
                (self.distances[pc], self.nearest[pc]) = best;
                changed = true;
            }
        }
        changed
    }

    /// The distance of what neither reads nor parts, by those that it leads to.
    fn through(&self, nfa: &Nfa, inst: Inst<'_>) -> u64 {
        let to = |pc: Pc| self.distances[pc as usize];
        match inst {
            Inst::Accept | Inst::Next(_) | Inst::Leave => 0,
            Inst::Enter(id) => nfa.rest_of_loop(id, 0, &self.distances),
            Inst::Inside(id, target) => together(to(target), nfa.rest_of_loop(id, 1, &self.distances)),
            Inst::Call(rule, next) => together(to(nfa.rules[rule as usize].start), to(next)),
            Inst::Bytes(_) | Inst::Tick(_) | Inst::Split(_) => NEVER,
        }
    }

    /// Dijkstra's search, each instruction once.
    fn search(&mut self, nfa: &Nfa, (bytes, entries): (&ByteSet, &Entries)) {
        let dependents = Dependents::new(nfa, bytes, entries);
        let mut known = vec![false; nfa.len()];
        let mut queue = Queue::default();
        for (pc, inst) in nfa.program.iter().enumerate() {
            if matches!(inst, Inst::Accept | Inst::Next(_) | Inst::Leave) {
                self.distances[pc] = 0;
                queue.push(0, pc as Pc);
            }
        }
        while let Some((distance, pc)) = queue.pop() {
            if std::mem::replace(&mut known[pc as usize], true) {
                continue;
            }
            for &dependent in dependents.of(pc) {
                let by_this = match nfa.inst(dependent) {
                    Inst::Bytes(_) if let Some(entry) = entry_at(entries, dependent) => {
                        entry.distance(&self.distances)
                    }
                    Inst::Bytes(edges) | Inst::Tick(edges) => {
                        let ends = |edge: &Edge| edge.2 != pc || (edge.0, edge.1) == (b'"', b'"');
                        let spare = if edges.iter().all(ends) { nfa.spare(dependent) } else { 0 };
                        together(distance, 1 + spare)
                    }
                    Inst::Split(_) => distance,
                    inst => self.through(nfa, inst),
                };
                if by_this < self.distances[dependent as usize] {
                    (self.distances[dependent as usize], self.nearest[dependent as usize]) = (by_this, pc);
                    queue.push(by_this, dependent);
                }
            }
        }
    }
}

impl Nfa {
    /// The least fixed point of the distances by some bytes, and for each place where ways part the way that
    /// gave its distance. That was known before it: who follows these ways comes to an end, also where rounds
    /// read nothing.
    ///
    /// Where keys of a set may be gone, what it takes to read any of them counts (`entries`).
    pub(super) fn measure(&self, bytes: &ByteSet, entries: &Entries) -> (Vec<u64>, Vec<Pc>) {
        let mut measured = Measured::new(self.len());
        // What an instruction leads to was mostly emitted before it.
        if !(0..PASSES).any(|_| !measured.pass(self, (bytes, entries))) {
            measured = Measured::new(self.len());
            measured.search(self, (bytes, entries));
        }
        (measured.distances, measured.nearest)
    }

    /// Bytes by which a key may have to be longer than the shortest, since that may be there already: counted where
    /// it ends. (Of restricted keys it is known how long they are.)
    fn spare(&self, pc: Pc) -> u64 {
        if self.program.is_key(pc) && self.key_set(pc).is_none() { SPARE } else { 0 }
    }
}

/// So many digits tell more keys apart than fit into memory.
const SPARE: u64 = 8;
