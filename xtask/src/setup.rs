//! What the C++ part needs: cmake, a C++ compiler, and the libclang that bindgen loads; and curl, which fetches models.
//!
//! What exists is left alone; what is missing is installed if that is possible without asking (apt-get as
//! root, or with a sudo that works), and otherwise named in one instruction.

use std::fs;
use std::path::{Path, PathBuf};

use crate::system::{Failure, Outcome, answers, output, run, step};

/// Something the build needs.
struct Need {
    name: &'static str,
    /// Debian's package.
    apt: &'static str,
    /// Homebrew's package; Xcode's tools bring the compiler.
    brew: &'static str,
    found: fn() -> Option<String>,
}

const NEEDS: [Need; 5] = [
    Need { name: "cmake", apt: "cmake", brew: "cmake", found: cmake },
    Need { name: "a C++ compiler", apt: "g++", brew: "", found: compiler },
    Need { name: "make or ninja", apt: "make", brew: "make", found: make },
    Need { name: "libclang", apt: "libclang-dev", brew: "llvm", found: libclang },
    Need { name: "curl", apt: "curl", brew: "curl", found: curl },
];

/// Finds or installs everything.
pub(crate) fn prepare() -> Outcome {
    let missing = check();
    if missing.is_empty() {
        return Ok(());
    }
    install(&missing)?;
    let missing = check();
    if missing.is_empty() { Ok(()) } else { Err(instruction(&missing)) }
}

fn run_apt(prefix: &[&str], arguments: &[&str]) -> Outcome {
    let mut words = prefix.to_vec();
    words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    words.extend(arguments);
    let program = words.remove(0);
    run(program, &words, &[])
}

fn check() -> Vec<&'static Need> {
    let mut missing = Vec::new();
    for need in &NEEDS {
        match (need.found)() {
            Some(place) => step(&format!("found {}: {place}", need.name)),
            None => {
                step(&format!("{} is missing", need.name));
                missing.push(need);
            }
        }
    }
    missing
}

fn install(missing: &[&Need]) -> Outcome {
    if cfg!(target_os = "macos") || !answers("apt-get", &["--version"]) {
        return Err(instruction(missing));
    }
    let root = output("id", &["-u"]).as_deref() == Some("0");
    let sudo = || answers("sudo", &["-n", "true"]);
    let prefix: &[&str] = match root {
        true => &[],
        false if sudo() => &["sudo", "-n"],
        false => return Err(instruction(missing)),
    };
    // An outdated list often still works.
    if run_apt(prefix, &["update", "-qq"]).is_err() {
        step("the package lists could not be updated; trying the existing ones");
    }
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(missing.iter().map(|need| need.apt));
    run_apt(prefix, &arguments).map_err(|_| instruction(missing))
}

/// One clear thing to do by hand.
fn instruction(missing: &[&Need]) -> Failure {
    let names: Vec<&str> = missing.iter().map(|need| need.name).collect();
    let list = |word: fn(&Need) -> &'static str| {
        let words: Vec<&str> =
            missing.iter().map(|need| word(need)).filter(|word| !word.is_empty()).collect();
        words.join(" ")
    };
    let what = if cfg!(target_os = "macos") {
        let brew = list(|need| need.brew);
        match brew.is_empty() {
            true => "xcode-select --install".into(),
            false => format!("xcode-select --install; brew install {brew}"),
        }
    } else if answers("apt-get", &["--version"]) {
        format!("sudo apt-get update && sudo apt-get install {}", list(|need| need.apt))
    } else if answers("dnf", &["--version"]) {
        "sudo dnf install cmake gcc-c++ make clang-devel curl".into()
    } else if answers("pacman", &["--version"]) {
        "sudo pacman -S --needed cmake gcc make clang curl".into()
    } else {
        "install them with your system's package manager (libclang may also be named by LIBCLANG_PATH)".into()
    };
    Failure::new(format!(
        "error: the build needs {}, and this cannot be installed from here\nhint: run this, then the same command again:\n\n  {what}\n",
        names.join(", ")
    ))
}

fn first_line(text: String) -> Option<String> {
    text.lines().next().map(str::to_owned)
}

fn cmake() -> Option<String> {
    let program = std::env::var("CMAKE").unwrap_or_else(|_| "cmake".into());
    output(&program, &["--version"]).and_then(first_line)
}

fn compiler() -> Option<String> {
    let chosen = std::env::var("CXX").ok();
    let programs = chosen.iter().map(String::as_str).chain(["c++", "g++", "clang++"]);
    programs.into_iter().find_map(|program| output(program, &["--version"]).and_then(first_line))
}

fn curl() -> Option<String> {
    output("curl", &["--version"]).and_then(first_line)
}

fn make() -> Option<String> {
    ["make", "gmake", "ninja"].iter().find_map(|program| output(program, &["--version"]).and_then(first_line))
}

/// Looks where bindgen does: `LIBCLANG_PATH`, what llvm-config says, the linker's cache, usual folders.
fn libclang() -> Option<String> {
    if let Some(path) = std::env::var_os("LIBCLANG_PATH").map(PathBuf::from) {
        return if path.is_file() { Some(path.display().to_string()) } else { library_in(&path) };
    }
    let config = std::env::var("LLVM_CONFIG_PATH").unwrap_or_else(|_| "llvm-config".into());
    let told = output(&config, &["--libdir"]).map(PathBuf::from);
    let cached = output("ldconfig", &["-p"]).or_else(|| output("/sbin/ldconfig", &["-p"]));
    let cached = cached.iter().flat_map(|list| list.lines());
    let cached = cached.filter(|line| line.contains("libclang.so") || line.contains("libclang-"));
    let cached = cached.filter(|line| !line.contains("libclang-cpp"));
    let cached =
        cached.filter_map(|line| Some(Path::new(line.split("=> ").nth(1)?.trim()).parent()?.to_owned()));
    let library =
        told.into_iter().chain(cached).chain(usual_folders()).find_map(|folder| library_in(&folder));
    library.filter(|_| cfg!(target_os = "macos") || has_headers())
}

/// The library alone is of no use: bindgen needs the headers that come with the compiler.
fn has_headers() -> bool {
    let llvms = children("/usr/lib", "llvm").map(|llvm| llvm.join("lib"));
    let roots = llvms.chain(["/usr/lib", "/usr/lib64", "/usr/local/lib"].map(PathBuf::from));
    let versions = roots.flat_map(|root| children(&root.join("clang").to_string_lossy(), ""));
    let mut headers = versions.map(|version| version.join("include/stddef.h"));
    headers.any(|header| header.is_file()) || answers("clang", &["--version"])
}

fn usual_folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = children("/usr/lib", "llvm").map(|llvm| llvm.join("lib")).collect();
    folders.extend(children("/usr/local", "llvm").map(|llvm| llvm.join("lib")));
    folders.extend(children("/usr/lib", "").filter(|folder| folder.to_string_lossy().contains("-linux-")));
    let fixed = [
        "/usr/lib",
        "/usr/lib64",
        "/usr/local/lib",
        "/usr/local/lib64",
        "/usr/lib64/llvm",
        "/opt/homebrew/opt/llvm/lib",
        "/usr/local/opt/llvm/lib",
        "/Library/Developer/CommandLineTools/usr/lib",
        "/Applications/Xcode.app/Contents/Developer/Toolchains/XcodeDefault.xctoolchain/usr/lib",
    ];
    folders.extend(fixed.map(PathBuf::from));
    folders
}

fn children(folder: &str, start: &'static str) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(move |entry| entry.file_name().to_string_lossy().starts_with(start))
        .map(|entry| entry.path())
}

fn library_in(folder: &Path) -> Option<String> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    let mut found = entries.filter(|entry| is_library(&entry.file_name().to_string_lossy()));
    found.next().map(|entry| entry.path().display().to_string())
}

fn is_library(name: &str) -> bool {
    let versioned = name.starts_with("libclang-") && !name.starts_with("libclang-cpp");
    name == "libclang.dylib"
        || name == "libclang.so"
        || name.starts_with("libclang.so.")
        || (versioned && name.contains(".so"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_c_interface_of_clang_counts() {
        for name in
            ["libclang.so", "libclang.so.1", "libclang-14.so", "libclang-14.so.14.0.6", "libclang.dylib"]
        {
            assert!(is_library(name), "{name}");
        }
        for name in ["libclang-cpp.so.14", "libclangAST.a", "libclang.a", "libclang_rt.asan.so"] {
            assert!(!is_library(name), "{name}");
        }
    }

    #[test]
    fn the_instruction_names_all_that_is_missing() {
        let missing: Vec<&Need> = NEEDS.iter().collect();
        let text = instruction(&missing).message;
        for need in NEEDS.iter().map(|need| need.name) {
            assert!(text.contains(need), "{need}");
        }
    }
}
