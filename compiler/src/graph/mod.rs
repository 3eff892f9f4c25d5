//! Who calls whom in a program, and what each function does beside computing a value: one graph and one table of
//! effects for the lints, the bounds of contexts ([`size`](crate::size)) and the runtime.
//!
//! A program has two forms, a typed tree and IR. `tree` and `code` read the functions of each; whatever is asked
//! afterwards is asked here, so both forms answer alike. Code that no path leads to belongs to the graph of the
//! tree, not to that of the IR.
//!
//! Not here: under which conditions calls are made (`lint`), how much they add to a context ([`size`](crate::size)), and
//! which effects the checker allows where, which it has to know before there is a tree.

mod code;
mod function;
mod groups;
mod tree;

use std::collections::BTreeSet;

use crate::ir::{FuncId, FuncKind};
pub(crate) use groups::groups;

use function::Function;
pub use function::{Call, Effects, Via};

/// The calls of a program, and what each of its functions does by itself.
#[derive(Debug, Clone)]
pub struct CallGraph {
    funcs: Vec<Function>,
}

impl CallGraph {
    /// From where a function runs others, in the order of the program; defaults of its parameters come first.
    pub fn calls(&self, func: FuncId) -> &[Call] {
        self.funcs.get(func.index()).map_or(&[], |func| &func.calls)
    }

    /// What a function does itself; nothing if there is no such function.
    pub fn effects(&self, func: FuncId) -> &Effects {
        static NOTHING: Effects =
            Effects { opens: None, bare: None, bare_gen: None, asks: false, models: BTreeSet::new() };
        self.funcs.get(func.index()).map_or(&NOTHING, |func| &func.effects)
    }

    /// What each function does to the context it runs in, by the functions too that it calls there. Each effect
    /// travels once over each call.
    pub fn context_effects(&self) -> Vec<Effects> {
        let mut all: Vec<Effects> = self.funcs.iter().map(|func| func.effects.clone()).collect();
        let mut callers: Vec<Vec<(usize, &Call)>> = vec![Vec::new(); all.len()];
        for (caller, func) in self.funcs.iter().enumerate() {
            for call in func.calls.iter().filter(|call| self.stays_in_context(call)) {
                callers[call.callee.index()].push((caller, call));
            }
        }
        let mut work: Vec<usize> = (0..all.len()).filter(|callee| !callers[*callee].is_empty()).collect();
        while let Some(callee) = work.pop() {
            let inner = all[callee].clone();
            for (caller, call) in &callers[callee] {
                let before = all[*caller].clone();
                all[*caller].join(&inner, call);
                if all[*caller] != before {
                    work.push(*caller);
                }
            }
        }
        all
    }

    /// The functions that runs of some may come to, these included: by calls, by tools that the model may call, and for
    /// defaults.
    pub fn reached(&self, from: impl IntoIterator<Item = FuncId>) -> BTreeSet<FuncId> {
        self.follow(from, |_| true)
    }

    /// The functions that run in the contexts of some, these included.
    pub fn reached_in_context(&self, from: impl IntoIterator<Item = FuncId>) -> BTreeSet<FuncId> {
        self.follow(from, |call| self.stays_in_context(call))
    }

    fn follow(
        &self,
        from: impl IntoIterator<Item = FuncId>,
        takes: impl Fn(&Call) -> bool,
    ) -> BTreeSet<FuncId> {
        let mut met = BTreeSet::new();
        let mut open: Vec<FuncId> = from.into_iter().collect();
        while let Some(func) = open.pop() {
            if met.insert(func) {
                open.extend(self.calls(func).iter().filter(|call| takes(call)).map(|call| call.callee));
            }
        }
        met
    }

    /// Whether what is called runs in the context of its caller.
    fn stays_in_context(&self, call: &Call) -> bool {
        let callee = self.funcs.get(call.callee.index());
        call.via == Via::Call && callee.is_some_and(|callee| callee.kind == FuncKind::Fn)
    }

    /// All functions, each after those that it calls by itself, but for rounds.
    pub fn callees_first(&self) -> Vec<FuncId> {
        let callees = |func: FuncId| {
            let called = self.calls(func).iter().filter(|call| call.via == Via::Call);
            called.rev().map(|call| call.callee)
        };
        let mut order = Vec::with_capacity(self.funcs.len());
        let mut met = vec![false; self.funcs.len()];
        for root in (0..).map(FuncId).take(self.funcs.len()) {
            if std::mem::replace(&mut met[root.index()], true) {
                continue;
            }
            // What is open, and which of its callees come next.
            let mut open = vec![(root, callees(root))];
            while let Some((func, rest)) = open.last_mut() {
                match rest.next() {
                    Some(next) if met.get(next.index()) == Some(&false) => {
                        met[next.index()] = true;
                        open.push((next, callees(next)));
                    }
                    Some(_) => {}
                    None => {
                        order.push(*func);
                        open.pop();
                    }
                }
            }
        }
        order
    }

    /// The groups of functions that call one another, or themselves, by calls and tools. Other functions are in none.
    pub fn cycles(&self) -> Vec<Vec<FuncId>> {
        let callees = self.callees();
        let cyclic = |group: &Vec<usize>| match group.as_slice() {
            [only] => callees[*only].contains(only),
            _ => true,
        };
        let groups = groups(&callees).into_iter().filter(cyclic);
        groups.map(|group| group.into_iter().map(func_id).collect()).collect()
    }

    /// No more functions than these can be open at once, one within another, each once.
    pub fn most_open(&self) -> usize {
        let callees = self.callees();
        let mut open = vec![0; callees.len()];
        // Groups come after those that they lead to.
        for group in groups(&callees) {
            let inner = group.iter().flat_map(|func| &callees[*func]).map(|callee| open[*callee]).max();
            let all = group.len() + inner.unwrap_or(0);
            group.into_iter().for_each(|func| open[func] = all);
        }
        open.into_iter().max().unwrap_or(0)
    }

    /// The functions that each one runs by calls and tools. Defaults are called where they are left out, so that those
    /// of parameters say nothing more.
    fn callees(&self) -> Vec<Vec<usize>> {
        let known = |call: &&Call| call.via != Via::Default && call.callee.index() < self.funcs.len();
        let of = |func: &Function| func.calls.iter().filter(known).map(|call| call.callee.index()).collect();
        self.funcs.iter().map(of).collect()
    }
}

fn func_id(index: usize) -> FuncId {
    FuncId(u32::try_from(index).unwrap_or(u32::MAX))
}
