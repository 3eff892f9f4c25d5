//! How large contexts can become: for each generation, what a context holds at most when it ends.
//!
//! Counted are literal text and generations at their `max`, along the longest way through branches, turns of
//! loops and calls. What only the run knows (inputs, values of tools, lists) is not counted; neither are the
//! marks of a chat template. [`SiteBound::open`] says where there may be more for such reasons.
//!
//! The numbers are those of a tokenizer that the caller brings. Without one, [`least_tokens`] counts fewer
//! tokens than vocabularies need: what exceeds a context by that count does so for sure.

mod flow;
mod known;

use std::collections::HashMap;

use agentc_constraint::Limits;
use agentc_constraint::spec::Spec;

use crate::diag::Diag;
use crate::ir::{FuncId, FuncKind, Gen, Program};
use crate::source::Span;
use flow::{Flow, Load};

/// Tokens of a generation that names no `max`.
pub const DEFAULT_MAX: u32 = 256;

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

/// The bounds of all generations of a program that can be reached, by context and place. `tokens` counts the
/// tokens of a text.
pub fn worst_case(program: &Program, tokens: &dyn Fn(&str) -> usize) -> Vec<SiteBound> {
    let sizes = Sizes::new(program, tokens);
    contexts(program).flat_map(|context| sizes.bounds(context)).collect()
}

/// What adds most to a context, in falling order.
pub fn contributors(program: &Program, context: FuncId, tokens: &dyn Fn(&str) -> usize) -> Vec<Part> {
    let mut parts = Sizes::new(program, tokens).parts(context);
    parts.sort_by_key(|part| (std::cmp::Reverse(part.tokens), part.span));
    parts
}

/// A count that is below that of any usual vocabulary: none has a token with parts of two words.
pub fn least_tokens(text: &str) -> usize {
    text.split_whitespace().filter(|word| word.contains(|c: char| c.is_ascii_alphanumeric())).count()
}

/// Contexts that surely become larger than the model that the program asks for can hold.
pub(crate) fn check(program: &Program) -> Vec<Diag> {
    let size = |model: Option<u32>| match model {
        Some(id) => program.models.get(id as usize).and_then(|(_, model)| model.ctx),
        None => program.model.as_ref().and_then(|model| model.ctx),
    };
    let declared = program.model.iter().chain(program.models.iter().map(|(_, model)| model));
    if declared.clone().all(|model| model.ctx.is_none()) {
        return Vec::new();
    }
    let mut worst: HashMap<FuncId, (SiteBound, u64)> = HashMap::new();
    for bound in worst_case(program, &least_tokens) {
        let Some(ctx) = size(bound.model).map(u64::from).filter(|ctx| bound.tokens > *ctx) else { continue };
        // One finding for each context: the first generation that does not fit.
        worst.entry(bound.context).or_insert((bound, ctx));
    }
    let mut found: Vec<Diag> =
        worst.into_values().map(|(bound, ctx)| too_large(program, &bound, ctx)).collect();
    found.sort_by_key(|diag| diag.span);
    found
}

fn too_large(program: &Program, bound: &SiteBound, ctx: u64) -> Diag {
    let message = format!(
        "with `{}` the context can need {} tokens, and the model's holds {ctx}",
        bound.name, bound.tokens
    );
    let mut diag = Diag::new("W0400", bound.span, message);
    for part in contributors(program, bound.context, &least_tokens).into_iter().take(PLACES) {
        diag = diag.label(part.span, format!("up to {} tokens", part.tokens));
    }
    diag.hint("give generations a smaller `max`, let loops turn less often, or give the model a larger `ctx`")
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
    flows: Vec<Option<Flow>>,
}

impl<'p> Sizes<'p> {
    fn new(program: &'p Program, tokens: &dyn Fn(&str) -> usize) -> Sizes<'p> {
        let measure = Measure { program, tokens, limits: Limits::default() };
        let mut sizes = Sizes { program, flows: vec![None; program.funcs.len()] };
        for id in known::callees_first(program) {
            let flow = flow::flow(&measure, id, &|callee| sizes.total(callee));
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
        let mut order: Vec<FuncId> = known::callees_first(self.program);
        order.reverse();
        let mut out = Vec::new();
        for id in order {
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

    fn parts(&self, context: FuncId) -> Vec<Part> {
        let mut out = Vec::new();
        for (id, _, turns) in self.offsets(context) {
            for part in self.flows.get(id.index()).and_then(Option::as_ref).map_or(&[][..], |f| &f.parts) {
                out.push(Part { span: part.span, tokens: part.tokens.saturating_mul(turns) });
            }
        }
        out
    }
}

/// How texts and generations are counted.
struct Measure<'m> {
    program: &'m Program,
    tokens: &'m dyn Fn(&str) -> usize,
    limits: Limits,
}

impl Measure<'_> {
    fn text(&self, text: &str) -> Load {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        Load { tokens: count((self.tokens)(text)), bytes: count(text.len()), open: false }
    }

    /// A generation at its `max`, or at the longest value of its type: a token has at least one byte.
    fn generation(&self, generation: &Gen, max: Option<u64>) -> Load {
        let max = max.unwrap_or(u64::from(DEFAULT_MAX));
        if known::has_hole(&generation.spec) {
            return Load { open: true, ..Load::default() };
        }
        let longest = self.longest(&generation.spec).unwrap_or(max);
        Load { tokens: max.min(longest), ..Load::default() }
    }

    /// The most bytes that a value can have.
    fn longest(&self, spec: &Spec) -> Option<u64> {
        const FUEL: usize = 40_000;
        let value = match spec {
            Spec::Text { max, .. } => return max.map(|chars| u64::from(chars).saturating_mul(4)),
            Spec::Until { value, .. } => value,
            other => other,
        };
        if let Spec::Text { max, .. } = value {
            return max.map(|chars| u64::from(chars).saturating_mul(4));
        }
        let pattern = agentc_constraint::build(value, &[], &self.limits).ok()?;
        pattern.sizes(FUEL)?.bytes.most.and_then(|most| u64::try_from(most).ok())
    }
}
