//! Programs in the IR that were cut short, edited or made up: each is refused with a reason, or refers only
//! to what exists. Nothing makes the loader panic.

mod common;

use agentc_compiler::builtin::Builtin;
use agentc_compiler::ir::{
    self, Block, BlockId, Const, FuncId, GenOption, Inst, Local, Op, Program, SpecId, Term, Ty,
};
use agentc_compiler::source::NoFiles;
use agentc_compiler::{Options, compile};
use agentc_constraint::spec::Spec;
use common::random::Random;
use serde_json::Value;

fn program(text: &str) -> Program {
    let compiled = compile("test.agent", text.as_bytes(), &NoFiles, &Options::default());
    compiled.program.unwrap_or_else(|| panic!("{text}\n{:#?}", compiled.diags))
}

/// A program with every kind of thing that can be named by number.
const EVERYTHING: &str = r#"
model small = "m" { ctx: 8 }
type Tree { v: int, kids: Tree[] }
tool search(q: str, k: int = 3) -> Tree needs run = exec "x"
tool add(a: int) -> int { return a }
fn twice(n: int, by: int = 2) -> int { return n * by }
agent asks(s: str) -> str { user s assistant gen a return a }
input n: int = 1
let xs = fork 2 as i { user { "{{ i }}" if i == 3 { yield 1 } gen b: bool } yield 2 }
let y = aside { try { assistant { select c from ["a", "b"] yield c } } else e { yield e.message } }
for z in fork w in xs { yield w } { if z == 1 { continue } break }
while n < 3 max 5 { try { user { break } } }
call act: search | add with max = 9, model = small
gen tree: Tree with tools = [search], n = 2
gen d with stop = ["a", y], temp = 0.5
print "{{ d.text }} {{ map([1], twice) }}"
print search("x").v
expect twice(n) == 2 and n in xs, "no"
print {...{a: 1}, [y]: 7 // 2, b: 7 / 2} - [...xs | map(str), y]
print [{a: 1}.a, xs[0], xs[1:][0], if context == "" { 1 } else { 2 }]
test "t" with model = script { "p" => "q" /r/ => "s" } { expect asks("x") == "q" }
test "u" with model = small { expect score("x") < 0 }
"#;

// ---- random edits of the JSON

/// How many values there are, this one included.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    }
}

/// The value of a number, counted from the outside in.
fn at(value: &mut Value, mut number: usize) -> Option<&mut Value> {
    if number == 0 {
        return Some(value);
    }
    number -= 1;
    let children: Vec<&mut Value> = match value {
        Value::Array(items) => items.iter_mut().collect(),
        Value::Object(fields) => fields.values_mut().collect(),
        _ => Vec::new(),
    };
    for child in children {
        let size = count(child);
        if number < size {
            return at(child, number);
        }
        number -= size;
    }
    None
}

const NUMBERS: [i64; 8] = [0, 1, 2, 3, 7, 40, 4_294_967_295, -1];

/// One edit: another number, a part removed or doubled, two parts swapped, another word.
fn edit(program: &mut Value, random: &mut Random) {
    let total = count(program);
    let other = at(program, random.below(total)).cloned();
    // Numbers are what matters most; shapes are mostly refused by the reader.
    let chosen = (0..3).map(|_| random.below(total)).find(|n| at(program, *n).is_some_and(|v| v.is_number()));
    let chosen = chosen.unwrap_or_else(|| random.below(total));
    let Some(value) = at(program, chosen) else { return };
    match value {
        Value::Number(number) => {
            let near = number.as_i64().unwrap_or(0) + [-1, 1][random.below(2)];
            let any = NUMBERS[random.below(NUMBERS.len())];
            *value = Value::from(if random.below(2) == 0 { near } else { any });
        }
        Value::Array(items) if !items.is_empty() => {
            let (a, b) = (random.below(items.len()), random.below(items.len()));
            match random.below(3) {
                0 => drop(items.remove(a)),
                1 => items.insert(b, items[a].clone()),
                _ => items.swap(a, b),
            }
        }
        Value::Object(fields) if !fields.is_empty() => {
            let key = fields.keys().nth(random.below(fields.len())).cloned();
            drop(key.and_then(|key| fields.remove(&key)));
        }
        Value::Bool(truth) => *truth = !*truth,
        Value::String(text) if random.below(2) == 0 => text.clear(),
        _ => *value = other.unwrap_or(Value::Null),
    }
}

#[test]
fn what_is_edited_is_refused_or_names_only_what_is_there() {
    let original = serde_json::to_value(program(EVERYTHING)).expect("it can be written");
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    let (mut read, mut valid) = (0, 0);
    for _ in 0..6_000 {
        let mut edited = original.clone();
        for _ in 0..=random.below(3) {
            edit(&mut edited, &mut random);
        }
        let Ok(program) = serde_json::from_value::<Program>(edited) else { continue };
        read += 1;
        if let Err(error) = ir::validate(&program) {
            assert!(!error.message.is_empty());
            continue;
        }
        valid += 1;
        let json = serde_json::to_value(&program).expect("it can be written");
        names_only_what_is_there(&json);
        assert!(program.to_string().contains("program v"));
    }
    assert!(read > 2_000 && valid > 800 && read > valid + 800, "{read} {valid}");
}

#[test]
fn what_is_cut_off_is_no_program() {
    let text = serde_json::to_string(&program(EVERYTHING)).expect("it can be written");
    for end in (0..text.len()).step_by(97) {
        assert!(serde_json::from_str::<Program>(text.get(..end).unwrap_or("")).is_err());
    }
}

/// An independent look at a program, by the names of its JSON fields.
fn names_only_what_is_there(program: &Value) {
    let length = |of: &Value, key: &str| of[key].as_array().map_or(0, Vec::len) as u64;
    let funcs = program["funcs"].as_array().expect("there are functions");
    for func in funcs {
        let limits = Limits {
            locals: length(func, "locals"),
            blocks: length(func, "blocks"),
            funcs: funcs.len() as u64,
            tools: length(program, "tools"),
            types: length(program, "types"),
            specs: length(program, "specs"),
            models: length(program, "models"),
            files: length(program, "files"),
        };
        limits.look(func, "");
    }
}

struct Limits {
    locals: u64,
    blocks: u64,
    funcs: u64,
    tools: u64,
    types: u64,
    specs: u64,
    models: u64,
    files: u64,
}

impl Limits {
    fn look(&self, value: &Value, key: &str) {
        match value {
            Value::Number(number) => {
                let below = match key {
                    "dst" | "src" | "lhs" | "rhs" | "index" | "list" | "item" | "cond" | "message"
                    | "error" | "max" | "count" | "items" | "args" | "parts" | "restore" | "bindings"
                    | "text" | "return" | "yield" | "operand" => self.locals,
                    "body" | "then" | "otherwise" | "handler" | "jump" => self.blocks,
                    "func" | "default" => self.funcs,
                    "tool" | "tools" => self.tools,
                    "named" => self.types,
                    "spec" => self.specs,
                    "model" => self.models,
                    "file" => self.files,
                    _ => return,
                };
                assert!(number.as_u64().is_some_and(|n| n < below), "{key} {number}");
            }
            Value::Array(items) => items.iter().for_each(|item| self.look(item, key)),
            Value::Object(fields) => {
                for (name, inner) in fields {
                    let constant = matches!(name.as_str(), "value" | "lit");
                    // Numbers in pairs: `["max", 3]`, `["name", 3]`, `[span, 3]`.
                    let pairs =
                        matches!(name.as_str(), "options" | "facts" | "captures" | "fields" | "operands");
                    match inner {
                        _ if constant => {}
                        Value::Array(items) if pairs => {
                            items.iter().filter_map(|pair| pair.get(1)).for_each(|n| self.look(n, "operand"));
                        }
                        _ => self.look(inner, name),
                    }
                }
            }
            _ => {}
        }
    }
}

// ---- edits with a meaning

/// Why a program is refused once it is edited.
fn refused(text: &str, edit: impl FnOnce(&mut Program)) -> String {
    let mut program = program(text);
    assert_eq!(ir::validate(&program), Ok(()));
    edit(&mut program);
    ir::validate(&program).expect_err("it was edited").message
}

fn entry(program: &mut Program) -> &mut ir::Func {
    let entry = program.entry.index();
    &mut program.funcs[entry]
}

fn add(program: &mut Program, op: Op) {
    let func = entry(program);
    let span = func.span;
    func.blocks[0].insts.insert(0, Inst { op, span });
}

#[test]
fn indices_beyond_the_tables_are_refused() {
    let with = |op: Op| refused("let n = 1", |p| add(p, op));
    let dst = Local(0);
    let args = Vec::new();
    assert!(with(Op::ToolCall { dst, tool: ir::ToolId(0), args: args.clone() }).contains("tool 0"));
    assert!(with(Op::Fork { dst, body: BlockId(9), over: ir::Over::Aside }).contains("block 9"));
    assert!(with(Op::Try { handler: BlockId(9), error: None, restore: vec![] }).contains("block 9"));
    assert!(
        with(Op::Try { handler: BlockId(0), error: None, restore: vec![Local(99)] }).contains("local 99")
    );
    assert!(with(Op::Score { dst, text: Local(99) }).contains("local 99"));
    assert!(with(Op::Builtin { dst, id: Builtin::Trim, args }).contains("`trim` takes 1 arguments"));
    let ty = |ty: Ty| refused("let n = 1", |p| entry(p).locals[0].ty = ty);
    assert!(ty(Ty::List(Box::new(Ty::Named(0)))).contains("type 0"));
}

#[test]
fn functions_are_known_by_name() {
    let mut json = serde_json::to_value(program("print trim(\"x\")")).expect("it can be written");
    let text = json.to_string();
    assert!(text.contains(r#""id":"trim""#), "{text}");
    json = serde_json::from_str(&text.replace(r#""id":"trim""#, r#""id":"map""#)).expect("it is JSON");
    let error = serde_json::from_value::<Program>(json).expect_err("it was edited").to_string();
    assert!(error.contains("unknown variant `map`"), "{error}");
}

#[test]
fn calls_name_what_is_there() {
    let with = |edit: &dyn Fn(&mut ir::CallGen)| {
        refused("tool t(a: int)\ncall x: t", |p| {
            let insts = entry(p).blocks.iter_mut().flat_map(|b| &mut b.insts);
            insts.for_each(|i| {
                if let Op::CallGen(call) = &mut i.op {
                    edit(call)
                }
            });
        })
    };
    assert!(with(&|call| call.tools.clear()).contains("no tool"));
    assert!(with(&|call| call.tools.push(ir::ToolId(3))).contains("tool 3"));
    assert!(with(&|call| call.spec = SpecId(3)).contains("spec 3"));
}

#[test]
fn generations_name_what_is_there() {
    let with = |edit: &dyn Fn(&mut ir::Gen)| {
        refused("gen x with max = 3, temp = 0.5", |p| {
            let insts = entry(p).blocks.iter_mut().flat_map(|b| &mut b.insts);
            insts.for_each(|i| {
                if let Op::Gen(g) = &mut i.op {
                    edit(g)
                }
            });
        })
    };
    let with_spec = |spec: Spec| refused("gen x", |p| p.specs = vec![spec.into()]);
    assert!(with(&|g| g.model = Some(0)).contains("model 0"));
    assert!(with(&|g| g.tools.push(ir::ToolId(3))).contains("tool 3"));
    assert!(with(&|g| g.options.push(g.options[0])).contains("twice"));
    assert!(with(&|g| g.options[0].0 = GenOption::Heal).contains("no bool"));
    assert!(with(&|g| g.facts.push((ir::GenFact::Text, Local(77)))).contains("local 77"));
    assert!(with(&|g| g.spec = SpecId(1)).contains("spec 1"));
    assert!(with_spec(Spec::OneOf { hole: 0 }).contains("hole 0"));
    let hole = Spec::JsonOf { value: Box::new(Spec::Copy { hole: 5 }) };
    assert!(with_spec(Spec::Array { item: Box::new(hole), min: 0, max: None }).contains("hole 5"));
    let defs = Spec::Defs { defs: vec![Spec::Bool], root: Box::new(Spec::Ref { def: 1 }) };
    assert!(with_spec(defs).contains("definition 1"));
    assert!(with_spec(Spec::Ref { def: 0 }).contains("definition 0"));
}

#[test]
fn types_tools_and_tests_are_looked_at() {
    let tree = "type Tree { kids: Tree[] }\ngen x: Tree";
    assert!(refused(tree, |p| p.types[0].ty = Ty::Named(0)).contains("contains itself directly"));
    assert!(
        refused(tree, |p| p.types[0].ty = Ty::Union(vec![Ty::Null, Ty::Named(0)]))
            .contains("contains itself directly")
    );
    assert!(refused(tree, |p| p.types[0].ty = Ty::Named(7)).contains("type 7"));
    let tool = "tool t(a: int = 1) -> int { return a }\nprint t()";
    assert!(refused(tool, |p| p.tools[0].body = ir::ToolBody::Func(FuncId(99))).contains("function 99"));
    assert!(refused(tool, |p| p.tools[0].params.clear()).contains("differ"));
    assert!(refused(tool, |p| p.tools[0].params[0].default = Some(FuncId(99))).contains("function 99"));
    let test = "test \"t\" with model = script { /a/ => \"b\" } { expect true }";
    assert!(refused(test, |p| p.tests[0].func = FuncId(99)).contains("function 99"));
    assert!(refused(test, |p| p.tests[0].model = ir::TestModel::Named(0)).contains("model 0"));
    assert!(refused(test, |p| p.entry = p.tests[0].func).contains("is a test"));
    let rule = ir::ScriptRule { prompt: ir::ScriptPrompt::Regex("(".to_owned()), answer: String::new() };
    assert!(refused(test, |p| p.tests[0].model = ir::TestModel::Script(vec![rule])).contains("regex"));
    let call = refused(test, |p| {
        let func = p.tests[0].func;
        let locals = vec![ir::LocalDecl { name: None, ty: Ty::Null }];
        entry(p).locals = locals;
        add(p, Op::Call { dst: Local(0), func, args: Vec::new() });
    });
    assert!(call.contains("nothing may call"));
}

#[test]
fn control_must_balance() {
    let with = |ops: &[Op], term: Term| {
        refused("let n = 1", |p| {
            let func = entry(p);
            let span = func.span;
            let insts = ops.iter().map(|op| Inst { op: op.clone(), span }).collect();
            func.blocks = vec![Block { insts, term }, Block { insts: vec![], term: Term::Return(None) }];
            func.blocks.push(Block { insts: vec![], term: Term::Yield(None) });
        })
    };
    let (role, attempt) = (
        Op::OpenRole { role: ir::Role::User },
        Op::Try { handler: BlockId(1), error: None, restore: Vec::new() },
    );
    let branch = |body: u32| Op::Fork { dst: Local(0), body: BlockId(body), over: ir::Over::Aside };
    let returns = Term::Return(None);
    assert!(with(&[Op::EndTry], returns.clone()).contains("not open"));
    assert!(with(std::slice::from_ref(&attempt), returns.clone()).contains("leaves a `try` open"));
    assert!(with(std::slice::from_ref(&attempt), Term::Jump(BlockId(1))).contains("different things open"));
    assert!(with(&[Op::CloseRole], returns.clone()).contains("not open"));
    assert!(with(std::slice::from_ref(&role), returns.clone()).contains("leaves a message open"));
    assert!(with(&[role.clone(), role.clone()], returns.clone()).contains("inside another"));
    assert!(with(&[role, Op::CloseRole], Term::Yield(None)).contains("outside a branch"));
    assert!(with(&[branch(1)], returns.clone()).contains("returns from within a branch"));
    assert!(with(&[branch(2)], Term::Jump(BlockId(2))).contains("belongs to a branch"));
    assert!(with(&[branch(0)], returns.clone()).contains("reached in another way"));
    assert!(with(&[branch(2), branch(2)], returns).contains("reached in another way"));
}

#[test]
fn a_branch_may_not_close_what_it_did_not_open() {
    let text = "user { let a = aside { print 1 yield 1 } }";
    let wrong = |op: Op| {
        refused(text, |p| {
            let func = entry(p);
            let span = func.span;
            let body = func.blocks.iter_mut().find(|b| matches!(b.term, Term::Yield(_)));
            body.expect("there is a branch").insts.insert(0, Inst { op, span });
        })
    };
    assert!(wrong(Op::CloseRole).contains("not open"));
    assert!(wrong(Op::OpenRole { role: ir::Role::User }).contains("inside another"));
    let jumped = refused(text, |p| {
        let blocks = &mut entry(p).blocks;
        let body = blocks.iter().position(|b| matches!(b.term, Term::Yield(_))).expect("there is a branch");
        blocks[body].term = Term::Jump(BlockId(u32::try_from(body).expect("it is small")));
    });
    assert!(jumped.contains("begins a branch, and is jumped to"));
}

#[test]
fn what_follows_a_failure_is_not_looked_at() {
    let mut program = program("user { try { fail \"x\" } }");
    let constant = Op::Const { dst: Local(0), value: Const::Null };
    add(&mut program, constant);
    assert_eq!(ir::validate(&program), Ok(()));
}

#[test]
fn a_constant_is_pure_and_has_no_parameters() {
    let of = |text: &str| program(text);
    let good = of("const A = len(\"x\")\nfn f(n: int) -> int { return n }\nfn g() { \"x\" }\nprint f(A) g()");
    assert!(good.funcs.iter().any(|func| func.constant && func.name == "A"));
    for name in ["f", "g", "main"] {
        let mut bad = good.clone();
        bad.funcs.iter_mut().filter(|func| func.name == name).for_each(|func| func.constant = true);
        let error = ir::validate(&bad).expect_err("it is refused").to_string();
        assert!(error.contains(&format!("the constant `{name}` is not pure")), "{error}");
    }
}
