//! The machine alone, without a model: it asks, is answered, and can be saved at every ask; a state that
//! someone has edited is refused or runs, and never leads outside the program.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use agentc_compiler::ir;
use agentc_constraint::End;
use agentc_runtime::ask::{Answer, Ask, AskId, AskKind, Generated, Measured};
use agentc_runtime::vm::{Defaults, Phase, State, Vm};
use agentc_runtime::{Event, Fault, Limits, RunError, Value};
use common::edit::{Random, edit};
use common::program;

const SOURCE: &str = r#"
agent inner(word: str) -> str { "In {{ word }}: " gen x: /[a-z]+/ return x + context }
"Start. "
gen a: /[a-z]+/
let log = [a]
try {
  let xs = fork 3 as i {
    "{{ i }} "
    try { gen b: /[a-z]+/ if i == 1 { fail "one" } } else { gen b: /[a-z]+/ }
    yield b + inner(b)
  }
  log += xs
  log += [context]
  gen a: /[a-z]+/
  let y = aside { yield 1 / len(a[0:0]) }
} else e { log += [e.message, str(len(context))] }
gen c: /[a-z]+/
return log + [a, c]
"#;

fn machine(program: &Arc<ir::Program>) -> Vm {
    Vm::new(program.clone(), program.entry, Vec::new(), Defaults::default(), Limits::default())
}

/// An answer that tells the asks apart.
fn answer(ask: &Ask) -> Answer {
    match &ask.kind {
        AskKind::Generate(_) => written(char::from(b'a' + (ask.id.ordinal % 26) as u8).to_string()),
        AskKind::Text => Answer::Text(format!("<context {}>", ask.context)),
        other => panic!("{other:?}"),
    }
}

fn written(text: String) -> Answer {
    let (value_tokens, end) = (text.len(), End::Value);
    let tokens = Some((0..value_tokens as u32).collect());
    let (before, chunks) = (Vec::new(), Vec::new());
    let model = None;
    Answer::Generated(Box::new(Generated {
        before,
        model,
        chunks,
        text,
        tokens,
        end,
        value_tokens,
        ration: None,
        measured: Measured::default(),
        further: 0,
    }))
}

/// Runs to the end with answers that depend on the asks alone. `at_ask` may replace the machine.
fn drive(
    mut vm: Vm,
    mut at_ask: impl FnMut(Vm, &[Ask]) -> Vm,
    events: &mut Vec<Event>,
) -> Result<Value, RunError> {
    let mut asks: Vec<Ask> = Vec::new();
    for _ in 0..1000 {
        let turn = vm.run()?;
        events.extend(turn.events);
        if let Phase::Done(value) = turn.phase {
            return Ok(value);
        }
        asks.extend(turn.asks);
        if turn.phase == Phase::Waiting {
            asks.sort_by(|a, b| a.id.cmp(&b.id));
            vm = at_ask(vm, &asks);
            asks.drain(..).try_for_each(|ask| vm.answer(&ask.id, answer(&ask)))?;
        }
    }
    panic!("it does not end");
}

#[test]
fn a_machine_that_is_written_down_at_an_ask_asks_the_same_again() {
    for strands in [1, 3] {
        let limits = || Limits { strands, ..Limits::default() };
        let program = program(SOURCE);
        let new = || Vm::new(program.clone(), program.entry, Vec::new(), Defaults::default(), limits());
        let mut events = Vec::new();
        let mut turns = 0;
        let whole = drive(new(), |vm, _| vm, &mut events).unwrap();
        let mut again = Vec::new();
        let resumed = drive(
            new(),
            |vm, asks| {
                turns += 1;
                let text = serde_json::to_string(vm.state()).unwrap();
                let state: State = serde_json::from_str(&text).unwrap();
                let mut vm = Vm::resume(program.clone(), state, limits()).unwrap();
                let mut anew = vm.run().unwrap().asks;
                anew.sort_by(|a, b| a.id.cmp(&b.id));
                assert_eq!(anew, asks);
                vm
            },
            &mut again,
        );
        assert_eq!((resumed.unwrap(), again), (whole.clone(), events));
        assert!(turns > 12 / strands, "{turns}");
        assert!(whole.to_string().contains("division by zero"), "{whole}");
    }
}

#[test]
fn what_nobody_can_answer_is_caught_or_ends_the_run() {
    let program = program("try { gen x } else e { return e.message }");
    let fault = || Fault::Fail { message: "refused".into() };
    let mut vm = machine(&program);
    let mut asks = vm.run().unwrap().asks;
    while asks.is_empty() {
        asks = vm.run().unwrap().asks;
    }
    let id = &asks[0].id;
    let state = vm.state().clone();
    let other = AskId { ordinal: 99, ..id.clone() };
    assert!(vm.answer(&other, written("x".into())).is_err(), "nobody waits for another answer");
    assert!(vm.answer(id, Answer::Text("x".into())).is_err(), "nor for one of another kind");
    assert_eq!(vm.state(), &state);
    vm.answer(id, Answer::failed(fault())).unwrap();
    let turn = vm.run().unwrap();
    assert!(matches!(turn.events.as_slice(), [Event::Caught { code: "R0107", .. }]), "{turn:?}");
    assert_eq!(vm.run().unwrap().phase, Phase::Done("refused".into()));
    let mut vm = Vm::resume(program, state, Limits::default()).unwrap();
    assert!(vm.answer(id, Answer::failed(Fault::Interrupted)).is_err());
}

#[test]
fn a_state_that_was_edited_is_refused_or_runs() {
    let program = program(SOURCE);
    let mut states = Vec::new();
    let keep = |vm: Vm, _: &[Ask]| {
        states.push(serde_json::to_value(vm.state()).unwrap());
        vm
    };
    drive(machine(&program), keep, &mut Vec::new()).unwrap();
    let (mut random, mut ran, mut refused) = (Random(3), 0, 0);
    for round in 0..20_000 {
        let mut json = states[round % states.len()].clone();
        for _ in 0..=random.below(3) {
            edit(&mut json, &mut random);
        }
        let Ok(state) = serde_json::from_value::<State>(json) else { continue };
        match Vm::resume(program.clone(), state, Limits { steps: 5000, ..Limits::default() }) {
            Ok(vm) => {
                // It may end in any way but a panic.
                let _ = drive(vm, |vm, _| vm, &mut Vec::new());
                ran += 1;
            }
            Err(_) => refused += 1,
        }
    }
    assert!(ran > 1000 && refused > 1000, "{ran} {refused}");
}
