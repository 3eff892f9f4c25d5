//! Renders small conversations of sentinels, and extracts the text between them.
//!
//! For each pair of roles that may follow each other there are several conversations to try, because
//! templates differ in what they require around them: some put the system's text inside the first user's
//! message, some require a tool call before a result. The first conversation that renders is used.

use std::collections::HashMap;

use agentc_compiler::ir::Role;

use super::edges::Edges;
use super::template::{Message, Template};
use super::{ChatFormat, ROLES};

/// What a template did with a conversation, or why it did not.
type Outcome<T> = Result<T, String>;

/// What opens a role after another one.
type Opens = HashMap<(Option<Role>, Role), Outcome<String>>;

/// A template under test.
pub(super) struct Probe<'t> {
    template: &'t Template,
}

/// Text that no template writes, looks for or trims.
pub(super) fn sentinel(index: usize) -> String {
    format!("Zq{index}sentinelqZ")
}

/// Messages of these roles, with sentinels for contents.
pub(super) fn conversation(roles: &[Role], calls: bool) -> Vec<Message> {
    let message = |(index, role): (usize, &Role)| Message {
        role: *role,
        content: sentinel(index),
        calls: calls && roles.get(index + 1) == Some(&Role::Tool),
    };
    roles.iter().enumerate().map(message).collect()
}

impl<'t> Probe<'t> {
    pub(super) fn new(template: &'t Template) -> Probe<'t> {
        Probe { template }
    }

    /// All texts; those around the start and the warnings are filled in by the caller.
    pub(super) fn format(&self, eos: &str) -> ChatFormat {
        let mut opens = HashMap::new();
        let mut closes = HashMap::new();
        for role in ROLES {
            opens.insert((None, role), self.start(role));
        }
        for previous in ROLES {
            let gaps: Vec<(Role, Outcome<String>)> =
                ROLES.iter().map(|role| (*role, self.between(previous, *role))).collect();
            let texts: Vec<&str> = gaps.iter().filter_map(|(_, gap)| gap.as_deref().ok()).collect();
            let close = close_text(self.end(previous, false).ok(), &texts, eos);
            for (role, gap) in gaps {
                let open = gap.map(|gap| gap.strip_prefix(&close).map_or_else(String::new, str::to_owned));
                opens.insert((Some(previous), role), open);
            }
            closes.insert(previous, close);
        }
        self.open_as_generation(&mut opens, &closes);
        refuse_late_system(&mut opens);
        let known = |role: Role| ROLES.iter().any(|previous| is_ok(&opens, Some(*previous), role));
        let alike =
            ROLES.map(|role| (known(role) || is_ok(&opens, None, role)) && self.refuses_alike(&opens, role));
        let edges = Edges::of(self.template);
        ChatFormat { opens, closes, alike, edges, writes_bos: false, warnings: Vec::new() }
    }

    /// Whether a conversation can begin at all.
    pub(super) fn usable(&self) -> Outcome<()> {
        self.start(Role::User).or_else(|reason| self.start(Role::System).map_err(|_| reason)).map(|_| ())
    }

    /// Everything before the first content.
    fn start(&self, role: Role) -> Outcome<String> {
        let tries: &[&[Role]] = &[&[role], &[role, Role::User], &[role, Role::User, Role::Assistant]];
        first_ok(tries.iter().map(|roles| {
            let text = self.render(roles, false)?;
            Ok(text.split(&sentinel(0)).next().unwrap_or_default().to_owned())
        }))
    }

    /// Everything between two contents; before an assistant's it ends in the generation prompt.
    fn between(&self, previous: Role, role: Role) -> Outcome<String> {
        if role == Role::Assistant {
            return self.end(previous, true).and_then(|text| {
                // Some templates do not look at the order until somebody speaks.
                self.gap(previous, role).map(|_| text)
            });
        }
        self.gap(previous, role)
    }

    pub(super) fn gap(&self, previous: Role, role: Role) -> Outcome<String> {
        first_ok(histories(previous).iter().flat_map(|history| [(*history, false), (*history, true)]).map(
            |(history, calls)| {
                let mut roles = history.to_vec();
                roles.push(role);
                let text = self.render(&roles, calls)?;
                cut(&text, &sentinel(history.len() - 1), Some(&sentinel(history.len())))
            },
        ))
    }

    /// Everything after the last content.
    fn end(&self, role: Role, generation_prompt: bool) -> Outcome<String> {
        first_ok(histories(role).iter().flat_map(|history| [(*history, false), (*history, true)]).map(
            |(history, calls)| {
                let text = self.render_with(history, calls, generation_prompt)?;
                cut(&text, &sentinel(history.len() - 1), None)
            },
        ))
    }

    /// A conversation that begins with the assistant: before it stands what stands before any message, and
    /// the generation prompt in place of the opening of a past turn.
    fn open_as_generation(&self, opens: &mut Opens, closes: &HashMap<Role, String>) {
        let Ok(past) = self.gap(Role::User, Role::Assistant) else { return };
        let past = past.strip_prefix(&closes[&Role::User]).unwrap_or_default();
        let prompt = match opens.get(&(Some(Role::User), Role::Assistant)) {
            Some(Ok(prompt)) => prompt.clone(),
            _ => return,
        };
        if let Some(Ok(start)) = opens.get_mut(&(None, Role::Assistant))
            && let Some(head) = start.strip_suffix(past)
        {
            *start = format!("{head}{prompt}");
        }
    }

    /// Two messages of a role in a row must be refused in every conversation to be joined.
    fn refuses_alike(&self, opens: &Opens, role: Role) -> bool {
        if !is_ok(opens, Some(role), role) {
            return true;
        }
        role == Role::Assistant && self.gap(role, role).is_err()
    }

    fn render(&self, roles: &[Role], calls: bool) -> Outcome<String> {
        self.render_with(roles, calls, false)
    }

    /// Renders, and makes sure that every content is there once and in order.
    fn render_with(&self, roles: &[Role], calls: bool, generation_prompt: bool) -> Outcome<String> {
        let text = self.template.render(&conversation(roles, calls), generation_prompt)?;
        let mut at = 0;
        for (index, role) in roles.iter().enumerate() {
            let mark = sentinel(index);
            if text.matches(&mark).count() != 1 {
                return Err(format!("it leaves out what `{}` says", role.name()));
            }
            match text.find(&mark).filter(|found| *found >= at) {
                Some(found) => at = found + mark.len(),
                None => return Err(format!("it moves what `{}` says", role.name())),
            }
        }
        Ok(text)
    }
}

/// Conversations that end in a message of the role, the likeliest first.
pub(super) fn histories(role: Role) -> &'static [&'static [Role]] {
    use Role::{Assistant, System, Tool, User};
    match role {
        System => &[&[System]],
        User => &[&[User], &[System, User]],
        Assistant => &[&[User, Assistant], &[System, User, Assistant], &[Assistant]],
        Tool => &[&[User, Assistant, Tool], &[User, Tool], &[System, User, Assistant, Tool]],
    }
}

/// The first success, or the first reason that is the template's own.
fn first_ok(outcomes: impl Iterator<Item = Outcome<String>>) -> Outcome<String> {
    let mut reason = None;
    for outcome in outcomes {
        match outcome {
            Ok(text) => return Ok(text),
            Err(why) => reason = reason.or(Some(why)),
        }
    }
    Err(reason.unwrap_or_else(|| "it renders nothing".into()))
}

/// A template that refuses `system` at the start may let it pass later where it looks at nothing but whose
/// turn it is. The model was not trained for that.
fn refuse_late_system(opens: &mut Opens) {
    if let Some(Err(reason)) = opens.get(&(None, Role::System)).cloned() {
        for previous in ROLES {
            opens.insert((Some(previous), Role::System), Err(reason.clone()));
        }
    }
}

fn is_ok(opens: &Opens, previous: Option<Role>, role: Role) -> bool {
    opens.get(&(previous, role)).is_some_and(Result::is_ok)
}

fn cut(text: &str, from: &str, to: Option<&str>) -> Outcome<String> {
    let missing = || "its text cannot be cut into messages".to_owned();
    let (_, rest) = text.split_once(from).ok_or_else(missing)?;
    match to {
        None => Ok(rest.to_owned()),
        Some(to) => rest.split_once(to).map(|(gap, _)| gap.to_owned()).ok_or_else(missing),
    }
}

/// The closing of a message: what the template writes at the end of a conversation, if every message
/// that can follow begins with it; without the end-of-text mark that some add there; else what all that
/// can follow have in common.
fn close_text(end: Option<String>, gaps: &[&str], eos: &str) -> String {
    let fits = |close: &str| gaps.iter().all(|gap| gap.starts_with(close));
    if let Some(end) = end {
        if fits(&end) {
            return end;
        }
        if let Some(close) = end.strip_suffix(eos)
            && fits(close)
        {
            return close.to_owned();
        }
    }
    let first = gaps.first().copied().unwrap_or_default();
    let common = gaps.iter().fold(first, |common, gap| common_prefix(common, gap));
    // Alone, the whole gap is common; shared by several, it must not end inside of a mark.
    if gaps.iter().all(|gap| *gap == common) { common.to_owned() } else { whole_marks(common).to_owned() }
}

fn common_prefix<'a>(a: &'a str, b: &str) -> &'a str {
    let same = a.char_indices().zip(b.chars()).take_while(|((_, x), y)| x == y);
    let len = same.last().map_or(0, |((at, x), _)| at + x.len_utf8());
    &a[..len]
}

/// Without a mark (`<|…|>`, `[…]`) that is not closed.
fn whole_marks(text: &str) -> &str {
    let open = text.rfind(['<', '[']).filter(|at| !text[*at..].contains(['>', ']']));
    &text[..open.unwrap_or(text.len())]
}
