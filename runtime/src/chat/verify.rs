//! Compares the derived texts with full renders, and says where they differ.
//!
//! A difference is not an error: what a model has read and said is never rendered again, so a template that
//! renders the past differently is followed only as far as possible. The user is told once.

use agentc_compiler::ir::Role;

use super::ChatFormat;
use super::probe::{conversation, sentinel};
use super::template::{Message, Template};

/// Conversations as programs have them; those that the template refuses are left out.
const ORDINARY: [&[Role]; 5] = [
    &[Role::User],
    &[Role::System, Role::User],
    &[Role::User, Role::Assistant, Role::User],
    &[Role::System, Role::User, Role::Assistant, Role::User],
    &[Role::User, Role::Assistant, Role::User, Role::Assistant, Role::User],
];

pub(super) fn warnings(format: &ChatFormat, template: &Template) -> Vec<String> {
    let mut warnings = Vec::new();
    for roles in ORDINARY {
        let messages = conversation(roles, false);
        let (Some(ours), Ok(full)) = (concatenate(format, &messages), template.render(&messages, true))
        else {
            continue;
        };
        if ours != full {
            warnings.push(difference(roles, &ours, &full));
            break;
        }
    }
    if trims_assistant(template) {
        warnings.push(
            "the chat template trims what the assistant said in earlier turns; here it is kept as it was generated"
                .into(),
        );
    }
    warnings
}

/// The conversation as it grows here, up to the opening of the assistant's next message.
fn concatenate(format: &ChatFormat, messages: &[Message]) -> Option<String> {
    let mut text = String::new();
    let mut previous = None;
    for message in messages {
        text.push_str(format.open(message.role, previous.is_none(), previous).ok()?);
        text.push_str(&message.content);
        text.push_str(format.close(message.role));
        previous = Some(message.role);
    }
    text.push_str(format.open(Role::Assistant, previous.is_none(), previous).ok()?);
    Some(text)
}

fn difference(roles: &[Role], ours: &str, full: &str) -> String {
    let same = ours.chars().zip(full.chars()).take_while(|(a, b)| a == b).count();
    let excerpt = |text: &str| {
        let text: String = text.chars().skip(same.saturating_sub(8)).take(48).collect();
        (0..roles.len()).fold(text, |text, index| text.replace(&sentinel(index), "…"))
    };
    let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
    format!(
        "the chat template renders a whole conversation ({}) differently from how it grows turn by turn: {:?} instead of {:?}; what was written is kept as it is",
        names.join(", "),
        excerpt(full),
        excerpt(ours),
    )
}

fn trims_assistant(template: &Template) -> bool {
    let mut messages = conversation(&[Role::User, Role::Assistant, Role::User], false);
    let said = format!(" {} ", sentinel(1));
    messages[1].content.clone_from(&said);
    template.render(&messages, false).is_ok_and(|text| !text.contains(&said))
}
