//! A very small language model under a grammar: the whole decoding loop, with logits, forced text and stops.
//!
//!     cargo run -p agentc-constraint --example bigrams
//!
//! The model has read a few lines and knows which word follows which. By itself it would continue for ever;
//! under a grammar it writes well-formed timetables. Forced text is shown in brackets: the model was not
//! asked for it.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;

use agentc_constraint::spec::{GrammarSyntax, Spec, Stop};
use agentc_constraint::{Commit, Constraint, Limits, Matcher, Next, TokenId, Tokenize, Vocab, build};

const READ: &str = "the train to Oslo leaves at 9 , the train to Bergen leaves at 10 , \
                    the bus to Oslo is late . the bus to Bergen is at 12 , the train is late .";

const TIMETABLE: &str = r#"
    start: "Timetable:\n" line~2..4
    line: "  " vehicle " to " place " leaves at " hour ("\n" | " (late)\n")
    vehicle: "the train" | "the bus"
    place: "Oslo" | "Bergen"
    hour: /[1-9]|1[0-9]|2[0-4]/
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let model = Model::new()?;
    let grammar = Spec::Grammar { grammar: TIMETABLE.into(), syntax: GrammarSyntax::Lark, parts: Vec::new() };
    let sentence = Spec::Until {
        value: Box::new(Spec::Text { min: 1, max: None }),
        stops: vec![Stop::Text { text: " .".into() }, Stop::Text { text: " ,".into() }],
    };
    for (name, spec) in [("a timetable", grammar), ("a sentence, until a stop", sentence)] {
        writeln!(std::io::stdout(), "== {name}")?;
        write(&model, &spec)?;
    }
    Ok(())
}

/// One generation, shown as it comes.
fn write(model: &Model, spec: &Spec) -> Result<(), Box<dyn Error>> {
    let limits = Limits::default();
    let constraint = Constraint::new(build(spec, &[], &limits)?, model.vocab.clone(), limits);
    let mut matcher = Matcher::new(&constraint, b"", 120)?;
    let mut out = std::io::stdout().lock();
    loop {
        match matcher.next(model)? {
            Next::Forced(tokens) => write!(out, "[{}]", model.text(&tokens))?,
            Next::Choose => {
                let mask = matcher.mask()?;
                let mut logits = model.logits(matcher.tokens());
                for (token, logit) in (0..).zip(&mut logits) {
                    if !mask.contains(&model.vocab, token) {
                        *logit = f32::NEG_INFINITY;
                    }
                }
                let best = (0..).zip(&logits).max_by(|a, b| a.1.total_cmp(b.1)).map(|(token, _)| token);
                let token = best.ok_or("the vocabulary is empty")?;
                if matcher.commit(token)? == Commit::Done {
                    break;
                }
                write!(out, "{}", model.text(&[token]))?;
            }
            Next::Done => break,
        }
    }
    let finished = matcher.finish(model)?;
    writeln!(out, "\n-- {} tokens, ended by {:?}", finished.value_tokens, finished.end)?;
    writeln!(out, "{}\n", String::from_utf8_lossy(&finished.value))?;
    Ok(())
}

/// Knows which token followed which.
struct Model {
    vocab: Arc<Vocab>,
    read: Vec<TokenId>,
}

impl Model {
    /// Its tokens are the 256 bytes, and the words that it has read, with and without a space before.
    fn new() -> Result<Model, Box<dyn Error>> {
        let words = READ.split_whitespace().flat_map(|word| [word.to_owned(), format!(" {word}")]);
        let mut words: Vec<Vec<u8>> = words.map(String::into_bytes).filter(|word| word.len() > 1).collect();
        words.sort();
        words.dedup();
        let bytes = (0..=255).map(|byte| vec![byte]);
        let tokens: Vec<_> = bytes.chain(words).map(Some).collect();
        let mut model = Model { vocab: Arc::new(Vocab::new(&tokens, &[])?), read: Vec::new() };
        model.read = model.tokenize(READ.as_bytes());
        Ok(model)
    }

    fn text(&self, tokens: &[TokenId]) -> String {
        let bytes: Vec<u8> = tokens.iter().flat_map(|&token| self.vocab.bytes(token)).copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A token is the more likely the more often it followed the last one; what was written lately less so.
    fn logits(&self, context: &[TokenId]) -> Vec<f32> {
        let mut logits = vec![0.0; self.vocab.len()];
        for pair in self.read.windows(2) {
            if let [before, after] = pair
                && context.last().is_none_or(|last| last == before)
                && let Some(logit) = logits.get_mut(*after as usize)
            {
                *logit += 1.0;
            }
        }
        for &token in context.iter().rev().take(30) {
            if let Some(logit) = logits.get_mut(token as usize) {
                *logit -= 0.6;
            }
        }
        logits
    }
}

impl Tokenize for Model {
    fn tokenize(&self, text: &[u8]) -> Vec<TokenId> {
        self.vocab.fewest_tokens(text).unwrap_or_default()
    }
}
