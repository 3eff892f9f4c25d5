//! Runs compiled `.agent` programs against a language model.
//!
//! A [`Session`] is one run. Its machine ([`vm`]) interprets the IR until the model has to write something,
//! and *asks* ([`ask`]) for it: at the end of this context, under this constraint, with these options. The
//! scheduler ([`sched`]) owns the [`model`] and turns asks into tokens. It tokenises the context
//! ([`context`], [`chat`]), finds the tokens that are already in the KV memory ([`kv`]), and alternates
//! between the constraint's mask, one batch of the model, and the sampler ([`sample`]), until the value is
//! complete. The machine is *answered* with text, and continues.
//!
//! ```text
//! vm ─ask→ session ─→ sched ─mask→ model.decode ─logits→ sample ─token→ commit ─…─answer→ vm
//! ```
//!
//! The machine never sees logits, the scheduler sees neither IR nor values, the model sees no patterns, and
//! the prefix tree no text. Everything that happens is reported as [`trace::Event`]s, everything that can go
//! wrong is an [`error::Fault`] with a stable code, and every limit is in [`limits::Limits`].
//!
//! Not here: reading files, printing, threads. The one exception is the model itself, which `model::llama`
//! reads with llama.cpp (feature `llama`).

pub mod ask;
pub mod chat;
pub mod context;
pub mod error;
mod input;
pub mod kv;
pub mod limits;
pub mod model;
mod models;
mod outcome;
pub mod sample;
pub mod sched;
pub mod session;
pub mod testing;
pub mod trace;
pub mod value;
pub mod vm;

pub use self::error::{ErrorKind, Fault, Operand, RunError};
pub use self::input::{Input, inputs_of_json};
pub use self::limits::Limits;
pub use self::models::{named_models, needs_model, test_models};
pub use self::outcome::{Message, Outcome};
pub use self::sched::{Scheduler, Schedulers};
pub use self::session::{Poll, RunOptions, Saved, Session};
pub use self::trace::{Event, Place, TokenOrigin, Usage, Warning};
pub use self::value::Value;
