//! Random grammars and an Earley recogniser that knows nothing of automata.

#![allow(clippy::unwrap_used, dead_code, missing_docs, unreachable_pub)]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::Random;

/// A part of a rule, as it is written in both notations.
#[derive(Debug, Clone)]
pub enum Item {
    Text(&'static str),
    Rule(usize),
    Seq(Vec<Item>),
    Any(Vec<Item>),
    Repeat(Box<Item>, u32, Option<u32>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    Gbnf,
    Lark,
}

impl Item {
    pub fn random(random: &mut Random, rules: usize, depth: u32) -> Item {
        let some = |random: &mut Random| {
            (0..1 + random.below(3)).map(|_| Item::random(random, rules, depth - 1)).collect()
        };
        match random.below(if depth == 0 { 4 } else { 9 }) {
            0 | 1 => Item::Text(random.pick::<&str>(&["a", "b", "c", "ab", "", "ca"])),
            2 | 3 => Item::Rule(random.below(rules as u64) as usize),
            4 | 5 => Item::Seq(some(random)),
            6 | 7 => Item::Any(some(random)),
            _ => {
                let min = random.below(3) as u32;
                let max = [None, Some(min + random.below(3) as u32)][random.below(2) as usize];
                Item::Repeat(Box::new(Item::random(random, rules, depth - 1)), min, max)
            }
        }
    }

    fn write(&self, notation: Notation, out: &mut String) {
        match self {
            Item::Text(text) => write!(out, "{text:?}").unwrap(),
            Item::Rule(rule) => out.push_str(&name(*rule, notation)),
            Item::Seq(items) | Item::Any(items) => {
                out.push('(');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at == 0 {
                        ""
                    } else if matches!(self, Item::Any(_)) {
                        " | "
                    } else {
                        " "
                    });
                    item.write(notation, out);
                }
                out.push(')');
            }
            Item::Repeat(item, min, max) => {
                out.push('(');
                item.write(notation, out);
                out.push(')');
                match (notation, max) {
                    (Notation::Gbnf, None) => write!(out, "{{{min},}}").unwrap(),
                    (Notation::Gbnf, Some(max)) => write!(out, "{{{min},{max}}}").unwrap(),
                    (Notation::Lark, Some(max)) => write!(out, "~{min}..{max}").unwrap(),
                    (Notation::Lark, None) => {
                        write!(out, "~{min} (").unwrap();
                        item.write(notation, out);
                        out.push_str(")*");
                    }
                }
            }
        }
    }
}

fn name(rule: usize, notation: Notation) -> String {
    match (rule, notation) {
        (0, Notation::Gbnf) => "root".to_owned(),
        (0, Notation::Lark) => "start".to_owned(),
        _ => format!("r{rule}"),
    }
}

/// The text of a grammar whose first rule is its start.
pub fn source(rules: &[Item], notation: Notation) -> String {
    let mut out = String::new();
    for (at, rule) in rules.iter().enumerate() {
        let sign = if notation == Notation::Gbnf { " ::=" } else { ":" };
        write!(out, "{}{sign} ", name(at, notation)).unwrap();
        rule.write(notation, &mut out);
        out.push('\n');
    }
    out
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Symbol {
    Byte(u8),
    Rule(usize),
}

/// Productions of plain symbols; rule 0 is the start. Only rules that derive something.
#[derive(Debug)]
pub struct Cfg {
    rules: Vec<Vec<Vec<Symbol>>>,
    productive: Vec<bool>,
    ignored: Option<usize>,
}

impl Cfg {
    /// The productions of some rules. Bytes of `ignored` may stand before every text and at the end.
    pub fn new(rules: &[Item], ignored: Option<u8>) -> Cfg {
        // The start, then the rules.
        let mut cfg = Cfg { rules: vec![Vec::new(); 1 + rules.len()], productive: Vec::new(), ignored: None };
        cfg.ignored = ignored.map(|byte| {
            let rule = cfg.add(vec![Vec::new()]);
            cfg.rules[rule].push(vec![Symbol::Byte(byte), Symbol::Rule(rule)]);
            rule
        });
        for (at, rule) in rules.iter().enumerate() {
            let body = cfg.symbols(rule);
            cfg.rules[1 + at] = vec![body];
        }
        let mut start = vec![Symbol::Rule(1)];
        start.extend(cfg.ignored.map(Symbol::Rule));
        cfg.rules[0] = vec![start];
        cfg.prune();
        cfg
    }

    fn add(&mut self, productions: Vec<Vec<Symbol>>) -> usize {
        self.rules.push(productions);
        self.rules.len() - 1
    }

    fn symbols(&mut self, item: &Item) -> Vec<Symbol> {
        match item {
            Item::Text(text) => {
                let mut symbols: Vec<Symbol> = self.ignored.map(Symbol::Rule).into_iter().collect();
                symbols.extend(text.bytes().map(Symbol::Byte));
                symbols
            }
            Item::Rule(rule) => vec![Symbol::Rule(1 + rule)],
            Item::Seq(items) => items.iter().flat_map(|item| self.symbols(item)).collect(),
            Item::Any(items) => {
                let productions = items.iter().map(|item| self.symbols(item)).collect();
                vec![Symbol::Rule(self.add(productions))]
            }
            Item::Repeat(item, min, max) => {
                let one = self.symbols(item);
                let mut symbols = one.repeat(*min as usize);
                match max {
                    Some(max) => {
                        let option = self.add(vec![Vec::new(), one]);
                        symbols.extend(vec![Symbol::Rule(option); (max - min) as usize]);
                    }
                    None => {
                        let rest = self.add(vec![Vec::new()]);
                        self.rules[rest].push([one, vec![Symbol::Rule(rest)]].concat());
                        symbols.push(Symbol::Rule(rest));
                    }
                }
                symbols
            }
        }
    }

    /// Takes out what derives nothing.
    fn prune(&mut self) {
        let mut productive = vec![false; self.rules.len()];
        loop {
            let derives = |symbol: &Symbol| !matches!(symbol, Symbol::Rule(rule) if !productive[*rule]);
            let next: Vec<bool> =
                self.rules.iter().map(|rule| rule.iter().any(|body| body.iter().all(derives))).collect();
            if next == productive {
                break;
            }
            productive = next;
        }
        for rule in &mut self.rules {
            rule.retain(|body| body.iter().all(|s| !matches!(s, Symbol::Rule(rule) if !productive[*rule])));
        }
        self.productive = productive;
    }

    pub fn is_empty(&self) -> bool {
        !self.productive[0]
    }
}

/// A production that is being read: its rule and number, symbols read, and where it began.
type Dotted = (usize, usize, usize, usize);

/// What has been read.
#[derive(Debug, Clone)]
pub struct Chart<'c> {
    cfg: &'c Cfg,
    sets: Vec<BTreeSet<Dotted>>,
}

impl<'c> Chart<'c> {
    pub fn new(cfg: &'c Cfg) -> Chart<'c> {
        let first = (0..cfg.rules[0].len()).map(|body| (0, body, 0, 0)).collect();
        let mut chart = Chart { cfg, sets: vec![first] };
        chart.close();
        chart
    }

    pub fn of(cfg: &'c Cfg, text: &[u8]) -> Chart<'c> {
        let mut chart = Chart::new(cfg);
        text.iter().for_each(|&byte| chart.read(byte));
        chart
    }

    pub fn read(&mut self, byte: u8) {
        let last = &self.sets[self.sets.len() - 1];
        let next = last.iter().filter(|dotted| self.next(dotted) == Some(Symbol::Byte(byte)));
        let next = next.map(|&(rule, body, dot, from)| (rule, body, dot + 1, from)).collect();
        self.sets.push(next);
        self.close();
    }

    fn next(&self, &(rule, body, dot, _): &Dotted) -> Option<Symbol> {
        self.cfg.rules[rule][body].get(dot).copied()
    }

    /// Predicts and completes until nothing is new.
    fn close(&mut self) {
        let here = self.sets.len() - 1;
        let mut open: Vec<Dotted> = self.sets[here].iter().copied().collect();
        while let Some(dotted) = open.pop() {
            let mut found = Vec::new();
            match self.next(&dotted) {
                Some(Symbol::Byte(_)) => {}
                Some(Symbol::Rule(rule)) => {
                    found.extend((0..self.cfg.rules[rule].len()).map(|body| (rule, body, 0, here)));
                    // The rule may have been complete here before.
                    let is_done = |d: &&Dotted| d.0 == rule && d.3 == here && self.next(d).is_none();
                    if self.sets[here].iter().any(|d| is_done(&d)) {
                        found.push((dotted.0, dotted.1, dotted.2 + 1, dotted.3));
                    }
                }
                None => {
                    let waits = |d: &&Dotted| self.next(d) == Some(Symbol::Rule(dotted.0));
                    let waiting = self.sets[dotted.3].iter().filter(|d| waits(d));
                    found.extend(waiting.map(|&(rule, body, dot, from)| (rule, body, dot + 1, from)));
                }
            }
            for dotted in found {
                if self.sets[here].insert(dotted) {
                    open.push(dotted);
                }
            }
        }
    }

    /// Whether the text is one of the grammar's.
    pub fn is_member(&self) -> bool {
        let last = &self.sets[self.sets.len() - 1];
        last.iter().any(|dotted| dotted.0 == 0 && self.next(dotted).is_none())
    }

    /// Whether the text begins one of the grammar's.
    pub fn is_prefix(&self) -> bool {
        !self.sets[self.sets.len() - 1].is_empty()
    }

    /// The definition of a mask: the token goes on, or the text is complete after a part of it.
    pub fn allows(&self, token: &[u8]) -> bool {
        let mut chart = self.clone();
        for &byte in token {
            if chart.is_member() {
                return true;
            }
            chart.read(byte);
            if !chart.is_prefix() {
                return false;
            }
        }
        true
    }
}
