//! The graph of calls and its table of effects: against what random programs were written to do, against the IR as
//! JSON, and against naive searches.

mod common;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use agentc_compiler::graph::{Call, CallGraph, Effects, Via};
use agentc_compiler::hir::Hir;
use agentc_compiler::ir::{FuncId, FuncKind, Program, Role};
use agentc_compiler::source::{NoFiles, World};
use agentc_compiler::{Options, check, compile, load};
use common::random::Random;
use serde_json::Value as Json;

/// What a function does itself, its calls aside.
#[derive(Debug, Default, Clone, PartialEq)]
struct Does {
    opens: bool,
    bare: bool,
    bare_gen: bool,
    asks: bool,
    models: BTreeSet<Option<u32>>,
}

impl From<&Effects> for Does {
    fn from(effects: &Effects) -> Does {
        Does {
            opens: effects.opens.is_some(),
            bare: effects.bare.is_some(),
            bare_gen: effects.bare_gen.is_some(),
            asks: effects.asks,
            models: effects.models.clone(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// Has a context of its own.
    Agent,
    /// Runs in its caller's, where it may open roles.
    Fn,
    /// The same, but opens no role, so that it can be called where one is open.
    Plain,
    /// The body of a tool.
    Tool,
}

impl Kind {
    fn opens_roles(self) -> bool {
        matches!(self, Kind::Agent | Kind::Fn)
    }
}

/// A function that was written, by what it does.
#[derive(Debug, Default)]
struct Written {
    name: String,
    does: Does,
    calls: Vec<(String, Via, Option<Role>)>,
}

/// Writes random programs, and keeps account of what it writes.
struct Writer {
    random: Random,
    kinds: Vec<Kind>,
    /// How many captures and variables there are.
    names: usize,
    out: String,
    now: Written,
}

impl Writer {
    fn program(seed: u64) -> (String, Vec<Written>) {
        let mut random = Random(seed);
        let kinds = (0..2 + random.below(6))
            .map(|_| [Kind::Agent, Kind::Fn, Kind::Plain, Kind::Tool][random.below(4)])
            .collect();
        let out = "model small = \"m\"\nmodel large = \"n\"\n".to_owned();
        let mut writer = Writer { random, kinds, names: 0, out, now: Written::default() };
        let mut all = Vec::new();
        for id in 0..writer.kinds.len() {
            let (name, kind) = (writer.name(id), writer.kinds[id]);
            let word = match kind {
                Kind::Agent => "agent",
                Kind::Fn | Kind::Plain => "fn",
                Kind::Tool => "tool",
            };
            writer.line(&format!("{word} {name}(n: int) -> int {{"));
            writer.stmts(3, None, kind.opens_roles());
            writer.line("return n\n}");
            all.push(Written { name, ..std::mem::take(&mut writer.now) });
        }
        writer.line("agent main(n: int = 3) {");
        writer.stmts(3, None, true);
        writer.line("}");
        all.push(Written { name: "main".to_owned(), ..writer.now });
        (writer.out, all)
    }

    fn name(&self, id: usize) -> String {
        format!("f{id}")
    }

    fn new_name(&mut self) -> usize {
        self.names += 1;
        self.names
    }

    fn line(&mut self, line: &str) {
        writeln!(self.out, "{line}").expect("a text can be written");
    }

    fn stmts(&mut self, depth: usize, role: Option<Role>, roles: bool) {
        for _ in 0..1 + self.random.below(4) {
            self.stmt(depth, role, roles);
        }
    }

    fn stmt(&mut self, depth: usize, role: Option<Role>, roles: bool) {
        match self.random.below(if depth == 0 { 6 } else { 12 }) {
            0 => {
                self.line("\"words\"");
                self.now.does.bare |= role.is_none();
            }
            1 => self.generation(role),
            2 | 3 => self.call(role, roles),
            4 => {
                let name = self.new_name();
                self.line(&format!("let v{name} = len(context)"));
                self.now.does.asks = true;
            }
            5 => {
                let name = self.new_name();
                self.line(&format!("let v{name} = score(\"x\")"));
                self.now.does.asks = true;
                self.now.does.models.insert(None);
            }
            6 | 7 if roles && role.is_none() => {
                let role = [Role::System, Role::User, Role::Assistant][self.random.below(3)];
                self.now.does.opens = true;
                self.block(&format!("{} {{", role.name()), depth, Some(role), false);
                self.line("}");
            }
            6 | 7 => self.block("if n > 2 {", depth, role, roles).line("}"),
            8 => {
                self.block("if n > 3 {", depth, role, roles);
                self.block("} else {", depth, role, roles).line("}");
            }
            9 => self.block("repeat 2 {", depth, role, roles).line("}"),
            10 => {
                self.block("try {", depth, role, roles);
                self.block("} else {", depth, role, roles).line("}");
            }
            _ => {
                let name = self.new_name();
                self.block(&format!("let v{name} = aside {{"), depth, role, false);
                self.line("yield n\n}");
            }
        }
    }

    fn block(&mut self, head: &str, depth: usize, role: Option<Role>, roles: bool) -> &mut Writer {
        self.line(head);
        self.stmts(depth - 1, role, roles);
        self
    }

    fn generation(&mut self, role: Option<Role>) {
        let name = self.new_name();
        let model = self.random.below(3).checked_sub(1);
        let model_name = model.map_or(String::new(), |at| format!(", model = {}", ["small", "large"][at]));
        let offered = |id: &usize| self.kinds[*id] == Kind::Tool;
        let tool = (0..self.kinds.len()).rfind(offered).filter(|_| self.names.is_multiple_of(2));
        let tools = tool.map_or(String::new(), |id| format!(", tools = [{}]", self.name(id)));
        self.line(&format!("gen g{name} with max = 3{model_name}{tools}"));
        self.now.calls.extend(tool.map(|id| (self.name(id), Via::Tool, role)));
        self.now.does.bare |= role.is_none();
        self.now.does.bare_gen |= role.is_none();
        self.now.does.asks = true;
        self.now.does.models.insert(model.and_then(|at| u32::try_from(at).ok()));
    }

    /// A call of any function, but only if what it does is allowed there.
    fn call(&mut self, role: Option<Role>, roles: bool) {
        let id = self.random.below(self.kinds.len());
        if roles && role.is_none() || self.kinds[id] != Kind::Fn {
            let name = self.name(id);
            self.line(&format!("if n > 0 {{ {name}(n - 1) }}"));
            self.now.calls.push((name, Via::Call, role));
        }
    }
}

/// Both forms of a program; `None` if it has errors.
fn forms(text: &[u8], world: &dyn World) -> Option<(Hir, Program)> {
    let program = compile("main.agent", text, world, &Options::default()).program?;
    let loaded = load("main.agent", text, world, &agentc_compiler::Limits::default());
    Some((check(&loaded.modules, world, &Options::default()).0?, program))
}

/// A program of the suite without errors: its name, and both forms.
fn suite() -> Vec<(String, Hir, Program)> {
    let all = common::cases().into_iter().filter_map(|case| {
        let (hir, program) = forms(case.text.as_bytes(), &case.files)?;
        Some((case.name, hir, program))
    });
    let all: Vec<_> = all.collect();
    assert!(all.len() > 50, "only {} programs of the suite compile", all.len());
    all
}

fn random() -> impl Iterator<Item = (String, Vec<Written>, Hir, Program)> {
    (1..=300).map(|seed: u64| {
        let (text, written) = Writer::program(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let found = || compile("main.agent", text.as_bytes(), &NoFiles, &Options::default()).diags;
        let (hir, program) =
            forms(text.as_bytes(), &NoFiles).unwrap_or_else(|| panic!("{text}\n{:#?}", found()));
        (text, written, hir, program)
    })
}

fn ids(program: &Program) -> impl Iterator<Item = FuncId> + use<> {
    (0..).map(FuncId).take(program.funcs.len())
}

#[test]
fn random_programs_do_what_they_were_written_to_do() {
    let (mut offered, mut in_messages) = (0, 0);
    for (text, written, hir, program) in random() {
        let (tree, code) = (CallGraph::from(&hir), CallGraph::from(&program));
        for expected in written {
            offered += expected.calls.iter().filter(|(_, via, _)| *via == Via::Tool).count();
            in_messages += expected.calls.iter().filter(|(.., role)| role.is_some()).count();
            let id = ids(&program).find(|id| program.funcs[id.index()].name == expected.name);
            let id = id.expect("every function is there");
            let calls = |graph: &CallGraph| -> Vec<_> {
                let calls = graph.calls(id).iter().filter(|call| call.via != Via::Default);
                calls.map(|c| (program.funcs[c.callee.index()].name.clone(), c.via, c.role)).collect()
            };
            let name = &expected.name;
            assert_eq!(calls(&tree), expected.calls, "calls of {name} in\n{text}");
            assert_eq!(Does::from(tree.effects(id)), expected.does, "effects of {name} in\n{text}");
            let sorted = |mut calls: Vec<(String, Via, Option<Role>)>| {
                calls.sort_by_key(|(name, via, role)| (name.clone(), *via, role.map(Role::name)));
                calls
            };
            assert_eq!(sorted(calls(&code)), sorted(expected.calls), "calls of {name} in\n{text}");
            assert_eq!(Does::from(code.effects(id)), expected.does, "effects of {name} in\n{text}");
        }
    }
    assert!(offered > 100 && in_messages > 100, "only {offered} tools and {in_messages} calls in messages");
}

/// The numbers that stand anywhere in JSON under one of some names.
fn numbers(json: &Json, names: &[&str], out: &mut BTreeSet<u64>) {
    match json {
        Json::Object(fields) => {
            for (name, value) in fields {
                out.extend(value.as_u64().filter(|_| names.contains(&name.as_str())));
                numbers(value, names, out);
            }
        }
        Json::Array(items) => items.iter().for_each(|item| numbers(item, names, out)),
        _ => {}
    }
}

/// The instructions of a function that control comes to: the blocks that some such block names, again and again.
fn instructions(func: &Json) -> Vec<&Json> {
    let blocks = func["blocks"].as_array().expect("a function has blocks");
    let until_failure = |block: &Json| -> Vec<Json> {
        let insts = block["insts"].as_array().expect("a block has instructions").iter();
        let all: Vec<Json> = insts.map(|inst| inst["op"].clone()).collect();
        let end = all.iter().position(|op| op.get("fail").is_some()).map_or(all.len(), |at| at + 1);
        all.into_iter().take(end).collect()
    };
    let mut met = BTreeSet::from([0]);
    loop {
        let mut next = met.clone();
        for block in &met {
            let block = &blocks[usize::try_from(*block).expect("a block has a number")];
            let insts = until_failure(block);
            for op in &insts {
                numbers(&op["fork"], &["body"], &mut next);
                numbers(&op["try"], &["handler"], &mut next);
            }
            if insts.last().is_none_or(|op| op.get("fail").is_none()) {
                numbers(&block["term"], &["jump", "then", "otherwise"], &mut next);
            }
        }
        if next == met {
            break;
        }
        met = next;
    }
    let blocks = met.into_iter().map(|at| &blocks[usize::try_from(at).expect("a block has a number")]);
    blocks.flat_map(|block| block["insts"].as_array().into_iter().flatten()).map(|inst| &inst["op"]).collect()
}

/// What a function calls and which models it asks, by the JSON of the IR.
fn in_json(program: &Json, func: &Json) -> (BTreeSet<(u64, Via)>, BTreeSet<Option<u64>>) {
    let (mut calls, mut models) = (BTreeSet::new(), BTreeSet::new());
    let defaults = func["params"].as_array().into_iter().flatten();
    calls.extend(defaults.filter_map(|param| Some((param["default"].as_u64()?, Via::Default))));
    for op in instructions(func) {
        calls.extend(op["call"]["func"].as_u64().map(|callee| (callee, Via::Call)));
        for generation in [&op["gen"], &op["call_gen"]].into_iter().filter(|found| !found.is_null()) {
            models.insert(generation["model"].as_u64());
            for tool in generation["tools"].as_array().into_iter().flatten() {
                let tool = &program["tools"][usize::try_from(tool.as_u64().unwrap_or(0)).unwrap_or(0)];
                calls.extend(tool["body"]["func"].as_u64().map(|callee| (callee, Via::Tool)));
            }
        }
        if op.get("score").is_some() {
            models.insert(None);
        }
    }
    (calls, models)
}

#[test]
fn the_graph_of_ir_is_what_stands_in_it_and_in_the_graph_of_the_tree() {
    let (mut calls, mut models) = (0, 0);
    for (name, hir, program) in suite() {
        let (tree, code) = (CallGraph::from(&hir), CallGraph::from(&program));
        let json = serde_json::to_value(&program).expect("IR can be written");
        for id in ids(&program) {
            let found: BTreeSet<(u64, Via)> =
                code.calls(id).iter().map(|call| (u64::from(call.callee.0), call.via)).collect();
            let asked = code.effects(id).models.iter().map(|model| model.map(u64::from)).collect();
            assert_eq!((found, asked), in_json(&json, &json["funcs"][id.index()]), "{name}, {id:?}");
            let known = tree.calls(id);
            let same = |call: &&Call| {
                known.iter().any(|k| (k.callee, k.via, k.role) == (call.callee, call.via, call.role))
            };
            assert!(code.calls(id).iter().all(|call| same(&call)), "{name}, {id:?}");
            let (inner, outer) = (Does::from(code.effects(id)), Does::from(tree.effects(id)));
            assert!(inner.models.is_subset(&outer.models), "{name}, {id:?}");
            for (inner, outer) in
                [(inner.opens, outer.opens), (inner.bare, outer.bare), (inner.asks, outer.asks)]
            {
                assert!(!inner || outer, "{name}, {id:?}");
            }
            calls += code.calls(id).len();
            models += code.effects(id).models.len();
        }
    }
    assert!(calls > 150 && models > 50, "the suite has only {calls} calls and {models} models");
}

/// Between which functions there are ways of at least one call, by trying every function as a step between.
fn ways(graph: &CallGraph, program: &Program, takes: impl Fn(&Call) -> bool) -> Vec<Vec<bool>> {
    let count = program.funcs.len();
    let mut ways = vec![vec![false; count]; count];
    for id in ids(program) {
        for call in graph.calls(id).iter().filter(|call| takes(call)) {
            ways[id.index()][call.callee.index()] = true;
        }
    }
    for step in 0..count {
        for from in 0..count {
            for to in 0..count {
                ways[from][to] |= ways[from][step] && ways[step][to];
            }
        }
    }
    ways
}

/// The most functions that are open at once below one, each at most once.
fn longest(graph: &CallGraph, at: FuncId, open: &mut Vec<FuncId>) -> usize {
    open.push(at);
    let called = graph.calls(at).iter().filter(|call| call.via != Via::Default).map(|call| call.callee);
    let next: BTreeSet<FuncId> = called.filter(|callee| !open.contains(callee)).collect();
    let inner = next.into_iter().map(|callee| longest(graph, callee, open)).max();
    let most = 1 + inner.unwrap_or(0);
    open.pop();
    most
}

fn assert_queries(name: &str, graph: &CallGraph, program: &Program) {
    let is_fn = |id: FuncId| program.funcs[id.index()].kind == FuncKind::Fn;
    let any = ways(graph, program, |_| true);
    let in_context = ways(graph, program, |call| call.via == Via::Call && is_fn(call.callee));
    let bare =
        ways(graph, program, |call| call.via == Via::Call && is_fn(call.callee) && call.role.is_none());
    let called = ways(graph, program, |call| call.via == Via::Call);
    let run = ways(graph, program, |call| call.via != Via::Default);
    let from = |ways: &[Vec<bool>], id: FuncId| -> BTreeSet<FuncId> {
        ids(program).filter(|to| *to == id || ways[id.index()][to.index()]).collect()
    };
    let (effects, order, cycles) = (graph.context_effects(), graph.callees_first(), graph.cycles());
    let place = |id: FuncId| order.iter().position(|at| *at == id);
    assert_eq!(order.iter().collect::<BTreeSet<_>>().len(), program.funcs.len(), "{name}");
    for id in ids(program) {
        assert_eq!(graph.reached([id]), from(&any, id), "{name}, {id:?}");
        assert_eq!(graph.reached_in_context([id]), from(&in_context, id), "{name}, {id:?}");
        let inner = |ways: &[Vec<bool>]| -> Vec<Does> {
            from(ways, id).into_iter().map(|id| Does::from(graph.effects(id))).collect()
        };
        let (all, outside) = (inner(&in_context), inner(&bare));
        let expected = Does {
            opens: all.iter().any(|does| does.opens),
            bare: outside.iter().any(|does| does.bare),
            bare_gen: outside.iter().any(|does| does.bare_gen),
            asks: all.iter().any(|does| does.asks),
            models: all.iter().flat_map(|does| does.models.clone()).collect(),
        };
        assert_eq!(Does::from(&effects[id.index()]), expected, "{name}, {id:?}");
        for call in graph.calls(id).iter().filter(|call| call.via == Via::Call) {
            let (to, turns) = (call.callee, called[call.callee.index()][id.index()]);
            assert!(turns || place(to) < place(id), "{name}: {to:?} comes before {id:?} in {order:?}");
        }
        let group = cycles.iter().find(|group| group.contains(&id));
        let expected: BTreeSet<FuncId> =
            ids(program).filter(|to| run[id.index()][to.index()] && run[to.index()][id.index()]).collect();
        assert_eq!(group.into_iter().flatten().copied().collect::<BTreeSet<_>>(), expected, "{name}, {id:?}");
    }
}

#[test]
fn queries_agree_with_naive_ones() {
    for (name, hir, program) in suite() {
        assert_queries(&name, &CallGraph::from(&hir), &program);
        assert_queries(&name, &CallGraph::from(&program), &program);
    }
    for (text, _, hir, program) in random() {
        let graph = CallGraph::from(&hir);
        assert_queries(&text, &graph, &program);
        let longest = ids(&program).map(|id| longest(&graph, id, &mut Vec::new())).max().unwrap_or(0);
        assert!(graph.most_open() >= longest, "{text}");
        assert!(!graph.cycles().is_empty() || graph.most_open() == longest, "{text}");
    }
}

/// What the checker has to know before there is a tree, so that it finds it by another way.
#[test]
fn the_checker_knows_the_same_of_roles_and_purity() {
    let all = suite().into_iter().chain(random().map(|(text, _, hir, program)| (text, hir, program)));
    let mut chats = 0;
    for (name, hir, program) in all {
        let graph = CallGraph::from(&hir);
        let opens = |func| graph.reached([func]).into_iter().any(|func| graph.effects(func).opens.is_some());
        assert_eq!(hir.chat, opens(FuncId(hir.entry)), "{name}");
        for test in &hir.tests {
            assert_eq!(test.chat, opens(FuncId(test.func)), "{name}: {}", test.name);
        }
        for ((id, func), effects) in ids(&program).zip(&hir.funcs).zip(graph.context_effects()) {
            assert_eq!(func.effects.roles, effects.opens.is_some(), "{name}, {id:?}");
            assert!(!func.effects.pure() || Does::from(&effects) == Does::default(), "{name}, {id:?}");
        }
        chats += usize::from(hir.chat);
    }
    assert!(chats > 20, "only {chats} programs are chats");
}
