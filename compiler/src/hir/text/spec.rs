//! What a generation may write, in the language's own notation for types where possible.

use std::fmt;

use agentc_constraint::spec::{GrammarSyntax, Named, Needle, Piece, Place, Spec, Stop};

use crate::spelling::{escaped, key};

/// A spec, and the expressions that fill its holes.
pub(super) struct Spelled<'a> {
    pub(super) spec: &'a Spec,
    pub(super) holes: &'a [String],
}

impl Spelled<'_> {
    fn of<'s>(&'s self, spec: &'s Spec) -> Spelled<'s> {
        Spelled { spec, holes: self.holes }
    }

    fn hole(&self, hole: usize) -> &str {
        self.holes.get(hole).map_or("?", String::as_str)
    }

    fn listed(&self, f: &mut fmt::Formatter<'_>, specs: &[Spec], between: &str) -> fmt::Result {
        specs
            .iter()
            .enumerate()
            .try_for_each(|(at, spec)| write!(f, "{}{}", if at > 0 { between } else { "" }, self.of(spec)))
    }

    /// A string with its holes.
    fn template(&self, f: &mut fmt::Formatter<'_>, parts: &[Piece]) -> fmt::Result {
        f.write_str("\"")?;
        for part in parts {
            match part {
                Piece::Text { text } => f.write_str(&escaped(text))?,
                Piece::Hole { name: Some(name), value } => {
                    write!(f, "{{{{ {name}: {} }}}}", self.of(value))?;
                }
                Piece::Hole { name: None, value } => write!(f, "{{{{ {} }}}}", self.of(value))?,
            }
        }
        f.write_str("\"")
    }

    /// What names of a grammar stand for.
    fn named(&self, f: &mut fmt::Formatter<'_>, parts: &[Named]) -> fmt::Result {
        let each = |(at, part): (usize, &Named)| {
            let between = if at == 0 { " with " } else { ", " };
            write!(f, "{between}{} = {}", part.name, self.of(&part.value))
        };
        parts.iter().enumerate().try_for_each(each)
    }

    fn stop(&self, stop: &Stop) -> String {
        match stop {
            Stop::Text { text } => format!("{text:?}"),
            Stop::Regex { pattern } => format!("/{pattern}/"),
            Stop::Hole { hole } => self.hole(*hole).to_owned(),
        }
    }
}

/// `(a..b)`, or nothing without bounds.
fn bounds<T: fmt::Display>(min: Option<T>, max: Option<T>) -> String {
    let show = |bound: Option<T>| bound.map_or(String::new(), |b| b.to_string());
    if min.is_none() && max.is_none() { String::new() } else { format!("({}..{})", show(min), show(max)) }
}

impl fmt::Display for Spelled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.spec {
            Spec::Text { min, max } => write!(f, "str{}", bounds(Some(*min).filter(|m| *m > 0), *max)),
            Spec::Int { min, max } => write!(f, "int{}", bounds(*min, *max)),
            Spec::Float { min, max } => write!(f, "float{}", bounds(*min, *max)),
            Spec::Bool => f.write_str("bool"),
            Spec::Literal { text } => write!(f, "{text:?}"),
            Spec::Constant { text } => f.write_str(text),
            Spec::Regex { pattern } => write!(f, "/{pattern}/"),
            Spec::Union { members } => self.listed(f, members, " | "),
            Spec::OneOf { hole } => write!(f, "one_of({})", self.hole(*hole)),
            Spec::Copy { hole } => write!(f, "copy({})", self.hole(*hole)),
            Spec::Json => f.write_str("json"),
            Spec::JsonOf { value } => write!(f, "json({})", self.of(value)),
            Spec::Flexible { value } => write!(f, "flexible({})", self.of(value)),
            Spec::Object { fields } => {
                f.write_str("{")?;
                for (at, field) in fields.iter().enumerate() {
                    let (comma, mark) =
                        (if at > 0 { ", " } else { "" }, if field.optional { "?" } else { "" });
                    write!(f, "{comma}{}: {}{mark}", key(&field.name), self.of(&field.value))?;
                }
                f.write_str("}")
            }
            Spec::Array { item, min, max } => {
                let bounds = bounds(Some(*min).filter(|m| *m > 0), *max);
                match &**item {
                    Spec::Union { .. } => write!(f, "({})[]{bounds}", self.of(item)),
                    _ => write!(f, "{}[]{bounds}", self.of(item)),
                }
            }
            Spec::Map { value } => write!(f, "map({})", self.of(value)),
            Spec::Schema { schema } => write!(f, "schema({} bytes)", schema.len()),
            Spec::Grammar { grammar, syntax: GrammarSyntax::Lark, parts } => {
                write!(f, "grammar(lark, {} bytes)", grammar.len())?;
                self.named(f, parts)
            }
            Spec::Grammar { grammar, syntax: GrammarSyntax::Gbnf, parts } => {
                write!(f, "grammar(gbnf, {} bytes)", grammar.len())?;
                self.named(f, parts)
            }
            Spec::Defs { defs, root } => {
                write!(f, "{}", self.of(root))?;
                defs.iter().enumerate().try_for_each(|(at, def)| {
                    write!(f, "{} @{at} = {}", if at == 0 { " where" } else { "," }, self.of(def))
                })
            }
            Spec::Template { parts } => self.template(f, parts),
            Spec::And { members } => {
                for (at, member) in members.iter().enumerate() {
                    let between = if at > 0 { " & " } else { "" };
                    match member {
                        Spec::Union { .. } => write!(f, "{between}({})", self.of(member))?,
                        _ => write!(f, "{between}{}", self.of(member))?,
                    }
                }
                Ok(())
            }
            Spec::Not { value } => match &**value {
                Spec::Union { .. } | Spec::And { .. } => write!(f, "not ({})", self.of(value)),
                _ => write!(f, "not {}", self.of(value)),
            },
            Spec::Having { place, text } => {
                let word = match place {
                    Place::Inside => "contains",
                    Place::Start => "starts",
                    Place::End => "ends",
                };
                match text {
                    Needle::Text { text } => write!(f, "{word}({text:?})"),
                    Needle::Hole { hole } => write!(f, "{word}({})", self.hole(*hole)),
                }
            }
            Spec::Ref { def } => write!(f, "@{def}"),
            Spec::Until { value, stops } => {
                let stops: Vec<String> = stops.iter().map(|s| self.stop(s)).collect();
                write!(f, "{} until {}", self.of(value), stops.join(" | "))
            }
        }
    }
}
