//! The command line in surroundings that are not those of the person who wrote it: no home or one that cannot be
//! written, another umask, a terminal without colours, another locale. None of this needs a model.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const AGENTC: &str = env!("CARGO_BIN_EXE_agentc");

/// The command without anything that says where its files are.
fn agentc(args: &[&str]) -> Command {
    let mut command = Command::new(AGENTC);
    command.args(args).stdin(Stdio::null());
    ["AGENTC_CACHE", "AGENTC_MODEL", "XDG_CACHE_HOME", "HOME", "NO_COLOR"].iter().for_each(|name| {
        command.env_remove(name);
    });
    command
}

/// The same on a terminal of its own: whatever it writes there, and its exit code.
fn on_terminal(args: &[&str], set: &[(&str, &str)]) -> (String, i32) {
    const SPAWN: &str = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
    let output = Command::new("python3")
        .args(["-c", SPAWN, AGENTC])
        .args(args)
        .env_remove("NO_COLOR")
        .env("TERM", "xterm-256color")
        .env("AGENTC_CACHE", scratch("terminal"))
        .envs(set.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

fn scratch(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("agentc-env-{name}-{}", std::process::id()))
}

fn file(name: &str, bytes: &[u8]) -> String {
    let path = scratch(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// Both streams, without the lines that messages are broken into.
fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    let text = String::from_utf8(text).unwrap().replace('│', " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn without_a_home_all_works_but_looking_for_models_by_name() {
    let program = file("home.agent", b"\"x {{ gen x: int }}\"");
    let model = file("home.gguf", b"GGUF");
    assert_eq!(code(&agentc(&["check", &program]).output().unwrap()), 0);
    for args in [&["run", &program][..], &["model", "ls"], &["model", "pull", "smollm2"], &["doctor"]] {
        let output = agentc(args).output().unwrap();
        assert_eq!(code(&output), 7, "{args:?}: {}", said(&output));
        assert!(said(&output).contains("set `AGENTC_CACHE` to a directory"), "{args:?}: {}", said(&output));
    }
    // By its path a model is found without a store; this one is none.
    for args in [&["run", "-m", &model, &program][..], &["model", "show", &model]] {
        let output = agentc(args).output().unwrap();
        assert!(code(&output) == 7 && said(&output).contains("truncated"), "{args:?}: {}", said(&output));
    }
    std::fs::remove_file(&program).unwrap();
    std::fs::remove_file(&model).unwrap();
}

#[test]
fn in_a_home_that_cannot_be_written_only_pulling_fails() {
    // Nobody can make a folder there, not even root.
    let home = if Path::new("/proc/self").exists() { "/proc" } else { "/dev/null" };
    let program = file("readonly.agent", b"\"x {{ gen x: int }}\"");
    let ls = agentc(&["model", "ls"]).env("HOME", "/proc").output().unwrap();
    assert_eq!(code(&ls), 0, "{}", said(&ls));
    let run = agentc(&["run", &program]).env("HOME", "/proc").output().unwrap();
    assert!(code(&run) == 7 && said(&run).contains("agentc model pull smollm2"), "{}", said(&run));
    for name in ["smollm2", "http://127.0.0.1:9/x.gguf"] {
        let pull = agentc(&["model", "pull", name]).env("HOME", home).output().unwrap();
        assert_eq!(code(&pull), 7, "{}", said(&pull));
        assert!(said(&pull).contains("cannot make `"), "{}", said(&pull));
        assert!(
            said(&pull).contains("set `AGENTC_CACHE` to a directory that can be written"),
            "{}",
            said(&pull)
        );
    }
    std::fs::remove_file(&program).unwrap();
}

#[test]
fn files_are_made_as_the_umask_wants_them() {
    use std::os::unix::fs::PermissionsExt;
    let program = file("umask.agent", b"let  x = 1\nprint x");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o640)).unwrap();
    let (built, trace) = (scratch("umask.json"), scratch("umask.jsonl"));
    let script = format!(
        "umask 077; '{AGENTC}' build '{program}' -o '{}' && '{AGENTC}' fmt '{program}' && '{AGENTC}' check '{program}'",
        built.display()
    );
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert_eq!(code(&output), 0, "{}", said(&output));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&built), 0o600);
    assert_eq!(mode(Path::new(&program)), 0o640, "what is there keeps its permissions");
    for path in [Path::new(&program), &built, &trace] {
        let _ = std::fs::remove_file(path);
    }
}

#[test]
fn a_terminal_is_coloured_only_if_it_can_and_may_be() {
    let program = file("colour.agent", b"print oops");
    let check = ["check", &program];
    let (coloured, exit) = on_terminal(&check, &[]);
    assert!(exit == 3 && coloured.contains("\x1b["), "{coloured:?}");
    let without = [
        (&check[..], &[("NO_COLOR", "1")][..]),
        (&check, &[("TERM", "dumb")]),
        (&["check", "--color", "never", &program], &[]),
        (&["model", "pull", "hf:a/b"], &[("TERM", "dumb"), ("HF_ENDPOINT", "http://127.0.0.1:9")]),
        (&["--help"], &[("NO_COLOR", "1")]),
        (&["--help"], &[("TERM", "dumb")]),
        (&["run", "--nonsense"], &[("NO_COLOR", "1")]),
        (&["doctor"], &[("TERM", "dumb")]),
    ];
    for (args, set) in without {
        let (plain, _) = on_terminal(args, set);
        assert!(!plain.is_empty() && !plain.contains('\x1b'), "{args:?} {set:?}: {plain:?}");
    }
    let (asked, _) = on_terminal(&["check", "--color", "always", &program], &[("TERM", "dumb")]);
    assert!(asked.contains("\x1b["), "{asked:?}");
    std::fs::remove_file(&program).unwrap();
}

#[test]
fn text_is_utf_8_in_any_locale() {
    let program = file("locale.agent", "print \"añb 日本\" + oops".as_bytes());
    for locale in ["C", "POSIX", "de_DE.ISO-8859-1", "nonsense"] {
        let output = agentc(&["check", &program]).env("LC_ALL", locale).env("LANG", locale).output().unwrap();
        assert_eq!(code(&output), 3);
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains("añb 日本") && text.contains("╰"), "{locale}: {text}");
    }
    std::fs::remove_file(&program).unwrap();
}

#[test]
fn a_closed_standard_output_is_no_panic() {
    let program = file("closed.agent", b"print oops");
    for args in [format!("check --message-format json '{program}'"), "--help".into(), "model ls".into()] {
        let script = format!("'{AGENTC}' {args} >&-");
        let output =
            Command::new("sh").args(["-c", &script]).env("AGENTC_CACHE", "/nonexistent").output().unwrap();
        assert!(!said(&output).contains("panicked"), "{args}: {}", said(&output));
        assert!(output.status.code().is_some(), "{args}: {:?}", output.status);
    }
    std::fs::remove_file(&program).unwrap();
}
