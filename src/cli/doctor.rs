//! `agentc doctor`: what is on this machine, and what keeps a program from running on it.

use agentc::store::{REFERENCE_MODEL, Store, StoreError};

use super::args::{DoctorArgs, Look};
use super::model::size;
use super::output::Terminal;
use super::{Exit, print};

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
    let mut findings = vec![version(), cpu(), threads()];
    match Store::open() {
        Ok(store) => findings.extend([cache(&store), models(&store), model(&store, args.model.as_deref())]),
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

/// Features that llama.cpp profits from: whether the CPU has them, and whether this build uses them.
#[cfg(target_arch = "x86_64")]
fn features() -> Vec<(&'static str, bool, bool)> {
    macro_rules! features {
        ($($name:tt),*) => {
            vec![$(($name, std::is_x86_feature_detected!($name), cfg!(target_feature = $name))),*]
        };
    }
    features![
        "sse4.2",
        "avx",
        "avx2",
        "fma",
        "f16c",
        "bmi2",
        "avx512f",
        "avx512bw",
        "avx512vl",
        "avx512vnni",
        "avx512bf16"
    ]
}

/// Other CPUs have what matters in their baseline.
#[cfg(not(target_arch = "x86_64"))]
fn features() -> Vec<(&'static str, bool, bool)> {
    Vec::new()
}

fn cpu() -> Finding {
    let all = features();
    let names = |keep: &dyn Fn(bool, bool) -> bool| {
        let kept = all.iter().filter(|(_, cpu, build)| keep(*cpu, *build));
        kept.map(|(name, _, _)| *name).collect::<Vec<_>>().join(", ")
    };
    let alien = names(&|cpu, build| build && !cpu);
    let unused = names(&|cpu, build| cpu && !build);
    let used = names(&|cpu, build| cpu && build);
    if !alien.is_empty() {
        let text = format!("this build needs {alien}, which the CPU lacks: build it again on this machine");
        Finding { level: Level::Fail, what: "cpu", text }
    } else if !unused.is_empty() {
        let text = format!(
            "this build does not use {unused}: models may run several times slower; build with `-C target-cpu=native`"
        );
        Finding { level: Level::Warn, what: "cpu", text }
    } else if all.is_empty() {
        ok("cpu", "the build's baseline fits".to_owned())
    } else {
        ok("cpu", format!("the build uses all that the CPU has: {used}"))
    }
}

fn threads() -> Finding {
    match std::thread::available_parallelism() {
        Ok(threads) => ok("threads", format!("{threads} may be used")),
        Err(error) => Finding { level: Level::Warn, what: "threads", text: format!("unknown: {error}") },
    }
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
fn model(store: &Store, name: Option<&str>) -> Finding {
    match store.show(name.unwrap_or(REFERENCE_MODEL)) {
        Ok(details) => ok("model", format!("{}: {}", details.entry.name, details.description)),
        Err(error) => fail("model", &error),
    }
}
