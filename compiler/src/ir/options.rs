//! The options of generations: one table of what is known of each, for the checker, the runtime and whoever else asks.
//!
//! Not here: those that shape what may be written (`stop`, `whitespace`), which are in its spec, and `model` and `tools`, which
//! name declarations.

use serde::{Deserialize, Serialize};

/// What an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionType {
    /// A truth value.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Float,
}

/// The numbers that an option takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Range {
    /// All.
    Any,
    /// From the first to the second.
    Within(f64, f64),
    /// From this one.
    From(f64),
    /// Beyond this one.
    Above(f64),
}

impl Range {
    /// Whether a number is one of them.
    pub fn admits(self, number: f64) -> bool {
        match self {
            Range::Any => true,
            Range::Within(least, most) => number >= least && number <= most,
            Range::From(least) => number >= least,
            Range::Above(least) => number > least,
        }
    }
}

/// What a count in tokens or samples can be: 32 bits, as in the runtime.
const COUNTS: f64 = 4_294_967_295.0;

const SHARE: Range = Range::Within(0.0, 1.0);

/// From 1 on.
const SOME: Range = Range::Within(1.0, COUNTS);

/// From 0 on.
const COUNT: Range = Range::Within(0.0, COUNTS);

macro_rules! options {
    ($($(#[$doc:meta])+ $option:ident = $name:literal, $ty:ident, $range:expr, $draws:literal;)+) => {
        /// Options of a generation; those that shape the constraint (`stop`) are in its spec.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum GenOption {
            $($(#[$doc])+ $option,)+
        }

        impl GenOption {
            /// All of them.
            pub const ALL: &[GenOption] = &[$(GenOption::$option),+];

            /// As it is written after `with`.
            pub fn name(self) -> &'static str {
                match self { $(GenOption::$option => $name),+ }
            }

            /// What it takes.
            pub fn ty(self) -> OptionType {
                match self { $(GenOption::$option => OptionType::$ty),+ }
            }

            /// The numbers that it takes.
            pub fn range(self) -> Range {
                match self { $(GenOption::$option => $range),+ }
            }

            /// Whether it matters only where tokens are drawn, and so not at temperature 0.
            pub fn is_of_drawing(self) -> bool {
                match self { $(GenOption::$option => $draws),+ }
            }
        }
    };
}

options! {
    /// Tokens at most.
    Max = "max", Int, SOME, false;
    /// Sampling temperature; 0 is greedy.
    Temp = "temp", Float, Range::From(0.0), false;
    /// Nucleus.
    TopP = "top_p", Float, SHARE, true;
    /// Most likely tokens kept; 0 keeps all.
    TopK = "top_k", Int, COUNT, true;
    /// Tokens less likely than this share of the best are dropped.
    MinP = "min_p", Float, SHARE, true;
    /// Locally typical sampling.
    Typical = "typical", Float, SHARE, true;
    /// A random stream of its own.
    Seed = "seed", Int, Range::Any, true;
    /// Token healing.
    Heal = "heal", Bool, Range::Any, false;
    /// Tokens at least.
    Min = "min", Int, COUNT, false;
    /// Divides the logits of tokens that this generation has written; 1 is off.
    RepeatPenalty = "repeat_penalty", Float, Range::Above(0.0), false;
    /// Subtracted for each time that this generation has written a token.
    FrequencyPenalty = "frequency_penalty", Float, Range::Any, false;
    /// Subtracted once for each token that this generation has written.
    PresencePenalty = "presence_penalty", Float, Range::Any, false;
    /// Length in tokens of sequences that may not occur twice.
    NoRepeat = "no_repeat", Int, SOME, false;
    /// Tool calls at most.
    MaxCalls = "max_calls", Int, COUNT, false;
    /// Samples; the value is a list of them.
    Samples = "n", Int, SOME, false;
    /// Beams.
    Beam = "beam", Int, SOME, false;
    /// Keep the log-probabilities of tokens.
    Logprobs = "logprobs", Bool, Range::Any, false;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_ranges_have_ends() {
        for (at, option) in GenOption::ALL.iter().enumerate() {
            assert!(GenOption::ALL[..at].iter().all(|other| other.name() != option.name()), "{option:?}");
            assert!(option.ty() != OptionType::Bool || option.range() == Range::Any, "{option:?}");
        }
        assert!(Range::From(0.0).admits(0.0) && !Range::Above(0.0).admits(0.0));
        assert!(SHARE.admits(1.0) && !SHARE.admits(1.5) && !SHARE.admits(f64::NAN));
        assert!(SOME.admits(COUNTS) && !SOME.admits(COUNTS + 1.0) && !SOME.admits(0.0));
    }
}
