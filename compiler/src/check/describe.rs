//! `describe`: the text of a type, a function or a tool for a prompt, known when the program is compiled.

use agentc_constraint::spec::{Field, Spec};
use agentc_constraint::{Docs, json_schema};

use super::Checker;
use super::expr::{constant, error};
use super::link::{Global, TypeName, last_name};
use super::slots::Origin;
use super::types::Shape;
use crate::ast::{self, Expr as Ast, ExprKind as A, Ident, Path, Type, TypeKind};
use crate::describe::{Named, Signature};
use crate::diag::Diag;
use crate::hir::{Declared, Expr};
use crate::ir::Const;
use crate::resolve::DefKind;
use crate::source::Span;
use crate::ty::Ty;

/// How something is described.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    JsonSchema,
}

impl<'a> Checker<'a> {
    /// `describe(x)`, `describe(x, "json_schema")`
    pub(super) fn describe(&mut self, what: &Ast, form: Option<&Ast>, span: Span) -> Expr {
        let form = match form.map(|form| self.expr(form, None)) {
            None => Form::Text,
            Some(Expr { ty: Ty::Lit(Const::Str(form)), .. }) if form == "text" => Form::Text,
            Some(Expr { ty: Ty::Lit(Const::Str(form)), .. }) if form == "json_schema" => Form::JsonSchema,
            Some(other) => {
                let diag = Diag::new("E0200", other.span, "there is no such form of a description");
                self.report(diag.hint("the forms are \"text\" and \"json_schema\""));
                return error(span);
            }
        };
        let items = match &what.kind {
            A::List(items) => items.as_slice(),
            _ => std::slice::from_ref(what),
        };
        let texts: Option<Vec<String>> = items.iter().map(|item| self.described(item, form)).collect();
        match texts {
            Some(texts) => Expr { ty: Ty::Str, ..constant(Const::Str(texts.join("\n")), span) },
            None => error(span),
        }
    }

    fn described(&mut self, what: &Ast, form: Form) -> Option<String> {
        if self.names_type(what) {
            return self.described_type(what, form);
        }
        let (name, params, ret) = match self.named(what) {
            Some(Global::Func(id)) => match self.decls.slots[id].origin {
                Origin::Func(decl) => (&decl.name, &decl.params, decl.ret.as_ref()),
                _ => return None,
            },
            Some(Global::Tool(id)) => {
                let decl = self.decls.tools.get(id)?.decl;
                (&decl.name, &decl.params, decl.ret.as_ref())
            }
            Some(Global::Unknown) => {
                self.findings.hidden = true;
                return None;
            }
            _ => return self.described_type(what, form),
        };
        let module = usize::try_from(name.span.file).unwrap_or(0);
        let signature = self.within(module, |c| c.signature(name, params, ret));
        self.described_function(&signature, form, what.span)
    }

    fn described_type(&mut self, what: &Ast, form: Form) -> Option<String> {
        let Some(path) = what.as_path() else {
            self.no_description(what.span);
            return None;
        };
        let value = self.variable_at(what.span).is_some() || self.named(what).is_some();
        if value && !self.names_type(what) {
            self.no_description(what.span);
            return None;
        }
        let ty = Type { kind: TypeKind::Name(path, None), span: what.span };
        let (spec, docs) = (self.value_info(&ty).inner()?, self.docs_of(&ty));
        match form {
            Form::Text => Some(self.named_types().type_text(&spec, &docs)),
            Form::JsonSchema => self.schema(spec, docs, what.span).map(|schema| schema.to_string()),
        }
    }

    /// Whether a name is one of a declared type.
    fn names_type(&self, what: &Ast) -> bool {
        let def = last_name(what).and_then(|place| self.program.names.def_at(place));
        def.and_then(|def| self.program.names.kind(def)) == Some(DefKind::Type)
    }

    fn no_description(&mut self, span: Span) {
        let diag = Diag::new("E0203", span, "`describe` takes the name of a type, a tool or a function");
        self.report(diag.hint("to show a value, put it into the text: \"{{ x }}\", or json(x)"));
    }

    fn signature(&mut self, name: &Ident, params: &[ast::Param], ret: Option<&Type>) -> Signature {
        let parts = params.iter().map(|param| self.docs_at(param.name.span, &param.ty)).collect();
        let docs = Docs { text: self.doc(name.span), parts, ..Docs::default() };
        let spec = |c: &mut Self, ty: &Type| match ty.kind {
            TypeKind::Fn(..) => None,
            _ => c.value_info(ty).inner(),
        };
        let params = params
            .iter()
            .map(|param| (param.name.name.clone(), spec(self, &param.ty), param.default.is_some()));
        let params = params.collect();
        let gives = ret.and_then(|ret| spec(self, ret));
        Signature { name: name.name.clone(), docs, params, gives }
    }

    fn described_function(&mut self, of: &Signature, form: Form, span: Span) -> Option<String> {
        if form == Form::Text {
            return Some(self.named_types().signature_text(of));
        }
        let fields = of.params.iter().map(|(name, spec, optional)| {
            Some(Field { name: name.clone(), value: spec.clone()?, optional: *optional })
        });
        let Some(fields) = fields.collect::<Option<Vec<Field>>>() else {
            self.no_schema(span, "a function is no JSON");
            return None;
        };
        let docs = Docs { text: None, ..of.docs.clone() };
        let parameters = self.schema(Spec::Object { fields }, docs, span)?;
        let mut tool = serde_json::Map::new();
        tool.insert("name".to_owned(), of.name.clone().into());
        if let Some(text) = &of.docs.text {
            tool.insert("description".to_owned(), text.clone().into());
        }
        tool.insert("parameters".to_owned(), parameters);
        Some(serde_json::Value::Object(tool).to_string())
    }

    fn schema(&mut self, spec: Spec, docs: Docs, span: Span) -> Option<serde_json::Value> {
        let (spec, docs) = self.closed_with_docs(spec, docs, span)?;
        match json_schema(&spec, &docs) {
            Ok(schema) => Some(schema),
            Err(reason) => {
                self.no_schema(span, &reason.to_string());
                None
            }
        }
    }

    fn no_schema(&mut self, span: Span, reason: &str) {
        let diag = Diag::new("E0223", span, format!("this has no JSON Schema: {reason}"));
        self.report(diag.hint("describe it as text: describe(x)"));
    }

    /// A spec and what is said of it, with all that it names.
    fn closed_with_docs(&mut self, spec: Spec, docs: Docs, span: Span) -> Option<(Spec, Docs)> {
        let order = self.named_by(&spec);
        let closed = self.closed(spec, span)?;
        if !matches!(closed, Spec::Defs { .. }) {
            return Some((closed, docs));
        }
        let named = self.named_types();
        let parts = order.iter().map(|def| match named.list.get(*def) {
            Some((name, _, docs)) => Docs { name: Some(name.clone()), ..docs.clone() },
            None => Docs::default(),
        });
        let parts = parts.chain([docs]).collect();
        Some((closed, Docs { parts, ..Docs::default() }))
    }

    /// The types that contain themselves, as descriptions name them.
    fn named_types(&mut self) -> Named {
        let named = self.types.named.list().iter().zip(&self.types.defs);
        let mut list: Vec<(String, Spec, Docs)> =
            named.map(|(named, spec)| (named.name.clone(), spec.clone(), Docs::default())).collect();
        let recursive = self.types.slots.iter().filter(|slot| slot.recursive);
        let numbered = recursive.filter_map(|slot| match slot.info.as_ref()?.ty {
            Ty::Named(ref named) => Some((named.id as usize, slot.decl)),
            _ => None,
        });
        for (number, decl) in numbered.collect::<Vec<_>>() {
            if let Some(entry) = list.get_mut(number) {
                entry.2 = self.docs_at(decl.name.span, &decl.ty);
            }
        }
        Named { list }
    }

    /// What is said right above a place.
    pub(super) fn doc(&mut self, place: Span) -> Option<String> {
        let doc = self.program.modules.of(place)?.ast.docs.at(place)?;
        self.findings.docs.insert(doc.span);
        Some(doc.text.clone())
    }

    /// What is said of a type as written, in the shape of its spec.
    pub(super) fn docs_of(&mut self, ty: &Type) -> Docs {
        let parts = match &ty.kind {
            TypeKind::Name(path, _) => return self.docs_of_named(path),
            TypeKind::JsonOf(inner) => return self.docs_of(inner),
            TypeKind::Record(fields) => fields.iter().map(|f| self.docs_at(f.name.span, &f.ty)).collect(),
            TypeKind::Union(members) => members.iter().map(|m| self.docs_at(m.span, m)).collect(),
            TypeKind::List(inner, _) | TypeKind::Map(inner) => vec![self.docs_of(inner)],
            _ => Vec::new(),
        };
        Docs { parts, ..Docs::default() }
    }

    /// The same of a part with a description of its own.
    fn docs_at(&mut self, place: Span, ty: &Type) -> Docs {
        let docs = self.docs_of(ty);
        Docs { text: self.doc(place).or(docs.text), ..docs }
    }

    fn docs_of_named(&mut self, path: &Path) -> Docs {
        let Some(TypeName::Declared(id)) = self.type_named(path) else { return Docs::default() };
        let slot = &self.types.slots[id];
        let (decl, module) = (slot.decl, slot.module);
        // One that is made of itself alone was reported.
        let known = slot.info.as_ref().is_some_and(|info| !matches!(info.shape, Shape::Error));
        if slot.recursive || !known {
            return Docs::default();
        }
        self.within(module, |c| c.docs_at(decl.name.span, &decl.ty))
    }

    /// Every type that the program's own file declares, with its description.
    pub(super) fn declared_types(&mut self) -> Vec<Declared> {
        let slots: Vec<&'a ast::TypeDecl> =
            self.types.slots.iter().filter(|slot| slot.module == 0).map(|slot| slot.decl).collect();
        let mut out = Vec::new();
        for decl in slots {
            let name = Ident { name: decl.name.name.clone(), span: decl.name.span };
            let info = self.program.names.def_at(name.span).and_then(|def| self.types.numbers.get(&def));
            let Some(info) = info.and_then(|at| self.types.slots[*at].info.clone()) else { continue };
            let docs = self.docs_at(decl.name.span, &decl.ty);
            let Some(spec) = info.inner() else { continue };
            let docs = if matches!(spec, Spec::Ref { .. }) { Docs::default() } else { docs };
            if let Some((spec, docs)) = self.closed_with_docs(spec, docs, decl.name.span) {
                out.push(Declared { name: name.name, spec, docs, span: decl.name.span });
            }
        }
        out
    }

    /// Descriptions that nothing stands below.
    pub(super) fn idle_docs(&mut self) -> Vec<Span> {
        let main = self.program.modules.list().first();
        let Some(main) = main.filter(|main| !main.ast.docs.is_empty()) else { return Vec::new() };
        for item in &main.ast.items {
            self.note_docs(item);
        }
        main.ast.docs.all().map(|doc| doc.span).filter(|span| !self.findings.docs.contains(span)).collect()
    }

    fn note_docs(&mut self, item: &ast::Item) {
        let params: &[ast::Param] = match item {
            ast::Item::Func(decl) => &decl.params,
            ast::Item::Tool(decl) => &decl.params,
            ast::Item::Input(param) => std::slice::from_ref(param),
            _ => &[],
        };
        params.iter().for_each(|param| drop(self.docs_at(param.name.span, &param.ty)));
        match item {
            ast::Item::Func(decl) => drop(self.doc(decl.name.span)),
            ast::Item::Tool(decl) => drop(self.doc(decl.name.span)),
            ast::Item::Type(decl) => drop(self.docs_at(decl.name.span, &decl.ty)),
            ast::Item::Const(decl) => drop(self.doc(decl.name.span)),
            _ => {}
        }
    }
}
