//! The model's KV memory and who holds which part of it: sequences are leased, extended, cut, parked and given back.
//!
//! A [`Sequence`] is all that a task knows of the memory: its tokens, and how many of them are evaluated. Whether it holds
//! a lease is nobody's business but this file's: without one it has evaluated nothing, and the next lease begins with
//! whatever the prefix tree has kept of it.
//!
//! A model that does not rewind gives a sequence back as a whole or not at all. There *marks* say where someone will want to
//! begin: batches end there, and what is in the memory by then is kept as a checkpoint ([`crate::kv`]). A sequence that has to
//! go back gets a new lease, at the deepest checkpoint before that place. Nobody else knows of it.

use agentc_constraint::TokenId;

use super::shelf::Shelf;
use crate::kv::{Lease, PrefixTree, common_prefix};
use crate::model::{Model, ModelError, SeqId};

/// Tokens that two sequences share at least for one to wait until the other has read them, or to be given a checkpoint there:
/// fewer cost less than a batch of their own.
pub(super) const SHARED: usize = 8;

/// Tokens after which a sequence gets a checkpoint wherever a batch ends. It costs no time and no cells, but a sequence; to
/// read so many again takes about as long as to write four.
const STRIDE: usize = 32;

/// Tokens that a model reads, and how many of them are in its memory.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    pub(super) tokens: Vec<TokenId>,
    /// Tokens that may follow: they are evaluated with the others, and looked at as long as they are what follows.
    draft: Vec<TokenId>,
    /// How many of both are in the memory, those of the draft last.
    pub(super) evaluated: usize,
    lease: Option<Lease>,
    /// Where others will want to begin, for a model that does not rewind.
    marks: Vec<usize>,
}

impl Sequence {
    /// A sequence that holds nothing yet.
    pub(super) fn new(tokens: Vec<TokenId>) -> Sequence {
        Sequence { tokens, ..Sequence::default() }
    }

    /// Its number in the model, while it holds any memory.
    pub(super) fn seq(&self) -> Option<SeqId> {
        self.lease.map(|lease| lease.seq)
    }

    /// Replaces all but the first `keep` tokens; what was evaluated beyond what stays the same counts no more.
    pub(super) fn replace(&mut self, keep: usize, new: &[TokenId]) {
        let mut held = self.tokens.split_off(keep.min(self.tokens.len()));
        let written = held.len();
        held.append(&mut self.draft);
        let common = common_prefix(&held, new);
        self.tokens.extend(new);
        if common == new.len() && common >= written {
            self.draft = held.split_off(common);
        } else {
            self.evaluated = self.evaluated.min(keep + common);
        }
    }

    /// What may follow its tokens.
    pub(super) fn draft(&self) -> &[TokenId] {
        &self.draft
    }

    pub(super) fn set_draft(&mut self, draft: Vec<TokenId>) {
        self.draft = draft;
    }

    /// Forgets what has not come to follow.
    pub(super) fn drop_draft(&mut self) {
        self.draft.clear();
        self.evaluated = self.evaluated.min(self.tokens.len());
    }
}

/// See the module's description.
pub(super) struct Memory<'m> {
    pub(super) model: &'m mut dyn Model,
    kv: PrefixTree,
    /// Beginnings that are evaluated by themselves.
    beginnings: Vec<Vec<TokenId>>,
    /// What left it because nobody used it, if this model can take that back.
    shelf: Option<Shelf>,
}

impl<'m> Memory<'m> {
    /// The memory of a model that nobody else uses. What leaves it is kept in up to `shelf` bytes.
    pub(super) fn new(model: &'m mut dyn Model, shelf: usize) -> Memory<'m> {
        let info = model.info();
        let kv = PrefixTree::new(info.n_ctx as usize, info.n_seqs as usize, info.price, info.rewinds);
        let shelves = shelf > 0 && info.rewinds && info.identity.is_some();
        let kv = if shelves { kv.with_shelf() } else { kv };
        Memory { model, kv, beginnings: Vec::new(), shelf: shelves.then(|| Shelf::new(shelf)) }
    }

    /// From now on no batch goes beyond the end of this beginning. In which batches a text is evaluated may change the last
    /// digits of its logits; so what follows a beginning gets the same ones whether that was evaluated or loaded.
    pub(super) fn part_behind(&mut self, tokens: Vec<TokenId>) {
        self.beginnings.push(tokens);
    }

    /// Whether sequences can be cut to any length, and so nothing is lost by evaluating what may have to go.
    pub(super) fn rewinds(&self) -> bool {
        self.kv.rewinds()
    }

    /// Notes that someone will want to begin with so many tokens of a sequence.
    pub(super) fn mark(&self, sequence: &mut Sequence, at: usize) {
        if !self.rewinds() && !sequence.marks.contains(&at) {
            sequence.marks.push(at);
        }
    }

    /// How many of the next `rows` tokens of a sequence stand before the end of a beginning, or before a mark.
    fn up_to_part(&self, sequence: &Sequence, rows: usize) -> usize {
        let Sequence { tokens, evaluated, lease, marks, .. } = sequence;
        let within = |at: usize| (evaluated + 1..evaluated + rows).contains(&at);
        let ends = self
            .beginnings
            .iter()
            .filter(|beginning| within(beginning.len()) && tokens.starts_with(beginning));
        let least = lease.map_or(0, |lease| lease.len) + SHARED;
        let marks = marks.iter().copied().filter(|&at| within(at) && at >= least);
        ends.map(Vec::len).chain(marks).min().map_or(rows, |end| end - evaluated)
    }

    /// Cells that hold tokens.
    pub(super) fn cells(&self) -> usize {
        self.kv.cells()
    }

    /// How many of these tokens need not be evaluated, from the first on.
    pub(super) fn known(&self, tokens: &[TokenId]) -> usize {
        let held = self.kv.longest_prefix(tokens);
        let shelved = self.shelf.as_ref().and_then(|shelf| shelf.longest_prefix(tokens, held));
        shelved.unwrap_or(held)
    }

    /// Whether a sequence without a lease fits beside those that have one, if it grows by `more` tokens, and they
    /// together by `growth`.
    pub(super) fn fits(&self, sequence: &Sequence, more: usize, growth: usize) -> bool {
        let held = self.kv.held();
        let own = sequence.tokens.len() - held.prefix(&sequence.tokens);
        held.cells() + own + more + growth <= self.kv.capacity()
    }

    /// Whether any sequence can have a lease now.
    pub(super) fn can_lease(&self) -> bool {
        self.kv.can_lease()
    }

    /// Gives a sequence a lease that begins with as much of its tokens as the memory holds; all but the last token at
    /// most, since that one's logits are wanted, as are those of `next`. What comes back from the shelf leaves the `taken`
    /// cells that others are about to fill. Answers how many were found there; nothing if it had a lease, or if none can be
    /// had now.
    pub(super) fn lease(
        &mut self,
        sequence: &mut Sequence,
        next: Option<usize>,
        taken: usize,
    ) -> Result<Option<usize>, ModelError> {
        if sequence.lease.is_some() {
            return Ok(None);
        }
        let last = sequence.tokens.len().saturating_sub(1);
        // One that rewinds is cut to `next` later.
        let end = if self.rewinds() { last } else { last.min(next.unwrap_or(last)) };
        self.bring_back(&sequence.tokens[..end], taken)?;
        let Some(lease) = self.take(&sequence.tokens[..end])? else { return Ok(None) };
        sequence.lease = Some(lease);
        sequence.evaluated = lease.len;
        if !self.rewinds() {
            // Others have read as far: the next one is to find that.
            let held = self.kv.longest_held(&sequence.tokens[..end]);
            self.mark(sequence, held);
        }
        Ok(Some(lease.len))
    }

    /// Takes from the shelf what some tokens begin with, if that is much more than the memory holds, and if there is room for
    /// it beside `taken` cells.
    fn bring_back(&mut self, tokens: &[TokenId], taken: usize) -> Result<(), ModelError> {
        let known = self.kv.longest_prefix(tokens);
        let Some((common, shelved)) = self.shelf.as_mut().and_then(|shelf| shelf.take(tokens, known)) else {
            return Ok(());
        };
        // What the model does not take back is computed again.
        let loaded = self.load_up_to(common, &shelved.tokens, &shelved.bytes, taken).is_ok();
        if let Some(shelf) = self.shelf.as_mut().filter(|_| loaded) {
            shelf.put_back(shelved);
        }
        Ok(())
    }

    /// Gives up what nobody uses for too long, until `ahead` more tokens are evaluated; what is not on the shelf yet is put
    /// there.
    fn shelve(&mut self, ahead: usize) -> Result<(), ModelError> {
        while let Some(seq) = self.kv.idle(ahead) {
            let tokens = self.kv.tokens(seq);
            if let Some(shelf) = self.shelf.as_mut().filter(|shelf| !shelf.holds(&tokens))
                && let Ok(bytes) = self.model.save(seq)
            {
                shelf.put(tokens, bytes);
            }
            let cut = self.kv.give_up(seq);
            self.cut(cut)?;
        }
        Ok(())
    }

    /// A lease of a sequence that begins with as much of some tokens as the memory holds.
    fn take(&mut self, tokens: &[TokenId]) -> Result<Option<Lease>, ModelError> {
        let Some(lease) = self.kv.lease(tokens) else { return Ok(None) };
        let shared = match lease.from {
            Some(from) if from == lease.seq => self.model.truncate(lease.seq, lease.len as u32),
            Some(from) => self.model.share(from, lease.seq, lease.len as u32),
            None => self.model.truncate(lease.seq, 0),
        };
        if let Err(error) = shared {
            self.kv.forget(lease.seq);
            return Err(error);
        }
        Ok(Some(lease))
    }

    /// Makes room for up to `limit` more tokens of a sequence that has a lease, beside `taken` cells that others are about
    /// to fill; how many there is room for. All together are about to evaluate some `ahead` tokens.
    pub(super) fn make_room(
        &mut self,
        sequence: &mut Sequence,
        taken: usize,
        limit: usize,
        ahead: usize,
    ) -> Result<usize, ModelError> {
        let Some(seq) = sequence.seq() else { return Ok(0) };
        if self.kv.len(seq) > sequence.evaluated {
            self.go_back(sequence, seq)?;
        }
        let rows = self.up_to_part(sequence, (sequence.tokens.len() - sequence.evaluated).min(limit));
        self.shelve(ahead)?;
        self.room(rows, taken)
    }

    /// Makes room for a draft of up to `limit` tokens behind all tokens of a sequence, beside `taken` cells that are about to
    /// be filled, those of its tokens among them; how many there is room for.
    pub(super) fn make_room_for_draft(
        &mut self,
        sequence: &Sequence,
        taken: usize,
        limit: usize,
    ) -> Result<usize, ModelError> {
        self.room(limit.min(self.kv.capacity().saturating_sub(sequence.tokens.len())), taken)
    }

    /// Drops what a sequence holds beyond what counts as evaluated, and with it what cannot be kept without.
    fn go_back(&mut self, sequence: &mut Sequence, seq: SeqId) -> Result<(), ModelError> {
        if self.rewinds() {
            self.kv.truncate(seq, sequence.evaluated);
            return self.model.truncate(seq, sequence.evaluated as u32);
        }
        self.drop(sequence)?;
        sequence.lease = self.take(&sequence.tokens[..sequence.evaluated])?;
        sequence.evaluated = sequence.lease.map_or(0, |lease| lease.len);
        Ok(())
    }

    /// Takes a sequence's lease, and forgets all that it holds.
    fn drop(&mut self, sequence: &mut Sequence) -> Result<(), ModelError> {
        let Some(lease) = sequence.lease.take() else { return Ok(()) };
        self.kv.forget(lease.seq);
        self.model.truncate(lease.seq, 0)
    }

    /// After a batch that failed. What a model that does not rewind had evaluated of it by then cannot be told from the rest.
    pub(super) fn fail(&mut self, sequence: &mut Sequence) {
        if !self.rewinds() {
            // Whoever leases it next is told if it cannot be emptied.
            let _ = self.drop(sequence);
            sequence.evaluated = 0;
        }
    }

    /// How many of `cells` can be had beside `taken` ones, after evicting what has to go for them.
    fn room(&mut self, cells: usize, taken: usize) -> Result<usize, ModelError> {
        let cut = self.kv.evict_for(taken + cells);
        self.cut(cut)?;
        Ok(cells.min(self.kv.free_cells().saturating_sub(taken)))
    }

    /// Drops from the model what was cut from the tree.
    fn cut(&mut self, cut: Vec<(SeqId, usize)>) -> Result<(), ModelError> {
        cut.into_iter().try_for_each(|(seq, len)| self.model.truncate(seq, len as u32))
    }

    /// What the memory holds of some tokens, as bytes; nothing if it does not hold all of them, or no sequence can be had.
    pub(super) fn save(&mut self, tokens: &[TokenId]) -> Result<Option<Vec<u8>>, ModelError> {
        self.bring_back(tokens, 0)?;
        if self.kv.longest_prefix(tokens) < tokens.len() {
            return Ok(None);
        }
        if !self.rewinds() {
            return self.kv.holder(tokens).map(|seq| self.model.save(seq)).transpose();
        }
        let Some(lease) = self.take(tokens)? else { return Ok(None) };
        let bytes = self.model.save(lease.seq);
        self.kv.release(lease.seq);
        bytes.map(Some)
    }

    /// Takes in what a memory held of some tokens, for others to begin with. Says whether there was room.
    pub(super) fn load(&mut self, tokens: &[TokenId], bytes: &[u8]) -> Result<bool, ModelError> {
        self.load_up_to(tokens.len(), tokens, bytes, 0)
    }

    /// The same, of which only the first `keep` tokens stay, beside `taken` cells that others are about to fill.
    fn load_up_to(
        &mut self,
        keep: usize,
        tokens: &[TokenId],
        bytes: &[u8],
        taken: usize,
    ) -> Result<bool, ModelError> {
        if self.room(tokens.len(), taken)? < tokens.len() {
            return Ok(false);
        }
        let Some(lease) = self.take(&[])? else { return Ok(false) };
        let loaded = self.model.load(lease.seq, tokens.len() as u32, bytes);
        if loaded.is_ok() {
            self.kv.extend(lease.seq, tokens);
        }
        let cut = loaded.and_then(|()| {
            self.kv.truncate(lease.seq, keep);
            self.model.truncate(lease.seq, keep as u32)
        });
        self.kv.release(lease.seq);
        cut.map(|()| true)
    }

    /// Notes that the next `rows` tokens of a sequence were evaluated.
    pub(super) fn extend(&mut self, sequence: &mut Sequence, rows: usize) {
        let Some(seq) = sequence.seq() else { return };
        let all = sequence.tokens.iter().chain(&sequence.draft);
        let next: Vec<TokenId> = all.skip(sequence.evaluated).take(rows).copied().collect();
        self.kv.extend(seq, &next);
        sequence.evaluated += rows;
        let end = sequence.evaluated;
        if !self.rewinds() && (self.is_marked(sequence) || self.kv.since_checkpoint(seq) >= STRIDE) {
            self.keep(seq, end);
        }
    }

    /// Whether someone will want to begin where a sequence ends now.
    fn is_marked(&self, Sequence { tokens, evaluated, marks, .. }: &Sequence) -> bool {
        let ends = |beginning: &Vec<TokenId>| beginning.len() == *evaluated && tokens.starts_with(beginning);
        marks.contains(evaluated) || self.beginnings.iter().any(ends)
    }

    /// Makes a checkpoint of what a sequence holds, if one can be had. Without it more is read again, and that is all.
    fn keep(&mut self, seq: SeqId, len: usize) {
        let Some(copy) = self.kv.checkpoint(seq) else { return };
        if self.model.share(seq, copy, len as u32).is_err() {
            self.kv.forget(copy);
        }
    }

    /// Gives back what a sequence holds, cut to its first `keep` tokens, for others to begin with. It can go on later: what
    /// is still there by then is found again. What cannot be cut goes, since nobody begins with what should not be there.
    pub(super) fn release(&mut self, sequence: &mut Sequence, keep: usize) {
        let Some(lease) = sequence.lease.take() else { return };
        sequence.evaluated = 0;
        if keep < self.kv.len(lease.seq) {
            let keep = if self.rewinds() { keep } else { 0 };
            self.kv.truncate(lease.seq, keep);
            if self.model.truncate(lease.seq, keep as u32).is_err() {
                self.kv.forget(lease.seq);
                return;
            }
        }
        self.kv.release(lease.seq);
    }
}
