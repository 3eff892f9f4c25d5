//! The notation of llama.cpp: `root ::= "a" [b-d]* ( x | y ){2,3}`.

use super::names::Names;
use super::scan::Scanner;
use super::{Definition, Fault, Grammar, Item, Span};
use crate::limits::Limits;

pub(super) fn parse<'t>(source: &'t str, limits: &Limits) -> Result<Grammar<'t>, Fault> {
    let (names, definitions) = (Names::default(), Vec::new());
    let mut parser = Parser { scanner: Scanner::new(source, limits), names, definitions };
    parser.space(true);
    while parser.scanner.peek().is_some() {
        parser.definition()?;
    }
    let start = parser.names.get("root");
    if parser.definitions.get(start as usize).is_none_or(Option::is_none) {
        let hint = "the grammar derives what `root` does: write root ::= …";
        return Err(parser.scanner.fault(0, "there is no rule `root`", hint));
    }
    Ok(Grammar { names: parser.names, definitions: parser.definitions, start, ignored: Vec::new() })
}

struct Parser<'t> {
    scanner: Scanner<'t>,
    names: Names<'t>,
    definitions: Vec<Option<Definition>>,
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

impl<'t> Parser<'t> {
    /// White space and comments, over the ends of lines or up to one.
    fn space(&mut self, lines: bool) {
        loop {
            self.scanner.take_while(|c| c.is_whitespace() && (lines || c != '\n'));
            if self.scanner.peek() != Some('#') {
                return;
            }
            self.scanner.take_while(|c| c != '\n');
        }
    }

    fn definition(&mut self) -> Result<(), Fault> {
        let from = self.scanner.at();
        let text = self.scanner.take_while(is_name);
        if text.is_empty() {
            return Err(self.scanner.unexpected("the name of a rule", "a rule is written name ::= …"));
        }
        let name = self.names.get(text) as usize;
        if self.definitions.get(name).is_some_and(Option::is_some) {
            let reason = format!("`{text}` is defined twice");
            return Err(self.scanner.fault(
                from,
                reason,
                "put its alternatives into one rule, with `|` between",
            ));
        }
        self.space(false);
        if !self.scanner.take("::=") {
            let wanted = format!("`::=` behind `{text}`");
            return Err(self.scanner.unexpected(&wanted, "a rule is written name ::= …"));
        }
        self.space(true);
        let item = self.alternatives()?;
        self.space(false);
        if let Some(c) = self.scanner.peek().filter(|&c| c != '\n') {
            let hint = "put a text in quotes, and each rule in a line of its own";
            return Err(self.scanner.fault(self.scanner.at(), format!("{c:?} has no place here"), hint));
        }
        self.space(true);
        if self.definitions.len() <= name {
            self.definitions.resize_with(name + 1, || None);
        }
        self.definitions[name] = Some(Definition { item, parameters: 0, terminal: false });
        Ok(())
    }

    fn alternatives(&mut self) -> Result<Item, Fault> {
        let mut items = vec![self.sequence()?];
        while self.scanner.take("|") {
            self.space(true);
            items.push(self.sequence()?);
        }
        Ok(Item::any(items))
    }

    /// Parts up to the end of the line, if no bracket is open and the next line does not begin with `|`.
    fn sequence(&mut self) -> Result<Item, Fault> {
        let mut items = Vec::new();
        loop {
            let at = self.scanner.at();
            self.space(true);
            let ended = self.scanner.depth == 0 && self.scanner.peek() != Some('|');
            if ended {
                self.scanner.go_to(at);
                self.space(false);
            }
            match self.scanner.peek() {
                Some(c) if is_name(c) || matches!(c, '"' | '[' | '.' | '(') => {
                    let item = self.atom()?;
                    items.push(self.repeats(item)?);
                }
                Some(c @ ('*' | '+' | '?' | '{')) => {
                    let hint = "write what is repeated before it";
                    return Err(self.scanner.fault(
                        self.scanner.at(),
                        format!("nothing stands before {c:?}"),
                        hint,
                    ));
                }
                Some(c @ ('<' | '!')) => {
                    let hint = "write the text that the token stands for";
                    return Err(self.scanner.fault(
                        self.scanner.at(),
                        format!("{c:?} begins a token, and grammars here know texts only"),
                        hint,
                    ));
                }
                _ => return Ok(Item::seq(items)),
            }
        }
    }

    fn atom(&mut self) -> Result<Item, Fault> {
        let from = self.scanner.at();
        if self.scanner.take("\"") {
            return Ok(Item::Text(self.scanner.quoted(from)?.into()));
        }
        if self.scanner.take("[") {
            return self.class(from);
        }
        if self.scanner.take(".") {
            return self.scanner.class([('\0', char::MAX)], false, from);
        }
        if self.scanner.take("(") {
            self.scanner.open(from)?;
            self.space(true);
            let item = self.alternatives()?;
            if !self.scanner.take(")") {
                return Err(self.scanner.unexpected("`)`", "close the bracket"));
            }
            self.scanner.depth -= 1;
            return Ok(item);
        }
        let text = self.scanner.take_while(is_name);
        let name = self.names.used_at(text, Span { from, to: self.scanner.at() });
        Ok(Item::Name(name))
    }

    /// `[^a-z\n]`: characters and ranges of them; a `-` at either end is itself.
    fn class(&mut self, from: usize) -> Result<Item, Fault> {
        let negated = self.scanner.take("^");
        let mut ranges = Vec::new();
        while let Some(low) = self.class_char(from)? {
            let at = self.scanner.at();
            let high = match self.scanner.take("-") {
                true if self.scanner.peek() == Some(']') => {
                    self.scanner.go_to(at);
                    low
                }
                true => self.class_char(from)?.unwrap_or(low),
                false => low,
            };
            if high < low {
                let reason = format!("the range {low:?}-{high:?} is the wrong way round");
                return Err(self.scanner.fault(at, reason, "write the smaller character first"));
            }
            ranges.push((low, high));
        }
        if ranges.is_empty() && !negated {
            return Err(self.scanner.fault(
                from,
                "this class is empty",
                "write characters, such as [a-z0-9]",
            ));
        }
        self.scanner.class(ranges, negated, from)
    }

    /// The next character of a class; `None` at its end.
    fn class_char(&mut self, from: usize) -> Result<Option<char>, Fault> {
        let at = self.scanner.at();
        match self.scanner.next() {
            Some(']') => Ok(None),
            Some('\\') => Ok(Some(self.scanner.escape(at)?)),
            Some(c) if c != '\n' => Ok(Some(c)),
            _ => {
                self.scanner.go_to(at);
                let hint = "write a `]` at its end; a line break within it is \\n, a bracket \\]";
                Err(self.scanner.fault(from, "this class is not closed", hint))
            }
        }
    }

    fn repeats(&mut self, mut item: Item) -> Result<Item, Fault> {
        let mut times = 0;
        loop {
            let at = self.scanner.at();
            self.space(self.scanner.depth > 0);
            let from = self.scanner.at();
            let bounds = match self.scanner.peek() {
                Some('*') => (0, None),
                Some('+') => (1, None),
                Some('?') => (0, Some(1)),
                Some('{') => {
                    self.scanner.next();
                    self.bounds(from)?
                }
                _ => {
                    self.scanner.go_to(at);
                    return Ok(item);
                }
            };
            if self.scanner.at() == from {
                self.scanner.next();
            }
            times += 1;
            if times > 16 {
                return Err(self.scanner.fault(
                    from,
                    "more than 16 repeats of one thing",
                    "one or two will do",
                ));
            }
            item = Item::Repeat(Box::new(item), bounds.0, bounds.1);
        }
    }

    /// `m}`, `m,}`, `m,n}`, `,n}`
    fn bounds(&mut self, from: usize) -> Result<(u32, Option<u32>), Fault> {
        self.space(true);
        let min = if self.scanner.peek() == Some(',') { 0 } else { self.scanner.number()? };
        self.space(true);
        let mut max = Some(min);
        if self.scanner.take(",") {
            self.space(true);
            max = if self.scanner.peek() == Some('}') { None } else { Some(self.scanner.number()?) };
            self.space(true);
        }
        if !self.scanner.take("}") {
            return Err(self.scanner.unexpected("`}`", "a repeat is written {3}, {3,} or {3,5}"));
        }
        self.scanner.bounds(from, min, max)
    }
}
