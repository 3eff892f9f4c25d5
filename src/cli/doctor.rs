//! `agentc doctor`: what is on this machine, and what keeps a program from running on it.

use agentc::model::llama::devices::{self, Device};
use agentc::model::llama::proof::{self, Speed};
use agentc::store::{REFERENCE_MODEL, Store, StoreError};

use super::args::{DoctorArgs, Look};
use super::model::size;
use super::output::Terminal;
use super::{Exit, load, print};

/// How a finding is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Ok,
    /// Works, but not well.
    Warn,
    /// Does not work.
    Fail,
}

struct Finding {
    level: Level,
    what: &'static str,
    text: String,
}

/// Exit 7 if no program could run.
pub(super) fn doctor(args: &DoctorArgs, look: Look) -> Exit {
    let mut findings = vec![version(), cpu(), instructions(), threads(), gpu()];
    let name = args.model.as_deref().unwrap_or(REFERENCE_MODEL);
    match Store::open() {
        Ok(store) => {
            findings.extend([cache(&store), models(&store), model(&store, name)]);
            let there = findings.last().is_some_and(|model| model.level == Level::Ok);
            findings.extend(there.then(|| speed(name)));
        }
        Err(error) => findings.push(fail("cache", &error)),
    }
    let color = Terminal::new(look.color).color_out;
    let shown = findings.iter().filter(|finding| !look.quiet || finding.level != Level::Ok);
    let text: String = shown.map(|finding| line(finding, color)).collect();
    print(text.as_bytes())?;
    let failed = findings.iter().any(|finding| finding.level == Level::Fail);
    Ok(if failed { 7 } else { 0 })
}

fn line(finding: &Finding, color: bool) -> String {
    let (word, paint) = match finding.level {
        Level::Ok => ("ok", "32"),
        Level::Warn => ("warn", "33"),
        Level::Fail => ("fail", "31"),
    };
    let word = if color { format!("\x1b[{paint}m{word:4}\x1b[0m") } else { format!("{word:4}") };
    format!("{word}  {:8} {}\n", finding.what, finding.text)
}

fn ok(what: &'static str, text: String) -> Finding {
    Finding { level: Level::Ok, what, text }
}

fn fail(what: &'static str, error: &StoreError) -> Finding {
    let hint = error.hint().map(|hint| format!(": {hint}")).unwrap_or_default();
    Finding { level: Level::Fail, what, text: format!("{error}{hint}") }
}

fn version() -> Finding {
    let target = format!("{} {}", std::env::consts::ARCH, std::env::consts::OS);
    ok("agentc", format!("{} for {target}", env!("CARGO_PKG_VERSION")))
}

/// An instruction set that llama.cpp profits from.
struct Feature {
    /// llama.cpp's word for it.
    word: &'static str,
    /// Whether the CPU has it; `None` where neither Rust nor the system tells.
    has: Option<bool>,
}

#[cfg(target_arch = "x86_64")]
fn features(flags: &[String]) -> Vec<Feature> {
    macro_rules! known {
        ($($word:literal $name:tt),* $(,)?) => {
            vec![$(Feature { word: $word, has: Some(std::is_x86_feature_detected!($name)) }),*]
        };
    }
    let mut all = known![
        "SSE3" "sse3", "AVX" "avx", "AVX2" "avx2", "F16C" "f16c", "FMA" "fma", "BMI2" "bmi2",
        "AVX512" "avx512f", "AVX512_VBMI" "avx512vbmi", "AVX512_VNNI" "avx512vnni", "AVX512_BF16" "avx512bf16",
    ];
    all.push(Feature { word: "AMX_INT8", has: told(flags, "amx_int8") });
    all
}

#[cfg(target_arch = "aarch64")]
fn features(flags: &[String]) -> Vec<Feature> {
    let known = [
        ("NEON", "asimd"),
        ("ARM_FMA", "asimd"),
        ("FP16_VA", "asimdhp"),
        ("DOTPROD", "asimddp"),
        ("MATMUL_INT8", "i8mm"),
        ("SVE", "sve"),
        ("SME", "sme"),
    ];
    known.map(|(word, linux)| Feature { word, has: told(flags, linux) }).into()
}

/// Nothing is known of other CPUs.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn features(_: &[String]) -> Vec<Feature> {
    Vec::new()
}

/// Whether the system lists a feature, by the name that Linux has for it.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn told(flags: &[String], name: &str) -> Option<bool> {
    (!flags.is_empty()).then(|| flags.iter().any(|flag| flag == name))
}

/// What the system says that the CPU has (Linux); nothing elsewhere.
fn flags() -> Vec<String> {
    let table = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = table.lines().find(|line| line.starts_with("flags") || line.starts_with("Features"));
    let flags = line.and_then(|line| line.split_once(':')).map_or("", |(_, flags)| flags);
    flags.split_whitespace().map(str::to_owned).collect()
}

/// Whether the instructions that this build was made for are those of the CPU.
fn cpu() -> Finding {
    let (used, all) = (proof::instructions(), features(&flags()));
    // Those that the CPU has, or has not, and that the build uses, or does not.
    let names = |has: bool, uses: bool| {
        let is_used = |feature: &&Feature| used.iter().any(|word| word == feature.word) == uses;
        let kept = all.iter().filter(|feature| feature.has == Some(has)).filter(is_used);
        kept.map(|feature| feature.word).collect::<Vec<_>>().join(", ")
    };
    let (alien, unused) = (names(false, true), names(true, false));
    let finding = |level, text| Finding { level, what: "cpu", text };
    if !alien.is_empty() {
        finding(
            Level::Fail,
            format!("this build needs {alien}, which the CPU lacks: build it again on this machine"),
        )
    } else if !unused.is_empty() {
        let text = format!(
            "this build does not use {unused}: models may run several times slower; build it on this machine, with \
             the flags of its `.cargo/config.toml`"
        );
        finding(Level::Warn, text)
    } else {
        finding(Level::Ok, "the build fits the CPU".to_owned())
    }
}

/// Which instructions llama.cpp evaluates with.
fn instructions() -> Finding {
    match proof::instructions() {
        none if none.is_empty() => ok("uses", "the baseline".to_owned()),
        words => ok("uses", words.join(", ")),
    }
}

fn threads() -> Finding {
    match std::thread::available_parallelism() {
        Ok(threads) => ok("threads", format!("{threads} may be used")),
        Err(error) => Finding { level: Level::Warn, what: "threads", text: format!("unknown: {error}") },
    }
}

/// What evaluates beside the CPU.
fn gpu() -> Finding {
    let found = devices::devices();
    if !devices::is_built_in() {
        let text = "this build uses none; `--features cuda`, `vulkan` or `metal` makes one that does";
        return ok("gpu", text.to_owned());
    }
    if found.is_empty() {
        let text = "this build could use one, and none is there: models are evaluated by the CPU".to_owned();
        return Finding { level: Level::Warn, what: "gpu", text };
    }
    let told = |Device { name, description, memory: (total, free) }: &Device| {
        format!("{name}: {description}, {} MB of {} MB free", free >> 20, total >> 20)
    };
    ok("gpu", found.iter().map(told).collect::<Vec<_>>().join("; "))
}

fn cache(store: &Store) -> Finding {
    let dir = store.cache();
    let probe = dir.join(format!(".doctor-{}", std::process::id()));
    let written = std::fs::create_dir_all(dir)
        .and_then(|()| std::fs::write(&probe, b""))
        .and_then(|()| std::fs::remove_file(&probe));
    match written {
        Ok(()) => ok("cache", dir.display().to_string()),
        Err(error) => {
            let text = format!(
                "`{}` cannot be written ({error}): set `AGENTC_CACHE` to another directory",
                dir.display()
            );
            Finding { level: Level::Warn, what: "cache", text }
        }
    }
}

fn models(store: &Store) -> Finding {
    match store.ls() {
        Ok(entries) if entries.is_empty() => ok("models", "none in the cache".to_owned()),
        Ok(entries) => {
            let names: Vec<String> =
                entries.iter().map(|entry| format!("{} ({})", entry.name, size(entry.bytes))).collect();
            ok("models", names.join(", "))
        }
        Err(error) => fail("models", &error),
    }
}

/// The model that a run would take, as far as its file says.
fn model(store: &Store, name: &str) -> Finding {
    match store.show(name) {
        Ok(details) => ok("model", format!("{}: {}", details.entry.name, details.description)),
        Err(error) => fail("model", &error),
    }
}

/// Whether it evaluates, and how fast.
fn speed(name: &str) -> Finding {
    match load::proving(name).measure() {
        Ok(speed) => {
            let Speed { alone, together } = speed;
            ok("speed", format!("{alone:.0} tokens/s alone, {together:.0} in a batch of 8"))
        }
        Err(error) => {
            let hint = error.hint().map(|hint| format!(": {hint}")).unwrap_or_default();
            Finding { level: Level::Fail, what: "speed", text: format!("{error}{hint}") }
        }
    }
}
