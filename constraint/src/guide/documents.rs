//! JSON Schema, and grammars in two notations.
//!
//! # JSON Schema
//!
//! `Spec::Schema` takes a schema as JSON text and admits exactly the valid values, each written in one way:
//! members in the order in which the schema mentions them, then all others; `", "` and `": "` as separators;
//! no exponents.
//!
//! ```
//! use agentc_constraint::{BuildError, Limits, build, spec::Spec};
//! # fn main() -> Result<(), BuildError> {
//! let schema = r##"{
//!     "type": "object",
//!     "properties": {
//!         "id": {"type": "integer", "minimum": 1},
//!         "tags": {"type": "array", "items": {"$ref": "#/definitions/tag"}, "maxItems": 3},
//!         "kind": {"enum": ["book", "film"]}
//!     },
//!     "required": ["id"],
//!     "additionalProperties": false,
//!     "definitions": {"tag": {"type": "string", "pattern": "^[a-z]+$"}}
//! }"##;
//! let item = build(&Spec::Schema { schema: schema.into() }, &[], &Limits::default())?;
//! assert!(item.is_match(br#"{"id": 7, "tags": ["old", "rare"], "kind": "book"}"#));
//! assert!(!item.is_match(br#"{"id": 0}"#)); // below the minimum
//! assert!(!item.is_match(br#"{"tags": []}"#)); // a required member is missing
//! assert!(!item.is_match(br#"{"kind": "book", "id": 7}"#)); // valid, but not the text of that value
//! # Ok(()) }
//! ```
//!
//! `allOf`, `anyOf`, `oneOf`, `not`, `if`, `dependencies`, `contains`, `patternProperties` and recursion
//! through `$ref` are enforced. A keyword that cannot be enforced exactly is never ignored: it is an error
//! that names its place.
//!
//! ```
//! # use agentc_constraint::{BuildError, Limits, build, spec::Spec};
//! let schema = r#"{"properties": {"a": {"type": "string", "pattern": "^(.)\\1$"}}}"#;
//! let error = build(&Spec::Schema { schema: schema.into() }, &[], &Limits::default()).unwrap_err();
//! assert!(matches!(&error, BuildError::SchemaKeyword { at, .. } if at == "#/properties/a/pattern"));
//! assert!(error.to_string().contains("cannot be enforced exactly"));
//! ```
//!
//! **Drafts.** `$schema` names the draft by which a schema is read (3 to 2020-12), also for a schema embedded in another. Keywords
//! that a draft does not have are ignored. A schema without `$schema` is read by the newest draft, but `dependencies`, lists of
//! `items` and `exclusiveMinimum: true` from older drafts count as well:
//!
//! ```
//! # use agentc_constraint::{BuildError, Limits, build, spec::Spec};
//! # fn main() -> Result<(), BuildError> {
//! let old = r#"{"$schema": "http://json-schema.org/draft-04/schema#", "const": 1}"#;
//! assert!(build(&Spec::Schema { schema: old.into() }, &[], &Limits::default())?.is_match(b"2"));
//! let new = r#"{"const": 1}"#;
//! assert!(!build(&Spec::Schema { schema: new.into() }, &[], &Limits::default())?.is_match(b"2"));
//! # Ok(()) }
//! ```
//!
//! **Numbers** in a schema are kept digit by digit, with up to 30 digits before and after the point; a number with more is an error
//! that names its place. Where any number is allowed, whole numbers have 64 bits:
//!
//! ```
//! # use agentc_constraint::{BuildError, Limits, build, spec::Spec};
//! # fn main() -> Result<(), BuildError> {
//! let large = r#"{"enum": [18446744073709551615, 12345678901234567890123]}"#;
//! let large = build(&Spec::Schema { schema: large.into() }, &[], &Limits::default())?;
//! assert!(large.is_match(b"18446744073709551615") && large.is_match(b"12345678901234567890123"));
//! # Ok(()) }
//! ```
//!
//! To allow white space between tokens, wrap the schema in [`Spec::Flexible`](crate::spec::Spec::Flexible):
//!
//! ```
//! # use agentc_constraint::{BuildError, Limits, build, spec::Spec};
//! # fn main() -> Result<(), BuildError> {
//! let schema = Spec::Schema { schema: r#"{"items": {"type": "integer"}, "type": "array"}"#.into() };
//! let flexible = Spec::Flexible { value: Box::new(schema.clone()) };
//! assert!(build(&flexible, &[], &Limits::default())?.is_match(b"[ 1,2 ]"));
//! assert!(!build(&schema, &[], &Limits::default())?.is_match(b"[ 1,2 ]"));
//! # Ok(()) }
//! ```
//!
//! [`SchemaTexts`](crate::SchemaTexts) writes **the text of a value**: for examples in a prompt, which should
//! look like what will be generated, and for checking values that come from elsewhere.
//!
//! ```
//! use agentc_constraint::{Limits, SchemaTexts};
//! use serde_json::json;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let schema = json!({"properties": {"id": {"type": "integer"}, "note": {"type": "string"}}});
//! let mut texts = SchemaTexts::new(&schema, &Limits::default())?;
//! let value = json!({"note": "a/b", "extra": [1e2, 0.5], "id": 7});
//! assert_eq!(texts.text(&value).as_deref(), Some(r#"{"id": 7, "note": "a/b", "extra": [100, 0.5]}"#));
//! # Ok(()) }
//! ```
//!
//! # Grammars
//!
//! Context-free grammars can be written in the notation of the Lark parser generator or in llama.cpp's GBNF.
//! Any grammar will do, including left-recursive and ambiguous ones.
//!
//! ```
//! use agentc_constraint::spec::{GrammarSyntax, Spec};
//! use agentc_constraint::{BuildError, Limits, build};
//! # fn main() -> Result<(), BuildError> {
//! let lark = r#"
//!     start: sum
//!     sum: sum ("+" | "-") product | product
//!     product: product ("*" | "/") atom | atom
//!     atom: NUMBER | "(" sum ")"
//!     NUMBER: /[0-9]+(\.[0-9]+)?/
//!     %ignore " "
//! "#;
//! let spec = Spec::Grammar { grammar: lark.into(), syntax: GrammarSyntax::Lark, parts: Vec::new() };
//! let sum = build(&spec, &[], &Limits::default())?;
//! assert!(sum.is_match(b"1 + 2*(3.5-4)") && sum.is_match(b"((7))"));
//! assert!(!sum.is_match(b"1 +") && !sum.is_match(b"(1") && !sum.is_match(b"1 2"));
//!
//! let gbnf = r#"
//!     root ::= "[" (item ("," item)*)? "]"
//!     item ::= [0-9]{1,3} | root
//! "#;
//! let spec = Spec::Grammar { grammar: gbnf.into(), syntax: GrammarSyntax::Gbnf, parts: Vec::new() };
//! let list = build(&spec, &[], &Limits::default())?;
//! assert!(list.is_match(b"[1,[22,[]],333]"));
//! assert!(!list.is_match(b"[1,]") && !list.is_match(b"[4444]"));
//! # Ok(()) }
//! ```
//!
//! Its `parts` say what names stand for that the grammar uses and does not define, such as a list known at run time.
//!
//! **There is no lexer.** A grammar is the language that its rules derive. A terminal is a rule within which
//! nothing is ignored; it does not take the longest match, and priorities have no effect. So a keyword also
//! matches as a name, unless the name's expression excludes it:
//!
//! ```
//! # use agentc_constraint::{BuildError, Limits, build};
//! # use agentc_constraint::spec::{GrammarSyntax, Spec};
//! # fn main() -> Result<(), BuildError> {
//! let grammar = "start: (\"list\" | \"listen\") \"ed\"";
//! let spec = Spec::Grammar { grammar: grammar.into(), syntax: GrammarSyntax::Lark, parts: Vec::new() };
//! let pattern = build(&spec, &[], &Limits::default())?;
//! assert!(pattern.is_match(b"listed") && pattern.is_match(b"listened"));
//! # Ok(()) }
//! ```
//!
//! A mistake is reported with its place, and usually with what to write instead:
//!
//! ```
//! # use agentc_constraint::{BuildError, Limits, build};
//! # use agentc_constraint::spec::{GrammarSyntax, Spec};
//! let spec = Spec::Grammar { grammar: "start: numbr\nnumber: \"1\"".into(), syntax: GrammarSyntax::Lark, parts: Vec::new() };
//! let error = build(&spec, &[], &Limits::default()).unwrap_err();
//! assert!(matches!(&error, BuildError::Grammar { line: 1, column: 8, .. }));
//! assert_eq!(error.span(), Some(7..12));
//! assert!(error.hint().is_some_and(|hint| hint.contains("number")));
//! ```
//!
//! Lark supports rules, terminals, texts (`"a"i` ignores case), ranges, regular expressions, repeats,
//! `[optional]`, templates, `%ignore` and `%import common.X`. Marks that shape trees are skipped; `%declare`,
//! `%extend` and `%override` are refused. GBNF starts at `root`.
