//! The builder: imports, tools and tests.

use super::build::Builder;
use super::{Pair, Rule};
use crate::ast::{
    Block, Capability, Import, ImportNames, ScriptPrompt, ScriptRule, TestDecl, TestModel, Text, ToolBody,
    ToolDecl,
};

impl Builder {
    fn empty(&self, pair: &Pair<'_>) -> Text {
        Text { parts: Vec::new(), span: self.span(pair) }
    }

    pub(super) fn import_item(&mut self, pair: Pair<'_>) -> Import {
        let span = self.span(&pair);
        let mut path = self.empty(&pair);
        let (mut names, mut only) = (Vec::new(), false);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::string => path = self.text(part),
                Rule::lbrace => only = true,
                Rule::ident => names.push(self.ident(&part)),
                _ => {}
            }
        }
        let names = match names.pop() {
            Some(name) if !only => ImportNames::As(name),
            last => {
                names.extend(last);
                ImportNames::Only(names)
            }
        };
        Import { path, names, span }
    }

    pub(super) fn tool_item(&mut self, pair: Pair<'_>) -> ToolDecl {
        let span = self.span(&pair);
        let (mut name, mut params, mut ret, mut needs) = (self.missing(&pair), Vec::new(), None, Vec::new());
        let (mut body, mut kind) = (ToolBody::Host, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident => name = self.ident(&part),
                Rule::params => params = self.params(part),
                Rule::result => ret = part.into_inner().next().map(|t| self.type_expr(t)),
                Rule::needs => needs = self.capabilities(part),
                Rule::word => kind = Some(self.ident(&part)),
                Rule::string => {
                    let target = self.text(part);
                    body = kind.take().map_or(ToolBody::Host, |kind| ToolBody::Adapter { kind, target });
                }
                Rule::block => body = ToolBody::Block(self.block(part)),
                _ => {}
            }
        }
        ToolDecl { name, params, ret, needs, body, span }
    }

    fn capabilities(&mut self, pair: Pair<'_>) -> Vec<Capability> {
        let parts = pair.into_inner().filter(|p| p.as_rule() == Rule::capability);
        parts.map(|p| self.capability(p)).collect()
    }

    fn capability(&mut self, pair: Pair<'_>) -> Capability {
        let span = self.span(&pair);
        let (mut name, mut limit) = (self.missing(&pair), None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::word => name = self.ident(&part),
                Rule::string => limit = Some(self.text(part)),
                _ => {}
            }
        }
        Capability { name, limit, span }
    }

    pub(super) fn test_item(&mut self, pair: Pair<'_>) -> TestDecl {
        let span = self.span(&pair);
        let (mut name, mut model) = (self.empty(&pair), None);
        let mut body = Block { stmts: Vec::new(), span };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::string => name = self.text(part),
                Rule::test_with => model = Some(self.test_model(part)),
                Rule::block => body = self.block(part),
                _ => {}
            }
        }
        TestDecl { name, model, body, span }
    }

    fn test_model(&mut self, pair: Pair<'_>) -> TestModel {
        let mut rules = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident => return TestModel::Named(self.ident(&part)),
                Rule::script_rule => rules.push(self.script_rule(part)),
                _ => {}
            }
        }
        TestModel::Script(rules)
    }

    fn script_rule(&mut self, pair: Pair<'_>) -> ScriptRule {
        let span = self.span(&pair);
        let mut texts = Vec::new();
        let mut regex = None;
        let none = self.empty(&pair);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::string => texts.push(self.text(part)),
                Rule::regex => regex = Some(self.regex(&part)),
                _ => {}
            }
        }
        let answer = texts.pop().unwrap_or(none.clone());
        let prompt = match regex {
            Some(regex) => ScriptPrompt::Regex(regex),
            None => ScriptPrompt::Text(texts.pop().unwrap_or(none)),
        };
        ScriptRule { prompt, answer, span }
    }
}
