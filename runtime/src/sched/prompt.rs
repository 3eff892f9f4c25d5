//! From the parts of a context to tokens: what is scaffold, what is plain text, what healing may take back.
//!
//! Template marks are tokenised with control tokens, everything else without. Generated text is part of a run, but
//! healing never reaches into it.

use agentc_constraint::TokenId;

use super::reader::Reader;
use crate::ask::Written;
use crate::error::Fault;
use crate::layout::{Part, Stretch};
use crate::model::Model;
use crate::trace::TokenOrigin;

/// The tokens of a context, and where they come from.
#[derive(Debug, Default)]
pub(super) struct Prompt {
    /// All tokens, those settled before included.
    pub(super) tokens: Vec<TokenId>,
    /// How many of the last tokens are plain text that healing may take back.
    pub(super) healable: usize,
    /// What joined the context with this prompt, in order.
    pub(super) written: Vec<Written>,
}

/// Takes the last `count` tokens, which healing took back, out of what was written.
pub(super) fn take_back(written: &mut [Written], mut count: usize) {
    for Written { tokens, .. } in written.iter_mut().rev() {
        let gone = count.min(tokens.len());
        tokens.truncate(tokens.len() - gone);
        count -= gone;
    }
}

/// The tokens of some parts behind those that are settled.
pub(super) fn prompt(before: Vec<TokenId>, parts: Vec<Part>, reader: &Reader<'_>) -> Result<Prompt, Fault> {
    let texts = parts.iter().map(|part| match part {
        Part::Mark(..) => 0,
        Part::Run(run) => run.iter().map(|stretch| stretch.text.len()).sum(),
    });
    reader.check(before.len(), texts.sum())?;
    let model = reader.model;
    let mut prompt = Prompt { tokens: before, ..Prompt::default() };
    begin(&mut prompt, model);
    for part in parts {
        match part {
            Part::Mark(text, new) => mark(&mut prompt, text, new, model)?,
            Part::Run(run) => text_run(&mut prompt, run, reader)?,
        }
    }
    Ok(prompt)
}

/// A context begins with the beginning-of-text token where the model wants one.
fn begin(prompt: &mut Prompt, model: &dyn Model) {
    if prompt.tokens.is_empty() && model.info().add_bos {
        prompt.tokens.extend(model.info().bos);
    }
}

fn mark(prompt: &mut Prompt, text: String, new: bool, model: &dyn Model) -> Result<(), Fault> {
    let mut tokens = model.tokenize_scaffold(&text)?;
    let begun = prompt.tokens.len() == 1 && prompt.tokens.first() == model.info().bos.as_ref();
    if begun && tokens.first() == model.info().bos.as_ref() {
        tokens.remove(0);
    }
    prompt.healable = 0;
    prompt.tokens.extend(&tokens);
    if new {
        prompt.written.push(Written { text, origin: TokenOrigin::Scaffold, tokens });
    }
    Ok(())
}

fn text_run(prompt: &mut Prompt, run: Vec<Stretch>, reader: &Reader<'_>) -> Result<(), Fault> {
    let whole: String = run.iter().map(|stretch| stretch.text.as_str()).collect();
    let (before, vocab) = (prompt.tokens.len(), reader.model.vocab());
    reader.read(&whole, &mut prompt.tokens)?;
    let tokens = &prompt.tokens[before..];
    prompt.healable = tokens.len();
    let (mut at, mut end, mut next) = (0, 0, 0);
    for Stretch { text, origin, new } in run {
        end += text.len();
        let first = next;
        while next < tokens.len() && at < end {
            at += vocab.bytes(tokens[next]).len();
            next += 1;
        }
        match origin {
            Some(origin) if new => {
                prompt.written.push(Written { text, origin, tokens: tokens[first..next].to_vec() });
            }
            Some(_) => {}
            None => prompt.healable = tokens.len() - next,
        }
    }
    Ok(())
}
