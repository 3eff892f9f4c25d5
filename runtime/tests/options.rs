//! Options of generations at work, and those that a later version will support.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use agentc_compiler::ir::{self, Op};
use agentc_compiler::source::Span;
use agentc_constraint::MatchError;
use agentc_runtime::model::script::ScriptModel;
use agentc_runtime::session::run;
use agentc_runtime::{Event, Fault, RunOptions, Session};
use common::{capture, play, scheds, script};

#[test]
fn a_value_is_not_shorter_than_its_min() {
    let rules = [("A: ", "one\ntwo\nthree")];
    let source = |options: &str| format!("\"A: {{{{ gen x with {options} }}}}\"");
    let stopped = capture(&rules, &source(r#"stop = "\n", min = 3, max = 20"#), "x").to_string();
    assert!(stopped.starts_with("one") && stopped.len() > 4 && !stopped.contains('\n'), "{stopped:?}");
    assert_eq!(capture(&rules, &source(r#"stop = "\n""#), "x"), "one".into());
    let long =
        capture(&[("A: ", "one"), ("", " and more and more")], &source("min = 5, max = 9"), "x").to_string();
    assert!(long.starts_with("one") && long.len() > 5, "{long:?}");
    let digits = r#""n: {{ gen x: /[0-9]+/ with min = 4 }}""#;
    let digits = capture(&[("n: ", "7 apples")], digits, "x").to_string();
    assert!(digits.starts_with('7') && digits.len() >= 4, "{digits}");
    let (outcome, _) = play(
        &mut script(&[("n: ", "true")]),
        "let least = 6\n\"n: {{ gen x: bool with min = least }}\"",
        RunOptions::default(),
    );
    let error = outcome.error().unwrap();
    assert!(
        matches!(error.fault, Fault::Match { error: MatchError::TooShort { min: 6, .. }, .. }),
        "{error}"
    );
    assert!(error.fault.hint().unwrap().contains("`min`"));
}

#[test]
fn min_is_not_above_max() {
    for (options, value) in [("let n = 9", "9"), ("let n = -1", "-1")] {
        let source = format!("{options}\n\"a{{{{ gen x with min = n, max = 3 }}}}\"");
        let (outcome, _) = play(&mut script(&[("a", "b")]), &source, RunOptions::default());
        let fault = &outcome.error().unwrap().fault;
        assert_eq!(fault, &Fault::BadOption { option: "min", value: value.into() });
        assert!(fault.hint().unwrap().contains("`max`"));
    }
}

#[test]
fn nothing_is_repeated_where_that_is_forbidden() {
    let rules = [("A: ", "the cat the cat the cat the cat")];
    let free = capture(&rules, r#""A: {{ gen x with max = 12 }}""#, "x");
    assert!(free.to_string().matches("the").count() >= 3);
    for size in 1..4 {
        let source = format!("\"A: {{{{ gen x with max = 12, no_repeat = {size} }}}}\"");
        let (_, events) = play(&mut script(&rules), &source, RunOptions::default());
        let tokens: Vec<u32> = events
            .iter()
            .filter_map(|event| match event {
                Event::Token { tokens, .. } => Some(tokens.clone()),
                _ => None,
            })
            .flatten()
            .collect();
        let mut rows: Vec<&[u32]> = tokens.windows(size).collect();
        let all = rows.len();
        rows.sort_unstable();
        rows.dedup();
        assert_eq!(rows.len(), all, "{tokens:?} repeats {size}");
        assert!(tokens.len() > 5);
    }
}

#[test]
fn where_every_choice_would_repeat_there_is_an_error() {
    // The end of the digits is no token, so there has to be one that repeats another.
    let source = r#""n: {{ gen x: /[0-9]{300}/ with max = 300, no_repeat = 1 }}""#;
    let (outcome, _) = play(&mut ScriptModel::random(1).unwrap(), source, RunOptions::default());
    let fault = &outcome.error().unwrap().fault;
    assert_eq!(fault, &Fault::Repeats { name: "x".into(), size: 1 });
    assert_eq!((fault.code(), fault.kind().exit_code()), ("R0403", 4));
}

#[test]
fn penalties_make_a_model_say_something_else() {
    let rules = [("A: ", "the the the the the the")];
    let count = |options: &str| {
        let source = format!("\"A: {{{{ gen x with max = 6{options} }}}}\"");
        capture(&rules, &source, "x").to_string().split_whitespace().filter(|word| *word == "the").count()
    };
    assert_eq!(count(""), 6);
    for options in [", repeat_penalty = 1000000", ", frequency_penalty = 20", ", presence_penalty = 20"] {
        assert!((1..6).contains(&count(options)), "{options}: {}", count(options));
    }
    assert_eq!(count(", frequency_penalty = -1"), 6);
}

#[test]
fn typical_sampling_leaves_out_what_is_too_likely_or_too_unlikely() {
    let source = r#""A: {{ gen x with max = 30, temp = 1, typical = 0.2, seed = 4 }}""#;
    assert_eq!(capture(&[("A: ", "the cat")], source, "x"), "the cat".into());
    let random = |typical: f64| {
        let source = format!("\"A: {{{{ gen x with max = 30, temp = 1, typical = {typical}, seed = 4 }}}}\"");
        play(&mut ScriptModel::random(3).unwrap(), &source, RunOptions::default()).0.text().to_owned()
    };
    assert_ne!(random(0.2), random(1.0));
}

#[test]
fn what_a_later_version_runs_is_named() {
    for (source, what) in [
        (r#""{{ gen a }}" print len(a.calls)"#, "`a.calls`"),
        (r#"try { "{{ gen a }}" print len(a.calls) } else { print "caught" }"#, "`a.calls`"),
    ] {
        refused(&common::program(source), what);
    }
}

fn refused(program: &Arc<ir::Program>, what: &str) {
    let mut model = script(&[("", "x")]);
    let session = Session::new(program.clone(), &[], RunOptions::default()).unwrap();
    let outcome = run(session, &mut scheds(&mut model), &mut |_| {}).unwrap();
    let error = outcome.error().unwrap();
    assert_eq!(error.to_string(), format!("{what} is not supported yet"));
    assert_eq!((error.fault.code(), error.fault.kind().exit_code()), ("R0901", 1));
    assert!(error.span.is_some(), "{what}");
}

#[test]
fn tools_of_a_later_version_are_named() {
    let with = |change: &dyn Fn(&mut Op)| {
        let mut program = (*common::program(r#""{{ gen a: "x" | "y" }}""#)).clone();
        program.tools.push(ir::Tool {
            name: "look".into(),
            params: Vec::new(),
            ret: ir::Ty::Any,
            needs: Vec::new(),
            body: ir::ToolBody::Exec("look".into()),
            span: Span::default(),
        });
        let insts = program.funcs.iter_mut().flat_map(|func| &mut func.blocks).flat_map(|b| &mut b.insts);
        insts.for_each(|inst| change(&mut inst.op));
        Arc::new(program)
    };
    let tools = with(&|op| {
        if let Op::Gen(r#gen) = op {
            r#gen.tools = vec![ir::ToolId(0)];
        }
    });
    refused(&tools, "the option `tools`");
    let dst = ir::Local(0);
    let call = with(&|op| *op = Op::ToolCall { dst, tool: ir::ToolId(0), args: Vec::new() });
    refused(&call, "calling the tool `look`");
    let chosen = with(&|op| {
        let (name, tools, options) = ("a".into(), vec![ir::ToolId(0)], Vec::new());
        *op = Op::CallGen(Box::new(ir::CallGen {
            dst,
            name,
            spec: ir::SpecId(0),
            tools,
            options,
            model: None,
        }));
    });
    refused(&chosen, "`call a`");
}
