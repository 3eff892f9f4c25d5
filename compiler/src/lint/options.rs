//! Options of generations that have no effect.

use super::Lint;
use super::walk::each_gen;
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind, Gen};
use crate::ir::{Const, GenOption};

impl Lint<'_> {
    /// Options beside a temperature of 0, which always takes the likeliest token.
    pub(super) fn options(&mut self) {
        let hir = self.hir;
        let mut found = Vec::new();
        for func in &hir.funcs {
            each_gen(&func.body, |generation| found.extend(without_effect(generation)));
        }
        found.into_iter().for_each(|diag| self.report(diag));
    }
}

fn without_effect(generation: &Gen) -> Option<Diag> {
    let value = |wanted: GenOption| generation.options.iter().find(|(o, _)| *o == wanted).map(|(_, e)| e);
    let temp = value(GenOption::Temp).filter(|temp| is_zero(temp))?;
    let greedy = "at temperature 0 the likeliest token is always taken";
    if let Some(samples) = value(GenOption::Samples)
        && matches!(samples.kind, ExprKind::Const(Const::Int(n)) if n > 1)
    {
        let diag = Diag::new("W0306", samples.span, format!("all samples are alike: {greedy}"));
        return Some(diag.label(temp.span, "set here").hint("give `temp` a value above 0, or leave `n` out"));
    }
    let given = |option: &&GenOption| option.is_of_drawing() && value(**option).is_some();
    let option = *GenOption::ALL.iter().find(given)?;
    let (name, span) = (option.name(), value(option).map_or(generation.span, |e| e.span));
    let diag = Diag::new("W0306", span, format!("`{name}` has no effect: {greedy}"));
    Some(
        diag.label(temp.span, "set here").hint(format!("give `temp` a value above 0, or leave `{name}` out")),
    )
}

fn is_zero(value: &Expr) -> bool {
    match value.kind {
        ExprKind::Const(Const::Int(n)) => n == 0,
        ExprKind::Const(Const::Float(x)) => x == 0.0,
        _ => false,
    }
}
