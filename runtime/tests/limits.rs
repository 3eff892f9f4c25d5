//! Limits hold whatever a program does with what is too large: values that share their parts, lists that grow,
//! prompts that cannot fit. Work is counted in steps, and a run can be ended while it works.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use agentc_runtime::ask::Answer;
use agentc_runtime::model::Model;
use agentc_runtime::model::script::ScriptModel;
use agentc_runtime::session::run;
use agentc_runtime::vm::{Defaults, Phase, Vm};
use agentc_runtime::{Event, Fault, Input, Limit, Limits, Poll, RunOptions, Session, Value};
use common::{play, program, scheds, script};

fn with(limits: Limits) -> RunOptions {
    RunOptions { limits, ..RunOptions::default() }
}

/// What ends a run on a model that answers with `1`.
fn fault_of(source: &str, options: RunOptions) -> Option<Fault> {
    let (outcome, _) = play(&mut script(&[("", "1")]), source, options);
    outcome.error().map(|error| error.fault.clone())
}

/// What programs may do with a value.
const USES: [&str; 34] = [
    "print x",
    "print len(str(x))",
    "print json(x)",
    "print x == [x]",
    "print [x] == [x]",
    "print x in [x, x]",
    "return x",
    "return {a: x, b: x}",
    "\"{{ x }}\"",
    "\"{{ x }}\" gen y: int",
    "print \"{{ x }} and {{ x }}\"",
    "gen y: one_of([str(x)])",
    "gen y: copy(str(x))",
    "gen y: str with stop = str(x)",
    "print join([x, x], \",\")",
    "print numbered([x])",
    "print len(unique([x, x]))",
    "print len(vote([x, x]))",
    "print len(sort([x, x]))",
    "print len(sort_by([1, 2], f))",
    "print len(map([1, 2], g))",
    "print len(filter([x, x], h))",
    "print max([x, x])",
    "print len(reversed([x, x]))",
    "print len(zip([x, x], [x, x]))",
    "print parse_json(json(x))",
    "print id(x)",
    "print len(agent_id(x))",
    "let ys = fork 2 { yield x }\nprint ys",
    "let y = aside { yield x }\nprint y",
    "try { fail str(x) } else e { print e.message }",
    "expect x == [], \"it is not empty\"",
    "expect x == [], str(x)",
    "print len(x) + len(str(x))",
];

const HELPERS: &str = "
fn id(v: json) -> json { return v }
fn f(n: int) -> int { return -n }
fn g(n: int) -> int { return n }
fn h(v: json) -> bool { return v != null }
agent agent_id(v: json) -> json { \"In: {{ v }}\" return v }
";

/// A value of so many levels, each of which has the next one twice.
fn doubled(times: u32, then: &str) -> String {
    format!("{HELPERS}let x: json = 1\nrepeat {times} {{ x = [x, x] }}\n{then}\n")
}

#[test]
fn a_value_that_spells_too_much_is_refused_where_it_is_made() {
    for then in USES {
        let fault = fault_of(&doubled(60, then), RunOptions::default());
        let too_large = Fault::Limit { what: Limit::ValueSize, limit: 16 << 20 };
        assert_eq!(fault, Some(too_large), "{then}");
    }
    for grow in ["x = {a: x, b: x}", "x = [x, [x]]", "x = [x] + [x]", "x = [[x, x], 1]"] {
        let source = format!("let x: json = 1\nrepeat 60 {{ {grow} }}\nprint x");
        assert!(matches!(fault_of(&source, RunOptions::default()), Some(Fault::Limit { .. })), "{grow}");
    }
}

#[test]
fn what_may_be_made_can_be_used_and_is_paid_for() {
    let limits = || Limits { value_size: 1 << 18, ..Limits::default() };
    // The largest of its kind that fits.
    for then in USES {
        let fault = fault_of(&doubled(12, then), with(limits()));
        let fine = match &fault {
            None => true,
            Some(Fault::Limit { what, .. }) => *what != Limit::Steps,
            Some(fault) => {
                assert!(fault.to_string().len() < 300_000, "{then}: {fault:?}");
                true
            }
        };
        assert!(fine, "{then}: {fault:?}");
    }
    for then in USES.iter().filter(|then| then.starts_with("print") && !then.contains("gen")) {
        let source = doubled(12, &format!("repeat 100000 {{ {then} }}"));
        let fault = fault_of(&source, with(Limits { steps: 400_000, ..limits() }));
        assert!(matches!(fault, Some(Fault::Limit { .. } | Fault::BadArgument { .. })), "{then}: {fault:?}");
    }
}

/// Steps that a program takes to its end.
fn steps(source: &str) -> u64 {
    let (mut few, mut many) = (0, 1 << 21);
    while few + 1 < many {
        let steps = few + (many - few) / 2;
        let limits = Limits { steps, ..Limits::default() };
        match fault_of(source, with(limits)) {
            Some(Fault::Limit { what: Limit::Steps, .. }) => few = steps,
            None => many = steps,
            Some(fault) => panic!("{source}: {fault:?}"),
        }
    }
    many
}

#[test]
fn lists_and_texts_grow_in_linear_time() {
    let sources = [
        "let xs: int[] = []\nrepeat N as i { xs += [i] }\nprint len(xs)",
        "let xs: int[] = []\nrepeat N as i { xs = xs + [i] }\nprint len(xs)",
        "let xs: int[] = []\nrepeat N as i { if len(xs) >= 0 { xs += [i, i] } }\nprint len(xs)",
        "let s = \"\"\nrepeat N as i { s += \"some text {{ i }}, \" }\nprint len(s)",
        "fn f(n: int) -> int { return -n }\nprint len(map(range(N), f))",
        "fn f(n: int) -> bool { return n > 3 }\nprint len(filter(range(N), f))",
        "fn f(n: int) -> int { return -n }\nprint len(sort_by(range(N), f))",
        "let xs: int[] = []\ntry { repeat N as i { xs += [i] } } else { fail \"no\" }\nprint len(xs)",
        "fn f() -> int[] { let xs: int[] = [] repeat N as i { xs += [i] } return xs }\nprint len(f())",
    ];
    for source in sources {
        let at = |n: usize| steps(&source.replace('N', &n.to_string()));
        let (some, more) = (at(1000), at(2000));
        assert!(more < some * 2 + some / 4, "{source}: {some} and {more}");
    }
}

#[test]
fn copies_that_have_to_be_made_are_charged() {
    let shared = "let xs = range(1000)\nlet ys = xs\nrepeat N { ys = xs xs += [1] }\nprint len(ys)";
    let own = "let xs = range(1000)\nlet ys = xs\nrepeat N { ys = [1] xs += [1] }\nprint len(ys)";
    let at = |source: &str| steps(&source.replace('N', "1000"));
    assert!(at(shared) > at(own) + 1000 * 1000 / 16, "{} {}", at(shared), at(own));
}

#[test]
fn values_that_are_shared_keep_what_they_had() {
    let source = "
        fn grown(xs: int[]) -> int[] { xs += [9] return xs }
        let a = [1]
        let b = a
        a += [2]
        let c = {d: a}
        a += [3]
        let e = fork 2 as i { let z = a z += [i] yield z }
        a += [4]
        let g = grown(a)
        a += [5]
        let s = \"x\"
        let t = s
        s += \"y\"
        let u = [s]
        s += \"z\"
        s += s
        a += a
        return [b, c, e, g, a, [t], u, [s]]";
    let (outcome, _) = play(&mut script(&[]), source, RunOptions::default());
    let expected = "[[1], {\"d\": [1, 2]}, [[1, 2, 3, 0], [1, 2, 3, 1]], [1, 2, 3, 4, 9], \
                    [1, 2, 3, 4, 5, 1, 2, 3, 4, 5], [\"x\"], [\"xy\"], [\"xyzxyz\"]]";
    assert_eq!(outcome.value().to_string(), expected, "{:?}", outcome.error());
}

#[test]
fn a_run_that_was_saved_costs_what_it_costs_without() {
    let source = "let xs: int[] = []\nlet ys = [0]\nrepeat 200 as i { xs += [i] ys = xs\n xs += [i] \"a\" print context }";
    let program = program(source);
    let start =
        || Vm::new(program.clone(), program.entry, Vec::new(), Defaults::default(), Limits::default());
    let end = |saved: bool| {
        let mut vm = start();
        loop {
            let turn = vm.run().unwrap();
            if let Phase::Done(_) = turn.phase {
                return serde_json::to_value(vm.state()).unwrap();
            }
            for ask in turn.asks {
                if saved {
                    let text = serde_json::to_string(vm.state()).unwrap();
                    let state = serde_json::from_str(&text).unwrap();
                    vm = Vm::resume(program.clone(), state, Limits::default()).unwrap();
                    assert_eq!(vm.run().unwrap().asks, std::slice::from_ref(&ask));
                }
                vm.answer(&ask.id, Answer::Text("text".to_owned())).unwrap();
            }
        }
    };
    let (whole, resumed) = (end(false), end(true));
    assert_eq!(whole["steps"], resumed["steps"]);
}

#[test]
fn a_saved_run_shares_nothing_and_has_a_limit() {
    let source = "let a: json = 1\nrepeat 10 { a = [a, a] }\nlet b = a\nlet c = a\nlet d = a\n\"x\" gen y: int\nprint [b, c, d]";
    let save = |saved_size: usize| {
        let mut model = script(&[("", "1")]);
        let mut sched = scheds(&mut model);
        let limits = Limits { saved_size, ..Limits::default() };
        let mut session = Session::new(program(source), &[], with(limits)).unwrap();
        while session.poll(&mut sched, &mut |_| {}) == Poll::Ready {}
        // Its model has counted its texts; now it is asked.
        sched.poll().into_iter().for_each(|report| session.report(report, &mut sched, &mut |_| {}));
        while session.poll(&mut sched, &mut |_| {}) == Poll::Ready {}
        session.save()
    };
    assert!(save(1 << 20).is_ok());
    let refused = save(1 << 17).map(drop).unwrap_err();
    assert_eq!(refused.fault, Fault::Limit { what: Limit::SavedSize, limit: 1 << 17 });
    assert!(refused.fault.hint().is_some());
}

#[test]
fn an_input_that_spells_too_much_is_refused_unseen() {
    let mut value = Value::Int(1);
    (0..90).for_each(|_| value = Value::list(vec![value.clone(), value.clone()]));
    for ty in ["json", "int", "json[]"] {
        let source = format!("input x: {ty}\nprint x");
        let given = [("x".to_owned(), Input::Value(value.clone()))];
        let refused = Session::new(program(&source), &given, RunOptions::default()).map(drop).unwrap_err();
        assert!(refused.to_string().contains("`x` is larger than a value may be"), "{refused}");
    }
    let text = format!("[{}1]", "1,".repeat(2 << 20));
    let given = [("x".to_owned(), Input::Text(text))];
    assert!(Session::new(program("input x: json\nprint x"), &given, RunOptions::default()).is_err());
}

#[test]
fn the_default_of_an_input_has_a_limit_of_its_own() {
    let source =
        "fn long() -> int { let n = 0 repeat 10000000 { n += 1 } return n }\ninput x: int = long()\nprint x";
    let refused = Session::new(program(source), &[], RunOptions::default()).map(drop).unwrap_err();
    assert_eq!(refused.fault, Fault::Limit { what: Limit::Steps, limit: 1_000_000 });
}

#[test]
fn records_are_compared_whatever_their_order_in_linear_time() {
    let fields = |order: &mut dyn Iterator<Item = i64>| {
        Value::record(order.map(|n| (format!("k{n}"), Value::Int(n))).collect())
    };
    let (up, down) = (fields(&mut (0..100_000)), fields(&mut (0..100_000).rev()));
    let given = |a: &Value, b: &Value| {
        [("a".to_owned(), Input::Value(a.clone())), ("b".to_owned(), Input::Value(b.clone()))]
    };
    let source = "input a: map(int)\ninput b: map(int)\nreturn a == b";
    for (a, b, equal) in [(&up, &down, true), (&up, &fields(&mut (1..100_001)), false)] {
        let mut model = script(&[]);
        let mut sched = scheds(&mut model);
        let session = Session::new(program(source), &given(a, b), RunOptions::default()).unwrap();
        let outcome = run(session, &mut sched, &mut |_| {}).unwrap();
        assert_eq!((outcome.error(), outcome.value()), (None, &Value::Bool(equal)));
    }
}

/// A run of a program whose input `x` is a long text.
fn long(source: &str, text: &str, options: RunOptions) -> (Option<Fault>, Vec<Event>, u64) {
    let mut model = script(&[("", "1")]);
    let counters = model.counters();
    let mut sched = scheds(&mut model);
    let given = [("x".to_owned(), Input::Text(text.to_owned()))];
    let mut events = Vec::new();
    let session = Session::new(program(source), &given, options).unwrap();
    let outcome = run(session, &mut sched, &mut |event| events.push(event)).unwrap();
    let rows = counters.rows();
    (outcome.error().map(|error| error.fault.clone()), events, rows)
}

#[test]
fn a_prompt_that_cannot_fit_is_refused_before_it_is_read() {
    let source = "input x: str\n\"{{ x }}\"\ngen y: int";
    for text in ["the ball ".repeat(1_000_000), "x".repeat(9_000_000)] {
        let (fault, events, rows) = long(source, &text, RunOptions::default());
        assert!(matches!(fault, Some(Fault::PromptTooLong { counted: false, .. })), "{fault:?}");
        assert!(fault.unwrap().to_string().starts_with("the prompt has at least "));
        // Its end tells what was written, which no model has read.
        let told: Vec<(usize, usize)> = events
            .iter()
            .filter_map(|event| match event {
                Event::Text { text, tokens, .. } => Some((text.len(), tokens.len())),
                _ => None,
            })
            .collect();
        assert_eq!((told, rows), (vec![(text.len(), 0)], 0));
    }
}

#[test]
fn a_prompt_that_might_fit_is_counted_in_pieces_that_can_be_ended() {
    let source = "input x: str\n\"{{ x }}\"\ngen y: int";
    let n_ctx = ScriptModel::new(Vec::new()).unwrap().info().n_ctx as usize;
    let text = "the ball ".repeat(n_ctx);
    let (fault, ..) = long(source, &text, RunOptions::default());
    assert!(matches!(fault, Some(Fault::PromptTooLong { .. })), "{fault:?}");
    let little = "the ball ".repeat(n_ctx / 8);
    let (fault, events, rows) = long(source, &little, RunOptions::default());
    assert_eq!(fault, None);
    assert!(
        rows > 0
            && events.iter().any(|event| matches!(event, Event::Text { tokens, .. } if !tokens.is_empty()))
    );
    for (options, expected) in [
        (RunOptions { deadline: Some(Instant::now()), ..RunOptions::default() }, Fault::Deadline),
        (
            RunOptions { cancel: Some(Arc::new(AtomicBool::new(true))), ..RunOptions::default() },
            Fault::Interrupted,
        ),
    ] {
        let (fault, ..) = long(source, &text, options);
        assert_eq!(fault, Some(expected));
    }
}

#[test]
fn what_is_written_and_never_read_is_told_whatever_its_length() {
    let text = "the ball ".repeat(200_000);
    let (fault, events, _) = long("input x: str\n\"{{ x }}\"", &text, RunOptions::default());
    assert_eq!(fault, None);
    let told: String = events
        .iter()
        .filter_map(|event| if let Event::Text { text, .. } = event { Some(text.as_str()) } else { None })
        .collect();
    assert_eq!(told, text);
}

#[test]
fn long_texts_of_a_program_are_counted_within_bounds() {
    let source = format!("\"{}\"\ngen y: int", "the ball ".repeat(300_000));
    let (outcome, events) = play(&mut script(&[("", "1")]), &source, RunOptions::default());
    assert!(matches!(outcome.error().unwrap().fault, Fault::PromptTooLong { .. }));
    assert!(
        matches!(&events[0], Event::Warning(warning) if warning.diag.code == "W0400"),
        "{:?}",
        events.len()
    );
}
