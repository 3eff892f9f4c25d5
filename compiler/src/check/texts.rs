//! Types that are made of texts: templates, intersections, what they exclude, and grammars with holes.

use agentc_constraint::spec::{GrammarSyntax, Named, Needle, Piece, Place, Spec};
use agentc_constraint::{BuildError, build};

use super::Checker;
use super::types::{Shape, TypeInfo};
use crate::ast::{Expr as Ast, ExprKind as A, Type, TypeHole, TypePart, TypeText};
use crate::diag::Diag;
use crate::source::Span;
use crate::ty::{self, Field, Ty};

/// What may stand in a hole.
const PLAIN: &str = "types that are written as text are str, int, float, bool, literals, regexes, grammars, copy, one_of, \
                     templates, `&`, and unions of them";

/// A hole's type: that of its values, what it writes, and the bytes of its texts.
struct Filled {
    ty: Ty,
    spec: Option<Spec>,
    text: usize,
}

impl Checker<'_> {
    /// `"{{ d: int }}.{{ m: int }}"`: a record of the named holes; without any, a str.
    pub(super) fn template_type(&mut self, text: &TypeText) -> TypeInfo {
        let mut parts: Option<Vec<Piece>> = Some(Vec::new());
        let (mut fields, mut bytes): (Vec<Field>, usize) = (Vec::new(), 0);
        for part in &text.parts {
            let piece = match part {
                TypePart::Lit(literal, _) => {
                    bytes += literal.len();
                    Some(Piece::Text { text: literal.clone() })
                }
                TypePart::Hole(hole) => {
                    let filled = self.text_hole(hole, "a template");
                    bytes += filled.text;
                    self.named_hole(hole, filled.ty, &mut fields);
                    let name = hole.name.as_ref().map(|name| name.name.clone());
                    filled.spec.map(|value| Piece::Hole { name, value })
                }
            };
            parts = parts.zip(piece).map(|(mut parts, piece)| {
                parts.push(piece);
                parts
            });
        }
        let ty = if fields.is_empty() { Ty::Str } else { Ty::Record(fields) };
        let Some(parts) = parts else { return TypeInfo::broken(ty) };
        if ty == Ty::Str {
            self.literal_template(&parts, text.span);
        }
        TypeInfo { ty, shape: Shape::Plain(Spec::Template { parts }), text: bytes }
    }

    fn named_hole(&mut self, hole: &TypeHole, ty: Ty, fields: &mut Vec<Field>) {
        let Some(name) = &hole.name else { return };
        if fields.iter().any(|field| field.name == name.name) {
            let message = format!("the hole `{}` is there twice", name.name);
            self.report(Diag::new("E0213", name.span, message).hint("give one of them another name"));
            return;
        }
        fields.push(Field { name: name.name.clone(), ty, optional: false });
    }

    fn text_hole(&mut self, hole: &TypeHole, what: &str) -> Filled {
        if let Some(path) = self.unknown_word(&hole.ty)
            && self.program.names.unknown_at(path.span).is_some_and(|unknown| unknown.is_value)
        {
            let name = path.names.first().map_or("", |name| name.name.as_str());
            let message = format!("`{name}` is a value, and a hole in a type holds a type");
            let hint = format!(
                "for its text write {{{{ one_of([{name}]) }}}}; for one of a list of strings {{{{ one_of({name}) }}}}"
            );
            self.report(Diag::new("E0101", hole.ty.span, message).hint(hint));
            return Filled { ty: Ty::Error, spec: None, text: 0 };
        }
        let TypeInfo { ty, shape, text } = self.resolve(&hole.ty);
        let spec = match shape {
            Shape::Plain(spec) => Some(spec),
            Shape::Json(_) => {
                let message =
                    format!("a hole of {what} holds what is written as text, and {ty} is written in JSON");
                self.report(Diag::new("E0230", hole.ty.span, message).hint(PLAIN));
                None
            }
            Shape::Error => None,
        };
        Filled { ty, spec, text }
    }

    /// A template that has one text only.
    fn literal_template(&mut self, parts: &[Piece], span: Span) {
        let text = |part: &Piece| match part {
            Piece::Text { text }
            | Piece::Hole { value: Spec::Literal { text } | Spec::Constant { text }, .. } => {
                Some(text.clone())
            }
            Piece::Hole { .. } => None,
        };
        if let Some(texts) = parts.iter().map(text).collect::<Option<Vec<String>>>() {
            let message = "this template has one text, and leaves nothing to choose";
            let hint = format!("write the text itself: {:?}", texts.concat());
            self.report(Diag::new("W0310", span, message).hint(hint));
        }
    }

    /// `T & U`
    pub(super) fn both_type(&mut self, members: &[Type], span: Span) -> TypeInfo {
        let mut specs: Option<Vec<Spec>> = Some(Vec::new());
        let (mut ty, mut text) = (Ty::Str, 0);
        for member in members {
            let (info, spec) = self.text_member(member, "the members of `&` are texts");
            text += info.text;
            // Of several the first says most about the values.
            if ty == Ty::Str && spec.is_some() {
                ty = info.ty;
            }
            specs = specs.zip(spec).map(|(mut specs, spec)| {
                specs.push(spec);
                specs
            });
        }
        self.possible(specs.map(|members| Spec::And { members }), ty, text, span)
    }

    /// `not T`
    pub(super) fn not_type(&mut self, inner: &Type, span: Span) -> TypeInfo {
        let (info, spec) = self.text_member(inner, "`not` excludes texts");
        let spec = spec.map(|value| Spec::Not { value: Box::new(value) });
        self.possible(spec, Ty::Str, info.text, span)
    }

    /// `contains(expr)`, `starts(expr)`, `ends(expr)`
    pub(super) fn having_type(&mut self, place: Place, value: &Ast, span: Span) -> TypeInfo {
        let literal = match &value.kind {
            A::Str(text) => text.literal(),
            _ => None,
        };
        if let Some(text) = literal {
            let bytes = text.len();
            let spec = Spec::Having { place, text: Needle::Text { text } };
            return TypeInfo { ty: Ty::Str, shape: Shape::Plain(spec), text: bytes };
        }
        let word = match place {
            Place::Inside => "contains",
            Place::Start => "starts",
            Place::End => "ends",
        };
        match self.filled_hole(value, &Ty::Str, word, span) {
            Some(hole) => TypeInfo::plain(Ty::Str, Spec::Having { place, text: Needle::Hole { hole } }),
            None => TypeInfo::broken(Ty::Str),
        }
    }

    /// A type whose values are texts, and what it writes.
    fn text_member(&mut self, member: &Type, rule: &str) -> (TypeInfo, Option<Spec>) {
        let info = self.resolve(member);
        let is_text = info.ty.is_error() || ty::fits(&info.ty, &Ty::Str);
        let spec = match info.shape.clone() {
            Shape::Plain(spec) if is_text => Some(spec),
            Shape::Plain(_) | Shape::Json(_) => {
                let message = format!("{rule}, and this is {}", info.ty);
                let hint = match info.ty {
                    Ty::Record(_) => "leave the names of the holes out: then it is a str",
                    _ => {
                        "take str, literals, regexes, grammars, copy, one_of, templates, contains, starts or ends"
                    }
                };
                self.report(Diag::new("E0230", member.span, message).hint(hint));
                None
            }
            Shape::Error => None,
        };
        (info, spec)
    }

    /// A type of texts, if there can be any. Where run-time values decide that, the run says so.
    fn possible(&mut self, spec: Option<Spec>, ty: Ty, text: usize, span: Span) -> TypeInfo {
        let Some(spec) = spec else { return TypeInfo::broken(ty) };
        let holes = spec.holes().into_iter().max().map_or(0, |hole| hole + 1);
        let is_good = match holes {
            0 => self.texts_are_possible(&spec, span),
            _ => {
                let bindings = vec![vec!["a".to_owned()]; holes];
                let error = build(&spec, &bindings, &self.program.limits.constraint).err();
                error.filter(|error| matches!(error, BuildError::NotYet { .. })).is_none_or(|error| {
                    self.report(Diag::new("E0230", span, error.to_string()).hint(PLAIN));
                    false
                })
            }
        };
        let shape = if is_good { Shape::Plain(spec) } else { Shape::Error };
        TypeInfo { ty, shape, text }
    }

    /// A grammar some of whose names are types: `name: {{ one_of(tables) }}`.
    pub(super) fn grammar_with_holes(&mut self, text: &TypeText) -> TypeInfo {
        let mut word = "HOLE_".to_owned();
        let has =
            |word: &str| text.parts.iter().any(|p| matches!(p, TypePart::Lit(t, _) if t.contains(word)));
        while has(&word) {
            word.push('_');
        }
        let (mut grammar, mut bytes) = (String::new(), 0);
        let mut parts: Option<Vec<Named>> = Some(Vec::new());
        let mut number = 0;
        for part in &text.parts {
            match part {
                TypePart::Lit(literal, _) => {
                    let joins = literal.starts_with(|c: char| c.is_alphanumeric() || c == '_');
                    grammar.push_str(if joins && number > 0 { " " } else { "" });
                    grammar.push_str(literal);
                }
                TypePart::Hole(hole) => {
                    if let Some(name) = &hole.name {
                        let diag = Diag::new("E0025", name.span, "a hole of a grammar has no name");
                        self.report(diag.hint("the rule has one: name: {{ one_of(list) }}"));
                    }
                    let filled = self.text_hole(hole, "a grammar");
                    bytes += filled.text;
                    let name = format!("{word}{number}");
                    number += 1;
                    grammar.push(' ');
                    grammar.push_str(&name);
                    parts = parts.zip(filled.spec).map(|(mut parts, value)| {
                        parts.push(Named { name, value });
                        parts
                    });
                }
            }
        }
        let syntax = GrammarSyntax::Lark;
        let Some(parts) =
            parts.filter(|parts| self.grammar_is_good(&grammar, syntax, parts, text.span, None))
        else {
            return TypeInfo::broken(Ty::Str);
        };
        let text = grammar.len() + bytes;
        TypeInfo { ty: Ty::Str, shape: Shape::Plain(Spec::Grammar { grammar, syntax, parts }), text }
    }
}
