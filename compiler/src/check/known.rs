//! What tests have shown about values: which constants a variable, or a field of one, can still be.
//!
//! A fact says "one of these constants" or "none of these", whatever the type; types are narrowed by it only
//! where the value is read. So a test of a field narrows the record around it, too: of a union of records
//! those members remain whose field can have such a value.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::hir::{Expr, ExprKind, VarId};
use crate::ir::{BinOp, Const, UnOp};
use crate::ty::{self, Ty};

/// A variable, or a field of it, and so on: what a condition can say something about.
pub(super) type Path = (VarId, Vec<String>);

/// More constants than this are not remembered of one value, since each is looked at where it is read.
const MOST: usize = 1000;

/// A constant without parts. Numbers that are equal are the same, int or float.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    /// Its bits; no whole number that is an int.
    Float(u64),
    Str(String),
}

impl Scalar {
    /// Of a constant; `None` if it has parts, or is a number of another kind.
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
    pub(super) fn of(value: &Const) -> Option<Scalar> {
        Some(match value {
            Const::Null => Scalar::Null,
            Const::Bool(value) => Scalar::Bool(*value),
            Const::Int(value) => Scalar::Int(*value),
            // 2^63 itself is no int, and would be cut to one.
            Const::Float(value) if value.fract() == 0.0 && value.abs() < 9_223_372_036_854_775_808.0 => {
                Scalar::Int(*value as i64)
            }
            Const::Float(value) => Scalar::Float(value.to_bits()),
            Const::Str(text) => Scalar::Str(text.clone()),
            Const::Number(_) | Const::List(_) | Const::Record(_) => return None,
        })
    }
}

/// What is known of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fact {
    /// It is one of these.
    Is(BTreeSet<Scalar>),
    /// It is none of these.
    Isnt(BTreeSet<Scalar>),
}

impl Fact {
    pub(super) fn not_null() -> Fact {
        Fact::Isnt(BTreeSet::from([Scalar::Null]))
    }

    /// Both hold.
    fn and(&self, other: &Fact) -> Fact {
        match (self, other) {
            (Fact::Is(a), Fact::Is(b)) => Fact::Is(a & b),
            (Fact::Is(a), Fact::Isnt(b)) | (Fact::Isnt(b), Fact::Is(a)) => Fact::Is(a - b),
            (Fact::Isnt(a), Fact::Isnt(b)) => Fact::Isnt(a | b),
        }
    }

    /// One of them holds.
    fn or(&self, other: &Fact) -> Fact {
        match (self, other) {
            (Fact::Is(a), Fact::Is(b)) => Fact::Is(a | b),
            (Fact::Is(a), Fact::Isnt(b)) | (Fact::Isnt(b), Fact::Is(a)) => Fact::Isnt(b - a),
            (Fact::Isnt(a), Fact::Isnt(b)) => Fact::Isnt(a & b),
        }
    }

    /// Whether it says nothing, or more than is remembered.
    fn is_useless(&self) -> bool {
        match self {
            Fact::Is(all) => all.len() > MOST,
            Fact::Isnt(all) => all.is_empty() || all.len() > MOST,
        }
    }

    /// Whether some value of a type, which is no union, can be so.
    fn allows(&self, ty: &Ty) -> bool {
        let constant = match ty {
            Ty::Null => Some(Scalar::Null),
            Ty::Lit(value) => match Scalar::of(value) {
                Some(value) => Some(value),
                None => return true,
            },
            _ => None,
        };
        match (self, constant) {
            (Fact::Is(all), Some(value)) => all.contains(&value),
            (Fact::Isnt(all), Some(value)) => !all.contains(&value),
            (Fact::Is(all), None) => all.iter().any(|value| may_be(ty, value)),
            (Fact::Isnt(all), None) => {
                let both = |value| all.contains(&Scalar::Bool(value));
                *ty != Ty::Bool || !(both(true) && both(false))
            }
        }
    }
}

/// Whether a constant may belong to a type that is neither a literal nor a union.
fn may_be(ty: &Ty, value: &Scalar) -> bool {
    match ty {
        Ty::Any | Ty::Error | Ty::Never => true,
        Ty::Bool => matches!(value, Scalar::Bool(_)),
        Ty::Int => matches!(value, Scalar::Int(_)),
        Ty::Float => matches!(value, Scalar::Int(_) | Scalar::Float(_)),
        Ty::Str => matches!(value, Scalar::Str(_)),
        _ => false,
    }
}

/// All facts at a place. Copies share them until one of them changes.
#[derive(Debug, Clone, Default)]
pub(super) struct Known(Rc<BTreeMap<Path, Fact>>);

impl Known {
    /// Whether nothing is known.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a fact.
    pub(super) fn learn(&mut self, path: Path, fact: Fact) {
        let all = self.0.get(&path).map_or_else(|| fact.clone(), |old| old.and(&fact));
        // Of two facts the older one is good, too, where both together are too long.
        if !all.is_useless() {
            Rc::make_mut(&mut self.0).insert(path, all);
        }
    }

    /// Keeps what is known of the variables that pass.
    pub(super) fn retain(&mut self, keep: impl Fn(VarId) -> bool) {
        if self.0.keys().any(|(root, _)| !keep(*root)) {
            Rc::make_mut(&mut self.0).retain(|(root, _), _| keep(*root));
        }
    }

    /// What is known where two ways meet.
    pub(super) fn meet(&mut self, other: &Known) {
        if Rc::ptr_eq(&self.0, &other.0) {
            return;
        }
        let both = self.0.iter().filter_map(|(path, fact)| {
            let fact = fact.or(other.0.get(path)?);
            (!fact.is_useless()).then(|| (path.clone(), fact))
        });
        self.0 = Rc::new(both.collect());
    }

    /// What is known where a condition holds, and where it does not.
    pub(super) fn after(&self, cond: &Expr) -> (Known, Known) {
        match &cond.kind {
            ExprKind::Unary(UnOp::Not, inner) => {
                let (yes, no) = self.after(inner);
                (no, yes)
            }
            ExprKind::And(left, right) => {
                let (left_yes, mut no) = self.after(left);
                let (yes, right_no) = left_yes.after(right);
                no.meet(&right_no);
                (yes, no)
            }
            ExprKind::Or(left, right) => {
                let (mut yes, left_no) = self.after(left);
                let (right_yes, no) = left_no.after(right);
                yes.meet(&right_yes);
                (yes, no)
            }
            _ => self.after_test(cond),
        }
    }

    fn after_test(&self, cond: &Expr) -> (Known, Known) {
        let (mut yes, mut no) = (self.clone(), self.clone());
        let Some((path, test)) = test(cond) else { return (yes, no) };
        let (holds, fails) = match test {
            Test::Equals(value) => (Fact::Is(BTreeSet::from([value.clone()])), equals_not(value)),
            Test::Differs(value) => (equals_not(value.clone()), Fact::Is(BTreeSet::from([value]))),
            Test::Among { all, some } => {
                let fails = Fact::Isnt(some.clone());
                if !all {
                    no.learn(path, fails);
                    return (yes, no);
                }
                (Fact::Is(some), fails)
            }
        };
        yes.learn(path.clone(), holds);
        no.learn(path, fails);
        (yes, no)
    }

    /// A type less what is known not to be there; `None` if that changes nothing.
    pub(super) fn narrow(&self, path: &Path, ty: &Ty) -> Option<Ty> {
        let (root, names) = path;
        let within = self
            .0
            .range(path.clone()..)
            .take_while(|((var, longer), _)| var == root && longer.starts_with(names));
        let facts: Vec<(&[String], &Fact)> =
            within.map(|((_, longer), fact)| (longer.get(names.len()..).unwrap_or_default(), fact)).collect();
        if facts.is_empty() {
            return None;
        }
        let (narrow, changed) = filter(ty, &|ty| facts.iter().all(|(names, fact)| can_be(ty, names, fact)));
        // That nothing remains, or only null, is of no use where a value is read.
        (changed && !matches!(narrow, Ty::Never | Ty::Null)).then_some(narrow)
    }
}

fn equals_not(value: Scalar) -> Fact {
    Fact::Isnt(BTreeSet::from([value]))
}

/// Whether a value of a type can have a part that a fact is true of. What lacks the part cannot: the part was
/// read before.
fn can_be(ty: &Ty, names: &[String], fact: &Fact) -> bool {
    let Some((name, rest)) = names.split_first() else { return fact.allows(ty) };
    match ty {
        Ty::Any | Ty::Error => true,
        _ => ty
            .field(name)
            .is_some_and(|field| field.read().alternatives().iter().any(|ty| can_be(ty, rest, fact))),
    }
}

/// The members of a type that pass, and whether one does not. A type by name keeps it unless it changes.
fn filter(ty: &Ty, keep: &impl Fn(&Ty) -> bool) -> (Ty, bool) {
    match ty {
        Ty::Union(members) => {
            let (members, changed): (Vec<Ty>, Vec<bool>) = members.iter().map(|m| filter(m, keep)).unzip();
            (ty::union(members), changed.contains(&true))
        }
        Ty::Named(_) => match filter(&ty.unfolded(), keep) {
            (narrow, true) => (narrow, true),
            _ => (ty.clone(), false),
        },
        _ if keep(ty) => (ty.clone(), false),
        _ => (Ty::Never, true),
    }
}

/// What a condition asks about a value.
enum Test {
    Equals(Scalar),
    Differs(Scalar),
    /// Whether it is one of a list: of `some`, which are all of it or not.
    Among {
        all: bool,
        some: BTreeSet<Scalar>,
    },
}

/// What a condition without parts asks, and about what.
fn test(cond: &Expr) -> Option<(Path, Test)> {
    if let ExprKind::Binary(op, left, right) = &cond.kind {
        return match op {
            BinOp::Eq | BinOp::Ne => {
                let one = |value: &Expr, with: &Expr| Some((path_of(plain(value))?, constant(with)?));
                let (path, value) = one(left, right).or_else(|| one(right, left))?;
                Some((path, if *op == BinOp::Eq { Test::Equals(value) } else { Test::Differs(value) }))
            }
            BinOp::In => Some((path_of(plain(left))?, among(right)?)),
            _ => None,
        };
    }
    let path = path_of(cond)?;
    match &cond.ty {
        ty if ty::fits(ty, &Ty::Bool) => Some((path, Test::Equals(Scalar::Bool(true)))),
        // `if x`: reported, and meant as a question.
        ty if ty.may_be_null() => Some((path, Test::Differs(Scalar::Null))),
        _ => None,
    }
}

fn among(list: &Expr) -> Option<Test> {
    let items: Vec<Option<Scalar>> = match &list.kind {
        ExprKind::List(items) => items.iter().map(constant).collect(),
        ExprKind::Const(Const::List(items)) => items.iter().map(Scalar::of).collect(),
        _ => return None,
    };
    Some(Test::Among { all: items.iter().all(Option::is_some), some: items.into_iter().flatten().collect() })
}

fn constant(expr: &Expr) -> Option<Scalar> {
    match &expr.kind {
        ExprKind::Const(value) => Scalar::of(value),
        _ => None,
    }
}

/// An int that was made a float is equal to what it was.
fn plain(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::IntToFloat(inner) => plain(inner),
        _ => expr,
    }
}

/// What an expression reads, if that is a variable or a field of one: values do not change in place, so the
/// same path gives the same value until the variable is set.
pub(super) fn path_of(expr: &Expr) -> Option<Path> {
    match &expr.kind {
        ExprKind::Narrowed(inner) => path_of(inner),
        ExprKind::Var(var) => Some((*var, Vec::new())),
        ExprKind::Field(base, name) => {
            let (root, mut names) = path_of(base)?;
            names.push(name.clone());
            Some((root, names))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All facts over few constants, and what they mean.
    fn facts() -> Vec<Fact> {
        let all = [Scalar::Null, Scalar::Bool(true), Scalar::Int(1), Scalar::Str("a".to_owned())];
        let sets = (0..16_u32).map(|bits| {
            let chosen = all.iter().enumerate().filter(|(at, _)| bits & (1 << at) != 0);
            chosen.map(|(_, value)| value.clone()).collect::<BTreeSet<Scalar>>()
        });
        sets.flat_map(|set| [Fact::Is(set.clone()), Fact::Isnt(set)]).collect()
    }

    fn holds(fact: &Fact, value: &Scalar) -> bool {
        match fact {
            Fact::Is(all) => all.contains(value),
            Fact::Isnt(all) => !all.contains(value),
        }
    }

    #[test]
    fn facts_together_say_what_each_value_says() {
        let values = [
            Scalar::Null,
            Scalar::Bool(true),
            Scalar::Bool(false),
            Scalar::Int(1),
            Scalar::Int(2),
            Scalar::Str("a".to_owned()),
        ];
        for a in &facts() {
            for b in &facts() {
                for value in &values {
                    assert_eq!(
                        holds(&a.and(b), value),
                        holds(a, value) && holds(b, value),
                        "{a:?} and {b:?}"
                    );
                    assert_eq!(holds(&a.or(b), value), holds(a, value) || holds(b, value), "{a:?} or {b:?}");
                }
            }
        }
    }

    #[test]
    fn equal_numbers_are_one_constant() {
        let of = |value: Const| Scalar::of(&value);
        assert_eq!(of(Const::Float(2.0)), of(Const::Int(2)));
        assert_eq!(of(Const::Float(-0.0)), of(Const::Int(0)));
        assert_ne!(of(Const::Float(2.5)), of(Const::Int(2)));
        assert_ne!(of(Const::Float(9.3e18)), of(Const::Int(i64::MAX)));
    }

    #[test]
    fn a_type_keeps_the_members_that_a_fact_allows() {
        let text = |text: &str| Ty::Lit(Const::Str(text.to_owned()));
        let field = |name: &str, ty: Ty| ty::Field { name: name.to_owned(), ty, optional: false };
        let a = Ty::Record(vec![field("kind", text("a")), field("x", Ty::Int)]);
        let b = Ty::Record(vec![field("kind", ty::union(vec![text("b"), text("c")]))]);
        let all = ty::union(vec![a.clone(), b.clone(), Ty::Null]);
        let root = (VarId(0), Vec::new());
        let is = |texts: &[&str]| Fact::Is(texts.iter().map(|t| Scalar::Str((*t).to_owned())).collect());
        let mut known = Known::default();
        assert_eq!(known.narrow(&root, &all), None);
        known.learn((VarId(0), vec!["kind".to_owned()]), is(&["a", "b"]));
        assert_eq!(known.narrow(&root, &all), Some(ty::union(vec![a, b.clone()])));
        known.learn((VarId(0), vec!["kind".to_owned()]), is(&["b", "z"]));
        assert_eq!(known.narrow(&root, &all), Some(b));
        known.learn((VarId(0), vec!["kind".to_owned()]), is(&["z"]));
        assert_eq!(known.narrow(&root, &all), None, "nothing remains");
        known.retain(|var| var != VarId(0));
        assert!(known.is_empty());
    }

    #[test]
    fn only_what_both_ways_know_is_known_where_they_meet() {
        let x = (VarId(0), Vec::new());
        let (mut a, mut b) = (Known::default(), Known::default());
        a.learn(x.clone(), Fact::not_null());
        a.learn((VarId(1), Vec::new()), Fact::not_null());
        b.learn(x.clone(), Fact::Is(BTreeSet::from([Scalar::Int(1)])));
        a.meet(&b);
        let nullable = ty::union(vec![Ty::Int, Ty::Null]);
        assert_eq!(a.narrow(&x, &nullable), Some(Ty::Int));
        assert_eq!(a.narrow(&(VarId(1), Vec::new()), &nullable), None);
    }
}
