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
    ("E0001", "not a text file", "A program is a text file in UTF-8. This one holds bytes that are not."),
    ("E0002", "file too large", "A source file has at most 8 MiB. Pass large data as an input instead."),
    (
        "E0003",
        "nested too deeply",
        "Brackets, holes and strings nest at most 256 levels. Take inner parts out into a `let`, a `fn` or a `type`.",
    ),
    (
        "E0004",
        "expression too long",
        "Operators, brackets and blocks around one place are limited to 500. Split the expression with `let`.",
    ),
    (
        "E0010",
        "string not closed",
        "A string in \"…\" ends on its line; text of several lines stands in \"\"\"…\"\"\".",
    ),
    (
        "E0011",
        "hole not closed",
        "A hole begins with `{{` and ends with `}}`, on one line within \"…\". The braces themselves are written `\\{{`.",
    ),
    ("E0012", "bracket not closed", "Every `(`, `[` and `{` needs its partner."),
    ("E0013", "bracket closes nothing", "A closing bracket has no open partner of its kind."),
    (
        "E0014",
        "unknown escape",
        "The escapes in \"…\" are \\n \\t \\r \\\" \\\\ \\u{…} and \\{{. A backslash itself is \\\\.",
    ),
    (
        "E0015",
        "sign without meaning",
        "The sign belongs to another language, or to text, which stands in quotes.",
    ),
    ("E0016", "single quotes", "Strings stand in double quotes."),
    ("E0017", "malformed number", "Numbers look like 42, 2.5 or 1e5; a number is not followed by a letter."),
    ("E0018", "comment in a hole", "Holes hold no comments: put it on a line outside the string."),
    (
        "E0019",
        "regex not closed",
        "A regex stands between slashes on one line; an inner slash is written `\\/`.",
    ),
    ("E0020", "syntax error", "Something else was expected at this place."),
    ("E0021", "habit of another language", "The construct is written differently here; the hint says how."),
    ("E0022", "reserved word as a name", "Words that begin statements or join expressions cannot be names."),
    (
        "E0023",
        "declaration inside a block",
        "Functions, agents, types, constants, imports, models, tools, tests and inputs stand at the top level of a file.",
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
        "Lines end with a line feed, or with a carriage return and a line feed. Alone, a carriage return shows a program in another way than it is read.",
    ),
    (
        "E0027",
        "text without quotes",
        "Prompt text stands in quotes: \"…\" on one line, \"\"\"…\"\"\" over several.",
    ),
    ("E0100", "unknown name", "Nothing of this name is declared here, in the file, or in the prelude."),
    ("E0101", "unknown type", "No type of this name is declared in the file or in the prelude."),
    ("E0102", "declared twice", "Two declarations in one place have the same name."),
    (
        "E0103",
        "used before it is generated",
        "A capture can only be read where every way to the place has generated it.",
    ),
    ("E0104", "unknown option", "The generation has no option or method of this name."),
    ("E0106", "cannot be assigned to", "Constants and functions do not change."),
    (
        "E0200",
        "type mismatch",
        "The value has another type than its place needs. Only an int becomes a float by itself.",
    ),
    (
        "E0201",
        "operator does not fit",
        "The operator does not take values of these types, or its result is always the same.",
    ),
    ("E0202", "no such field", "The record has no field of this name, or the value is no record."),
    ("E0203", "not a function", "Only functions are called, by their names; values have no methods."),
    (
        "E0204",
        "wrong arguments",
        "An argument is missing, one too many, given twice, or has an unknown name.",
    ),
    ("E0205", "not a list", "Loops, indexes and slices need a list (or a str)."),
    ("E0207", "a name keeps its type", "Assigning or generating again cannot change the type of a variable."),
    ("E0208", "missing return", "The function gives a value, but has a way to its end without `return`."),
    (
        "E0209",
        "result type cannot be inferred",
        "The function needs its own result type to be checked: write it down.",
    ),
    ("E0210", "endless type", "A type that is made of itself alone has no values."),
    (
        "E0211",
        "type too large",
        "A type has at most 4096 parts and 32 levels, those of the types it names included.",
    ),
    ("E0212", "bad bounds", "The bounds exclude everything, are no whole numbers, or the type takes none."),
    ("E0213", "given twice", "A record's field or an option is there twice."),
    ("E0214", "constant depends on itself", "Constants are computed from other constants, without cycles."),
    (
        "E0215",
        "type needs a value of the run",
        "`copy(text)` and `one_of(list)` depend on values that a run knows: they stand only in the type of a generation.",
    ),
    ("E0216", "unknown item type", "An empty list alone does not say what its items are."),
    (
        "E0217",
        "regex as a value",
        "A regex is a type, a `stop_regex`, or an argument of `matches`, `contains`, `replace` or `split`.",
    ),
    ("E0300", "generation in a value", "Strings that are values, constants and defaults cannot generate."),
    (
        "E0301",
        "effect in a value",
        "A function that writes text or generates cannot be called here, or its value cannot be printed.",
    ),
    ("E0302", "role inside a role", "Roles do not nest, also not through functions."),
    ("E0303", "jump outside of a loop", "`break` and `continue` belong into a loop."),
    ("E0304", "value not used", "Of expressions only calls are statements."),
    (
        "E0305",
        "assigned in a branch",
        "A branch of `fork` or `aside` works on copies of the variables around it: yield the value instead.",
    ),
    (
        "E0306",
        "jump across a branch",
        "A branch of `fork` or `aside` ends with `yield`, which stands nowhere else; `return`, and `break` and `continue` of a loop around it, cannot leave it.",
    ),
    (
        "E0310",
        "recursion without an end",
        "Every way through the function calls it again. Put the call under a condition that is false in the end.",
    ),
    ("E0400", "invalid regex", "Regexes follow the syntax of Rust's `regex` crate."),
    (
        "E0401",
        "regex looks around",
        "Types match whole values: look-around, `\\b`, inner anchors and back-references are not supported.",
    ),
    ("E0402", "nothing can be generated", "No text satisfies the type."),
    ("E0403", "constraint too large", "The automaton of this type would exceed a limit."),
    ("E0404", "empty stop", "An empty stop would end every text at once."),
    ("E0405", "option out of range", "The option cannot have this value."),
    (
        "E0406",
        "options do not go together",
        "The option contradicts another, or says nothing about this kind of generation.",
    ),
    ("E0407", "`min` too large", "Even the longest value of the type has fewer bytes than so many tokens."),
    (
        "E0408",
        "invalid grammar",
        "A grammar is in Lark's notation, or in llama.cpp's if its file ends in `.gbnf`; its names are defined, \
         and its regexes follow the syntax of Rust's `regex` crate.",
    ),
    (
        "E0409",
        "unusable schema",
        "A JSON Schema follows one of the drafts 4 to 2020-12, its references lead to something in the same file, and \
         it uses no keyword that cannot be enforced exactly.",
    ),
    ("E0500", "no such agent", "The agent to start with is not declared in the file."),
    ("E0501", "no entry point", "The file has several agents and none is `main`."),
    ("E0502", "bad model setting", "A model has the settings ctx, seed and temp, all literals."),
    ("E0503", "unknown model", "No model of this name is declared in the file: model NAME = \"…\"."),
    (
        "E0600",
        "file cannot be read",
        "Imports, embeds, schemas and grammars name files relative to the file that they stand in.",
    ),
    ("E0601", "bad path", "A path is relative, has `/` between names, and ends with the name of a file."),
    ("E0602", "circle of imports", "Files cannot import one another in a circle, also not through others."),
    ("E0603", "too many files", "A program has at most 1000 files."),
    (
        "E0604",
        "not JSON",
        "An embedded `.json` file and a schema must be JSON, and a schema an object or a bool.",
    ),
    (
        "E0605",
        "embedded value of another type",
        "An embedded `.json` file is checked against the type that its place asks for; `$` is the whole of it.",
    ),
    (
        "E0700",
        "unknown capability",
        "A tool may need run, net(\"host\"), read(\"path\"), write(\"path\") and env(\"NAME\").",
    ),
    (
        "E0701",
        "bad tool",
        "A tool runs by exec \"command\", http \"METHOD url\" or mcp \"server/tool\", or has a body.",
    ),
    ("W0001", "single braces around a variable", "`{x}` is plain text; a hole is written `{{ x }}`."),
    ("W0002", "unreachable", "Control never comes here."),
    (
        "W0005",
        "branch without a value",
        "What a `fork` or `aside` does is lost but for what its branches yield.",
    ),
    (
        "W0010",
        "statements of an imported file",
        "Importing a file brings its declarations; its top-level statements and inputs do not run.",
    ),
    (
        "W0011",
        "hidden import",
        "A file's own declaration comes before an import of the same name, which so is never used.",
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
        "W0100",
        "unused variable",
        "Nothing reads the variable. A name that begins with `_` is meant to be unused.",
    ),
    (
        "W0101",
        "wasted generation",
        "Nothing reads the capture, and nothing is generated behind it in its context: the model writes for nobody.",
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
        "Nothing in the program names the constant, type, tool, model or import; that a type names itself, or types one another, \
         does not count, and the first of these is told. A name that begins with `_` is meant to be unused.",
    ),
    (
        "W0110",
        "always the same",
        "The condition or comparison does not depend on anything, or asks a capture for what its type rules out.",
    ),
    ("W0111", "loop without turns", "The loop never runs."),
    ("W0112", "assignment without effect", "The variable gets the value that it has."),
    ("W0113", "blocks alike", "All blocks of the `if` are the same, so its condition decides nothing."),
    (
        "W0114",
        "condition that nothing changes",
        "The loop cannot change what its condition asks, and never leaves.",
    ),
    (
        "W0120",
        "recursion without a bound",
        "Calls that come back to their function need a condition about a parameter, and an argument that is not \
         just handed on; a run ends with an error when 256 calls are open.",
    ),
    (
        "W0121",
        "calls too deep",
        "A chain of functions or computed constants surely calls one within the other so often that a run ends \
         with an error, when 256 calls are open.",
    ),
    (
        "W0200",
        "text outside of a role",
        "In a chat all text belongs into messages: the model's template has no place for other text.",
    ),
    (
        "W0201",
        "prompt without an answer",
        "The chat, or the agent's prompt, ends without a generation: the model is never asked.",
    ),
    (
        "W0202",
        "generation in another's message",
        "A generation in `system`, `user` or `tool` lets the model write what others are to say.",
    ),
    (
        "W0300",
        "generation without an end",
        "In a text without roles free text goes on until the default `max` of 256 tokens: say where it ends.",
    ),
    ("W0301", "always empty", "A stop stands at the beginning of every value, so that each one is empty."),
    ("W0302", "stop without effect", "Another stop always comes before it, or the value ends without one."),
    ("W0303", "option never chosen", "The option is there twice, or contains a stop."),
    ("W0304", "option within another", "Another member of the union allows all that this one does."),
    (
        "W0305",
        "`max` too small",
        "Even the shortest value of the type has more bytes than so many tokens can hold.",
    ),
    (
        "W0306",
        "option without effect",
        "At temperature 0 the likeliest token is always taken: what only sampling uses does nothing.",
    ),
    (
        "W0400",
        "context too small",
        "Literal text and generations at their `max` need more tokens than the context of their model has. Before a run \
         it is the `ctx` of a declared model, and text counts less than in any vocabulary; when a run begins, it is the \
         context of the model it has, with that model's tokens.",
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
