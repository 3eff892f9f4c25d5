//! What can go wrong, as types that name the thing and say what to do.

use std::ops::Range;

use crate::limits::Limit;
use crate::vocab::TokenId;

/// A spec that cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// A regular expression that cannot be parsed.
    #[error("the regular expression `{pattern}` is not valid: {reason}")]
    Regex {
        /// The expression.
        pattern: String,
        /// What is wrong.
        reason: String,
        /// Where, in bytes of the expression.
        span: Option<Range<usize>>,
    },
    /// A condition on the surroundings of a match.
    #[error("the regular expression `{pattern}` uses look-around, `{look}`")]
    LookAround {
        /// The expression.
        pattern: String,
        /// The assertion.
        look: String,
        /// Where, in bytes of the expression.
        span: Option<Range<usize>>,
    },
    /// No text at all satisfies the spec.
    #[error("no text matches {what}")]
    Empty {
        /// The spec, as the user knows it.
        what: String,
    },
    /// A stop that would end every text before it begins.
    #[error("a stop cannot be empty")]
    EmptyStop,
    /// A hole without a value.
    #[error("the run-time value {hole} of a constraint is missing")]
    UnboundHole {
        /// The hole's number.
        hole: usize,
    },
    /// A range whose ends are the wrong way round, or not a number.
    #[error("the bounds {min}..{max} contain no value")]
    Bounds {
        /// The lower bound.
        min: String,
        /// The upper bound.
        max: String,
    },
    /// A reference to a named spec that is not in sight.
    #[error("there is no named spec {def} around its reference")]
    UnknownDef {
        /// The number.
        def: usize,
    },
    /// A grammar that cannot be read.
    #[error("line {line}, column {column} of the grammar: {reason}")]
    Grammar {
        /// What is wrong.
        reason: String,
        /// What to write instead.
        hint: String,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// Where, in bytes of the grammar.
        span: Range<usize>,
    },
    /// A part that begins with itself, which is rewritten where it is possible.
    #[error("a rule calls itself before it has read anything")]
    LeftRecursion,
    /// A JSON Schema that is none.
    #[error("the schema is not valid at `{at}`: {reason}")]
    Schema {
        /// Where, as a JSON pointer behind `#`.
        at: String,
        /// What is wrong.
        reason: String,
    },
    /// A keyword of a JSON Schema that cannot be enforced exactly.
    #[error("the schema's `{at}` cannot be enforced exactly: {reason}")]
    SchemaKeyword {
        /// Where, as a JSON pointer behind `#`.
        at: String,
        /// Why not.
        reason: String,
    },
    /// The engine cannot enforce this yet.
    #[error("generating {what} is not supported yet")]
    NotYet {
        /// The construct.
        what: &'static str,
    },
    /// A limit was hit.
    #[error("the constraint is too large: it needs more than {limit} {what}")]
    TooLarge {
        /// What there are too many of.
        what: Limit,
        /// The limit.
        limit: usize,
    },
}

impl BuildError {
    /// The error of a pattern whose automaton cannot be followed while it is built. Only limits keep it from that; anything
    /// else it might say of a text, it says of texts that it has made itself.
    pub(crate) fn of_automaton(error: MatchError, what: Limit) -> BuildError {
        match error {
            MatchError::TooLarge { what, limit } => BuildError::TooLarge { what, limit },
            _ => BuildError::TooLarge { what, limit: usize::MAX },
        }
    }

    /// What the user can do.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            BuildError::Regex { .. } => {
                "the syntax is that of Rust's regex crate: no look-around, no back-references"
            }
            BuildError::LookAround { .. } => {
                "a type matches the whole value and sees nothing around it: write what the value itself contains"
            }
            BuildError::Empty { .. } => "widen the type so that at least one value is possible",
            BuildError::EmptyStop => "leave the stop out, or give it a character",
            BuildError::UnboundHole { .. } => "bind a list of strings to it",
            BuildError::Bounds { .. } => "write the smaller bound first",
            BuildError::UnknownDef { .. } => "put the reference inside the `Defs` that define it",
            BuildError::Grammar { hint, .. } => return Some(hint.clone()),
            BuildError::LeftRecursion => {
                "write the rule with a repeat instead: `a: a \"x\" | \"y\"` is `a: \"y\" \"x\"*`"
            }
            BuildError::Schema { .. } => "the place is a JSON Pointer: names from the outermost on",
            BuildError::SchemaKeyword { .. } => {
                "leave the keyword out, or express it in another way; a keyword is never enforced only in part"
            }
            BuildError::NotYet { .. } => return None,
            BuildError::TooLarge { what: Limit::CopiedText, .. } => {
                "copy from a part of the text: each of its bytes takes one or two instructions"
            }
            BuildError::TooLarge { .. } => "use smaller bounds or fewer alternatives",
        };
        Some(text.to_owned())
    }

    /// The place within the regular expression or the grammar that is to blame, in bytes.
    pub fn span(&self) -> Option<Range<usize>> {
        match self {
            BuildError::Regex { span, .. } | BuildError::LookAround { span, .. } => span.clone(),
            BuildError::Grammar { span, .. } => Some(span.clone()),
            _ => None,
        }
    }
}

/// A generation that cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MatchError {
    /// Even the shortest value needs more tokens than allowed.
    #[error("no value of at most {max} tokens was found; the shortest one takes {need}")]
    CannotFinish {
        /// Tokens of the shortest value found.
        need: usize,
        /// The bound.
        max: u32,
    },
    /// The value has to end before it has as many tokens as asked for.
    #[error("the value has to end after {tokens} tokens, but at least {min} are asked for")]
    TooShort {
        /// Tokens it has.
        tokens: usize,
        /// The bound.
        min: u32,
    },
    /// The vocabulary has no token with which a value could go on.
    #[error("the vocabulary has no token that continues {text:?}")]
    NoToken {
        /// The end of the text so far.
        text: String,
    },
    /// A token that is not in the mask.
    #[error("token {token} is not allowed here")]
    NotAllowed {
        /// The token.
        token: TokenId,
    },
    /// A value was asked for before it was complete.
    #[error("the value is not complete")]
    NotDone,
    /// More tokens were to be taken back than were committed.
    #[error("{asked} tokens cannot be taken back: {there} were committed")]
    Rollback {
        /// How many were to be taken back.
        asked: usize,
        /// How many there are.
        there: usize,
    },
    /// A limit was hit.
    #[error("the constraint became too large: it needs more than {limit} {what}")]
    TooLarge {
        /// What there are too many of.
        what: Limit,
        /// The limit.
        limit: usize,
    },
}

impl MatchError {
    /// What the user can do.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            MatchError::CannotFinish { need, .. } => {
                return Some(format!("give `max` at least {need} tokens"));
            }
            MatchError::TooShort { .. } => "give a smaller `min`, or a type with longer values",
            MatchError::NoToken { .. } => "the model's vocabulary cannot spell this type",
            MatchError::TooLarge { .. } => "use smaller bounds or a less ambiguous pattern",
            _ => return None,
        };
        Some(text.to_owned())
    }
}

/// A vocabulary that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VocabError {
    /// No ordinary token at all.
    #[error("the vocabulary has no ordinary token")]
    Empty,
    /// A token without bytes that is not marked as special.
    #[error("token {token} is empty")]
    EmptyToken {
        /// The token.
        token: TokenId,
    },
    /// A token that is too long for the engine.
    #[error("token {token} has {len} bytes, and at most 65535 are supported")]
    LongToken {
        /// The token.
        token: TokenId,
        /// Its length in bytes.
        len: usize,
    },
    /// An end token outside the vocabulary.
    #[error("end token {token} is not in the vocabulary of {len} tokens")]
    UnknownEnd {
        /// The token.
        token: TokenId,
        /// Tokens there are.
        len: usize,
    },
}
