//! Every limit of a run, in one place. Hitting one is a named outcome, never silent truncation.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A limit that was reached, by what it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// [`Limits::steps`] or [`Limits::input_steps`]
    Steps,
    /// [`Limits::frames`]
    Frames,
    /// [`Limits::value_size`], of a value.
    ValueSize,
    /// [`Limits::value_size`], of a context.
    ContextSize,
    /// [`Limits::value_depth`]
    ValueDepth,
    /// [`Limits::saved_size`]
    SavedSize,
    /// [`Limits::total_tokens`] or the budget of the run.
    GeneratedTokens,
    /// [`Limits::samples`]
    Samples,
    /// [`Limits::template_steps`]
    TemplateSteps,
    /// [`Limits::template_levels`]
    TemplateLevels,
}

impl fmt::Display for Limit {
    /// What there are too many of.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Limit::Steps => "instructions",
            Limit::Frames => "open calls",
            Limit::ValueSize => "bytes in a value",
            Limit::ContextSize => "bytes in a context",
            Limit::ValueDepth => "levels in a value",
            Limit::SavedSize => "bytes in a saved run",
            Limit::GeneratedTokens => "generated tokens",
            Limit::Samples => "samples or beams of one generation",
            Limit::TemplateSteps => "steps of the chat template",
            Limit::TemplateLevels => "levels in a value that the chat template writes as JSON",
        })
    }
}

impl Limit {
    /// What the user can do.
    pub fn hint(self) -> Option<&'static str> {
        Some(match self {
            Limit::Steps => "is there a loop that never ends? every loop needs a bound it can reach",
            Limit::ValueSize => {
                "a list or record counts as all that it spells, each item as 16 bytes and what it holds: keep less \
                 of it in one value"
            }
            Limit::SavedSize => "save where variables hold less, or with a larger `Limits::saved_size`",
            Limit::ValueDepth => {
                "keep lists and records side by side instead of putting them into each other"
            }
            Limit::GeneratedTokens => "allow more with `--max-tokens`",
            Limit::Samples => "ask for fewer at a time, in a loop",
            Limit::Frames | Limit::ContextSize | Limit::TemplateSteps | Limit::TemplateLevels => return None,
        })
    }
}

/// How many tokens a generation may have evaluated beyond those that it has written ([`Limits::draft`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draft {
    /// None.
    Never,
    /// At most so many, and as many as can be expected to save time, by what was measured of this model and of its guesses.
    WherePays(u32),
    /// So many, wherever as many can be guessed: for tests.
    Always(u32),
}

/// Limits of one run.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Calls and branches that may be open at once. Bounds recursion; a frame costs a few hundred bytes, a
    /// branch also a copy of its context.
    pub frames: usize,
    /// IR instructions of one run; one that makes or reads a large value counts as several: about one more for
    /// each 64 bytes, or for each 16 items that it only moves. Bounds loops that generate nothing; ten million
    /// take about a second.
    pub steps: u64,
    /// The same to compute the default of one input: the run has not begun then, and nobody can end it.
    pub input_steps: u64,
    /// Bytes of one value, and of one context's text. A str counts its bytes; a list or record 16 for each item
    /// or field, the bytes of keys, and what is in them, as often as it occurs there. Since every value is
    /// bounded as it is made, so are the time and memory of one instruction (about 0.1 s).
    pub value_size: usize,
    /// Bytes of the values and texts of a run that is saved, which share nothing then.
    pub saved_size: usize,
    /// Levels of lists and records in a value. With more than 100 a saved run may not be read back: its JSON
    /// has levels of its own, and 128 are read at most.
    pub value_depth: usize,
    /// Tokens of one generation that names no `max`.
    pub default_max: u32,
    /// Tokens of all generations of a run; `None` is no limit.
    pub total_tokens: Option<u64>,
    /// Samples or beams of one generation. Each has a matcher of its own, and a part of the KV memory while it is at work.
    pub samples: u32,
    /// Rows of one batch of prompts: what a cancellation or another run waits for. 64 are within the best prefill rate of a
    /// CPU. Beside generations that decode prompts get a quarter of it.
    pub batch_rows: usize,
    /// Tokens that are evaluated before they are chosen, in the hope that they will be. Results are the same with any.
    pub draft: Draft,
    /// Bytes in which what leaves a model's memory because nobody uses it is kept, for when it is wanted again; 0 keeps
    /// nothing. A token of a model of 135 million parameters takes 23 kB, of one of 8 billion 130.
    pub shelf: usize,
    /// Strands of one run that go on side by side: branches of a `fork` beyond it wait for their turn. Bounds the memory
    /// that a `fork` of thousands takes. With one, branches run one after the other; results are the same with any.
    pub strands: usize,
    /// Constraints kept ready for reuse by an engine, each with its mask caches.
    pub constraints: usize,
    /// Bytes of a program's texts whose tokens are counted exactly before a run, to warn of contexts that cannot fit. Of more
    /// only those tokens are counted that they have at least. A megabyte takes about 0.1 s.
    pub counted: usize,
    /// Steps that one rendering by a model's chat template may take: a hundred times what real ones need.
    pub template_steps: u64,
    /// Levels of a value that a chat template writes as JSON. Costs stack.
    pub template_levels: usize,
    /// What constraints may cost.
    pub constraint: agentc_constraint::Limits,
}

impl Default for Limits {
    /// The compiler warns of what these will not allow, so that both speak of the same.
    fn default() -> Limits {
        let program = agentc_compiler::Limits::default();
        Limits {
            frames: program.open_calls,
            steps: 50_000_000,
            input_steps: 1_000_000,
            value_size: 16 << 20,
            saved_size: 256 << 20,
            value_depth: 100,
            default_max: program.default_max,
            total_tokens: None,
            samples: 1024,
            batch_rows: 64,
            draft: Draft::WherePays(16),
            shelf: 256 << 20,
            strands: 64,
            constraints: 256,
            counted: 1 << 20,
            template_steps: 200_000,
            template_levels: 64,
            constraint: program.constraint,
        }
    }
}
