//! Each role's opening and closing text, derived from the model's own chat template.
//!
//! A template is a program that renders whole conversations. What is needed here are the texts *between* the
//! contents of messages, so that a context can grow without anything being rendered again. So the template is
//! rendered for small conversations whose contents are sentinels, and the text between two sentinels is split
//! into the closing of one message and the opening of the next. The assistant's opening is the generation
//! prompt.
//!
//! Templates may refuse roles and orders (Gemma has no `system`, Mistral wants turns to alternate): that is
//! an error of the role, with the template's reason. They may also render a past turn differently from how it
//! was opened, or trim what the assistant said; committed text stays as it is, and [`ChatFormat::warnings`]
//! says so once.
//!
//! What is not here: tokens.

use std::collections::HashMap;

use agentc_compiler::ir::Role;

mod edges;
mod probe;
mod template;
mod verify;

use crate::limits::Limits;
use edges::Edges;
use probe::Probe;
use template::Template;

/// Every role, in the order in which a conversation uses them.
const ROLES: [Role; 4] = [Role::System, Role::User, Role::Assistant, Role::Tool];

/// Why a conversation cannot be laid out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// The model has no chat template.
    #[error("the model has no chat template, so it cannot be talked to in roles")]
    NoTemplate,
    /// The template is not valid, or renders nothing that can be used.
    #[error("the model's chat template cannot be used: {reason}")]
    Template {
        /// What is wrong with it.
        reason: String,
    },
    /// The template has no such role, or not in this place.
    #[error("the model's chat template does not take `{}`{}: {reason}", role.name(), after(*previous))]
    Role {
        /// The role.
        role: Role,
        /// The role before it; `None` at the start.
        previous: Option<Role>,
        /// What the template says.
        reason: String,
    },
}

impl ChatError {
    /// What the user can do.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            ChatError::NoTemplate => "use an instruct model, or write the prompt as plain text".into(),
            ChatError::Template { .. } => {
                "use another file of this model, or write the prompt as plain text".into()
            }
            ChatError::Role { role: Role::System, previous: None, .. } => {
                "write the instructions into the first `user` message".into()
            }
            ChatError::Role { role: Role::System, .. } => {
                "move `system` to the start of the conversation".into()
            }
            ChatError::Role { role: Role::Tool, .. } => "write the result into a `user` message".into(),
            ChatError::Role { .. } => "let `user` and `assistant` take turns, starting with `user`".into(),
        };
        Some(hint)
    }
}

fn after(previous: Option<Role>) -> String {
    previous.map_or_else(|| " at the start".into(), |role| format!(" after `{}`", role.name()))
}

/// The texts around the messages of a model's conversations.
#[derive(Debug, Clone)]
pub struct ChatFormat {
    opens: HashMap<(Option<Role>, Role), Result<String, String>>,
    closes: HashMap<Role, String>,
    alike: [bool; 4],
    edges: Edges,
    writes_bos: bool,
    warnings: Vec<String>,
}

impl ChatFormat {
    /// Derives them from a template (Jinja). `bos_text` and `eos_text` are what the vocabulary calls the
    /// tokens that begin and end a text; empty if there are none.
    pub fn derive(
        template: Option<&str>,
        bos_text: &str,
        eos_text: &str,
        limits: &Limits,
    ) -> Result<ChatFormat, ChatError> {
        let source = template.ok_or(ChatError::NoTemplate)?;
        let template = Template::new(source, bos_text, eos_text, limits)
            .map_err(|reason| ChatError::Template { reason })?;
        let probe = Probe::new(&template);
        probe.usable().map_err(|reason| ChatError::Template { reason })?;
        let mut format = probe.format(eos_text);
        let starts = ROLES.iter().filter_map(|role| format.opens.get(&(None, *role))?.as_ref().ok());
        format.writes_bos = !bos_text.is_empty() && starts.into_iter().all(|open| open.starts_with(bos_text));
        format.warnings = verify::warnings(&format, &template);
        Ok(format)
    }

    /// The text before a message's content. `previous` is the role of the message before, whose
    /// [`close`](Self::close) stands before this text; where there is none (`first`), the text holds all that
    /// the template writes before a conversation.
    pub fn open(&self, role: Role, first: bool, previous: Option<Role>) -> Result<&str, ChatError> {
        let previous = if first { None } else { previous };
        match self.opens.get(&(previous, role)) {
            Some(Ok(text)) => Ok(text),
            Some(Err(reason)) => Err(ChatError::Role { role, previous, reason: reason.clone() }),
            None => Err(ChatError::Role { role, previous, reason: "it was never tried".into() }),
        }
    }

    /// The text after a message's content.
    pub fn close(&self, role: Role) -> &str {
        self.closes.get(&role).map_or("", String::as_str)
    }

    /// White space that the template drops before a message's content.
    pub fn dropped_before(&self, role: Role, previous: Option<Role>) -> &[char] {
        self.edges.start(previous, role)
    }

    /// White space that the template drops behind a message's content.
    pub fn dropped_behind(&self, role: Role) -> &[char] {
        self.edges.end(role)
    }

    /// Whether two messages of this role in a row are refused, and have to be joined to one.
    pub fn joins_alike(&self, role: Role) -> bool {
        self.alike[role as usize]
    }

    /// Whether the template has this role at all, wherever it may stand.
    pub fn check(&self, role: Role) -> Result<(), ChatError> {
        let possible = ROLES.iter().map(|role| Some(*role)).chain([None]);
        let mut possible = possible.filter_map(|previous| self.opens.get(&(previous, role)));
        if possible.any(Result::is_ok) { Ok(()) } else { self.open(role, true, None).map(|_| ()) }
    }

    /// Whether openings of a conversation hold the beginning-of-text token, which then must not be
    /// added once more.
    pub fn writes_bos(&self) -> bool {
        self.writes_bos
    }

    /// Where the template would render a whole conversation otherwise than it grew here.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}
