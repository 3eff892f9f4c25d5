//! The instructions of a byte automaton.
//!
//! There may be hundreds of thousands, most of them with one edge, so they are packed, and their edges lie
//! one after another. [`Inst`] is the form in which they are emitted and read.

use super::bytes::ByteSet;

/// Index of an instruction.
pub(crate) type Pc = u32;
/// Index of a loop.
pub(crate) type LoopId = u32;
/// Index of a rule.
pub(crate) type RuleId = u32;
/// From a byte to a byte, and where they lead.
pub(crate) type Edge = (u8, u8, Pc);

#[derive(Debug, Clone, Copy)]
pub(crate) enum Inst<'p> {
    /// Reads one byte of one of the ranges.
    Bytes(&'p [Edge]),
    /// Goes on anywhere of these; nowhere if there are none.
    Split(&'p [Pc]),
    /// The same, and counts a character in the loop around it.
    Tick(&'p [Edge]),
    /// Leaves the loop around it, which counts characters, if there are enough.
    Leave,
    /// Begins a counted loop.
    Enter(LoopId),
    /// Goes on within the first round of a counted loop, from outside of it.
    Inside(LoopId, Pc),
    /// Ends a round of a counted loop.
    Next(LoopId),
    /// Reads what a rule derives, then goes on.
    Call(RuleId, Pc),
    /// The rule, or the text, is complete.
    Accept,
}

impl Inst<'_> {
    /// Goes nowhere. Stands also for what is not known yet and [set](Program::set) later.
    pub(crate) const NOWHERE: Inst<'static> = Inst::Split(&[]);
}

/// A part of a list.
#[derive(Debug, Clone, Copy)]
struct Part {
    from: u32,
    len: u32,
}

impl Part {
    fn of<T>(self, list: &[T]) -> &[T] {
        &list[self.from as usize..][..self.len as usize]
    }

    /// The same part where so many others stand before it.
    fn behind(self, others: u32) -> Part {
        Part { from: self.from + others, ..self }
    }
}

#[derive(Debug, Clone, Copy)]
enum Packed {
    Bytes(Part),
    Split(Part),
    Tick(Part),
    Leave,
    Enter(LoopId),
    Inside(LoopId, Pc),
    Next(LoopId),
    Call(RuleId, Pc),
    Accept,
}

/// Instructions by their numbers, and the innermost counted loop around each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Program {
    insts: Vec<Packed>,
    edges: Vec<Edge>,
    ways: Vec<Pc>,
    within: Vec<Option<LoopId>>,
    /// Which read keys that may not come twice; those beyond its end do not.
    keys: Vec<bool>,
}

impl Program {
    pub(crate) fn len(&self) -> usize {
        self.insts.len()
    }

    pub(crate) fn push(&mut self, inst: Inst<'_>, within: Option<LoopId>) -> Pc {
        let packed = self.packed(inst);
        self.insts.push(packed);
        self.within.push(within);
        self.insts.len() as Pc - 1
    }

    /// Copies the instructions of another program without loops and rules, but for the first, in whose place `next`
    /// stands. Returns where the other's `start` is.
    pub(crate) fn paste(&mut self, other: &Program, start: Pc, next: Pc, within: Option<LoopId>) -> Pc {
        // Number 0 is left out.
        let base = self.len() as Pc - 1;
        let moved = |pc: Pc| if pc == 0 { next } else { base + pc };
        let (edges, ways) = (self.edges.len() as u32, self.ways.len() as u32);
        self.edges.extend(other.edges.iter().map(|&(low, high, pc)| (low, high, moved(pc))));
        self.ways.extend(other.ways.iter().map(|&pc| moved(pc)));
        let insts = other.insts[1..].iter().map(|&packed| match packed {
            Packed::Bytes(part) => Packed::Bytes(part.behind(edges)),
            Packed::Split(part) => Packed::Split(part.behind(ways)),
            other => other,
        });
        self.insts.extend(insts);
        self.within.resize(self.insts.len(), within);
        moved(start)
    }

    /// Puts another instruction in the place of one.
    pub(crate) fn set(&mut self, pc: Pc, inst: Inst<'_>) {
        self.insts[pc as usize] = self.packed(inst);
    }

    #[inline]
    pub(crate) fn get(&self, pc: Pc) -> Inst<'_> {
        self.shown(self.insts[pc as usize])
    }

    /// The innermost counted loop around an instruction.
    #[inline]
    pub(crate) fn within(&self, pc: Pc) -> Option<LoopId> {
        self.within[pc as usize]
    }

    /// The instructions from `from` on read the keys of an object of which none may come twice.
    pub(crate) fn mark_keys(&mut self, from: usize) {
        self.keys.resize(from, false);
        self.keys.resize(self.insts.len(), true);
    }

    /// Whether an instruction reads a key that may not come twice.
    pub(crate) fn is_key(&self, pc: Pc) -> bool {
        self.keys.get(pc as usize).copied().unwrap_or(false)
    }

    /// Whether any instruction does.
    pub(crate) fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    /// All instructions, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Inst<'_>> {
        self.insts.iter().map(|&packed| self.shown(packed))
    }

    /// Classes of bytes that no instruction tells apart, numbered in order, and the first byte of each.
    pub(crate) fn byte_classes(&self) -> (Box<[u8; 256]>, Vec<u8>) {
        let mut begins = [false; 257];
        begins[0] = true;
        for &(low, high, _) in &self.edges {
            begins[low as usize] = true;
            begins[high as usize + 1] = true;
        }
        let mut classes = Box::new([0u8; 256]);
        let mut representatives = Vec::new();
        for byte in 0..=255u8 {
            if begins[byte as usize] {
                representatives.push(byte);
            }
            classes[byte as usize] = (representatives.len() - 1) as u8;
        }
        (classes, representatives)
    }

    /// Whether each edge reads some byte of a set.
    pub(crate) fn all_edges_meet(&self, bytes: &ByteSet) -> bool {
        self.edges.iter().all(|&(low, high, _)| bytes.meets(low, high))
    }

    fn packed(&mut self, inst: Inst<'_>) -> Packed {
        match inst {
            Inst::Bytes(edges) => Packed::Bytes(keep(&mut self.edges, edges)),
            Inst::Split(ways) => Packed::Split(keep(&mut self.ways, ways)),
            Inst::Tick(edges) => Packed::Tick(keep(&mut self.edges, edges)),
            Inst::Leave => Packed::Leave,
            Inst::Enter(id) => Packed::Enter(id),
            Inst::Inside(id, target) => Packed::Inside(id, target),
            Inst::Next(id) => Packed::Next(id),
            Inst::Call(rule, next) => Packed::Call(rule, next),
            Inst::Accept => Packed::Accept,
        }
    }

    #[inline]
    fn shown(&self, packed: Packed) -> Inst<'_> {
        match packed {
            Packed::Bytes(part) => Inst::Bytes(part.of(&self.edges)),
            Packed::Split(part) => Inst::Split(part.of(&self.ways)),
            Packed::Tick(part) => Inst::Tick(part.of(&self.edges)),
            Packed::Leave => Inst::Leave,
            Packed::Enter(id) => Inst::Enter(id),
            Packed::Inside(id, target) => Inst::Inside(id, target),
            Packed::Next(id) => Inst::Next(id),
            Packed::Call(rule, next) => Inst::Call(rule, next),
            Packed::Accept => Inst::Accept,
        }
    }
}

fn keep<T: Copy>(list: &mut Vec<T>, more: &[T]) -> Part {
    let part = Part { from: list.len() as u32, len: more.len() as u32 };
    list.extend_from_slice(more);
    part
}
