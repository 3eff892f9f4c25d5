//! What the engine costs, on the reference model: `cargo xtask bench`.
//!
//! Prints a table and writes it as JSON to `target/bench.json`. Each figure is shown beside its aim; nothing
//! here asserts, since machines differ. This is an example rather than a Cargo bench, which would compile
//! llama.cpp a second time for another profile.

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use agentc::model::llama::Vocabulary;
use agentc::store::{REFERENCE_MODEL, Store};
use agentc::{Engine, Program};
use agentc_constraint::spec::{Spec, Stop};
use agentc_constraint::{Constraint, Limits, Matcher, Vocab, build};
use serde_json::{Value, json};

/// A measured figure, its unit, and what it is held against.
struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    aim: Option<f64>,
}

impl Figure {
    fn new(name: impl Into<String>, value: f64, unit: &'static str, aim: impl Into<Option<f64>>) -> Figure {
        Figure { name: name.into(), value, unit, aim: aim.into() }
    }

    fn to_json(&self) -> Value {
        json!({ "name": self.name, "value": self.value, "unit": self.unit, "aim": self.aim })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let model = Store::open()?.resolve(REFERENCE_MODEL)?;
    let mut figures = vec![cold_start()?];
    figures.extend(checks()?);
    figures.extend(masks(&model)?);
    figures.extend(tokens()?);
    let out = PathBuf::from("target/bench.json");
    let list: Vec<Value> = figures.iter().map(Figure::to_json).collect();
    std::fs::write(&out, serde_json::to_string_pretty(&list)?)?;
    print(&figures, &out)?;
    Ok(())
}

fn print(figures: &[Figure], json: &Path) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for Figure { name, value, unit, aim } in figures {
        let aim = aim.map_or(String::new(), |aim| format!("(aim {aim} {unit})"));
        writeln!(out, "{name:<52} {value:>10.3} {unit:<3} {aim}")?;
    }
    writeln!(out, "written to {}", json.display())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// The median time of a command of this build, from the start of the process to its end.
fn process(arguments: &[&str]) -> Result<f64, Box<dyn Error>> {
    let binary = std::env::current_exe()?.with_file_name("").join("../agentc");
    let once = || -> Result<Duration, Box<dyn Error>> {
        let started = Instant::now();
        let status = Command::new(&binary).args(arguments).stdout(Stdio::null()).status()?;
        if status.success() { Ok(started.elapsed()) } else { Err("agentc failed".into()) }
    };
    once()?;
    let times: Result<Vec<Duration>, _> = (0..7).map(|_| once()).collect();
    Ok(median(times?).as_secs_f64())
}

/// The one-line program of the README.
fn cold_start() -> Result<Figure, Box<dyn Error>> {
    let time = process(&["run", "examples/paris.agent"])?;
    Ok(Figure::new("cold start of a one-line program", time, "s", 0.6))
}

/// Checking programs of growing length.
fn checks() -> Result<Vec<Figure>, Box<dyn Error>> {
    let mut figures = Vec::new();
    for (lines, aim) in [(10, Some(0.02)), (1_000, None), (10_000, Some(1.0)), (20_000, None)] {
        let path = std::env::temp_dir().join(format!("agentc-bench-{}-{lines}.agent", std::process::id()));
        std::fs::write(&path, long_program(lines))?;
        let time = process(&["check", &path.to_string_lossy()]);
        std::fs::remove_file(&path)?;
        figures.push(Figure::new(format!("check, {lines} lines"), time?, "s", aim));
    }
    Ok(figures)
}

/// A program of about so many lines: agents of ten that prompt, generate, loop and decide.
fn long_program(lines: usize) -> String {
    let agent = |at: usize| {
        format!(
            "agent step_{at}(topic: str) -> str {{\n  system \"You are brief.\"\n  let notes = [\"a\", \"b\", topic]\n  \
             for note in notes {{\n    user \"Is {{{{ note }}}} about {{{{ topic }}}}?\"\n    assistant gen verdict: \"yes\" | \"no\"\n    \
             if verdict == \"yes\" {{ return note | trim }}\n  }}\n  return \"none of {{{{ len(notes) }}}}\"\n}}\n"
        )
    };
    let agents = (lines / 10).max(1);
    let calls: Vec<String> = (0..agents).map(|at| format!("step_{at}(\"x\")")).collect();
    let main = format!("agent main() {{\n  print [{}]\n}}\n", calls.join(", "));
    (0..agents).map(agent).chain([main]).collect()
}

struct Case {
    name: &'static str,
    spec: Spec,
    /// Written before the mask that is timed.
    prefix: &'static str,
    aim: f64,
}

fn masks(model: &Path) -> Result<Vec<Figure>, Box<dyn Error>> {
    let opened = Vocabulary::open(REFERENCE_MODEL, model)?;
    let vocab = opened.vocab();
    let regex = |pattern: &str| Spec::Regex { pattern: pattern.into() };
    let text = Box::new(Spec::Text { min: 0, max: None });
    let cases = [
        Case { name: "integer", spec: regex("-?[1-9][0-9]*"), prefix: "", aim: 5.0 },
        Case {
            name: "JSON string",
            spec: regex(r#""([^"\\\x00-\x1f]|\\["\\/bfnrt])*""#),
            prefix: "\"a",
            aim: 15.0,
        },
        Case {
            name: "free text with a stop",
            spec: Spec::Until { value: text, stops: vec![Stop::Text { text: "\n".into() }] },
            prefix: "a",
            aim: 15.0,
        },
        Case {
            name: "bounded JSON string",
            spec: regex(r#""[^"\\\x00-\x1f]{0,1024}""#),
            prefix: "\"a",
            aim: 15.0,
        },
    ];
    let mut figures = Vec::new();
    for case in &cases {
        figures.extend(mask(case, vocab)?);
    }
    Ok(figures)
}

/// Build, first visit of a state by a new constraint, a visit with the automaton known, a cached visit.
fn mask(case: &Case, vocab: &Arc<Vocab>) -> Result<Vec<Figure>, Box<dyn Error>> {
    let limits = Limits::default();
    let (mut builds, mut firsts, mut walks, mut cached) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..201 {
        let started = Instant::now();
        let pattern = build(&case.spec, &[], &limits)?;
        builds.push(started.elapsed());
        let constraint = Constraint::new(pattern, vocab.clone(), limits.clone());
        let mut matcher = Matcher::new(&constraint, b"", 1_000_000)?;
        for token in vocab.fewest_tokens(case.prefix.as_bytes()).unwrap_or_default() {
            matcher.commit(token)?;
        }
        let mut visit = |times: &mut Vec<Duration>| -> Result<(), Box<dyn Error>> {
            let started = Instant::now();
            std::hint::black_box(matcher.mask()?);
            times.push(started.elapsed());
            Ok(())
        };
        visit(&mut firsts)?;
        visit(&mut cached)?;
        constraint.clear_masks();
        visit(&mut walks)?;
    }
    let name = case.name;
    Ok(vec![
        Figure::new(format!("{name}: automaton built"), micros(median(builds)), "µs", None),
        Figure::new(format!("{name}: first visit of a state"), micros(median(firsts)), "µs", case.aim),
        Figure::new(format!("{name}: mask computed again"), micros(median(walks)), "µs", None),
        Figure::new(format!("{name}: cached mask"), micros(median(cached)), "µs", 0.5),
    ])
}

/// What a generated token costs beyond the model's own work.
fn tokens() -> Result<Vec<Figure>, Box<dyn Error>> {
    let engine = Engine::builder().build()?;
    let mut figures = Vec::new();
    for (name, source) in [
        ("free text", "\"Once upon a time\"\ngen story with max = 128, temp = 0"),
        ("regex", "\"Once upon a time \"\ngen story: /([a-zA-Z',]+ ){8,400}/ with max = 128"),
        ("regex short of tokens", "\"Once upon a time \"\ngen story: /([a-z]+ ){50,200}/ with max = 128"),
        ("sampled", "\"Once upon a time\"\ngen story with max = 128, temp = 1.0, top_p = 0.9"),
    ] {
        let program = Program::from_source("bench.agent", source)?;
        let run = || -> Result<(f64, f64), Box<dyn Error>> {
            let started = Instant::now();
            let outcome = engine.run(&program).start()?;
            let (wall, usage) = (started.elapsed(), outcome.usage());
            let model = (usage.decode_us + usage.prefill_us) as f64;
            let tokens = usage.generated_tokens.max(1) as f64;
            Ok(((micros(wall) - model) / tokens, model / tokens))
        };
        run()?;
        let mut runs: Vec<(f64, f64)> = (0..5).map(|_| run()).collect::<Result<_, _>>()?;
        runs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (extra, model) = runs[runs.len() / 2];
        figures.push(Figure::new(format!("{name}: the model's work per token"), model, "µs", None));
        figures.push(Figure::new(format!("{name}: overhead per token"), extra, "µs", None));
        figures.push(Figure::new(format!("{name}: overhead"), 100.0 * extra / model, "%", 3.0));
    }
    Ok(figures)
}
