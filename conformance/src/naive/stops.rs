//! Values in which no stop may occur, and which a stop ends.

use std::collections::{HashMap, HashSet, VecDeque};

use super::rests::{Rests, State};

/// Where a text stands: in the value, and in each stop that is under way, the first that began in front, with whether
/// the value was complete where it began.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Under {
    pub(super) value: State,
    pub(super) begun: Vec<(State, bool)>,
}

/// After a byte.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    On(Under),
    Stopped,
    Dead,
}

#[derive(Debug, Clone)]
pub(super) struct Stops {
    start: State,
    /// What is known of places: whether a value, or a stop behind one, can still come.
    live: HashMap<Under, bool>,
}

impl Stops {
    pub(super) fn new(start: State) -> Stops {
        Stops { start, live: HashMap::new() }
    }

    /// The first stop to be complete ends the text; of several the one that began first counts, and the value must
    /// have been complete there.
    pub(super) fn step(&self, rests: &mut Rests, under: &Under, byte: u8) -> Next {
        let begins = (self.start, rests.accepts(under.value));
        let value = rests.step(under.value, byte);
        let mut begun: Vec<(State, bool)> = Vec::new();
        for &(stop, complete) in under.begun.iter().chain([&begins]) {
            let stop = rests.step(stop, byte);
            if rests.accepts(stop) {
                return if complete { Next::Stopped } else { Next::Dead };
            }
            // Where two have come to the same, the first of them is complete first.
            if !rests.is_dead(stop) && begun.iter().all(|(other, _)| *other != stop) {
                begun.push((stop, complete));
            }
        }
        if rests.is_dead(value) { Next::Dead } else { Next::On(Under { value, begun }) }
    }

    /// Whether the text can still become a value: a search through all that may follow.
    pub(super) fn is_live(&mut self, rests: &mut Rests, under: &Under) -> bool {
        if let Some(&live) = self.live.get(under) {
            return live;
        }
        let live = self.search(rests, under);
        self.live.insert(under.clone(), live);
        live
    }

    fn search(&self, rests: &mut Rests, under: &Under) -> bool {
        let mut seen = HashSet::from([under.clone()]);
        let mut open = VecDeque::from([under.clone()]);
        while let Some(under) = open.pop_front() {
            if rests.accepts(under.value) {
                return true;
            }
            for byte in 0..=255 {
                match self.step(rests, &under, byte) {
                    Next::Stopped => return true,
                    Next::On(next) if seen.insert(next.clone()) => open.push_back(next),
                    _ => {}
                }
            }
        }
        false
    }
}
