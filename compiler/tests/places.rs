//! Where findings point, in cases where the line alone says too little.

use agentc_compiler::source::NoFiles;
use agentc_compiler::{Options, compile};

/// The code of the only finding, and the part of the program that it points at.
fn place(text: &str) -> (&'static str, &str) {
    let compiled = compile("x.agent", text.as_bytes(), &NoFiles, &Options::default());
    let [diag] = compiled.diags.as_slice() else { panic!("{text}: {:#?}", compiled.diags) };
    (diag.code, &text[diag.span.start as usize..diag.span.end as usize])
}

#[test]
fn findings_about_stops_point_at_them() {
    let cases = [
        ("gen a with stop = [\".\", \"!\", \"x.y\"]", "W0302", "\"x.y\""),
        (
            "gen a with stop = \"a\", max = 9, stop_regex = [/b+/, /c/]\ngen d: int(0..9) with stop = \".\"",
            "W0302",
            "\".\"",
        ),
        ("const S = [\".\", \"..\"]\ngen a with stop = S", "W0302", "S"),
        (
            "gen a: int(0..9) with stop = \"x\", stop_regex = [/b+/, /c/]",
            "W0302",
            "\"x\", stop_regex = [/b+/, /c/",
        ),
        ("gen a: /(a[a-z]*)?/ with stop = [\"a\"], max = 9", "W0301", "\"a\""),
        ("gen a: /[ab]+/ with max = 9, stop = [\"a\", \"b\"]", "E0402", "\"a\", \"b\""),
        ("gen a: /a&&[b--b]/", "E0402", "/a&&[b--b]/"),
        ("gen a: \"x\" | \"yes\" with stop = \"e\"", "W0303", "\"e\""),
        ("gen a: \"x\" | \"yes\" with stop = [\"!\", \"e\"]", "W0303", "\"e\""),
        ("gen a: \"x\" | /y+e/ with stop = [\"!\", \"y\"], stop_regex = /z/", "W0303", "\"y\""),
        ("gen a: \"x\" | /[yz]e/ with stop = [\"y\", \"z\"], max = 9", "W0303", "\"y\", \"z\""),
        ("const S = [\"!\", \"e\"]\ngen a: \"x\" | \"yes\" with max = 9, stop = S", "W0303", "S"),
        ("gen a: \"x\" | \"y\" | \"x\"", "W0303", "gen a: \"x\" | \"y\" | \"x\""),
    ];
    for (text, code, part) in cases {
        assert_eq!(place(text), (code, part), "{text}");
    }
}
