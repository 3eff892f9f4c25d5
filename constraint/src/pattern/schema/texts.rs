//! The texts of values: how an instance is written in the serialisation language of a schema.

use serde_json::{Map, Value};

use super::decimal::Decimal;
use super::numbers::Written;
use super::place::{PlaceId, Places, Step};
use super::read::{Schemas, read};
use crate::error::BuildError;
use crate::limits::Limits;
use crate::pattern::json::string_text;

/// Writes values as the masks of a schema expect them: members in their order, numbers without exponents, strings
/// with as few escapes as possible, separated by `", "` and `": "`. In JSON a value has many texts; here it has one.
#[derive(Debug)]
pub struct SchemaTexts {
    schemas: Schemas,
    places: Places,
    written: Written,
}

impl SchemaTexts {
    /// Reads a schema.
    ///
    /// # Errors
    /// [`BuildError::Schema`] and [`BuildError::SchemaKeyword`].
    pub fn new(schema: &Value, limits: &Limits) -> Result<SchemaTexts, BuildError> {
        let schemas = read(schema.into(), limits)?;
        let (places, written) = (Places::new(&schemas), Written::of(&schemas));
        Ok(SchemaTexts { schemas, places, written })
    }

    /// The text of a value, whether the schema admits it or not; `None` if a number in it is too large, or has too
    /// many digits.
    pub fn text(&mut self, value: &Value) -> Option<String> {
        let place = self.places.of(&self.schemas, &[self.schemas.root]);
        let mut out = String::new();
        self.write(value, place, &mut out)?;
        Some(out)
    }

    fn write(&mut self, value: &Value, place: PlaceId, out: &mut String) -> Option<()> {
        match value {
            Value::Null | Value::Bool(_) => out.push_str(&value.to_string()),
            Value::Number(number) => {
                let number = Decimal::from(number);
                out.push_str(&Some(number).filter(|x| self.written.has(x))?.to_string());
            }
            Value::String(text) => out.push_str(&string_text(text)),
            Value::Array(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at > 0 { ", " } else { "" });
                    let place = self.places.step(&self.schemas, place, Step::Item(at as u32));
                    self.write(item, place, out)?;
                }
                out.push(']');
            }
            Value::Object(members) => self.write_members(members, place, out)?,
        }
        Some(())
    }

    /// Members with names in their order, then the others as they come.
    fn write_members(
        &mut self,
        members: &Map<String, Value>,
        place: PlaceId,
        out: &mut String,
    ) -> Option<()> {
        let names = self.places.names(place).clone();
        let named = names.iter().map(|name| (*name, self.schemas.names[*name as usize].clone()));
        let named: Vec<_> = named.filter(|(_, text)| members.contains_key(&**text)).collect();
        let is_named = |key: &str| named.iter().any(|(_, text)| **text == *key);
        let named_steps = named.iter().map(|(name, text)| (&**text, Step::Name(*name)));
        let others = members.keys().filter(|key| !is_named(key)).map(|key| (key.as_str(), Step::Other));
        out.push('{');
        for (at, (key, step)) in named_steps.chain(others).enumerate() {
            out.push_str(if at > 0 { ", " } else { "" });
            out.push_str(&string_text(key));
            out.push_str(": ");
            let place = self.places.step(&self.schemas, place, step);
            self.write(members.get(key)?, place, out)?;
        }
        out.push('}');
        Some(())
    }
}
