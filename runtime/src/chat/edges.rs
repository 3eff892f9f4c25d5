//! Which white space a template drops from the ends of messages.
//!
//! White space of data is data. But a template that trims contents is one whose model has never read a message
//! with white space at its ends, so what it drops is dropped here, and nothing else. This is found out by
//! rendering contents with white space around them: what it makes no difference to is dropped.

use std::collections::HashMap;

use agentc_compiler::ir::Role;

use super::ROLES;
use super::probe::{conversation, histories, sentinel};
use super::template::Template;

/// All white space of Unicode.
const SPACE: [char; 25] = [
    '\t', '\n', '\u{b}', '\u{c}', '\r', ' ', '\u{85}', '\u{a0}', '\u{1680}', '\u{2000}', '\u{2001}',
    '\u{2002}', '\u{2003}', '\u{2004}', '\u{2005}', '\u{2006}', '\u{2007}', '\u{2008}', '\u{2009}',
    '\u{200a}', '\u{2028}', '\u{2029}', '\u{202f}', '\u{205f}', '\u{3000}',
];

/// Those that are tried. A template that drops all of them drops what its language calls white space.
const TRIED: [char; 6] = [' ', '\t', '\n', '\r', '\u{a0}', '\u{3000}'];

/// Roles whose contents come from people and programs. What an assistant said stays as it was generated.
const GIVEN: [Role; 3] = [Role::System, Role::User, Role::Tool];

/// See the module's description.
#[derive(Debug, Clone, Default)]
pub(super) struct Edges {
    /// What is dropped before the content of a role after another one.
    starts: HashMap<(Option<Role>, Role), Vec<char>>,
    /// What is dropped behind the content of a role.
    ends: HashMap<Role, Vec<char>>,
}

/// An end of a content.
#[derive(Debug, Clone, Copy)]
enum Side {
    Start,
    End,
}

/// A conversation, and which of its messages is looked at.
type Try = (Vec<Role>, usize);

impl Edges {
    pub(super) fn of(template: &Template) -> Edges {
        let mut edges = Edges::default();
        if keeps_all(template) {
            return edges;
        }
        for role in GIVEN {
            let alone = vec![(vec![role], 0), (vec![role, Role::User], 0)];
            edges.starts.insert((None, role), dropped(template, &alone, Side::Start));
            for previous in ROLES {
                let tries: Vec<Try> =
                    histories(previous).iter().map(|history| after(history, role)).collect();
                edges.starts.insert((Some(previous), role), dropped(template, &tries, Side::Start));
            }
            edges.ends.insert(role, dropped(template, &endings(role), Side::End));
        }
        edges
    }

    pub(super) fn start(&self, previous: Option<Role>, role: Role) -> &[char] {
        self.starts.get(&(previous, role)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn end(&self, role: Role) -> &[char] {
        self.ends.get(&role).map_or(&[], Vec::as_slice)
    }
}

/// Whether conversations in which all roles speak keep white space around everything: then nothing is to be found
/// out one by one. Most templates do.
fn keeps_all(template: &Template) -> bool {
    use Role::{Assistant, System, Tool, User};
    let spoken: [&[Role]; 3] = [
        &[System, User, Assistant, User],
        &[User, Assistant, User],
        &[User, Assistant, Tool, Assistant, User],
    ];
    let around = |roles: &[Role], space: &str| {
        let mut messages = conversation(roles, true);
        let given = messages.iter_mut().filter(|message| GIVEN.contains(&message.role));
        given.for_each(|message| message.content = format!("{space}{}{space}", message.content));
        (
            messages.iter().map(|message| message.content.clone()).collect::<Vec<_>>(),
            template.render(&messages, true),
        )
    };
    let mut kept = spoken.iter().filter_map(|roles| {
        let bare = around(roles, "").1.ok()?;
        let keeps = |space: &char| {
            let (contents, text) = around(roles, &space.to_string());
            let said = |text: String, (at, content)| text.replace(&sentinel(at), content);
            text.ok() == Some(contents.iter().map(String::as_str).enumerate().fold(bare.clone(), said))
        };
        Some(TRIED.iter().all(keeps))
    });
    kept.next().is_some_and(|first| first && kept.all(|kept| kept))
}

fn after(history: &[Role], role: Role) -> Try {
    let roles: Vec<Role> = history.iter().copied().chain([role]).collect();
    let last = roles.len() - 1;
    (roles, last)
}

/// Conversations in which a role's message ends; a system's is followed by a user's.
fn endings(role: Role) -> Vec<Try> {
    if role == Role::System {
        return vec![(vec![role, Role::User], 0), (vec![role], 0)];
    }
    histories(role).iter().map(|history| (history.to_vec(), history.len() - 1)).collect()
}

/// The white space that makes no difference at one end of a content, in the first conversation that the
/// template takes.
fn dropped(template: &Template, tries: &[Try], side: Side) -> Vec<char> {
    let bare = tries.iter().find_map(|(roles, at)| {
        let text = render(template, roles, *at, &sentinel(*at))?;
        Some((roles, *at, text))
    });
    let Some((roles, at, bare)) = bare else { return Vec::new() };
    let makes_no_difference = |space: &char| {
        let content = match side {
            Side::Start => format!("{space}{}", sentinel(at)),
            Side::End => format!("{}{space}", sentinel(at)),
        };
        render(template, roles, at, &content).as_ref() == Some(&bare)
    };
    let dropped: Vec<char> = TRIED.into_iter().filter(makes_no_difference).collect();
    if dropped.len() == TRIED.len() { SPACE.to_vec() } else { dropped }
}

/// A conversation whose message `at` says `content`; with the generation prompt, as a model will read it.
fn render(template: &Template, roles: &[Role], at: usize, content: &str) -> Option<String> {
    let calls = roles.contains(&Role::Tool);
    [false, true].into_iter().take(1 + usize::from(calls)).find_map(|calls| {
        let mut messages = conversation(roles, calls);
        messages[at].content = content.to_owned();
        let prompt = roles.last() != Some(&Role::Assistant);
        template.render(&messages, prompt).ok().filter(|text| text.contains(&sentinel(at)))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use Role::{Assistant, System, User};

    use super::super::ChatFormat;
    use super::*;

    /// Conversations whose growth is what the template renders, so that only white space can differ.
    const ORDINARY: [&[Role]; 4] =
        [&[User], &[System, User], &[User, Assistant, User], &[System, User, Assistant, User]];

    fn grown(format: &ChatFormat, contents: &[(Role, String)]) -> Option<String> {
        let (mut text, mut previous) = (String::new(), None);
        for (role, content) in contents {
            text += format.open(*role, previous.is_none(), previous).ok()?;
            let content = content.trim_start_matches(format.dropped_before(*role, previous));
            text += content.trim_end_matches(format.dropped_behind(*role));
            text += format.close(*role);
            previous = Some(*role);
        }
        Some(text + format.open(Assistant, false, previous).ok()?)
    }

    fn rendered(template: &Template, contents: &[(Role, String)]) -> Option<String> {
        let message = |(role, content): &(Role, String)| super::super::template::Message {
            role: *role,
            content: content.clone(),
            calls: false,
        };
        template.render(&contents.iter().map(message).collect::<Vec<_>>(), true).ok()
    }

    /// Contents with white space around what people and programs say.
    fn contents(roles: &[Role], space: &str) -> Vec<(Role, String)> {
        let content = |role: &Role| match role {
            Assistant => "said".to_owned(),
            _ => format!("{space}said\n {space}"),
        };
        roles.iter().map(|role| (*role, content(role))).collect()
    }

    #[test]
    fn what_is_dropped_is_what_the_templates_drop() {
        let folder = format!("{}/tests/fixtures/chat", env!("CARGO_MANIFEST_DIR"));
        let mut compared = 0;
        for name in ["smollm2", "llama-3", "llama-2", "mistral-v1", "gemma-2", "phi-3", "qwen2.5", "zephyr"] {
            let source = std::fs::read_to_string(format!("{folder}/{name}.jinja")).unwrap();
            let format = ChatFormat::derive(Some(&source), "<s>", "</s>", &crate::Limits::default()).unwrap();
            let template = Template::new(&source, "<s>", "</s>", &crate::limits::Limits::default()).unwrap();
            for roles in ORDINARY {
                let bare: Vec<(Role, String)> = roles.iter().map(|role| (*role, "said".to_owned())).collect();
                if rendered(&template, &bare).is_none() || grown(&format, &bare) != rendered(&template, &bare)
                {
                    continue;
                }
                for space in ["", " ", "\n", "\t\n ", "\u{a0}", "\u{3000}\r\n"] {
                    let contents = contents(roles, space);
                    assert_eq!(grown(&format, &contents), rendered(&template, &contents), "{name} {roles:?}");
                    compared += 1;
                }
            }
        }
        assert!(compared > 100, "{compared}");
    }
}
