//! Programs about unions of records, which tests of a field tell apart.

use agentc_compiler::ir::{BlockId, Program};

use super::common::random::Random;
use super::machine::{Machine, Value};

const HEAD: &str = "type S = {k: \"a\", x: int} | {k: \"b\", y: int} | {k: \"c\" | \"d\", y: int, on: bool} | {k: null, z: int, in: {t: 1, v: int} | {t: 2, w: int}}\n\
                    input s: S\ninput r: S\ninput c: bool\n";

struct Writer {
    random: Random,
    /// Loops around the place.
    loops: usize,
    out: String,
}

impl Writer {
    fn say(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push(' ');
    }

    fn cond(&mut self, depth: u64) -> String {
        match self.random.below(if depth == 0 { 8 } else { 12 }) {
            0 | 1 => format!("s.k == {}", self.random.of(&["\"a\"", "\"b\"", "\"c\"", "null"])),
            2 | 3 => format!("s.k != {}", self.random.of(&["\"a\"", "\"b\"", "\"d\"", "null"])),
            4 => self
                .random
                .of(&["s.k in [\"a\", \"c\"]", "s.k in [\"b\"]", "s.k not in [\"a\", \"b\"]"])
                .to_owned(),
            5 => self.random.of(&["r.k == \"a\"", "\"b\" != r.k"]).to_owned(),
            6 => self.random.of(&["c", "s.k == r.k"]).to_owned(),
            7 => {
                let of = ["c", "r.k in [\"a\", \"b\"]", "s.k != null and s.k != \"a\"", "s.in.t == 1"];
                self.random.of(&of).to_owned()
            }
            8 => format!("not ({})", self.cond(depth - 1)),
            9 | 10 => format!("({}) and ({})", self.cond(depth - 1), self.cond(depth - 1)),
            _ => format!("({}) or ({})", self.cond(depth - 1), self.cond(depth - 1)),
        }
    }

    fn block(&mut self, depth: u64) {
        self.out.push_str("{ ");
        for _ in 0..=self.random.below(2) {
            self.stmt(depth);
        }
        self.out.push_str("} ");
    }

    fn stmt(&mut self, depth: u64) {
        match self.random.below(if depth == 0 { 4 } else { 10 }) {
            0 | 1 if depth > 0 && self.random.below(8) > 0 => self.guarded(depth),
            0 | 1 => {
                let field = self.random.of(&["s.x", "s.y", "s.y", "s.z", "r.x", "s.in.v", "s.in.w"]);
                self.say(&format!("print {field} + 1"));
            }
            2 => {
                let value = self.random.of(&["r", "{k: \"a\", x: 1}", "{k: \"d\", y: 2, on: true}", "s"]);
                self.say(&format!("s = {value}"));
            }
            3 => {
                let cond = self.cond(1);
                let leave = if self.loops > 0 { "break" } else { "return" };
                let text = [format!("expect {cond}"), format!("if {cond} {{ {leave} }}")];
                let at = self.random.below(2);
                self.say(&text[at]);
            }
            4 | 5 => {
                let cond = self.cond(2);
                self.say(&format!("if {cond}"));
                self.block(depth - 1);
                if self.random.below(2) == 0 {
                    self.out.push_str("else ");
                    self.block(depth - 1);
                }
            }
            6 | 7 => self.choice(depth),
            8 => {
                let cond = self.cond(1);
                self.say(&format!("while {cond} max 2"));
                self.loops += 1;
                self.block(depth - 1);
                self.loops -= 1;
            }
            _ => {
                let (cond, field) = (self.cond(1), self.random.of(&["s.x", "s.y", "s.z"]));
                let text = [
                    format!("print if {cond} {{ {field} + 1 }} else {{ 0 }}"),
                    format!(
                        "print match s.k {{ \"a\" => s.x + 1, \"b\" | \"c\" | \"d\" => s.y + 1, else => {field} + 1 }}"
                    ),
                ];
                let at = self.random.below(2);
                self.say(&text[at]);
            }
        }
    }

    /// A use of a field, mostly behind a test, with something between the two.
    fn guarded(&mut self, depth: u64) {
        let tests = [
            ("s.k == \"a\"", "s.x"),
            ("s.k == \"b\"", "s.y"),
            ("s.k in [\"b\", \"d\"]", "s.y"),
            ("s.k != null and s.k != \"a\"", "s.y"),
            ("s.k == null", "s.z"),
            ("s.k == null and s.in.t == 1", "s.in.v"),
            ("s.k == null and s.in.t != 1", "s.in.w"),
            ("not (s.k in [\"b\", \"c\", \"d\"] or s.k == null)", "s.x"),
        ];
        let (test, field) = tests[self.random.below(8)];
        let more = self.random.of(&["c", "r.k == \"a\"", "s.k == r.k", "not c", "r.k != null"]);
        let leave = if self.loops > 0 { "break" } else { "return" };
        let opens = [
            format!("if {test} {{"),
            format!("if {test} and ({more}) {{"),
            format!("if not ({test}) or ({more}) {{ }} else {{"),
            format!("expect {test} if true {{"),
            format!("while {test} max 2 {{"),
            format!("if not ({test}) {{ {leave} }} if true {{"),
            format!("if not ({test}) {{ s = {{k: \"a\", x: 3}} }} if {test} {{"),
        ];
        let open = &opens[self.random.below(7)];
        self.say(open);
        self.loops += usize::from(open.starts_with("while"));
        if self.random.below(2) == 0 {
            self.stmt(depth - 1);
        }
        if self.random.below(4) > 0 {
            self.say(&format!("print {field} + 1"));
        }
        self.loops -= usize::from(open.starts_with("while"));
        self.say("}");
    }

    fn choice(&mut self, depth: u64) {
        let arms = [
            vec!["\"a\"", "\"b\"", "\"c\" | \"d\"", "null"],
            vec!["\"a\" | null", "else"],
            vec!["null", "\"a\" | \"b\" | \"c\"", "\"d\""],
        ];
        let at = self.random.below(3);
        self.say("match s.k {");
        for arm in &arms[at] {
            self.say(&format!("{arm} =>"));
            self.block(depth - 1);
        }
        self.say("}");
    }
}

pub(crate) fn random_program(seed: u64) -> String {
    let random = Random((seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x7777);
    let mut writer = Writer { random, loops: 0, out: HEAD.to_owned() };
    for _ in 0..2 + writer.random.below(3) {
        writer.stmt(3);
    }
    writer.out
}

/// A record of each kind there is.
fn records() -> Vec<Value> {
    let record = |fields: &[(&str, Value)]| {
        Value::Other(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    };
    let (text, int) = (|text: &str| Value::Str(text.to_owned()), Value::Int);
    let rest = |k: &str, on: bool| record(&[("k", text(k)), ("y", int(1)), ("on", Value::Bool(on))]);
    let inner = |t: i64, name: &str| {
        record(&[("k", Value::Null), ("z", int(1)), ("in", record(&[("t", int(t)), (name, int(1))]))])
    };
    vec![
        record(&[("k", text("a")), ("x", int(1))]),
        record(&[("k", text("b")), ("y", int(1))]),
        rest("c", true),
        rest("c", false),
        rest("d", false),
        inner(1, "v"),
        inner(2, "w"),
    ]
}

pub(crate) fn run_on_every_input(program: &Program) {
    let func = &program.funcs[program.entry.index()];
    for s in records() {
        for r in records() {
            for c in [true, false] {
                let mut locals = vec![s.clone(), r.clone(), Value::Bool(c)];
                locals.resize(func.locals.len(), Value::Null);
                Machine { func, failing: false, steps: 0 }.run(BlockId(0), locals, false);
            }
        }
    }
}
