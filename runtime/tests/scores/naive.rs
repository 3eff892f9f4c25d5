//! The definitions of `grammar/README.md`, computed by walking through the model's whole distribution, token by token
//! and from the beginning each time.

use agentc_constraint::{Constraint, Limits, Matcher, Next, SharedSpec, TokenId, Tokenize};
use agentc_runtime::model::script::ScriptModel;
use agentc_runtime::model::{Model, Row};
use agentc_runtime::sample::LEAST;

/// What a model says, without any memory.
pub(crate) struct Naive {
    model: ScriptModel,
    /// Tokens that the model rules out.
    pub(crate) ruled_out: Vec<TokenId>,
    /// What its logits are multiplied by.
    pub(crate) scale: f32,
}

impl Naive {
    pub(crate) fn new(model: &ScriptModel) -> Naive {
        Naive { model: model.clone(), ruled_out: Vec::new(), scale: 1.0 }
    }

    pub(crate) fn tokens(&self, text: &str) -> Vec<TokenId> {
        self.model.tokenize(text.as_bytes())
    }

    pub(crate) fn bytes(&self, token: TokenId) -> Vec<u8> {
        self.model.vocab().bytes(token).to_vec()
    }

    /// The log-probabilities of all tokens after these.
    pub(crate) fn after(&mut self, tokens: &[TokenId]) -> Vec<f64> {
        self.model.truncate(0, 0).unwrap();
        for (pos, &token) in tokens.iter().enumerate() {
            let logits = pos + 1 == tokens.len();
            self.model.decode(&[Row { token, pos: pos as u32, seq: 0, logits }]).unwrap();
        }
        let mut logits: Vec<f64> =
            self.model.logits(0).unwrap().iter().map(|&x| f64::from(x * self.scale)).collect();
        self.ruled_out.iter().for_each(|&token| logits[token as usize] = f64::NEG_INFINITY);
        let best = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = logits.iter().map(|x| (x - best).exp()).sum();
        logits.iter().map(|x| (x - best - total.ln()).max(LEAST)).collect()
    }

    /// The log-probability of each of some tokens behind others.
    pub(crate) fn logs(&mut self, before: &[TokenId], tokens: &[TokenId]) -> Vec<f64> {
        let log = |at: usize| self.after(&[before, &tokens[..at]].concat())[tokens[at] as usize];
        (0..tokens.len()).map(log).collect()
    }

    /// That a text ends behind these tokens, although one of these rests might follow; 0 if there is none.
    pub(crate) fn end(&mut self, tokens: &[TokenId], rests: &[&str]) -> f64 {
        if rests.is_empty() {
            return 0.0;
        }
        let logs = self.after(tokens);
        let adds = |token: usize| {
            let bytes = self.bytes(token as TokenId);
            let part =
                |rest: &&str| rest.as_bytes().starts_with(&bytes) || bytes.starts_with(rest.as_bytes());
            !bytes.is_empty() && rests.iter().any(part)
        };
        let sum: f64 = (0..logs.len()).filter(|&token| !adds(token)).map(|token| logs[token].exp()).sum();
        sum.ln().max(LEAST)
    }

    /// The least share of probability that masks left where there was a choice, on the way through a value's tokens.
    pub(crate) fn least_share(&mut self, spec: &SharedSpec, before: &[TokenId], tokens: &[TokenId]) -> f64 {
        let pattern = spec.build(&[], &Limits::default()).unwrap();
        let constraint = Constraint::new(pattern, self.model.vocab().clone(), Limits::default());
        let mut matcher = Matcher::new(&constraint, &[], 256).unwrap();
        let mut least = 1.0f64;
        loop {
            match matcher.next(&self.model).unwrap() {
                Next::Forced(_) => {}
                Next::Done => return least,
                Next::Choose => {
                    let logs = self.after(&[before, matcher.tokens()].concat());
                    let mask = matcher.mask().unwrap();
                    let share = mask.iter(self.model.vocab()).map(|token| logs[token as usize].exp()).sum();
                    least = least.min(share);
                    let token = tokens[matcher.tokens().len()];
                    matcher.commit(token).unwrap();
                }
            }
        }
    }

    /// All ways to spell a text in tokens.
    pub(crate) fn spellings(&self, text: &[u8]) -> Vec<Vec<TokenId>> {
        if text.is_empty() {
            return vec![Vec::new()];
        }
        let mut all = Vec::new();
        for token in 0..self.model.vocab().len() as TokenId {
            let bytes = self.bytes(token);
            if bytes.is_empty() || !text.starts_with(&bytes) {
                continue;
            }
            let rests = self.spellings(&text[bytes.len()..]);
            all.extend(rests.into_iter().map(|rest| [vec![token], rest].concat()));
        }
        all
    }
}

/// What stands behind a text in those that begin with it.
pub(crate) fn rests<'t>(text: &str, all: &'t [String]) -> Vec<&'t str> {
    all.iter().filter_map(|other| other.strip_prefix(text)).filter(|rest| !rest.is_empty()).collect()
}

/// Log-probabilities as shares of their sum.
pub(crate) fn shares(logs: &[f64]) -> Vec<f64> {
    let best = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logs.iter().map(|log| (log - best).exp()).sum();
    logs.iter().map(|log| (log - best).exp() / sum).collect()
}

pub(crate) fn first_best(numbers: &[f64]) -> usize {
    let best = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    numbers.iter().position(|x| *x == best).unwrap()
}
