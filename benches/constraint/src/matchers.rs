//! A thousand generations under one constraint: their time and their memory.

use std::sync::Arc;

use agentc_constraint::spec::Spec;
use agentc_constraint::{Constraint, Limits, Matcher, TokenId, build};

use crate::Result;
use crate::figure::Figure;
use crate::timing::each;
use crate::vocabularies::Tokens;

/// How many.
pub const MATCHERS: usize = 1_000;

/// A list of objects.
pub const SCHEMA: &str = r#"{
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "items": {"type": "array", "items": {
            "type": "object",
            "properties": {"id": {"type": "integer"}, "name": {"type": "string"}},
            "required": ["id", "name"], "additionalProperties": false
        }}
    },
    "required": ["title", "items"], "additionalProperties": false
}"#;

/// A constraint, and the tokens of a value that is not complete.
#[derive(Debug)]
pub struct Shared {
    /// Of a JSON Schema.
    pub constraint: Arc<Constraint>,
    /// About a hundred.
    pub tokens: Vec<TokenId>,
}

impl Shared {
    /// A new constraint.
    ///
    /// # Errors
    /// What the engine says.
    pub fn new(tokens: &Tokens) -> Result<Shared> {
        let limits = Limits::default();
        let pattern = build(&Spec::Schema { schema: SCHEMA.into() }, &[], &limits)?;
        let constraint = Constraint::new(pattern, tokens.vocab.clone(), limits);
        let items = (1..=9).map(|id| format!(r#"{{"id": {id}, "name": "number {id}"}}, "#));
        let text = format!(r#"{{"title": "A list of things", "items": [{}"#, items.collect::<String>());
        Ok(Shared { constraint, tokens: tokens.of(&text)? })
    }

    /// One at the beginning.
    ///
    /// # Errors
    /// What the engine says.
    pub fn begin(&self) -> Result<Matcher> {
        Ok(Matcher::new(&self.constraint, b"", 100_000)?)
    }

    /// One after the tokens.
    ///
    /// # Errors
    /// What the engine says.
    pub fn advanced(&self) -> Result<Matcher> {
        let mut matcher = self.begin()?;
        for &token in &self.tokens {
            matcher.mask()?;
            matcher.commit(token)?;
        }
        Ok(matcher)
    }
}

/// The time of a thousand of each: new ones, clones, masks.
///
/// # Errors
/// What the engine says.
pub fn measure(tokens: &Tokens) -> Result<Vec<Figure>> {
    let shared = Shared::new(tokens)?;
    let advanced = shared.advanced()?;
    let name = |what: &str| format!("{}, {MATCHERS} matchers: {what}", tokens.name);
    let after = format!("after {} tokens", shared.tokens.len());
    let new = each(|| (0..MATCHERS).map(|_| shared.begin().is_ok()).collect::<Vec<bool>>());
    let clones = each(|| vec![advanced.clone(); MATCHERS]);
    let mut matchers = vec![advanced; MATCHERS];
    let masks = each(|| {
        matchers.iter_mut().filter_map(|matcher| matcher.mask().ok()).map(|mask| mask.len()).sum::<usize>()
    });
    Ok(vec![
        Figure::new(name("made"), new, "µs"),
        Figure::new(name(&format!("cloned {after}, and dropped")), clones, "µs"),
        Figure::new(name(&format!("a mask of each {after}")), masks, "µs"),
    ])
}
