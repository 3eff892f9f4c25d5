//! Names and what they mean: by hand in small programs, and for every program of the tree compared with what the
//! checker makes of it.
#![allow(clippy::disallowed_methods)] // tests read files

mod common;

use std::collections::{BTreeMap, BTreeSet};

use agentc_compiler::hir::{Expr, ExprKind};
use agentc_compiler::modules::Loaded;
use agentc_compiler::resolve::{DefKind, Resolution, resolve};
use agentc_compiler::source::{Sources, Span};
use agentc_compiler::{Limits, Options, check, load};
use common::{Case, Files, cases};

fn loaded(text: &str, files: &Files) -> (Loaded, Resolution) {
    let loaded = load("main.agent", text.as_bytes(), files, &Limits::default());
    let names = resolve(&loaded.modules);
    (loaded, names)
}

fn text_at(sources: &Sources, span: Span) -> &str {
    sources.get(span.file).map_or("", |source| source.slice(span))
}

/// A program in which `‹1›` stands behind each name whose definition is marked by `«1»`; a name with `‹›` means
/// nothing.
fn follow(marked: &str) {
    let mut text = String::new();
    let (mut uses, mut defs) = (Vec::new(), Vec::new());
    let mut rest = marked;
    while let Some((before, marked)) = rest.split_once(['‹', '«']) {
        let is_use = !rest[before.len()..].starts_with('«');
        let (number, after) = marked.split_once(['›', '»']).expect("marks are closed");
        text.push_str(before);
        let list = if is_use { &mut uses } else { &mut defs };
        list.push((number.to_owned(), text.len() - 1));
        rest = after;
    }
    text.push_str(rest);
    let (_, names) = loaded(&text, &Files::default());
    for (number, at) in uses {
        let def = names.definition_at(0, at);
        let wanted = defs.iter().find(|def| def.0 == number).map(|def| def.1);
        let found = def.and_then(|id| names.definition(id)).map(|def| def.span.end as usize - 1);
        assert_eq!(found, wanted, "the name that ends at {at} of\n{text}");
    }
}

#[test]
fn blocks_hide_and_end() {
    follow("let x«1» = 1\nif true {\n  print x‹1›\n  let x«2» = 2\n  print x‹2›\n}\nprint x‹1›\nprint y‹›\n");
    follow("for i«1» in [1] { print i‹1› }\nrepeat 2 as i«2» { print i‹2› }\nprint i‹›\n");
    follow("try { print 1 } else e«1» { print e‹1›.message }\nprint e‹›\n");
    follow("let x«1» = 1\nlet x‹1› = x‹1›\n");
    follow("user { let x«1» = \"a\" x‹1› }\nprint x‹1›\n");
}

#[test]
fn captures_belong_to_functions_and_branches() {
    follow("print a‹1›\nif true { assistant gen a«1» }\nassistant gen a‹1›\nprint a‹1›\n");
    follow("let xs = fork 2 { assistant gen a«1» yield a‹1› }\nprint a‹›\n");
    follow("assistant gen a«1»\nlet xs = fork 2 { assistant gen a‹1› yield a‹1› }\n");
    follow("let xs = fork 2 { yield a‹2› assistant gen a«2» }\nassistant gen a«1»\nprint a‹1›\n");
    follow("let a«1» = \"\"\nassistant gen a‹1›\nuser \"{{ a‹1› }}\"\n");
    follow("agent f() { assistant gen a«1» return a‹1› }\nprint a‹›\n");
}

#[test]
fn declarations_are_seen_everywhere_in_their_file() {
    follow(
        "print f‹1›(x‹2› = C‹3›)\nfn f«1»(x«2»: T‹4› = C‹3›) { return x‹2› }\nconst C«3» = 1\ntype T«4» = int\n",
    );
    follow("fn x«1»() { return 1 }\nfn f(x«2»: int) { return x‹2› }\nprint x‹1›()\n");
    follow("type T«1» = { next: T‹1›? }\nlet T«2» = 1\nprint T‹2›\n");
    follow("model m«1» = \"a\"\nassistant gen x with model = m‹1›\ntest \"t\" with model = m‹1› { }\n");
    follow(
        "tool t«1»(q: str) -> str\nlet t«2» = 1\nassistant call x: t‹1›\nassistant gen y with tools = [t‹1›]\nprint t‹2›\n",
    );
    follow(
        "let n«1» = [\"a\"]\nassistant gen x: one_of(n‹1›)\nuser \"{n}{{ len‹›(n‹1›) }}\"\nlet c = context‹›\n",
    );
}

#[test]
fn files_are_followed() {
    let files = Files::of(&[("lib.agent", "fn f(x: int) { return x }\ntype T = int\nfn lost( {\n")]);
    let text = "import { f, T, no } from \"lib.agent\"\nimport \"lib.agent\" as lib\nimport \"none.agent\" as none\n\
                let a: T = f(x = 1)\nlet b: lib.T = lib.f(2)\nprint none.g() + lib.h() + no\n";
    let (loaded, names) = loaded(text, &files);
    let meaning = |name: &str, nth: usize| {
        let at = text.match_indices(name).nth(nth).map_or(0, |found| found.0);
        let def = names.definition(names.definition_at(0, at)?)?;
        assert_eq!(text_at(&loaded.sources, def.span), def.name);
        Some((def.span.file, def.kind))
    };
    assert_eq!(meaning("f,", 0), Some((1, DefKind::Function)));
    assert_eq!(meaning("f(x", 0), Some((1, DefKind::Function)));
    assert_eq!(meaning("x =", 0), Some((1, DefKind::Parameter)));
    assert_eq!(meaning("f(2", 0), Some((1, DefKind::Function)));
    assert_eq!(meaning("T =", 0), Some((1, DefKind::Type)));
    assert_eq!(meaning("T = lib", 0), Some((1, DefKind::Type)));
    assert_eq!(meaning("lib.f", 0), Some((0, DefKind::File(Some(1)))));
    assert_eq!(meaning("none.g", 0), Some((0, DefKind::File(None))));
    assert_eq!((meaning("g()", 0), meaning("h()", 0), meaning("no\n", 0)), (None, None, None));
}

#[test]
fn broken_programs_keep_what_is_sound() {
    follow("let x«1» = 1\nlet = = 3\nprint x‹1›\nfn f«2»() { let y«3» = ) \n return y‹3› }\nprint f‹2›()\n");
    follow("let x«1» = 1\nif x‹1› === { print x‹1› let z«2» = 1 print z‹2› }\nprint x‹1›\n");
}

#[test]
fn uses_are_listed_in_order() {
    let text = "let x = 1\nprint x + x\nif true { let x = 2 print x }\n";
    let (_, names) = loaded(text, &Files::default());
    let id = names.definition_at(0, 4).expect("it is declared there");
    let uses: Vec<u32> = names.uses_of(id).map(|span| span.start).collect();
    assert_eq!(uses, [16, 20]);
    assert!(names.definition_at(0, 6).is_none() && names.definition_at(1, 4).is_none());
    assert!(names.definition_at(0, usize::MAX).is_none());
}

/// The suite, the examples and the library.
fn programs() -> Vec<Case> {
    let mut programs = cases();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for folder in ["examples", "stdlib/std", "tests/diagnostics"] {
        for entry in std::fs::read_dir(root.join(folder)).expect("the folder is readable") {
            let path = entry.expect("it is readable").path();
            if path.extension().is_some_and(|e| e == "agent") {
                let text = std::fs::read_to_string(&path).expect("a program is text");
                let (name, files) = (path.display().to_string(), Files::default());
                programs.push(Case { name, text, files, notes: Vec::new(), starts: BTreeMap::new() });
            }
        }
    }
    programs
}

#[test]
fn definitions_stand_where_their_names_are() {
    let (mut defs, mut uses) = (0, 0);
    for case in programs() {
        let (loaded, names) = loaded(&case.text, &case.files);
        let whole = loaded.diags.is_empty();
        // What was read of a broken statement may be spelled in another way, as `if_` for `if`.
        let stands = |name: &str, place: Span| {
            let text = text_at(&loaded.sources, place);
            assert!(text == name || !whole, "`{name}` at `{text}` of {}", case.name);
        };
        for (id, def) in names.definitions() {
            stands(&def.name, def.span);
            for place in names.uses_of(id) {
                stands(&def.name, place);
                assert_eq!(names.definition_at(place.file, place.start as usize), Some(id), "{}", case.name);
                uses += 1;
            }
            defs += 1;
        }
    }
    assert!(defs > 500 && uses > 500, "{defs} definitions, {uses} uses");
}

/// The variables and functions of typed trees are what the names at their places mean.
#[test]
fn the_checker_has_the_same_idea() {
    let mut compared = BTreeSet::new();
    for case in programs() {
        let (loaded, names) = loaded(&case.text, &case.files);
        let (Some(hir), _) = check(&loaded.modules, &case.files, &Options::default()) else { continue };
        for func in &hir.funcs {
            common::typed::each_expr(&func.body, &mut |expr: &Expr| {
                let (name, declared, place) = match &expr.kind {
                    ExprKind::Var(var) => {
                        let var = &func.vars[var.0 as usize];
                        (var.name.as_str(), var.span, expr.span)
                    }
                    ExprKind::Call(id, _) => {
                        let callee = &hir.funcs[*id as usize];
                        let length = u32::try_from(callee.name.len()).expect("names are short");
                        let place = Span { end: expr.span.start + length, ..expr.span };
                        (callee.name.as_str(), callee.span, place)
                    }
                    _ => return,
                };
                if name.is_empty() || text_at(&loaded.sources, place) != name {
                    return;
                }
                let def = names.definition_at(place.file, place.start as usize);
                let def = def.and_then(|id| names.definition(id)).map(|def| def.span);
                assert_eq!(def, Some(declared), "`{name}` at {place:?} of {}", case.name);
                compared.insert((case.name.clone(), place));
            });
        }
    }
    assert!(compared.len() > 300, "only {} were compared", compared.len());
}
