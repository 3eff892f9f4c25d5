//! Values in which no stop may occur, and which end at a stop.

use std::collections::{HashMap, HashSet};

use super::rests::{Rests, State};

/// The last byte that can go on with a character.
const CONTINUED: u8 = 0xbf;

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
        // A value that is complete ends where nothing goes on with it; another waits for the stop that ends it where it was.
        let outlived = !begins.1 && begun.iter().any(|(_, complete)| *complete);
        if rests.is_dead(value) && !outlived { Next::Dead } else { Next::On(Under { value, begun }) }
    }

    /// Whether the text can still become a value: a search through all that may follow, first without new characters of several
    /// bytes, which finds most ends and meets fewer places.
    pub(super) fn is_live(&mut self, rests: &mut Rests, under: &Under) -> bool {
        if let Some(&live) = self.live.get(under) {
            return live;
        }
        let way = self.search(rests, under, CONTINUED).or_else(|| self.search(rests, under, 255));
        let live = way.is_some();
        self.live.insert(under.clone(), live);
        self.live.extend(way.into_iter().flatten().map(|place| (place, true)));
        live
    }

    /// The places on a shortest way to an end.
    fn search(&self, rests: &mut Rests, under: &Under, last: u8) -> Option<Vec<Under>> {
        let mut seen = HashSet::from([under.clone()]);
        // Each place with the number of the one before it.
        let mut places = vec![(under.clone(), 0)];
        let mut at = 0;
        while let Some((under, _)) = places.get(at).cloned() {
            if rests.accepts(under.value) || self.live.get(&under) == Some(&true) {
                return Some(way(&places, at));
            }
            for byte in 0..=last {
                match self.step(rests, &under, byte) {
                    Next::Stopped => return Some(way(&places, at)),
                    Next::On(next) if seen.insert(next.clone()) => places.push((next, at)),
                    _ => {}
                }
            }
            at += 1;
        }
        None
    }
}

fn way(places: &[(Under, usize)], mut at: usize) -> Vec<Under> {
    let mut way = vec![places[at].0.clone()];
    while at > 0 {
        at = places[at].1;
        way.push(places[at].0.clone());
    }
    way
}
