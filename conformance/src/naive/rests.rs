//! Rests: lists of nodes that still have to be read, and how a byte changes a set of them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hash;
use std::rc::Rc;

use super::node::{Begun, Id, Meant, Node, canonical, character, inside_string};

/// A list of nodes; 0 is the empty one.
type Rest = u32;
/// A set of rests; 0 is the empty one.
pub(super) type State = u32;

/// Things with numbers, the same for equal ones.
#[derive(Debug, Clone)]
struct Numbered<T> {
    all: Vec<T>,
    number: HashMap<T, u32>,
}

impl<T: Clone + Eq + Hash> Numbered<T> {
    fn of(&mut self, thing: T) -> u32 {
        if let Some(&number) = self.number.get(&thing) {
            return number;
        }
        let number = self.all.len() as u32;
        self.all.push(thing.clone());
        self.number.insert(thing, number);
        number
    }
}

impl<T> Default for Numbered<T> {
    fn default() -> Numbered<T> {
        Numbered { all: Vec::new(), number: HashMap::new() }
    }
}

/// What a rest can do before a byte is read.
#[derive(Debug)]
struct Ready {
    /// It may be empty.
    ends: bool,
    /// The rests that begin with something that reads a byte.
    reading: Vec<Rest>,
}

/// All nodes, rests and states so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Rests {
    nodes: Numbered<Node>,
    /// Head and tail, from number 1 on.
    lists: Numbered<(Id, Rest)>,
    states: Numbered<Vec<Rest>>,
    /// What each rule reads.
    pub(super) rules: Vec<Option<Id>>,
    productive: Vec<bool>,
    ready: HashMap<Rest, Rc<Ready>>,
    stepped: HashMap<(State, u8), State>,
    /// Which places of intersections can be completed.
    live: HashMap<Rc<[Meant]>, bool>,
}

/// The last byte that can go on with a character.
const CONTINUED: u8 = 0xbf;

impl Rests {
    pub(super) fn node(&mut self, node: Node) -> Id {
        self.nodes.of(node)
    }

    pub(super) fn text(&mut self, text: &[u8]) -> Id {
        if text.is_empty() { self.seq(Vec::new()) } else { self.node(Node::Text(text.to_vec())) }
    }

    pub(super) fn seq(&mut self, parts: Vec<Id>) -> Id {
        self.node(Node::Seq(parts))
    }

    pub(super) fn any(&mut self, parts: Vec<Id>) -> Id {
        self.node(Node::Any(parts))
    }

    fn at(&self, id: Id) -> &Node {
        &self.nodes.all[id as usize]
    }

    /// Finds out which rules derive a text, once all are there.
    pub(super) fn find_productive(&mut self) {
        self.productive = vec![false; self.rules.len()];
        loop {
            let derives = |rule: &Option<Id>| rule.is_some_and(|id| self.is_productive(id));
            let next: Vec<bool> = self.rules.iter().map(derives).collect();
            if next == self.productive {
                return;
            }
            self.productive = next;
        }
    }

    /// Whether something can be read to its end.
    fn is_productive(&self, id: Id) -> bool {
        match self.at(id) {
            Node::Text(_) | Node::Members(..) | Node::Met(_) => true,
            Node::Char(ranges, read) => !read.is_empty() || !ranges.is_empty(),
            Node::Number(range, read) => range.is_begun(read),
            Node::Seq(parts) => parts.iter().all(|&part| self.is_productive(part)),
            Node::Any(parts) => parts.iter().any(|&part| self.is_productive(part)),
            Node::Repeat(item, min, _) => *min == 0 || self.is_productive(*item),
            Node::Rule(rule) => self.productive.get(*rule).copied().unwrap_or(false),
            Node::Key(object, ..) => self.is_productive(object.value),
        }
    }

    /// The state in which one thing has to be read.
    pub(super) fn start(&mut self, root: Id) -> State {
        let start = self.list(&[root], 0);
        self.state(start.into_iter().collect())
    }

    fn state(&mut self, rests: BTreeSet<Rest>) -> State {
        if self.states.all.is_empty() {
            self.states.of(Vec::new());
        }
        self.states.of(rests.into_iter().collect())
    }

    /// Some nodes before a rest; `None` if one of them cannot be read to its end.
    fn list(&mut self, nodes: &[Id], tail: Rest) -> Option<Rest> {
        if !nodes.iter().all(|&node| self.is_productive(node)) {
            return None;
        }
        let mut rest = tail;
        for &node in nodes.iter().rev() {
            // What reads nothing would only make equal rests different.
            if !matches!(self.at(node), Node::Seq(parts) if parts.is_empty()) {
                rest = self.lists.of((node, rest)) + 1;
            }
        }
        Some(rest)
    }

    pub(super) fn is_dead(&self, state: State) -> bool {
        self.states.all[state as usize].is_empty()
    }

    pub(super) fn accepts(&mut self, state: State) -> bool {
        let rests = self.states.all[state as usize].clone();
        rests.into_iter().any(|rest| self.ready(rest).ends)
    }

    pub(super) fn step(&mut self, state: State, byte: u8) -> State {
        if let Some(&next) = self.stepped.get(&(state, byte)) {
            return next;
        }
        let mut next = BTreeSet::new();
        for rest in self.states.all[state as usize].clone() {
            for &reading in &self.ready(rest).clone().reading {
                next.extend(self.read(reading, byte));
            }
        }
        let next = self.state(next);
        self.stepped.insert((state, byte), next);
        next
    }

    /// Opens what stands in front until it reads a byte.
    fn ready(&mut self, rest: Rest) -> Rc<Ready> {
        if let Some(ready) = self.ready.get(&rest) {
            return ready.clone();
        }
        let (mut seen, mut open) = (BTreeSet::from([rest]), vec![rest]);
        let mut ready = Ready { ends: false, reading: Vec::new() };
        while let Some(rest) = open.pop() {
            if rest == 0 {
                ready.ends = true;
                continue;
            }
            let (head, tail) = self.lists.all[rest as usize - 1];
            let node = self.at(head).clone();
            if matches!(
                node,
                Node::Text(_) | Node::Char(..) | Node::Number(..) | Node::Key(..) | Node::Met(_)
            ) {
                ready.reading.push(rest);
            }
            open.extend(self.opened(&node, tail).into_iter().filter(|rest| seen.insert(*rest)));
            assert!(seen.len() < 100_000, "a reference must not have rules that begin with themselves");
        }
        let ready = Rc::new(ready);
        self.ready.insert(rest, ready.clone());
        ready
    }

    /// The rests that a node before a rest stands for, without a byte being read.
    fn opened(&mut self, node: &Node, tail: Rest) -> Vec<Rest> {
        match node {
            Node::Seq(parts) => self.list(parts, tail).into_iter().collect(),
            Node::Any(parts) => parts.iter().filter_map(|&part| self.list(&[part], tail)).collect(),
            Node::Repeat(item, min, max) => {
                let none = (*min == 0).then_some(tail);
                if *max == Some(0) {
                    return none.into_iter().collect();
                }
                let less = Node::Repeat(*item, min.saturating_sub(1), max.map(|max| max - 1));
                let less = self.node(less);
                none.into_iter().chain(self.list(&[*item, less], tail)).collect()
            }
            Node::Rule(rule) => {
                let body = self.rules.get(*rule).copied().flatten();
                body.and_then(|body| self.list(&[body], tail)).into_iter().collect()
            }
            Node::Number(range, read) if range.is_whole(read) => vec![tail],
            Node::Met(members) if self.is_met(members) => vec![tail],
            Node::Members(object, used) => {
                let quote = self.text(b"\"");
                let key = self.node(Node::Key(*object, used.clone(), Vec::new()));
                let first: &[Id] = if used.is_empty() { &[quote, key] } else { &[object.comma, quote, key] };
                [self.list(&[object.close], tail), self.list(first, tail)].into_iter().flatten().collect()
            }
            _ => Vec::new(),
        }
    }

    /// What is left of a rest that begins with something that reads a byte.
    fn read(&mut self, rest: Rest, byte: u8) -> Option<Rest> {
        let (head, tail) = self.lists.all[rest as usize - 1];
        let with = |read: &[u8]| [read, &[byte]].concat();
        match self.at(head).clone() {
            Node::Text(text) if text[0] == byte => {
                let left = self.text(&text[1..]);
                self.list(&[left], tail)
            }
            Node::Char(ranges, read) => match character(&ranges, &with(&read)) {
                Begun::Whole => Some(tail),
                Begun::Part => {
                    let left = self.node(canonical(&ranges, with(&read)));
                    self.list(&[left], tail)
                }
                Begun::No => None,
            },
            Node::Number(range, read) => {
                let left = self.node(Node::Number(range, with(&read)));
                self.list(&[left], tail)
            }
            Node::Met(members) => {
                let next = self.step_all(&members, byte);
                let left = self.met(next)?;
                self.list(&[left], tail)
            }
            Node::Key(object, mut used, read) => {
                if byte == b'"' && inside_string(&read) == Some(true) {
                    if !used.insert(read) {
                        return None;
                    }
                    let more = self.node(Node::Members(object, used));
                    return self.list(&[object.colon, object.value, more], tail);
                }
                inside_string(&with(&read))?;
                let left = self.node(Node::Key(object, used, with(&read)));
                self.list(&[left], tail)
            }
            _ => None,
        }
    }

    /// The texts that some things have in common, and that others do not have.
    pub(super) fn common(&mut self, members: &[(Id, bool)]) -> Id {
        let members = members.iter().map(|&(id, is_meant)| (self.start(id), is_meant)).collect();
        match self.met(members) {
            Some(met) => met,
            None => self.any(Vec::new()),
        }
    }

    /// A place in an intersection, if it can be completed.
    fn met(&mut self, members: Rc<[Meant]>) -> Option<Id> {
        self.is_live(&members).then(|| self.node(Node::Met(members)))
    }

    fn is_met(&mut self, members: &[Meant]) -> bool {
        members.iter().all(|&(state, is_meant)| self.accepts(state) == is_meant)
    }

    fn step_all(&mut self, members: &[Meant], byte: u8) -> Rc<[Meant]> {
        members.iter().map(|&(state, is_meant)| (self.step(state, byte), is_meant)).collect()
    }

    /// A search through all that may follow, first without new characters of several bytes, which finds most ends and meets
    /// fewer places.
    fn is_live(&mut self, members: &Rc<[Meant]>) -> bool {
        if let Some(&live) = self.live.get(members) {
            return live;
        }
        let live = self.search(members, CONTINUED) || self.search(members, 255);
        self.live.insert(members.clone(), live);
        live
    }

    fn search(&mut self, members: &Rc<[Meant]>, last: u8) -> bool {
        let (mut seen, mut open) = (HashSet::from([members.clone()]), vec![members.clone()]);
        let mut at = 0;
        while let Some(members) = open.get(at).cloned() {
            if self.is_met(&members) || self.live.get(&members) == Some(&true) {
                return true;
            }
            for byte in 0..=last {
                let next = self.step_all(&members, byte);
                let is_dead = next.iter().any(|&(state, is_meant)| is_meant && self.is_dead(state));
                if !is_dead && seen.insert(next.clone()) {
                    open.push(next);
                }
            }
            at += 1;
        }
        false
    }
}
