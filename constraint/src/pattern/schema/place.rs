//! Places in a value, and the order in which an object's members are written there.
//!
//! A place is identified by the schemas that may apply to the value there, whichever of their alternatives
//! hold. The names that these mention come first, in order of first mention; so the order depends on where an
//! object stands, and not on what it contains.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::node::{Keyword, NameId, NodeId};
use super::read::Schemas;

/// Index of a place.
pub(super) type PlaceId = u32;

/// The place about which no schema has anything to say.
pub(super) const NOWHERE: PlaceId = 0;

/// A step from a place into the value there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// The member with a name that is mentioned at the place.
    Name(NameId),
    /// Any other member.
    Other,
    Item(u32),
}

#[derive(Debug)]
struct Place {
    /// All schemas about the value, in the order of the document.
    nodes: Vec<NodeId>,
    /// The names that they mention.
    names: Rc<[NameId]>,
    /// How many first items they tell apart.
    alike: u32,
}

/// The places that were met so far.
#[derive(Debug)]
pub(super) struct Places {
    all: Vec<Place>,
    index: FxHashMap<Vec<NodeId>, PlaceId>,
    steps: FxHashMap<(PlaceId, Step), PlaceId>,
    /// Which schemas mention names, at their own place or below.
    speaks: Vec<bool>,
}

impl Places {
    pub(super) fn new(schemas: &Schemas) -> Places {
        let all = vec![Place { nodes: Vec::new(), names: Rc::new([]), alike: 0 }];
        Places {
            all,
            index: FxHashMap::from_iter([(Vec::new(), NOWHERE)]),
            steps: FxHashMap::default(),
            speaks: speaking(schemas),
        }
    }

    pub(super) fn names(&self, place: PlaceId) -> &Rc<[NameId]> {
        &self.all[place as usize].names
    }

    /// From which item on all items are at one place.
    pub(super) fn alike(&self, place: PlaceId) -> u32 {
        self.all[place as usize].alike
    }

    /// The place of some schemas.
    pub(super) fn of(&mut self, schemas: &Schemas, roots: &[NodeId]) -> PlaceId {
        let mut speaking: Vec<NodeId> = Vec::new();
        for &root in roots {
            if self.speaks[root as usize] && !speaking.contains(&root) {
                speaking.push(root);
            }
        }
        if let Some(&place) = self.index.get(&speaking) {
            return place;
        }
        let (mut nodes, mut seen) = (Vec::new(), FxHashSet::default());
        speaking.iter().for_each(|&root| in_place(schemas, root, &mut seen, &mut nodes));
        let (mut names, mut alike) = (Vec::new(), 0);
        let mut known = FxHashSet::default();
        for &node in &nodes {
            // Within a schema, `properties` says in what order its author thinks of them.
            let keywords = &schemas.nodes[node as usize].keywords;
            let (first, then): (Vec<&Keyword>, Vec<&Keyword>) =
                keywords.iter().partition(|keyword| matches!(keyword, Keyword::Properties(_)));
            for keyword in first.into_iter().chain(then) {
                names.extend(keyword.names().into_iter().filter(|name| known.insert(*name)));
                if let Keyword::Items(items) = keyword {
                    alike = alike.max(items.prefix.len() as u32);
                }
            }
        }
        let place = self.all.len() as PlaceId;
        self.all.push(Place { nodes, names: names.into(), alike });
        self.index.insert(speaking, place);
        place
    }

    /// The place of a member or an item.
    pub(super) fn step(&mut self, schemas: &Schemas, from: PlaceId, step: Step) -> PlaceId {
        if from == NOWHERE {
            return NOWHERE;
        }
        let step = match step {
            Step::Item(at) => Step::Item(at.min(self.alike(from))),
            other => other,
        };
        if let Some(&place) = self.steps.get(&(from, step)) {
            return place;
        }
        let mut below: Vec<NodeId> = Vec::new();
        for &node in &self.all[from as usize].nodes {
            for keyword in &schemas.nodes[node as usize].keywords {
                follow(keyword, step, &mut below);
            }
        }
        let place = self.of(schemas, &below);
        self.steps.insert((from, step), place);
        place
    }
}

/// Adds what a keyword has to say of a member or an item.
fn follow(keyword: &Keyword, step: Step, below: &mut Vec<NodeId>) {
    match (keyword, step) {
        (Keyword::Properties(properties), Step::Name(_) | Step::Other) => {
            let named = properties.named.iter().find(|(name, _)| step == Step::Name(*name));
            below.extend(named.map(|(_, node)| *node));
            below.extend(properties.patterns.iter().map(|(_, node)| *node));
            below.extend(properties.additional.filter(|_| named.is_none()));
        }
        (Keyword::Items(items), Step::Item(at)) => {
            below.extend(items.prefix.get(at as usize).copied().or(items.rest));
        }
        (Keyword::Contains(node, ..), Step::Item(_)) => below.push(*node),
        _ => {}
    }
}

/// Adds a schema and those that are about the same value, in the order of the document.
fn in_place(schemas: &Schemas, root: NodeId, seen: &mut FxHashSet<NodeId>, out: &mut Vec<NodeId>) {
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        if seen.insert(node) {
            out.push(node);
            let keywords = &schemas.nodes[node as usize].keywords;
            open.extend(keywords.iter().flat_map(Keyword::in_place).collect::<Vec<_>>().into_iter().rev());
        }
    }
}

/// For each schema whether it mentions names, or one that it leads to does.
fn speaking(schemas: &Schemas) -> Vec<bool> {
    let mut speaks = vec![false; schemas.nodes.len()];
    let mut leads: Vec<Vec<NodeId>> = vec![Vec::new(); schemas.nodes.len()];
    let mut open = Vec::new();
    for (node, schema) in schemas.nodes.iter().enumerate() {
        for keyword in &schema.keywords {
            if !keyword.names().is_empty() && !std::mem::replace(&mut speaks[node], true) {
                open.push(node as NodeId);
            }
            for next in keyword.in_place().into_iter().chain(keyword.below()) {
                leads[next as usize].push(node as NodeId);
            }
        }
    }
    while let Some(node) = open.pop() {
        for &from in &leads[node as usize] {
            if !std::mem::replace(&mut speaks[from as usize], true) {
                open.push(from);
            }
        }
    }
    speaks
}
