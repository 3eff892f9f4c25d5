//! A generation that takes several jobs: samples beside each other, the steps of a beam, options that are compared, and
//! the log-probabilities of what was written.
//!
//! It goes through stages. The jobs of a stage are its *members*, known by numbers; they are begun some at a time, and when
//! all of them have ended the next stage begins. What comes of a member never depends on when it ends.

use std::collections::VecDeque;
use std::sync::Arc;

use agentc_compiler::ir::Method;
use agentc_constraint::{End, SharedSpec, TokenId};

use super::activity::{Activity, Ended};
use super::beam::Beam;
use super::choice::{Choice, Choices};
use super::memory::Sequence;
use super::options::{Options, Score, shares};
use super::scoring::Scoring;
use super::start::{Start, Written};
use crate::ask::{self, Chunk, Measured, Sample};
use crate::backend::{GenProduct, Product, Report, Samples, TaskId};
use crate::error::Fault;
use crate::model::Model;
use crate::sample::log_sum;
use crate::trace::{TokenOrigin, Usage};

/// Members at work at once.
const AT_ONCE: usize = 64;

/// A job that is to begin.
pub(super) struct Member {
    pub(super) number: usize,
    pub(super) sequence: Sequence,
    pub(super) activity: Activity,
}

enum Stage {
    /// Nothing has begun.
    Begin,
    /// The options are compared in their context.
    Compare(Options),
    /// They are compared in an empty one; what they scored in theirs.
    Alone(Options, Vec<Score>),
    /// What all samples read is read.
    Read,
    /// Values are written.
    Write,
    /// The likeliest value is looked for.
    Search(Box<Beam>),
    /// What was written is judged.
    Judge,
}

pub(super) struct Group {
    pub(super) task: TaskId,
    start: Arc<Start>,
    /// What an empty context begins with.
    empty: Vec<TokenId>,
    stage: Stage,
    /// Members of the stage that have not begun.
    waiting: VecDeque<usize>,
    /// Those that have, and have not ended.
    open: usize,
    choices: Choices,
    /// The log-probabilities of the tokens of those that can be chosen.
    spelled: Vec<Vec<f64>>,
    /// What was written, by number.
    values: Vec<Option<Written>>,
    measured: Measured,
    further: u64,
    /// What is still to be told.
    before: Option<Vec<ask::Written>>,
    chunks: Vec<Chunk>,
    usage: Usage,
    /// Whether a member has told what it found in the memory.
    found: bool,
    result: Option<Result<Product, Fault>>,
}

impl Group {
    /// A group for an ask that wants something that takes several jobs.
    pub(super) fn new(
        task: TaskId,
        start: Arc<Start>,
        spec: &SharedSpec,
        before: Vec<ask::Written>,
        empty: Vec<TokenId>,
        model: &dyn Model,
    ) -> Result<Group, Fault> {
        let usage = Usage { prompt_tokens: start.prompt.len() as u64, ..Usage::default() };
        let compares = start.ask.wants.compares();
        let choices = if compares { Choices::of(&start, spec, model)? } else { Choices::default() };
        Ok(Group {
            task,
            start,
            empty,
            stage: Stage::Begin,
            waiting: VecDeque::new(),
            open: 0,
            choices,
            spelled: Vec::new(),
            values: Vec::new(),
            measured: Measured::default(),
            further: 0,
            before: Some(before),
            chunks: Vec::new(),
            usage,
            found: false,
            result: None,
        })
    }

    /// The members that are to begin now.
    pub(super) fn begin(&mut self, model: &dyn Model) -> Vec<Member> {
        let mut members = Vec::new();
        while self.result.is_none() {
            if self.waiting.is_empty() && self.open == 0 {
                match self.next_stage(model) {
                    Ok(product) => self.result = product.map(Ok),
                    Err(fault) => self.result = Some(Err(fault)),
                }
                continue;
            }
            if self.open == AT_ONCE {
                break;
            }
            let Some(number) = self.waiting.pop_front() else { break };
            match self.member(number, model) {
                Ok((sequence, activity)) => {
                    self.open += 1;
                    members.push(Member { number, sequence, activity });
                }
                Err(fault) => self.result = Some(Err(fault)),
            }
        }
        members
    }

    /// Takes in what a member has written and cost, and what came of it if it has ended.
    pub(super) fn take(
        &mut self,
        number: usize,
        chunks: Vec<Chunk>,
        mut usage: Usage,
        ended: Option<Result<Ended, Fault>>,
    ) {
        if usage.cached_tokens > 0 {
            usage.cached_tokens =
                if std::mem::replace(&mut self.found, true) { 0 } else { usage.cached_tokens };
        }
        self.usage.add(&usage);
        if self.start.ask.wants.samples.is_none() {
            self.chunks.extend(chunks);
        }
        let Some(ended) = ended else { return };
        self.open -= 1;
        match (&mut self.stage, ended) {
            (_, Ok(ended)) => self.take_ended(number, ended),
            (Stage::Search(beam), Err(Fault::Match { error, .. })) => beam.fail(error),
            (_, Err(fault)) => self.result = Some(Err(fault)),
        }
    }

    /// Whether it is over; its members are to end, too.
    pub(super) fn is_over(&self) -> bool {
        self.result.is_some()
    }

    /// What has happened since the last report, if anything.
    pub(super) fn report(&mut self) -> Option<Report> {
        let (result, begins) = (self.result.take(), self.before.is_some());
        let before = self.before.take().unwrap_or_default();
        let (chunks, usage) = (std::mem::take(&mut self.chunks), std::mem::take(&mut self.usage));
        let silent = result.is_none() && !begins && chunks.is_empty() && usage == Usage::default();
        (!silent).then_some(Report { task: self.task, before, begins, chunks, usage, result })
    }

    /// Adds what a member cost that is ended with the group.
    pub(super) fn add_cost(&mut self, usage: &Usage) {
        self.usage.add(usage);
    }

    /// What it cost since the last report, where it is cancelled.
    pub(super) fn cost(self) -> Usage {
        self.usage
    }

    /// Goes on to the next stage; what came of all, after the last one.
    fn next_stage(&mut self, model: &dyn Model) -> Result<Option<Product>, Fault> {
        match std::mem::replace(&mut self.stage, Stage::Begin) {
            Stage::Begin if self.start.ask.wants.compares() => {
                let start = self.start.clone();
                let options = self.tree(&start.prompt, &start.healed, model);
                self.compare(options, Stage::Compare);
            }
            Stage::Begin => self.write()?,
            Stage::Compare(options) => return self.compared(options, model),
            Stage::Alone(options, scores) => {
                let alone = options.scores();
                let gains = scores.iter().zip(&alone).map(|(score, alone)| score.spelled() - alone.spelled());
                let best = best_of(gains);
                self.choose(best);
                return self.product().map(Some);
            }
            Stage::Read => self.write_values(),
            Stage::Write => return self.judge(),
            Stage::Search(mut beam) => {
                let found = beam.turn(model)?;
                let Some((written, least)) = found else {
                    self.waiting = (0..beam.live.len()).collect();
                    self.stage = Stage::Search(beam);
                    return Ok(None);
                };
                self.usage.generated_tokens += beam.taken;
                self.further = beam.taken.saturating_sub(written.product.value_tokens as u64);
                self.measured.mask_mass = self.start.ask.wants.mask_mass.then_some(least);
                self.tell(&written);
                self.values = vec![Some(written)];
                return self.judge();
            }
            Stage::Judge => return self.product().map(Some),
        }
        Ok(None)
    }

    fn compare(&mut self, mut options: Options, stage: impl FnOnce(Options) -> Stage) {
        self.waiting = options.begin().into();
        self.stage = stage(options);
    }

    /// The job of a member.
    fn member(&self, number: usize, model: &dyn Model) -> Result<(Sequence, Activity), Fault> {
        let start = &self.start;
        let score = |(sequence, scoring): (Sequence, Scoring)| (sequence, Activity::Score(Box::new(scoring)));
        Ok(match &self.stage {
            Stage::Compare(options) | Stage::Alone(options, _) => {
                score(options.reading(number, model.vocab()))
            }
            Stage::Read => {
                let tokens = start.prompt[..start.prompt.len() - 1].to_vec();
                let scoring = Scoring::new(tokens.len(), &[], Vec::new());
                score((Sequence::new(tokens), scoring))
            }
            Stage::Judge => {
                let value = self.values.get(number).and_then(Option::as_ref);
                let tokens = value.map_or(&[][..], |written| &written.tokens);
                score(Scoring::of_tokens(&start.prompt, &start.healed, tokens))
            }
            Stage::Search(beam) => {
                let hypothesis = beam.live[number].clone();
                (hypothesis.sequence(), Activity::Explore(Box::new(hypothesis)))
            }
            Stage::Begin | Stage::Write => {
                let stream = match start.ask.wants.samples {
                    Some(_) => start.ask.stream.part(number as u64),
                    None => start.ask.stream,
                };
                let generation = start.generation(stream)?;
                (Sequence::new(start.prompt.clone()), Activity::Generate(Box::new(generation)))
            }
        })
    }

    fn take_ended(&mut self, number: usize, ended: Ended) {
        match (&mut self.stage, ended) {
            (Stage::Compare(options) | Stage::Alone(options, _), Ended::Scored(replies)) => {
                self.waiting.extend(options.take(number, replies));
            }
            (Stage::Judge, Ended::Scored(replies)) => {
                let logs = replies.iter().flat_map(|reply| reply.logs.iter().copied()).collect();
                if let Some(Some(written)) = self.values.get_mut(number) {
                    written.product.measured.logprobs = Some(logs);
                }
            }
            (Stage::Write, Ended::Generated(written)) => self.values[number] = Some(*written),
            (Stage::Search(beam), Ended::Explored(hypothesis)) => beam.take(number, *hypothesis),
            _ => {}
        }
    }

    /// Begins to write values, one or several.
    fn write(&mut self) -> Result<(), Fault> {
        if self.start.ask.wants.beam.is_some() {
            self.stage = Stage::Search(Box::new(Beam::new(&self.start)?));
            self.waiting = [0].into();
        } else if self.start.ask.wants.samples.is_some_and(|count| count > 1) && self.start.prompt.len() > 1 {
            self.stage = Stage::Read;
            self.waiting = [0].into();
        } else {
            self.write_values();
        }
        Ok(())
    }

    fn write_values(&mut self) {
        let count = self.start.ask.wants.samples.unwrap_or(1) as usize;
        self.values = (0..count).map(|_| None).collect();
        self.waiting = (0..count).collect();
        self.stage = Stage::Write;
    }

    /// Lets the values be judged, if that is wanted and not done yet.
    fn judge(&mut self) -> Result<Option<Product>, Fault> {
        if !self.start.ask.wants.logprobs {
            return self.product().map(Some);
        }
        for (number, written) in self.values.iter_mut().enumerate() {
            match written {
                Some(written) if written.tokens.is_empty() => {
                    written.product.measured.logprobs = Some(Vec::new());
                }
                _ => self.waiting.push_back(number),
            }
        }
        self.stage = Stage::Judge;
        if self.waiting.is_empty() { self.product().map(Some) } else { Ok(None) }
    }

    fn tree(&self, base: &[TokenId], healed: &[u8], model: &dyn Model) -> Options {
        let tokens = |choice: &Choice| match healed == self.start.healed {
            true => choice.tokens.clone(),
            false => model.tokenize(choice.text.as_bytes()),
        };
        let options: Vec<Vec<TokenId>> = self.choices.good.iter().map(tokens).collect();
        Options::new(base, healed, &options, model.vocab())
    }

    /// After options have been compared in their context.
    fn compared(&mut self, options: Options, model: &dyn Model) -> Result<Option<Product>, Fault> {
        let (scores, wants) = (options.scores(), self.start.ask.wants.clone());
        if wants.probs {
            self.measured.probs = Some(self.choices.probs(&shares(&scores)));
        }
        if wants.method == Method::Greedy {
            self.write()?;
            return Ok(None);
        }
        if wants.mask_mass {
            let all: Vec<f64> = scores.iter().map(|score| score.whole()).collect();
            self.measured.mask_mass = Some(log_sum(&all).exp().min(1.0));
        }
        self.spelled = (0..scores.len()).map(|option| options.logs(option)).collect();
        if wants.method == Method::Uncond {
            let options = self.tree(&self.empty.clone(), &[], model);
            self.compare(options, |options| Stage::Alone(options, scores));
            return Ok(None);
        }
        let best = best_of(scores.iter().map(|score| score.average()));
        self.choose(best);
        self.product().map(Some)
    }

    /// Takes an option as the value.
    fn choose(&mut self, option: usize) {
        let Choice { text, tokens, value_tokens } = &self.choices.good[option];
        let mut written = self.start.product(text.clone(), End::Value, tokens.clone(), *value_tokens);
        if self.start.ask.wants.logprobs {
            written.product.measured.logprobs = Some(std::mem::take(&mut self.spelled[option]));
        }
        self.usage.generated_tokens += tokens.len() as u64;
        self.tell(&written);
        self.values = vec![Some(written)];
    }

    /// Tells a value that was not written token by token.
    fn tell(&mut self, written: &Written) {
        let healed = !self.start.healed.is_empty();
        let origin = if healed { TokenOrigin::Healed } else { TokenOrigin::Sampled };
        let (text, tokens) = (written.product.text.clone(), written.tokens.clone());
        self.chunks.push(Chunk { text, origin, tokens });
    }

    /// What came of all.
    fn product(&mut self) -> Result<Product, Fault> {
        let values = std::mem::take(&mut self.values).into_iter().flatten();
        if self.start.ask.wants.samples.is_none() {
            let value = values.map(|written| written.product).next();
            return value.map(|product| self.measured(product)).ok_or_else(|| self.nothing());
        }
        let sample = |Written { product, tokens }: Written| Sample {
            text: product.text,
            tokens,
            end: product.end,
            value_tokens: product.value_tokens,
            logprobs: product.measured.logprobs,
        };
        let start = &self.start;
        let tokens = start.own.then(|| start.whole[start.settled..].to_vec());
        Ok(Product::Sampled(Samples { tokens, samples: values.map(sample).collect() }))
    }

    /// A value with what was measured in other stages.
    fn measured(&mut self, product: GenProduct) -> Product {
        let Measured { logprobs, probs, mask_mass } = product.measured;
        let whole = std::mem::take(&mut self.measured);
        let measured = Measured {
            logprobs: logprobs.or(whole.logprobs),
            probs: probs.or(whole.probs),
            mask_mass: mask_mass.or(whole.mask_mass),
        };
        Product::Generated(GenProduct { measured, further: self.further, ..product })
    }

    fn nothing(&self) -> Fault {
        Fault::EmptyMask { name: self.start.ask.name.clone() }
    }
}

/// The first of the largest numbers.
fn best_of(numbers: impl Iterator<Item = f64>) -> usize {
    let better = |best: (usize, f64), next: (usize, f64)| if next.1 > best.1 { next } else { best };
    numbers.enumerate().reduce(better).map_or(0, |(at, _)| at)
}
