//! What programs compile to: texts as they reach the context, blocks as the runtime sees them, and what the
//! loader refuses.

use agentc_compiler::builtin::Builtin;
use agentc_compiler::ir::{self, Const, Op, Program};
use agentc_compiler::source::NoFiles;
use agentc_compiler::{Options, check, compile, hir, load, lower};
use agentc_constraint::{Limits, SharedSpec};

fn program(text: &str) -> Program {
    let compiled = compile("test.agent", text.as_bytes(), &NoFiles, &Options::default());
    compiled.program.unwrap_or_else(|| panic!("{text}\n{:#?}", compiled.diags))
}

/// The literal texts of the entry point, in order.
fn texts(text: &str) -> Vec<String> {
    let program = program(text);
    let entry = &program.funcs[program.entry.index()];
    let ops = entry.blocks.iter().flat_map(|b| &b.insts).map(|i| &i.op);
    ops.filter_map(|op| match op {
        Op::Const { value: Const::Str(text), .. } => Some(text.clone()),
        _ => None,
    })
    .collect()
}

/// The readable form of the entry point's blocks, without declarations.
fn blocks(text: &str) -> String {
    let shown = program(text).to_string();
    let main = shown.split("main #").nth(1).expect("there is a main");
    main.lines().skip_while(|l| !l.starts_with("b0")).collect::<Vec<_>>().join("\n")
}

#[test]
fn escapes_are_read() {
    assert_eq!(texts(r#""a\n\t\"\\\u{1F600}\{{ b""#), ["a\n\t\"\\😀{{ b"]);
    assert_eq!(texts(r#""{a} }} [x] # $5""#), ["{a} }} [x] # $5"]);
}

#[test]
fn indentation_is_removed() {
    assert_eq!(texts("\"\"\"\n    a\n      b\n\n    c\n    \"\"\""), ["a\n  b\n\nc"]);
    assert_eq!(texts("\"\"\"\r\n    a\r\n    b\r\n    \"\"\""), ["a\nb"]);
    assert_eq!(texts("\"\"\"a\n    b\n  c\"\"\""), ["a\n  b\nc"]);
    assert_eq!(texts("\"\"\"\n  a\n   \n  b\n\"\"\""), ["a\n \nb"]);
    assert_eq!(texts("\"\"\"\n\ta\n\t\tb\n\"\"\""), ["a\n\tb"]);
    assert_eq!(
        texts("\"\"\"\n  raw \\n and \\{{ and \\\"\"\" \"quotes\"\n  \"\"\""),
        ["raw \\n and {{ and \"\"\" \"quotes\""]
    );
    assert_eq!(texts("\"\"\"\n\n  a\n\n\"\"\""), ["\na\n"]);
    assert_eq!(texts("\"\"\"\"\"\""), Vec::<String>::new());
}

#[test]
fn holes_keep_their_line() {
    let text = "let x = 1\n\"\"\"\n    a {{ x }} b\n      {{ x }}\n    c {{\n x }} d\n    \"\"\"";
    assert_eq!(texts(text), ["a ", " b\n  ", "\nc ", " d"]);
    assert_eq!(texts("let x = 1\n\"\"\"\n  {{ x }}\n  \"\"\""), Vec::<String>::new());
}

#[test]
fn a_loop_is_blocks() {
    let expected = "b0:\n  %1 = 2\n  %2 = 0\n  jump b1\nb1:\n  %3 = lt %2 %1\n  branch %3 b2 b4\nb2:\n  %0 = %2\n  data %0\n  \
                    jump b3\nb3:\n  %4 = 1\n  %2 = add %2 %4\n  jump b1\nb4:\n  return\n}";
    assert_eq!(blocks("repeat 2 as i { \"{{ i }}\" }"), expected);
}

#[test]
fn leaving_a_role_closes_it() {
    let shown = blocks("repeat 2 { user { \"a\" break } }");
    assert!(shown.contains("text %3\n  close\n  jump b4"), "{shown}");
    let shown = blocks("assistant { gen a return a }");
    assert!(shown.contains("close\n  return %0"), "{shown}");
    let shown = blocks("user { repeat 2 { break } }");
    assert_eq!(shown.matches("close").count(), 1, "{shown}");
}

#[test]
fn numbers_are_converted_where_floats_are_wanted() {
    assert!(blocks("let a = 1\nlet b: float = a").contains("int_to_float"));
    assert!(blocks("let a = 1\nprint a + 1.5").contains("int_to_float"));
    assert!(blocks("let b: float[] = [1, 2.5]").contains("= 1.0"));
    assert!(blocks("print -9223372036854775808").contains("= -9223372036854775808"));
}

#[test]
fn operators_bind_as_the_table_says() {
    let order = |text: &str| {
        let shown = blocks(text);
        let ops =
            shown.lines().filter_map(|l| l.split(" = ").nth(1)).filter_map(|r| r.split([' ', '(']).next());
        let names = ops.filter(|o| o.chars().all(|c| c.is_ascii_lowercase() || c == '_') && !o.is_empty());
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(order("let a = 1\nprint a + a * a - a"), ["mul", "add", "sub"]);
    assert_eq!(order("let a = 1\nprint -a | abs"), ["abs", "neg"]);
    assert_eq!(order("let a = 1\nprint not a + 1 == a"), ["add", "eq", "not"]);
    assert_eq!(order("let a: int | null = 1\nprint (a ?? 2) + 1")[0], "null");
    assert_eq!(order("let a = \"x\"\nprint a + a | upper"), ["upper", "add"]);
}

#[test]
fn run_time_values_become_holes() {
    let program = program(
        "let xs = [\"a\"]\nlet s = \"b\"\nselect x from xs with stop = s\ngen y with stop = [\"c\", s]",
    );
    let gens: Vec<_> = program.funcs[0].blocks[0]
        .insts
        .iter()
        .filter_map(|i| if let Op::Gen(g) = &i.op { Some(g) } else { None })
        .collect();
    assert_eq!(gens[0].bindings.len(), 2);
    assert_eq!(gens[1].bindings.len(), 1);
}

#[test]
fn equal_specs_are_one() {
    let program = program(
        "type T { a: int }\ngen x: T\ngen y: T\ngen z: T with whitespace = \"flexible\"\nselect w from [\"a\"]",
    );
    let gens: Vec<_> = program.funcs[0].blocks[0]
        .insts
        .iter()
        .filter_map(|i| if let Op::Gen(g) = &i.op { Some(g.spec.0) } else { None })
        .collect();
    assert_eq!((gens, program.specs.len()), (vec![0, 0, 1, 2], 3));
}

#[test]
fn a_pattern_that_was_built_before_lowering_is_found_after_it() {
    let text = "gen x: /[a-z]+/ with stop = \".\"";
    let loaded = load("test.agent", text.as_bytes(), &NoFiles, &agentc_compiler::Limits::default());
    let hir = check(&loaded.modules, &NoFiles, &Options::default()).0.expect("there is no mistake");
    let generation = match &hir.funcs[hir.entry as usize].body[..] {
        [hir::Stmt { kind: hir::StmtKind::Gen(generation), .. }] => generation,
        other => panic!("{other:?}"),
    };
    let built = |spec: &SharedSpec| spec.build(&[], &Limits::default()).expect("a pattern");
    let before = built(&generation.spec);
    let program = lower(&hir, &loaded.sources);
    assert_eq!(built(&program.specs[0]).shortest().as_ptr(), before.shortest().as_ptr());
}

#[test]
fn a_call_carries_what_the_model_writes() {
    let text = "type Tree { v: int(0..9), kids: Tree[](..1) }\ntool find(q: str(1..3), k: int(0..9) = 3) -> int\n\
                tool grow(t: Tree, how: \"up\" | \"down\") -> Tree\ncall act: find | grow\nprint act.tool";
    let program = program(text);
    let ops = program.funcs.iter().flat_map(|f| &f.blocks).flat_map(|b| &b.insts).map(|i| &i.op);
    let calls: Vec<_> =
        ops.filter_map(|op| if let Op::CallGen(call) = op { Some(call.spec) } else { None }).collect();
    let [call] = calls[..] else { panic!("{calls:?}") };
    let spec = program.spec(call).expect("it is there");
    let pattern = spec.build(&[], &Limits::default()).expect("a pattern");
    for good in [
        r#"{"tool": "find", "args": {"q": "a b", "k": 7}}"#,
        r#"{"tool": "find", "args": {"q": "x"}}"#,
        r#"{"tool": "grow", "args": {"t": {"v": 1, "kids": [{"v": 2, "kids": []}]}, "how": "up"}}"#,
    ] {
        assert!(pattern.is_match(good.as_bytes()), "{good}");
    }
    for bad in [
        r#"{"tool": "find", "args": {}}"#,
        r#"{"tool": "find", "args": {"q": "x", "k": 77}}"#,
        r#"{"tool": "grow", "args": {"q": "x"}}"#,
        r#"{"tool": "look", "args": {"q": "x"}}"#,
        "find",
    ] {
        assert!(!pattern.is_match(bad.as_bytes()), "{bad}");
    }
}

#[test]
fn purity_and_chat_are_inferred() {
    let program = program(
        "fn p(x: int) -> int { return x }\nfn w() { \"a\" }\nfn c() { w() }\nagent a() { user \"x\" }\nprint p(1)",
    );
    let pure: Vec<(&str, bool)> = program.funcs.iter().map(|f| (f.name.as_str(), f.pure)).collect();
    assert_eq!(pure, [("p", true), ("w", false), ("c", false), ("a", false), ("main", true)]);
    assert!(!program.chat);
    assert!(self::program("agent a() { user \"x\" }\na()").chat);
}

#[test]
fn edited_programs_are_refused() {
    let good = program(
        "let a = 1\nif a == 1 { gen b with stop = \"x\" }\nfn f(x: int = 2) -> int { return x }\nprint f()",
    );
    assert_eq!(ir::validate(&good), Ok(()));
    let refused = |edit: &dyn Fn(&mut Program)| {
        let mut program = good.clone();
        edit(&mut program);
        ir::validate(&program).expect_err("it was edited").message
    };
    assert!(refused(&|p| p.version = 99).contains("version"));
    assert!(refused(&|p| p.entry = ir::FuncId(99)).contains("entry"));
    assert!(refused(&|p| p.files.clear()).contains("file"));
    assert!(refused(&|p| p.funcs[0].blocks.clear()).contains("blocks"));
    assert!(refused(&|p| p.funcs.iter_mut().for_each(|f| f.locals.clear())).contains("local"));
    assert!(
        refused(&|p| p.funcs.iter_mut().for_each(|f| f.blocks[0].term = ir::Term::Jump(ir::BlockId(99))))
            .contains("block")
    );
    let op = |op: Op| {
        refused(&move |p: &mut Program| {
            let span = p.funcs[0].span;
            p.funcs[0].blocks[0].insts.push(ir::Inst { op: op.clone(), span });
        })
    };
    let dst = ir::Local(0);
    assert!(op(Op::Copy { dst, src: ir::Local(99) }).contains("local 99"));
    assert!(op(Op::Builtin { dst, id: Builtin::Len, args: Vec::new() }).contains("arguments"));
    assert!(op(Op::Call { dst, func: ir::FuncId(77), args: Vec::new() }).contains("function 77"));
    assert!(op(Op::Expect { cond: dst, message: None, operands: Vec::new() }).contains("no bool"));
}
