//! "Did you mean": the nearest known name, and words from other languages.

use super::Checker;
use crate::diag::near::distance;

/// Names compared per run: enough for people, and no program can make it slow.
const MAX_SUGGESTIONS: usize = 100;

impl Checker<'_> {
    /// The known name that is nearest to an unknown one.
    pub(super) fn nearest<'n>(&mut self, name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
        self.findings.suggestions += 1;
        if self.findings.suggestions > MAX_SUGGESTIONS || name.len() > 40 {
            return None;
        }
        let allowed = (name.chars().count() / 3).max(1);
        let scored = known.filter(|k| k.len() <= 48 && *k != name).map(|k| (distance(name, k), k));
        let best = scored.filter(|(d, _)| *d <= allowed).min_by(|a, b| a.cmp(b));
        best.map(|(_, k)| k.to_owned())
    }
}

/// What to write for a value name of another language.
pub(super) fn foreign_value(name: &str) -> Option<&'static str> {
    Some(match name {
        "True" | "TRUE" => "write `true`",
        "False" | "FALSE" => "write `false`",
        "None" | "nil" | "undefined" | "NULL" | "Null" => "write `null`",
        "length" | "size" | "count" => "write `len(x)`",
        "strip" => "write `trim`",
        "loop" => "count in a loop: repeat len(xs) as i { … xs[i] … }",
        "ctx" => "nothing is added to a prompt by itself: say in its text what to write",
        "append" | "push" => "write `xs += [x]`",
        "await" | "async" => "leave it out: every call waits for its result",
        "concat" => "put the values into a string: \"{{ a }} and {{ b }}\"",
        "lowercase" | "toLowerCase" => "write `lower`",
        "uppercase" | "toUpperCase" => "write `upper`",
        _ => return None,
    })
}

/// The word of the language for a value or a type of another one, where they mean the same.
pub(super) fn own_word(name: &str) -> Option<&'static str> {
    Some(match name {
        "True" | "TRUE" => "true",
        "False" | "FALSE" => "false",
        "None" | "nil" | "undefined" | "NULL" | "Null" => "null",
        "string" | "String" | "text" | "Text" => "str",
        "boolean" | "Boolean" | "Bool" => "bool",
        "double" | "f64" | "decimal" => "float",
        _ => return None,
    })
}

/// What to do where a function of another language is called: what this one has instead.
pub(super) fn foreign_function(name: &str) -> Option<&'static str> {
    Some(match name {
        "read_file" | "readFile" | "readFileSync" | "read_text" | "open" | "read" | "load_file" | "load"
        | "file" => {
            "a program reads no files while it runs: embed one, const TEXT = embed \"file.txt\"; or pass an input"
        }
        "write_file" | "writeFile" | "write" | "save" | "write_text" | "dump" => {
            "a program writes no files: return the value, and store what `agentc run` prints"
        }
        "env" | "getenv" | "environ" | "get_env" => {
            "a program cannot read the environment: declare an input, input key: str, and pass --input key=…"
        }
        "input" | "raw_input" | "readline" | "read_line" | "gets" | "scanf" => {
            "a program does not ask on the terminal: declare an input, input name: str, and pass --input name=…"
        }
        "strftime" | "toLocaleDateString" | "dateformat" => "write format_date(d, \"%d.%m.%Y\")",
        "timedelta" | "addDays" | "add_days" | "dateadd" | "relativedelta" => {
            "write date_add(d, 7, \"days\")"
        }
        "datediff" | "days_between" => "write date_diff(a, b, \"days\")",
        "now" | "today" | "date" | "datetime" | "time" | "utcnow" | "timestamp" => {
            "there is no clock, so that runs can be repeated: declare an input, input today: str"
        }
        "random" | "rand" | "randint" | "shuffle" | "choice" | "sample" | "uuid" | "uuid4" => {
            "there are no random numbers: let the model pick, as in select x from xs with temp = 1"
        }
        "fetch" | "post" | "request" | "http_get" | "urlopen" | "curl" => {
            "a program cannot reach the network: fetch the text before the run, and pass it as an input"
        }
        "sleep" | "wait" | "delay" => "leave it out: every call waits for its result",
        "system" | "exec" | "eval" | "run" | "shell" | "subprocess" | "popen" => {
            "a program cannot run commands: run them before it, and pass what they print as an input"
        }
        "chain" | "flat" => "write `flatten(lists)`",
        "items" | "entries" => "loop over the keys: for k in keys(m) { … m[k] … }",
        "get" | "getattr" | "get_or_default" => "write m[\"key\"]; whether it is there, \"key\" in m",
        "pop" | "shift" | "remove" | "insert" | "delete" | "splice" | "clear" => {
            "values do not change: build a new one, such as xs[1:], filter(xs, f) or m - [\"key\"], and assign it"
        }
        "extend" | "concat_lists" => "write `xs += ys`",
        "add" | "add_item" => "write `xs += [x]`",
        "update" | "merge" | "assign" => "write {...r, b: 2}, or {...a, ...b}: what comes later wins",
        "any" | "all" | "some" | "every" => "filter the list and ask for its length: len(filter(xs, f)) > 0",
        "reduce" | "fold" => "write a loop: let sum = 0 for x in xs { sum += x }",
        "index" | "indexOf" | "find" | "index_of" => {
            "contains(s, part) says whether it is there; split(s, part) cuts there"
        }
        "substr" | "substring" | "slice" => "write s[0:3]",
        "mean" | "average" | "avg" => "write sum(xs) / len(xs)",
        "tostring" | "toString" | "string" | "repr" => "write `str(x)`",
        "parseInt" | "parse_int" | "to_int" | "toInt" | "Number" => "write `int(x)`",
        "parseFloat" | "parse_float" | "to_float" => "write `float(x)`",
        "loads" | "from_json" | "fromJson" | "parse" | "json_loads" => "write `parse_json(text)`",
        "dumps" | "stringify" | "to_json" | "toJson" | "json_dumps" | "tojson" => "write `json(x)`",
        "dict" | "Map" | "object" => "write a record: {name: \"Ada\"}",
        "list" | "tuple" | "array" => "write a list: [a, b]",
        "set" | "Set" | "distinct" | "dedupe" => "write `unique(xs)`",
        "type" | "typeof" | "isinstance" | "instanceof" => {
            "types are known before the run; whether a value is there, x != null, or \"key\" in x"
        }
        "default" => "write `x ?? \"…\"`",
        "capitalize" | "titlecase" => "write `title`",
        "upcase" => "write `upper`",
        "Counter" | "countBy" | "tally" | "value_counts" => "write `counts(xs)`",
        "ljust" | "rjust" | "center" | "zfill" | "padStart" | "padEnd" => {
            "write pad(x, 8), or pad(x, 8, side = \"left\", fill = \"0\")"
        }
        "findall" | "finditer" | "matchAll" | "scan" => "write find_all(s, /…/)",
        "toFixed" | "number_format" | "toLocaleString" => "write format(x, \"0.00\")",
        "floor" | "trunc" => "write `int(x)`, or `a // b` to divide ints",
        "divmod" => "write `a // b` and `a % b`",
        "slugify" => "write `slug`",
        "batched" | "chunk" => "write chunks(xs, 10)",
        "pairwise" | "sliding" => "write window(xs, 2)",
        "downcase" => "write `lower`",
        "lstrip" | "rstrip" | "ltrim" | "rtrim" => "write `trim`",
        "generate" | "complete" | "completion" | "chat" | "llm" | "ask" | "invoke" => {
            "let the model write: user \"…\" assistant gen answer"
        }
        "assert" | "check" => "write `expect condition, \"message\"`",
        "exit" | "quit" => "write `return`: at top level it ends the program",
        _ => return None,
    })
}

/// What to write for a type name of another language.
pub(super) fn foreign_type(name: &str) -> Option<&'static str> {
    Some(match name {
        "string" | "String" | "text" | "Text" => "write `str`",
        "integer" | "Integer" | "number" | "Number" | "i64" | "long" => "write `int` or `float`",
        "boolean" | "Boolean" | "Bool" => "write `bool`",
        "double" | "f64" | "decimal" => "write `float`",
        "list" | "List" | "array" | "Array" => "write `T[]`, such as `str[]`",
        "dict" | "object" | "Object" | "any" | "Any" => {
            "write a record type `{name: T}`, or `json` for any value"
        }
        "Literal" | "Enum" | "Union" => "write a union: \"a\" | \"b\"",
        "Optional" | "Maybe" | "Option" => "write `T | null`, such as str | null",
        "regex" | "Regex" | "pattern" => "write the regex between slashes: /[a-z]+/",
        "function" | "Function" | "Callable" | "callable" | "Fn" | "lambda" => {
            "write the type of a function: fn(str) -> bool"
        }
        "contains" => "write the text in parentheses: contains(\"text\")",
        "starts" => "write the text in parentheses: starts(\"text\")",
        "ends" => "write the text in parentheses: ends(\"text\")",
        "None" | "void" | "nil" => "write `null`, or leave the type out",
        _ => return None,
    })
}
