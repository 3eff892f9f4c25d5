//! The builder: types.

use super::build::Builder;
use super::expr::{float, number_lost};
use super::{Pair, Rule};
use crate::ast::{Bound, Bounds, Expr, FieldType, Number, Place, Regex, Text, Type, TypeKind};
use crate::source::Span;

impl Builder {
    pub(super) fn type_expr(&mut self, pair: Pair<'_>) -> Type {
        let span = self.span(&pair);
        let error = Type { kind: TypeKind::Error, span };
        self.nested(1, span, error, |b| {
            let members = pair.into_inner().filter(|p| p.as_rule() == Rule::type_both);
            let members: Vec<Type> = members.map(|p| b.type_both(p)).collect();
            joined(members, span, TypeKind::Union)
        })
    }

    fn type_both(&mut self, pair: Pair<'_>) -> Type {
        let span = self.span(&pair);
        let members = pair.into_inner().filter(|p| p.as_rule() == Rule::type_member);
        let members: Vec<Type> = members.map(|p| self.type_member(p)).collect();
        joined(members, span, TypeKind::Both)
    }

    fn type_member(&mut self, pair: Pair<'_>) -> Type {
        let span = self.span(&pair);
        let count = pair.clone().into_inner().count();
        self.nested(count, span, Type { kind: TypeKind::Error, span }, |b| {
            let mut parts = pair.into_inner();
            let mut ty = match parts.next() {
                Some(atom) => b.type_atom(atom),
                None => Type { kind: TypeKind::Error, span },
            };
            for suffix in parts {
                let span = ty.span.to(b.span(&suffix));
                let bounds = b.find_bounds(suffix);
                ty = Type { kind: TypeKind::List(Box::new(ty), bounds), span };
            }
            ty
        })
    }

    fn find_bounds(&mut self, pair: Pair<'_>) -> Option<Bounds> {
        pair.into_inner().find(|p| p.as_rule() == Rule::bounds).map(|p| self.bounds(p))
    }

    fn type_atom(&mut self, pair: Pair<'_>) -> Type {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::type_name => self.type_name(pair),
            Rule::type_literal => self.type_literal(pair),
            Rule::regex => TypeKind::Regex(self.regex(&pair)),
            Rule::record_type => return self.record_type(pair),
            Rule::type_paren => {
                let inner = pair.into_inner().find(|p| p.as_rule() == Rule::type_expr);
                return inner.map_or(Type { kind: TypeKind::Error, span }, |p| self.type_expr(p));
            }
            Rule::type_fn => self.type_fn(pair),
            Rule::type_json_of => self.type_argument(pair, TypeKind::JsonOf),
            Rule::type_map => self.type_argument(pair, TypeKind::Map),
            Rule::type_schema => self.type_text(pair, TypeKind::Schema),
            Rule::type_grammar => {
                let text = pair.into_inner().find(|p| p.as_rule() == Rule::type_string);
                text.map_or(TypeKind::Error, |p| TypeKind::Grammar(self.type_string(p)))
            }
            Rule::type_copy => self.type_value(pair, TypeKind::Copy),
            Rule::type_one_of => self.type_value(pair, TypeKind::OneOf),
            Rule::type_having => {
                let place = match pair.clone().into_inner().next().map(|p| p.as_rule()) {
                    Some(Rule::kw_starts) => Place::Start,
                    Some(Rule::kw_ends) => Place::End,
                    _ => Place::Inside,
                };
                self.type_value(pair, |value| TypeKind::Having(place, value))
            }
            Rule::type_not => {
                let inner = pair.into_inner().find(|p| p.as_rule() != Rule::not);
                inner.map_or(TypeKind::Error, |p| TypeKind::Not(Box::new(self.type_atom(p))))
            }
            _ => TypeKind::Error,
        };
        Type { kind, span }
    }

    fn type_name(&mut self, pair: Pair<'_>) -> TypeKind {
        let mut parts = pair.into_inner();
        let Some(path) = parts.next() else { return TypeKind::Error };
        let bounds = parts.find(|p| p.as_rule() == Rule::bounds).map(|p| self.bounds(p));
        TypeKind::Name(self.path(&path), bounds)
    }

    /// `map(T)`, `json(T)`
    fn type_argument(&mut self, pair: Pair<'_>, make: fn(Box<Type>) -> TypeKind) -> TypeKind {
        let argument = pair.into_inner().find(|p| p.as_rule() == Rule::type_paren);
        argument.map_or(TypeKind::Error, |p| make(Box::new(self.type_atom(p))))
    }

    /// `fn(T, U) -> V`
    fn type_fn(&mut self, pair: Pair<'_>) -> TypeKind {
        let (mut params, mut ret) = (Vec::new(), None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::type_expr => params.push(self.type_expr(part)),
                Rule::result => ret = part.into_inner().next().map(|ret| Box::new(self.type_expr(ret))),
                _ => {}
            }
        }
        TypeKind::Fn(params, ret)
    }

    /// `schema "file"`
    fn type_text(&mut self, pair: Pair<'_>, make: fn(Text) -> TypeKind) -> TypeKind {
        let text = pair.into_inner().find(|p| p.as_rule() == Rule::string);
        text.map_or(TypeKind::Error, |p| make(self.text(p)))
    }

    /// `copy(expr)`, `one_of(expr)`, `contains(expr)`
    fn type_value(&mut self, pair: Pair<'_>, make: impl FnOnce(Box<Expr>) -> TypeKind) -> TypeKind {
        let paren = pair.into_inner().find(|p| p.as_rule() == Rule::paren);
        let value = paren.and_then(|p| p.into_inner().find(|p| p.as_rule() == Rule::expr));
        value.map_or(TypeKind::Error, |p| make(Box::new(self.expr(p))))
    }

    fn type_literal(&mut self, pair: Pair<'_>) -> TypeKind {
        let word = pair.as_str();
        let Some(inner) = pair.clone().into_inner().next() else {
            return match word {
                "true" => TypeKind::Bool(true),
                "false" => TypeKind::Bool(false),
                _ => TypeKind::Null,
            };
        };
        if inner.as_rule() == Rule::bound {
            return match self.bound(inner).map(|b| b.value) {
                Some(Number::Int(value)) => TypeKind::Int(value),
                Some(Number::Float(value)) => TypeKind::Float(value),
                None => TypeKind::Error,
            };
        }
        let text = self.type_string(inner);
        match text.fixed().and_then(|text| text.literal()) {
            Some(literal) => TypeKind::Str(literal),
            None => TypeKind::Template(text),
        }
    }

    fn bounds(&mut self, pair: Pair<'_>) -> Bounds {
        let span = self.span(&pair);
        let (mut min, mut max, mut dots) = (None, None, false);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::dots => dots = true,
                Rule::bound if dots => max = self.bound(part),
                Rule::bound => min = self.bound(part),
                _ => {}
            }
        }
        Bounds { min, max, span }
    }

    fn bound(&mut self, pair: Pair<'_>) -> Option<Bound> {
        let span = self.span(&pair);
        let text = pair.as_str();
        let whole = text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let hint = "leave the bound out: `..` without a number is open";
        let value = if whole { text.parse().ok().map(Number::Int) } else { float(text).map(Number::Float) };
        if value.is_none() {
            self.diags.push(number_lost(text, span, hint));
        }
        value.map(|value| Bound { value, span })
    }

    pub(super) fn record_type(&mut self, pair: Pair<'_>) -> Type {
        let span = self.span(&pair);
        let fields = pair.into_inner().filter(|p| p.as_rule() == Rule::field_type);
        let fields = fields.filter_map(|p| self.field_type(p)).collect();
        Type { kind: TypeKind::Record(fields), span }
    }

    fn field_type(&mut self, pair: Pair<'_>) -> Option<FieldType> {
        let (mut name, mut ty, mut optional) = (None, None, false);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::key => name = Some(self.key(part)),
                Rule::type_expr => ty = Some(self.type_expr(part)),
                Rule::optional => optional = true,
                _ => {}
            }
        }
        Some(FieldType { name: name?, ty: ty?, optional })
    }

    pub(super) fn regex(&self, pair: &Pair<'_>) -> Regex {
        let body = pair.clone().into_inner().next().map_or("", |p| p.as_str());
        Regex { pattern: body.to_owned(), span: self.span(pair) }
    }
}

/// Some types as one: by itself if there is only one.
fn joined(mut members: Vec<Type>, span: Span, make: fn(Vec<Type>) -> TypeKind) -> Type {
    match members.pop() {
        Some(only) if members.is_empty() => only,
        Some(last) => {
            members.push(last);
            Type { kind: make(members), span }
        }
        None => Type { kind: TypeKind::Error, span },
    }
}
