//! How much of the machine's memory a context will take, computed before it is taken.
//!
//! llama.cpp asks the system for what it needs and is given it; the process is killed later, when it writes to
//! what is not there. So the large parts are added up here: the keys and values of all cells, the states of recurrent layers
//! for all sequences, the scores of one step's rows over all cells, and the logits. Of the reference model's contexts of 256 to 8192 tokens that is what
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
    heads: u64,
    /// Heads of all layers together whose keys and values are kept.
    kv_heads: u64,
    /// Numbers of all states of a sequence.
    states: u64,
    /// Numbers of a head's key, and of its value.
    key: u64,
    value: u64,
    vocab: u64,
    width: u64,
}

impl Shape {
    fn of(model: &LlamaModel, header: &Header) -> Shape {
        let heads = header.arch_list("attention.head_count").into_iter().flatten().copied().max();
        let heads = heads.unwrap_or_else(|| model.n_head().into()).max(1);
        let width = u64::try_from(model.n_embd()).unwrap_or_default();
        let length = |key: &str| header.arch_number(key).filter(|n| *n > 0).unwrap_or(width / heads);
        Shape {
            heads,
            kv_heads: kv_heads(model, header).iter().sum(),
            states: states(header, width, heads).saturating_mul(blocks_with_states(model, header)),
            key: length("attention.key_length"),
            value: length("attention.value_length"),
            vocab: u64::try_from(model.n_vocab()).unwrap_or_default(),
            width,
        }
    }

    /// Bytes of a context.
    fn need(&self, cells: Cells) -> u64 {
        // Keys and values are kept in 16 bits, all else is computed in 32.
        let kv = product(&[self.kv_heads, self.key + self.value, 2, cells.total]);
        let states = product(&[self.states, 4, cells.seqs]);
        // One buffer serves all steps of a computation, and either of these is the widest.
        let scores = product(&[self.heads, cells.seen, cells.rows, 4]);
        let logits = product(&[self.vocab, cells.rows, 4]);
        let mask = product(&[cells.seen, cells.rows, 4]);
        let answers = product(&[self.vocab, cells.seqs, 4]);
        let activations = product(&[self.width, cells.rows, 4, 16]);
        [states, scores.max(logits), mask, answers, activations].into_iter().fold(kv, u64::saturating_add)
    }
}

fn product(factors: &[u64]) -> u64 {
    factors.iter().fold(1, |product, factor| product.saturating_mul(*factor))
}

/// For each layer the heads whose keys and values are kept; none in those that are only recurrent.
fn kv_heads(model: &LlamaModel, header: &Header) -> Vec<u64> {
    match header.arch_list("attention.head_count_kv") {
        Some(heads) => heads.to_vec(),
        None => vec![model.n_head_kv().into(); model.n_layer() as usize],
    }
}

/// Layers that keep keys and values.
pub(super) fn blocks_with_cells(model: &LlamaModel, header: &Header) -> u64 {
    kv_heads(model, header).iter().filter(|heads| **heads > 0).count() as u64
}

/// Layers that keep a state: those without heads, where there is a list of these; otherwise it may be any.
fn blocks_with_states(model: &LlamaModel, header: &Header) -> u64 {
    match header.arch_list("attention.head_count_kv") {
        Some(heads) => heads.iter().filter(|heads| **heads == 0).count() as u64,
        None => model.n_layer().into(),
    }
}

/// Numbers of a layer's state, of the kinds that llama.cpp knows: RWKV, short convolutions, Kimi's delta attention, Mamba and
/// what is like it. There are none where the header has none of their keys.
fn states(header: &Header, width: u64, heads: u64) -> u64 {
    let number = |key: &str| header.arch_number(key).unwrap_or(0);
    let behind = |key: &str| number(key).saturating_sub(1);
    let (wkv, short, kda) = (number("wkv.head_size"), behind("shortconv.l_cache"), number("kda.head_dim"));
    if wkv > 0 {
        return product(&[width, wkv.saturating_add(number("token_shift_count").max(2))]);
    }
    if short > 0 {
        return product(&[width, short]);
    }
    if kda > 0 {
        return product(&[heads, kda, kda.saturating_add(3 * behind("ssm.conv_kernel").max(3))]);
    }
    let (inner, state) = (number("ssm.inner_size"), number("ssm.state_size"));
    let groups = product(&[2, number("ssm.group_count"), state]);
    let conv = product(&[behind("ssm.conv_kernel"), inner.saturating_add(groups)]);
    conv.saturating_add(product(&[inner, state]))
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
    use super::super::gguf::Meta;
    use super::*;

    #[test]
    fn keys_and_values_of_all_cells_are_counted() {
        // SmolLM2-135M.
        let shape =
            Shape { heads: 9, kv_heads: 30 * 3, states: 0, key: 64, value: 64, vocab: 49_152, width: 576 };
        let cells = |total: u64| Cells { total, seen: total, rows: 64, seqs: 32 };
        let (small, large) = (shape.need(cells(4096)), shape.need(cells(1_000_000)));
        assert!((90 << 20..160 << 20).contains(&small), "{small}");
        assert!((22 << 30..30 << 30).contains(&large), "{large}");
        let streams = shape.need(Cells { total: 4 * 4096, seen: 4096, rows: 64, seqs: 4 });
        assert!(streams > 4 * (90 << 20), "{streams}");
        assert_eq!(shape.need(cells(u64::MAX)), u64::MAX);
    }

    #[test]
    fn states_are_counted_by_sequences() {
        // Mamba 130M: 24 layers of 3 × 1536 numbers that a convolution looks back at, and 16 × 1536.
        let meta = [("conv_kernel", 4), ("inner_size", 1536), ("state_size", 16)];
        let meta = meta.map(|(key, value)| (format!("mamba.ssm.{key}"), Meta::Int(value)));
        let meta = meta.into_iter().chain([("general.architecture".into(), Meta::Str("mamba".into()))]);
        let header = Header { meta: meta.collect(), ..Header::default() };
        assert_eq!(states(&header, 768, 1), 19 * 1536);
        let shape =
            |states| Shape { heads: 1, kv_heads: 0, states, key: 0, value: 0, vocab: 50_280, width: 768 };
        let cells = Cells { total: 4096, seen: 4096, rows: 64, seqs: 32 };
        let more = shape(24 * 19 * 1536).need(cells) - shape(0).need(cells);
        assert_eq!(more, 24 * 19 * 1536 * 4 * 32);
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
