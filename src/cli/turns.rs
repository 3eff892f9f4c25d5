//! What branches write side by side, one branch after the other.
//!
//! Branches of a `fork` write at the same time. To a person who watches, each is shown as if it ran alone: the first that has
//! not ended as it writes, the others when it is their turn.

use std::collections::{HashMap, VecDeque};

use agentc::Event;

/// Something to show.
#[derive(Debug, PartialEq)]
pub(super) enum Shown {
    /// Text of a context, and whether a model wrote it.
    Text { context: u32, text: String, generated: bool },
    /// What begins, or was taken back.
    Note(Event),
}

/// What a lane has still to show.
#[derive(Debug)]
enum Item {
    Shown(Shown),
    /// All that the branch of this context shows.
    Branch(u32),
}

/// A branch, or what is outside all branches.
#[derive(Debug, Default)]
struct Lane {
    waiting: VecDeque<Item>,
    ended: bool,
}

/// Sorts what happens in several branches. A lane is named by the context with which its branch began; the one outside all
/// branches by 0.
#[derive(Debug)]
pub(super) struct Turns {
    lanes: HashMap<u32, Lane>,
    /// The lanes of contexts that agents opened.
    agents: HashMap<u32, u32>,
    /// The lane whose turn it is, and those in which it is nested, outermost first.
    turn: Vec<u32>,
}

impl Turns {
    pub(super) fn new() -> Turns {
        Turns { lanes: HashMap::from([(0, Lane::default())]), agents: HashMap::new(), turn: vec![0] }
    }

    /// Takes in an event of a context; gives what can be shown now.
    pub(super) fn note(&mut self, event: &Event) -> Vec<Shown> {
        match event {
            Event::AgentStart { context, caller, .. } => {
                let lane = self.lane(*caller);
                self.agents.insert(*context, lane);
                self.put(lane, Item::Shown(Shown::Note(event.clone())));
            }
            Event::BranchStart { context, parent, .. } => {
                let lane = self.lane(*parent);
                let begin = Item::Shown(Shown::Note(event.clone()));
                self.lanes.insert(*context, Lane { waiting: VecDeque::from([begin]), ended: false });
                self.put(lane, Item::Branch(*context));
            }
            Event::BranchEnd { context, .. } => {
                if let Some(lane) = self.lanes.get_mut(context) {
                    lane.ended = true;
                }
            }
            Event::Caught { context, .. } => {
                let lane = self.lane(*context);
                self.put(lane, Item::Shown(Shown::Note(event.clone())));
            }
            _ => {}
        }
        self.show()
    }

    /// Takes in text; gives what can be shown now.
    pub(super) fn text(&mut self, context: u32, text: &str, generated: bool) -> Vec<Shown> {
        let lane = self.lane(context);
        self.put(lane, Item::Shown(Shown::Text { context, text: text.to_owned(), generated }));
        self.show()
    }

    /// The run is over: gives all that is left.
    pub(super) fn end(&mut self) -> Vec<Shown> {
        self.lanes.values_mut().for_each(|lane| lane.ended = true);
        self.show()
    }

    fn lane(&self, context: u32) -> u32 {
        match self.agents.get(&context) {
            Some(lane) => *lane,
            None if self.lanes.contains_key(&context) => context,
            None => 0,
        }
    }

    fn put(&mut self, lane: u32, item: Item) {
        self.lanes.entry(lane).or_default().waiting.push_back(item);
    }

    /// What the lane has whose turn it is, and what comes after it as far as it has ended.
    fn show(&mut self) -> Vec<Shown> {
        let mut shown = Vec::new();
        while let Some(lane) = self.turn.last().and_then(|lane| self.lanes.get_mut(lane)) {
            match lane.waiting.pop_front() {
                Some(Item::Shown(item)) => shown.push(item),
                Some(Item::Branch(context)) => self.turn.push(context),
                None if lane.ended && self.turn.len() > 1 => {
                    self.turn.pop().map(|ended| self.lanes.remove(&ended));
                }
                None => break,
            }
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use agentc::{Place, Value};

    use super::*;

    fn place() -> Place {
        Place { file: "a.agent".into(), line: 1, column: 1 }
    }

    fn branch(context: u32, parent: u32) -> Event {
        Event::BranchStart { context, parent, branch: 0, place: place() }
    }

    fn end(context: u32) -> Event {
        Event::BranchEnd { context, value: Some(Value::Null) }
    }

    fn texts(shown: Vec<Shown>) -> String {
        let text = |shown| match shown {
            Shown::Text { text, .. } => text,
            Shown::Note(_) => "|".to_owned(),
        };
        shown.into_iter().map(text).collect()
    }

    #[test]
    fn the_first_branch_is_shown_as_it_writes_the_others_behind_it() {
        let mut turns = Turns::new();
        assert_eq!(texts(turns.note(&branch(1, 0))), "|");
        assert_eq!(texts(turns.note(&branch(2, 0))), "");
        assert_eq!(texts(turns.text(2, "x", true)), "");
        assert_eq!(texts(turns.text(1, "a", true)), "a");
        // An agent of the second branch, and a fork within it.
        let agent = Event::AgentStart { context: 3, caller: 2, agent: "poet".into(), place: place() };
        assert_eq!(texts(turns.note(&agent)), "");
        assert_eq!(texts(turns.text(3, "p", true)), "");
        assert_eq!(texts(turns.note(&branch(4, 3))), "");
        assert_eq!(texts(turns.text(4, "q", true)), "");
        assert_eq!(texts(turns.note(&end(4))), "");
        assert_eq!(texts(turns.text(1, "b", true)), "b");
        assert_eq!(texts(turns.note(&end(1))), "|x|p|q");
        assert_eq!(texts(turns.text(2, "y", true)), "y");
        assert_eq!(texts(turns.note(&end(2))), "");
        assert_eq!(texts(turns.text(0, "z", true)), "z");
    }

    #[test]
    fn what_never_ended_is_shown_at_the_end_of_the_run() {
        let mut turns = Turns::new();
        turns.note(&branch(1, 0));
        turns.note(&branch(2, 0));
        turns.text(2, "x", true);
        assert_eq!(texts(turns.end()), "|x");
        assert_eq!(texts(turns.text(0, "z", true)), "z");
    }
}
