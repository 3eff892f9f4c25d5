//! Constraints, and the judges of their values.

use std::sync::Arc;

use agentc_constraint::spec::Spec;
use agentc_constraint::{Constraint, Limits, Vocab, build};
use regex::Regex;

use super::judge::{Judge, SchemaJudge};
use crate::case;
use crate::naive::Naive;
use crate::patterns;

/// A constraint and its judges, of whom each must agree.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) constraint: Arc<Constraint>,
    judges: Vec<Judge>,
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
                judges.push(Judge::Schema(Box::new(SchemaJudge::new(&schema)?)));
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
        let judge = Judge::Schema(Box::new(SchemaJudge::new(&case.schema)?));
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
