//! How large contexts can become: for each generation, the most that its context can hold when it ends.
//!
//! Literal text and generations at their `max` are counted, along the longest path through branches, loop
//! iterations and calls. What only the run knows (inputs, results of tools, lists) is not counted; nor are
//! the marks of a chat template. [`SiteBound::open`] says where there may be more for such reasons.
//!
//! The numbers are those of a tokenizer that the caller supplies. Without one, [`least_tokens`] counts fewer
//! tokens than any vocabulary needs, so whatever exceeds a context by that count certainly does not fit.

mod flow;
mod known;

use std::collections::{BTreeSet, HashMap};

use agentc_constraint::SharedSpec;
use agentc_constraint::spec::Spec;

use crate::diag::{Diag, allow};
use crate::graph::CallGraph;
use crate::ir::{FuncId, FuncKind, Gen, Program};
use crate::limits::Limits;
use crate::source::Span;
use flow::{Flow, Load};

/// Places that a finding names.
const PLACES: usize = 3;

/// What a context holds at most when a generation ends.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteBound {
    /// The capture's name.
    pub name: String,
    /// The generation.
    pub span: Span,
    /// The function whose context it is.
    pub context: FuncId,
    /// One of [`Program::models`] that reads the context, instead of the run's.
    pub model: Option<u32>,
    /// Tokens, those of the generation itself included.
    pub tokens: u64,
    /// Bytes of literal text.
    pub bytes: u64,
    /// Whether values, loops or recursion that only the run knows may add more.
    pub open: bool,
}

/// A text or generation, and what it adds to its context in all of its turns.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Where it stands.
    pub span: Span,
    /// Tokens in all turns.
    pub tokens: u64,
}

/// A program whose contexts are measured.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'p> {
    /// The program.
    pub program: &'p Program,
    /// Who calls whom in it.
    pub graph: &'p CallGraph,
    /// [`Limits::blocks`], [`Limits::question`], [`Limits::default_max`], and what constraints may cost.
    pub limits: &'p Limits,
}

/// A count that is below that of any usual vocabulary: none has a token with parts of two words.
pub fn least_tokens(text: &str) -> usize {
    text.split_whitespace().filter(|word| word.contains(|c: char| c.is_ascii_alphanumeric())).count()
}

/// A model that reads contexts, as far as their sizes go.
pub struct Room<'m> {
    /// Counts the tokens of a text.
    pub tokens: &'m dyn Fn(&str) -> usize,
    /// Tokens that a context holds.
    pub ctx: u32,
}

impl<'p> Measured<'p> {
    /// The bounds of all generations that can be reached, by context and place. `tokens` counts the tokens of a text.
    pub fn worst_case(self, tokens: &dyn Fn(&str) -> usize) -> Vec<SiteBound> {
        let sizes = Sizes::new(self, tokens);
        contexts(self.program).flat_map(|context| sizes.bounds(context)).collect()
    }

    /// What adds most to a context, in falling order.
    pub fn contributors(self, context: FuncId, tokens: &dyn Fn(&str) -> usize) -> Vec<Part> {
        Sizes::new(self, tokens).contributors(context)
    }

    /// Contexts that can become larger than a model holds which reads them: one finding for each context and model,
    /// about the first generation that does not fit. `reached` tells of functions whether they can run; `room` is
    /// asked for the model of generations, one of [`Program::models`] or the run's. Comments of the program that
    /// allow `W0400` silence it.
    pub fn too_large<'m>(
        self,
        reached: &dyn Fn(FuncId) -> bool,
        room: &dyn Fn(Option<u32>) -> Option<Room<'m>>,
    ) -> Vec<Diag> {
        let mut found = findings(self, reached, room);
        found.retain(|diag| !allow::is_allowed_in(&self.program.files, diag));
        found
    }
}

/// The same for the models that the program declares, whose tokens are not known yet; nothing is silenced.
pub(crate) fn check(program: &Program, limits: &Limits) -> Vec<Diag> {
    let measured = Measured { program, graph: &CallGraph::from(program), limits };
    findings(measured, &|_| true, &|model| {
        let declared = match model {
            Some(id) => program.models.get(id as usize).map(|(_, model)| model),
            None => program.model.as_ref(),
        };
        Some(Room { tokens: &least_tokens, ctx: declared?.ctx? })
    })
}

fn findings<'m>(
    measured: Measured<'_>,
    reached: &dyn Fn(FuncId) -> bool,
    room: &dyn Fn(Option<u32>) -> Option<Room<'m>>,
) -> Vec<Diag> {
    let mut found: Vec<Diag> = Vec::new();
    for model in asked_models(measured, reached) {
        let Some(room) = room(model) else { continue };
        // Types are measured only where generations at their `max` would not fit.
        if exceeding(&Sizes::rough(measured, room.tokens), model, &room, reached).is_empty() {
            continue;
        }
        let sizes = Sizes::new(measured, room.tokens);
        let bounds = exceeding(&sizes, model, &room, reached);
        found.extend(bounds.iter().map(|bound| finding(&sizes, bound, room.ctx)));
    }
    found.sort_by_key(|diag| diag.span);
    found
}

/// The models of functions that can run.
fn asked_models(measured: Measured<'_>, reached: &dyn Fn(FuncId) -> bool) -> BTreeSet<Option<u32>> {
    let Measured { program, graph, .. } = measured;
    let funcs = (0..).map(FuncId).take(program.funcs.len()).filter(|id| reached(*id));
    funcs.flat_map(|id| graph.effects(id).models.iter().copied()).collect()
}

/// Of each context the first generation of a model that does not fit.
fn exceeding(
    sizes: &Sizes<'_>,
    model: Option<u32>,
    room: &Room<'_>,
    reached: &dyn Fn(FuncId) -> bool,
) -> Vec<SiteBound> {
    let exceeds = |bound: &SiteBound| bound.model == model && bound.tokens > u64::from(room.ctx);
    let contexts = contexts(sizes.program).filter(|context| reached(*context));
    contexts.filter_map(|context| sizes.bounds(context).into_iter().find(exceeds)).collect()
}

fn finding(sizes: &Sizes<'_>, bound: &SiteBound, ctx: u32) -> Diag {
    let message = format!(
        "with `{}` the context can need {} tokens, but the model's context holds only {ctx}",
        bound.name, bound.tokens
    );
    let mut diag = Diag::new("W0400", bound.span, message);
    for part in sizes.contributors(bound.context).into_iter().take(PLACES) {
        diag = diag.label(part.span, format!("up to {} tokens", part.tokens));
    }
    diag.hint("give generations a smaller `max`, let loops run fewer times, or give the model a larger `ctx`")
}

/// The functions that have a context of their own.
fn contexts(program: &Program) -> impl Iterator<Item = FuncId> {
    let has_context = |kind| matches!(kind, FuncKind::Main | FuncKind::Agent | FuncKind::Test);
    let funcs = (0..).map(FuncId).zip(&program.funcs);
    funcs.filter(move |(_, func)| has_context(func.kind)).map(|(id, _)| id)
}

/// What every function adds to the context that it runs in.
struct Sizes<'p> {
    program: &'p Program,
    /// All functions, callees before their callers.
    order: Vec<FuncId>,
    flows: Vec<Option<Flow>>,
}

impl<'p> Sizes<'p> {
    fn new(measured: Measured<'p>, tokens: &dyn Fn(&str) -> usize) -> Sizes<'p> {
        Sizes::of(&Counter { measured, tokens, types: true })
    }

    /// The same with all generations at their `max`: never less, and fast.
    fn rough(measured: Measured<'p>, tokens: &dyn Fn(&str) -> usize) -> Sizes<'p> {
        Sizes::of(&Counter { measured, tokens, types: false })
    }

    fn of(counter: &Counter<'p, '_>) -> Sizes<'p> {
        let Measured { program, graph, .. } = counter.measured;
        let order = graph.callees_first();
        let mut sizes = Sizes { program, order, flows: vec![None; program.funcs.len()] };
        for at in 0..sizes.order.len() {
            let id = sizes.order[at];
            let flow = flow::flow(counter, id, &|callee| sizes.total(callee));
            if let Some(place) = sizes.flows.get_mut(id.index()) {
                *place = Some(flow);
            }
        }
        sizes
    }

    /// What a call adds to its caller's context. A function that is not known yet calls itself.
    fn total(&self, callee: FuncId) -> Load {
        let is_fn = self.program.funcs.get(callee.index()).is_some_and(|func| func.kind == FuncKind::Fn);
        let known = self.flows.get(callee.index()).and_then(Option::as_ref);
        match known {
            _ if !is_fn => Load::default(),
            Some(flow) => flow.total,
            None => Load { open: true, ..Load::default() },
        }
    }

    /// How much is in the context before each function that runs in it, at most.
    fn offsets(&self, context: FuncId) -> Vec<(FuncId, Load, u64)> {
        let mut before: HashMap<FuncId, (Load, u64)> = HashMap::from([(context, (Load::default(), 1))]);
        let mut out = Vec::new();
        for &id in self.order.iter().rev() {
            let Some((load, turns)) = before.get(&id).copied() else { continue };
            out.push((id, load, turns));
            for call in self.flows.get(id.index()).and_then(Option::as_ref).map_or(&[][..], |f| &f.calls) {
                let is_fn = self.program.funcs.get(call.to.index()).is_some_and(|f| f.kind == FuncKind::Fn);
                if is_fn && call.to != id {
                    let known = before.entry(call.to).or_default();
                    known.0 = known.0.max(load.then(call.before));
                    known.1 = known.1.saturating_add(turns.saturating_mul(call.turns));
                }
            }
        }
        out
    }

    fn bounds(&self, context: FuncId) -> Vec<SiteBound> {
        let mut out = Vec::new();
        for (id, load, _) in self.offsets(context) {
            for site in self.flows.get(id.index()).and_then(Option::as_ref).map_or(&[][..], |f| &f.sites) {
                let end = load.then(site.end);
                out.push(SiteBound {
                    name: site.name.clone(),
                    span: site.span,
                    context,
                    model: site.model,
                    tokens: end.tokens,
                    bytes: end.bytes,
                    open: end.open,
                });
            }
        }
        out.sort_by_key(|bound| bound.span);
        out
    }

    fn contributors(&self, context: FuncId) -> Vec<Part> {
        let mut out: Vec<Part> = Vec::new();
        for (id, _, turns) in self.offsets(context) {
            for part in self.flows.get(id.index()).and_then(Option::as_ref).map_or(&[][..], |f| &f.parts) {
                out.push(Part { span: part.span, tokens: part.tokens.saturating_mul(turns) });
            }
        }
        out.sort_by_key(|part| (std::cmp::Reverse(part.tokens), part.span));
        out
    }
}

/// How texts and generations are counted.
struct Counter<'p, 'm> {
    measured: Measured<'p>,
    tokens: &'m dyn Fn(&str) -> usize,
    /// Whether types are asked how long their values can be.
    types: bool,
}

impl Counter<'_, '_> {
    fn text(&self, text: &str) -> Load {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        Load { tokens: count((self.tokens)(text)), bytes: count(text.len()), open: false }
    }

    /// A generation at its `max`, or at the longest value of its type: a token has at least one byte.
    fn generation(&self, generation: &Gen, max: Option<u64>) -> Load {
        let max = max.unwrap_or(u64::from(self.measured.limits.default_max));
        let Some(spec) =
            self.measured.program.spec(generation.spec).filter(|spec| !known::has_hole(spec.spec()))
        else {
            return Load { open: true, ..Load::default() };
        };
        let longest = if self.types { self.longest(spec) } else { None };
        Load { tokens: max.min(longest.unwrap_or(max)), ..Load::default() }
    }

    /// The most bytes that a value can have.
    fn longest(&self, spec: &SharedSpec) -> Option<u64> {
        let limits = self.measured.limits;
        let value = spec.value();
        if let Spec::Text { max, .. } = value.spec() {
            return max.map(|chars| u64::from(chars).saturating_mul(4));
        }
        let pattern = value.build(&[], &limits.constraint).ok()?;
        pattern.sizes(limits.question)?.bytes.most.and_then(|most| u64::try_from(most).ok())
    }
}
