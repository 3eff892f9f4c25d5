//! How control may flow through `try` blocks, branches and messages.
//!
//! Every path to a block must arrive with the same things open, every path out of a function or branch with
//! none, and the blocks of a branch belong to it alone: a branch runs in a copy of the frame.

use super::validate::fail;
use super::{BlockId, Func, IrError, Op, Term};

/// What is open at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// The first block of the branch that the place belongs to; `None` in the function itself.
    branch: Option<BlockId>,
    /// How many `try` blocks are open in it.
    tries: usize,
    message: Message,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Message {
    None,
    /// Opened in the function or branch itself.
    Open,
    /// Open where the branch began, and not its own to close.
    Outer,
}

struct Walk<'a> {
    func: &'a Func,
    /// What is open where each block begins, as far as it has been reached.
    places: Vec<Option<Place>>,
    work: Vec<BlockId>,
}

/// Checks a function whose indices are good.
pub(super) fn check(func: &Func) -> Result<(), IrError> {
    let mut walk = Walk { func, places: vec![None; func.blocks.len()], work: Vec::new() };
    walk.arrive(BlockId(0), Place { branch: None, tries: 0, message: Message::None })?;
    while let Some(at) = walk.work.pop() {
        walk.block(at)?;
    }
    Ok(())
}

impl Walk<'_> {
    fn arrive(&mut self, at: BlockId, place: Place) -> Result<(), IrError> {
        match self.places[at.index()] {
            None => {
                self.places[at.index()] = Some(place);
                self.work.push(at);
                Ok(())
            }
            Some(known) if known == place => Ok(()),
            Some(known) if known.branch != place.branch => {
                self.wrong(at, "belongs to a branch and to what is outside it")
            }
            Some(_) => self.wrong(at, "is reached with different things open"),
        }
    }

    /// A jump within a function or branch.
    fn go(&mut self, to: BlockId, place: Place) -> Result<(), IrError> {
        if place.branch == Some(to) {
            return self.wrong(to, "begins a branch, and is jumped to");
        }
        self.arrive(to, place)
    }

    fn wrong<T>(&self, at: BlockId, what: &str) -> Result<T, IrError> {
        fail(format!("the block {} of `{}` {what}", at.0, self.func.name))
    }

    fn block(&mut self, at: BlockId) -> Result<(), IrError> {
        let func = self.func;
        let Some(mut place) = self.places[at.index()] else { return Ok(()) };
        for inst in &func.blocks[at.index()].insts {
            match &inst.op {
                // Nothing follows it.
                Op::Fail { .. } => return Ok(()),
                Op::Try { handler, .. } => {
                    self.go(*handler, place)?;
                    place.tries += 1;
                }
                Op::EndTry => match place.tries.checked_sub(1) {
                    Some(tries) => place.tries = tries,
                    None => return self.wrong(at, "ends a `try` that is not open"),
                },
                Op::OpenRole { .. } if place.message != Message::None => {
                    return self.wrong(at, "opens a message inside another");
                }
                Op::OpenRole { .. } => place.message = Message::Open,
                Op::CloseRole if place.message != Message::Open => {
                    return self.wrong(at, "closes a message that is not open");
                }
                Op::CloseRole => place.message = Message::None,
                Op::Fork { body, .. } => self.enter(at, *body, place)?,
                _ => {}
            }
        }
        self.leave(at, &func.blocks[at.index()].term, place)
    }

    fn enter(&mut self, at: BlockId, body: BlockId, place: Place) -> Result<(), IrError> {
        if self.places[body.index()].is_some() {
            return self.wrong(at, "enters a branch whose blocks are also reached in another way");
        }
        let message = if place.message == Message::None { Message::None } else { Message::Outer };
        self.arrive(body, Place { branch: Some(body), tries: 0, message })
    }

    fn leave(&mut self, at: BlockId, term: &Term, place: Place) -> Result<(), IrError> {
        match term {
            Term::Jump(to) => self.go(*to, place),
            Term::Branch { then, otherwise, .. } => {
                self.go(*then, place)?;
                self.go(*otherwise, place)
            }
            Term::Return(_) if place.branch.is_some() => self.wrong(at, "returns from within a branch"),
            Term::Yield(_) if place.branch.is_none() => self.wrong(at, "yields outside a branch"),
            Term::Return(_) | Term::Yield(_) if place.tries > 0 => self.wrong(at, "leaves a `try` open"),
            Term::Return(_) | Term::Yield(_) if place.message == Message::Open => {
                self.wrong(at, "leaves a message open")
            }
            Term::Return(_) | Term::Yield(_) => Ok(()),
        }
    }
}
