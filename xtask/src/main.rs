//! `cargo xtask setup|demo|test|bench|conformance|soak`: from a fresh machine to a running program in one command.
//!
//! Plain Rust without dependencies, so that it can be built before anything else exists. Every command that
//! compiles C++ does the set-up first; each says what it runs, and can be repeated. Not here: what the
//! commands of `agentc` do, and what the bench program measures.

use std::process::ExitCode;

mod build;
mod setup;
mod system;

use system::Failure;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  setup    finds or installs what the build needs: cmake, a C++ compiler, libclang
  demo     set-up, build, the reference model, and examples/tour.agent on it
  test     set-up, build, the reference model, and every test
  bench    set-up, the reference model, and the benchmarks, with the next
  bench constraint [--vocab FILE] [--only TEXT]
           what the constraint engine costs by itself, without a model
  bench masks [--data FILE] [--vocab FILE] [--sample N]
           masks of JSON Schemas beside those of other engines; fetches these once
  bench masks --compare [--vocab FILE] [--walks N] [--seed N]
           whole masks of the pattern suite beside llguidance's
  soak [--count N] [--seed N] [--data FILE] [--vocab FILE] [--tokens N] [--only TEXT]
           generations from random logits over the pattern suite and JSON Schemas,
           each value checked by an independent judge
  conformance [--data FILE] [--suite DIR] [--json FILE] [--vocab FILE]
           JSON Schemas with instances and the official suite, by masks";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["setup"] => setup::prepare(),
        ["demo"] => setup::prepare().and_then(|()| build::demo()),
        ["test", rest @ ..] => setup::prepare().and_then(|()| build::test(rest)),
        ["bench", "constraint", rest @ ..] => build::bench_constraint(rest),
        ["bench", "masks", rest @ ..] => build::bench_masks(rest),
        ["conformance", rest @ ..] => build::conformance(rest),
        ["soak", rest @ ..] => build::soak(rest),
        ["bench", rest @ ..] => setup::prepare().and_then(|()| build::bench(rest)),
        ["-h" | "--help" | "help"] => {
            system::say(USAGE);
            Ok(())
        }
        _ => Err(Failure::usage(USAGE)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            system::complain(&failure.message);
            ExitCode::from(failure.code)
        }
    }
}
