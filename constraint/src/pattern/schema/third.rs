//! What draft 3 says in its own way.

use super::bounds;
use super::draft::Draft;
use super::node::{Keyword, Kinds, NodeId};
use super::read::{Member, Reader, invalid, kinds};
use super::value::{Json, Members};
use crate::error::BuildError;

impl Reader<'_> {
    /// Adds what a member says of which later drafts say nothing, or say it otherwise; whether it is one.
    pub(super) fn of_third(
        &mut self,
        member: Member<'_>,
        out: &mut Vec<Keyword>,
    ) -> Result<bool, BuildError> {
        let Member { key, value, at, .. } = member;
        match (key, value) {
            ("type", Json::Array(_)) => out.push(Keyword::Any(self.types(value, at)?)),
            ("disallow", _) => {
                let types = self.types(value, at)?;
                out.extend(types.into_iter().map(Keyword::Not));
            }
            ("extends", Json::Array(_)) => out.push(Keyword::All(self.list(value, at)?)),
            ("extends", _) => out.push(Keyword::All(vec![self.node_at(at.to_owned())])),
            ("divisibleBy", Json::Number(number)) => {
                out.push(Keyword::Multiple(bounds::multiple(number, at)?));
            }
            ("divisibleBy", _) => return Err(invalid(at, "a number is meant")),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Types, of which some may be schemas.
    fn types(&mut self, value: &Json, at: &str) -> Result<Vec<NodeId>, BuildError> {
        let one = std::slice::from_ref(value);
        let types = if let Json::Array(types) = value { &types[..] } else { one };
        let mut nodes = Vec::new();
        let mut simple = Kinds::NONE;
        for (index, of) in types.iter().enumerate() {
            match of {
                Json::Object(_) => nodes.push(self.node_at(format!("{at}/{index}"))),
                _ => simple = simple | kinds(of, at)?,
            }
        }
        nodes.push(self.new_node(at.to_owned(), vec![Keyword::Kinds(simple)]));
        Ok(nodes)
    }

    /// The properties that say themselves that they are required.
    pub(super) fn required_within(&mut self, schema: &Json, draft: Draft) -> Vec<Keyword> {
        let Some(Json::Object(properties)) = schema.get("properties").filter(|_| draft == Draft::Three)
        else {
            return Vec::new();
        };
        let required = |members: &Members| members.get("required") == Some(&Json::Bool(true));
        let of = |value: &Json| matches!(value, Json::Object(members) if required(members));
        let names = properties.iter().filter(|(_, value)| of(value)).map(|(name, _)| name);
        names.map(|name| Keyword::Required(self.name(name))).collect()
    }
}
