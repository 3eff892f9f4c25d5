//! Texts with holes: what stands in a template, and which part of a finished text each hole took.
//!
//! As a set of texts, a template is a regular concatenation: whatever can be divided into its parts. To *read* a text is to
//! divide it, in one way of perhaps many. From left to right, each hole takes as much as it can so that the rest
//! still fits. That is a search which goes on in a hole before it leaves it, and which remembers where it has failed: at a
//! place of the text, in a state of a hole, it fails once. So the steps are about as many as the text has
//! bytes, for each hole, and more only where a hole can begin in many places that lead to different states.

use std::ops::Range;

use rustc_hash::FxHashSet;

use super::bytes::ByteSet;
use super::compile::Compiler;
use super::cursor::Cursor;
use super::lazy::{DEAD, Dfa, StateId};
use super::program::Pc;
use super::{Pattern, build};
use crate::error::{BuildError, MatchError};
use crate::limits::{Limit, Limits};
use crate::spec::Piece;

impl<'s> Compiler<'s, '_, '_> {
    /// The parts of a template, one after the other.
    pub(super) fn template(&mut self, parts: &'s [Piece], next: Pc) -> Result<Pc, BuildError> {
        parts.iter().rev().try_fold(next, |next, part| match part {
            Piece::Text { text } => self.literal(text.as_bytes(), next),
            Piece::Hole { value, .. } => self.spec(value, next),
        })
    }
}

/// Divides the texts of a [template](crate::spec::Spec::Template).
#[derive(Debug)]
pub struct TemplateReader {
    parts: Vec<Part>,
    limits: Limits,
}

#[derive(Debug)]
enum Part {
    Text(Box<[u8]>),
    /// A hole without calls, whose states say all.
    Hole(Dfa),
    /// Another hole.
    Called(Dfa),
}

/// A hole that has read up to a place in the text.
#[derive(Debug)]
struct Open {
    part: usize,
    at: usize,
    state: StateId,
    /// Where a hole with calls can still end, the farthest last.
    ends: Vec<usize>,
    next: Then,
}

/// What is to be tried next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    GoOn,
    Leave,
    GiveUp,
}

/// What became of an attempt to go on behind a part.
enum Behind {
    Hole(Open),
    End,
    Nothing,
}

impl TemplateReader {
    /// Of the parts of a template. `bindings[hole]` is the value of a hole.
    ///
    /// # Errors
    /// Those of [`build`].
    pub fn new(
        parts: &[Piece],
        bindings: &[Vec<String>],
        limits: &Limits,
    ) -> Result<TemplateReader, BuildError> {
        let part = |part: &Piece| match part {
            Piece::Text { text } => Ok(Part::Text(text.as_bytes().into())),
            Piece::Hole { value, .. } => build(value, bindings, limits).map(|pattern| Part::of(&pattern)),
        };
        Ok(TemplateReader {
            parts: parts.iter().map(part).collect::<Result<_, _>>()?,
            limits: limits.clone(),
        })
    }

    /// What each hole takes of a text, in bytes and in their order: from left to right, as much as it can so that the rest still
    /// fits. `None` if the text is none of the template's.
    ///
    /// # Errors
    /// A limit was hit.
    pub fn read(&self, text: &str) -> Result<Option<Vec<Range<usize>>>, MatchError> {
        let mut search =
            Search { parts: &self.parts, limits: &self.limits, text: text.as_bytes(), open: Vec::new() };
        Ok(search.run()?.then(|| search.taken()))
    }
}

impl Part {
    fn of(pattern: &Pattern) -> Part {
        let dfa = pattern.automaton(0, ByteSet::ALL);
        if dfa.has_calls() || dfa.has_keys() { Part::Called(dfa) } else { Part::Hole(dfa) }
    }
}

/// A search for a way through the parts. What is open, from the first part on, is the way so far.
struct Search<'t> {
    parts: &'t [Part],
    limits: &'t Limits,
    text: &'t [u8],
    open: Vec<Open>,
}

impl Search<'_> {
    /// Whether there is a way.
    fn run(&mut self) -> Result<bool, MatchError> {
        let mut failed: FxHashSet<(usize, usize, StateId)> = FxHashSet::default();
        let mut steps = 0;
        match self.begin(0, 0, &mut steps)? {
            Behind::Hole(open) => self.open.push(open),
            Behind::End => return Ok(true),
            Behind::Nothing => return Ok(false),
        }
        while let Some(last) = self.open.len().checked_sub(1) {
            self.count(&mut steps, 1)?;
            let (parts, text) = (self.parts, self.text);
            let open = &mut self.open[last];
            let (part, at, state) = (open.part, open.at, open.state);
            match (open.next, &parts[part]) {
                (Then::GoOn, Part::Hole(dfa)) => {
                    open.next = if dfa.accepts(state) { Then::Leave } else { Then::GiveUp };
                    let Some(&byte) = text.get(at) else { continue };
                    let next = dfa.next(state, byte)?;
                    if next != DEAD && !failed.contains(&(part, at + 1, next)) {
                        let open = Open { part, at: at + 1, state: next, ends: Vec::new(), next: Then::GoOn };
                        self.open.push(open);
                    }
                }
                (Then::GoOn, _) => open.next = Then::Leave,
                (Then::Leave, part_) => {
                    let end = match part_ {
                        Part::Called(_) => open.ends.last().copied(),
                        _ => Some(at),
                    };
                    open.next = if open.ends.len() > 1 { Then::Leave } else { Then::GiveUp };
                    match end.map(|end| self.begin(part + 1, end, &mut steps)).transpose()? {
                        Some(Behind::End) => return Ok(true),
                        Some(Behind::Hole(next)) if !failed.contains(&(next.part, next.at, next.state)) => {
                            self.open.push(next);
                        }
                        _ => _ = self.open[last].ends.pop(),
                    }
                }
                (Then::GiveUp, _) => {
                    failed.insert((part, at, state));
                    self.open.pop();
                    // Where a hole with calls ended without success, it may end earlier.
                    if let Some(before) = self.open.last_mut().filter(|open| open.part != part) {
                        before.ends.pop();
                    }
                }
            }
        }
        Ok(false)
    }

    /// The next hole from a part on, behind the texts before it.
    fn begin(&self, mut part: usize, mut at: usize, steps: &mut usize) -> Result<Behind, MatchError> {
        loop {
            return Ok(match self.parts.get(part) {
                None if at == self.text.len() => Behind::End,
                None => Behind::Nothing,
                Some(Part::Text(text)) if self.text[at..].starts_with(text) => {
                    (part, at) = (part + 1, at + text.len());
                    continue;
                }
                Some(Part::Text(_)) => Behind::Nothing,
                Some(Part::Hole(dfa)) => match dfa.start()? {
                    DEAD => Behind::Nothing,
                    state => Behind::Hole(Open { part, at, state, ends: Vec::new(), next: Then::GoOn }),
                },
                Some(Part::Called(dfa)) => match self.ends(dfa, at, steps)? {
                    ends if ends.is_empty() => Behind::Nothing,
                    ends => Behind::Hole(Open { part, at, state: DEAD, ends, next: Then::Leave }),
                },
            });
        }
    }

    /// Where a hole with calls that begins at a place can end.
    fn ends(&self, dfa: &Dfa, from: usize, steps: &mut usize) -> Result<Vec<usize>, MatchError> {
        let depth = self.limits.calls;
        let mut ends = Vec::new();
        let mut place = Cursor::new(dfa, dfa.start()?, depth)?;
        for at in from..=self.text.len() {
            self.count(steps, 1)?;
            if place.accepts(dfa) {
                ends.push(at);
            }
            let Some(&byte) = self.text.get(at) else { break };
            place = place.step(dfa, byte, depth)?;
            if place.is_dead() {
                break;
            }
        }
        Ok(ends)
    }

    fn count(&self, steps: &mut usize, more: usize) -> Result<(), MatchError> {
        *steps += more;
        let limit = self.limits.read_steps;
        let what = Limit::ReadSteps;
        if *steps > limit { Err(MatchError::TooLarge { what, limit }) } else { Ok(()) }
    }

    /// What each hole took on the way that was found.
    fn taken(&self) -> Vec<Range<usize>> {
        let hole = |holes: &[Open]| {
            let (first, last) = (&holes[0], &holes[holes.len() - 1]);
            first.at..last.ends.last().copied().unwrap_or(last.at)
        };
        self.open.chunk_by(|a, b| a.part == b.part).map(hole).collect()
    }
}
