//! Random expressions, types and strings.

use super::{WORDS, Writer};

const REGEXES: &[&str] = &["/a/", "/[A-Z]{2}\\d{4}/", "/ # \\/ \"x\" /", "/\\{\\{/"];
const NUMBERS: &[&str] = &["0", "1", "42", "2.5", "1e5", "2.5e-3"];
const OPERATORS: &[&str] =
    &["or", "and", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "??", "+", "*", "%", "-", "/"];
const KEYS: &[&str] = &["a", "for", "type", "\"b c\"", "title", "q", "due_date", "end"];

impl Writer<'_> {
    pub(super) fn expr(&mut self) {
        let signs = self.random.below(8);
        if signs < 2 {
            self.put(if signs == 0 { "-" } else { "not" });
        }
        self.primary();
        for _ in 0..self.random.below(3) {
            self.postfix();
        }
        if self.maybe(3) && self.nests() {
            let operator = self.one(OPERATORS);
            if matches!(operator.as_str(), "-" | "/") {
                self.here(&operator)
            } else {
                self.put(&operator)
            }
            self.expr();
        }
    }

    pub(super) fn postfix(&mut self) {
        match self.random.below(6) {
            0 => self.args(),
            1 => {
                self.here("[");
                self.expr();
                if self.maybe(2) {
                    self.put(":");
                    if self.maybe(2) {
                        self.expr();
                    }
                }
                self.put("]");
            }
            2 => {
                self.put(".");
                let word = self.one(WORDS);
                self.put(&word);
            }
            3 => {
                self.put("|");
                self.name();
                if self.maybe(2) {
                    self.args();
                }
            }
            _ => {}
        }
    }

    pub(super) fn primary(&mut self) {
        if !self.nests() {
            return self.name();
        }
        match self.random.below(16) {
            0 | 1 => {
                let number = self.one(NUMBERS);
                self.put(&number);
            }
            2..=4 => self.string(),
            5 => {
                let literal = self.one(&["true", "false", "null"]);
                self.put(&literal);
            }
            6 => {
                self.space(true);
                self.list("[", "]", ",", |w| if w.maybe(5) { w.spread() } else { w.expr() });
            }
            7 | 8 => self.record(),
            9 => {
                self.put("(");
                self.expr();
                self.put(")");
            }
            10 => self.if_expr(),
            11 => {
                self.put("fork");
                if self.maybe(2) {
                    self.name();
                    self.put("in");
                }
                self.expr();
                self.block();
            }
            12 => {
                self.put("aside");
                self.block();
            }
            13 => {
                self.put("embed");
                self.put("\"f.json\"");
            }
            14 => {
                let (divided, by) = (self.one(&["n", "7", "(xs)"]), self.one(&["2", "n", "(4)", "-1"]));
                self.put(&divided);
                self.here("//");
                self.here(&by);
            }
            _ => self.name(),
        }
    }

    fn spread(&mut self) {
        let taken = self.one(&["...xs", "...[1]", "...(a)", "...lib"]);
        self.put(&taken);
        self.postfix();
    }

    pub(super) fn if_expr(&mut self) {
        self.put("if");
        self.expr();
        loop {
            self.put("{");
            self.expr();
            self.put("}");
            self.put("else");
            if !self.maybe(4) {
                break;
            }
            self.put("if");
            self.expr();
        }
        self.put("{");
        self.expr();
        self.put("}");
    }

    pub(super) fn record(&mut self) {
        let comma = self.one(&[",", ",", "\n"]);
        let comma = if self.flat { "," } else { comma.as_str() };
        self.space(true);
        self.list("{", "}", comma, |w| {
            match w.random.below(8) {
                0 => return w.spread(),
                1 => {
                    w.put("[");
                    w.expr();
                    w.put("]");
                }
                _ => {
                    let key = w.one(KEYS);
                    w.put(&key);
                }
            }
            w.put(":");
            w.expr();
        });
    }

    pub(super) fn record_type(&mut self) {
        let comma = self.one(&[",", " ", "\n"]);
        let comma = if self.flat { " " } else { comma.as_str() };
        self.space(true);
        self.list("{", "}", comma, |w| {
            let key = w.one(KEYS);
            w.put(&key);
            w.put(":");
            w.type_expr();
            if w.maybe(3) {
                w.put("?");
            }
        });
    }

    pub(super) fn type_expr(&mut self) {
        self.type_member();
        while self.maybe(4) {
            let sign = self.one(&["|", "|", "&"]);
            self.put(&sign);
            self.type_member();
        }
    }

    pub(super) fn type_member(&mut self) {
        match self.random.below(17) {
            14 => {
                let word = self.one(&["contains", "starts", "ends"]);
                self.put(&word);
                self.here("(");
                self.expr();
                self.put(")");
            }
            15 => {
                self.put("not");
                let inner = self.one(&["\"low\"", "/[a-z]+/", "Ticket", "(str | \"a\")", "contains(x)"]);
                self.put(&inner);
            }
            16 if self.nests() => self.template(),
            0 => {
                let literal = self.one(&["\"low\"", "3", "-2.5", "true", "null"]);
                self.put(&literal);
            }
            1 => {
                let regex = self.one(REGEXES);
                self.put(&regex);
            }
            2 | 3 if self.nests() => self.record_type(),
            4 => {
                self.put("(");
                self.type_expr();
                self.put(")");
            }
            5 => {
                let word = self.one(&["json", "map"]);
                self.put(&word);
                self.here("(");
                self.type_expr();
                self.put(")");
            }
            6 => {
                let word = self.one(&["copy", "one_of"]);
                self.put(&word);
                self.here("(");
                self.expr();
                self.put(")");
            }
            7 => {
                let word = self.one(&["schema", "grammar"]);
                self.put(&word);
                self.string();
            }
            _ => {
                let name = self.one(&["str", "int", "Ticket", "lib.T", "json"]);
                self.put(&name);
                self.bounds();
            }
        }
        while self.maybe(4) {
            self.here("[");
            self.here("]");
            self.bounds();
        }
    }

    /// A string with holes that hold types.
    fn template(&mut self) {
        let holes = 1 + self.random.below(2);
        let flat = std::mem::replace(&mut self.flat, true);
        self.put("\"a ");
        for _ in 0..holes {
            self.out.push_str("{{");
            if self.maybe(2) {
                self.put("part");
                self.put(":");
            }
            self.type_expr();
            self.put("}}");
            self.out.push_str(" b");
        }
        self.out.push('"');
        self.flat = flat;
    }

    pub(super) fn bounds(&mut self) {
        if self.maybe(3) {
            self.here("(");
            self.bound();
            self.put("..");
            self.bound();
            self.put(")");
        }
    }

    pub(super) fn bound(&mut self) {
        match self.random.below(4) {
            0 => self.put("-1"),
            1 => self.put("80"),
            _ => {}
        }
    }

    pub(super) fn string(&mut self) {
        if self.maybe(3) { self.long_string() } else { self.short_string() }
    }

    pub(super) fn short_string(&mut self) {
        self.put("\"");
        for _ in 0..self.random.below(4) {
            if self.maybe(3) && self.nests() {
                let flat = std::mem::replace(&mut self.flat, true);
                self.hole();
                self.flat = flat;
            } else {
                let text = self.one(&["a ", "\\n", "\\{{", "# no", "{x}", "}}", "\\\"", "é", "\t", "  "]);
                self.out.push_str(&text);
            }
        }
        self.out.push('"');
    }

    pub(super) fn long_string(&mut self) {
        self.put("\"\"\"");
        for _ in 0..self.random.below(8) {
            if self.maybe(4) && self.nests() {
                self.hole();
                continue;
            }
            let text = match self.random.below(18) {
                0..=3 if !self.flat => "\n    ",
                4 if !self.flat => "\n  ",
                5 if !self.flat => "\n",
                6 if !self.flat => "\n\t",
                7 if !self.flat => "\r\n    ",
                8 if !self.flat => " \n      \n  ",
                9 => "\\{{",
                10 => "\\\"\"\" ",
                11 => "\"x\" ",
                12 => "  ",
                13 => "\\\\n",
                14 => "\r",
                _ => "text ",
            };
            self.out.push_str(text);
        }
        self.out.push_str("\"\"\"");
    }

    pub(super) fn hole(&mut self) {
        self.out.push_str("{{");
        self.holes += 1;
        if self.maybe(4) {
            self.generation();
        } else if self.maybe(6) {
            self.put("if");
            self.expr();
            self.put("{");
            self.expr();
            self.put("}");
        } else {
            self.expr();
        }
        self.holes -= 1;
        self.put("}}");
    }
}
