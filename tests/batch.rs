//! Batches in the library, on scripted models: order, bounds, and that a row has the outcome that it has alone.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agentc::model::script::ScriptModel;
use agentc::{Engine, Error, Event, Fault, Outcome, Program, Progress, Row, Value};

fn engine() -> Engine {
    Engine::builder().script(ScriptModel::random(7).unwrap()).build().unwrap()
}

fn program(source: &str) -> Program {
    Program::from_source("test.agent", source).unwrap()
}

fn row(n: i64) -> Row {
    Row::new().input("n", n)
}

/// Numbers that look random, the same each time.
fn noise(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) % below
    }
}

/// All that a run says, but for what it cost.
fn said(outcome: Result<Outcome, Error>) -> String {
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(Error::Run(failure)) => failure.outcome().clone(),
        Err(other) => panic!("{other}"),
    };
    let (value, captures) = (outcome.value(), outcome.captures());
    format!("{value} {captures:?} {:?} {:?} {:?}", outcome.text(), outcome.messages(), outcome.error())
}

/// Every tenth row fails, and each waits for its tool, which may take any time.
const WAITING: &str = r#"
input n: int
tool wait(n: int) -> int
"Row {{ n }}: {{ gen a: /[a-z]{3,12}/ with temp = 1.0 }}"
let waited = wait(n)
"{{ waited }} {{ gen b: int(0..999) with temp = 1.0 }}"
if n % 10 == 9 { let zero = 1 // (n - n) }
return {n: n, a: a, b: b}
"#;

#[test]
fn rows_that_end_in_any_order_have_the_outcomes_that_they_have_alone() {
    let (engine, program) = (engine(), program(WAITING));
    let alone = |n: i64| {
        let run = engine.run(&program).seed(11).input("n", n).tool("wait", |args| Ok(args[0].1.clone()));
        said(run.start())
    };
    let alone: Vec<String> = (0..32).map(alone).collect();
    assert_eq!(alone.iter().collect::<HashSet<_>>().len(), 32);
    let mut disordered = 0;
    for (seed, at_once) in [(1, 1), (2, 2), (3, 7), (4, 16), (5, 32)] {
        let random = Mutex::new(noise(seed));
        let wait = move |args: &[(String, Value)]| {
            let ms = random.lock().unwrap()(8);
            std::thread::sleep(Duration::from_millis(ms));
            Ok(args[0].1.clone())
        };
        let ended = Mutex::new(Vec::new());
        let watch = |row, progress: Progress<'_>| {
            if let Progress::Over(_) = progress {
                ended.lock().unwrap().push(row);
            }
        };
        let run = engine.run(&program).seed(11).tool("wait", wait);
        let batch = run.batch((0..32).map(row)).at_once(at_once).watch(watch);
        let together: Vec<String> = batch.map(said).collect();
        assert_eq!(together, alone, "{at_once} at once");
        let ended = ended.into_inner().unwrap();
        disordered += usize::from(!ended.is_sorted());
        assert_eq!(ended.iter().collect::<HashSet<_>>().len(), 32);
        assert!(at_once > 1 || ended.is_sorted());
    }
    assert!(disordered > 0, "rows ended in their order each time");
}

/// A batch of rows of which the first waits until the gate is opened.
const GATED: &str =
    "input n: int\ntool gate() -> int\nlet more = 0\nif n == 0 { more = gate() }\nreturn n + more";

/// A tool that waits for a word, or for the other side to be gone.
fn waits(
    gate: Receiver<()>,
) -> impl Fn(&[(String, Value)]) -> Result<Value, agentc::ToolError> + Send + Sync {
    let gate = Mutex::new(gate);
    move |_: &[(String, Value)]| {
        let _ = gate.lock().unwrap().recv();
        Ok(Value::Int(0))
    }
}

#[test]
fn a_row_that_takes_long_holds_up_a_bounded_number_of_others() {
    let (engine, program) = (engine(), program(GATED));
    let ((open, gate), taken) = (channel::<()>(), Arc::new(AtomicUsize::new(0)));
    let counts = taken.clone();
    let rows = (0..1000).map(move |n| {
        counts.fetch_add(1, Ordering::Relaxed);
        row(n)
    });
    let mut over = 0;
    let counts = taken.clone();
    let watch = move |row, progress: Progress<'_>| {
        let Progress::Over(_) = progress else { return };
        over += 1;
        // Two at once: 32 rows may be begun or wait for the first.
        if over == 31 {
            assert_eq!(counts.load(Ordering::Relaxed), 32);
            open.send(()).unwrap();
        }
        assert!(row != 0 || over == 32, "{over} rows ended before the first");
    };
    let mut batch = engine.run(&program).tool("gate", waits(gate)).batch(rows).at_once(2).watch(watch);
    assert_eq!(taken.load(Ordering::Relaxed), 0, "nothing is begun before anybody asks");
    for n in 0..1000 {
        assert_eq!(batch.next().unwrap().unwrap().value(), &Value::Int(n));
        assert!(taken.load(Ordering::Relaxed) <= n as usize + 32);
    }
    assert!(batch.next().is_none() && batch.next().is_none());
}

#[test]
fn one_at_a_time_a_row_is_taken_when_the_one_before_is_handed_out() {
    let (engine, program) = (engine(), program("input n: int\nreturn n"));
    let taken = AtomicUsize::new(0);
    let rows = (0..5).map(|n| {
        taken.fetch_add(1, Ordering::Relaxed);
        row(n)
    });
    for (n, outcome) in engine.batch(&program, rows).at_once(1).enumerate() {
        assert_eq!(outcome.unwrap().value(), &Value::Int(n as i64));
        assert_eq!(taken.load(Ordering::Relaxed), n + 1);
    }
}

#[test]
fn no_more_rows_than_asked_for_are_in_progress() {
    let (engine, program) = (engine(), program(WAITING));
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (within, peak) = (now.clone(), most.clone());
    let wait = move |args: &[(String, Value)]| {
        peak.fetch_max(within.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(3));
        within.fetch_sub(1, Ordering::SeqCst);
        Ok(args[0].1.clone())
    };
    let batch = engine.run(&program).tool("wait", wait).batch((0..24).map(row)).at_once(4);
    assert_eq!(batch.count(), 24);
    assert_eq!(now.load(Ordering::SeqCst), 0);
    assert!((2..=4).contains(&most.load(Ordering::SeqCst)), "{most:?}");
}

#[test]
fn a_batch_that_is_dropped_ends_what_is_in_progress() {
    let (engine, program) = (engine(), program(GATED));
    let (open, gate) = channel::<()>();
    let mut batch = engine.run(&program).tool("gate", waits(gate)).batch([1, 0, 0, 0].map(row)).at_once(4);
    assert_eq!(batch.next().unwrap().unwrap().value(), &Value::Int(1));
    drop(batch);
    let rows = engine.batch(&program, [5].map(row));
    assert_eq!(rows.map(|outcome| outcome.unwrap().value().clone()).collect::<Vec<_>>(), [Value::Int(5)]);
    // The engine waits for nobody, although the tool still works.
    drop(engine);
    drop(open);
}

#[test]
fn errors_keep_their_places() {
    let (engine, program) = (engine(), program("input n: int\nreturn 10 // n"));
    let rows = [
        row(5),
        row(0),
        Row::new(),
        Row::new().input("n", "five"),
        Row::from(program.inputs_of_json("rows:5", "[1]")),
        Row::from(program.inputs_of_json("rows:6", "{\"n\": 2}")),
        Row::new().input_text("n", "1"),
    ];
    let told = |outcome: Result<Outcome, Error>| match outcome {
        Ok(outcome) => outcome.value().to_string(),
        Err(error) => format!("{} {}", error.code(), error.exit_code()),
    };
    let input = format!("{} 2", Error::before_run(Fault::Input { message: String::new() }).code());
    let division = format!("{} 1", Error::before_run(Fault::DivisionByZero).code());
    let found: Vec<String> = engine.batch(&program, rows).map(told).collect();
    assert_eq!(found, ["2", &division, &input, &input, &input, "5", "10"]);
}

#[test]
fn inputs_and_settings_of_the_run_are_those_of_all_rows() {
    let source = "input n: int\ninput m: int\n\"{{ n }}\"\nrepeat 3 { gen x: /[a-z]{9}/ }\nreturn n + m";
    let program = program(source);
    let engine = engine();
    let batch = engine.run(&program).input("m", 100).batch([1, 2].map(row));
    let values: Vec<String> = batch.map(|outcome| outcome.unwrap().value().to_string()).collect();
    assert_eq!(values, ["101", "102"]);
    let batch = engine.run(&program).input("m", 0).input("n", 7).max_tokens(2).batch([1, 2].map(row));
    for outcome in batch {
        let Err(Error::Run(failure)) = outcome else { panic!() };
        assert_eq!(failure.error().fault.kind(), agentc::ErrorKind::Budget);
        assert!(failure.outcome().text().starts_with('7'), "{}", failure.outcome().text());
    }
    let late = engine.run(&program).input("m", 0).timeout(Duration::ZERO).batch([row(1)]);
    assert_eq!(late.map(|outcome| outcome.unwrap_err().exit_code()).collect::<Vec<_>>(), [5]);
}

#[test]
fn whoever_watches_hears_what_runs_print_and_one_warning_for_all() {
    let source = "input n: int\nprint \"row {{ n }}\"\nrepeat 10 { \"0123456789\" gen x: str with stop = \"1\", max = 20 }";
    let program = program(source);
    let model = ScriptModel::random(3).unwrap().with_vocab([]).unwrap().with_memory(290, 64, 8);
    let engine = Engine::builder().script(model).build().unwrap();
    let heard = Mutex::new((Vec::new(), 0));
    let watch = |row, progress: Progress<'_>| match progress {
        Progress::Event(Event::Print { text }) => heard.lock().unwrap().0.push((row, text.clone())),
        Progress::Event(Event::Warning(_)) => heard.lock().unwrap().1 += 1,
        Progress::Event(other) => panic!("{other:?}"),
        Progress::Over(_) => {}
    };
    // The first row is wrong, and cannot warn of anything.
    let rows = (0..5).map(|n| if n == 0 { Row::new() } else { row(n) });
    let batch = engine.batch(&program, rows).watch(watch);
    let tokens = batch.tokens();
    assert_eq!(tokens(), 0);
    let generated: u64 = batch
        .map(|outcome| match outcome {
            Ok(outcome) => outcome.usage().generated_tokens,
            Err(Error::Run(failure)) => failure.outcome().usage().generated_tokens,
            Err(other) => panic!("{other}"),
        })
        .sum();
    let (mut printed, warned) = heard.into_inner().unwrap();
    printed.sort();
    assert_eq!(printed, [1, 2, 3, 4].map(|n| (n, format!("row {n}"))));
    assert_eq!(warned, 1);
    assert!(tokens() > 0 && tokens() <= generated, "{} of {generated}", tokens());
}

/// Resident memory in bytes.
#[cfg(target_os = "linux")]
fn resident() -> u64 {
    let facts = std::fs::read_to_string("/proc/self/statm").unwrap();
    facts.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[cfg(target_os = "linux")]
#[test]
fn ten_thousand_rows_need_no_more_memory_than_a_thousand() {
    let program = program("input pad: str\n\"{{ gen x: int(0..9) }}\"\nreturn pad + str(x)");
    let engine = engine();
    // Each row has 20 kB, and so have all together 200 MB, and twice that in outcomes.
    let rows = (0..10_000).map(|n| Row::new().input("pad", format!("{n} ").repeat(4000)));
    let mut batch = engine.batch(&program, rows);
    let mut take = |rows: usize| batch.by_ref().take(rows).filter(|outcome| outcome.is_ok()).count();
    assert_eq!(take(1000), 1000);
    let before = resident();
    assert_eq!(take(10_000), 9000);
    let grown = resident().saturating_sub(before);
    assert!(grown < 64 << 20, "{grown} bytes more");
}
