//! What the grammar knows about a token that its text alone does not show.
//!
//! A `-` is a sign or an operator; a `{` begins a block or a record. The grammar itself decides, so that the
//! formatter always reads a program exactly as the compiler does.

use std::ops::Range;

use crate::lex::{Kind, Lexed};
use crate::parse::{Rule, visit};

/// What is known of one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Nothing but its text.
    Plain,
    /// A bracket that belongs to the word or type before it, as in `f(x)` and `T[]`.
    Attached,
    /// The `{` of statements, fields of a declaration, or a branch. It stays on the line of its construct,
    /// which begins at this token.
    Block(usize),
    /// The `{` of a list of names.
    Names,
    /// A `-` that is a sign, or a `...`.
    Sign,
    /// The `.` of a field after a pipe, `x | f .name`: without the space it would belong to the name of
    /// the function.
    Apart,
    /// The `:` of a slice.
    Slice,
    /// The `:` after a key, which is this token.
    Key(usize),
    /// An `else`.
    Else,
}

/// What is known of all tokens of a file.
#[derive(Debug)]
pub(super) struct Marks {
    marks: Vec<Mark>,
    starts: Vec<bool>,
    headers: Vec<bool>,
    /// Whether the lexer and the grammar see the same tokens.
    agreed: bool,
}

impl Marks {
    /// What the grammar says; `None` if it rejects the file.
    pub(super) fn new(text: &str, lexed: &Lexed) -> Option<Marks> {
        let len = lexed.tokens.len();
        let marks = Marks {
            marks: vec![Mark::Plain; len],
            starts: vec![false; len],
            headers: vec![false; len],
            agreed: true,
        };
        let mut marker = Marker { text, lexed, marks, at: 0, around: Vec::new(), piped: 0 };
        visit(text, lexed, |rule, place| marker.see(rule, place)).then_some(marker.marks)
    }

    /// Whether the lexer and the grammar see the same tokens. They differ on a slash after a word that is
    /// a name elsewhere, as in `select a from /b/`, where no regex can stand anyway.
    pub(super) fn agreed(&self) -> bool {
        self.agreed
    }

    /// What is known of a token.
    pub(super) fn of(&self, at: usize) -> Mark {
        self.marks.get(at).copied().unwrap_or(Mark::Plain)
    }

    /// Whether a statement, an item or a field begins with a token.
    pub(super) fn starts(&self, at: usize) -> bool {
        self.starts.get(at).copied().unwrap_or(false)
    }

    /// Whether a statement or an item with a block of its own begins with a token.
    pub(super) fn has_block(&self, at: usize) -> bool {
        self.headers.get(at).copied().unwrap_or(false)
    }
}

/// A construct around a place, and the token at which it begins.
#[derive(Debug, Clone, Copy)]
struct Around {
    rule: Rule,
    at: usize,
    end: usize,
}

struct Marker<'a> {
    text: &'a str,
    lexed: &'a Lexed,
    marks: Marks,
    /// The token at which the last construct began. Constructs come in the order of their places.
    at: usize,
    around: Vec<Around>,
    /// Where the name of the last pipe's function ends.
    piped: usize,
}

impl Marker<'_> {
    fn see(&mut self, rule: Rule, place: Range<usize>) {
        let tokens = &self.lexed.tokens;
        while tokens.get(self.at).is_some_and(|t| t.start < place.start || t.kind.is_trivia()) {
            self.at += 1;
        }
        while self.around.last().is_some_and(|outer| outer.end <= place.start) {
            self.around.pop();
        }
        if self.at < tokens.len() {
            self.mark(rule);
            if rule == Rule::path && self.around.last().is_some_and(|outer| outer.rule == Rule::pipe) {
                self.piped = place.end;
            }
            self.around.push(Around { rule, at: self.at, end: place.end });
        }
    }

    fn mark(&mut self, rule: Rule) {
        let at = self.at;
        let outer = self.around.last().copied();
        let parent = outer.map_or(Rule::chunk, |outer| outer.rule);
        let from = outer.map_or(at, |outer| outer.at);
        if rule == Rule::regex {
            self.marks.agreed &= self.lexed.tokens.get(at).is_some_and(|token| token.kind == Kind::Regex);
        }
        if is_part(parent, rule) {
            self.marks.starts[at] = true;
        }
        let mark = match rule {
            Rule::kw_else if parent == Rule::cases => return,
            Rule::kw_else | Rule::else_if | Rule::else_block => Mark::Else,
            Rule::neg | Rule::spread => Mark::Sign,
            Rule::field if self.follows_pipe() => Mark::Apart,
            Rule::bound if self.sign() == "-" => Mark::Sign,
            Rule::params
            | Rule::call_args
            | Rule::index
            | Rule::bounds
            | Rule::append
            | Rule::list_suffix => Mark::Attached,
            Rule::paren | Rule::type_paren if is_word_with_brackets(parent) => Mark::Attached,
            Rule::lparen if matches!(parent, Rule::capability | Rule::type_fn) => Mark::Attached,
            Rule::block | Rule::branch => self.block(),
            Rule::record if parent == Rule::model_item => Mark::Block(from),
            Rule::record_type if parent == Rule::type_item => Mark::Block(from),
            Rule::lbrace if parent == Rule::test_with => Mark::Block(from),
            Rule::lbrace if matches!(parent, Rule::match_stmt | Rule::match_expr) => self.block(),
            Rule::lbrace if parent == Rule::import_item => Mark::Names,
            Rule::colon if parent == Rule::index => Mark::Slice,
            Rule::colon if matches!(parent, Rule::entry | Rule::field_type) => Mark::Key(from),
            _ => return,
        };
        self.marks.marks[at] = mark;
    }

    fn follows_pipe(&self) -> bool {
        let before = self.lexed.tokens.get(..self.at).unwrap_or(&[]);
        before.iter().rev().find(|token| !token.kind.is_trivia()).is_some_and(|token| token.end == self.piped)
    }

    fn sign(&self) -> &str {
        self.lexed.tokens.get(self.at).filter(|t| t.kind == Kind::Punct).map_or("", |t| t.text(self.text))
    }

    /// A block belongs to the construct around it, that of an `else` to its `if`.
    fn block(&mut self) -> Mark {
        let arm = |outer: &&Around| !matches!(outer.rule, Rule::else_if | Rule::else_block);
        let Some(owner) = self.around.iter().rev().find(arm).copied() else { return Mark::Block(self.at) };
        self.marks.headers[owner.at] |= self.marks.starts[owner.at];
        Mark::Block(owner.at)
    }
}

/// Whether a construct is one of those that may stand in rows: a statement, an item, a field, a rule.
fn is_part(parent: Rule, rule: Rule) -> bool {
    match parent {
        Rule::chunk | Rule::block => !matches!(rule, Rule::lbrace | Rule::rbrace | Rule::EOI),
        _ => matches!(
            rule,
            Rule::entry | Rule::field_type | Rule::script_rule | Rule::stmt_arm | Rule::value_arm
        ),
    }
}

/// `json(T)`, `map(T)`, `copy(x)`, `one_of(xs)`, `contains(x)`
fn is_word_with_brackets(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::type_json_of | Rule::type_map | Rule::type_copy | Rule::type_one_of | Rule::type_having
    )
}
