//! The interface of an automaton: where it begins, where a state leads, and what is known about a state.

use std::ops::{BitAnd, BitOr};
use std::sync::Arc;

use super::bytes::ByteSet;
use super::lazy::Reach;
use super::nfa::NEVER;
use super::subset::{Scratch, Subset};
use super::until::{Until, is_stopped};
use crate::error::MatchError;
use crate::limits::Limits;

/// What a machine knows of a state. That of the dead state is empty.
pub(crate) type Key = Vec<u32>;

/// What can be said of a state at once.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Flag {
    /// The text is complete, or the rule at whose beginning the automaton began.
    Accepts,
    /// … and nothing can follow within the rule.
    Ended,
    /// Calls are open that began after the automaton's beginning.
    Calls,
    /// A key is being read that may not come twice.
    InKey,
    /// … of a restricted set of keys.
    InSet,
    /// … and there are few that begin so.
    Few,
    /// … and nothing else begins so.
    Scarce,
    /// A stop is complete.
    Stopped,
}

/// All that holds of a state, as bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Flags(pub(super) u32);

impl Flags {
    pub(super) const ALL: Flags = Flags(u32::MAX);

    /// Those that hold.
    pub(super) fn of<const N: usize>(flags: [(Flag, bool); N]) -> Flags {
        Flags(flags.into_iter().fold(0, |bits, (flag, holds)| bits | u32::from(holds) << flag as u32))
    }

    #[inline]
    pub(crate) fn has(self, flag: Flag) -> bool {
        self.0 >> flag as u32 & 1 == 1
    }
}

impl BitOr for Flags {
    type Output = Flags;

    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

impl BitAnd for Flags {
    type Output = Flags;

    fn bitand(self, other: Flags) -> Flags {
        Flags(self.0 & other.0)
    }
}

/// The definition of an automaton. Deterministic on byte classes; every key it gives is live.
#[derive(Debug, Clone)]
pub(crate) enum Machine {
    Subset(Arc<Subset>),
    Until(Arc<Until>),
}

impl Machine {
    pub(super) fn start(&self, scratch: &mut Scratch, next: &mut Vec<u32>) -> Result<(), MatchError> {
        match self {
            Machine::Subset(machine) => machine.start(scratch, next),
            Machine::Until(machine) => {
                next.extend(machine.start()?.unwrap_or_default());
                Ok(())
            }
        }
    }

    pub(super) fn step(
        &self,
        key: &[u32],
        byte: u8,
        scratch: &mut Scratch,
        next: &mut Vec<u32>,
    ) -> Result<(), MatchError> {
        match self {
            Machine::Subset(machine) => machine.step(key, byte, scratch, next),
            Machine::Until(machine) => {
                next.extend(machine.step(key, byte)?.unwrap_or_default());
                Ok(())
            }
        }
    }

    pub(super) fn flags(&self, key: &[u32]) -> Flags {
        match self {
            Machine::Subset(machine) => machine.flags(key),
            Machine::Until(machine) => {
                Flags::of([(Flag::Accepts, machine.accepts(key)), (Flag::Stopped, is_stopped(key))])
            }
        }
    }

    /// The machine, if it knows of calls.
    pub(super) fn subset(&self) -> Option<&Arc<Subset>> {
        match self {
            Machine::Subset(machine) => Some(machine),
            Machine::Until(_) => None,
        }
    }

    /// The key of a state that behaves like this one for the next `horizon` bytes (the horizon of `reach`), and in
    /// which counts far from their bounds are equal; whether there is another one.
    pub(super) fn saturate(
        &self,
        key: &[u32],
        horizon: u32,
        reach: Reach,
        like: &mut Vec<u32>,
    ) -> Result<bool, MatchError> {
        match self {
            Machine::Subset(machine) => Ok(machine.saturate(key, horizon, like)),
            Machine::Until(machine) => {
                Ok(machine.saturate(key, reach)?.map(|key| like.extend(key)).is_some())
            }
        }
    }

    pub(super) fn witness(&self, key: &[u32], scratch: &Scratch) -> Result<Option<Vec<u8>>, MatchError> {
        match self {
            Machine::Subset(machine) => Ok(machine.witness(key, scratch)),
            Machine::Until(machine) => machine.witness(key),
        }
    }

    /// Fewest bytes (of those that can be spelled one by one) that complete a value, or about so many;
    /// [`NEVER`] if none do.
    pub(super) fn distance(&self, key: &[u32], scratch: &Scratch) -> Result<u64, MatchError> {
        match self {
            Machine::Subset(machine) => Ok(machine.distance(key, scratch)),
            Machine::Until(machine) => Ok(machine.witness(key)?.map_or(NEVER, |text| text.len() as u64)),
        }
    }

    /// The same machine, unvisited, where only some bytes can be spelled.
    pub(crate) fn adapted(&self, horizon: u32, bytes: ByteSet, limits: &Limits) -> Machine {
        match self {
            Machine::Subset(machine) if bytes == ByteSet::ALL => Machine::Subset(machine.clone()),
            Machine::Subset(machine) => Machine::Subset(Arc::new(machine.with_bytes(bytes))),
            Machine::Until(machine) => Machine::Until(Arc::new(machine.adapted(horizon, bytes, limits))),
        }
    }

    pub(super) fn byte_classes(&self) -> (&[u8; 256], &[u8]) {
        match self {
            Machine::Subset(machine) => machine.byte_classes(),
            Machine::Until(machine) => machine.byte_classes(),
        }
    }

    /// No state needs more bytes than this to be completed.
    pub(super) fn greatest_distance(&self) -> u64 {
        match self {
            Machine::Subset(machine) => machine.greatest_distance(),
            Machine::Until(machine) => machine.greatest_distance(),
        }
    }
}
