//! What a run shows while it runs, and at its end.
//!
//! Standard output carries exactly what `--format` promises; everything else goes to standard error. If the
//! reader has gone away, the output ends quietly, not with a panic. The text of agents and branches is shown
//! on standard error if that is a terminal, or if more output was requested (`margin`).
//!
//! A `try` may undo text that was shown. On a terminal the text appears as it arrives, and what follows
//! begins on a new line; otherwise text waits until it is certain.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};

use agentc::{Branch, Error, Event, Failure, Location, Outcome, Part as Operand, Usage, Value};
use serde::{Serialize, Serializer};
use serde_json::json;

use super::args::{Format, Look, When};
use super::margin::Margin;
use super::try_buffer::{Part, TryBuffer};
use super::{io_error, print};

/// What is known of the streams.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terminal {
    /// Whether standard output is one.
    pub(super) out: bool,
    /// Whether standard error is one.
    pub(super) err: bool,
    /// Whether standard error is one on which a line can be written anew.
    pub(super) moves: bool,
    /// Whether to colour standard output.
    pub(super) color_out: bool,
    /// Whether to colour standard error.
    pub(super) color_err: bool,
}

impl Terminal {
    pub(super) fn new(color: When) -> Terminal {
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let color = |terminal: bool| match color {
            When::Always => true,
            When::Never => false,
            When::Auto => terminal && !set("NO_COLOR") && !dumb,
        };
        Terminal { out, err, moves: err && !dumb, color_out: color(out), color_err: color(err) }
    }

    /// Writes to standard error; where even that is impossible, nobody can be told.
    pub(super) fn say(self, text: &str) {
        if text.is_empty() {
            return;
        }
        let mut err = io::stderr().lock();
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }
}

/// The output of a run.
pub(super) struct Output {
    format: Format,
    terminal: Terminal,
    quiet: bool,
    trace: Option<BufWriter<File>>,
    /// The last character written, if any.
    last: Option<char>,
    buffer: TryBuffer,
    /// Where the text of agents and branches is shown, if it is.
    margin: Option<Margin>,
    /// Whether the reader of standard output has gone away.
    pub(super) closed: bool,
}

impl Output {
    pub(super) fn new(format: Format, look: Look, trace: Option<File>) -> Output {
        let terminal = Terminal::new(look.color);
        let watched = format == Format::Text && !look.quiet && (terminal.err || look.verbose);
        Output {
            margin: watched.then(|| Margin::new(terminal.color_err)),
            format,
            terminal,
            quiet: look.quiet,
            trace: trace.map(BufWriter::new),
            last: None,
            buffer: TryBuffer::default(),
            closed: false,
        }
    }

    /// Shows an event.
    pub(super) fn event(&mut self, event: &Event) -> Result<(), Error> {
        if let Event::Print { text } = event {
            self.beside(&format!("{text}\n"));
        }
        if self.trace.is_some() || self.format == Format::Jsonl {
            self.line(&to_json(event))?;
        }
        if self.format != Format::Text || self.quiet {
            return Ok(());
        }
        match event {
            Event::Text { context, text, .. } => self.text_of(*context, text, false),
            Event::Token { context, text, .. } | Event::GenEnd { context, text, .. } => {
                self.text_of(*context, text, true)
            }
            Event::TryStart { context: 0 } => {
                self.buffer.begin();
                Ok(())
            }
            Event::TryEnd { context: 0 } => self.end_try(),
            Event::Caught { context: 0, kept, .. } => {
                let undone = self.buffer.undo(*kept);
                if self.terminal.out && undone > 0 && self.last.is_some_and(|last| last != '\n') {
                    self.show("\n", false)?;
                }
                self.end_try()
            }
            other => {
                let lines = self.margin.as_mut().map(|margin| margin.note(other));
                self.say_lines(lines.as_deref());
                Ok(())
            }
        }
    }

    /// Shows text of the entry point; beside it, that of agents and branches.
    fn text_of(&mut self, context: u32, text: &str, generated: bool) -> Result<(), Error> {
        if context == 0 {
            return self.text(text, generated);
        }
        let lines = self.margin.as_mut().map(|margin| margin.text(context, text, generated));
        self.say_lines(lines.as_deref());
        Ok(())
    }

    fn say_lines(&mut self, lines: Option<&str>) {
        if let Some(lines) = lines.filter(|lines| !lines.is_empty()) {
            let end = self.end_of_line();
            self.terminal.say(&format!("{end}{lines}"));
        }
    }

    /// Writes to standard error, on a line of its own.
    fn beside(&mut self, text: &str) {
        let (end, margin) = (self.end_of_line(), self.margin.as_mut().map_or("", Margin::close));
        self.terminal.say(&format!("{end}{margin}{text}"));
    }

    /// Ends the line of the run's text, if it is open and on the terminal that something else is about to be
    /// written to.
    fn end_of_line(&mut self) -> &'static str {
        let last = self.last.take();
        if self.terminal.out && last.is_some_and(|last| last != '\n') { "\n" } else { "" }
    }

    fn end_try(&mut self) -> Result<(), Error> {
        let certain = self.buffer.end();
        self.release(certain)
    }

    /// Shows what was held back; on a terminal it has been shown.
    fn release(&mut self, parts: Vec<Part>) -> Result<(), Error> {
        if self.terminal.out {
            return Ok(());
        }
        parts.iter().try_for_each(|(text, generated)| self.show(text, *generated))
    }

    /// Shows the end of a run.
    pub(super) fn end(&mut self, result: Result<&Outcome, &Failure>) -> Result<(), Error> {
        let held = self.buffer.release();
        self.release(held)?;
        let lines = self.margin.as_mut().map(Margin::end);
        self.say_lines(lines.as_deref());
        let end = to_json(&End::new(result, None));
        match self.format {
            Format::Json => self.write(format!("{end}\n").as_bytes())?,
            Format::Text => self.end_of_text(result)?,
            Format::Jsonl => {}
        }
        if self.trace.is_some() || self.format == Format::Jsonl {
            self.line(&to_json(&End::new(result, Some("end"))))?;
        }
        match &mut self.trace {
            Some(trace) => trace.flush().map_err(|error| io_error("write the trace", &error)),
            None => Ok(()),
        }
    }

    /// The returned value, on a line of its own where a person looks on, or where it is all that is wanted.
    fn end_of_text(&mut self, result: Result<&Outcome, &Failure>) -> Result<(), Error> {
        if self.terminal.out && self.last.is_some_and(|last| last != '\n') {
            self.write(b"\n")?;
        }
        match result.map(Outcome::value) {
            Ok(value) if *value != Value::Null && (self.terminal.out || self.quiet) => {
                self.write(format!("{value}\n").as_bytes())
            }
            _ => Ok(()),
        }
    }

    fn text(&mut self, text: &str, generated: bool) -> Result<(), Error> {
        match self.buffer.text(text, generated) {
            None if !self.terminal.out => Ok(()),
            _ => self.show(text, generated),
        }
    }

    fn show(&mut self, text: &str, generated: bool) -> Result<(), Error> {
        let Some(last) = text.chars().next_back() else { return Ok(()) };
        let margin = self.margin.as_mut().map_or("", Margin::close);
        self.terminal.say(margin);
        self.last = Some(last);
        if generated && self.terminal.color_out {
            self.write(format!("\x1b[36m{text}\x1b[0m").as_bytes())
        } else {
            self.write(text.as_bytes())
        }
    }

    /// An event to where events go.
    fn line(&mut self, json: &str) -> Result<(), Error> {
        let line = format!("{json}\n");
        if let Some(trace) = &mut self.trace {
            trace.write_all(line.as_bytes()).map_err(|error| io_error("write the trace", &error))?;
        }
        if self.format == Format::Jsonl { self.write(line.as_bytes()) } else { Ok(()) }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if !self.closed {
            self.closed = !print(bytes)?;
        }
        Ok(())
    }
}

/// As a text at once: a tree would not hold numbers of any size.
pub(super) fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The object that describes the end of a run.
#[derive(Serialize)]
pub(super) struct End<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'static str>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failed<'a>>,
    #[serde(serialize_with = "as_object")]
    captures: &'a [(String, Value)],
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<&'a [agentc::Message]>,
    usage: &'a Usage,
}

impl<'a> End<'a> {
    /// Of a row in a batch: without messages, which say the same as the text.
    pub(super) fn of_row(result: Result<&'a Outcome, &'a Failure>) -> End<'a> {
        End { messages: None, ..End::new(result, None) }
    }

    fn new(result: Result<&'a Outcome, &'a Failure>, event: Option<&'static str>) -> End<'a> {
        let outcome = result.unwrap_or_else(Failure::outcome);
        End {
            event,
            status: if result.is_ok() { "ok" } else { "error" },
            value: result.ok().map(Outcome::value),
            error: result.err().map(failed),
            captures: outcome.captures(),
            text: outcome.text(),
            messages: Some(outcome.messages()),
            usage: outcome.usage(),
        }
    }
}

fn as_object<S: Serializer>(captures: &&[(String, Value)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(captures.iter().map(|(name, value)| (name, value)))
}

/// A run's error: code, message, place, and what an expectation compared.
#[derive(Serialize)]
pub(super) struct Failed<'a> {
    code: &'static str,
    message: String,
    span: Option<&'a Location>,
    #[serde(skip_serializing_if = "<[Operand]>::is_empty")]
    operands: &'a [Operand],
    #[serde(skip_serializing_if = "<[Branch]>::is_empty")]
    branches: &'a [Branch],
}

pub(super) fn failed(failure: &Failure) -> Failed<'_> {
    Failed {
        code: failure.error().fault.code(),
        message: failure.error().to_string(),
        span: failure.location(),
        operands: failure.parts(),
        branches: failure.branches(),
    }
}

/// The end of a run that never began, where standard output promises to tell it.
pub(super) fn refused(format: Format, error: &Error) -> Result<(), Error> {
    let mut object = json!({
        "status": "error",
        "error": {"code": error.code(), "message": error.to_string(), "span": error.location()},
        "captures": {},
        "text": "",
        "messages": [],
        "usage": Usage::default(),
    });
    match format {
        Format::Text => return Ok(()),
        Format::Json => {}
        Format::Jsonl => object["event"] = "end".into(),
    }
    print(format!("{object}\n").as_bytes()).map(|_| ())
}
