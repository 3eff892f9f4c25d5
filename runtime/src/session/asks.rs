//! What a machine asks: who answers it, what the budget leaves for it, and what comes of the answer.

use std::sync::Arc;

use agentc_compiler::ir::{Later, SpecId, Tool, ToolBody};
use agentc_compiler::source::Span;
use agentc_constraint::MatchError;

use super::settings::DefaultModel;
use super::{Purpose, Session};
use crate::ask::{Answer, Ask, AskId, AskKind, GenAsk, Generated, Progress, Sampled, Wants};
use crate::backend::{Backends, Constraining, GenProduct, Product, Report, Samples, Work, WorkKind};
use crate::context::Context;
use crate::error::Fault;
use crate::host::{HostCall, HostCallKind};
use crate::limits::Limit;
use crate::trace::Event;

/// A generation that a back end works on.
pub(super) struct Writing {
    ask: Ask,
    r#gen: GenAsk,
    /// The back end that writes.
    at: usize,
    /// What the run's budget leaves for it, if that is less than it may take.
    ration: Option<u64>,
    /// What has been told of it.
    told: Progress,
}

impl Writing {
    pub(super) fn id(&self) -> &AskId {
        &self.ask.id
    }

    pub(super) fn span(&self) -> Span {
        self.ask.span
    }

    /// The answer to its ask.
    fn answer(self, product: Product) -> Answer {
        let Writing { told: Progress { before, model, chunks, .. }, ration, .. } = self;
        match product {
            Product::Generated(product) => {
                let GenProduct { text, tokens, end, value_tokens, measured, further } = product;
                Answer::Generated(Box::new(Generated {
                    before,
                    model,
                    chunks,
                    text,
                    tokens,
                    end,
                    value_tokens,
                    ration,
                    measured,
                    further,
                }))
            }
            Product::Sampled(Samples { tokens, samples }) => {
                Answer::Sampled(Box::new(Sampled { before, model, tokens, samples, ration }))
            }
            _ => Answer::failed(stray()),
        }
    }

    /// The answer to its ask where it comes to no end.
    pub(super) fn failed(self, fault: Fault) -> Answer {
        Answer::Failed { fault: ran_out(fault, self.ration), told: Box::new(self.told) }
    }
}

impl Session {
    /// Gives an ask to whoever answers it, or answers it.
    pub(super) fn submit(&mut self, ask: Ask, backends: &mut Backends<'_>) {
        let id = ask.id.clone();
        match self.route(ask, backends) {
            Ok(None) => {}
            Ok(Some(answer)) => self.inbox.push_back((id, answer)),
            Err(fault) => self.inbox.push_back((id, Answer::failed(fault))),
        }
    }

    /// An answer, if it is known at once; nothing if someone works on it.
    fn route(&mut self, ask: Ask, backends: &mut Backends<'_>) -> Result<Option<Answer>, Fault> {
        let own = self.own(backends);
        match &ask.kind {
            AskKind::Generate(_) => self.write(ask, backends)?,
            AskKind::Text => return self.render(&ask, backends).map(|text| Some(Answer::Text(text))),
            AskKind::Tokens => {
                let (context, told) = (self.context(&ask)?, self.vm.told(ask.context));
                self.give(own?, WorkKind::Tokens { context, told }, ask, backends);
            }
            AskKind::Score { text } => {
                let own = own?;
                if !backends.profile(own).is_some_and(|profile| profile.can.scores) {
                    return Err(unable(backends, own, "score texts"));
                }
                let kind = WorkKind::Score { text: text.clone(), context: self.context(&ask)? };
                self.give(own, kind, ask, backends);
            }
            AskKind::Embed { texts } => {
                let own = own?;
                let profile = backends.profile(own).filter(|profile| profile.can.embeddings);
                let kind = WorkKind::Embed { texts: texts.clone() };
                match profile {
                    Some(_) => self.give(own, kind, ask, backends),
                    None => return Err(unable(backends, own, "make vectors of texts")),
                }
            }
            AskKind::Call(call) => {
                let tool = self.program.tools.iter().find(|tool| tool.name == call.tool);
                self.options.grants.check(&call.tool, supplied(tool)?)?;
                self.call(HostCallKind::Tool(call.clone()), ask, backends);
            }
            AskKind::Fact(fact) => self.call(HostCallKind::Fact(*fact), ask, backends),
        }
        Ok(None)
    }

    /// Begins a generation. A model other than the run's own reads the context as text: what is pending in it is told
    /// first, by the run's own model, which knows its tokens.
    fn write(&mut self, ask: Ask, backends: &mut Backends<'_>) -> Result<(), Fault> {
        let AskKind::Generate(r#gen) = &ask.kind else { return Ok(()) };
        let mut r#gen = (**r#gen).clone();
        let ration = self.ration(&mut r#gen)?;
        let own = self.own(backends)?;
        let at = self.writer(&r#gen, backends)?;
        check_able(&r#gen.wants, at, backends)?;
        let (context, told) = (self.context(&ask)?, self.vm.told(ask.context));
        if at == own {
            r#gen.model = None;
        }
        let told_before = Progress { model: r#gen.model.clone(), ..Progress::default() };
        let writing = Writing { ask, r#gen, at, ration, told: told_before };
        let before = !context.pieces()[told..].is_empty();
        if at != own && before {
            let task = backends.submit(own, self.work(WorkKind::Tokens { context, told }));
            self.tasks.push((task, Purpose::Before(Box::new(writing))));
            return Ok(());
        }
        self.start(writing, (at == own).then_some(told), backends)
    }

    /// Gives a generation to its back end; `told` says how much of its context has been told if the context is its own.
    fn start(
        &mut self,
        writing: Writing,
        told: Option<usize>,
        backends: &mut Backends<'_>,
    ) -> Result<(), Fault> {
        let context = self.context(&writing.ask)?;
        let spec =
            self.program.spec(writing.r#gen.spec).cloned().ok_or_else(|| no_spec(writing.r#gen.spec))?;
        let kind = WorkKind::Generate { ask: Box::new(writing.r#gen.clone()), spec, context, told };
        let task = backends.submit(writing.at, self.work(kind));
        self.tasks.push((task, Purpose::Generate(Box::new(writing))));
        Ok(())
    }

    fn give(&mut self, at: usize, kind: WorkKind, ask: Ask, backends: &mut Backends<'_>) {
        let task = backends.submit(at, self.work(kind));
        self.tasks.push((task, Purpose::Other(ask.id)));
    }

    fn call(&mut self, kind: HostCallKind, ask: Ask, backends: &mut Backends<'_>) {
        let task = backends.call(&mut *self.host, HostCall { kind, stop: self.options.stop() });
        self.tasks.push((task, Purpose::Other(ask.id)));
    }

    pub(super) fn work(&self, kind: WorkKind) -> Work {
        Work { kind, stop: self.options.stop() }
    }

    fn render(&self, ask: &Ask, backends: &Backends<'_>) -> Result<String, Fault> {
        let own = self.own(backends)?;
        let context = self.context(ask)?;
        backends.profile(own).map_or_else(|| Ok(context.plain_text()), |profile| profile.render(&context))
    }

    /// Takes in what is told of a generation; its answer, if it has ended.
    pub(super) fn take_written(
        &mut self,
        mut writing: Box<Writing>,
        report: Report,
        backends: &mut Backends<'_>,
        emit: &mut dyn FnMut(Event),
    ) {
        let Report { task, before, begins, chunks, result, .. } = report;
        writing.told.before.extend(before.iter().cloned());
        writing.told.begins |= begins;
        writing.told.chunks.extend(chunks.iter().cloned());
        let model = writing.told.model.clone();
        let progress = Progress { before, begins, model, chunks };
        if !progress.is_empty() {
            self.vm.progress(&writing.ask.id, progress);
            self.vm.take_events().into_iter().for_each(emit);
        }
        match result {
            None => self.tasks.push((task, Purpose::Generate(writing))),
            Some(result) => self.end_writing(*writing, result, backends),
        }
    }

    /// Takes in what was pending in a context, and lets the other model write.
    pub(super) fn take_before(
        &mut self,
        mut writing: Box<Writing>,
        result: Result<Product, Fault>,
        backends: &mut Backends<'_>,
        emit: &mut dyn FnMut(Event),
    ) {
        let id = writing.ask.id.clone();
        let begun = match result {
            Ok(Product::Tokens(written)) => {
                writing.told.before.clone_from(&written);
                self.vm.progress(&id, Progress { before: written, ..Progress::default() });
                self.vm.take_events().into_iter().for_each(emit);
                self.start(*writing, None, backends)
            }
            Ok(_) => Err(stray()),
            Err(fault) => Err(fault),
        };
        if let Err(fault) = begun {
            self.inbox.push_back((id, Answer::failed(fault)));
        }
    }

    fn end_writing(&mut self, writing: Writing, result: Result<Product, Fault>, backends: &Backends<'_>) {
        let id = writing.ask.id.clone();
        let masks = backends.profile(writing.at).map(|profile| profile.can.constraining);
        let checked = result.and_then(|product| {
            let is_free = masks != Some(Constraining::Masks);
            texts(&writing.r#gen.wants, &product)?
                .into_iter()
                .filter(|_| is_free)
                .try_for_each(|text| self.check_text(&writing.r#gen, text))?;
            Ok(product)
        });
        let answer = match checked {
            Ok(product) => writing.answer(product),
            Err(fault) => writing.failed(fault),
        };
        self.inbox.push_back((id, answer));
    }

    /// Whether a text that no mask has shaped is one that its constraint admits.
    fn check_text(&self, r#gen: &GenAsk, text: &str) -> Result<(), Fault> {
        let spec = self.program.spec(r#gen.spec).ok_or_else(|| no_spec(r#gen.spec))?;
        let name = || r#gen.name.clone();
        let pattern = spec
            .build(&r#gen.bindings, &self.options.limits.constraint)
            .map_err(|error| Fault::Constraint { name: name(), error: Box::new(error) })?;
        match pattern.try_match(text.as_bytes()) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Fault::Unconstrained { name: name(), text: text.to_owned() }),
            Err(error) => Err(Fault::Match { name: name(), error }),
        }
    }

    fn context(&self, ask: &Ask) -> Result<Arc<Context>, Fault> {
        let message = || format!("the context {} of an ask is not open", ask.context);
        self.vm.context(ask.context).cloned().ok_or_else(|| Fault::Input { message: message() })
    }

    /// The back end of the run's own model.
    pub(super) fn own(&self, backends: &Backends<'_>) -> Result<usize, Fault> {
        match &self.default_model {
            DefaultModel::Main | DefaultModel::Alone if backends.profile(0).is_some() => Ok(0),
            DefaultModel::Main | DefaultModel::Alone => Err(Fault::UnknownModel { name: "main".to_owned() }),
            DefaultModel::Named(name) => find(backends, name),
        }
    }

    /// The back end that a generation is for.
    fn writer(&self, r#gen: &GenAsk, backends: &Backends<'_>) -> Result<usize, Fault> {
        match (&r#gen.model, &self.default_model) {
            (None, _) | (_, DefaultModel::Alone) => self.own(backends),
            (Some(name), _) => find(backends, name),
        }
    }

    /// Whether all models are there that the run may ask for.
    pub(super) fn find_models(&self, backends: &Backends<'_>) -> Result<(), Fault> {
        self.own(backends)?;
        if self.default_model == DefaultModel::Alone {
            return Ok(());
        }
        let names = self.program.named_models(self.vm.entry());
        names.into_iter().try_for_each(|name| find(backends, name).map(|_| ()))
    }

    /// Tokens of all generations together, if there is a bound.
    fn budget(&self) -> Option<u64> {
        self.options.max_tokens.or(self.options.limits.total_tokens)
    }

    /// Whether a generation can begin beside those in progress: all of them may take what they ask for.
    pub(super) fn is_affordable(&self, ask: &Ask) -> bool {
        let (Some(total), AskKind::Generate(r#gen)) = (self.budget(), &ask.kind) else { return true };
        let limits = &self.options.limits;
        let most = |r#gen: &GenAsk| u64::from(r#gen.max.unwrap_or(limits.default_max)) * copies(&r#gen.wants);
        let writing = self.tasks.iter().filter_map(|(_, purpose)| match purpose {
            Purpose::Generate(writing) | Purpose::Before(writing) => Some(most(&writing.r#gen)),
            Purpose::Count(_) | Purpose::Other(_) | Purpose::Rest | Purpose::Cancelled => None,
        });
        let taken: u64 = writing.sum();
        taken == 0 || self.spent.saturating_add(taken + most(r#gen)) <= total
    }

    /// Cuts a generation to what is left of the budget; what that is, if it was cut.
    fn ration(&self, r#gen: &mut GenAsk) -> Result<Option<u64>, Fault> {
        let Some(total) = self.budget() else { return Ok(None) };
        let left = total.saturating_sub(self.spent) / copies(&r#gen.wants);
        if left == 0 {
            return Err(Fault::Limit { what: Limit::GeneratedTokens, limit: total });
        }
        let max = r#gen.max.unwrap_or(self.options.limits.default_max);
        if u64::from(max) <= left {
            return Ok(None);
        }
        r#gen.max = u32::try_from(left).ok();
        // A value that ends by the ration ends the run: it cannot be too short.
        r#gen.min = r#gen.min.min(r#gen.max.unwrap_or(r#gen.min));
        Ok(Some(total))
    }
}

/// What a tool needs that its host supplies; others cannot be called yet.
fn supplied(tool: Option<&Tool>) -> Result<&[agentc_compiler::ir::Capability], Fault> {
    match tool {
        Some(tool) if tool.body == ToolBody::Host => Ok(&tool.needs),
        Some(tool) => Err(Fault::NotYet { what: Later::Tool(tool.name.clone()) }),
        None => Err(stray()),
    }
}

/// A value that does not fit into what the budget left is the budget's fault, not the constraint's.
fn ran_out(fault: Fault, ration: Option<u64>) -> Fault {
    match (ration, fault) {
        (Some(limit), Fault::Match { error: MatchError::CannotFinish { .. }, .. }) => {
            Fault::Limit { what: Limit::GeneratedTokens, limit }
        }
        (_, fault) => fault,
    }
}

/// The texts that a generation gave; an error if they are not what it was asked for.
fn texts<'p>(wants: &Wants, product: &'p Product) -> Result<Vec<&'p str>, Fault> {
    match (wants.samples, product) {
        (None, Product::Generated(product)) => Ok(vec![product.text.as_str()]),
        (Some(count), Product::Sampled(sampled)) if sampled.samples.len() == count as usize => {
            Ok(sampled.samples.iter().map(|sample| sample.text.as_str()).collect())
        }
        _ => Err(stray()),
    }
}

/// Whether a back end can tell what is wanted of a generation.
fn check_able(wants: &Wants, at: usize, backends: &Backends<'_>) -> Result<(), Fault> {
    let Some(can) = backends.profile(at).map(|profile| profile.can) else { return Ok(()) };
    if wants.scores() && !can.scores {
        return Err(unable(backends, at, "score texts"));
    }
    if wants.mask_mass && can.constraining != Constraining::Masks {
        return Err(unable(backends, at, "tell what masks leave to its model"));
    }
    Ok(())
}

/// Values or beams that a generation works on at once.
fn copies(wants: &Wants) -> u64 {
    u64::from(wants.samples.or(wants.beam).unwrap_or(1))
}

fn find(backends: &Backends<'_>, name: &str) -> Result<usize, Fault> {
    backends.find(name).ok_or_else(|| Fault::UnknownModel { name: name.to_owned() })
}

fn unable(backends: &Backends<'_>, at: usize, what: &str) -> Fault {
    let model = backends.profile(at).map(|profile| profile.name.clone()).unwrap_or_default();
    Fault::Unable { model, what: what.to_owned() }
}

/// A program that the compiler made, or that was validated, has all specs that it names.
fn no_spec(spec: SpecId) -> Fault {
    Fault::Input { message: format!("the program has no spec {}", spec.0) }
}

/// A back end that answers something else than it was asked.
pub(super) fn stray() -> Fault {
    Fault::Input { message: "an answer came that nobody has asked for".to_owned() }
}
