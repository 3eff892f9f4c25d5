//! How a run ended: its value or its error, and everything it wrote until then.

use serde::Serialize;

use crate::context::{Context, Piece};
use crate::error::RunError;
use crate::journal::Ended;
use crate::trace::Usage;
use crate::value::Value;
use crate::vm::Vm;

/// A message of the entry point's context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// `system`, `user`, `assistant` or `tool`.
    pub role: &'static str,
    /// What it says.
    pub content: String,
}

/// The end of a run. After an error the text and the captures are what they were when it happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    value: Value,
    captures: Vec<(String, Value)>,
    text: String,
    messages: Vec<Message>,
    usage: Usage,
    error: Option<RunError>,
}

impl Outcome {
    /// What the program returned; `null` if nothing.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The entry point's captures that were bound, in the order of the source.
    pub fn captures(&self) -> &[(String, Value)] {
        &self.captures
    }

    /// One of the captures.
    pub fn capture(&self, name: &str) -> Option<&Value> {
        self.captures.iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// The entry point's context as the model read it, template marks included.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The entry point's context as messages; none if it has no roles.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// What the run cost.
    pub fn usage(&self) -> &Usage {
        &self.usage
    }

    /// Why it ended early, if it did.
    pub fn error(&self) -> Option<&RunError> {
        self.error.as_ref()
    }

    /// The outcome of a run that could not begin.
    pub fn of_error(error: RunError) -> Outcome {
        Outcome {
            value: Value::Null,
            captures: Vec::new(),
            text: String::new(),
            messages: Vec::new(),
            usage: Usage::default(),
            error: Some(error),
        }
    }
}

/// The outcome of a machine that stopped.
pub(crate) fn of_run(vm: &Vm, ended: &Ended, result: Result<Value, RunError>, usage: Usage) -> Outcome {
    let (value, error) = match result {
        Ok(value) => (value, None),
        Err(error) => (Value::Null, Some(error)),
    };
    let messages = vm.context(0).map(|context| messages(context, &ended.shown)).unwrap_or_default();
    Outcome { value, captures: vm.captures(), text: ended.text.clone(), messages, usage, error }
}

fn messages(context: &Context, shown: &str) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    let mut open = false;
    for piece in context.pieces() {
        match piece {
            Piece::Open(role, _) => {
                messages.push(Message { role: role.name(), content: String::new() });
                open = true;
            }
            Piece::Close(_) => open = false,
            piece => {
                if let (true, Some(message), Some(text)) = (open, messages.last_mut(), piece.text()) {
                    message.content.push_str(text);
                }
            }
        }
    }
    if let (true, Some(message)) = (open, messages.last_mut()) {
        message.content.push_str(shown);
    }
    messages
}
