//! Mending one piece until it parses: what is wrong is reported, and left out as narrowly as possible.

use std::ops::Range;

use pest::Parser;
use pest::error::Error;

use super::explain::{self, Found};
use super::grammar::Grammar;
use super::leaf::Leaf;
use super::outline::Word;
use super::patch::Patched;
use super::prose::Run;
use super::{Rule, stub};
use crate::diag::Diag;
use crate::lex::{Kind, Mend, words};

/// How often a piece is mended and parsed again.
const MAX_MENDS: usize = 24;

/// How far around a word its other occurrences are looked for, in bytes.
const NEAR: usize = 4096;

pub(super) struct Mender<'l, 'a> {
    leaf: &'l Leaf<'a>,
    rule: Rule,
    mends: Vec<Mend>,
    /// Whether what is found next may be a consequence.
    pub(super) quiet: bool,
    /// Whether every mend was what was meant.
    pub(super) sure: bool,
    /// Whether nothing of the piece can be read.
    hopeless: bool,
    /// Places that were left out.
    left_out: Vec<Range<usize>>,
    /// Names that were left out.
    pub(super) dropped: Vec<Word<'a>>,
    pub(super) diags: Vec<Diag>,
    /// The finding to which the lines after the piece may belong, by its index.
    pub(super) lines: Option<(usize, Run)>,
}

impl<'l, 'a> Mender<'l, 'a> {
    pub(super) fn new(leaf: &'l Leaf<'a>, rule: Rule, mends: Vec<Mend>) -> Mender<'l, 'a> {
        Mender {
            leaf,
            rule,
            mends,
            quiet: false,
            sure: true,
            hopeless: false,
            left_out: Vec::new(),
            dropped: Vec::new(),
            diags: Vec::new(),
            lines: None,
        }
    }

    /// Reports a finding, unless it may be a consequence, and applies its mends; says whether it has any.
    pub(super) fn take(&mut self, found: Found) -> bool {
        if !self.quiet {
            self.lines = found.run.map(|run| (self.diags.len(), run));
            self.diags.extend(std::iter::once(found.diag));
        }
        self.quiet |= !found.sure;
        self.sure &= found.sure;
        self.hopeless |= found.lost;
        let any = !found.mends.is_empty();
        found.mends.into_iter().for_each(|mend| self.add(mend));
        any
    }

    /// Adds a mend in place of those within it.
    fn add(&mut self, mend: Mend) {
        self.mends.retain(|m| {
            let inside = mend.place.start <= m.place.start && m.place.end <= mend.place.end;
            let opened_outside = m.closes.is_some_and(|opened| !mend.place.contains(&opened));
            mend.place.is_empty() || !inside || opened_outside
        });
        let at = self.mends.partition_point(|m| m.key() <= mend.key());
        self.mends.insert(at, mend);
    }

    /// The piece as it parses; `None` if nothing can be made of it.
    pub(super) fn run(&mut self) -> Option<Patched> {
        if self.hopeless {
            return None;
        }
        for _ in 0..MAX_MENDS {
            let patched = self.leaf.patched(&self.mends);
            let error = match Grammar::parse(self.rule, &patched.text) {
                Ok(_) => return Some(patched),
                Err(error) => error,
            };
            let at = patched.places.start(explain::offset(&error));
            if !self.mend_error(at, &error) {
                break;
            }
        }
        self.sure = false;
        let mut stubs = stub::candidates(self.leaf, &self.mends).into_iter();
        stubs.find(|patched| !self.hopeless && Grammar::parse(self.rule, &patched.text).is_ok())
    }

    /// Reports the error at a place of the file, unless it may be a consequence, and mends or leaves out what
    /// is wrong there; says whether that was possible.
    fn mend_error(&mut self, at: usize, error: &Error<Rule>) -> bool {
        let found = explain::explain(self.leaf, at, error);
        let quiet = self.quiet;
        self.quiet |= self.is_known(at);
        let (sure, before) = (found.sure, self.mends.clone());
        let mended = self.take(found) && self.parses_beyond(at);
        self.quiet = quiet || mended && !sure;
        if mended {
            return true;
        }
        self.mends = before;
        self.sure = false;
        let index = self.leaf.index_at(at);
        !self.hopeless && (self.drop_word(index) || self.leave_out(index))
    }

    /// Whether the mends lead further than to a place of the file.
    fn parses_beyond(&self, at: usize) -> bool {
        let patched = self.leaf.patched(&self.mends);
        match Grammar::parse(self.rule, &patched.text) {
            Ok(_) => true,
            Err(error) => {
                let next = patched.places.start(explain::offset(&error));
                next > at && !self.is_known(next)
            }
        }
    }

    /// Whether an error here is a consequence of what was mended or left out.
    fn is_known(&self, at: usize) -> bool {
        let gap = |from: usize| self.leaf.text.get(from..at).is_some_and(|gap| gap.trim().is_empty());
        let near = |mend: &Mend| {
            let opened = mend.closes.is_some_and(|opened| at == opened || at > opened && gap(opened + 1));
            opened || mend.place.contains(&at) || gap(mend.place.end)
        };
        self.left_out.iter().any(|place| place.contains(&at)) || self.mends.iter().any(near)
    }

    /// Leaves out the word at an error, or one of the two before it, if that alone makes the piece parse.
    fn drop_word(&mut self, index: usize) -> bool {
        // What is wrong in a bracket is sometimes noticed where that opens.
        let inside = (self.leaf.kind(index) == Some(Kind::Open)).then_some(index + 1);
        // A value or a name in the wrong is a statement by itself: it is noticed after it.
        let before = index.checked_sub(2);
        let near = [Some(index), index.checked_sub(1), inside, before].into_iter().flatten();
        let mut words: Vec<(usize, &Word<'a>)> =
            near.filter_map(|at| self.leaf.words.get(at)).filter_map(|w| Some((oddness(w)?, w))).collect();
        // Of two words before a `:` or `=`, the second is the name.
        let named = matches!(self.leaf.at(index + 1), ":" | "=");
        words.sort_by_key(|(odd, w)| {
            let name = named && self.leaf.words.get(index).is_some_and(|k| k.start == w.start);
            (*odd, w.is_name() && self.occurs_elsewhere(w), name)
        });
        let mends = self.mends.clone();
        let mut best: Option<(usize, &Word<'a>, Vec<Mend>)> = None;
        for (_, word) in words {
            self.add(Mend::new(word.start..word.end, " "));
            let tried = std::mem::replace(&mut self.mends, mends.clone());
            let count = statements(self.rule, &self.leaf.patched(&tried).text);
            // What falls apart into several statements is less likely what was meant.
            if let Some(count) = count.filter(|count| best.as_ref().is_none_or(|(least, ..)| count < least)) {
                best = Some((count, word, tried));
            }
        }
        let Some((_, word, mends)) = best else { return false };
        self.mends = mends;
        self.dropped.extend(word.is_name().then_some(*word));
        true
    }

    /// Whether a name stands near the piece once more, as what is declared and used does.
    fn occurs_elsewhere(&self, word: &Word<'_>) -> bool {
        let text = self.leaf.text;
        let (mut from, mut to) = (word.start.saturating_sub(NEAR), (word.end + NEAR).min(text.len()));
        while !text.is_char_boundary(from) {
            from += 1;
        }
        while !text.is_char_boundary(to) {
            to -= 1;
        }
        let inner = |c: char| c.is_alphanumeric() || c == '_';
        let near = text.get(from..to).unwrap_or("");
        near.match_indices(word.text).any(|(at, name)| {
            let whole = !near[..at].ends_with(inner) && !near[at + name.len()..].starts_with(inner);
            whole && from + at != word.start
        })
    }

    /// Leaves out the narrowest part around a word that was not left out before.
    fn leave_out(&mut self, index: usize) -> bool {
        let mut index = index;
        while let Some(open) = self.leaf.around(index) {
            if let Some(mend) = self.part(open, index)
                && !self.left_out.iter().any(|old| old.start <= mend.place.start && mend.place.end <= old.end)
            {
                self.left_out.push(mend.place.clone());
                self.add(mend);
                return true;
            }
            index = open;
        }
        false
    }

    /// The part around a word within the bracket or hole that opens before it, and what stands for it.
    fn part(&self, open: usize, index: usize) -> Option<Mend> {
        let leaf = self.leaf;
        let close = leaf.closing(open);
        let sign = leaf.words.get(open)?;
        if sign.kind == Kind::HoleOpen {
            let end = leaf.words.get(close).map_or(leaf.bytes().end, |w| w.start);
            return Some(Mend::new(sign.end..end, stub::hole(leaf, open + 1)));
        }
        if sign.kind != Kind::Open || leaf.is_block(open) || close <= open + 1 {
            return None;
        }
        let part = leaf.element(open, index);
        match (sign.text, leaf.back(open, 2)) {
            ("(", word) if words::declares_function(word) && leaf.is_name(part.start) => {
                let name = leaf.words.get(part.start)?;
                Some(Mend::new(name.start..leaf.place(part).end, format!("{}: \0", name.text)))
            }
            ("(", _) if leaf.is_name(open.wrapping_sub(1)) && leaf.on_line(open) => {
                Some(Mend::new(leaf.place(open - 1..close + 1), "\0"))
            }
            ("{", _) => {
                let key = leaf.words.get(part.start).filter(|w| w.kind == Kind::Word);
                let Some(key) = key else { return Some(Mend::new(leaf.place(part), "")) };
                Some(Mend::new(key.start..leaf.place(part).end, format!("{}: \0", key.text)))
            }
            _ if part.is_empty() => None,
            _ => Some(Mend::new(leaf.place(part), "\0")),
        }
    }
}

/// How many statements a text is; `None` if it does not parse.
fn statements(rule: Rule, text: &str) -> Option<usize> {
    let parsed = Grammar::parse(rule, text).ok()?;
    Some(parsed.flat_map(pest::iterators::Pair::into_inner).count())
}

/// How likely a word is to be there by mistake, the least number first; brackets and quotes never are.
fn oddness(word: &Word<'_>) -> Option<usize> {
    match word.kind {
        Kind::Unknown => Some(0),
        Kind::Punct => Some(1),
        Kind::Number | Kind::Regex => Some(2),
        Kind::Word if matches!(word.text, "true" | "false" | "null") => Some(5),
        Kind::Word if words::is_reserved(word.text) => Some(3),
        Kind::Word if !words::is_type(word.text) => Some(4),
        Kind::Word => Some(6),
        _ => None,
    }
}
