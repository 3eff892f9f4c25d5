//! What went wrong where pest stopped, in words, from the tokens around the place.
//!
//! Each explanation may include the corrected text, so that the rest of the statement can be read.
//! [`super::habits`] examines whole statements before any of this is tried.

mod blocks;
mod choice;
mod expected;
mod generations;
mod signs;
mod types;
mod values;

use std::borrow::Cow;
use std::ops::Range;

use pest::error::{Error, ErrorVariant, InputLocation};

use super::Rule;
use super::leaf::Leaf;
use super::outline::Word;
use super::prose::Run;
use crate::diag::{Diag, Edit};
use crate::lex::{Kind, Mend, words};
use crate::source::Span;

pub(super) use values::quoted;

/// A finding and what was probably meant.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) diag: Diag,
    /// Changes after which the text can be read further.
    pub(super) mends: Vec<Mend>,
    /// Whether these are what was meant: then whatever else is wrong stands for itself.
    pub(super) sure: bool,
    /// Whether nothing else of the statement is worth reading.
    pub(super) lost: bool,
    /// Whether the lines after it may belong to the same mistake.
    pub(super) run: Option<Run>,
}

impl Found {
    pub(super) fn new(
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Found {
        let diag = Diag::new(code, span, message).hint(hint);
        Found { diag, mends: Vec::new(), sure: false, lost: false, run: None }
    }

    /// A habit of another language.
    pub(super) fn habit(span: Span, message: impl Into<String>, hint: impl Into<String>) -> Found {
        Found::new("E0021", span, message, hint)
    }

    /// Reads on with another text in a place.
    pub(super) fn mend(mut self, place: Range<usize>, text: impl Into<Cow<'static, str>>) -> Found {
        self.mends.push(Mend::new(place, text));
        self
    }

    pub(super) fn sure(self) -> Found {
        Found { sure: true, ..self }
    }

    /// Offers its mends as what was surely meant.
    pub(super) fn fixed(self) -> Found {
        self.offer(true)
    }

    /// Offers its mends as what may have been meant.
    pub(super) fn fixable(self) -> Found {
        self.offer(false)
    }

    fn offer(self, safe: bool) -> Found {
        let places = self.mends.iter().map(|mend| (mend.place.clone(), mend.text.to_string())).collect();
        self.fix(places, safe)
    }

    /// Offers other texts than its mends, which are only for reading on.
    pub(super) fn fix(mut self, places: Vec<(Range<usize>, String)>, safe: bool) -> Found {
        let file = self.diag.span.file;
        let edit =
            |(place, text): (Range<usize>, String)| Edit::new(Span::new(file, place.start, place.end), text);
        // A gap is for a person to fill.
        let whole = places.iter().all(|(_, text)| !text.contains('\0'));
        if whole {
            self.diag = self.diag.fix(places.into_iter().map(edit).collect(), safe);
        }
        self
    }

    /// Lines in a row, of which nothing is read.
    pub(super) fn lines(self, run: Run) -> Found {
        Found { lost: true, run: Some(run), ..self }
    }

    pub(super) fn lost(self) -> Found {
        Found { lost: true, ..self }
    }
}

/// The furthest offset that pest reached.
pub(super) fn offset(error: &Error<Rule>) -> usize {
    match error.location {
        InputLocation::Pos(at) => at,
        InputLocation::Span((at, _)) => at,
    }
}

/// A mistake: the piece, the word at which it was noticed, and what was tried there.
#[derive(Debug, Clone, Copy)]
struct At<'l, 'a> {
    leaf: &'l Leaf<'a>,
    index: usize,
    error: &'l Error<Rule>,
}

/// Makes a finding of a syntax error at an offset in the file.
pub(super) fn explain(leaf: &Leaf<'_>, offset: usize, error: &Error<Rule>) -> Found {
    let at = At { leaf, index: leaf.index_at(offset), error };
    if let ErrorVariant::CustomError { .. } = error.variant {
        let hint = "move the inner part into a `let`, a `fn` or a `type` of its own";
        return Found::new("E0003", at.span(), "this is nested too deeply to be read", hint).lost();
    }
    let explanations = [
        types::optional_field,
        reserved_name,
        choice::explain,
        signs::explain,
        generations::explain,
        blocks::explain,
        types::explain,
        values::explain,
    ];
    let found = explanations.iter().find_map(|explanation| explanation(at));
    found.unwrap_or_else(|| expected::explain(at))
}

impl<'a> At<'_, 'a> {
    fn word(&self) -> &'a str {
        self.leaf.at(self.index)
    }

    fn kind(&self) -> Option<Kind> {
        self.leaf.kind(self.index)
    }

    /// The text of the word so many before the mistake.
    fn back(&self, by: usize) -> &'a str {
        self.leaf.back(self.index, by)
    }

    fn before(&self) -> Option<&Word<'a>> {
        self.index.checked_sub(1).and_then(|at| self.leaf.words.get(at))
    }

    /// The text of the word so many after it.
    fn next(&self, by: usize) -> &'a str {
        self.leaf.at(self.index + by)
    }

    /// The word at the mistake, or the empty place after the last one.
    fn span(&self) -> Span {
        self.leaf.words.get(self.index).map_or(self.after(), |w| Span::new(self.leaf.file, w.start, w.end))
    }

    fn place(&self) -> Range<usize> {
        let span = self.span();
        span.start as usize..span.end as usize
    }

    /// The empty place after the word before the mistake.
    fn after(&self) -> Span {
        let end = self.before().map_or(self.leaf.bytes().start, |w| w.end);
        Span::new(self.leaf.file, end, end)
    }

    /// The first reserved word on the line; `with` if options have begun.
    fn lead(&self) -> &'a str {
        self.leaf.lead(self.index)
    }

    /// The bracket, hole or string around the mistake, and the words before that.
    fn opening(&self, by: usize) -> &'a str {
        self.leaf.around(self.index).and_then(|open| open.checked_sub(by)).map_or("", |at| self.leaf.at(at))
    }

    /// The words before the mistake within its bracket, hole or line.
    fn inner(&self) -> Range<usize> {
        let line = self.leaf.line(self.index);
        let open = self.leaf.around(self.index).map_or(0, |open| open + 1);
        line.start.max(open)..line.end
    }

    /// Whether nothing follows the mistake on its line.
    fn ends_line(&self) -> bool {
        !self.leaf.on_line(self.index + 1)
    }

    fn tried(&self) -> &[Rule] {
        match &self.error.variant {
            ErrorVariant::ParsingError { positives, .. } => positives,
            ErrorVariant::CustomError { .. } => &[],
        }
    }

    fn habit(&self, message: impl Into<String>, hint: impl Into<String>) -> Found {
        Found::habit(self.span(), message, hint)
    }
}

/// A reserved word where a name should be.
fn reserved_name(at: At<'_, '_>) -> Option<Found> {
    const NAMING: &[&str] =
        &["let", "const", "for", "fn", "agent", "type", "gen", "select", "call", "as", "input"];
    let wants_name = NAMING.contains(&at.back(1)) || at.tried() == [Rule::ident];
    if !wants_name || at.kind() != Some(Kind::Word) || !words::is_reserved(at.word()) || starts_anew(at) {
        return None;
    }
    let word = at.word();
    let message = format!("`{word}` is a word of the language, not a name");
    let found = Found::new("E0022", at.span(), message, format!("choose another name, such as `{word}_`"));
    // Before another name the word is one too many.
    let extra = at.leaf.is_name(at.index + 1) && at.leaf.on_line(at.index + 1);
    Some(if extra { found } else { found.mend(at.place(), format!("{word}_")) })
}

/// Whether the word begins another statement in the next line, so that the name is missing here.
fn starts_anew(at: At<'_, '_>) -> bool {
    !at.leaf.on_line(at.index)
}

/// A word or two of the source for a message.
fn clip(text: &str) -> String {
    let line = text.lines().next().unwrap_or("");
    if line.chars().count() <= 30 {
        line.to_owned()
    } else {
        format!("{}…", line.chars().take(24).collect::<String>())
    }
}
