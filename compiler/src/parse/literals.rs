//! The builder: lists and records, and what they take in.

use super::build::Builder;
use super::{Pair, Rule};
use crate::ast::{Expr, ExprKind, Ident, ListPart, RecordPart};
use crate::diag::Diag;

impl Builder {
    /// `[a, b]`, `[...xs, a]`
    pub(super) fn list(&mut self, pair: Pair<'_>) -> ExprKind {
        let (mut parts, mut items) = (Vec::new(), Vec::new());
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::expr => items.push(self.expr(part)),
                Rule::spread => {
                    parts.extend(some(&mut items).map(ListPart::Items));
                    parts.extend(self.inner(part).map(ListPart::Spread));
                }
                _ => {}
            }
        }
        if parts.is_empty() {
            return ExprKind::List(items);
        }
        parts.extend(some(&mut items).map(ListPart::Items));
        ExprKind::ListOf(parts)
    }

    /// `{a: 1}`, `{...r, [k]: v}`
    pub(super) fn record(&mut self, pair: Pair<'_>) -> ExprKind {
        let (mut parts, mut fields) = (Vec::new(), Vec::new());
        for entry in pair.into_inner().filter(|p| p.as_rule() == Rule::entry) {
            let special = entry.clone().into_inner().next().map(|p| p.as_rule());
            if !matches!(special, Some(Rule::spread | Rule::computed)) {
                fields.extend(self.named(entry));
                continue;
            }
            parts.extend(some(&mut fields).map(RecordPart::Fields));
            parts.extend(self.special(entry));
        }
        if parts.is_empty() {
            return ExprKind::Record(fields);
        }
        parts.extend(some(&mut fields).map(RecordPart::Fields));
        ExprKind::RecordOf(parts)
    }

    /// `...r`, `[k]: v`
    fn special(&mut self, entry: Pair<'_>) -> Option<RecordPart> {
        let (mut key, mut value) = (None, None);
        for part in entry.into_inner() {
            match part.as_rule() {
                Rule::spread => return self.inner(part).map(RecordPart::Spread),
                Rule::computed => key = self.inner(part),
                Rule::expr => value = Some(self.expr(part)),
                _ => {}
            }
        }
        key.zip(value).map(|(key, value)| RecordPart::Keyed(key, value))
    }

    /// The settings of a model, which are fields one by one.
    pub(super) fn settings(&mut self, pair: Pair<'_>) -> Vec<(Ident, Expr)> {
        let mut settings = Vec::new();
        for entry in pair.into_inner().filter(|p| p.as_rule() == Rule::entry) {
            let span = self.span(&entry);
            match self.named(entry) {
                Some(setting) => settings.push(setting),
                None => {
                    let diag = Diag::new("E0502", span, "the settings of a model are written one by one");
                    self.diags.push(diag.hint("write them as in { ctx: 4096, seed: 7, temp: 0.5 }"));
                }
            }
        }
        settings
    }

    fn inner(&mut self, pair: Pair<'_>) -> Option<Expr> {
        pair.into_inner().find(|p| p.as_rule() == Rule::expr).map(|p| self.expr(p))
    }
}

/// What has gathered so far, unless it is nothing.
fn some<T>(gathered: &mut Vec<T>) -> Option<Vec<T>> {
    Some(std::mem::take(gathered)).filter(|gathered| !gathered.is_empty())
}
