//! What a `fork` costs beyond its trunk: `cargo xtask bench forks`.
//!
//! Four branches continue a trunk of some 4,000 tokens, which is read once: so they should cost what one branch reads, and
//! what they write. Nothing here asserts, since machines differ.

use std::error::Error;
use std::io::Write;
use std::time::{Duration, Instant};

use agentc::store::REFERENCE_MODEL;
use agentc::{Engine, Outcome, Program};

/// Repeated, it is the trunk.
const SENTENCE: &str =
    "The keeper of the lighthouse wrote down every ship that passed, and the weather of the day. ";

const REPEATS: usize = 200;

const PAIRS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let engine = Engine::builder().model(REFERENCE_MODEL).context(8192).build()?;
    let program = Program::from_source(
        "forks.agent",
        "input trunk: str\ninput branches: int\n\"{{ trunk }}\"\nlet all = fork branches as i {\n  \
         \"Day {{ i }}:{{ gen day with max = 24, min = 24 }}\"\n  yield day\n}\nreturn all\n",
    )?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{:>10} {:>12} {:>12} {:>12} {:>12}", "", "seconds", "tokens read", "written", "passes")?;
    let (mut one, mut four) = (Vec::new(), Vec::new());
    for pair in 0..PAIRS {
        one.push(measure(&engine, &program, pair * 2, 1)?);
        four.push(measure(&engine, &program, pair * 2 + 1, 4)?);
    }
    let (alone, outcome) = least(one)?;
    let reading = outcome.usage().prefill_us;
    print(&mut out, "one", alone, &outcome)?;
    let (together, outcome) = least(four)?;
    print(&mut out, "four", together, &outcome)?;
    let least = Duration::from_micros(reading + outcome.usage().decode_us);
    let above = together.as_secs_f64() / least.as_secs_f64();
    writeln!(out, "four take {above:.3} times what one reads and they write (aim 1.05)")?;
    Ok(())
}

/// A run over a trunk that nobody has read.
fn measure(
    engine: &Engine,
    program: &Program,
    salt: usize,
    branches: i64,
) -> Result<(Duration, Outcome), Box<dyn Error>> {
    let trunk = format!("Book {salt}. {}", SENTENCE.repeat(REPEATS));
    let started = Instant::now();
    let outcome = engine.run(program).input("trunk", trunk).input("branches", branches).start()?;
    Ok((started.elapsed(), outcome))
}

fn least(runs: Vec<(Duration, Outcome)>) -> Result<(Duration, Outcome), Box<dyn Error>> {
    runs.into_iter().min_by_key(|(time, _)| *time).ok_or_else(|| "nothing was measured".into())
}

fn print(out: &mut impl Write, name: &str, time: Duration, outcome: &Outcome) -> std::io::Result<()> {
    let usage = outcome.usage();
    writeln!(
        out,
        "{name:>10} {:>12.2} {:>12} {:>12} {:>12}",
        time.as_secs_f64(),
        usage.prompt_tokens - usage.cached_tokens,
        usage.generated_tokens,
        usage.forward_passes
    )
}
