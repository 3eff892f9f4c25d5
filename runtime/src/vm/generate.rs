//! Generations: what the machine asks, given an instruction and its locals, and what it makes of the answer.

use std::sync::Arc;

use agentc_compiler::ir::{self, Gen, GenFact, GenOption, Later, Local};
use agentc_compiler::source::Span;
use agentc_constraint::End;

use super::Vm;
use super::ops::{print, too_large};
use crate::ask::{AskId, GenAsk, Generated, Progress};
use crate::error::{Fault, RunError, short};
use crate::limits::Limit;
use crate::sample::Stream;
use crate::value::Value;
use crate::value::read::ReadError;

impl Vm {
    /// What a generation of the running strand asks for.
    pub(super) fn gen_ask(&mut self, program: &ir::Program, r#gen: &Gen) -> Result<GenAsk, Fault> {
        supported(r#gen)?;
        let path = if self.asks_again() { self.strand().drawn() } else { self.strand_mut().draw() };
        let defaults = &self.state.defaults;
        let (mut seed, mut sampling) = (defaults.seed, defaults.sampling.clone());
        let model = r#gen.model.map(|model| model as usize);
        if let Some(own) = model.and_then(|model| defaults.models.get(model)) {
            (seed, sampling.temp) = (own.seed, own.temp);
        }
        let mut ask = GenAsk {
            name: r#gen.name.clone(),
            spec: r#gen.spec,
            bindings: self.bindings(&r#gen.bindings)?,
            model: model.and_then(|model| program.models.get(model)).map(|(name, _)| name.clone()),
            min: 0,
            max: None,
            sampling,
            stream: Stream::new(seed, &path),
            heal: true,
        };
        for &(option, local) in &r#gen.options {
            set_option(&mut ask, option, &self.get(local))?;
        }
        if ask.min > ask.max.unwrap_or(self.limits.default_max) {
            return Err(Fault::BadOption { option: GenOption::Min.name(), value: ask.min.to_string() });
        }
        Ok(ask)
    }

    /// The texts that the values of holes stand for: a list's items, or the one value.
    fn bindings(&self, holes: &[Local]) -> Result<Vec<Vec<String>>, Fault> {
        let text = |value: &Value| print([value], &self.limits);
        let texts = |local: &Local| match self.get(*local) {
            Value::List(items) => items.iter().map(text).collect(),
            Value::Null => Ok(Vec::new()),
            one => Ok(vec![text(&one)?]),
        };
        holes.iter().map(texts).collect()
    }

    /// Takes in what the model wrote.
    pub(super) fn take_generated(
        &mut self,
        id: &AskId,
        r#gen: &Gen,
        span: Span,
        generated: Generated,
    ) -> Result<(), RunError> {
        let program = self.program.clone();
        let context = self.context_number();
        let Generated { before, model, chunks, .. } = &generated;
        let told: usize = before.iter().map(|written| written.text.len()).sum();
        let (before, model, chunks) = (before.clone(), model.clone(), chunks.clone());
        self.tell_all(id, Progress { before, begins: true, model, chunks });
        self.answered();
        let read = self.reading(&program).parse(&generated.text, &r#gen.ty, r#gen.json);
        let value = read.map_err(|error| RunError::at(span, self.unread(error, r#gen, &generated.text)))?;
        for (fact, local) in &r#gen.facts {
            self.set(*local, value_of(*fact, &generated));
        }
        if let Some(open) = self.strand_mut().context_mut() {
            let context = Arc::make_mut(&mut open.context);
            match &generated.tokens {
                Some(tokens) => context.settle(tokens, generated.text.clone()),
                None => context.adopt(generated.text.clone()),
            }
            open.told.pieces = context.pieces().len();
            open.told.bytes += told + generated.text.len();
        }
        self.set(r#gen.dst, value.clone());
        self.advance();
        self.tell_end(context, r#gen.name.clone(), &generated, value);
        match (generated.ration, generated.end) {
            (Some(limit), End::Max) => {
                Err(RunError::at(span, Fault::Limit { what: Limit::GeneratedTokens, limit }))
            }
            _ => Ok(()),
        }
    }

    fn unread(&self, error: ReadError, r#gen: &Gen, text: &str) -> Fault {
        match error {
            ReadError::TooDeep => {
                Fault::Limit { what: Limit::ValueDepth, limit: self.limits.value_depth as u64 }
            }
            ReadError::TooLarge => too_large(&self.limits),
            ReadError::NotOfType | ReadError::NotJson(_) | ReadError::Digits => {
                Fault::NotOfType { name: r#gen.name.clone(), text: text.to_owned() }
            }
        }
    }
}

/// Refuses what a later version runs.
fn supported(r#gen: &Gen) -> Result<(), Fault> {
    let options = r#gen.options.iter().find_map(|(option, _)| option.later());
    let facts = || r#gen.facts.iter().find_map(|(fact, _)| fact.later(&r#gen.name));
    let tools = || (!r#gen.tools.is_empty()).then_some(Later::Tools);
    match r#gen.method.later().or(options).or_else(facts).or_else(tools) {
        Some(what) => Err(Fault::NotYet { what }),
        None => Ok(()),
    }
}

fn value_of(fact: GenFact, generated: &Generated) -> Value {
    match fact {
        GenFact::Text => generated.text.as_str().into(),
        GenFact::Tokens => Value::Int(i64::try_from(generated.value_tokens).unwrap_or(i64::MAX)),
        GenFact::Stop => match &generated.end {
            End::Value => Value::Null,
            End::Stop { text } => text.as_str().into(),
            End::EndOfTurn => "end".into(),
            End::Max => "max".into(),
        },
        // Refused when it was asked.
        GenFact::Logprob | GenFact::Probs | GenFact::Calls => Value::Null,
    }
}

fn set_option(ask: &mut GenAsk, option: GenOption, value: &Value) -> Result<(), Fault> {
    let given = Given { option: option.name(), value };
    let sampling = &mut ask.sampling;
    match option {
        GenOption::Max => ask.max = Some(given.count(1)?),
        GenOption::Min => ask.min = given.count(0)?,
        GenOption::Temp => sampling.temp = given.number(|x| x >= 0.0)?,
        GenOption::TopP => sampling.top_p = given.share()?,
        GenOption::TopK => sampling.top_k = given.count(0)?,
        GenOption::MinP => sampling.min_p = given.share()?,
        GenOption::Typical => sampling.typical = given.share()?,
        GenOption::RepeatPenalty => sampling.repeat_penalty = given.number(|x| x > 0.0)?,
        GenOption::FrequencyPenalty => sampling.frequency_penalty = given.number(|_| true)?,
        GenOption::PresencePenalty => sampling.presence_penalty = given.number(|_| true)?,
        GenOption::NoRepeat => sampling.no_repeat = given.count(1)?,
        GenOption::Seed => {
            ask.stream = Stream::new(value.as_int().ok_or_else(|| given.bad())? as u64, &[]);
        }
        GenOption::Heal => ask.heal = value.as_bool().ok_or_else(|| given.bad())?,
        // Without tools there is nothing that it bounds.
        GenOption::MaxCalls => _ = given.count(0)?,
        GenOption::Samples | GenOption::Beam | GenOption::Logprobs => {}
    }
    Ok(())
}

/// The value of an option.
struct Given<'v> {
    option: &'static str,
    value: &'v Value,
}

impl Given<'_> {
    fn bad(&self) -> Fault {
        Fault::BadOption { option: self.option, value: short(self.value, 40) }
    }

    fn number(&self, fits: impl Fn(f64) -> bool) -> Result<f64, Fault> {
        self.value.as_float().filter(|&x| fits(x)).ok_or_else(|| self.bad())
    }

    fn share(&self) -> Result<f64, Fault> {
        self.number(|x| (0.0..=1.0).contains(&x))
    }

    fn count(&self, least: u32) -> Result<u32, Fault> {
        let count = self.value.as_int().and_then(|n| u32::try_from(n).ok()).filter(|&n| n >= least);
        count.ok_or_else(|| self.bad())
    }
}
