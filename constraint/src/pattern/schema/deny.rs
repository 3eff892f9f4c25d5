//! Negation: the ways in which a keyword can fail.

use std::rc::Rc;

use super::expand::{Choice, Expander};
use super::node::{Bound, Keyword, Kind, NodeId, Properties};
use super::place::PlaceId;
use super::shape::{Atom, KeyIs, SomeItems, SomeMember};
use crate::error::BuildError;

impl Expander {
    /// The ways in which a keyword can fail.
    pub(super) fn denied(
        &mut self,
        keyword: &Keyword,
        node: NodeId,
        kind: Kind,
        place: PlaceId,
    ) -> Result<Choice, BuildError> {
        let each = |nodes: &[NodeId], is| nodes.iter().map(|&node| vec![Atom::Literal((node, is))]).collect();
        let none = |nodes: &[NodeId]| nodes.iter().map(|&node| Atom::Literal((node, false))).collect();
        Ok(match keyword {
            Keyword::All(nodes) => each(nodes, false),
            Keyword::Any(nodes) => vec![none(nodes)],
            Keyword::Not(node) => each(&[*node], true),
            Keyword::One(nodes) => {
                let mut choice = vec![none(nodes)];
                for (at, &a) in nodes.iter().enumerate() {
                    for &b in &nodes[at + 1..] {
                        if !self.are_disjoint(a, b, kind, place)? {
                            choice.push(vec![Atom::Literal((a, true)), Atom::Literal((b, true))]);
                        }
                    }
                }
                choice
            }
            &Keyword::If(test, then, other) => {
                let fails =
                    |is: bool, node: NodeId| vec![Atom::Literal((test, is)), Atom::Literal((node, false))];
                let then = then.map(|node| fails(true, node));
                then.into_iter().chain(other.map(|node| fails(false, node))).collect()
            }
            &Keyword::Implies(name, node) => vec![vec![Atom::Has(name, true), Atom::Literal((node, false))]],
            Keyword::Properties(properties) => self.properties_denied(properties, place)?,
            &Keyword::KeyNames(node) => self.key_names_denied(node, place)?,
            keyword => simply_denied(keyword, node, kind),
        })
    }

    fn properties_denied(
        &mut self,
        properties: &Rc<Properties>,
        place: PlaceId,
    ) -> Result<Choice, BuildError> {
        let mut choice = Vec::new();
        for name in self.places.names(place).clone().iter() {
            let mut said = Vec::new();
            self.says(properties, *name, &mut said)?;
            let fails = |(node, _)| vec![Atom::Has(*name, true), Atom::ValueOf(*name, (node, false))];
            choice.extend(said.into_iter().map(fails));
        }
        let some =
            |key: KeyIs, node: NodeId| vec![Atom::SomeMember(SomeMember { key, value: Some((node, false)) })];
        choice.extend(properties.patterns.iter().map(|&(lang, node)| some(KeyIs::Matching(lang), node)));
        choice.extend(properties.additional.map(|node| some(KeyIs::Unmatched(Rc::clone(properties)), node)));
        // What no value can fail to be is no way.
        choice.retain(|alternative| match alternative.last() {
            Some(Atom::ValueOf(_, literal) | Atom::SomeMember(SomeMember { value: Some(literal), .. })) => {
                !self.schemas.nodes[literal.0 as usize].keywords.is_empty()
            }
            _ => true,
        });
        Ok(choice)
    }

    fn key_names_denied(&mut self, node: NodeId, place: PlaceId) -> Result<Choice, BuildError> {
        let mut choice = Vec::new();
        for name in self.places.names(place).clone().iter() {
            if !self.is_key(&[(node, true)], *name)? {
                choice.push(vec![Atom::Has(*name, true)]);
            }
        }
        let key = KeyIs::Satisfying((node, false));
        choice.push(vec![Atom::SomeMember(SomeMember { key, value: None })]);
        Ok(choice)
    }
}

/// The ways in which a keyword can fail that needs no other schemas for it.
fn simply_denied(keyword: &Keyword, node: NodeId, kind: Kind) -> Choice {
    let one = |atom: Atom| vec![vec![atom]];
    let fewer = |count: u32, atom: fn(u32) -> Atom| count.checked_sub(1).map(|count| vec![atom(count)]);
    let literal = |node: NodeId| (node, false);
    match keyword {
        Keyword::Kinds(kinds) => {
            if kinds.contains(kind) {
                Vec::new()
            } else {
                vec![Vec::new()]
            }
        }
        Keyword::Values(values) => match kind {
            Kind::Null if values.null => Vec::new(),
            Kind::Null => vec![Vec::new()],
            Kind::Bool => one(Atom::Bools(values.bools.map(|listed| !listed))),
            Kind::Integer | Kind::Decimal => one(Atom::Numbers(Rc::clone(&values.numbers), false)),
            Kind::String => one(Atom::Strings(Rc::clone(&values.strings), false)),
            Kind::Array | Kind::Object => {
                vec![values.composite.iter().map(|&node| Atom::Literal((node, false))).collect()]
            }
        },
        Keyword::Low(bound) => one(Atom::High(Bound { at: bound.at, closed: !bound.closed })),
        Keyword::High(bound) => one(Atom::Low(Bound { at: bound.at, closed: !bound.closed })),
        Keyword::Multiple(of) => one(Atom::Multiple(*of, false)),
        Keyword::MinLength(count) => fewer(*count, Atom::MaxLength).into_iter().collect(),
        Keyword::MaxLength(count) => one(Atom::MinLength(count.saturating_add(1))),
        Keyword::Lang(lang, is) => one(Atom::Lang(*lang, !is)),
        Keyword::Required(name) => one(Atom::Has(*name, false)),
        Keyword::MinMembers(count) => fewer(*count, Atom::MaxMembers).into_iter().collect(),
        Keyword::MaxMembers(count) => one(Atom::MinMembers(count.saturating_add(1))),
        &Keyword::Needs(name, other) => vec![vec![Atom::Has(name, true), Atom::Has(other, false)]],
        Keyword::Items(items) => {
            let wrong = |(at, &node): (usize, &NodeId)| {
                vec![Atom::MinItems(at as u32 + 1), Atom::ItemAt(at as u32, literal(node))]
            };
            let from = items.prefix.len() as u32;
            let rest =
                |node| vec![Atom::SomeItems(SomeItems { literal: literal(node), from, min: 1, max: None })];
            items.prefix.iter().enumerate().map(wrong).chain(items.rest.map(rest)).collect()
        }
        Keyword::MinItems(count) => fewer(*count, Atom::MaxItems).into_iter().collect(),
        Keyword::MaxItems(count) => one(Atom::MinItems(count.saturating_add(1))),
        &Keyword::Contains(item, min, max) => {
            let few = match min {
                0 => None,
                1 => Some(vec![Atom::EachItem((item, false))]),
                _ => {
                    let some = SomeItems { literal: (item, true), from: 0, min: 0, max: Some(min - 1) };
                    Some(vec![Atom::SomeItems(some)])
                }
            };
            let many = max.map(|max| {
                let some =
                    SomeItems { literal: (item, true), from: 0, min: max.saturating_add(1), max: None };
                vec![Atom::SomeItems(some)]
            });
            few.into_iter().chain(many).collect()
        }
        Keyword::Unique => one(Atom::Repeated(node)),
        _ => Vec::new(),
    }
}
