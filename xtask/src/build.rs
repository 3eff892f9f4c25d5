//! Building, testing and showing the workspace, always in the one form that compiles llama.cpp once.
//!
//! Cargo chooses features by what a command selects, and compiles a crate again for each choice. Two selections are
//! made here: the command alone, for the demo, and the whole workspace. Cargo.toml makes their features the same.

use std::fs;
use std::path::PathBuf;

use crate::peers;
use crate::system::{Outcome, cargo, root, run, step};

const MODEL: &str = "smollm2";
const TOUR: &str = "examples/tour.agent";

/// Builds the command alone, brings the model, runs the tour. What only tests need would take as long again.
pub(crate) fn demo() -> Outcome {
    build(&["--package", "agentc"])?;
    pull()?;
    run(&agentc(), &["run", TOUR], &[])
}

/// Builds, brings the model, runs every test; further arguments go to `cargo test`.
pub(crate) fn test(arguments: &[&str]) -> Outcome {
    build(&["--workspace"])?;
    pull()?;
    let mut words = vec!["test", "--workspace", "--locked"];
    words.extend(arguments);
    run(&cargo(), &words, &[])?;
    step("all tests passed");
    Ok(())
}

/// Runs the benchmarks: those on the reference model, then those of the constraint engine alone.
pub(crate) fn bench(arguments: &[&str]) -> Outcome {
    build(&["--workspace"])?;
    pull()?;
    run(&cargo(), &["build", "--workspace", "--examples", "--locked"], &[])?;
    run(&binary("examples/bench"), arguments, &[])?;
    bench_constraint(&[])
}

/// Runs one of the programs in `benches/` that measure the reference model.
pub(crate) fn example(name: &str, arguments: &[&str]) -> Outcome {
    build(&["--workspace"])?;
    pull()?;
    run(&cargo(), &["build", "--workspace", "--examples", "--locked"], &[])?;
    run(&binary(&format!("examples/{name}")), arguments, &[])
}

/// Runs what the constraint engine costs by itself, times and then memory.
pub(crate) fn bench_constraint(arguments: &[&str]) -> Outcome {
    run_apart("benches/constraint/Cargo.toml", &["--bin", "time"], arguments)?;
    run_apart("benches/constraint/Cargo.toml", &["--bin", "memory"], &[])
}

/// Runs the masks of this engine and of others over the same schemas.
pub(crate) fn bench_masks(arguments: &[&str]) -> Outcome {
    run_apart("benches/peers/Cargo.toml", &[], arguments)
}

/// Runs workloads on this project and on guidance, in turns.
pub(crate) fn bench_peers(arguments: &[&str]) -> Outcome {
    build(&["--workspace"])?;
    pull()?;
    run(&cargo(), &["build", "--workspace", "--examples", "--locked"], &[])?;
    let folder = target().join("peers");
    let python = peers::python(&folder).map(|python| python.display().to_string());
    let folder = folder.display().to_string();
    let mut words = vec!["--folder", &folder];
    words.extend(python.iter().flat_map(|python| ["--python", python]));
    words.extend(arguments);
    run(&binary("examples/workloads"), &words, &[])
}

/// Runs a program of a workspace of its own, without llama.cpp.
fn run_apart(manifest: &str, choice: &[&str], arguments: &[&str]) -> Outcome {
    let folder = target().display().to_string();
    let mut words = vec!["run", "--quiet", "--release", "--locked", "--target-dir", &folder];
    words.extend(["--manifest-path", manifest]);
    words.extend(choice.iter().chain(&["--"]).chain(arguments));
    run(&cargo(), &words, &[])
}

/// Checks JSON Schemas.
pub(crate) fn conformance(arguments: &[&str]) -> Outcome {
    check("agentc-conformance", arguments)
}

/// Generates from random logits, and checks every value.
pub(crate) fn soak(arguments: &[&str]) -> Outcome {
    check("agentc-soak", arguments)
}

/// Runs a program of the package that checks the engine. It knows the engine alone, and nothing of llama.cpp.
fn check(program: &str, arguments: &[&str]) -> Outcome {
    let mut words =
        vec!["run", "--quiet", "--locked", "--package", "agentc-conformance", "--bin", program, "--"];
    words.extend(arguments);
    run(&cargo(), &words, &[])
}

fn build(selection: &[&str]) -> Outcome {
    if llama_builds().is_empty() {
        step("building; llama.cpp is compiled once, which takes some minutes");
    }
    run(&cargo(), &[&["build", "--locked"], selection].concat(), &[])
}

fn pull() -> Outcome {
    run(&agentc(), &["model", "pull", MODEL], &[])
}

fn target() -> PathBuf {
    let set = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    root().join(set.unwrap_or_else(|| "target".into()))
}

fn agentc() -> String {
    binary("agentc")
}

/// A built program, by its path below the profile's folder.
fn binary(name: &str) -> String {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    target().join("debug").join(file).display().to_string()
}

/// Folders in which llama.cpp was compiled.
fn llama_builds() -> Vec<PathBuf> {
    let entries = fs::read_dir(target().join("debug/build")).into_iter().flatten().flatten();
    let outs = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("llama-cpp-sys-2-"))
        .map(|entry| entry.path().join("out"));
    outs.filter(|out| out.is_dir()).collect()
}
