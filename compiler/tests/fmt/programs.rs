//! Random programs with all constructs of the grammar, in random layout. Most of them parse; none means much.

mod values;

use crate::Random;

/// A program.
pub(crate) fn program(random: &mut Random) -> String {
    let mut writer =
        Writer { fuel: 10 + random.below(60), random, out: String::new(), flat: false, holes: 0 };
    if writer.random.once_in(20) {
        writer.out.push('\u{FEFF}');
    }
    for _ in 0..=writer.random.below(6) {
        writer.item();
        writer.end();
    }
    writer.out
}

struct Writer<'r> {
    random: &'r mut Random,
    out: String,
    /// Whether all must stay on one line, as within a `"…"`.
    flat: bool,
    /// How many holes are open.
    holes: usize,
    /// How much more may be nested.
    fuel: usize,
}

const NAMES: &[&str] =
    &["a", "xs", "city", "max", "model", "tool", "é", "input_2", "from", "test", "end", "set"];
const WORDS: &[&str] = &["for", "len", "text", "x", "with", "else"];

impl Writer<'_> {
    fn one(&mut self, all: &[&str]) -> String {
        self.random.of(all).to_owned()
    }

    fn maybe(&mut self, n: usize) -> bool {
        self.random.once_in(n)
    }

    /// Adds a token, with any white space before it.
    fn put(&mut self, token: &str) {
        self.space(true);
        self.add(token);
    }

    /// Adds a token on the line of the one before it.
    fn here(&mut self, token: &str) {
        self.space(false);
        self.add(token);
    }

    fn add(&mut self, token: &str) {
        let (last, first) = (self.out.chars().next_back(), token.chars().next());
        let (last, first) = (last.unwrap_or(' '), first.unwrap_or(' '));
        let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '"');
        let sign = |c: char| "+-*/%=<>!?.|:".contains(c);
        if word(last) && word(first) || sign(last) && sign(first) {
            self.out.push(' ');
        }
        self.out.push_str(token);
    }

    fn space(&mut self, free: bool) {
        let free = free && !self.flat;
        let white = match self.random.below(30) {
            0..=9 => "",
            10..=11 => "  ",
            12 => "\t",
            13..=15 if free => "\n",
            16 if free => "\n      ",
            17 if free => "\r\n\t",
            18 if free => "\n\n \n",
            19 if free && self.holes == 0 => " # why\n",
            20 if free && self.holes == 0 => "\n# one \n   # two\n\n",
            _ => " ",
        };
        self.out.push_str(white);
    }

    /// What stands between statements.
    fn end(&mut self) {
        let end = match self.random.below(12) {
            _ if self.flat => " ",
            0 => " ",
            1 => "\n\n\n",
            2 if self.holes == 0 => "   # done\n",
            3 if self.holes == 0 => "\n# next\n",
            4 => "\n   ",
            5 => "\r\n",
            _ => "\n",
        };
        self.out.push_str(end);
    }

    /// Whether there is fuel for something nested.
    fn nests(&mut self) -> bool {
        self.fuel = self.fuel.saturating_sub(1);
        self.fuel > 0
    }

    fn list(&mut self, open: &str, close: &str, comma: &str, item: fn(&mut Self)) {
        self.out.push_str(open);
        let n = self.random.below(4);
        for i in 0..n {
            item(self);
            if i + 1 < n || self.maybe(4) {
                self.put(comma);
            }
        }
        self.put(close);
    }

    fn item(&mut self) {
        match self.random.below(12) {
            0 => self.import(),
            1 => self.model(),
            2 => {
                self.put("const");
                self.name();
                self.typed(2);
                self.put("=");
                self.expr();
            }
            3 => self.type_item(),
            4 => self.tool(),
            5 | 6 => {
                let word = self.one(&["fn", "agent"]);
                self.put(&word);
                self.name();
                self.params();
                self.result();
                self.block();
            }
            7 => self.test(),
            8 => {
                self.put("input");
                self.name();
                self.typed(1);
                self.default();
            }
            _ => self.stmt(),
        }
    }

    fn name(&mut self) {
        let name = self.one(NAMES);
        self.put(&name);
    }

    fn typed(&mut self, n: usize) {
        if self.maybe(n) {
            self.put(":");
            self.type_expr();
        }
    }

    fn default(&mut self) {
        if self.maybe(3) {
            self.put("=");
            self.expr();
        }
    }

    fn import(&mut self) {
        self.put("import");
        if self.maybe(2) {
            self.put("\"lib/x.agent\"");
            self.put("as");
            return self.name();
        }
        self.put("{");
        self.name();
        self.put(",");
        self.name();
        self.put("}");
        self.put("from");
        self.put("\"std/y\"");
    }

    fn model(&mut self) {
        self.put("model");
        if self.maybe(3) {
            self.name();
            self.put("=");
        }
        self.put("\"smollm2\"");
        if self.maybe(2) {
            self.record();
        }
    }

    fn type_item(&mut self) {
        self.put("type");
        self.name();
        if self.maybe(3) {
            self.put("=");
            return self.type_expr();
        }
        self.record_type();
    }

    fn params(&mut self) {
        self.space(true);
        self.list("(", ")", ",", |w| {
            w.name();
            w.typed(1);
            w.default();
        });
    }

    fn result(&mut self) {
        if self.maybe(2) {
            self.put("->");
            self.type_expr();
        }
    }

    fn tool(&mut self) {
        self.put("tool");
        self.name();
        self.params();
        self.result();
        if self.maybe(2) {
            self.put("needs");
            self.put("run");
            self.put(",");
            self.put("net");
            if self.maybe(2) {
                self.put("(");
                self.put("\"host\"");
                self.put(")");
            }
        }
        if self.maybe(2) {
            self.put("=");
            self.put("exec");
            self.string();
        } else if self.maybe(2) {
            self.block();
        }
    }

    fn test(&mut self) {
        self.put("test");
        self.put("\"a name\"");
        if self.maybe(2) {
            for word in ["with", "model", "=", "script", "{"] {
                self.put(word);
            }
            for _ in 0..self.random.below(3) {
                self.out.push('\n');
                let rule = self.one(&["\"a\"", "/b/"]);
                self.put(&rule);
                self.put("=>");
                self.put("\"c\"");
                if self.maybe(2) {
                    self.put(",");
                }
            }
            self.put("}");
        }
        self.block();
    }

    fn block(&mut self) {
        self.put("{");
        for _ in 0..self.random.below(4) {
            if self.nests() {
                self.end();
                self.stmt();
            }
        }
        self.put("}");
    }

    fn stmt(&mut self) {
        match self.random.below(22) {
            0 | 1 => self.string(),
            2 => {
                self.put("let");
                self.name();
                self.typed(3);
                self.put("=");
                self.expr();
            }
            3 => {
                self.name();
                let sign = self.one(&["=", "+="]);
                self.put(&sign);
                self.expr();
            }
            4 | 5 => self.if_stmt(),
            6 => {
                self.put("for");
                self.name();
                self.put("in");
                self.expr();
                self.block();
            }
            7 => self.repeat(),
            8 => {
                self.put("while");
                self.expr();
                self.put("max");
                self.expr();
                self.block();
            }
            9 => self.try_stmt(),
            10 => {
                let word = self.one(&["break", "continue", "return", "yield", "print"]);
                self.put(&word);
            }
            11 | 12 => {
                let word = self.one(&["return", "yield", "print", "fail", "expect"]);
                self.put(&word);
                self.out.push(' ');
                self.flat_expr();
                if word == "expect" {
                    self.put(",");
                    self.string();
                }
            }
            13 | 14 => self.generation(),
            15..=18 => self.role(),
            _ => self.call(),
        }
    }

    /// An expression that begins on this line.
    fn flat_expr(&mut self) {
        let flat = std::mem::replace(&mut self.flat, true);
        self.expr();
        self.flat = flat;
    }

    fn if_stmt(&mut self) {
        self.put("if");
        self.expr();
        self.block();
        while self.maybe(4) {
            self.put("else");
            self.put("if");
            self.expr();
            self.block();
        }
        if self.maybe(2) {
            self.put("else");
            self.block();
        }
    }

    fn repeat(&mut self) {
        self.put("repeat");
        self.expr();
        if self.maybe(2) {
            self.put("as");
            self.name();
        }
        self.block();
    }

    fn try_stmt(&mut self) {
        self.put("try");
        self.block();
        if self.maybe(2) {
            self.put("else");
            if self.maybe(2) {
                self.name();
            }
            self.block();
        }
    }

    fn role(&mut self) {
        let word = self.one(&["system", "user", "assistant", "assistant", "tool"]);
        self.put(&word);
        match self.random.below(4) {
            0 => self.block(),
            1 if word != "tool" => self.generation(),
            2 if word != "tool" => self.expr(),
            _ => self.string(),
        }
    }

    fn generation(&mut self) {
        match self.random.below(4) {
            0 => {
                self.put("select");
                self.name();
                self.put("from");
                self.expr();
                if self.maybe(3) {
                    self.put("by");
                    self.put("norm");
                }
            }
            1 => {
                self.put("call");
                self.name();
                self.put(":");
                self.name();
                self.put("|");
                self.put("lib.search");
            }
            _ => {
                self.put("gen");
                self.name();
                if self.maybe(4) {
                    self.put("[");
                    self.put("]");
                }
                self.typed(2);
            }
        }
        if self.maybe(2) {
            self.put("with");
            self.option();
            while self.maybe(3) {
                self.put(",");
                self.option();
            }
        }
    }

    fn option(&mut self) {
        let name = self.one(&["max", "stop", "temp", "for"]);
        self.put(&name);
        self.put("=");
        self.expr();
    }

    fn call(&mut self) {
        self.name();
        self.args();
    }

    fn args(&mut self) {
        self.space(false);
        self.list("(", ")", ",", |w| {
            if w.maybe(4) {
                let word = w.one(WORDS);
                w.put(&word);
                w.put("=");
            }
            w.expr();
        });
    }
}
