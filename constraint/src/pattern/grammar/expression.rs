//! The right-hand side of a Lark definition.

use std::rc::Rc;

use super::lark::{Parser, is_name};
use super::{Fault, Item, Span, Use};

impl Parser<'_> {
    pub(super) fn alternatives(&mut self) -> Result<Item, Fault> {
        let mut items = Vec::new();
        loop {
            items.push(self.sequence()?);
            if self.scanner.take("->") {
                self.space();
                if self.scanner.take_while(is_name).is_empty() {
                    return Err(self.scanner.unexpected("a name", "an alias is written -> name"));
                }
                self.space();
            }
            if !self.scanner.take("|") {
                return Ok(Item::any(items));
            }
        }
    }

    fn sequence(&mut self) -> Result<Item, Fault> {
        let mut items = Vec::new();
        loop {
            self.space();
            let begins = |c: char| is_name(c) || matches!(c, '"' | '/' | '(' | '[');
            match self.scanner.peek() {
                Some(c) if begins(c) && !self.at_definition() => {
                    let item = self.atom()?;
                    items.push(self.repeats(item)?);
                }
                Some(c @ ('*' | '+' | '?' | '~')) if !self.at_definition() => {
                    let reason = format!("nothing stands before {c:?}");
                    return Err(self.scanner.fault(
                        self.scanner.at(),
                        reason,
                        "write what is repeated before it",
                    ));
                }
                _ => return Ok(Item::seq(items)),
            }
        }
    }

    /// Whether a definition begins here, `?name.2:` or `name{x}:` at the beginning of a line.
    fn at_definition(&mut self) -> bool {
        if self.scanner.depth > 0 || !self.scanner.is_at_line_start() {
            return false;
        }
        let at = self.scanner.at();
        self.scanner.take_while(|c| c == '?' || c == '!');
        let named = !self.scanner.take_while(is_name).is_empty();
        if self.scanner.take("{") {
            self.scanner.take_while(|c| is_name(c) || c == ',' || c == ' ');
            self.scanner.take("}");
        }
        self.scanner.take_while(|c| c == '.' || c == '-' || c.is_ascii_digit());
        self.blanks();
        let defines = named && self.scanner.peek() == Some(':');
        self.scanner.go_to(at);
        defines
    }

    fn atom(&mut self) -> Result<Item, Fault> {
        let from = self.scanner.at();
        match self.scanner.peek() {
            Some('"') => self.text_or_range(from),
            Some('/') => self.regex(from),
            Some('(') => self.group(from, ")"),
            Some('[') => Ok(Item::Repeat(Box::new(self.group(from, "]")?), 0, Some(1))),
            _ => self.reference(from),
        }
    }

    fn group(&mut self, from: usize, close: &str) -> Result<Item, Fault> {
        self.scanner.next();
        self.scanner.open(from)?;
        self.space();
        let item = self.alternatives()?;
        if !self.scanner.take(close) {
            return Err(self.scanner.unexpected(&format!("`{close}`"), "close the bracket"));
        }
        self.scanner.depth -= 1;
        Ok(item)
    }

    /// A name, a parameter of the template around, or a template with its arguments.
    fn reference(&mut self, from: usize) -> Result<Item, Fault> {
        let text = self.scanner.take_while(is_name);
        if text.is_empty() {
            let hint = "write a text in quotes, a /regex/, a name or a bracket";
            return Err(self.scanner.unexpected("a part of a rule", hint));
        }
        if let Some(at) = self.parameters.iter().position(|parameter| *parameter == text) {
            return Ok(Item::Parameter(at as u32));
        }
        let template = self.used(text, from)?;
        if !self.scanner.take("{") {
            return Ok(Item::Name(template));
        }
        self.scanner.open(from)?;
        let mut arguments = Vec::new();
        loop {
            self.space();
            arguments.push(self.alternatives()?);
            if !self.scanner.take(",") {
                break;
            }
        }
        if !self.scanner.take("}") {
            return Err(self.scanner.unexpected("`}`", "a template is used as name{first, second}"));
        }
        self.scanner.depth -= 1;
        Ok(Item::Apply(Rc::new(Use { template, arguments, span: Span { from, to: self.scanner.at() } })))
    }

    /// `"text"`, `"text"i`, `"a".."z"`
    fn text_or_range(&mut self, from: usize) -> Result<Item, Fault> {
        self.scanner.next();
        let first = self.scanner.quoted(from)?;
        if !self.scanner.take("..") {
            let any_case = self.scanner.starts_with("i") && {
                let at = self.scanner.at();
                let alone = self.scanner.take_while(is_name) == "i";
                self.scanner.go_to(at + usize::from(alone));
                alone
            };
            return if any_case { self.scanner.any_case(&first, from) } else { Ok(Item::Text(first.into())) };
        }
        let second_from = self.scanner.at();
        let second = if self.scanner.take("\"") { self.scanner.quoted(second_from)? } else { String::new() };
        let single = |text: &str| {
            let mut chars = text.chars();
            chars.next().filter(|_| chars.next().is_none())
        };
        match (single(&first), single(&second)) {
            (Some(low), Some(high)) if low <= high => self.scanner.class([(low, high)], false, from),
            _ => {
                let reason = "a range goes from one character to a later one";
                Err(self.scanner.fault(from, reason, "write it as \"a\"..\"z\""))
            }
        }
    }

    /// `/pattern/flags`
    fn regex(&mut self, from: usize) -> Result<Item, Fault> {
        self.scanner.next();
        let mut pattern = String::new();
        loop {
            pattern.push_str(self.scanner.take_while(|c| !matches!(c, '/' | '\\' | '\n')));
            let at = self.scanner.at();
            match (self.scanner.next(), self.scanner.peek()) {
                (Some('/'), _) => break,
                (Some('\\'), Some('/')) => {}
                (Some('\\'), Some(c)) if c != '\n' => pattern.push('\\'),
                _ => {
                    self.scanner.go_to(at);
                    let hint = "write a `/` at its end; a slash within it is \\/, a line break \\n";
                    return Err(self.scanner.fault(from, "this regular expression is not closed", hint));
                }
            }
            pattern.extend(self.scanner.next());
        }
        let flags = self.scanner.take_while(|c| "imsxu".contains(c)).replace('u', "");
        if self.scanner.peek().is_some_and(is_name) {
            let reason = "this regular expression has an unknown flag";
            return Err(self.scanner.fault(from, reason, "the flags are i, m, s, x and u"));
        }
        let pattern = if flags.is_empty() { pattern } else { format!("(?{flags}:{pattern})") };
        self.scanner.pattern(pattern, from)
    }

    /// `*`, `+`, `?`, `~n`, `~n..m`, in the line of what they repeat.
    fn repeats(&mut self, mut item: Item) -> Result<Item, Fault> {
        let mut times = 0;
        loop {
            let at = self.scanner.at();
            self.blanks();
            let from = self.scanner.at();
            let (min, max) = match self.scanner.next() {
                Some('*') => (0, None),
                Some('+') => (1, None),
                Some('?') => (0, Some(1)),
                Some('~') => self.bounds(from)?,
                _ => {
                    self.scanner.go_to(at);
                    return Ok(item);
                }
            };
            times += 1;
            if times > 16 {
                return Err(self.scanner.fault(
                    from,
                    "more than 16 repeats of one thing",
                    "one or two will do",
                ));
            }
            item = Item::Repeat(Box::new(item), min, max);
        }
    }

    fn bounds(&mut self, from: usize) -> Result<(u32, Option<u32>), Fault> {
        self.blanks();
        let min = self.scanner.number()?;
        let at = self.scanner.at();
        self.blanks();
        let mut max = min;
        if self.scanner.take("..") {
            self.blanks();
            max = self.scanner.number()?;
        } else {
            self.scanner.go_to(at);
        }
        self.scanner.bounds(from, min, Some(max))
    }
}
