//! The two token sets of the lexer: code, and the inside of strings.
//!
//! logos recognises single tokens; [`super::scan`] decides which set applies at a place. Together the tokens
//! cover every byte of a file.

use logos::Logos;

/// A token of code.
#[derive(Logos, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    #[regex(r"[ \t\u{FEFF}]+")]
    Space,
    #[token("\n")]
    #[token("\r\n")]
    #[token("\r")]
    Newline,
    #[regex(r"#[^\r\n]*", allow_greedy = true)]
    Comment,
    #[regex(r"[\p{XID_Start}_]\p{XID_Continue}*")]
    Word,
    #[regex(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")]
    Number,
    #[token("\"\"\"")]
    Triple,
    #[token("\"")]
    Quote,
    #[token("(")]
    ParenOpen,
    #[token(")")]
    ParenClose,
    #[token("[")]
    BracketOpen,
    #[token("]")]
    BracketClose,
    #[token("{")]
    BraceOpen,
    #[token("}")]
    BraceClose,
    #[token("/")]
    Slash,
    #[token(",")]
    #[token(":")]
    #[token(".")]
    #[token("..")]
    #[token("=")]
    #[token("==")]
    #[token("!=")]
    #[token("<")]
    #[token("<=")]
    #[token(">")]
    #[token(">=")]
    #[token("+")]
    #[token("+=")]
    #[token("-")]
    #[token("->")]
    #[token("*")]
    #[token("%")]
    #[token("|")]
    #[token("&")]
    #[token("?")]
    #[token("??")]
    #[token("=>")]
    Punct,
    #[token(";")]
    #[token("'")]
    #[token("`")]
    #[token("&&")]
    #[token("||")]
    #[token("!")]
    #[token("//")]
    #[token("**")]
    #[token("++")]
    #[token("--")]
    #[token("===")]
    #[token("!==")]
    #[token("<>")]
    #[token(":=")]
    #[token("-=")]
    #[token("*=")]
    #[token("%=")]
    #[token("//=")]
    #[token("..=")]
    #[token("...")]
    #[token("?.")]
    #[token("|>")]
    #[token("{%")]
    Foreign,
}

/// A token inside a string.
#[derive(Logos, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inside {
    #[token("{{")]
    Hole,
    #[token("\\{{")]
    EscapedHole,
    #[regex(r"\\[^\r\n]")]
    Escape,
    #[token("\\\"\"\"")]
    EscapedTriple,
    #[token("\"\"\"", priority = 5)]
    Triple,
    #[token("\"", priority = 5)]
    Quote,
    #[token("\n", priority = 5)]
    #[token("\r\n", priority = 5)]
    #[token("\r", priority = 5)]
    Newline,
    #[regex(r#"[^"\\{\r\n]+"#)]
    Chunk,
    #[token("{")]
    Brace,
    #[token("\\")]
    Backslash,
}

/// What a token of the whole file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// White space without a line break.
    Space,
    /// One line break outside text.
    Newline,
    /// `# …`
    Comment,
    /// A name or a keyword.
    Word,
    /// A number.
    Number,
    /// `/…/`
    Regex,
    /// `( [ {`
    Open,
    /// `) ] }`
    Close,
    /// Any other sign.
    Punct,
    /// The quotes that open a string.
    StrOpen,
    /// The quotes that close it.
    StrClose,
    /// Text, line breaks and escapes within a string.
    Text,
    /// `{{`
    HoleOpen,
    /// `}}`
    HoleClose,
    /// Bytes that belong to no token; a diagnostic covers them.
    Unknown,
}

impl Kind {
    /// White space, line breaks and comments.
    pub fn is_trivia(self) -> bool {
        matches!(self, Kind::Space | Kind::Newline | Kind::Comment)
    }
}

/// A token and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// How many brackets, holes and strings are open around it; those it opens or closes not counted.
    pub depth: u16,
}

impl Token {
    /// Its text.
    pub fn text<'a>(&self, source: &'a str) -> &'a str {
        source.get(self.start..self.end).unwrap_or("")
    }
}
