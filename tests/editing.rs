//! What the command does for people who write programs: fixes, and rounds of checking and running. None needs a model.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

/// Far more than any round takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_agentc"));
    command
        .args(args)
        .env("AGENTC_CACHE", std::env::temp_dir().join(format!("agentc-editing-{}", std::process::id())))
        .env_remove("AGENTC_MODEL")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn agentc(args: &[&str], stdin: &str) -> Output {
    let mut child = command(args).spawn().unwrap();
    // A command that does not read its input closes the pipe, which is its right.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
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

/// An empty folder, by a name of its own.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("agentc-editing-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

const WRONG: &str = "let n = 2;\nif n === 2 && true { print 'two' }\n";
const RIGHT: &str = "let n = 2\nif n == 2 and true { print \"two\" }\n";

#[test]
fn fix_writes_what_was_meant_and_says_so() {
    let folder = folder("fix");
    let file = folder.join("a.agent");
    std::fs::write(&file, WRONG).unwrap();
    let path = file.to_str().unwrap();
    let check = agentc(&["fix", "--check", path], "");
    assert_eq!((code(&check), out(&check)), (1, format!("{path}\n")));
    assert!(err(&check).contains("to fix[E0015]"), "{}", err(&check));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), WRONG);
    let fixed = agentc(&["fix", path], "");
    assert_eq!((code(&fixed), out(&fixed)), (0, String::new()), "{}", err(&fixed));
    assert!(err(&fixed).contains(&format!("{path}:2:6: fixed[E0015]")), "{}", err(&fixed));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), RIGHT);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    let again = agentc(&["fix", "--check", path], "");
    assert_eq!((code(&again), out(&again), err(&again)), (0, String::new(), String::new()));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn fix_reads_standard_input_and_keeps_marks_and_line_ends() {
    let output = agentc(&["fix", "-"], &format!("\u{feff}{}", WRONG.replace('\n', "\r\n")));
    assert_eq!((code(&output), out(&output)), (0, format!("\u{feff}{}", RIGHT.replace('\n', "\r\n"))));
    let quiet = agentc(&["fix", "-q", "-"], WRONG);
    assert_eq!((out(&quiet), err(&quiet)), (RIGHT.to_owned(), String::new()));
}

#[test]
fn guesses_are_made_only_where_one_asks_for_them() {
    let source = "let quesiton = \"?\"\nprint question;\n";
    let safe = agentc(&["fix", "-"], source);
    assert_eq!((code(&safe), out(&safe)), (3, source.replace(';', "")));
    assert!(err(&safe).contains("1 error is left"), "{}", err(&safe));
    let guessed = agentc(&["fix", "--unsafe", "-"], source);
    assert_eq!((code(&guessed), out(&guessed)), (0, "let quesiton = \"?\"\nprint quesiton\n".to_owned()));
}

#[test]
fn fix_refuses_what_is_no_program() {
    let binary = agentc(&["fix", "-"], "\u{0}\u{1}");
    assert_eq!((code(&binary), out(&binary)), (3, String::new()));
    let missing = agentc(&["fix", "/nonexistent/a.agent"], "");
    assert_eq!(code(&missing), 2);
    assert_eq!(code(&agentc(&["fix", "-", "-"], "")), 2);
}

#[test]
fn json_has_the_edits_of_fixes() {
    let output = agentc(&["check", "--message-format", "json", "-"], "let n = 1\nprint n === 1\n");
    let diag: Json = serde_json::from_str(out(&output).lines().next().unwrap()).unwrap();
    let fix = &diag["fixes"][0];
    assert_eq!((&fix["safe"], &fix["message"]), (&true.into(), &"write `==`".into()));
    let edit = serde_json::json!({
        "file": "<stdin>", "line": 2, "column": 9, "end_line": 2, "end_column": 12, "start": 18, "end": 21,
        "text": "==",
    });
    assert_eq!(fix["edits"], serde_json::json!([edit]));
}

/// A command that goes on, and what it writes.
struct Going {
    child: Child,
    lines: Receiver<String>,
}

impl Going {
    fn start(args: &[&str]) -> Going {
        let mut child = command(args).spawn().unwrap();
        let (sender, lines) = channel();
        let streams: [Box<dyn std::io::Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for stream in streams {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        Going { child, lines }
    }

    /// Waits for a line that contains a text; gives all lines up to it.
    fn until(&self, part: &str) -> String {
        let (mut seen, end) = (String::new(), Instant::now() + PATIENCE);
        while let Ok(line) = self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            seen.push_str(&line);
            seen.push('\n');
            if line.contains(part) {
                return seen;
            }
        }
        panic!("`{part}` does not come; what came is\n{seen}");
    }

    /// Interrupts it; its exit code.
    fn interrupt(mut self) -> i32 {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.child.kill().unwrap();
        panic!("it does not end");
    }
}

/// Writes as editors do that keep the old file: another one takes its name.
fn save(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, text).unwrap();
    std::fs::rename(beside, path).unwrap();
}

#[cfg(unix)]
#[test]
fn check_watches_all_that_a_program_reads() {
    let folder = folder("watch");
    let file = folder.join("a.agent");
    let source = "import { f } from \"lib.agent\"\nconst WORDS = embed \"words.txt\"\nprint f() + WORDS\n";
    std::fs::write(&file, source).unwrap();
    let watch = Going::start(&["check", "--watch", "--message-format", "short", file.to_str().unwrap()]);
    let first = watch.until("watching 3 files");
    assert!(first.contains("E0600") && first.contains("error"), "{first}");
    // What was not there appears.
    std::fs::write(folder.join("lib.agent"), "fn f() -> str { return undeclared }").unwrap();
    assert!(watch.until("watching").contains("there is no `undeclared`"));
    std::fs::write(folder.join("words.txt"), "words").unwrap();
    watch.until("watching");
    save(&folder.join("lib.agent"), "fn f() -> str { return \"a\" }");
    let clean = watch.until("watching 3 files");
    assert!(clean.contains(" UTC] nothing found ("), "{clean}");
    save(&file, &format!("{source}print n\n"));
    assert!(watch.until("1 error (").contains("there is no `n`"));
    std::fs::remove_file(&file).unwrap();
    watch.until("not all files can be read");
    std::fs::write(&file, source).unwrap();
    watch.until("nothing found");
    assert_eq!(watch.interrupt(), 130);
    std::fs::remove_dir_all(folder).unwrap();
}

#[cfg(unix)]
#[test]
fn run_runs_again_and_stops_what_is_in_progress() {
    let folder = folder("rerun");
    let (file, name) = (folder.join("a.agent"), folder.join("name.txt"));
    std::fs::write(&name, "Ada").unwrap();
    std::fs::write(&file, "input name: str\n\"Hello {{ name }}\\n\"\n").unwrap();
    let input = format!("name=@{}", name.display());
    let watch = Going::start(&["run", "--watch", file.to_str().unwrap(), "-i", &input]);
    assert!(watch.until("exit code 0; watching 2 files").contains("Hello Ada"));
    save(&name, "Eve");
    watch.until("Hello Eve");
    save(&file, "input name: str\n\"Bye {{ nam }}\\n\"\n");
    assert!(watch.until("exit code 3").contains("there is no `nam`"));
    // One that would go on for very long.
    let long = "input name: str\n\"Begun\\n\"\nlet n = 0\nrepeat 1000000000 { n += 1 }\nprint n\n";
    save(&file, long);
    watch.until("Begun");
    save(&file, "input name: str\n\"Bye {{ name }}\\n\"\n");
    assert!(!watch.until("Bye Eve").contains("R0"));
    watch.until("exit code 0");
    save(&file, long);
    watch.until("Begun");
    assert_eq!(watch.interrupt(), 130);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn standard_input_cannot_be_watched() {
    for args in [
        &["check", "--watch", "-"][..],
        &["run", "--watch", "-"],
        &["run", "--watch", "a.agent", "-i", "x=@-"],
    ] {
        let output = agentc(args, "");
        assert_eq!(code(&output), 2, "{}", err(&output));
        assert!(err(&output).contains("cannot be watched") || err(&output).contains("not be watched"));
    }
}
