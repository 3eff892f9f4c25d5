//! How types relate: what fits where, and what two types have in common.
//!
//! Types that contain themselves are compared in the usual way for recursive types: a pair that is already
//! being compared is assumed to fit (or overlap), and if nothing contradicts that, it does.

use super::{Field, Ty, of_const, union};
use crate::ir::Const;

/// The type of a value that is one or the other: of two branches, of two items of a list.
pub fn join(a: &Ty, b: &Ty) -> Ty {
    joined(a, b, fits)
}

/// [`join`] where nothing can be converted any more: an int or a float stays what it is.
pub fn either(a: &Ty, b: &Ty) -> Ty {
    joined(a, b, |a, b| a == b || Fitting::default().fits(a, b))
}

fn joined(a: &Ty, b: &Ty, fits: fn(&Ty, &Ty) -> bool) -> Ty {
    let (a, b) = (a.widened(), b.widened());
    if a == Ty::Error || b == Ty::Error {
        return Ty::Error;
    }
    if fits(&a, &b) {
        return b;
    }
    if fits(&b, &a) {
        return a;
    }
    if let (Ty::List(x), Ty::List(y)) = (&a, &b)
        && (x.has_never() || y.has_never())
    {
        return Ty::list(either(x, y));
    }
    union(vec![a, b])
}

/// Whether every value of `from` is good where `to` is wanted. An int is good for a float (and converted).
pub fn fits(from: &Ty, to: &Ty) -> bool {
    match from {
        Ty::Int | Ty::Lit(Const::Int(_)) if takes_float(to) => true,
        // The usual case, and the one in which looking at each pair of two unions' members costs most.
        _ if from == to => true,
        _ => Fitting::default().fits(from, to),
    }
}

/// Whether an int that comes here has to become a float.
pub fn takes_float(to: &Ty) -> bool {
    match to {
        Ty::Float => true,
        // Most unions are long lists of literals: these are not copied.
        Ty::Union(members) if !members.iter().any(|m| matches!(m, Ty::Float | Ty::Named(_))) => false,
        Ty::Union(_) | Ty::Named(_) => {
            let members = to.alternatives();
            members.contains(&Ty::Float) && !members.iter().any(|m| Fitting::default().fits(&Ty::Int, m))
        }
        _ => false,
    }
}

/// Pairs of types one of which contains itself.
#[derive(Default)]
struct Pairs {
    /// Pairs that are being looked at, or are related if those around them are.
    assumed: Vec<(Ty, Ty)>,
    /// Pairs that are not related, whatever else is: they are looked at once.
    refuted: Vec<(Ty, Ty)>,
}

impl Pairs {
    fn has(pairs: &[(Ty, Ty)], a: &Ty, b: &Ty) -> bool {
        pairs.iter().any(|(x, y)| x == a && y == b)
    }
}

/// A relation of types, which remembers the pairs that it has looked at.
trait Relation {
    fn pairs(&mut self) -> &mut Pairs;

    fn assuming(&mut self, a: &Ty, b: &Ty, look: impl FnOnce(&mut Self) -> bool) -> bool {
        let pairs = self.pairs();
        if Pairs::has(&pairs.assumed, a, b) {
            return true;
        }
        if Pairs::has(&pairs.refuted, a, b) {
            return false;
        }
        let before = pairs.assumed.len();
        pairs.assumed.push((a.clone(), b.clone()));
        let related = look(self);
        if !related {
            let pairs = self.pairs();
            // What was found to be related meanwhile may have counted on this pair.
            pairs.assumed.truncate(before);
            pairs.refuted.push((a.clone(), b.clone()));
        }
        related
    }
}

/// [`fits`] without conversion: what holds inside lists and records, too.
#[derive(Default)]
struct Fitting(Pairs);

impl Relation for Fitting {
    fn pairs(&mut self) -> &mut Pairs {
        &mut self.0
    }
}

impl Fitting {
    fn fits(&mut self, from: &Ty, to: &Ty) -> bool {
        match (from, to) {
            (Ty::Error | Ty::Never, _) | (_, Ty::Error | Ty::Any) => true,
            (Ty::Named(a), Ty::Named(b)) if a == b => true,
            (Ty::Union(members), _) => members.iter().all(|m| self.fits(m, to)),
            (Ty::Named(_), Ty::Union(members)) if members.contains(from) => true,
            (Ty::Named(_), _) => self.assuming(from, to, |s| s.fits(&from.unfolded(), to)),
            (_, Ty::Union(members)) => members.iter().any(|m| self.fits(from, m)),
            (_, Ty::Named(_)) => self.assuming(from, to, |s| s.fits(from, &to.unfolded())),
            (Ty::Lit(a), Ty::Lit(b)) => a == b,
            (Ty::Lit(a), _) => of_const(a) == *to,
            (Ty::Null, Ty::Lit(Const::Null)) => true,
            (Ty::List(a), Ty::List(b)) | (Ty::Map(a), Ty::Map(b)) => self.fits(a, b),
            (Ty::Record(fields), Ty::Map(value)) => fields.iter().all(|f| self.fits(&f.ty, value)),
            (Ty::Record(a), Ty::Record(b)) => self.record_fits(a, b),
            _ => from == to,
        }
    }

    /// Every wanted field is there, and there is no other.
    fn record_fits(&mut self, from: &[Field], to: &[Field]) -> bool {
        from.iter().all(|f| to.iter().any(|t| t.name == f.name))
            && to.iter().all(|t| match from.iter().find(|f| f.name == t.name) {
                Some(f) => (!f.optional || t.optional) && self.fits(&f.ty, &t.ty),
                None => t.optional || t.ty == Ty::Error,
            })
    }
}

/// Whether some value may belong to both: one that tells its type, that is, not merely by being an empty
/// list or map. Numbers belong together where they are equal.
pub fn overlap(a: &Ty, b: &Ty) -> bool {
    Overlap::default().of(a, b)
}

#[derive(Default)]
struct Overlap(Pairs);

impl Relation for Overlap {
    fn pairs(&mut self) -> &mut Pairs {
        &mut self.0
    }
}

impl Overlap {
    fn of(&mut self, a: &Ty, b: &Ty) -> bool {
        match (a, b) {
            (Ty::Error | Ty::Any, _) | (_, Ty::Error | Ty::Any) => true,
            (Ty::Named(_), _) => self.assuming(a, b, |s| s.of(&a.unfolded(), b)),
            (_, Ty::Named(_)) => self.of(b, a),
            (Ty::Union(members), other) | (other, Ty::Union(members)) => {
                members.iter().any(|m| self.of(m, other))
            }
            (Ty::Lit(x), Ty::Lit(y)) => same_number(x, y).unwrap_or(x == y),
            (Ty::Lit(Const::Float(x)), Ty::Int) | (Ty::Int, Ty::Lit(Const::Float(x))) => is_whole(*x),
            (Ty::Lit(x), other) | (other, Ty::Lit(x)) => self.of(&of_const(x), other),
            (Ty::Int, Ty::Float) | (Ty::Float, Ty::Int) => true,
            (Ty::List(x), Ty::List(y)) | (Ty::Map(x), Ty::Map(y)) => {
                **x == Ty::Never || **y == Ty::Never || self.of(x, y)
            }
            (Ty::Record(fields), Ty::Map(value)) | (Ty::Map(value), Ty::Record(fields)) => {
                fields.iter().all(|f| f.optional || self.of(&f.ty, value))
            }
            (Ty::Record(x), Ty::Record(y)) => self.records(x, y),
            _ => a == b && *a != Ty::Never,
        }
    }

    /// Both have every field that one of them needs, and in each of these something in common.
    fn records(&mut self, x: &[Field], y: &[Field]) -> bool {
        let mut meets = |f: &Field, others: &[Field]| match others.iter().find(|o| o.name == f.name) {
            Some(other) => (f.optional && other.optional) || self.of(&f.ty, &other.ty),
            None => f.optional,
        };
        x.iter().all(|f| meets(f, y)) && y.iter().all(|f| f.optional || x.iter().any(|o| o.name == f.name))
    }
}

#[allow(clippy::cast_precision_loss)]
fn same_number(a: &Const, b: &Const) -> Option<bool> {
    match (a, b) {
        (Const::Int(x), Const::Float(y)) | (Const::Float(y), Const::Int(x)) => Some(*x as f64 == *y),
        _ => None,
    }
}

fn is_whole(x: f64) -> bool {
    x.fract() == 0.0 && x.abs() <= 9.3e18
}
