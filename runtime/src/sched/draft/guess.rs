//! What may come next, from what came before.

use agentc_constraint::TokenId;

use super::BORDER;

/// A token that may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Guess {
    pub(in super::super) token: TokenId,
    pub(super) ground: Ground,
}

/// What speaks for a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ground {
    /// How many tokens before it were the same where it came before, up to [`LONGEST`].
    pub(super) matched: usize,
    pub(super) witnesses: Witnesses,
}

/// What followed where the same tokens came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Witnesses {
    /// They came once.
    One,
    /// They came several times, and the same followed each time.
    Agree,
    /// Something else followed some of the times.
    Differ,
}

/// Longer matches tell no more.
pub(super) const LONGEST: usize = 32;

/// More places with equally long matches tell no more.
const ENOUGH: usize = 8;

/// The longest end of some tokens that has been found, and what followed it.
#[derive(Default)]
struct Found {
    matched: usize,
    /// The first that was found.
    token: TokenId,
    places: usize,
    differ: bool,
}

/// What followed the longest end of `tokens` that occurred earlier, in themselves or in what others have `written`: of
/// equally long ones the latest, and the context's own before the others'. Takes time for each token, but little: a thousand
/// are looked through in about a microsecond, where a pass of the model takes thousands.
pub(super) fn guess(tokens: &[TokenId], written: &[TokenId]) -> Option<Guess> {
    let mut found = Found::default();
    found.look(tokens, tokens);
    found.look(tokens, written);
    let Found { matched, token, places, differ } = found;
    let witnesses = match (places, differ) {
        (0, _) => return None,
        (_, true) => Witnesses::Differ,
        (1, _) => Witnesses::One,
        _ => Witnesses::Agree,
    };
    Some(Guess { token, ground: Ground { matched, witnesses } })
}

impl Found {
    /// Looks through a text, from its end.
    fn look(&mut self, tokens: &[TokenId], text: &[TokenId]) {
        let Some(last) = tokens.last() else { return };
        for end in (1..text.len()).rev().filter(|&end| text[end - 1] == *last && text[end] != BORDER) {
            let pairs = text[..end].iter().rev().zip(tokens.iter().rev());
            let matched = pairs.take(LONGEST).take_while(|(a, b)| a == b).count();
            if matched > self.matched {
                *self = Found { matched, token: text[end], places: 1, differ: false };
            } else if matched == self.matched {
                self.places += 1;
                self.differ |= text[end] != self.token;
            }
            if self.matched == LONGEST && self.places == ENOUGH {
                return;
            }
        }
    }
}
