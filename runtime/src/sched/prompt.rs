//! From the pieces of a context to tokens: what is scaffold, what is plain text, what healing may take back.
//!
//! Template marks are tokenised with control tokens, everything else without: a value may contain
//! `<|im_start|>`, and stays text. A run of text is tokenised as one, so that the borders between literals
//! and values do not show in its tokens.
//!
//! A context has tokens of its own model only. To another model it is text from its beginning, including what
//! was generated; and what that model writes is text to the first. Generated text is part of a run, but
//! healing never reaches into it.

use agentc_compiler::ir::{Origin, Role};
use agentc_constraint::TokenId;

use crate::chat::ChatFormat;
use crate::context::{Context, Piece};
use crate::error::Fault;
use crate::model::Model;
use crate::sched::reader::Reader;
use crate::trace::TokenOrigin;

/// The chat format of a model, or why there is none.
pub(crate) type Chat<'c> = Result<&'c ChatFormat, &'c Fault>;

/// The tokens of a context, and where they come from.
#[derive(Debug, Default)]
pub(crate) struct Prompt {
    /// All tokens, those settled before included.
    pub(crate) tokens: Vec<TokenId>,
    /// How many of the last tokens are plain text that healing may take back.
    pub(crate) healable: usize,
    /// What joined the context with this prompt, in order.
    pub(crate) written: Vec<Written>,
}

/// Text that joined a context.
#[derive(Debug, PartialEq)]
pub(crate) struct Written {
    pub(crate) text: String,
    pub(crate) origin: TokenOrigin,
    /// The tokens that begin in the text.
    pub(crate) tokens: Vec<TokenId>,
}

/// A context as a sequence of marks and runs of text: the one place that knows how messages are laid out.
enum Part {
    /// Text of the template, and whether events have still to tell it.
    Mark(String, bool),
    /// Text of the program, of values and of models.
    Run(Vec<Stretch>),
}

/// A text of one origin.
struct Stretch {
    text: String,
    /// Whose text it is; `None` is a model's.
    origin: Option<TokenOrigin>,
    /// Whether events have still to tell it.
    new: bool,
}

/// Lays out pieces, the first of which follow `before`; of them the first `told` are known from events.
fn layout(before: &[Piece], pieces: &[Piece], told: usize, chat: Chat<'_>) -> Result<Vec<Part>, Fault> {
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

    fn text(&mut self, text: &str, origin: Origin) {
        let text = text.trim_start_matches(self.dropped);
        let origin = match origin {
            Origin::Literal => TokenOrigin::Scaffold,
            Origin::Data => TokenOrigin::Data,
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
            self.text("\n\n", Origin::Literal);
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

/// The tokens of a context, its pending pieces included, for the model whose context it is.
pub(crate) fn prompt(context: &Context, reader: &Reader<'_>, chat: Chat<'_>) -> Result<Prompt, Fault> {
    let told = context.told() - context.settled().len();
    let parts = layout(context.settled(), context.pending(), told, chat)?;
    tokens(context.tokens().to_vec(), parts, reader)
}

/// The tokens of a context for another model, which reads all of it as text.
pub(crate) fn reread(context: &Context, reader: &Reader<'_>, chat: Chat<'_>) -> Result<Prompt, Fault> {
    tokens(Vec::new(), layout(&[], context.pieces(), context.pieces().len(), chat)?, reader)
}

/// What of a context no event has told, without its tokens.
pub(crate) fn untold(context: &Context, chat: Chat<'_>) -> Result<Vec<Written>, Fault> {
    let told = context.told() - context.settled().len();
    let mut written = Vec::new();
    let mut add = |text, origin| written.push(Written { text, origin, tokens: Vec::new() });
    for part in layout(context.settled(), context.pending(), told, chat)? {
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
    Ok(written)
}

fn tokens(before: Vec<TokenId>, parts: Vec<Part>, reader: &Reader<'_>) -> Result<Prompt, Fault> {
    let texts = parts.iter().map(|part| match part {
        Part::Mark(..) => 0,
        Part::Run(run) => run.iter().map(|stretch| stretch.text.len()).sum(),
    });
    reader.check(before.len(), texts.sum())?;
    let model = reader.model;
    let mut prompt = Prompt { tokens: before, ..Prompt::default() };
    begin(&mut prompt, model);
    for part in parts {
        match part {
            Part::Mark(text, new) => mark(&mut prompt, text, new, model)?,
            Part::Run(run) => text_run(&mut prompt, run, reader)?,
        }
    }
    Ok(prompt)
}

/// A context begins with the beginning-of-text token where the model wants one.
fn begin(prompt: &mut Prompt, model: &dyn Model) {
    if prompt.tokens.is_empty() && model.info().add_bos {
        prompt.tokens.extend(model.info().bos);
    }
}

fn mark(prompt: &mut Prompt, text: String, new: bool, model: &dyn Model) -> Result<(), Fault> {
    let mut tokens = model.tokenize_scaffold(&text)?;
    let begun = prompt.tokens.len() == 1 && prompt.tokens.first() == model.info().bos.as_ref();
    if begun && tokens.first() == model.info().bos.as_ref() {
        tokens.remove(0);
    }
    prompt.healable = 0;
    prompt.tokens.extend(&tokens);
    if new {
        prompt.written.push(Written { text, origin: TokenOrigin::Scaffold, tokens });
    }
    Ok(())
}

fn text_run(prompt: &mut Prompt, run: Vec<Stretch>, reader: &Reader<'_>) -> Result<(), Fault> {
    let whole: String = run.iter().map(|stretch| stretch.text.as_str()).collect();
    let (before, vocab) = (prompt.tokens.len(), reader.model.vocab());
    reader.read(&whole, &mut prompt.tokens)?;
    let tokens = &prompt.tokens[before..];
    prompt.healable = tokens.len();
    let (mut at, mut end, mut next) = (0, 0, 0);
    for Stretch { text, origin, new } in run {
        end += text.len();
        let first = next;
        while next < tokens.len() && at < end {
            at += vocab.bytes(tokens[next]).len();
            next += 1;
        }
        match origin {
            Some(origin) if new => {
                prompt.written.push(Written { text, origin, tokens: tokens[first..next].to_vec() });
            }
            Some(_) => {}
            None => prompt.healable = tokens.len() - next,
        }
    }
    Ok(())
}

/// The text of a whole context, with the template's marks.
pub(crate) fn render(context: &Context, chat: Chat<'_>) -> Result<String, Fault> {
    let mut out = String::new();
    for part in layout(&[], context.pieces(), 0, chat)? {
        match part {
            Part::Mark(text, _) => out.push_str(&text),
            Part::Run(run) => run.iter().for_each(|stretch| out.push_str(&stretch.text)),
        }
    }
    Ok(out)
}
