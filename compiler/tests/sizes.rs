//! Bounds on contexts against a naive model, which runs every loop iteration by iteration, on random
//! programs.

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use agentc_compiler::graph::CallGraph;
use agentc_compiler::size::Measured;
use agentc_compiler::source::NoFiles;
use agentc_compiler::{Limits, Options, compile, ir};
use common::random::Random;

enum Stmt {
    Text(u64),
    Gen(String, u64),
    If(Vec<Stmt>, Vec<Stmt>),
    Repeat(u64, Vec<Stmt>),
    For(u64, Vec<Stmt>),
    /// Leaves a loop, perhaps.
    Break,
    Return,
    Call(usize),
}

struct Generator {
    random: Random,
    gens: u64,
}

impl Generator {
    /// A number below `n`.
    fn number(&mut self, n: usize) -> u64 {
        self.random.below(n) as u64
    }

    fn stmts(&mut self, depth: u64, in_loop: bool, callees: usize) -> Vec<Stmt> {
        (0..1 + self.random.below(4)).map(|_| self.stmt(depth, in_loop, callees)).collect()
    }

    fn stmt(&mut self, depth: u64, in_loop: bool, callees: usize) -> Stmt {
        match self.random.below(if depth == 0 { 4 } else { 9 }) {
            0 => Stmt::Text(1 + self.number(9)),
            1 | 2 => {
                self.gens += 1;
                Stmt::Gen(format!("g{}", self.gens), 1 + self.number(20))
            }
            3 if callees > 0 => Stmt::Call(self.random.below(callees)),
            3 => Stmt::Text(3),
            4 | 5 => {
                Stmt::If(self.stmts(depth - 1, in_loop, callees), self.stmts(depth - 1, in_loop, callees))
            }
            6 => Stmt::Repeat(1 + self.number(4), self.stmts(depth - 1, true, callees)),
            7 => Stmt::For(1 + self.number(3), self.stmts(depth - 1, true, callees)),
            _ if in_loop => Stmt::Break,
            _ => Stmt::Return,
        }
    }
}

/// The source of statements; `break` and `return` stand under a condition that may be false.
fn source(stmts: &[Stmt], out: &mut String) {
    for stmt in stmts {
        match stmt {
            Stmt::Text(len) => writeln!(out, "\"{}\"", "x".repeat(*len as usize)),
            Stmt::Gen(name, max) => writeln!(out, "gen {name} with max = {max}"),
            Stmt::If(a, b) => {
                out.push_str("if n > 3 {\n");
                source(a, out);
                out.push_str("} else {\n");
                source(b, out);
                writeln!(out, "}}")
            }
            Stmt::Repeat(n, body) => {
                writeln!(out, "repeat {n} {{").expect("it can be written");
                source(body, out);
                writeln!(out, "}}")
            }
            Stmt::For(n, body) => {
                let items: Vec<String> = (0..*n).map(|i| i.to_string()).collect();
                writeln!(out, "for _ in [{}] {{", items.join(", ")).expect("it can be written");
                source(body, out);
                writeln!(out, "}}")
            }
            Stmt::Break => writeln!(out, "if n > 5 {{ break }}"),
            Stmt::Return => writeln!(out, "if n > 6 {{ return null }}"),
            Stmt::Call(f) => writeln!(out, "f{f}(n)"),
        }
        .expect("it can be written");
    }
}

/// The naive model: the most tokens at the end of some statements, where they are left, and at each site.
#[derive(Default)]
struct Run<'p> {
    funcs: &'p [Vec<Stmt>],
    sites: BTreeMap<String, u64>,
}

#[derive(Default)]
struct Ends {
    broke: Option<u64>,
    returned: Option<u64>,
}

impl Run<'_> {
    fn stmts(&mut self, stmts: &[Stmt], mut load: u64, ends: &mut Ends) -> u64 {
        for stmt in stmts {
            load = self.stmt(stmt, load, ends);
        }
        load
    }

    fn stmt(&mut self, stmt: &Stmt, load: u64, ends: &mut Ends) -> u64 {
        match stmt {
            Stmt::Text(len) => load + len,
            Stmt::Gen(name, max) => {
                let site = self.sites.entry(name.clone()).or_default();
                *site = (*site).max(load + max);
                load + max
            }
            Stmt::If(a, b) => self.stmts(a, load, ends).max(self.stmts(b, load, ends)),
            Stmt::Repeat(n, body) | Stmt::For(n, body) => {
                let mut load = load;
                let mut out = Ends::default();
                for _ in 0..*n {
                    load = self.stmts(body, load, &mut out);
                }
                ends.returned = ends.returned.max(out.returned);
                load.max(out.broke.unwrap_or(0))
            }
            Stmt::Break => {
                ends.broke = ends.broke.max(Some(load));
                load
            }
            Stmt::Return => {
                ends.returned = ends.returned.max(Some(load));
                load
            }
            Stmt::Call(f) => {
                let (funcs, mut inner) = (self.funcs, Ends::default());
                let end = self.stmts(&funcs[*f], load, &mut inner);
                end.max(inner.returned.unwrap_or(0))
            }
        }
    }
}

/// What `ask` finds out about the contexts of a program.
fn measured<T>(program: &ir::Program, ask: impl FnOnce(Measured<'_>) -> T) -> T {
    ask(Measured { program, graph: &CallGraph::from(program), limits: &Limits::default() })
}

#[test]
fn bounds_agree_with_a_model_that_runs_every_turn() {
    let mut compared = 0;
    for seed in 1..400 {
        let mut generator = Generator { random: Random(seed * 0x9E37_79B9), gens: 0 };
        let funcs: Vec<Vec<Stmt>> = (0..3).map(|id| generator.stmts(2, false, id)).collect();
        let main = generator.stmts(3, false, 3);
        let mut text = String::from("input n: int\n");
        for (id, body) in funcs.iter().enumerate() {
            writeln!(text, "fn f{id}(n: int) {{").expect("it can be written");
            source(body, &mut text);
            text.push_str("}\n");
        }
        source(&main, &mut text);
        let compiled = compile("x.agent", text.as_bytes(), &NoFiles, &Options::default());
        let program = compiled.program.unwrap_or_else(|| panic!("{:?}\n{text}", compiled.diags));
        let mut run = Run { funcs: &funcs, ..Run::default() };
        run.stmts(&main, 0, &mut Ends::default());
        let found: BTreeMap<String, u64> = measured(&program, |sizes| sizes.worst_case(&str::len))
            .into_iter()
            .map(|b| (b.name, b.tokens))
            .collect();
        assert_eq!(found, run.sites, "{text}");
        compared += found.len();
    }
    assert!(compared > 2_000, "only {compared} generations were compared");
}

fn program(text: &str) -> ir::Program {
    let compiled = compile("x.agent", text.as_bytes(), &NoFiles, &Options::default());
    compiled.program.unwrap_or_else(|| panic!("{:?}", compiled.diags))
}

/// Name, tokens (a byte each) and whether there may be more.
fn bounds(text: &str) -> Vec<(String, u64, bool)> {
    let found = measured(&program(text), |sizes| sizes.worst_case(&str::len));
    found.into_iter().map(|bound| (bound.name, bound.tokens, bound.open)).collect()
}

fn bound(name: &str, tokens: u64, open: bool) -> (String, u64, bool) {
    (name.to_owned(), tokens, open)
}

#[test]
fn what_only_the_run_knows_is_left_open() {
    assert_eq!(bounds("\"ab {{ gen x with max = 5 }}\""), [bound("x", 8, false)]);
    let text = "input q: str\n\"ab {{ q }}\"\ngen x with max = 5\ngen y: bool";
    assert_eq!(bounds(text), [bound("x", 8, true), bound("y", 13, true)]);
    let text = "input n: int\nrepeat n { \"ab\" gen x with max = 5 }\ngen y: int(0..9)";
    assert_eq!(bounds(text), [bound("x", 7, true), bound("y", 8, true)]);
    assert_eq!(
        bounds("select x from [\"ab\", \"c\"]\ngen y"),
        [bound("x", 2, false), bound("y", 258, false)]
    );
    let text = "input xs: str[]\nselect x from xs\ngen y: str(..10)";
    assert_eq!(bounds(text), [bound("x", 0, true), bound("y", 40, true)]);
}

#[test]
fn constants_and_ranges_bound_loops() {
    let text = "const XS = [\"a\", \"b\"]\nconst N = 3\nfor x in XS { repeat N { gen y: bool } }\n\
        for i in range(2, 6) { \"{{ i }}\" gen z with max = 2 }";
    let found = bounds(text);
    assert_eq!(found[0], bound("y", 30, false));
    assert_eq!(found[1], bound("z", 38, true));
}

#[test]
fn agents_have_contexts_of_their_own_and_recursion_is_open() {
    let text = "agent a(n: int) -> str { \"abc\" gen x with max = 5 return x }\n\
        fn down(n: int) -> int { \"d\" gen y with max = 2 if n > 0 { return down(n - 1) } return n }\n\
        \"a\" print a(1) + str(down(2)) gen z with max = 1";
    let program = program(text);
    let found = measured(&program, |sizes| sizes.worst_case(&str::len));
    let of = |name: &str| found.iter().find(|bound| bound.name == name).expect("it is there");
    assert_eq!((of("x").tokens, of("x").open), (8, false));
    assert_eq!(of("y").tokens, 4);
    assert_eq!((of("z").tokens, of("z").open, of("z").bytes), (5, true, 2));
    assert_ne!(of("x").context, of("z").context);
    let parts = measured(&program, |sizes| sizes.contributors(of("x").context, &str::len));
    assert_eq!(parts.iter().map(|part| part.tokens).collect::<Vec<u64>>(), [5, 3]);
}
