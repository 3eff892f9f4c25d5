//! What needs no choice: text that a pattern forces, and the end of a value that nothing can continue.
//!
//! Forced text is tokenised as the model's tokenizer would do it, except for its end: there the model might
//! prefer a token that reaches past the forced text, so the last tokens are left to it if such a token is
//! allowed. The same holds for text that healing took back: it is forced text before the value.

use super::core::Core;
use super::matcher::{Commit, End, Next};
use super::progress::Progress;
use crate::error::MatchError;
use crate::pattern::cursor::Cursor;
use crate::vocab::{TokenId, Tokenize};

/// Tokens before forced text that are shown to the tokenizer, so that it cuts as it would in running text.
const LOOK_BACK: usize = 4;

impl Progress {
    /// What comes next. Forced text is committed and returned.
    pub(super) fn next(&mut self, core: &mut Core<'_>, tokenizer: &dyn Tokenize) -> Result<Next, MatchError> {
        if self.is_done() {
            return Ok(Next::Done);
        }
        if self.is_healed() && self.is_complete(core) {
            return self.next_after_value(core);
        }
        let forced = self.force(core, tokenizer)?;
        if !forced.is_empty() {
            return Ok(Next::Forced(forced));
        }
        let mask = self.mask_in(core)?;
        match mask.only(core.vocab) {
            Some(token) => {
                self.commit_in(core, token)?;
                Ok(Next::Forced(vec![token]))
            }
            None => {
                self.prepared = Some(mask);
                Ok(Next::Choose)
            }
        }
    }

    /// The value is complete: does it have to end here?
    fn next_after_value(&mut self, core: &mut Core<'_>) -> Result<Next, MatchError> {
        if self.now.place.next_bytes(core.dfa)?.is_empty() {
            self.check_length()?;
            self.end_here(End::Value);
        } else if self.left() == 0 {
            self.end_here(End::Max);
        } else {
            return Ok(Next::Choose);
        }
        Ok(Next::Done)
    }

    /// Commits the tokens of the forced text that no longer token could swallow.
    fn force(&mut self, core: &mut Core<'_>, tokenizer: &dyn Tokenize) -> Result<Vec<TokenId>, MatchError> {
        let mut text = self.heal.get(self.bytes.len()..).unwrap_or_default().to_vec();
        let place = run_of_forced(core, &self.now.place, core.limits.forced_bytes, &mut text)?;
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let mut tokens = self.tokenize(core, &text, tokenizer);
        let ends_there = place.accepts(core.dfa) && place.next_bytes(core.dfa)?.is_empty();
        if !ends_there {
            let keep = certain(core, &tokens, &place)?;
            tokens.truncate(keep);
        }
        self.commit_forced(core, tokens)
    }

    /// Commits tokens as long as what remains fits into the budget: canonical tokens may be more than the
    /// fewest, and then the choice is left to the mask.
    fn commit_forced(
        &mut self,
        core: &mut Core<'_>,
        tokens: Vec<TokenId>,
    ) -> Result<Vec<TokenId>, MatchError> {
        let mut committed = Vec::with_capacity(tokens.len());
        for token in tokens {
            match self.commit_in(core, token) {
                Ok(Commit::More) => committed.push(token),
                Ok(Commit::Done) => {
                    committed.push(token);
                    break;
                }
                Err(MatchError::NotAllowed { .. }) => break,
                Err(other) => return Err(other),
            }
        }
        Ok(committed)
    }

    /// The tokens of a text after what was generated, cut as in running text where that is possible.
    fn tokenize(&self, core: &Core<'_>, text: &[u8], tokenizer: &dyn Tokenize) -> Vec<TokenId> {
        let from = self.tokens.len().saturating_sub(LOOK_BACK);
        let back = &self.tokens[from..];
        let mut whole: Vec<u8> = back.iter().flat_map(|&token| core.vocab.bytes(token)).copied().collect();
        if !whole.is_empty() {
            whole.extend_from_slice(text);
            let tokens = tokenizer.tokenize(&whole);
            if tokens.starts_with(back) && spells(core, &tokens, &whole) {
                return tokens[back.len()..].to_vec();
            }
        }
        let tokens = tokenizer.tokenize(text);
        if spells(core, &tokens, text) { tokens } else { core.vocab.fewest_tokens(text).unwrap_or_default() }
    }
}

/// Appends the bytes that have no alternative; the state after them. Ends where the value may end.
fn run_of_forced(
    core: &mut Core<'_>,
    from: &Cursor,
    limit: usize,
    text: &mut Vec<u8>,
) -> Result<Cursor, MatchError> {
    let mut place = from.clone();
    while text.len() < limit && !place.accepts(core.dfa) {
        let Some(byte) = place.next_bytes(core.dfa)?.only() else { break };
        text.push(byte);
        place = place.step(core.dfa, byte, core.depth)?;
    }
    Ok(place)
}

/// How many of the tokens of forced text no allowed token that reaches beyond the text could replace.
fn certain(core: &mut Core<'_>, tokens: &[TokenId], after: &Cursor) -> Result<usize, MatchError> {
    let mut keep = tokens.len();
    let mut rest: Vec<u8> = Vec::new();
    for (at, &token) in tokens.iter().enumerate().rev() {
        let text = core.vocab.bytes(token).to_vec();
        if rest.len() + text.len() > core.vocab.longest() {
            break;
        }
        rest.splice(0..0, text);
        if core.is_extended_at(&rest, after)? {
            keep = at;
        }
    }
    Ok(keep)
}

fn spells(core: &Core<'_>, tokens: &[TokenId], text: &[u8]) -> bool {
    tokens.iter().flat_map(|&token| core.vocab.bytes(token)).eq(text)
}
