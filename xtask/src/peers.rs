//! guidance with llama-cpp-python in a Python environment of its own, for the workloads that run on both.
//!
//! llama-cpp-python is compiled here, by the compiler that CMake finds for our llama.cpp too, for the same CPU and with the
//! same mending of GCC's code for AMX (`runtime/llama.cmake`); everything else is as its users get it. This takes
//! minutes, once for each list of versions.

use std::fs;
use std::path::{Path, PathBuf};

use crate::system::{Failure, Outcome, answers, root, run, say, step};

const VERSIONS: &str = "benches/workloads/requirements.txt";

/// The environment's Python in this folder, installed if need be; nothing, with the reason said, where that cannot be.
pub(crate) fn python(folder: &Path) -> Option<PathBuf> {
    install(folder)
        .map_err(|failure| {
            say(&failure.message);
            step("guidance with llama-cpp-python cannot be installed, so this project runs alone");
        })
        .ok()
}

fn install(folder: &Path) -> Outcome<PathBuf> {
    let venv = folder.join("venv");
    let python = venv.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let versions = fs::read_to_string(root().join(VERSIONS))
        .map_err(|error| Failure::new(format!("error: cannot read `{VERSIONS}`: {error}")))?;
    let stamp = venv.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == versions) {
        return Ok(python);
    }
    let base = ["python3", "python"].into_iter().find(|name| answers(name, &["-m", "venv", "--help"]));
    let base = base.ok_or_else(|| Failure::new("error: there is no Python with the module `venv`"))?;
    step("installing guidance, and compiling llama-cpp-python, which takes some minutes");
    run(base, &["-m", "venv", &venv.display().to_string()], &[])?;
    let include = root().join("runtime/llama.cmake");
    let settings = format!(
        "-DGGML_NATIVE=ON -DCMAKE_BUILD_TYPE=Release -DLLAVA_BUILD=OFF -DCMAKE_PROJECT_INCLUDE={}",
        include.display()
    );
    let words = ["-m", "pip", "install", "--no-binary", "llama-cpp-python", "-r", VERSIONS];
    run(&python.display().to_string(), &words, &[("CMAKE_ARGS", &settings)])?;
    fs::write(&stamp, versions)
        .map_err(|error| Failure::new(format!("error: cannot write `{}`: {error}", stamp.display())))?;
    Ok(python)
}
