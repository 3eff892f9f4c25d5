//! What happens in a run, as events in order, and what it cost.
//!
//! The texts of a context's [`Event::Text`], [`Event::Token`] and [`Event::GenEnd`] events, one after
//! another, spell the context: what the run's own model reads. There are two exceptions. An
//! [`Event::BranchStart`] begins a context that continues a copy of its parent, with all the parent's text
//! reported by then. An [`Event::Caught`] takes back all but the first `kept` bytes reported for its context;
//! text among it that was written before the `try` is reported again later. Text at the end of an agent's or
//! a branch's context that no generation has read is not reported.

use agentc_compiler::diag::Diag;
use agentc_compiler::ir;
use agentc_compiler::source::Span;
use agentc_constraint::TokenId;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use crate::value::Value;

/// Where tokens come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenOrigin {
    /// The program's own text, and the marks of the chat template.
    Scaffold,
    /// Interpolated values.
    Data,
    /// Chosen by the model.
    Sampled,
    /// The only possibility: appended without asking the model.
    Forced,
    /// Chosen by the model where healing had taken text back.
    Healed,
}

/// A place in a program, counted from 1, the column in characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file, by the name that the compiler was given.
    pub file: String,
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Place {
    /// Where a span begins; the start of an unknown file where the program has no such place.
    pub fn of(program: &ir::Program, span: Span) -> Place {
        let Some(file) = program.files.get(span.file as usize) else {
            return Place { file: String::new(), line: 1, column: 1 };
        };
        let end = (0..=(span.start as usize).min(file.text.len())).rev();
        let before = end.into_iter().find_map(|end| file.text.get(..end)).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        let column = line.chars().count() + 1;
        Place { file: file.name.clone(), line: before.matches('\n').count() + 1, column }
    }
}

/// Something that happened. `context` is 0 for the entry point; calls of agents and branches are numbered
/// from 1, in the order in which they begin.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A warning about the run. Reported before anything else.
    Warning(Warning),
    /// Text joined a context.
    Text {
        /// Which context.
        context: u32,
        /// The text.
        text: String,
        /// Where it comes from.
        origin: TokenOrigin,
        /// The tokens that begin in it. Tokens at its end that healing took back are not among them, and text that
        /// is too long for the model and that no generation has read has none.
        tokens: Vec<TokenId>,
    },
    /// A generation begins.
    GenStart {
        /// Which context.
        context: u32,
        /// The capture.
        name: String,
        /// The model that the program names for it; its tokens have that model's numbers.
        #[serde(skip_serializing_if = "Option::is_none")]
        model: Option<String>,
    },
    /// Tokens joined a context; `text` is the part of the value that became certain with them.
    Token {
        /// Which context.
        context: u32,
        /// Text that is certain now (whole characters, nothing that a stop could still take).
        text: String,
        /// Where they come from.
        origin: TokenOrigin,
        /// The tokens.
        tokens: Vec<TokenId>,
    },
    /// One of the values of a generation that makes several. No context has it.
    Sample {
        /// The context that was read.
        context: u32,
        /// The capture.
        name: String,
        /// Which of them, from 0.
        number: usize,
        /// Its text.
        text: String,
        /// The tokens that spell it.
        tokens: Vec<TokenId>,
        /// Why it ended: `value`, `stop`, `end` or `max`.
        reason: &'static str,
        /// The stop that ended it.
        #[serde(skip_serializing_if = "Option::is_none")]
        stop: Option<String>,
        /// The log-probabilities of its tokens, if the program asks for them.
        #[serde(skip_serializing_if = "Option::is_none")]
        logprobs: Option<Vec<f64>>,
    },
    /// A text was scored at the end of a context, which it did not join.
    Score {
        /// The context.
        context: u32,
        /// The text.
        text: String,
        /// Its log-probability.
        score: f64,
    },
    /// A generation ended. Tokens beyond the value's end are no longer in the context.
    GenEnd {
        /// Which context.
        context: u32,
        /// The capture.
        name: String,
        /// The text that was not certain before.
        text: String,
        /// The value's own tokens.
        tokens: usize,
        /// Why it ended: `value`, `stop`, `end` or `max`.
        reason: &'static str,
        /// The stop that ended it.
        #[serde(skip_serializing_if = "Option::is_none")]
        stop: Option<String>,
        /// The parsed value.
        value: Value,
        /// The log-probabilities of the tokens that spell the value, if the program asks for them.
        #[serde(skip_serializing_if = "Option::is_none")]
        logprobs: Option<Vec<f64>>,
        /// The probabilities of all options, if the program asks for them.
        #[serde(skip_serializing_if = "Option::is_none")]
        probs: Option<Vec<(String, f64)>>,
        /// The least share of probability that masks left to the model, if the program asks for it.
        #[serde(skip_serializing_if = "Option::is_none")]
        mask_mass: Option<f64>,
    },
    /// A call of an agent begins in a context of its own.
    AgentStart {
        /// The new context.
        context: u32,
        /// The context of its caller.
        caller: u32,
        /// The agent.
        agent: String,
        /// The call.
        place: Place,
    },
    /// An `aside`, or a branch of a `fork`, begins in a copy of its parent's context.
    BranchStart {
        /// The new context.
        context: u32,
        /// The context that it continues.
        parent: u32,
        /// Which branch of the `fork`, from 0.
        branch: usize,
        /// The `aside` or `fork`.
        place: Place,
    },
    /// A branch ended, and whatever was open in it.
    BranchEnd {
        /// Its context.
        context: u32,
        /// What it yields; nothing if an error outside it ended it.
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<Value>,
    },
    /// A `try` begins.
    TryStart {
        /// The context that an error would undo.
        context: u32,
    },
    /// A `try` ended without an error, or was left.
    TryEnd {
        /// Its context.
        context: u32,
    },
    /// An error ended a `try`: what it wrote is undone, and its handler continues.
    Caught {
        /// Its context.
        context: u32,
        /// Bytes of the context's reported text that remain.
        kept: usize,
        /// The error's code.
        code: &'static str,
        /// What it says.
        message: String,
        /// Where it happened.
        place: Place,
    },
    /// A `while` ended by its bound, although its condition still held.
    BoundReached {
        /// The context in which it runs.
        context: u32,
        /// The bound.
        max: i64,
        /// The loop.
        place: Place,
    },
    /// `print`.
    Print {
        /// What it said.
        text: String,
    },
    /// What the run cost.
    Usage(Usage),
}

/// A finding about a program that only its run could make, in the form of the compiler's findings.
#[derive(Debug, Clone, PartialEq)]
pub struct Warning {
    /// The finding, with spans in the program's files.
    pub diag: Diag,
    /// Where its span begins.
    pub place: Place,
    /// Where those of its labels begin.
    pub labels: Vec<Place>,
}

impl Warning {
    /// A finding with the places that it speaks of.
    pub fn of(program: &ir::Program, diag: Diag) -> Warning {
        let labels = diag.labels.iter().map(|(span, _)| Place::of(program, *span)).collect();
        Warning { place: Place::of(program, diag.span), labels, diag }
    }
}

impl Serialize for Warning {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Label<'w> {
            text: &'w str,
            place: &'w Place,
        }
        let texts = self.diag.labels.iter().map(|(_, text)| text.as_str());
        let labels: Vec<Label<'_>> =
            texts.zip(&self.labels).map(|(text, place)| Label { text, place }).collect();
        let mut object = serializer.serialize_struct("Warning", 5)?;
        object.serialize_field("code", self.diag.code)?;
        object.serialize_field("message", &self.diag.message)?;
        object.serialize_field("place", &self.place)?;
        object.serialize_field("labels", &labels)?;
        object.serialize_field("hint", &self.diag.hint)?;
        object.end()
    }
}

/// What a run cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Usage {
    /// Tokens of prompts: text that the model read for each generation, cached or not.
    pub prompt_tokens: u64,
    /// Those of them that were found in the KV memory.
    pub cached_tokens: u64,
    /// Tokens that the model chose.
    pub generated_tokens: u64,
    /// Tokens that were appended without asking it.
    pub forced_tokens: u64,
    /// Tokens that were evaluated before they were chosen, in the hope that they would be.
    pub drafted_tokens: u64,
    /// Those of them that were.
    pub accepted_tokens: u64,
    /// Batches in which the model evaluated tokens of this run.
    pub forward_passes: u64,
    /// Choices under a mask that forbade something.
    pub masked_steps: u64,
    /// Loading the model (0 if it was loaded before).
    pub load_ms: u64,
    /// Evaluating prompts, in microseconds. Of a batch that others share this run pays for its own rows.
    #[serde(rename = "prefill_ms", serialize_with = "as_ms")]
    pub prefill_us: u64,
    /// Evaluating what was generated, in microseconds; of a shared batch as above.
    #[serde(rename = "decode_ms", serialize_with = "as_ms")]
    pub decode_us: u64,
    /// Computing masks, forced text and endings, and choosing tokens, in microseconds.
    pub mask_us: u64,
    /// From start to end.
    pub wall_ms: u64,
    /// The last of the batches that are counted, among all of this process: one that several branches share counts once.
    #[serde(skip)]
    pub(crate) last_pass: Option<u64>,
}

impl Usage {
    /// Adds what a part of the run cost.
    pub fn add(&mut self, part: &Usage) {
        self.prompt_tokens += part.prompt_tokens;
        self.cached_tokens += part.cached_tokens;
        self.generated_tokens += part.generated_tokens;
        self.forced_tokens += part.forced_tokens;
        self.drafted_tokens += part.drafted_tokens;
        self.accepted_tokens += part.accepted_tokens;
        let known = part.last_pass.is_some() && part.last_pass == self.last_pass;
        self.forward_passes += part.forward_passes - u64::from(known);
        self.last_pass = part.last_pass.or(self.last_pass);
        self.masked_steps += part.masked_steps;
        self.load_ms += part.load_ms;
        self.prefill_us += part.prefill_us;
        self.decode_us += part.decode_us;
        self.mask_us += part.mask_us;
        self.wall_ms += part.wall_ms;
    }
}

/// Small parts are added up in microseconds and shown in milliseconds.
fn as_ms<S: Serializer>(us: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64((us + 500) / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let file = ir::File { name: "a.agent".into(), text: "añb\n\ncd".into() };
        let program = ir::Program {
            version: ir::VERSION,
            files: vec![file],
            funcs: Vec::new(),
            entry: ir::FuncId(0),
            types: Vec::new(),
            specs: Vec::new(),
            tools: Vec::new(),
            tests: Vec::new(),
            model: None,
            models: Vec::new(),
            chat: false,
        };
        for (at, line, column) in [(0, 1, 1), (2, 1, 2), (3, 1, 3), (5, 2, 1), (7, 3, 2), (99, 3, 3)] {
            let place = Place::of(&program, Span::new(0, at, at));
            assert_eq!((place.file.as_str(), place.line, place.column), ("a.agent", line, column), "{at}");
        }
        assert_eq!(Place::of(&program, Span::new(1, 0, 0)).line, 1);
    }
}
