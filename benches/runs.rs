//! Whether runs leave anything behind: `cargo xtask soak runs [COUNT]`.
//!
//! Runs of several kinds follow each other on the reference model, some of them ended half way, and the memory of the
//! process is shown as they go on. It grows while constraints are made and memory is first used; after the first third it
//! has to stay, or this ends with an error. Where the system does not tell (it is Linux that does), the runs alone count.

use std::error::Error;
use std::fs;
use std::io::Write;

use agentc::store::REFERENCE_MODEL;
use agentc::{Engine, Error as RunError, Program};

const SOURCES: [&str; 5] = [
    "input n: int\n\"Item {{ n }} costs {{ gen x: int(1..99) }} and is {{ select y from [\"new\", \"used\"] }}.\"\nreturn x\n",
    "input n: int\nuser \"Say a word that begins like {{ n }}.\"\nlet xs = fork 3 as i {\n  assistant gen x: /[a-z]{3,8}/\n  \
     yield x\n}\nreturn xs\n",
    "input n: int\n\"{{ n }}: {{ gen xs: /[a-z]{2,5}/ with n = 3, temp = 1 }}{{ score(\"ok\") }}\"\nreturn xs\n",
    "input n: int\n\"As JSON, number {{ n }}: {{ gen x: {name: /[A-Z][a-z]{2,6}/, age: int(1..99)} }}\"\nreturn x\n",
    "input n: int\n\"Text {{ n }}: {{ gen x with max = 12 }}\"\nreturn x\n",
];

/// What the process may grow by after the first third, in kB: what allocators keep for later varies by as much.
const SLACK: u64 = 8 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let count: usize = std::env::args().nth(1).map_or(Ok(1000), |word| word.parse())?;
    let engine = Engine::builder().model(REFERENCE_MODEL).context(1024).build()?;
    let programs: Result<Vec<Program>, _> =
        SOURCES.iter().map(|source| Program::from_source("runs.agent", source)).collect();
    let programs = programs?;
    let mut out = std::io::stdout().lock();
    let mut sizes = Vec::new();
    for number in 0..count {
        let program = &programs[number % programs.len()];
        // Every seventh has fewer tokens than it needs, and ends with an error.
        let most = if number % 7 == 6 { 2 } else { 1000 };
        let run = engine.run(program).input("n", number as i64 % 50).max_tokens(most);
        match run.start() {
            Ok(_) | Err(RunError::Run(_)) => {}
            Err(error) => return Err(error.into()),
        }
        if number % count.div_ceil(10) == 0 || number + 1 == count {
            let size = resident();
            sizes.push(size);
            writeln!(out, "{number:>8} runs {:>10} kB", size.unwrap_or_default())?;
        }
    }
    match (sizes.get(sizes.len() / 3).copied().flatten(), sizes.last().copied().flatten()) {
        (Some(before), Some(after)) if after > before + SLACK => {
            Err(format!("the process grew from {before} to {after} kB").into())
        }
        _ => Ok(()),
    }
}

/// Bytes of this process that are in memory, in kB.
fn resident() -> Option<u64> {
    let table = fs::read_to_string("/proc/self/status").ok()?;
    let line = table.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
