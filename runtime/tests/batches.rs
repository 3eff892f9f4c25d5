//! Many sequences over one memory: what is common is read once, and what does not fit waits.
#![allow(clippy::unwrap_used)]

mod common;

use agentc_runtime::model::script::ScriptModel;
use agentc_runtime::{Fault, Limits, LocalModel, Outcome, Poll, RunOptions, Session};
use common::{play, play_on, program, scheds, together};

fn random() -> ScriptModel {
    ScriptModel::random(7).unwrap()
}

/// Makes a model one that rewinds, or one that does not.
type Kind = fn(ScriptModel) -> ScriptModel;

const KINDS: [Kind; 2] = [|model| model, ScriptModel::without_rewind];

fn options(seed: u64, strands: usize) -> RunOptions {
    let limits = Limits { strands, ..Limits::default() };
    RunOptions { seed: Some(seed), temp: Some(0.9), limits, ..RunOptions::default() }
}

/// A prompt of some hundred tokens that nobody has read, and branches on it.
fn trunk_and_branches(words: usize, branches: usize) -> String {
    let trunk = "some words of a trunk ".repeat(words);
    format!(
        "\"{trunk}\" let xs = fork {branches} as i {{ \" {{{{ i }}}}\" gen x: /[a-z]{{12}}/ yield x }} return xs"
    )
}

#[test]
fn branches_read_their_trunk_once() {
    for kind in KINDS {
        let rows = |branches: usize| {
            let mut model = kind(random().with_memory(8192, 64, 16));
            let counters = model.counters();
            let (outcome, _) = play(&mut model, &trunk_and_branches(100, branches), options(1, 64));
            assert_eq!(outcome.error(), None);
            (counters.rows(), outcome)
        };
        let (one, _) = rows(1);
        let (four, outcome) = rows(4);
        let own = 12 + 4;
        assert!(one > 500 && four <= one + 3 * own, "{one} rows for one branch, {four} for four");
        // Three of four find nearly all of what they read.
        let usage = outcome.usage();
        assert!(usage.cached_tokens * 100 >= usage.prompt_tokens * 74, "{usage:?}");
    }
}

#[test]
fn runs_that_arrive_together_read_what_they_share_once() {
    for kind in KINDS {
        let prefix = "an example that all rows begin with ".repeat(40);
        let source = |row: usize| format!("\"{prefix}{row}: \" gen x: /[a-z]{{5}}/ return x");
        let sessions = |rows: usize| -> Vec<Session> {
            (0..rows).map(|row| Session::new(program(&source(row)), &[], options(3, 1)).unwrap()).collect()
        };
        let count = |rows: usize| {
            let mut model = kind(random().with_memory(8192, 32, 16));
            let counters = model.counters();
            let outcomes = together(sessions(rows), &mut scheds(&mut model));
            assert!(outcomes.iter().all(|outcome| outcome.error().is_none()));
            counters.rows()
        };
        let (one, twelve) = (count(1), count(12));
        assert!(twelve <= one + 11 * 16, "{one} rows for one run, {twelve} for twelve");
    }
}

#[test]
fn a_thousand_branches_wait_for_their_turn() {
    for kind in KINDS {
        let source = trunk_and_branches(10, 1000);
        let alone = play(&mut kind(random().with_memory(8192, 64, 16)), &source, options(5, 1)).0;
        let mut model = kind(random().with_memory(512, 64, 16));
        let counters = model.counters();
        let crowd = play(&mut model, &source, options(5, 64)).0;
        assert_eq!((alone.error(), crowd.error()), (None, None));
        assert_eq!(alone.value(), crowd.value());
        // Each needs about 16 rows of its own; hardly one is read twice.
        assert!(counters.rows() < 1000 * 20, "{} rows", counters.rows());
    }
}

/// Whatever the memory and however many go on side by side: the same texts, and no generation fails that fits alone.
#[test]
fn memory_and_order_change_no_result() {
    let prefixes = ["first kind of rows ".repeat(12), "another kind ".repeat(17), String::new()];
    let source = |row: usize| {
        let prefix = &prefixes[row % 3];
        format!(
            "\"{prefix}{row}\" let xs = fork 3 as i {{ \" {{{{ i }}}}\" gen x: /[a-z]{{3,30}}/ yield x }} \
             \" so \" gen y: /[a-z ]{{20}}/ return [xs, [y]]"
        )
    };
    let alone: Vec<Outcome> = (0..12)
        .map(|row| play(&mut random().with_memory(4096, 64, 4), &source(row), options(row as u64, 1)).0)
        .collect();
    for (cells, rows, seqs) in [(4096, 64, 64), (700, 16, 8), (400, 7, 40), (330, 64, 2), (300, 3, 1)] {
        for kind in KINDS {
            let mut model = kind(random().with_memory(cells, rows, seqs));
            let mut backends = scheds(&mut model);
            let sessions = (0..12)
                .map(|row| Session::new(program(&source(row)), &[], options(row as u64, 1 + row)).unwrap())
                .collect();
            for (there, here) in alone.iter().zip(together(sessions, &mut backends)) {
                assert_eq!(here.error(), None, "{cells} cells, {seqs} sequences");
                assert_eq!(there.value(), here.value(), "{cells} cells, {seqs} sequences");
            }
            assert!(backends.is_idle());
            // Nothing is held any more: a prompt that takes nearly all of the memory fits.
            let large = format!("\"{}\" gen x: /[a-z]{{5}}/ return x", "\u{1}".repeat(cells as usize - 12));
            let (last, _) = play_on(&mut backends, &large, &[], options(1, 1));
            assert_eq!(last.error(), None, "{cells} cells, {seqs} sequences");
        }
    }
}

/// Two kinds of rows, of which the memory holds one: rows of a kind follow each other.
#[test]
fn rows_that_find_their_prefix_go_first() {
    for (kind, most) in KINDS.into_iter().zip([3, 5]) {
        let kinds = ["first kind of rows ".repeat(10), "another kind ".repeat(14)];
        let sessions = |rows: usize| -> Vec<Session> {
            let source = |row: usize| format!("\"{}{row}: \" gen x: /[a-z]{{5}}/ return x", kinds[row % 2]);
            (0..rows).map(|row| Session::new(program(&source(row)), &[], options(3, 1)).unwrap()).collect()
        };
        let count = |rows: usize| {
            let mut model = kind(random().with_memory(300, 32, 4));
            let counters = model.counters();
            let outcomes = together(sessions(rows), &mut scheds(&mut model));
            assert!(outcomes.iter().all(|outcome| outcome.error().is_none()));
            counters.rows()
        };
        let (two, twenty) = (count(2), count(20));
        // With four sequences there are few places where a row can begin that does not rewind.
        assert!(twenty < two * most, "{two} rows for one of each kind, {twenty} for ten of each");
    }
}

/// Ten thousand runs on one model, a third of them given up half way, in a memory in which a cell or a sequence that is
/// not given back would soon be missed: each ends as the first of its kind.
#[test]
fn ten_thousand_runs_leave_nothing_behind() {
    const SOURCES: [&str; 6] = [
        "\"A: \" gen x: /[a-z]{1,6}/ return x",
        "let xs = fork 3 as i { \"{{ i }}\" gen x: /[a-z]{1,4}/ yield x } return xs",
        "let x = \"\" try { \"B\" gen y: /[a-z]{2}/ fail y } else { x = \"none\" } return x",
        "\"{{ select x from [\"one\", \"two\", \"three\"] by norm }}\" return x",
        "\"C: {{ gen xs: /[a-z]{1,3}/ with n = 3 }}\" return xs",
        "\"D: {{ gen x: /[a-z]{2,3}/ with beam = 2 }}\" return [score(\"a\"), score(x)]",
    ];
    let programs = SOURCES.map(program);
    // What nobody uses leaves it early, and comes back.
    let mut model = random().with_memory(96, 32, 4).with_price(Some(40)).with_identity("script");
    let mut backends = scheds(&mut model);
    let mut first = [const { None }; SOURCES.len()];
    for number in 0..10_000 {
        let kind = number % SOURCES.len();
        let mut session = Session::new(programs[kind].clone(), &[], options(1, 8)).unwrap();
        let given_up = number % 3 == 2;
        for turn in 0.. {
            if given_up && turn == number % 7 {
                session.abort(Fault::Interrupted, &mut backends, &mut |_| {});
            }
            if session.poll(&mut backends, &mut |_| {}) == Poll::Done {
                break;
            }
            for report in backends.poll() {
                session.report(report, &mut backends, &mut |_| {});
            }
        }
        assert!(backends.is_idle(), "run {number}");
        let outcome = session.into_outcome().unwrap();
        if outcome.error().is_some_and(|error| error.fault == Fault::Interrupted) {
            continue;
        }
        let told = format!("{} {:?}", outcome.value(), outcome.error());
        assert_eq!(first[kind].get_or_insert_with(|| told.clone()), &told, "run {number}");
    }
    assert!(first.iter().all(|told| told.as_ref().is_some_and(|told| told.ends_with(" None"))), "{first:#?}");
}

/// Two chats in turns, where cells that nobody uses slow the model down: what one has read leaves the memory while the other
/// goes on, and is not read again.
#[test]
fn what_leaves_the_memory_comes_back() {
    let question = "Some more words about this and that, so that there is something to read. ".repeat(4);
    let chat = |number: usize, turns: usize| {
        let said: String = (0..turns).map(|turn| format!("\"{turn}: {question} \"\n")).collect();
        format!("\"Chat {number}. \"\n{said}gen x: /[a-z]{{4}}/\nreturn x")
    };
    let play = |shelf: usize, price: Option<u32>| {
        let mut model = random().with_memory(8192, 64, 16).with_price(price).with_identity("script");
        let counters = model.counters();
        let limits = Limits { shelf, ..Limits::default() };
        let mut backends = LocalModel::new(&mut model, limits).into();
        let mut values = Vec::new();
        for turn in 1..8 {
            for number in 0..2 {
                let (outcome, _) = play_on(&mut backends, &chat(number, turn), &[], options(1, 1));
                assert_eq!(outcome.error(), None);
                values.push(outcome.value().to_string());
            }
        }
        (values, counters.rows())
    };
    let (all, enough) = play(0, None);
    let (without, again) = play(0, Some(40));
    let (with, rows) = play(1 << 20, Some(40));
    assert!(all == without && all == with);
    assert!(again > 2 * enough, "{again} rows where nothing comes back, {enough} where nothing leaves");
    assert!(rows < enough + enough / 20, "{rows} rows where it comes back, {enough} where nothing leaves");
}
