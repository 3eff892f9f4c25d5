//! The interface that every engine implements.

use agentc_constraint::TokenId;
use anyhow::Result;
use serde_json::Value;

/// An engine over one vocabulary.
pub trait Engine {
    /// As it is printed.
    fn name(&self) -> &'static str;

    /// Makes everything that is needed before the first mask, with cold caches. The schema is given as each engine
    /// takes it (see [`Engine::prepare`]).
    fn compile(&self, schema: &Prepared) -> Result<Box<dyn Session + '_>>;

    /// Whether members may have to come in another order than in our texts. Such an engine is asked for the data's
    /// order, too, where it refuses ours, and the times of that attempt count.
    fn has_orders_of_its_own(&self) -> bool {
        true
    }

    /// What an engine is given. Not timed.
    fn prepare(&self, schema: &Value) -> Prepared;
}

/// A schema, in the form that an engine takes.
pub enum Prepared {
    /// JSON's text.
    Text(String),
    /// A document.
    Document(Value),
}

/// A compiled schema, and one generation at a time under it.
pub trait Session {
    /// Begins a new instance. What was cached for the schema stays. Not timed.
    fn begin(&mut self) -> Result<()>;

    /// Makes the mask, asks it for a token, and commits the token if it is allowed.
    fn step(&mut self, token: TokenId) -> Result<Step>;

    /// Whether the turn may end here. Not timed.
    fn may_end(&mut self) -> Result<bool>;
}

/// What became of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It was allowed, and is committed.
    Taken,
    /// It was not allowed.
    Refused,
}
