//! What agents and branches write, shown to a person who watches: lines on standard error, each marked with
//! its author.
//!
//! Branches that go on side by side are shown one after the other (`turns`).
//!
//! Standard output carries the entry point's text alone. What is written in other contexts results only in
//! values, yet it is most of what some programs do, and takes most of their time.

use std::collections::HashMap;

use agentc::Event;

use super::turns::{Shown, Turns};

/// The lines of contexts other than the entry point's.
#[derive(Debug)]
pub(super) struct Margin {
    turns: Turns,
    color: bool,
    /// What contexts are called.
    names: HashMap<u32, String>,
    /// Whose text came last.
    last: Option<u32>,
    /// Whether a line is open.
    inside: bool,
}

impl Margin {
    pub(super) fn new(color: bool) -> Margin {
        Margin { turns: Turns::new(), color, names: HashMap::new(), last: None, inside: false }
    }

    /// Takes in that a context begins or ends, or that its text was taken back; gives what is to be written now.
    pub(super) fn note(&mut self, event: &Event) -> String {
        let shown = self.turns.note(event);
        self.show(shown)
    }

    /// Takes in text of a context; gives what is to be written now.
    pub(super) fn text(&mut self, context: u32, text: &str, generated: bool) -> String {
        let shown = self.turns.text(context, text, generated);
        self.show(shown)
    }

    /// The run is over: gives what has not been written, and the end of a line, if one is open.
    pub(super) fn end(&mut self) -> String {
        let shown = self.turns.end();
        let mut out = self.show(shown);
        out.push_str(self.close());
        out
    }

    fn show(&mut self, shown: Vec<Shown>) -> String {
        let mut out = String::new();
        for item in shown {
            match item {
                Shown::Text { context, text, generated } => {
                    out.push_str(&self.lines(context, &text, generated))
                }
                Shown::Note(event) => out.push_str(self.begin(&event)),
            }
        }
        out
    }

    /// Gives a context its name, or ends the line of one whose text was taken back.
    fn begin(&mut self, event: &Event) -> &'static str {
        match event {
            Event::AgentStart { context, agent, .. } => _ = self.names.insert(*context, agent.clone()),
            Event::BranchStart { context, parent, branch, .. } => {
                let number = branch + 1;
                let name = match self.names.get(parent) {
                    Some(parent) => format!("{parent}, branch {number}"),
                    None => format!("branch {number}"),
                };
                self.names.insert(*context, name);
            }
            Event::Caught { context, .. } if self.last == Some(*context) => return self.close(),
            _ => {}
        }
        ""
    }

    /// Text of a context as it is to be written, with a mark before each line that begins in it.
    fn lines(&mut self, context: u32, text: &str, generated: bool) -> String {
        if text.is_empty() {
            return String::new();
        }
        let mut out = String::new();
        if self.last != Some(context) {
            out.push_str(self.close());
            self.last = Some(context);
        }
        let mark = format!("{} │ ", self.names.get(&context).map_or("agent", String::as_str));
        for line in text.split_inclusive('\n') {
            if !self.inside {
                out.push_str(&self.dim(&mark, false));
            }
            let (words, end) = line.strip_suffix('\n').map_or((line, ""), |words| (words, "\n"));
            out.push_str(&self.dim(words, generated));
            out.push_str(end);
            self.inside = end.is_empty();
        }
        out
    }

    /// Something else is about to be written: ends the line, if one is open.
    pub(super) fn close(&mut self) -> &'static str {
        if std::mem::take(&mut self.inside) { "\n" } else { "" }
    }

    fn dim(&self, text: &str, generated: bool) -> String {
        match (self.color && !text.is_empty(), generated) {
            (false, _) => text.to_owned(),
            (true, false) => format!("\x1b[2m{text}\x1b[0m"),
            (true, true) => format!("\x1b[2;36m{text}\x1b[0m"),
        }
    }
}

#[cfg(test)]
mod tests {
    use agentc::Place;

    use super::*;

    fn place() -> Place {
        Place { file: "a.agent".into(), line: 1, column: 1 }
    }

    fn agent(margin: &mut Margin, context: u32, name: &str) {
        let event = Event::AgentStart { context, caller: 0, agent: name.into(), place: place() };
        assert_eq!(margin.note(&event), "");
    }

    #[test]
    fn each_line_says_whose_it_is() {
        let mut margin = Margin::new(false);
        agent(&mut margin, 1, "poet");
        assert_eq!(margin.text(1, "A\nB", false), "poet │ A\npoet │ B");
        assert_eq!(margin.text(1, "C\n", true), "C\n");
        agent(&mut margin, 2, "critic");
        assert_eq!(margin.text(1, "D", false), "poet │ D");
        assert_eq!(margin.text(2, "E", false), "\ncritic │ E");
        let branch = Event::BranchStart { context: 3, parent: 2, branch: 0, place: place() };
        assert_eq!(margin.note(&branch), "");
        assert_eq!(margin.text(3, "", false), "");
        assert_eq!(margin.text(3, "F\n\n", false), "\ncritic, branch 1 │ F\ncritic, branch 1 │ \n");
        assert_eq!(margin.close(), "");
    }

    #[test]
    fn what_is_taken_back_ends_its_line() {
        let mut margin = Margin::new(true);
        agent(&mut margin, 1, "poet");
        assert_eq!(margin.text(1, "A", true), "\x1b[2mpoet │ \x1b[0m\x1b[2;36mA\x1b[0m");
        let caught = |context| Event::Caught {
            context,
            kept: 0,
            code: "R0107",
            message: String::new(),
            place: place(),
        };
        assert_eq!(margin.note(&caught(0)), "");
        assert_eq!(margin.note(&caught(1)), "\n");
        assert_eq!(margin.close(), "");
    }
}
