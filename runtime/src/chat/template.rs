//! A chat template, run the way its publisher's tools run it: Jinja with Python's string methods.
//!
//! It comes with the model file and is not trusted: it sees nothing but messages, and its steps are counted.
//! `strftime_now` returns a fixed date (the one that templates themselves fall back to), so that the same
//! program is the same prompt tomorrow.

use agentc_compiler::ir::Role;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Value, context};

use crate::limits::{Limit, Limits};

/// The day on which every conversation takes place.
const TODAY: [(&str, &str); 14] = [
    ("%Y", "2024"),
    ("%y", "24"),
    ("%m", "07"),
    ("%B", "July"),
    ("%b", "Jul"),
    ("%d", "26"),
    ("%-d", "26"),
    ("%A", "Friday"),
    ("%a", "Fri"),
    ("%H", "12"),
    ("%M", "00"),
    ("%S", "00"),
    ("%p", "PM"),
    ("%j", "208"),
];

/// A message to render.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) role: Role,
    pub(super) content: String,
    /// Whether an assistant's message comes with a tool call, which some templates want before a result.
    pub(super) calls: bool,
}

/// A compiled template.
pub(super) struct Template {
    environment: Environment<'static>,
    bos: String,
    eos: String,
    /// [`Limits::template_steps`]
    steps: u64,
}

impl Template {
    pub(super) fn new(source: &str, bos: &str, eos: &str, limits: &Limits) -> Result<Template, String> {
        let (steps, levels) = (limits.template_steps, limits.template_levels);
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|error| reason(&error))?);
        environment.set_fuel(Some(steps));
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", raise_exception);
        environment.add_function("strftime_now", strftime_now);
        environment.add_filter("tojson", move |value: Value, _options: Kwargs| to_json(&value, levels));
        // A template named like this is not escaped for HTML.
        environment.add_template_owned("chat", source.to_owned()).map_err(|error| reason(&error))?;
        Ok(Template { environment, bos: bos.to_owned(), eos: eos.to_owned(), steps })
    }

    /// The whole conversation, with the generation prompt at its end if asked for.
    pub(super) fn render(&self, messages: &[Message], generation_prompt: bool) -> Result<String, String> {
        let messages: Vec<Value> = messages.iter().map(value).collect();
        let template = self.environment.get_template("chat").map_err(|error| reason(&error))?;
        let context = context! {
            messages,
            add_generation_prompt => generation_prompt,
            bos_token => self.bos.as_str(),
            eos_token => self.eos.as_str(),
            tools => (),
            documents => (),
        };
        template.render(context).map_err(|error| match error.kind() {
            ErrorKind::OutOfFuel => beyond(Limit::TemplateSteps, self.steps),
            _ => reason(&error),
        })
    }
}

fn value(message: &Message) -> Value {
    let (role, content) = (message.role.name(), message.content.as_str());
    match message.role {
        Role::Tool => context! { role, content, name => "tool", tool_call_id => "call00000" },
        Role::Assistant if message.calls => {
            let function = context! { name => "tool", arguments => context! {} };
            let call = context! { id => "call00000", type => "function", function };
            context! { role, content, tool_calls => vec![call] }
        }
        _ => context! { role, content },
    }
}

fn raise_exception(message: String) -> Result<Value, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, message))
}

fn strftime_now(format: String) -> String {
    TODAY.iter().fold(format, |text, (name, value)| text.replace(name, value))
}

/// JSON as Python writes it: not escaped for HTML, a space after `,` and `:`. The value has at most so many levels.
fn to_json(value: &Value, levels: usize) -> Result<Value, Error> {
    let mut out = String::new();
    if !write_json(value, levels, &mut out)? {
        let message = beyond(Limit::TemplateLevels, levels as u64);
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    Ok(Value::from_safe_string(out))
}

/// `false` if the value has more levels than that.
fn write_json(value: &Value, levels: usize, out: &mut String) -> Result<bool, Error> {
    let Some(levels) = levels.checked_sub(1) else { return Ok(false) };
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => out.push_str("null"),
        ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::Number => out.push_str(&value.to_string()),
        ValueKind::Map => {
            out.push('{');
            for (index, key) in value.try_iter()?.enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write_string(&key.to_string(), out);
                out.push_str(": ");
                if !write_json(&value.get_item(&key)?, levels, out)? {
                    return Ok(false);
                }
            }
            out.push('}');
        }
        ValueKind::Seq | ValueKind::Iterable => {
            out.push('[');
            for (index, item) in value.try_iter()?.enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                if !write_json(&item, levels, out)? {
                    return Ok(false);
                }
            }
            out.push(']');
        }
        _ => write_string(&value.to_string(), out),
    }
    Ok(true)
}

fn write_string(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

/// What there was too much of, in a template or in what it writes.
fn beyond(what: Limit, limit: u64) -> String {
    format!("it needs more than {limit} {what}")
}

/// What went wrong, without the place in a template that the user has not written.
fn reason(error: &Error) -> String {
    match error.detail() {
        Some(detail) => detail.trim().to_owned(),
        None => error.to_string(),
    }
}
