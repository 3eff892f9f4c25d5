//! The prelude: functions and types available in every file, as tables.
//!
//! The compiler checks calls against these tables; the runtime implements the functions by name. What a
//! function does is stated once, here.

/// A function of the prelude.
#[derive(Debug, Clone, Copy)]
pub struct Builtin {
    /// Its name.
    pub name: &'static str,
    /// Its parameters in order.
    pub params: &'static [Param],
    /// What it gives.
    pub gives: Gives,
    /// What it does, traps included.
    pub doc: &'static str,
}

/// A parameter of a prelude function.
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
    /// The name of a function that takes an item of the first argument.
    Function,
}

/// The value of a parameter that is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// `null`
    Null,
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
    /// Of one list its item type, of two values their common type.
    Extreme,
    /// int without a second argument, float with one.
    Rounded,
}

const fn p(name: &'static str, takes: Takes) -> Param {
    Param { name, takes, default: None }
}

const fn d(name: &'static str, takes: Takes, default: Default) -> Param {
    Param { name, takes, default: Some(default) }
}

const fn f(name: &'static str, params: &'static [Param], gives: Gives, doc: &'static str) -> Builtin {
    Builtin { name, params, gives, doc }
}

const S: Param = p("s", Takes::Str);
const X: Param = p("x", Takes::Any);
const XS: Param = p("xs", Takes::List);

/// Every function of the prelude, by name.
pub const BUILTINS: &[Builtin] = &[
    f("abs", &[p("x", Takes::Number)], Gives::First, "the absolute value; traps on the smallest int"),
    f(
        "contains",
        &[p("x", Takes::StrOrList), p("part", Takes::Any)],
        Gives::Bool,
        "whether a str holds a part or a match of a regex, or a list an item",
    ),
    f("ends_with", &[S, p("end", Takes::Str)], Gives::Bool, "whether a str ends with another"),
    f(
        "filter",
        &[XS, p("f", Takes::Function)],
        Gives::First,
        "the items for which the function `f` returns true",
    ),
    f(
        "float",
        &[p("x", Takes::Scalar)],
        Gives::Float,
        "the nearest float to a number, or to a str read as one; traps if it is not one",
    ),
    f(
        "int",
        &[p("x", Takes::Scalar)],
        Gives::Int,
        "a number truncated towards zero, or a str read as an int; traps if it is not one or does not fit",
    ),
    f(
        "join",
        &[XS, d("separator", Takes::Str, Default::Str(""))],
        Gives::Str,
        "the items, printed, with the separator between them",
    ),
    f("json", &[X], Gives::Str, "the value as JSON on one line, with one space after `:` and `,`"),
    f("keys", &[p("record", Takes::Record)], Gives::Strs, "the names of the fields, in order"),
    f("len", &[p("x", Takes::Sized)], Gives::Int, "characters of a str, items of a list, fields of a record"),
    f("lines", &[S], Gives::Strs, "the lines, without their breaks; no empty one after a last break"),
    f("lower", &[S], Gives::Str, "in lower case"),
    f(
        "map",
        &[XS, p("f", Takes::Function)],
        Gives::Any,
        "what the function `f` returns for each item, in order",
    ),
    f("matches", &[S, p("regex", Takes::Regex)], Gives::Bool, "whether a regex matches the whole str"),
    f(
        "max",
        &[p("a", Takes::Comparable), d("b", Takes::Comparable, Default::Null)],
        Gives::Extreme,
        "the largest item of a list, or the larger of two values; traps on an empty list",
    ),
    f(
        "min",
        &[p("a", Takes::Comparable), d("b", Takes::Comparable, Default::Null)],
        Gives::Extreme,
        "the smallest item of a list, or the smaller of two values; traps on an empty list",
    ),
    f(
        "numbered",
        &[XS, d("start", Takes::Int, Default::Int(0))],
        Gives::Str,
        "one line for each item, `0. item`, joined by line breaks; counts from `start`, as indexes do",
    ),
    f(
        "parse_json",
        &[S],
        Gives::Any,
        "the value that a JSON text stands for; traps, with the reason and the place, if it is not JSON",
    ),
    f(
        "range",
        &[p("a", Takes::Int), d("b", Takes::IntOrNull, Default::Null)],
        Gives::Ints,
        "the ints from 0 up to a, or from a up to b; the end is not included",
    ),
    f(
        "replace",
        &[S, p("old", Takes::Pattern), p("new", Takes::Str)],
        Gives::Str,
        "every `old`, a str or a regex, replaced by the text `new`",
    ),
    f("reversed", &[p("x", Takes::StrOrList)], Gives::First, "back to front"),
    f(
        "round",
        &[p("x", Takes::Number), d("digits", Takes::IntOrNull, Default::Null)],
        Gives::Rounded,
        "to the nearest int, or to a float with that many decimals; halves round away from zero; traps if it does not fit",
    ),
    f(
        "score",
        &[p("text", Takes::Str)],
        Gives::Float,
        "the log-probability that the model gives a text at this point of the context",
    ),
    f("sort", &[p("xs", Takes::Ordered)], Gives::First, "in ascending order; equal items keep their order"),
    f(
        "sort_by",
        &[XS, p("f", Takes::Function)],
        Gives::First,
        "the items in ascending order of what the function `f` returns for them; equal ones keep their order",
    ),
    f(
        "split",
        &[S, d("separator", Takes::PatternOrNull, Default::Null)],
        Gives::Strs,
        "the parts between separators, which are a str or the matches of a regex; without a separator, the words between white space; traps on an empty separator",
    ),
    f("starts_with", &[S, p("start", Takes::Str)], Gives::Bool, "whether a str begins with another"),
    f("str", &[X], Gives::Str, "the value as it is printed"),
    f(
        "sum",
        &[p("xs", Takes::Numbers)],
        Gives::Item,
        "of a list of numbers; 0 if it is empty; traps on overflow",
    ),
    f("trim", &[S], Gives::Str, "without the white space at both ends"),
    f("unique", &[XS], Gives::First, "without repeated items; the first of each is kept"),
    f("upper", &[S], Gives::Str, "in upper case"),
    f("values", &[p("record", Takes::Record)], Gives::Values, "the values of the fields, in order"),
    f(
        "vote",
        &[XS],
        Gives::Item,
        "the most frequent item, or the first of several that are equally frequent; traps on an empty list",
    ),
    f("zip", &[XS, p("ys", Takes::List)], Gives::Pairs, "a list of [x, y], as long as the shorter list"),
];

/// The days of the calendar, 29 February in leap years only.
macro_rules! date {
    () => {
        concat!(
            "([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)",
            "|02-(0[1-9]|1[0-9]|2[0-8]))",
            "|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)"
        )
    };
}

macro_rules! time {
    () => {
        "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?"
    };
}

/// A part of a host's name, between dots: no hyphen at its ends.
macro_rules! label {
    () => {
        "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    };
}

/// Type names of the prelude and the regexes they stand for.
pub const ALIASES: &[(&str, &str)] = &[
    ("date", date!()),
    ("datetime", concat!(date!(), "T", time!(), "(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?")),
    ("digits", "[0-9]+"),
    ("email", concat!("[A-Za-z0-9_%+-](\\.?[A-Za-z0-9_%+-]){0,63}@(", label!(), "\\.)+[A-Za-z]{2,24}")),
    ("identifier", "[A-Za-z_][A-Za-z0-9_]*"),
    (
        "ipv4",
        "((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])",
    ),
    ("line", "[^\\r\\n]+"),
    ("time", time!()),
    ("url", concat!("https?://", label!(), "(\\.", label!(), ")*\\.?(:[0-9]{1,5})?(/[^\\s\"<>]*)?")),
    ("uuid", "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    ("word", "\\w+(['’-]\\w+)*"),
];

/// The types that have names of their own.
pub const TYPES: &[&str] = &["bool", "float", "int", "json", "str"];

/// Functions of the prelude whose second argument may be a regex, and what they are in the IR then. The
/// argument is a str there, too.
pub const BY_REGEX: &[(&str, &str)] = &[
    ("contains", "contains_match"),
    ("matches", "matches"),
    ("replace", "replace_match"),
    ("split", "split_match"),
];

/// Functions of the prelude that are no instruction of that name: they call others, or ask the model.
const NOT_IN_IR: &[&str] = &["map", "score"];

/// How many operands an instruction has that is a function of the prelude; `None` if there is none of that
/// name. `filter` and `sort_by` take the list and the values that were computed from its items.
pub fn operands(name: &str) -> Option<usize> {
    let by_regex = BY_REGEX.iter().find(|(_, op)| *op == name).map_or(name, |(function, _)| function);
    let found = find(by_regex).filter(|b| !NOT_IN_IR.contains(&b.name))?;
    Some(found.params.len())
}

/// The prelude function of a name.
pub fn find(name: &str) -> Option<&'static Builtin> {
    BUILTINS.binary_search_by(|b| b.name.cmp(name)).ok().map(|i| &BUILTINS[i])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_have_operands() {
        assert_eq!(operands("len"), Some(1));
        assert_eq!(operands("replace_match"), Some(3));
        assert_eq!(operands("sort_by"), Some(2));
        assert!(operands("map").is_none() && operands("nope").is_none());
    }

    #[test]
    fn tables_are_sorted() {
        assert!(BUILTINS.is_sorted_by_key(|b| b.name));
        assert!(BY_REGEX.is_sorted_by_key(|b| b.0));
        assert!(ALIASES.is_sorted_by_key(|a| a.0));
    }
}
