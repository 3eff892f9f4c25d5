//! Expressions in the language's own notation, with every pair of parentheses and every conversion.

use super::super::{Expr, ExprKind, Map, MapGives, Over, Stmt};
use super::{Writer, name_of_func, name_of_tool};
use crate::ir::{Const, UnOp};
use crate::spelling::{Writes, escaped, key};

impl Writer<'_> {
    pub(super) fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Const(Const::Str(text)) => self.put(format_args!("{text:?}")),
            ExprKind::Const(value) => self.put(value),
            ExprKind::Var(var) => self.put(self.var(*var)),
            ExprKind::Narrowed(value) => {
                self.expr(value);
                self.put('!');
            }
            ExprKind::IntToFloat(value) => {
                self.put('(');
                self.expr(value);
                self.put(" as float)");
            }
            ExprKind::Unary(UnOp::Neg, value) => self.prefixed("-", value),
            ExprKind::Unary(UnOp::Not, value) => self.prefixed("not ", value),
            ExprKind::Binary(op, left, right) => self.infix(left, op.sign(), right),
            ExprKind::And(left, right) => self.infix(left, "and", right),
            ExprKind::Or(left, right) => self.infix(left, "or", right),
            ExprKind::Coalesce(left, right) => self.infix(left, "??", right),
            ExprKind::Let(var, value, body) => {
                self.put(format_args!("let {} = ", self.var(*var)));
                self.expr(value);
                self.put("; ");
                self.expr(body);
            }
            ExprKind::If(arms, otherwise) => {
                for (cond, value) in arms {
                    self.put("if ");
                    self.expr(cond);
                    self.put(" { ");
                    self.expr(value);
                    self.put(" } else ");
                }
                self.put("{ ");
                self.expr(otherwise);
                self.put(" }");
            }
            ExprKind::List(items) => self.listed(["[", "]"], items, Self::expr),
            ExprKind::Record(fields) => self.listed(["{", "}"], fields, |w, (name, value)| {
                w.put(format_args!("{}: ", key(name)));
                w.expr(value);
            }),
            ExprKind::Field(base, name) => {
                self.expr(base);
                self.put(format_args!(".{name}"));
            }
            ExprKind::Index(base, index) => {
                self.expr(base);
                self.put('[');
                self.expr(index);
                self.put(']');
            }
            ExprKind::Slice(base, from, to) => {
                self.expr(base);
                self.put('[');
                from.iter().for_each(|e| self.expr(e));
                self.put(':');
                to.iter().for_each(|e| self.expr(e));
                self.put(']');
            }
            ExprKind::Builtin(name, args) => self.listed([&format!("{name}("), ")"], args, Self::expr),
            ExprKind::Call(id, args) => {
                let name = name_of_func(self.hir, *id);
                self.listed([&format!("{name}("), ")"], args, Self::expr);
            }
            ExprKind::Tool(id, args) => {
                let name = name_of_tool(self.hir, *id);
                self.listed([&format!("tool {name}("), ")"], args, Self::expr);
            }
            ExprKind::Map(map) => self.map(map),
            ExprKind::Branch(over, body) => self.branch(over, body),
            ExprKind::Context => self.put("context"),
            ExprKind::Score(text) => self.listed(["score(", ")"], [&**text], Self::expr),
            ExprKind::Format(parts) => self.format(parts),
        }
    }

    fn prefixed(&mut self, sign: &str, value: &Expr) {
        self.put(sign);
        self.expr(value);
    }

    fn infix(&mut self, left: &Expr, sign: &str, right: &Expr) {
        self.put('(');
        self.expr(left);
        self.put(format_args!(" {sign} "));
        self.expr(right);
        self.put(')');
    }

    fn map(&mut self, map: &Map) {
        let name = match map.gives {
            MapGives::Values => "map",
            MapGives::Filter => "filter",
            MapGives::Sorted(_) => "sort_by",
            MapGives::Groups => "group_by",
            MapGives::Any => "any",
            MapGives::All => "all",
            MapGives::Find => "find",
            MapGives::Reduced(..) => "reduce",
        };
        self.put(format_args!("{name}("));
        self.expr(&map.list);
        match &map.gives {
            MapGives::Reduced(so_far, start) => {
                self.put(", ");
                self.expr(start);
                self.put(format_args!(", ({}, {}) => ", self.var(*so_far), self.var(map.item)));
            }
            _ => self.put(format_args!(", {} => ", self.var(map.item))),
        }
        self.expr(&map.body);
        if let MapGives::Sorted(falling) = &map.gives {
            self.put(", desc = ");
            self.expr(falling);
        }
        self.put(')');
    }

    fn branch(&mut self, over: &Over, body: &[Stmt]) {
        match over {
            Over::Aside => self.put("aside {\n"),
            Over::Count(count, index) => {
                self.put("fork ");
                self.expr(count);
                index.iter().for_each(|i| self.put(format_args!(" as {}", self.var(*i))));
                self.put(" {\n");
            }
            Over::Each(item, list) => {
                self.put(format_args!("fork {} in ", self.var(*item)));
                self.expr(list);
                self.put(" {\n");
            }
        }
        self.level += 1;
        self.stmts(body);
        self.level -= 1;
        self.start();
        self.put('}');
    }

    fn format(&mut self, parts: &[Expr]) {
        self.quoted(parts, |w, part| match &part.kind {
            ExprKind::Const(Const::Str(text)) => w.put(escaped(text)),
            _ => w.hole(|w| w.expr(part)),
        });
    }
}
