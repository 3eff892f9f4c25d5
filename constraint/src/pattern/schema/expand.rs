//! From schemas to shapes: the Boolean algebra.
//!
//! What must hold at a place in a value is a *goal*: a conjunction of schemas and negated schemas. For each
//! kind of value a goal expands to a list of [`Shape`]s, of which a value must match at least one. Schemas
//! about members and items are not expanded along with it: they become goals of their own. So negation is
//! pushed through everything (`not {required: [a]}` is the absence of `a`, `not {properties: {a: S}}` the
//! presence of an `a` that is not `S`), and recursion needs no special treatment.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::node::{Keyword, Kind, Kinds, Literal, NameId, NodeId, Properties};
use super::place::{PlaceId, Places, Step};
use super::read::Schemas;
use super::shape::{ArrayShape, Atom, ObjectShape, Shape, SomeItems};
use super::strings::Strings;
use crate::error::BuildError;
use crate::limits::{Limit, Limits};

/// Index of a goal.
pub(super) type GoalId = u32;

/// The goal that nothing satisfies.
pub(super) const NEVER: GoalId = 0;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Goal {
    literals: Vec<Literal>,
    place: PlaceId,
}

/// See the module's description.
#[derive(Debug)]
pub(super) struct Expander {
    pub(super) schemas: Rc<Schemas>,
    pub(super) places: Places,
    pub(super) strings: Strings,
    goals: Vec<Goal>,
    index: FxHashMap<Goal, GoalId>,
    shapes: FxHashMap<(GoalId, Kind), Rc<[Shape]>>,
    empty: FxHashMap<(GoalId, Kind), bool>,
    steps: usize,
    limit: usize,
    /// [`Limits::alternatives`]
    most_shapes: usize,
}

/// Alternatives, of which one has to hold; each is a conjunction.
pub(super) type Choice = Vec<Vec<Atom>>;

/// A conjunction under way.
#[derive(Clone)]
struct State {
    shape: Shape,
    literals: Vec<Literal>,
    open: Vec<Atom>,
    choices: Vec<Choice>,
}

impl State {
    /// About how much there is to copy.
    fn weight(&self) -> usize {
        let choices: usize = self.choices.iter().flatten().map(|alternative| alternative.len() + 2).sum();
        choices + self.literals.len() + self.shape.weight()
    }
}

impl Expander {
    pub(super) fn new(schemas: Schemas, limits: &Limits) -> Expander {
        let never = Goal { literals: Vec::new(), place: PlaceId::MAX };
        Expander {
            places: Places::new(&schemas),
            strings: Strings::new(limits),
            schemas: Rc::new(schemas),
            goals: vec![never],
            index: FxHashMap::default(),
            shapes: FxHashMap::default(),
            empty: FxHashMap::default(),
            steps: 0,
            limit: limits.schema_steps,
            most_shapes: limits.alternatives,
        }
    }

    /// The goal of a whole document.
    pub(super) fn root(&mut self) -> GoalId {
        let schemas = Rc::clone(&self.schemas);
        let place = self.places.of(&schemas, &[schemas.root]);
        self.goal(vec![(schemas.root, true)], place)
    }

    /// The goal of some literals at a place.
    fn goal(&mut self, literals: Vec<Literal>, place: PlaceId) -> GoalId {
        let schemas = Rc::clone(&self.schemas);
        let mut simple: Vec<Literal> = Vec::with_capacity(literals.len());
        for literal in literals {
            let (node, is) = resolved(&schemas, literal);
            match &schemas.nodes[node as usize].keywords[..] {
                [] if is => continue,
                [] => return NEVER,
                [Keyword::Kinds(kinds)] if *kinds == Kinds::NONE && is => return NEVER,
                [Keyword::Kinds(kinds)] if *kinds == Kinds::NONE => continue,
                _ => simple.push((node, is)),
            }
        }
        simple.sort_unstable();
        simple.dedup();
        if simple.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return NEVER;
        }
        let goal = Goal { literals: simple, place };
        if let Some(&id) = self.index.get(&goal) {
            return id;
        }
        let id = self.goals.len() as GoalId;
        self.goals.push(goal.clone());
        self.index.insert(goal, id);
        id
    }

    /// Whether every value satisfies a goal, in whatever order its members are.
    pub(super) fn is_anything(&self, goal: GoalId) -> bool {
        let Goal { literals, place } = &self.goals[goal as usize];
        literals.is_empty() && *place == super::place::NOWHERE
    }

    pub(super) fn place(&self, goal: GoalId) -> PlaceId {
        self.goals[goal as usize].place
    }

    /// Whether references lead to what a goal is made of: then it may lead to itself.
    pub(super) fn is_shared(&self, goal: GoalId) -> bool {
        let mut open: Vec<NodeId> = self.goals[goal as usize].literals.iter().map(|lit| lit.0).collect();
        let mut seen = rustc_hash::FxHashSet::default();
        while let Some(node) = open.pop() {
            if !seen.insert(node) {
                continue;
            }
            let node = &self.schemas.nodes[node as usize];
            if node.referenced {
                return true;
            }
            open.extend(node.keywords.iter().flat_map(Keyword::in_place));
        }
        false
    }

    /// The goal of a member with a name of the place's.
    pub(super) fn member(
        &mut self,
        place: PlaceId,
        shape: &ObjectShape,
        name: NameId,
    ) -> Result<GoalId, BuildError> {
        let mut literals: Vec<Literal> = Vec::new();
        for properties in &shape.properties {
            self.says(properties, name, &mut literals)?;
        }
        literals.extend(shape.values.iter().filter(|(other, _)| *other == name).map(|(_, literal)| *literal));
        Ok(self.below(place, Step::Name(name), literals))
    }

    /// The goal of an item, and of one that has to satisfy `more`.
    pub(super) fn item(&mut self, place: PlaceId, shape: &ArrayShape, at: u32, more: &[Literal]) -> GoalId {
        let lists = shape.items.iter();
        let listed = lists.filter_map(|items| items.prefix.get(at as usize).copied().or(items.rest));
        let mut literals: Vec<Literal> = listed.map(|node| (node, true)).collect();
        literals.extend(shape.at.iter().filter(|(place, _)| *place == at).map(|(_, literal)| *literal));
        literals.extend(&shape.each);
        literals.extend(more);
        self.below(place, Step::Item(at), literals)
    }

    /// From which item on all items have the same goal.
    pub(super) fn alike(&self, shape: &ArrayShape, place: PlaceId) -> u32 {
        let lists = shape.items.iter().map(|items| items.prefix.len() as u32);
        let single = shape.at.iter().map(|(at, _)| at + 1);
        lists.chain(single).chain([self.places.alike(place)]).max().unwrap_or(0)
    }

    /// A goal about what is within a value.
    pub(super) fn below(&mut self, place: PlaceId, step: Step, literals: Vec<Literal>) -> GoalId {
        let schemas = Rc::clone(&self.schemas);
        let place = self.places.step(&schemas, place, step);
        self.goal(literals, place)
    }

    /// Adds what properties say of the member with a name.
    pub(super) fn says(
        &mut self,
        properties: &Properties,
        name: NameId,
        out: &mut Vec<Literal>,
    ) -> Result<(), BuildError> {
        let schemas = Rc::clone(&self.schemas);
        let text = &schemas.names[name as usize];
        properties.said(Some(name), |lang| self.strings.contains(&schemas, lang, text), out)
    }

    /// Whether a name satisfies what is said of keys.
    pub(super) fn is_key(&mut self, literals: &[Literal], name: NameId) -> Result<bool, BuildError> {
        let schemas = Rc::clone(&self.schemas);
        let text = &schemas.names[name as usize];
        for shape in self.key_shapes(literals)?.iter() {
            if let Shape::String(shape) = shape
                && self.strings.is_in(&schemas, shape, text)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What keys have to be, where something is said of them.
    pub(super) fn key_shapes(&mut self, literals: &[Literal]) -> Result<Rc<[Shape]>, BuildError> {
        let goal = self.goal(literals.to_vec(), super::place::NOWHERE);
        self.shapes(goal, Kind::String)
    }

    /// The values of a kind that satisfy a goal: those in any of these shapes.
    pub(super) fn shapes(&mut self, goal: GoalId, kind: Kind) -> Result<Rc<[Shape]>, BuildError> {
        if let Some(shapes) = self.shapes.get(&(goal, kind)) {
            return Ok(Rc::clone(shapes));
        }
        let Goal { literals, place } = self.goals[goal as usize].clone();
        let mut found = Vec::new();
        if goal != NEVER {
            let open = literals.into_iter().map(Atom::Literal).rev().collect();
            let state = State { shape: Shape::of(kind), literals: Vec::new(), open, choices: Vec::new() };
            self.search(state, kind, place, &mut found)?;
        }
        let shapes: Rc<[Shape]> = found.into();
        self.shapes.insert((goal, kind), Rc::clone(&shapes));
        Ok(shapes)
    }

    /// Whether certainly no value of a kind satisfies a goal.
    fn is_empty(&mut self, goal: GoalId, kind: Kind) -> Result<bool, BuildError> {
        if let Some(&empty) = self.empty.get(&(goal, kind)) {
            return Ok(empty);
        }
        // A goal that needs itself is not found empty; nothing is lost by that.
        self.empty.insert((goal, kind), false);
        let empty = self.shapes(goal, kind)?.is_empty();
        self.empty.insert((goal, kind), empty);
        Ok(empty)
    }

    /// Whether certainly no value satisfies a goal.
    pub(super) fn is_unsatisfiable(&mut self, goal: GoalId) -> Result<bool, BuildError> {
        for kind in Kind::ALL {
            if !self.is_empty(goal, kind)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether two schemas share no value of a kind.
    pub(super) fn are_disjoint(
        &mut self,
        a: NodeId,
        b: NodeId,
        kind: Kind,
        place: PlaceId,
    ) -> Result<bool, BuildError> {
        let goal = self.goal(vec![(a, true), (b, true)], place);
        self.is_empty(goal, kind)
    }

    /// Takes steps from the budget.
    fn charge(&mut self, steps: usize) -> Result<(), BuildError> {
        self.steps = self.steps.saturating_add(steps);
        let (what, limit) = (Limit::SchemaSteps, self.limit);
        if self.steps > limit { Err(BuildError::TooLarge { what, limit }) } else { Ok(()) }
    }

    /// Finds the shapes of a conjunction, choice by choice.
    fn search(
        &mut self,
        mut state: State,
        kind: Kind,
        place: PlaceId,
        out: &mut Vec<Shape>,
    ) -> Result<(), BuildError> {
        while let Some(atom) = state.open.pop() {
            self.charge(1)?;
            if !self.add(&mut state, atom, kind, place)? {
                return Ok(());
            }
        }
        let narrowest = (0..state.choices.len()).min_by_key(|&at| state.choices[at].len());
        let Some(narrowest) = narrowest else {
            self.charge(1 + out.len() * (1 + state.shape.weight() / 64))?;
            if out.len() >= self.most_shapes {
                return Err(BuildError::TooLarge { what: Limit::Alternatives, limit: self.most_shapes });
            }
            // What another shape says already need not be said again.
            if self.may_hold(&mut state.shape, place)?
                && !out.iter().any(|other| state.shape.is_within(other))
            {
                out.retain(|other| !other.is_within(&state.shape));
                out.push(state.shape);
            }
            return Ok(());
        };
        let choice = state.choices.swap_remove(narrowest);
        for mut alternative in choice {
            self.charge(1 + state.weight() / 16)?;
            alternative.reverse();
            let state = State { open: alternative, ..state.clone() };
            self.search(state, kind, place, out)?;
        }
        Ok(())
    }

    /// Adds an assertion; whether anything may be left.
    fn add(&mut self, state: &mut State, atom: Atom, kind: Kind, place: PlaceId) -> Result<bool, BuildError> {
        match atom {
            Atom::Literal(literal) => {
                let (node, is) = resolved(&self.schemas.clone(), literal);
                if state.literals.contains(&(node, is)) {
                    return Ok(true);
                }
                if state.literals.contains(&(node, !is)) {
                    return Ok(false);
                }
                state.literals.push((node, is));
                if is { self.assert(state, node, kind, place) } else { self.deny(state, node, kind, place) }
            }
            Atom::Repeated(node) => Err(self.cannot(node, "that items repeat cannot be asked for")),
            atom => Ok(state.shape.add(atom)),
        }
    }

    fn cannot(&self, node: NodeId, reason: &str) -> BuildError {
        let at = format!("#{}", self.schemas.nodes[node as usize].pointer);
        BuildError::SchemaKeyword { at, reason: reason.to_owned() }
    }

    /// A schema holds: so do all its keywords.
    fn assert(
        &mut self,
        state: &mut State,
        node: NodeId,
        kind: Kind,
        place: PlaceId,
    ) -> Result<bool, BuildError> {
        let schemas = Rc::clone(&self.schemas);
        for keyword in schemas.nodes[node as usize].keywords.iter().filter(|keyword| keyword.about(kind)) {
            let mut choice = match keyword {
                Keyword::Kinds(kinds) if !kinds.contains(kind) => return Ok(false),
                Keyword::Any(nodes) => nodes.iter().map(|&node| vec![Atom::Literal((node, true))]).collect(),
                Keyword::One(nodes) => self.exactly_one(nodes, kind, place)?,
                &Keyword::If(test, then, other) => {
                    let branch = |is: bool, node: Option<NodeId>| {
                        let test = Atom::Literal((test, is));
                        std::iter::once(test).chain(node.map(|node| Atom::Literal((node, true)))).collect()
                    };
                    vec![branch(true, then), branch(false, other)]
                }
                &Keyword::Needs(name, other) => {
                    vec![vec![Atom::Has(name, false)], vec![Atom::Has(name, true), Atom::Has(other, true)]]
                }
                &Keyword::Implies(name, node) => {
                    let then = Atom::Literal((node, true));
                    vec![vec![Atom::Has(name, false)], vec![Atom::Has(name, true), then]]
                }
                Keyword::Values(values) if matches!(kind, Kind::Array | Kind::Object) => {
                    values.composite.iter().map(|&node| vec![Atom::Literal((node, true))]).collect()
                }
                Keyword::Values(values) if kind == Kind::Null && !values.null => return Ok(false),
                simple => vec![asserted(simple, node)],
            };
            choice.retain(|alternative| !schemas.is_hopeless(alternative, kind));
            match choice.len() {
                0 => return Ok(false),
                1 => state.open.extend(choice.pop().into_iter().flatten()),
                _ => state.choices.push(choice),
            }
        }
        Ok(true)
    }

    /// One schema of several holds, and no other.
    fn exactly_one(&mut self, nodes: &[NodeId], kind: Kind, place: PlaceId) -> Result<Choice, BuildError> {
        let mut choice = Vec::new();
        for (at, &node) in nodes.iter().enumerate() {
            let mut alternative = vec![Atom::Literal((node, true))];
            if self.schemas.is_hopeless(&alternative, kind) {
                continue;
            }
            for (_, &other) in nodes.iter().enumerate().filter(|(place, _)| *place != at) {
                if !self.are_disjoint(node, other, kind, place)? {
                    alternative.push(Atom::Literal((other, false)));
                }
            }
            choice.push(alternative);
        }
        Ok(choice)
    }

    /// A schema does not hold: one of its keywords does not.
    fn deny(
        &mut self,
        state: &mut State,
        node: NodeId,
        kind: Kind,
        place: PlaceId,
    ) -> Result<bool, BuildError> {
        let schemas = Rc::clone(&self.schemas);
        let mut choice: Choice = Vec::new();
        for keyword in schemas.nodes[node as usize].keywords.iter().filter(|keyword| keyword.about(kind)) {
            choice.extend(self.denied(keyword, node, kind, place)?);
        }
        choice.retain(|alternative| !schemas.is_hopeless(alternative, kind));
        if choice.iter().any(Vec::is_empty) {
            return Ok(true);
        }
        match choice.len() {
            0 => return Ok(false),
            1 => state.open.extend(choice.pop().into_iter().flatten()),
            _ => state.choices.push(choice),
        }
        Ok(true)
    }

    /// Whether a shape may have values. Narrows what can be narrowed.
    fn may_hold(&mut self, shape: &mut Shape, place: PlaceId) -> Result<bool, BuildError> {
        match shape {
            Shape::String(shape) => {
                let schemas = Rc::clone(&self.schemas);
                self.strings.narrow(&schemas, shape)
            }
            Shape::Object(shape) => self.object_may_hold(shape, place),
            Shape::Array(shape) => {
                for at in 0..shape.min.min(self.alike(shape, place) + 1) {
                    let goal = self.item(place, shape, at, &[]);
                    if self.is_unsatisfiable(goal)? {
                        return Ok(false);
                    }
                }
                let most = u64::from(shape.max.unwrap_or(u32::MAX));
                let some = shape.some.iter().filter(|some| some.min > 0);
                let needed = some.map(|some| u64::from(some.from) + u64::from(some.min)).max().unwrap_or(0);
                Ok(u64::from(shape.min).max(needed) <= most)
            }
            _ => Ok(true),
        }
    }

    /// Looks at the members that have to be there only, and first at those that are listed: these tell
    /// alternatives apart.
    fn object_may_hold(&mut self, shape: &ObjectShape, place: PlaceId) -> Result<bool, BuildError> {
        let mut goals = Vec::new();
        for (&name, _) in shape.has.iter().filter(|(_, has)| **has) {
            if !shape.keys.is_empty() && !self.is_key(&shape.keys, name)? {
                return Ok(false);
            }
            goals.push(self.member(place, shape, name)?);
        }
        goals.sort_by_key(|&goal| !self.is_listed(goal));
        for goal in goals {
            if self.is_unsatisfiable(goal)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a schema of a goal lists its values.
    fn is_listed(&self, goal: GoalId) -> bool {
        let nodes = self.goals[goal as usize].literals.iter().filter(|(_, is)| *is);
        let mut keywords = nodes.flat_map(|(node, _)| &self.schemas.nodes[*node as usize].keywords);
        goal == NEVER || keywords.any(|keyword| matches!(keyword, Keyword::Values(_)))
    }

    /// The goal of a member with a name, if it can be there.
    pub(super) fn possible_member(
        &mut self,
        place: PlaceId,
        shape: &ObjectShape,
        name: NameId,
    ) -> Result<Option<GoalId>, BuildError> {
        if shape.has.get(&name) == Some(&false)
            || !shape.keys.is_empty() && !self.is_key(&shape.keys, name)?
        {
            return Ok(None);
        }
        let goal = self.member(place, shape, name)?;
        Ok(if self.is_unsatisfiable(goal)? { None } else { Some(goal) })
    }
}

impl Schemas {
    /// Whether an alternative plainly asks for another kind of value.
    fn is_hopeless(&self, alternative: &[Atom], kind: Kind) -> bool {
        alternative.iter().any(|atom| match atom {
            Atom::Literal((node, true)) => {
                let kinds =
                    |keyword: &Keyword| matches!(keyword, Keyword::Kinds(kinds) if !kinds.contains(kind));
                self.nodes[*node as usize].keywords.iter().any(kinds)
            }
            _ => false,
        })
    }
}

/// What a literal comes to if its schema only names another.
fn resolved(schemas: &Schemas, (mut node, mut is): Literal) -> Literal {
    for _ in 0..schemas.nodes.len() {
        match &schemas.nodes[node as usize].keywords[..] {
            [Keyword::All(nodes) | Keyword::Any(nodes) | Keyword::One(nodes)] if nodes.len() == 1 => {
                node = nodes[0]
            }
            [Keyword::Not(other)] => (node, is) = (*other, !is),
            _ => break,
        }
    }
    (node, is)
}

/// What a keyword that offers no choice asserts.
fn asserted(keyword: &Keyword, node: NodeId) -> Vec<Atom> {
    match keyword {
        Keyword::Kinds(_) => Vec::new(),
        Keyword::Values(values) => vec![
            Atom::Bools(values.bools),
            Atom::Numbers(Rc::clone(&values.numbers), true),
            Atom::Strings(Rc::clone(&values.strings), true),
        ],
        Keyword::Low(bound) => vec![Atom::Low(*bound)],
        Keyword::High(bound) => vec![Atom::High(*bound)],
        Keyword::Multiple(of) => vec![Atom::Multiple(*of, true)],
        Keyword::MinLength(count) => vec![Atom::MinLength(*count)],
        Keyword::MaxLength(count) => vec![Atom::MaxLength(*count)],
        Keyword::Lang(lang, is) => vec![Atom::Lang(*lang, *is)],
        Keyword::Properties(properties) => vec![Atom::Properties(Rc::clone(properties))],
        Keyword::Required(name) => vec![Atom::Has(*name, true)],
        Keyword::KeyNames(node) => vec![Atom::KeyNames((*node, true))],
        Keyword::MinMembers(count) => vec![Atom::MinMembers(*count)],
        Keyword::MaxMembers(count) => vec![Atom::MaxMembers(*count)],
        Keyword::Items(items) => vec![Atom::Items(Rc::clone(items))],
        Keyword::MinItems(count) => vec![Atom::MinItems(*count)],
        Keyword::MaxItems(count) => vec![Atom::MaxItems(*count)],
        &Keyword::Contains(literal, min, max) => {
            vec![Atom::SomeItems(SomeItems { literal: (literal, true), from: 0, min, max })]
        }
        Keyword::Unique => vec![Atom::Unique(node)],
        Keyword::All(nodes) => nodes.iter().map(|&node| Atom::Literal((node, true))).collect(),
        Keyword::Not(node) => vec![Atom::Literal((*node, false))],
        Keyword::Any(_) | Keyword::One(_) | Keyword::If(..) | Keyword::Needs(..) | Keyword::Implies(..) => {
            Vec::new()
        }
    }
}
