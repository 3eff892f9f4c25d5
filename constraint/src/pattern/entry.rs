//! What it takes to read a restricted key, whichever are there already.
//!
//! Keys of a set end in a few places, one for each sort of value. Where so many keys are there, at most the nearest of them are: the
//! next one is left, and it, or one that is as near, can follow. So a list is as far from its end as its nearest keys
//! together, as many as it has to have; and a list whose values have such lists again has an end as soon as enough of its keys
//! lead elsewhere. Where further members may come and none has to, any key can be left, and the farthest counts.

use rustc_hash::FxHashMap;

use super::bytes::ByteSet;
use super::few::{KeySet, MOST_KEYS, Members};
use super::nfa::{NEVER, Nfa, together};
use super::program::{Inst, Pc};

/// Keys are looked at by their lengths up to this.
const LONGEST: u64 = 4096;

/// By the instruction that reads the opening quote.
pub(super) type Entries = FxHashMap<Pc, Entry>;

/// The keys of a set by what they take, from its opening quote on.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) ends: Box<[Pc]>,
    keys: Vec<Alike>,
    /// Keys that are there already where one has to follow, at most.
    there: u32,
}

/// Keys of one length that end in one place.
#[derive(Debug, Clone, Copy)]
struct Alike {
    /// With the closing quote.
    length: u64,
    end: Pc,
    number: u32,
}

impl Entry {
    /// Bytes from the opening quote to the end of a round that has to come, given distances; [`NEVER`] until enough of
    /// them are known.
    pub(super) fn distance(&self, distances: &[u64]) -> u64 {
        self.behind(self.there, distances)
    }

    /// The same where so many keys are there already.
    fn behind(&self, mut there: u32, distances: &[u64]) -> u64 {
        let cost = |keys: &Alike| (together(keys.length + 1, distances[keys.end as usize]), keys.number);
        let mut costs: Vec<(u64, u32)> = self.keys.iter().map(cost).filter(|cost| cost.0 < NEVER).collect();
        costs.sort_unstable();
        for (cost, number) in costs {
            if number > there {
                return cost;
            }
            there -= number;
        }
        NEVER
    }

    /// Fewer keys may be spelled than there are: then those count.
    fn keys(&self) -> u32 {
        self.keys.iter().fold(0, |keys: u32, alike| keys.saturating_add(alike.number)).min(MOST_KEYS)
    }
}

impl Nfa {
    /// The keys of all sets, where it is only asked whether there is an end.
    pub(super) fn live_entries(&self) -> Entries {
        let there = |set: &KeySet| match set.members {
            Members::Counted => self.owed(set),
            Members::Any | Members::Owed(_) => 0,
        };
        self.key_sets.iter().map(|set| (set.insts.end, self.entry(set, &ByteSet::ALL, there(set)))).collect()
    }

    /// The keys of all sets by some bytes; and sets for each instruction of a set how many bytes suffice for some key,
    /// whichever are left.
    pub(super) fn enter_keys(&mut self, bytes: &ByteSet) -> Entries {
        let mut entries = Entries::default();
        self.key_lengths = vec![0; self.key_sets.last().map_or(0, |set| set.insts.end as usize)];
        for set in self.key_sets.clone() {
            let lengths = self.lengths_of_keys(&set, bytes);
            self.key_lengths[set.insts.start as usize..set.insts.end as usize].copy_from_slice(&lengths);
            let there = match set.members {
                Members::Counted => self.owed(&set),
                Members::Any | Members::Owed(None) => MOST_KEYS - 1,
                Members::Owed(Some(there)) => there,
            };
            let mut entry = self.entry(&set, bytes, there);
            entry.there = there.min(entry.keys().saturating_sub(1));
            entries.insert(set.insts.end, entry);
        }
        entries
    }

    /// Keys that are there at most before a round of a set that has to come: the list is counted, or has one member.
    fn owed(&self, set: &KeySet) -> u32 {
        self.within(set.start).map_or(0, |id| self.loops[id as usize].min.saturating_sub(1))
    }

    fn entry(&self, set: &KeySet, bytes: &ByteSet, there: u32) -> Entry {
        let keys = self.keys_by_length(set, bytes);
        let mut ends: Vec<Pc> = keys.iter().map(|alike| alike.end).collect();
        ends.sort_unstable();
        ends.dedup();
        Entry { ends: ends.into(), keys, there }
    }

    /// How many keys of each length end where, up to [`MOST_KEYS`] for each end.
    fn keys_by_length(&self, set: &KeySet, bytes: &ByteSet) -> Vec<Alike> {
        let edges: Vec<Vec<(u32, Pc)>> = set.insts.clone().map(|pc| self.key_reads(pc, bytes)).collect();
        let inside = |pc: Pc| set.insts.contains(&pc).then(|| (pc - set.insts.start) as usize);
        let mut keys = Vec::new();
        let mut sums: FxHashMap<Pc, u32> = FxHashMap::default();
        let mut leads = leading(&edges, &inside, &sums);
        let mut now: FxHashMap<Pc, u32> = FxHashMap::from_iter([(set.start, 1)]);
        // A longer key has gone around a circle.
        let most = LONGEST.max(edges.len() as u64);
        for length in 1..=most {
            let mut next: FxHashMap<Pc, u32> = FxHashMap::default();
            for (&pc, &ways) in &now {
                for &(bytes, target) in inside(pc).map_or(&[][..], |at| &edges[at]) {
                    let to = next.entry(target).or_default();
                    *to = to.saturating_add(ways.saturating_mul(bytes)).min(MOST_KEYS);
                }
            }
            let before = keys.len();
            keys.extend(next.iter().filter_map(|(&end, &number)| {
                let sum = inside(end).is_none().then(|| sums.entry(end).or_default())?;
                let number = number.min(MOST_KEYS - *sum);
                *sum += number;
                (number > 0).then_some(Alike { length, end, number })
            }));
            if keys[before..].iter().any(|alike| sums[&alike.end] == MOST_KEYS) {
                leads = leading(&edges, &inside, &sums);
            }
            next.retain(|&pc, _| inside(pc).is_some_and(|at| leads[at]));
            now = next;
            if now.is_empty() {
                return keys;
            }
        }
        let length = edges.len() as u64 * u64::from(MOST_KEYS + 1);
        let missing = sums.iter().filter(|(_, sum)| **sum < MOST_KEYS);
        keys.extend(missing.map(|(&end, sum)| Alike { length, end, number: MOST_KEYS - sum }));
        keys
    }

    /// Where an instruction within a key leads by some bytes, and by how many of them.
    fn key_reads(&self, pc: Pc, bytes: &ByteSet) -> Vec<(u32, Pc)> {
        match self.inst(pc) {
            Inst::Split(targets) => {
                targets.iter().flat_map(|&target| self.key_reads(target, bytes)).collect()
            }
            Inst::Bytes(ranges) => {
                let ways = |low: u8, high: u8| (low..=high).filter(|byte| bytes.contains(*byte)).count();
                let edges = ranges.iter().map(|&(low, high, target)| (ways(low, high) as u32, target));
                edges.filter(|edge| edge.0 > 0).collect()
            }
            _ => Vec::new(),
        }
    }

    /// For each instruction of a set the length up to which there are as many keys as it can complete, or
    /// [`MOST_KEYS`]; where not all of them can be spelled, up to which there are those that can.
    fn lengths_of_keys(&self, set: &KeySet, bytes: &ByteSet) -> Vec<u64> {
        let edges: Vec<Vec<(u32, Option<usize>)>> =
            set.insts.clone().map(|pc| self.key_edges(set, pc, bytes)).collect();
        let wanted = &self.key_counts[set.insts.start as usize..set.insts.end as usize];
        let is_split = |at: usize| matches!(self.inst(set.insts.start + at as Pc), Inst::Split(_));
        let mut lengths = vec![NEVER; edges.len()];
        let mut sums = vec![0u32; edges.len()];
        let mut last = vec![0u32; edges.len()];
        for length in 1..=LONGEST {
            let mut now = vec![0u32; edges.len()];
            for split in [false, true] {
                for at in (0..edges.len()).filter(|&at| is_split(at) == split) {
                    let keys = edges[at].iter().fold(0u32, |keys, &(ways, target)| {
                        let further = match target {
                            None => u32::from(length == 1),
                            Some(target) if split => now[target],
                            Some(target) => last[target],
                        };
                        keys.saturating_add(ways.saturating_mul(further))
                    });
                    now[at] = keys.min(MOST_KEYS);
                    sums[at] = (sums[at] + now[at]).min(MOST_KEYS);
                    if sums[at] >= wanted[at] && lengths[at] == NEVER {
                        lengths[at] = length;
                    }
                }
            }
            last = now;
            if last.iter().all(|&keys| keys == 0) || !lengths.contains(&NEVER) {
                let spelled = |(&sum, &known): (&u32, &u64)| if sum > 0 { known.min(length) } else { known };
                return sums.iter().zip(&lengths).map(spelled).collect();
            }
        }
        // There is a longer one for each time around a circle.
        let most = edges.len() as u64 * u64::from(MOST_KEYS + 1);
        lengths.iter().map(|&length| if length == NEVER { most } else { length }).collect()
    }

    /// Bytes that suffice to the end of the round or rule, whichever keys are left: from the instructions of sets, and from
    /// those before a key in a counted list, where it does not have to come.
    pub(super) fn distances_in_keys(&self, distances: &[u64], entries: &Entries) -> Vec<u64> {
        let mut all = Vec::new();
        for set in &self.key_sets {
            let Some(entry) = entries.get(&set.insts.end) else { continue };
            let live = entry.ends.iter().filter(|end| self.may_be_live(**end));
            let after = live.map(|&end| distances[end as usize]).max().unwrap_or(NEVER);
            let quote = set.insts.end;
            all.resize(quote as usize, 0);
            for pc in set.insts.clone() {
                all[pc as usize] = together(self.key_lengths[pc as usize], after);
            }
            let Some(list) = self.within(set.start).filter(|_| set.members == Members::Counted) else {
                continue;
            };
            let left = self.key_count(set.start).min(entry.keys()).saturating_sub(1);
            let farthest = entry.behind(left, distances);
            let before = (quote..self.len() as Pc).take_while(|&pc| self.within(pc) == Some(list));
            all.extend(before.map(
                |pc| match distances[pc as usize].checked_sub(distances[quote as usize]) {
                    Some(to_quote) if distances[quote as usize] < NEVER => together(to_quote, farthest),
                    _ => NEVER,
                },
            ));
        }
        all
    }
}

/// The instructions of a set from which a key leads to an end to which not enough lead so far.
fn leading(
    edges: &[Vec<(u32, Pc)>],
    inside: &impl Fn(Pc) -> Option<usize>,
    sums: &FxHashMap<Pc, u32>,
) -> Vec<bool> {
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); edges.len()];
    let mut leads = vec![false; edges.len()];
    let mut open = Vec::new();
    for (at, edges) in edges.iter().enumerate() {
        for &(_, target) in edges {
            match inside(target) {
                Some(target) => before[target].push(at),
                None if sums.get(&target).is_some_and(|sum| *sum >= MOST_KEYS) => {}
                None => open.push(at),
            }
        }
    }
    while let Some(at) = open.pop() {
        if !std::mem::replace(&mut leads[at], true) {
            open.extend(&before[at]);
        }
    }
    leads
}
