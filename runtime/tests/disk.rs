//! Beginnings of contexts that are kept on disk: the second process reads them, and nothing else changes.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::path::PathBuf;
use std::sync::Arc;

use agentc_runtime::disk::{Disk, DiskError, Flaw, Note};
use agentc_runtime::model::script::ScriptModel;
use agentc_runtime::replay::SHAPES;
use agentc_runtime::session::run;
use agentc_runtime::{Backends, Limits, LocalModel, Outcome, RunOptions, Session, Value};
use common::play_on;

/// A folder of a test's own, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("agentc-kept-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        Folder(folder)
    }

    fn disk(&self) -> Disk {
        Disk::new(&self.0, 1 << 20)
    }

    fn files(&self) -> Vec<PathBuf> {
        std::fs::read_dir(&self.0).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Makes a model one that rewinds, one that does not, or one that puts aside what nobody uses at once.
type Kind = fn(ScriptModel) -> ScriptModel;

const KINDS: [(&str, Kind); 3] = [
    ("rewinds", |model| model),
    ("whole", ScriptModel::without_rewind),
    ("aside", |model| model.with_price(Some(4))),
];

fn model() -> ScriptModel {
    ScriptModel::random(3).unwrap().with_identity("noise")
}

fn options() -> RunOptions {
    RunOptions { seed: Some(4), temp: Some(1.0), ..RunOptions::default() }
}

/// What came of a process that runs a program once: its outcome, the tokens it evaluated, and what it noted.
struct Process {
    outcome: Outcome,
    rows: u64,
    batches: u64,
    notes: Vec<Note>,
}

fn process(mut model: ScriptModel, source: &str, given: &[(&str, &str)], disk: Option<&Disk>) -> Process {
    let counters = model.counters();
    let local = LocalModel::new(&mut model, Limits::default());
    let mut backends: Backends<'_> = match disk {
        Some(disk) => local.with_disk(disk.clone()).into(),
        None => local.into(),
    };
    let (outcome, _) = play_on(&mut backends, source, given, options());
    // An engine goes on for a moment after the end of a run.
    assert!(backends.poll().is_empty());
    let (rows, batches) = (counters.rows(), counters.forwards());
    Process { outcome, rows, batches, notes: disk.map(Disk::notes).unwrap_or_default() }
}

fn value(process: &Process) -> &Value {
    assert_eq!(process.outcome.error(), None);
    process.outcome.value()
}

/// A program whose instructions have some hundred tokens.
fn program() -> String {
    let rules = "The answer is a word of what people play. ".repeat(20);
    format!(
        "input q: str\nsystem \"{rules}\"\nuser \"Hello. {{{{ q }}}}\"\nassistant gen word: /[a-z]{{4,12}}/\nreturn word"
    )
}

#[test]
fn a_second_process_evaluates_only_what_is_new() {
    for (name, kind) in KINDS {
        let folder = Folder::new(name);
        let (disk, source) = (folder.disk(), program());
        let first = process(kind(model()), &source, &[("q", "Why?")], Some(&disk));
        let [Note::Kept { tokens, .. }] = first.notes[..] else { panic!("{:?}", first.notes) };
        assert!(tokens > 200, "{tokens}");
        let second = process(kind(model()), &source, &[("q", "Why?")], Some(&disk));
        assert!(matches!(second.notes[..], [Note::Read { .. }]), "{:?}", second.notes);
        assert_eq!(value(&second), value(&first));
        assert_eq!(second.rows, first.rows - tokens as u64);
        assert!(second.outcome.usage().cached_tokens >= tokens as u64);
        // What follows the beginning is evaluated in the same batches, also where nothing is kept.
        assert_eq!(second.batches, first.batches - tokens.div_ceil(64) as u64);
        let off = process(kind(model()), &source, &[("q", "Why?")], Some(&Disk::new(&folder.0, 0)));
        assert_eq!((value(&off), off.rows, off.batches), (value(&first), first.rows, first.batches));
        assert!(off.notes.is_empty());
        // Another question finds it too, and another program does not.
        let other = process(kind(model()), &source, &[("q", "Where are they?")], Some(&disk));
        assert!(matches!(other.notes[..], [Note::Read { .. }]) && other.rows < first.rows / 2);
        let another = source.replace("The answer", "This answer");
        let other = process(kind(model()), &another, &[("q", "Why?")], Some(&disk));
        assert!(matches!(other.notes[..], [Note::Kept { .. }]), "{:?}", other.notes);
        assert_eq!(other.rows, process(kind(model()), &another, &[("q", "Why?")], None).rows);
    }
}

#[test]
fn other_models_find_nothing() {
    let folder = Folder::new("others");
    let (disk, source) = (folder.disk(), program());
    process(model(), &source, &[("q", "Why?")], Some(&disk));
    let other = process(model().with_identity("other noise"), &source, &[("q", "Why?")], Some(&disk));
    assert!(matches!(other.notes[..], [Note::Kept { .. }]), "{:?}", other.notes);
    let none = ScriptModel::random(3).unwrap();
    let none = process(none, &source, &[("q", "Why?")], Some(&disk));
    assert!(none.notes.is_empty() && none.rows == other.rows);
    assert_eq!(folder.files().len(), 2);
}

/// What is damaged is ignored, told, and written anew.
#[test]
fn a_damaged_file_changes_no_result() {
    let folder = Folder::new("damaged");
    let (disk, source) = (folder.disk(), program());
    let first = process(model(), &source, &[("q", "Why?")], Some(&disk));
    let [file] = &folder.files()[..] else { panic!("{:?}", folder.files()) };
    let whole = std::fs::read(file).unwrap();
    for at in (0..whole.len()).step_by(97) {
        let mut bytes = whole.clone();
        bytes[at] ^= 16;
        std::fs::write(file, &bytes).unwrap();
        let next = process(model(), &source, &[("q", "Why?")], Some(&disk));
        assert_eq!((value(&next), next.rows), (value(&first), first.rows));
        let [Note::Disk(DiskError::Flawed { flaw: Flaw::Damaged, .. }), Note::Kept { .. }] = &next.notes[..]
        else {
            panic!("{:?}", next.notes)
        };
        assert_eq!(std::fs::read(file).unwrap(), whole);
    }
}

/// A file that is right in itself, of bytes that the model refuses.
#[test]
fn what_the_model_does_not_take_is_computed() {
    let folder = Folder::new("refused");
    let (disk, source) = (folder.disk(), program());
    let first = process(model(), &source, &[("q", "Why?")], Some(&disk));
    let tokens = {
        // The tokens of the beginning, as the scripted model saved them.
        let file = std::fs::read(&folder.files()[0]).unwrap();
        let [Note::Kept { bytes, .. }] = first.notes[..] else { panic!("{:?}", first.notes) };
        let end = file.len() - 32;
        let bytes = &file[end - bytes as usize..end];
        bytes.chunks_exact(4).map(|token| u32::from_le_bytes(token.try_into().unwrap())).collect::<Vec<_>>()
    };
    let key = agentc_runtime::disk::Key { identity: "noise", tokens: &tokens };
    assert!(disk.has(key));
    disk.write(key, "script", b"something else").unwrap();
    let second = process(model(), &source, &[("q", "Why?")], Some(&disk));
    assert_eq!((value(&second), second.rows), (value(&first), first.rows));
    assert!(matches!(second.notes[..], [Note::Model(_), Note::Kept { .. }]), "{:?}", second.notes);
}

#[test]
fn a_folder_that_cannot_be_written_fails_no_run() {
    let folder = Folder::new("unwritable");
    std::fs::write(&folder.0, "a file").unwrap();
    let disk = folder.disk();
    let alone = process(model(), &program(), &[("q", "Why?")], None);
    let run = process(model(), &program(), &[("q", "Why?")], Some(&disk));
    assert_eq!((value(&run), run.rows), (value(&alone), alone.rows));
    assert!(
        run.notes.iter().all(|note| matches!(note, Note::Disk(_))) && !run.notes.is_empty(),
        "{:?}",
        run.notes
    );
    std::fs::remove_file(&folder.0).unwrap();
}

#[test]
fn only_the_programs_own_text_is_kept() {
    let folder = Folder::new("own");
    let disk = folder.disk();
    let kept = |source: &str, given: &[(&str, &str)]| {
        let run = process(model(), source, given, Some(&disk));
        value(&run);
        match run.notes[..] {
            [] => 0,
            [Note::Kept { tokens, .. }] => tokens,
            _ => panic!("{:?}", run.notes),
        }
    };
    let (text, end) = ("What do people play? ".repeat(40), "gen x: /[a-z]{3}/ return x");
    let all = kept(&format!("\"{text}\" {end}"), &[]);
    assert!(all > 100);
    assert_eq!(kept(&format!("input q: str \"{{{{ q }}}}\" {end}"), &[("q", &text)]), 0, "an input");
    assert_eq!(kept(&format!("let q = \"What do \" \"{{{{ q }}}}{text}\" {end}"), &[]), 0, "a value");
    assert_eq!(kept(&format!("\"Hello.\" {end}"), &[]), 0, "a few words");
    let generated = format!("\"Hello. {{{{ gen y: /[a-z]{{100,120}}/ }}}}{text}\" {end}");
    assert_eq!(kept(&generated, &[]), 0, "what stands behind a generation");
    let half = kept(&format!("input q: str \"This: {text}\" \"{{{{ q }}}}\" {end}"), &[("q", &text)]);
    assert!(half > 100 && half < all + 10);
}

/// Whatever the shape of a program and however little memory there is: the same results with files and without.
#[test]
fn files_change_no_result() {
    for (name, kind) in KINDS {
        for (cells, seqs) in [(4096, 32), (700, 32), (600, 8)] {
            let folder = Folder::new(&format!("shapes-{cells}-{name}"));
            let disk = folder.disk();
            for shape in SHAPES {
                let model = || kind(model().with_memory(cells, 64, seqs));
                let alone = process(model(), shape.source, &[], None);
                for time in 0..2 {
                    let run = process(model(), shape.source, &[], Some(&disk));
                    assert_eq!(value(&run), value(&alone), "{} {time}", shape.name);
                    // Without rewinding it depends on more what is evicted first.
                    let slack = match (cells, name) {
                        (4096, "rewinds") => 0,
                        (_, "rewinds") => alone.rows / 5,
                        _ => alone.rows / 4,
                    };
                    assert!(
                        run.rows <= alone.rows + slack,
                        "{}: {} rows, {} alone",
                        shape.name,
                        run.rows,
                        alone.rows
                    );
                }
            }
        }
    }
}

#[test]
fn beginnings_can_be_read_before_anyone_runs_the_program() {
    let folder = Folder::new("prewarm");
    let disk = folder.disk();
    let rules = "The answer is a word of what people play. ".repeat(20);
    let source = format!(
        "input q: str\nagent judge(text: str) -> bool {{ system \"You judge. {rules}\" user text assistant gen ok: bool return ok }}\n\
         system \"{rules}\"\nuser \"Hello. {{{{ q }}}}\"\nassistant gen word: /[a-z]{{4,12}}/\nreturn judge(word)"
    );
    let beginnings = agentc_runtime::beginnings(&common::program(&source).into());
    assert_eq!(beginnings.len(), 2);
    for beginning in beginnings {
        agentc_compiler::ir::validate(&beginning).unwrap();
        let mut model = model();
        let mut backends: Backends<'_> =
            LocalModel::new(&mut model, Limits::default()).with_disk(disk.clone()).into();
        let session = Session::new(Arc::new(beginning), &[], options()).unwrap();
        assert_eq!(run(session, &mut backends, &mut |_| {}).unwrap().error(), None);
        backends.poll();
        assert!(matches!(disk.notes()[..], [Note::Kept { .. }]));
    }
    let run = process(model(), &source, &[("q", "Why?")], Some(&disk));
    assert!(matches!(run.notes[..], [Note::Read { .. }, Note::Read { .. }]), "{:?}", run.notes);
    assert_eq!(value(&run), value(&process(model(), &source, &[("q", "Why?")], None)));
    // A program that begins with a value has no beginning.
    let none = common::program("input q: str\n\"{{ q }} is a text\" gen x: /[a-z]{3}/ return x");
    assert!(agentc_runtime::beginnings(&none.into()).is_empty());
}
