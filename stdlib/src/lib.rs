//! The standard library: the `.agent` files behind `import … from "std/…"`.
//!
//! They are ordinary programs, kept in `std/` within this crate and compiled with the program that imports
//! them. The prelude (functions, pipes and type aliases that every program sees without an import) is part of
//! the compiler and the runtime.

use agentc_compiler::modules::is_std;
use agentc_compiler::source::{World, WorldError};

/// Every file of the library by its name, in order.
const FILES: &[(&str, &str)] = &[
    ("std/examples", include_str!("../std/examples.agent")),
    ("std/reasoning", include_str!("../std/reasoning.agent")),
    ("std/text", include_str!("../std/text.agent")),
];

/// The text of a library file, such as `std/text`.
pub fn source(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The names of all library files.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

/// A world that has the library beside the files of another world.
#[derive(Clone, Copy)]
pub struct WithLibrary<'w>(pub &'w dyn World);

impl World for WithLibrary<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, WorldError> {
        if !is_std(path) {
            return self.0.read(path);
        }
        source(path).map(|text| text.as_bytes().to_vec()).ok_or_else(|| {
            let names: Vec<&str> = names().collect();
            let message = format!("there is no library file `{path}`: the library has {}", names.join(", "));
            WorldError { message }
        })
    }
}
