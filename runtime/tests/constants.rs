//! Constants are computed once in a run, and are the same wherever they are read.
#![allow(clippy::unwrap_used)]

mod common;

use std::fmt::Write as _;

use agentc_runtime::ask::Answer;
use agentc_runtime::vm::{Defaults, Phase, Vm};
use agentc_runtime::{Fault, Limits, Outcome, RunOptions, Value};
use common::{outcome, play, program, script};

/// Each is the sum of the one before with itself.
fn chain(levels: usize) -> String {
    let mut source = "const A0 = len(\"x\")\n".to_owned();
    for level in 1..=levels {
        writeln!(source, "const A{level} = A{0} + A{0}", level - 1).unwrap();
    }
    source
}

fn limited(steps: u64, source: &str) -> Outcome {
    let limits = Limits { steps, ..Limits::default() };
    play(&mut script(&[]), source, RunOptions { limits, ..RunOptions::default() }).0
}

#[test]
fn a_chain_of_constants_takes_steps_for_each_once() {
    let out = limited(600, &(chain(60) + "return A60"));
    assert_eq!((out.error(), out.value()), (None, &Value::Int(1 << 60)));
    // Reading it again is one step and a jump.
    let out = limited(3_000, &(chain(60) + "let n = 0\nrepeat 100 { if A60 > 5 { n += 1 } }\nreturn n"));
    assert_eq!((out.error(), out.value()), (None, &Value::Int(100)));
}

#[test]
fn branches_and_calls_read_the_same_constants() {
    let source = chain(60)
        + "agent a() -> int { return A60 }\nfn f(n: int = A60) -> int { return n }\n\
           let xs = fork 3 as i { yield A60 + i }\n\
           let y = try_it()\nfn try_it() -> int { try { if A59 > 0 { fail \"x\" } } else { return A60 } return 0 }\n\
           return [a(), f(), xs[2] - 2, y]";
    let out = limited(3_000, &source);
    assert_eq!(out.error(), None);
    let value = 1i64 << 60;
    assert_eq!(out.value().to_string(), format!("[{value}, {value}, {value}, {value}]"));
}

#[test]
fn an_error_is_one_wherever_the_constant_is_read() {
    let source = "const NONE = len(\"\")\nconst BAD = 1 / NONE\nconst WORSE = BAD + BAD\nlet out = [\"\"]\n\
        repeat 2 { try { out += [str(WORSE)] } else e { out += [\"{{ e.code }} {{ e.span.line }}\"] } }\n\
        out += [str(NONE)]\nreturn out";
    assert_eq!(outcome(&[], source).value().to_string(), r#"["", "R0102 2", "R0102 2", "0"]"#);
    let out = limited(1_000, "const NONE = len(\"\")\nconst BAD = 1 / NONE\nprint BAD");
    assert_eq!(out.error().unwrap().fault, Fault::DivisionByZero);
}

#[test]
fn a_constant_that_was_read_in_what_is_undone_stays_what_it_is() {
    let source = "const XS = range(3)\nlet n = 0\n\
        try { n = sum(XS) fail \"x\" } else { n = n + len(XS) }\nreturn [n, sum(XS)]";
    assert_eq!(outcome(&[], source).value().to_string(), "[6, 3]");
}

#[test]
fn a_machine_taken_up_anew_computes_them_again() {
    let program = program(&(chain(60) + "print A60\nlet c = context\nreturn A60"));
    let limits = || Limits { steps: 1_500, ..Limits::default() };
    let mut vm = Vm::new(program.clone(), program.entry, Vec::new(), Defaults::default(), limits());
    loop {
        let turn = vm.run().unwrap();
        if let Some(ask) = turn.asks.first() {
            vm = Vm::resume(program.clone(), vm.state().clone(), limits()).unwrap();
            assert_eq!(vm.run().unwrap().asks, turn.asks);
            vm.answer(&ask.id, Answer::Text(String::new())).unwrap();
        }
        if let Phase::Done(value) = turn.phase {
            return assert_eq!(value, Value::Int(1 << 60));
        }
    }
}
