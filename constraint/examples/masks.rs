//! Times masks over the vocabulary of a GGUF file: `cargo run --example masks -- FILE`.
#[path = "../tests/support/mod.rs"]
mod support;
use std::sync::Arc;
use std::time::Instant;

use agentc_constraint::spec::{Spec, Stop};
use agentc_constraint::{Constraint, Limits, Matcher, build};

fn main() {
    let path = std::env::args().nth(1).expect("a file");
    let t = Instant::now();
    let vocab = Arc::new(support::gguf::vocab(std::path::Path::new(&path)));
    println!("vocab {} tokens, longest {}, load {:?}", vocab.len(), vocab.longest(), t.elapsed());
    let text = || Spec::Text { min: 0, max: None };
    let specs = [
        ("integer", Spec::Regex { pattern: "[0-9]+".into() }, "4"),
        ("json string", Spec::Regex { pattern: r#""([^"\\\x00-\x1f]|\\["\\/bfnrt])*""#.into() }, "\"ab"),
        ("bounded string", Spec::Regex { pattern: r#""[^"\\]{0,1024}""#.into() }, "\"ab"),
        ("words", Spec::Regex { pattern: r"\w{0,10000}!".into() }, "ab"),
        ("text, stop", Spec::Until { value: Box::new(text()), stops: vec![Stop::Text { text: "\n".into() }] }, "ab"),
    ];
    for (name, spec, prefix) in specs {
        let t = Instant::now();
        let pattern = build(&spec, &[], &Limits::default()).expect("a pattern");
        let built = t.elapsed();
        let constraint = Constraint::new(pattern, vocab.clone(), Limits::default());
        let mut m = Matcher::new(&constraint, b"", 1_000_000).expect("m");
        let t = Instant::now();
        let mask = m.mask().expect("mask");
        let first0 = t.elapsed();
        for t in vocab.fewest_tokens(prefix.as_bytes()).expect("tokens") { m.commit(t).expect("commit"); }
        let t = Instant::now();
        let len = m.mask().expect("mask").len();
        let first = t.elapsed();
        let mut again = std::time::Duration::MAX;
        for _ in 0..5 { constraint.clear_masks(); let t = Instant::now(); m.mask().expect("mask"); again = again.min(t.elapsed()); }
        let t = Instant::now();
        for _ in 0..1000 { std::hint::black_box(m.mask().expect("mask")); }
        println!("{name:16} build {built:?} start mask {first0:?} ({}) after prefix {first:?} ({len}) again {again:?} cached {:?}", mask.len(), t.elapsed() / 1000);
    }
}
