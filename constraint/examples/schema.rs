//! Random values of a JSON Schema: what a model with no preferences would write.
//!
//!     cargo run -p agentc-constraint --example schema [-- FILE [SEED]]
//!
//! The vocabulary is the 256 bytes. At each step a token of the mask is chosen at random, favouring letters
//! and endings, so that the result is readable. Whatever is chosen, the value is valid, and has at most `MAX`
//! tokens.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;

use agentc_constraint::spec::Spec;
use agentc_constraint::{Commit, Constraint, Limits, MatchError, Matcher, TokenId, Vocab, build};

const MAX: u32 = 200;

const SCHEMA: &str = r#"{
    "type": "object",
    "properties": {
        "title": {"type": "string", "pattern": "^[A-Z][a-z]{2,9}$"},
        "year": {"type": "integer", "minimum": 1800, "maximum": 2030},
        "tags": {"type": "array", "items": {"enum": ["old", "rare", "signed"]}, "uniqueItems": true, "maxItems": 2},
        "price": {"anyOf": [{"type": "number", "minimum": 0}, {"const": "on request"}]}
    },
    "required": ["title", "year", "tags", "price"],
    "additionalProperties": false
}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let schema = arguments.next().map_or(Ok(SCHEMA.to_owned()), std::fs::read_to_string)?;
    let mut dice = Dice(arguments.next().map_or(Ok(1), |seed| seed.parse())?);

    let bytes: Vec<_> = (0..=255).map(|byte| Some(vec![byte])).collect();
    let limits = Limits::default();
    let pattern = build(&Spec::Schema { schema }, &[], &limits)?;
    let constraint = Constraint::new(pattern, Arc::new(Vocab::new(&bytes, &[])?), limits);
    for _ in 0..5 {
        let value = generate(&constraint, &mut dice)?;
        writeln!(std::io::stdout(), "{}", String::from_utf8_lossy(&value))?;
    }
    let stats = constraint.cache_stats();
    writeln!(std::io::stdout(), "({} masks of {} states were made)", stats.masks, stats.states)?;
    Ok(())
}

fn generate(constraint: &Arc<Constraint>, dice: &mut Dice) -> Result<Vec<u8>, MatchError> {
    let mut matcher = Matcher::new(constraint, b"", MAX)?;
    loop {
        let allowed: Vec<TokenId> = matcher.mask()?.iter(constraint.vocab()).collect();
        let token = dice.choose(&allowed);
        if matcher.commit(token)? == Commit::Done {
            return Ok(matcher.stable().to_vec());
        }
    }
}

/// Chance, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % n.max(1) as u64) as usize
    }

    /// Three times of four a letter, a digit or what ends something, if one is allowed.
    fn choose(&mut self, allowed: &[TokenId]) -> TokenId {
        let is_plain = |&token: &TokenId| {
            u8::try_from(token).is_ok_and(|byte| byte.is_ascii_alphanumeric() || b"\"]}".contains(&byte))
        };
        let plain: Vec<TokenId> = allowed.iter().copied().filter(is_plain).collect();
        let among = if plain.is_empty() || self.below(4) == 0 { allowed } else { &plain };
        among.get(self.below(among.len())).copied().unwrap_or_default()
    }
}
