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
        ["code", "severity", "message", "file", "line", "column", "end_line", "end_column", "hint", "fixes"];
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
    let source = "## A step.\ntype Step = {n: int(1..9)}\ntype Word = grammar \"start: \\\"a\\\"\"\nprint describe(Step) + describe(Word)";
    let output = agentc(&["build", "--emit", "schema", "-"], source);
    let schemas: Json = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(schemas["$defs"]["Step"]["properties"]["n"]["maximum"], 9);
    assert_eq!(schemas["$defs"]["Step"]["description"], "A step.");
    assert!(
        schemas["$defs"]["Word"].is_null() && err(&output).contains("the type `Word` is left out"),
        "{}",
        err(&output)
    );
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

/// A folder that goes away with its test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("agentc-cli-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The message on standard error, without the lines that it is broken into.
fn message(output: &Output) -> String {
    err(output).replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

const NO_MODEL: &str = "agentc model pull smollm2";

#[test]
fn inputs_come_from_files_and_from_standard_input() {
    let folder = Folder::new("inputs");
    let program = folder.write("a.agent", "input mail: str\ninput n: int\n\"{{ mail }} {{ gen x: int }}\"");
    let (mail, n) = (folder.write("mail.txt", "\u{feff}Dear…\n"), folder.write("n.json", " 7\n"));
    let all = folder.write("all.json", r#"{"mail": "a", "n": 1}"#);
    let run = |args: &[&str], stdin: &str| agentc(&[&["run", &program][..], args].concat(), stdin);
    let (from_mail, from_n) = (format!("mail=@{mail}"), format!("n=@{n}"));
    // What is complete and of its types gets as far as the model.
    for (args, stdin) in [
        (&["-i", &from_mail, "-i", &from_n][..], ""),
        (&["-i", "mail=@-", "-i", "n=2"], "Dear"),
        (&["--input-file", &all], ""),
        (&["--input-file", "-"], r#"{"mail": "a", "n": 1}"#),
        (&["--input-file", "-", "-i", "n=3"], "\u{feff}{\"mail\": \"a\", \"n\": \"no\"}"),
        (&["-i", "mail=@@nobody", "-i", "n=3"], ""),
    ] {
        let output = run(args, stdin);
        assert!(code(&output) == 7 && message(&output).contains(NO_MODEL), "{args:?}: {}", err(&output));
    }
    for (args, stdin, what) in [
        (&["-i", "mail=x", "-i", "n=@/nonexistent/n"][..], "", "for the input `n`: No such file"),
        (&["-i", "mail=@nobody", "-i", "n=3"], "", "text that begins with an `@`"),
        (&["-i", "mail=@/", "-i", "n=3"], "", "cannot read `/` for the input `mail`"),
        (&["-i", &from_mail, "-i", &from_mail.replace("mail=", "n=")], "", "`n` must be int"),
        (&["-i", "mail=@-", "-i", "n=@-"], "", "as the input `mail` and as the input `n`"),
        (&["--input-file", "-", "-i", "n=@-"], "", "as `--input-file` and as the input `n`"),
        (&["--input-file", "-"], "[1]", "`<stdin>` must be a JSON object of inputs"),
        (&["--input-file", "-"], "{", "`<stdin>` is not JSON: the text ends inside a record"),
        (&["--input-file", &mail], "", "is not JSON: expected a value"),
    ] {
        let output = run(args, stdin);
        assert_eq!(code(&output), 2, "{args:?}: {}", err(&output));
        assert!(message(&output).contains(what), "{args:?}: {}", err(&output));
    }
    let twice = agentc(&["run", "-", "--input-file", "-"], "");
    assert!(code(&twice) == 2 && message(&twice).contains("as the program and as `--input-file`"));
    for command in ["check", "test", "fmt"] {
        let twice = agentc(&[command, "-", "-"], "");
        assert!(code(&twice) == 2 && message(&twice).contains("read twice"), "{}", err(&twice));
    }
}

#[test]
fn inputs_of_too_many_levels_are_wrong_inputs() {
    let deep = format!("{{\"x\": {}{}}}", "[".repeat(200), "]".repeat(200));
    let folder = Folder::new("deep");
    let program = folder.write("a.agent", "input x: json\n\"{{ x }}\"");
    let output = agentc(&["run", &program, "--input-file", "-", "--format", "json"], &deep);
    let object: Json = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!((code(&output), &object["error"]["code"]), (2, &"R0201".into()), "{object}");
}

#[cfg(unix)]
#[test]
fn what_never_ends_is_read_to_a_bound() {
    let began = std::time::Instant::now();
    for command in ["run", "check", "build", "fmt", "test"] {
        let endless = agentc(&[command, "/dev/zero"], "");
        assert_eq!(code(&endless), 3, "{command}: {}", err(&endless));
        assert!(message(&endless).contains("more than 8388608 bytes"), "{command}: {}", err(&endless));
    }
    let source = "input x: str\n\"{{ x }}\"";
    for args in [["--input-file", "/dev/zero"], ["--input", "x=@/dev/zero"]] {
        let endless = agentc(&[&["run", "-"][..], &args].concat(), source);
        assert_eq!(code(&endless), 2, "{}", err(&endless));
        assert!(message(&endless).contains("more than 67108864 bytes"), "{}", err(&endless));
    }
    assert!(began.elapsed().as_secs() < 60);
}

#[cfg(unix)]
#[test]
fn a_program_may_come_from_a_pipe_with_a_name() {
    let folder = Folder::new("pipe");
    let pipe = folder.0.join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let writer = pipe.clone();
    let writer = std::thread::spawn(move || std::fs::write(writer, "print oops").unwrap());
    let output = agentc(&["check", "--message-format", "short", pipe.to_str().unwrap()], "");
    writer.join().unwrap();
    assert_eq!(
        (code(&output), err(&output).contains("pipe:1:7: error[E0100]")),
        (3, true),
        "{}",
        err(&output)
    );
}

#[test]
fn built_programs_run_and_say_where_they_come_from() {
    let folder = Folder::new("built");
    let source = "input n: int\ntest \"t\" { expect len(\"ab\") == 3 }\n\"{{ n }} {{ gen x: int }}\"";
    let program = folder.write("a.agent", source);
    let built = folder.0.join("a.json").to_str().unwrap().to_owned();
    assert_eq!(code(&agentc(&["build", &program, "-o", &built], "")), 0);
    std::fs::remove_file(&program).unwrap();
    let json = std::fs::read_to_string(&built).unwrap();

    let missing = agentc(&["run", &built], "");
    assert!(code(&missing) == 2 && message(&missing).contains("the input `n` (int) is missing"));
    for (file, stdin) in [(built.as_str(), ""), ("-", json.as_str())] {
        if file != "-" {
            let ran = agentc(&["run", file, "-i", "n=1"], stdin);
            assert!(code(&ran) == 7 && message(&ran).contains(NO_MODEL), "{}", err(&ran));
        }
        let tested = agentc(&["test", file], stdin);
        assert_eq!(code(&tested), 100);
        assert!(err(&tested).contains("a.agent:2:"), "{}", err(&tested));
    }
    let elsewhere = agentc(&["run", &built, "--agent", "b"], "");
    assert!(code(&elsewhere) == 2 && message(&elsewhere).contains("`agentc build --agent b`"));
    for command in ["check", "fmt", "build"] {
        let output = agentc(&[command, &built], "");
        assert_eq!(code(&output), 2, "{command}: {}", err(&output));
        assert!(
            message(&output).contains("give the `.agent` file that it was built from"),
            "{}",
            err(&output)
        );
    }
}

#[test]
fn built_programs_that_were_damaged_are_refused() {
    let folder = Folder::new("damaged");
    let json = out(&agentc(&["build", "-"], "\"{{ gen x: int }}\""));
    let version = format!("\"version\": {}", agentc::ir::VERSION);
    for (from, to, what) in [
        (version.as_str(), "\"version\": 1", "version 1 of the format"),
        (version.as_str(), "\"version\": \"x\"", "invalid type"),
        ("\"entry\": 0", "\"entry\": 99", "there is no entry function 99"),
        ("\"chat\"", "\"chap\"", "missing field `chat`"),
        ("\"types\": []", "\"types\": [", "cannot be used"),
    ] {
        assert!(json.contains(from), "{from} is not in\n{json}");
        let file = folder.write("a.json", json.replacen(from, to, 1));
        let output = agentc(&["run", &file, "--format", "json"], "");
        let object: Json = serde_json::from_str(&out(&output)).unwrap();
        assert_eq!((code(&output), &object["error"]["code"]), (2, &"R0204".into()), "{object}");
        assert!(object["error"]["message"].as_str().unwrap().contains(what), "{object}");
        assert!(message(&output).contains("build it again"), "{}", err(&output));
    }
    // JSON of any other kind is a text, and no program.
    assert_eq!(code(&agentc(&["run", "-"], "{\"name\": \"x\"}")), 3);
}

#[test]
fn what_is_read_is_never_written_over() {
    let folder = Folder::new("over");
    folder.write("lib.agent", "fn f() -> str { return embed \"text.txt\" }");
    folder.write("text.txt", "some text");
    folder.write("schema.json", r#"{"type": "object"}"#);
    folder.write("in.json", r#"{"x": "a"}"#);
    folder.write("mail.txt", "a mail");
    let source = "import { f } from \"lib.agent\"\ntype T = schema \"schema.json\"\ninput x: str\ninput y: str\n\
                  print f()\n\"{{ x }}\"\ngen t: T\n";
    let program = folder.write("main.agent", source);
    let path = |name: &str| folder.0.join(name).to_str().unwrap().to_owned();
    let run = |trace: &str| {
        let (file, mail) = (path("in.json"), format!("y=@{}", path("mail.txt")));
        agentc(&["run", &program, "--input-file", &file, "-i", &mail, "--trace", trace], "")
    };
    let read = ["main.agent", "lib.agent", "text.txt", "schema.json", "in.json", "mail.txt"];
    let before = read.map(|name| std::fs::read(path(name)).unwrap());
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(path("main.agent"), path("link")).unwrap();
        std::fs::hard_link(path("schema.json"), path("hard")).unwrap();
    }
    let links = if cfg!(unix) { &["link", "hard", "../"][..] } else { &[] };
    for name in read.iter().chain(links) {
        let trace = match *name {
            "../" => {
                format!("{}/../{}/text.txt", folder.0.display(), folder.0.file_name().unwrap().display())
            }
            name => path(name),
        };
        let output = run(&trace);
        assert_eq!(code(&output), 2, "{trace}: {}", err(&output));
        assert!(message(&output).contains("which is read"), "{}", err(&output));
    }
    let model = folder.write("m.gguf", "GGUF");
    let over = agentc(&["run", "-", "-m", &model, "--trace", &model], "\"x {{ gen x: int }}\"");
    assert!(code(&over) == 2 && message(&over).contains("which is read"), "{}", err(&over));
    assert_eq!(std::fs::read(&model).unwrap(), b"GGUF");
    let over = agentc(&["build", &program, "-o", &path("schema.json")], "");
    assert!(code(&over) == 2 && message(&over).contains("which is read"), "{}", err(&over));
    assert_eq!(read.map(|name| std::fs::read(path(name)).unwrap()), before);
    // Any other file may be written again.
    let other = folder.write("trace.jsonl", "old");
    assert_eq!((code(&run(&other)), std::fs::read_to_string(&other).unwrap()), (7, String::new()));
}

/// A run that waits for its program on standard input.
#[cfg(unix)]
fn waiting(args: &[&str]) -> std::process::Child {
    let child = Command::new(env!("CARGO_BIN_EXE_agentc"))
        .args(["run", "-"])
        .args(args)
        .env("AGENTC_CACHE", cache())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let child = child.unwrap();
    // It is ready once it has handlers of its own.
    for _ in 0..500 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()));
        let Ok(status) = status else { break };
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or("0");
        if u64::from_str_radix(mask.trim(), 16).unwrap_or(0) >> 14 & 1 == 1 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    std::thread::sleep(std::time::Duration::from_millis(100));
    child
}

#[cfg(unix)]
#[test]
fn a_signal_or_the_deadline_ends_what_waits_for_its_program() {
    for (signal, expected) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let mut child = waiting(&["--format", "json"]);
        let stdin = child.stdin.take();
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        drop(stdin);
        assert_eq!(code(&output), expected, "{}", err(&output));
        let object: Json = serde_json::from_str(&out(&output)).unwrap();
        assert_eq!(object["error"]["code"], "R0130", "{object}");
    }
    let mut child = waiting(&["--timeout", "300ms"]);
    let stdin = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    assert_eq!((code(&output), message(&output).contains("R0502")), (5, true), "{}", err(&output));
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
        assert!(err(&output).contains("R0201") && message(&output).contains(said), "{}", err(&output));
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
