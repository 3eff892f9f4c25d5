//! What must hold for any bytes: each function panics if its property does not hold.
//!
//! Used by the fuzz targets beside this file, and by `compiler/tests/fuzz.rs`, which includes it.

use agentc_compiler::source::World;
use agentc_compiler::{Limits, Options, compile, decode, fmt, ir, lex, parse};
use agentc_constraint::build;
use agentc_constraint::spec::{GrammarSyntax, Spec};

/// Any bytes compile to a valid program, or to findings with a place, a message and a hint.
pub fn text(bytes: &[u8], files: &dyn World) {
    if let Ok(text) = decode(bytes, &Limits::default()) {
        tokens_cover(text);
    }
    let shown = String::from_utf8_lossy(bytes);
    let compiled = compile("main.agent", bytes, files, &Options::default());
    for diag in &compiled.diags {
        let len = compiled.sources.get(diag.span.file).map_or(0, |source| source.text.len());
        assert!(diag.span.start <= diag.span.end && diag.span.end as usize <= len, "{diag:?}\n{shown}");
        assert!(diag.hint.as_ref().is_some_and(|hint| !hint.is_empty()), "{diag:?}\n{shown}");
        assert!(!diag.message.is_empty(), "{diag:?}\n{shown}");
    }
    let failed = compiled.diags.iter().any(|diag| diag.is_error());
    assert_eq!(compiled.program.is_none(), failed, "{:?}\n{shown}", compiled.diags);
    if let Some(program) = compiled.program {
        ir::validate(&program).unwrap_or_else(|error| panic!("{error}\n{shown}"));
        let json = serde_json::to_vec(&program).expect("a program is JSON");
        let back: ir::Program = serde_json::from_slice(&json).expect("it reads back");
        assert_eq!(back, program);
    }
}

/// Tokens cover every byte, in order.
fn tokens_cover(text: &str) {
    let mut at = 0;
    for token in lex::lex(0, text, &Limits::default()).tokens {
        assert_eq!(token.start, at, "tokens leave nothing out\n{text}");
        assert!(token.end > token.start && text.is_char_boundary(token.end), "{text}");
        at = token.end;
    }
    assert_eq!(at, text.len(), "tokens reach the end\n{text}");
}

/// What is formatted is set already, and is the same program.
pub fn format(bytes: &[u8]) {
    let Ok(text) = decode(bytes, &Limits::default()) else { return };
    match fmt::format(0, text, &Limits::default()) {
        Ok(set) => {
            assert_eq!(
                fmt::format(0, &set, &Limits::default()).as_ref(),
                Ok(&set),
                "formatting twice is formatting once"
            );
            let errors = |text: &str| parse(0, text, &Limits::default()).1.len();
            assert_eq!(errors(&set), errors(text), "what parses still parses");
        }
        Err(diags) => assert!(!diags.is_empty(), "a refusal has a reason"),
    }
}

/// Any IR is refused with a reason, or has only indices that are there.
pub fn ir(bytes: &[u8]) {
    let Ok(program) = serde_json::from_slice::<ir::Program>(bytes) else { return };
    match ir::validate(&program) {
        Ok(()) => _ = program.to_string(),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Any spec builds a pattern, or is refused.
pub fn spec(bytes: &[u8]) {
    if let Ok(spec) = serde_json::from_slice::<Spec>(bytes) {
        builds(&spec);
    }
}

/// The same for texts in the notations that specs hold, which random JSON hardly ever brings: after a letter a
/// regex (`r`), a grammar in Lark's notation (`l`) or llama.cpp's (`g`), or a JSON Schema (`s`).
pub fn notation(bytes: &[u8]) {
    let Some((letter, rest)) = bytes.split_first() else { return };
    let Ok(text) = str::from_utf8(rest) else { return };
    let text = text.to_owned();
    builds(&match letter {
        b'r' => Spec::Regex { pattern: text },
        b'l' => Spec::Grammar { grammar: text, syntax: GrammarSyntax::Lark, parts: Vec::new() },
        b'g' => Spec::Grammar { grammar: text, syntax: GrammarSyntax::Gbnf, parts: Vec::new() },
        b's' => Spec::Schema { schema: text },
        _ => return,
    });
}

/// A spec builds a pattern whose shortest text matches it, or is refused by a typed error, under small limits.
fn builds(spec: &Spec) {
    let limits = agentc_constraint::Limits {
        instructions: 20_000,
        states: 2_000,
        configurations: 200,
        search: 2_000,
        witness_bytes: 4_096,
        ..agentc_constraint::Limits::default()
    };
    let bindings = [vec!["a b, c".to_owned(), "b".to_owned()], vec!["b".to_owned()]];
    match build(spec, &bindings, &limits) {
        Ok(pattern) => {
            let shortest = pattern.shortest().to_vec();
            // Reading it back may hit the small limits, which refuse.
            assert_ne!(pattern.try_match(&shortest), Ok(false), "{spec:?}: {shortest:?}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
