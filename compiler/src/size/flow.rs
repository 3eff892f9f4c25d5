//! The longest path through a function: blocks in order, loops repeated as often as they run.

use super::Counter;
use super::known::{Value, Values};
use crate::ir::{BlockId, Func, FuncId, GenOption, Local, Op, Term};
use crate::source::Span;

/// What a way adds to a context.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Load {
    /// Tokens of text and generations.
    pub(super) tokens: u64,
    /// Bytes of text.
    pub(super) bytes: u64,
    /// Whether there may be more.
    pub(super) open: bool,
}

impl Load {
    /// One after the other.
    pub(super) fn then(self, next: Load) -> Load {
        Load {
            tokens: self.tokens.saturating_add(next.tokens),
            bytes: self.bytes.saturating_add(next.bytes),
            open: self.open || next.open,
        }
    }

    /// One or the other.
    pub(super) fn max(self, other: Load) -> Load {
        Load {
            tokens: self.tokens.max(other.tokens),
            bytes: self.bytes.max(other.bytes),
            open: self.open || other.open,
        }
    }

    fn times(self, n: u64) -> Load {
        Load { tokens: self.tokens.saturating_mul(n), bytes: self.bytes.saturating_mul(n), ..self }
    }
}

/// A generation.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) model: Option<u32>,
    /// From the beginning of the function to its end, at most.
    pub(super) end: Load,
}

/// A call.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) to: FuncId,
    /// From the beginning of the function, at most.
    pub(super) before: Load,
    /// How often it is made in one run of the function, at most.
    pub(super) turns: u64,
}

/// What a text or generation adds in all turns.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) span: Span,
    pub(super) tokens: u64,
}

/// What a function adds to the context that it runs in.
#[derive(Debug, Clone, Default)]
pub(super) struct Flow {
    pub(super) sites: Vec<Site>,
    pub(super) calls: Vec<Call>,
    pub(super) parts: Vec<Part>,
    /// From beginning to end.
    pub(super) total: Load,
}

/// Where a way goes on, and what it has added within its block.
struct Edge {
    to: usize,
    load: Load,
}

/// A loop of the function.
struct Loop {
    head: usize,
    inside: Vec<bool>,
    turns: u64,
    /// Whether it may turn more often.
    open: bool,
    /// What one turn adds.
    turn: Load,
}

/// What a function adds, given what its callees do.
pub(super) fn flow(counter: &Counter<'_, '_>, id: FuncId, total: &dyn Fn(FuncId) -> Load) -> Flow {
    let Some(func) = counter.measured.program.funcs.get(id.index()) else { return Flow::default() };
    if func.blocks.is_empty() || func.blocks.len() > counter.measured.limits.blocks {
        return Flow { total: Load { open: true, ..Load::default() }, ..Flow::default() };
    }
    let mut blocks = Blocks::new(counter, func, total);
    blocks.find_loops();
    blocks.finish()
}

/// The blocks of a function while they are measured.
struct Blocks<'p> {
    values: Values<'p>,
    edges: Vec<Vec<Edge>>,
    /// Loads within blocks: of a return, or of a branch that ends.
    ends: Vec<(usize, Load)>,
    /// Sites, calls and parts with their blocks; loads are those within the block.
    sites: Vec<(usize, Site)>,
    calls: Vec<(usize, Call)>,
    parts: Vec<(usize, Part)>,
    /// Blocks that can be reached, each after those that lead to it, but for rounds.
    order: Vec<usize>,
    /// Inner ones first.
    loops: Vec<Loop>,
}

impl<'p> Blocks<'p> {
    fn new(counter: &Counter<'p, '_>, func: &'p Func, total: &dyn Fn(FuncId) -> Load) -> Blocks<'p> {
        let mut blocks = Blocks {
            values: Values::new(counter.measured.program, func),
            edges: Vec::new(),
            ends: Vec::new(),
            sites: Vec::new(),
            calls: Vec::new(),
            parts: Vec::new(),
            order: Vec::new(),
            loops: Vec::new(),
        };
        for at in 0..func.blocks.len() {
            blocks.block(counter, func, at, total);
        }
        blocks
    }

    fn block(&mut self, counter: &Counter<'p, '_>, func: &Func, at: usize, total: &dyn Fn(FuncId) -> Load) {
        let Some(block) = func.blocks.get(at) else { return };
        let mut load = Load::default();
        let mut edges = Vec::new();
        let mut to = |block: BlockId, load: Load| {
            if block.index() < func.blocks.len() {
                edges.push(Edge { to: block.index(), load });
            }
        };
        for inst in &block.insts {
            let added = match &inst.op {
                Op::Text { src, .. } => self.text(counter, *src),
                Op::Gen(generation) => {
                    let max = generation.options.iter().find(|(option, _)| *option == GenOption::Max);
                    let added = counter.generation(generation, max.and_then(|(_, max)| self.int(*max)));
                    let (name, model) = (generation.name.clone(), generation.model);
                    self.sites.push((at, Site { name, span: inst.span, model, end: load.then(added) }));
                    // Samples are read beside each other, and none of them stays.
                    let sampled = generation.options.iter().any(|(option, _)| *option == GenOption::Samples);
                    if sampled { Load::default() } else { added }
                }
                Op::CallGen(call) => {
                    let max = call.options.iter().find(|(option, _)| *option == GenOption::Max);
                    let max = max
                        .and_then(|(_, max)| self.int(*max))
                        .unwrap_or(u64::from(counter.measured.limits.default_max));
                    let added = Load { tokens: max, ..Load::default() };
                    let (name, model) = (call.name.clone(), call.model);
                    self.sites.push((at, Site { name, span: inst.span, model, end: load.then(added) }));
                    added
                }
                Op::Call { func, .. } => {
                    self.calls.push((at, Call { to: *func, before: load, turns: 1 }));
                    total(*func)
                }
                // Both run in copies, or after the text since is undone: they begin with what is here.
                Op::Fork { body, .. } => {
                    to(*body, load);
                    Load::default()
                }
                Op::Try { handler, .. } => {
                    to(*handler, load);
                    Load::default()
                }
                _ => Load::default(),
            };
            if added.tokens > 0 && !matches!(inst.op, Op::Call { .. }) {
                self.parts.push((at, Part { span: inst.span, tokens: added.tokens }));
            }
            load = load.then(added);
        }
        match block.term {
            Term::Jump(next) => to(next, load),
            Term::Branch { then, otherwise, .. } => {
                to(then, load);
                to(otherwise, load);
            }
            Term::Return(_) => self.ends.push((at, load)),
            Term::Yield(_) => {}
        }
        self.edges.push(edges);
    }

    fn text(&self, counter: &Counter<'_, '_>, src: Local) -> Load {
        match self.values.value(src) {
            Some(Value::Str(text)) => counter.text(text),
            Some(Value::Int(n)) => counter.text(&n.to_string()),
            _ => Load { open: true, ..Load::default() },
        }
    }

    fn int(&self, local: Local) -> Option<u64> {
        match self.values.value(local)? {
            Value::Int(n) => u64::try_from(n).ok(),
            Value::Str(_) | Value::List(_) => None,
        }
    }

    /// Depth first: the order of the blocks, and the edges that lead back.
    fn find_loops(&mut self) {
        let mut back: Vec<(usize, usize)> = Vec::new();
        let (mut met, mut open) = (vec![false; self.edges.len()], vec![false; self.edges.len()]);
        let mut stack = vec![(0, 0)];
        met[0] = true;
        open[0] = true;
        while let Some((block, next)) = stack.last_mut() {
            let Some(edge) = self.edges[*block].get(*next) else {
                open[*block] = false;
                self.order.push(*block);
                stack.pop();
                continue;
            };
            *next += 1;
            if open[edge.to] {
                back.push((*block, edge.to));
            } else if !std::mem::replace(&mut met[edge.to], true) {
                open[edge.to] = true;
                stack.push((edge.to, 0));
            }
        }
        self.order.reverse();
        self.loops = self.loops_of(&back);
    }

    fn loops_of(&self, back: &[(usize, usize)]) -> Vec<Loop> {
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); self.edges.len()];
        for &block in &self.order {
            self.edges[block].iter().for_each(|edge| before[edge.to].push(block));
        }
        let mut heads: Vec<usize> = back.iter().map(|(_, head)| *head).collect();
        heads.sort_unstable();
        heads.dedup();
        let loops = heads.into_iter().map(|head| {
            let mut inside = vec![false; self.edges.len()];
            inside[head] = true;
            let mut open: Vec<usize> =
                back.iter().filter(|(_, to)| *to == head).map(|(from, _)| *from).collect();
            while let Some(block) = open.pop() {
                if !std::mem::replace(&mut inside[block], true) {
                    open.extend(&before[block]);
                }
            }
            let turns = u32::try_from(head).ok().and_then(|head| self.values.turns(BlockId(head)));
            Loop { head, inside, turns: turns.unwrap_or(1), open: turns.is_none(), turn: Load::default() }
        });
        let mut loops: Vec<Loop> = loops.collect();
        loops.sort_by_key(|l| l.inside.iter().filter(|inside| **inside).count());
        loops
    }

    /// The heaviest ways from `entry` to the blocks of a region; loops inside are known by what they add.
    fn ways(&self, entry: usize, within: impl Fn(usize) -> bool, own: Option<usize>) -> Vec<Option<Load>> {
        let mut ways: Vec<Option<Load>> = vec![None; self.edges.len()];
        ways[entry] = Some(Load::default());
        for &block in self.order.iter().filter(|block| within(**block)) {
            let Some(mut load) = ways[block] else { continue };
            // The turns before the last one, in which a way goes on; out of the head, all of them.
            let inner = self.loops.iter().enumerate().find(|(id, l)| l.head == block && Some(*id) != own);
            if let Some((_, l)) = inner {
                load.open |= l.open;
                ways[block] = Some(load.then(l.turn.times(l.turns.saturating_sub(1))));
            }
            for edge in &self.edges[block] {
                let leads_back = self.leads_back(block, edge.to);
                let base = match inner {
                    Some((_, l)) if !l.inside[edge.to] => load.then(l.turn.times(l.turns)),
                    _ => ways[block].unwrap_or_default(),
                };
                if within(edge.to) && !leads_back {
                    let way = base.then(edge.load);
                    ways[edge.to] = Some(ways[edge.to].map_or(way, |known| known.max(way)));
                }
            }
        }
        ways
    }

    fn leads_back(&self, from: usize, to: usize) -> bool {
        self.loops.iter().any(|l| l.head == to && l.inside[from])
    }

    fn finish(mut self) -> Flow {
        for id in 0..self.loops.len() {
            let (head, inside) = (self.loops[id].head, self.loops[id].inside.clone());
            let ways = self.ways(head, |block| inside[block], Some(id));
            let mut turn = Load::default();
            for block in (0..self.edges.len()).filter(|block| inside[*block]) {
                let (Some(way), edges) = (ways[block], &self.edges[block]) else { continue };
                edges.iter().filter(|e| e.to == head).for_each(|e| turn = turn.max(way.then(e.load)));
            }
            self.loops[id].turn = turn;
        }
        let ways = self.ways(0, |_| true, None);
        let turns = |block: usize| {
            let around = self.loops.iter().filter(|l| l.inside[block]).map(|l| l.turns);
            around.fold(1, u64::saturating_mul)
        };
        let mut flow = Flow::default();
        for (block, site) in &self.sites {
            let Some(way) = ways[*block] else { continue };
            flow.sites.push(Site { end: way.then(site.end), ..site.clone() });
        }
        for (block, call) in &self.calls {
            let Some(way) = ways[*block] else { continue };
            flow.calls.push(Call { before: way.then(call.before), turns: turns(*block), ..call.clone() });
        }
        for (block, part) in self.parts.iter().filter(|(block, _)| ways[*block].is_some()) {
            let tokens = part.tokens.saturating_mul(turns(*block));
            flow.parts.push(Part { span: part.span, tokens });
        }
        let ends = self.ends.iter().filter_map(|(block, load)| Some(ways[*block]?.then(*load)));
        flow.total = ends.fold(Load::default(), Load::max);
        flow
    }
}
