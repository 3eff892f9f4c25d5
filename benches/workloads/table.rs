//! What was measured, as text and as JSON.

use std::io::Write;

use serde_json::{Value, json};

/// One part of a workload: times of both sides in pairs, in seconds, and what they are held against.
pub(crate) struct Measured {
    pub(crate) key: char,
    pub(crate) name: &'static str,
    pub(crate) aim: f64,
    pub(crate) ours: Vec<f64>,
    pub(crate) theirs: Vec<f64>,
    pub(crate) floor: f64,
    /// What there is to say about the texts.
    pub(crate) remark: String,
}

impl Measured {
    /// How many times as long guidance took, pair by pair.
    fn ratios(&self) -> Vec<f64> {
        self.ours.iter().zip(&self.theirs).map(|(ours, theirs)| theirs / ours).collect()
    }

    fn line(&self) -> String {
        let ratios = self.ratios();
        let ratio = if ratios.is_empty() { "–".into() } else { format!("{:.2}", median(&ratios)) };
        let above = median(&self.ours) / self.floor;
        format!(
            "{} {:<34} {:>20} {:>20} {ratio:>6} {:>5} {:>8.3} {above:>6.2}",
            self.key,
            self.name,
            spread(&self.ours),
            spread(&self.theirs),
            self.aim,
            self.floor
        )
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "key": self.key.to_string(), "name": self.name, "aim": self.aim, "ours": self.ours, "guidance": self.theirs,
            "ratios": self.ratios(), "floor": self.floor, "remark": self.remark,
        })
    }
}

/// What the lines below it say.
pub(crate) fn head(title: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{title}\n")?;
    writeln!(
        out,
        "{:<36} {:>20} {:>20} {:>6} {:>5} {:>8} {:>6}",
        "workload; seconds", "ours", "guidance", "ratio", "aim", "floor", "above"
    )
}

/// Parts as soon as they are measured: this takes minutes.
pub(crate) fn lines(parts: &[Measured]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    parts.iter().try_for_each(|part| writeln!(out, "{}", part.line()))
}

/// Ratios pair by pair, and what the texts have to say.
pub(crate) fn rest(parts: &[Measured]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nguidance's time / ours, pair by pair")?;
    for part in parts {
        let ratios: Vec<String> = part.ratios().iter().map(|ratio| format!("{ratio:.2}")).collect();
        writeln!(out, "{} {:<34} {}", part.key, part.name, ratios.join("  "))?;
    }
    writeln!(out, "\ntexts")?;
    for part in parts.iter().filter(|part| !part.remark.is_empty()) {
        writeln!(out, "{} {:<34} {}", part.key, part.name, part.remark)?;
    }
    Ok(())
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The median, the least and the most.
fn spread(values: &[f64]) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if values.is_empty() { "–".into() } else { format!("{:.3} ({least:.3}–{most:.3})", median(values)) }
}
