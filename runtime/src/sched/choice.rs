//! The options that a generation can choose: which there are, and how they are spelled.

use agentc_constraint::spec::Spec;
use agentc_constraint::{MatchError, SharedSpec, TokenId};
use rustc_hash::FxHashSet;

use super::start::Start;
use crate::error::Fault;
use crate::model::Model;

/// An option that can be chosen.
pub(super) struct Choice {
    pub(super) text: String,
    /// The model's own tokens of what healing took back and the text.
    pub(super) tokens: Vec<TokenId>,
    /// Those of them that do not lie within what healing took back.
    pub(super) value_tokens: usize,
}

/// All options by their texts, and in the same order those that can be chosen.
#[derive(Default)]
pub(super) struct Choices {
    pub(super) all: Vec<String>,
    pub(super) good: Vec<Choice>,
}

impl Choices {
    /// The options that a spec lists. Those can be chosen that its stops leave, and that the generation's bounds allow.
    pub(super) fn of(start: &Start, spec: &SharedSpec, model: &dyn Model) -> Result<Choices, Fault> {
        let all = texts(spec.spec(), &start.ask.bindings).ok_or_else(|| Fault::Input {
            message: format!("the type of `{}` lists no options that could be compared", start.ask.name),
        })?;
        let bounds = start.ask.min as usize..=start.max as usize;
        let (mut good, mut need) = (Vec::new(), None);
        for text in &all {
            let fits = start.constraint.pattern().try_match(text.as_bytes());
            if !fits.map_err(|error| start.fault(error))? {
                continue;
            }
            let Some(choice) = Choice::of(text, &start.healed, model) else { continue };
            need = Some(need.map_or(choice.value_tokens, |need: usize| need.min(choice.value_tokens)));
            if bounds.contains(&choice.value_tokens) {
                good.push(choice);
            }
        }
        match (good.is_empty(), need) {
            (false, _) => Ok(Choices { all, good }),
            (true, Some(need)) if need > start.max as usize => {
                Err(start.fault(MatchError::CannotFinish { need, max: start.max }))
            }
            (true, Some(tokens)) => Err(start.fault(MatchError::TooShort { tokens, min: start.ask.min })),
            (true, None) => Err(start.fault(MatchError::NoToken { text: String::new() })),
        }
    }

    /// The probability of each option; of one that cannot be chosen 0.
    pub(super) fn probs(&self, shares: &[f64]) -> Vec<(String, f64)> {
        let mut good = self.good.iter().zip(shares).peekable();
        let share = |text: &String| {
            let known = good.next_if(|(choice, _)| choice.text == *text);
            (text.clone(), known.map_or(0.0, |(_, share)| *share))
        };
        self.all.iter().map(share).collect()
    }
}

impl Choice {
    /// Nothing if the model's tokens do not spell it.
    fn of(text: &str, healed: &[u8], model: &dyn Model) -> Option<Choice> {
        let bytes = [healed, text.as_bytes()].concat();
        let tokens = model.tokenize(&bytes);
        let (mut at, mut value_tokens) = (0, 0);
        for &token in &tokens {
            let spelled = model.vocab().bytes(token);
            if bytes.get(at..at + spelled.len()) != Some(spelled) {
                return None;
            }
            at += spelled.len();
            value_tokens += usize::from(at > healed.len());
        }
        (at == bytes.len()).then(|| Choice { text: text.to_owned(), tokens, value_tokens })
    }
}

/// The texts that a spec admits if it lists them, each once and in order.
fn texts(spec: &Spec, bindings: &[Vec<String>]) -> Option<Vec<String>> {
    let (mut texts, mut known) = (Vec::new(), FxHashSet::default());
    collect(spec, bindings, false, &mut texts)?;
    texts.retain(|text| known.insert(text.clone()));
    Some(texts)
}

fn collect(spec: &Spec, bindings: &[Vec<String>], in_json: bool, out: &mut Vec<String>) -> Option<()> {
    let written = |text: &String| {
        if in_json { serde_json::to_string(text).unwrap_or_default() } else { text.clone() }
    };
    match spec {
        Spec::Bool => out.extend(["true", "false"].map(str::to_owned)),
        Spec::Literal { text } => out.push(written(text)),
        Spec::Constant { text } => out.push(text.clone()),
        Spec::OneOf { hole } => out.extend(bindings.get(*hole)?.iter().map(written)),
        Spec::Union { members } => {
            members.iter().try_for_each(|member| collect(member, bindings, in_json, out))?;
        }
        // What the other members exclude has no share.
        Spec::And { members } => {
            let lists = |member| {
                let mut texts = Vec::new();
                collect(member, bindings, in_json, &mut texts).map(|()| texts)
            };
            out.extend(members.iter().find_map(lists)?);
        }
        Spec::JsonOf { value } => collect(value, bindings, true, out)?,
        Spec::Flexible { value } | Spec::Until { value, .. } => collect(value, bindings, in_json, out)?,
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn options_are_listed_once_and_in_order() {
        let literal = |text: &str| Spec::Literal { text: text.to_owned() };
        let constant = |text: &str| Spec::Constant { text: text.to_owned() };
        let members = vec![literal("b"), constant("3"), Spec::Bool, literal("3"), Spec::OneOf { hole: 0 }];
        let union = Spec::Union { members };
        let bindings = vec![vec!["b".to_owned(), "\"".to_owned()]];
        assert_eq!(texts(&union, &bindings).unwrap(), ["b", "3", "true", "false", "\""]);
        let json = Spec::JsonOf { value: Box::new(union) };
        assert_eq!(texts(&json, &bindings).unwrap(), ["\"b\"", "3", "true", "false", "\"3\"", "\"\\\"\""]);
        assert_eq!(texts(&Spec::Int { min: None, max: None }, &[]), None);
        assert_eq!(texts(&Spec::OneOf { hole: 1 }, &bindings), None);
    }
}
