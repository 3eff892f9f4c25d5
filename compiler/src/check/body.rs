//! The function that is being checked: its variables, scopes, captures, loops and branches.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::effects::Scan;
use super::flow::Flow;
use super::instances::Target;
use crate::hir::{Expr, Var, VarId};
use crate::ir::GenFact;
use crate::resolve::DefId;
use crate::source::Span;
use crate::ty::Ty;

#[derive(Debug, Default)]
pub(super) struct Body {
    /// The slot that it is of.
    pub(super) slot: usize,
    pub(super) variables: Variables,
    /// What holds at the place.
    pub(super) flow: Flow,
    pub(super) around: Around,
    pub(super) result: FuncResult,
    pub(super) doubts: Doubts,
}

/// The variables of the function.
#[derive(Debug, Default)]
pub(super) struct Variables {
    pub(super) list: Vec<Var>,
    /// The variable of each definition whose place was checked. A capture that is generated only further down
    /// has none yet.
    pub(super) var_of: HashMap<DefId, VarId>,
    /// Those that hold what functions read which this one was given.
    pub(super) captured_by: HashMap<Target, Vec<VarId>>,
    /// What a function is called with by one of the prelude.
    pub(super) given: Vec<VarId>,
    /// What generations bind, in order of appearance, branches left out.
    pub(super) order: Vec<VarId>,
    /// The same.
    pub(super) ordered: HashSet<VarId>,
    /// Variables that generations bind: only these can be unbound.
    pub(super) captured: HashMap<VarId, Captured>,
    /// Facts about captures that the function reads, and the variables that hold them.
    pub(super) facts: BTreeMap<VarId, Vec<(GenFact, VarId)>>,
    /// The capture that each of these variables is about.
    pub(super) subjects: HashMap<VarId, VarId>,
}

/// What is open around the place that is being checked.
#[derive(Debug, Default)]
pub(super) struct Around {
    pub(super) loops: Vec<Loop>,
    /// What the bodies of the `try` blocks have generated so far, innermost last.
    pub(super) tries: Vec<BTreeSet<VarId>>,
    /// The branches, innermost last.
    pub(super) branches: Vec<Branch>,
    /// The role, if any.
    pub(super) role: Option<Span>,
    /// Set where nothing may write or generate: what the place is called.
    pub(super) pure_only: Option<&'static str>,
    /// In the type of a generation: the values of its holes.
    pub(super) holes: Option<Vec<Expr>>,
    /// Whether the place lies in a hole of prompt text.
    pub(super) in_hole: bool,
    /// The tag of a template, such as `{% for x in xs %}`, in the text around the place.
    pub(super) tag: Option<String>,
    /// How many blocks belong to a statement that could not be read: they may be those of loops and branches.
    pub(super) unread: usize,
}

/// What the function gives.
#[derive(Debug, Default)]
pub(super) struct FuncResult {
    /// The declared type.
    pub(super) want: Option<Ty>,
    /// What `return` gives, so far.
    pub(super) returned: Option<Ty>,
    /// Whether this is the implicit main.
    pub(super) main: bool,
}

/// What makes a name doubtful that means nothing.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    /// Whether the function declares a variable of the name `context` somewhere.
    pub(super) hides_context: bool,
    /// Names that may be declared in what could not be read; `None` if all was read.
    pub(super) lost: Option<HashSet<String>>,
    /// Names that are assigned to but declared nowhere, which is reported once.
    pub(super) undeclared: HashSet<String>,
    /// Names that stand in brackets in a text, as in `[CITY]`: another language generates so.
    pub(super) bracketed: HashSet<String>,
}

/// What is known of the generations that bind a capture.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Captured {
    /// One of them chooses among options.
    pub(super) chooses: bool,
    /// One of them gives a list of samples.
    pub(super) samples: bool,
    /// They are tool calls.
    pub(super) call: bool,
}

/// A loop around the place that is being checked.
#[derive(Debug, Default)]
pub(super) struct Loop {
    /// The state where `break` leads.
    pub(super) broke: Option<Flow>,
    /// The state where `continue` leads.
    pub(super) continued: Option<Flow>,
}

/// The body of a `fork` or `aside` around the place that is being checked.
#[derive(Debug)]
pub(super) struct Branch {
    /// Variables from here on are its own.
    pub(super) first_var: usize,
    /// Whether a loop outside of it is open.
    pub(super) in_loop: bool,
    /// The type that its place asks of a yielded value.
    pub(super) want: Option<Ty>,
    /// Whether every yielded value is of that type.
    pub(super) fits: bool,
    /// What `yield` gives, so far.
    pub(super) yielded: Option<Ty>,
}

impl Body {
    /// Notes what the function will declare, before its statements are checked.
    pub(super) fn look_ahead(&mut self, scan: &Scan<'_>) {
        self.doubts.hides_context |= scan.declares_context;
        self.doubts.lost =
            scan.lost.as_ref().map(|names| names.iter().map(|name| (*name).to_owned()).collect());
    }

    pub(super) fn new_var(&mut self, name: &str, ty: Ty, span: Span) -> VarId {
        let id = VarId(u32::try_from(self.variables.list.len()).unwrap_or(u32::MAX));
        self.variables.list.push(Var { name: name.to_owned(), ty, grows: false, span });
        id
    }

    pub(super) fn ty(&self, var: VarId) -> &Ty {
        self.variables.list.get(var.0 as usize).map_or(&Ty::Error, |v| &v.ty)
    }

    pub(super) fn place(&self, var: VarId) -> Span {
        self.variables.list.get(var.0 as usize).map(|var| var.span).unwrap_or_default()
    }

    /// A generation gives the variable a value here.
    pub(super) fn generate(&mut self, var: VarId, what: Captured) {
        let known = self.variables.captured.entry(var).or_default();
        known.chooses |= what.chooses;
        known.samples |= what.samples;
        known.call |= what.call;
        self.flow.generate(var);
    }

    /// A generation changes the variable here, so a `try` around it has to change it back.
    pub(super) fn changed_by_generation(&mut self, var: VarId) {
        self.flow.forget(var);
        if !self.flow.known.is_empty() {
            let holders = self.variables.facts.get(&var).into_iter().flatten();
            holders.for_each(|(_, holder)| self.flow.forget(*holder));
        }
        if let Some(changed) = self.around.tries.last_mut() {
            changed.insert(var);
        }
    }

    pub(super) fn is_bound(&self, var: VarId) -> bool {
        self.flow.is_bound(var)
    }

    pub(super) fn is_captured(&self, var: VarId) -> bool {
        self.variables.captured.contains_key(&var)
    }

    /// Notes what the outcome shows: not what stays inside a branch.
    pub(super) fn note_capture(&mut self, var: VarId) {
        if self.around.branches.is_empty() && self.variables.ordered.insert(var) {
            self.variables.order.push(var);
        }
    }

    /// Whether the variable was there before the innermost branch around the place began.
    pub(super) fn is_outside_of_branch(&self, var: VarId) -> bool {
        self.around.branches.last().is_some_and(|b| (var.0 as usize) < b.first_var)
    }

    /// The variable that holds a fact about a capture.
    pub(super) fn fact(&mut self, var: VarId, fact: GenFact, ty: Ty) -> VarId {
        let known = self.variables.facts.get(&var).and_then(|facts| facts.iter().find(|(f, _)| *f == fact));
        if let Some((_, holder)) = known {
            return *holder;
        }
        let span = self.place(var);
        let holder = self.new_var("", ty, span);
        self.variables.facts.entry(var).or_default().push((fact, holder));
        self.variables.subjects.insert(holder, var);
        holder
    }

    /// Facts that the function reads: of which capture, which one, and the variable that holds it.
    pub(super) fn take_facts(&mut self) -> Vec<(VarId, GenFact, VarId)> {
        let facts = std::mem::take(&mut self.variables.facts).into_iter();
        facts.flat_map(|(var, facts)| facts.into_iter().map(move |(f, holder)| (var, f, holder))).collect()
    }

    /// Forgets what is known of these variables, and of the facts about them.
    pub(super) fn forget(&mut self, changed: &HashSet<VarId>) {
        let Body { flow, variables: Variables { subjects, .. }, .. } = self;
        flow.known.retain(|var| !changed.contains(subjects.get(&var).unwrap_or(&var)));
    }

    /// Whether a statement that could not be read may have declared a name.
    pub(super) fn is_lost(&self, name: &str) -> bool {
        self.doubts.undeclared.contains(name)
            || self.doubts.lost.as_ref().is_some_and(|names| names.contains(name))
    }
}
