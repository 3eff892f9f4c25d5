//! What a type lets a generation write, against a naive model: random types are compiled, and their specs
//! built by the engine must match exactly the texts of their values.

mod common;

use agentc_compiler::source::NoFiles;
use agentc_compiler::{Options, compile, ir};
use agentc_constraint::{Limits, SharedSpec};
use common::random::Random;
use serde_json::{Value as Json, json};

/// A type as the model sees it.
#[derive(Debug, Clone)]
enum T {
    Null,
    Bool,
    /// `int(0..9)`
    Digit,
    Float,
    /// `str(1..2)`
    Short,
    Lit(Json),
    /// `/[ab]+/`
    Regex,
    Union(Vec<T>),
    Record(Vec<(&'static str, T, bool)>),
    List(Box<T>, usize, usize),
    Map(Box<T>),
    JsonOf(Box<T>),
    /// `type Tree = {v: int(0..9), kids: Tree[](..1)}`
    Tree,
    /// `type Nest = null | Nest[](..1)`
    Nest,
}

const KEYS: [&str; 2] = ["a", "b b"];

const TYPES: &str = "type Tree { v: int(0..9), kids: Tree[](..1) }\ntype Nest = null | Nest[](..1)\n";

fn any_type(random: &mut Random, depth: usize) -> T {
    let kinds = if depth == 0 { 9 } else { 15 };
    let inner = |random: &mut Random| Box::new(any_type(random, depth.saturating_sub(1)));
    match random.below(kinds) {
        0 => T::Null,
        1 => T::Bool,
        2 => T::Digit,
        3 => T::Float,
        4 => T::Short,
        5 => T::Lit([json!("a"), json!("x y"), json!(3), json!(1.5), json!(true)][random.below(5)].clone()),
        6 => T::Regex,
        7 => T::Tree,
        8 => T::Nest,
        9 | 10 => T::Union((0..2 + random.below(2)).map(|_| *inner(random)).collect()),
        11 => {
            let min = random.below(2);
            T::List(inner(random), min, min + random.below(2))
        }
        12 => T::Map(inner(random)),
        13 => T::JsonOf(inner(random)),
        _ => {
            let fields = KEYS.iter().filter(|_| random.below(4) > 0).copied().collect::<Vec<_>>();
            T::Record(fields.into_iter().map(|k| (k, *inner(random), random.below(3) == 0)).collect())
        }
    }
}

/// The type as a program writes it.
fn written(ty: &T) -> String {
    match ty {
        T::Null => "null".to_owned(),
        T::Bool => "bool".to_owned(),
        T::Digit => "int(0..9)".to_owned(),
        T::Float => "float".to_owned(),
        T::Short => "str(1..2)".to_owned(),
        T::Lit(value) => value.to_string(),
        T::Regex => "/[ab]+/".to_owned(),
        T::Union(members) => {
            members.iter().map(|m| format!("({})", written(m))).collect::<Vec<_>>().join(" | ")
        }
        T::Record(fields) => {
            let field = |(name, ty, optional): &(&str, T, bool)| {
                format!("{name:?}: ({}){}", written(ty), if *optional { "?" } else { "" })
            };
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        T::List(item, min, max) => format!("({})[]({min}..{max})", written(item)),
        T::Map(value) => format!("map({})", written(value)),
        T::JsonOf(value) => format!("json({})", written(value)),
        T::Tree => "Tree".to_owned(),
        T::Nest => "Nest".to_owned(),
    }
}

/// Whether a generation of it is JSON as a whole.
fn is_json(ty: &T) -> bool {
    match ty {
        T::Union(members) => members.iter().any(is_json),
        T::Record(_) | T::List(..) | T::Map(_) | T::JsonOf(_) | T::Tree | T::Nest => true,
        _ => false,
    }
}

/// Whether a value belongs to a type, as JSON.
fn belongs(value: &Json, ty: &T) -> bool {
    match (ty, value) {
        (T::Null, Json::Null) | (T::Bool, Json::Bool(_)) | (T::Float, Json::Number(_)) => true,
        (T::Digit, Json::Number(n)) => n.as_i64().is_some_and(|n| (0..=9).contains(&n)),
        (T::Short, Json::String(s)) => (1..=2).contains(&s.chars().count()),
        (T::Lit(lit), _) => lit == value,
        (T::Regex, Json::String(s)) => !s.is_empty() && s.chars().all(|c| matches!(c, 'a' | 'b')),
        (T::Union(members), _) => members.iter().any(|m| belongs(value, m)),
        (T::Record(fields), Json::Object(object)) => {
            // Fields come in order, whichever are left out.
            let mut keys = fields.iter().map(|f| f.0);
            object.keys().all(|k| keys.any(|key| key == k))
                && fields.iter().all(|(k, ty, optional)| object.get(*k).map_or(*optional, |v| belongs(v, ty)))
        }
        (T::List(item, min, max), Json::Array(items)) => {
            (*min..=*max).contains(&items.len()) && items.iter().all(|v| belongs(v, item))
        }
        (T::Map(value), Json::Object(object)) => object.values().all(|v| belongs(v, value)),
        (T::JsonOf(inner), _) => belongs(value, inner),
        (T::Tree, Json::Object(object)) => {
            let digit = object.get("v").is_some_and(|v| belongs(v, &T::Digit));
            let tree = T::List(Box::new(T::Tree), 0, 1);
            let kids = object.get("kids").is_some_and(|v| belongs(v, &tree));
            digit && kids && object.keys().eq(["v", "kids"])
        }
        (T::Nest, _) => value.is_null() || belongs(value, &T::List(Box::new(T::Nest), 0, 1)),
        _ => false,
    }
}

/// Whether a text is one of a type that is written plain.
fn spells(text: &str, ty: &T) -> bool {
    match ty {
        T::Null => text == "null",
        T::Bool => matches!(text, "true" | "false"),
        T::Digit => text.len() == 1 && text.starts_with(|c: char| c.is_ascii_digit()),
        T::Float => text.parse::<f64>().is_ok() && !text.contains(['e', 'E', '+', 'n', 'N']),
        T::Lit(Json::String(lit)) => lit == text,
        T::Lit(lit) => {
            let written = lit.to_string();
            written == text
        }
        T::Union(members) => members.iter().any(|m| spells(text, m)),
        other => belongs(&json!(text), other),
    }
}

/// JSON with one space after `:` and `,`.
fn spaced(value: &Json) -> String {
    match value {
        Json::Array(items) => format!("[{}]", items.iter().map(spaced).collect::<Vec<_>>().join(", ")),
        Json::Object(object) => {
            let fields = object.iter().map(|(k, v)| format!("{}: {}", json!(k), spaced(v)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Some values of a type, and of types like it.
fn values(ty: &T, depth: usize) -> Vec<Json> {
    match ty {
        T::Null => vec![Json::Null],
        T::Bool => vec![json!(true), json!(false)],
        T::Digit => vec![json!(0), json!(9), json!(10), json!(-1)],
        T::Float => vec![json!(1.5), json!(-2), json!(3)],
        T::Short => vec![json!("é\""), json!("a"), json!(""), json!("abc"), json!("null")],
        T::Lit(lit) => vec![lit.clone()],
        T::Regex => vec![json!("ab"), json!("ac")],
        T::Union(members) => members.iter().flat_map(|m| values(m, depth)).collect(),
        T::Record(fields) => records(fields, depth),
        T::List(item, ..) => {
            let one = if depth == 0 { Vec::new() } else { values(item, depth - 1) };
            let more = one.iter().take(3).flat_map(|v| (1..=3).map(|n| Json::Array(vec![v.clone(); n])));
            one.iter().map(|v| json!([v])).chain(more).chain([json!([])]).collect()
        }
        T::Map(value) => {
            let one = if depth == 0 { Vec::new() } else { values(value, depth - 1) };
            one.iter().flat_map(|v| [json!({"k": v}), json!({"a": v, "b": v})]).chain([json!({})]).collect()
        }
        T::JsonOf(inner) => values(inner, depth),
        T::Tree => vec![
            json!({"v": 1, "kids": []}),
            json!({"v": 1, "kids": [{"v": 2, "kids": [{"v": 3, "kids": []}]}]}),
            json!({"v": 1, "kids": [{"v": 22, "kids": []}]}),
            json!({"v": 1}),
            json!({"kids": [], "v": 1}),
        ],
        T::Nest => vec![json!([]), json!([null]), json!([[[]]]), json!([null, null]), json!([1])],
    }
}

fn records(fields: &[(&'static str, T, bool)], depth: usize) -> Vec<Json> {
    let mut all = vec![serde_json::Map::new()];
    for (name, ty, _) in fields {
        let inner = if depth == 0 { Vec::new() } else { values(ty, depth - 1) };
        let mut next = all.clone();
        for record in &all {
            for value in inner.iter().take(5) {
                let mut record = record.clone();
                record.insert((*name).to_owned(), value.clone());
                next.push(record);
            }
        }
        all = next;
    }
    let other = json!({"other": 1});
    all.into_iter().map(Json::Object).chain([other]).collect()
}

/// The generation of `gen x: TYPE`, and its spec.
fn generation(ty: &T) -> (ir::Gen, SharedSpec) {
    let text = format!("{TYPES}gen x: {}\nprint x", written(ty));
    let compiled = compile("main.agent", text.as_bytes(), &NoFiles, &Options::default());
    let program = compiled.program.unwrap_or_else(|| panic!("{text}\n{:#?}", compiled.diags));
    let insts = program.funcs.iter().flat_map(|f| &f.blocks).flat_map(|b| &b.insts);
    let mut gens =
        insts.filter_map(|i| if let ir::Op::Gen(gen_op) = &i.op { Some((**gen_op).clone()) } else { None });
    let found = gens.next().expect("there is one generation");
    let spec = program.spec(found.spec).expect("its spec is there").clone();
    (found, spec)
}

#[test]
fn the_spec_of_a_type_is_the_texts_of_its_values() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let (mut yes, mut no) = (0, 0);
    for _ in 0..3000 {
        let (ty, other) = (any_type(&mut random, 3), any_type(&mut random, 2));
        let (found, spec) = generation(&ty);
        assert_eq!(found.json, is_json(&ty), "{}", written(&ty));
        let pattern = spec.build(&[], &Limits::default()).unwrap_or_else(|e| panic!("{e}: {}", written(&ty)));
        for value in values(&ty, 3).iter().chain(&values(&other, 2)) {
            let text = match value {
                Json::String(text) if !found.json => text.clone(),
                value => spaced(value),
            };
            let expected = if found.json { belongs(value, &ty) } else { spells(&text, &ty) };
            let matched = pattern.is_match(text.as_bytes());
            assert_eq!(matched, expected, "{text} for {}", written(&ty));
            yes += usize::from(expected);
            no += usize::from(!expected);
        }
    }
    assert!(yes > 10_000 && no > 10_000, "{yes} {no}");
}
