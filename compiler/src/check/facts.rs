//! What a capture carries besides its value: `x.text`, `x.stop` and the like.
//!
//! A fact that some expression reads gets a variable of its own, which the capture's generations write.

use super::Checker;
use super::expr::error;
use crate::ast::{Expr as Ast, ExprKind as A, Ident};
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind, VarId};
use crate::ir::GenFact;
use crate::source::Span;
use crate::ty::{self, Field, Ty};

impl Checker<'_> {
    /// `x.name` where `x` is a capture and `name` one of its facts; a field of its value goes before.
    pub(super) fn fact(&mut self, base: &Ast, field: &Ident, span: Span) -> Option<Expr> {
        let A::Name(name) = &base.kind else { return None };
        let (fact, ty) = fact_named(&field.name)?;
        let var = self.variable_at(base.span)??;
        let captured = *self.body.variables.captured.get(&var).filter(|c| !c.call)?;
        let value = self.body.ty(var).clone();
        if value.is_error() || has_own(&value, &field.name) {
            return None;
        }
        let before = self.findings.diags.len();
        self.read(var, name, base.span);
        if self.findings.diags.len() > before {
            return Some(error(span));
        }
        let missing = if captured.samples {
            Some(("not kept where there are several samples", "without `n` the capture carries it"))
        } else if fact == GenFact::Probs && !captured.chooses {
            Some((
                "not available: there are no options to choose from",
                "`select`, `bool` and unions of literals have `.probs`",
            ))
        } else if !self.body.flow.is_generated(var) {
            Some((
                "not available on every path to this place",
                "generate it on each of them: on some it is only assigned",
            ))
        } else {
            None
        };
        if let Some((why, hint)) = missing {
            let message = format!("`.{}` of `{name}` is {why}", field.name);
            self.report(Diag::new("E0202", field.span, message).hint(hint));
            return Some(error(span));
        }
        let holder = self.body.fact(var, fact, ty);
        Some(self.narrowed(Expr { kind: ExprKind::Var(holder), ty: self.body.ty(holder).clone(), span }))
    }

    /// Why a value has no field that captures have.
    pub(super) fn not_captured(&self, base: &Expr, field: &str) -> Option<String> {
        let ExprKind::Var(var) = base.kind else { return None };
        fact_named(field)?;
        let name = &self.body.variables.list.get(var.0 as usize)?.name;
        Some(if self.grows(var) {
            format!("the items of a list carry no `.{field}`: generate into a name of its own first")
        } else {
            format!(
                "only captures carry `.{field}`: `{name}` is declared in another way, so generate into a name of its own"
            )
        })
    }

    fn grows(&self, var: VarId) -> bool {
        self.body.variables.list.get(var.0 as usize).is_some_and(|v| v.grows)
    }
}

fn fact_named(name: &str) -> Option<(GenFact, Ty)> {
    let nullable = |ty: Ty| ty::union(vec![ty, Ty::Null]);
    let field = |name: &str, ty: Ty| Field { name: name.to_owned(), ty, optional: false };
    Some(match name {
        "text" => (GenFact::Text, Ty::Str),
        "tokens" => (GenFact::Tokens, Ty::Int),
        "logprob" => (GenFact::Logprob, Ty::Float),
        "mask_mass" => (GenFact::MaskMass, Ty::Float),
        "stop" => (GenFact::Stop, nullable(Ty::Str)),
        "probs" => (GenFact::Probs, Ty::Map(Box::new(Ty::Float))),
        "calls" => {
            let call = vec![
                field("tool", Ty::Str),
                field("args", Ty::Any),
                field("result", Ty::Any),
                field("error", nullable(Ty::Str)),
            ];
            (GenFact::Calls, Ty::list(Ty::Record(call)))
        }
        _ => return None,
    })
}

/// Whether a value may have a field of this name itself. A map has keys, and no fields.
fn has_own(ty: &Ty, name: &str) -> bool {
    ty.alternatives().iter().any(|t| *t == Ty::Any || t.field(name).is_some())
}
