//! Types, as they are written.

use super::super::{Bounds, Number, Place, Text, Type, TypeKind, TypePart, TypeText};
use super::Writer;
use crate::spelling::{Writes, escaped, key};

impl Writer {
    pub(super) fn ty(&mut self, ty: &Type) {
        match &ty.kind {
            TypeKind::Error => self.put('?'),
            TypeKind::Name(path, bounds) => {
                self.put(path);
                self.bounds(bounds.as_ref());
            }
            TypeKind::Str(text) => self.put(format_args!("{text:?}")),
            TypeKind::Int(value) => self.put(value),
            TypeKind::Float(value) => self.put(format_args!("{value:?}")),
            TypeKind::Bool(value) => self.put(value),
            TypeKind::Null => self.put("null"),
            TypeKind::Regex(regex) => self.put(format_args!("/{}/", regex.pattern)),
            TypeKind::Record(fields) => self.listed(["{", "}"], fields, |w, field| {
                w.put(format_args!("{}: ", key(&field.name.name)));
                w.ty(&field.ty);
                w.put(if field.optional { "?" } else { "" });
            }),
            TypeKind::List(item, bounds) => {
                match item.kind {
                    TypeKind::Union(_) | TypeKind::Both(_) | TypeKind::Not(_) => {
                        self.in_parentheses("", item)
                    }
                    _ => self.ty(item),
                }
                self.put("[]");
                self.bounds(bounds.as_ref());
            }
            TypeKind::Union(members) => self.joined(" | ", members, Writer::ty),
            TypeKind::Fn(params, ret) => {
                self.put("fn");
                self.listed(["(", ")"], params, Writer::ty);
                ret.iter().for_each(|ret| {
                    self.put(" -> ");
                    self.ty(ret);
                });
            }
            TypeKind::Map(value) => self.in_parentheses("map", value),
            TypeKind::JsonOf(value) => self.in_parentheses("json", value),
            TypeKind::Schema(path) => self.with_text("schema ", path),
            TypeKind::Grammar(text) => {
                self.put("grammar ");
                self.type_text(text);
            }
            TypeKind::Template(text) => self.type_text(text),
            TypeKind::Both(members) => self.joined(" & ", members, |w, member| match member.kind {
                TypeKind::Union(_) => w.in_parentheses("", member),
                _ => w.ty(member),
            }),
            TypeKind::Not(inner) => {
                self.put("not ");
                match inner.kind {
                    TypeKind::Union(_) | TypeKind::Both(_) => self.in_parentheses("", inner),
                    _ => self.ty(inner),
                }
            }
            TypeKind::Having(place, text) => {
                self.put(match place {
                    Place::Inside => "contains(",
                    Place::Start => "starts(",
                    Place::End => "ends(",
                });
                self.last(text);
            }
            TypeKind::Copy(text) => {
                self.put("copy(");
                self.last(text);
            }
            TypeKind::OneOf(list) => {
                self.put("one_of(");
                self.last(list);
            }
        }
    }

    fn type_text(&mut self, text: &TypeText) {
        self.quoted(&text.parts, |w, part| match part {
            TypePart::Lit(literal, _) => w.put(escaped(literal)),
            TypePart::Hole(hole) => w.hole(|w| {
                hole.name.iter().for_each(|name| w.put(format_args!("{}: ", name.name)));
                w.ty(&hole.ty);
            }),
        });
    }

    fn in_parentheses(&mut self, word: &str, ty: &Type) {
        self.put(format_args!("{word}("));
        self.ty(ty);
        self.put(')');
    }

    fn with_text(&mut self, word: &str, text: &Text) {
        self.put(word);
        self.text(text);
    }

    fn bounds(&mut self, bounds: Option<&Bounds>) {
        let Some(bounds) = bounds else { return };
        let show = |bound: Option<super::super::Bound>| match bound.map(|b| b.value) {
            Some(Number::Int(value)) => value.to_string(),
            Some(Number::Float(value)) => format!("{value:?}"),
            None => String::new(),
        };
        self.put(format_args!("({}..{})", show(bounds.min), show(bounds.max)));
    }
}
