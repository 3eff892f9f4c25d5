//! Constraints, and who judges their values.

use std::sync::Arc;

use agentc_constraint::spec::Spec;
use agentc_constraint::{Constraint, Limits, Vocab, build};
use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use regex::Regex;
use serde_json::Value;

use crate::case;
use crate::naive::Naive;
use crate::patterns;

/// A constraint and its judges, of whom each must agree.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) constraint: Arc<Constraint>,
    judges: Vec<Judge>,
}

/// Says whether a text is a value, without this engine.
#[derive(Debug)]
enum Judge {
    Regex(Regex),
    Schema(Box<Validator>),
    Naive(Box<Naive>),
}

impl Subject {
    pub(super) fn of_pattern(case: &patterns::Case, vocab: &Arc<Vocab>) -> Result<Subject, String> {
        let mut judges: Vec<Judge> = Vec::new();
        match &case.spec {
            // A remark in a pattern would swallow what is put behind it.
            Spec::Regex { pattern } if !pattern.contains("(?x)") => {
                let regex = Regex::new(&format!(r"\A(?:{pattern})\z")).map_err(|error| error.to_string())?;
                judges.push(Judge::Regex(regex));
            }
            Spec::Schema { schema } => {
                let schema = serde_json::from_str(schema).map_err(|error| error.to_string())?;
                judges.push(validator(&schema)?);
            }
            _ => {}
        }
        if !matches!(judges[..], [Judge::Regex(_)]) {
            let naive = Naive::new(&case.reference());
            judges.extend(naive.ok().map(|naive| Judge::Naive(Box::new(naive))));
        }
        Subject::new(&case.spec, &case.bindings, judges, vocab)
    }

    pub(super) fn of_schema(case: &case::Case, vocab: &Arc<Vocab>) -> Result<Subject, String> {
        let spec = Spec::Schema { schema: case.schema.to_string() };
        let judge = validator(&case.schema)?;
        Subject::new(&spec, &[], vec![judge], vocab)
    }

    fn new(
        spec: &Spec,
        bindings: &[Vec<String>],
        judges: Vec<Judge>,
        vocab: &Arc<Vocab>,
    ) -> Result<Subject, String> {
        if judges.is_empty() {
            return Err("nobody can judge its values".into());
        }
        let limits = Limits::default();
        let pattern = build(spec, bindings, &limits).map_err(|error| error.to_string())?;
        Ok(Subject { constraint: Constraint::new(pattern, vocab.clone(), limits), judges })
    }

    /// Why a text is no value.
    pub(super) fn judge(&self, text: &[u8]) -> Result<(), String> {
        let Ok(utf8) = std::str::from_utf8(text) else { return Err("it is no text".into()) };
        if !self.constraint.pattern().is_match(text) {
            return Err("the pattern says that it is no value".into());
        }
        self.judges.iter().try_for_each(|judge| judge.ask(utf8))
    }
}

impl Judge {
    fn ask(&self, text: &str) -> Result<(), String> {
        let refused = |whose: &str| Err(format!("{whose} says that it is no value"));
        match self {
            Judge::Regex(regex) => {
                if regex.is_match(text) {
                    Ok(())
                } else {
                    refused("`regex`")
                }
            }
            Judge::Naive(naive) => {
                // What it finds out of one text is of no use for the next, and would only grow.
                if naive.clone().is_match(text.as_bytes()) { Ok(()) } else { refused("the naive recogniser") }
            }
            Judge::Schema(validator) => {
                let value: Value = serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
                match validator.validate(&value) {
                    Err(error) if !is_rounded(&error) && !is_long(&error) => {
                        Err(format!("`jsonschema` says: {error}"))
                    }
                    _ => Ok(()),
                }
            }
        }
    }
}

/// Whether it speaks of the multiple of a number that is not exact in 64 bits: it divides what is left of it.
fn is_rounded(error: &ValidationError<'_>) -> bool {
    let exact = 2f64.powi(53);
    let is_multiple = matches!(error.kind(), ValidationErrorKind::MultipleOf { .. });
    let is_exact = |x: f64| x.fract() == 0.0 && x.abs() < exact;
    is_multiple && !error.instance().as_f64().is_some_and(is_exact)
}

/// Whether it speaks of the whole length of a host's name or of a mail address, for which the engine does not ask.
fn is_long(error: &ValidationError<'_>) -> bool {
    const SHORTEST: usize = 64;
    let is_bounded = |format: &str| ["email", "idn-email", "hostname", "idn-hostname"].contains(&format);
    let length = error.instance().as_str().map_or(0, str::len);
    matches!(error.kind(), ValidationErrorKind::Format { format } if is_bounded(format)) && length > SHORTEST
}

/// Of the draft that the schema says; otherwise the seventh.
fn validator(schema: &Value) -> Result<Judge, String> {
    let mut options = jsonschema::options().should_validate_formats(true);
    if schema.get("$schema").is_none() {
        options = options.with_draft(jsonschema::Draft::Draft7);
    }
    let validator = options.build(schema).map_err(|error| error.to_string())?;
    Ok(Judge::Schema(Box::new(validator)))
}
