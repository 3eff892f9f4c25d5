//! The command on small data: the outcome for each kind of schema, and when the run is a failure.

#![allow(missing_docs, clippy::unwrap_used)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use agentc_conformance::case;
use agentc_conformance::check::Status;
use agentc_conformance::worker::{Launch, Workers};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_agentc-conformance");

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// What a run printed and wrote as JSON, and its exit code.
struct Run {
    code: i32,
    printed: String,
    complaint: String,
    json: Value,
}

fn run(test: &str, option: &str, path: &Path) -> Run {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}.json"));
    let _ = std::fs::remove_file(&out);
    let vocab = fixture("vocab.tiktoken");
    let mut command = Command::new(PROGRAM);
    command.arg(option).arg(path).arg("--vocab").arg(vocab).arg("--json").arg(&out);
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let json = std::fs::read(&out).map_or(Value::Null, |bytes| serde_json::from_slice(&bytes).unwrap());
    Run {
        code: output.status.code().unwrap(),
        printed: text(&output.stdout),
        complaint: text(&output.stderr),
        json,
    }
}

fn statuses(json: &Value) -> Vec<(&str, &str)> {
    let outcomes = json["data"]["outcomes"].as_array().unwrap();
    outcomes.iter().map(|one| (one["name"].as_str().unwrap(), one["status"].as_str().unwrap())).collect()
}

#[test]
fn right_answers_and_refusals_are_no_failure() {
    let run = run("right", "--data", &fixture("right.jsonl"));
    assert_eq!(run.code, 0, "{}", run.complaint);
    let expected = [
        ("passes", "pass"),
        ("has no values", "unsatisfiable"),
        ("is refused", "refused"),
        ("has no text", "no-text"),
        ("is only compiled", "pass"),
    ];
    assert_eq!(statuses(&run.json), expected);
    let data = &run.json["data"];
    assert_eq!(data["totals"]["pass"], 3);
    assert_eq!(data["keywords"]["type"]["run"], 4);
    assert_eq!(data["keywords"]["pattern"]["refused"], 1);
    assert_eq!(data["refusals"]["pattern"][0], 1);
    assert_eq!((&data["instances"], &data["by_masks"]), (&6.into(), &4.into()));
    assert!(run.printed.contains("schemas: 5 run, 0 skipped; 3 (60.0 %) pass"), "{}", run.printed);
    assert!(run.printed.contains("1  schemas without instances"), "{}", run.printed);
}

#[test]
fn an_invalid_instance_that_is_accepted_is_a_failure() {
    let run = run("accepted", "--data", &fixture("accepted.jsonl"));
    assert_eq!(run.code, 1);
    assert_eq!(statuses(&run.json), [("says yes", "invalid-accepted")]);
    assert!(run.printed.contains("invalid accepted: says yes: is called invalid (by the pattern) 12"));
    assert!(run.complaint.contains("1 wrong answers"), "{}", run.complaint);
}

#[test]
fn a_valid_instance_that_is_rejected_is_a_failure() {
    let run = run("rejected", "--data", &fixture("rejected.jsonl"));
    assert_eq!(run.code, 1);
    let expected = [("says no", "valid-rejected"), ("has no values", "valid-rejected")];
    assert_eq!(statuses(&run.json), expected);
}

#[test]
fn nothing_to_run_is_a_failure() {
    let empty = run("empty", "--data", &fixture("empty.jsonl"));
    assert_eq!(empty.code, 1);
    assert!(empty.complaint.contains("has nothing to run"), "{}", empty.complaint);
    let missing = run("missing", "--data", &fixture("missing.jsonl"));
    assert_eq!(missing.code, 1);
    assert!(missing.complaint.contains("cannot read"), "{}", missing.complaint);
    let suite = run("no-suite", "--suite", &fixture("suite/remotes/nowhere"));
    assert_eq!(suite.code, 1);
}

#[test]
fn a_line_of_another_form_is_skipped_and_said() {
    let run = run("malformed", "--data", &fixture("malformed.jsonl"));
    assert_eq!(run.code, 0, "{}", run.complaint);
    assert!(run.printed.contains("line 1: missing field `schema`"), "{}", run.printed);
    assert!(run.printed.contains("schemas: 1 run, 1 skipped"), "{}", run.printed);
}

#[test]
fn compressed_data_are_read() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("right.jsonl.gz");
    let file = std::fs::File::create(&path).unwrap();
    let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    encoder.write_all(&std::fs::read(fixture("right.jsonl")).unwrap()).unwrap();
    encoder.finish().unwrap();
    let run = run("compressed", "--data", &path);
    assert_eq!((run.code, &run.json["data"]["totals"]["run"]), (0, &5.into()));
}

#[test]
fn the_suite_is_counted_by_heading_and_its_remote_documents_are_found() {
    let run = run("suite", "--suite", &fixture("suite/draft7"));
    assert_eq!(run.code, 0, "{}{}", run.printed, run.complaint);
    let headings = run.json["suite"]["headings"].as_array().unwrap();
    let count = |at: usize, what: &str| headings[at]["totals"][what].as_u64().unwrap();
    assert_eq!((count(0, "groups"), count(0, "compiled")), (2, 1));
    assert_eq!((count(1, "groups"), count(1, "compiled"), count(1, "false_negatives")), (1, 1, 0));
    // A format that is enforced is no failure.
    assert_eq!((count(2, "groups"), count(2, "false_negatives")), (1, 1));
    assert!(run.printed.contains("groups: 4 run, 0 files skipped"), "{}", run.printed);
}

#[test]
fn wrong_answers_in_the_suite_are_a_failure() {
    let run = run("wrong", "--suite", &fixture("wrong/draft7"));
    assert_eq!(run.code, 1);
    let totals = &run.json["suite"]["headings"][0]["totals"];
    assert_eq!((&totals["false_positives"], &totals["false_negatives"]), (&1.into(), &1.into()));
}

#[test]
fn the_order_of_a_report_is_that_of_the_data() {
    let names =
        |json: &Value| statuses(json).into_iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    let (first, second) = ("order-1", "order-2");
    let [first, second] = [first, second].map(|test| run(test, "--data", &fixture("right.jsonl")));
    assert_eq!(names(&first.json), names(&second.json));
    assert_eq!(first.json["data"]["keywords"], second.json["data"]["keywords"]);
}

/// Workers that cannot answer cost the schema its result, and nothing else.
#[test]
fn a_worker_that_ends_or_is_silent_is_a_crash() {
    let (cases, _) = case::read(&fixture("right.jsonl")).unwrap();
    let crash = |arguments: &[&str], patience| {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let mut workers = Workers::new(Launch { program: PROGRAM.into(), arguments, patience });
        let reasons = cases.iter().take(2).map(|case| {
            let outcome = workers.check(case).unwrap();
            assert_eq!(outcome.status, Status::Crashed);
            outcome.reason.unwrap()
        });
        reasons.collect::<Vec<_>>()
    };
    let minute = Duration::from_secs(60);
    for reason in crash(&["--worker", "--vocab", "/nowhere"], minute) {
        assert!(reason.starts_with("its process ended"), "{reason}");
    }
    assert_eq!(crash(&["--worker"], Duration::ZERO), ["it took too long", "it took too long"]);
}
