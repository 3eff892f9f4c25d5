//! The function under construction: locals, blocks, and the current position.

use std::collections::HashMap;

use agentc_constraint::SharedSpec;

use crate::hir::{Expr, ExprKind, Func, VarId};
use crate::ir::{self, Block, BlockId, Const, GenFact, Inst, Local, LocalDecl, Op, SpecId, Term};
use crate::source::Span;
use crate::specs::Specs;
use crate::ty::Ty;

/// What is open around the place, and has to be closed on every way out of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope {
    /// A message.
    Role,
    /// A `try`.
    Try,
    /// A loop: where `break` and `continue` lead.
    Loop { exit: BlockId, next: BlockId },
    /// A branch: `yield` ends it.
    Branch,
}

pub(super) struct Code<'s> {
    /// All functions, by number.
    funcs: &'s [Func],
    locals: Vec<LocalDecl>,
    blocks: Vec<(Vec<Inst>, Option<Term>)>,
    current: BlockId,
    /// Innermost last.
    pub(super) scopes: Vec<Scope>,
    /// Facts about captures that generations write.
    facts: HashMap<VarId, Vec<(GenFact, Local)>>,
    /// Those of the whole program.
    specs: &'s mut Specs,
}

impl<'s> Code<'s> {
    pub(super) fn new(funcs: &'s [Func], func: &Func, specs: &'s mut Specs) -> Code<'s> {
        let locals = func
            .vars
            .iter()
            .map(|v| LocalDecl { name: (!v.name.is_empty()).then(|| v.name.clone()), ty: super::ty(&v.ty) });
        let mut facts: HashMap<VarId, Vec<(GenFact, Local)>> = HashMap::new();
        for (var, fact, holder) in &func.facts {
            facts.entry(*var).or_default().push((*fact, Code::var(*holder)));
        }
        Code {
            funcs,
            locals: locals.collect(),
            blocks: vec![(Vec::new(), None)],
            current: BlockId(0),
            scopes: Vec::new(),
            facts,
            specs,
        }
    }

    /// Whether an expression does nothing but call an agent that asks a model or a tool: it touches no context but its own.
    pub(super) fn is_asking_agent(&self, expr: &Expr) -> bool {
        let ExprKind::Call(callee, _) = &expr.kind else { return false };
        let callee = self.funcs.get(*callee as usize);
        callee.is_some_and(|callee| callee.kind == ir::FuncKind::Agent && callee.effects.asks)
    }

    /// Every open end returns.
    pub(super) fn finish(self) -> (Vec<LocalDecl>, Vec<Block>) {
        let close = |(insts, term): (Vec<Inst>, Option<Term>)| Block {
            insts,
            term: term.unwrap_or(Term::Return(None)),
        };
        (self.locals, self.blocks.into_iter().map(close).collect())
    }

    pub(super) fn push(&mut self, op: Op, span: Span) {
        let block = &mut self.blocks[self.current.index()];
        if block.1.is_none() {
            block.0.push(Inst { op, span });
        }
    }

    /// Ends the current block, unless it has ended.
    pub(super) fn end(&mut self, term: Term) {
        let block = &mut self.blocks[self.current.index()];
        block.1.get_or_insert(term);
    }

    /// Whether control can reach the current place.
    pub(super) fn is_open(&self) -> bool {
        self.blocks[self.current.index()].1.is_none()
    }

    pub(super) fn block(&mut self) -> BlockId {
        self.blocks.push((Vec::new(), None));
        BlockId(u32::try_from(self.blocks.len() - 1).unwrap_or(u32::MAX))
    }

    /// Goes on with a block.
    pub(super) fn at(&mut self, block: BlockId) {
        self.current = block;
    }

    /// Where control stands, to come back to it.
    pub(super) fn here(&self) -> BlockId {
        self.current
    }

    /// Ends the current block with a jump and goes on there.
    pub(super) fn flow_to(&mut self, block: BlockId) {
        self.end(Term::Jump(block));
        self.at(block);
    }

    /// Closes what was opened since there were so many scopes, innermost first.
    pub(super) fn unwind(&mut self, scopes: usize, span: Span) {
        for at in (scopes..self.scopes.len()).rev() {
            match self.scopes[at] {
                Scope::Role => self.push(Op::CloseRole, span),
                Scope::Try => self.push(Op::EndTry, span),
                Scope::Loop { .. } | Scope::Branch => {}
            }
        }
    }

    pub(super) fn temp(&mut self, ty: &Ty) -> Local {
        self.temp_of(super::ty(&ty.widened()))
    }

    pub(super) fn temp_of(&mut self, ty: ir::Ty) -> Local {
        self.locals.push(LocalDecl { name: None, ty });
        Local(u32::try_from(self.locals.len() - 1).unwrap_or(u32::MAX))
    }

    pub(super) fn var(var: VarId) -> Local {
        Local(var.0)
    }

    pub(super) fn spec(&mut self, spec: &SharedSpec) -> SpecId {
        SpecId(self.specs.number(spec))
    }

    /// What a generation into a variable writes beside the value.
    pub(super) fn facts_of(&self, var: VarId) -> Vec<(GenFact, Local)> {
        self.facts.get(&var).cloned().unwrap_or_default()
    }

    pub(super) fn constant(&mut self, value: Const, span: Span) -> Local {
        let dst = self.temp(&crate::ty::of_const(&value));
        self.push(Op::Const { dst, value }, span);
        dst
    }
}
