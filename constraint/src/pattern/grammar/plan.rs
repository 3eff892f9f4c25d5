//! Which definitions of a grammar are called, and which are written out where they are used.
//!
//! Definitions that lead back to themselves are called. Others are written out while that is cheap: states
//! without open calls have simpler masks, and a grammar without any call is as good as a regular expression.

use super::{Grammar, Item, Name, scan};
use crate::pattern::graph::Components;

/// Instructions that all copies of a definition may take.
const COPIES: usize = 256;
/// Instructions of what is ignored, where it is written before every terminal.
const IGNORED: usize = 40;
/// Instructions that a spec is taken to have: one that stands in several places is called.
const PART: usize = 200;
/// How deep definitions and their parts may nest before one of them is called: they are emitted recursively.
const DEEPEST: usize = 400;

/// See the module's description. All by name.
#[derive(Debug)]
pub(super) struct Plan {
    /// Whether the start leads to it.
    pub(super) reached: Vec<bool>,
    pub(super) called: Vec<bool>,
    /// Whether what is ignored is called.
    pub(super) ignored_called: bool,
    sizes: Vec<Size>,
    /// What a terminal takes beside its own text.
    ignored: usize,
}

/// How much it takes to write something out.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    instructions: usize,
    depth: usize,
}

impl Plan {
    pub(super) fn new(grammar: &Grammar<'_>) -> Plan {
        let uses: Vec<Vec<Name>> = (0..grammar.definitions.len() as Name).map(|n| uses(grammar, n)).collect();
        let times = times(grammar, &uses);
        let components = Components::new(&uses);
        let mut plan = Plan {
            reached: times.iter().map(|&times| times > 0).collect(),
            called: components.cyclic.clone(),
            ignored_called: false,
            sizes: vec![Size::default(); uses.len()],
            ignored: 0,
        };
        let mut order: Vec<usize> = (0..uses.len()).collect();
        order.sort_by_key(|&name| components.of[name]);
        // Terminals have nothing ignored within, so that they come before what is ignored, and rules after it.
        plan.decide(grammar, &order, &times, true);
        let ignored: usize = grammar.ignored.iter().map(|item| plan.size(item, true).instructions).sum();
        plan.ignored_called = ignored > IGNORED;
        plan.ignored = if plan.ignored_called { 1 } else { ignored };
        plan.decide(grammar, &order, &times, false);
        plan
    }

    fn decide(&mut self, grammar: &Grammar<'_>, order: &[usize], times: &[usize], terminal: bool) {
        for &name in order {
            let definition = grammar.definition(name as Name).filter(|d| d.terminal == terminal);
            let Some(definition) = definition else { continue };
            let size = self.size(&definition.item, terminal);
            let large = times[name] > 1 && size.instructions.saturating_mul(times[name]) > COPIES;
            self.called[name] |= large || size.depth > DEEPEST;
            self.sizes[name] = if self.called[name] { Size { instructions: 1, depth: 1 } } else { size };
        }
    }

    fn size(&self, item: &Item, terminal: bool) -> Size {
        let ignored = if terminal { 0 } else { self.ignored };
        let all = |items: &[Item]| {
            items.iter().map(|item| self.size(item, terminal)).fold(Size::default(), |all, one| Size {
                instructions: all.instructions.saturating_add(one.instructions),
                depth: all.depth.max(one.depth),
            })
        };
        let size = match item {
            Item::Text(text) => Size { instructions: text.len() + ignored, depth: 0 },
            Item::Part(_) => Size { instructions: PART + ignored, depth: 0 },
            Item::Pattern(hir) => Size { instructions: scan::size(hir) + ignored, depth: 0 },
            // What leads to itself has no size yet.
            Item::Name(name) if self.called[*name as usize] => Size { instructions: 1 + ignored, depth: 0 },
            Item::Name(name) => {
                let size = self.sizes[*name as usize];
                Size { instructions: size.instructions.saturating_add(ignored), ..size }
            }
            Item::Apply(_) | Item::Parameter(_) => Size::default(),
            Item::Seq(items) | Item::Any(items) => all(items),
            Item::Repeat(inner, ..) => self.size(inner, terminal),
        };
        Size { instructions: size.instructions.saturating_add(1), depth: size.depth + 1 }
    }

    /// About how many instructions an item takes where it is written out.
    pub(super) fn instructions(&self, item: &Item, terminal: bool) -> usize {
        self.size(item, terminal).instructions
    }
}

/// What a definition uses, as often as it does.
fn uses(grammar: &Grammar<'_>, name: Name) -> Vec<Name> {
    let mut found = Vec::new();
    if let Some(definition) = grammar.definition(name) {
        find_uses(&definition.item, &mut found);
    }
    found
}

fn find_uses(item: &Item, found: &mut Vec<Name>) {
    match item {
        Item::Text(_) | Item::Pattern(_) | Item::Part(_) | Item::Apply(_) | Item::Parameter(_) => {}
        Item::Name(name) => found.push(*name),
        Item::Seq(items) | Item::Any(items) => items.iter().for_each(|item| find_uses(item, found)),
        Item::Repeat(inner, ..) => find_uses(inner, found),
    }
}

/// How often each definition is used by what the start leads to.
fn times(grammar: &Grammar<'_>, uses: &[Vec<Name>]) -> Vec<usize> {
    let mut times = vec![0usize; uses.len()];
    let mut open = vec![grammar.start];
    grammar.ignored.iter().for_each(|item| find_uses(item, &mut open));
    while let Some(name) = open.pop() {
        times[name as usize] += 1;
        if times[name as usize] == 1 {
            open.extend(&uses[name as usize]);
        }
    }
    times
}
