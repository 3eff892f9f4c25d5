//! The formatter: a single style for programs, derived from their tokens and what the grammar says about
//! them.
//!
//! It changes only white space: tokens and comments stay as they are and in their order, and so do the
//! author's line breaks, except for a few that mean nothing. Text in `"""` moves along with its statement if
//! that leaves the string's value the same. `docs/formatting.md` states the rules.
//!
//! One pass over the tokens, without recursion: `marks` asks the grammar what the tokens are, `print` decides
//! where lines end, `frame` how far they are indented, `text` moves long strings, and `lines` aligns columns.

mod frame;
mod lines;
mod marks;
mod print;
mod text;

use crate::diag::Diag;
use crate::lex::lex;
use crate::limits::Limits;
use crate::parse::parse;
use marks::Marks;

/// Spaces for each level of indentation.
const INDENT: usize = 2;

/// A file as it should be set, or, if it does not parse, what is wrong with it. Names and types do not
/// matter, nor does what this version cannot run. `file` is what the spans of the findings refer to.
///
/// ```
/// let text = agentc_compiler::fmt::format(0, "user  \"Hello {{name}}\"", &Default::default()).unwrap();
/// assert_eq!(text, "user \"Hello {{ name }}\"\n");
/// ```
pub fn format(file: u32, text: &str, limits: &Limits) -> Result<String, Vec<Diag>> {
    let lexed = lex(file, text, limits);
    match Marks::new(text, &lexed) {
        Some(marks) if !marks.agreed() => Ok(text.to_owned()),
        Some(marks) => Ok(print::print(text, &lexed.tokens, &marks)),
        None => Err(parse(file, text, limits).1),
    }
}
