//! Generations: what the machine asks, given an instruction and its locals, and what it makes of the answer.

use std::sync::Arc;

use agentc_compiler::ir::{self, Gen, GenFact, GenOption, Later, Local, Method};
use agentc_compiler::source::Span;
use agentc_constraint::End;

use super::Vm;
use super::ops::{check_size, print, too_large};
use crate::ask::{AskId, GenAsk, Generated, Measured, Progress, Sampled, Wants};
use crate::error::{Fault, RunError, short};
use crate::limits::Limit;
use crate::sample::Stream;
use crate::value::Value;
use crate::value::holes::{self, has_named_holes};
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
            wants: wants(r#gen),
        };
        for &(option, local) in &r#gen.options {
            set_option(&mut ask, option, &self.get(local))?;
        }
        if ask.min > ask.max.unwrap_or(self.limits.default_max) {
            return Err(Fault::BadOption { option: GenOption::Min.name(), value: ask.min.to_string() });
        }
        check_wants(&ask.wants, self.limits.samples)?;
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
        let read = self.read_value(&program, r#gen)(&generated.text);
        let value = read.map_err(|error| RunError::at(span, self.unread(error, r#gen, &generated.text)))?;
        for (fact, local) in &r#gen.facts {
            let value = value_of(*fact, &generated).map_err(|fault| RunError::at(span, fault))?;
            self.set(*local, value);
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

    /// Takes in several values that the model wrote. The context keeps what was written before them, and none of them.
    pub(super) fn take_sampled(
        &mut self,
        id: &AskId,
        r#gen: &Gen,
        span: Span,
        sampled: Sampled,
    ) -> Result<(), RunError> {
        let program = self.program.clone();
        let context = self.context_number();
        let told: usize = sampled.before.iter().map(|written| written.text.len()).sum();
        let (before, model) = (sampled.before.clone(), sampled.model.clone());
        self.tell_all(id, Progress { before, begins: true, model, chunks: Vec::new() });
        self.answered();
        let values: Result<Vec<Value>, Fault> = {
            let read = self.read_value(&program, r#gen);
            let read = |text: &str| read(text).map_err(|error| self.unread(error, r#gen, text));
            sampled.samples.iter().map(|s| read(&s.text)).collect()
        };
        let value =
            values.map(Value::list).and_then(|value| check_size(&value, &self.limits).map(|()| value));
        let value = value.map_err(|fault| RunError::at(span, fault))?;
        if let Some(open) = self.strand_mut().context_mut() {
            let context = Arc::make_mut(&mut open.context);
            match &sampled.tokens {
                Some(tokens) => context.settle(tokens, String::new()),
                None => context.adopt(String::new()),
            }
            open.told.pieces = context.pieces().len();
            open.told.bytes += told;
        }
        self.set(r#gen.dst, value.clone());
        self.advance();
        self.tell_samples(context, &r#gen.name, &sampled, value);
        match sampled.ration {
            Some(limit) if sampled.samples.iter().any(|sample| sample.end == End::Max) => {
                Err(RunError::at(span, Fault::Limit { what: Limit::GeneratedTokens, limit }))
            }
            _ => Ok(()),
        }
    }

    /// How generated texts become values.
    fn read_value(&self, program: &ir::Program, r#gen: &Gen) -> impl Fn(&str) -> Result<Value, ReadError> {
        let named = program.spec(r#gen.spec).filter(|spec| has_named_holes(spec.spec()));
        let named = named.map(|spec| (spec, self.bindings(&r#gen.bindings).unwrap_or_default()));
        move |text| {
            let reading = self.reading(program);
            match &named {
                None => reading.parse(text, &r#gen.ty, r#gen.json),
                Some((spec, bindings)) => {
                    let known = (spec.spec(), bindings.as_slice(), &self.limits.constraint);
                    holes::read(&reading, known, text, (&r#gen.ty, r#gen.json))
                }
            }
        }
    }

    fn unread(&self, error: ReadError, r#gen: &Gen, text: &str) -> Fault {
        match error {
            ReadError::TooDeep => {
                Fault::Limit { what: Limit::ValueDepth, limit: self.limits.value_depth as u64 }
            }
            ReadError::TooLarge => too_large(&self.limits),
            ReadError::Template(error) => Fault::Match { name: r#gen.name.clone(), error },
            ReadError::NotOfType | ReadError::NotJson(_) | ReadError::Digits => {
                Fault::NotOfType { name: r#gen.name.clone(), text: text.to_owned() }
            }
        }
    }
}

/// Refuses what a later version runs.
fn supported(r#gen: &Gen) -> Result<(), Fault> {
    let facts = r#gen.facts.iter().find_map(|(fact, _)| fact.later(&r#gen.name));
    let tools = || (!r#gen.tools.is_empty()).then_some(Later::Tools);
    match facts.or_else(tools) {
        Some(what) => Err(Fault::NotYet { what }),
        None => Ok(()),
    }
}

/// What the facts that are read take.
fn wants(r#gen: &Gen) -> Wants {
    let reads = |wanted: GenFact| r#gen.facts.iter().any(|(fact, _)| *fact == wanted);
    Wants {
        method: r#gen.method,
        logprobs: reads(GenFact::Logprob),
        probs: reads(GenFact::Probs),
        mask_mass: reads(GenFact::MaskMass),
        ..Wants::default()
    }
}

/// The compiler refuses what contradicts each other.
fn check_wants(wants: &Wants, limit: u32) -> Result<(), Fault> {
    let contradicts = wants.samples.is_some() && wants.beam.is_some();
    let compares = wants.method != Method::Greedy;
    for (option, count) in [(GenOption::Samples, wants.samples), (GenOption::Beam, wants.beam)] {
        let Some(count) = count else { continue };
        if contradicts || compares {
            return Err(Fault::BadOption { option: option.name(), value: count.to_string() });
        }
        if count > limit {
            return Err(Fault::Limit { what: Limit::Samples, limit: u64::from(limit) });
        }
    }
    Ok(())
}

/// A fact of a generation. What was measured is finite, whoever says it.
fn value_of(fact: GenFact, generated: &Generated) -> Result<Value, Fault> {
    let Measured { logprobs, probs, mask_mass } = &generated.measured;
    Ok(match fact {
        GenFact::Text => generated.text.as_str().into(),
        GenFact::Tokens => Value::Int(i64::try_from(generated.value_tokens).unwrap_or(i64::MAX)),
        GenFact::Stop => match &generated.end {
            End::Value => Value::Null,
            End::Stop { text } => text.as_str().into(),
            End::EndOfTurn => "end".into(),
            End::Max => "max".into(),
        },
        GenFact::Logprob => finite(
            logprobs.as_ref().map_or(f64::NAN, |logs| logs.iter().fold(0.0, |sum, log| sum + log)),
            fact,
        )?,
        GenFact::MaskMass => finite(mask_mass.unwrap_or(f64::NAN), fact)?,
        GenFact::Probs => {
            let probs = probs.as_ref().ok_or_else(|| unmeasured(fact))?;
            let field = |(text, p): &(String, f64)| Ok((text.clone(), finite(*p, fact)?));
            Value::record(probs.iter().map(field).collect::<Result<_, Fault>>()?)
        }
        // Refused when it was asked.
        GenFact::Calls => Value::Null,
    })
}

fn finite(x: f64, fact: GenFact) -> Result<Value, Fault> {
    if x.is_finite() { Ok(Value::Float(x)) } else { Err(unmeasured(fact)) }
}

/// A back end that leaves out what it said that it can tell.
fn unmeasured(fact: GenFact) -> Fault {
    Fault::Input { message: format!("the back end did not tell the `{}` that it was asked for", fact.name()) }
}

fn set_option(ask: &mut GenAsk, option: GenOption, value: &Value) -> Result<(), Fault> {
    let given = Given { option, value };
    let sampling = &mut ask.sampling;
    match option {
        GenOption::Max => ask.max = Some(given.count()?),
        GenOption::Min => ask.min = given.count()?,
        GenOption::Temp => sampling.temp = given.number()?,
        GenOption::TopP => sampling.top_p = given.number()?,
        GenOption::TopK => sampling.top_k = given.count()?,
        GenOption::MinP => sampling.min_p = given.number()?,
        GenOption::Typical => sampling.typical = given.number()?,
        GenOption::RepeatPenalty => sampling.repeat_penalty = given.number()?,
        GenOption::FrequencyPenalty => sampling.frequency_penalty = given.number()?,
        GenOption::PresencePenalty => sampling.presence_penalty = given.number()?,
        GenOption::NoRepeat => sampling.no_repeat = given.count()?,
        GenOption::Seed => {
            ask.stream = Stream::new(value.as_int().ok_or_else(|| given.bad())? as u64, &[]);
        }
        GenOption::Heal => ask.heal = value.as_bool().ok_or_else(|| given.bad())?,
        // Without tools there is nothing that it bounds.
        GenOption::MaxCalls => _ = given.count()?,
        GenOption::Samples => ask.wants.samples = Some(given.count()?),
        GenOption::Beam => ask.wants.beam = Some(given.count()?),
        GenOption::Logprobs => ask.wants.logprobs |= value.as_bool().ok_or_else(|| given.bad())?,
    }
    Ok(())
}

/// The value of an option.
struct Given<'v> {
    option: GenOption,
    value: &'v Value,
}

impl Given<'_> {
    fn bad(&self) -> Fault {
        Fault::BadOption { option: self.option.name(), value: short(self.value, 40) }
    }

    fn number(&self) -> Result<f64, Fault> {
        self.value.as_float().filter(|&x| self.option.range().admits(x)).ok_or_else(|| self.bad())
    }

    fn count(&self) -> Result<u32, Fault> {
        let count = self.value.as_int().and_then(|n| u32::try_from(n).ok());
        count.filter(|&n| self.option.range().admits(f64::from(n))).ok_or_else(|| self.bad())
    }
}
