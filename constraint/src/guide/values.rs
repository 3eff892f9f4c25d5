//! What can be asked for: each kind of [`Spec`](crate::spec::Spec).
//!
//! A spec is a set of texts, as data. [`build`](crate::build) turns it into a [`Pattern`](crate::Pattern),
//! which can match whole texts without any vocabulary. That is a good way to try out a spec, and the examples
//! here do so:
//!
//! ```
//! use agentc_constraint::{BuildError, Limits, build, spec::Spec};
//!
//! /// Whether a text is a value of a spec.
//! fn admits(spec: &Spec, text: &str) -> Result<bool, BuildError> {
//!     Ok(build(spec, &[], &Limits::default())?.is_match(text.as_bytes()))
//! }
//!
//! # fn main() -> Result<(), BuildError> {
//! let word = Spec::Regex { pattern: r"\p{Lu}\w*".into() };
//! assert!(admits(&word, "Zürich")?);
//! assert!(!admits(&word, "In Zürich")?); // the whole text must match: there is no searching
//!
//! let either = Spec::Regex { pattern: "foo|foobar".into() };
//! assert!(admits(&either, "foo")? && admits(&either, "foobar")?); // in either order
//! # Ok(()) }
//! ```
//!
//! # Texts, numbers, words
//!
//! | spec | its values |
//! |---|---|
//! | `Text { min, max }` | any text with that many characters (Unicode scalar values) |
//! | `Int { min, max }` | integers in their one decimal form: no `+`, no leading zeros, no `-0` |
//! | `Float { min, max }` | decimals without exponent, at most 15 digits before the point and 15 after it |
//! | `Bool` | `true`, `false` |
//! | `Literal { text }` | this text |
//! | `Constant { text }` | this text; the difference shows in JSON, where it is not quoted |
//! | `Regex { pattern }` | full matches, in the syntax of the `regex` crate without look-around (`^`, `$`, `\b`) |
//! | `Union { members }` | the values of any member |
//!
//! ```
//! # use agentc_constraint::{BuildError, Limits, build};
//! # fn admits(spec: &agentc_constraint::spec::Spec, text: &str) -> Result<bool, BuildError> {
//! #     Ok(build(spec, &[], &Limits::default())?.is_match(text.as_bytes()))
//! # }
//! # fn main() -> Result<(), BuildError> {
//! use agentc_constraint::spec::Spec;
//!
//! let name = Spec::Text { min: 1, max: Some(5) };
//! assert!(admits(&name, "日本語")? && admits(&name, "12345")?);
//! assert!(!admits(&name, "")? && !admits(&name, "123456")?);
//!
//! let age = Spec::Int { min: Some(0), max: Some(120) };
//! assert!(admits(&age, "0")? && admits(&age, "120")?);
//! assert!(!admits(&age, "121")? && !admits(&age, "007")? && !admits(&age, "-1")?);
//!
//! let share = Spec::Float { min: Some(0.0), max: Some(1.0) };
//! assert!(admits(&share, "0.25")? && admits(&share, "1")?);
//! assert!(!admits(&share, "1.01")? && !admits(&share, "1e-3")?);
//!
//! let verdict = Spec::Union { members: vec![Spec::Literal { text: "unknown".into() }, Spec::Bool] };
//! assert!(admits(&verdict, "unknown")? && admits(&verdict, "true")?);
//! assert!(!admits(&verdict, "True")?);
//! # Ok(()) }
//! ```
//!
//! Counted repeats are cheap: `\w{0,10000}` is one copy of `\w` and a counter.
//!
//! # What is known at run time
//!
//! Specs can be kept and shared, but lists of options and source texts are often not known in advance. These
//! are *holes*, numbered from 0 and filled when the spec is built.
//!
//! ```
//! # use agentc_constraint::BuildError;
//! # fn main() -> Result<(), BuildError> {
//! use agentc_constraint::{Limits, build, spec::Spec};
//!
//! let limits = Limits::default();
//! let cities = vec!["Oslo".to_owned(), "Ottawa".to_owned()];
//! let city = build(&Spec::OneOf { hole: 0 }, &[cities], &limits)?;
//! assert!(city.is_match(b"Oslo") && !city.is_match(b"Paris"));
//!
//! // `Copy` is a run of whole words of a text, as they stand there: quotations cannot be invented.
//! let source = vec!["The train leaves at 9.40 from platform 3.".to_owned()];
//! let quote = build(&Spec::Copy { hole: 0 }, &[source], &limits)?;
//! assert!(quote.is_match(b"leaves at 9.40") && quote.is_match(b"platform 3"));
//! assert!(!quote.is_match(b"leaves at 9.45") && !quote.is_match(b"form 3"));
//!
//! let unbound = build(&Spec::OneOf { hole: 1 }, &[], &limits).err();
//! assert_eq!(unbound, Some(BuildError::UnboundHole { hole: 1 }));
//! # Ok(()) }
//! ```
//!
//! # Templates, and several conditions at once
//!
//! A `Template` is texts and holes, one after the other. A [`TemplateReader`](crate::TemplateReader) says what each hole took: from
//! left to right as much as it can so that the rest still fits. `And`, `Not` and `Having` are conditions on texts, which
//! may be known at run time.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use agentc_constraint::spec::{Needle, Piece, Place, Spec};
//! use agentc_constraint::{BuildError, Limits, TemplateReader, build};
//!
//! let limits = Limits::default();
//! let hole = |value| Piece::Hole { name: None, value };
//! let parts = vec![
//!     hole(Spec::Int { min: Some(1), max: Some(31) }),
//!     Piece::Text { text: ". ".into() },
//!     hole(Spec::Text { min: 1, max: None }),
//! ];
//! let day = build(&Spec::Template { parts: parts.clone() }, &[], &limits)?;
//! assert!(day.is_match(b"24. December") && !day.is_match(b"32. December"));
//! let took = TemplateReader::new(&parts, &[], &limits)?.read("24. December")?;
//! assert_eq!(took, Some(vec![0..2, 4..12]));
//!
//! let having = |place, hole| Spec::Having { place, text: Needle::Hole { hole } };
//! let short = Spec::Text { min: 0, max: Some(20) };
//! let members = vec![short, having(Place::Inside, 0), Spec::Not { value: having(Place::Start, 0).into() }];
//! let spec = Spec::And { members };
//! let fruit = build(&spec, &[vec!["apple".into()]], &limits)?;
//! assert!(fruit.is_match(b"an apple") && !fruit.is_match(b"apple pie") && !fruit.is_match(b"a pear"));
//! let long = build(&spec, &[vec!["this is too long for it".into()]], &limits).err();
//! assert!(matches!(long, Some(BuildError::Empty { .. })));
//! # Ok(()) }
//! ```
//!
//! # Records, lists, maps
//!
//! `Object`, `Array` and `Map` are JSON. A value has one text: fields in the order of their declaration,
//! separated by `", "` and `": "`, and strings with as few escapes as possible. Whatever is inside is JSON
//! too: a regular expression or a bound applies to the decoded string.
//!
//! ```
//! # use agentc_constraint::{BuildError, Limits, build};
//! # fn admits(spec: &agentc_constraint::spec::Spec, text: &str) -> Result<bool, BuildError> {
//! #     Ok(build(spec, &[], &Limits::default())?.is_match(text.as_bytes()))
//! # }
//! # fn main() -> Result<(), BuildError> {
//! use agentc_constraint::spec::{Field, Spec};
//!
//! let field = |name: &str, value| Field { name: name.into(), value, optional: false };
//! let person = Spec::Object {
//!     fields: vec![
//!         field("name", Spec::Text { min: 1, max: None }),
//!         Field { optional: true, ..field("age", Spec::Int { min: Some(0), max: None }) },
//!     ],
//! };
//! assert!(admits(&person, r#"{"name": "Ada \"the\" Countess", "age": 36}"#)?);
//! assert!(admits(&person, r#"{"name": "Ada"}"#)?);
//! assert!(!admits(&person, r#"{"age": 36, "name": "Ada"}"#)?); // wrong order
//! assert!(!admits(&person, r#"{"name":"Ada"}"#)?); // wrong white space
//!
//! let people = Spec::Array { item: Box::new(person), min: 1, max: Some(2) };
//! assert!(admits(&people, r#"[{"name": "Ada"}, {"name": "Grace"}]"#)?);
//! assert!(!admits(&people, "[]")?);
//!
//! let prices = Spec::Map { value: Box::new(Spec::Float { min: Some(0.0), max: None }) };
//! assert!(admits(&prices, r#"{"tea": 2.5, "cake": 4}"#)?);
//! assert!(!admits(&prices, r#"{"tea": 2.5, "tea": 3}"#)?); // no key occurs twice
//!
//! let anything = Spec::Json;
//! assert!(admits(&anything, r#"{"a": [1, null, {"b": "c"}]}"#)?);
//! # Ok(()) }
//! ```
//!
//! Two specs change how another one is written. `JsonOf` quotes what would be plain text at the top level,
//! and `Flexible` allows white space between the tokens of JSON:
//!
//! ```
//! # use agentc_constraint::{BuildError, Limits, build};
//! # fn admits(spec: &agentc_constraint::spec::Spec, text: &str) -> Result<bool, BuildError> {
//! #     Ok(build(spec, &[], &Limits::default())?.is_match(text.as_bytes()))
//! # }
//! # fn main() -> Result<(), BuildError> {
//! use agentc_constraint::spec::Spec;
//!
//! let word = Spec::Regex { pattern: "[a-z]+".into() };
//! assert!(admits(&Spec::JsonOf { value: Box::new(word.clone()) }, r#""tea""#)?);
//!
//! let words = Spec::Array { item: Box::new(word), min: 0, max: None };
//! let spaced = Spec::Flexible { value: Box::new(words.clone()) };
//! assert!(admits(&spaced, "[\n  \"tea\",\n  \"cake\"\n]")? && admits(&spaced, r#"["tea","cake"]"#)?);
//! assert!(!admits(&words, r#"["tea","cake"]"#)?);
//! # Ok(()) }
//! ```
//!
//! # Recursive types
//!
//! `Defs` numbers its specs, and `Ref` refers to one of the innermost enclosing `Defs`. A tree of words:
//!
//! ```
//! # use agentc_constraint::{BuildError, Limits, build};
//! # fn admits(spec: &agentc_constraint::spec::Spec, text: &str) -> Result<bool, BuildError> {
//! #     Ok(build(spec, &[], &Limits::default())?.is_match(text.as_bytes()))
//! # }
//! # fn main() -> Result<(), BuildError> {
//! use agentc_constraint::spec::{Field, Spec};
//!
//! let children = Spec::Array { item: Box::new(Spec::Ref { def: 0 }), min: 0, max: None };
//! let node = Spec::Object {
//!     fields: vec![
//!         Field { name: "word".into(), value: Spec::Regex { pattern: "[a-z]+".into() }, optional: false },
//!         Field { name: "children".into(), value: children, optional: false },
//!     ],
//! };
//! let tree = Spec::Defs { defs: vec![node], root: Box::new(Spec::Ref { def: 0 }) };
//! assert!(admits(&tree, r#"{"word": "a", "children": [{"word": "b", "children": []}]}"#)?);
//! assert!(!admits(&tree, r#"{"word": "a", "children": [{"word": "b"}]}"#)?);
//! # Ok(()) }
//! ```
//!
//! # Until a stop
//!
//! `Until` is a text of another spec, ended by a stop. The stop is not part of the value. The value ends at
//! the first occurrence of any stop, or where it is complete by itself. See
//! [`decoding`](super::decoding#stops) for how to find out which stop it was.
//!
//! ```
//! # use agentc_constraint::{BuildError, Limits, build};
//! # fn admits(spec: &agentc_constraint::spec::Spec, text: &str) -> Result<bool, BuildError> {
//! #     Ok(build(spec, &[], &Limits::default())?.is_match(text.as_bytes()))
//! # }
//! # fn main() -> Result<(), BuildError> {
//! use agentc_constraint::spec::{Spec, Stop};
//!
//! let line = Spec::Until {
//!     value: Box::new(Spec::Text { min: 0, max: None }),
//!     stops: vec![Stop::Text { text: "\n".into() }, Stop::Regex { pattern: r"END\d?".into() }],
//! };
//! assert!(admits(&line, "one line")?);
//! assert!(!admits(&line, "two\nlines")? && !admits(&line, "the END")?); // no value contains a stop
//! # Ok(()) }
//! ```
//!
//! `Stop::Hole` is a list of texts that is known at run time. `Until` must be the outermost spec: inside
//! another one, such as a union, it is an error.
//!
//! ```
//! # fn main() -> Result<(), agentc_constraint::BuildError> {
//! use agentc_constraint::spec::{Spec, Stop};
//! use agentc_constraint::{Limits, build};
//!
//! let text = Spec::Text { min: 0, max: None };
//! let until = Spec::Until { value: Box::new(text), stops: vec![Stop::Hole { hole: 0 }] };
//! let ends = [vec!["END".to_owned(), "STOP".to_owned()]];
//! assert!(!build(&until, &ends, &Limits::default())?.is_match(b"a STOP b"));
//!
//! let inside = Spec::Union { members: vec![until] };
//! assert!(build(&inside, &ends, &Limits::default()).is_err());
//! # Ok(()) }
//! ```
//!
//! # As data
//!
//! Specs are serialisable, so they can be written to a file or sent to where the model runs. Equal specs with
//! equal bindings build equal patterns: cache them by their text.
//!
//! ```
//! use agentc_constraint::spec::Spec;
//! # fn main() -> Result<(), serde_json::Error> {
//! let spec: Spec = serde_json::from_str(r#"{"kind": "int", "min": 1, "max": 6}"#)?;
//! assert_eq!(spec, Spec::Int { min: Some(1), max: Some(6) });
//! assert_eq!(serde_json::to_string(&spec)?, r#"{"kind":"int","min":1,"max":6}"#);
//! # Ok(()) }
//! ```
