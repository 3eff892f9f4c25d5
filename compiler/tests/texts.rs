//! The readable forms of trees and typed trees, compared with files in `tests/golden`.
#![allow(clippy::disallowed_methods)] // tests read files

mod common;

use agentc_compiler::{Limits, Options, check, load};
use common::Files;

fn golden(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    std::fs::read_to_string(path).expect("the golden files are readable")
}

fn same(name: &str, text: &str) {
    let expected = golden(name);
    let differs = expected.lines().zip(text.lines()).position(|(a, b)| a != b);
    let line = differs.map_or(expected.lines().count().min(text.lines().count()), |at| at) + 1;
    assert!(expected == text, "{name} differs from line {line} on; it should be:\n{text}");
}

#[test]
fn trees_are_written_as_nested_lists() {
    let loaded =
        load("program.agent", golden("program.agent").as_bytes(), &Files::of(&[]), &Limits::default());
    same("program.ast", &loaded.modules.list()[0].ast.to_string());
}

#[test]
fn typed_trees_are_written_with_types_and_effects() {
    let files = Files::of(&[("lib.agent", &golden("lib.agent"))]);
    let loaded = load("program.agent", golden("program.agent").as_bytes(), &files, &Limits::default());
    let (hir, found) = check(&loaded.modules, &files, &Options::default());
    let hir = hir.unwrap_or_else(|| panic!("{:#?}\n{found:#?}", loaded.diags));
    same("program.hir", &hir.to_string());
}

#[test]
fn every_program_of_the_suite_has_both_forms() {
    for case in common::cases() {
        let loaded = load("main.agent", case.text.as_bytes(), &case.files, &Limits::default());
        for module in loaded.modules.list() {
            let text = module.ast.to_string();
            assert_eq!(
                text.is_empty(),
                module.ast.items.is_empty() && module.ast.allows.is_empty(),
                "{}",
                case.name
            );
        }
        let (hir, _) = check(&loaded.modules, &case.files, &Options::default());
        let shown = hir.map(|hir| hir.to_string());
        assert!(shown.is_none_or(|text| text.starts_with("entry ")), "{}", case.name);
    }
}
