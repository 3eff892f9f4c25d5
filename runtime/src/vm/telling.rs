//! What the outside is told of a run: each text once, in order, and everything else when it happens.
//!
//! [`Told`] counts how much of a context has been told. It stands beside the context in its strand, and this file alone
//! changes it. A generation is told while it goes on ([`Vm::progress`]); when it is answered, whatever has not been told by
//! then is, so that a run which is repeated from its journal tells the same.

use agentc_compiler::ir::Op;
use agentc_compiler::source::Span;
use agentc_constraint::End;
use serde::{Deserialize, Serialize};

use super::Vm;
use super::strand::OpenContext;
use crate::ask::{AskId, Generated, Measured, Progress, Sample, Sampled, Written};
use crate::context::Context;
use crate::trace::{Event, Place};
use crate::value::Value;

/// How much of a context has been told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    /// Pieces, all of them whole: what has been told ends with what a model wrote.
    pub(super) pieces: usize,
    /// Bytes of text, marks included.
    pub(super) bytes: usize,
}

impl Told {
    /// Whether it can be that of a context.
    pub(super) fn fits(&self, context: &Context) -> bool {
        context.settled().len() <= self.pieces
            && self.pieces <= context.pieces().len()
            && self.bytes < usize::MAX / 2
    }
}

/// What has been told of a generation that has not been answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Live {
    /// Texts before it.
    before: usize,
    begun: bool,
    chunks: usize,
    /// The texts of those.
    shown: String,
}

impl Vm {
    /// What has happened, as events that nobody has seen yet.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Tells what is known of a generation so far.
    pub fn progress(&mut self, id: &AskId, progress: Progress) {
        let Some(context) = self.asking(id).and_then(|strand| strand.context()).map(|open| open.number)
        else {
            return;
        };
        let mut live = self.live.remove(&context).unwrap_or_default();
        live.before += progress.before.len();
        self.tell_texts(context, progress.before);
        if progress.begins {
            live.begun = true;
            self.tell_start(id, context, progress.model);
        }
        live.chunks += progress.chunks.len();
        for chunk in progress.chunks {
            live.shown.push_str(&chunk.text);
            let (text, origin, tokens) = (chunk.text, chunk.origin, chunk.tokens);
            self.events.push(Event::Token { context, text, origin, tokens });
        }
        self.live.insert(context, live);
    }

    /// The text that has been shown of a generation in a context that has not ended; nothing if none has begun.
    pub fn shown(&self, context: u32) -> Option<&str> {
        let live = self.live.get(&context).filter(|live| live.begun || live.before > 0)?;
        Some(&live.shown)
    }

    /// Tells texts that joined a context which nobody will generate in any more, and then what was printed behind them.
    pub fn tell_rest(&mut self, context: u32, written: Vec<Written>) {
        self.tell_texts(context, written);
        let prints = self.state.strands.iter_mut().flat_map(|strand| strand.prints.drain(..));
        self.events.extend(prints.map(|text| Event::Print { text }));
    }

    /// Tells all there is of a generation, without what has been told of it before.
    pub fn tell_all(&mut self, id: &AskId, mut all: Progress) {
        let context = self.asking(id).and_then(|strand| strand.context()).map_or(0, |open| open.number);
        let live = self.live.remove(&context).unwrap_or_default();
        all.before.drain(..live.before.min(all.before.len()));
        all.chunks.drain(..live.chunks.min(all.chunks.len()));
        all.begins &= !live.begun;
        self.progress(id, all);
        self.live.remove(&context);
    }

    /// Tells the end of a generation.
    pub(super) fn tell_end(&mut self, context: u32, name: String, generated: &Generated, value: Value) {
        let shown: usize = generated.chunks.iter().map(|chunk| chunk.text.len()).sum();
        let text = generated.text.get(shown..).unwrap_or_default().to_owned();
        let (reason, stop) = reason(&generated.end);
        let tokens = generated.value_tokens;
        let Measured { logprobs, probs, mask_mass } = generated.measured.clone();
        self.events.push(Event::GenEnd {
            context,
            name,
            text,
            tokens,
            reason,
            stop,
            value,
            logprobs,
            probs,
            mask_mass,
        });
    }

    /// Tells the values of a generation that makes several, and then its end.
    pub(super) fn tell_samples(&mut self, context: u32, name: &str, sampled: &Sampled, value: Value) {
        let name = name.to_owned();
        for (number, sample) in sampled.samples.iter().cloned().enumerate() {
            let Sample { text, tokens, end, logprobs, .. } = sample;
            let (reason, stop) = reason(&end);
            let name = name.clone();
            self.events.push(Event::Sample { context, name, number, text, tokens, reason, stop, logprobs });
        }
        let tokens = sampled.samples.iter().map(|sample| sample.value_tokens).sum();
        self.events.push(Event::GenEnd {
            context,
            name,
            text: String::new(),
            tokens,
            reason: "value",
            stop: None,
            value,
            logprobs: None,
            probs: None,
            mask_mass: None,
        });
    }

    /// Tells what a text scored in the running strand's context. It says nothing of what is written there.
    pub(super) fn tell_score(&mut self, text: String, score: f64) {
        let context = self.context_number();
        self.events.push(Event::Score { context, text, score });
    }

    /// Tells what happened in the running strand. What was printed before comes first, as far as it is the strand's own or
    /// of one that it descends from.
    pub(super) fn tell(&mut self, event: Event) {
        self.tell_prints();
        self.events.push(event);
    }

    /// Tells of a call of an agent. It says nothing of the caller's text, so what waits for that goes on waiting.
    pub(super) fn tell_call(&mut self, event: Event) {
        self.events.push(event);
    }

    /// `print`: told at once unless it stands behind text that has not been told.
    pub(super) fn tell_print(&mut self, text: String) {
        let untold = |open: &OpenContext| open.told.pieces < open.context.pieces().len();
        let behind = self.ancestry().any(|at| !self.state.strands[at].prints.is_empty());
        if behind || self.strand().context().is_some_and(untold) {
            self.strand_mut().prints.push(text);
        } else {
            self.events.push(Event::Print { text });
        }
    }

    /// Where something stands. Lines are counted once, since loops tell of the same places again and again.
    pub(super) fn place(&mut self, span: Span) -> Place {
        self.places.entry(span).or_insert_with(|| Place::of(&self.program, span)).clone()
    }

    fn tell_start(&mut self, id: &AskId, context: u32, model: Option<String>) {
        let inst = self.asking(id).and_then(|strand| strand.instruction(&self.program));
        let name = match inst.map(|inst| &inst.op) {
            Some(Op::Gen(r#gen)) => r#gen.name.clone(),
            _ => return,
        };
        self.tell_prints_of(id);
        self.events.push(Event::GenStart { context, name, model });
    }

    fn tell_texts(&mut self, context: u32, written: Vec<Written>) {
        for Written { text, origin, tokens } in written {
            self.events.push(Event::Text { context, text, origin, tokens });
        }
    }

    fn tell_prints_of(&mut self, id: &AskId) {
        let Some(asking) = self.state.strands.iter().position(|strand| strand.path == id.strand) else {
            return;
        };
        let current = std::mem::replace(&mut self.current, asking);
        self.tell_prints();
        self.current = current;
    }

    /// Tells what the running strand, and those that it descends from, have printed.
    pub(super) fn tell_prints(&mut self) {
        let mut line: Vec<usize> = self.ancestry().collect();
        line.reverse();
        for at in line {
            let prints = std::mem::take(&mut self.state.strands[at].prints);
            self.events.extend(prints.into_iter().map(|text| Event::Print { text }));
        }
    }
}

/// Why a value ended, in a word, and the stop that ended it.
fn reason(end: &End) -> (&'static str, Option<String>) {
    match end {
        End::Value => ("value", None),
        End::Stop { text } => ("stop", Some(text.clone())),
        End::EndOfTurn => ("end", None),
        End::Max => ("max", None),
    }
}
