//! Character classes as instructions, each worked out once and then copied.
//!
//! A character has up to four bytes, and up to six within a string in JSON: `quoted` classes read characters
//! as they are written there. Everything that a class may read first is one instruction.

use regex_automata::nfa::thompson::{self, State, WhichCaptures};
use regex_automata::util::primitives::StateID;
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir};
use regex_syntax::utf8::Utf8Sequences;
use rustc_hash::FxHashMap;

use super::json::escaped;
use super::program::{Edge, Inst, Pc, Program};
use crate::error::BuildError;
use crate::limits::Limit;

/// Classes of at most so many ranges are built directly.
const FEW_RANGES: usize = 12;

/// Instructions to be copied. Number 0 stands for what follows them.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) program: Program,
    pub(super) start: Pc,
}

/// Where what a template reads leads to.
const NEXT: Pc = 0;

/// The instructions that read a character of a class, at most `limit`.
pub(super) fn template(class: &ClassUnicode, quoted: bool, limit: usize) -> Result<Template, BuildError> {
    let mut program = Program::default();
    program.push(Inst::Accept, None);
    let (plain, special) = if quoted { split(class) } else { (class.clone(), Vec::new()) };
    let mut first = match plain.ranges().len() {
        0..=FEW_RANGES => sequences(&mut program, &plain),
        _ => automaton(&mut program, &plain, limit)?,
    };
    if !special.is_empty() {
        let special: Vec<(u8, Pc)> = special.into_iter().map(|byte| (byte, NEXT)).collect();
        let escape = escapes(&special, &mut |inst| Ok(program.push(inst, None)))?;
        first.push((b'\\', b'\\', escape));
    }
    first.sort_unstable_by_key(by_target);
    let start = program.push(Inst::Bytes(&first), None);
    Ok(Template { program, start })
}

/// The order of edges in which those to one target follow each other: then they are [alike](super::alike).
pub(super) fn by_target(edge: &Edge) -> (Pc, u8) {
    (edge.2, edge.0)
}

/// Whether a byte does not stand for itself within a string in JSON.
pub(super) fn must_be_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// The parts of a range that stand for themselves in JSON strings.
pub(super) fn plain_ranges(low: u8, high: u8) -> impl Iterator<Item = (u8, u8)> {
    let parts = [(0x20, b'"' - 1), (b'"' + 1, b'\\' - 1), (b'\\' + 1, 0xff)];
    parts.into_iter().map(move |(a, b)| (a.max(low), b.min(high))).filter(|(a, b)| a <= b)
}

/// The characters of a class that stand for themselves in JSON, and those that do not.
fn split(class: &ClassUnicode) -> (ClassUnicode, Vec<u8>) {
    let range = ClassUnicodeRange::new;
    let mut plain = class.clone();
    plain.difference(&ClassUnicode::new([range('\0', '\u{1f}'), range('"', '"'), range('\\', '\\')]));
    let has = |byte: &u8| {
        let c = char::from(*byte);
        class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&c))
    };
    (plain, (0..0x80).filter(|byte| must_be_escaped(*byte)).filter(has).collect())
}

/// A class of few ranges: a chain behind each first byte; equal ends are shared. Much cheaper than the general
/// construction, and no larger for classes such as `[^"]`.
fn sequences(program: &mut Program, class: &ClassUnicode) -> Vec<Edge> {
    let mut shared: FxHashMap<Edge, Pc> = FxHashMap::default();
    let mut first: Vec<Edge> = Vec::new();
    for range in class.ranges() {
        for sequence in Utf8Sequences::new(range.start(), range.end()) {
            let mut target = NEXT;
            for byte in sequence.as_slice()[1..].iter().rev() {
                let edge = (byte.start, byte.end, target);
                target = *shared.entry(edge).or_insert_with(|| program.push(Inst::Bytes(&[edge]), None));
            }
            let byte = sequence.as_slice()[0];
            first.push((byte.start, byte.end, target));
        }
    }
    first
}

/// A class of many ranges, by the automaton that `regex-automata` makes of it.
fn automaton(program: &mut Program, class: &ClassUnicode, limit: usize) -> Result<Vec<Edge>, BuildError> {
    let class = Hir::class(Class::Unicode(class.clone()));
    let config = thompson::Config::new().utf8(true).which_captures(WhichCaptures::None);
    let nfa = thompson::Compiler::new().configure(config).build_from_hir(&class);
    let what = Limit::Instructions;
    let nfa = nfa.map_err(|_| BuildError::TooLarge { what, limit })?;
    let mut import = Import { program, nfa: &nfa, done: FxHashMap::default() };
    Ok(import.edges(nfa.start_anchored()))
}

/// Copies the states of a character class.
struct Import<'p, 'n> {
    program: &'p mut Program,
    nfa: &'n thompson::NFA,
    done: FxHashMap<StateID, Pc>,
}

impl Import<'_, '_> {
    /// Recurses at most as deep as a UTF-8 sequence is long, and once per nested union.
    fn state(&mut self, id: StateID) -> Pc {
        if let State::Match { .. } = self.nfa.state(id) {
            return NEXT;
        }
        if let Some(&pc) = self.done.get(&id) {
            return pc;
        }
        let edges = self.edges(id);
        let pc = self.program.push(Inst::Bytes(&edges), None);
        self.done.insert(id, pc);
        pc
    }

    /// What a state reads first.
    fn edges(&mut self, id: StateID) -> Vec<Edge> {
        match self.nfa.state(id) {
            State::ByteRange { trans } => vec![(trans.start, trans.end, self.state(trans.next))],
            State::Sparse(sparse) => {
                sparse.transitions.iter().map(|t| (t.start, t.end, self.state(t.next))).collect()
            }
            State::Dense(dense) => {
                let alive = dense.transitions.iter().enumerate().filter(|(_, next)| **next != StateID::ZERO);
                alive.map(|(byte, &next)| (byte as u8, byte as u8, self.state(next))).collect()
            }
            State::Union { alternates } => {
                let mut edges: Vec<Edge> = alternates.iter().flat_map(|&id| self.edges(id)).collect();
                edges.sort_unstable();
                edges
            }
            State::BinaryUnion { alt1, alt2 } => {
                let mut edges = self.edges(*alt1);
                edges.extend(self.edges(*alt2));
                edges.sort_unstable();
                edges
            }
            State::Capture { next, .. } | State::Look { next, .. } => self.edges(*next),
            State::Fail | State::Match { .. } => Vec::new(),
        }
    }
}

/// What stands behind the `\` of some escaped bytes, each with where it leads.
pub(super) fn escapes(
    bytes: &[(u8, Pc)],
    emit: &mut dyn FnMut(Inst<'_>) -> Result<Pc, BuildError>,
) -> Result<Pc, BuildError> {
    let mut ranges: Vec<Edge> = Vec::new();
    // By their first hexadecimal digit.
    let mut hexes: [Vec<Edge>; 2] = [Vec::new(), Vec::new()];
    for &(byte, target) in bytes {
        let text = escaped(char::from(byte)).unwrap_or_default();
        match text.as_bytes() {
            [b'\\', b'u', _, _, first, last] => {
                hexes[usize::from(*first != b'0')].push((*last, *last, target));
            }
            [b'\\', short] => ranges.push((*short, *short, target)),
            _ => {}
        }
    }
    let mut second: Vec<Edge> = Vec::new();
    for (digit, hexes) in [b'0', b'1'].into_iter().zip(&hexes) {
        if !hexes.is_empty() {
            second.push((digit, digit, emit(Inst::Bytes(&joined(hexes)))?));
        }
    }
    if !second.is_empty() {
        let mut next = emit(Inst::Bytes(&second))?;
        for _ in 0..2 {
            next = emit(Inst::Bytes(&[(b'0', b'0', next)]))?;
        }
        ranges.push((b'u', b'u', next));
    }
    ranges.sort_unstable();
    emit(Inst::Bytes(&joined(&ranges)))
}

/// Sorted edges, those made one that follow each other and lead to the same.
fn joined(edges: &[Edge]) -> Vec<Edge> {
    let mut joined: Vec<Edge> = Vec::with_capacity(edges.len());
    for &(low, high, target) in edges {
        match joined.last_mut() {
            Some((_, end, same)) if *same == target && *end + 1 == low => *end = high,
            _ => joined.push((low, high, target)),
        }
    }
    joined
}
