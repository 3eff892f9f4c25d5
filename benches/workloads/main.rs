//! The same workloads on this project and on guidance with llama-cpp-python, in turns: `cargo xtask bench peers`.
//!
//! Both sides have the same model file, threads and context, and choose greedily. Each keeps its process, and only one works
//! at a time; pairs begin with one side and the other in turns. A first pair is not counted. Beside each time of ours
//! stands its floor (`floor`), and every ratio beside its aim; nothing here asserts, since machines differ. Without a
//! Python that has guidance, ours runs alone on the reference model.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use agentc::store::{REFERENCE_MODEL, Store};
use serde_json::{Value as Json, json};

mod cases;
mod floor;
mod ours;
#[path = "../pass.rs"]
mod pass;
mod table;
mod theirs;

use cases::{Order, Part, WORKS, Work};
use floor::{Costs, Lane};
use ours::{Answer, Ours};
use table::Measured;
use theirs::{Python, Theirs};

const CONTEXT: u32 = 4096;

/// Cold start, which is a command and no workload.
const START: char = 'f';

struct Options {
    python: Option<Python>,
    folder: PathBuf,
    models: Vec<String>,
    pairs: usize,
    threads: u32,
    only: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    let reference = Store::open()?.resolve(REFERENCE_MODEL)?;
    let mut all = Vec::new();
    for name in &options.models {
        let model = file(&options, &reference, name)?;
        table::head(&format!(
            "{name}: {} threads, {} pairs; median (least–most)",
            options.threads, options.pairs
        ))?;
        let parts = compare(&options, &model)?;
        table::rest(&parts)?;
        let parts: Vec<Json> = parts.iter().map(Measured::to_json).collect();
        all.push(json!({ "model": name, "threads": options.threads, "parts": parts }));
    }
    std::fs::write(options.folder.join("peers.json"), serde_json::to_string_pretty(&all)?)?;
    Ok(())
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut options = Options {
        python: None,
        folder: "target/peers".into(),
        models: Vec::new(),
        pairs: 5,
        threads: std::thread::available_parallelism()?.get() as u32,
        only: "aAbcdefg".into(),
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("`{word}` needs a value"))?;
        match word.as_str() {
            "--python" => {
                let script = "benches/workloads/peer.py".into();
                options.python = Some(Python { python: value.into(), script });
            }
            "--folder" => options.folder = value.into(),
            "--models" => options.models = value.split(',').map(str::to_owned).collect(),
            "--pairs" => options.pairs = value.parse()?,
            "--threads" => options.threads = value.parse()?,
            "--only" => options.only = value,
            _ => return Err(format!("`{word}` is no option: --models, --pairs, --threads, --only").into()),
        }
    }
    if options.models.is_empty() {
        let both = ["q4_0".to_owned(), "q8_0".to_owned()];
        options.models = if options.python.is_some() { both.into() } else { vec!["q4_1".into()] };
    }
    std::fs::create_dir_all(&options.folder)?;
    Ok(options)
}

/// The file of a type: the reference model itself, or what llama.cpp makes of it.
fn file(options: &Options, reference: &Path, kind: &str) -> Result<String, Box<dyn Error>> {
    let path = match (kind, &options.python) {
        ("q4_1", _) => reference.to_owned(),
        ("q4_0" | "q8_0", Some(python)) => {
            let path = options.folder.join(format!("{REFERENCE_MODEL}.{kind}.gguf"));
            python.quantise(reference, &path, kind)?;
            path
        }
        ("q4_0" | "q8_0", None) => {
            return Err(format!("{kind} is made by Python; q4_1 is there without").into());
        }
        _ => return Err(format!("`{kind}` is no type of model here: q4_0, q8_0, q4_1").into()),
    };
    Ok(path.to_string_lossy().into_owned())
}

/// All workloads on one model.
fn compare(options: &Options, model: &str) -> Result<Vec<Measured>, Box<dyn Error>> {
    let costs = Costs::measure(model, options.threads, CONTEXT)?;
    let mut sides = Sides {
        ours: Ours::load(model, options.threads, CONTEXT)?,
        theirs: match &options.python {
            Some(python) => Some(Theirs::start(python, model, options.threads, CONTEXT)?),
            None => None,
        },
    };
    let (mut all, mut salt) = (Vec::new(), 0);
    for work in WORKS.iter().filter(|work| options.only.contains(work.key)) {
        let mut rounds = Vec::new();
        for pair in 0..=options.pairs {
            salt += 1;
            rounds.push(sides.pair(work, salt, pair % 2 == 0)?);
        }
        // The first one has met new masks and new code.
        rounds.remove(0);
        let fresh = Ours::load(model, options.threads, CONTEXT)?;
        let before = all.len();
        for (at, part) in work.parts.iter().enumerate() {
            let rounds: Vec<&Pair> = rounds.iter().map(|parts| &parts[at]).collect();
            all.push(measured(work, part, &work.asks(salt)[at], &rounds, (&costs, &fresh))?);
        }
        table::lines(&all[before..])?;
    }
    drop(sides);
    if options.only.contains(START) {
        all.push(cold(options, model, &costs)?);
        table::lines(&all[all.len() - 1..])?;
    }
    Ok(all)
}

/// What both sides answered to one question; theirs if it is there.
struct Pair {
    ours: Answer,
    theirs: Option<Answer>,
}

struct Sides {
    ours: Ours,
    theirs: Option<Theirs>,
}

impl Sides {
    /// All parts of a workload on one side, then on the other.
    fn pair(&mut self, work: &Work, salt: u32, ours_first: bool) -> Result<Vec<Pair>, Box<dyn Error>> {
        let asks = work.asks(salt);
        let (ours, theirs);
        if ours_first {
            ours = self.ours(work, &asks)?;
            theirs = self.theirs(&asks)?;
        } else {
            theirs = self.theirs(&asks)?;
            ours = self.ours(work, &asks)?;
        }
        Ok(ours.into_iter().zip(theirs).map(|(ours, theirs)| Pair { ours, theirs }).collect())
    }

    fn ours(&mut self, work: &Work, asks: &[Json]) -> Result<Vec<Answer>, Box<dyn Error>> {
        asks.iter().zip(work.parts).map(|(ask, part)| self.ours.answer(ask, part.order)).collect()
    }

    fn theirs(&mut self, asks: &[Json]) -> Result<Vec<Option<Answer>>, Box<dyn Error>> {
        let answer = |ask| self.theirs.as_mut().map(|theirs| theirs.answer(ask)).transpose();
        asks.iter().map(answer).collect()
    }
}

fn measured(
    work: &Work,
    part: &Part,
    ask: &Json,
    rounds: &[&Pair],
    (costs, fresh): (&Costs, &Ours),
) -> Result<Measured, Box<dyn Error>> {
    let (serial, _) = fresh.trace(ask, Order::After)?;
    let (_, lanes) = fresh.trace(ask, part.order)?;
    Ok(Measured {
        key: work.key,
        name: part.name,
        aim: part.aim,
        ours: rounds.iter().map(|pair| pair.ours.seconds).collect(),
        theirs: rounds.iter().filter_map(|pair| pair.theirs.as_ref()).map(|answer| answer.seconds).collect(),
        floor: costs.floor(&lanes, part.order, part.warm),
        remark: rounds.last().map_or(String::new(), |pair| remark(pair, &serial, &lanes, part.order)),
    })
}

/// How the texts of the last pair compare, and how much was read and chosen.
fn remark(pair: &Pair, serial: &[String], lanes: &[Lane], order: Order) -> String {
    let same = |one: &[String], other: &[String]| one.iter().zip(other).filter(|(a, b)| a == b).count();
    let count = pair.ours.texts.len();
    let (read, chosen, forced) = floor::sizes(lanes);
    let mut parts = vec![format!("{read} tokens read, {chosen} chosen, {forced} between")];
    if order == Order::Beside {
        let equal = same(&pair.ours.texts, serial);
        parts.push(format!("{equal} of {count} as one after the other"));
    }
    if let Some(theirs) = &pair.theirs {
        let characters = |texts: &[String]| texts.iter().map(|text| text.chars().count()).sum::<usize>();
        parts.push(format!(
            "{} of {count} as guidance's ({} characters, {})",
            same(&pair.ours.texts, &theirs.texts),
            characters(&pair.ours.texts),
            characters(&theirs.texts)
        ));
    }
    parts.join("; ")
}

/// A one-line program as a process, from its start to its end.
fn cold(options: &Options, model: &str, costs: &Costs) -> Result<Measured, Box<dyn Error>> {
    let agentc = std::env::current_exe()?.with_file_name("").join("../agentc");
    let threads = options.threads.to_string();
    let ours = || {
        let mut command = Command::new(&agentc);
        command.args(["run", "examples/paris.agent", "--model", model, "--threads", &threads]);
        process(command)
    };
    let theirs = || -> Result<Option<f64>, Box<dyn Error>> {
        let python = options.python.as_ref();
        python.map(|python| process(python.command(&["once", model, &threads, "4096"]))).transpose()
    };
    let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
    for pair in 0..=options.pairs {
        let first = if pair % 2 == 0 { Some(ours()?) } else { None };
        let their_time = theirs()?;
        let our_time = first.map_or_else(ours, Ok)?;
        if pair > 0 {
            our_times.push(our_time);
            their_times.extend(their_time);
        }
    }
    // Loading, a prompt of six tokens, and a word of one.
    let floor = costs.load + costs.few(6) + costs.few(1);
    let (name, remark) = ("cold start of a one-line program", String::new());
    Ok(Measured { key: START, name, aim: 6.0, ours: our_times, theirs: their_times, floor, remark })
}

fn process(mut command: Command) -> Result<f64, Box<dyn Error>> {
    let started = Instant::now();
    let status = command.stdout(Stdio::null()).status()?;
    let seconds = started.elapsed().as_secs_f64();
    if status.success() { Ok(seconds) } else { Err(format!("{command:?} failed").into()) }
}
