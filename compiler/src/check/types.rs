//! Types as written: what values they have, and what a generation of them may write.

use agentc_constraint::spec::Spec;

use super::Checker;
use super::scope::TypeName;
use super::slots::State;
use super::suggest::foreign_type;
use crate::ast::{Bound, Bounds, FieldType, Number, Path, Regex, Type, TypeKind};
use crate::builtin;
use crate::diag::Diag;
use crate::ir::Const;
use crate::source::Span;
use crate::ty::{self, Field, Ty};

/// A type as written.
#[derive(Debug, Clone)]
pub(super) struct TypeInfo {
    /// The type of its values.
    pub(super) ty: Ty,
    /// What a generation of it writes.
    pub(super) shape: Shape,
}

/// What a generation of a type writes.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    /// Plain text.
    Plain(Spec),
    /// Something that this version cannot generate.
    NotYet(&'static str),
    /// Reported already.
    Error,
}

impl TypeInfo {
    fn plain(ty: Ty, spec: Spec) -> TypeInfo {
        TypeInfo { ty, shape: Shape::Plain(spec) }
    }

    fn literal(value: Const) -> TypeInfo {
        let text = value.to_string();
        TypeInfo::plain(Ty::Lit(value), Spec::Literal { text })
    }

    pub(super) fn error() -> TypeInfo {
        TypeInfo { ty: Ty::Error, shape: Shape::Error }
    }
}

impl Checker<'_> {
    /// The type of values that a type as written has.
    pub(super) fn value_type(&mut self, ty: &Type) -> Ty {
        self.resolve(ty).ty
    }

    pub(super) fn resolve(&mut self, ty: &Type) -> TypeInfo {
        let info = match &ty.kind {
            TypeKind::Error => TypeInfo::error(),
            TypeKind::Name(path, bounds) => self.path_type(path, bounds.as_ref(), ty.span),
            TypeKind::Str(text) => TypeInfo::literal(Const::Str(text.clone())),
            TypeKind::Int(value) => TypeInfo::literal(Const::Int(*value)),
            TypeKind::Float(value) => TypeInfo::literal(Const::Float(*value)),
            TypeKind::Bool(value) => TypeInfo::literal(Const::Bool(*value)),
            TypeKind::Null => TypeInfo::plain(Ty::Null, Spec::Literal { text: "null".to_owned() }),
            TypeKind::Regex(regex) => self.regex_type(regex),
            TypeKind::Record(fields) => self.record_type(fields),
            TypeKind::List(item, bounds) => self.list_type(item, bounds.as_ref()),
            TypeKind::Union(members) => self.union_type(members),
            TypeKind::Map(_) | TypeKind::JsonOf(_) | TypeKind::Schema(_) | TypeKind::Grammar(_) => {
                self.not_yet("this type", ty.span);
                TypeInfo::error()
            }
            TypeKind::Copy(_) | TypeKind::OneOf(_) => {
                self.not_yet("this type", ty.span);
                TypeInfo::error()
            }
        };
        if info.ty.size() > ty::MAX_SIZE {
            let diag = Diag::new("E0211", ty.span, "this type is too large");
            self.report(diag.hint(format!(
                "a type has at most {} parts, those of the types it names included",
                ty::MAX_SIZE
            )));
            return TypeInfo::error();
        }
        info
    }

    fn regex_type(&mut self, regex: &Regex) -> TypeInfo {
        if self.regex_is_good(&regex.pattern, regex.span) {
            TypeInfo::plain(Ty::Str, Spec::Regex { pattern: regex.pattern.clone() })
        } else {
            TypeInfo { ty: Ty::Str, shape: Shape::Error }
        }
    }

    fn record_type(&mut self, fields: &[FieldType]) -> TypeInfo {
        let mut known: Vec<Field> = Vec::new();
        for field in fields {
            let ty = self.value_type(&field.ty);
            if known.iter().any(|f| f.name == field.name.name) {
                let diag = Diag::new(
                    "E0213",
                    field.name.span,
                    format!("the field `{}` is there twice", field.name.name),
                );
                self.report(diag.hint("remove one of them"));
                continue;
            }
            known.push(Field { name: field.name.name.clone(), ty, optional: field.optional });
        }
        TypeInfo { ty: Ty::Record(known), shape: Shape::NotYet("generating a record") }
    }

    fn list_type(&mut self, item: &Type, bounds: Option<&Bounds>) -> TypeInfo {
        let item = self.value_type(item);
        self.sizes(bounds);
        TypeInfo { ty: Ty::list(item), shape: Shape::NotYet("generating a list") }
    }

    fn union_type(&mut self, members: &[Type]) -> TypeInfo {
        let infos: Vec<TypeInfo> = members.iter().map(|m| self.resolve(m)).collect();
        let total: usize = infos.iter().map(|i| i.ty.size()).sum();
        // A union is made in time quadratic in its members: its size is checked first.
        let ty = if total > ty::MAX_SIZE {
            Ty::Union(infos.iter().map(|i| i.ty.clone()).collect())
        } else {
            ty::union(infos.iter().map(|i| i.ty.clone()).collect())
        };
        let mut specs = Vec::new();
        for info in infos {
            match info.shape {
                Shape::Plain(spec) => specs.push(spec),
                Shape::NotYet(_) => {
                    return TypeInfo { ty, shape: Shape::NotYet("generating a union of JSON types") };
                }
                Shape::Error => return TypeInfo { ty, shape: Shape::Error },
            }
        }
        TypeInfo::plain(ty, Spec::Union { members: specs })
    }

    fn path_type(&mut self, path: &Path, bounds: Option<&Bounds>, span: Span) -> TypeInfo {
        let name = path.names.last().map_or("", |n| n.name.as_str());
        match self.type_name(path) {
            Some(TypeName::Declared(id)) => {
                self.no_bounds(name, bounds);
                self.declared_type(id, span)
            }
            Some(TypeName::Unknown) => TypeInfo::error(),
            None => self.named_type(name, bounds, span),
        }
    }

    fn named_type(&mut self, name: &str, bounds: Option<&Bounds>, span: Span) -> TypeInfo {
        match name {
            "str" => {
                let (min, max) = self.sizes(bounds);
                TypeInfo::plain(Ty::Str, Spec::Text { min: min.unwrap_or(0), max })
            }
            "int" => self.int_type(bounds),
            "float" => self.float_type(bounds),
            _ => {
                self.no_bounds(name, bounds);
                self.plain_named_type(name, span)
            }
        }
    }

    fn plain_named_type(&mut self, name: &str, span: Span) -> TypeInfo {
        match name {
            "bool" => return TypeInfo::plain(Ty::Bool, Spec::Bool),
            "json" => return TypeInfo { ty: Ty::Any, shape: Shape::NotYet("generating `json`") },
            _ => {}
        }
        if let Ok(at) = builtin::ALIASES.binary_search_by(|(alias, _)| (*alias).cmp(name)) {
            let pattern = builtin::ALIASES[at].1.to_owned();
            return TypeInfo::plain(Ty::Str, Spec::Regex { pattern });
        }
        self.unknown_type(name, span);
        TypeInfo::error()
    }

    fn unknown_type(&mut self, name: &str, span: Span) {
        if self.is_lost(name) {
            self.hidden = true;
            return;
        }
        let declared: Vec<&str> = self.type_names().collect();
        let known = declared
            .into_iter()
            .chain(builtin::TYPES.iter().copied())
            .chain(builtin::ALIASES.iter().map(|a| a.0));
        let nearest = self.nearest(name, known);
        let hint = match (foreign_type(name), nearest) {
            (Some(hint), _) => hint.to_owned(),
            (None, Some(near)) => format!("did you mean `{near}`?"),
            (None, None) => format!("declare it: type {name} = …"),
        };
        self.report(Diag::new("E0101", span, format!("there is no type `{name}`")).hint(hint));
    }

    fn no_bounds(&mut self, name: &str, bounds: Option<&Bounds>) {
        if let Some(bounds) = bounds {
            let diag = Diag::new("E0212", bounds.span, format!("`{name}` takes no bounds"));
            self.report(diag.hint("str, int, float and lists take bounds: str(..80), int(0..9), T[](1..5)"));
        }
    }

    pub(super) fn declared_type(&mut self, id: usize, span: Span) -> TypeInfo {
        let slot = &mut self.type_slots[id];
        if let Some(info) = &slot.info {
            return info.clone();
        }
        if slot.state == State::Busy {
            return self.recursive_type(id, span);
        }
        slot.state = State::Busy;
        let (decl, module) = (slot.decl, slot.module);
        self.inferring += 1;
        let info = if self.inferring > super::func::MAX_INFERRING {
            let diag = Diag::new("E0211", span, "types name each other through too many steps");
            self.report(diag.hint("declare the innermost types first"));
            TypeInfo::error()
        } else {
            self.within(module, |c| c.resolve(&decl.ty))
        };
        self.inferring -= 1;
        let slot = &mut self.type_slots[id];
        slot.state = State::Done;
        slot.info.get_or_insert(info).clone()
    }

    /// A type that contains itself: endless when it does so directly, else for a later version.
    fn recursive_type(&mut self, id: usize, span: Span) -> TypeInfo {
        let decl = self.type_slots[id].decl;
        let name = &decl.name.name;
        if matches!(decl.ty.kind, TypeKind::Name(..) | TypeKind::Union(_)) {
            let diag = Diag::new("E0210", span, format!("the type `{name}` is made of itself"));
            self.report(
                diag.hint("a type may contain itself only inside a record or a list")
                    .label(decl.name.span, "declared here"),
            );
        } else {
            self.not_yet("a recursive type", span);
        }
        self.type_slots[id].info = Some(TypeInfo::error());
        TypeInfo::error()
    }

    fn int_type(&mut self, bounds: Option<&Bounds>) -> TypeInfo {
        let min = bounds.and_then(|b| b.min).and_then(|b| self.whole(b));
        let max = bounds.and_then(|b| b.max).and_then(|b| self.whole(b));
        if let (Some(min), Some(max), Some(bounds)) = (min, max, bounds)
            && min > max
        {
            self.crossed(bounds.span);
            return TypeInfo { ty: Ty::Int, shape: Shape::Error };
        }
        TypeInfo::plain(Ty::Int, Spec::Int { min, max })
    }

    fn float_type(&mut self, bounds: Option<&Bounds>) -> TypeInfo {
        let min = bounds.and_then(|b| b.min).map(|b| as_float(b.value));
        let max = bounds.and_then(|b| b.max).map(|b| as_float(b.value));
        if let (Some(min), Some(max), Some(bounds)) = (min, max, bounds)
            && min > max
        {
            self.crossed(bounds.span);
            return TypeInfo { ty: Ty::Float, shape: Shape::Error };
        }
        TypeInfo::plain(Ty::Float, Spec::Float { min, max })
    }

    fn whole(&mut self, bound: Bound) -> Option<i64> {
        match bound.value {
            Number::Int(value) => Some(value),
            Number::Float(_) => {
                let diag = Diag::new("E0212", bound.span, "this bound must be a whole number");
                self.report(diag.hint("remove the fraction, or use `float`"));
                None
            }
        }
    }

    fn crossed(&mut self, span: Span) {
        let diag = Diag::new("E0212", span, "the lower bound is above the upper one: nothing fits");
        self.report(diag.hint("swap the two bounds"));
    }

    /// Bounds of a length.
    fn sizes(&mut self, bounds: Option<&Bounds>) -> (Option<u32>, Option<u32>) {
        let Some(bounds) = bounds else { return (None, None) };
        let min = bounds.min.and_then(|b| self.size(b));
        let max = bounds.max.and_then(|b| self.size(b));
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            self.crossed(bounds.span);
        }
        (min, max)
    }

    fn size(&mut self, bound: Bound) -> Option<u32> {
        let value = self.whole(bound)?;
        let size = u32::try_from(value).ok();
        if size.is_none() {
            let diag = Diag::new("E0212", bound.span, "a length is between 0 and 4294967295");
            self.report(diag.hint("leave the bound out if there is none: str(2..)"));
        }
        size
    }
}

#[allow(clippy::cast_precision_loss)]
fn as_float(value: Number) -> f64 {
    match value {
        Number::Int(value) => value as f64,
        Number::Float(value) => value,
    }
}
