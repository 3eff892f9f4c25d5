//! Calls that are open within a state, as hash-consed stacks.
//!
//! A stack is a frame on top of a stack; a frame says where its callers continue. All callers of a rule at
//! one place under one stack share a frame, so that an ambiguity before a call is not duplicated within it.
//! Numbers are meaningful only to the automaton that assigned them.

use std::cmp::Ordering;

use rustc_hash::FxHashMap;

use super::nfa::Counts;
use super::program::Pc;

/// A stack; [`BASE`] is the one at which the automaton began.
pub(crate) type StackId = u32;
/// A set of places where callers go on.
pub(crate) type ResumeId = u32;

pub(crate) const BASE: StackId = 0;

/// See the module's description.
#[derive(Debug)]
pub(crate) struct Stacks {
    frames: Vec<(ResumeId, StackId)>,
    frame_index: FxHashMap<(ResumeId, StackId), StackId>,
    resumes: Vec<Box<[(Pc, Counts)]>>,
    resume_index: FxHashMap<Box<[(Pc, Counts)]>, ResumeId>,
    /// Memory of the callers, in both tables.
    callers: usize,
}

impl Default for Stacks {
    fn default() -> Stacks {
        Stacks {
            frames: vec![(0, BASE)],
            frame_index: FxHashMap::default(),
            resumes: Vec::new(),
            resume_index: FxHashMap::default(),
            callers: 0,
        }
    }
}

impl Stacks {
    /// The stack with one more frame. `callers` need not be in order.
    pub(crate) fn push(&mut self, mut callers: Vec<(Pc, Counts)>, below: StackId) -> StackId {
        callers.sort_unstable();
        callers.dedup();
        let resume = match self.resume_index.get(&callers[..]) {
            Some(&resume) => resume,
            None => {
                let resume = self.resumes.len() as ResumeId;
                self.callers += 2 * callers.len() * size_of::<(Pc, Counts)>();
                self.resumes.push(callers.clone().into());
                self.resume_index.insert(callers.into(), resume);
                resume
            }
        };
        let next = self.frames.len() as StackId;
        let stack = *self.frame_index.entry((resume, below)).or_insert(next);
        if stack == next {
            self.frames.push((resume, below));
        }
        stack
    }

    /// About how much memory all stacks take.
    pub(crate) fn bytes(&self) -> usize {
        const FRAME: usize = 32;
        const RESUME: usize = 48;
        self.frames.len() * FRAME + self.resumes.len() * RESUME + self.callers
    }

    /// The innermost frame of a stack that is not [`BASE`], and the stack below it.
    pub(crate) fn top(&self, stack: StackId) -> (ResumeId, StackId) {
        self.frames[stack as usize]
    }

    /// Where the callers of a frame go on.
    pub(crate) fn resume(&self, resume: ResumeId) -> &[(Pc, Counts)] {
        &self.resumes[resume as usize]
    }

    /// An order of stacks by what they hold, whatever their numbers.
    pub(crate) fn compare(&self, mut a: StackId, mut b: StackId) -> Ordering {
        while a != b && a != BASE && b != BASE {
            let ((resume_a, below_a), (resume_b, below_b)) = (self.top(a), self.top(b));
            let order = self.resume(resume_a).cmp(self.resume(resume_b));
            if order != Ordering::Equal {
                return order;
            }
            (a, b) = (below_a, below_b);
        }
        // One of them ends here, or they are the same.
        (a != BASE).cmp(&(b != BASE))
    }

    /// The frames of a stack, the outermost first.
    pub(crate) fn path(&self, mut stack: StackId) -> Vec<ResumeId> {
        let mut path = Vec::new();
        while stack != BASE {
            let (resume, below) = self.top(stack);
            path.push(resume);
            stack = below;
        }
        path.reverse();
        path
    }
}
