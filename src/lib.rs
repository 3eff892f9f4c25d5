//! Runs `.agent` programs: prompts whose generated parts are constrained exactly.
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
//! This is the facade for programs that embed the interpreter; the command line is a user of it. A
//! [`Program`] is immutable and needs no model; an [`Engine`] owns a model and serves runs from any thread;
//! a [`Run`] is started once, and either waited for ([`Run::start`]) or watched ([`Run::stream`]).
//!
//! What is not here: the language (`agentc_compiler`), the machine (`agentc_runtime`), and the masks
//! (`agentc_constraint`), which are useful alone.

mod engine;
mod error;
mod program;
pub mod store;
mod testing;

pub use agentc_compiler::diag::{self, Diag, Severity};
pub use agentc_compiler::source::{Source, Sources, Span, World, WorldError};
pub use agentc_compiler::{Options, ir};
pub use agentc_runtime::{
    ErrorKind, Event, Fault, Input, Limits, Message, Operand, Outcome, Place, RunError, RunOptions,
    TokenOrigin, Usage, Value, Warning, model, named_models,
};

pub use self::engine::{Batch, Builder, Engine, Events, Row, Run};
pub use self::error::{Diagnostics, Error, Failure, Location, Part};
pub use self::program::{Compilation, Directory, Program};
pub use self::testing::Test;
