//! Diagnostics: what is wrong, where, and what to write instead.
//!
//! A diagnostic has a stable code from [`codes`], one primary span, optional labels at other places, and a
//! hint; some have fixes, which are edits. Rendering is left to the caller.

pub(crate) mod allow;
pub mod codes;
mod fix;
pub(crate) mod near;

pub use fix::{Edit, Fix, apply};

use serde::Serialize;

use crate::limits::Limit;
use crate::source::Span;

/// Findings that a person is shown at once.
pub const SHOWN: usize = 100;

/// The findings to show where no more than `most` are wanted, and how many are left out. All of them come in their
/// order if they are so few; otherwise errors go before warnings.
pub fn most_important<'d>(diags: impl IntoIterator<Item = &'d Diag>, most: usize) -> (Vec<&'d Diag>, usize) {
    let mut shown: Vec<&Diag> = diags.into_iter().collect();
    let left_out = shown.len().saturating_sub(most);
    if left_out > 0 {
        shown.sort_by_key(|diag| !diag.is_error());
        shown.truncate(most);
    }
    (shown, left_out)
}

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
    /// What to write instead, where that is known.
    #[serde(skip_serializing_if = "<[Fix]>::is_empty")]
    pub fixes: Box<[Fix]>,
    /// The limit of the compiler that was hit, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
}

impl Diag {
    /// A finding whose severity follows from its code's first letter.
    pub fn new(code: &'static str, span: Span, message: impl Into<String>) -> Diag {
        let severity = if code.starts_with('W') { Severity::Warning } else { Severity::Error };
        Diag {
            code,
            severity,
            span,
            message: message.into(),
            labels: Vec::new(),
            hint: None,
            fixes: Box::default(),
            limit: None,
        }
    }

    /// Says what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Diag {
        self.hint = Some(hint.into());
        self
    }

    /// Says that it is about a limit.
    #[must_use]
    pub(crate) fn limit(self, limit: Limit) -> Diag {
        Diag { limit: Some(limit), ..self }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_shown_first_where_not_all_are() {
        let span = |at| Span { start: at, end: at, ..Span::default() };
        let codes = ["W0100", "E0100", "W0101", "E0101", "W0102"];
        let diags: Vec<Diag> =
            codes.iter().zip(0..).map(|(code, at)| Diag::new(code, span(at), "")).collect();
        let shown = |most| {
            let (shown, left_out) = most_important(&diags, most);
            (shown.iter().map(|diag| diag.code).collect::<Vec<_>>(), left_out)
        };
        assert_eq!(shown(5), (codes.to_vec(), 0));
        assert_eq!(shown(3), (vec!["E0100", "E0101", "W0100"], 2));
        assert_eq!(shown(1), (vec!["E0100"], 4));
        assert_eq!(most_important(&[], 0), (Vec::new(), 0));
    }
}
