//! Every code that a diagnostic may have, what it is about, and what to do.
//!
//! Codes are stable: they are never given a second meaning. Tests make sure that every code here is reported
//! by some program of the suite, that no other code is, and that `docs/diagnostics.md` shows each.

/// A code, its title, and its explanation.
pub type Code = (&'static str, &'static str, &'static str);

/// All codes in order.
pub fn codes() -> &'static [Code] {
    CODES
}

const CODES: &[Code] = &[
    (
        "E0001",
        "not a text file",
        "A program is a text file in UTF-8. This one contains bytes that are not valid UTF-8.",
    ),
    ("E0002", "file too large", "A source file has at most 8 MiB. Pass large data as an input instead."),
    (
        "E0003",
        "nested too deeply",
        "Brackets, holes and strings may be nested at most 256 levels deep. Move inner parts into a `let`, a `fn` or a `type`.",
    ),
    (
        "E0004",
        "expression too long",
        "At most 500 operators, brackets and blocks may enclose one place. Split the expression with `let`.",
    ),
    (
        "E0010",
        "string not closed",
        "A string in \"…\" ends on the line where it begins; text of several lines goes in \"\"\"…\"\"\".",
    ),
    (
        "E0011",
        "hole not closed",
        "A hole begins with `{{` and ends with `}}`, on one line inside \"…\". The braces themselves are written `\\{{`.",
    ),
    ("E0012", "bracket not closed", "Every `(`, `[` and `{` needs a closing bracket of its kind."),
    ("E0013", "bracket closes nothing", "A closing bracket has no open bracket of its kind before it."),
    (
        "E0014",
        "unknown escape",
        "The escapes in \"…\" are \\n \\t \\r \\\" \\\\ \\u{…} and \\{{. A backslash itself is \\\\.",
    ),
    (
        "E0015",
        "character without meaning",
        "The character belongs to another language, or to text, which goes in quotes.",
    ),
    ("E0016", "single quotes", "Strings are written in double quotes."),
    ("E0017", "malformed number", "Numbers look like 42, 2.5 or 1e5; a number is not followed by a letter."),
    ("E0018", "comment in a hole", "A hole cannot contain a comment: put it on a line outside the string."),
    (
        "E0019",
        "regex not closed",
        "A regex is written between slashes on one line; a slash inside it is written `\\/`.",
    ),
    ("E0020", "syntax error", "Something else was expected here."),
    ("E0021", "syntax of another language", "The construct is written differently here; the hint says how."),
    ("E0022", "reserved word as a name", "Words that begin statements or join expressions cannot be names."),
    (
        "E0023",
        "declaration inside a block",
        "Functions, agents, types, constants, imports, models, tools, tests and inputs belong at the top level of a file.",
    ),
    (
        "E0024",
        "number too large",
        "An int has 64 bits. A float is finite, and has about 17 digits: one that is written with more would be another number.",
    ),
    (
        "E0025",
        "hole in a fixed string",
        "This string is part of a type, key or declaration and cannot hold `{{ }}`.",
    ),
    (
        "E0026",
        "carriage return alone",
        "Lines end with a line feed, or with a carriage return and a line feed. A carriage return on its own makes a program look different from how it is read.",
    ),
    (
        "E0027",
        "text without quotes",
        "Prompt text goes in quotes: \"…\" on one line, \"\"\"…\"\"\" over several.",
    ),
    ("E0100", "unknown name", "Nothing with this name is declared here, in the file, or in the prelude."),
    ("E0101", "unknown type", "No type with this name is declared in the file or in the prelude."),
    ("E0102", "declared twice", "Two declarations in the same scope have the same name."),
    (
        "E0103",
        "used before it is generated",
        "A capture can be read only where every path through the program has generated it.",
    ),
    ("E0104", "unknown option", "Generations have no option or method with this name."),
    ("E0106", "cannot be assigned to", "Constants and functions do not change."),
    (
        "E0200",
        "type mismatch",
        "The value does not have the type that is needed here. The only automatic conversion is from int to float.",
    ),
    (
        "E0201",
        "operator does not fit",
        "The operator does not accept values of these types, or its result is always the same.",
    ),
    ("E0202", "no such field", "The record has no field with this name, or the value is not a record."),
    ("E0203", "not a function", "Only functions can be called, by name; values have no methods."),
    ("E0204", "wrong arguments", "An argument is missing, superfluous, given twice, or has an unknown name."),
    ("E0205", "not a list", "Loops, indexes and slices need a list (or a str)."),
    ("E0207", "a name keeps its type", "Assigning or generating again cannot change the type of a variable."),
    ("E0208", "missing return", "The function returns a value, but can also reach its end without `return`."),
    (
        "E0209",
        "result type cannot be inferred",
        "The function cannot be checked without knowing its result type: write it down.",
    ),
    ("E0210", "endless type", "A type that always contains itself has no values."),
    (
        "E0211",
        "type too large",
        "A type has at most 4096 parts and 32 levels, including those of the types it names.",
    ),
    (
        "E0212",
        "bad bounds",
        "The bounds exclude every value or are not whole numbers, or the type takes no bounds.",
    ),
    ("E0213", "given twice", "A field of a record, or an option, is given twice."),
    (
        "E0214",
        "constant depends on itself",
        "A constant may be computed from other constants, but not in a circle.",
    ),
    (
        "E0215",
        "type needs a run-time value",
        "`copy(text)`, `one_of(list)`, and `contains(text)` and the like of anything but a literal depend on values that are known only at run time: they belong in the type of a generation.",
    ),
    ("E0216", "unknown item type", "An empty list by itself does not say what type its items have."),
    (
        "E0217",
        "regex as a value",
        "A regex is a type, a `stop_regex`, or an argument of `matches`, `contains`, `find_all`, `replace` or `split`.",
    ),
    ("E0218", "case that is no literal", "The cases of a `match` are literals."),
    ("E0219", "missing case", "A `match` without `else` needs an arm for every value that there can be."),
    (
        "E0220",
        "function as a value",
        "A function can be called, or be an argument where one is taken; it cannot be kept.",
    ),
    (
        "E0221",
        "misplaced type of a function",
        "Only parameters of `fn` and `agent` can be functions, and they have no defaults.",
    ),
    (
        "E0222",
        "too many instances",
        "A function that takes functions is compiled once for each set of functions that it is called with.",
    ),
    ("E0223", "no JSON Schema", "What may be written cannot be said by a JSON Schema."),
    (
        "E0224",
        "text that a function does not take",
        "Some functions of the prelude take texts of a certain form: dates, the units in which they are counted, and patterns.",
    ),
    (
        "E0230",
        "type that is not written as text",
        "The holes of a template or a grammar hold types that are written plain, not in JSON. The members of `&`, and what `not` excludes, are texts, \
         and not recursive.",
    ),
    ("E0300", "generation in a value", "Strings used as values, constants and defaults cannot generate."),
    (
        "E0301",
        "effect in a value",
        "A function that writes text or generates cannot be called here, or its value cannot be printed.",
    ),
    ("E0302", "role inside a role", "Roles cannot be nested, not even through functions."),
    ("E0303", "jump outside a loop", "`break` and `continue` belong in a loop."),
    ("E0304", "value not used", "The only expressions that can be statements are calls."),
    (
        "E0305",
        "assigned in a branch",
        "A branch of `fork` or `aside` works on copies of the variables around it: yield the value instead.",
    ),
    (
        "E0306",
        "jump across a branch",
        "A branch of `fork` or `aside` ends with `yield`, which is used nowhere else. It cannot be left by `return`, nor by `break` or `continue` of a loop around it.",
    ),
    (
        "E0310",
        "recursion without an end",
        "Every path through the function calls it again. Put the call under a condition that eventually becomes false.",
    ),
    ("E0400", "invalid regex", "Regexes follow the syntax of Rust's `regex` crate."),
    (
        "E0401",
        "regex looks around",
        "Types match whole values: look-around, `\\b`, inner anchors and back-references are not supported.",
    ),
    ("E0402", "nothing can be generated", "No text satisfies the type."),
    ("E0403", "constraint too large", "The automaton of this type would exceed a limit."),
    ("E0404", "empty stop", "An empty stop would end every text immediately."),
    ("E0405", "option out of range", "The option cannot have this value."),
    (
        "E0406",
        "options cannot be combined",
        "The option contradicts another one, or does not apply to this kind of generation.",
    ),
    ("E0407", "`min` too large", "Even the longest value of the type has fewer bytes than `min` has tokens."),
    (
        "E0408",
        "invalid grammar",
        "A grammar is written in Lark's notation, or in llama.cpp's if its file ends in `.gbnf`; its names must be defined, \
         and its regexes follow the syntax of Rust's `regex` crate.",
    ),
    (
        "E0409",
        "unusable schema",
        "A JSON Schema must follow one of the drafts 4 to 2020-12, its references must lead to something in the same file, and \
         it may use only keywords that can be enforced exactly.",
    ),
    ("E0500", "no such agent", "The agent to start with is not declared in the file."),
    ("E0501", "no entry point", "The file has several agents and none is `main`."),
    (
        "E0502",
        "bad model setting",
        "The settings of a model are ctx, seed and temp; their values are literals.",
    ),
    ("E0503", "unknown model", "No model of this name is declared in the file: model NAME = \"…\"."),
    (
        "E0600",
        "file cannot be read",
        "Imports, embeds, schemas and grammars name files by paths relative to the file that contains them.",
    ),
    ("E0601", "bad path", "A path is relative, has `/` between names, and ends with the name of a file."),
    (
        "E0602",
        "circle of imports",
        "Files cannot import one another in a circle, not even through other files.",
    ),
    ("E0603", "too many files", "A program has at most 1000 files."),
    (
        "E0604",
        "not JSON",
        "An embedded `.json` file and a schema must be JSON, and a schema must be an object or a bool.",
    ),
    (
        "E0605",
        "embedded value of another type",
        "An embedded `.json` file is checked against the type that is needed where it is embedded; `$` is the whole file.",
    ),
    (
        "E0700",
        "unknown capability",
        "The capabilities that a tool may need are run, net(\"host\"), read(\"path\"), write(\"path\") and env(\"NAME\").",
    ),
    (
        "E0701",
        "bad tool",
        "A tool is run with exec \"command\", http \"METHOD url\" or mcp \"server/tool\", or has a body.",
    ),
    (
        "E0702",
        "tools of one name",
        "A model calls a tool by its own name, without that of its file: no two of those that it may call have the same one.",
    ),
    ("W0001", "single braces around a variable", "`{x}` is plain text; a hole is written `{{ x }}`."),
    ("W0002", "unreachable", "This code is never reached."),
    (
        "W0005",
        "branch without a value",
        "Everything that a `fork` or `aside` does is lost, except for what its branches yield.",
    ),
    (
        "W0010",
        "statements of an imported file",
        "Importing a file brings its declarations; its top-level statements and inputs do not run.",
    ),
    (
        "W0011",
        "hidden import",
        "A file's own declaration takes precedence over an import with the same name, which is therefore never used.",
    ),
    ("W0020", "nothing to allow", "The comment silences a warning that is not reported on its line."),
    (
        "W0021",
        "unknown warning allowed",
        "A comment silences one warning by its code; errors cannot be silenced.",
    ),
    (
        "W0022",
        "allowed without a reason",
        "A comment that silences a warning says why: # allow W0001: the reason.",
    ),
    (
        "W0023",
        "description of nothing",
        "A comment that begins with `##` describes what stands right below it.",
    ),
    (
        "W0100",
        "unused variable",
        "Nothing reads the variable. A name that begins with `_` is meant to be unused.",
    ),
    (
        "W0101",
        "wasted generation",
        "Nothing reads the capture, and nothing is generated after it in its context: the model's work is wasted.",
    ),
    (
        "W0102",
        "unused parameter",
        "Nothing reads the parameter. A name that begins with `_` is meant to be unused.",
    ),
    ("W0103", "unused function", "No run of this program can reach the function or agent."),
    (
        "W0104",
        "unused declaration",
        "Nothing in the program uses the constant, type, tool, model or import. That a type uses itself, or that types use one another, \
         does not count, and only the first of these is reported. A name that begins with `_` is meant to be unused.",
    ),
    (
        "W0110",
        "always the same",
        "The condition or comparison does not depend on anything, or compares a capture with something that its type rules out.",
    ),
    ("W0111", "loop that never runs", "The loop has no iterations."),
    ("W0112", "assignment without effect", "The variable is given the value that it already has."),
    ("W0113", "identical blocks", "All blocks of the `if` are the same, so its condition decides nothing."),
    (
        "W0114",
        "condition that nothing changes",
        "The loop changes nothing that its condition depends on, and nothing leaves the loop.",
    ),
    ("W0115", "arm that is never reached", "Arms before this one are for everything that it is for."),
    (
        "W0117",
        "quotient where a whole number is meant",
        "`/` of two ints is a float, which is printed with all of its decimals, `3.3333333333333335` or `2.0`, is rarely \
         equal to an int, and leaves no rest.",
    ),
    (
        "W0118",
        "field without effect",
        "What a literal takes in later always has a field of this name, and wins.",
    ),
    (
        "W0120",
        "recursion without a bound",
        "A recursive call needs a condition on a parameter, and an argument that is not \
         just passed on unchanged; a run ends with an error when 256 calls are open.",
    ),
    (
        "W0121",
        "calls too deep",
        "A chain of functions or computed constants is certain to nest so many calls that a run ends \
         with an error, when 256 calls are open.",
    ),
    (
        "W0200",
        "text outside a role",
        "In a chat all text belongs in messages: the model's template has no place for other text.",
    ),
    (
        "W0201",
        "prompt without an answer",
        "The chat, or the agent's prompt, ends without a generation: the model is never asked.",
    ),
    (
        "W0202",
        "generation in another's message",
        "A generation in `system`, `user` or `tool` lets the model write what others should say.",
    ),
    (
        "W0300",
        "generation without an end",
        "In a text without roles free text goes on until the default `max` of 256 tokens: say where it ends.",
    ),
    ("W0301", "always empty", "Every value begins with a stop, so every value is empty."),
    ("W0302", "stop without effect", "Another stop always comes before it, or the value ends without one."),
    ("W0303", "option never chosen", "The option is listed twice, or contains a stop."),
    ("W0304", "option within another", "Another member of the union allows all that this one does."),
    (
        "W0305",
        "`max` too small",
        "Even the shortest value of the type has more bytes than `max` tokens can hold.",
    ),
    (
        "W0306",
        "option without effect",
        "At temperature 0 the likeliest token is always taken, so options that affect only sampling do nothing.",
    ),
    (
        "W0310",
        "template with one value",
        "All holes of the template hold literals, so it is one text and leaves nothing to choose.",
    ),
    (
        "W0400",
        "context too small",
        "Literal text and generations at their `max` need more tokens than the context of their model has. The compiler goes by \
         the `ctx` of a declared model and counts text as fewer tokens than any vocabulary would; when a run begins, it is checked again with the \
         context and the tokens of the loaded model.",
    ),
    (
        "W0500",
        "not supported yet",
        "This version checks the construct but cannot run it: a run that comes to it ends with the error R0901, which no \
         `try` catches.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_unique() {
        assert!(CODES.windows(2).all(|w| w[0].0 < w[1].0));
    }
}
