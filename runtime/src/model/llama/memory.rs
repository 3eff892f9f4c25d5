//! How much of the machine's memory a context will take, computed before it is taken.
//!
//! llama.cpp asks the system for what it needs and is given it; the process is killed later, when it writes to
//! what is not there. So the large parts are added up here: the keys and values of all cells, the scores of one
//! step's rows over all cells, and the logits. Of the reference model's contexts of 256 to 8192 tokens that is what
//! the process grew by, but for 10 %. What the weights take is there already when a context is made.

use std::fs;

use llama_cpp_2::model::LlamaModel;

use super::gguf::Header;

/// Cells, and how they are used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cells {
    /// Of all sequences together.
    pub(super) total: u64,
    /// That one step looks at.
    pub(super) seen: u64,
    /// Rows of one step.
    pub(super) rows: u64,
    /// Sequences, each of which may want logits.
    pub(super) seqs: u64,
}

/// Shapes of a model.
#[derive(Debug, Clone, Copy)]
struct Shape {
    layers: u64,
    heads: u64,
    kv_heads: u64,
    /// Numbers of a head's key, and of its value.
    key: u64,
    value: u64,
    vocab: u64,
    width: u64,
}

impl Shape {
    fn of(model: &LlamaModel, header: &Header) -> Shape {
        let heads = u64::from(model.n_head().max(1));
        let width = u64::try_from(model.n_embd()).unwrap_or_default();
        let length = |key: &str| header.arch_number(key).filter(|n| *n > 0).unwrap_or(width / heads);
        Shape {
            layers: model.n_layer().into(),
            heads,
            kv_heads: model.n_head_kv().into(),
            key: length("attention.key_length"),
            value: length("attention.value_length"),
            vocab: u64::try_from(model.n_vocab()).unwrap_or_default(),
            width,
        }
    }

    /// Bytes of a context.
    fn need(&self, cells: Cells) -> u64 {
        // Keys and values are kept in 16 bits, all else is computed in 32.
        let kv = product(&[self.layers, self.kv_heads, self.key + self.value, 2, cells.total]);
        // One buffer serves all steps of a computation, and either of these is the widest.
        let scores = product(&[self.heads, cells.seen, cells.rows, 4]);
        let logits = product(&[self.vocab, cells.rows, 4]);
        let mask = product(&[cells.seen, cells.rows, 4]);
        let answers = product(&[self.vocab, cells.seqs, 4]);
        let activations = product(&[self.width, cells.rows, 4, 16]);
        [scores.max(logits), mask, answers, activations].into_iter().fold(kv, u64::saturating_add)
    }
}

fn product(factors: &[u64]) -> u64 {
    factors.iter().fold(1, |product, factor| product.saturating_mul(*factor))
}

/// Bytes that a context of a model takes.
pub(super) fn need(model: &LlamaModel, header: &Header, cells: Cells) -> u64 {
    Shape::of(model, header).need(cells)
}

/// Bytes that can still be used, where the system tells (Linux): of the machine, of the group of processes, and
/// of this process.
pub(super) fn available() -> Option<u64> {
    let read = |path: &str| fs::read_to_string(path).ok();
    let machine = read("/proc/meminfo").and_then(|table| meminfo(&table));
    let number = |path: &str| read(path)?.trim().parse::<u64>().ok();
    let left = |limit: &str, used: &str| Some(number(limit)?.saturating_sub(number(used)?));
    let group = left("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current").or_else(|| {
        let folder = "/sys/fs/cgroup/memory/memory";
        left(&format!("{folder}.limit_in_bytes"), &format!("{folder}.usage_in_bytes"))
    });
    let process = read("/proc/self/limits").zip(read("/proc/self/statm"));
    let process = process.and_then(|(limits, statm)| address_space(&limits, &statm));
    [machine, group, process].into_iter().flatten().min()
}

fn meminfo(table: &str) -> Option<u64> {
    let line = table.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// What is left of the address space that `ulimit -v` grants.
fn address_space(limits: &str, statm: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let limit: u64 = line.split_whitespace().next()?.parse().ok()?;
    let pages: u64 = statm.split_whitespace().next()?.parse().ok()?;
    Some(limit.saturating_sub(pages.saturating_mul(4096)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_of_all_cells_are_counted() {
        // SmolLM2-135M.
        let shape =
            Shape { layers: 30, heads: 9, kv_heads: 3, key: 64, value: 64, vocab: 49_152, width: 576 };
        let cells = |total: u64| Cells { total, seen: total, rows: 64, seqs: 32 };
        let (small, large) = (shape.need(cells(4096)), shape.need(cells(1_000_000)));
        assert!((90 << 20..160 << 20).contains(&small), "{small}");
        assert!((22 << 30..30 << 30).contains(&large), "{large}");
        let streams = shape.need(Cells { total: 4 * 4096, seen: 4096, rows: 64, seqs: 4 });
        assert!(streams > 4 * (90 << 20), "{streams}");
        assert_eq!(shape.need(cells(u64::MAX)), u64::MAX);
    }

    #[test]
    fn what_the_system_tells_is_read() {
        assert_eq!(meminfo("MemTotal: 9 kB\nMemAvailable:      7 kB\n"), Some(7 << 10));
        assert_eq!(meminfo("MemTotal: 9 kB\n"), None);
        let limits = "Limit                     Soft Limit           Hard Limit           Units\nMax address space         8192                 unlimited            bytes\n";
        assert_eq!(address_space(limits, "1 0 0 0"), Some(4096));
        assert_eq!(address_space(limits, "3 0 0 0"), Some(0));
        assert_eq!(address_space(&limits.replace("8192", "unlimited"), "1 0"), None);
    }
}
