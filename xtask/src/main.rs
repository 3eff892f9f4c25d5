//! `cargo xtask setup|demo|test|amx|bench|conformance|soak`: from a fresh machine to a running program in one command.
//!
//! Plain Rust without dependencies, so that it can be built before anything else exists. Every command that
//! compiles C++ does the set-up first; each says what it runs, and can be repeated. Not here: what the
//! commands of `agentc` do, and what the bench program measures.

use std::process::ExitCode;

mod amx;
mod build;
mod peers;
mod setup;
mod system;

use system::Failure;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  setup    find or install what the build needs: cmake, a C++ compiler, libclang, curl
  demo     set up, build, fetch the reference model, and run examples/tour.agent on it
  test     set up, build, fetch the reference model, and run every test
  amx      check whether each C++ compiler here compiles llama.cpp's AMX kernels correctly
  bench    set up, fetch the reference model, and run the benchmarks, including the next
  bench passes [MODEL]
           measure what a pass of a model costs, by how many rows it has
  bench forks
           measure what four branches cost beyond the text that they share
  bench peers [--pairs N] [--models LIST] [--threads N] [--only LETTERS]
           run workloads in turns here and on guidance with llama-cpp-python, which is
           installed below target/ once; without Python, here alone
  bench constraint [--vocab FILE] [--only TEXT]
           measure the constraint engine by itself, without a model
  bench masks [--data FILE] [--vocab FILE] [--sample N]
           compare masks of JSON Schemas with other engines, which are fetched once
  bench masks --compare [--vocab FILE] [--walks N] [--seed N]
           compare whole masks of the pattern suite with llguidance's
  soak [--count N] [--seed N] [--data FILE] [--vocab FILE] [--tokens N] [--only TEXT]
           generate from random logits under the pattern suite and JSON Schemas,
           and check each value with an independent judge
  soak runs [COUNT]
           run programs on the reference model, a thousand times unless another number
           is given, and see whether the process grows
  conformance [--data FILE] [--suite DIR] [--json FILE] [--vocab FILE]
           check JSON Schemas with instances, and the official suite, by masks";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["setup"] => setup::prepare(),
        ["demo"] => setup::prepare().and_then(|()| build::demo()),
        ["test", rest @ ..] => setup::prepare().and_then(|()| build::test(rest)),
        ["amx"] => amx::check(),
        ["bench", "constraint", rest @ ..] => build::bench_constraint(rest),
        ["bench", "passes", rest @ ..] => setup::prepare().and_then(|()| build::example("passes", rest)),
        ["bench", "forks", rest @ ..] => setup::prepare().and_then(|()| build::example("forks", rest)),
        ["bench", "peers", rest @ ..] => setup::prepare().and_then(|()| build::bench_peers(rest)),
        ["bench", "masks", rest @ ..] => build::bench_masks(rest),
        ["conformance", rest @ ..] => build::conformance(rest),
        ["soak", "runs", rest @ ..] => setup::prepare().and_then(|()| build::example("runs", rest)),
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
