//! Whether llama.cpp's AMX kernels are compiled correctly, for every C++ compiler found here.
//!
//! `ldtilecfg` reads 64 bytes that say how many rows each tile has and how wide they are. GCC's intrinsic
//! declares a read of only 8 bytes, so from -O1 on the stores of rows and widths are dropped as dead, and the
//! first evaluation on a CPU with AMX ends with SIGILL; `runtime/llama.cmake` explains the cause and fixes
//! it. The fix can be verified on any machine whose compiler targets x86-64: the file is compiled to assembly
//! through CMake, as in a build, and the code before `ldtilecfg` is traced to see what the 64 bytes contain.

use std::fs;
use std::path::{Path, PathBuf};

use crate::system::{Failure, Outcome, cargo, output, root, run, step};

/// Compilers to look for; those that are not here are passed over, and several names of one are tried once.
const COMPILERS: [&str; 18] = [
    "c++",
    "g++",
    "g++-11",
    "g++-12",
    "g++-13",
    "g++-14",
    "g++-15",
    "g++-16",
    "clang++",
    "clang++-14",
    "clang++-15",
    "clang++-16",
    "clang++-17",
    "clang++-18",
    "clang++-19",
    "clang++-20",
    "clang++-21",
    "clang++-22",
];

/// The file with the kernels, as CMake's makefiles name its assembly.
const ASSEMBLY: &str = "ggml-cpu/amx/mmq.cpp.s";

/// Compiles the kernels by every compiler, and fails where one leaves a tile without rows or width.
pub(crate) fn check() -> Outcome {
    if cfg!(not(target_arch = "x86_64")) {
        step("AMX is a matter of x86-64: nothing to check here");
        return Ok(());
    }
    let source = llama()?;
    let mut seen = Vec::new();
    for compiler in COMPILERS {
        let Some(version) = version(compiler) else { continue };
        if seen.contains(&version) {
            continue;
        }
        let text = assemble(&source, compiler)?;
        let verdict = verdict(&text).map_err(|reason| {
            Failure::new(format!("error: compiled by {version}, llama.cpp's AMX kernels are wrong: {reason}"))
        })?;
        step(&format!("AMX: {verdict} by {version}"));
        seen.push(version);
    }
    Ok(())
}

/// What a compiler calls itself, but for the name by which it was called.
fn version(compiler: &str) -> Option<String> {
    let said = output(compiler, &["--version"])?;
    let line = said.lines().next()?;
    Some(line.strip_prefix(compiler).map_or_else(|| line.to_owned(), |rest| format!("g++{rest}")))
}

/// The folder of llama.cpp's sources, which cargo has unpacked for the build.
fn llama() -> Outcome<PathBuf> {
    let metadata = output(&cargo(), &["metadata", "--format-version", "1", "--locked"]).unwrap_or_default();
    let manifests = metadata.split("\"manifest_path\":\"").skip(1).filter_map(|rest| rest.split('"').next());
    let mut folders = manifests.filter_map(|path| Path::new(path).parent());
    let folder = folders.find(|folder| {
        folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with("llama-cpp-sys-2"))
    });
    folder
        .map(|folder| folder.join("llama.cpp"))
        .ok_or_else(|| Failure::new("error: cargo does not say where llama-cpp-sys-2 is"))
}

/// The kernels in assembly, for a CPU that has AMX, by the flags of a real build.
fn assemble(source: &Path, compiler: &str) -> Outcome<String> {
    let folder = std::env::temp_dir().join(format!("agentc-amx-{}", std::process::id()));
    let text = assemble_in(&folder, source, compiler);
    // A folder that stays behind is in a place that is cleaned.
    let _ = fs::remove_dir_all(&folder);
    text
}

fn assemble_in(folder: &Path, source: &Path, compiler: &str) -> Outcome<String> {
    let place = |path: &Path| path.display().to_string();
    let mend = format!("-DCMAKE_PROJECT_INCLUDE={}", place(&root().join("runtime/llama.cmake")));
    let chosen = format!("-DCMAKE_CXX_COMPILER={compiler}");
    let (from, to) = (place(source), place(folder));
    let mut words = vec!["-S", &from, "-B", &to, "-G", "Unix Makefiles", "-DCMAKE_BUILD_TYPE=Release"];
    words.extend([chosen.as_str(), &mend, "-DCMAKE_CXX_FLAGS=-march=sapphirerapids", "-DGGML_NATIVE=OFF"]);
    words.extend(["-DLLAMA_BUILD_TESTS=OFF", "-DLLAMA_BUILD_EXAMPLES=OFF"]);
    words.extend(["-DLLAMA_BUILD_TOOLS=OFF", "-DLLAMA_BUILD_APP=OFF"]);
    quietly("cmake", &words)?;
    quietly("make", &["-C", &place(&folder.join("ggml/src")), ASSEMBLY])?;
    let file = folder.join("ggml/src/CMakeFiles/ggml-cpu.dir").join(ASSEMBLY);
    fs::read_to_string(&file)
        .map_err(|error| Failure::new(format!("error: cannot read `{}`: {error}", place(&file))))
}

/// Runs a program that is of interest only if it fails; then again, to show what it says.
fn quietly(program: &str, words: &[&str]) -> Outcome {
    match output(program, words) {
        Some(_) => Ok(()),
        None => run(program, words, &[]),
    }
}

/// What is known of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Zero,
    Other,
}

/// Follows the stretch of code before each `ldtilecfg`.
fn verdict(assembly: &str) -> Result<&'static str, String> {
    let lines: Vec<&str> = assembly.lines().collect();
    let loads: Vec<usize> =
        (0..lines.len()).filter(|&at| words(lines[at]).first() == Some(&"ldtilecfg")).collect();
    if loads.is_empty() {
        return Ok("not used");
    }
    for at in loads {
        let place = words(lines[at]).get(1).and_then(|operand| place(operand));
        let (start, base) = place.ok_or_else(|| format!("`{}` is not understood", lines[at].trim()))?;
        let label = |line: &&str| line.trim_end().ends_with(':') && !line.starts_with(['\t', ' ', '#']);
        let block = lines[..at].iter().rposition(label).map_or(0, |label| label + 1);
        let config = follow(&lines[block..at], start, base);
        // Bytes 16 to 31 are the widths of the first eight tiles, bytes 48 to 55 their rows: none may be left as zero.
        let empty = (16..32).step_by(2).chain(48..56).find(|&byte| config[byte] != Some(Known::Other));
        if let Some(byte) = empty {
            let what = if byte < 32 { "width" } else { "number of rows" };
            return Err(format!("the {what} of a tile is not stored before `ldtilecfg` (byte {byte} of 64)"));
        }
    }
    Ok("right")
}

/// What the 64 bytes from `start(base)` hold after some straight code.
fn follow(code: &[&str], start: i64, base: &str) -> [Option<Known>; 64] {
    let mut config = [None; 64];
    let mut zeros: Vec<String> = Vec::new();
    for line in code {
        let words = words(line);
        let [name, operands @ ..] = words.as_slice() else { continue };
        let Some((target, sources)) = operands.split_last() else { continue };
        let clears =
            name.contains("xor") && sources.iter().all(|source| *source == sources[0]) && !sources.is_empty();
        let zero = match sources {
            [source] if name.contains("mov") => *source == "$0" || zeros.contains(&register(source)),
            _ => clears && (sources.len() == 2 || sources[0] == *target),
        };
        if let Some((at, other)) = place(target) {
            let known = if zero { Known::Zero } else { Known::Other };
            let width = width(name, sources.first().unwrap_or(&""));
            if other == base && name.contains("mov") {
                (at..at + width).filter_map(|byte| usize::try_from(byte - start).ok()).for_each(|byte| {
                    if let Some(slot) = config.get_mut(byte) {
                        *slot = Some(known);
                    }
                });
            }
        } else {
            zeros.retain(|other| *other != register(target));
            zeros.extend(zero.then(|| register(target)));
        }
    }
    config
}

/// The name of an instruction, and its operands, without comments.
fn words(line: &str) -> Vec<&str> {
    let code = line.split('#').next().unwrap_or_default().trim();
    let (name, operands) = code.split_once(char::is_whitespace).unwrap_or((code, ""));
    let mut words = vec![name];
    let mut depth = 0;
    words.extend(operands.split(move |letter: char| {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        letter == ',' && depth == 0
    }));
    words.into_iter().map(str::trim).filter(|word| !word.is_empty()).collect()
}

/// `16(%rsp)` as its offset and base; places with an index or a symbol are none that a structure on the stack has.
fn place(operand: &str) -> Option<(i64, &str)> {
    let (offset, base) = operand.strip_suffix(')')?.split_once('(')?;
    let plain = base.starts_with('%') && !base.contains(',');
    let offset = if offset.is_empty() { Some(0) } else { offset.parse().ok() };
    offset.filter(|_| plain).map(|offset| (offset, base))
}

/// One name for the parts of a vector register.
fn register(operand: &str) -> String {
    let name = operand.trim_start_matches('%');
    match name.strip_prefix(['x', 'y', 'z']).filter(|rest| rest.starts_with("mm")) {
        Some(rest) => rest.to_owned(),
        None => name.trim_start_matches(['r', 'e']).to_owned(),
    }
}

/// Bytes that a store writes.
fn width(name: &str, source: &str) -> i64 {
    match source.get(..4) {
        Some("%zmm") => 64,
        Some("%ymm") => 32,
        Some("%xmm") if name.ends_with("movq") => 8,
        Some("%xmm") if name.ends_with("movd") => 4,
        Some("%xmm") => 16,
        _ => match name.chars().last() {
            Some('b') => 1,
            Some('w') => 2,
            Some('l') => 4,
            _ => 8,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What GCC 12 makes of it without the flags, and with them; what clang 16 and 19 make of it.
    #[test]
    fn code_with_and_without_rows_is_told_apart() {
        let dropped = "f:\n\tvpxor\t%xmm0, %xmm0, %xmm0\n\tvmovdqa64\t%zmm0, 192(%rsp)\n\tmovb\t$1, 192(%rsp)\n#APP\n\tldtilecfg\t192(%rsp)\n";
        let kept = "f:\n\tvpxor\t%xmm0, %xmm0, %xmm0\n\tvmovdqa64\t%zmm0, 192(%rsp)\n\tmovq\t.LC37(%rip), %rdx\n\tvmovdqa\t.LC38(%rip), %xmm0\n\tmovb\t$1, 192(%rsp)\n\tmovq\t%rdx, 240(%rsp)\n\tvmovdqa\t%xmm0, 208(%rsp)\n\tldtilecfg\t192(%rsp)\n";
        let clang = ".LBB3_147:\n\tvxorps\t%xmm0, %xmm0, %xmm0\n\tvmovaps\t%ymm0, 192(%rsp)\n\tvmovaps\t%ymm0, 224(%rsp)\n\tmovb\t$1, 192(%rsp)\n\tmovabsq\t$1157442765409224712, %rcx      # imm\n\tmovq\t%rcx, 240(%rsp)\n\tmovabsq\t$9007336697888832, %rcx\n\tmovq\t%rcx, 208(%rsp)\n\tmovabsq\t$18014673391583296, %rcx\n\tmovq\t%rcx, 216(%rsp)\n\tldtilecfg\t192(%rsp)\n";
        assert!(verdict(dropped).is_err_and(|reason| reason.contains("byte 16")));
        assert_eq!(verdict(kept), Ok("right"));
        assert_eq!(verdict(clang), Ok("right"));
        assert_eq!(verdict("f:\n\tret\n"), Ok("not used"));
    }

    #[test]
    fn a_single_missing_store_is_noticed() {
        let all: Vec<String> = (0..8)
            .flat_map(|tile| {
                [format!("\tmovw\t$64, {}(%rsp)", 16 + 2 * tile), format!("\tmovb\t$8, {}(%rsp)", 48 + tile)]
            })
            .collect();
        let code = |lines: &[String]| format!("f:\n{}\n\tldtilecfg\t(%rsp)\n", lines.join("\n"));
        assert_eq!(verdict(&code(&all)), Ok("right"));
        for gone in 0..all.len() {
            let mut rest = all.clone();
            rest.remove(gone);
            assert!(verdict(&code(&rest)).is_err(), "without {}", all[gone]);
        }
    }
}
