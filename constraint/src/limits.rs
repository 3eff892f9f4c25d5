//! Every limit of the engine, in one place. Hitting one is a typed error, never a looser mask.

use std::fmt;

/// A limit that was hit, by what it counts. Those without a field in [`Limits`] are fixed: they bound what this version of the
/// engine can follow, whatever time there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// [`Limits::instructions`]
    Instructions,
    /// [`Limits::copied`]
    CopiedText,
    /// [`Limits::states`]
    States,
    /// [`Limits::automaton_bytes`]
    StateBytes,
    /// [`Limits::configurations`]
    Configurations,
    /// [`Limits::schema_steps`]
    SchemaSteps,
    /// [`Limits::set_steps`]
    SetSteps,
    /// [`Limits::search`]
    SearchedStates,
    /// [`Limits::calls`]
    Calls,
    /// [`Limits::witness_bytes`]
    WitnessBytes,
    /// Ways in which one text can be read, with calls open.
    Ways,
    /// Copies of what a repeat within a repeat is unrolled to.
    NestedRepeats,
    /// States of the automaton of one character class.
    ClassStates,
    /// Alternatives that a JSON Schema has for one value.
    Alternatives,
    /// Counts of properties that a JSON Schema tells apart.
    PropertyCounts,
    /// Characters of a property's name in a JSON Schema.
    PropertyName,
    /// Patterns of one object's keys in a JSON Schema.
    KeyPatterns,
    /// Keys of an object whose keys are restricted.
    RestrictedKeys,
    /// Properties that have to be there under no certain name.
    UnnamedProperties,
    /// Sets of keys of such an object that are told apart.
    KeySets,
    /// Places and counts of items that `contains` tells apart.
    ContainedItems,
    /// The number in a `multipleOf`.
    Multiple,
}

impl fmt::Display for Limit {
    /// What there are too many of.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Limit::Instructions => "automaton instructions",
            Limit::CopiedText => "automaton instructions for the text to copy from",
            Limit::States => "automaton states",
            Limit::StateBytes => "bytes of automaton states",
            Limit::Configurations => "configurations in a state",
            Limit::SchemaSteps => "steps to work out a schema",
            Limit::SetSteps => "steps to work out sets of strings",
            Limit::SearchedStates => "states in a search for an end",
            Limit::Calls => "calls that are open at once",
            Limit::WitnessBytes => "bytes in the shortest value",
            Limit::Ways => "ways to read a text",
            Limit::NestedRepeats => "copies of a nested repeat",
            Limit::ClassStates => "states of a character class",
            Limit::Alternatives => "alternatives for one value",
            Limit::PropertyCounts => "counts of properties",
            Limit::PropertyName => "characters in the name of a property",
            Limit::KeyPatterns => "patterns of one object's keys",
            Limit::RestrictedKeys => "restricted keys of an object",
            Limit::UnnamedProperties => "properties without names that have to be there",
            Limit::KeySets => "sets of keys of an object that has to have some of them",
            Limit::ContainedItems => "places and counts of items under `contains`",
            Limit::Multiple => "in a `multipleOf`",
        })
    }
}

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
