//! What branches, loops, `try`, facts of captures, expectations and functions over lists compile to: the
//! blocks of small programs, in their readable form.

mod common;

use agentc_compiler::ir::Program;
use agentc_compiler::source::NoFiles;
use agentc_compiler::{Options, compile};

fn program(text: &str) -> Program {
    let compiled = compile("test.agent", text.as_bytes(), &NoFiles, &Options::default());
    compiled.program.unwrap_or_else(|| panic!("{text}\n{:#?}", compiled.diags))
}

/// The entry point's blocks, one line for each instruction, without white space in front.
fn blocks(text: &str) -> String {
    let shown = program(text).to_string();
    let main = shown.split("main #").nth(1).expect("there is a main");
    let lines = main.lines().skip_while(|l| !l.starts_with("b0")).map(str::trim);
    lines.take_while(|l| *l != "}").collect::<Vec<_>>().join("\n")
}

/// What stands in a string of these tests, without the indentation.
fn lines(text: &str) -> String {
    text.lines().map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn becomes(text: &str, expected: &str) {
    assert_eq!(blocks(text), lines(expected), "{text}");
}

#[test]
fn while_asks_before_each_turn_and_notes_its_bound() {
    becomes(
        "let n = 0\nwhile n < 3 max 5 { n += 1 }",
        "b0:
           %1 = 0
           %0 = %1
           %2 = 5
           %3 = 0
           jump b1
         b1:
           %5 = 3
           %4 = lt %0 %5
           branch %4 b6 b7
         b2:
           %8 = 1
           %7 = add %0 %8
           %0 = %7
           jump b4
         b3:
           bound_reached %2
           jump b5
         b4:
           %9 = 1
           %3 = add %3 %9
           jump b1
         b5:
           return
         b6:
           %6 = lt %3 %2
           branch %6 b2 b3
         b7:
           jump b5",
    );
}

#[test]
fn branches_have_blocks_of_their_own() {
    becomes(
        "let a = aside { gen x yield x }",
        "b0:
           %2 = aside b1
           %1 = %2
           return
         b1:
           %0 = gen \"x\" str spec#0
           yield %0",
    );
    becomes(
        "user { let a = fork 2 as i { \"{{ i }}\" if i == 1 { fail \"x\" } } }",
        "b0:
           open user
           %3 = 2
           %2 = fork %3 as %0 b1
           %1 = %2
           close
           return
         b1:
           data %0
           %5 = 1
           %4 = eq %0 %5
           branch %4 b3 b4
         b2:
           yield
         b3:
           %6 = \"x\"
           fail %6
           yield
         b4:
           jump b2",
    );
    becomes(
        "let a = fork s in [\"a\"] { assistant { gen x: bool yield x } }",
        "b0:
           %5 = \"a\"
           %4 = [%5]
           %3 = fork %0 in %4 b1
           %2 = %3
           return
         b1:
           open assistant
           %1 = gen \"x\" bool spec#0
           close
           yield %1",
    );
    assert!(!program("let a = aside { gen x yield x }").funcs[0].captures.iter().any(|c| c.0 == "x"));
}

#[test]
fn try_names_what_it_restores() {
    becomes(
        "try { gen x: bool fail x.text } else e { print e.message }",
        "b0:
           try b1 as %2 restoring [%0, %1]
           %0 = gen \"x\" bool spec#0 %1=.text
           fail %1
           return
         b1:
           %3 = %2.message
           print %3
           jump b2
         b2:
           return",
    );
    becomes(
        "try { try { gen xs[]: bool } }",
        "b0:
           %0 = []
           try b1 restoring [%0]
           try b3 restoring [%0]
           %1 = gen \"xs\" bool spec#0
           append %0 %1
           end_try
           jump b4
         b1:
           jump b2
         b2:
           return
         b3:
           jump b4
         b4:
           end_try
           jump b2",
    );
}

#[test]
fn every_way_out_closes_what_is_open_innermost_first() {
    for way in ["break", "continue"] {
        let text = format!("repeat 2 {{ user {{ try {{ {way} }} }} }}");
        assert!(blocks(&text).contains("open user\ntry b5\nend_try\nclose\njump b"), "{}", blocks(&text));
        let text = format!("repeat 2 {{ try {{ user {{ {way} }} }} }}");
        assert!(blocks(&text).contains("open user\nclose\nend_try\njump b"), "{}", blocks(&text));
    }
    let shown = blocks("try { user { return 1 } }");
    assert!(shown.contains("close\nend_try\nreturn %0"), "{shown}");
    let shown = blocks("let a = aside { try { user { yield 1 } } }");
    assert!(shown.contains("close\nend_try\nyield"), "{shown}");
    let shown = blocks("user { let a = aside { repeat 2 { break } yield 1 } }");
    assert_eq!(shown.matches("close").count(), 1, "{shown}");
    let shown = blocks("try { let a = aside { yield 1 } }");
    assert_eq!(shown.matches("end_try").count(), 1, "{shown}");
    let shown = blocks("try { repeat 2 { break } }");
    assert_eq!(shown.matches("end_try").count(), 1, "{shown}");
}

#[test]
fn expectations_are_split_and_show_their_operands() {
    becomes(
        "let n = 1\nexpect n == 2 and not (n in [1]), \"m\"",
        "b0:
           %1 = 1
           %0 = %1
           %2 = 2
           %3 = eq %0 %2
           %4 = not %3
           branch %4 b1 b2
         b1:
           %5 = \"m\"
           expect %3 %5 showing [%0]
           jump b2
         b2:
           %7 = 1
           %6 = [%7]
           %8 = in %0 %6
           %9 = not %8
           %10 = not %9
           branch %10 b3 b4
         b3:
           %11 = \"m\"
           expect %9 %11 showing [%0]
           jump b4
         b4:
           return",
    );
    let showing = |cond: &str| {
        let text =
            format!("input n: int = 1\ninput b: bool = true\ninput s: str = \"\"\nexpect {cond}\n{TWICE}");
        let shown = blocks(&text);
        let line = shown.lines().find(|l| l.starts_with("expect")).unwrap_or_default().to_owned();
        line.split(" showing ").nth(1).unwrap_or("").to_owned()
    };
    const TWICE: &str = "fn twice(n: int, by: int = 2) -> bool { return n > by }";
    assert_eq!(showing("b"), "");
    assert_eq!(showing("n == 1"), "[%0]");
    assert_eq!(showing("n == len(s)"), "[%0, %3]");
    assert_eq!(showing("starts_with(s, \"a\")"), "[%2]");
    assert_eq!(showing("twice(n)"), "[%0]");
    // Only one side of these is surely computed when they fail.
    assert_eq!(showing("not (n == 1 or s == \"a\")"), "");
    assert_eq!(showing("n == 1 or s == \"a\""), "[%0, %2]");
    assert_eq!(showing("not (n == 1 and s == \"a\")"), "[%0, %2]");
}

#[test]
fn facts_options_and_methods_are_part_of_the_generation() {
    let shown = blocks("gen x: bool print x.probs[\"true\"] print x.stop");
    assert!(shown.contains("spec#0 %1=.probs %2=.stop"), "{shown}");
    let shown = blocks("gen x: bool with n = 2, seed = 1");
    assert!(shown.contains("spec#0 n=%1 seed=%2"), "{shown}");
    let shown = blocks("select x from [1, 2] by uncond");
    assert!(shown.contains(" by uncond"), "{shown}");
    let shown = program("gen x with stop_regex = [/a/, /b/], stop = \"c\"").to_string();
    let stops = "\"stops\":[{\"kind\":\"regex\",\"pattern\":\"a\"},{\"kind\":\"regex\",\"pattern\":\"b\"},{\"kind\":\"text\",\"text\":\"c\"}]";
    assert!(shown.contains(stops), "{shown}");
    let shown = program("gen x: {a: bool} with whitespace = \"flexible\", stop = \"c\"").to_string();
    assert!(
        shown.contains(
            "spec#0 = {\"kind\":\"until\",\"value\":{\"kind\":\"flexible\",\"value\":{\"kind\":\"object\""
        ),
        "{shown}"
    );
}

#[test]
fn tools_and_models_are_named_by_number() {
    let text = "model small = \"m\" { ctx: 8 }\ntool search(q: str) -> str[] needs net(\"h\") = http \"GET https://h\"\n\
                call x: search with max = 9, model = small\ngen y: bool with tools = [search]\nprint search(\"z\")";
    becomes(
        text,
        "b0:
           %2 = 9
           %0 = call \"x\" spec#0 [tool#0] max=%2 model=model#0
           %1 = gen \"y\" bool spec#1 tools [tool#0]
           %4 = \"z\"
           %3 = tool#0(%4)
           print %3
           return",
    );
    let shown = program(text).to_string();
    assert!(shown.contains("model#0 small = \"m\" ctx=8\n"), "{shown}");
    assert!(shown.contains("spec#1 = {\"kind\":\"bool\"}\n"), "{shown}");
    assert!(
        shown.contains("tool#0 search(q: str) -> str[] needs net(\"h\") = http \"GET https://h\"\n"),
        "{shown}"
    );
    let shown =
        program("test \"a\" with model = script { \"p\" => \"q\" /r/ => \"s\" } { expect true }").to_string();
    assert!(shown.contains("test \"a\" = #0\n  \"p\" => \"q\"\n  /r/ => \"s\"\n"), "{shown}");
}

#[test]
fn functions_over_lists_are_loops() {
    becomes(
        "fn f(x: float) -> float { return x }\nprint sort_by([1], f)",
        "b0:
           %3 = 1
           %2 = [%3]
           %4 = len(%2)
           %5 = []
           %6 = 0
           jump b1
         b1:
           %7 = lt %6 %4
           branch %7 b2 b4
         b2:
           %0 = %2[%6]
           %9 = int_to_float %0
           %8 = #0(%9)
           append %5 %8
           jump b3
         b3:
           %10 = 1
           %6 = add %6 %10
           jump b1
         b4:
           %11 = false
           %1 = sort_by(%2, %5, %11)
           print %1
           return",
    );
    assert!(blocks("print filter([true], same)\nfn same(b: bool) -> bool { return b }").contains("filter(%"));
    assert!(!blocks("print map([\"a\"], upper)").contains("map("));
}

#[test]
fn regexes_are_instructions_of_their_own() {
    let shown = blocks("print matches(\"a\", /b/) print replace(\"c\", /d/, \"e\") print split(\"f\", /g/)");
    for part in ["= matches(%1, %2)", "= replace_match(%4, %5, %6)", "= split_match(%8, %9)", "= \"d\""] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    assert!(blocks("print contains(\"a\", /b/)").contains("contains_match(%1, %2)"));
    assert!(blocks("print contains(\"a\", \"b\")").contains("contains(%1, %2)"));
}

#[test]
fn the_context_is_read_where_it_is_named() {
    becomes(
        "print context\nprint score(\"x\")",
        "b0:
           %0 = context
           print %0
           %2 = \"x\"
           %1 = score %2
           print %1
           return",
    );
}

#[test]
fn what_is_not_null_has_a_local_of_its_type() {
    let shown = program("input x: int | null = 1\nif x != null { print x + 1 }").to_string();
    assert!(shown.contains("%4 = %0\n  %5 = 1\n  %3 = add %4 %5"), "{shown}");
    assert!(shown.contains("  %4: int \n"), "{shown}");
}

#[test]
fn reading_the_context_and_calling_agents_is_not_pure() {
    let text = "fn pure(x: int) -> int { let y = x return y }\nfn reads() -> str { return context }\nfn caller() -> str { return reads() }\n\
                fn branches() -> int { return aside { yield 1 } }\nagent alone() -> int { return 1 }\nfn calls() -> int { return alone() }\n\
                fn hides(context: str) -> str { return context }\nfn scores() -> float { return score(\"a\") }\n\
                fn maps(xs: str[]) -> str[] { return map(xs, shown) }\nfn shown(x: str) -> str { \"{{ x }}\" return x }\nprint 1";
    let program = program(text);
    let pure: Vec<&str> = program.funcs.iter().filter(|f| f.pure).map(|f| f.name.as_str()).collect();
    assert_eq!(pure, ["pure", "alone", "hides", "main"]);
}

#[test]
fn a_chain_of_constants_is_one_call() {
    let shown = blocks("const A = B\nconst B = C\nconst C = [1]\nprint A");
    assert!(shown.contains("%0 = #2()"), "{shown}");
}

#[test]
fn the_same_text_gives_the_same_bytes() {
    for case in common::cases() {
        let json = || {
            let compiled = compile("main.agent", case.text.as_bytes(), &case.files, &Options::default());
            serde_json::to_string(&compiled.program).expect("it can be written")
        };
        assert_eq!(json(), json(), "{}", case.name);
    }
}
