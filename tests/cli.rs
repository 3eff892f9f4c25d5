//! The command line without a model: exit codes, streams, the form of diagnostics.
#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value as Json;

/// Runs the command with an empty model cache, so that none of these tests can load a model.
fn agentc(args: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_agentc"))
        .args(args)
        .env("AGENTC_CACHE", cache())
        .env_remove("AGENTC_MODEL")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input closes the pipe, which is its right.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

fn cache() -> PathBuf {
    std::env::temp_dir().join(format!("agentc-cli-{}", std::process::id()))
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

#[test]
fn check_draws_what_is_wrong() {
    let good = agentc(&["check", "-"], "\"Hello {{ gen x: int }}\"");
    assert_eq!((code(&good), out(&good), err(&good)), (0, String::new(), String::new()));
    let bad = agentc(&["check", "-"], "let a = 1\n\"{{ b }}\"\n\"{{ c }}\"");
    assert_eq!((code(&bad), out(&bad)), (3, String::new()));
    let drawn = err(&bad);
    assert!(
        drawn.contains("<stdin>:2:") && drawn.contains("<stdin>:3:") && drawn.contains("2 errors"),
        "{drawn}"
    );
}

#[test]
fn check_speaks_json_and_short() {
    let json = agentc(&["check", "--message-format", "json", "-"], "\"{{ b }}\"");
    assert_eq!(code(&json), 3);
    let diag: Json = serde_json::from_str(out(&json).lines().next().unwrap()).unwrap();
    let keys: Vec<&str> = diag.as_object().unwrap().keys().map(String::as_str).collect();
    let expected =
        ["code", "severity", "message", "file", "line", "column", "end_line", "end_column", "hint"];
    assert_eq!(keys, expected);
    assert_eq!((&diag["severity"], &diag["line"], &diag["column"]), (&"error".into(), &1.into(), &5.into()));
    let short = err(&agentc(&["check", "--message-format", "short", "-"], "\"{{ b }}\""));
    assert!(short.starts_with("<stdin>:1:5: error[E"), "{short}");
}

#[test]
fn hostile_files_are_diagnostics() {
    let nest = format!("let x = {}", "[".repeat(100_000));
    for source in
        [nest.as_str(), "\"unclosed", "let x = 'single'", "if true { } elif false { }", "\u{0}\u{1}\u{2}"]
    {
        let output = agentc(&["check", "-"], source);
        assert_eq!(code(&output), 3, "{}", err(&output));
        assert!(err(&output).len() < 20_000);
    }
}

#[test]
fn build_writes_every_form() {
    let source = "\"{{ gen x: int }}\"\nreturn x";
    let ir: Json = serde_json::from_str(&out(&agentc(&["build", "-"], source))).unwrap();
    assert_eq!(ir["version"], agentc::ir::VERSION);
    for form in ["ast", "hir", "text"] {
        let output = agentc(&["build", "--emit", form, "-"], source);
        assert_eq!(code(&output), 0);
        assert!(!out(&output).is_empty(), "{form}");
    }
    let bad = agentc(&["build", "-"], "\"{{ y }}\"");
    assert_eq!((code(&bad), out(&bad)), (3, String::new()));
}

#[test]
fn imports_are_read_beside_the_file_and_from_the_library() {
    let folder = std::env::temp_dir().join(format!("agentc-imports-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("lib")).unwrap();
    let main = folder.join("main.agent");
    let imports = "import { f } from \"lib/a.agent\"\nimport { bullets } from \"std/text\"\n";
    std::fs::write(&main, format!("{imports}print bullets([f()])")).unwrap();
    std::fs::write(folder.join("lib/a.agent"), "fn f() -> str { return undeclared }").unwrap();
    let bad = agentc(&["check", "--message-format", "short", main.to_str().unwrap()], "");
    assert_eq!(code(&bad), 3);
    assert!(err(&bad).contains("lib/a.agent:1:24: error[E0100]"), "{}", err(&bad));
    std::fs::write(folder.join("lib/a.agent"), "fn f() -> str { return \"a\" }").unwrap();
    let good = agentc(&["build", "--emit", "hir", main.to_str().unwrap()], "");
    assert_eq!((code(&good), err(&good)), (0, String::new()));
    assert!(out(&good).contains("fn bullets#"), "{}", out(&good));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn usage_errors_are_exit_2() {
    for args in [
        &["run"][..],
        &["nonsense"],
        &["run", "-", "--input", "novalue"],
        &["run", "-", "--temp", "hot"],
        &["run", "-", "--timeout", "soon"],
        &["run", "/nonexistent/x.agent"],
        &["run", "-", "--input-file", "/nonexistent/x.json"],
    ] {
        let output = agentc(args, "\"x\"");
        assert_eq!(code(&output), 2, "{args:?}: {}", err(&output));
        assert!(!err(&output).is_empty());
    }
}

#[test]
fn inputs_are_checked_before_a_model_is_loaded() {
    let source = "input question: str\n\"{{ question }}\"";
    let missing = agentc(&["run", "-"], source);
    assert_eq!(code(&missing), 2);
    assert!(err(&missing).contains("`question`"), "{}", err(&missing));
    let unknown = agentc(&["run", "-", "-i", "qestion=x", "-i", "question=y"], source);
    assert_eq!(code(&unknown), 2);
    assert!(err(&unknown).contains("did you mean `question`"), "{}", err(&unknown));
}

#[test]
fn inputs_of_a_file_are_refused_by_name_and_place() {
    let file = std::env::temp_dir().join(format!("agentc-inputs-{}.json", std::process::id()));
    let path = file.to_str().unwrap();
    let deep = format!("{{\"doc\": {}1{}}}", "[".repeat(200), "]".repeat(200));
    for (text, said) in [
        (deep.as_str(), "more than 100 levels of lists and records, at line 1, column 109"),
        ("{\"doc\": }", "expected a value, found `}`, at line 1, column 9"),
        ("[]", "must be a JSON object of inputs"),
    ] {
        std::fs::write(&file, text).unwrap();
        let output = agentc(&["run", "-", "--input-file", path], "input doc: json\nprint doc");
        assert_eq!(code(&output), 2, "{text}");
        assert!(err(&output).contains("R0201") && err(&output).contains(said), "{}", err(&output));
    }
    std::fs::remove_file(file).unwrap();
}

#[test]
fn a_missing_model_is_exit_7_with_the_command_that_brings_one() {
    let output = agentc(&["run", "-"], "\"x {{ gen x: int }}\"");
    assert_eq!((code(&output), out(&output)), (7, String::new()));
    assert!(err(&output).contains("agentc model pull smollm2"), "{}", err(&output));
    let doctor = agentc(&["doctor"], "");
    assert_eq!(code(&doctor), 7);
    assert!(out(&doctor).contains("ok    cpu"), "{}", out(&doctor));
    let show = agentc(&["model", "show", "gpt-17"], "");
    assert_eq!(code(&show), 7);
}

#[test]
fn a_file_that_is_no_model_is_exit_7() {
    let file = std::env::temp_dir().join(format!("agentc-cli-bad-{}.gguf", std::process::id()));
    for bytes in [&b""[..], b"GGUF", b"not a model at all"] {
        std::fs::write(&file, bytes).unwrap();
        let output = agentc(&["run", "-m", file.to_str().unwrap(), "-"], "\"x {{ gen x: int }}\"");
        assert_eq!(code(&output), 7, "{}", err(&output));
    }
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn json_tells_of_runs_that_never_began() {
    for (args, code) in [(vec![], 3), (vec!["--input", "x=1"], 2)] {
        let source = if code == 3 { "print oops" } else { "\"a\"" };
        let ran = agentc(&[&["run", "-", "--format", "json"][..], &args].concat(), source);
        let object: Json = serde_json::from_str(&out(&ran)).unwrap();
        assert_eq!((self::code(&ran), &object["status"]), (code, &"error".into()), "{object}");
        assert!(object["error"]["code"].is_string() && object["error"]["message"].is_string(), "{object}");
    }
    let ran = agentc(&["run", "-", "--format", "json"], "\n\nprint oops");
    let object: Json = serde_json::from_str(&out(&ran)).unwrap();
    assert_eq!(object["error"]["span"]["line"], 3, "{object}");
}

#[test]
fn check_goes_on_after_a_file_that_cannot_be_read() {
    let ran = agentc(&["check", "--message-format", "short", "no-such-file.agent", "-"], "print oops");
    assert_eq!(code(&ran), 2);
    assert!(err(&ran).contains("no-such-file") && err(&ran).contains("<stdin>:1:7"), "{}", err(&ran));
}

#[test]
fn completions_are_scripts() {
    for shell in ["bash", "zsh", "fish"] {
        let output = agentc(&["completions", shell], "");
        assert_eq!(code(&output), 0);
        assert!(out(&output).contains("agentc"));
    }
}

#[test]
fn fmt_writes_only_what_changes() {
    let folder = std::env::temp_dir().join(format!("agentc-cli-fmt-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(folder.join(name), text).unwrap();
        folder.join(name).to_str().unwrap().to_owned()
    };
    let (odd, even) = (write("odd.agent", "let a=1\r\n"), write("even.agent", "let a = 1\n"));
    let bad = write("bad.agent", "let  = 1");
    let unknown = write("unknown.agent", "print  unknown");
    let read = |path: &str| std::fs::read_to_string(path).unwrap();

    let check = agentc(&["fmt", "--check", &even, &odd], "");
    assert_eq!((code(&check), out(&check), err(&check)), (1, format!("{odd}\n"), String::new()));
    assert_eq!(read(&odd), "let a=1\r\n");
    let before = std::fs::metadata(&even).unwrap().modified().unwrap();
    let ran = agentc(&["fmt", &even, &odd, &unknown], "");
    assert_eq!((code(&ran), out(&ran), err(&ran)), (0, String::new(), String::new()));
    assert_eq!((read(&odd), read(&unknown)), ("let a = 1\n".into(), "print unknown\n".into()));
    assert_eq!(std::fs::metadata(&even).unwrap().modified().unwrap(), before);
    assert_eq!(code(&agentc(&["fmt", "--check", &even, &odd], "")), 0);

    let refused = agentc(&["fmt", &bad, &even], "");
    assert_eq!((code(&refused), read(&bad)), (3, "let  = 1".into()));
    assert!(err(&refused).contains("bad.agent:1:6"), "{}", err(&refused));
    assert_eq!(code(&agentc(&["fmt", "no-such-file.agent", &bad], "")), 2);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn fmt_reads_standard_input() {
    let ran = agentc(&["fmt", "-"], "\"{{x}}\"");
    assert_eq!((code(&ran), out(&ran)), (0, "\"{{ x }}\"\n".into()));
    let check = agentc(&["fmt", "--check", "-"], "\"{{x}}\"");
    assert_eq!((code(&check), out(&check)), (1, "<stdin>\n".into()));
    let bad = agentc(&["fmt", "-"], "\"{{x");
    assert_eq!((code(&bad), out(&bad)), (3, String::new()));
}
