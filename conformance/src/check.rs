//! One schema and its instances: does the engine agree with the data?
//!
//! Every instance is checked twice: whether the pattern matches its text, and whether the masks of a
//! vocabulary let it through token by token, including its end. An invalid instance counts as admitted if
//! either check admits it; a valid one counts as refused if either refuses it.

use std::sync::Arc;
use std::time::Instant;

use agentc_constraint::spec::Spec;
use agentc_constraint::{
    BuildError, Commit, Constraint, Limits, MatchError, Matcher, Pattern, SchemaTexts, Vocab, VocabError,
    build,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::case::{Case, Test};
use crate::greedy::Greedy;
use crate::keywords;
use crate::vocabulary::Vocabulary;

/// What became of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Every valid instance is admitted and every invalid one refused.
    Pass,
    /// No text matches it, and it has no valid instance.
    Unsatisfiable,
    /// It does not compile.
    Refused,
    /// A valid instance has no text in the serialisation language; otherwise it would have passed.
    NoText,
    /// An invalid instance is admitted.
    InvalidAccepted,
    /// A valid instance is refused, and no invalid one admitted.
    ValidRejected,
    /// The engine did not answer, or took its process down.
    Crashed,
}

impl Status {
    /// All of them, in the order of reports.
    pub const ALL: [Status; 7] = [
        Status::Pass,
        Status::Unsatisfiable,
        Status::Refused,
        Status::NoText,
        Status::InvalidAccepted,
        Status::ValidRejected,
        Status::Crashed,
    ];

    /// As it is printed.
    pub fn name(self) -> &'static str {
        match self {
            Status::Pass => "pass",
            Status::Unsatisfiable => "unsatisfiable, rightly",
            Status::Refused => "refused",
            Status::NoText => "no text",
            Status::InvalidAccepted => "invalid accepted",
            Status::ValidRejected => "valid rejected",
            Status::Crashed => "crashed",
        }
    }

    /// Whether it is as it should be.
    pub fn is_pass(self) -> bool {
        matches!(self, Status::Pass | Status::Unsatisfiable)
    }

    /// Whether it is a defect.
    pub fn is_wrong(self) -> bool {
        matches!(self, Status::InvalidAccepted | Status::ValidRejected | Status::Crashed)
    }
}

/// A schema's result.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outcome {
    /// The schema's name.
    pub name: String,
    /// What became of it.
    pub status: Status,
    /// Why it was refused, or crashed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What refusals are grouped by: a keyword, or a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Milliseconds to compile it, or to refuse it.
    pub compile_ms: f64,
    /// Instances there are.
    pub tests: usize,
    /// Instances asked for.
    pub instances: usize,
    /// Of these, those that were asked of masks, too: they have a text, and the vocabulary can spell it.
    pub by_masks: usize,
    /// Instances with another answer than the data's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mistakes: Vec<Mistake>,
    /// The keywords in it.
    pub keywords: Vec<String>,
}

/// An instance with another answer than the data's, or without one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Mistake {
    /// What the instance is about.
    pub test: String,
    /// [`Status::InvalidAccepted`], [`Status::ValidRejected`] or [`Status::NoText`].
    pub status: Status,
    /// Which of the two said so.
    pub by: String,
    /// The beginning of its text.
    pub text: String,
}

impl Outcome {
    /// Of a schema about which nothing is known yet.
    pub fn of(case: &Case, status: Status, reason: Option<String>) -> Outcome {
        Outcome {
            name: case.name.clone(),
            status,
            reason,
            cause: None,
            compile_ms: 0.0,
            tests: case.tests.len(),
            instances: 0,
            by_masks: 0,
            mistakes: Vec::new(),
            keywords: keywords::of(&case.schema).into_iter().map(str::to_owned).collect(),
        }
    }

    /// Mistakes of one kind.
    pub fn count(&self, status: Status) -> usize {
        self.mistakes.iter().filter(|mistake| mistake.status == status).count()
    }
}

/// Compiles schemas and asks for instances, over one vocabulary.
#[derive(Debug)]
pub struct Checker {
    vocab: Arc<Vocab>,
    greedy: Greedy,
    limits: Limits,
}

impl Checker {
    /// Over a vocabulary.
    ///
    /// # Errors
    /// [`VocabError`].
    pub fn new(vocabulary: &Vocabulary) -> Result<Checker, VocabError> {
        let vocab = Arc::new(vocabulary.vocab()?);
        Ok(Checker { vocab, greedy: Greedy::new(&vocabulary.tokens), limits: Limits::default() })
    }

    /// Compiles a schema and asks for each of its instances.
    pub fn check(&self, case: &Case) -> Outcome {
        let started = Instant::now();
        let built = build(&Spec::Schema { schema: case.schema.to_string() }, &[], &self.limits);
        let compile_ms = started.elapsed().as_secs_f64() * 1e3;
        let outcome = match built {
            Ok(pattern) => self.ask(case, &pattern),
            Err(BuildError::Empty { .. }) => nothing_matches(case),
            Err(error) => refused(case, &error),
        };
        Outcome { compile_ms, ..outcome }
    }

    fn ask(&self, case: &Case, pattern: &Pattern) -> Outcome {
        let mut texts = match SchemaTexts::new(&case.schema, &self.limits) {
            Ok(texts) => texts,
            Err(error) => return refused(case, &error),
        };
        let constraint = Constraint::new(pattern.clone(), self.vocab.clone(), self.limits.clone());
        let mut outcome = Outcome::of(case, Status::Pass, None);
        for test in &case.tests {
            outcome.instances += 1;
            let Some(text) = texts.text(&test.data) else {
                // What has no text cannot be written, and so is refused.
                if test.valid {
                    outcome.mistakes.push(mistake(test, Status::NoText, "the serialisation language", ""));
                }
                continue;
            };
            let masks = self.masks(&constraint, text.as_bytes());
            outcome.by_masks += usize::from(masks != Answer::Unspelled);
            let matches = pattern.is_match(text.as_bytes());
            if let Some((status, by)) = compare(test.valid, matches, masks) {
                outcome.mistakes.push(mistake(test, status, &by, &text));
            }
        }
        outcome.status = verdict(&outcome.mistakes);
        outcome
    }

    /// Follows a text token by token, each asked of the mask before it is committed.
    fn masks(&self, constraint: &Arc<Constraint>, text: &[u8]) -> Answer {
        let Some(tokens) = self.greedy.tokens(text) else { return Answer::Unspelled };
        match self.follow(constraint, text, &tokens) {
            Ok(answer) => answer,
            Err(error) => Answer::Refused(format!("masks: {error}")),
        }
    }

    fn follow(
        &self,
        constraint: &Arc<Constraint>,
        text: &[u8],
        tokens: &[u32],
    ) -> Result<Answer, MatchError> {
        /// Tokens are never short.
        const PLENTY: u32 = 1 << 30;
        let mut matcher = Matcher::new(constraint, b"", PLENTY)?;
        let mut read = 0;
        for &token in tokens {
            if !matcher.mask()?.contains(&self.vocab, token) {
                return Ok(Answer::Refused(format!("masks, after {read} bytes")));
            }
            read += self.vocab.bytes(token).len();
            if matcher.commit(token)? == Commit::Done {
                let is_all = matcher.stable() == text;
                return Ok(if is_all {
                    Answer::Admitted
                } else {
                    Answer::Refused("masks: it ended before".into())
                });
            }
        }
        let may_end = matcher.mask()?.allows_end();
        Ok(if may_end { Answer::Admitted } else { Answer::Refused("masks, at the end".into()) })
    }
}

/// What masks say of a text.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Admitted,
    /// Where, or why.
    Refused(String),
    /// The vocabulary has no tokens for it.
    Unspelled,
}

/// What is wrong with an instance's answers, and whose answer it is.
fn compare(valid: bool, matches: bool, masks: Answer) -> Option<(Status, String)> {
    match (valid, matches, masks) {
        (true, false, _) => Some((Status::ValidRejected, "the pattern".into())),
        (true, true, Answer::Refused(at)) => Some((Status::ValidRejected, at)),
        (false, true, Answer::Refused(_)) => Some((Status::InvalidAccepted, "the pattern alone".into())),
        (false, true, _) => Some((Status::InvalidAccepted, "the pattern".into())),
        (false, false, Answer::Admitted) => Some((Status::InvalidAccepted, "masks alone".into())),
        (true, true, _) | (false, false, _) => None,
    }
}

fn verdict(mistakes: &[Mistake]) -> Status {
    let worst = [Status::InvalidAccepted, Status::ValidRejected, Status::NoText];
    let is_there = |status: &Status| mistakes.iter().any(|mistake| mistake.status == *status);
    worst.into_iter().find(is_there).unwrap_or(Status::Pass)
}

fn mistake(test: &Test, status: Status, by: &str, text: &str) -> Mistake {
    const SHOWN: usize = 300;
    let text = text.chars().take(SHOWN).collect();
    Mistake { test: test.description.clone(), status, by: by.to_owned(), text }
}

/// A schema without texts is right for a schema without valid instances.
fn nothing_matches(case: &Case) -> Outcome {
    let valid = case.tests.iter().filter(|test| test.valid);
    let data = |test: &Test| Value::to_string(&test.data);
    let mistakes: Vec<Mistake> =
        valid.map(|test| mistake(test, Status::ValidRejected, "an empty pattern", &data(test))).collect();
    let status = if mistakes.is_empty() { Status::Unsatisfiable } else { Status::ValidRejected };
    Outcome { mistakes, instances: case.tests.len(), ..Outcome::of(case, status, None) }
}

fn refused(case: &Case, error: &BuildError) -> Outcome {
    let keyword = |at: &str| keywords::at(at).unwrap_or("the whole").to_owned();
    let cause = match error {
        BuildError::SchemaKeyword { at, .. } => keyword(at),
        BuildError::Schema { at, .. } => format!("not valid: {}", keyword(at)),
        BuildError::TooLarge { what, .. } => format!("limit: {what}"),
        _ => "other".into(),
    };
    let reason = Some(error.to_string());
    Outcome { cause: Some(cause), ..Outcome::of(case, Status::Refused, reason) }
}
