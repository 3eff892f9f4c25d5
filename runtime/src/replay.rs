//! How much of what they read do runs find in memory? Programs of the usual shapes of prompting, to be run on any back end:
//! the tests run them on a scripted model, with little memory and with more than they need, benchmarks on a real one.

use crate::trace::Usage;

/// A program, and what its shape is called.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// The name.
    pub name: &'static str,
    /// The program, which takes no inputs.
    pub source: &'static str,
}

/// The shapes.
pub const SHAPES: [Shape; 6] = [
    Shape { name: "few-shot", source: include_str!("replay/few_shot.agent") },
    Shape { name: "react", source: include_str!("replay/react.agent") },
    Shape { name: "tree of thoughts", source: include_str!("replay/tree.agent") },
    Shape { name: "skeleton of thought", source: include_str!("replay/skeleton.agent") },
    Shape { name: "chat", source: include_str!("replay/chat.agent") },
    Shape { name: "judge", source: include_str!("replay/judge.agent") },
];

/// Tokens of prompts, and those of them that were in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Tokens of all prompts.
    pub prompt: u64,
    /// Those that were found.
    pub cached: u64,
}

impl Found {
    /// What a run found.
    pub fn of(usage: &Usage) -> Found {
        Found { prompt: usage.prompt_tokens, cached: usage.cached_tokens }
    }

    /// The share that was found.
    pub fn rate(self) -> f64 {
        self.cached as f64 / self.prompt.max(1) as f64
    }
}
