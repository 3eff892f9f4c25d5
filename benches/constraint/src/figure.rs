//! Figures: printed, and added to those already in `target/bench.json`.

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use crate::Result;

/// A measured figure, in the form of those of `cargo xtask bench`.
#[derive(Debug, Clone)]
pub struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    /// A time below which nothing can be, in the same unit.
    floor: Option<f64>,
}

impl Figure {
    /// A figure with its unit.
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Figure {
        Figure { name: name.into(), value, unit, floor: None }
    }

    /// Beside what it cannot be less than.
    pub fn over(self, floor: f64) -> Figure {
        Figure { floor: Some(floor), ..self }
    }

    fn to_json(&self) -> Value {
        json!({ "name": self.name, "value": self.value, "unit": self.unit, "floor": self.floor, "aim": null })
    }
}

/// Prints figures as they come.
///
/// # Errors
/// Standard output is closed.
pub fn print(figures: &[Figure]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    for Figure { name, value, unit, floor } in figures {
        let ratio = floor.map_or(String::new(), |floor| format!("= {:.1} floors", value / floor));
        writeln!(out, "{name:<72} {value:>12.3} {unit:<5} {ratio}")?;
    }
    Ok(())
}

/// Puts figures into a file, in place of those with the same names.
///
/// # Errors
/// The file cannot be read or written, or is none of ours.
pub fn join(path: &Path, figures: &[Figure]) -> Result<()> {
    let mut all: Vec<Value> = match path.is_file() {
        true => serde_json::from_str(&std::fs::read_to_string(path)?)?,
        false => Vec::new(),
    };
    let is_new = |value: &Value| figures.iter().any(|figure| value["name"] == figure.name.as_str());
    all.retain(|value| !is_new(value));
    all.extend(figures.iter().map(Figure::to_json));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    Ok(std::fs::write(path, serde_json::to_string_pretty(&all)? + "\n")?)
}
