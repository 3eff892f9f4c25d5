//! Programs about values that may be null, and captures that may be unbound.

use agentc_compiler::ir::{BlockId, Program};

use super::common::random::Random;
use super::machine::{Machine, Value};

struct Writer {
    random: Random,
    /// Loops around the place, of which `break` and `continue` may speak.
    loops: usize,
    /// Whether the place lies in a branch.
    branch: bool,
    /// What questions around the place asked for: uses of it may be right.
    asked: Vec<String>,
    out: String,
}

const HEAD: &str = "type T { due: int? }\ninput x: int | null\ninput y: int | null\ninput t: T\ninput u: T\n\
                    input c: bool\ninput d: bool\n";

impl Writer {
    fn cond(&mut self, depth: u64) -> String {
        match self.random.below(if depth == 0 { 6 } else { 10 }) {
            0 => "c".to_owned(),
            1 | 2 => self.random.of(&["x == null", "null == y", "t.due == null", "y == x"]).to_owned(),
            3..=5 => {
                self.random.of(&["x != null", "y != null", "t.due != null", "null != x", "d"]).to_owned()
            }
            6 => format!("not ({})", self.cond(depth - 1)),
            7 | 8 => format!("({}) and ({})", self.cond(depth - 1), self.cond(depth - 1)),
            _ => format!("({}) or ({})", self.cond(depth - 1), self.cond(depth - 1)),
        }
    }

    fn block(&mut self, depth: u64) {
        self.out.push_str("{ ");
        for _ in 0..=self.random.below(3) {
            self.stmt(depth);
        }
        self.out.push_str("} ");
    }

    fn say(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push(' ');
    }

    fn stmt(&mut self, depth: u64) {
        match self.random.below(if depth == 0 { 6 } else { 13 }) {
            0 if !self.asked.is_empty() => {
                let text = format!("print {} + 1", self.asked[self.asked.len() - 1]);
                self.say(&text);
            }
            1 | 2 if !self.branch && !self.asked.is_empty() => {
                let text = match self.asked[self.asked.len() - 1].clone().as_str() {
                    "t.due" => self.random.of(&["t = u", "t = {}"]).to_owned(),
                    "g" => "gen g: int".to_owned(),
                    var => format!("{var} = {}", self.random.of(&["null", "2"])),
                };
                self.say(&text);
            }
            0 | 1 => self.guarded(depth),
            2 if self.branch => self.say("gen g: int"),
            2 | 3 => {
                let text = self.random.of(&[
                    "x = 1",
                    "x = null",
                    "y = x",
                    "x = y",
                    "t = u",
                    "t = {due: 1}",
                    "gen g: int",
                    "g = 2",
                ]);
                self.say(text);
            }
            4 => self.leave(),
            5 => {
                let text = format!("expect {}", self.cond(1));
                self.say(&text);
            }
            6 | 7 => {
                let text = format!("if {} ", self.cond(2));
                self.out.push_str(&text);
                self.block(depth - 1);
                if self.random.below(2) == 0 {
                    self.out.push_str("else ");
                    self.block(depth - 1);
                }
            }
            8 | 9 => self.turns(depth),
            10 | 11 => {
                self.out.push_str("try ");
                self.block(depth - 1);
                if self.random.below(2) == 0 {
                    self.out.push_str("else ");
                    self.block(depth - 1);
                }
            }
            _ => self.aside(depth),
        }
    }

    /// A use of something that may be null, mostly behind a question, with something between the two.
    fn guarded(&mut self, depth: u64) {
        let what = self.random.of(&["x", "y", "t.due", "x", "g"]);
        let more = self.cond(1);
        let open = match self.random.below(if what == "t.due" { 6 } else { 7 }) {
            _ if what == "g" => "gen g: int if true {".to_owned(),
            0 => format!("if {what} != null {{"),
            1 => format!("if {what} != null and {more} {{"),
            2 => format!("if {what} == null or {more} {{ }} else {{"),
            3 => format!("expect {what} != null if true {{"),
            4 => format!("while {what} != null max 2 {{"),
            5 => {
                let word = if self.branch { "yield 2" } else { "return" };
                format!("if {what} == null {{ {word} }} if true {{")
            }
            _ => format!("if {what} == null {{ {what} = 3 }} if true {{"),
        };
        self.say(&open);
        self.loops += usize::from(open.starts_with("while"));
        self.asked.push(what.to_owned());
        if depth > 0 && self.random.below(2) == 0 {
            self.stmt(depth - 1);
        }
        self.asked.pop();
        if self.random.below(2) == 0 {
            let text = format!("print {what} + 1");
            self.say(&text);
        }
        self.say("}");
        self.loops -= usize::from(open.starts_with("while"));
    }

    fn leave(&mut self) {
        let word = match self.random.below(3) {
            0 if self.loops > 0 => "break",
            1 if self.loops > 0 => "continue",
            _ if self.branch => "yield 1",
            2 => "fail \"f\"",
            _ => "return",
        };
        let text = format!("if {} {{ {word} }}", self.cond(1));
        self.say(&text);
    }

    fn turns(&mut self, depth: u64) {
        let head = match self.random.below(4) {
            0 => "repeat 2".to_owned(),
            1 => "for i in [1, 2]".to_owned(),
            2 => "while true max 2".to_owned(),
            _ => format!("while {} max 2", self.cond(2)),
        };
        self.say(&head);
        self.loops += 1;
        self.block(depth - 1);
        self.loops -= 1;
    }

    fn aside(&mut self, depth: u64) {
        let outer = (std::mem::take(&mut self.loops), std::mem::replace(&mut self.branch, true));
        self.out.push_str("if true { let z = aside ");
        self.block(depth - 1);
        self.out.push_str("} ");
        (self.loops, self.branch) = outer;
    }
}

pub(crate) fn random_program(seed: u64) -> String {
    let random = Random((seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5555);
    let mut writer = Writer { random, loops: 0, branch: false, asked: Vec::new(), out: HEAD.to_owned() };
    for _ in 0..2 + writer.random.below(3) {
        writer.stmt(3);
    }
    writer.out
}

pub(crate) fn run_on_every_input(program: &Program) {
    let func = &program.funcs[program.entry.index()];
    for bits in 0..128 {
        let bit = |n: u32| bits & (1 << n) != 0;
        let number = |n: u32| if bit(n) { Value::Int(1) } else { Value::Null };
        let record =
            |n: u32| Value::Other(if bit(n) { vec![("due".to_owned(), Value::Int(1))] } else { Vec::new() });
        let mut locals =
            vec![number(0), number(1), record(2), record(3), Value::Bool(bit(4)), Value::Bool(bit(5))];
        locals.resize(func.locals.len(), Value::Null);
        Machine { func, failing: bit(6), steps: 0 }.run(BlockId(0), locals, false);
    }
}
