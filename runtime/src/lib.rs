//! Runs compiled `.agent` programs against language models.
//!
//! A [`Session`] is one run. Its machine ([`vm`]) interprets the IR, strand by strand, until every strand waits for
//! something from outside, and *asks* for it ([`ask`]): that a model writes at the end of this context, under this
//! constraint; that a tool runs. Models are behind [`backend`]s, everything else of the world behind a [`host`]. The
//! machine is *answered*, and continues; the answers, in order, are the run's [`journal`].
//!
//! ```text
//! vm ─asks→ session ─tasks→ backends: sched ─mask→ model.decode ─logits→ sample ─token→ commit
//! vm ←answers─ session ←reports──────────────────────────────────────────────────┘
//! ```
//!
//! The back end on this machine lays a context out ([`chat`]), tokenises it, finds the tokens that are already in the KV
//! memory ([`kv`]), and alternates between the constraint's mask, one batch of the model, and the sampler ([`sample`]),
//! until the value is complete.
//!
//! The machine never sees logits, the scheduler sees neither IR nor values, the model sees no patterns, and
//! the prefix tree no text. Everything that happens is reported as [`trace::Event`]s, everything that can go
//! wrong is an [`error::Fault`] with a stable code, and every limit is in [`limits::Limits`].
//!
//! Not here: reading files, printing, threads. The exceptions are the model, which `model::llama` reads with llama.cpp
//! (feature `llama`), and the threads on which [`host::Functions`] run.

pub mod ask;
pub mod backend;
mod beginnings;
pub mod chat;
pub mod context;
pub mod disk;
pub mod error;
pub mod host;
mod input;
pub mod journal;
pub mod kv;
mod layout;
pub mod limits;
pub mod model;
mod outcome;
mod prepared;
pub mod replay;
pub mod sample;
mod sched;
pub mod session;
mod stop;
pub mod testing;
pub mod trace;
pub mod value;
pub mod vm;

pub use self::backend::{Backends, Completions, LocalModel};
pub use self::beginnings::beginnings;
pub use self::error::{ErrorKind, Fault, InBranch, Operand, RunError};
pub use self::host::{Functions, Grants, Host, ToolError};
pub use self::input::{Input, inputs_of_json};
pub use self::journal::Journal;
pub use self::limits::{Draft, Limit, Limits};
pub use self::outcome::{Message, Outcome};
pub use self::prepared::Prepared;
pub use self::session::{Poll, RunOptions, Session};
pub use self::stop::Stop;
pub use self::trace::{Event, Place, TokenOrigin, Usage, Warning};
pub use self::value::Value;
