//! `agentc run` on the real model: its streams, its time, and what ends it from outside.
//!
//! One process at a time: two models slow each other down tenfold on a small machine.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

const AGENTC: &str = env!("CARGO_BIN_EXE_agentc");

const AGENTS: &str = "agent poet(about: str) -> str {\n  user \"Name a {{ about }}.\"\n  \
                      assistant gen name: /[A-Z][a-z]+/\n  return name\n}\n\
                      \"One: \"\nlet a = poet(\"tree\")\nlet b = aside { \"Or: {{ gen c: /[a-z]+/ }}\" yield c }\n\
                      \"{{ gen d: int(1..9) }}.\"\nprint \"printed\"\nreturn [a, b, str(d)]\n";

const LONG: &str = "\"Once\"\ngen story with max = 1500, temp = 1.0\n";

static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn agentc(args: &[&str]) -> Command {
    let mut command = Command::new(AGENTC);
    command.args(args).env_remove("AGENTC_MODEL").env_remove("NO_COLOR").env("AGENTC_THREADS", "1");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(args: &[&str]) -> Output {
    let _alone = alone();
    agentc(args).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A file that goes away with its test.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> File {
        let path = std::env::temp_dir().join(format!("agentc-run-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        File(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

// ---- what agents write

#[test]
fn standard_output_carries_the_entry_points_text_alone() {
    let file = File::new("streams.agent", AGENTS);
    let plain = run(&["run", file.path()]);
    assert_eq!(code(&plain), 0, "{}", err(&plain));
    let text = out(&plain);
    assert!(text.starts_with("One: ") && text.ends_with('.') && text.len() == 7, "{text:?}");
    assert_eq!(err(&plain), "printed\n", "nobody looks on, and nobody asked for more");

    let verbose = run(&["run", "-v", file.path()]);
    assert_eq!(out(&verbose), text);
    let shown = err(&verbose);
    assert!(shown.contains("\npoet │ Name a tree."), "{shown}");
    assert!(shown.lines().any(|line| line.starts_with("branch 1 │ One: Or: ")), "{shown}");
    assert!(shown.contains("\nprinted\n") && !shown.contains("\x1b["), "{shown}");

    let quiet = run(&["run", "-q", "-v", file.path()]);
    assert!(!err(&quiet).contains('│') && !out(&quiet).contains("One"), "{}", err(&quiet));
}

#[test]
fn on_a_terminal_agents_write_beside_the_run_as_they_go() {
    const SPAWN: &str = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
    let file = File::new("terminal.agent", AGENTS);
    let watch = |term: &str| {
        let _alone = alone();
        let mut command = Command::new("python3");
        command.args(["-c", SPAWN, AGENTC, "run", file.path(), "-t", "1"]).stdin(Stdio::null());
        let output = command.env_remove("NO_COLOR").env("TERM", term).output().unwrap();
        assert_eq!(code(&output), 0);
        out(&output).replace("\r\n", "\n")
    };
    let shown = watch("xterm-256color");
    assert!(shown.contains("\x1b[2mpoet │ \x1b[0m\x1b[2mName a "), "{shown:?}");
    let shown = watch("dumb");
    // What is written before an agent is called is told by the next generation in its own context.
    let lines: Vec<&str> = shown.lines().collect();
    let at = |start: &str| {
        let found = lines.iter().position(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("{start:?} is not in\n{shown}"))
    };
    assert!(at("poet │ ") < at("branch 1 │ ") && !shown.contains('\x1b'), "{shown:?}");
    assert!(at("branch 1 │ ") < at("printed"), "{shown}");
    assert!(
        lines[at("One: ")].ends_with('.') && at("One: ") < lines.len() - 1,
        "the value stands alone: {shown}"
    );
}

// ---- built programs and inputs from files

#[test]
fn a_built_program_does_what_its_source_does() {
    let source = File::new(
        "built.agent",
        "input name: str\n\"I am {{ name }}, {{ gen x: int(1..3) }}.\"\nreturn 1 / (x - x)",
    );
    let built = File::new("built.json", "");
    assert_eq!(code(&run(&["build", source.path(), "-o", built.path()])), 0);
    let name = File::new("built.txt", "Ann");
    let input = format!("name=@{}", name.path());
    let [one, two] = [source.path(), built.path()].map(|file| run(&["run", file, "-i", &input]));
    assert_eq!(out(&one), out(&two));
    assert!(out(&one).starts_with("I am Ann, "));
    assert_eq!((code(&one), code(&two)), (1, 1));
    assert!(
        err(&two).contains("built.agent:3:8") && err(&two).contains("return 1 / (x - x)"),
        "{}",
        err(&two)
    );
}

// ---- time

#[test]
fn loading_counts_as_time_of_the_command() {
    let file = File::new("time.agent", "\"Once {{ gen x: int }}\"");
    let began = Instant::now();
    let late = run(&["run", "--timeout", "1ms", "--format", "json", file.path()]);
    let object: Json = serde_json::from_str(&out(&late)).unwrap();
    assert_eq!((code(&late), &object["error"]["code"]), (5, &"R0502".into()), "{object}");
    assert!(began.elapsed() < Duration::from_secs(20));
    assert!(err(&late).contains("--timeout"), "{}", err(&late));
    assert_eq!(code(&run(&["run", "--timeout", "10m", file.path()])), 0);
}

// ---- signals

/// A run that has begun to write.
fn under_way(args: &[&str], before: &[&str]) -> Child {
    let mut words = before.to_vec();
    words.extend([AGENTC, "run", "-t", "1"]);
    words.extend(args);
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).env_remove("AGENTC_MODEL").stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 1];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    child
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

#[test]
fn each_signal_ends_a_run_in_order_and_has_an_exit_code() {
    let _alone = alone();
    let (file, trace) = (File::new("signals.agent", LONG), File::new("signals.jsonl", ""));
    for (name, expected) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let child = under_way(&[file.path(), "--trace", trace.path()], &[]);
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        assert_eq!(code(&output), expected, "{name}: {}", err(&output));
        assert!(err(&output).contains("interrupted"), "{}", err(&output));
        let trace = std::fs::read_to_string(&trace.0).unwrap();
        let last: Json = serde_json::from_str(trace.lines().last().unwrap()).unwrap();
        assert_eq!((&last["event"], &last["error"]["code"]), (&"end".into(), &"R0130".into()), "{last}");
        assert!(last["text"].as_str().unwrap().starts_with("Once"), "{last}");
    }
}

#[test]
fn a_second_signal_ends_the_process_at_once() {
    let _alone = alone();
    // What computes looks up every millisecond or so; stopped, it cannot end in order before the second comes.
    let file = File::new("second.agent", LONG);
    let child = under_way(&[file.path()], &[]);
    ["STOP", "INT", "TERM", "CONT"].iter().for_each(|name| signal(&child, name));
    let output = child.wait_with_output().unwrap();
    assert!([130, 143].contains(&code(&output)), "{output:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_that_is_ignored_stays_ignored() {
    let _alone = alone();
    let file = File::new("nohup.agent", "\"Once\"\ngen story with max = 40\n");
    let child = under_way(&[file.path()], &["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"]);
    signal(&child, "HUP");
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 0, "{}", err(&output));
}

// ---- memory

#[test]
fn a_context_beyond_the_models_is_refused_with_its_number() {
    let file = File::new("context.agent", "\"Once {{ gen x: int }}\"");
    for asked in ["8193", "1000000"] {
        let output = run(&["run", "-c", asked, file.path()]);
        assert_eq!(code(&output), 7, "{}", err(&output));
        assert!(err(&output).contains("8192") && err(&output).contains("--ctx-size"), "{}", err(&output));
    }
    let declared = File::new("declared.agent", "model \"smollm2\" { ctx: 9000 }\n\"Once {{ gen x: int }}\"");
    assert_eq!(code(&run(&["run", declared.path()])), 7);
    assert_eq!(code(&run(&["run", "-c", "8192", file.path()])), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_context_that_does_not_fit_into_memory_is_refused() {
    let file = File::new("memory.agent", "\"Once {{ gen x: int }}\"");
    let script =
        format!("ulimit -v 900000; exec '{AGENTC}' run -t 1 --deterministic -c 8192 '{}'", file.path());
    let _alone = alone();
    let output = Command::new("sh").args(["-c", &script]).env_remove("AGENTC_MODEL").output().unwrap();
    assert_eq!(code(&output), 7, "{}", err(&output));
    let said = err(&output).replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("MB are free; a smaller one (`--ctx-size`) may do"), "{said}");
}

// ---- surroundings

#[cfg(target_os = "linux")]
#[test]
fn one_core_is_enough() {
    let file = File::new("core.agent", "\"The capital of France is {{ gen city: /[A-Z][a-z]+/ }}.\"");
    let _alone = alone();
    let output = Command::new("taskset").args(["-c", "0", AGENTC, "run", file.path()]).output().unwrap();
    assert_eq!(
        (code(&output), out(&output).as_str()),
        (0, "The capital of France is Paris."),
        "{}",
        err(&output)
    );
}

#[test]
fn a_model_by_its_path_needs_no_home_and_no_locale() {
    let shown = run(&["model", "show", "smollm2"]);
    let model =
        out(&shown).lines().find_map(|line| line.strip_prefix("file").map(|path| path.trim().to_owned()));
    let model = model.expect("the reference model; `agentc model pull smollm2` brings it");
    let file = File::new("home.agent", "\"Ça: {{ gen x: /[日本]/ }}\"");
    let _alone = alone();
    for home in [None, Some("/proc")] {
        let mut command = agentc(&["run", "-m", &model, file.path()]);
        ["HOME", "XDG_CACHE_HOME", "AGENTC_CACHE"].iter().for_each(|name| _ = command.env_remove(name));
        command.env("LC_ALL", "C").envs(home.map(|home| ("HOME", home)));
        let output = command.output().unwrap();
        assert_eq!(code(&output), 0, "{}", err(&output));
        assert!(out(&output).starts_with("Ça: "), "{}", out(&output));
    }
}
