//! Beginnings of programs that are kept on disk, on the real model: the same bytes with and without, and fewer tokens to
//! read.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use agentc::store::{REFERENCE_MODEL, Store};

/// A cache of the test's own, and a program whose instructions have some hundred tokens.
struct Place {
    folder: PathBuf,
    model: PathBuf,
    program: PathBuf,
}

impl Place {
    fn new() -> Place {
        let folder = std::env::temp_dir().join(format!("agentc-cache-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let model = Store::open().unwrap().resolve(REFERENCE_MODEL);
        let program = folder.join("rules.agent");
        let rules = "Answer in one sentence, and say when you do not know something. ".repeat(20);
        let text = format!(
            "input q: str\nsystem \"{rules}\"\nuser \"Here is the question. {{{{ q }}}}\"\nassistant gen text with max = 24\nreturn text"
        );
        std::fs::write(&program, text).unwrap();
        let model = model.expect("the reference model; `agentc model pull smollm2` brings it");
        Place { folder, model, program }
    }

    fn agentc(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_agentc"));
        command.args(args).env("AGENTC_CACHE", &self.folder).env("AGENTC_MODEL", &self.model);
        command.env("AGENTC_THREADS", "1").env_remove("AGENTC_NO_CACHE").env_remove("AGENTC_CACHE_SIZE");
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// What the program writes, at a temperature where the last digits of logits may show, and what is said of the cache.
    fn run(&self, more: &[&str]) -> (String, Vec<String>) {
        let program = self.program.to_str().unwrap();
        let args = ["run", program, "-v", "--seed", "7", "--temp", "1.2", "-i", "q=What is a cache?"];
        let output = self.agentc(&[&args, more].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        let notes = said.lines().filter_map(|line| line.strip_prefix("cache: ")).map(str::to_owned);
        (String::from_utf8(output.stdout).unwrap(), notes.collect())
    }

    fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.folder.join("kv")).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    }

    fn said(&self, args: &[&str]) -> String {
        let Output { stdout, stderr, .. } = self.agentc(args);
        [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn flip(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn what_a_process_has_read_the_next_one_need_not_read() {
    let place = Place::new();
    let (first, notes) = place.run(&[]);
    assert!(matches!(&notes[..], [kept] if kept.contains("were kept on disk")), "{notes:?}");
    let (second, notes) = place.run(&[]);
    assert!(matches!(&notes[..], [read] if read.contains("were read from disk")), "{notes:?}");
    assert_eq!(second, first, "the same bytes");
    let (without, notes) = place.run(&["--no-cache"]);
    assert!(notes.is_empty() && place.files().len() == 1, "{notes:?}");
    assert_eq!(without, first, "the same bytes without a cache");
    assert!(place.said(&["cache", "ls"]).contains(" tokens "));

    flip(&place.files()[0]);
    let (third, notes) = place.run(&[]);
    assert!(
        matches!(&notes[..], [bad, kept] if bad.contains("damaged") && kept.contains("kept")),
        "{notes:?}"
    );
    assert_eq!(third, first);

    // Another layout of memory is another file.
    let exact = [(); 2].map(|()| place.run(&["--deterministic"]));
    assert!(exact[0].1[0].contains("kept") && exact[1].1[0].contains("read"), "{exact:?}");
    assert_eq!(exact[0].0, exact[1].0);
    assert_eq!(place.files().len(), 2);

    assert!(place.said(&["cache", "clear"]).contains("removed 2 files"));
    assert!(place.files().is_empty());
    let program = place.program.to_str().unwrap();
    assert!(place.said(&["build", "--prewarm", program]).contains("were kept on disk"));
    let (last, notes) = place.run(&[]);
    assert!(notes[0].contains("read") && last == first, "{notes:?}");
}
