//! The fewest tokens to the end, exactly, where the vocabulary cannot spell every text.
//!
//! With a token for every byte, any text can be written, and a shortest text gives a good bound. Otherwise
//! there may be texts that the pattern allows and no tokens spell; then paths to the end are searched token
//! by token, breadth first, under a limit.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::core::Core;
use crate::error::MatchError;
use crate::limits::Limit;
use crate::pattern::lazy::{DEAD, StateId};
use crate::vocab::{TokenId, Trie};

/// States from which a search for a better way goes on; each takes a walk over the whole vocabulary.
const BETTER: usize = 64;

impl Core<'_> {
    /// The fewest tokens from a state to an accepting one, if a short search finds them.
    pub(super) fn better_plan(&mut self, from: StateId) -> Result<Option<Vec<TokenId>>, MatchError> {
        match self.search(from, BETTER) {
            // What calls there are within a token can be read in too many ways: there may be a better plan, but
            // none is known.
            Err(MatchError::TooLarge { what: Limit::Configurations, .. }) => Ok(None),
            found => found.map(Option::flatten),
        }
    }

    /// The fewest tokens from a state to an accepting one; `None` if there is no way.
    pub(super) fn search_plan(&mut self, from: StateId) -> Result<Option<Vec<TokenId>>, MatchError> {
        let limit = self.limits.search;
        self.search(from, limit)?.ok_or(MatchError::TooLarge { what: Limit::SearchedStates, limit })
    }

    /// Breadth first over at most `limit` states; the outer `None` if that was not enough.
    fn search(&mut self, from: StateId, limit: usize) -> Result<Option<Option<Vec<TokenId>>>, MatchError> {
        let vocab = self.vocab;
        let mut came: FxHashMap<StateId, (StateId, TokenId)> = FxHashMap::default();
        let mut queue = VecDeque::from([from]);
        let mut visited = 0;
        while let Some(state) = queue.pop_front() {
            if self.dfa.accepts(state) {
                return Ok(Some(Some(way(from, state, &came))));
            }
            visited += 1;
            if visited > limit {
                return Ok(None);
            }
            for (token, next) in self.tokens_from(vocab.trie(), state)? {
                if next != from && !came.contains_key(&next) {
                    came.insert(next, (state, token));
                    queue.push_back(next);
                }
            }
        }
        Ok(Some(None))
    }

    /// The states that one token leads to, each with such a token; in the order of these tokens, since the numbers of
    /// states depend on what was visited before.
    fn tokens_from(&mut self, trie: &Trie, state: StateId) -> Result<Vec<(TokenId, StateId)>, MatchError> {
        let mut found: FxHashMap<StateId, TokenId> = FxHashMap::default();
        // A path of its own: a walk may be under way that asks what its end costs.
        let mut path = vec![state; self.vocab.longest() + 1];
        let mut node = 1;
        while node < trie.end(Trie::ROOT) {
            let depth = trie.depth(node);
            let next = self.dfa.next(path[depth - 1], trie.byte(node))?;
            if next == DEAD {
                node = trie.end(node);
                continue;
            }
            if let Some(token) = trie.first_token(node) {
                found.entry(next).or_insert(token);
            }
            path[depth] = next;
            node += 1;
        }
        let mut found: Vec<(TokenId, StateId)> =
            found.into_iter().map(|(next, token)| (token, next)).collect();
        found.sort_unstable();
        Ok(found)
    }
}

fn way(from: StateId, mut state: StateId, came: &FxHashMap<StateId, (StateId, TokenId)>) -> Vec<TokenId> {
    let mut tokens = Vec::new();
    while state != from
        && let Some(&(before, token)) = came.get(&state)
    {
        tokens.push(token);
        state = before;
    }
    tokens.reverse();
    tokens
}
