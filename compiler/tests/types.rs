//! Relations between types against a naive model: a type is the set of its values, and small values are tried
//! one by one.

mod common;

use agentc_compiler::ir::Const;
use agentc_compiler::ty::{self, Field, NamedTy, NamedTypes, Ty};
use common::random::Random;

const KEYS: [&str; 2] = ["a", "b"];

/// Which types are made.
#[derive(Clone, Copy)]
struct Kinds {
    /// `json` and the items of an empty list.
    vague: bool,
    /// How many types there are by name.
    named: u32,
}

struct Maker {
    random: Random,
    names: NamedTypes,
    kinds: Kinds,
}

impl Maker {
    /// Names stand only inside records, lists and maps (`inside`).
    fn ty(&mut self, depth: usize, inside: bool) -> Ty {
        let simple = if depth == 0 { 10 } else { 14 };
        match self.random.below(simple + 3) {
            0 => Ty::Null,
            1 => Ty::Bool,
            2 => Ty::Int,
            3 => Ty::Float,
            4 => Ty::Str,
            5 => Ty::Lit(Const::Str("a".to_owned())),
            6 => Ty::Lit(Const::Int(1)),
            7 => Ty::Lit(Const::Float([1.0, 1.5][self.random.below(2)])),
            8 => Ty::Lit(Const::Bool(true)),
            9 if self.kinds.vague => [Ty::Any, Ty::Never][self.random.below(2)].clone(),
            9 => Ty::Str,
            10 | 11 if depth > 0 => {
                let members = (0..2 + self.random.below(2)).map(|_| self.ty(depth - 1, inside)).collect();
                ty::union(members)
            }
            12 if depth > 0 => Ty::list(self.ty(depth - 1, true)),
            13 if depth > 0 => Ty::Map(Box::new(self.ty(depth - 1, true))),
            _ if inside && self.kinds.named > 0 => self.name(),
            _ if depth > 0 => self.record(depth),
            _ => Ty::Int,
        }
    }

    fn name(&mut self) -> Ty {
        let id = u32::try_from(self.random.below(self.kinds.named as usize)).unwrap_or(0);
        self.names.named(id, "N")
    }

    fn record(&mut self, depth: usize) -> Ty {
        let mut fields = Vec::new();
        for name in KEYS {
            if self.random.below(3) > 0 {
                let ty = self.ty(depth - 1, true);
                fields.push(Field { name: name.to_owned(), ty, optional: self.random.below(3) == 0 });
            }
        }
        Ty::Record(fields)
    }
}

/// Types of a few levels, some of which contain themselves.
fn maker(seed: u64, kinds: Kinds) -> Maker {
    let mut maker = Maker { random: Random(seed), names: NamedTypes::default(), kinds };
    let types = (0..kinds.named).map(|_| NamedTy { name: "N".to_owned(), ty: maker.ty(2, false) });
    let types = types.collect();
    maker.names.define(types);
    maker
}

/// Some values of a type, fewer the deeper; `full` without empty lists and maps, unless there are no others.
fn values(ty: &Ty, depth: usize, full: bool) -> Vec<Const> {
    let text = |s: &str| Const::Str(s.to_owned());
    match ty {
        Ty::Error | Ty::Never => Vec::new(),
        Ty::Null => vec![Const::Null],
        Ty::Bool => vec![Const::Bool(true), Const::Bool(false)],
        Ty::Int => vec![Const::Int(1), Const::Int(2)],
        Ty::Float => vec![Const::Float(1.0), Const::Float(1.5), Const::Float(2.0)],
        Ty::Str => vec![text("a"), text("b")],
        Ty::Any => vec![Const::Null, Const::Int(1), text("a"), Const::List(vec![Const::Int(1)])],
        Ty::Lit(value) => vec![value.clone()],
        Ty::Union(members) => members.iter().flat_map(|m| values(m, depth, full)).collect(),
        Ty::Named(_) if depth == 0 => Vec::new(),
        Ty::Named(_) => values(&ty.unfolded(), depth - 1, full),
        Ty::List(item) => {
            let items = if depth == 0 { Vec::new() } else { values(item, depth - 1, full) };
            let empty = (!full || **item == Ty::Never).then(|| Const::List(Vec::new()));
            empty.into_iter().chain(items.into_iter().map(|v| Const::List(vec![v]))).collect()
        }
        Ty::Map(value) => {
            let inner = if depth == 0 { Vec::new() } else { values(value, depth - 1, full) };
            let empty = (!full || **value == Ty::Never).then(|| Const::Record(Vec::new()));
            // Records may ask for any of the keys, so maps of all of them are tried.
            let one = |v: &Const, keys: &[&str]| {
                Const::Record(keys.iter().map(|k| ((*k).to_owned(), v.clone())).collect())
            };
            let some = inner.iter().flat_map(|v| [one(v, &KEYS[..1]), one(v, &KEYS[1..]), one(v, &KEYS)]);
            empty.into_iter().chain(some).collect()
        }
        Ty::Record(fields) => records(fields, depth, full),
    }
}

fn records(fields: &[Field], depth: usize, full: bool) -> Vec<Const> {
    let mut all: Vec<Vec<(String, Const)>> = vec![Vec::new()];
    for field in fields {
        let inner = if depth == 0 { Vec::new() } else { values(&field.ty, depth - 1, full) };
        let mut next: Vec<Vec<(String, Const)>> = Vec::new();
        for record in &all {
            if field.optional {
                next.push(record.clone());
            }
            for value in inner.iter().take(8) {
                let more = record.iter().cloned().chain([(field.name.clone(), value.clone())]);
                next.push(more.collect());
            }
        }
        all = next;
    }
    all.into_iter().map(Const::Record).collect()
}

/// Whether a value belongs to a type; `lenient` if `1` and `1.0` are the same.
fn belongs(value: &Const, ty: &Ty, lenient: bool) -> bool {
    match (value, ty) {
        (_, Ty::Any | Ty::Error) => true,
        (_, Ty::Named(_)) => belongs(value, &ty.unfolded(), lenient),
        (_, Ty::Union(members)) => members.iter().any(|m| belongs(value, m, lenient)),
        (_, Ty::Lit(lit)) => value == lit || (lenient && same(value, lit)),
        (Const::Null, Ty::Null)
        | (Const::Bool(_), Ty::Bool)
        | (Const::Int(_), Ty::Int)
        | (Const::Float(_), Ty::Float)
        | (Const::Str(_), Ty::Str) => true,
        (Const::Int(_), Ty::Float) => lenient,
        (Const::Float(x), Ty::Int) => lenient && x.fract() == 0.0,
        (Const::List(items), Ty::List(item)) => items.iter().all(|v| belongs(v, item, lenient)),
        (Const::Record(entries), Ty::Map(value)) => entries.iter().all(|(_, v)| belongs(v, value, lenient)),
        (Const::Record(entries), Ty::Record(fields)) => {
            let find = |name: &str| entries.iter().find(|(n, _)| n == name).map(|(_, v)| v);
            entries.iter().all(|(n, _)| fields.iter().any(|f| f.name == *n))
                && fields.iter().all(|f| find(&f.name).map_or(f.optional, |v| belongs(v, &f.ty, lenient)))
        }
        _ => false,
    }
}

#[allow(clippy::cast_precision_loss)]
fn same(a: &Const, b: &Const) -> bool {
    match (a, b) {
        (Const::Int(x), Const::Float(y)) | (Const::Float(y), Const::Int(x)) => *x as f64 == *y,
        _ => a == b,
    }
}

/// Pairs of types, often of related ones, and the list of named types that keeps them alive.
fn pairs(count: u64, kinds: Kinds, mut look: impl FnMut(&Ty, &Ty)) {
    for seed in 1..=count {
        let mut maker = maker(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15), kinds);
        let (a, b) = (maker.ty(3, kinds.named > 0), maker.ty(3, kinds.named > 0));
        look(&a, &b);
        look(&b, &a);
        look(&a, &ty::union(vec![a.clone(), b.clone()]));
        look(&a, &a.unfolded());
        look(&a.unfolded(), &a);
    }
}

const PLAIN: Kinds = Kinds { vague: false, named: 0 };
const VAGUE: Kinds = Kinds { vague: true, named: 0 };
const RECURSIVE: Kinds = Kinds { vague: true, named: 3 };

#[test]
fn what_fits_belongs() {
    let mut fitting = 0;
    for kinds in [PLAIN, VAGUE, RECURSIVE] {
        pairs(20_000, kinds, |a, b| {
            if !ty::fits(a, b) {
                return;
            }
            fitting += 1;
            let converts = ty::takes_float(b) && matches!(a, Ty::Int | Ty::Lit(Const::Int(_)));
            for value in values(a, 4, false) {
                assert!(converts || belongs(&value, b, false), "{value} of {a} in {b}");
            }
        });
    }
    assert!(fitting > 100_000, "{fitting}");
}

#[test]
fn every_type_fits_itself_and_its_unions() {
    for kinds in [PLAIN, VAGUE, RECURSIVE] {
        pairs(5000, kinds, |a, b| {
            assert!(ty::fits(a, a) && ty::fits(&a.unfolded(), a) && ty::fits(a, &a.unfolded()), "{a}");
            assert!(ty::fits(a, &ty::union(vec![b.clone(), a.clone()])), "{a} in {b} | {a}");
            assert!(ty::fits(a, &Ty::Any) && ty::fits(&Ty::Never, a), "{a}");
        });
    }
}

#[test]
fn what_does_not_fit_has_a_value_that_does_not_belong() {
    let (mut exact, mut all) = (0, 0);
    pairs(20_000, PLAIN, |a, b| {
        if !ty::fits(a, b) && !values(a, 4, false).is_empty() {
            all += 1;
            exact += usize::from(values(a, 4, false).iter().any(|value| !belongs(value, b, false)));
        }
    });
    // It is not complete: a bool is not seen to be `true | false`, nor a record of a union a union of records.
    assert!(exact * 100 >= all * 97, "{exact} of {all}");
}

#[test]
fn overlap_is_a_common_value() {
    let (mut yes, mut no) = (0, 0);
    pairs(20_000, PLAIN, |a, b| {
        let common = |value: &Const| belongs(value, a, true) && belongs(value, b, true);
        let found = values(a, 4, true).iter().any(common) || values(b, 4, true).iter().any(common);
        assert_eq!(ty::overlap(a, b), found, "{a} and {b}");
        assert_eq!(ty::overlap(a, b), ty::overlap(b, a), "{a} and {b}");
        yes += usize::from(found);
        no += usize::from(!found);
    });
    assert!(yes > 10_000 && no > 10_000, "{yes} {no}");
}

#[test]
fn types_with_a_common_value_overlap() {
    pairs(20_000, RECURSIVE, |a, b| {
        let common = |value: &Const| belongs(value, a, true) && belongs(value, b, true);
        if values(a, 4, true).iter().any(common) {
            assert!(ty::overlap(a, b), "{a} and {b}");
        }
        assert_eq!(ty::overlap(a, b), ty::overlap(b, a), "{a} and {b}");
    });
}

#[test]
fn joins_and_unions_hold_both() {
    for kinds in [PLAIN, VAGUE, RECURSIVE] {
        pairs(10_000, kinds, |a, b| {
            let (join, either) = (ty::join(a, b), ty::either(a, b));
            let union = ty::union(vec![a.clone(), b.clone()]);
            for value in values(a, 4, false).into_iter().chain(values(b, 4, false)) {
                assert!(belongs(&value, &union, false), "{value} in {union}");
                assert!(belongs(&value, &either, false), "{value} in {either}");
                let converted = matches!(value, Const::Int(_)) && ty::takes_float(&join);
                assert!(converted || belongs(&value, &join, false), "{value} in {join}");
            }
        });
    }
}

#[test]
fn null_is_told_and_taken_away() {
    for kinds in [PLAIN, RECURSIVE] {
        pairs(10_000, kinds, |a, _| {
            let (bare, any) = (a.without_null(), a.alternatives().contains(&Ty::Any));
            for value in values(a, 4, false) {
                assert!(belongs(&value, &a.base(), false), "{value} of {a} in {}", a.base());
                assert_eq!(belongs(&value, &bare, false), value != Const::Null || any, "{value} of {a}");
                assert!(value != Const::Null || a.may_be_null(), "{a}");
            }
            assert!(any || !bare.may_be_null(), "{a}: {bare}");
        });
    }
}

#[test]
fn size_and_depth_count_nodes_and_levels() {
    let list = |ty: Ty| Ty::list(ty);
    let field = |name: &str, ty: Ty| Field { name: name.to_owned(), ty, optional: false };
    let record = Ty::Record(vec![field("a", list(Ty::Int)), field("b", Ty::Map(Box::new(Ty::Str)))]);
    assert_eq!((record.size(), record.depth()), (5, 2));
    let union = ty::union(vec![list(list(Ty::Int)), Ty::Null, list(Ty::Null)]);
    assert_eq!((union.size(), union.depth()), (7, 3));
    let names = NamedTypes::default();
    let tree = names.named(0, "Tree");
    names.define(vec![NamedTy {
        name: "Tree".to_owned(),
        ty: Ty::Record(vec![field("kids", list(tree.clone()))]),
    }]);
    assert_eq!((tree.size(), tree.depth(), tree.unfolded().size()), (1, 0, 3));
    assert_eq!(tree.to_string(), "Tree");
    assert_eq!(tree.unfolded().to_string(), "{kids: Tree[]}");
}

#[test]
fn types_of_the_same_form_fit_whatever_their_names() {
    let names = NamedTypes::default();
    let (a, b, c) = (names.named(0, "A"), names.named(1, "B"), names.named(2, "C"));
    let node = |next: &Ty, item: Ty| {
        let field = |name: &str, ty: Ty, optional| Field { name: name.to_owned(), ty, optional };
        Ty::Record(vec![field("item", item, false), field("next", next.clone(), true)])
    };
    let named = |name: &str, ty: Ty| NamedTy { name: name.to_owned(), ty };
    // A and B count in steps of one and of two, C holds something else further down.
    names.define(vec![
        named("A", node(&a, Ty::Int)),
        named("B", node(&node(&b, Ty::Int), Ty::Int)),
        named("C", node(&node(&c, Ty::Str), Ty::Int)),
    ]);
    assert!(ty::fits(&a, &b) && ty::fits(&b, &a) && ty::overlap(&a, &b));
    assert!(!ty::fits(&a, &c) && !ty::fits(&c, &a) && !ty::fits(&b, &c));
    assert!(ty::overlap(&a, &c), "a value of one step is of both");
    assert_eq!(ty::join(&a, &b), b);
}
