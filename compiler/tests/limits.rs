//! Each limit of the compiler can be reached with a small value, and is named with its number where it is.

mod common;

use agentc_compiler::diag::Diag;
use agentc_compiler::graph::CallGraph;
use agentc_compiler::size::Measured;
use agentc_compiler::{Limit, Limits, Options, compile, fmt, lex};
use common::Files;

/// What is found in a program of these files under limits that `change` makes smaller.
fn found(text: &str, files: &[(&str, &str)], change: impl FnOnce(&mut Limits)) -> Vec<Diag> {
    let mut options = Options::default();
    change(&mut options.limits);
    compile("main.agent", text.as_bytes(), &Files::of(files), &options).diags
}

/// The only finding about a limit, where the defaults allow the program.
fn hit(text: &str, files: &[(&str, &str)], change: impl FnOnce(&mut Limits)) -> (Limit, Diag) {
    let usual = found(text, files, |_| {});
    assert!(usual.iter().all(|diag| diag.limit.is_none() && !diag.is_error()), "{usual:?}");
    let diags = found(text, files, change);
    let limits: Vec<&Diag> = diags.iter().filter(|diag| diag.limit.is_some()).collect();
    match limits.as_slice() {
        [diag] => (diag.limit.expect("it has one"), (*diag).clone()),
        _ => panic!("{diags:?}"),
    }
}

/// A limit, the code of its finding, and what names the number.
#[track_caller]
fn expect(hit: (Limit, Diag), limit: Limit, code: &str, names: &str) {
    let (found, diag) = hit;
    assert_eq!((found, diag.code), (limit, code), "{diag:?}");
    assert!(diag.message.contains(names), "{}", diag.message);
    assert!(diag.hint.is_some(), "{diag:?}");
}

#[test]
fn limits_of_instances_are_named() {
    let uses =
        "fn apply(x: int, f: fn(int) -> int) -> int { return f(x) }\nprint apply(1, x => x) + apply(2, abs)";
    expect(hit(uses, &[], |l| l.instances = 1), Limit::Instances, "E0222", "more than 1 instances");
    expect(hit(uses, &[], |l| l.instance_text = 80), Limit::InstanceText, "E0222", "more than 80 bytes");
}

#[test]
fn functions_that_take_functions_cannot_explode() {
    // Each level has two functions for each of the level before.
    let mut text = "fn f0(x: int, f: fn(int) -> int) -> int { return f(x) }\n".to_owned();
    for level in 1..40 {
        let before = level - 1;
        text += &format!(
            "fn f{level}(x: int, f: fn(int) -> int) -> int {{ return f{before}(x, y => f(y)) + f{before}(x, y => f(y)) }}\n"
        );
    }
    let diags = found(&(text + "print f39(1, x => x)"), &[], |_| {});
    assert_eq!(diags.iter().map(|d| d.limit).collect::<Vec<_>>(), [Some(Limit::Instances)], "{diags:?}");
}

#[test]
fn limits_of_texts_are_named() {
    expect(hit("print 12345", &[], |l| l.source = 10), Limit::Source, "E0002", "more than 10 bytes");
    let import = [("a.agent", "const A = 1")];
    let uses = "import \"a.agent\" as a\nprint a.A";
    expect(hit(uses, &import, |l| l.files = 1), Limit::Files, "E0603", "more than 1 files");
    expect(hit("print ((1))", &[], |l| l.nesting = 1), Limit::Nesting, "E0003", "more than 1 levels");
    let long = "print 1 + 2 + 3 + 4 + 5";
    expect(hit(long, &[], |l| l.enclosing = 3), Limit::Enclosing, "E0004", "more than 3 operators");
}

#[test]
fn limits_of_types_are_named() {
    let record = "type T { a: int, b: int, c: int }\ngen x: T\nprint x.a";
    expect(hit(record, &[], |l| l.type_parts = 3), Limit::TypeParts, "E0211", "more than 3 parts");
    let deep = "gen x: int[][][]\nprint x";
    expect(hit(deep, &[], |l| l.type_levels = 2), Limit::TypeLevels, "E0211", "more than 2 levels");
    let text = "gen x: /abcdefgh/\nprint x";
    expect(hit(text, &[], |l| l.type_text = 7), Limit::TypeText, "E0211", "more than 7 bytes");
    let twice = "type T { a: int, b: int }\ngen x: T\ngen y: T\nprint x.a + y.a";
    expect(hit(twice, &[], |l| l.types_used = 5), Limit::TypesUsed, "E0211", "more than 5 parts");
    let value = "let x = {a: 1, b: [1], c: [2]}\nprint x.a";
    expect(hit(value, &[], |l| l.type_parts = 5), Limit::TypeParts, "E0211", "more than 5 parts");
}

#[test]
fn limits_of_embedded_data_are_named() {
    let files = [("d.json", "{\"a\": [[1]]}"), ("s.json", "{\"items\": {\"items\": true}}")];
    let read = "const D = embed \"d.json\"\nprint D.a[0][0]";
    expect(hit(read, &files, |l| l.data_levels = 2), Limit::DataLevels, "E0604", "more than 2 levels");
    expect(hit(read, &files, |l| l.type_levels = 2), Limit::TypeLevels, "E0605", "more than 2 levels");
    expect(hit(read, &files, |l| l.type_parts = 2), Limit::TypeParts, "E0605", "more than 2 parts");
    let schema = "gen x: schema \"s.json\" with max = 50\nprint x";
    expect(hit(schema, &files, |l| l.data_levels = 1), Limit::DataLevels, "E0604", "more than 1 levels");
    let long = "x".repeat(90);
    let size = hit("const D = embed \"a.txt\"\nprint D", &[("a.txt", long.as_str())], |l| l.source = 80);
    expect(size, Limit::Source, "E0002", "more than 80 bytes");
}

#[test]
fn limits_of_inference_are_named() {
    // What a type asks for is found out only where it is met.
    let chain = "fn a() { gen x: one_of(b()) return x }\nfn b() { return c() }\nfn c() { return [\"u\", \"v\"] }\nprint a()";
    expect(hit(chain, &[], |l| l.waiting = 1), Limit::Waiting, "E0209", "more than 1 functions");
    let deep = "fn a() { gen x: one_of([b(), \"v\"]) return x }\nfn b() { return \"u\" }\nprint a()";
    expect(hit(deep, &[], |l| l.waiting_depth = 1), Limit::WaitingDepth, "E0209", "more than 1 expressions");
}

#[test]
fn limits_of_regexes_and_runs_are_named() {
    let search = "print replace(\"aaa\", /a{50}/, \"b\")";
    let search = hit(search, &[], |l| l.searched_regex = 100);
    expect(search, Limit::SearchedRegex, "E0403", "100");
    let calls =
        "fn a() -> int { return b() }\nfn b() -> int { return c() }\nfn c() -> int { return 1 }\nprint a()";
    expect(hit(calls, &[], |l| l.open_calls = 2), Limit::OpenCalls, "W0121", "open 2 calls");
}

#[test]
fn limits_of_constraints_come_from_the_engine() {
    let regex = "gen x: /a{500}/ with max = 900\nprint x";
    let found = found(regex, &[], |l| l.constraint.witness_bytes = 100);
    let [diag] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(diag.code, "E0403");
    assert!(diag.message.contains("more than 100 bytes in the shortest value"), "{}", diag.message);
}

/// What a lint does not find out within its steps it does not say, and a function that is too large to measure is open.
#[test]
fn what_takes_too_long_is_not_said() {
    let union = "gen x: \"1\" | /[0-9]/\nprint x";
    let codes =
        |change: fn(&mut Limits)| found(union, &[], change).iter().map(|d| d.code).collect::<Vec<_>>();
    assert_eq!(codes(|_| {}), ["W0304"]);
    assert!(codes(|l| l.question = 0).is_empty());
    assert!(codes(|l| l.compared = 1).is_empty());
    let program = compile("a.agent", b"\"ab\" gen x with max = 7", &Files::of(&[]), &Options::default());
    let program = program.program.expect("a program");
    let open = |limits: &Limits| {
        let measured = Measured { program: &program, graph: &CallGraph::from(&program), limits };
        measured.worst_case(&str::len).len()
    };
    assert_eq!(open(&Limits::default()), 1);
    assert_eq!(open(&Limits { blocks: 0, ..Limits::default() }), 0);
}

#[test]
fn the_tools_that_read_texts_take_limits_too() {
    let limits = Limits { nesting: 1, ..Limits::default() };
    assert_eq!(lex::lex(0, "((1))", &limits).diags[0].limit, Some(Limit::Nesting));
    let refused = fmt::format(0, "print ((1))", &limits).expect_err("it nests too deeply");
    assert_eq!(refused[0].limit, Some(Limit::Nesting));
}
