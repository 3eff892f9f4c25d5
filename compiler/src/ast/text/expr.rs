//! Expressions: the operator or the callee first.

use super::super::{Block, Expr, ExprKind, Fork, ListPart, RecordPart, UnOp};
use super::Writer;
use crate::spelling::{Writes, key};

impl Writer {
    pub(super) fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Error => self.put('?'),
            ExprKind::Null => self.put("null"),
            ExprKind::Bool(value) => self.put(value),
            ExprKind::Int(value) => self.put(value),
            ExprKind::Float(value) => self.put(format_args!("{value:?}")),
            ExprKind::Str(text) => self.text(text),
            ExprKind::Regex(regex) => self.put(format_args!("/{}/", regex.pattern)),
            ExprKind::Name(name) => self.put(name),
            ExprKind::List(items) => self.listed(["[", "]"], items, Writer::expr),
            ExprKind::Record(fields) => self.listed(["{", "}"], fields, |w, (name, value)| {
                w.put(format_args!("{}: ", key(&name.name)));
                w.expr(value);
            }),
            ExprKind::ListOf(parts) => self.listed(["[", "]"], parts, |w, part| match part {
                ListPart::Items(items) => w.listed(["", ""], items, Writer::expr),
                ListPart::Spread(list) => w.spread(list),
            }),
            ExprKind::RecordOf(parts) => self.listed(["{", "}"], parts, |w, part| match part {
                RecordPart::Fields(fields) => w.listed(["", ""], fields, |w, (name, value)| {
                    w.put(format_args!("{}: ", key(&name.name)));
                    w.expr(value);
                }),
                RecordPart::Keyed(key, value) => {
                    w.listed(["[", "]: "], [key], Writer::expr);
                    w.expr(value);
                }
                RecordPart::Spread(record) => w.spread(record),
            }),
            ExprKind::Unary(UnOp::Neg, value) => self.word("-", Some(value)),
            ExprKind::Unary(UnOp::Not, value) => self.word("not", Some(value)),
            ExprKind::Binary(op, _, left, right) => {
                self.put(format_args!("({} ", op.sign()));
                self.expr(left);
                self.last(right);
            }
            ExprKind::If(arms, otherwise) => {
                self.put("(if");
                for (cond, value) in arms {
                    self.put(' ');
                    self.expr(cond);
                    self.put(' ');
                    self.expr(value);
                }
                self.put(" else");
                self.last(otherwise);
            }
            ExprKind::Match(choice) => self.choice(choice, Writer::expr),
            ExprKind::Lambda(lambda) => {
                let params: Vec<&str> = lambda.params.iter().map(|p| p.name.as_str()).collect();
                self.put(format_args!("(({}) =>", params.join(" ")));
                self.last(&lambda.body);
            }
            ExprKind::Call(call) => {
                self.put(if call.piped { "(pipe " } else { "(call " });
                self.expr(&call.callee);
                for (name, value) in &call.args {
                    self.put(' ');
                    name.iter().for_each(|n| self.put(format_args!("{} = ", n.name)));
                    self.expr(value);
                }
                self.put(')');
            }
            ExprKind::Field(base, name) => {
                self.expr(base);
                self.put(format_args!(".{}", name.name));
            }
            ExprKind::Index(base, index) => {
                self.expr(base);
                self.listed(["[", "]"], [&**index], Writer::expr);
            }
            ExprKind::Slice(base, from, to) => {
                self.expr(base);
                self.put('[');
                from.iter().for_each(|e| self.expr(e));
                self.put(':');
                to.iter().for_each(|e| self.expr(e));
                self.put(']');
            }
            ExprKind::Fork(over, body) => self.fork(over, body),
            ExprKind::Aside(body) => {
                self.put("(aside");
                self.closed(body);
            }
            ExprKind::Embed(path) => {
                self.put("(embed ");
                self.text(path);
                self.put(')');
            }
        }
    }

    fn spread(&mut self, value: &Expr) {
        self.put("...");
        self.expr(value);
    }

    fn fork(&mut self, over: &Fork, body: &Block) {
        match over {
            Fork::Count(count, index) => {
                self.put("(fork ");
                self.expr(count);
                index.iter().for_each(|i| self.put(format_args!(" as {}", i.name)));
            }
            Fork::Each(item, list) => {
                self.put(format_args!("(fork {} in ", item.name));
                self.expr(list);
            }
        }
        self.closed(body);
    }
}
