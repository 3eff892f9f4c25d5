//! Random programs, as trees: what the naive interpreter walks and the compiler gets as source.

use std::fmt::{self, Write};

/// Types of the same texts: one to three letters from `a` to `c`.
const LETTERS: [&str; 5] = [
    "/[a-c]{1,3}/",
    "str(1..3) & /[a-c]+/",
    "\"{{ /[a-c]/ }}{{ /[a-c]{0,2}/ }}\"",
    "/[a-d]{1,3}/ & not contains(\"d\")",
    "\"{{ /[a-c]{0,3}/ & /.+/ }}\"",
];

/// The same numbers on every platform.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bd1)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) % n.max(1) as u64) as usize
    }

    fn of<'t>(&mut self, items: &[&'t str]) -> &'t str {
        items[self.below(items.len())]
    }
}

/// A name of a str: a variable of a block (`v<depth>_<n>`) or a capture of a function (`c<n>`).
pub(crate) type Name = String;

pub(crate) enum Stmt {
    /// Literal text.
    Text(String),
    /// The value of a name as text.
    Show(Name),
    /// A generation into a capture.
    Gen(Name, Kind),
    /// `v = …`
    Set(Name, Source),
    Print(Name),
    If(Name, Vec<Stmt>, Vec<Stmt>),
    /// By the length of the name's value: 1, 2 or 4, 0, or another.
    Match(Name, [Vec<Stmt>; 4]),
    Repeat(usize, Vec<Stmt>),
    /// As long as the name is short.
    While(Name, usize, Vec<Stmt>),
    Break,
    Continue,
    Try(Vec<Stmt>, Vec<Stmt>),
    Fail(Failure),
    /// A message, where none is open.
    Message(&'static str, Vec<Stmt>),
    /// A call of a function that writes.
    Call(usize, Name),
    /// A function that writes, passed to one that calls it twice.
    Twice(usize, Name),
    /// `return`, in a function.
    Return,
}

/// What is generated.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Letters,
    /// Free text of at most three tokens.
    Free,
    /// Nothing can be both.
    Impossible,
}

/// What a variable is set to.
pub(crate) enum Source {
    /// Another name, and a letter more; cut to six letters.
    Longer(Name, char),
    /// Fractions of the length of a name.
    Quotient(Name),
    /// Fields of a record and a map in which two names are, joined; cut to six letters.
    Fields(Name, Name),
    /// A name, if another one's length is even.
    Hole(Name, Name),
    /// The length of the context.
    Context,
    Agent(usize, Name),
    /// An agent for each of two texts, side by side; a lambda calls it.
    Agents(usize, Name),
    /// A lambda that reads a variable, called twice by a function, in which another one does.
    Applied(Name, Name),
    /// A lambda that takes texts together.
    Reduced(Name, Name),
    /// The yields of some branches, joined. The body has variables of its own, at that depth.
    Fork(usize, Branch),
    Aside(Branch),
}

pub(crate) struct Branch {
    pub(crate) depth: usize,
    pub(crate) body: Vec<Stmt>,
    pub(crate) yields: Name,
}

pub(crate) enum Failure {
    Fail,
    Division,
    Argument,
    Expect(Name),
}

/// A function: `fn w<n>(p)` or `agent a<n>(p)`; main has no parameter.
pub(crate) struct Function {
    pub(crate) agent: bool,
    pub(crate) body: Vec<Stmt>,
}

pub(crate) struct Program {
    pub(crate) functions: Vec<Function>,
    /// What main does behind its first generations.
    pub(crate) main: Vec<Stmt>,
    pub(crate) chat: bool,
}

/// How many variables each depth has, and captures each function.
pub(crate) const VARS: usize = 2;

/// Where statements stand.
#[derive(Clone, Copy)]
struct Place {
    /// Branches around.
    depth: usize,
    /// Whether a loop of this function or branch is around.
    in_loop: bool,
    /// Whether a message may be opened.
    may_open: bool,
    /// Statements within statements that may still be made.
    fuel: usize,
    /// Functions that may be called.
    callable: usize,
    in_function: bool,
}

pub(crate) fn program(seed: u64) -> Program {
    let mut make = Make { random: Random::new(seed), functions: Vec::new() };
    let chat = seed.is_multiple_of(3);
    for callable in 0..3 {
        let place = Place { depth: 0, in_loop: false, may_open: false, fuel: 2, callable, in_function: true };
        let agent = make.random.below(2) == 0;
        let body = make.stmts(3, place);
        make.functions.push(Function { agent, body });
    }
    let place = Place { depth: 0, in_loop: false, may_open: chat, fuel: 4, callable: 3, in_function: false };
    let main = make.stmts(8, place).into_iter().map(|stmt| make.guarded(stmt, place)).collect();
    Program { functions: make.functions, main, chat }
}

struct Make {
    random: Random,
    functions: Vec<Function>,
}

impl Make {
    fn stmts(&mut self, count: usize, place: Place) -> Vec<Stmt> {
        let count = 1 + self.random.below(count);
        (0..count).map(|_| self.stmt(place)).collect()
    }

    /// Mostly within a `try`, so that what follows is reached.
    fn guarded(&mut self, stmt: Stmt, place: Place) -> Stmt {
        if self.random.below(4) == 0 {
            stmt
        } else {
            Stmt::Try(vec![stmt], vec![Stmt::Show(self.name(place))])
        }
    }

    fn inner(&mut self, place: Place) -> Vec<Stmt> {
        self.stmts(4, Place { fuel: place.fuel - 1, ..place })
    }

    fn var(&mut self, place: Place) -> Name {
        format!("v{}_{}", place.depth, self.random.below(VARS))
    }

    fn capture(&mut self) -> Name {
        format!("c{}", self.random.below(VARS))
    }

    fn name(&mut self, place: Place) -> Name {
        if self.random.below(2) == 0 { self.var(place) } else { self.capture() }
    }

    fn stmt(&mut self, place: Place) -> Stmt {
        let small = place.fuel == 0;
        match self.random.below(if small { 13 } else { 23 }) {
            0 => Stmt::Text(self.random.of(&["the ", "a: ", "7\n", "is", " ", "…"]).to_owned()),
            1 => Stmt::Show(self.name(place)),
            2..=4 => Stmt::Gen(self.capture(), self.kind()),
            5 => Stmt::Print(self.name(place)),
            6 => Stmt::Set(self.var(place), self.computed(place)),
            7 => Stmt::Set(self.var(place), Source::Context),
            8 => self.jump(place),
            9 => self.call(place),
            // Under a condition, so that every way of a branch may yield.
            10 => Stmt::If(self.name(place), vec![Stmt::Fail(self.failure(place))], Vec::new()),
            11 => Stmt::Set(self.var(place), Source::Applied(self.name(place), self.name(place))),
            12 => Stmt::Set(self.var(place), Source::Reduced(self.name(place), self.name(place))),
            20 => Stmt::Match(self.name(place), std::array::from_fn(|_| self.inner(place))),
            13 | 19 => {
                let (body, handler) = (self.inner(place), self.inner(place));
                Stmt::Try(body, handler)
            }
            21 => Stmt::If(self.name(place), self.inner(place), self.inner(place)),
            14 => Stmt::Repeat(1 + self.random.below(3), self.inner(Place { in_loop: true, ..place })),
            15 => {
                let (name, max) = (self.name(place), 1 + self.random.below(3));
                Stmt::While(name, max, self.inner(Place { in_loop: true, ..place }))
            }
            16 if place.may_open => {
                let role = self.random.of(&["user", "assistant", "system"]);
                let role = if role == "system" { "user" } else { role };
                Stmt::Message(role_of(role), self.inner(Place { may_open: false, ..place }))
            }
            16 | 17 => {
                let branch = self.branch(place);
                Stmt::Set(self.var(place), Source::Fork(self.random.below(3), branch))
            }
            18 => {
                let branch = self.branch(place);
                Stmt::Set(self.var(place), Source::Aside(branch))
            }
            _ => Stmt::If(self.name(place), vec![Stmt::Fail(self.failure(place))], Vec::new()),
        }
    }

    fn computed(&mut self, place: Place) -> Source {
        match self.random.below(6) {
            0 => Source::Quotient(self.name(place)),
            1 => Source::Fields(self.name(place), self.name(place)),
            2 => Source::Hole(self.name(place), self.name(place)),
            _ => {
                let letter = self.random.of(&["x", "y"]).chars().next().unwrap_or('x');
                Source::Longer(self.name(place), letter)
            }
        }
    }

    fn kind(&mut self) -> Kind {
        match self.random.below(12) {
            0 => Kind::Impossible,
            1..=3 => Kind::Free,
            _ => Kind::Letters,
        }
    }

    /// A way out: rare, so that what follows is reached.
    fn jump(&mut self, place: Place) -> Stmt {
        let jump = match self.random.below(3) {
            0 if place.in_loop => Stmt::Break,
            1 if place.in_loop => Stmt::Continue,
            2 if place.in_function && place.depth == 0 => Stmt::Return,
            _ => return Stmt::Show(self.name(place)),
        };
        Stmt::If(self.name(place), vec![jump], Vec::new())
    }

    fn call(&mut self, place: Place) -> Stmt {
        if place.callable == 0 {
            return Stmt::Print(self.name(place));
        }
        let callee = self.random.below(place.callable);
        let name = self.name(place);
        match (self.functions[callee].agent, self.random.below(2)) {
            (true, 0) => Stmt::Set(self.var(place), Source::Agents(callee, name)),
            (true, _) => Stmt::Set(self.var(place), Source::Agent(callee, name)),
            (false, 0) => Stmt::Twice(callee, name),
            (false, _) => Stmt::Call(callee, name),
        }
    }

    fn failure(&mut self, place: Place) -> Failure {
        match self.random.below(4) {
            0 => Failure::Fail,
            1 => Failure::Division,
            2 => Failure::Argument,
            _ => Failure::Expect(self.name(place)),
        }
    }

    fn branch(&mut self, place: Place) -> Branch {
        let inside = Place { depth: place.depth + 1, in_loop: false, ..place };
        let body = self.inner(inside);
        Branch { depth: inside.depth, body, yields: self.name(inside) }
    }
}

fn role_of(name: &str) -> &'static str {
    if name == "user" { "user" } else { "assistant" }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, function) in self.functions.iter().enumerate() {
            let (word, gives) = if function.agent { ("agent a", " -> str") } else { ("fn w", "") };
            writeln!(f, "{word}{number}(p: str){gives} {{")?;
            writeln!(f, "let v0_0 = p let v0_1 = \"\"\ngen c0: /[a-c]{{1,3}}/ \" \" gen c1: /[x-z]/")?;
            for stmt in &function.body {
                write_stmt(f, stmt, function.agent)?;
            }
            writeln!(f, "{}}}\n", if function.agent { "return v0_0 + c0 + v0_1 + c1\n" } else { "" })?;
        }
        writeln!(f, "fn applied(x: str, f: fn(str) -> str) -> str {{ return inner(f(x), y => f(y)) }}")?;
        writeln!(f, "fn inner(x: str, f: fn(str) -> str) -> str {{ return f(x) }}")?;
        writeln!(f, "fn twice(x: str, f: fn(str)) {{ f(x) f(x + \"t\") }}")?;
        writeln!(f, "let v0_0 = \"b\" let v0_1 = \"\"")?;
        if self.chat {
            writeln!(f, "user \"Go on.\"\nassistant {{ gen c0: /[a-c]{{1,3}}/ \" \" gen c1: /[x-z]/ }}")?;
        } else {
            writeln!(f, "\"Say: \" gen c0: /[a-c]{{1,3}}/ \" \" gen c1: /[x-z]/")?;
        }
        self.main.iter().try_for_each(|stmt| write_stmt(f, stmt, false))?;
        writeln!(f, "return join([v0_0, v0_1, c0, c1], \"|\")")
    }
}

fn write_stmts(f: &mut fmt::Formatter<'_>, stmts: &[Stmt], agent: bool) -> fmt::Result {
    f.write_str("{\n")?;
    stmts.iter().try_for_each(|stmt| write_stmt(f, stmt, agent))?;
    f.write_char('}')
}

fn write_stmt(f: &mut fmt::Formatter<'_>, stmt: &Stmt, agent: bool) -> fmt::Result {
    match stmt {
        Stmt::Text(text) => write!(f, "{text:?}")?,
        Stmt::Show(name) => write!(f, "\"{{{{ {name} }}}}\"")?,
        Stmt::Gen(name, Kind::Letters) => {
            let spelling = LETTERS[name.bytes().map(usize::from).sum::<usize>() % LETTERS.len()];
            write!(f, "gen {name}: {spelling}")?;
        }
        Stmt::Gen(name, Kind::Free) => write!(f, "gen {name} with max = 3")?,
        Stmt::Gen(name, Kind::Impossible) => write!(f, "gen {name}: /[a-c]{{40}}/ with max = 2")?,
        Stmt::Set(name, source) => {
            write!(f, "{name} = ")?;
            write_source(f, source)?;
        }
        Stmt::Print(name) => write!(f, "print {name}")?,
        Stmt::If(name, then, otherwise) => {
            write!(f, "if len({name}) % 2 == 0 ")?;
            write_stmts(f, then, agent)?;
            f.write_str(" else ")?;
            write_stmts(f, otherwise, agent)?;
        }
        Stmt::Match(name, arms) => {
            writeln!(f, "match len({name}) {{")?;
            for (case, arm) in ["1 => ", "2 | 4 => ", "0 => ", "else => "].iter().zip(arms) {
                f.write_str(case)?;
                write_stmts(f, arm, agent)?;
                f.write_char('\n')?;
            }
            f.write_char('}')?;
        }
        Stmt::Repeat(count, body) => {
            write!(f, "repeat {count} ")?;
            write_stmts(f, body, agent)?;
        }
        Stmt::While(name, max, body) => {
            write!(f, "while len({name}) < 4 max {max} ")?;
            write_stmts(f, body, agent)?;
        }
        Stmt::Break => f.write_str("break")?,
        Stmt::Continue => f.write_str("continue")?,
        Stmt::Try(body, handler) => {
            f.write_str("try ")?;
            write_stmts(f, body, agent)?;
            f.write_str(" else e {\n\"({{ e.code }}: {{ e.message }})\"\n")?;
            handler.iter().try_for_each(|stmt| write_stmt(f, stmt, agent))?;
            f.write_char('}')?;
        }
        Stmt::Fail(Failure::Fail) => f.write_str("fail \"failed\"")?,
        Stmt::Fail(Failure::Division) => f.write_str("print 1 / len(v0_0[0:0])")?,
        Stmt::Fail(Failure::Argument) => f.write_str("print int(\"x\")")?,
        Stmt::Fail(Failure::Expect(name)) => write!(f, "expect len({name}) > 2, \"short\"")?,
        Stmt::Message(role, body) => {
            write!(f, "{role} ")?;
            write_stmts(f, body, agent)?;
        }
        Stmt::Call(callee, name) => write!(f, "w{callee}({name})")?,
        Stmt::Twice(callee, name) => write!(f, "twice({name}, w{callee})")?,
        Stmt::Return => f.write_str(if agent { "return \"early\"" } else { "return" })?,
    }
    writeln!(f)
}

fn write_source(f: &mut fmt::Formatter<'_>, source: &Source) -> fmt::Result {
    match source {
        Source::Longer(name, letter) => write!(f, "({name} + \"{letter}\")[0:6]"),
        Source::Quotient(name) => {
            write!(f, "format(len({name}) / 4, \"0.0\") + str(7 // (1 + len({name})))")
        }
        Source::Fields(a, b) => write!(
            f,
            "join(values({{...{{a: {a}}}, [\"k\"]: \"z\", ...{{[{b}[0:1]]: {b}}}}} - [\"k\", {a}]), \"\")[0:6]"
        ),
        Source::Hole(a, b) => write!(f, "\"{{{{ if len({a}) % 2 == 0 {{ {b} }} }}}}\""),
        Source::Context => f.write_str("str(len(context) % 7)"),
        Source::Agent(callee, name) => write!(f, "a{callee}({name})"),
        Source::Agents(callee, name) => {
            write!(f, "join(map([\"1\", \"2\"], x => a{callee}((x + {name})[0:6])), \"/\")[0:6]")
        }
        Source::Applied(name, other) => write!(f, "applied({name}, x => (x + {other} + \"l\")[0:6])"),
        Source::Reduced(name, other) => {
            write!(f, "reduce([\"p\", {other}], {name}, (sum, x) => (sum + x + {other})[0:6])")
        }
        Source::Fork(count, branch) => {
            write!(f, "join(fork {count} ")?;
            write_branch(f, branch)?;
            f.write_str(", \"/\")")
        }
        Source::Aside(branch) => {
            f.write_str("aside ")?;
            write_branch(f, branch)
        }
    }
}

fn write_branch(f: &mut fmt::Formatter<'_>, branch: &Branch) -> fmt::Result {
    f.write_str("{\n")?;
    for var in 0..VARS {
        writeln!(f, "let v{}_{var} = v{}_{var}", branch.depth, branch.depth - 1)?;
    }
    branch.body.iter().try_for_each(|stmt| write_stmt(f, stmt, false))?;
    write!(f, "yield {}\n}}", branch.yields)
}
