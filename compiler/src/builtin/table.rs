//! The functions of the prelude: how each is called, what it gives, what it costs, and what it does.

use serde::{Deserialize, Serialize};

use super::{Cost, Default, Gives, Param, Signature, Takes};

macro_rules! default {
    () => {
        None
    };
    ($kind:ident $($value:literal)?) => {
        Some(Default::$kind $(($value))?)
    };
}

macro_rules! signature {
    ($name:literal ($($param:ident: $takes:ident $(= $default:ident $(($value:literal))?)?),*) -> $gives:ident, $cost:ident, $doc:literal) => {
        Signature {
            name: $name,
            params: &[$(Param {
                name: stringify!($param),
                takes: Takes::$takes,
                default: default!($($default $($value)?)?),
            }),*],
            gives: Gives::$gives,
            cost: Cost::$cost,
            doc: $doc,
        }
    };
}

/// A row is a variant, its name in the IR, its parameters with their defaults, what it gives, its cost and what it
/// does. Variants are in the order of their names.
macro_rules! builtins {
    ($($id:ident $name:literal $params:tt -> $gives:ident, $cost:ident, $doc:literal;)*) => {
        /// An instruction that computes a function of the prelude.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Builtin {
            $(#[doc = $doc] #[serde(rename = $name)] $id,)*
        }

        impl Builtin {
            /// All of them, by name.
            pub const ALL: &[Builtin] = &[$(Builtin::$id),*];

            /// How it is called: its operands in the IR are the parameters.
            pub fn signature(self) -> &'static Signature {
                match self {
                    $(Builtin::$id => &signature!($name $params -> $gives, $cost, $doc),)*
                }
            }
        }
    };
}

builtins! {
    Abs "abs" (x: Number) -> First, Reads, "the absolute value; traps on the smallest int";
    Contains "contains" (x: StrOrList, part: Any) -> Bool, Reads,
        "whether a str holds a part or a match of a regex, or a list an item";
    ContainsMatch "contains_match" (s: Str, regex: Regex) -> Bool, Reads, "whether a str holds a match of a regex";
    EndsWith "ends_with" (s: Str, end: Str) -> Bool, Reads, "whether a str ends with another";
    Filter "filter" (xs: List, f: Function) -> First, Moves, "the items for which the function `f` returns true";
    Float "float" (x: Scalar) -> Float, Reads,
        "the nearest float to a number, or to a str read as one; traps if it is not one";
    Int "int" (x: Scalar) -> Int, Reads,
        "a number truncated towards zero, or a str read as an int; traps if it is not one or does not fit";
    Join "join" (xs: List, separator: Str = Str("")) -> Str, Reads,
        "the items, printed, with the separator between them";
    Json "json" (x: Any) -> Str, Reads, "the value as JSON on one line, with one space after `:` and `,`";
    Keys "keys" (record: Record) -> Strs, Moves, "the names of the fields, in order";
    Len "len" (x: Sized) -> Int, Length, "characters of a str, items of a list, fields of a record";
    Lines "lines" (s: Str) -> Strs, Reads, "the lines, without their breaks; no empty one after a last break";
    Lower "lower" (s: Str) -> Str, Reads, "in lower case";
    Matches "matches" (s: Str, regex: Regex) -> Bool, Reads, "whether a regex matches the whole str";
    Max "max" (a: Comparable, b: Comparable = Null) -> Extreme, Reads,
        "the largest item of a list, or the larger of two values; traps on an empty list";
    Min "min" (a: Comparable, b: Comparable = Null) -> Extreme, Reads,
        "the smallest item of a list, or the smaller of two values; traps on an empty list";
    Numbered "numbered" (xs: List, start: Int = Int(0)) -> Str, Reads,
        "one line for each item, `0. item`, joined by line breaks; counts from `start`, as indexes do";
    ParseJson "parse_json" (s: Str) -> Any, Reads,
        "the value that a JSON text stands for; traps, with the reason and the place, if it is not JSON";
    Range "range" (a: Int, b: IntOrNull = Null) -> Ints, Moves,
        "the ints from 0 up to a, or from a up to b; the end is not included";
    Replace "replace" (s: Str, old: Pattern, new: Str) -> Str, Reads,
        "every `old`, a str or a regex, replaced by the text `new`";
    ReplaceMatch "replace_match" (s: Str, old: Regex, new: Str) -> Str, Reads,
        "every match of a regex replaced by the text `new`";
    Reversed "reversed" (x: StrOrList) -> First, Moves, "back to front";
    Round "round" (x: Number, digits: IntOrNull = Null) -> Rounded, Reads,
        "to the nearest int, or to a float with that many decimals; halves round away from zero; traps if it does not fit";
    Sort "sort" (xs: Ordered) -> First, Sorts, "in ascending order; equal items keep their order";
    SortBy "sort_by" (xs: List, f: Function) -> First, Sorts,
        "the items in ascending order of what the function `f` returns for them; equal ones keep their order";
    Split "split" (s: Str, separator: PatternOrNull = Null) -> Strs, Reads,
        "the parts between separators, which are a str or the matches of a regex; without a separator, the words between white space; traps on an empty separator";
    SplitMatch "split_match" (s: Str, separator: Regex) -> Strs, Reads, "the parts between the matches of a regex";
    StartsWith "starts_with" (s: Str, start: Str) -> Bool, Reads, "whether a str begins with another";
    Str "str" (x: Any) -> Str, Reads, "the value as it is printed";
    Sum "sum" (xs: Numbers) -> Item, Moves, "of a list of numbers; 0 if it is empty; traps on overflow";
    Trim "trim" (s: Str) -> Str, Reads, "without the white space at both ends";
    Unique "unique" (xs: List) -> First, Reads, "without repeated items; the first of each is kept";
    Upper "upper" (s: Str) -> Str, Reads, "in upper case";
    Values "values" (record: Record) -> Values, Moves, "the values of the fields, in order";
    Vote "vote" (xs: List) -> Item, Reads,
        "the most frequent item, or the first of several that are equally frequent; traps on an empty list";
    Zip "zip" (xs: List, ys: List) -> Pairs, Moves, "a list of [x, y], as long as the shorter list";
}

/// `map`: calls in a loop, in the IR.
pub(super) static MAP: Signature = signature!("map" (xs: List, f: Function) -> Any, Reads,
    "what the function `f` returns for each item, in order");

/// `score`: an instruction that waits for the model, in the IR.
pub(super) static SCORE: Signature = signature!("score" (text: Str) -> Float, Reads,
    "the log-probability that the model gives a text at this point of the context");
