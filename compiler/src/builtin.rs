//! The prelude: functions and types available in every file, as tables.
//!
//! The compiler checks calls against the table of functions, the runtime implements each, and both know it by its
//! [`Builtin`]. What a function does is stated once, in the table.

pub mod date;
mod groups;
mod pattern;
mod table;
mod types;

use std::fmt;
use std::sync::LazyLock;

pub use groups::Groups;
pub use pattern::{NumberPattern, to_decimals};
pub use table::Builtin;
pub use types::{ALIASES, TYPES};

/// How a function is called, and what it costs.
#[derive(Debug, Clone, Copy)]
pub struct Signature {
    /// Its name.
    pub name: &'static str,
    /// Its parameters in order.
    pub params: &'static [Param],
    /// What it gives.
    pub gives: Gives,
    /// How its time grows with its arguments.
    pub cost: Cost,
    /// What it does, traps included.
    pub doc: &'static str,
}

/// A parameter of a function of the prelude.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// Its name, for named arguments.
    pub name: &'static str,
    /// What it takes. A `json` value is taken everywhere and checked at run time.
    pub takes: Takes,
    /// What it is when no argument is given.
    pub default: Option<Default>,
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Anything.
    Any,
    /// A str.
    Str,
    /// A str or null.
    StrOrNull,
    /// An int.
    Int,
    /// An int or null.
    IntOrNull,
    /// A bool.
    Bool,
    /// An int or a float.
    Number,
    /// A str, a number or a bool.
    Scalar,
    /// A list.
    List,
    /// A list of numbers.
    Numbers,
    /// A list of numbers, or of strings.
    Ordered,
    /// A str or a list.
    StrOrList,
    /// A str, a list or a record.
    Sized,
    /// A record.
    Record,
    /// A number or a str, or a list of them.
    Comparable,
    /// A str, a regex, or null.
    PatternOrNull,
    /// A str or a regex.
    Pattern,
    /// A regex.
    Regex,
    /// A list of lists.
    Lists,
    /// A list of strs.
    Strs,
    /// A str: how a number is written.
    NumberPattern,
    /// A str: a date or a date with a time.
    Date,
    /// A str: the unit in which dates are counted.
    Unit,
    /// A str: how a date is written.
    DatePattern,
    /// A str: a side of a text.
    Side,
    /// The name of a function that takes an item of the first argument. In the instruction of that name: the list
    /// of what the function gave for the items.
    Function,
}

impl Takes {
    /// What a parameter takes instead of a text, and what to write; `None` if it takes the text.
    pub fn refused(self, text: &str) -> Option<(&'static str, &'static str)> {
        match self {
            Takes::NumberPattern => {
                NumberPattern::new(text).err().map(|hint| ("a pattern for numbers", hint))
            }
            Takes::DatePattern => date::refused_pattern(text).map(|hint| ("a pattern for dates", hint)),
            Takes::Date if date::Moment::new(text).is_none() => Some((
                "a date",
                "write it as 2025-12-31, with a time as 2025-12-31T23:59, and with an offset as …Z or …+02:00",
            )),
            Takes::Unit if date::Unit::named(text).is_none() => Some(("a unit of time", date::UNITS)),
            Takes::Side if !matches!(text, "left" | "right" | "both") => {
                Some(("a side", "write \"right\", \"left\" or \"both\": where it is filled up"))
            }
            _ => None,
        }
    }
}

/// The value of a parameter that is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// `null`
    Null,
    /// A bool.
    Bool(bool),
    /// An int.
    Int(i64),
    /// A str.
    Str(&'static str),
}

/// The type that a function gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    /// str
    Str,
    /// int
    Int,
    /// float
    Float,
    /// bool
    Bool,
    /// json
    Any,
    /// str[]
    Strs,
    /// int[]
    Ints,
    /// The type of the first argument.
    First,
    /// The type of the first argument's items.
    Item,
    /// Lists of two: an item of the first argument and one of the second.
    Pairs,
    /// A list of what the fields of the first argument hold.
    Values,
    /// A map of lists like the first argument.
    Groups,
    /// Of one list its item type, of two values their common type.
    Extreme,
    /// int without a second argument, float with one.
    Rounded,
    /// Records of a position and an item of the first argument.
    Enumerated,
    /// The type of the items of the first argument.
    Flattened,
    /// Lists of the type of the first argument.
    Chunked,
    /// map(int)
    Counts,
    /// What the groups of a regex say.
    Matches,
}

/// What of its arguments a function goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// The characters of a text; anything else knows its length.
    Length,
    /// The items of lists and the fields of records, which it moves or adds up without looking into them.
    Moves,
    /// As much, and the bytes of keys.
    Keys,
    /// All that they hold.
    Reads,
    /// All that they hold, once for each round of sorting.
    Sorts,
}

impl Builtin {
    /// Its name in the IR.
    pub fn name(self) -> &'static str {
        self.signature().name
    }

    /// The instruction where the second argument is a regex, which is a str there; `None` where it cannot be one.
    pub fn by_regex(self) -> Option<Builtin> {
        match self {
            Builtin::Contains => Some(Builtin::ContainsMatch),
            Builtin::FindAll => Some(Builtin::FindAll),
            Builtin::Matches => Some(Builtin::Matches),
            Builtin::Replace => Some(Builtin::ReplaceMatch),
            Builtin::Split => Some(Builtin::SplitMatch),
            _ => None,
        }
    }

    /// Whether it has no name in the language: programs call another function, with a regex, or write a literal or an
    /// operator.
    fn is_unnamed(self) -> bool {
        matches!(
            self,
            Builtin::ContainsMatch
                | Builtin::Keyed
                | Builtin::Merge
                | Builtin::ReplaceMatch
                | Builtin::SplitMatch
                | Builtin::Without
        )
    }
}

impl fmt::Display for Builtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a program calls by a name of the prelude.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// An instruction.
    Builtin(Builtin),
    /// `map`, which calls a function of the program for each item.
    Map,
    /// `any`, `all` and `find`, which do so until they know.
    Any,
    /// See `Any`.
    All,
    /// See `Any`.
    Find,
    /// `reduce`, which calls one with what it gave before, and the next item.
    Reduce,
    /// `describe`, which is a text.
    Describe,
    /// `score`, which asks the model.
    Score,
}

static FUNCTIONS: LazyLock<Vec<Function>> = LazyLock::new(|| {
    let named = Builtin::ALL.iter().filter(|builtin| !builtin.is_unnamed());
    let mut all: Vec<Function> = named.map(|builtin| Function::Builtin(*builtin)).collect();
    all.extend([
        Function::Map,
        Function::Any,
        Function::All,
        Function::Find,
        Function::Reduce,
        Function::Describe,
        Function::Score,
    ]);
    all.sort_by_key(|function| function.signature().name);
    all
});

impl Function {
    /// Every function of the prelude, by name.
    pub fn all() -> &'static [Function] {
        &FUNCTIONS
    }

    /// The function of a name.
    pub fn named(name: &str) -> Option<Function> {
        let at = FUNCTIONS.binary_search_by(|function| function.signature().name.cmp(name)).ok()?;
        FUNCTIONS.get(at).copied()
    }

    /// How it is called.
    pub fn signature(self) -> &'static Signature {
        match self {
            Function::Builtin(builtin) => builtin.signature(),
            Function::Map => &table::MAP,
            Function::Any => &table::ANY,
            Function::All => &table::EVERY,
            Function::Find => &table::FIND,
            Function::Reduce => &table::REDUCE,
            Function::Describe => &table::DESCRIBE,
            Function::Score => &table::SCORE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found() {
        assert_eq!(Function::named("len"), Some(Function::Builtin(Builtin::Len)));
        assert_eq!(Function::named("map"), Some(Function::Map));
        assert_eq!(Function::named("split_match"), None);
        assert_eq!(Function::all().len() + 6, Builtin::ALL.len() + 7);
    }

    #[test]
    fn the_names_in_the_ir_are_those_of_the_table() {
        for builtin in Builtin::ALL {
            assert_eq!(serde_json::to_value(builtin).expect("a name"), builtin.name());
        }
    }

    #[test]
    fn what_takes_a_regex_has_an_instruction_for_it() {
        let takes_regex = |p: &Param| matches!(p.takes, Takes::Regex | Takes::Pattern | Takes::PatternOrNull);
        let by_regex = |builtin: &Builtin| builtin.by_regex().is_some();
        for builtin in Builtin::ALL.iter().filter(|builtin| !builtin.is_unnamed()) {
            let takes = builtin.signature().params.iter().any(takes_regex) || *builtin == Builtin::Contains;
            assert_eq!(takes, by_regex(builtin), "{builtin}");
            let operands = |builtin: Builtin| builtin.signature().params.len();
            assert!(
                builtin.by_regex().is_none_or(|other| operands(other) == operands(*builtin)),
                "{builtin}"
            );
        }
    }

    #[test]
    fn tables_are_sorted() {
        assert!(Builtin::ALL.is_sorted_by_key(|builtin| builtin.name()));
        assert!(ALIASES.is_sorted_by_key(|a| a.0));
    }
}
