//! The journal: what a run asked and what it was answered, in order. It is the one record of a run.
//!
//! A machine is a function of its start and of the answers that it gets ([`crate::ask`]), so a journal repeats a run
//! exactly, without any model: the same value, the same captures, and the same events in each context, which tell what
//! branches wrote side by side one after the other. A prefix of a journal takes a run up
//! where that ends; a *snapshot*, which starts with a machine's state instead of a program's inputs, takes it up without
//! repeating anything, and what is answered afterwards is its tail. What is told of a run, a trace for example, is read
//! from it ([`Session::repeat`](crate::Session::repeat)), and is nowhere kept a second time.
//!
//! Not in it: what the run cost, and warnings about models, which say nothing of the program.

use agentc_compiler::ir::FuncId;
use serde::{Deserialize, Serialize};

use crate::ask::{Answer, AskId, VERSION, Written};
use crate::error::{Fault, RunError};
use crate::prepared::Prepared;
use crate::session::DefaultModel;
use crate::value::Value;
use crate::vm::{Defaults, State};

/// The record of a run. See the module's description.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Journal {
    /// [`VERSION`] of what wrote it.
    version: u32,
    /// Hash of the program: another one cannot go on with it.
    program: String,
    pub(crate) default_model: DefaultModel,
    pub(crate) start: Start,
    pub(crate) entries: Vec<Entry>,
}

/// Where a journal begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Start {
    /// Before the first instruction of a function.
    Call { func: FuncId, args: Vec<Value>, defaults: Defaults },
    /// In the middle of a run.
    Snapshot {
        state: Box<State>,
        /// Tokens that its generations have taken, which count against the budget.
        spent: u64,
    },
}

/// Something that came from outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Entry {
    /// An ask was answered.
    Answered { ask: AskId, answer: Answer },
    /// The run is over.
    Ended(Ended),
}

/// The end of a run, as far as the machine does not know it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ended {
    /// The end of the entry point's context, which no generation has read.
    pub(crate) written: Vec<Written>,
    /// The text of that context.
    pub(crate) text: String,
    /// What of it events have shown of a generation that did not end.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) shown: String,
    /// What ended it early, if anything did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<RunError>,
}

impl Journal {
    pub(crate) fn new(
        program: &Prepared,
        default_model: DefaultModel,
        start: Start,
        entries: Vec<Entry>,
    ) -> Journal {
        Journal { version: VERSION, program: program.fingerprint().to_owned(), default_model, start, entries }
    }

    /// Whether it is of this version and of that program.
    pub(crate) fn check(&self, program: &Prepared) -> Result<(), Fault> {
        let refuse = |message: String| Err(Fault::Input { message });
        if self.version != VERSION {
            let found = self.version;
            return refuse(format!(
                "the saved run was written in version {found} of the format, and this is {VERSION}"
            ));
        }
        if self.program != program.fingerprint() {
            return refuse(
                "the saved run belongs to another program, or to another version of it".to_owned(),
            );
        }
        Ok(())
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing has come from outside yet.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Its beginning, as if the run had been left after so many entries.
    pub fn prefix(&self, entries: usize) -> Journal {
        let mut prefix = self.clone();
        prefix.entries.truncate(entries);
        prefix
    }
}
