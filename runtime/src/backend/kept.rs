//! The beginnings of contexts that are kept on disk: which they are, when they are read and when written.
//!
//! What every run of a program reads alike is what its source says before the first value: instructions, examples, the marks
//! of roles ([`layout::fixed`]). Before the first generation of a context such a beginning is looked for in memory, then on
//! disk. One that was on neither is written once the back end has nothing else to do, if it is in memory by then: no run
//! waits for that. Only a program's own text is ever kept, no input and nothing that a model wrote.
//!
//! A beginning is evaluated in batches of its own, whether it will be kept or not: so what follows it is evaluated in the
//! same ones in every process.

use agentc_constraint::TokenId;

use crate::disk::{Disk, DiskError, Key, Note};
use crate::layout::{self, Part};
use crate::model::ModelInfo;
use crate::sched::{Place, Scheduler, Watch};

/// Tokens from which on a beginning is worth a file: to evaluate fewer takes hardly longer than to read them.
pub(super) const LEAST: usize = 64;

/// Tokens at the end of a beginning that are left out where text follows: with that, or for a generation that wants its own
/// spelling, they may be others.
const LOOSE: usize = 8;

/// Beginnings that are remembered. Of a program that has more of them, further ones are not kept.
const MOST: usize = 64;

/// A beginning that was seen.
struct Beginning {
    parts: Vec<Part>,
    /// Its tokens; none if they are too few.
    tokens: Vec<TokenId>,
    /// Whether it has still to be written.
    unsaved: bool,
}

/// See the module's description.
pub(super) struct Kept {
    disk: Disk,
    identity: String,
    model: String,
    seen: Vec<Beginning>,
    /// Whether files can be written; the first that cannot is the last that is tried.
    writes: bool,
}

impl Kept {
    /// Nothing for a model whose memory cannot be kept.
    pub(super) fn new(disk: Disk, info: &ModelInfo) -> Option<Kept> {
        let identity = info.identity.clone()?;
        let writes = disk.cap() > 0;
        Some(Kept { disk, identity, model: info.name.clone(), seen: Vec::new(), writes })
    }

    /// Brings the beginning of a context into memory, if it is on disk.
    pub(super) fn before(&mut self, place: &Place<'_>, sched: &mut Scheduler<'_>, watch: Watch<'_>) {
        if !place.settled.is_empty() {
            return;
        }
        let Some(at) = self.find(&place.parts, sched, watch) else { return };
        let Kept { disk, identity, seen, .. } = self;
        let Beginning { tokens, unsaved, .. } = &mut seen[at];
        if tokens.is_empty() || sched.known(tokens) + LEAST > tokens.len() {
            return;
        }
        let key = Key { identity, tokens };
        match disk.read(key) {
            Ok(None) => *unsaved = true,
            Ok(Some(bytes)) => match sched.load(tokens, &bytes) {
                Ok(true) => disk.note(Note::Read { tokens: tokens.len(), bytes: bytes.len() as u64 }),
                Ok(false) => {}
                Err(error) => {
                    disk.discard(key);
                    *unsaved = true;
                    disk.note(error.into());
                }
            },
            Err(error) => {
                *unsaved = matches!(error, DiskError::Flawed { .. });
                disk.note(error.into());
            }
        }
    }

    /// Which of those that were seen a context begins with.
    fn find(&mut self, parts: &[Part], sched: &mut Scheduler<'_>, watch: Watch<'_>) -> Option<usize> {
        let parts = layout::fixed(parts);
        let known = self.seen.iter().position(|beginning| beginning.parts == parts);
        if known.is_some() || self.seen.len() == MOST {
            return known;
        }
        // The generation itself tells what is wrong with its prompt.
        let mut tokens = sched.beginning(parts.clone(), watch).ok()?;
        if let Some(Part::Run(_)) = parts.last() {
            tokens.truncate(tokens.len().saturating_sub(LOOSE));
        }
        if tokens.len() < LEAST {
            tokens.clear();
        } else {
            sched.part_behind(tokens.clone());
        }
        self.seen.push(Beginning { parts, tokens, unsaved: false });
        Some(self.seen.len() - 1)
    }

    /// Whether [`after`](Self::after) has something to do.
    pub(super) fn is_busy(&self) -> bool {
        self.writes && self.seen.iter().any(|beginning| beginning.unsaved)
    }

    /// Writes what has still to be written, and is in memory.
    pub(super) fn after(&mut self, sched: &mut Scheduler<'_>) {
        for Beginning { tokens, unsaved, .. } in &mut self.seen {
            if !std::mem::take(unsaved) {
                continue;
            }
            if !self.writes {
                return;
            }
            let key = Key { identity: &self.identity, tokens };
            let bytes = match sched.save(tokens) {
                Ok(Some(bytes)) => bytes,
                Ok(None) => continue,
                Err(error) => {
                    self.disk.note(error.into());
                    continue;
                }
            };
            let kept = Note::Kept { tokens: tokens.len(), bytes: bytes.len() as u64 };
            let written = self.disk.write(key, &self.model, &bytes);
            self.writes &= !matches!(written, Err(DiskError::Io { .. }));
            self.disk.note(written.map_or_else(Note::from, |()| kept));
        }
    }
}
