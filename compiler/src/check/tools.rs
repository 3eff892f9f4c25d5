//! Tools and tests: their names, what they need, and what they run.

use agentc_constraint::spec::{Field, Spec};

use super::Checker;
use super::link::{Global, ToolInfo};
use super::slots::{Origin, Param, Slot, TestSlot, ToolSlot};
use super::types::TypeInfo;
use crate::ast::{self, Ident, Path, ScriptPrompt, ScriptRule, Text, ToolBody};
use crate::diag::Diag;
use crate::hir;
use crate::ir::{self, Capability, TestModel};
use crate::source::Span;
use crate::ty::Ty;

/// What a tool may be granted, and whether the grant can be limited.
const CAPABILITIES: &[(&str, bool)] =
    &[("run", false), ("net", true), ("read", true), ("write", true), ("env", true)];

const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];

impl<'a> Checker<'a> {
    pub(super) fn collect_tool(&mut self, decl: &'a ast::ToolDecl) {
        let (params, infos): (Vec<Param>, Vec<TypeInfo>) =
            self.typed_params(&decl.name.name, decl.params.iter(), false).into_iter().unzip();
        let call = call_of(&decl.name.name, &params, infos);
        let ret = decl.ret.as_ref().map_or(Ty::Any, |t| self.value_type(t));
        let mut needs: Vec<Capability> = decl.needs.iter().filter_map(|c| self.capability(c)).collect();
        let body = match &decl.body {
            ToolBody::Host => hir::ToolBody::Outside(ir::ToolBody::Host),
            ToolBody::Adapter { kind, target } => {
                hir::ToolBody::Outside(self.adapter(kind, target, &mut needs))
            }
            ToolBody::Block(block) => {
                let slot = Slot::new(&decl.name.name, self.module, Origin::Tool(block), decl.name.span);
                let id = self.slot(Slot { params: params.clone(), ..slot.giving(Some(ret.clone())) });
                hir::ToolBody::Func(u32::try_from(id).unwrap_or(u32::MAX))
            }
        };
        self.decls.tools.push(ToolSlot { decl, params, call, ret, needs, body });
        self.declare(&decl.name, Global::Tool(self.decls.tools.len() - 1));
    }

    fn capability(&mut self, need: &ast::Capability) -> Option<Capability> {
        let name = need.name.name.as_str();
        let Some((_, limited)) = CAPABILITIES.iter().find(|c| c.0 == name) else {
            let known = CAPABILITIES.iter().map(|c| c.0);
            let nearest = self.nearest(name, known);
            let hint = match &nearest {
                Some(near) => format!("did you mean `{near}`?"),
                None => "the capabilities are run, net, read, write and env".to_owned(),
            };
            let diag = Diag::new("E0700", need.name.span, format!("there is no capability `{name}`"));
            self.report(diag.hint(hint).perhaps(need.name.span, nearest.as_deref()));
            return None;
        };
        let limit = match &need.limit {
            Some(limit) if *limited => Some(self.fixed(limit, "a limit")?),
            Some(limit) => {
                let diag = Diag::new("E0700", limit.span, format!("`{name}` takes no limit"));
                self.report(diag.hint("net, read, write and env do: net(\"example.org\")"));
                return None;
            }
            None => None,
        };
        Some(Capability { name: name.to_owned(), limit })
    }

    /// The text of a string that must not hold holes; `what` names it in the finding.
    pub(super) fn fixed(&mut self, text: &Text, what: &str) -> Option<String> {
        let literal = text.literal();
        if literal.is_none() {
            let diag = Diag::new("E0025", text.span, format!("{what} cannot contain `{{{{ }}}}`"));
            self.report(diag.hint("write the text itself"));
        }
        literal
    }

    /// `exec`, `http` or `mcp`, and what each needs by its nature.
    fn adapter(&mut self, kind: &Ident, target: &Text, needs: &mut Vec<Capability>) -> ir::ToolBody {
        let Some(text) = self.fixed(target, "what a tool runs") else { return ir::ToolBody::Host };
        let span = target.span;
        match kind.name.as_str() {
            "exec" => {
                if text.trim().is_empty() {
                    self.bad_target(span, "the command is empty", "write a command, such as \"./search.py\"");
                }
                need(needs, "run", None);
                ir::ToolBody::Exec(text)
            }
            "http" => {
                if let Some(host) = self.http_host(&text, span) {
                    need(needs, "net", Some(host));
                }
                ir::ToolBody::Http(text)
            }
            "mcp" => {
                let halves = text.split_once('/');
                if halves.is_none_or(|(server, tool)| server.is_empty() || tool.is_empty()) {
                    self.bad_target(span, "this does not name a tool of a server", "write \"server/tool\"");
                }
                ir::ToolBody::Mcp(text)
            }
            other => {
                let nearest = self.nearest(other, ["exec", "http", "mcp"].into_iter());
                let hint = match &nearest {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "a tool is run with exec, http or mcp, or has a body in braces".to_owned(),
                };
                let diag = Diag::new("E0701", kind.span, format!("a tool cannot be run with `{other}`"));
                self.report(diag.hint(hint).perhaps(kind.span, nearest.as_deref()));
                ir::ToolBody::Host
            }
        }
    }

    fn bad_target(&mut self, span: Span, message: &str, hint: &str) {
        self.report(Diag::new("E0701", span, message).hint(hint));
    }

    /// The host of `METHOD url`; reported if it is none.
    fn http_host(&mut self, text: &str, span: Span) -> Option<String> {
        let hint = "write a method and an address: \"GET https://example.org/search\"";
        let (method, url) = text.split_once(' ').unwrap_or((text, ""));
        if !METHODS.contains(&method) {
            let known = format!("the methods are {}", METHODS.join(", "));
            let hint = if url.is_empty() { hint.to_owned() } else { known };
            self.bad_target(span, &format!("there is no method `{method}`"), &hint);
            return None;
        }
        let rest = url.trim().strip_prefix("https://").or_else(|| url.trim().strip_prefix("http://"));
        let host = rest.map(|r| r.split(['/', '?', '#']).next().unwrap_or(""));
        let host = host.map(|h| h.rsplit('@').next().unwrap_or(h)).filter(|h| !h.is_empty());
        if host.is_none() {
            self.bad_target(span, &format!("`{}` is not an address", url.trim()), hint);
        }
        host.map(str::to_owned)
    }

    pub(super) fn collect_test(&mut self, decl: &'a ast::TestDecl) {
        let name = self.fixed(&decl.name, "the name of a test").unwrap_or_default();
        let span = decl.name.span;
        if let Some(first) = self.decls.tests.iter().find(|t| t.name == name) {
            let first = first.span;
            let diag = Diag::new("E0102", span, format!("the test `{name}` is declared twice"));
            self.report(diag.label(first, "first here").hint("give one of them another name"));
        }
        let model = match &decl.model {
            None => TestModel::Default,
            Some(ast::TestModel::Named(name)) => {
                self.model_named(name).map_or(TestModel::Default, TestModel::Named)
            }
            Some(ast::TestModel::Script(rules)) => {
                TestModel::Script(rules.iter().filter_map(|r| self.script_rule(r)).collect())
            }
        };
        let func = self.slot(Slot::new(&name, self.module, Origin::Test(&decl.body), span));
        self.decls.tests.push(TestSlot { name, func, model, span });
    }

    fn script_rule(&mut self, rule: &ScriptRule) -> Option<ir::ScriptRule> {
        let answer = self.fixed(&rule.answer, "a script's answer")?;
        let prompt = match &rule.prompt {
            ScriptPrompt::Text(text) => ir::ScriptPrompt::Text(self.fixed(text, "a script's prompt")?),
            ScriptPrompt::Regex(regex) => {
                self.search_regex_is_good(&regex.pattern, regex.span).then_some(())?;
                ir::ScriptPrompt::Regex(regex.pattern.clone())
            }
        };
        Some(ir::ScriptRule { prompt, answer })
    }

    pub(super) fn tools_of_hir(&self) -> Vec<hir::Tool> {
        let param =
            |p: &Param| (p.name.name.clone(), p.ty.clone(), p.default.and_then(|d| u32::try_from(d).ok()));
        let tool = |t: &ToolSlot<'_>| hir::Tool {
            name: t.decl.name.name.clone(),
            params: t.params.iter().map(param).collect(),
            ret: t.ret.clone(),
            needs: t.needs.clone(),
            body: t.body.clone(),
            span: t.decl.name.span,
        };
        self.decls.tools.iter().map(tool).collect()
    }

    pub(super) fn tests_of_hir(&self) -> Vec<hir::Test> {
        let test = |t: &TestSlot| hir::Test {
            name: t.name.clone(),
            func: u32::try_from(t.func).unwrap_or(u32::MAX),
            model: t.model.clone(),
            chat: self.reaches_role(t.func),
            span: t.span,
        };
        self.decls.tests.iter().map(test).collect()
    }
}

/// A tool in a list of those that a model may call.
pub(super) struct Listed {
    pub(super) id: u32,
    name: String,
    /// How the list names it.
    path: Path,
}

impl Checker<'_> {
    /// Adds a tool to a list, unless it is there; says whether it is new. Two of one name cannot be told apart by a model,
    /// which calls tools by their own names.
    pub(super) fn list_tool(&mut self, listed: &mut Vec<Listed>, tool: &ToolInfo, path: &Path) -> bool {
        let name = &tool.name;
        if listed.iter().any(|other| other.id == tool.id) {
            let diag = Diag::new("E0213", path.span, format!("the tool `{name}` is listed twice"));
            self.report(diag.hint("remove one of them"));
            return false;
        }
        if let Some(other) = listed.iter().find(|other| other.name == *name) {
            let message = format!("`{}` and `{path}` are two tools of the name `{name}`", other.path);
            let diag = Diag::new("E0702", path.span, message).label(other.path.span, "the other one");
            self.report(diag.hint("a model calls a tool by its own name: give one of the two another name"));
        }
        listed.push(Listed { id: tool.id, name: name.clone(), path: path.clone() });
        true
    }
}

/// What a model writes that calls a tool: its name and its arguments, where those with a default may be left out.
fn call_of(name: &str, params: &[Param], infos: Vec<TypeInfo>) -> Option<Spec> {
    let field = |name: &str, value: Spec| Field { name: name.to_owned(), value, optional: false };
    let argument = |(param, info): (&Param, TypeInfo)| {
        let optional = param.default.is_some();
        Some(Field { optional, ..field(&param.name.name, info.inner()?) })
    };
    let arguments = params.iter().zip(infos).map(argument).collect::<Option<Vec<Field>>>()?;
    let tool = Spec::Literal { text: name.to_owned() };
    Some(Spec::Object {
        fields: vec![field("tool", tool), field("args", Spec::Object { fields: arguments })],
    })
}

/// Adds what a tool needs by its nature, unless it is written.
fn need(needs: &mut Vec<Capability>, name: &str, limit: Option<String>) {
    let met = |c: &Capability| c.name == name && (c.limit.is_none() || c.limit == limit);
    if !needs.iter().any(met) {
        needs.push(Capability { name: name.to_owned(), limit });
    }
}
