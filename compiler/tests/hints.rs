//! What hints say when they name something in the program.

use agentc_compiler::source::NoFiles;
use agentc_compiler::{Options, compile};

/// The hint of the only finding.
fn hint(text: &str, agent: Option<&str>) -> String {
    let options = Options { agent: agent.map(str::to_owned), ..Options::default() };
    let compiled = compile("x.agent", text.as_bytes(), &NoFiles, &options);
    assert_eq!(compiled.diags.len(), 1, "{text}: {:?}", compiled.diags);
    compiled.diags[0].hint.clone().unwrap_or_default()
}

#[test]
fn hints_name_what_to_write() {
    let cases = [
        ("let a = 1\nlet r = { a, b: 2 }", "write `a: a`"),
        ("\"{{ gen x, max=5 }}\"", "write `gen x with max = 5`"),
        ("gen x: int, max = 5", "write `gen x: int with max = 5`"),
        ("fn f(x) { }", "write `x: str`"),
        ("while true { print 1 }", "while true max 10"),
        ("gen d: str\nlet e = \"\"\ngen e\nprint e.text", "`e` is declared in another way"),
        ("print map([1], abs(1))", "leave the parentheses out: map(xs, abs)"),
        ("let x: str | null = null\nlet y: str = x\nprint y", "if x != null"),
        ("let a = aside { return 1 }\nprint a", "write `yield` here"),
        ("let n = 1\nlet a = aside { n = 2 yield n }\nprint a + n", "yield the value instead, and set `n`"),
        ("gen x with max = 5000000000\nprint x", "from 1 to 4294967295"),
        ("gen x with temperature = 1", "did you mean `temp`?"),
        ("let x: int | null = null\nprint x + 1", "if x != null"),
        ("let c = \"a\"\ncolours += [c]", "let colours: str[] = []"),
        ("n += 1", "let n = 0"),
        ("let xs = [1]\nxs[0] = 2", "build a new list"),
        ("let r = {a: 1}\nr.a = 2", "build a new record"),
        ("let c = true\nlet t = c ? 1 : 2", "if c { a } else { b }"),
        ("gen a: /\\bfoo/", "what the value itself contains"),
        ("select m from MOODS", "const MOODS = ["),
        ("select m from moods", "let moods = ["),
        ("print null | len", "a str, a list or a record"),
    ];
    for (text, part) in cases {
        let hint = hint(text, None);
        assert!(hint.contains(part), "{text}: {hint}");
    }
    assert!(!hint("gen a: /\\bfoo/", None).contains('^'));
}

#[test]
fn an_unknown_agent_is_told_which_there_are() {
    assert_eq!(hint("agent a() { }\nagent b() { }", Some("nope")), "the agents are `a`, `b`");
    assert!(hint("fn f() { }", Some("nope")).contains("declares no agent"));
}

#[test]
fn a_sign_belongs_to_what_a_finding_is_about() {
    for (text, place) in [("print - \"a\"", 6..11), ("print -\t# why\n  \"a\"", 6..19)] {
        let compiled = compile("x.agent", text.as_bytes(), &NoFiles, &Options::default());
        let spans: Vec<_> = compiled.diags.iter().map(|d| d.span.start..d.span.end).collect();
        assert_eq!(spans, [place], "{text}");
    }
}
