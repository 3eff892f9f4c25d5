//! Whom the engine's thread tells what becomes of a run: the caller of a single one, or a batch, whose runs share a channel.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;

use agentc_runtime::{Event, Outcome, TokenOrigin};

/// What is told about a run; after its end nothing.
pub(super) enum Reply {
    Event(Event),
    Over(Box<Outcome>),
    /// It has no end: the engine's thread is gone.
    Lost,
}

/// What those who wait for a run, or for all of a batch, share with the engine's thread.
#[derive(Debug, Default)]
pub(super) struct Audience {
    /// Set when nobody listens any more.
    pub(super) deserted: AtomicBool,
    /// Set when a run has told what will not fit into its models: the same for every run of one program.
    pub(super) warned: AtomicBool,
    /// Tokens that models have chosen.
    pub(super) tokens: AtomicU64,
    /// Whether nobody wants to hear more than what runs print and warn of.
    pub(super) is_brief: bool,
}

/// Tells about one run.
pub(super) struct Listener {
    reply: Sender<(u64, Reply)>,
    /// Which one of those that share the channel.
    run: u64,
    audience: Arc<Audience>,
    is_over: bool,
}

impl Listener {
    pub(super) fn new(reply: Sender<(u64, Reply)>, run: u64, audience: Arc<Audience>) -> Listener {
        Listener { reply, run, audience, is_over: false }
    }

    pub(super) fn audience(&self) -> &Audience {
        &self.audience
    }

    pub(super) fn tell(&self, event: Event) {
        if let Event::Token { origin: TokenOrigin::Sampled | TokenOrigin::Healed, tokens, .. } = &event {
            self.audience.tokens.fetch_add(tokens.len() as u64, Ordering::Relaxed);
        }
        if !self.audience.is_brief || matches!(event, Event::Print { .. } | Event::Warning(_)) {
            self.send(Reply::Event(event));
        }
    }

    pub(super) fn end(mut self, outcome: Outcome) {
        self.is_over = true;
        self.send(Reply::Over(Box::new(outcome)));
    }

    /// Who is gone has said so by the flag.
    fn send(&self, reply: Reply) {
        let _ = self.reply.send((self.run, reply));
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if !self.is_over {
            self.send(Reply::Lost);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_run_without_an_end_is_told_as_lost_and_one_with_an_end_is_not() {
        let (sender, replies) = channel();
        let audience = Arc::new(Audience { is_brief: true, ..Audience::default() });
        let listener = |run| Listener::new(sender.clone(), run, audience.clone());
        let (first, second) = (listener(1), listener(2));
        let token = |origin| Event::Token { context: 0, text: "ab".into(), origin, tokens: vec![1, 2] };
        first.tell(token(TokenOrigin::Sampled));
        first.tell(token(TokenOrigin::Forced));
        first.tell(Event::Print { text: "p".into() });
        first.end(Outcome::of_error(agentc_runtime::RunError::of_run(agentc_runtime::Fault::Interrupted)));
        drop(second);
        let told: Vec<_> = replies.try_iter().collect();
        assert!(matches!(
            told.as_slice(),
            [(1, Reply::Event(Event::Print { .. })), (1, Reply::Over(_)), (2, Reply::Lost)]
        ));
        assert_eq!(audience.tokens.load(Ordering::Relaxed), 2, "what was forced nobody chose");
    }
}
