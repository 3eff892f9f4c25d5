//! The result of a conjunction of assertions about values of one kind.
//!
//! A [`Shape`] is a set of values for which an automaton can be written down directly. It is made by adding
//! [`Atom`]s, and work on it stops as soon as no value is left.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::decimal::Decimal;
use super::node::{Bound, Items, Kind, LangId, Literal, NameId, NodeId, Properties};

/// An assertion that is no choice.
#[derive(Debug, Clone)]
pub(super) enum Atom {
    Literal(Literal),
    Bools([bool; 2]),
    Low(Bound),
    High(Bound),
    Multiple(Decimal, bool),
    Numbers(Rc<[Decimal]>, bool),
    MinLength(u32),
    MaxLength(u32),
    Lang(LangId, bool),
    Strings(Rc<[Rc<str>]>, bool),
    MinItems(u32),
    MaxItems(u32),
    Items(Rc<Items>),
    ItemAt(u32, Literal),
    EachItem(Literal),
    SomeItems(SomeItems),
    /// No two items are equal.
    Unique(NodeId),
    Has(NameId, bool),
    MinMembers(u32),
    MaxMembers(u32),
    Properties(Rc<Properties>),
    ValueOf(NameId, Literal),
    KeyNames(Literal),
    SomeMember(SomeMember),
    /// Two items are equal: no automaton knows.
    Repeated(NodeId),
}

/// Items from a place on of which so many satisfy a schema.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SomeItems {
    pub(super) literal: Literal,
    pub(super) from: u32,
    pub(super) min: u32,
    pub(super) max: Option<u32>,
}

/// A member without a name of its own that has to be there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SomeMember {
    pub(super) key: KeyIs,
    pub(super) value: Option<Literal>,
}

/// Which keys are meant.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum KeyIs {
    Matching(LangId),
    /// Keys that are additional to some properties.
    Unmatched(Rc<Properties>),
    Satisfying(Literal),
}

/// Values of one kind.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    Null,
    Bool([bool; 2]),
    Number(NumberShape),
    String(StringShape),
    Array(ArrayShape),
    Object(ObjectShape),
}

#[derive(Debug, Clone, Default)]
pub(super) struct NumberShape {
    pub(super) low: Option<Bound>,
    pub(super) high: Option<Bound>,
    pub(super) multiples: Vec<(Decimal, bool)>,
    /// All there are, if they are listed.
    pub(super) values: Option<Vec<Decimal>>,
    pub(super) holes: Vec<Decimal>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct StringShape {
    pub(super) min: u32,
    pub(super) max: Option<u32>,
    pub(super) langs: Vec<(LangId, bool)>,
    pub(super) values: Option<Vec<Rc<str>>>,
    pub(super) holes: Vec<Rc<str>>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct ArrayShape {
    pub(super) min: u32,
    pub(super) max: Option<u32>,
    pub(super) items: Vec<Rc<Items>>,
    pub(super) at: Vec<(u32, Literal)>,
    pub(super) each: Vec<Literal>,
    pub(super) some: Vec<SomeItems>,
    /// The schema that wants all items to differ.
    pub(super) unique: Option<NodeId>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct ObjectShape {
    /// Names that must be there, or must not.
    pub(super) has: BTreeMap<NameId, bool>,
    /// A bit for each of them and of `values`, which others may share: most comparisons need no more.
    marks: u64,
    pub(super) min: u32,
    pub(super) max: Option<u32>,
    pub(super) properties: Vec<Rc<Properties>>,
    pub(super) values: Vec<(NameId, Literal)>,
    pub(super) keys: Vec<Literal>,
    pub(super) some: Vec<SomeMember>,
}

impl Shape {
    /// All values of a kind.
    pub(super) fn of(kind: Kind) -> Shape {
        match kind {
            Kind::Null => Shape::Null,
            Kind::Bool => Shape::Bool([true, true]),
            Kind::Integer | Kind::Decimal => Shape::Number(NumberShape::default()),
            Kind::String => Shape::String(StringShape::default()),
            Kind::Array => Shape::Array(ArrayShape::default()),
            Kind::Object => Shape::Object(ObjectShape::default()),
        }
    }

    /// About how much there is to copy.
    pub(super) fn weight(&self) -> usize {
        match self {
            Shape::Null | Shape::Bool(_) | Shape::Number(_) => 4,
            Shape::String(shape) => 4 + shape.holes.len() + shape.values.as_ref().map_or(0, Vec::len),
            Shape::Array(shape) => 4 + shape.items.len() + shape.at.len() + shape.some.len(),
            Shape::Object(shape) => 4 + shape.has.len() + shape.values.len() + shape.properties.len(),
        }
    }

    /// Adds an assertion; one about another kind says nothing. Whether anything may be left.
    pub(super) fn add(&mut self, atom: Atom) -> bool {
        match self {
            Shape::Null => true,
            Shape::Bool(allowed) => {
                if let Atom::Bools(these) = atom {
                    *allowed = [allowed[0] && these[0], allowed[1] && these[1]];
                }
                *allowed != [false, false]
            }
            Shape::Number(shape) => shape.add(atom),
            Shape::String(shape) => shape.add(atom),
            Shape::Array(shape) => shape.add(atom),
            Shape::Object(shape) => shape.add(atom),
        }
    }
}

impl NumberShape {
    fn add(&mut self, atom: Atom) -> bool {
        match atom {
            Atom::Low(bound) => {
                let tighter = |old: &Bound| bound.at > old.at || bound.at == old.at && !bound.closed;
                if self.low.as_ref().is_none_or(tighter) {
                    self.low = Some(bound);
                }
            }
            Atom::High(bound) => {
                let tighter = |old: &Bound| bound.at < old.at || bound.at == old.at && !bound.closed;
                if self.high.as_ref().is_none_or(tighter) {
                    self.high = Some(bound);
                }
            }
            Atom::Multiple(of, is) if !self.multiples.contains(&(of, is)) => self.multiples.push((of, is)),
            Atom::Numbers(these, true) => narrow(&mut self.values, &these),
            Atom::Numbers(these, false) => self.holes.extend(these.iter()),
            _ => {}
        }
        match (&self.low, &self.high) {
            (Some(low), Some(high)) if low.at > high.at => return false,
            (Some(low), Some(high)) if low.at == high.at && !(low.closed && high.closed) => return false,
            _ => {}
        }
        if let Some(mut values) = self.values.take() {
            values.retain(|value| self.contains(value));
            self.values = Some(values);
        }
        self.values.as_ref().is_none_or(|values| !values.is_empty())
    }

    /// Whether a number is within all bounds.
    pub(super) fn contains(&self, x: &Decimal) -> bool {
        self.low.is_none_or(|low| *x > low.at || low.closed && *x == low.at)
            && self.high.is_none_or(|high| *x < high.at || high.closed && *x == high.at)
            && self.multiples.iter().all(|(of, is)| x.is_multiple_of(of) == *is)
            && !self.holes.contains(x)
    }
}

impl StringShape {
    fn add(&mut self, atom: Atom) -> bool {
        match atom {
            Atom::MinLength(min) => self.min = self.min.max(min),
            Atom::MaxLength(max) => self.max = Some(self.max.map_or(max, |old| old.min(max))),
            Atom::Lang(lang, is) => {
                if self.langs.contains(&(lang, !is)) {
                    return false;
                }
                if !self.langs.contains(&(lang, is)) {
                    self.langs.push((lang, is));
                }
            }
            Atom::Strings(these, true) => narrow(&mut self.values, &these),
            Atom::Strings(these, false) => self.holes.extend(these.iter().cloned()),
            _ => {}
        }
        if let Some(mut values) = self.values.take() {
            values.retain(|value| self.has_length_of(value) && !self.holes.contains(value));
            self.values = Some(values);
        }
        self.max.is_none_or(|max| self.min <= max)
            && self.values.as_ref().is_none_or(|values| !values.is_empty())
    }

    fn has_length_of(&self, text: &str) -> bool {
        let len = text.chars().count() as u64;
        u64::from(self.min) <= len && self.max.is_none_or(|max| len <= u64::from(max))
    }
}

impl ArrayShape {
    fn add(&mut self, atom: Atom) -> bool {
        match atom {
            Atom::MinItems(min) => self.min = self.min.max(min),
            Atom::MaxItems(max) => self.max = Some(self.max.map_or(max, |old| old.min(max))),
            Atom::Items(items) => self.items.push(items),
            Atom::ItemAt(at, literal) => self.at.push((at, literal)),
            Atom::EachItem(literal) => self.each.push(literal),
            Atom::SomeItems(some) if !self.some.contains(&some) => self.some.push(some),
            Atom::Unique(node) => self.unique = Some(node),
            _ => {}
        }
        self.max.is_none_or(|max| self.min <= max)
    }
}

impl ObjectShape {
    fn add(&mut self, atom: Atom) -> bool {
        match atom {
            Atom::Has(name, has) => {
                self.marks |= 1 << ((name * 2 + u32::from(has)) % 32);
                if *self.has.entry(name).or_insert(has) != has {
                    return false;
                }
            }
            Atom::MinMembers(min) => self.min = self.min.max(min),
            Atom::MaxMembers(max) => self.max = Some(self.max.map_or(max, |old| old.min(max))),
            Atom::Properties(properties) => self.properties.push(properties),
            Atom::ValueOf(name, literal) if !self.values.contains(&(name, literal)) => {
                self.marks |= 1 << (32 + (name * 7 + literal.0) % 32);
                self.values.push((name, literal));
            }
            Atom::KeyNames(literal) => self.keys.push(literal),
            Atom::SomeMember(some) if !self.some.contains(&some) => self.some.push(some),
            _ => {}
        }
        let most = self.max.map_or(u64::MAX, u64::from);
        let required = self.has.values().filter(|has| **has).count() as u64;
        u64::from(self.min) <= most && required <= most
    }
}

impl Shape {
    /// Whether plainly every value of this shape is one of another of the same kind: it says all that the other says.
    pub(super) fn is_within(&self, other: &Shape) -> bool {
        match (self, other) {
            (Shape::Null, Shape::Null) => true,
            (Shape::Bool(a), Shape::Bool(b)) => (!a[0] || b[0]) && (!a[1] || b[1]),
            (Shape::Number(a), Shape::Number(b)) => a.is_within(b),
            (Shape::String(a), Shape::String(b)) => a.is_within(b),
            (Shape::Array(a), Shape::Array(b)) => a.is_within(b),
            (Shape::Object(a), Shape::Object(b)) => a.is_within(b),
            _ => false,
        }
    }
}

impl NumberShape {
    fn is_within(&self, other: &NumberShape) -> bool {
        let low = |a: Bound, b: Bound| a.at > b.at || a.at == b.at && (b.closed || !a.closed);
        let high = |a: Bound, b: Bound| a.at < b.at || a.at == b.at && (b.closed || !a.closed);
        other.low.is_none_or(|b| self.low.is_some_and(|a| low(a, b)))
            && other.high.is_none_or(|b| self.high.is_some_and(|a| high(a, b)))
            && all_in(&other.multiples, &self.multiples)
            && all_in(&other.holes, &self.holes)
            && lists_within(&self.values, &other.values)
    }
}

impl StringShape {
    fn is_within(&self, other: &StringShape) -> bool {
        self.min >= other.min
            && most_within(self.max, other.max)
            && all_in(&other.langs, &self.langs)
            && all_in(&other.holes, &self.holes)
            && lists_within(&self.values, &other.values)
    }
}

impl ArrayShape {
    fn is_within(&self, other: &ArrayShape) -> bool {
        self.min >= other.min
            && most_within(self.max, other.max)
            && other.items.iter().all(|items| self.items.iter().any(|own| Rc::ptr_eq(own, items)))
            && all_in(&other.at, &self.at)
            && all_in(&other.each, &self.each)
            && all_in(&other.some, &self.some)
            && (other.unique.is_none() || self.unique.is_some())
    }
}

impl ObjectShape {
    fn is_within(&self, other: &ObjectShape) -> bool {
        other.marks & !self.marks == 0
            && self.min >= other.min
            && most_within(self.max, other.max)
            && other.has.iter().all(|(name, has)| self.has.get(name) == Some(has))
            && other.properties.iter().all(|list| self.properties.iter().any(|own| Rc::ptr_eq(own, list)))
            && all_in(&other.values, &self.values)
            && all_in(&other.keys, &self.keys)
            && all_in(&other.some, &self.some)
    }
}

fn all_in<T: PartialEq>(these: &[T], those: &[T]) -> bool {
    these.iter().all(|one| those.contains(one))
}

fn most_within(a: Option<u32>, b: Option<u32>) -> bool {
    b.is_none_or(|b| a.is_some_and(|a| a <= b))
}

fn lists_within<T: PartialEq>(a: &Option<Vec<T>>, b: &Option<Vec<T>>) -> bool {
    b.as_ref().is_none_or(|b| a.as_ref().is_some_and(|a| all_in(a, b)))
}

/// Keeps of listed values those that are listed here, too.
fn narrow<T: Clone + PartialEq>(values: &mut Option<Vec<T>>, these: &[T]) {
    match values {
        Some(values) => values.retain(|value| these.contains(value)),
        None => {
            let mut listed: Vec<T> = Vec::with_capacity(these.len());
            listed.extend(these.iter().cloned());
            *values = Some(listed);
        }
    }
}
