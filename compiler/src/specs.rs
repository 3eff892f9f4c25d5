//! The specs of a program, each once: whoever asks for one finds what others have built from it.

use std::collections::HashMap;

use agentc_constraint::SharedSpec;
use agentc_constraint::spec::Spec;

/// Specs by content, numbered in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct Specs {
    list: Vec<SharedSpec>,
    numbers: HashMap<SharedSpec, u32>,
}

impl Specs {
    /// The one that is equal to this one; itself if it is new.
    pub fn share(&mut self, spec: Spec) -> SharedSpec {
        let spec = SharedSpec::new(spec);
        let number = self.number(&spec);
        self.list.get(number as usize).cloned().unwrap_or(spec)
    }

    /// The number of a spec, which is added if it is new.
    pub fn number(&mut self, spec: &SharedSpec) -> u32 {
        if let Some(number) = self.numbers.get(spec) {
            return *number;
        }
        let number = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.list.push(spec.clone());
        self.numbers.insert(spec.clone(), number);
        number
    }

    /// All of them, by number.
    pub fn into_list(self) -> Vec<SharedSpec> {
        self.list
    }
}
