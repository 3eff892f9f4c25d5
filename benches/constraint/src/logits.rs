//! From logits and a mask to a token, as the runtime does it, and as an embedder might.

use std::sync::Arc;

use agentc_constraint::spec::{Spec, Stop};
use agentc_constraint::{Constraint, Limits, Matcher, TokenId, TokenSet, Vocab, build};
use agentc_runtime::sample::{Sampling, Stream, choose};

use crate::Result;
use crate::figure::Figure;
use crate::random::{Draw, Random};
use crate::timing::each;
use crate::vocabularies::Tokens;

/// Masks with all tokens, nearly all and few, each with greedy and sampled choice, beside reading and copying the logits.
///
/// # Errors
/// A mask that cannot be made.
pub fn measure(tokens: &Tokens) -> Result<Vec<Figure>> {
    let vocab = &tokens.vocab;
    let logits = Random::new(1).logits(vocab.len());
    let mut copy = logits.clone();
    let read = each(|| maximum(&logits));
    let write = each(|| copy.copy_from_slice(&logits));
    let name = |what: &str| format!("{}, logits: {what}", tokens.name);
    let mut figures =
        vec![Figure::new(name("read all"), read, "µs"), Figure::new(name("copy all"), write, "µs")];
    for (kind, mask) in masks(tokens)? {
        let name = |what: &str| name(&format!("{kind} ({} tokens): {what}", mask.len()));
        let mut time = |what: &str, logits: &[f32], sampling: &Sampling| {
            let mut stream = Stream::new(7, &[]);
            let time = each(|| choose(logits, &mask, vocab, sampling, &[], &mut stream));
            figures.push(Figure::new(name(what), time, "µs").over(read));
        };
        let greedy = Sampling::default();
        let sampled = Sampling { temp: 1.0, ..Sampling::default() };
        time("greedy, the best is allowed", &favouring(&logits, &mask, vocab, true), &greedy);
        if !mask.is_all() {
            time("greedy, the best is not allowed", &favouring(&logits, &mask, vocab, false), &greedy);
        }
        time("temp 1", &logits, &sampled);
        time("temp 1, top_p 0.9", &logits, &Sampling { top_p: 0.9, ..sampled.clone() });
        let time = each(|| gather(&logits, &mask, vocab));
        figures.push(Figure::new(name("gathered"), time, "µs").over(read));
        let time = each(|| forbid(&mut copy, &mask, vocab));
        figures.push(Figure::new(name("minus infinity, token by token"), time, "µs").over(write));
        copy.copy_from_slice(&logits);
    }
    Ok(figures)
}

fn masks(tokens: &Tokens) -> Result<[(&'static str, Arc<TokenSet>); 3]> {
    let line = vec![Stop::Text { text: "\n".into() }];
    let line = Spec::Until { value: Box::new(Spec::Text { min: 0, max: None }), stops: line };
    let string = Spec::Regex { pattern: r#""([^"\\\x00-\x1f]|\\["\\/bfnrt])*""#.into() };
    let number = Spec::Regex { pattern: "-?[1-9][0-9]*".into() };
    Ok([
        ("all", mask(tokens, &line, "a")?),
        ("nearly all", mask(tokens, &string, "\"a")?),
        ("few", mask(tokens, &number, "")?),
    ])
}

fn mask(tokens: &Tokens, spec: &Spec, prefix: &str) -> Result<Arc<TokenSet>> {
    let limits = Limits::default();
    let constraint = Constraint::new(build(spec, &[], &limits)?, tokens.vocab.clone(), limits);
    let mut matcher = Matcher::new(&constraint, b"", 1_000_000)?;
    for token in tokens.of(prefix)? {
        matcher.commit(token)?;
    }
    Ok(matcher.mask()?)
}

/// Logits whose best token is in the mask, or is not.
fn favouring(logits: &[f32], mask: &TokenSet, vocab: &Vocab, allowed: bool) -> Vec<f32> {
    let mut logits = logits.to_vec();
    let middle = logits.len() as TokenId / 2;
    let fits = |token: &TokenId| mask.contains(vocab, *token) == allowed;
    if let Some(token) = (middle..).take(logits.len() / 2).find(fits).or((0..middle).find(fits)) {
        logits[token as usize] = 100.0;
    }
    logits
}

/// What a sampler of another's needs: forbidden logits are minus infinity.
fn forbid(logits: &mut [f32], mask: &TokenSet, vocab: &Vocab) {
    for (token, logit) in (0..).zip(logits) {
        if !mask.contains(vocab, token) {
            *logit = f32::NEG_INFINITY;
        }
    }
}

/// What a sampler over candidates needs: the allowed logits.
fn gather(logits: &[f32], mask: &TokenSet, vocab: &Vocab) -> Vec<f32> {
    mask.iter(vocab).filter_map(|token| logits.get(token as usize).copied()).collect()
}

/// Reads every number once, in vectors.
fn maximum(logits: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; 64];
    for chunk in logits.chunks_exact(64) {
        for (lane, &logit) in lanes.iter_mut().zip(chunk) {
            *lane = if logit > *lane { logit } else { *lane };
        }
    }
    lanes.into_iter().fold(f32::NEG_INFINITY, f32::max)
}
