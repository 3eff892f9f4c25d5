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
    Chunks "chunks" (xs: List, n: Int) -> Chunked, Reads,
        "lists of n items each, the last one of those that are left; traps unless n is above 0";
    Contains "contains" (x: StrOrList, part: Any) -> Bool, Reads,
        "whether a str holds a part or a match of a regex, or a list an item";
    ContainsMatch "contains_match" (s: Str, regex: Regex) -> Bool, Reads, "whether a str holds a match of a regex";
    Counts "counts" (xs: List) -> Counts, Reads,
        "a map: how often each item is there, by what it prints, in order of first appearance";
    DateAdd "date_add" (date: Date, n: Int, unit: Unit = Str("days")) -> Str, Reads,
        "the date so many units later, in the same form; traps outside of the years 0000 to 9999";
    DateDiff "date_diff" (from: Date, to: Date, unit: Unit = Str("days")) -> Int, Reads,
        "how many whole units lie between two dates; negative if the second is the earlier one";
    EndsWith "ends_with" (s: Str, end: Str) -> Bool, Reads, "whether a str ends with another";
    Enumerate "enumerate" (xs: List, start: Int = Int(0)) -> Enumerated, Reads,
        "for each item `{index: 0, item: x}`; counts from `start`";
    Filter "filter" (xs: List, f: Function) -> First, Moves, "the items for which the function `f` returns true";
    FindAll "find_all" (s: Str, regex: Regex) -> Matches, Reads,
        "what a regex finds, from left to right: the matches, or what its groups say";
    Flatten "flatten" (xss: Lists) -> Flattened, Reads, "the items of all lists of a list, one after the other";
    Float "float" (x: Scalar) -> Float, Reads,
        "the nearest float to a number, or to a str read as one; traps if it is not one";
    Format "format" (x: Number, pattern: NumberPattern) -> Str, Reads,
        "a number as a pattern such as `0.00` says";
    FormatDate "format_date" (date: Date, pattern: DatePattern) -> Str, Reads, "a date as a pattern such as `%d.%m.%Y` says";
    GroupBy "group_by" (xs: List, f: Function) -> Groups, Moves,
        "a map from what the function `f` returns, printed, to the items for which it does; keys in order of appearance";
    Int "int" (x: Scalar) -> Int, Reads,
        "a number truncated towards zero, or a str read as an int; traps if it is not one or does not fit";
    Join "join" (xs: List, separator: Str = Str("")) -> Str, Reads,
        "the items, printed, with the separator between them";
    Json "json" (x: Any) -> Str, Reads, "the value as JSON on one line, with one space after `:` and `,`";
    Keyed "keyed" (key: Str, value: Any) -> Any, Keys, "a map with one key";
    Keys "keys" (record: Record) -> Strs, Moves, "the names of the fields, in order";
    Len "len" (x: Sized) -> Int, Length, "characters of a str, items of a list, fields of a record";
    Lines "lines" (s: Str) -> Strs, Reads, "the lines, without their breaks; no empty one after a last break";
    Lower "lower" (s: Str) -> Str, Reads, "in lower case";
    Matches "matches" (s: Str, regex: Regex) -> Bool, Reads, "whether a regex matches the whole str";
    Max "max" (a: Comparable, b: Comparable = Null) -> Extreme, Reads,
        "the largest item of a list, or the larger of two values; traps on an empty list";
    Merge "merge" (a: Record, b: Record) -> Any, Keys,
        "the fields of both; those of the second win, in the places of those that they replace";
    Min "min" (a: Comparable, b: Comparable = Null) -> Extreme, Reads,
        "the smallest item of a list, or the smaller of two values; traps on an empty list";
    Numbered "numbered" (xs: List, start: Int = Int(0)) -> Str, Reads,
        "one line for each item, `0. item`, joined by line breaks; counts from `start`, as indexes do";
    Pad "pad" (x: Scalar, width: Int, side: Side = Str("right"), fill: Str = Str(" ")) -> Str, Reads,
        "the value, printed, and filled up to so many characters on the `side`, \"right\", \"left\" or \"both\"; traps if `fill` is empty";
    ParseJson "parse_json" (s: Str) -> Any, Reads,
        "the value that a JSON text stands for; traps, with the reason and the place, if it is not JSON";
    Range "range" (a: Int, b: IntOrNull = Null) -> Ints, Moves,
        "the ints from 0 up to a, or from a up to b; the end is not included";
    RepeatText "repeat_text" (s: Str, n: Int) -> Str, Reads, "the text n times; none if n is not above 0";
    Replace "replace" (s: Str, old: Pattern, new: Str) -> Str, Reads,
        "every `old`, a str or a regex, replaced by the text `new`";
    ReplaceMatch "replace_match" (s: Str, old: Regex, new: Str) -> Str, Reads,
        "every match of a regex replaced by the text `new`";
    Reversed "reversed" (x: StrOrList) -> First, Moves, "back to front";
    Round "round" (x: Number, digits: IntOrNull = Null) -> Rounded, Reads,
        "to the nearest int, or to a float with that many decimals, as it is printed; halves round away from zero; traps if it does not fit";
    Slug "slug" (s: Str) -> Str, Reads,
        "letters and digits in lower case, and `-` for whatever is between them";
    Sort "sort" (xs: Ordered) -> First, Sorts, "in ascending order; equal items keep their order";
    SortBy "sort_by" (xs: List, f: Function, desc: Bool = Bool(false)) -> First, Sorts,
        "the items in ascending order of what the function `f` returns for them, with `desc = true` in descending order; equal ones keep their order";
    Split "split" (s: Str, separator: PatternOrNull = Null) -> Strs, Reads,
        "the parts between separators, which are a str or the matches of a regex; without a separator, the words between white space; traps on an empty separator";
    SplitMatch "split_match" (s: Str, separator: Regex) -> Strs, Reads, "the parts between the matches of a regex";
    StartsWith "starts_with" (s: Str, start: Str) -> Bool, Reads, "whether a str begins with another";
    Str "str" (x: Any) -> Str, Reads, "the value as it is printed";
    Sum "sum" (xs: Numbers) -> Item, Moves, "of a list of numbers; 0 if it is empty; traps on overflow";
    Title "title" (s: Str) -> Str, Reads, "the first letter of each word in upper case, the rest as it is";
    Trim "trim" (s: Str) -> Str, Reads, "without the white space at both ends";
    Unique "unique" (xs: List) -> First, Reads, "without repeated items; the first of each is kept";
    Upper "upper" (s: Str) -> Str, Reads, "in upper case";
    Values "values" (record: Record) -> Values, Moves, "the values of the fields, in order";
    Vote "vote" (xs: List) -> Item, Reads,
        "the most frequent item, or the first of several that are equally frequent; traps on an empty list";
    Weekday "weekday" (date: Date) -> Int, Reads, "the day of the week, from 1, Monday, to 7, Sunday";
    Window "window" (xs: List, n: Int) -> Chunked, Reads,
        "all lists of n items that follow one another; traps unless n is above 0";
    Without "without" (record: Record, keys: Strs) -> First, Keys, "a record or map without some keys";
    Zip "zip" (xs: List, ys: List) -> Pairs, Moves, "a list of [x, y], as long as the shorter list";
}

/// `map`: calls in a loop, in the IR.
pub(super) static MAP: Signature = signature!("map" (xs: List, f: Function) -> Any, Reads,
    "what the function `f` returns for each item, in order");

/// `any`: calls in a loop that ends early.
pub(super) static ANY: Signature = signature!("any" (xs: List, f: Function) -> Bool, Reads,
    "whether the function `f` returns true for an item; those after it are not looked at");

/// `all`: calls in a loop that ends early.
pub(super) static EVERY: Signature = signature!("all" (xs: List, f: Function) -> Bool, Reads,
    "whether the function `f` returns true for every item; those after one for which it does not are not looked at");

/// `find`: calls in a loop that ends early.
pub(super) static FIND: Signature = signature!("find" (xs: List, f: Function) -> Item, Reads,
    "the first item for which the function `f` returns true, or null; those after it are not looked at");

/// `reduce`: calls in a loop.
pub(super) static REDUCE: Signature = signature!("reduce" (xs: List, start: Any, f: Function) -> Any, Reads,
    "`f(f(start, first), second)` and so on: what the function `f` makes of the items, one after the other");

/// `describe`: a text that is known when the program is compiled.
pub(super) static DESCRIBE: Signature = signature!("describe" (x: Any, form: Str = Str("text")) -> Str, Reads,
    "the shape of a type, a tool or a function, by its name, for a prompt; with `\"json_schema\"` as a JSON Schema");

/// `score`: an instruction that waits for the model, in the IR.
pub(super) static SCORE: Signature = signature!("score" (text: Str) -> Float, Reads,
    "the log-probability that the model gives a text at this point of the context");
