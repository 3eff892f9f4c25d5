//! Inputs that no one writes on purpose: each gets a diagnostic with code, span and hint, in bounded time and
//! stack.
#![allow(clippy::disallowed_methods)] // tests read the clock

use std::time::{Duration, Instant};

use agentc_compiler::diag::Diag;
use agentc_compiler::source::{NoFiles, World, WorldError};
use agentc_compiler::{Limits, Options, compile};

fn findings(bytes: &[u8]) -> Vec<Diag> {
    let began = Instant::now();
    let compiled = compile("bad.agent", bytes, &NoFiles, &Options::default());
    assert!(began.elapsed() < Duration::from_secs(60), "took {:?}", began.elapsed());
    for diag in &compiled.diags {
        assert!(diag.hint.is_some(), "{diag:?}");
    }
    compiled.diags
}

fn codes(text: &str) -> Vec<&'static str> {
    findings(text.as_bytes()).iter().map(|d| d.code).collect()
}

#[test]
fn binary_files() {
    assert_eq!(findings(&[0x7f, b'E', b'L', b'F', 0, 0xff])[0].code, "E0001");
    assert_eq!(findings(b"\"text\" \xff")[0].span.start, 7);
    assert_eq!(findings(b"\"a\"\0")[0].code, "E0001");
}

#[test]
fn a_file_that_is_too_large() {
    assert_eq!(findings(&vec![b' '; Limits::default().source + 1])[0].code, "E0002");
}

#[test]
fn a_nest_of_100_000_brackets_gives_one_finding() {
    for open in [
        "(",
        "[",
        "{",
        "\"{{",
        "-(",
        "if true {",
        "[-(",
        "x(",
        "{a: ",
        "user {",
        "{{",
        "\"\"\"{{",
        "not (",
        "f([",
    ] {
        let text = format!("print {}", open.repeat(100_000));
        assert_eq!(codes(&text), ["E0003"], "{open}");
        let text = format!("let t: {}", open.repeat(100_000));
        assert_eq!(codes(&text), ["E0003"], "{open}");
        let text = format!("{}\nfn after() {{ unknown() }}\n", open.repeat(100_000));
        let found = codes(&text);
        assert_eq!((found.len(), found[0]), (2, "E0003"), "{open} {found:?}");
    }
}

#[test]
fn deep_but_allowed_nests_do_not_overflow() {
    let nests = [
        ("print ", "(", "1", ")"),
        ("print ", "[", "1", "]"),
        ("print ", "{a: ", "1", "}"),
        ("print ", "-(", "1", ")"),
        ("print ", "not (", "true", ")"),
        ("print ", "(1 + ", "1", ")"),
        ("print ", "\"{{ ", "1", " }}\""),
        ("print ", "len([", "1", "])"),
        ("print ", "if true { ", "1", " } else { 2 }"),
        ("", "if true { ", "print 1", " }"),
        ("", "repeat 2 { ", "print 1", " }"),
        ("", "user { ", "print 1", " }"),
        ("", "try { ", "print 1", " } else e { fail e.message }"),
        ("", "while true max 2 { ", "print 1", " }"),
        ("let x = ", "aside { yield ", "1", " }"),
        ("let x = ", "fork 2 { gen y yield ", "1", " }"),
        ("let x: int | null = 1 print ", "if x != null { ", "1", " } else { 2 }"),
        ("let x: int | null = 1 print ", "x == null or (", "true", ")"),
        ("let x: ", "(", "int", ") = 1"),
        ("let x: ", "{a: ", "int", "} = 1"),
        ("let x: ", "json(", "int", ") = 1"),
    ];
    for (before, open, middle, close) in nests {
        for depth in [100, 250, 256, 257] {
            findings(format!("{before}{}{middle}{}", open.repeat(depth), close.repeat(depth)).as_bytes());
        }
    }
    // Nests and chains multiply.
    let inner = "+ 1 ".repeat(200);
    findings(format!("print {}1{}", "(".repeat(200), format!("{inner})").repeat(200)).as_bytes());
}

#[test]
fn long_chains_give_one_finding() {
    for (first, more) in [
        ("1", " + 1"),
        ("\"a\"", " + \"b\""),
        ("x", ".a"),
        ("x", "[0]"),
        ("x", "()"),
        ("x", " | trim"),
        ("true", " and true"),
        ("null", " ?? null"),
    ] {
        let text = format!("print {first}{}", more.repeat(100_000));
        assert_eq!(codes(&text), ["E0004"], "{more}");
    }
    for prefix in ["- ", "not "] {
        assert_eq!(codes(&format!("print {}1", prefix.repeat(100_000))), ["E0004"], "{prefix}");
    }
    assert_eq!(codes(&format!("let x: int{} = 1", "[]".repeat(100_000))), ["E0004"]);
}

#[test]
fn long_lists_are_fine() {
    let options: Vec<String> = (0..2000).map(|i| format!("\"{i}\"")).collect();
    assert_eq!(codes(&format!("gen x: {}", options.join(" | "))), Vec::<&str>::new());
    assert_eq!(codes(&format!("select x from [{}]", options.join(", "))), Vec::<&str>::new());
    let arms: String = (0..2000).map(|i| format!(" else if x == {i} {{ \"{i}\" }}")).collect();
    assert_eq!(codes(&format!("let x = 1\nif x == 1 {{ }}{arms}")), Vec::<&str>::new());
    assert_eq!(codes(&format!("gen x: {}", vec!["\"a\""; 100_000].join(" | "))), ["E0211"]);
}

#[test]
fn types_that_grow_without_end_are_refused() {
    let lets: String = (0..60).map(|i| format!("let x{} = {{a: x{i}, b: x{i}}}\n", i + 1)).collect();
    let found = codes(&format!("let x0 = 1\n{lets}"));
    assert_eq!(found, ["E0211"]);
    let consts: String = (0..60).map(|i| format!("const X{} = X{i} + X{i}\n", i + 1)).collect();
    assert_eq!(codes(&format!("const X0 = [1]\n{consts}print X60")), Vec::<&str>::new());
    let consts: String = (0..60).map(|i| format!("const X{} = {{a: X{i}, b: X{i}}}\n", i + 1)).collect();
    assert_eq!(codes(&format!("{consts}const X0 = 1")), ["E0211"]);
}

#[test]
fn long_chains_of_inference_are_followed() {
    let fns: String = (0..5000).map(|i| format!("fn f{i}() {{ return f{}() }}\n", i + 1)).collect();
    assert_eq!(codes(&format!("{fns}fn f5000() {{ return 1 }}\nprint f0()")), ["W0121"]);
    let found = codes(&format!("{fns}fn f5000() {{ return f0() }}\nprint f0()"));
    assert!(!found.is_empty() && found.iter().all(|c| *c == "E0209"), "{:?}", &found[..3]);
    let consts: String = (0..5000).map(|i| format!("const C{i} = C{}\n", i + 1)).collect();
    assert_eq!(codes(&format!("{consts}const C5000 = 1\nlet x: int = C0\nprint x")), Vec::<&str>::new());
    assert_eq!(codes(&format!("{consts}const C5000 = [1]\nlet x: int[] = C0\nprint x")), Vec::<&str>::new());
    let found = codes(&format!("{consts}const C5000 = C0\nprint C0"));
    assert!(!found.is_empty() && found.iter().all(|c| matches!(*c, "E0209" | "E0214")), "{:?}", &found[..3]);
    let types: String = (0..5000).map(|i| format!("type T{i} = T{}\n", i + 1)).collect();
    assert_eq!(codes(&format!("{types}type T5000 = int\nlet x: T0 = 1\nprint x")), Vec::<&str>::new());
    let nested: String = (0..40).map(|i| format!("type T{i} = {{a: T{}}}\n", i + 1)).collect();
    assert_eq!(codes(&format!("{nested}type T40 = int\n")), ["E0211"]);
}

#[test]
fn many_types_that_name_one_another_are_fine() {
    let n = 20_000;
    let ring: String = (0..n).map(|i| format!("type T{i} {{ next: T{}? }}\n", (i + 1) % n)).collect();
    let uses = "let x: T0 = {next: {next: {}}}\nlet y: T1 = {}\nprint x == y\n";
    assert_eq!(codes(&format!("{ring}{uses}")), Vec::<&str>::new());
    assert_eq!(codes(&format!("{ring}gen x: T0")), ["E0211"]);
    let endless: String = (0..n).map(|i| format!("type T{i} {{ next: T{} }}\n", (i + 1) % n)).collect();
    assert_eq!(codes(&endless), ["E0210"]);
    let pairs: String = (0..n).map(|i| format!("type T{i} {{ next: T{i} }}\n")).collect();
    assert_eq!(codes(&pairs).len(), n);
}

#[test]
fn large_types_that_are_named_often_are_refused() {
    let literals: Vec<String> = (0..4000).map(|i| format!("\"{i}\"")).collect();
    let uses = "gen x: Big\n".repeat(300);
    assert!(codes(&format!("type Big = {}\n{uses}", literals.join(" | "))).contains(&"E0211"));
}

/// A world in which each file imports the next, without end.
struct Endless;

impl World for Endless {
    fn read(&self, path: &str) -> Result<Vec<u8>, WorldError> {
        let number: usize = path.trim_end_matches(".agent").parse().unwrap_or(0);
        Ok(format!("import \"{}.agent\" as next\nconst A = 1\n", number + 1).into_bytes())
    }
}

#[test]
fn a_program_of_endless_files_is_refused() {
    let compiled = compile("bad.agent", b"import \"1.agent\" as next", &Endless, &Options::default());
    assert_eq!(compiled.diags.iter().map(|d| d.code).collect::<Vec<_>>(), ["E0603"]);
}

#[test]
fn long_rings_of_files_give_one_finding() {
    struct Ring;
    impl World for Ring {
        fn read(&self, path: &str) -> Result<Vec<u8>, WorldError> {
            let number: usize = path.trim_end_matches(".agent").parse().unwrap_or(0);
            let next = (number + 1) % 900;
            Ok(format!("import {{ a }} from \"{next}.agent\"\nconst a = 1\n").into_bytes())
        }
    }
    let compiled = compile("bad.agent", b"import \"1.agent\" as next", &Ring, &Options::default());
    let found: Vec<&str> = compiled.diags.iter().map(|d| d.code).collect();
    assert_eq!(found.iter().filter(|c| **c == "E0602").count(), 1);
}

#[test]
fn embedded_values_that_are_too_deep_or_too_mixed() {
    struct Data(String);
    impl World for Data {
        fn read(&self, _: &str) -> Result<Vec<u8>, WorldError> {
            Ok(self.0.clone().into_bytes())
        }
    }
    let found = |data: String| {
        let began = Instant::now();
        let text = b"const X = embed \"x.json\"\nprint X";
        let compiled = compile("bad.agent", text, &Data(data), &Options::default());
        assert!(began.elapsed() < Duration::from_secs(60), "took {:?}", began.elapsed());
        compiled.diags.iter().map(|d| d.code).collect::<Vec<_>>()
    };
    assert_eq!(found(format!("{}{}", "[".repeat(60), "]".repeat(60))), ["E0605"]);
    assert_eq!(found(format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))), ["E0604"]);
    let mixed: Vec<String> = (0..100_000).map(|i| format!("{{\"k{i}\": {i}}}")).collect();
    assert_eq!(found(format!("[{}]", mixed.join(","))), ["E0605"]);
    let alike: Vec<String> = (0..100_000).map(|i| format!("{{\"k\": {i}}}")).collect();
    assert_eq!(found(format!("[{}]", alike.join(","))), Vec::<&str>::new());
}

#[test]
fn a_regex_that_is_too_large() {
    assert_eq!(codes(&format!("gen x: /{}/", "a".repeat(1_100_000))), ["E0403"]);
    assert_eq!(codes("print contains(\"a\", /(\\d{1000}){1000}/)"), ["E0403"]);
}

#[test]
fn an_agent_that_is_not_there() {
    let options = Options { agent: Some("b".to_owned()), ..Options::default() };
    let compiled = compile("x.agent", b"agent a() { }", &NoFiles, &options);
    assert_eq!(compiled.diags[0].code, "E0500");
    assert!(compiled.program.is_none());
    let options = Options { agent: Some("a".to_owned()), ..Options::default() };
    assert!(compile("x.agent", b"agent a() { }\nprint 1", &NoFiles, &options).program.is_some());
}

#[test]
fn empty_files_and_files_of_white_space_are_programs() {
    for text in ["", "\n", "  \t\r\n", "# only a comment", "\u{FEFF}print 1"] {
        assert_eq!(codes(text), Vec::<&str>::new(), "{text:?}");
    }
}

#[test]
fn many_mistakes_take_linear_time() {
    findings("let x = 'a'\n".repeat(5000).as_bytes());
    findings("print unknown\n".repeat(5000).as_bytes());
    findings("let = \n".repeat(5000).as_bytes());
    findings("\"unclosed {{ \n".repeat(5000).as_bytes());
    findings(")]}".repeat(5000).as_bytes());
    findings(format!("fn f() {{ {} }}", "let = \n".repeat(3000)).as_bytes());
}

#[test]
fn inference_does_not_multiply_depth() {
    let body = |i: usize| format!("{}f{}(){}", "[".repeat(80), i + 1, "]".repeat(80));
    let fns: String = (0..30).map(|i| format!("fn f{i}() {{ return {} }}\n", body(i))).collect();
    let found = codes(&format!("{fns}fn f30() {{ return f0() }}\nprint f0()"));
    assert!(!found.is_empty() && found.iter().all(|c| *c == "E0209"), "{found:?}");
}

#[test]
fn a_byte_order_mark_within_a_line_is_a_space() {
    assert_eq!(codes("let w = 1\nw\u{FEFF} 100"), codes("let w = 1\nw  100"));
    assert_eq!(codes("print\u{FEFF}1"), Vec::<&str>::new());
}

#[test]
fn a_carriage_return_alone_is_an_error_once() {
    assert_eq!(codes("print 1\rprint 2\rprint x"), ["E0026", "E0100"]);
    assert_eq!(codes("print \"\"\"a\rb\"\"\""), ["E0026"]);
    assert_eq!(codes("print 1\r\nprint 2\r\n"), Vec::<&str>::new());
}
