//! Drafts: tokens that are evaluated before they are chosen change nothing of what a run does, and save passes where the
//! guesses are right.
#![allow(clippy::unwrap_used)]

mod common;

use agentc_runtime::model::script::ScriptModel;
use agentc_runtime::{Backends, Draft, Limits, LocalModel, Outcome, RunOptions, Session};
use common::{by_context, end, program, script, together};

fn drafting(model: &mut ScriptModel, draft: Draft) -> Backends<'_> {
    LocalModel::new(model, Limits { draft, ..Limits::default() }).into()
}

fn options(seed: u64, temp: f64) -> RunOptions {
    RunOptions { seed: Some(seed), temp: Some(temp), ..RunOptions::default() }
}

/// Programs with all that may come between two tokens: forced text, text that is tokenised anew, healing, stops, bounds,
/// settings that look at what was written, samples, scores, branches.
const PROGRAMS: [&str; 12] = [
    "\"abcabcabc \" gen x: /(abc|abd){8}/ return x",
    "\"one two one two \" gen x: /(one two |one three ){6}/ return x",
    "\"{\\\"name\\\": \\\"a\\\"} \" gen x: {name: /[ab]{1,4}/, tags: (\"red\"|\"green\")[](..4), n: int(0..99)}[](2..3) return x",
    "\"words \" gen x with max = 40 return x",
    "\"a b a b a \" gen x: /([ab] ){3,12}/ with stop = \"b a b\" return x",
    "\"hel\" gen x: /(lo|p|l) (hello|help|hell)( hello| help){2,5}/ return x",
    "\"xyxy\" gen x: /[xy]{20}/ with no_repeat = 3, max = 9 return x",
    "\"xyxy\" gen x: /[xy]{12}/ with repeat_penalty = 1.3, frequency_penalty = 0.2 return x",
    "\"xyxyxy\" gen x: /[xy]{6,12}/ with n = 3 return x",
    "\"ababab\" let xs = fork 3 as i { \"{{ i }}ab\" gen x: /(ab|ba){3,6}/ yield x } return xs",
    "\"ababab\" gen x: /(ab|ba){3,6}/ with logprobs = true gen y: /(ab|ba){3,6}/ return [x.logprob, y.mask_mass]",
    "\"quote: to be or not to be. again: \" gen x: /(to|be|or|not)( (to|be|or|not)){5}/ with min = 4, max = 30 return x",
];

#[test]
fn a_draft_changes_nothing() {
    for (number, source) in PROGRAMS.iter().enumerate() {
        for seed in 0..6 {
            let temp = [0.0, 0.7, 2.0][seed as usize % 3];
            let run = |draft: Draft| {
                let mut model = ScriptModel::random(seed).unwrap();
                let session = Session::new(program(source), &[], options(seed, temp)).unwrap();
                let (outcome, events, _) = end(session, &mut drafting(&mut model, draft));
                (by_context(&events), outcome.value().to_string(), format!("{:?}", outcome.error()))
            };
            let without = run(Draft::Never);
            for longest in [1, 2, 5, 16] {
                assert_eq!(without, run(Draft::Always(longest)), "program {number}, seed {seed}, {longest}");
            }
        }
    }
}

#[test]
fn a_draft_changes_nothing_beside_others() {
    let run = |draft: Draft, cells: u32, seqs: u32| -> Vec<String> {
        let mut model = ScriptModel::random(5).unwrap().with_memory(cells, 24, seqs);
        let session =
            |(seed, source): (u64, &&str)| Session::new(program(source), &[], options(seed, 0.8)).unwrap();
        let sessions = (0..).zip(&PROGRAMS).map(session).collect();
        let told = |outcome: Outcome| format!("{} {:?}", outcome.value(), outcome.error());
        together(sessions, &mut drafting(&mut model, draft)).into_iter().map(told).collect()
    };
    let without = run(Draft::Never, 4096, 16);
    for (cells, seqs) in [(4096, 16), (200, 16), (160, 2), (130, 5)] {
        for longest in [1, 3, 16] {
            assert_eq!(without, run(Draft::Always(longest), cells, seqs), "{cells} cells, {seqs} sequences");
        }
    }
}

#[test]
fn what_was_said_before_takes_fewer_passes() {
    let text =
        "the quick brown fox jumps over the lazy dog and runs away from all of it, twice a day at least";
    let copied = text.replace("lazy", "sleepy");
    let source = format!("\"{text} => \" gen x: /[a-z, ]+/ return x");
    let run = |draft: Draft| {
        let mut model = script(&[("=> ", &copied)]);
        let counters = model.counters();
        let session = Session::new(program(&source), &[], RunOptions::default()).unwrap();
        let (outcome, ..) = end(session, &mut drafting(&mut model, draft));
        assert_eq!((outcome.value().to_string(), outcome.error()), (copied.clone(), None));
        (counters.forwards(), outcome.usage().clone())
    };
    let (without, usage) = run(Draft::Never);
    assert_eq!((usage.drafted_tokens, usage.accepted_tokens), (0, 0));
    let (with, drafted) = run(Draft::Always(8));
    assert!(with * 2 < without, "{with} passes instead of {without}");
    assert!(drafted.accepted_tokens * 2 > drafted.drafted_tokens, "{drafted:?}");
    assert_eq!(
        (usage.generated_tokens, usage.forced_tokens),
        (drafted.generated_tokens, drafted.forced_tokens)
    );
    assert_eq!(drafted.forward_passes, with);
}

#[test]
fn others_tell_what_comes_next() {
    let answer = "{\"name\": \"Ada\", \"trade\": \"smith\"}";
    let source = "input n: int \"{{ n }}: \" gen x: {name: str, trade: str} return x";
    let mut model = script(&[("1: ", answer), ("2: ", answer)]);
    let mut backends = drafting(&mut model, Draft::Always(8));
    let mut passes = |n: &str| {
        let given = common::inputs(&[("n", n)]);
        let session = Session::new(program(source), &given, RunOptions::default()).unwrap();
        end(session, &mut backends).0.usage().forward_passes
    };
    let (first, second) = (passes("1"), passes("2"));
    assert!(second * 2 <= first, "{second} passes after {first}");
}

#[test]
fn a_model_that_gains_nothing_drafts_nothing() {
    let mut model = script(&[("=> ", "ab ab ab ab ab ab")]);
    let session = Session::new(program("\"ab ab => \" gen x: /[ab ]+/ return x"), &[], RunOptions::default());
    let (outcome, ..) = end(session.unwrap(), &mut drafting(&mut model, Limits::default().draft));
    assert_eq!(outcome.usage().drafted_tokens, 0);
}
