//! The notations of grammars, feature by feature: what each means, where its errors are, and what large
//! grammars cost.

#![allow(clippy::unwrap_used)]

mod support;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use agentc_constraint::spec::{Field, GrammarSyntax, Spec};
use agentc_constraint::{BuildError, Constraint, Limit, Limits, MatchError, Matcher, Pattern, Vocab, build};
use support::Random;

fn try_build(grammar: &str, syntax: GrammarSyntax) -> Result<Pattern, BuildError> {
    build(&Spec::Grammar { grammar: grammar.to_owned(), syntax, parts: Vec::new() }, &[], &Limits::default())
}

/// Members, then texts that are none.
fn check(grammar: &str, syntax: GrammarSyntax, members: &[&str], others: &[&str]) {
    let pattern = try_build(grammar, syntax).unwrap_or_else(|error| panic!("{error}\n{grammar}"));
    for text in members {
        assert!(pattern.is_match(text.as_bytes()), "{text:?} is of\n{grammar}");
    }
    for text in others {
        assert!(!pattern.is_match(text.as_bytes()), "{text:?} is not of\n{grammar}");
    }
}

fn lark(grammar: &str, members: &[&str], others: &[&str]) {
    check(grammar, GrammarSyntax::Lark, members, others);
}

fn gbnf(grammar: &str, members: &[&str], others: &[&str]) {
    check(grammar, GrammarSyntax::Gbnf, members, others);
}

#[test]
fn lark_texts_and_patterns() {
    lark(r#"start: "a\n\"\\\x41\u00e9\U0001F600""#, &["a\n\"\\Aé😀"], &["a"]);
    lark(r#"start: "Straße"i"#, &["STRAßE", "straße"], &["strase"]);
    lark(r#"start: "a"i b"#.replace(" b", "\nb: \"i\"").as_str(), &["A", "a"], &["ai"]);
    lark(r#"start: "a".."c" | "0".."9"+"#, &["b", "42"], &["d", "b1", ""]);
    lark(r"start: /[a-c]+\/\d{2}/", &["abc/12"], &["abc", "/12", "abc/1"]);
    lark(r"start: /a.c/s | /x y/x | /k/i", &["a\nc", "xy", "K"], &["x y", "ac"]);
    lark(
        r#"start: /a/ "b" // a comment
        # another
        "#,
        &["ab"],
        &["a"],
    );
}

#[test]
fn lark_repeats_and_groups() {
    lark(
        "start: \"a\"~2 \"b\"~1..3 \"c\"* \"d\"+ \"e\"?",
        &["aabd", "aabbbccdde"],
        &["abd", "aabbbbd", "aab"],
    );
    lark("start: (\"a\" | \"b\" \"c\")~2", &["aa", "abc", "bcbc"], &["a", "bb"]);
    lark("start: [\"-\"] (\"1\" [\"2\" | \"3\"])", &["1", "-12", "13"], &["-", "123"]);
    lark("start: (((\"a\"~2)~2)~2)~2 \"b\"~40", &[&format!("{}{}", "a".repeat(16), "b".repeat(40))], &["a"]);
    lark("start: (((((\"a\"~30)~0..30)~30)~0..30)~30)~0..30 \"b\"", &["b"], &["ab"]);
    lark("start: \"a\"\n     | \"b\"\n     |\n", &["a", "b", ""], &["ab"]);
    lark("start: | \"b\"", &["", "b"], &["bb"]);
}

#[test]
fn lark_rules_and_terminals() {
    lark(
        "start: _a b\n_a: \"x\"\n?b: B -> alias\n | start\nB.2: \"y\" C\nC.-1: \"z\"",
        &["xyz", "xxyz"],
        &["x"],
    );
    lark("!start.3: \"a\" -> one\n | \"b\" -> two", &["a", "b"], &["ab"]);
    lark("?start: sum\nsum: sum \"+\" N | N\nN: /[0-9]+/", &["1+22+3"], &["1+", "+1"]);
    lark("start: LIST \"ed\"\nLIST: \"list\" | \"listen\"", &["listed", "listened"], &["list", "list ed"]);
    lark("start: A\nunused: \"u\" unused2\nunused2: A\nA: \"a\"", &["a"], &["ua"]);
}

#[test]
fn lark_templates() {
    let separated = "_list{item, sep}: item (sep item)*\nstart: _list{N, \",\"} | \"(\" _list{_list{N, \"+\"}, \";\"} \")\"\nN: /[0-9]/";
    lark(separated, &["1", "1,2,3", "(1+2;3)"], &["1;2", "(1,2)", ""]);
    lark(
        "start: pair{\"a\"}\npair{x}: x rest{x, \"b\"}\nrest{x, y}: y x | y rest{x, y}",
        &["aba", "abbba"],
        &["ab", "aa"],
    );
    lark("start: BOTH{\"a\" | \"b\"}\nBOTH{x}: x x\n%ignore \" \"", &["ab", " ba "], &["a b"]);
}

#[test]
fn lark_common_terminals() {
    for (name, members, others) in [
        ("DIGIT", &["0"][..], &["", "10", "a"][..]),
        ("HEXDIGIT", &["F", "a", "0"], &["g"]),
        ("INT", &["0", "007"], &["-1", ""]),
        ("SIGNED_INT", &["+1", "-20", "3"], &["+", "1.0"]),
        ("DECIMAL", &["1.", ".5", "1.5"], &["1", "."]),
        ("_EXP", &["e5", "E-5"], &["e"]),
        ("FLOAT", &["1e5", "1.5", ".5e-3", "1."], &["1", "e5"]),
        ("SIGNED_FLOAT", &["-1.5", "+1e5"], &["-1"]),
        ("NUMBER", &["1", "1.5", ".5", "1.", "1e5", "1.e5"], &["-1", ".", "e5"]),
        ("SIGNED_NUMBER", &["-1", "+1.5e3", "4"], &["--1"]),
        ("ESCAPED_STRING", &["\"\"", "\"a\\\"b\\\\\"", "\"é\""], &["\"a", "\"\\\"", "\"a\"b\"", "\"\n\""]),
        ("_STRING_INNER", &["", "a\"b"], &["\n"]),
        ("_STRING_ESC_INNER", &["", "a\\\"b", "\\\\"], &["\\", "a\\\\\\"]),
        ("LCASE_LETTER", &["a"], &["A", "ab"]),
        ("UCASE_LETTER", &["A"], &["a"]),
        ("LETTER", &["a", "Z"], &["1"]),
        ("WORD", &["aZ"], &["", "a1"]),
        ("CNAME", &["_a1", "B"], &["1a", ""]),
        ("WS_INLINE", &[" \t"], &["\n", ""]),
        ("WS", &[" \t\n\r\u{c}"], &["", "a"]),
        ("CR", &["\r"], &["\n"]),
        ("LF", &["\n"], &["\r"]),
        ("NEWLINE", &["\n", "\r\n\n"], &["\r", ""]),
        ("SH_COMMENT", &["#", "# a"], &["# a\n", "a"]),
        ("CPP_COMMENT", &["// a"], &["/ a", "// a\n"]),
        ("C_COMMENT", &["/**/", "/* a\n * b **/"], &["/* a */ */", "/*", "/*/"]),
        ("SQL_COMMENT", &["-- a"], &["- a"]),
    ] {
        lark(&format!("%import common.{name}\nstart: {name}"), members, others);
        lark(&format!("%import common.{name} -> X\nstart: X"), members, others);
        lark(&format!("%import common ({name})\nstart: {name}"), members, others);
    }
}

#[test]
fn lark_ignores_between_terminals() {
    let grammar = "start: \"a\" B* c\nB: \"b\" \"b\"\nc: /c+/ | \"\"\n%import common.WS\n%ignore WS\n%ignore /#[^\\n]*\\n/";
    let members = ["abbc", " a bb\n bb ccc ", "a#x\nbb#y\n\n c", "a", " #\n a "];
    lark(grammar, &members, &["ab b", "abb#x", "ac c", "", " "]);
    // What is ignored may be long: it is called then.
    let long = "start: \"a\" b\nb: \"b\" b | \"c\"\n%ignore /\\pL\\pN/\n%ignore \" \"";
    lark(long, &["abc", " a é1 bb c1c"], &["aé bc", "a"]);
}

#[test]
fn a_lark_grammar_with_everything() {
    let source = r#"
        // Assignments.
        start: statement+
        ?statement.2: NAME "=" value -> assign
                    | "print"i value ";"~1..2
        !value: sum
        ?sum: product | sum ("+" | "-") product
        ?product: atom
                | product "*" atom
        atom: NUMBER | ESCAPED_STRING | "(" sum ")" | [ "not" ] NAME | LETTERS~3
        LETTERS: "x".."z"
        NAME: /[a-w]\w*/
        %import common.NUMBER
        %import common (ESCAPED_STRING, WS)
        %ignore WS
        %ignore /#[^\n]*/
    "#;
    let members =
        ["a=1", "a = 1 + 2*(b - 3)", "PRINT \"x\\\"\" ;;", " a=not b\n# note\nprint xyz ;", "print x y z;"];
    lark(
        source,
        &members,
        &["", "a=", "a = 1 +", "print 1", "print 1;;;", "a=(1", "print xy;", "a = 1 +* 2"],
    );
}

#[test]
fn gbnf_texts_and_classes() {
    gbnf(r#"root ::= "a\n\"\\\x41\u00e9\U0001F600\[\]""#, &["a\n\"\\Aé😀[]"], &["a"]);
    gbnf(
        r"root ::= [a-c0-9_] [^a-c\n] [\]\-\\] [-x] [x-]",
        &["bz]--", "_é\\xx"],
        &["bb]--", "bz[--", "b\n]--"],
    );
    gbnf("root ::= . [^x]", &["\né", "a\n"], &["ax", "a"]);
    gbnf(r"root ::= [\x41-\x43\u00e0-\u00ff]+", &["ABé"], &["D", ""]);
}

#[test]
fn gbnf_repeats_groups_and_lines() {
    gbnf(
        "root ::= \"a\"{2} \"b\"{1,3} \"c\"* \"d\"+ \"e\"? \"f\"{2,} \"g\"{,1}",
        &["aabdff", "aabbbccddefffg"],
        &["abdff", "aabdf"],
    );
    gbnf("root ::= (\n  \"a\" # one\n  | \"b\"\n\n  \"c\"\n)+", &["abca"], &["b", ""]);
    gbnf("root ::= x |\n  y\nx ::= \"x\"\n  | \"z\"\n\ny ::= \"y\"", &["x", "y", "z"], &["xy"]);
    gbnf("# first\nroot ::= a-b # last\na-b ::= \"ab\"", &["ab"], &["a"]);
    gbnf("root ::= | \"a\" root", &["", "aaa"], &["b"]);
    gbnf("root ::= (\"a\" \"b\" *) + ", &["aabbb"], &["b"]);
}

#[test]
fn a_gbnf_grammar_with_everything() {
    let source = r##"
        # JSON, nearly.
        root   ::= object
        value  ::= object | array | string | number | ("true" | "false" | "null") ws
        object ::= "{" ws ( string ":" ws value
                   ("," ws string ":" ws value)* )? "}" ws
        array  ::= "[" ws ( value ("," ws value)* )? "]" ws
        string ::= "\"" ( [^"\\\x7F\x00-\x1F] | "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4}) )* "\"" ws
        number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ws
        ws ::= | " " | "\n" [ \t]{0,20}
    "##;
    let members = ["{}", "{\"a\":[1, 2.5,\n  {\"b\": null}] }", "{\"\\u00e9\":-1}"];
    gbnf(source, &members, &["", "[]", "{\"a\"}", "{\"a\":01}", "{\"a\":1,}", "{\"\\u00e\":1}"]);
}

#[test]
fn left_recursion_is_no_matter() {
    lark("start: start \"a\" | \"b\"", &["b", "baa"], &["", "ab"]);
    lark("start: a\na: b \"x\" | \"1\"\nb: a \"y\" | \"2\"", &["1", "2x", "1yx", "2xyx"], &["2", "1y", "1x"]);
    lark("start: e start \"a\" | \"b\"\ne: | \"c\" e", &["b", "ba", "cba", "ccbaa"], &["a", "cb"]);
    lark("start: start start | \"a\" | ", &["", "a", "aaaa"], &["b"]);
    lark("start: a\na: a | \"x\"", &["x"], &["xx", ""]);
    lark(
        "start: start~2..3 \"x\" | \"a\"",
        &["a", "aax", "aaax", "aaxax", "aaxaxaax"],
        &["ax", "aaaax", "x"],
    );
    lark("start: (start \",\")~2..40 | \"a\"", &["a", "a,a,", "a,a,a,", "a,a,,a,"], &["a,", "a,a", "a,,"]);
}

#[test]
fn grammars_inside_json_are_strings() {
    let grammar = Spec::Grammar {
        grammar: "start: \"a\\\"\" start | /[\\n\\\\é]/ | \"é\"i | (\"x\\t\" | \"x\\n\")".to_owned(),
        syntax: GrammarSyntax::Lark,
        parts: Vec::new(),
    };
    let field = Field { name: "g".to_owned(), value: grammar, optional: false };
    let pattern = build(&Spec::Object { fields: vec![field] }, &[], &Limits::default()).unwrap();
    for text in ["a\"é", "\n", "\\", "a\"a\"É", "x\t", "a\"x\n"] {
        let text = serde_json::to_string(text).unwrap();
        assert!(pattern.is_match(format!("{{\"g\": {text}}}").as_bytes()), "{text}");
    }
    for text in ["\"a\"é\"", "\"\n\"", "\"x\"", "é"] {
        assert!(!pattern.is_match(format!("{{\"g\": {text}}}").as_bytes()), "{text}");
    }
}

fn fault(grammar: &str, syntax: GrammarSyntax) -> (String, String) {
    match try_build(grammar, syntax) {
        Err(error @ BuildError::Grammar { .. }) => {
            let (BuildError::Grammar { reason, hint, line, column, span }, Some(place)) =
                (error.clone(), error.span())
            else {
                panic!("{error}")
            };
            assert_eq!(error.hint(), Some(hint.clone()));
            assert_eq!(span, place);
            assert!(grammar.get(span).is_some(), "{grammar}");
            assert!(!hint.is_empty());
            (format!("{line}:{column} {reason}"), hint)
        }
        other => panic!("{other:?}\n{grammar}"),
    }
}

#[test]
fn errors_in_lark_name_the_place_and_what_to_write() {
    for (grammar, finding, hint) in [
        ("start: b", "1:8 `b` is not defined", "define it"),
        ("start: numbr\nnumber: \"1\"", "1:8 `numbr` is not defined", "did you mean `number`?"),
        ("start: \"é\" \"a", "1:12 this text is not closed", "write a `\"`"),
        ("start: \"a\\q\"", "1:10 there is no such escape", "\\n"),
        ("start: \"\\u12\"", "1:9 this is not the code of a character", "the 4 hexadecimal digits"),
        ("start: \"a\"\nstart: \"b\"", "2:1 `start` is defined twice", "`|`"),
        ("first: \"a\"", "1:1 there is no rule `start`", "start: …"),
        ("", "1:1 there is no rule `start`", "start: …"),
        ("start: /(?=a)/", "1:8 this regular expression uses look-around, `(?=`", "no look-around"),
        ("start: /(/", "1:8 this regular expression is not valid: unclosed group", "Rust"),
        ("start: /a", "1:8 this regular expression is not closed", "`/`"),
        ("start: /a/q", "1:8 this regular expression has an unknown flag", "i, m, s, x"),
        ("start: x{\"a\"}", "1:8 `x` is not defined", "define it"),
        ("start: \"a\"\n  x{\"a\"}\nx: \"b\"", "2:3 this is no template", "as many arguments"),
        ("start: x{\"a\"}\nx{a, b}: a b", "1:8 this template takes 2 arguments", "as many arguments"),
        ("start: x\nx{a, b}: a b", "1:8 the template `x` has no arguments here", "as many arguments"),
        (
            "start: x{\"a\"}\nx{a}: x{(a a)}",
            "2:7 the arguments of templates have more than 200000 parts by here",
            "write the rules out",
        ),
        ("%import python.X\nstart: X", "1:9 only the terminals of `common` can be imported", "common.INT"),
        ("%import common.INTT\nstart: INTT", "1:16 `common` has no terminal `INTT`", "did you mean `INT`?"),
        ("%declare A\nstart: A", "1:1 `%declare` is not supported", "write the rules"),
        ("start: \"b\"..\"a\"", "1:8 a range goes from one character to a later one", "\"a\"..\"z\""),
        ("start: \"a\"~3..2", "1:11 the upper bound is below the lower one", "smaller one first"),
        ("start: \"a\"~x", "1:12 a number is missing before 'x'", "such as 3"),
        ("start: (\"a\"", "1:12 `)` is missing at the end", "close the bracket"),
        ("start: \"a\")", "1:11 ')' has no place here", "quotes"),
        ("start: * \"a\"", "1:8 nothing stands before '*'", "before it"),
        ("start \"a\"", "1:7 `:` is missing before '\"'", "name: …"),
        ("start: A\nA: b\nb: \"b\"", "2:4 the rule `b` is used in a terminal", "capital letters"),
    ] {
        let (found, help) = fault(grammar, GrammarSyntax::Lark);
        assert_eq!(found, finding, "{grammar}");
        assert!(help.contains(hint), "{help}\n{grammar}");
    }
}

#[test]
fn errors_in_gbnf_name_the_place_and_what_to_write() {
    for (grammar, finding, hint) in [
        ("root ::= b", "1:10 `b` is not defined", "define it"),
        ("start ::= \"a\"", "1:1 there is no rule `root`", "root ::= …"),
        ("root ::= \"a", "1:10 this text is not closed", "write a `\"`"),
        ("root ::= [a", "1:10 this class is not closed", "write a `]`"),
        ("root ::= []", "1:10 this class is empty", "[a-z0-9]"),
        ("root ::= [z-a]", "1:12 the range 'z'-'a' is the wrong way round", "smaller character"),
        ("root ::= \"a\"{3,2}", "1:13 the upper bound is below the lower one", "smaller one first"),
        ("root ::= \"a\"{3", "1:15 `}` is missing at the end", "{3}"),
        ("root ::= (\"a\"\n\"b\"", "2:4 `)` is missing at the end", "close the bracket"),
        ("root = \"a\"", "1:6 `::=` behind `root` is missing before '='", "name ::= …"),
        ("root ::= \"a\" 'b'", "1:14 '\\'' has no place here", "quotes"),
        ("root ::= <think>", "1:10 '<' begins a token, and grammars here know texts only", "text"),
        ("root ::= \"a\"\nroot ::= \"b\"", "2:1 `root` is defined twice", "`|`"),
        ("root ::= + \"a\"", "1:10 nothing stands before '+'", "before it"),
        ("::= \"a\"", "1:1 the name of a rule is missing before ':'", "name ::= …"),
    ] {
        let (found, help) = fault(grammar, GrammarSyntax::Gbnf);
        assert_eq!(found, finding, "{grammar}");
        assert!(help.contains(hint), "{help}\n{grammar}");
    }
}

#[test]
fn a_grammar_that_derives_nothing_is_empty() {
    for grammar in ["start: start", "start: \"a\" b\nb: \"b\" b", "start: a b\na: b\nb: a | c\nc: b \"x\""] {
        assert!(
            matches!(try_build(grammar, GrammarSyntax::Lark), Err(BuildError::Empty { .. })),
            "{grammar}"
        );
    }
    // What cannot be completed is left out, and named by nobody.
    lark("start: \"a\" | \"a\" b\nb: \"b\" b", &["a"], &["ab"]);
}

/// Builds in time, or is refused with an error that has a name.
fn bounded(what: &str, grammar: &str, syntax: GrammarSyntax) -> Result<Pattern, BuildError> {
    let begun = Instant::now();
    let built = try_build(grammar, syntax);
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(5), "{what} took {took:?}");
    let named = matches!(
        built,
        Ok(_) | Err(BuildError::TooLarge { .. } | BuildError::Grammar { .. } | BuildError::Empty { .. })
    );
    assert!(named, "{what}: {built:?}");
    built
}

#[test]
fn large_grammars_are_built_or_refused_in_time() {
    let many = |n: usize, sign: &str, each: &dyn Fn(usize) -> String| -> String {
        (0..n).map(each).collect::<Vec<_>>().join(sign)
    };
    let same = format!("start: {}", vec!["\"a\""; 1_000_000].join("|"));
    assert!(bounded("a text a million times", &same, GrammarSyntax::Lark).unwrap().is_match(b"a"));
    let texts = format!("start: {}", many(50_000, "|", &|at| format!("\"{}\"", at * 7919)));
    assert!(bounded("many texts", &texts, GrammarSyntax::Lark).unwrap().is_match(b"7919"));
    let names = format!("start: {}", vec!["a"; 500_000].join("|")) + "\na: \"x\" a | \"y\"";
    assert!(bounded("a name many times", &names, GrammarSyntax::Lark).unwrap().is_match(b"xxy"));
    let rules = |n: usize, body: &dyn Fn(usize) -> String| {
        let mut grammar = String::from("start: r0\n");
        (0..n).for_each(|at| writeln!(grammar, "r{at}: {}", body(at)).unwrap());
        write!(grammar, "r{n}: \"x\"").unwrap();
        grammar
    };
    for (what, grammar) in [
        ("a chain", rules(20_000, &|at| format!("r{}", at + 1))),
        ("a chain that reads", rules(20_000, &|at| format!("\"(\" r{} \")\"", at + 1))),
        ("a chain of two", rules(10_000, &|at| format!("r{0} r{0}", at + 1))),
        ("a chain that goes back", rules(3_000, &|at| format!("r{} | r0 \"a\"", at + 1))),
        (
            "rules that all begin with each other",
            rules(3_000, &|at| format!("r{0} \"b\" r{0} | r0 \"a\"", at + 1)),
        ),
        ("left recursion over all", rules(3_000, &|at| format!("r{} \"b\" | \"c\" r0 \"a\"", at + 1))),
        ("empty rules", rules(10_000, &|at| format!("r{}? r{}?", at + 1, (at + 7).min(10_000)))),
        ("rules that are their own", rules(10_000, &|at| format!("r{at} | r{}", at + 1))),
        ("many classes", rules(5_000, &|at| format!("/\\w{at}/ | r{}", at + 1))),
        ("large terminals", rules(5_000, &|at| format!("A{0} A{0} r{1}\nA{0}: /[^{0}]x/", at, at + 1))),
        ("nested counts", rules(300, &|at| format!("(r{}~9)~0..9", at + 1))),
    ] {
        let _ = bounded(what, &grammar, GrammarSyntax::Lark);
    }
    let deep = format!("start: {}\"a\"{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(matches!(bounded("brackets", &deep, GrammarSyntax::Lark), Err(BuildError::Grammar { .. })));
    let deep = format!("root ::= {}\"a\"{}", "(".repeat(90), ")".repeat(90));
    assert!(bounded("some brackets", &deep, GrammarSyntax::Gbnf).unwrap().is_match(b"a"));
    let repeats = format!("root ::= \"a\"{}", "+".repeat(100_000));
    assert!(matches!(bounded("repeats", &repeats, GrammarSyntax::Gbnf), Err(BuildError::Grammar { .. })));
    let counts = format!("root ::= {}\"a\"{}", "(".repeat(20), "){9}".repeat(20));
    assert!(matches!(bounded("counts", &counts, GrammarSyntax::Gbnf), Err(BuildError::TooLarge { .. })));
}

#[test]
fn states_are_bounded_in_bytes() {
    let grammar = Spec::Grammar {
        grammar: "root ::= (\"a\" | \"b\")* \"a\" (\"a\" | \"b\"){14} | \"x\"".to_owned(),
        syntax: GrammarSyntax::Gbnf,
        parts: Vec::new(),
    };
    let limits = Limits { automaton_bytes: 20_000, ..Limits::default() };
    let pattern = build(&grammar, &[], &limits).unwrap();
    assert!(pattern.is_match(b"x"));
    let mut random = Random::new(1);
    let vocab = Vocab::new(&[Some(b"a".to_vec()), Some(b"b".to_vec())], &[]).unwrap();
    let constraint = Constraint::new(pattern, Arc::new(vocab), limits);
    let mut matcher = Matcher::new(&constraint, b"", 10_000).unwrap();
    let error = (0..2000).find_map(|_| matcher.commit(random.below(2) as u32).err());
    let what = Limit::StateBytes;
    assert_eq!(error, Some(MatchError::TooLarge { what, limit: 20_000 }));
}

#[test]
fn stops_end_texts_of_grammars() {
    let grammar = "start: \"(\" start \")\" | WORD+\nWORD: /[a-z]+/\n%ignore \" \"".to_owned();
    let value = Box::new(Spec::Grammar { grammar, syntax: GrammarSyntax::Lark, parts: Vec::new() });
    let stops = vec![agentc_constraint::spec::Stop::Text { text: " end".to_owned() }];
    let pattern = build(&Spec::Until { value, stops }, &[], &Limits::default()).unwrap();
    for text in ["a b", "((a))", "(endless)"] {
        assert!(pattern.is_match(text.as_bytes()), "{text}");
    }
    for text in ["a end", "( end)", "(a"] {
        assert!(!pattern.is_match(text.as_bytes()), "{text}");
    }
}
