//! The machine alone, without a model: it asks, is answered, and can be saved at every ask; a state that
//! someone has edited is refused or runs, and never leads outside the program.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use agentc_compiler::ir;
use agentc_constraint::End;
use agentc_runtime::ask::{Ask, GenAnswer};
use agentc_runtime::vm::{Defaults, State, Step, Vm};
use agentc_runtime::{Event, Fault, Limits, RunError, Value};
use common::program;
use serde_json::Value as Json;

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
fn written(text: String) -> GenAnswer {
    let (value_tokens, end) = (text.len(), End::Value);
    GenAnswer { tokens: Some((0..value_tokens as u32).collect()), told: 0, text, end, value_tokens, shown: 0 }
}

/// Runs to the end with answers that depend on the asks alone. `at_ask` may replace the machine.
fn drive(
    mut vm: Vm,
    mut at_ask: impl FnMut(Vm, &Ask) -> Vm,
    events: &mut Vec<Event>,
) -> Result<Value, RunError> {
    for _ in 0..1000 {
        match vm.run()? {
            Step::Done(value) => return Ok(value),
            Step::Tell(told) => events.extend(told),
            Step::Pause => {}
            Step::Ask(ask) => {
                vm = at_ask(vm, &ask);
                match ask {
                    Ask::Gen(ask) => {
                        let letter = char::from(b'a' + (ask.id % 26) as u8);
                        vm.answer(ask.id, written(letter.to_string())).map(drop)?;
                    }
                    Ask::Text(ask) => vm.answer_text(ask.id, format!("<context {}>", ask.context))?,
                }
            }
        }
    }
    panic!("it does not end");
}

#[test]
fn a_machine_that_is_written_down_at_an_ask_asks_the_same_again() {
    let program = program(SOURCE);
    let mut events = Vec::new();
    let mut asks = 0;
    let whole = drive(machine(&program), |vm, _| vm, &mut events).unwrap();
    let mut again = Vec::new();
    let resumed = drive(
        machine(&program),
        |vm, ask| {
            asks += 1;
            let text = serde_json::to_string(vm.state()).unwrap();
            let state: State = serde_json::from_str(&text).unwrap();
            let mut vm = Vm::resume(program.clone(), state, Limits::default()).unwrap();
            assert_eq!(vm.run().unwrap(), Step::Ask(ask.clone()));
            vm
        },
        &mut again,
    );
    assert_eq!((resumed.unwrap(), again), (whole.clone(), events));
    assert!(asks > 12, "{asks}");
    assert!(whole.to_string().contains("division by zero"), "{whole}");
}

#[test]
fn what_nobody_can_answer_is_caught_or_ends_the_run() {
    let program = program("try { gen x } else e { return e.message }");
    let fault = || Fault::Fail { message: "refused".into() };
    let mut vm = machine(&program);
    let ask = loop {
        match vm.run().unwrap() {
            Step::Ask(ask) => break ask,
            Step::Tell(_) => {}
            other => panic!("{other:?}"),
        }
    };
    let state = vm.state().clone();
    assert!(vm.answer(99, written("x".into())).is_err(), "nobody waits for another answer");
    assert_eq!(vm.state(), &state);
    let told = vm.refuse(RunError::at(ask.span(), fault())).unwrap();
    assert!(matches!(told.as_slice(), [Event::Caught { code: "R0107", .. }]), "{told:?}");
    assert_eq!(vm.run().unwrap(), Step::Done("refused".into()));
    let mut vm = Vm::resume(program, state, Limits::default()).unwrap();
    assert!(vm.refuse(RunError::of_run(Fault::Interrupted)).is_err());
}

/// The same numbers on every platform.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) % n.max(1) as u64) as usize
    }
}

/// How many leaves a tree has.
fn leaves(json: &Json) -> usize {
    match json {
        Json::Array(items) if !items.is_empty() => items.iter().map(leaves).sum(),
        Json::Object(fields) => fields.values().map(leaves).sum(),
        _ => 1,
    }
}

/// Replaces the leaf of a number, counted down.
fn replace(json: &mut Json, at: &mut usize, new: &Json) {
    match json {
        Json::Array(items) if !items.is_empty() => items.iter_mut().for_each(|item| replace(item, at, new)),
        Json::Object(fields) => fields.values_mut().for_each(|value| replace(value, at, new)),
        leaf => {
            if *at == 0 {
                *leaf = new.clone();
            }
            *at = at.wrapping_sub(1);
        }
    }
}

fn edit(json: &mut Json, random: &mut Random) {
    let numbers: [Json; 7] =
        [0.into(), 1.into(), 2.into(), 17.into(), u32::MAX.into(), (-1).into(), u64::MAX.into()];
    let new = match random.below(9) {
        7 => Json::Null,
        8 => Json::Array(Vec::new()),
        number => numbers[number].clone(),
    };
    let mut at = random.below(leaves(json));
    replace(json, &mut at, &new);
}

#[test]
fn a_state_that_was_edited_is_refused_or_runs() {
    let program = program(SOURCE);
    let mut states = Vec::new();
    let keep = |vm: Vm, _: &Ask| {
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
