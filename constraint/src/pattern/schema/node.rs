//! Schemas as data: each is a list of keywords, all of which a value must satisfy.

use std::ops::BitOr;
use std::rc::Rc;

use super::decimal::Decimal;
use crate::error::BuildError;

/// Index of a schema.
pub(super) type NodeId = u32;
/// Index of a property's name.
pub(super) type NameId = u32;
/// Index of a set of strings.
pub(super) type LangId = u32;

/// A schema, or with `false` its negation.
pub(super) type Literal = (NodeId, bool);

/// What texts of values can be told apart by their first character or so. Numbers are told apart by
/// whether they are written with a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(super) enum Kind {
    Null,
    Bool,
    Integer,
    /// Numbers with a point.
    Decimal,
    String,
    Array,
    Object,
}

impl Kind {
    pub(super) const ALL: [Kind; 7] =
        [Kind::Null, Kind::Bool, Kind::Integer, Kind::Decimal, Kind::String, Kind::Array, Kind::Object];

    pub(super) fn is_number(self) -> bool {
        matches!(self, Kind::Integer | Kind::Decimal)
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kinds(u8);

impl Kinds {
    pub(super) const NONE: Kinds = Kinds(0);
    pub(super) const NUMBER: Kinds = Kinds(1 << Kind::Integer as u8 | 1 << Kind::Decimal as u8);

    pub(super) fn contains(self, kind: Kind) -> bool {
        self.0 >> kind as u8 & 1 == 1
    }
}

impl From<Kind> for Kinds {
    fn from(kind: Kind) -> Kinds {
        Kinds(1 << kind as u8)
    }
}

impl BitOr for Kinds {
    type Output = Kinds;

    fn bitor(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }
}

/// One end of a range of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bound {
    pub(super) at: Decimal,
    /// Whether the bound itself is within.
    pub(super) closed: bool,
}

/// Values that are listed one by one.
#[derive(Debug, Default)]
pub(super) struct Values {
    pub(super) null: bool,
    /// `false` and `true`.
    pub(super) bools: [bool; 2],
    pub(super) numbers: Rc<[Decimal]>,
    pub(super) strings: Rc<[Rc<str>]>,
    /// Arrays and objects, each as a schema that only it satisfies.
    pub(super) composite: Vec<NodeId>,
}

/// What a schema says of members by their keys.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Properties {
    pub(super) named: Vec<(NameId, NodeId)>,
    pub(super) patterns: Vec<(LangId, NodeId)>,
    /// The schema of all other members.
    pub(super) additional: Option<NodeId>,
}

impl Properties {
    /// Adds what is said of a member: by its name (if it is a name of its own), by the patterns that its key
    /// matches, else of all others.
    pub(super) fn said(
        &self,
        name: Option<NameId>,
        mut matches: impl FnMut(LangId) -> Result<bool, BuildError>,
        out: &mut Vec<Literal>,
    ) -> Result<(), BuildError> {
        let before = out.len();
        let named = self.named.iter().filter(|(other, _)| Some(*other) == name);
        out.extend(named.map(|(_, node)| (*node, true)));
        for &(lang, node) in &self.patterns {
            if matches(lang)? {
                out.push((node, true));
            }
        }
        if out.len() == before {
            out.extend(self.additional.map(|node| (node, true)));
        }
        Ok(())
    }
}

/// What a schema says of items by their places.
#[derive(Debug, Default)]
pub(super) struct Items {
    pub(super) prefix: Vec<NodeId>,
    /// The schema of all other items.
    pub(super) rest: Option<NodeId>,
}

/// One assertion. Each is about values of some kinds, and true of all others.
#[derive(Debug)]
pub(super) enum Keyword {
    Kinds(Kinds),
    Values(Values),
    Low(Bound),
    High(Bound),
    Multiple(Decimal),
    MinLength(u32),
    MaxLength(u32),
    /// The string is in a set, or with `false` is not.
    Lang(LangId, bool),
    Properties(Rc<Properties>),
    Required(NameId),
    KeyNames(NodeId),
    MinMembers(u32),
    MaxMembers(u32),
    /// Where the first name is, the second is too.
    Needs(NameId, NameId),
    /// Where the name is, the object satisfies a schema.
    Implies(NameId, NodeId),
    Items(Rc<Items>),
    MinItems(u32),
    MaxItems(u32),
    /// At least and at most so many items satisfy a schema.
    Contains(NodeId, u32, Option<u32>),
    Unique,
    All(Vec<NodeId>),
    Any(Vec<NodeId>),
    One(Vec<NodeId>),
    Not(NodeId),
    /// Condition, consequence, alternative.
    If(NodeId, Option<NodeId>, Option<NodeId>),
}

impl Keyword {
    /// The kinds of values that it is about.
    pub(super) fn about(&self, kind: Kind) -> bool {
        match self {
            Keyword::Low(_) | Keyword::High(_) | Keyword::Multiple(_) => kind.is_number(),
            Keyword::MinLength(_) | Keyword::MaxLength(_) | Keyword::Lang(..) => kind == Kind::String,
            Keyword::Properties(_)
            | Keyword::Required(_)
            | Keyword::KeyNames(_)
            | Keyword::MinMembers(_)
            | Keyword::MaxMembers(_)
            | Keyword::Needs(..)
            | Keyword::Implies(..) => kind == Kind::Object,
            Keyword::Items(_)
            | Keyword::MinItems(_)
            | Keyword::MaxItems(_)
            | Keyword::Contains(..)
            | Keyword::Unique => kind == Kind::Array,
            Keyword::Kinds(_)
            | Keyword::Values(_)
            | Keyword::All(_)
            | Keyword::Any(_)
            | Keyword::One(_)
            | Keyword::Not(_)
            | Keyword::If(..) => true,
        }
    }

    /// The schemas that are about the same value.
    pub(super) fn in_place(&self) -> Vec<NodeId> {
        match self {
            Keyword::All(nodes) | Keyword::Any(nodes) | Keyword::One(nodes) => nodes.clone(),
            Keyword::Not(node) | Keyword::Implies(_, node) => vec![*node],
            Keyword::If(test, then, other) => [Some(*test), *then, *other].into_iter().flatten().collect(),
            Keyword::Values(values) => values.composite.clone(),
            _ => Vec::new(),
        }
    }

    /// The schemas that are about values within the value.
    pub(super) fn below(&self) -> Vec<NodeId> {
        match self {
            Keyword::Properties(properties) => {
                let named = properties.named.iter().map(|(_, node)| *node);
                let patterns = properties.patterns.iter().map(|(_, node)| *node);
                named.chain(patterns).chain(properties.additional).collect()
            }
            Keyword::Items(items) => items.prefix.iter().copied().chain(items.rest).collect(),
            Keyword::Contains(node, ..) => vec![*node],
            _ => Vec::new(),
        }
    }

    /// The names that it mentions.
    pub(super) fn names(&self) -> Vec<NameId> {
        match self {
            Keyword::Properties(properties) => properties.named.iter().map(|(name, _)| *name).collect(),
            Keyword::Required(name) | Keyword::Implies(name, _) => vec![*name],
            Keyword::Needs(name, other) => vec![*name, *other],
            _ => Vec::new(),
        }
    }
}

/// A schema.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// Where it stands in its document, as a JSON pointer.
    pub(super) pointer: String,
    pub(super) keywords: Vec<Keyword>,
    /// Whether a reference leads to it.
    pub(super) referenced: bool,
}
