//! The world that a program acts on: tools, files, the clock, chance. The wall between a run and all of it.
//!
//! A [`Host`] is asked for one thing at a time and reports when it has it, from whatever thread; nothing that takes long
//! holds up anyone else. What a program may touch is decided in one place, [`Grants::check`], before the host hears of
//! it. [`Functions`] are tools that the embedding program supplies in Rust.

mod functions;

use agentc_compiler::ir::Capability;

use crate::ask::{Fact, ToolCall};
use crate::backend::{Completions, Product, Report, TaskId};
use crate::error::Fault;
use crate::stop::Stop;
use crate::value::Value;

pub use self::functions::{Functions, ToolError};

/// Something that a run wants of the world, and may have.
#[derive(Debug)]
pub struct HostCall {
    /// What.
    pub kind: HostCallKind,
    /// Says whether the run goes on; whoever works for long looks at it from time to time.
    pub stop: Stop,
}

/// What can be wanted of the world.
#[derive(Debug, Clone, PartialEq)]
pub enum HostCallKind {
    /// That a tool runs; its arguments are of their types.
    Tool(ToolCall),
    /// A fact.
    Fact(Fact),
}

/// Acts for runs. See the module's description.
pub trait Host {
    /// Takes a call on, and must not take long: the result goes to `completions`, now or later, from any thread, as
    /// [`Product::Returned`].
    fn call(&mut self, task: TaskId, call: HostCall, completions: &Completions);

    /// Tells that nobody waits for a call any more. It may go on to its end; its report concerns nobody.
    fn cancel(&mut self, _task: TaskId) {}
}

/// What a run may touch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grants(Vec<Capability>);

impl Grants {
    /// These and nothing else; a grant without a limit covers every limit.
    pub fn new(granted: impl IntoIterator<Item = Capability>) -> Grants {
        Grants(granted.into_iter().collect())
    }

    /// Whether a tool may run that needs so much.
    ///
    /// # Errors
    /// [`Fault::Denied`] names the first thing that it may not touch.
    pub fn check(&self, tool: &str, needs: &[Capability]) -> Result<(), Fault> {
        let covers = |need: &Capability, granted: &Capability| {
            granted.name == need.name && (granted.limit.is_none() || granted.limit == need.limit)
        };
        let denied = needs.iter().find(|need| !self.0.iter().any(|granted| covers(need, granted)));
        match denied {
            None => Ok(()),
            Some(need) => Err(Fault::Denied { tool: tool.to_owned(), need: spelled(need) }),
        }
    }
}

fn spelled(capability: &Capability) -> String {
    match &capability.limit {
        Some(limit) => format!("{}({limit:?})", capability.name),
        None => capability.name.clone(),
    }
}

/// A host without any tools.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

impl Host for Nobody {
    fn call(&mut self, task: TaskId, call: HostCall, completions: &Completions) {
        let result = match call.kind {
            HostCallKind::Tool(call) => Err(Fault::NoTool { tool: call.tool }),
            HostCallKind::Fact(fact) => Ok(Product::Returned(self::fact(fact))),
        };
        completions.push(Report::end(task, result));
    }
}

/// What the machine that this runs on knows.
fn fact(fact: Fact) -> Value {
    match fact {
        Fact::Clock => {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            Value::Int(i64::try_from(now.as_millis()).unwrap_or(i64::MAX))
        }
        Fact::Random => {
            use std::hash::{BuildHasher, Hasher};
            // The standard library seeds each of these from the system.
            let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
            Value::Int((random >> 1) as i64)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capability(name: &str, limit: Option<&str>) -> Capability {
        Capability { name: name.to_owned(), limit: limit.map(str::to_owned) }
    }

    #[test]
    fn what_is_granted_without_a_limit_covers_every_limit_and_nothing_else() {
        let grants = Grants::new([capability("net", Some("a.org")), capability("read", None)]);
        let check = |needs: &[Capability]| grants.check("t", needs);
        assert_eq!(check(&[]), Ok(()));
        assert_eq!(check(&[capability("net", Some("a.org")), capability("read", Some("/x"))]), Ok(()));
        let denied = |need: &str| Err(Fault::Denied { tool: "t".into(), need: need.into() });
        assert_eq!(
            check(&[capability("read", None), capability("net", Some("b.org"))]),
            denied("net(\"b.org\")")
        );
        assert_eq!(check(&[capability("net", None)]), denied("net"), "one host is not all of them");
        assert_eq!(Grants::default().check("t", &[capability("run", None)]), denied("run"));
    }

    #[test]
    fn facts_are_values() {
        let Value::Int(now) = fact(Fact::Clock) else { panic!("not an int") };
        assert!(now > 1_700_000_000_000, "{now}");
        assert_ne!(fact(Fact::Random), fact(Fact::Random));
    }
}
