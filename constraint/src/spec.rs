//! What a generation may write, as data: the interface between the compiler and this engine.
//!
//! A [`Spec`] is serialisable and travels inside the compiler's IR. Run-time values (the options of a
//! `select`, a list of stops) are *holes*, numbered from 0 and filled by [`Bindings`] when the spec is built.
//! Equal specs with equal bindings build equal patterns, so builders may cache by content.

use serde::{Deserialize, Serialize};

/// A set of texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Spec {
    /// Any text whose length in characters (Unicode scalar values) is within the inclusive bounds.
    Text {
        /// Fewest characters.
        min: u32,
        /// Most characters; `None` is unbounded.
        max: Option<u32>,
    },
    /// A canonical decimal integer (no leading zeros, no `+`, no `-0`) within the inclusive bounds;
    /// a missing bound is that of `i64`.
    Int {
        /// Smallest value.
        min: Option<i64>,
        /// Largest value.
        max: Option<i64>,
    },
    /// A decimal number without exponent: at most 15 digits before the point and 15 after it.
    Float {
        /// Smallest value.
        min: Option<f64>,
        /// Largest value.
        max: Option<f64>,
    },
    /// `true` or `false`.
    Bool,
    /// Exactly this text; inside JSON, as a string.
    Literal {
        /// The text.
        text: String,
    },
    /// Exactly this number, boolean or `null`.
    Constant {
        /// Its text, the same in JSON.
        text: String,
    },
    /// Every full match of a regular expression (Rust `regex` syntax, without look-around).
    Regex {
        /// The expression, without delimiters.
        pattern: String,
    },
    /// Any of the members.
    Union {
        /// The members, in the order of the source.
        members: Vec<Spec>,
    },
    /// Any text of a list known at run time.
    OneOf {
        /// The hole that holds the list.
        hole: usize,
    },
    /// A run of whole words of a text that is known at run time, as they stand there. In scripts that put no
    /// spaces between words each character is one.
    Copy {
        /// The hole that holds the text.
        hole: usize,
    },
    /// Any JSON value.
    Json,
    /// The values of another spec, written as JSON where that differs from plain text: strings are quoted.
    JsonOf {
        /// The values. Inside objects and arrays every spec is written this way.
        value: Box<Spec>,
    },
    /// The values of another spec, whose JSON may have white space between its tokens: none or a space behind `:`; none, a
    /// space, or a line break with up to 32 spaces behind a bracket or `,` and before a closing bracket.
    Flexible {
        /// The values.
        value: Box<Spec>,
    },
    /// A JSON object with these fields in this order.
    Object {
        /// The fields.
        fields: Vec<Field>,
    },
    /// A JSON array.
    Array {
        /// Its items.
        item: Box<Spec>,
        /// Fewest items.
        min: u32,
        /// Most items; `None` is unbounded.
        max: Option<u32>,
    },
    /// A JSON object with any keys, none twice.
    Map {
        /// The values of its keys.
        value: Box<Spec>,
    },
    /// What a JSON Schema admits.
    Schema {
        /// The schema, a JSON text.
        schema: String,
    },
    /// What a context-free grammar derives.
    Grammar {
        /// Its text.
        grammar: String,
        /// Its notation.
        syntax: GrammarSyntax,
        /// What the names stand for that it uses and does not define: each is read as one, like a terminal.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parts: Vec<Named>,
    },
    /// A spec that names others, which may be recursive.
    Defs {
        /// The named specs, numbered from 0.
        defs: Vec<Spec>,
        /// The spec itself.
        root: Box<Spec>,
    },
    /// One of the named specs of the innermost enclosing [`Spec::Defs`].
    Ref {
        /// Its number.
        def: usize,
    },
    /// Texts and other specs, one after the other: every text that can be divided so. Inside JSON it is a string.
    Template {
        /// What stands there, in order.
        parts: Vec<Piece>,
    },
    /// The texts that all members admit. Members are written as plain text; inside JSON it is a string.
    And {
        /// The members; without any, all texts.
        members: Vec<Spec>,
    },
    /// The texts that another spec does not admit, as plain text; inside JSON it is a string.
    Not {
        /// The spec.
        value: Box<Spec>,
    },
    /// The texts that have another one in them; inside JSON it is a string.
    Having {
        /// Where.
        place: Place,
        /// The other one.
        text: Needle,
    },
    /// A text of `value` in which no stop occurs, ended by the value's own end or by the first
    /// occurrence of a stop, which is not part of the value.
    Until {
        /// What may be written before the stop.
        value: Box<Spec>,
        /// The stops; the one that ends first wins, and of those the one that began first.
        stops: Vec<Stop>,
    },
}

impl Spec {
    /// The specs that it is made of, in order.
    pub fn parts(&self) -> Vec<&Spec> {
        match self {
            Spec::JsonOf { value }
            | Spec::Flexible { value }
            | Spec::Map { value }
            | Spec::Array { item: value, .. }
            | Spec::Not { value }
            | Spec::Until { value, .. } => vec![value],
            Spec::Union { members } | Spec::And { members } => members.iter().collect(),
            Spec::Grammar { parts, .. } => parts.iter().map(|part| &part.value).collect(),
            Spec::Template { parts } => parts.iter().filter_map(Piece::value).collect(),
            Spec::Object { fields } => fields.iter().map(|field| &field.value).collect(),
            Spec::Defs { defs, root } => defs.iter().chain([&**root]).collect(),
            Spec::Text { .. }
            | Spec::Int { .. }
            | Spec::Float { .. }
            | Spec::Bool
            | Spec::Literal { .. }
            | Spec::Constant { .. }
            | Spec::Regex { .. }
            | Spec::OneOf { .. }
            | Spec::Copy { .. }
            | Spec::Json
            | Spec::Schema { .. }
            | Spec::Having { .. }
            | Spec::Ref { .. } => Vec::new(),
        }
    }

    /// The holes in it and in its parts, those of stops included.
    pub fn holes(&self) -> Vec<usize> {
        let mut holes = Vec::new();
        self.collect_holes(&mut holes);
        holes
    }

    fn collect_holes(&self, out: &mut Vec<usize>) {
        match self {
            Spec::OneOf { hole } | Spec::Copy { hole } => out.push(*hole),
            Spec::Having { text: Needle::Hole { hole }, .. } => out.push(*hole),
            Spec::Until { stops, .. } => out.extend(stops.iter().filter_map(|stop| match stop {
                Stop::Hole { hole } => Some(*hole),
                Stop::Text { .. } | Stop::Regex { .. } => None,
            })),
            _ => {}
        }
        self.parts().into_iter().for_each(|part| part.collect_holes(out));
    }
}

/// A field of an object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Its key.
    pub name: String,
    /// Its value.
    pub value: Spec,
    /// Whether it may be left out.
    pub optional: bool,
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Piece {
    /// Exactly this text.
    Text {
        /// The text.
        text: String,
    },
    /// What another spec admits as plain text.
    Hole {
        /// What the hole is called, where that matters.
        name: Option<String>,
        /// What may stand there.
        value: Spec,
    },
}

impl Piece {
    /// What may stand in a hole.
    pub fn value(&self) -> Option<&Spec> {
        match self {
            Piece::Text { .. } => None,
            Piece::Hole { value, .. } => Some(value),
        }
    }
}

/// A spec with a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Named {
    /// The name.
    pub name: String,
    /// What it stands for, as plain text.
    pub value: Spec,
}

/// Where a text has another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Anywhere.
    Inside,
    /// At its beginning.
    Start,
    /// At its end.
    End,
}

/// A text that others are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Needle {
    /// A literal text.
    Text {
        /// The text.
        text: String,
    },
    /// Any text of a list known at run time.
    Hole {
        /// The hole that holds the list.
        hole: usize,
    },
}

/// The notation of a grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrammarSyntax {
    /// That of the Lark parser generator.
    Lark,
    /// llama.cpp's GBNF.
    Gbnf,
}

/// Something that ends a text without belonging to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Stop {
    /// A literal text.
    Text {
        /// The text; an empty one is an error.
        text: String,
    },
    /// A non-empty match of a regular expression.
    Regex {
        /// The expression, without delimiters.
        pattern: String,
    },
    /// Literal texts known at run time.
    Hole {
        /// The hole that holds the list.
        hole: usize,
    },
}

/// The run-time values of a spec's holes: `bindings[hole]` is a list of texts.
pub type Bindings = Vec<Vec<String>>;
