//! Programs of several files: how files are named, what is read and how often, and what becomes one program.

mod common;

use std::cell::RefCell;

use agentc_compiler::modules::Loaded;
use agentc_compiler::source::{World, WorldError};
use agentc_compiler::{Options, compile, ir, load};
use common::Files;

/// A world that remembers what it was asked for.
struct Watched<'w>(&'w Files, RefCell<Vec<String>>);

impl World for Watched<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, WorldError> {
        self.1.borrow_mut().push(path.to_owned());
        self.0.read(path)
    }
}

fn program(files: &Files, text: &str) -> ir::Program {
    let compiled = compile("main.agent", text.as_bytes(), files, &Options::default());
    compiled.program.unwrap_or_else(|| panic!("{:#?}", compiled.diags))
}

#[test]
fn each_file_is_read_once_by_a_path_from_the_first() {
    let files = Files::of(&[
        (
            "lib/a.agent",
            "import \"b.agent\" as b\nimport \"../c.agent\" as c\nconst x = embed \"data/d.json\"",
        ),
        (
            "lib/b.agent",
            "import \"./../c.agent\" as c\nimport \"std/text\" as t\nconst y = embed \"data/d.json\"",
        ),
        ("c.agent", "import \"std/text\" as t\nfn f() { }"),
        ("std/text.agent", "fn g() { }"),
        ("lib/data/d.json", "[1]"),
    ]);
    let watched = Watched(&files, RefCell::default());
    let text = "import \"lib/a.agent\" as a\nimport { f } from \"c.agent\"\nf()\nprint a.x";
    let compiled = compile("some/folder/main.agent", text.as_bytes(), &watched, &Options::default());
    assert!(compiled.diags.is_empty(), "{:#?}", compiled.diags);
    let asked = watched.1.into_inner();
    assert_eq!(asked, ["lib/a.agent", "c.agent", "lib/b.agent", "std/text", "lib/data/d.json"]);
    let names: Vec<&str> = compiled.sources.iter().map(|s| s.name.as_str()).collect();
    let shown = ["some/folder/main.agent", "some/folder/lib/a.agent", "some/folder/c.agent"];
    assert_eq!(names[..3], shown);
    assert_eq!(names[3..], ["some/folder/lib/b.agent", "std/text"]);
}

#[test]
fn a_file_that_imports_the_programs_own_closes_a_circle() {
    let files = Files::of(&[("lib/a.agent", "import \"../main.agent\" as main\nfn f() { }")]);
    for name in ["main.agent", "some/main.agent", "C:\\some\\main.agent"] {
        let Loaded { modules, diags, .. } =
            load(name, b"import \"lib/a.agent\" as a", &files, &agentc_compiler::Limits::default());
        assert_eq!(modules.list().len(), 2, "{name}");
        let shown: Vec<&str> = diags.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(shown, ["the imports form a circle: main.agent → lib/a.agent → main.agent"], "{name}");
        assert_eq!((diags[0].span.file, diags[0].labels[0].0.file), (0, 1), "{name}");
    }
}

#[test]
fn files_that_are_no_text_are_reported_once() {
    let mut files = Files::default();
    files.0.insert("lib.agent".to_owned(), b"fn f() { \xff }".to_vec());
    let text =
        "import \"lib.agent\" as lib\nimport { f, T } from \"lib.agent\"\nlet x: T | lib.U = lib.f(1) + f(2)";
    let compiled = compile("main.agent", text.as_bytes(), &files, &Options::default());
    let found: Vec<(&str, u32, u32)> =
        compiled.diags.iter().map(|d| (d.code, d.span.file, d.span.start)).collect();
    assert_eq!(found, [("E0001", 1, 9)]);
}

#[test]
fn functions_of_all_files_become_one_program() {
    let files = Files::of(&[
        (
            "a.agent",
            "import { g } from \"b.agent\"\nfn f(x: int = 2) -> int { return x + g() }\ntool t(y: str) -> int\ntype T { n: int, ts: T[] }",
        ),
        (
            "b.agent",
            "model small = \"m\" { ctx: 9 }\nfn g() -> int { gen n: int with model = small return n }\ntest \"g\" { expect g() == 1 }",
        ),
    ]);
    let text = "import \"a.agent\" as a\nimport { f, T } from \"a.agent\"\ntest \"own\" { expect f() == 1 }\n\
                print f() + a.f(1) + a.t(\"x\")\nlet t: T = {n: 1, ts: []}";
    let program = program(&files, text);
    let names: Vec<(&str, u32)> = program.funcs.iter().map(|f| (f.name.as_str(), f.span.file)).collect();
    assert_eq!(names, [("own", 0), ("f.x", 1), ("f", 1), ("g", 2), ("main", 0)]);
    assert_eq!(program.tools.len(), 1);
    assert_eq!(program.types[0].name, "T");
    assert_eq!(program.models[0].0, "small");
    // The tests of imported files are their own business.
    assert_eq!(program.tests.iter().map(|t| t.name.as_str()).collect::<Vec<_>>(), ["own"]);
}

#[test]
fn embedded_values_are_constants_of_their_type() {
    let files = Files::of(&[("d.json", "[{\"b\": 1, \"a\": 2}, {\"b\": 3}]"), ("t.md", "text\n")]);
    let text =
        "const A: {a: float?, b: int}[] = embed \"d.json\"\nconst B = embed \"t.md\"\nprint A\nprint B";
    let program = program(&files, text);
    let record = |fields: &[(&str, ir::Const)]| {
        ir::Const::Record(fields.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect())
    };
    let expected = ir::Const::List(vec![
        record(&[("a", ir::Const::Float(2.0)), ("b", ir::Const::Int(1))]),
        record(&[("b", ir::Const::Int(3))]),
    ]);
    let constants = |func: &ir::Func| -> Vec<ir::Const> {
        let insts = func.blocks.iter().flat_map(|b| &b.insts);
        insts
            .filter_map(|i| if let ir::Op::Const { value, .. } = &i.op { Some(value.clone()) } else { None })
            .collect()
    };
    assert_eq!(constants(&program.funcs[0]), [expected]);
    assert!(
        constants(&program.funcs[2]).contains(&ir::Const::Str("text\n".to_owned())),
        "a short text is copied"
    );
}

#[test]
fn a_file_of_tests_and_several_agents_compiles_and_says_so_when_it_is_run() {
    let text = "agent a() { }\nagent b() { }\n";
    let compiled = compile("main.agent", text.as_bytes(), &Files::default(), &Options::default());
    assert_eq!(compiled.diags.iter().map(|d| d.code).collect::<Vec<_>>(), ["E0501"]);
    let program = program(&Files::default(), &format!("{text}test \"a\" {{ a() b() expect true }}"));
    let entry = &program.funcs[program.entry.index()];
    let fails = entry.blocks.iter().flat_map(|b| &b.insts).any(|i| matches!(i.op, ir::Op::Fail { .. }));
    assert!(fails && entry.name == "main");
}

#[test]
fn a_binary_file_is_no_schema() {
    let files = Files(std::collections::BTreeMap::from([("binary.json".to_owned(), vec![0xff])]));
    let text = b"gen x: schema \"binary.json\"";
    let found = compile("main.agent", text, &files, &Options::default()).diags;
    let [diag] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(diag.code, "E0001");
    assert!(diag.message.contains("`binary.json`: this is a binary file"), "{}", diag.message);
}
