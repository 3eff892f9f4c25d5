//! The builder: expressions. Precedence is the table of [`pratt`].

use std::sync::OnceLock;

use pest::pratt_parser::{Assoc, Op, PrattParser};

use super::build::{Builder, end_of};
use super::{Pair, Rule};
use crate::ast::{BinOp, Call, Expr, ExprKind, Fork, Ident, Lambda, Text, UnOp};
use crate::diag::Diag;
use crate::ir::Const;
use crate::number::Number;
use crate::source::Span;

/// Operators, loosest first.
fn pratt() -> &'static PrattParser<Rule> {
    static TABLE: OnceLock<PrattParser<Rule>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let left = |rule| Op::infix(rule, Assoc::Left);
        PrattParser::new()
            .op(left(Rule::or))
            .op(left(Rule::and))
            .op(Op::prefix(Rule::not))
            .op(left(Rule::equal)
                | left(Rule::unequal)
                | left(Rule::less)
                | left(Rule::less_equal)
                | left(Rule::greater)
                | left(Rule::greater_equal)
                | left(Rule::r#in)
                | left(Rule::not_in))
            .op(left(Rule::coalesce))
            .op(left(Rule::plus) | left(Rule::minus))
            .op(left(Rule::times) | left(Rule::divide) | left(Rule::whole) | left(Rule::modulo))
            .op(Op::prefix(Rule::neg))
    })
}

impl Builder {
    pub(super) fn error_expr(&self, pair: &Pair<'_>) -> Expr {
        Expr { kind: ExprKind::Error, span: self.span(pair) }
    }

    pub(super) fn expr(&mut self, pair: Pair<'_>) -> Expr {
        let span = self.span(&pair);
        let error = self.error_expr(&pair);
        let size = pair.clone().into_inner().filter(|p| p.as_rule() != Rule::postfix).count();
        let prefixes = pair.clone().into_inner().filter(|p| matches!(p.as_rule(), Rule::neg | Rule::not));
        let signs: Vec<(usize, Span)> = prefixes.map(|p| (p.as_span().start(), self.span(&p))).collect();
        self.nested(size + 1, span, error, |b| {
            pratt()
                .map_primary(|p| b.postfix(p))
                .map_prefix(|op, operand| unary(&op, &signs, operand))
                .map_infix(|left, op, right| binary(left, &op, right))
                .parse(pair.into_inner())
        })
        .placed(span)
    }

    fn postfix(&mut self, pair: Pair<'_>) -> Expr {
        let span = self.span(&pair);
        let error = self.error_expr(&pair);
        let count = pair.clone().into_inner().count();
        self.nested(count, span, error, |b| b.postfix_chain(pair))
    }

    fn postfix_chain(&mut self, pair: Pair<'_>) -> Expr {
        let mut parts = pair.clone().into_inner();
        let Some(first) = parts.next() else { return self.error_expr(&pair) };
        let mut expr = self.primary(first);
        for part in parts {
            let span = expr.span.to(self.span(&part));
            let kind = match part.as_rule() {
                Rule::call_args => {
                    let args = self.args(part);
                    ExprKind::Call(Call { callee: Box::new(expr), args, piped: false })
                }
                Rule::index => self.index(expr, part),
                Rule::field => {
                    let name =
                        part.clone().into_inner().next().map_or(self.missing(&part), |p| self.ident(&p));
                    ExprKind::Field(Box::new(expr), name)
                }
                _ => self.pipe(expr, part),
            };
            expr = Expr { kind, span };
        }
        expr
    }

    fn args(&mut self, pair: Pair<'_>) -> Vec<(Option<Ident>, Expr)> {
        let arguments = pair.into_inner().filter(|p| p.as_rule() == Rule::argument);
        arguments.filter_map(|p| self.argument(p)).collect()
    }

    fn argument(&mut self, pair: Pair<'_>) -> Option<(Option<Ident>, Expr)> {
        let (mut name, mut value) = (None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::word => name = Some(self.ident(&part)),
                Rule::expr => value = Some(self.expr(part)),
                _ => {}
            }
        }
        value.map(|v| (name, v))
    }

    /// `x[i]` or `x[a:b]`: the colon tells.
    fn index(&mut self, base: Expr, pair: Pair<'_>) -> ExprKind {
        let span = self.span(&pair);
        let (mut before, mut after, mut colon) = (None, None, false);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::colon => colon = true,
                Rule::expr if colon => after = Some(Box::new(self.expr(part))),
                Rule::expr => before = Some(Box::new(self.expr(part))),
                _ => {}
            }
        }
        match (before, colon) {
            (Some(index), false) => ExprKind::Index(Box::new(base), index),
            (None, false) => {
                let diag = Diag::new("E0020", span, "an index is missing between `[` and `]`");
                self.diags.push(diag.hint("write `xs[0]`, or `xs[1:3]` for a part of the list"));
                ExprKind::Error
            }
            (before, true) => ExprKind::Slice(Box::new(base), before, after),
        }
    }

    fn pipe(&mut self, base: Expr, pair: Pair<'_>) -> ExprKind {
        let mut args = vec![(None, base)];
        let mut callee = self.error_expr(&pair);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::path => callee = self.path_expr(part),
                Rule::call_args => args.extend(self.args(part)),
                _ => {}
            }
        }
        ExprKind::Call(Call { callee: Box::new(callee), args, piped: true })
    }

    fn path_expr(&mut self, pair: Pair<'_>) -> Expr {
        let mut parts = pair.clone().into_inner();
        let Some(first) = parts.next() else { return self.error_expr(&pair) };
        let base = Expr { kind: ExprKind::Name(first.as_str().to_owned()), span: self.span(&first) };
        parts.fold(base, |base, part| {
            let span = base.span.to(self.span(&part));
            Expr { kind: ExprKind::Field(Box::new(base), self.ident(&part)), span }
        })
    }

    fn primary(&mut self, pair: Pair<'_>) -> Expr {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::number => self.number(&pair),
            Rule::string => return self.string_expr(pair),
            Rule::regex => ExprKind::Regex(self.regex(&pair)),
            Rule::literal_word => literal_word(pair.as_str()),
            Rule::ident => ExprKind::Name(pair.as_str().to_owned()),
            Rule::list => self.list(pair),
            Rule::record => self.record(pair),
            Rule::lambda => self.lambda(pair),
            Rule::paren => {
                let error = self.error_expr(&pair);
                let inner = pair.into_inner().find(|p| p.as_rule() == Rule::expr);
                return inner.map_or(error, |p| self.expr(p)).placed(span);
            }
            Rule::if_expr => self.if_expr(pair),
            Rule::match_expr => {
                ExprKind::Match(Box::new(self.choice(pair, Rule::value_arm, Builder::arm_value)))
            }
            Rule::fork => self.fork(pair),
            Rule::aside => self.blocks(pair).pop().map_or(ExprKind::Error, ExprKind::Aside),
            Rule::embed => {
                let text = pair.into_inner().find(|p| p.as_rule() == Rule::string);
                text.map_or(ExprKind::Error, |p| ExprKind::Embed(self.text(p)))
            }
            _ => ExprKind::Error,
        };
        Expr { kind, span }
    }

    fn lambda(&mut self, pair: Pair<'_>) -> ExprKind {
        let mut lambda = Lambda { params: Vec::new(), body: self.error_expr(&pair) };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::lambda_head => {
                    let names = part.into_inner().filter(|p| p.as_rule() == Rule::ident);
                    lambda.params = names.map(|name| self.ident(&name)).collect();
                }
                Rule::expr => lambda.body = self.expr(part),
                _ => {}
            }
        }
        ExprKind::Lambda(Box::new(lambda))
    }

    fn fork(&mut self, pair: Pair<'_>) -> ExprKind {
        let each = pair.clone().into_inner().any(|p| p.as_rule() == Rule::kw_in);
        let (name, expr, body) = self.loop_parts(pair);
        let over = match name {
            Some(name) if each => Fork::Each(name, expr),
            name => Fork::Count(expr, name),
        };
        ExprKind::Fork(Box::new(over), body)
    }

    pub(super) fn string_expr(&mut self, pair: Pair<'_>) -> Expr {
        let text = self.text(pair);
        Expr { span: text.span, kind: ExprKind::Str(text) }
    }

    fn number(&mut self, pair: &Pair<'_>) -> ExprKind {
        let text = pair.as_str();
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return text.parse().map(ExprKind::Int).unwrap_or_else(|_| self.too_large(pair));
        }
        float(text).map(ExprKind::Float).unwrap_or_else(|| self.too_large(pair))
    }

    fn too_large(&mut self, pair: &Pair<'_>) -> ExprKind {
        let diag = number_lost(pair.as_str(), self.span(pair), "an int has 64 bits; write 1e20 for a float");
        self.diags.push(diag);
        ExprKind::Error
    }

    /// A literal before the `=>` of a `match`.
    pub(super) fn case(&mut self, pair: Pair<'_>) -> Expr {
        let (span, error) = (self.span(&pair), self.error_expr(&pair));
        let Some(literal) = pair.into_inner().next() else { return error };
        let kind = match literal.as_rule() {
            Rule::string => return self.string_expr(literal),
            Rule::literal_word => literal_word(literal.as_str()),
            _ => {
                let negative = literal.as_str().starts_with('-');
                let Some(number) = literal.into_inner().next() else { return error };
                let value = Expr { span: self.span(&number), kind: self.number(&number) };
                if !negative {
                    return value;
                }
                ExprKind::Unary(UnOp::Neg, Box::new(value))
            }
        };
        Expr { kind, span }
    }

    fn arm_value(&mut self, pair: Pair<'_>) -> Option<Expr> {
        (pair.as_rule() == Rule::expr).then(|| self.expr(pair))
    }

    /// An `if` without `else` gives the empty text where it is all of a hole, and is nothing anywhere else.
    fn if_expr(&mut self, pair: Pair<'_>) -> ExprKind {
        let place = pair.as_span();
        let fills_hole = self.hole == Some((place.start(), end_of(&pair)));
        let span = self.span(&pair);
        let (mut arms, mut cond, mut last) = (Vec::new(), None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::expr => cond = Some(self.expr(part)),
                Rule::branch => {
                    let value = part.into_inner().find(|p| p.as_rule() == Rule::expr).map(|p| self.expr(p));
                    match cond.take() {
                        Some(cond) => arms.extend(value.map(|v| (cond, v))),
                        None => last = value,
                    }
                }
                _ => {}
            }
        }
        let nothing = Text { parts: Vec::new(), span };
        let nothing = fills_hole.then_some(Expr { kind: ExprKind::Str(nothing), span });
        match last.or(nothing) {
            Some(otherwise) => ExprKind::If(arms, Box::new(otherwise)),
            None => {
                self.diags.push(needs_else(span.after()));
                ExprKind::Error
            }
        }
    }
}

impl Expr {
    /// The same expression with the place of what encloses it, such as its parentheses.
    fn placed(self, span: Span) -> Expr {
        Expr { span, ..self }
    }
}

/// That an `if` has no value where its condition is false.
fn needs_else(span: Span) -> Diag {
    let hint = "write if c { \"x\" } else { \"\" }; or make the `if` a statement around the text";
    Diag::new("E0021", span, "an `if` that is a value needs an `else`").hint(hint)
}

fn literal_word(word: &str) -> ExprKind {
    match word {
        "true" => ExprKind::Bool(true),
        "false" => ExprKind::Bool(false),
        _ => ExprKind::Null,
    }
}

/// An operator and its operand; `signs` are the places of all such operators, in order.
fn unary(op: &Pair<'_>, signs: &[(usize, Span)], operand: Expr) -> Expr {
    let kind = if op.as_rule() == Rule::neg { UnOp::Neg } else { UnOp::Not };
    let sign = signs.binary_search_by_key(&op.as_span().start(), |(at, _)| *at);
    let place = sign.ok().and_then(|at| signs.get(at)).map_or(operand.span, |(_, place)| *place);
    let span = place.to(operand.span);
    Expr { kind: ExprKind::Unary(kind, Box::new(operand)), span }
}

fn binary(left: Expr, op: &Pair<'_>, right: Expr) -> Expr {
    let between = Span { file: left.span.file, start: left.span.end, end: right.span.start };
    let span = left.span.to(right.span);
    Expr { kind: ExprKind::Binary(bin_op(op.as_rule()), between, Box::new(left), Box::new(right)), span }
}

fn bin_op(rule: Rule) -> BinOp {
    match rule {
        Rule::or => BinOp::Or,
        Rule::and => BinOp::And,
        Rule::equal => BinOp::Eq,
        Rule::unequal => BinOp::Ne,
        Rule::less => BinOp::Lt,
        Rule::less_equal => BinOp::Le,
        Rule::greater => BinOp::Gt,
        Rule::greater_equal => BinOp::Ge,
        Rule::r#in => BinOp::In,
        Rule::not_in => BinOp::NotIn,
        Rule::coalesce => BinOp::Coalesce,
        Rule::minus => BinOp::Sub,
        Rule::times => BinOp::Mul,
        Rule::divide => BinOp::Div,
        Rule::whole => BinOp::Whole,
        Rule::modulo => BinOp::Rem,
        _ => BinOp::Add,
    }
}

fn shorten(text: &str) -> String {
    if text.len() <= 24 { text.to_owned() } else { format!("{}…", text.get(..20).unwrap_or("")) }
}

/// The float that gives back every digit of a number.
pub(super) fn float(text: &str) -> Option<f64> {
    Number::new(text).and_then(|number| number.as_float())
}

/// That neither an int nor a float is the number that is written; `hint` is for one that is too large.
pub(super) fn number_lost(text: &str, span: Span, hint: &str) -> Diag {
    let shown = shorten(text);
    let nearest = Number::new(text).map(|number| number.nearest()).filter(|x| x.is_finite());
    match nearest.filter(|_| text.contains(['.', 'e', 'E'])) {
        Some(nearest) => {
            let nearest = Const::Float(nearest);
            let message = format!("a float does not have all the digits of {shown}");
            Diag::new("E0024", span, message).hint(format!("the nearest one is {nearest}: write that"))
        }
        None => Diag::new("E0024", span, format!("the number {shown} is too large")).hint(hint),
    }
}
