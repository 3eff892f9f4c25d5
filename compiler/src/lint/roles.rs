//! Messages: text between them, models that write the user's part, and prompts from which nothing is
//! generated.

use super::Lint;
use crate::diag::Diag;
use crate::hir::Func;
use crate::hir::acts::{Act, acts};
use crate::ir::{FuncId, FuncKind, Role};
use crate::source::Span;

/// Further places that one finding shows.
const PLACES: usize = 3;

impl Lint<'_> {
    /// What the roles of a program's contexts leave out, or leave to the wrong writer.
    pub(super) fn roles(&mut self) {
        let hir = self.hir;
        for (id, func) in hir.numbered() {
            if self.context(id).opens.is_some() {
                self.stray_text(func);
            }
            self.foreign_parts(func);
            self.unanswered(id, func);
        }
    }

    /// Text and generations outside of the roles of a chat: the model's template has no place for them.
    fn stray_text(&mut self, func: &Func) {
        let mut places: Vec<(Span, Option<Span>)> = Vec::new();
        acts(&func.body, None, &mut |role, act| match act {
            _ if role.is_some() => {}
            Act::Text(span) => places.push((span, None)),
            Act::Gen(generation) => places.push((generation.span, None)),
            Act::Call(callee, span) => {
                let context = self.context(callee);
                // A function with roles of its own is told about its own text.
                if self.hir.is_fn(callee) && context.opens.is_none() && context.bare.is_some() {
                    places.push((span, context.bare));
                }
            }
            Act::Open(_) | Act::Read | Act::Score => {}
        });
        let Some(&(first, inside)) = places.first() else { return };
        let what = if inside.is_some() { "what this call writes" } else { "this" };
        let mut diag = Diag::new("W0200", first, format!("{what} is outside a role, in a chat"));
        diag = inside.map_or(diag.clone(), |span| diag.label(span, "written here"));
        for (span, _) in places.iter().skip(1).take(PLACES) {
            diag = diag.label(*span, "and this");
        }
        self.report(diag.hint("put it into a message: user \"…\", or assistant { … } around a generation"));
    }

    /// Generations in the messages of others.
    fn foreign_parts(&mut self, func: &Func) {
        let mut found: Vec<(Role, Span, Option<Span>)> = Vec::new();
        acts(&func.body, None, &mut |role, act| {
            let Some(role) = role.filter(|role| *role != Role::Assistant) else { return };
            match act {
                Act::Gen(generation) => found.push((role, generation.span, None)),
                Act::Call(callee, span) if self.hir.is_fn(callee) => {
                    let inside = self.context(callee).bare_gen;
                    found.extend(inside.map(|place| (role, span, Some(place))));
                }
                _ => {}
            }
        });
        for (role, span, inside) in found {
            let role = role.name();
            let diag =
                Diag::new("W0202", span, format!("the model writes a part of the `{role}` message here"));
            let diag = inside.into_iter().fold(diag, |diag, place| diag.label(place, "generated here"));
            self.report(
                diag.hint(format!("generate in `assistant`, then insert the name: {role} \"… {{{{ x }}}}\"")),
            );
        }
    }

    /// A chat, or an agent's prompt, that ends without a generation.
    fn unanswered(&mut self, id: FuncId, func: &Func) {
        let context = self.context(id);
        let place = match func.kind {
            FuncKind::Main => context.opens,
            FuncKind::Agent => context.opens.or(context.bare).map(|_| func.span),
            FuncKind::Fn | FuncKind::Test => None,
        };
        let Some(place) = place.filter(|_| !context.asks) else { return };
        let what = match func.kind {
            FuncKind::Main => "this chat never asks the model for an answer".to_owned(),
            _ => format!("`{}` writes a prompt, but never asks the model for an answer", func.name),
        };
        let hint = if context.opens.is_some() {
            "add a generation: assistant gen answer"
        } else {
            "add a generation: {{ gen answer }}"
        };
        self.report(Diag::new("W0201", place, what).hint(hint));
    }
}
