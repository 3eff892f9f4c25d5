//! What the checker says about `null`, about unbound captures and about members of unions is true: random programs that
//! it accepts are run, on every input, by a small machine.

#[path = "../common/mod.rs"]
mod common;
mod machine;
mod null;
mod tags;

use agentc_compiler::ir::Program;
use agentc_compiler::source::NoFiles;
use agentc_compiler::{Options, compile};

/// Runs those of some random programs that compile; how many these are, and how many of them use what they test.
fn run_accepted(seeds: u64, program: fn(u64) -> String, run: fn(&Program), uses: &str) -> (usize, usize) {
    let (mut accepted, mut used) = (0, 0);
    for seed in 0..seeds {
        let text = program(seed);
        let compiled = compile("random.agent", text.as_bytes(), &NoFiles, &Options::default());
        let Some(compiled) = compiled.program else { continue };
        accepted += 1;
        used += usize::from(text.contains(uses));
        let done = std::panic::catch_unwind(|| run(&compiled));
        assert!(done.is_ok(), "{text}\n{compiled}");
    }
    (accepted, used)
}

#[test]
fn accepted_programs_never_meet_null() {
    let (accepted, used) = run_accepted(5_000, null::random_program, null::run_on_every_input, "+ 1");
    assert!(accepted > 1_500 && used > 1_000, "{accepted} {used}");
}

#[test]
fn accepted_programs_never_read_a_field_of_another_member() {
    let (accepted, used) = run_accepted(20_000, tags::random_program, tags::run_on_every_input, "+ 1");
    assert!(accepted > 1_000 && used > 600, "{accepted} {used}");
}
