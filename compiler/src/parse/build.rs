//! The builder: from pest's pairs to items.
//!
//! The grammar guarantees the shape of every pair, so whatever "cannot occur" is skipped, not reported.

use std::collections::BTreeMap;

use super::patch::Places;
use super::{Pair, Rule};
use crate::ast::{
    Block, ConstDecl, Expr, ExprKind, FuncDecl, FuncWord, Ident, Item, ModelDecl, Param, Path, Stmt,
    StmtKind, Type, TypeDecl, TypeKind,
};
use crate::diag::Diag;
use crate::limits::Limit;
use crate::source::Span;

/// The statements of blocks that were read apart, by the place where each block begins.
pub(super) type Bodies = BTreeMap<usize, (Vec<Stmt>, Span)>;

pub(super) struct Builder {
    file: u32,
    places: Places,
    bodies: Bodies,
    pub(super) depth: usize,
    /// From where to where the expression of the innermost hole goes.
    pub(super) hole: Option<(usize, usize)>,
    /// How deep a tree may grow ([`Limits::enclosing`](crate::Limits::enclosing)).
    most: usize,
    pub(super) diags: Vec<Diag>,
}

/// Where the code of a pair ends. Before a part that may be missing the grammar skips white space and comments,
/// which then belong to the pair, so that it would reach to the next statement.
pub(super) fn end_of(pair: &Pair<'_>) -> usize {
    let span = pair.as_span();
    if ends_with_code(pair.as_str()) {
        return span.end();
    }
    let Some(last) = pair.clone().into_inner().next_back() else { return span.end() };
    let from = last.as_span().end();
    let tail = pair.as_str().get(from - span.start()..).unwrap_or_default();
    code_end(tail).map_or_else(|| end_of(&last), |end| from + end)
}

/// Whether the last sign is certain to be code, which saves nearly all pairs the look at their parts: it is no white
/// space, and its line has no comment.
fn ends_with_code(text: &str) -> bool {
    let line = text.rsplit('\n').next().unwrap_or_default();
    line.ends_with(|sign: char| !sign.is_whitespace() && sign != '\u{FEFF}') && !line.contains('#')
}

/// The end of what is neither white space nor a comment in a text without strings, if there is any.
fn code_end(text: &str) -> Option<usize> {
    let (mut end, mut in_comment) = (None, false);
    for (at, sign) in text.char_indices() {
        match sign {
            '\n' => in_comment = false,
            '#' => in_comment = true,
            _ if !in_comment && !sign.is_whitespace() && sign != '\u{FEFF}' => {
                end = Some(at + sign.len_utf8())
            }
            _ => {}
        }
    }
    end
}

impl Builder {
    /// For a text whose parts have these places in the file. Its tree may grow `most` levels deep.
    pub(super) fn new(file: u32, places: Places, most: usize) -> Builder {
        Builder { file, places, bodies: Bodies::new(), depth: 0, hole: None, most, diags: Vec::new() }
    }

    /// The same for a piece so many levels deep, whose blocks were read apart.
    pub(super) fn with_bodies(self, bodies: Bodies, depth: usize) -> Builder {
        Builder { bodies, depth, ..self }
    }

    /// The statements of a block, if it was read apart.
    pub(super) fn take_body(&mut self, block: Span) -> Option<Block> {
        let (stmts, span) = self.bodies.remove(&(block.start as usize))?;
        Some(Block { stmts, span })
    }

    /// The blocks that were read apart and not asked for.
    pub(super) fn rest_of_bodies(&mut self) -> Vec<Block> {
        let bodies = std::mem::take(&mut self.bodies).into_values();
        bodies.map(|(stmts, span)| Block { stmts, span }).collect()
    }

    pub(super) fn span(&self, pair: &Pair<'_>) -> Span {
        self.place(pair.as_span().start(), end_of(pair))
    }

    pub(super) fn place(&self, start: usize, end: usize) -> Span {
        let from = self.places.start(start);
        let to = if start == end { from } else { self.places.end(end).max(from) };
        Span::new(self.file, from, to)
    }

    pub(super) fn ident(&self, pair: &Pair<'_>) -> Ident {
        Ident { name: pair.as_str().to_owned(), span: self.span(pair) }
    }

    pub(super) fn path(&self, pair: &Pair<'_>) -> Path {
        let names = pair.clone().into_inner().filter(|p| matches!(p.as_rule(), Rule::ident | Rule::word));
        Path { names: names.map(|p| self.ident(&p)).collect(), span: self.span(pair) }
    }

    pub(super) fn item(&mut self, pair: Pair<'_>) -> Item {
        match pair.as_rule() {
            Rule::const_item => self.const_item(pair),
            Rule::type_item => self.type_item(pair),
            Rule::func_item => Item::Func(self.func_item(pair)),
            Rule::input_item => Item::Input(self.input(pair)),
            Rule::model_item => self.model_item(pair),
            Rule::import_item => Item::Import(self.import_item(pair)),
            Rule::tool_item => Item::Tool(self.tool_item(pair)),
            Rule::test_item => Item::Test(self.test_item(pair)),
            _ => Item::Stmt(self.stmt(pair)),
        }
    }

    fn const_item(&mut self, pair: Pair<'_>) -> Item {
        let span = self.span(&pair);
        let (name, ty, value) = self.binding(pair);
        match (name, value) {
            (Some(name), Some(value)) => Item::Const(ConstDecl { name, ty, value }),
            _ => Item::Stmt(Stmt { kind: StmtKind::Continue, span }),
        }
    }

    /// The parts of `… NAME (: TYPE)? = EXPR`.
    pub(super) fn binding(
        &mut self,
        pair: Pair<'_>,
    ) -> (Option<Ident>, Option<crate::ast::Type>, Option<crate::ast::Expr>) {
        let (mut name, mut ty, mut value) = (None, None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident => name = Some(self.ident(&part)),
                Rule::type_expr => ty = Some(self.type_expr(part)),
                Rule::expr => value = Some(self.expr(part)),
                _ => {}
            }
        }
        (name, ty, value)
    }

    fn type_item(&mut self, pair: Pair<'_>) -> Item {
        let mut name = self.missing(&pair);
        let mut ty = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident => name = self.ident(&part),
                Rule::type_expr => ty = Some(self.type_expr(part)),
                Rule::record_type => ty = Some(self.record_type(part)),
                _ => {}
            }
        }
        let ty = ty.unwrap_or(crate::ast::Type { kind: crate::ast::TypeKind::Error, span: name.span });
        Item::Type(TypeDecl { name, ty })
    }

    /// Stands in for a name that the grammar guarantees.
    pub(super) fn missing(&self, pair: &Pair<'_>) -> Ident {
        Ident { name: String::new(), span: self.span(pair) }
    }

    fn func_item(&mut self, pair: Pair<'_>) -> FuncDecl {
        let span = self.span(&pair);
        let mut decl = FuncDecl {
            word: FuncWord::Fn,
            name: self.missing(&pair),
            params: Vec::new(),
            ret: None,
            body: Block { stmts: Vec::new(), span: span.after() },
            span,
        };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::func_word if part.as_str() == "agent" => decl.word = FuncWord::Agent,
                Rule::ident => decl.name = self.ident(&part),
                Rule::params => decl.params = self.params(part),
                Rule::result => decl.ret = part.into_inner().next().map(|t| self.type_expr(t)),
                Rule::block => decl.body = self.block(part),
                _ => {}
            }
        }
        decl
    }

    pub(super) fn params(&mut self, pair: Pair<'_>) -> Vec<Param> {
        pair.into_inner().filter(|p| p.as_rule() == Rule::param).map(|p| self.param(p)).collect()
    }

    fn param(&mut self, pair: Pair<'_>) -> Param {
        let missing = self.missing(&pair);
        let (name, ty, default) = self.binding(pair);
        let ty = ty.unwrap_or(crate::ast::Type { kind: crate::ast::TypeKind::Error, span: missing.span });
        Param { name: name.unwrap_or(missing), ty, default }
    }

    /// `input d: T?` is `input d: T | null = null`: it may be missing.
    fn input(&mut self, pair: Pair<'_>) -> Param {
        let mark = pair.clone().into_inner().find(|part| part.as_rule() == Rule::optional);
        let mark = mark.map(|part| self.span(&part));
        let mut param = self.param(pair);
        if let Some(span) = mark {
            let null = Type { kind: TypeKind::Null, span };
            let whole = param.ty.span.to(span);
            param.ty = Type { kind: TypeKind::Union(vec![param.ty, null]), span: whole };
            param.default.get_or_insert(Expr { kind: ExprKind::Null, span });
        }
        param
    }

    fn model_item(&mut self, pair: Pair<'_>) -> Item {
        let span = self.span(&pair);
        let mut name = None;
        let mut model = crate::ast::Text { parts: Vec::new(), span };
        let mut settings = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident => name = Some(self.ident(&part)),
                Rule::string => model = self.text(part),
                Rule::record => settings = self.settings(part),
                _ => {}
            }
        }
        Item::Model(ModelDecl { name, model, settings, span })
    }

    /// Runs `build` unless the tree is too deep here already; `more` levels are about to be added.
    pub(super) fn nested<T>(
        &mut self,
        more: usize,
        span: Span,
        otherwise: T,
        build: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let most = self.most;
        if self.depth + more > most {
            let diag = Diag::new(
                "E0004",
                span,
                format!("this has more than {most} operators or levels in one expression"),
            );
            let diag = diag.limit(Limit::Enclosing);
            self.diags.push(diag.hint("split it with `let`, or use `join` on a list"));
            return otherwise;
        }
        self.depth += more;
        let built = build(self);
        self.depth -= more;
        built
    }
}

#[cfg(test)]
mod tests {
    use super::{code_end, ends_with_code};

    #[test]
    fn what_surely_ends_with_code_does_so_wherever_its_last_part_ends() {
        const SIGNS: [char; 7] = ['a', '#', '\n', ' ', '\r', 'é', '\u{FEFF}'];
        let mut certain = 0;
        for number in 0..SIGNS.len().pow(5) {
            let text: String = (0..5).map(|at| SIGNS[number / SIGNS.len().pow(at) % SIGNS.len()]).collect();
            if ends_with_code(&text) {
                certain += 1;
                let mut tails = text.char_indices().map(|(at, _)| &text[at..]);
                assert!(tails.all(|tail| code_end(tail) == Some(tail.len())), "{text:?}");
            }
        }
        assert!(certain > 1000);
    }
}
