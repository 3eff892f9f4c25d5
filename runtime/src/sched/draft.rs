//! Drafts: tokens that a generation may well write next, evaluated together with what it has written. Where it then writes
//! them, their logits are there already, and a pass of the model is saved; where it does not, they are dropped. Each token
//! is chosen from its own logits, by the same mask and the same random stream: so a draft never changes what is written.
//!
//! What is guessed is what followed before: the longest end of the text that has occurred earlier, in the context or in
//! what other generations have written lately, is taken to go on as it did there ([`guess`]). The matcher follows, so
//! that a draft holds nothing that the constraint forbids, and forced text between two guesses comes with it.
//!
//! Whether that pays is measured: what passes of so many rows take ([`Pace`]), and how often guesses were right that had so
//! much to speak for them ([`Odds`]). The latter is learned from every token that is chosen, whether or not it was in a
//! draft; so where guesses are wrong little is spent on them, and what is spent is bounded ([`Ledger`]).

mod guess;
mod ledger;
mod odds;
mod pace;

use agentc_constraint::{Commit, Matcher, Next, TokenId, Tokenize};

pub(super) use self::guess::Guess;
use self::guess::guess;
use self::ledger::Ledger;
use self::odds::Odds;
use self::pace::Pace;
use crate::limits::Draft;
use crate::model::ModelInfo;

/// Tokens of finished values in which guesses are looked for.
const REMEMBERED: usize = 4096;

/// Stands between two values; no vocabulary has so many tokens.
const BORDER: TokenId = TokenId::MAX;

/// What a draft has to gain at least, as a part of the pass that it joins: guesses of its gain are not exact.
const MARGIN: f64 = 0.03;

/// A guess that is right less often than this is not worth looking beyond.
const HOPELESS: f64 = 0.2;

/// The batch that a draft would join.
#[derive(Debug, Clone, Copy)]
pub(super) struct Company {
    /// Rows that it has without the draft.
    pub(super) rows: usize,
    /// Those after which a token is chosen.
    pub(super) choices: usize,
    /// Rows that may be added.
    pub(super) room: usize,
}

/// What came of a pass with all its drafts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Passed {
    pub(super) rows: usize,
    /// Those of them that were drafts.
    pub(super) drafted: usize,
    /// Generations that chose at least one token.
    pub(super) choosing: usize,
    /// Tokens that they chose.
    pub(super) chosen: usize,
    /// Drafted tokens that came.
    pub(super) accepted: usize,
    pub(super) us: u64,
}

/// See the module's description.
#[derive(Debug)]
pub(super) struct Drafts {
    policy: Draft,
    pace: Pace,
    odds: Odds,
    ledger: Ledger,
    /// What was written lately.
    written: Vec<TokenId>,
}

impl Drafts {
    pub(super) fn new(model: &ModelInfo, policy: Draft) -> Drafts {
        let policy = match policy {
            // What was guessed wrongly has to be taken back.
            Draft::WherePays(_) if !model.batches || !model.rewinds => Draft::Never,
            policy => policy,
        };
        let (pace, odds, ledger) = (Pace::default(), Odds::default(), Ledger::default());
        Drafts { policy, pace, odds, ledger, written: Vec::new() }
    }

    /// The token that may follow some tokens.
    pub(super) fn guess(&self, tokens: &[TokenId]) -> Option<Guess> {
        if self.policy == Draft::Never { None } else { guess(tokens, &self.written) }
    }

    /// A draft for a generation that has to choose: what may follow `tokens`, with which those of its matcher end.
    pub(super) fn draft(
        &self,
        tokens: &[TokenId],
        matcher: &Matcher,
        company: Company,
        tokenizer: &dyn Tokenize,
    ) -> Vec<TokenId> {
        let (Draft::WherePays(longest) | Draft::Always(longest)) = self.policy else { return Vec::new() };
        let longest = company.room.min(longest as usize);
        let (mut ahead, mut gain) = (None, self.gain(company));
        let mut next = self.guess(tokens);
        while let Some(guess) = next.filter(|guess| gain.len < longest && gain.probable(guess)) {
            let ahead = ahead.get_or_insert_with(|| Ahead::new(tokens, matcher));
            let Some(forced) = ahead.go(guess.token, tokenizer) else { break };
            gain.add(&guess, forced);
            next = self.guess(&ahead.tokens);
        }
        let draft = ahead.map(|ahead| ahead.tokens[tokens.len()..][..gain.best.min(longest)].to_vec());
        draft.unwrap_or_default()
    }

    fn gain(&self, company: Company) -> Gain<'_> {
        Gain { drafts: self, company, probability: 1.0, value: 0.0, len: 0, best: 0, best_gain: 0.0 }
    }

    /// Notes which token came where one was guessed.
    pub(super) fn learn(&mut self, guess: Guess, token: TokenId) {
        self.odds.learn(guess.ground, token == guess.token);
    }

    /// Notes what a pass took, and what its drafts saved: of passes that were not needed each generation's share, and the
    /// rows of forced text that came with the guesses.
    pub(super) fn passed(&mut self, passed: Passed) {
        let Passed { rows, drafted, choosing, chosen, accepted, us } = passed;
        self.pace.time(rows, us);
        if choosing == 0 {
            return;
        }
        let without = self.pace.of(rows - drafted).unwrap_or_default();
        self.ledger.pass(without);
        if drafted > 0 {
            let more = chosen - choosing;
            let cost = (us as f64 - without).max(0.0);
            let forced = accepted.saturating_sub(more) as f64 / drafted as f64;
            self.ledger.draft(cost, without * more as f64 / choosing as f64 + cost * forced);
        }
    }

    /// Keeps a value, for guesses of what others will write.
    pub(super) fn remember(&mut self, value: &[TokenId]) {
        if self.policy == Draft::Never || value.is_empty() {
            return;
        }
        self.written.push(BORDER);
        self.written.extend(value);
        let older = self.written.len().saturating_sub(REMEMBERED);
        self.written.drain(..older);
    }
}

/// A generation as it would stand after its draft.
struct Ahead {
    matcher: Matcher,
    /// Tokens of the prompt.
    prompt: usize,
    tokens: Vec<TokenId>,
}

impl Ahead {
    fn new(tokens: &[TokenId], matcher: &Matcher) -> Ahead {
        let prompt = tokens.len() - matcher.tokens().len();
        Ahead { matcher: matcher.clone(), prompt, tokens: tokens.to_vec() }
    }

    /// Takes one more token, with the forced text behind it; how many tokens that has. Nothing where the token may not come,
    /// or where nothing is wanted after it.
    fn go(&mut self, token: TokenId, tokenizer: &dyn Tokenize) -> Option<usize> {
        if self.matcher.commit(token).ok()? == Commit::Done {
            return None;
        }
        self.tokens.push(token);
        let chosen = self.tokens.len();
        loop {
            match self.matcher.next(tokenizer).ok()? {
                Next::Forced(tokens) => self.tokens.extend(tokens),
                Next::Choose => break,
                Next::Done => return None,
            }
        }
        // Forced text may have been tokenised anew together with tokens before it: then these are not what was drafted.
        (self.tokens[self.prompt..] == *self.matcher.tokens()).then(|| self.tokens.len() - chosen)
    }
}

/// What a draft can be expected to gain, in microseconds, as it grows.
struct Gain<'d> {
    drafts: &'d Drafts,
    company: Company,
    /// That all guesses so far are right.
    probability: f64,
    value: f64,
    len: usize,
    /// The length with which most is gained.
    best: usize,
    best_gain: f64,
}

impl Gain<'_> {
    /// Whether it may be worth while to evaluate one more guess.
    fn probable(&self, guess: &Guess) -> bool {
        matches!(self.drafts.policy, Draft::Always(_))
            || (self.drafts.pace.is_known()
                && self.probability * self.drafts.odds.of(guess.ground) >= HOPELESS)
    }

    /// Adds a guess, and the forced tokens behind it.
    fn add(&mut self, guess: &Guess, forced: usize) {
        self.len += 1 + forced;
        if matches!(self.drafts.policy, Draft::Always(_)) {
            self.best = self.len;
            return;
        }
        let (pace, Company { rows, choices, .. }) = (&self.drafts.pace, self.company);
        let Some(pass) = pace.of(rows) else { return };
        let cost = |rows: usize| (pace.of(rows).unwrap_or(f64::INFINITY) - pass).max(0.0);
        self.probability *= self.drafts.odds.of(guess.ground);
        // A choice saves one of the passes, of which each generation in the batch has its share; a forced token saves its row.
        self.value += self.probability * (pass / choices.max(1) as f64 + cost(rows + forced));
        let spent = cost(rows + self.len);
        let gain = self.value - spent;
        if gain > self.best_gain.max(MARGIN * pass) && spent <= self.drafts.ledger.credit(pass) {
            (self.best, self.best_gain) = (self.len, gain);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
