//! Every file of the library compiles without findings, says what it is for, and passes its own tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use agentc_compiler::source::{NoFiles, World};
use agentc_compiler::{Options, compile, ir};
use agentc_runtime::model::script::ScriptModel;
use agentc_runtime::testing;
use agentc_runtime::{Backends, Limits, LocalModel, RunOptions};
use agentc_stdlib::{WithLibrary, names, source};

fn program(name: &str, text: &str) -> Arc<ir::Program> {
    let compiled = compile(name, text.as_bytes(), &WithLibrary(&NoFiles), &Options::default());
    assert!(compiled.diags.is_empty(), "{name}: {:#?}", compiled.diags);
    Arc::new(compiled.program.unwrap())
}

#[test]
fn every_file_passes_its_tests() {
    for name in names() {
        let program = program(name, source(name).unwrap());
        assert!(!program.tests.is_empty(), "{name} has no tests");
        for test in 0..program.tests.len() {
            let mut model = ScriptModel::new(Vec::new()).unwrap();
            let mut schedulers = Backends::new(LocalModel::new(&mut model, Limits::default()));
            let report = testing::run(&program, test, &mut schedulers, RunOptions::default(), &mut |_| {});
            let report = report.unwrap();
            assert!(report.passed(), "{name}, `{}`: {:#?}", report.name, report.outcome);
        }
    }
}

#[test]
fn every_function_and_type_says_what_it_is_for() {
    for name in names() {
        let text = source(name).unwrap();
        assert!(text.starts_with("# "), "{name} says nothing at its head");
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate().skip(1) {
            let declares = ["fn ", "agent ", "type "].iter().any(|word| line.starts_with(word));
            let inner = line.starts_with("fn prefixed");
            assert!(!declares || inner || lines[at - 1].starts_with("# "), "{name}: {line}");
        }
    }
}

#[test]
fn the_library_lies_beside_the_files_of_a_program() {
    let world = WithLibrary(&NoFiles);
    assert_eq!(world.read("std/text").unwrap(), source("std/text").unwrap().as_bytes());
    assert!(world.read("std/txt").unwrap_err().message.contains("std/text"));
    assert!(world.read("std/text.agent").unwrap_err().message.contains("there is no file"));
    assert!(world.read("notes.md").unwrap_err().message.contains("there is no file"));
    let text = "import { bullets } from \"std/text\"\nimport \"std/reasoning\" as r\nprint bullets([\"a\"])\nr.cot()";
    let program = program("main.agent", text);
    let files: Vec<&str> = program.files.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(files, ["main.agent", "std/text", "std/reasoning"]);
    assert!(program.tests.is_empty());
}
