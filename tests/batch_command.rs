//! `agentc batch` as a command, with programs that need no model: what it reads and writes, and what ends it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

const AGENTC: &str = env!("CARGO_BIN_EXE_agentc");

/// A folder with a program and rows, that goes away with its test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, program: &str, rows: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("agentc-batch-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        let folder = Folder(path);
        folder.write("program.agent", program);
        folder.write("rows.jsonl", rows);
        folder
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.0.join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    /// The command, within the folder, and without any model.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(AGENTC);
        command.args(args).current_dir(&self.0).env("AGENTC_CACHE", self.0.join("cache"));
        command.env_remove("AGENTC_MODEL").env_remove("NO_COLOR");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// The batch of its program and its rows, with some more arguments.
    fn batch(&self, more: &[&str]) -> Output {
        self.run(&[&BATCH[..], more].concat())
    }
}

const BATCH: [&str; 6] = ["batch", "program.agent", "--rows", "rows.jsonl", "-o", "out.jsonl"];

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn lines(text: &str) -> Vec<Json> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Lines without what they cost, which is never the same twice.
fn said(text: &str) -> Vec<Json> {
    let mut lines = lines(text);
    for line in &mut lines {
        assert!(line.as_object_mut().unwrap().remove("usage").is_some(), "{line}");
    }
    lines
}

const DIVIDE: &str = "input n: int\ninput word: str = \"x\"\nprint \"n is {{ n }}\"\n\"{{ word }} \"\nreturn {n: n, tenth: 10 // n}\n";

#[test]
fn each_row_has_a_line_like_a_run_of_its_own() {
    let rows = "{\"n\": 5}\n\n{\"n\": 0}\nnonsense\n{\"word\": \"y\"}\n{\"n\": \"a\"}\n{\"n\": 2, \"word\": \"é\\n\"}";
    let folder = Folder::new("lines", DIVIDE, rows);
    let output = folder.batch(&["-q"]);
    assert_eq!((code(&output), err(&output).as_str()), (1, ""), "some rows failed");
    let found = said(&folder.read("out.jsonl"));
    let numbers: Vec<u64> = found.iter().map(|line| line["row"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 3, 4, 5, 6, 7]);
    for (line, row) in found.iter().zip(rows.lines().filter(|row| !row.is_empty())) {
        folder.write("row.json", row);
        let alone =
            folder.run(&["run", "program.agent", "--input-file", "row.json", "--format", "json", "-q"]);
        let mut alone = said(&String::from_utf8(alone.stdout).unwrap()).remove(0);
        let alone = alone.as_object_mut().unwrap();
        alone.remove("messages");
        let mut line = line.as_object().unwrap().clone();
        let number = line.remove("row").unwrap();
        let made_of = line.remove("made_of").unwrap();
        assert_eq!(made_of.as_object().unwrap().len(), 3);
        let message = line.get_mut("error").map(|error| error["message"].take());
        let expected = alone.get_mut("error").map(|error| error["message"].take());
        assert_eq!(Json::Object(line), Json::Object(alone.clone()));
        // An error names its place in the file.
        let place = format!("rows.jsonl:{number}");
        assert_eq!(
            message.map(|message| message.as_str().unwrap().replace(&place, "row.json")),
            expected.map(|message| message.as_str().unwrap().to_owned())
        );
    }
    assert_eq!(found[0]["value"], serde_json::json!({"n": 5, "tenth": 2}));
    assert_eq!(found[2]["status"], "error");
}

#[test]
fn what_rows_print_and_how_it_ended_is_said_on_standard_error() {
    let folder = Folder::new("says", DIVIDE, "{\"n\": 1}\n{\"n\": 2}\n");
    let output = folder.batch(&["--input", "word=@@w"]);
    assert_eq!((code(&output), output.stdout.as_slice()), (0, &b""[..]), "{}", err(&output));
    let text = err(&output);
    for said in ["row 1 │ n is 1\n", "row 2 │ n is 2\n", "2 rows: 2 ok, 0 failed, "] {
        assert!(text.contains(said), "{text}");
    }
    assert!(!text.contains(['\r', '\x1b']), "a bar is for terminals: {text:?}");
    assert!(lines(&folder.read("out.jsonl")).iter().all(|line| line["text"] == "@w "));
    let piped = folder.run(&["batch", "program.agent", "--rows", "rows.jsonl", "-o", "-", "-q"]);
    assert_eq!((code(&piped), err(&piped).as_str()), (0, ""));
    assert_eq!(said(&String::from_utf8(piped.stdout).unwrap()).len(), 2);
}

#[test]
fn a_terminal_gets_a_bar() {
    const SPAWN: &str = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
    let rows: String = (0..6).map(|n| format!("{{\"n\": {n}}}\n")).collect();
    let slow = "input n: int\nlet sum = 0\nrepeat 300000 { sum += n }\nreturn sum // n\n";
    let folder = Folder::new("bar", slow, &rows);
    let watch = |term: &str, out: &str| {
        let mut command = Command::new("python3");
        command.args([
            "-c",
            SPAWN,
            AGENTC,
            "batch",
            "program.agent",
            "--rows",
            "rows.jsonl",
            "-j",
            "2",
            "-o",
            out,
        ]);
        command.current_dir(&folder.0).env_remove("NO_COLOR").env("TERM", term).stdin(Stdio::null());
        let output = command.output().unwrap();
        assert_eq!(code(&output), 1);
        String::from_utf8(output.stdout).unwrap()
    };
    let shown = watch("xterm-256color", "out.jsonl");
    for part in ["/6 rows, ", " rows/s", ", 1 failed", " left"] {
        assert!(shown.contains(part), "{part:?} is not in {shown:?}");
    }
    assert!(shown.contains("6 rows: 5 ok, 1 failed, "), "{shown:?}");
    let dumb = watch("dumb", "dumb.jsonl");
    assert!(!dumb.contains('\x1b') && !dumb.contains("/6 rows"), "{dumb:?}");
}

#[test]
fn usage_errors_are_exit_2_and_touch_nothing() {
    let folder = Folder::new("usage", DIVIDE, "{\"n\": 1}\n");
    folder.write("out.jsonl", "mine");
    let refused = |args: &[&str], word: &str| {
        let output = folder.run(args);
        let text = err(&output).replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(code(&output), 2, "{args:?}: {text}");
        assert!(text.contains(word), "{args:?}: {text}");
    };
    refused(&BATCH, "`--resume` goes on with it");
    refused(&[&BATCH[..], &["--resume"]].concat(), "its line 1 is not one that `agentc batch` writes");
    assert_eq!(folder.read("out.jsonl"), "mine");
    let with = |rows, out, more: &[&'static str]| {
        [&["batch", "program.agent", "--rows", rows, "-o", out][..], more].concat()
    };
    refused(&with("rows.jsonl", "-", &["--resume"]), "standard output holds no rows");
    refused(&with("rows.jsonl", "rows.jsonl", &[]), "would be written over");
    refused(&with("rows.jsonl", "./program.agent", &["--resume"]), "would be written over");
    refused(&with("none.jsonl", "new.jsonl", &[]), "none.jsonl");
    refused(&with("rows.jsonl", "new.jsonl", &["-j", "0"]), "0 is not in 1..=1024");
    refused(&with("rows.jsonl", "new.jsonl", &["-i", "wrod=x"]), "did you mean `word`?");
    refused(&with("-", "new.jsonl", &["-i", "word=@-"]), "standard input would be read twice");
    refused(&with(".", "new.jsonl", &[]), "cannot read `.`");
    refused(&with("rows.jsonl", "/dev/null", &["--resume"]), "is no file");
    assert!(!folder.0.join("new.jsonl").exists());
    let wrong = Folder::new("wrong", "return x", "{}\n");
    assert_eq!(code(&wrong.batch(&[])), 3);
    let model = Folder::new("model", "\"{{ gen x: int }}\"", "{}\n");
    assert_eq!(code(&model.batch(&[])), 7, "there is no model");
    assert!(!model.0.join("out.jsonl").exists());
}

// ---- resume

#[test]
fn a_batch_goes_on_behind_a_cut_anywhere() {
    let folder = Folder::new("cut", DIVIDE, "{\"n\": 5}\n\n{\"n\": 0}\n");
    assert_eq!(code(&folder.batch(&["-q"])), 1);
    let whole = folder.read("out.jsonl");
    let expected = said(&whole);
    let ends: Vec<usize> = whole.match_indices('\n').map(|(end, _)| end).collect();
    // Every byte is cut at where lines are read (`cli/batch/record.rs`); here some, and those at the ends of lines.
    let is_at_end = |cut: &usize| ends.iter().any(|end| cut.abs_diff(*end) < 3);
    for cut in (0..=whole.len()).filter(|cut| cut % 31 == 0 || is_at_end(cut)) {
        folder.write("out.jsonl", &whole[..cut]);
        let output = folder.batch(&["-q", "--resume"]);
        assert_eq!(code(&output), 1, "cut at {cut}: {}", err(&output));
        let found = folder.read("out.jsonl");
        assert_eq!(said(&found), expected, "cut at {cut}");
        let kept = whole[..cut].rfind('\n').map_or(0, |end| end + 1);
        assert_eq!(&found[..kept], &whole[..kept], "what was whole was written again: cut at {cut}");
    }
}

#[test]
fn a_batch_that_has_changed_is_refused_and_one_that_has_grown_goes_on() {
    let folder = Folder::new("changed", DIVIDE, "{\"n\": 1}\n{\"n\": 2}\n");
    assert_eq!(code(&folder.batch(&["-q", "-s", "3"])), 0);
    let whole = folder.read("out.jsonl");
    let refused = |more: &[&str], word: &str| {
        let output = folder.batch(more);
        let text = err(&output).replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(code(&output), 2, "{text}");
        assert!(text.contains(word), "{text}");
        assert_eq!(folder.read("out.jsonl"), whole);
    };
    refused(&["--resume"], "the settings are not those");
    refused(&["--resume", "-s", "3", "-i", "word=y"], "the settings are not those");
    folder.write("program.agent", DIVIDE.replace("tenth", "part"));
    refused(&["--resume", "-s", "3"], "the program is not the one");
    folder.write("program.agent", DIVIDE);
    folder.write("rows.jsonl", "{\"n\": 1}\n{\"n\": 3}\n");
    refused(&["--resume", "-s", "3"], "row 2 of `rows.jsonl` is not the one");
    folder.write("rows.jsonl", "{\"n\": 1}\n");
    refused(&["--resume", "-s", "3"], "has no row 2 any more");
    folder.write("rows.jsonl", "{\"n\": 1}\n{\"n\": 2}\n{\"n\": 3}");
    let output = folder.batch(&["--resume", "-s", "3", "-j", "1", "--timeout", "1h"]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert!(err(&output).contains("3 rows: 3 ok, 0 failed"), "{}", err(&output));
    assert!(folder.read("out.jsonl").starts_with(&whole));
    // Another place, and a built program, are the same program.
    let source = folder.0.join("program.agent");
    let place = ["batch", source.to_str().unwrap(), "--rows", "rows.jsonl", "-o", "out.jsonl", "--resume"];
    assert_eq!(code(&folder.run(&[&place[..], &["-s", "3"]].concat())), 0);
    assert_eq!(code(&folder.run(&["build", "program.agent", "-o", "built.json"])), 0);
    let built = ["batch", "built.json", "--rows", "rows.jsonl", "-o", "out.jsonl", "--resume", "-s", "3"];
    let output = folder.run(&built);
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert_eq!(lines(&folder.read("out.jsonl")).len(), 3);
}

/// A program that takes some milliseconds for a row, and more for some.
const SLOW: &str = "input n: int\nlet sum = 0\nrepeat 20000 { sum += n }\nif n % 7 == 0 { repeat 60000 { sum += 1 } }\nreturn sum\n";

fn many(rows: u64) -> String {
    (0..rows).map(|n| format!("{{\"n\": {n}}}\n")).collect()
}

#[test]
fn killed_at_any_moment_a_batch_loses_and_repeats_no_row() {
    let folder = Folder::new("killed", SLOW, &many(80));
    let all = [&BATCH[..], &["-q", "--resume", "-j", "3"]].concat();
    let mut random = 0x2545_f491u64;
    let (mut kept, mut cut_short) = (String::new(), 0);
    for attempt in 0.. {
        assert!(attempt < 500, "it never ends");
        let mut child = folder.command(&all).spawn().unwrap();
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        // Longer each time, so that it comes to an end on any machine.
        let until = Instant::now() + Duration::from_millis((random >> 40) % (50 + 50 * attempt));
        while Instant::now() < until && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = child.kill();
        let status = child.wait().unwrap();
        let found = fs::read_to_string(folder.0.join("out.jsonl")).unwrap_or_default();
        let whole = &found[..found.rfind('\n').map_or(0, |end| end + 1)];
        assert!(whole.starts_with(&kept), "a line that was whole has changed");
        kept = whole.to_owned();
        if status.success() {
            break;
        }
        cut_short += 1;
    }
    assert!(cut_short > 0, "it was never killed");
    let found = lines(&kept);
    let numbers: Vec<u64> = found.iter().map(|line| line["row"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=80).collect::<Vec<_>>());
    let sum = |n: u64| 20_000 * n + if n.is_multiple_of(7) { 60_000 } else { 0 };
    assert!(found.iter().zip(0..).all(|(line, n)| line["value"] == sum(n)));
}

// ---- signals

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

#[test]
fn each_signal_ends_a_batch_at_once_and_it_can_go_on() {
    let folder = Folder::new("signals", SLOW, &many(100_000));
    for (name, expected) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let before = fs::read_to_string(folder.0.join("out.jsonl")).unwrap_or_default();
        let mut child = folder.command(&[&BATCH[..], &["--resume"]].concat()).spawn().unwrap();
        while fs::metadata(folder.0.join("out.jsonl")).map_or(0, |facts| facts.len()) <= before.len() as u64 {
            assert!(child.try_wait().unwrap().is_none(), "{name}: it has ended by itself");
            std::thread::sleep(Duration::from_millis(1));
        }
        signal(&child, name);
        let began = Instant::now();
        let output = child.wait_with_output().unwrap();
        assert_eq!(code(&output), expected, "{name}: {}", err(&output));
        assert!(began.elapsed() < Duration::from_secs(5));
        assert!(err(&output).contains("interrupted"), "{}", err(&output));
        let found = folder.read("out.jsonl");
        assert!(found.starts_with(&before) && found.len() > before.len() && found.ends_with('\n'));
        assert!(lines(&found).iter().all(|line| line["status"] == "ok"), "an interrupted row is not done");
    }
}

#[test]
fn a_signal_ends_a_batch_that_waits_for_rows() {
    let folder = Folder::new("waits", DIVIDE, "");
    let mut command = folder.command(&["batch", "program.agent", "--rows", "-", "-o", "-", "-j", "1"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut rows = child.stdin.take().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    // One at a time, each row is answered before the next is read.
    for n in 1..4 {
        rows.write_all(format!("{{\"n\": {n}}}\n").as_bytes()).unwrap();
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(lines(&line)[0]["value"]["n"], n);
    }
    signal(&child, "INT");
    assert_eq!(code(&child.wait_with_output().unwrap()), 130);
    drop(rows);
}

#[test]
fn a_reader_that_goes_away_ends_a_batch_quietly() {
    let folder = Folder::new("closed", SLOW, &many(100_000));
    let mut child =
        folder.command(&["batch", "program.agent", "--rows", "rows.jsonl", "-o", "-"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(lines(&line)[0]["row"], 1);
    let output = child.wait_with_output().unwrap();
    assert_eq!((code(&output), err(&output).as_str()), (0, ""));
}

// ---- memory

#[cfg(target_os = "linux")]
#[test]
fn rows_are_not_kept() {
    let rows = |count: u64| -> String {
        (0..count).map(|n| format!("{{\"n\": {n}, \"pad\": \"{}\"}}\n", "x".repeat(5_000))).collect()
    };
    let folder = Folder::new("memory", "input n: int\ninput pad: str\nreturn pad + str(n)\n", "");
    let peak = |count: u64| {
        folder.write("rows.jsonl", rows(count));
        let _ = fs::remove_file(folder.0.join("out.jsonl"));
        const PEAK: &str = "import resource, subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]) or \
             print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))";
        let mut command = Command::new("python3");
        command.args(["-c", PEAK, AGENTC]).args(BATCH).arg("-q").current_dir(&folder.0);
        let output = command.output().unwrap();
        assert_eq!(code(&output), 0, "{}", err(&output));
        assert_eq!(folder.read("out.jsonl").lines().count() as u64, count);
        String::from_utf8(output.stdout).unwrap().trim().parse::<u64>().unwrap()
    };
    let (few, many) = (peak(500), peak(10_000));
    // All rows and lines together have 100 MB.
    assert!(many < few + 16 * 1024, "{few} kB for few rows, {many} kB for many");
}
