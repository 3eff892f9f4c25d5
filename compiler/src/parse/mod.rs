//! From text to tree: always a tree, always with every finding, never an error.
//!
//! The file is parsed stretch by stretch ([`crate::lex`] cuts it). A stretch that contains a mistake is taken
//! apart, mended and read again ([`recover`]), so that one mistake neither hides nor causes others.

mod build;
mod dedent;
mod explain;
mod expr;
mod habits;
mod item;
mod leaf;
mod literals;
mod mend;
mod outline;
mod patch;
mod prose;
mod prove;
mod recover;
mod stmt;
mod stub;
mod text;
mod types;

use std::ops::Range;

use pest::Parser;

use crate::ast::{Ast, Damage, docs};
use crate::diag::{Diag, Edit, allow};
use crate::lex::{Kind, Lexed, Opening, SEMICOLON, in_braces, lex};
use crate::limits::Limits;
use patch::Places;
use recover::Findings;

#[allow(missing_docs, unreachable_pub)]
mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "../../grammar/agent.pest"]
    pub struct Grammar;
}

pub(crate) use dedent::{common_indent, dedent};
use grammar::Grammar;
pub(crate) use grammar::Rule;

type Pair<'i> = pest::iterators::Pair<'i, Rule>;

/// A file and its tokens.
#[derive(Debug, Clone, Copy)]
struct File<'a> {
    id: u32,
    text: &'a str,
    lexed: &'a Lexed,
    /// [`Limits::enclosing`]
    enclosing: usize,
}

/// Parses a file.
pub fn parse(file: u32, text: &str, limits: &Limits) -> (Ast, Vec<Diag>) {
    let lexed = lex(file, text, limits);
    let (ast, mut diags) = parsed(file, text, &lexed, limits);
    let again = |fixed: &str| parsed(file, fixed, &lex(file, fixed, limits), limits).1;
    prove::prove(text, &mut diags, &lexed.diags, again);
    (ast, diags)
}

fn parsed(file: u32, text: &str, lexed: &Lexed, limits: &Limits) -> (Ast, Vec<Diag>) {
    let file = File { id: file, text, lexed, enclosing: limits.enclosing };
    let allows = allow::allows(file.id, text, &lexed.tokens);
    let docs = docs::docs(file.id, text, &lexed.tokens);
    let mut ast = Ast { allows, docs, ..Ast::default() };
    let mut found = Findings::new(file);
    for chunk in lexed.chunks(text) {
        read(file, &chunk, &mut ast, &mut found);
    }
    for at in 0..lexed.diags.len() {
        found.tell(file, at);
    }
    let mut diags = found.diags;
    diags.sort_by_key(|d| (d.span.start, d.span.end));
    diags.dedup_by(|a, b| a.span == b.span && a.code == b.code);
    gather(&mut diags);
    let colon = |diag: &&mut Diag| lexed.openings.iter().any(|opening| opens_at(lexed, *opening, diag));
    if let Some(diag) = diags.iter_mut().find(colon) {
        *diag = diag.clone().fix(in_braces(file.id, text, lexed), true);
    }
    ast.damage.spans.sort_by_key(|span| (span.start, span.end));
    (ast, diags)
}

/// Whether a finding is that a block begins with a `:`.
fn opens_at(lexed: &Lexed, opening: Opening, diag: &Diag) -> bool {
    let Opening::Colon(at) = opening else { return false };
    diag.fixes.is_empty() && lexed.tokens.get(at).is_some_and(|token| token.start == diag.span.start as usize)
}

/// A sign at the end of every statement is one habit: the first one is reported, and says how many follow.
fn gather(diags: &mut Vec<Diag>) {
    let is_end = |diag: &Diag| diag.message == SEMICOLON;
    let more = diags.iter().filter(|diag| is_end(diag)).count().saturating_sub(1);
    let ends: Vec<Edit> = diags.iter().filter(|diag| is_end(diag)).flat_map(edits).collect();
    let mut first = true;
    diags.retain(|diag| !is_end(diag) || std::mem::replace(&mut first, false));
    if let Some(diag) = diags.iter_mut().find(|diag| is_end(diag) && more > 0) {
        diag.hint = Some(format!("leave it out, and the {more} after it: a new line is enough"));
        diag.fixes = Box::default();
        *diag = diag.clone().fix(ends, true);
    }
}

fn edits(diag: &Diag) -> Vec<Edit> {
    diag.fixes.iter().flat_map(|fix| fix.edits.iter().cloned()).collect()
}

/// Shows every construct of a file, in the order of their places, outer ones before those within them.
/// `false` if the file does not parse; what has been shown then means nothing.
pub(crate) fn visit(text: &str, lexed: &Lexed, mut see: impl FnMut(Rule, Range<usize>)) -> bool {
    let mut accepts = |chunk: Range<usize>| {
        let pairs = text.get(chunk.clone()).and_then(|source| Grammar::parse(Rule::chunk, source).ok());
        let accepted = pairs.is_some();
        for pair in pairs.into_iter().flat_map(pest::iterators::Pairs::flatten) {
            let span = pair.as_span();
            see(pair.as_rule(), chunk.start + span.start()..chunk.start + span.end());
        }
        accepted
    };
    !lexed.diags.iter().any(Diag::is_error) && lexed.chunks(text).into_iter().all(&mut accepts)
}

/// Reads a stretch of whole statements.
fn read(file: File<'_>, chunk: &Range<usize>, ast: &mut Ast, found: &mut Findings) {
    if file.lexed.too_deep.iter().any(|deep| deep.start < chunk.end && chunk.start < deep.end) {
        return remember_words(file, chunk, &mut ast.damage);
    }
    if !file.lexed.is_clean(chunk) || found.may_go_on(file, chunk) {
        return recover::recover(file, chunk, None, ast, found);
    }
    match Grammar::parse(Rule::chunk, file.text.get(chunk.clone()).unwrap_or("")) {
        Ok(pairs) => {
            let mut builder = build::Builder::new(file.id, Places::plain(chunk.clone()), file.enclosing);
            let items = pairs.flat_map(Pair::into_inner).filter(|item| item.as_rule() != Rule::EOI);
            ast.items.extend(items.map(|item| builder.item(item)));
            found.diags.append(&mut builder.diags);
        }
        Err(error) => recover::recover(file, chunk, Some(&error), ast, found),
    }
}

/// Everything that a stretch which is not looked at may have declared.
fn remember_words(file: File<'_>, chunk: &Range<usize>, damage: &mut Damage) {
    let tokens = &file.lexed.tokens[file.lexed.token_range(chunk)];
    let words = tokens.iter().filter(|token| token.kind == Kind::Word);
    damage.words.extend(words.map(|word| word.text(file.text).to_owned()));
}
