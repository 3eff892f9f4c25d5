//! Sets of texts with bounds on their number of characters.
//!
//! The product of an automaton for a set of texts and one that counts to 500 has 500 times as many states. So
//! characters are counted in configurations, like the rounds of a loop: the set's automaton occurs once, as
//! the body of a loop whose rounds are characters ([`Inst::Tick`]), and which may be left where a text of the
//! set is complete ([`Inst::Leave`]).
//!
//! What remains is to determine whether a text can still be completed: whether, from a place in the set and
//! after so many characters, an end can be reached within the bounds, and how far away it is. There are many
//! combinations of places and counts, but bounds matter only near both ends: once as many characters are left
//! as the longest of the shortest paths needs, more make no difference.

use std::ops::Range;

use super::bytes::ByteSet;
use super::nfa::{Loop, NEVER, UNBOUNDED};
use super::program::{Edge, Inst, Pc, Program};

/// No end within the bounds.
const FAR: u32 = u32::MAX;

/// Fewest bytes from each place of a set to an end within the bounds.
#[derive(Debug)]
pub(super) struct Needs {
    part: Range<Pc>,
    min: u32,
    max: u32,
    /// By the characters that may still come, the last row for all beyond it: a distance for each place.
    rest: Vec<Vec<u32>>,
    /// By the characters that still have to come, from one: the same. There is no end beyond the last row.
    owed: Vec<Vec<u32>>,
}

impl Needs {
    /// `part` are the instructions of a loop, of which only some bytes can be spelled. Takes the looks at instructions
    /// and edges from `steps`; `None` if there are too few.
    pub(super) fn new(
        program: &Program,
        part: Range<Pc>,
        l: &Loop,
        bytes: &ByteSet,
        steps: &mut usize,
    ) -> Option<Needs> {
        let mut rows = Rows { program, part: part.clone(), bytes, steps };
        let (min, max) = (l.min, l.max);
        let mut rest = vec![rows.row(None, true)?];
        let most = if max == UNBOUNDED { u32::MAX } else { max - min };
        while (rest.len() as u64) <= u64::from(most) {
            let next = rows.row(rest.last(), true)?;
            if rest.last() == Some(&next) {
                break;
            }
            rest.push(next);
        }
        let mut owed: Vec<Vec<u32>> = Vec::new();
        for _ in 0..min {
            let next = rows.row(owed.last().or(rest.last()), false)?;
            // What has no end so far has none further on.
            if next.iter().all(|distance| *distance == FAR) {
                break;
            }
            owed.push(next);
        }
        Some(Needs { part, min, max, rest, owed })
    }

    /// Fewest bytes from a place after so many characters; [`NEVER`] if there is no end within the bounds.
    pub(super) fn of(&self, pc: Pc, count: u32) -> u64 {
        let row = if count < self.min {
            self.owed.get((self.min - count) as usize - 1)
        } else if self.max == UNBOUNDED {
            self.rest.last()
        } else {
            self.max.checked_sub(count).map(|left| &self.rest[(left as usize).min(self.rest.len() - 1)])
        };
        let distance = row.and_then(|row| row.get((pc - self.part.start) as usize));
        distance.filter(|distance| **distance != FAR).map_or(NEVER, |distance| u64::from(*distance))
    }

    /// The same from the place where most bytes are needed after whatever count.
    pub(super) fn greatest(&self, pc: Pc) -> u64 {
        let at = (pc - self.part.start) as usize;
        let all = self.rest.iter().chain(&self.owed).map(|row| row[at]);
        all.filter(|distance| *distance != FAR).max().map_or(NEVER, u64::from)
    }

    /// A count that is as good as another for so many characters more.
    pub(super) fn saturated(&self, count: u32, horizon: u32) -> u32 {
        let reach = u64::from(count) + u64::from(horizon) + self.rest.len() as u64;
        if count >= self.min && reach < u64::from(self.max) { self.min } else { count }
    }
}

/// Works the rows out.
struct Rows<'p> {
    program: &'p Program,
    part: Range<Pc>,
    bytes: &'p ByteSet,
    steps: &'p mut usize,
}

impl Rows<'_> {
    /// The distances where one character more may or must come than in the row `after` it; without one, none may.
    /// Whether the text may end here is `ends`.
    fn row(&mut self, after: Option<&Vec<u32>>, ends: bool) -> Option<Vec<u32>> {
        let mut row = vec![FAR; self.part.len()];
        let at = |pc: Pc| (pc - self.part.start) as usize;
        let nearest = |edges: &[Edge], row: &[u32]| {
            let usable = edges.iter().filter(|edge| self.bytes.meets(edge.0, edge.1));
            usable.map(|edge| row[at(edge.2)].saturating_add(1)).min().unwrap_or(FAR)
        };
        let mut steps = 0;
        // What reads a character needs the row behind it; the rest of the instructions wait for each other, at most as
        // many times as a character has bytes.
        let mut changed = true;
        while changed {
            changed = false;
            steps += self.part.len();
            for pc in self.part.clone() {
                let distance = match self.program.get(pc) {
                    Inst::Leave if ends => 0,
                    Inst::Tick(edges) => {
                        steps += edges.len();
                        after.map_or(FAR, |after| nearest(edges, after))
                    }
                    Inst::Bytes(edges) => {
                        steps += edges.len();
                        nearest(edges, &row)
                    }
                    Inst::Split(ways) => ways.iter().map(|way| row[at(*way)]).min().unwrap_or(FAR),
                    _ => continue,
                };
                if distance < row[at(pc)] {
                    row[at(pc)] = distance;
                    changed = true;
                }
            }
        }
        *self.steps = self.steps.checked_sub(steps)?;
        Some(row)
    }
}
