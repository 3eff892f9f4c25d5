//! What this version checks but cannot run. The compiler warns of each where it is used (`W0500`), and a run that
//! comes to one ends with `R0901`: both say it with the words that stand here, and nothing else is refused so.

use std::fmt;

use super::GenFact;

/// Something that a later version runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Later {
    /// A call of a tool that is no function of the program, by its name.
    Tool(String),
    /// `call`, with the name of its capture.
    Call(String),
    /// The option `tools`.
    Tools,
    /// A field of a capture, with the capture's name.
    Fact(String, GenFact),
    /// What the engine cannot enforce, in its words.
    Constraint(&'static str),
}

impl GenFact {
    /// This field of the capture of that name, if this version cannot run it.
    pub fn later(self, capture: &str) -> Option<Later> {
        matches!(self, GenFact::Calls).then(|| Later::Fact(capture.to_owned(), self))
    }
}

impl Later {
    /// What to write instead.
    pub fn hint(&self) -> &'static str {
        match self {
            Later::Tool(_) => {
                "give the tool a body, `tool f(…) -> T { … }`; or compute the value before the run, and pass it as an input"
            }
            Later::Call(_) => {
                "let the model pick with `select`, generate the arguments with `gen`, and call the tool in an `if`"
            }
            Later::Tools => "call the tool before the generation, and put its result into the prompt",
            Later::Fact(..) => "leave it out: without `tools` there is nothing to list",
            Later::Constraint(_) => "leave the stop out, or give the record named fields",
        }
    }
}

impl fmt::Display for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Later::Tool(name) => write!(f, "calling the tool `{name}`"),
            Later::Call(name) => write!(f, "`call {name}`"),
            Later::Tools => f.write_str("the option `tools`"),
            Later::Fact(capture, fact) => write!(f, "`{capture}.{}`", fact.name()),
            Later::Constraint(what) => write!(f, "generating {what}"),
        }
    }
}
