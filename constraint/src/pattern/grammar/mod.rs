//! Context-free grammars: rules over texts and regular expressions, in two notations.
//!
//! A grammar here is a language of texts, not of tokens: there is no lexer that would prefer the longest
//! match, so `("list" | "listen") "ed"` derives `listed`. Ignored text (white space, comments) may occur
//! before every terminal of a rule and at the end.
//!
//! [`lark`] and [`gbnf`] read a notation into a common form, [`template`] expands templates, [`plan`] decides
//! which definitions are called and which are written out where they are used, and [`emit`] turns the result
//! into instructions.

mod common;
mod emit;
mod expression;
mod gbnf;
mod lark;
mod names;
mod plan;
mod scan;
mod template;

use std::rc::Rc;

use regex_syntax::hir::Hir;

use self::names::Names;
use super::compile::Compiler;
use super::program::Pc;
use crate::error::BuildError;
use crate::limits::Limits;
use crate::spec::{GrammarSyntax, Named};

/// A place in a grammar's text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    from: usize,
    to: usize,
}

/// A finding about a grammar, and what to write instead.
#[derive(Debug)]
struct Fault {
    span: Span,
    reason: String,
    hint: String,
}

/// Number of a name.
type Name = u32;

/// A part of a rule.
#[derive(Debug, Clone)]
enum Item {
    /// Fixed text.
    Text(Box<str>),
    /// What a regular expression matches.
    Pattern(Rc<Hir>),
    /// What the definition of a name derives.
    Name(Name),
    /// One of the specs that came with the grammar.
    Part(u32),
    /// A use of a template.
    Apply(Rc<Use>),
    /// A parameter of the template around.
    Parameter(u32),
    Seq(Vec<Item>),
    Any(Vec<Item>),
    Repeat(Box<Item>, u32, Option<u32>),
}

impl Item {
    fn seq(mut items: Vec<Item>) -> Item {
        if items.len() == 1 { items.remove(0) } else { Item::Seq(items) }
    }

    fn any(mut items: Vec<Item>) -> Item {
        if items.len() == 1 { items.remove(0) } else { Item::Any(items) }
    }
}

/// `name{argument, …}`
#[derive(Debug)]
struct Use {
    template: Name,
    arguments: Vec<Item>,
    span: Span,
}

/// What a name stands for.
#[derive(Debug)]
struct Definition {
    item: Item,
    /// How many parameters it has; a template has some.
    parameters: u32,
    /// Whether it is read as one, with nothing ignored within.
    terminal: bool,
}

/// A grammar as written.
#[derive(Debug)]
struct Grammar<'t> {
    names: Names<'t>,
    /// By name. Templates are none once they are written out.
    definitions: Vec<Option<Definition>>,
    start: Name,
    /// What may stand between terminals.
    ignored: Vec<Item>,
}

impl<'t> Grammar<'t> {
    /// Gives a name that comes with the grammar its meaning.
    fn define_part(&mut self, text: &'t str, number: u32) -> Result<(), Fault> {
        let name = self.names.get(text);
        let at = name as usize;
        if self.definitions.len() <= at {
            self.definitions.resize_with(at + 1, || None);
        }
        let definition = Definition { item: Item::Part(number), parameters: 0, terminal: true };
        if self.definitions[at].replace(definition).is_some() {
            return Err(Fault {
                span: self.names.place(name),
                reason: format!("`{text}` is defined here, and comes with the grammar"),
                hint: "give one of the two another name".to_owned(),
            });
        }
        Ok(())
    }

    fn definition(&self, name: Name) -> Option<&Definition> {
        self.definitions.get(name as usize).and_then(Option::as_ref)
    }
}

impl<'s> Compiler<'s, '_, '_> {
    /// What a grammar derives, then `next`; inside JSON as the text of a string. `parts` define further names.
    pub(super) fn grammar(
        &mut self,
        source: &str,
        syntax: GrammarSyntax,
        parts: &'s [Named],
        in_json: bool,
        next: Pc,
    ) -> Result<Pc, BuildError> {
        let limits = self.builder.limits();
        let grammar = parse(source, syntax, parts, limits).map_err(|fault| located(source, fault))?;
        emit::emit(self, &grammar, parts, in_json, next)
    }
}

fn parse<'t>(
    source: &'t str,
    syntax: GrammarSyntax,
    parts: &'t [Named],
    limits: &Limits,
) -> Result<Grammar<'t>, Fault> {
    let mut grammar = match syntax {
        GrammarSyntax::Lark => lark::parse(source, limits)?,
        GrammarSyntax::Gbnf => gbnf::parse(source, limits)?,
    };
    for (number, part) in parts.iter().enumerate() {
        grammar.define_part(&part.name, number as u32)?;
    }
    grammar.names.check(&grammar.definitions)?;
    template::write_out(&mut grammar, limits.grammar_parts)?;
    Ok(grammar)
}

fn located(source: &str, fault: Fault) -> BuildError {
    let Fault { span: Span { from, to }, reason, hint } = fault;
    let before = source.get(..from).unwrap_or(source);
    let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
    let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
    BuildError::Grammar { reason, hint, line, column, span: from..to }
}
