//! From specs and rules to nodes.

use std::collections::{BTreeMap, BTreeSet};

use agentc_constraint::spec::{Field, Needle, Piece, Place, Spec};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::NaiveError;
use super::node::{Id, Node, Object, escape};
use super::number::Range;
use super::rests::Rests;

/// Any number in JSON, whole ones of 19 digits aside.
const ANY_NUMBER: &str = r"0|-?[1-9][0-9]{0,17}|-?(0|[1-9][0-9]{0,17})\.[0-9]{1,15}";

type Built = Result<Id, NaiveError>;

/// The values of a spec as text.
pub(super) fn spec(rests: &mut Rests, spec: &Spec, bindings: &[Vec<String>]) -> Built {
    Reader { rests, bindings, defs: Vec::new(), any_json: None, spaced: false }.plain(spec)
}

/// What the rule `start` derives.
pub(super) fn rules(rests: &mut Rests, rules: &BTreeMap<String, Vec<String>>) -> Built {
    let number = |name: &str| {
        let at = rules.keys().position(|other| other == name);
        at.ok_or_else(|| NaiveError::Wrong(format!("there is no rule `{name}`")))
    };
    for alternatives in rules.values() {
        let any: Result<Vec<Id>, _> =
            alternatives.iter().map(|text| alternative(rests, text, &number)).collect();
        let any = rests.any(any?);
        rests.rules.push(Some(any));
    }
    let start = number("start")?;
    Ok(rests.node(Node::Rule(start)))
}

/// Regular expressions with names of rules in angles between them. Groups `(?<…>` are not written in rules.
fn alternative(rests: &mut Rests, text: &str, number: &dyn Fn(&str) -> Result<usize, NaiveError>) -> Built {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once('<') {
        let Some((name, after)) = after.split_once('>') else { break };
        parts.push(regex(rests, before)?);
        let rule = number(name)?;
        parts.push(rests.node(Node::Rule(rule)));
        rest = after;
    }
    parts.push(regex(rests, rest)?);
    Ok(rests.seq(parts))
}

/// What an expression matches as a whole.
pub(super) fn regex(rests: &mut Rests, pattern: &str) -> Built {
    hir(rests, &parse(pattern)?, false)
}

fn parse(pattern: &str) -> Result<Hir, NaiveError> {
    regex_syntax::parse(pattern).map_err(|error| NaiveError::Wrong(error.to_string()))
}

pub(super) fn bound(bindings: &[Vec<String>], hole: usize) -> Result<&[String], NaiveError> {
    let found = bindings.get(hole).map(Vec::as_slice);
    found.ok_or_else(|| NaiveError::Wrong(format!("hole {hole} is not bound")))
}

/// `quoted` is within a string in JSON. Anchors are only written where they say nothing.
fn hir(rests: &mut Rests, hir_: &Hir, quoted: bool) -> Built {
    let all = |rests: &mut Rests, parts: &[Hir]| -> Result<Vec<Id>, NaiveError> {
        parts.iter().map(|part| hir(rests, part, quoted)).collect()
    };
    match hir_.kind() {
        HirKind::Empty | HirKind::Look(_) => Ok(rests.seq(Vec::new())),
        HirKind::Literal(literal) => {
            let text = String::from_utf8_lossy(&literal.0).into_owned();
            Ok(written(rests, &text, quoted))
        }
        HirKind::Class(class) => Ok(ranges(rests, &class_ranges(class), quoted)),
        HirKind::Repetition(repetition) => {
            let item = hir(rests, &repetition.sub, quoted)?;
            Ok(rests.node(Node::Repeat(item, repetition.min, repetition.max)))
        }
        HirKind::Capture(capture) => hir(rests, &capture.sub, quoted),
        HirKind::Concat(parts) => {
            let parts = all(rests, parts)?;
            Ok(rests.seq(parts))
        }
        HirKind::Alternation(parts) => {
            let parts = all(rests, parts)?;
            Ok(rests.any(parts))
        }
    }
}

fn class_ranges(class: &Class) -> Vec<(char, char)> {
    match class {
        Class::Unicode(class) => class.iter().map(|range| (range.start(), range.end())).collect(),
        Class::Bytes(class) => {
            class.iter().map(|range| (char::from(range.start()), char::from(range.end()))).collect()
        }
    }
}

/// A character of some ranges, as it is or as it stands in a string in JSON.
fn ranges(rests: &mut Rests, ranges: &[(char, char)], quoted: bool) -> Id {
    if !quoted {
        return rests.node(Node::Char(ranges.into(), Vec::new()));
    }
    let is_in = |c: char| ranges.iter().any(|&(from, to)| (from..=to).contains(&c));
    let specials: Vec<char> = ('\0'..='\x7f').filter(|&c| escape(c).is_some()).collect();
    let mut plain: Vec<(char, char)> = ranges.to_vec();
    for &special in &specials {
        plain = plain.into_iter().flat_map(|range| without(range, special)).collect();
    }
    let mut any = vec![rests.node(Node::Char(plain.into(), Vec::new()))];
    for c in specials.into_iter().filter(|&c| is_in(c)) {
        any.push(written(rests, &c.to_string(), true));
    }
    rests.any(any)
}

/// A range without an ASCII character.
fn without((from, to): (char, char), c: char) -> Vec<(char, char)> {
    if !(from..=to).contains(&c) {
        return vec![(from, to)];
    }
    let before = char::from((c as u8).saturating_sub(1));
    let after = char::from(c as u8 + 1);
    let parts = [(from, before), (after, to)];
    parts.into_iter().filter(|(low, high)| low <= high && *high != c && *low != c).collect()
}

/// A text, as it is or as it stands in a string in JSON.
fn written(rests: &mut Rests, text: &str, quoted: bool) -> Id {
    if !quoted {
        return rests.text(text.as_bytes());
    }
    let inside: String = text.chars().map(|c| escape(c).unwrap_or_else(|| c.to_string())).collect();
    rests.text(inside.as_bytes())
}

struct Reader<'r> {
    rests: &'r mut Rests,
    bindings: &'r [Vec<String>],
    /// The first rule of the named specs in sight, and how many there are.
    defs: Vec<(usize, usize)>,
    any_json: Option<usize>,
    spaced: bool,
}

impl Reader<'_> {
    /// As text; what is JSON anyhow is JSON here, too.
    fn plain(&mut self, spec: &Spec) -> Built {
        match spec {
            Spec::Union { members } => {
                let any: Result<Vec<Id>, _> = members.iter().map(|member| self.plain(member)).collect();
                any.map(|any| self.rests.any(any))
            }
            Spec::Defs { defs, root } => self.with_defs(defs, |reader| reader.plain(root)),
            Spec::Text { .. }
            | Spec::Literal { .. }
            | Spec::Regex { .. }
            | Spec::OneOf { .. }
            | Spec::Copy { .. }
            | Spec::Template { .. }
            | Spec::And { .. }
            | Spec::Not { .. }
            | Spec::Having { .. } => self.inside(spec, false),
            Spec::Until { .. } => Err(NaiveError::Unread { what: "a stop within a spec" }),
            _ => self.json(spec),
        }
    }

    fn json(&mut self, spec: &Spec) -> Built {
        match spec {
            Spec::Text { .. }
            | Spec::Literal { .. }
            | Spec::Regex { .. }
            | Spec::OneOf { .. }
            | Spec::Copy { .. }
            | Spec::Template { .. }
            | Spec::And { .. }
            | Spec::Not { .. }
            | Spec::Having { .. } => {
                let inside = self.inside(spec, true)?;
                let quote = self.rests.text(b"\"");
                Ok(self.rests.seq(vec![quote, inside, quote]))
            }
            Spec::Int { min, max } => {
                let range = Range::integers(min.unwrap_or(i64::MIN), max.unwrap_or(i64::MAX));
                Ok(self.rests.node(Node::Number(range, Vec::new())))
            }
            Spec::Float { min, max } => {
                Ok(self.rests.node(Node::Number(Range::decimals(*min, *max), Vec::new())))
            }
            Spec::Bool => self.texts(&["true", "false"]),
            Spec::Constant { text } => Ok(self.rests.text(text.as_bytes())),
            Spec::Union { members } => {
                let any: Result<Vec<Id>, _> = members.iter().map(|member| self.json(member)).collect();
                any.map(|any| self.rests.any(any))
            }
            Spec::Json => self.any_json(),
            Spec::JsonOf { value } => self.json(value),
            Spec::Flexible { value } => {
                let outside = (std::mem::replace(&mut self.spaced, true), self.any_json.take());
                let value = self.json(value);
                (self.spaced, self.any_json) = outside;
                value
            }
            Spec::Object { fields } => self.object(fields),
            Spec::Array { item, min, max } => {
                let item = self.json(item)?;
                self.array(item, *min, *max)
            }
            Spec::Map { value } => {
                let value = self.json(value)?;
                self.map(value)
            }
            Spec::Defs { defs, root } => self.with_defs(defs, |reader| reader.json(root)),
            Spec::Ref { def } => match self.defs.last() {
                Some(&(first, len)) if *def < len => Ok(self.rests.node(Node::Rule(first + def))),
                _ => Err(NaiveError::Wrong(format!("there is no named spec {def}"))),
            },
            Spec::Schema { .. } => Err(NaiveError::Unread { what: "a schema" }),
            Spec::Grammar { .. } => Err(NaiveError::Unread { what: "a grammar" }),
            Spec::Until { .. } => Err(NaiveError::Unread { what: "a stop within a spec" }),
        }
    }

    /// What stands in a text, or between the quotes of a string.
    fn inside(&mut self, spec: &Spec, quoted: bool) -> Built {
        match spec {
            Spec::Text { min, max } => {
                let any = ranges(self.rests, &[('\0', char::MAX)], quoted);
                Ok(self.rests.node(Node::Repeat(any, *min, *max)))
            }
            Spec::Literal { text } => Ok(written(self.rests, text, quoted)),
            Spec::Regex { pattern } => hir(self.rests, &parse(pattern)?, quoted),
            Spec::OneOf { hole } => self.any_of(bound(self.bindings, *hole)?.to_vec(), quoted),
            Spec::Copy { hole } => {
                let text = bound(self.bindings, *hole)?.first().cloned().unwrap_or_default();
                self.any_of(runs_of_words(&text), quoted)
            }
            Spec::Template { parts } => {
                let parts: Result<Vec<Id>, _> = parts
                    .iter()
                    .map(|part| match part {
                        Piece::Text { text } => Ok(written(self.rests, text, quoted)),
                        Piece::Hole { value, .. } => self.inside(value, quoted),
                    })
                    .collect();
                parts.map(|parts| self.rests.seq(parts))
            }
            Spec::Union { members } => {
                let any: Result<Vec<Id>, _> =
                    members.iter().map(|member| self.inside(member, quoted)).collect();
                any.map(|any| self.rests.any(any))
            }
            Spec::And { members } => {
                let mut all = vec![(self.any_text(quoted), true)];
                for member in members {
                    all.push((self.inside(member, quoted)?, true));
                }
                Ok(self.rests.common(&all))
            }
            Spec::Not { value } => {
                let all = [(self.any_text(quoted), true), (self.inside(value, quoted)?, false)];
                Ok(self.rests.common(&all))
            }
            Spec::Having { place, text } => self.having(*place, text, quoted),
            Spec::Int { .. } | Spec::Float { .. } | Spec::Bool | Spec::Constant { .. } => self.json(spec),
            _ if quoted => Err(NaiveError::Unread { what: "this within a string" }),
            _ => self.plain(spec),
        }
    }

    fn any_text(&mut self, quoted: bool) -> Id {
        let any = ranges(self.rests, &[('\0', char::MAX)], quoted);
        self.rests.node(Node::Repeat(any, 0, None))
    }

    fn having(&mut self, place: Place, text: &Needle, quoted: bool) -> Built {
        let texts = match text {
            Needle::Text { text } => vec![text.clone()],
            Needle::Hole { hole } => bound(self.bindings, *hole)?.to_vec(),
        };
        let (texts, any) = (self.any_of(texts, quoted)?, self.any_text(quoted));
        Ok(self.rests.seq(match place {
            Place::Inside => vec![any, texts, any],
            Place::Start => vec![texts, any],
            Place::End => vec![any, texts],
        }))
    }

    fn any_of(&mut self, texts: Vec<String>, quoted: bool) -> Built {
        let any = texts.iter().map(|text| written(self.rests, text, quoted)).collect();
        Ok(self.rests.any(any))
    }

    fn texts(&mut self, texts: &[&str]) -> Built {
        let any = texts.iter().map(|text| self.rests.text(text.as_bytes())).collect();
        Ok(self.rests.any(any))
    }

    /// Named specs are always in JSON.
    fn with_defs(&mut self, defs: &[Spec], inside: impl FnOnce(&mut Self) -> Built) -> Built {
        let first = self.rests.rules.len();
        self.rests.rules.resize(first + defs.len(), None);
        self.defs.push((first, defs.len()));
        for (at, def) in defs.iter().enumerate() {
            let body = self.json(def)?;
            self.rests.rules[first + at] = Some(body);
        }
        let inside = inside(self);
        self.defs.pop();
        inside
    }

    /// Nothing, a space, or a line break and an indentation.
    fn white_space(&mut self) -> Built {
        regex(self.rests, if self.spaced { "| |\n {0,32}" } else { "" })
    }

    fn around(&mut self, open: &str, close: &str) -> Result<(Id, Id), NaiveError> {
        let space = self.white_space()?;
        let (open, close) = (self.rests.text(open.as_bytes()), self.rests.text(close.as_bytes()));
        Ok((self.rests.seq(vec![open, space]), self.rests.seq(vec![space, close])))
    }

    fn comma(&mut self) -> Built {
        if !self.spaced {
            return Ok(self.rests.text(b", "));
        }
        Ok(self.around(",", "")?.0)
    }

    fn colon(&mut self) -> Built {
        regex(self.rests, if self.spaced { ": ?" } else { ": " })
    }

    fn object(&mut self, fields: &[Field]) -> Built {
        let (open, close) = self.around("{", "}")?;
        let (comma, colon) = (self.comma()?, self.colon()?);
        let nothing = self.rests.seq(Vec::new());
        // What follows where no field has come yet, and where one has.
        let (mut first, mut further) = (nothing, nothing);
        for field in fields.iter().rev() {
            let key = self.rests.text(serde_json::Value::from(field.name.as_str()).to_string().as_bytes());
            let value = self.json(&field.value)?;
            let begun = self.rests.seq(vec![key, colon, value, further]);
            let after = self.rests.seq(vec![comma, begun]);
            (first, further) = match field.optional {
                true => (self.rests.any(vec![begun, first]), self.rests.any(vec![after, further])),
                false => (begun, after),
            };
        }
        Ok(self.rests.seq(vec![open, first, close]))
    }

    fn array(&mut self, item: Id, min: u32, max: Option<u32>) -> Built {
        let (open, close) = self.around("[", "]")?;
        let comma = self.comma()?;
        let further = self.rests.seq(vec![comma, item]);
        let further = match max {
            Some(0) => None,
            max => Some(Node::Repeat(further, min.saturating_sub(1), max.map(|max| max - 1))),
        };
        let mut any = Vec::new();
        if let Some(further) = further {
            let further = self.rests.node(further);
            any.push(self.rests.seq(vec![item, further]));
        }
        if min == 0 {
            any.push(self.rests.seq(Vec::new()));
        }
        let items = self.rests.any(any);
        Ok(self.rests.seq(vec![open, items, close]))
    }

    fn map(&mut self, value: Id) -> Built {
        let (open, close) = self.around("{", "}")?;
        let (comma, colon) = (self.comma()?, self.colon()?);
        let object = Object { value, comma, colon, close };
        let members = self.rests.node(Node::Members(object, BTreeSet::new()));
        Ok(self.rests.seq(vec![open, members]))
    }

    fn any_json(&mut self) -> Built {
        if let Some(rule) = self.any_json {
            return Ok(self.rests.node(Node::Rule(rule)));
        }
        let rule = self.rests.rules.len();
        self.rests.rules.push(None);
        self.any_json = Some(rule);
        let this = self.rests.node(Node::Rule(rule));
        let text = self.json(&Spec::Text { min: 0, max: None })?;
        let numbers = [ANY_NUMBER.to_owned(), up_to(i64::MAX as u64), format!("-({})", up_to(1 << 63))];
        let number = regex(self.rests, &numbers.join("|"))?;
        let named = self.texts(&["true", "false", "null"])?;
        let (array, map) = (self.array(this, 0, None)?, self.map(this)?);
        let body = self.rests.any(vec![text, number, named, array, map]);
        self.rests.rules[rule] = Some(body);
        Ok(this)
    }
}

/// Numbers with as many digits as another, and not above it: they agree with it up to a digit that is smaller.
fn up_to(most: u64) -> String {
    let most = most.to_string();
    let smaller = |(at, digit): (usize, char)| {
        let least = if at == 0 { '1' } else { '0' };
        let below = char::from(digit as u8 - 1);
        (below >= least).then(|| format!("{}[{least}-{below}][0-9]{{{}}}", &most[..at], most.len() - at - 1))
    };
    let mut all: Vec<String> = most.char_indices().filter_map(smaller).collect();
    all.push(most.clone());
    all.join("|")
}

/// All runs of words of a text, as they stand there.
fn runs_of_words(text: &str) -> Vec<String> {
    let words: Vec<(usize, usize)> = word().find_iter(text).map(|word| (word.start(), word.end())).collect();
    let runs = |at: usize| words[at..].iter().map(|word| text[words[at].0..word.1].to_owned()).collect();
    (0..words.len()).flat_map(|at: usize| -> Vec<String> { runs(at) }).collect()
}

/// A word: letters, digits and `_` of scripts that put spaces between words, a letter of any other, or another
/// sign; with the marks that follow, and with what a joiner joins to it.
fn word() -> &'static regex::Regex {
    static WORD: std::sync::OnceLock<regex::Regex> = std::sync::OnceLock::new();
    let mark = r"[\p{M}\p{Cf}\x{e33}\x{eb3}\x{1f3fb}-\x{1f3ff}--\x{200d}]";
    let bare = r"\p{Ideographic}\p{Katakana}\p{Hiragana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\x{30fc}\x{3005}";
    let flag = r"[\x{1f1e6}-\x{1f1ff}]{2}";
    let letters = format!(r"(?:[\p{{Alphabetic}}\p{{N}}_--[{bare}\p{{M}}]](?:{mark}|\x{{200d}})*)+");
    let sign = format!(r"\S{mark}*(?:\x{{200d}}\S{mark}*)*\x{{200d}}?");
    let joined = format!("{flag}|{letters}|{sign}");
    WORD.get_or_init(|| regex::Regex::new(&joined).unwrap_or_else(|error| panic!("{error}")))
}
