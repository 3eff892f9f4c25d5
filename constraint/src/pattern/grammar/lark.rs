//! The notation of the Lark parser generator: the structure of a file. The right-hand side of a definition is
//! in [`super::expression`].
//!
//! Supported are rules, terminals, texts, ranges, regular expressions, repeats, `[optional]` parts,
//! templates, `%import` of common terminals and `%ignore`. Marks that shape trees (`?rule`, `!rule`, `->
//! alias`) and priorities do not affect the language and are skipped. `%declare`, `%extend` and `%override`
//! are refused.

use super::common;
use super::names::{Names, nearest};
use super::scan::Scanner;
use super::{Definition, Fault, Grammar, Item, Name};
use crate::limits::Limits;

pub(super) fn parse<'t>(source: &'t str, limits: &Limits) -> Result<Grammar<'t>, Fault> {
    let mut parser = Parser {
        scanner: Scanner::new(source, limits),
        names: Names::default(),
        definitions: Vec::new(),
        ignored: Vec::new(),
        parameters: Vec::new(),
        in_terminal: false,
    };
    parser.space();
    while parser.scanner.peek().is_some() {
        if parser.scanner.take("%") {
            parser.directive()?
        } else {
            parser.definition()?
        }
        parser.space();
    }
    let start = parser.names.get("start");
    match parser.definitions.get(start as usize).and_then(Option::as_ref) {
        Some(definition) if definition.parameters == 0 => {}
        _ => {
            let hint = "the grammar derives what `start` does: write start: …";
            return Err(parser.scanner.fault(0, "there is no rule `start`", hint));
        }
    }
    let Parser { names, definitions, ignored, .. } = parser;
    Ok(Grammar { names, definitions, start, ignored })
}

pub(super) struct Parser<'t> {
    pub(super) scanner: Scanner<'t>,
    pub(super) names: Names<'t>,
    definitions: Vec<Option<Definition>>,
    ignored: Vec<Item>,
    /// Those of the template that is being read.
    pub(super) parameters: Vec<&'t str>,
    /// Whether a terminal is being read.
    pub(super) in_terminal: bool,
}

pub(super) fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Terminals are written in capital letters.
pub(super) fn is_terminal(name: &str) -> bool {
    name.trim_start_matches('_').starts_with(char::is_uppercase)
}

impl<'t> Parser<'t> {
    /// White space and comments.
    pub(super) fn space(&mut self) {
        loop {
            self.scanner.take_while(char::is_whitespace);
            if !self.scanner.starts_with("//") && self.scanner.peek() != Some('#') {
                return;
            }
            self.scanner.take_while(|c| c != '\n');
        }
    }

    /// White space within a line.
    pub(super) fn blanks(&mut self) {
        self.scanner.take_while(|c| c == ' ' || c == '\t');
    }

    /// `wanted` says what the name is one of.
    fn name(&mut self, wanted: &str, hint: &str) -> Result<&'t str, Fault> {
        let name = self.scanner.take_while(is_name);
        if name.is_empty() { Err(self.scanner.unexpected(wanted, hint)) } else { Ok(name) }
    }

    pub(super) fn expect(&mut self, sign: &str, hint: &str) -> Result<(), Fault> {
        self.space();
        if self.scanner.take(sign) {
            Ok(())
        } else {
            Err(self.scanner.unexpected(&format!("`{sign}`"), hint))
        }
    }

    /// A statement ends with its line.
    fn end_of_line(&mut self) -> Result<(), Fault> {
        self.space();
        match self.scanner.peek() {
            Some(c) if !self.scanner.is_at_line_start() => {
                let hint = "put a text in quotes, and each definition in a line of its own";
                Err(self.scanner.fault(self.scanner.at(), format!("{c:?} has no place here"), hint))
            }
            _ => Ok(()),
        }
    }

    fn directive(&mut self) -> Result<(), Fault> {
        let from = self.scanner.at() - 1;
        match self.scanner.take_while(is_name) {
            "ignore" => {
                self.space();
                self.in_terminal = true;
                let item = self.alternatives()?;
                self.in_terminal = false;
                self.ignored.push(item);
            }
            "import" => self.import()?,
            other => {
                let hint = "write the rules and terminals out in this grammar";
                return Err(self.scanner.fault(from, format!("`%{other}` is not supported"), hint));
            }
        }
        self.end_of_line()
    }

    /// `%import common.WS`, `%import common.INT -> NUMBER`, `%import common (A, B)`
    fn import(&mut self) -> Result<(), Fault> {
        const HINT: &str = "write %import common.INT, or %import common (INT, WS)";
        self.space();
        let from = self.scanner.at();
        if self.scanner.take_while(|c| is_name(c) || c == '.').split('.').next() != Some("common") {
            return Err(self.scanner.fault(from, "only the terminals of `common` can be imported", HINT));
        }
        self.scanner.go_to(from + "common".len());
        self.space();
        if !self.scanner.take("(") {
            self.expect(".", HINT)?;
            return self.import_one(true);
        }
        loop {
            self.space();
            if self.scanner.take(")") {
                return Ok(());
            }
            self.import_one(false)?;
            self.space();
            if !self.scanner.take(",") {
                return self.expect(")", HINT);
            }
        }
    }

    fn import_one(&mut self, may_be_renamed: bool) -> Result<(), Fault> {
        let from = self.scanner.at();
        let known = self.name("the name of a terminal", "write one of those of `common`, such as INT")?;
        let Some(pattern) = common::find(known) else {
            let hint = match nearest(known, common::names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", common::names().collect::<Vec<_>>().join(", ")),
            };
            return Err(self.scanner.fault(from, format!("`common` has no terminal `{known}`"), hint));
        };
        let mut name = known;
        self.blanks();
        if may_be_renamed && self.scanner.take("->") {
            self.space();
            name = self.name("a name", "write %import common.INT -> NUMBER")?;
        }
        let item = self.scanner.pattern(pattern.to_owned(), from)?;
        self.define(from, name, Definition { item, parameters: 0, terminal: true })
    }

    fn define(&mut self, from: usize, text: &'t str, definition: Definition) -> Result<(), Fault> {
        let name = self.names.get(text) as usize;
        if self.definitions.len() <= name {
            self.definitions.resize_with(name + 1, || None);
        }
        if self.definitions[name].replace(definition).is_some() {
            let hint = "put its alternatives into one definition, with `|` between";
            return Err(self.scanner.fault(from, format!("`{text}` is defined twice"), hint));
        }
        Ok(())
    }

    /// `?name{parameter, …}.priority: …`
    fn definition(&mut self) -> Result<(), Fault> {
        const HINT: &str = "a rule is written name: …, a terminal NAME: …";
        self.scanner.take_while(|c| c == '?' || c == '!');
        let from = self.scanner.at();
        let text = self.name("the name of a rule", HINT)?;
        let to = self.scanner.at();
        if self.scanner.take("{") {
            self.parameters = self.parameters()?;
        }
        if self.scanner.take(".") {
            self.scanner.take("-");
            self.scanner.number()?;
        }
        self.expect(":", HINT)?;
        self.space();
        self.in_terminal = is_terminal(text);
        let item = self.alternatives()?;
        self.end_of_line()?;
        let terminal = std::mem::take(&mut self.in_terminal);
        let parameters = std::mem::take(&mut self.parameters).len() as u32;
        let end = self.scanner.at();
        self.scanner.go_to(to);
        self.define(from, text, Definition { item, parameters, terminal })?;
        self.scanner.go_to(end);
        Ok(())
    }

    fn parameters(&mut self) -> Result<Vec<&'t str>, Fault> {
        const HINT: &str = "a template is written name{item, separator}: …";
        let mut parameters = Vec::new();
        loop {
            self.space();
            parameters.push(self.name("a parameter", HINT)?);
            self.space();
            if !self.scanner.take(",") {
                self.expect("}", HINT)?;
                return Ok(parameters);
            }
        }
    }

    /// The number of a name that is used at a place.
    pub(super) fn used(&mut self, text: &'t str, from: usize) -> Result<Name, Fault> {
        if self.in_terminal && !is_terminal(text) {
            let reason = format!("the rule `{text}` is used in a terminal");
            let hint = "write its name in capital letters, so that it is a terminal itself";
            return Err(self.scanner.fault(from, reason, hint));
        }
        Ok(self.names.used_at(text, super::Span { from, to: self.scanner.at() }))
    }
}
