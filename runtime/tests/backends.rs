//! The wall between runs and what evaluates for them: a back end that answers from a table, out of order, late and
//! with errors, and runs that come to the same end all the same.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use agentc_compiler::ir;
use agentc_constraint::End;
use agentc_runtime::ask::Measured;
use agentc_runtime::backend::{
    Backend, Capabilities, Constraining, GenProduct, Product, Profile, Report, TaskId, Work, WorkKind,
};
use agentc_runtime::model::ModelError;
use agentc_runtime::session::run;
use agentc_runtime::{
    Backends, Completions, Event, Fault, Limits, Outcome, Poll, RunOptions, Session, Usage,
};
use common::program;

/// The same numbers on every platform.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) % n.max(1) as u64) as usize
    }
}

/// What a fake back end writes after a text: a function of that alone.
type Table = Arc<dyn Fn(&str) -> Result<String, Fault> + Send + Sync>;

/// A back end that answers from a table: texts alone, as a server far away would.
struct Fake {
    profile: Profile,
    table: Table,
    /// Answers that are ready, but not told yet.
    waiting: Vec<Report>,
    random: Random,
    /// How it delivers.
    delivery: Delivery,
}

enum Delivery {
    /// When it is polled, in a random order, each time some of them.
    Polled,
    /// From a thread of its own for each task, after a random time.
    Threads(Completions),
}

impl Fake {
    fn new(table: Table, seed: u64, delivery: Delivery) -> Fake {
        let can = Capabilities {
            constraining: Constraining::Nothing,
            tokens: false,
            scores: true,
            embeddings: false,
        };
        let chat = Err(Fault::Model(ModelError::NoTemplate));
        let profile = Profile { name: "fake".into(), n_ctx: 1 << 20, chat, can };
        Fake { profile, table, waiting: Vec::new(), random: Random(seed), delivery }
    }

    fn product(&self, kind: WorkKind) -> Result<Product, Fault> {
        Ok(match kind {
            WorkKind::Generate { context, .. } => Product::Generated(GenProduct {
                text: (self.table)(&context.plain_text())?,
                tokens: None,
                end: End::Value,
                value_tokens: 0,
                measured: Measured::default(),
                further: 0,
            }),
            WorkKind::Score { text, .. } => Product::Scored(-(text.len() as f64)),
            WorkKind::Tokens { .. } => Product::Tokens(Vec::new()),
            WorkKind::Count { .. } | WorkKind::Embed { .. } => {
                let reason = "it was asked for what it does not offer".to_owned();
                return Err(Fault::Model(ModelError::Misuse { reason }));
            }
        })
    }
}

impl Backend for Fake {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn submit(&mut self, task: TaskId, work: Work) {
        let report = Report::end(task, self.product(work.kind));
        match &self.delivery {
            Delivery::Polled => self.waiting.push(report),
            Delivery::Threads(completions) => {
                let (completions, wait) = (completions.clone(), self.random.below(3) as u64);
                std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_millis(wait));
                    completions.push(report);
                });
            }
        }
    }

    fn cancel(&mut self, task: TaskId) {
        // Those on threads come to their end anyway.
        let waiting = self.waiting.len();
        self.waiting.retain(|report| report.task != task);
        if self.waiting.len() < waiting {
            self.waiting.push(Report::cancelled(task, Usage::default()));
        }
    }

    fn poll(&mut self) -> Vec<Report> {
        let mut ready = Vec::new();
        while !self.waiting.is_empty() && self.random.below(3) > 0 {
            let at = self.random.below(self.waiting.len());
            ready.push(self.waiting.swap_remove(at));
        }
        ready
    }

    fn is_busy(&self) -> bool {
        !self.waiting.is_empty()
    }
}

/// Letters that are a function of the text, and an error for some texts if `fails`.
fn letters(fails: bool) -> Table {
    Arc::new(move |text: &str| {
        let mut random =
            Random(text.bytes().fold(7u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte))));
        random.below(1000);
        match random.below(300) {
            0 if fails => Err(Fault::Fail { message: format!("no answer to {} bytes", text.len()) }),
            _ => Ok((0..1 + random.below(4)).map(|_| char::from(b'a' + random.below(3) as u8)).collect()),
        }
    })
}

/// Forks of four, with what else branches do: forks within, errors that are caught and errors that are not, agents.
const FORKS: &str = r#"
input n: int
agent ask(word: str) -> str { "About {{ word }}: " gen x: /[a-c]{1,4}/ return x }
"Run {{ n }}. "
gen a: /[a-c]{1,4}/
let xs = fork 4 as i {
  "Branch {{ i }}: "
  gen b: /[a-c]{1,4}/
  if i == 2 { let side = aside { gen c: /[a-c]{1,4}/ yield c } "and {{ side }} " }
  let inner = fork word in [b, "z"] { gen d: /[a-c]{1,4}/ yield d + ask(word) }
  gen b: /[a-c]{1,4}/
  expect len(b) + n % 9 > 1, "too short in branch {{ i }}"
  yield join(inner, "-") + b
}
try {
  let ys = fork 4 as i { gen e: /[a-c]{1,4}/ if len(e) == i { fail "branch {{ i }}" } yield e }
  xs = xs + ys
} else e { xs = xs + [e.message] }
"{{ xs }} "
gen end: /[a-c]{1,4}/
return [a, str(xs), end, context]
"#;

fn session(program: &Arc<ir::Program>, n: i64, strands: usize) -> Session {
    let options = RunOptions { limits: Limits { strands, ..Limits::default() }, ..RunOptions::default() };
    let inputs = [("n".to_owned(), agentc_runtime::Input::Value(n.into()))];
    Session::new(program.clone(), &inputs, options).unwrap()
}

/// What can be seen of a run's end.
fn seen(outcome: &Outcome) -> (String, String, String) {
    let error = outcome.error().map(|error| format!("{} {error} {:?}", error.fault.code(), error.span));
    let captures = format!("{:?}", outcome.captures());
    (outcome.value().to_string(), outcome.text().to_owned() + &captures, error.unwrap_or_default())
}

/// Runs sessions side by side to their ends, as an engine does.
fn together(mut sessions: Vec<Session>, backends: &mut Backends<'_>) -> Vec<Outcome> {
    loop {
        let polls: Vec<Poll> =
            sessions.iter_mut().map(|session| session.poll(backends, &mut |_| {})).collect();
        if polls.iter().all(|poll| *poll == Poll::Done) {
            return sessions.into_iter().map(|session| session.into_outcome().unwrap()).collect();
        }
        if polls.iter().all(|poll| *poll != Poll::Ready) {
            backends.wait(Some(Duration::from_secs(10)));
        }
        for report in backends.poll() {
            if let Some(session) = sessions.iter_mut().find(|session| session.waits_for(report.task)) {
                session.report(report, backends, &mut |_| {});
            }
        }
    }
}

#[test]
fn sessions_with_forks_end_as_the_serial_run_does_whatever_order_answers_come_in() {
    let program = program(FORKS);
    for fails in [false, true] {
        let serial: Vec<_> = (0..32)
            .map(|n| {
                let mut backends = Backends::new(Fake::new(letters(fails), 1, Delivery::Polled));
                seen(&run(session(&program, n, 1), &mut backends, &mut |_| {}).unwrap())
            })
            .collect();
        let failed = serial.iter().filter(|(.., error)| !error.is_empty()).count();
        assert!((4..29).contains(&failed) || !fails, "{failed}");
        for seed in 0..6 {
            let strands = [1, 2, 3, 4, 16, 64][seed as usize];
            let sessions = (0..32).map(|n| session(&program, n, strands)).collect();
            let completions = Completions::default();
            let delivery = match seed % 2 {
                0 => Delivery::Polled,
                _ => Delivery::Threads(completions.clone()),
            };
            let fake = Fake::new(letters(fails), seed, delivery);
            let mut backends = Backends::new(fake).with_completions(completions);
            let ended: Vec<_> = together(sessions, &mut backends).iter().map(seen).collect();
            assert_eq!(ended, serial, "{strands} strands, errors: {fails}");
            assert!(backends.is_idle());
        }
    }
}

#[test]
fn branches_ask_side_by_side_and_no_more_of_them_than_may() {
    let program = program("let xs = fork 40 as i { gen x: /[a-c]{1,4}/ yield x } return len(xs)");
    for strands in [1, 7, 100] {
        let options = RunOptions { limits: Limits { strands, ..Limits::default() }, ..RunOptions::default() };
        let mut session = Session::new(program.clone(), &[], options).unwrap();
        let mut backends = Backends::new(Fake::new(letters(false), 3, Delivery::Polled));
        let mut events = Vec::new();
        while session.poll(&mut backends, &mut |event| events.push(event)) == Poll::Ready {}
        let begun = events.iter().filter(|event| matches!(event, Event::BranchStart { .. })).count();
        assert_eq!(begun, strands.min(40));
        let outcome = run(session, &mut backends, &mut |_| {}).unwrap();
        assert_eq!(outcome.value().to_string(), "40");
    }
}

#[test]
fn a_back_end_without_masks_cannot_smuggle_in_what_is_not_of_the_type() {
    let source = "\"A: \"\ntry { gen x: int with max = 9 } else e { return [e.code, e.message] }\nreturn x";
    let told = |text: &'static str| {
        let table: Table = Arc::new(move |_: &str| Ok(text.to_owned()));
        let mut backends = Backends::new(Fake::new(table, 1, Delivery::Polled));
        let session = Session::new(program(source), &[], RunOptions::default()).unwrap();
        let outcome = run(session, &mut backends, &mut |_| {}).unwrap();
        assert_eq!(outcome.error(), None, "{text}");
        outcome.value().to_string()
    };
    assert_eq!(told("12"), "12");
    let refused = told("twelve");
    assert!(refused.contains("R0404") && refused.contains("`x` that is not of its type"), "{refused}");
}

#[test]
fn what_a_back_end_offers_decides_what_can_be_asked_of_it() {
    let mut backends = Backends::new(Fake::new(letters(false), 1, Delivery::Polled));
    let session = Session::new(program("print score(\"four\")"), &[], RunOptions::default()).unwrap();
    let mut prints = Vec::new();
    let outcome = run(session, &mut backends, &mut |event| {
        if let Event::Print { text } = event {
            prints.push(text);
        }
    });
    assert_eq!((outcome.unwrap().error(), prints), (None, vec!["-4.0".to_owned()]));
    // Roles need a template that it has not.
    let session = Session::new(program("user \"x\"\nassistant gen y"), &[], RunOptions::default()).unwrap();
    let outcome = run(session, &mut backends, &mut |_| {}).unwrap();
    assert_eq!(outcome.text(), "xb".to_owned().replace('b', &outcome.capture("y").unwrap().to_string()));
}

#[test]
fn tasks_of_branches_that_are_not_wanted_any_more_are_cancelled() {
    let source = "try { let xs = fork 8 as i { if i == 3 { fail \"third\" } gen x: /[a-c]{1,4}/ yield x } } \
                  else e { return e.message }";
    let options = RunOptions { limits: Limits { strands: 8, ..Limits::default() }, ..RunOptions::default() };
    let session = Session::new(program(source), &[], options).unwrap();
    let mut backends = Backends::new(Fake::new(letters(false), 5, Delivery::Polled));
    let mut ends = HashMap::new();
    let outcome = run(session, &mut backends, &mut |event| {
        if let Event::BranchEnd { context, value } = event {
            ends.insert(context, value.is_some());
        }
    });
    let outcome = outcome.unwrap();
    assert_eq!((outcome.error(), outcome.value().to_string().as_str()), (None, "third"));
    assert_eq!(ends.values().filter(|yielded| **yielded).count(), 3, "{ends:?}");
    assert!(backends.is_idle());
}
