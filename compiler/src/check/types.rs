//! Types as written: what values they have, and what a generation may write for them.

use agentc_constraint::spec::{self, GrammarSyntax, Spec};

use super::{Checker, schemas};
use crate::ast::{Bounds, Expr as Ast, FieldType, Regex, Text, Type, TypeKind};
use crate::diag::Diag;
use crate::hir::Expr;
use crate::ir::Const;
use crate::json::{self, Json, JsonError};
use crate::limits::Limit;
use crate::source::Span;
use crate::ty::{self, Field, Ty};

/// A type as written.
#[derive(Debug, Clone)]
pub(super) struct TypeInfo {
    /// The type of its values.
    pub(super) ty: Ty,
    /// What a generation of it writes.
    pub(super) shape: Shape,
    /// Bytes of the texts in `shape`.
    pub(super) text: usize,
}

/// What a generation of a type writes.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    /// Plain text.
    Plain(Spec),
    /// JSON, whatever stands around it.
    Json(Spec),
    /// Reported already.
    Error,
}

/// What a generation writes.
#[derive(Debug)]
pub(super) struct Generated {
    /// `None` if something was reported.
    pub(super) spec: Option<Spec>,
    /// The values of its holes.
    pub(super) bindings: Vec<Expr>,
    /// The type of the value.
    pub(super) ty: Ty,
    /// Whether the text is JSON.
    pub(super) json: bool,
}

impl TypeInfo {
    pub(super) fn plain(ty: Ty, spec: Spec) -> TypeInfo {
        let text = match &spec {
            Spec::Literal { text } | Spec::Constant { text } | Spec::Regex { pattern: text } => text.len(),
            Spec::Grammar { grammar, .. } => grammar.len(),
            _ => 0,
        };
        TypeInfo { ty, shape: Shape::Plain(spec), text }
    }

    fn json(ty: Ty, spec: Spec, text: usize) -> TypeInfo {
        TypeInfo { ty, shape: Shape::Json(spec), text }
    }

    fn literal(value: Const) -> TypeInfo {
        let text = value.to_string();
        let spec =
            if matches!(value, Const::Str(_)) { Spec::Literal { text } } else { Spec::Constant { text } };
        let ty = if value == Const::Null { Ty::Null } else { Ty::Lit(value) };
        TypeInfo::plain(ty, spec)
    }

    /// A type with a mistake that leaves the type of its values known.
    pub(super) fn broken(ty: Ty) -> TypeInfo {
        TypeInfo { ty, shape: Shape::Error, text: 0 }
    }

    pub(super) fn error() -> TypeInfo {
        TypeInfo::broken(Ty::Error)
    }

    /// What it writes within a type that is written in JSON.
    pub(super) fn inner(self) -> Option<Spec> {
        match self.shape {
            Shape::Plain(spec) | Shape::Json(spec) => Some(spec),
            Shape::Error => None,
        }
    }
}

impl Checker<'_> {
    /// The type of values that a type as written has.
    pub(super) fn value_type(&mut self, ty: &Type) -> Ty {
        self.value_info(ty).ty
    }

    /// The same with what a model may write for it.
    pub(super) fn value_info(&mut self, ty: &Type) -> TypeInfo {
        let holes = self.body.around.holes.take();
        let info = self.resolve(ty);
        self.body.around.holes = holes;
        info
    }

    /// What a generation of a type writes. Only here may a type hold expressions.
    pub(super) fn generated(&mut self, ty: &Type) -> Generated {
        let outer = self.body.around.holes.replace(Vec::new());
        let info = self.resolve(ty);
        let bindings = std::mem::replace(&mut self.body.around.holes, outer).unwrap_or_default();
        let json = matches!(info.shape, Shape::Json(_));
        let value_type = info.ty.clone();
        let spec = match info.shape {
            Shape::Plain(spec) => self.not_too_deep(spec, ty.span),
            Shape::Json(spec) => self.closed(in_json(spec), ty.span),
            Shape::Error => None,
        };
        // Whatever it was is reported, or hidden with the item that it stands in.
        self.findings.hidden |= spec.is_none();
        Generated { spec, bindings, ty: value_type, json }
    }

    pub(super) fn resolve(&mut self, ty: &Type) -> TypeInfo {
        let info = match &ty.kind {
            TypeKind::Error => TypeInfo::error(),
            TypeKind::Name(path, bounds) => self.path_type(path, bounds.as_ref(), ty.span),
            TypeKind::Str(text) => TypeInfo::literal(Const::Str(text.clone())),
            TypeKind::Int(value) => TypeInfo::literal(Const::Int(*value)),
            TypeKind::Float(value) => TypeInfo::literal(Const::Float(*value)),
            TypeKind::Bool(value) => TypeInfo::literal(Const::Bool(*value)),
            TypeKind::Null => TypeInfo::literal(Const::Null),
            TypeKind::Regex(regex) => self.regex_type(regex),
            TypeKind::Record(fields) => self.record_type(fields),
            TypeKind::List(item, bounds) => self.list_type(item, bounds.as_ref()),
            TypeKind::Union(members) => self.union_type(members, ty.span),
            TypeKind::Fn(..) => {
                self.misplaced_func_type(ty.span);
                TypeInfo::error()
            }
            TypeKind::Map(value) => self.map_type(value),
            TypeKind::JsonOf(value) => self.json_type(value),
            TypeKind::Schema(path) => self.schema_type(path),
            TypeKind::Grammar(text) => match text.fixed() {
                Some(text) => self.grammar_type(&text),
                None => self.grammar_with_holes(text),
            },
            TypeKind::Template(text) => self.template_type(text),
            TypeKind::Both(members) => self.both_type(members, ty.span),
            TypeKind::Not(inner) => self.not_type(inner, ty.span),
            TypeKind::Having(place, value) => self.having_type(*place, value, ty.span),
            TypeKind::Copy(text) => self.copy_type(text, ty.span),
            TypeKind::OneOf(list) => self.one_of_type(list, ty.span),
        };
        let limits = self.program.limits;
        let counts = [
            (Limit::TypeParts, info.ty.size(), limits.type_parts),
            (Limit::TypeLevels, info.ty.depth(), limits.levels()),
            (Limit::TypeText, info.text, limits.type_text),
        ];
        match counts.into_iter().find(|(_, count, most)| count > most) {
            Some((limit, _, most)) => self.too_large(limit, most, ty.span),
            None => info,
        }
    }

    pub(super) fn too_large(&mut self, limit: Limit, most: usize, span: Span) -> TypeInfo {
        let message = format!("this type is too large: it has more than {most} {limit}");
        let diag = Diag::new("E0211", span, message).limit(limit);
        self.report(diag.hint("the types that it names count too: take part of it as `json`"));
        TypeInfo::error()
    }

    fn regex_type(&mut self, regex: &Regex) -> TypeInfo {
        if self.regex_is_good(&regex.pattern, regex.span) {
            TypeInfo::plain(Ty::Str, Spec::Regex { pattern: regex.pattern.clone() })
        } else {
            TypeInfo::broken(Ty::Str)
        }
    }

    fn record_type(&mut self, fields: &[FieldType]) -> TypeInfo {
        let mut known: Vec<Field> = Vec::new();
        let mut specs: Option<Vec<spec::Field>> = Some(Vec::new());
        let mut text = 0;
        for field in fields {
            let info = self.resolve(&field.ty);
            let (name, optional) = (field.name.name.clone(), field.optional);
            if known.iter().any(|f| f.name == name) {
                let diag =
                    Diag::new("E0213", field.name.span, format!("the field `{name}` is declared twice"));
                self.report(diag.hint("remove one of them"));
                continue;
            }
            known.push(Field { name: name.clone(), ty: info.ty.clone(), optional });
            text += info.text + name.len();
            match (info.inner(), &mut specs) {
                (Some(value), Some(specs)) => specs.push(spec::Field { name, value, optional }),
                _ => specs = None,
            }
        }
        let ty = Ty::Record(known);
        match specs {
            Some(fields) => TypeInfo::json(ty, Spec::Object { fields }, text),
            None => TypeInfo::broken(ty),
        }
    }

    fn list_type(&mut self, item: &Type, bounds: Option<&Bounds>) -> TypeInfo {
        let item = self.resolve(item);
        let (min, max) = self.sizes(bounds);
        let (ty, text) = (Ty::list(item.ty.clone()), item.text);
        match item.inner() {
            Some(item) => {
                let spec = Spec::Array { item: Box::new(item), min: min.unwrap_or(0), max };
                TypeInfo::json(ty, spec, text)
            }
            None => TypeInfo::broken(ty),
        }
    }

    fn map_type(&mut self, value: &Type) -> TypeInfo {
        let value = self.resolve(value);
        let (ty, text) = (Ty::Map(Box::new(value.ty.clone())), value.text);
        match value.inner() {
            Some(value) => TypeInfo::json(ty, Spec::Map { value: Box::new(value) }, text),
            None => TypeInfo::broken(ty),
        }
    }

    /// `json(T)`: what is JSON anyhow stays as it is.
    fn json_type(&mut self, value: &Type) -> TypeInfo {
        let info = self.resolve(value);
        match info.shape {
            Shape::Plain(spec) => TypeInfo::json(info.ty, spec, info.text),
            Shape::Json(_) | Shape::Error => info,
        }
    }

    /// A union is plain if all of its members are.
    fn union_type(&mut self, members: &[Type], span: Span) -> TypeInfo {
        if self.bare_words(members) {
            return TypeInfo::error();
        }
        let infos: Vec<TypeInfo> = members.iter().map(|m| self.resolve(m)).collect();
        // A union is made in time quadratic in its members: its size is checked first.
        let most = self.program.limits.type_parts;
        if infos.iter().map(|i| i.ty.size()).sum::<usize>() > most {
            return self.too_large(Limit::TypeParts, most, span);
        }
        let ty = ty::union(infos.iter().map(|i| i.ty.clone()).collect());
        let text = infos.iter().map(|i| i.text).sum();
        let plain = infos.iter().all(|i| matches!(i.shape, Shape::Plain(_)));
        let members: Option<Vec<Spec>> = infos.into_iter().map(TypeInfo::inner).collect();
        match members.map(|members| Spec::Union { members }) {
            Some(spec) if plain => TypeInfo { ty, shape: Shape::Plain(spec), text },
            Some(spec) => TypeInfo::json(ty, spec, text),
            None => TypeInfo::broken(ty),
        }
    }

    fn schema_type(&mut self, path: &Text) -> TypeInfo {
        if path.literal().is_some_and(|text| text.trim_start().starts_with('{')) {
            let (message, hint) = super::SCHEMA_TEXT;
            self.report(Diag::new("E0601", path.span, message).hint(hint));
            return TypeInfo::broken(Ty::Any);
        }
        let Some(file) = self.file(path, "a schema") else { return TypeInfo::broken(Ty::Any) };
        let mut limit = None;
        let wrong = match json::parse(&file.text, self.program.limits.data_levels) {
            Ok(parsed @ (Json::Record(_) | Json::Bool(_))) => {
                let schema = file.text.to_string();
                if !self.schema_is_good(&schema, path.span, &file.path) {
                    return TypeInfo::broken(Ty::Any);
                }
                let (text, limits) = (schema.len(), self.program.limits);
                let ty = schemas::type_of(&parsed);
                let is_small = ty.size() <= limits.type_parts && ty.depth() < limits.levels();
                let ty = if is_small { ty } else { Ty::Any };
                return TypeInfo::json(ty, Spec::Schema { schema }, text);
            }
            Ok(_) => "it is neither an object nor a bool".to_owned(),
            Err(error @ JsonError::Wrong { .. }) => format!("it is not JSON: {error}"),
            Err(error) => {
                limit = matches!(error, JsonError::TooDeep { .. }).then_some(Limit::DataLevels);
                error.to_string()
            }
        };
        let diag = Diag::new("E0604", path.span, format!("`{}` is not a JSON Schema: {wrong}", file.path));
        let diag = Diag { limit, ..diag };
        self.report(diag.hint("a schema looks like {\"type\": \"object\", \"properties\": {…}}"));
        TypeInfo::broken(Ty::Any)
    }

    /// A grammar in a file, or as a text of its own.
    fn grammar_type(&mut self, text: &Text) -> TypeInfo {
        let Some(spelling) = self.fixed(text, "a grammar") else { return TypeInfo::broken(Ty::Str) };
        let of_path = |end: &str| !spelling.contains('\n') && spelling.ends_with(end);
        let syntax = if of_path(".gbnf") { GrammarSyntax::Gbnf } else { GrammarSyntax::Lark };
        let (grammar, path) = if of_path(".gbnf") || of_path(".lark") {
            match self.file(text, "a grammar") {
                Some(file) => (file.text.to_string(), Some(file.path)),
                None => return TypeInfo::broken(Ty::Str),
            }
        } else {
            (spelling, None)
        };
        if grammar.trim().is_empty() {
            let diag = Diag::new("E0402", text.span, "this grammar is empty: no text can be generated");
            self.report(
                diag.hint(
                    "write rules, such as start: \"yes\" | \"no\", or the path of a .lark or .gbnf file",
                ),
            );
            return TypeInfo::broken(Ty::Str);
        }
        let spelling = (text, path.as_deref());
        if !self.grammar_is_good(&grammar, syntax, &[], text.span, Some(spelling)) {
            return TypeInfo::broken(Ty::Str);
        }
        TypeInfo::plain(Ty::Str, Spec::Grammar { grammar, syntax, parts: Vec::new() })
    }

    fn copy_type(&mut self, text: &Ast, span: Span) -> TypeInfo {
        match self.filled_hole(text, &Ty::Str, "copy", span) {
            Some(hole) => TypeInfo::plain(Ty::Str, Spec::Copy { hole }),
            None => TypeInfo::broken(Ty::Str),
        }
    }

    fn one_of_type(&mut self, list: &Ast, span: Span) -> TypeInfo {
        match self.filled_hole(list, &Ty::list(Ty::Str), "one_of", span) {
            Some(hole) => TypeInfo::plain(Ty::Str, Spec::OneOf { hole }),
            None => TypeInfo::broken(Ty::Str),
        }
    }

    /// The hole of a value that is known at run time only.
    pub(super) fn filled_hole(&mut self, value: &Ast, want: &Ty, word: &str, span: Span) -> Option<usize> {
        if self.body.around.holes.is_none() {
            let diag = Diag::new(
                "E0215",
                span,
                format!("`{word}` needs a run-time value, so it belongs in the type of a generation"),
            );
            self.report(diag.hint(format!("write gen x: {word}(…); elsewhere the type is str")));
            return None;
        }
        let outer = self.body.around.pure_only.replace("a type");
        let value = self.wanted(value, want, &format!("the argument of `{word}`"));
        self.body.around.pure_only = outer;
        let holes = self.body.around.holes.as_mut()?;
        holes.push(value);
        Some(holes.len() - 1)
    }
}

/// A spec that is read as JSON where it stands alone.
fn in_json(spec: Spec) -> Spec {
    match spec {
        json @ (Spec::Json
        | Spec::Object { .. }
        | Spec::Array { .. }
        | Spec::Map { .. }
        | Spec::Schema { .. }) => json,
        other => Spec::JsonOf { value: Box::new(other) },
    }
}
