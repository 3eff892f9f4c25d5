//! Whole masks of this engine and of llguidance, token by token, over the pattern suite: `cargo xtask bench
//! masks --compare`.
//!
//! Both walk the same random texts. llguidance allows tokens that continue the value; this engine also allows
//! those that continue it and end it part of the way through. So a token counts as allowed here only if all
//! of it belongs to the value. Where the two differ, the naive recogniser says who is right.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use ::llguidance::api::TopLevelGrammar;
use agentc_conformance::naive::{Naive, Place, Step};
use agentc_conformance::patterns::{self, Case};
use agentc_conformance::random::Random;
use agentc_conformance::vocabulary::Vocabulary;
use agentc_constraint::spec::{GrammarSyntax, Spec};
use agentc_constraint::{Commit, Constraint, Limits, Matcher, TokenId, Vocab, build};
use anyhow::{Result, anyhow};
use serde_json::Value;
use std::sync::Arc;

use crate::engine::{Engine, Prepared};
use crate::llguidance::Llguidance;

/// Tokens are never short.
const PLENTY: u32 = 1 << 30;
/// Tokens of a walk.
const STEPS: usize = 12;

/// What became of the suite.
#[derive(Debug, Default)]
struct Report {
    cases: usize,
    /// Why llguidance takes some not, by name.
    refused: Vec<(String, String)>,
    masks: usize,
    answers: usize,
    masks_that_differ: usize,
    differences: BTreeMap<(String, Kind), Difference>,
}

/// Who allows a token that the other does not, and what the naive recogniser says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    ours: bool,
    right: Option<bool>,
}

#[derive(Debug, Default)]
struct Difference {
    count: usize,
    /// A text and a token after it.
    example: (String, String),
}

/// Compares, and prints.
///
/// # Errors
/// A suite or a vocabulary that cannot be read.
pub fn run(vocabulary: &Vocabulary, walks: usize, seed: u64) -> Result<()> {
    let peer = Llguidance::new(vocabulary)?;
    let vocab = Arc::new(vocabulary.vocab()?);
    let mut report = Report::default();
    for case in patterns::read(&patterns::folder())?.iter().filter(|case| case.error.is_none()) {
        let Some(grammar) = grammar(&peer, &case.spec)? else { continue };
        report.cases += 1;
        for walk in 0..walks {
            let mut random = Random::new(seed.wrapping_add(walk as u64));
            let theirs = match peer.matcher_of(&grammar) {
                Ok(theirs) => theirs,
                Err(error) => {
                    let reason = error.to_string().lines().next().unwrap_or_default().to_owned();
                    report.refused.push((case.title(), reason));
                    break;
                }
            };
            Walk::new(case, &vocab, theirs)?.run(&mut report, &mut random)?;
        }
    }
    println!("{report}");
    Ok(())
}

/// The case as llguidance takes it; `None` if it has nothing like it.
fn grammar(peer: &Llguidance, spec: &Spec) -> Result<Option<TopLevelGrammar>> {
    Ok(match spec {
        Spec::Regex { pattern } => Some(TopLevelGrammar::from_regex(pattern)),
        Spec::Grammar { grammar, syntax: GrammarSyntax::Lark, parts } if parts.is_empty() => {
            Some(TopLevelGrammar::from_lark(grammar.clone()))
        }
        Spec::Schema { schema } => {
            let schema: Value = serde_json::from_str(schema)?;
            match peer.prepare(&schema) {
                Prepared::Document(schema) => Some(TopLevelGrammar::from_json_schema(schema)),
                Prepared::Text(_) => None,
            }
        }
        _ => None,
    })
}

/// One text, as both read it.
struct Walk<'c> {
    case: &'c Case,
    vocab: Arc<Vocab>,
    ours: Matcher,
    theirs: ::llguidance::Matcher,
    naive: Option<(Naive, Place)>,
    text: Vec<u8>,
}

impl<'c> Walk<'c> {
    fn new(case: &'c Case, vocab: &Arc<Vocab>, theirs: ::llguidance::Matcher) -> Result<Walk<'c>> {
        let limits = Limits::default();
        let pattern = build(&case.spec, &case.bindings, &limits)?;
        let ours = Matcher::new(&Constraint::new(pattern, vocab.clone(), limits), b"", PLENTY)?;
        let naive = Naive::new(&case.reference()).ok().and_then(|mut naive| {
            let start = naive.start()?;
            Some((naive, start))
        });
        Ok(Walk { case, vocab: vocab.clone(), ours, theirs, naive, text: Vec::new() })
    }

    fn run(&mut self, report: &mut Report, random: &mut Random) -> Result<()> {
        for _ in 0..STEPS {
            let both = self.compare(report)?;
            // Long tokens lead further than the many of one character.
            let long: Vec<TokenId> =
                both.iter().copied().filter(|&token| self.vocab.bytes(token).len() > 1).collect();
            let of = if long.is_empty() || random.below(2) == 0 { &both } else { &long };
            // A token that ends the value within is no step of both.
            let Some(&token) = (0..20).filter_map(|_| random.pick(of)).find(|&&token| self.goes_on(token))
            else {
                return Ok(());
            };
            self.theirs.consume_token(token)?;
            let is_done = self.ours.commit(token)? == Commit::Done;
            self.text.extend_from_slice(self.vocab.bytes(token));
            if let Some((naive, place)) = &mut self.naive {
                for &byte in self.vocab.bytes(token) {
                    match naive.step(place, byte) {
                        Step::On(next) => *place = next,
                        _ => return Ok(()),
                    }
                }
            }
            if is_done || self.theirs.is_stopped() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Compares a mask; gives the tokens that both allow.
    fn compare(&mut self, report: &mut Report) -> Result<Vec<TokenId>> {
        let ours = self.ours.mask()?;
        let theirs = self.theirs.compute_mask().map_err(|error| anyhow!("{}: {error}", self.case.title()))?;
        let (mut both, mut is_same) = (Vec::new(), true);
        let begins = self.first_bytes();
        for token in 0..self.vocab.len() as TokenId {
            let Some(&first) = self.vocab.bytes(token).first() else { continue };
            let is_theirs = theirs.is_allowed(token);
            let is_ours = begins[usize::from(first)] && ours.contains(&self.vocab, token);
            // Where a value can be complete within a token, this engine allows more.
            if is_ours && (is_theirs || self.goes_on(token)) {
                if is_theirs {
                    both.push(token);
                    continue;
                }
            } else if !is_theirs {
                continue;
            }
            let right = self.is_right(token);
            self.note(report, Kind { ours: !is_theirs, right }, self.vocab.bytes(token).to_vec());
            is_same = false;
        }
        let end = (ours.allows_end(), self.theirs.is_accepting()?);
        if end.0 != end.1 {
            let right = self.naive.as_mut().map(|(naive, place)| naive.is_value(place));
            self.note(report, Kind { ours: end.0, right }, b"(the end)".to_vec());
            is_same = false;
        }
        report.masks += 1;
        report.answers += self.vocab.len();
        report.masks_that_differ += usize::from(!is_same);
        Ok(both)
    }

    /// The bytes with which the value can go on, as far as they are tokens; the others count as if they were.
    fn first_bytes(&self) -> [bool; 256] {
        let mut begins = [true; 256];
        for token in 0..self.vocab.len() as TokenId {
            if let &[byte] = self.vocab.bytes(token) {
                begins[usize::from(byte)] = self.goes_on(token);
            }
        }
        begins
    }

    /// Whether all of a token belongs to the value.
    fn goes_on(&self, token: TokenId) -> bool {
        let mut ours = self.ours.clone();
        match ours.commit(token) {
            Ok(Commit::More) => true,
            Ok(Commit::Done) => ours.stable().len() == self.text.len() + self.vocab.bytes(token).len(),
            Err(_) => false,
        }
    }

    /// Whether all of a token belongs to the value, by the naive recogniser.
    fn is_right(&mut self, token: TokenId) -> Option<bool> {
        let (naive, place) = self.naive.as_mut()?;
        let mut place = place.clone();
        for &byte in self.vocab.bytes(token) {
            match naive.step(&place, byte) {
                Step::On(next) => place = next,
                _ => return Some(false),
            }
        }
        Some(true)
    }

    fn note(&self, report: &mut Report, kind: Kind, token: Vec<u8>) {
        let found = report.differences.entry((self.case.title(), kind)).or_default();
        found.count += 1;
        if found.count == 1 {
            found.example = (self.text.escape_ascii().to_string(), token.escape_ascii().to_string());
        }
    }
}

impl Kind {
    fn text(self) -> &'static str {
        match (self.ours, self.right) {
            (true, Some(true)) => "llguidance lacks, wrongly",
            (false, Some(false)) => "llguidance allows, wrongly",
            (true, Some(false)) => "OURS allows, wrongly",
            (false, Some(true)) => "OURS lacks, wrongly",
            (true, None) => "only ours",
            (false, None) => "only llguidance",
        }
    }
}

impl Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { cases, masks, answers, masks_that_differ, .. } = self;
        writeln!(out, "{cases} cases, {} of them refused by llguidance", self.refused.len())?;
        writeln!(out, "{masks} masks ({answers} answers) compared, {masks_that_differ} differ")?;
        for (case, reason) in &self.refused {
            writeln!(out, "refused: {case}: {reason}")?;
        }
        for ((case, kind), Difference { count, example: (text, token) }) in &self.differences {
            let kind = kind.text();
            writeln!(out, "{kind}: {case}: {count} tokens, the first `{token}` after `{text}`")?;
        }
        Ok(())
    }
}
