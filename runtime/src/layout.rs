//! How a context is laid out: from its pieces to the marks of a chat template and runs of text.
//!
//! This is the one place that knows how messages follow one another. Marks are kept apart from text, because they are
//! tokenised with control tokens and text is not: a value may contain `<|im_start|>`, and stays text. A run of text is
//! one part, whatever its pieces are, so that the borders between literals and values do not show in its tokens.
//!
//! Not here: tokens (`sched`), and what the template says (`chat`).

use agentc_compiler::ir::{Role, TextOrigin};

use crate::ask::Written;
use crate::chat::ChatFormat;
use crate::context::{Context, Piece};
use crate::error::Fault;
use crate::trace::TokenOrigin;

/// The chat format of a model, or why there is none.
pub(crate) type Chat<'c> = Result<&'c ChatFormat, &'c Fault>;

/// The pieces of a context that have no tokens yet, of those of its own model. The first `told` of all its pieces have
/// been told.
pub(crate) fn pending(context: &Context, told: usize, chat: Chat<'_>) -> Result<Vec<Part>, Fault> {
    let told = told.saturating_sub(context.settled().len());
    parts(context.settled(), context.pending(), told, chat)
}

/// All of a context, for a model that reads it as text; nothing of it is still to be told.
pub(crate) fn whole(context: &Context, chat: Chat<'_>) -> Result<Vec<Part>, Fault> {
    parts(&[], context.pieces(), context.pieces().len(), chat)
}

/// The parts at the beginning that the program and the template say by themselves. If the last of them is a run, it may be
/// only the beginning of one.
pub(crate) fn fixed(parts: &[Part]) -> Vec<Part> {
    let mut fixed = Vec::new();
    for part in parts {
        let Part::Run(run) = part else {
            fixed.push(part.clone());
            continue;
        };
        let literal = |stretch: &&Stretch| stretch.origin == Some(TokenOrigin::Scaffold);
        let own: Vec<Stretch> = run.iter().take_while(literal).cloned().collect();
        let open = own.len() < run.len();
        if !own.is_empty() {
            fixed.push(Part::Run(own));
        }
        if open {
            break;
        }
    }
    fixed
}

/// What of some parts has not been told, without its tokens.
pub(crate) fn untold(parts: Vec<Part>) -> Vec<Written> {
    let mut written = Vec::new();
    let mut add = |text, origin| written.push(Written { text, origin, tokens: Vec::new() });
    for part in parts {
        match part {
            Part::Mark(text, true) => add(text, TokenOrigin::Scaffold),
            Part::Mark(..) => {}
            Part::Run(run) => {
                for Stretch { text, origin, new } in run {
                    origin.filter(|_| new).into_iter().for_each(|origin| add(text.clone(), origin));
                }
            }
        }
    }
    written
}

/// The text of a whole context, with the template's marks.
pub(crate) fn render(context: &Context, chat: Chat<'_>) -> Result<String, Fault> {
    let mut out = String::new();
    for part in parts(&[], context.pieces(), 0, chat)? {
        match part {
            Part::Mark(text, _) => out.push_str(&text),
            Part::Run(run) => run.iter().for_each(|stretch| out.push_str(&stretch.text)),
        }
    }
    Ok(out)
}

/// A part of a context that is tokenised by itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    /// Text of the template, and whether events have still to tell it.
    Mark(String, bool),
    /// Text of the program, of values and of models.
    Run(Vec<Stretch>),
}

/// A text of one origin.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stretch {
    pub(crate) text: String,
    /// Whose text it is; `None` is a model's.
    pub(crate) origin: Option<TokenOrigin>,
    /// Whether events have still to tell it.
    pub(crate) new: bool,
}

/// Lays out pieces, the first of which follow `before`; of them the first `told` are known from events.
fn parts(before: &[Piece], pieces: &[Piece], told: usize, chat: Chat<'_>) -> Result<Vec<Part>, Fault> {
    let mut layout = Layout::after(before, chat);
    let mut iter = pieces.iter().enumerate().peekable();
    while let Some((at, piece)) = iter.next() {
        layout.new = at >= told;
        match piece {
            Piece::Text { text, origin } => layout.text(text, *origin),
            Piece::Generated { text } => layout.generated(text),
            Piece::Open(role, span) => layout
                .open(*role)
                .map_err(|fault| Fault::Elsewhere { span: *span, fault: Box::new(fault) })?,
            Piece::Close(role) => {
                let next = match iter.peek() {
                    Some((_, Piece::Open(next, _))) => Some(*next),
                    _ => None,
                };
                layout.close(*role, next)?;
            }
        }
    }
    Ok(layout.parts)
}

struct Layout<'c> {
    chat: Chat<'c>,
    parts: Vec<Part>,
    /// The role whose message was opened last; `None` before the first.
    last: Option<Role>,
    /// White space that the template drops before the next text, which is the first of a message.
    dropped: &'c [char],
    /// The message being opened continues the one before it.
    joined: bool,
    /// Whether events have still to tell the piece that is being laid out.
    new: bool,
}

impl<'c> Layout<'c> {
    fn after(before: &[Piece], chat: Chat<'c>) -> Layout<'c> {
        let mut opened = before.iter().rev().filter_map(|piece| match piece {
            Piece::Open(role, _) => Some(*role),
            _ => None,
        });
        let last = opened.next();
        let mut layout = Layout { chat, parts: Vec::new(), last, dropped: &[], joined: false, new: true };
        if let (Some(Piece::Open(role, _)), Ok(chat)) = (before.last(), chat) {
            let previous = opened.next();
            let joined = previous == Some(*role) && chat.joins_alike(*role);
            layout.dropped = if joined { &[] } else { chat.dropped_before(*role, previous) };
        }
        layout
    }

    fn text(&mut self, text: &str, origin: TextOrigin) {
        let text = text.trim_start_matches(self.dropped);
        let origin = match origin {
            TextOrigin::Literal => TokenOrigin::Scaffold,
            TextOrigin::Data => TokenOrigin::Data,
        };
        self.run(text, Some(origin));
    }

    fn generated(&mut self, text: &str) {
        self.dropped = &[];
        self.run(text, None);
    }

    fn run(&mut self, text: &str, origin: Option<TokenOrigin>) {
        if text.is_empty() {
            return;
        }
        self.dropped = &[];
        let stretch = Stretch { text: text.to_owned(), origin, new: self.new };
        match self.parts.last_mut() {
            Some(Part::Run(run)) => run.push(stretch),
            _ => self.parts.push(Part::Run(vec![stretch])),
        }
    }

    fn open(&mut self, role: Role) -> Result<(), Fault> {
        let chat = self.chat.map_err(Clone::clone)?;
        if std::mem::take(&mut self.joined) {
            self.text("\n\n", TextOrigin::Literal);
        } else {
            let text = chat.open(role, self.last.is_none(), self.last)?;
            self.parts.push(Part::Mark(text.to_owned(), self.new));
            self.dropped = chat.dropped_before(role, self.last);
        }
        self.last = Some(role);
        Ok(())
    }

    fn close(&mut self, role: Role, next: Option<Role>) -> Result<(), Fault> {
        let chat = self.chat.map_err(Clone::clone)?;
        self.dropped = &[];
        if next == Some(role) && chat.joins_alike(role) {
            self.joined = true;
        } else {
            self.trim_end(chat.dropped_behind(role));
            self.parts.push(Part::Mark(chat.close(role).to_owned(), self.new));
        }
        Ok(())
    }

    /// Drops white space at the end of the run of text that ends here, but none that a model wrote.
    fn trim_end(&mut self, dropped: &[char]) {
        if dropped.is_empty() {
            return;
        }
        while let Some(Part::Run(run)) = self.parts.last_mut() {
            while let Some(stretch) = run.last_mut() {
                if stretch.origin.is_some() {
                    stretch.text.truncate(stretch.text.trim_end_matches(dropped).len());
                }
                if !stretch.text.is_empty() {
                    return;
                }
                run.pop();
            }
            self.parts.pop();
        }
    }
}
