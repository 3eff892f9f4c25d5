//! What the harnesses share: the manual's programs, a world that is a table, and random numbers.
#![allow(dead_code, unused_imports)]

pub(crate) mod random;
#[path = "../../../tests/suite/reader.rs"]
pub(crate) mod reader;
pub(crate) mod typed;

pub(crate) use reader::{Case, Files, cases};
