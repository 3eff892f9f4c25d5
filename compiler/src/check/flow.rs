//! What holds at a place on every path to it: which captures are bound, and what is not null.

use crate::hir::{Expr, ExprKind, VarId};
use crate::ir::{BinOp, Const, UnOp};

/// A variable, or a field of it, and so on: what a condition can say something about.
pub(super) type Path = (VarId, Vec<String>);

/// The state at a place of a function.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    /// Whether the place can be reached.
    pub(super) live: bool,
    /// Captures that have a value.
    bound: Bits,
    /// Captures whose value a generation wrote, so that there are facts about it.
    generated: Bits,
    /// What is known not to be null.
    present: Vec<Path>,
}

impl Default for Flow {
    fn default() -> Flow {
        Flow { live: true, bound: Bits::default(), generated: Bits::default(), present: Vec::new() }
    }
}

impl Flow {
    /// After `return` and the like: nothing that follows is reached.
    pub(super) fn end(&mut self) {
        self.live = false;
    }

    /// A variable is bound from here on.
    pub(super) fn bind(&mut self, var: VarId) {
        self.bound.insert(var);
    }

    /// A generation has written the variable's value.
    pub(super) fn generate(&mut self, var: VarId) {
        self.bound.insert(var);
        self.generated.insert(var);
    }

    /// Whether it is bound; in a place that is never reached everything is.
    pub(super) fn is_bound(&self, var: VarId) -> bool {
        !self.live || self.bound.contains(var)
    }

    /// Whether a generation has surely written its value.
    pub(super) fn is_generated(&self, var: VarId) -> bool {
        !self.live || self.generated.contains(var)
    }

    /// Takes paths as not null from here on.
    pub(super) fn assume(&mut self, present: &[Path]) {
        for path in present {
            if !self.present.contains(path) {
                self.present.push(path.clone());
            }
        }
    }

    /// Whether something is known not to be null.
    pub(super) fn is_present(&self, path: &Path) -> bool {
        self.present.contains(path)
    }

    /// Whether anything at all is.
    pub(super) fn knows_presence(&self) -> bool {
        !self.present.is_empty()
    }

    /// A variable has another value from here on.
    pub(super) fn forget(&mut self, var: VarId) {
        self.present.retain(|(root, _)| *root != var);
    }

    /// Keeps what holds for the variables that pass.
    pub(super) fn forget_unless(&mut self, keep: impl Fn(VarId) -> bool) {
        self.present.retain(|(root, _)| keep(*root));
    }

    /// What is known not to be null, to be put back by [`Flow::set_presence`].
    pub(super) fn presence(&self) -> Vec<Path> {
        self.present.clone()
    }

    /// Goes back to what was known.
    pub(super) fn set_presence(&mut self, present: Vec<Path>) {
        self.present = present;
    }

    /// The state where two ways meet.
    pub(super) fn meet(mut self, other: Flow) -> Flow {
        if !self.live {
            return other;
        }
        if !other.live {
            return self;
        }
        self.bound.keep(&other.bound);
        self.generated.keep(&other.generated);
        self.present.retain(|p| other.present.contains(p));
        self
    }
}

/// A set of variables.
#[derive(Debug, Clone, Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn insert(&mut self, var: VarId) {
        let (word, bit) = place(var);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= bit;
    }

    fn contains(&self, var: VarId) -> bool {
        let (word, bit) = place(var);
        self.0.get(word).is_some_and(|w| w & bit != 0)
    }

    fn keep(&mut self, other: &Bits) {
        self.0.truncate(other.0.len());
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a &= b);
    }
}

fn place(var: VarId) -> (usize, u64) {
    (var.0 as usize / 64, 1 << (var.0 % 64))
}

/// What an expression reads, if that is a variable or a field of one: values do not change in place, so the
/// same path gives the same value until the variable is set.
pub(super) fn path_of(expr: &Expr) -> Option<Path> {
    match &expr.kind {
        ExprKind::Present(inner) => path_of(inner),
        ExprKind::Var(var) => Some((*var, Vec::new())),
        ExprKind::Field(base, name) => {
            let (root, mut names) = path_of(base)?;
            names.push(name.clone());
            Some((root, names))
        }
        _ => None,
    }
}

/// What a condition says is not null when it has a value: `x != null and …` when it is true.
pub(super) fn presence(cond: &Expr, when: bool) -> Vec<Path> {
    match &cond.kind {
        ExprKind::Unary(UnOp::Not, inner) => presence(inner, !when),
        ExprKind::Binary(op, left, right) if *op == if when { BinOp::Ne } else { BinOp::Eq } => {
            match (is_null(left), is_null(right)) {
                (false, true) => path_of(left).into_iter().collect(),
                (true, false) => path_of(right).into_iter().collect(),
                _ => Vec::new(),
            }
        }
        ExprKind::And(left, right) => both(left, right, when, when),
        ExprKind::Or(left, right) => both(left, right, when, !when),
        // `if x`: reported, and meant as a question.
        _ if when && cond.ty.may_be_null() => path_of(cond).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// What two operands say: together, or where either may have decided.
fn both(left: &Expr, right: &Expr, when: bool, together: bool) -> Vec<Path> {
    let (mut left, right) = (presence(left, when), presence(right, when));
    if together {
        left.extend(right);
    } else {
        left.retain(|p| right.contains(p));
    }
    left
}

fn is_null(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Const(Const::Null))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_both_ways_bind_is_bound() {
        let (mut a, mut b) = (Flow::default(), Flow::default());
        a.bind(VarId(0));
        a.generate(VarId(100));
        b.bind(VarId(100));
        let met = a.clone().meet(b.clone());
        assert!(!met.is_bound(VarId(0)) && met.is_bound(VarId(100)) && !met.is_generated(VarId(100)));
        b.end();
        assert!(a.meet(b).is_bound(VarId(0)));
    }

    #[test]
    fn only_what_both_ways_know_is_present() {
        let (mut a, mut b) = (Flow::default(), Flow::default());
        let (x, field) = ((VarId(0), Vec::new()), (VarId(1), vec!["due".to_owned()]));
        a.assume(&[x.clone(), field.clone()]);
        b.assume(std::slice::from_ref(&field));
        let mut met = a.meet(b);
        assert!(!met.is_present(&x) && met.is_present(&field));
        met.forget(VarId(1));
        assert!(!met.knows_presence());
    }
}
