//! `grammar/README.md` and `grammar/agent.pest` name exactly what the compiler knows.
#![allow(clippy::disallowed_methods)] // tests read files

use std::collections::BTreeSet;

use agentc_compiler::builtin::{ALIASES, Function};
use agentc_compiler::lex::words::{CONTEXTUAL, RESERVED};

fn grammar(file: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../grammar").join(file);
    std::fs::read_to_string(path).expect("the grammar is readable")
}

/// Everything in backticks between two phrases.
fn named<'a>(page: &'a str, from: &str, to: &str) -> BTreeSet<&'a str> {
    let start = page.find(from).unwrap_or_else(|| panic!("no `{from}`")) + from.len();
    let end = page[start..].find(to).unwrap_or_else(|| panic!("no `{to}`")) + start;
    page[start..end].split('`').skip(1).step_by(2).collect()
}

#[test]
fn words_are_those_of_the_compiler() {
    let page = grammar("README.md");
    assert_eq!(named(&page, "argument names):", "Words in their own"), RESERVED.iter().copied().collect());
    assert_eq!(named(&page, "free names elsewhere:", "## Items"), CONTEXTUAL.iter().copied().collect());
    let pest = grammar("agent.pest");
    let rule =
        pest.split("reserved   = @{").nth(1).and_then(|r| r.split('}').next()).expect("there is a rule");
    let words: BTreeSet<&str> = rule.split('"').skip(1).step_by(2).collect();
    assert_eq!(words, RESERVED.iter().copied().collect());
}

#[test]
fn prelude_functions_are_those_of_the_compiler() {
    let page = grammar("README.md");
    let table = page.split("## The prelude").nth(1).expect("there is a prelude");
    let rows = table.lines().filter_map(|l| l.strip_prefix("| `"));
    let names: BTreeSet<&str> = rows.filter_map(|r| r.split('(').next()).collect();
    let functions: Vec<_> = Function::all().iter().map(|function| function.signature()).collect();
    assert_eq!(names, functions.iter().map(|function| function.name).collect());
    for function in functions {
        assert!(table.contains(function.doc), "{}", function.name);
        for param in function.params {
            assert!(table.contains(param.name), "{}", function.name);
        }
    }
}

#[test]
fn aliases_are_those_of_the_compiler() {
    let page = grammar("README.md");
    let names = named(&page, "Aliases of the prelude", "### ");
    for (alias, _) in ALIASES {
        assert!(names.contains(alias), "{alias}");
    }
}
