//! Diagnostics: what is wrong, where, and what to write instead.
//!
//! A diagnostic has a stable code from [`codes`], one primary span, optional labels at other places, and a
//! hint. Rendering is left to the caller.

pub(crate) mod allow;
pub mod codes;
pub(crate) mod near;

use serde::Serialize;

use crate::source::Span;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The program cannot run.
    Error,
    /// It can, but probably does not mean this.
    Warning,
}

/// A finding about a program.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diag {
    /// A stable code, such as `E0100`.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// The place it is about.
    pub span: Span,
    /// Lower case; names the thing.
    pub message: String,
    /// Other places that matter, each with what it is.
    pub labels: Vec<(Span, String)>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Diag {
    /// A finding whose severity follows from its code's first letter.
    pub fn new(code: &'static str, span: Span, message: impl Into<String>) -> Diag {
        let severity = if code.starts_with('W') { Severity::Warning } else { Severity::Error };
        Diag { code, severity, span, message: message.into(), labels: Vec::new(), hint: None }
    }

    /// Says what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Diag {
        self.hint = Some(hint.into());
        self
    }

    /// Points at another place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Diag {
        self.labels.push((span, text.into()));
        self
    }

    /// Whether the program cannot run because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
