//! Every limit of the engine, in one place. Hitting one is a typed error, never a looser mask.

use std::fmt;

/// A limit that was hit, by what it counts.
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
    /// [`Limits::read_steps`]
    ReadSteps,
    /// [`Limits::calls`]
    Calls,
    /// [`Limits::witness_bytes`]
    WitnessBytes,
    /// [`Limits::ways`]
    Ways,
    /// [`Limits::callers`]
    Callers,
    /// [`Limits::unrolled`]
    NestedRepeats,
    /// [`Limits::alternatives`]
    Alternatives,
    /// [`Limits::property_counts`]
    PropertyCounts,
    /// [`Limits::property_name`]
    PropertyName,
    /// [`Limits::key_patterns`]
    KeyPatterns,
    /// [`Limits::restricted_keys`]
    RestrictedKeys,
    /// [`Limits::unnamed`]
    UnnamedProperties,
    /// [`Limits::beside_unnamed`]
    BesideUnnamed,
    /// [`Limits::key_sets`]
    KeySets,
    /// [`Limits::contained_places`]
    ContainedPlaces,
    /// [`Limits::contained_counts`]
    ContainedCounts,
    /// [`Limits::multiple`]
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
            Limit::ReadSteps => "steps to divide a text into the parts of its template",
            Limit::Calls => "calls that are open at once",
            Limit::WitnessBytes => "bytes in the shortest value",
            Limit::Ways => "ways to read a text",
            Limit::Callers => "callers of one part of a grammar",
            Limit::NestedRepeats => "copies of a nested repeat",
            Limit::Alternatives => "alternatives for one value",
            Limit::PropertyCounts => "counts of properties",
            Limit::PropertyName => "characters in the name of a property",
            Limit::KeyPatterns => "patterns of one object's keys",
            Limit::RestrictedKeys => "restricted keys of an object",
            Limit::UnnamedProperties => "properties without names that have to be there",
            Limit::BesideUnnamed => "counted properties beside such without names that have to be there",
            Limit::KeySets => "sets of keys of an object that has to have some of them",
            Limit::ContainedPlaces => "places of items under `contains`",
            Limit::ContainedCounts => "counts of items under `contains`",
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
    /// Steps to find out what the holes of a template took of a text. A usual text takes about one for each of its bytes and
    /// each hole; where the search fails it remembers a step, with about 40 bytes.
    pub read_steps: usize,
    /// Calls that are open at once: how deep JSON and grammars may nest. An open call costs about 100 bytes,
    /// and as much stack when its last reference is dropped.
    pub calls: usize,
    /// Bytes of the shortest value, and of any text made to find a path to the end.
    pub witness_bytes: usize,
    /// Bytes that are appended at once where a pattern leaves no choice.
    pub forced_bytes: usize,
    /// Ways to read one text while calls are open, in different states. Each costs about 100 bytes, and a step for each byte.
    pub ways: usize,
    /// Callers to which one open call may go back. Each costs about 50 bytes.
    pub callers: usize,
    /// Instructions that a repeat comes to which is copied as often as it counts, because the repeats around it use up the
    /// engine's four counters.
    pub unrolled: usize,
    /// Brackets that are open in the text of a grammar. Each costs about 1 kB of stack.
    pub grammar_brackets: usize,
    /// Parts of the arguments of a grammar's templates, each as often as it is put somewhere.
    pub grammar_parts: usize,
    /// Alternatives that a JSON Schema has for one value; to leave out repetitions, each is compared with all others.
    pub alternatives: usize,
    /// Counts of a JSON Schema's properties, times the properties that have names: where there may only be so many, each
    /// name has a place for each count before it.
    pub property_counts: usize,
    /// Characters of a property's name in a JSON Schema that allows others beside it. Each costs a level of the stack.
    pub property_name: usize,
    /// Patterns that tell the keys of one object apart. More than 32 have no effect: a set of patterns is a number.
    pub key_patterns: usize,
    /// Keys of one object whose keys are restricted. They are remembered, so that none occurs twice. More than 1023 have no
    /// effect: beyond that, keys that are left are not counted.
    pub restricted_keys: usize,
    /// Properties of one object that have to be there under no certain name. The sets of them are written out: each more
    /// doubles the instructions.
    pub unnamed: usize,
    /// Properties of such an object that are counted.
    pub beside_unnamed: usize,
    /// Sets of keys of such an object that are written out, where its keys are few.
    pub key_sets: usize,
    /// Places of an array's items up to which `contains` tells them apart.
    pub contained_places: usize,
    /// Counts of items that `contains` tells apart at each place.
    pub contained_counts: usize,
    /// Ways in which a pattern of a JSON Schema may be anchored, as alternatives with `^` and `$` are: each is written out.
    pub anchored: usize,
    /// Values of an array without repeats: all sets of them are written out, so each more doubles the instructions. More than 20
    /// have no effect.
    pub distinct: usize,
    /// The number in a `multipleOf` without its point, times its decimals and two: the remainders that a text may come to. More
    /// than 2147483648 have no effect.
    pub multiple: u64,
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
            read_steps: 4_000_000,
            calls: 2_000,
            witness_bytes: 1 << 17,
            forced_bytes: 4096,
            ways: 256,
            callers: 2048,
            unrolled: 20_000,
            grammar_brackets: 100,
            grammar_parts: 200_000,
            alternatives: 300,
            property_counts: 4096,
            property_name: 1000,
            key_patterns: 32,
            restricted_keys: 1023,
            unnamed: 4,
            beside_unnamed: 8,
            key_sets: 4096,
            contained_places: 256,
            contained_counts: 64,
            anchored: 64,
            distinct: 8,
            multiple: 1 << 31,
        }
    }
}
