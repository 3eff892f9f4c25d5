//! From a spec to instructions. Regular expressions are walked as `regex-syntax`'s HIR, whose character
//! classes `regex-automata` turns into shared UTF-8 automata; the rest is our own, because counted repeats
//! must stay counted.

use std::rc::Rc;

use regex_syntax::hir::{Class, ClassUnicodeRange, Hir, HirKind, Look};
use rustc_hash::FxHashMap;

use super::builder::Builder;
use super::class::{Template, must_be_escaped};
use super::json::{escaped, quoted_text};
use super::nfa::{Nfa, SLOTS, UNBOUNDED};
use super::number;
use super::program::{Edge, Inst, Pc, RuleId};
use super::runs::{self, Stretch};
use super::words;
use crate::error::BuildError;
use crate::limits::{Limit, Limits};
use crate::spec::Spec;

/// Repeats are unrolled while that costs no more instructions than this.
const UNROLLED: usize = 24;

/// The automaton of a spec without stops.
pub(crate) fn compile(spec: &Spec, bindings: &[Vec<String>], limits: &Limits) -> Result<Nfa, BuildError> {
    let mut few = Vec::new();
    loop {
        let nfa = compile_counting(spec, bindings, limits, few.clone())?;
        if nfa.uncounted.is_empty() {
            return Ok(nfa);
        }
        // How many keys there are is known only when all is written down: which values there are says which keys.
        few.extend(nfa.uncounted);
    }
}

/// The same, where some lists of members are known to have few keys.
fn compile_counting(
    spec: &Spec,
    bindings: &[Vec<String>],
    limits: &Limits,
    few: Vec<u32>,
) -> Result<Nfa, BuildError> {
    let mut builder = Builder::counting(limits, few);
    let accept = builder.emit(Inst::Accept)?;
    let start = Compiler::new(&mut builder, bindings).spec(spec, accept)?;
    builder.finish(start)
}

/// The automaton of one regular expression, as its HIR.
pub(crate) fn compile_hirs(hirs: &[Hir], limits: &Limits) -> Result<Nfa, BuildError> {
    let mut builder = Builder::new(limits);
    let accept = builder.emit(Inst::Accept)?;
    let mut compiler = Compiler::new(&mut builder, &[]);
    let starts: Result<Vec<Pc>, BuildError> = hirs.iter().map(|hir| compiler.hir(hir, accept)).collect();
    let start = compiler.split(starts?)?;
    builder.finish(start)
}

/// Parses a regular expression. Anchors at its ends say nothing and are dropped; other assertions are errors.
pub(crate) fn parse(pattern: &str) -> Result<Hir, BuildError> {
    let invalid = |reason: String, span| BuildError::Regex { pattern: pattern.to_owned(), reason, span };
    let hir = match regex_syntax::ParserBuilder::new().utf8(true).build().parse(pattern) {
        Ok(hir) => hir,
        Err(regex_syntax::Error::Parse(error)) => {
            use regex_syntax::ast::ErrorKind;
            let span = error.span().start.offset..error.span().end.offset;
            if let ErrorKind::UnsupportedLookAround = error.kind() {
                let look = pattern.get(span.clone()).unwrap_or_default().to_owned();
                return Err(BuildError::LookAround { pattern: pattern.to_owned(), look, span: Some(span) });
            }
            return Err(invalid(error.kind().to_string(), Some(span)));
        }
        Err(regex_syntax::Error::Translate(error)) => {
            let span = error.span().start.offset..error.span().end.offset;
            return Err(invalid(error.kind().to_string(), Some(span)));
        }
        Err(other) => return Err(invalid(other.to_string(), None)),
    };
    let hir = without_anchors(hir);
    match hir.properties().look_set().iter().next() {
        None => Ok(hir),
        Some(look) => Err(BuildError::LookAround {
            pattern: pattern.to_owned(),
            look: look_text(look).to_owned(),
            span: None,
        }),
    }
}

fn without_anchors(hir: Hir) -> Hir {
    let is = |hir: &Hir, look: Look| matches!(hir.kind(), HirKind::Look(other) if *other == look);
    if is(&hir, Look::Start) || is(&hir, Look::End) {
        return Hir::empty();
    }
    match hir.kind() {
        HirKind::Concat(parts) => {
            let first = parts.first().is_some_and(|part| is(part, Look::Start)) as usize;
            let last = parts.last().is_some_and(|part| is(part, Look::End)) as usize;
            if first + last == 0 {
                return hir;
            }
            let end = (parts.len() - last).max(first);
            Hir::concat(parts[first..end].to_vec())
        }
        _ => hir,
    }
}

fn look_text(look: Look) -> &'static str {
    match look {
        Look::Start | Look::StartLF | Look::StartCRLF => "^",
        Look::End | Look::EndLF | Look::EndCRLF => "$",
        Look::WordAscii | Look::WordUnicode => r"\b",
        Look::WordAsciiNegate | Look::WordUnicodeNegate => r"\B",
        _ => r"\b{…}",
    }
}

/// See the module's description. Specs and bindings live for `'s`.
pub(super) struct Compiler<'s, 'b, 'l> {
    pub(super) builder: &'b mut Builder<'l>,
    pub(super) bindings: &'s [Vec<String>],
    /// The rules of the named specs in sight, the innermost last.
    defs: Vec<Vec<RuleId>>,
    /// The rule of any JSON value, if there is one.
    pub(super) any_json: Option<RuleId>,
    /// Whether white space may stand between the tokens of JSON.
    pub(super) spaced: bool,
    /// Whether texts are read as they are written within strings in JSON.
    pub(super) quoted: bool,
    /// Expressions that were met: types repeat.
    expressions: FxHashMap<String, Rc<Expression>>,
}

/// A regular expression that was met.
enum Expression {
    /// As instructions.
    Written(Template),
    /// It has counted loops, which are written down where it stands.
    Parsed(Hir),
}

impl<'s, 'b, 'l> Compiler<'s, 'b, 'l> {
    pub(super) fn new(builder: &'b mut Builder<'l>, bindings: &'s [Vec<String>]) -> Compiler<'s, 'b, 'l> {
        Compiler {
            builder,
            bindings,
            defs: Vec::new(),
            any_json: None,
            spaced: false,
            quoted: false,
            expressions: FxHashMap::default(),
        }
    }

    /// The texts of a spec, then `next`; within a string in JSON as they are written there.
    pub(super) fn spec(&mut self, spec: &'s Spec, next: Pc) -> Result<Pc, BuildError> {
        match spec {
            Spec::Text { min, max } => self.any_text(*min, *max, next),
            Spec::Int { min, max } => self.regex(&number::int(*min, *max)?, next),
            Spec::Float { min, max } => self.regex(&number::float(*min, *max)?, next),
            Spec::Bool => self.texts(["true", "false"].into_iter(), next),
            Spec::Literal { text } | Spec::Constant { text } => self.literal(text.as_bytes(), next),
            Spec::Regex { pattern } if self.quoted => self.hir(&parse(pattern)?, next),
            Spec::Regex { pattern } => self.regex(pattern, next),
            Spec::Union { members } => self.union(members, next),
            Spec::OneOf { hole } => {
                let texts = bound(self.bindings, *hole)?;
                self.written_texts(texts.iter().map(String::as_str), next)
            }
            // The whole value's stops are not the automaton's business.
            Spec::Until { .. } => Err(BuildError::NotYet { what: "a stop within another type" }),
            Spec::Copy { hole } if self.quoted => self.copy(*hole, written_char, next),
            Spec::Copy { hole } => self.copy(*hole, char::to_string, next),
            Spec::Grammar { grammar, syntax, parts } => {
                self.grammar(grammar, *syntax, parts, self.quoted, next)
            }
            Spec::Template { parts } => self.template(parts, next),
            Spec::And { members } => self.intersection(members.iter().collect(), next),
            Spec::Not { .. } => self.intersection(vec![spec], next),
            Spec::Having { place, text } => self.having(*place, text, next),
            Spec::Json
            | Spec::JsonOf { .. }
            | Spec::Object { .. }
            | Spec::Array { .. }
            | Spec::Map { .. }
            | Spec::Ref { .. }
            | Spec::Defs { .. }
            | Spec::Flexible { .. }
            | Spec::Schema { .. }
                if self.quoted =>
            {
                Err(BuildError::NotYet { what: "JSON within a string in JSON" })
            }
            Spec::Json
            | Spec::JsonOf { .. }
            | Spec::Object { .. }
            | Spec::Array { .. }
            | Spec::Map { .. }
            | Spec::Ref { .. } => self.json(spec, next),
            Spec::Defs { defs, root } => self.with_defs(defs, |compiler| compiler.spec(root, next)),
            Spec::Flexible { value } => self.flexible(value, next),
            Spec::Schema { schema } => self.schema(schema, next),
        }
    }

    /// The runs of words of a text ([`runs`](super::runs)); [`words`](super::words) says where they may begin and end.
    pub(super) fn copy(
        &mut self,
        hole: usize,
        written: impl Fn(&char) -> String,
        next: Pc,
    ) -> Result<Pc, BuildError> {
        let text = bound(self.bindings, hole)?.first().map_or("", String::as_str);
        runs::check(self.builder, text.len())?;
        let chars: Vec<char> = text.chars().collect();
        let mut stretches: Vec<Stretch> = Vec::new();
        for (c, borders) in chars.iter().zip(words::borders(&chars)) {
            if borders.begins || stretches.last().is_none_or(|stretch| stretch.ends) {
                stretches.push(Stretch { text: String::new(), starts: borders.begins, ends: false });
            }
            if let Some(stretch) = stretches.last_mut() {
                stretch.text.push_str(&written(c));
                stretch.ends = borders.ends;
            }
        }
        match runs::runs(self.builder, &stretches, next)? {
            Some(start) => Ok(start),
            None => self.builder.emit(Inst::NOWHERE),
        }
    }

    /// What `inside` emits, where some specs have names. Named specs are always in JSON.
    pub(super) fn with_defs(
        &mut self,
        defs: &'s [Spec],
        inside: impl FnOnce(&mut Self) -> Result<Pc, BuildError>,
    ) -> Result<Pc, BuildError> {
        let rules: Vec<RuleId> = defs.iter().map(|_| self.builder.declare()).collect();
        self.defs.push(rules.clone());
        for (def, rule) in defs.iter().zip(rules) {
            let start = self.outside_loops(|compiler| {
                let end = compiler.builder.emit(Inst::Accept)?;
                compiler.json(def, end)
            })?;
            self.builder.define(rule, start);
        }
        let start = inside(self);
        self.defs.pop();
        start
    }

    pub(super) fn call_def(&mut self, def: usize, next: Pc) -> Result<Pc, BuildError> {
        let rule = self.defs.last().and_then(|rules| rules.get(def)).copied();
        let rule = rule.ok_or(BuildError::UnknownDef { def })?;
        self.builder.emit(Inst::Call(rule, next))
    }

    /// A rule of what `inside` emits, given where it ends.
    pub(super) fn inner_rule(
        &mut self,
        inside: &mut dyn FnMut(&mut Self, Pc) -> Result<Pc, BuildError>,
    ) -> Result<RuleId, BuildError> {
        let rule = self.builder.declare();
        let start = self.outside_loops(|compiler| {
            let end = compiler.builder.emit(Inst::Accept)?;
            inside(compiler, end)
        })?;
        self.builder.define(rule, start);
        Ok(rule)
    }

    pub(super) fn outside_loops(
        &mut self,
        inside: impl FnOnce(&mut Self) -> Result<Pc, BuildError>,
    ) -> Result<Pc, BuildError> {
        let within = self.builder.leave_loops();
        let start = inside(self);
        self.builder.enter_loops(within);
        start
    }

    /// Members that are literals share their beginnings; the others stand beside them.
    fn union(&mut self, members: &'s [Spec], next: Pc) -> Result<Pc, BuildError> {
        let literals = members.iter().filter_map(|member| match member {
            Spec::Literal { text } | Spec::Constant { text } => Some(text.as_str()),
            _ => None,
        });
        let mut starts = vec![self.written_texts(literals, next)?];
        let others = |member: &&Spec| !matches!(member, Spec::Literal { .. } | Spec::Constant { .. });
        for member in members.iter().filter(others) {
            starts.push(self.spec(member, next)?);
        }
        self.split(starts)
    }

    /// A regular expression outside of strings in JSON.
    pub(super) fn regex(&mut self, pattern: &str, next: Pc) -> Result<Pc, BuildError> {
        if let Some(known) = self.expressions.get(pattern) {
            return match &*Rc::clone(known) {
                Expression::Written(template) => self.builder.paste(template, next),
                Expression::Parsed(hir) => self.hir(hir, next),
            };
        }
        let hir = parse(pattern)?;
        let template = self.builder.template(|builder, end| Compiler::new(builder, &[]).hir(&hir, end))?;
        let expression = template.map_or(Expression::Parsed(hir), Expression::Written);
        self.expressions.insert(pattern.to_owned(), Rc::new(expression));
        self.regex(pattern, next)
    }

    /// What `inside` emits, which has neither loops nor calls: the first time under this name, afterwards a copy.
    pub(super) fn known(
        &mut self,
        name: &str,
        next: Pc,
        inside: impl FnOnce(&mut Compiler<'_, '_, 'l>, Pc) -> Result<Pc, BuildError>,
    ) -> Result<Pc, BuildError> {
        if !self.expressions.contains_key(name) {
            let template =
                self.builder.template(|builder, end| inside(&mut Compiler::new(builder, &[]), end))?;
            let template = template.ok_or(BuildError::NotYet { what: "a copy of a loop" })?;
            self.expressions.insert(name.to_owned(), Rc::new(Expression::Written(template)));
        }
        self.regex(name, next)
    }

    fn any_text(&mut self, min: u32, max: Option<u32>, next: Pc) -> Result<Pc, BuildError> {
        check_bounds(min, max)?;
        self.repeat(&Hir::dot(regex_syntax::hir::Dot::AnyChar), min, max, next)
    }

    /// A trie of texts, each as it is written here.
    pub(super) fn written_texts<'t>(
        &mut self,
        texts: impl Iterator<Item = &'t str>,
        next: Pc,
    ) -> Result<Pc, BuildError> {
        if !self.quoted {
            return self.texts(texts, next);
        }
        let texts: Vec<String> = texts.map(quoted_text).collect();
        self.texts(texts.iter().map(String::as_str), next)
    }

    /// A trie of texts. Nodes with equal continuations are not shared: the texts are few thousands.
    pub(super) fn texts<'t>(
        &mut self,
        texts: impl Iterator<Item = &'t str>,
        next: Pc,
    ) -> Result<Pc, BuildError> {
        let mut sorted: Vec<&[u8]> = texts.map(str::as_bytes).collect();
        sorted.sort_unstable();
        sorted.dedup();
        self.trie(&sorted, 0, next)
    }

    /// The texts, sorted, that agree on their first `depth` bytes. Recurses only where they part.
    fn trie(&mut self, texts: &[&[u8]], depth: usize, next: Pc) -> Result<Pc, BuildError> {
        let [first, .., last] = texts else {
            return match texts.first() {
                Some(text) => self.builder.text(&text[depth..], next),
                None => self.builder.emit(Inst::NOWHERE),
            };
        };
        let common = first[depth..].iter().zip(&last[depth..]).take_while(|(a, b)| a == b).count();
        let fork = depth + common;
        let (ended, rest) = if first.len() == fork { (true, &texts[1..]) } else { (false, texts) };
        let mut ranges = Vec::new();
        for group in rest.chunk_by(|a, b| a[fork] == b[fork]) {
            let byte = group[0][fork];
            ranges.push((byte, byte, self.trie(group, fork + 1, next)?));
        }
        let mut pc = self.builder.emit(Inst::Bytes(&ranges))?;
        if ended {
            pc = self.split(vec![pc, next])?;
        }
        self.builder.text(&first[depth..fork], pc)
    }

    pub(super) fn hir(&mut self, hir: &Hir, next: Pc) -> Result<Pc, BuildError> {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Ok(next),
            HirKind::Literal(literal) => self.literal(&literal.0, next),
            HirKind::Class(class) => self.class(class, next),
            HirKind::Capture(capture) => self.hir(&capture.sub, next),
            HirKind::Repetition(rep) => self.repeat(&rep.sub, rep.min, rep.max, next),
            HirKind::Concat(parts) => parts.iter().rev().try_fold(next, |next, part| self.hir(part, next)),
            HirKind::Alternation(parts) => {
                let starts: Result<Vec<Pc>, BuildError> =
                    parts.iter().map(|part| self.hir(part, next)).collect();
                self.split(starts?)
            }
        }
    }

    /// A text as it is written here.
    pub(super) fn literal(&mut self, text: &[u8], next: Pc) -> Result<Pc, BuildError> {
        if !self.quoted {
            return self.builder.text(text, next);
        }
        match std::str::from_utf8(text) {
            Ok(text) => self.builder.text(quoted_text(text).as_bytes(), next),
            Err(_) => self.builder.emit(Inst::NOWHERE),
        }
    }

    /// What an expression matches, as it stands within a string in JSON.
    pub(super) fn quoted_hir(&mut self, hir: &Hir, next: Pc) -> Result<Pc, BuildError> {
        self.within_quotes(|compiler| compiler.hir(hir, next))
    }

    /// What is emitted where expressions are about the texts that stand within strings in JSON.
    pub(super) fn within_quotes<T>(&mut self, inside: impl FnOnce(&mut Self) -> T) -> T {
        let outside = std::mem::replace(&mut self.quoted, true);
        let result = inside(self);
        self.quoted = outside;
        result
    }

    pub(super) fn split(&mut self, targets: Vec<Pc>) -> Result<Pc, BuildError> {
        match targets[..] {
            [one] => Ok(one),
            _ => self.builder.emit(Inst::Split(&targets)),
        }
    }

    fn class(&mut self, class: &Class, next: Pc) -> Result<Pc, BuildError> {
        if let Some(ranges) = byte_ranges(class, self.quoted) {
            let edges: Vec<Edge> = ranges.into_iter().map(|(low, high)| (low, high, next)).collect();
            return self.builder.emit(Inst::Bytes(&edges));
        }
        match class {
            Class::Unicode(class) => self.builder.class(class, self.quoted, next),
            Class::Bytes(class) => match class.to_unicode_class() {
                Some(class) => self.builder.class(&class, self.quoted, next),
                None => self.builder.emit(Inst::NOWHERE),
            },
        }
    }

    pub(super) fn repeat(
        &mut self,
        sub: &Hir,
        min: u32,
        max: Option<u32>,
        next: Pc,
    ) -> Result<Pc, BuildError> {
        // A round that may be empty can always be made up: only the upper bound is left.
        let nullable = sub.properties().minimum_len() == Some(0);
        let min = if nullable { 0 } else { min };
        let size = size(sub, self.quoted).max(1);
        let copies = max.unwrap_or(min) as usize;
        let unrolled = size.saturating_mul(copies);
        let flat = copies <= 1 || unrolled <= UNROLLED;
        if !flat && self.builder.depth() < SLOTS {
            let open = self.builder.begin_loop((min, max.unwrap_or(UNBOUNDED)), next)?;
            let body = self.hir(sub, open.round)?;
            return self.builder.end_loop(open, body, body);
        }
        // Loops nest deeper than there are slots.
        let limit = self.builder.limits().unrolled;
        if unrolled > limit {
            return Err(BuildError::TooLarge { what: Limit::NestedRepeats, limit });
        }
        self.unroll(sub, min, max, next)
    }

    fn unroll(&mut self, sub: &Hir, min: u32, max: Option<u32>, mut next: Pc) -> Result<Pc, BuildError> {
        let mut copies = min;
        match max {
            None => {
                let (head, round) = self.rounds(sub, next)?;
                // One round, and then others: that needs no copy, and repeats in repeats do not multiply.
                next = if min > 0 { round } else { head };
                copies = min.saturating_sub(1);
            }
            Some(max) => {
                let exit = next;
                for _ in min..max {
                    let body = self.hir(sub, next)?;
                    next = self.split(vec![body, exit])?;
                }
            }
        }
        (0..copies).try_fold(next, |next, _| self.hir(sub, next))
    }

    /// Rounds without a bound: where it is decided whether there is another one, and where one begins.
    fn rounds(&mut self, sub: &Hir, next: Pc) -> Result<(Pc, Pc), BuildError> {
        let head = self.builder.emit(Inst::NOWHERE)?;
        let round = self.hir(sub, head)?;
        self.builder.patch(head, Inst::Split(&[round, next]));
        Ok((head, round))
    }
}

/// A character as it stands within a string in JSON.
pub(super) fn written_char(c: &char) -> String {
    escaped(*c).unwrap_or_else(|| c.to_string())
}

pub(super) fn check_bounds(min: u32, max: Option<u32>) -> Result<(), BuildError> {
    match max {
        Some(max) if max < min => Err(BuildError::Bounds { min: min.to_string(), max: max.to_string() }),
        _ => Ok(()),
    }
}

/// The ranges of a class all of whose characters are one byte, which stands for itself.
fn byte_ranges(class: &Class, quoted: bool) -> Option<Vec<(u8, u8)>> {
    let ranges: Vec<(u8, u8)> = match class {
        Class::Unicode(class) => {
            let ascii = |range: &ClassUnicodeRange| {
                range.end().is_ascii().then_some((range.start() as u8, range.end() as u8))
            };
            class.ranges().iter().map(ascii).collect::<Option<_>>()?
        }
        Class::Bytes(class) if quoted && !class.is_ascii() => return None,
        Class::Bytes(class) => class.ranges().iter().map(|range| (range.start(), range.end())).collect(),
    };
    let escaped = |&(low, high): &(u8, u8)| (low..=high).any(must_be_escaped);
    if quoted && ranges.iter().any(escaped) { None } else { Some(ranges) }
}

/// About how many instructions one copy of an expression takes.
fn size(hir: &Hir, quoted: bool) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(class) => match byte_ranges(class, quoted) {
            Some(_) => 1,
            None if quoted => 16,
            None => 8,
        },
        HirKind::Capture(capture) => size(&capture.sub, quoted),
        HirKind::Repetition(rep) => {
            size(&rep.sub, quoted).saturating_mul(rep.max.unwrap_or(rep.min).max(1) as usize)
        }
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(|part| size(part, quoted)).fold(0, usize::saturating_add)
        }
    }
}

pub(crate) fn bound(bindings: &[Vec<String>], hole: usize) -> Result<&Vec<String>, BuildError> {
    bindings.get(hole).ok_or(BuildError::UnboundHole { hole })
}
