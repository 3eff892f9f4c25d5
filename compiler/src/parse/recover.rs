//! What to do with a stretch that does not parse: take it apart, mend what can be mended, and keep the rest.
//!
//! A stretch is split into pieces ([`super::outline`]), and each is parsed by itself. If a piece fails, the
//! contents of its blocks are split and parsed in turn, and the piece with its blocks empty is mended until
//! it parses. The narrowest mend comes first: what an explanation suggests ([`super::explain`]), then leaving
//! out an element of a list, a hole, or the value of the statement ([`super::stub`]). Whatever is left out
//! becomes an error node in the tree, so that every declared name stays declared.
//!
//! Every part of a stretch is parsed a bounded number of times: whatever failed to parse as a whole is never
//! tried again as a whole.

use std::ops::Range;

use pest::Parser;
use pest::error::Error;

use super::build::{Bodies, Builder};
use super::explain;
use super::grammar::Grammar;
use super::leaf::Leaf;
use super::mend::Mender;
use super::outline::{BlockAt, Piece, Word, Words, innermost, split};
use super::patch::{Patched, Places};
use super::prose::Run;
use super::{File, Pair, Rule, habits, stub};
use crate::ast::{Ast, Block, Ident, Item, Stmt, StmtKind};
use crate::diag::Diag;
use crate::lex::{Kind, Mend};
use crate::source::Span;

/// How many other brackets are tried in place of one that is in the wrong.
const MAX_BRACKETS: usize = 4;

/// Reads a stretch that does not parse; `failed` says why it was rejected as a whole, if that was tried.
pub(super) fn recover(
    file: File<'_>,
    chunk: &Range<usize>,
    failed: Option<&Error<Rule>>,
    ast: &mut Ast,
    found: &mut Findings,
) {
    let before = found.diags.len();
    let words = Words::new(file.text, file.lexed, chunk);
    let all = 0..words.all.len();
    let mut recovery = Recovery { file, words, ast, found };
    let at = failed.map(|error| chunk.start + explain::offset(error));
    let mode = Mode { top: true, eager: false };
    let items = recovery.with_other_bracket(chunk.clone(), chunk, mode, 0).unwrap_or_else(|| {
        let pieces = split(file.text, &recovery.words, all.clone(), 0, false);
        recovery.pieces(&pieces, chunk.clone(), mode, at)
    });
    recovery.ast.items.extend(items);
    for at in file.lexed.diags_in(chunk) {
        recovery.found.tell(file, at);
    }
    let silent = !recovery.found.diags[before..].iter().any(Diag::is_error);
    if let Some((error, at)) = failed.zip(at).filter(|_| silent) {
        // No piece is to blame: the stretch as a whole is.
        let whole = Piece { words: all, depth: 0, blocks: Vec::new() };
        let leaf = Leaf::new(file, &recovery.words, &whole, true);
        let explained = explain::explain(&leaf, at, error);
        recovery.found.diags.push(explained.diag);
    }
}

/// What is found in a file.
#[derive(Debug)]
pub(super) struct Findings {
    pub(super) diags: Vec<Diag>,
    /// Which findings of the lexer are reported, or left out for a reason.
    told: Vec<bool>,
    /// The last finding if it is about whole lines: its index, where they end, and what they are.
    run: Option<(usize, usize, Run)>,
}

impl Findings {
    pub(super) fn new(file: File<'_>) -> Findings {
        Findings { diags: Vec::new(), told: vec![false; file.lexed.diags.len()], run: None }
    }

    /// Whether a line at the start of a stretch may belong to the finding before it.
    pub(super) fn may_go_on(&self, file: File<'_>, bytes: &Range<usize>) -> bool {
        let Some((_, end, run)) = self.run else { return false };
        let (gap, rest) = (file.text.get(end..bytes.start), file.text.get(bytes.clone()));
        let line = rest.unwrap_or("").lines().find(|line| !line.trim().is_empty());
        gap.is_some_and(|gap| gap.trim().is_empty()) && line.is_some_and(|line| run.goes_on(line))
    }

    /// Reports what the lexer found, unless that was done; says whether its mend is a guess.
    pub(super) fn tell(&mut self, file: File<'_>, at: usize) -> bool {
        let Some(diag) = file.lexed.diags.get(at) else { return false };
        if !self.forget(at) {
            self.diags.push(diag.clone());
        }
        file.lexed.doubtful.binary_search(&(diag.span.start as usize)).is_ok()
    }

    /// Leaves out what the lexer found; says whether it was reported or left out before.
    fn forget(&mut self, at: usize) -> bool {
        self.told.get_mut(at).is_none_or(|told| std::mem::replace(told, true))
    }
}

/// How pieces are read.
#[derive(Debug, Clone, Copy)]
struct Mode {
    /// Whether items may stand here.
    top: bool,
    /// Whether the pieces are told apart by indentation, too.
    eager: bool,
}

struct Recovery<'a> {
    file: File<'a>,
    words: Words<'a>,
    ast: &'a mut Ast,
    found: &'a mut Findings,
}

impl<'a> Recovery<'a> {
    /// Reads pieces that stand in a row; `failed` is where a parse of them all stopped.
    fn pieces(
        &mut self,
        pieces: &[Piece],
        bounds: Range<usize>,
        mode: Mode,
        failed: Option<usize>,
    ) -> Vec<Item> {
        let start = |piece: &Piece| self.words.get(piece.words.start).map_or(bounds.end, |w| w.start);
        let starts: Vec<usize> = pieces.iter().map(start).collect();
        let mut items = Vec::new();
        for (at, piece) in pieces.iter().enumerate() {
            let from = if at == 0 { bounds.start } else { starts[at] };
            let place = from..starts.get(at + 1).copied().unwrap_or(bounds.end).max(from);
            let failed = failed.filter(|at| place.contains(at));
            items.extend(self.piece(piece, place, mode, failed));
        }
        items
    }

    fn piece(&mut self, piece: &Piece, bounds: Range<usize>, mode: Mode, failed: Option<usize>) -> Vec<Item> {
        if self.goes_on(piece) {
            let leaf = Leaf::new(self.file, &self.words, piece, mode.top);
            return vec![self.lost(&leaf, Bodies::default())];
        }
        let mut failed = failed;
        if failed.is_none() && self.file.lexed.is_clean(&bounds) {
            let place = self.bytes(piece);
            match Grammar::parse(mode.rule(), self.file.text.get(place.clone()).unwrap_or("")) {
                Ok(pairs) => return self.build(pairs, Places::plain(place), Bodies::default(), piece.depth),
                Err(error) => failed = Some(place.start + explain::offset(&error)),
            }
        }
        self.repair(piece, bounds, mode, failed)
    }

    /// Adds a piece to the lines in a row that were found before it; says whether it is one of them.
    fn goes_on(&mut self, piece: &Piece) -> bool {
        let place = self.bytes(piece);
        let Some((diag, _, run)) = self.found.run.filter(|_| self.found.may_go_on(self.file, &place)) else {
            return false;
        };
        let text = self.file.text.get(place.clone()).unwrap_or("");
        if !piece.blocks.is_empty() || !text.lines().all(|line| run.goes_on(line)) {
            return false;
        }
        for at in self.file.lexed.diags_in(&place) {
            self.found.forget(at);
        }
        self.found.run = Some((diag, place.end, run));
        let span = self.span(place);
        if let Some(diag) = self.found.diags.get_mut(diag) {
            diag.span.end = span.end;
            diag.fixes = Box::default();
            if run == Run::Text {
                diag.hint = Some(habits::LINES_OF_TEXT.to_owned());
            }
        }
        true
    }

    fn bytes(&self, piece: &Piece) -> Range<usize> {
        let start = self.words.get(piece.words.start).map_or(0, |w| w.start);
        let end = piece.words.end.checked_sub(1).and_then(|at| self.words.get(at)).map_or(start, |w| w.end);
        start..piece.blocks.last().map_or(end, |block| block.place.end.max(end))
    }

    /// Reads a piece in which something is wrong, itself or in its blocks.
    fn repair(
        &mut self,
        piece: &Piece,
        bounds: Range<usize>,
        mode: Mode,
        failed: Option<usize>,
    ) -> Vec<Item> {
        let leaf = Leaf::new(self.file, &self.words, piece, mode.top);
        let mends = self.own_mends(piece, &bounds);
        let own = self.own_findings(&leaf, &bounds);
        if let Some(items) = self.with_other_bracket(self.bytes(piece), &bounds, mode, piece.depth) {
            return items;
        }
        let mut patched = leaf.patched(&mends);
        if stub::sets_type(&leaf) && own.iter().any(|at| self.file.lexed.is_guess(*at)) {
            patched = stub::candidates(&leaf, &mends).into_iter().next().unwrap_or(patched);
        }
        if let Ok(pairs) = Grammar::parse(mode.rule(), &patched.text) {
            let guesses = own.into_iter().filter(|at| self.found.tell(self.file, *at)).count();
            if guesses > 0 {
                self.ast.damage.spans.push(self.span(leaf.head()));
            }
            let bodies = self.bodies(piece, failed);
            return self.build(pairs, patched.places, bodies, piece.depth);
        }
        if !mode.eager {
            let pieces = split(self.file.text, &self.words, piece.words.clone(), piece.depth, true);
            if pieces.len() > 1 {
                return self.pieces(&pieces, bounds, Mode { eager: true, ..mode }, failed);
            }
        }
        let bodies = self.bodies(piece, failed);
        let mut mender = Mender::new(&leaf, mode.rule(), mends);
        match habits::of_piece(&leaf) {
            Some(found) => {
                for at in own {
                    self.found.forget(at);
                }
                mender.take(found);
            }
            None => {
                for at in own {
                    let guess = self.found.tell(self.file, at);
                    mender.quiet |= guess;
                    mender.sure &= !guess;
                }
            }
        }
        let patched = mender.run();
        let told = !mender.diags.is_empty();
        if let Some((at, run)) = mender.lines {
            self.found.run = Some((self.found.diags.len() + at, leaf.bytes().end, run));
        }
        self.found.diags.append(&mut mender.diags);
        if !mender.sure {
            self.ast.damage.spans.push(self.span(leaf.head()));
        }
        let mut items = match patched {
            Some(patched) => self.build_patched(patched, mode.rule(), bodies, &leaf),
            None => vec![self.lost(&leaf, bodies)],
        };
        if told {
            mender.dropped.extend(loop_names(&leaf));
        }
        if !mender.dropped.is_empty() {
            // It may be these that the statement declares.
            let names: Vec<Ident> = mender.dropped.iter().map(|word| leaf.ident(*word)).collect();
            if leaf.is_item() {
                self.ast.damage.words.extend(names.iter().map(|name| name.name.clone()));
            }
            let kind = StmtKind::Error { names, blocks: Vec::new() };
            items.insert(0, Item::Stmt(Stmt { kind, span: self.span(leaf.bytes()) }));
        }
        items
    }

    /// A stretch in which one bracket alone is in the wrong, read with what the lexer makes of it, or else
    /// with another one left out; `None` if it does not parse so.
    fn with_other_bracket(
        &mut self,
        place: Range<usize>,
        bounds: &Range<usize>,
        mode: Mode,
        depth: u16,
    ) -> Option<Vec<Item>> {
        let mut found = self.file.lexed.diags_in(bounds);
        let only = found.next().filter(|_| found.next().is_none())?;
        let diag = self.file.lexed.diags.get(only).filter(|diag| matches!(diag.code, "E0012" | "E0013"))?;
        if self.gives_type(diag) && self.parses(&place, self.file.lexed.mends_in(bounds), mode) {
            return None;
        }
        for (other, mends) in self.other_brackets(&place, self.file.lexed.mends_in(bounds)) {
            let mut patched = Patched::default();
            patched.copy_mended(self.file.text, place.clone(), &mends);
            let Ok(pairs) = Grammar::parse(mode.rule(), &patched.text) else { continue };
            let before = self.found.diags.len();
            let items = self.build(pairs, patched.places, Bodies::default(), depth);
            if self.found.diags.len() > before {
                self.found.diags.truncate(before);
                continue;
            }
            self.found.forget(only);
            let span = other.map_or(diag.span, |place| self.span(place));
            self.found.diags.push(Diag { span, fixes: Box::default(), ..diag.clone() });
            self.damage_around(span.start as usize);
            return Some(items);
        }
        None
    }

    fn parses(&self, place: &Range<usize>, mends: &[Mend], mode: Mode) -> bool {
        let mut patched = Patched::default();
        patched.copy_mended(self.file.text, place.clone(), mends);
        Grammar::parse(mode.rule(), &patched.text).is_ok()
    }

    /// Whether the type of a variable may depend on where a bracket belongs.
    fn gives_type(&self, diag: &Diag) -> bool {
        let at = diag.span.start as usize;
        let sign = self.file.text.get(at..diag.span.end as usize);
        let open = matches!(sign, Some("(" | "["));
        let piece = innermost(self.file.text, &self.words, at).filter(|_| open);
        piece.is_some_and(|piece| stub::sets_type(&Leaf::new(self.file, &self.words, &piece, true)))
    }

    /// What is found in the statement around a bracket may be a consequence.
    fn damage_around(&mut self, offset: usize) {
        if let Some(piece) = innermost(self.file.text, &self.words, offset) {
            let leaf = Leaf::new(self.file, &self.words, &piece, true);
            self.ast.damage.spans.push(self.span(leaf.head()));
        }
    }

    /// The mend of the lexer, and others that leave out another bracket than the one that it found, with
    /// the place of that. A brace that is not closed is rather left out: often the text reads the same.
    fn other_brackets(&self, place: &Range<usize>, mends: &[Mend]) -> Vec<(Option<Range<usize>>, Vec<Mend>)> {
        let [wrong] = mends else { return vec![(None, mends.to_vec())] };
        let mut tries = Vec::new();
        let signs = self.words.within(place).filter(|w| matches!(w.kind, Kind::Open | Kind::Close));
        let without = |other: Range<usize>| (Some(other.clone()), vec![Mend::new(other, " ")]);
        let sign = self.file.text.get(wrong.closes.map_or(wrong.place.clone(), |at| at..at + 1));
        let same = |w: &&Word<'_>| Some(w.text) == sign;
        match wrong.closes {
            Some(opened) => {
                let line = self.file.text[opened..].find('\n').map_or(self.file.text.len(), |at| opened + at);
                let behind = signs.filter(same).filter(|w| opened <= w.start && w.start < line);
                tries.extend(behind.map(|w| without(w.start..w.end)));
                // One with nothing in it, where a statement would begin.
                let rest = opened + 1..place.end;
                let mut signs = self.words.within(&rest).zip(self.words.within(&rest).skip(1));
                let empty = signs.find(|(w, next)| w.fresh && Some(w.text) == sign && next.text == "}");
                tries.extend(empty.map(|(w, _)| without(w.start..w.end)));
                tries.reverse();
                tries.truncate(MAX_BRACKETS);
                let inside = self.file.text.get(opened + 1..wrong.place.start).unwrap_or("");
                let closing = if sign == Some("{") || inside.trim().is_empty() { tries.len() } else { 0 };
                tries.insert(closing, (None, mends.to_vec()));
            }
            None => {
                let mut others: Vec<Range<usize>> = signs.filter(same).map(|w| w.start..w.end).collect();
                others.sort_by_key(|other| other.start.abs_diff(wrong.place.start));
                tries.extend(others.into_iter().take(MAX_BRACKETS).map(without));
                // One with a value right after it has surely closed too early.
                let early = |place: &Option<Range<usize>>| {
                    !place.as_ref().is_some_and(|p| self.stands_before_value(p.end))
                };
                tries.sort_by_key(|(place, _)| early(place));
                let first = tries.iter().take_while(|(place, _)| !early(place)).count();
                tries.insert(first, (None, mends.to_vec()));
                return tries;
            }
        }
        tries
    }

    /// Whether the next word on the line begins a value.
    fn stands_before_value(&self, offset: usize) -> bool {
        let next = self.words.within(&(offset..self.file.text.len())).next();
        next.is_some_and(|w| !w.fresh && (w.is_name() || matches!(w.kind, Kind::Number | Kind::StrOpen)))
    }

    /// The blocks of a piece, each with the place where it begins.
    fn bodies(&mut self, piece: &Piece, failed: Option<usize>) -> Bodies {
        let mut bodies = Bodies::default();
        for block in &piece.blocks {
            let bounds = inside(block);
            let failed = failed.filter(|at| bounds.contains(at));
            let pieces = split(self.file.text, &self.words, block.inner.clone(), block.depth, false);
            let items = self.pieces(&pieces, bounds, Mode { top: false, eager: false }, failed);
            let mut stmts = Vec::new();
            for item in items {
                match item {
                    Item::Stmt(stmt) => stmts.push(stmt),
                    // Reported already; its name is known all the same.
                    item => self.ast.items.push(item),
                }
            }
            bodies.insert(block.place.start, (stmts, self.span(block.place.clone())));
        }
        bodies
    }

    fn span(&self, place: Range<usize>) -> Span {
        Span::new(self.file.id, place.start, place.end)
    }

    /// What the lexer mended in a piece, its blocks left out.
    fn own_mends(&self, piece: &Piece, bounds: &Range<usize>) -> Vec<Mend> {
        let mends = self.file.lexed.mends_in(bounds).iter();
        let start = self.bytes(piece).start;
        let own = mends.filter(|mend| {
            let at = &mend.place;
            let opened = mend.closes.unwrap_or(at.start);
            let in_block = piece.blocks.iter().any(|block| {
                let place = &block.place;
                place.contains(&opened) || place.start < at.end && at.start < place.end
            });
            opened >= start && !in_block
        });
        own.cloned().collect()
    }

    /// What the lexer found in a piece, its blocks left out.
    fn own_findings(&self, leaf: &Leaf<'_>, bounds: &Range<usize>) -> Vec<usize> {
        let own = self.file.lexed.diags_in(bounds).filter(|at| {
            let start = self.file.lexed.diags.get(*at).map_or(0, |d| d.span.start as usize);
            !leaf.blocks.iter().any(|place| place.start < start && start + 1 < place.end)
        });
        own.collect()
    }

    fn build(
        &mut self,
        pairs: pest::iterators::Pairs<'_, Rule>,
        places: Places,
        bodies: Bodies,
        depth: u16,
    ) -> Vec<Item> {
        let mut builder =
            Builder::new(self.file.id, places, self.file.enclosing).with_bodies(bodies, usize::from(depth));
        let pairs = pairs.flat_map(Pair::into_inner).filter(|pair| pair.as_rule() != Rule::EOI);
        let mut items: Vec<Item> = pairs.map(|pair| builder.item(pair)).collect();
        self.found.diags.append(&mut builder.diags);
        // Blocks that found no place in what was mended.
        let rest: Vec<Block> = builder.rest_of_bodies();
        if let Some(first) = rest.first() {
            let span = first.span;
            let kind = StmtKind::Error { names: Vec::new(), blocks: rest };
            items.push(Item::Stmt(Stmt { kind, span }));
        }
        items
    }

    fn build_patched(&mut self, patched: Patched, rule: Rule, bodies: Bodies, leaf: &Leaf<'_>) -> Vec<Item> {
        let Patched { text, places } = patched;
        match Grammar::parse(rule, &text) {
            Ok(pairs) => self.build(pairs, places, bodies, leaf.depth),
            Err(_) => vec![self.lost(leaf, bodies)],
        }
    }

    /// A statement of which nothing is known but the names in it.
    fn lost(&mut self, leaf: &Leaf<'_>, bodies: Bodies) -> Item {
        let names: Vec<Ident> = leaf.declared().map(|word| leaf.ident(word)).collect();
        if leaf.is_item() {
            self.ast.damage.words.extend(names.iter().map(|name| name.name.clone()));
        }
        let blocks = bodies.into_values().map(|(stmts, span)| Block { stmts, span }).collect();
        Item::Stmt(Stmt { kind: StmtKind::Error { names, blocks }, span: self.span(leaf.bytes()) })
    }
}

/// The names of a `for` that has several, of which it can declare only one.
fn loop_names<'a>(leaf: &Leaf<'a>) -> Vec<Word<'a>> {
    let head = leaf.words.iter().take_while(|w| !matches!(w.text, "in" | "of" | "{"));
    let names: Vec<Word<'a>> = head.filter(|w| w.is_name()).copied().collect();
    if leaf.at(0) == "for" && names.len() > 1 { names } else { Vec::new() }
}

/// The bytes in a block, without its braces.
fn inside(block: &BlockAt) -> Range<usize> {
    let start = (block.place.start + 1).min(block.place.end);
    start..block.place.end.saturating_sub(usize::from(block.closed)).max(start)
}

impl Mode {
    fn rule(self) -> Rule {
        if self.top { Rule::chunk } else { Rule::body }
    }
}
