//! Memory that is kept beyond this process: what of it is known, taken in and told.

use agentc_constraint::TokenId;

use super::{Scheduler, Watch, prompt};
use crate::error::Fault;
use crate::layout::Part;
use crate::model::{ModelError, ModelInfo};

impl Scheduler<'_> {
    /// What is fixed about its model.
    pub(crate) fn info(&self) -> &ModelInfo {
        self.memory.model.info()
    }

    /// The tokens with which a context begins that begins with some parts.
    pub(crate) fn beginning(&self, parts: Vec<Part>, watch: Watch<'_>) -> Result<Vec<TokenId>, Fault> {
        Ok(prompt::prompt(Vec::new(), parts, &self.reader(watch))?.tokens)
    }

    /// From now on no batch goes beyond the end of this beginning.
    pub(crate) fn part_behind(&mut self, tokens: Vec<TokenId>) {
        self.memory.part_behind(tokens);
    }

    /// How many of some tokens are in memory, from the first on.
    pub(crate) fn known(&self, tokens: &[TokenId]) -> usize {
        self.memory.known(tokens)
    }

    /// What the memory holds of some tokens, as bytes, if it holds all of them.
    pub(crate) fn save(&mut self, tokens: &[TokenId]) -> Result<Option<Vec<u8>>, ModelError> {
        self.memory.save(tokens)
    }

    /// Takes in what a memory held of some tokens; says whether there was room.
    pub(crate) fn load(&mut self, tokens: &[TokenId], bytes: &[u8]) -> Result<bool, ModelError> {
        self.memory.load(tokens, bytes)
    }
}
