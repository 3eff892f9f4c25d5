//! The metadata of a GGUF file: a table of names and values that precedes the tensors, which are not read.

use std::collections::HashMap;

/// A value, as far as vocabularies need it.
pub(crate) enum Meta {
    Number(u64),
    Text(String),
    Texts(Vec<String>),
    Numbers(Vec<u64>),
}

/// Reads the table; `None` if this is no GGUF file, or one that is cut off.
pub(crate) fn metadata(data: &[u8]) -> Option<HashMap<String, Meta>> {
    let mut reader = Reader { rest: data.strip_prefix(b"GGUF")? };
    let (_version, _tensors, entries) = (reader.number(4)?, reader.number(8)?, reader.number(8)?);
    let mut table = HashMap::new();
    for _ in 0..entries {
        let name = reader.text()?;
        let kind = reader.number(4)?;
        table.insert(name, reader.value(kind)?);
    }
    Some(table)
}

struct Reader<'d> {
    rest: &'d [u8],
}

impl Reader<'_> {
    fn bytes(&mut self, len: usize) -> Option<&[u8]> {
        let (bytes, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(bytes)
    }

    fn number(&mut self, len: usize) -> Option<u64> {
        Some(self.bytes(len)?.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    fn text(&mut self) -> Option<String> {
        let len = usize::try_from(self.number(8)?).ok()?;
        Some(String::from_utf8_lossy(self.bytes(len)?).into_owned())
    }

    /// Kinds as the format numbers them; of floating-point numbers only the bits are of interest.
    fn value(&mut self, kind: u64) -> Option<Meta> {
        Some(match kind {
            0 | 1 | 7 => Meta::Number(self.number(1)?),
            2 | 3 => Meta::Number(self.number(2)?),
            4..=6 => Meta::Number(self.number(4)?),
            10..=12 => Meta::Number(self.number(8)?),
            8 => Meta::Text(self.text()?),
            9 => self.array()?,
            _ => return None,
        })
    }

    fn array(&mut self) -> Option<Meta> {
        let (kind, len) = (self.number(4)?, self.number(8)?);
        if kind == 8 {
            let texts: Option<Vec<String>> = (0..len).map(|_| self.text()).collect();
            return Some(Meta::Texts(texts?));
        }
        let mut number = || match self.value(kind)? {
            Meta::Number(number) => Some(number),
            _ => None,
        };
        let numbers: Option<Vec<u64>> = (0..len).map(|_| number()).collect();
        Some(Meta::Numbers(numbers?))
    }
}
