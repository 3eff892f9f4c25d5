//! A second definition of what a spec means: a recogniser that shares no code with the engine and makes no
//! attempt at speed. Every answer of the engine is compared with it.
//!
//! A text is read byte by byte. The current position is a set of *rests*: lists of what still has to be read
//! (`node`), which are the partial derivatives of the spec. Nothing is compiled: a counted repeat is its item
//! followed by a repeat with smaller bounds; a range of numbers is asked after each digit whether a number in
//! it is still possible; a key remembers those before it. Every rest can be completed, since rests that
//! cannot are never entered. So a text is the beginning of a value exactly if a rest is left, and is a value
//! if some rest is empty.
//!
//! Not here: JSON Schemas and the notations of grammars. Their cases in the pattern suite state in another
//! form which texts they mean ([`Reference`]). Rules that begin with themselves have infinitely many rests,
//! so references are written without them.

mod compile;
mod node;
mod number;
mod rests;
mod stops;

use std::collections::BTreeMap;

use agentc_constraint::spec::{Spec, Stop};

use rests::{Rests, State};
use stops::{Stops, Under};

/// Which texts are meant.
#[derive(Debug, Clone, PartialEq)]
pub enum Reference {
    /// The values of a spec, with the run-time values of its holes.
    Spec(Spec, Vec<Vec<String>>),
    /// What the rule `start` derives. Each rule is a list of alternatives, each of them a regular expression in which `<name>`
    /// stands for a rule.
    Rules(BTreeMap<String, Vec<String>>),
}

/// Why there is no recogniser of something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NaiveError {
    /// A spec that is not read here: a schema, a grammar.
    #[error("{what} has no naive reading: say in `like` which texts it means")]
    Unread {
        /// What it is.
        what: &'static str,
    },
    /// Something that is wrong in a reference.
    #[error("{0}")]
    Wrong(String),
}

/// Reads texts, as the module's description says.
#[derive(Debug, Clone)]
pub struct Naive {
    rests: Rests,
    start: State,
    stops: Option<Stops>,
}

/// Where a text stands that can still become a value, or is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(Under);

/// What a byte does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The text goes on.
    On(Place),
    /// A stop is complete, and the value before it, too.
    Stopped,
    /// No value begins so.
    Dead,
}

impl Naive {
    /// Of what is meant.
    ///
    /// # Errors
    /// [`NaiveError`].
    pub fn new(reference: &Reference) -> Result<Naive, NaiveError> {
        let mut rests = Rests::default();
        let (root, stops) = match reference {
            Reference::Spec(Spec::Until { value, stops }, bindings) => {
                (compile::spec(&mut rests, value, bindings)?, until(&mut rests, stops, bindings)?)
            }
            Reference::Spec(spec, bindings) => (compile::spec(&mut rests, spec, bindings)?, None),
            Reference::Rules(rules) => (compile::rules(&mut rests, rules)?, None),
        };
        rests.find_productive();
        let start = rests.start(root);
        Ok(Naive { rests, start, stops })
    }

    /// Where the empty text stands; `None` if there is no value at all.
    pub fn start(&mut self) -> Option<Place> {
        let under = Under { value: self.start, begun: Vec::new() };
        let is_live = match &mut self.stops {
            Some(stops) => stops.is_live(&mut self.rests, &under),
            None => !self.rests.is_dead(self.start),
        };
        is_live.then_some(Place(under))
    }

    /// Where a text stands after a byte.
    pub fn step(&mut self, place: &Place, byte: u8) -> Step {
        match &mut self.stops {
            Some(stops) => match stops.step(&mut self.rests, &place.0, byte) {
                stops::Next::Stopped => Step::Stopped,
                stops::Next::On(next) if stops.is_live(&mut self.rests, &next) => Step::On(Place(next)),
                _ => Step::Dead,
            },
            None => match self.rests.step(place.0.value, byte) {
                value if self.rests.is_dead(value) => Step::Dead,
                value => Step::On(Place(Under { value, begun: Vec::new() })),
            },
        }
    }

    /// Whether the text is a value.
    pub fn is_value(&mut self, place: &Place) -> bool {
        self.rests.accepts(place.0.value)
    }

    /// Where a text stands; `None` if no value begins so.
    pub fn read(&mut self, text: &[u8]) -> Option<Place> {
        let start = self.start()?;
        text.iter().try_fold(start, |place, &byte| match self.step(&place, byte) {
            Step::On(place) => Some(place),
            _ => None,
        })
    }

    /// Whether a whole text is a value. What could still come does not matter here.
    pub fn is_match(&mut self, text: &[u8]) -> bool {
        let mut under = Under { value: self.start, begun: Vec::new() };
        for &byte in text {
            under = match &self.stops {
                Some(stops) => match stops.step(&mut self.rests, &under, byte) {
                    stops::Next::On(next) => next,
                    _ => return false,
                },
                None => Under { value: self.rests.step(under.value, byte), begun: Vec::new() },
            };
        }
        self.rests.accepts(under.value)
    }

    /// The definition of a mask: the token goes on, or the value is complete after a part of it.
    pub fn allows(&mut self, place: &Place, token: &[u8]) -> bool {
        let mut place = place.clone();
        for &byte in token {
            if self.is_value(&place) {
                return true;
            }
            match self.step(&place, byte) {
                Step::On(next) => place = next,
                Step::Stopped => return true,
                Step::Dead => return false,
            }
        }
        true
    }

    /// The bytes with which a text goes on.
    pub fn next_bytes(&mut self, place: &Place) -> Vec<u8> {
        (0..=255).filter(|&byte| matches!(self.step(place, byte), Step::On(_))).collect()
    }

    /// The text that has to follow; at most so many bytes.
    pub fn forced(&mut self, place: &Place, most: usize) -> Vec<u8> {
        let (mut place, mut text) = (place.clone(), Vec::new());
        while text.len() < most && !self.is_value(&place) {
            let steps: Vec<(u8, Step)> =
                (0..=255).map(|byte| (byte, self.step(&place, byte))).filter(|s| s.1 != Step::Dead).collect();
            let [(byte, Step::On(next))] = &steps[..] else { break };
            text.push(*byte);
            place = next.clone();
        }
        text
    }
}

fn until(rests: &mut Rests, stops: &[Stop], bindings: &[Vec<String>]) -> Result<Option<Stops>, NaiveError> {
    let mut any = Vec::new();
    for stop in stops {
        match stop {
            Stop::Text { text } => any.push(rests.text(text.as_bytes())),
            Stop::Regex { pattern } => any.push(compile::regex(rests, pattern)?),
            Stop::Hole { hole } => {
                any.extend(compile::bound(bindings, *hole)?.iter().map(|text| rests.text(text.as_bytes())));
            }
        }
    }
    if any.is_empty() {
        return Ok(None);
    }
    let any = rests.any(any);
    rests.find_productive();
    Ok(Some(Stops::new(rests.start(any))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive(pattern: &str) -> Naive {
        Naive::new(&Reference::Spec(Spec::Regex { pattern: pattern.to_owned() }, Vec::new()))
            .expect("a regex")
    }

    #[test]
    fn regexes_are_those_of_another_library() {
        const PATTERNS: &[&str] = &[
            "a",
            "a|ab",
            "(a|ab)(b|1)?",
            "(a*)*1",
            "(a?){3}b",
            "((a|b)1){0,2}",
            "[^a]b",
            "",
            "(?i)aB",
            "(ab|a){2,}",
        ];
        let mut texts = vec![String::new()];
        for from in 0.. {
            let Some(text) = texts.get(from).cloned().filter(|text| text.len() < 5) else { break };
            texts.extend("abB1".chars().map(|c| format!("{text}{c}")));
        }
        for pattern in PATTERNS {
            let regex = regex::Regex::new(&format!("^(?:{pattern})$")).expect("a regex");
            let mut naive = naive(pattern);
            for text in &texts {
                assert_eq!(naive.is_match(text.as_bytes()), regex.is_match(text), "{text:?} of {pattern}");
            }
        }
    }

    #[test]
    fn rests_that_lead_nowhere_are_not_entered() {
        let rules = [("start", vec!["a<start>", "b<none>", "c"]), ("none", vec!["d<none>"])];
        let rules = rules.map(|(name, any)| (name.to_owned(), any.into_iter().map(str::to_owned).collect()));
        let mut naive = Naive::new(&Reference::Rules(rules.into())).expect("rules");
        let start = naive.start().expect("a start");
        assert_eq!(naive.next_bytes(&start), b"ac");
        assert!(naive.is_match(b"aac") && !naive.is_match(b"aa"));
    }
}
