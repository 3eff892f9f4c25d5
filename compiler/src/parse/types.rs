//! The builder: types.

use super::build::Builder;
use super::expr::{float, number_lost};
use super::{Pair, Rule};
use crate::ast::{Bound, Bounds, Expr, FieldType, Number, Regex, Text, Type, TypeKind};
use crate::diag::Diag;

impl Builder {
    pub(super) fn type_expr(&mut self, pair: Pair<'_>) -> Type {
        let span = self.span(&pair);
        let error = Type { kind: TypeKind::Error, span };
        self.nested(1, span, error, |b| {
            let members = pair.into_inner().filter(|p| p.as_rule() == Rule::type_member);
            let mut members: Vec<Type> = members.map(|p| b.type_member(p)).collect();
            match members.pop() {
                Some(only) if members.is_empty() => only,
                Some(last) => {
                    members.push(last);
                    Type { kind: TypeKind::Union(members), span }
                }
                None => Type { kind: TypeKind::Error, span },
            }
        })
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
            Rule::type_json_of => self.type_argument(pair, TypeKind::JsonOf),
            Rule::type_map => self.type_argument(pair, TypeKind::Map),
            Rule::type_schema => self.type_text(pair, TypeKind::Schema),
            Rule::type_grammar => self.type_text(pair, TypeKind::Grammar),
            Rule::type_copy => self.type_value(pair, TypeKind::Copy),
            Rule::type_one_of => self.type_value(pair, TypeKind::OneOf),
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

    /// `schema "file"`, `grammar "file"`
    fn type_text(&mut self, pair: Pair<'_>, make: fn(Text) -> TypeKind) -> TypeKind {
        let text = pair.into_inner().find(|p| p.as_rule() == Rule::string);
        text.map_or(TypeKind::Error, |p| make(self.text(p)))
    }

    /// `copy(expr)`, `one_of(expr)`
    fn type_value(&mut self, pair: Pair<'_>, make: fn(Box<Expr>) -> TypeKind) -> TypeKind {
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
        let text = self.text(inner);
        match text.literal() {
            Some(literal) => TypeKind::Str(literal),
            None => {
                let diag = Diag::new("E0025", text.span, "a string in a type cannot contain `{{ }}`");
                self.diags
                    .push(diag.hint("to choose from values known at run time: select NAME from [a, b]"));
                TypeKind::Error
            }
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
