//! Every limit of the engine, in one place. Hitting one is a typed error, never a looser mask.

/// Bounds on time and memory. The defaults suit interactive use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Instructions of one pattern's automaton before it is determinised. An instruction costs about 40
    /// bytes; a Unicode class such as `\w` has some 700.
    pub instructions: usize,
    /// The same for the texts that a pattern copies from, which count here alone. Each byte takes one or two.
    pub copied: usize,
    /// States of one pattern's lazily built deterministic automaton. A state costs four bytes per byte
    /// class, of which there are 5 to 200.
    pub states: usize,
    /// Steps to combine the keywords of a JSON Schema.
    pub schema_steps: usize,
    /// Steps to combine sets of strings and numbers that several keywords describe.
    pub set_steps: usize,
    /// Bytes of the states of one pattern's lazily built deterministic automaton: how large it may become
    /// when there are many ambiguous states.
    pub automaton_bytes: usize,
    /// Configurations within one state: how ambiguous a pattern with counted repeats may become.
    pub configurations: usize,
    /// Bytes of cached masks per constraint; beyond that the oldest are dropped, and recomputed when needed.
    pub mask_cache_bytes: usize,
    /// States searched to determine whether a typed value can still be completed without writing a stop.
    pub search: usize,
    /// Calls that are open at once: how deep JSON and grammars may nest. An open call costs about 100 bytes,
    /// and as much stack when its last reference is dropped.
    pub calls: usize,
    /// Bytes of the shortest value, and of any text made to find a path to the end.
    pub witness_bytes: usize,
    /// Bytes that are appended at once where a pattern leaves no choice.
    pub forced_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            instructions: 1_000_000,
            copied: 2_000_000,
            states: 200_000,
            schema_steps: 200_000,
            set_steps: 12_000_000,
            automaton_bytes: 128 << 20,
            configurations: 2_000,
            mask_cache_bytes: 16 << 20,
            search: 20_000,
            calls: 2_000,
            witness_bytes: 1 << 17,
            forced_bytes: 4096,
        }
    }
}
