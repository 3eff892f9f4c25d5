//! JSON Schema: from a document to instructions.
//!
//! [`value`] reads the document, [`document`] finds what references mean and which [`draft`] holds where, [`read`] turns
//! objects into keywords ([`node`]; [`bounds`] of numbers, [`third`] what draft 3 says otherwise), [`expand`] works
//! out what a value has to be, kind by kind, as shapes ([`shape`]; negation is in [`deny`]), and the emitters write these down.
//! In what order the members of an object are written is [`place`]'s business.

mod arrays;
mod bounds;
mod circles;
mod decimal;
mod deny;
mod document;
mod draft;
mod ecma;
mod emit;
mod expand;
mod format;
mod node;
mod numbers;
mod objects;
mod place;
mod read;
mod shape;
mod some;
mod strings;
mod texts;
mod third;
mod value;

pub(super) use self::numbers::ANY_DECIMAL;
pub use self::texts::SchemaTexts;

use self::emit::Emitter;
use self::expand::Expander;
use self::value::Json;
use super::compile::Compiler;
use super::program::Pc;
use crate::error::BuildError;

impl Compiler<'_, '_, '_> {
    /// What a schema admits, then `next`.
    pub(super) fn schema(&mut self, text: &str, next: Pc) -> Result<Pc, BuildError> {
        let document =
            Json::read(text).map_err(|reason| BuildError::Schema { at: "#".to_owned(), reason })?;
        let schemas = read::read(document, self.builder.limits())?;
        circles::check_circles(&schemas)?;
        let expander = Expander::new(schemas, self.builder.limits());
        Emitter::new(self, expander).document(next)
    }
}
