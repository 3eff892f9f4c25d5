//! Types in the language's own notation.

use std::fmt;

use super::{Field, Ty};
use crate::ir::Const;
use crate::spelling::key;

impl fmt::Display for Ty {
    /// As in the language; long unions are cut.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ty::Error => f.write_str("?"),
            Ty::Never => f.write_str("nothing"),
            Ty::Null => f.write_str("null"),
            Ty::Bool => f.write_str("bool"),
            Ty::Int => f.write_str("int"),
            Ty::Float => f.write_str("float"),
            Ty::Str => f.write_str("str"),
            Ty::Any => f.write_str("json"),
            Ty::Lit(Const::Str(text)) => write!(f, "{text:?}"),
            Ty::Lit(value) => write!(f, "{value}"),
            Ty::Union(members) => write_union(f, members),
            Ty::List(item) if matches!(**item, Ty::Union(_)) => write!(f, "({item})[]"),
            Ty::List(item) => write!(f, "{item}[]"),
            Ty::Record(fields) => write_record(f, fields),
            Ty::Map(value) => write!(f, "map({value})"),
            Ty::Named(named) => f.write_str(&named.name),
        }
    }
}

fn write_union(f: &mut fmt::Formatter<'_>, members: &[Ty]) -> fmt::Result {
    for (i, member) in members.iter().enumerate() {
        if i > 0 {
            f.write_str(" | ")?;
        }
        if i == 6 && members.len() > 8 {
            return write!(f, "… {} more", members.len() - i);
        }
        write!(f, "{member}")?;
    }
    Ok(())
}

fn write_record(f: &mut fmt::Formatter<'_>, fields: &[Field]) -> fmt::Result {
    f.write_str("{")?;
    for (i, field) in fields.iter().enumerate() {
        let comma = if i > 0 { ", " } else { "" };
        let mark = if field.optional { "?" } else { "" };
        write!(f, "{comma}{}: {}{mark}", key(&field.name), field.ty)?;
    }
    f.write_str("}")
}
