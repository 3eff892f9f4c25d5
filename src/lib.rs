//! Runs `.agent` programs: prompts whose generated parts have types, which the model cannot violate.
//!
//! ```no_run
//! # fn main() -> Result<(), agentc::Error> {
//! let program = agentc::Program::from_file("triage.agent")?;
//! let engine = agentc::Engine::builder().model("smollm2").build()?;
//! let outcome = engine.run(&program).input("mail", "Order AB1234 is late!!").start()?;
//! println!("{}", outcome.value()["priority"]);
//! # Ok(())
//! # }
//! ```
//!
//! This is the facade for programs that embed the interpreter; the command line uses it too. A [`Program`] is
//! immutable and needs no model; an [`Engine`] owns a model and serves runs from any thread; a [`Run`] is
//! started once, and either waited for ([`Run::start`]) or watched ([`Run::stream`]).
//!
//! Not here: the language (`agentc_compiler`), the machine (`agentc_runtime`), and the masks
//! (`agentc_constraint`), each useful by itself.

mod engine;
mod error;
mod program;
pub mod proof;
pub mod store;
mod testing;

pub use agentc_compiler::diag::{self, Diag, Severity};
pub use agentc_compiler::source::{BYTE_ORDER_MARK, Source, Sources, Span, World, WorldError};
pub use agentc_compiler::{Options, ir};
pub use agentc_runtime::{
    Draft, ErrorKind, Event, Fault, Grants, InBranch, Input, Limit, Limits, Message, Operand, Outcome, Place,
    Prepared, RunError, RunOptions, TokenOrigin, ToolError, Usage, Value, Warning, disk, model,
};

pub use self::engine::{Batch, Builder, Engine, Events, Loading, Progress, Row, Run};
pub use self::error::{Branch, Diagnostics, Error, Failure, Location, Part};
pub use self::program::{Compilation, Directory, Program};
pub use self::testing::Test;
