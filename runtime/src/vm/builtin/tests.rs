//! Every function of the prelude: its results, and when it traps.

use agentc_compiler::builtin::{Builtin, Cost, Default as Given, Param, Takes};
use agentc_compiler::ir::{Local, Op};

use super::super::work;
use super::*;
use crate::value::ITEM;

fn named(name: &str) -> Builtin {
    *Builtin::ALL.iter().find(|builtin| builtin.name() == name).expect("a function")
}

fn run(name: &str, args: &[Value]) -> Result<Value, Fault> {
    call(named(name), args, &Limits::default(), &mut Regexes::default())
}

fn ok(name: &str, args: &[Value]) -> String {
    run(name, args).expect("a result").quoted()
}

fn ints(items: &[i64]) -> Value {
    items.to_vec().into()
}

#[test]
fn text_functions() {
    assert_eq!(ok("len", &["añb".into()]), "3");
    assert_eq!(ok("trim", &["  a b\n".into()]), r#""a b""#);
    assert_eq!(ok("split", &["a,b,,c".into(), ",".into()]), r#"["a", "b", "", "c"]"#);
    assert_eq!(ok("split", &[" a  b ".into(), Value::Null]), r#"["a", "b"]"#);
    assert_eq!(ok("join", &[vec!["a", "b"].into(), ", ".into()]), r#""a, b""#);
    assert_eq!(ok("lines", &["a\r\nb\n".into()]), r#"["a", "b"]"#);
    assert_eq!(ok("replace", &["aXbX".into(), "X".into(), "--".into()]), r#""a--b--""#);
    assert_eq!(ok("numbered", &[vec!["a", "b"].into(), Value::Int(1)]), r#""1. a\n2. b""#);
    assert_eq!(ok("reversed", &["añ".into()]), r#""ña""#);
    assert_eq!(ok("starts_with", &["abc".into(), "ab".into()]), "true");
}

#[test]
fn conversions_trap_on_what_they_cannot_read() {
    assert_eq!(ok("int", &[" 42 ".into()]), "42");
    assert_eq!(ok("int", &[Value::Float(-2.9)]), "-2");
    assert!(matches!(run("int", &["x".into()]), Err(Fault::BadArgument { .. })));
    assert!(matches!(run("int", &[Value::Float(1e300)]), Err(Fault::Overflow { .. })));
    assert!(matches!(run("int", &[Value::Float(9_223_372_036_854_775_808.0)]), Err(Fault::Overflow { .. })));
    assert!(matches!(run("float", &["inf".into()]), Err(Fault::BadArgument { .. })));
    assert!(matches!(run("parse_json", &["{".into()]), Err(Fault::NotJson { .. })));
    assert_eq!(ok("parse_json", &[r#"{"a":[1,2.5]}"#.into()]), r#"{"a": [1, 2.5]}"#);
    assert_eq!(run("json", &["a\"b".into()]), Ok(r#""a\"b""#.into()));
}

#[test]
fn numbers() {
    assert_eq!(ok("round", &[Value::Float(2.5), Value::Null]), "3");
    assert_eq!(ok("round", &[Value::Float(-2.5), Value::Null]), "-3");
    assert_eq!(ok("round", &[Value::Float(2.346), Value::Int(2)]), "2.35");
    assert_eq!(ok("sum", &[ints(&[1, 2, 3])]), "6");
    assert!(matches!(run("sum", &[ints(&[i64::MAX, 1])]), Err(Fault::Overflow { .. })));
    assert!(matches!(run("abs", &[Value::Int(i64::MIN)]), Err(Fault::Overflow { .. })));
    assert_eq!(ok("min", &[ints(&[3, 1, 2])]), "1");
    assert_eq!(ok("max", &[Value::Int(3), Value::Float(3.5)]), "3.5");
    assert!(matches!(run("max", &[ints(&[])]), Err(Fault::BadArgument { .. })));
}

#[test]
fn lists() {
    assert_eq!(ok("sort", &[ints(&[3, 1, 2])]), "[1, 2, 3]");
    assert_eq!(ok("sort", &[ints(&[])]), "[]");
    assert!(run("sort", &[Value::list(vec![Value::Int(1), "a".into()])]).is_err());
    assert_eq!(ok("unique", &[vec!["b", "a", "b"].into()]), r#"["b", "a"]"#);
    assert_eq!(ok("unique", &[ints(&[1, 1, 2])]), "[1, 2]");
    assert_eq!(ok("zip", &[ints(&[1, 2, 3]), vec!["a", "b"].into()]), r#"[[1, "a"], [2, "b"]]"#);
    assert_eq!(ok("range", &[Value::Int(1), Value::Int(4)]), "[1, 2, 3]");
    assert_eq!(ok("range", &[Value::Int(4), Value::Int(1)]), "[]");
    let record = Value::record(vec![("a".into(), Value::Int(1))]);
    assert_eq!(ok("keys", std::slice::from_ref(&record)), r#"["a"]"#);
    assert_eq!(ok("values", &[record]), "[1]");
}

#[test]
fn records_are_joined() {
    let record = |fields: &[(&str, i64)]| {
        Value::record(fields.iter().map(|(name, n)| ((*name).to_owned(), Value::Int(*n))).collect())
    };
    let (a, b) = (record(&[("x", 1), ("y", 2)]), record(&[("z", 3), ("x", 4), ("w", 5)]));
    assert_eq!(ok("merge", &[a.clone(), b.clone()]), r#"{"x": 4, "y": 2, "z": 3, "w": 5}"#);
    assert_eq!(ok("merge", &[a.clone(), record(&[])]), ok("merge", &[record(&[]), a.clone()]));
    assert_eq!(ok("keyed", &["k".into(), ints(&[1])]), r#"{"k": [1]}"#);
    assert_eq!(ok("without", &[b, vec!["x", "q", "w"].into()]), r#"{"z": 3}"#);
    assert!(matches!(run("merge", &[a.clone(), ints(&[1])]), Err(Fault::BadArgument { .. })));
    assert!(matches!(run("without", &[a, ints(&[1])]), Err(Fault::BadArgument { .. })));
}

/// Joining records again and again, as a literal of many parts does, against a plain list of pairs.
#[test]
fn records_are_joined_as_their_fields_one_by_one() {
    let mut seed = 7u32;
    let mut below = |n: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) % n
    };
    for _ in 0..300 {
        let (mut joined, mut plain) = (Value::record(Vec::new()), Vec::<(String, Value)>::new());
        for _ in 0..below(6) {
            let mut fields: Vec<(String, Value)> = Vec::new();
            for _ in 0..below(4) {
                let (key, value) = (format!("k{}", below(5)), Value::Int(below(100).into()));
                if fields.iter().all(|(name, _)| *name != key) {
                    fields.push((key, value));
                }
            }
            for (key, value) in &fields {
                match plain.iter_mut().find(|(name, _)| name == key) {
                    Some((_, old)) => *old = value.clone(),
                    None => plain.push((key.clone(), value.clone())),
                }
            }
            joined = run("merge", &[joined, Value::record(fields)]).expect("a record");
        }
        assert_eq!(joined, Value::record(plain));
    }
}

#[test]
fn sizes_are_refused_before_they_are_made() {
    let limits = Limits { value_size: 1000, ..Limits::default() };
    let long = Value::str("x".repeat(100));
    let refused = |name: &str, args: &[Value]| {
        matches!(call(named(name), args, &limits, &mut Regexes::default()), Err(Fault::Limit { .. }))
    };
    assert!(refused("replace", &[long.clone(), "x".into(), long.clone()]));
    assert!(refused("replace", &[long.clone(), "".into(), long.clone()]));
    assert!(refused("range", &[Value::Int(i64::MIN), Value::Int(i64::MAX)]));
    assert!(refused("join", &[vec!["a"; 20].into(), long]));
    assert!(refused("split", &["a ".repeat(100).into(), " ".into()]));
    assert!(refused("split", &["a ".repeat(100).into(), Value::Null]));
    assert!(refused("split_match", &["a ".repeat(100).into(), " ".into()]));
    assert!(refused("lines", &["\n".repeat(100).into()]));
    assert!(refused("repeat_text", &["ab".into(), Value::Int(i64::MAX)]));
    assert!(refused("pad", &["a".into(), Value::Int(i64::MAX), "both".into(), "é".into()]));
    assert!(refused("window", &[ints(&[1; 60]), Value::Int(30)]));
    assert!(refused("enumerate", &[ints(&[1; 60]), Value::Int(0)]));
    assert!(refused("find_all", &["a".repeat(100).into(), "(?<letter>a)".into()]));
    assert!(refused("counts", &[(0..60).map(i64::from).collect::<Vec<i64>>().into()]));
}

/// An argument of the kind that a parameter takes.
fn plausible(takes: Takes) -> Value {
    match takes {
        Takes::Int | Takes::IntOrNull | Takes::Number => Value::Int(2),
        Takes::List | Takes::Numbers | Takes::Ordered | Takes::Comparable => ints(&[3, 1]),
        Takes::Strs => vec!["a", "b"].into(),
        Takes::Lists => Value::list(vec![ints(&[3, 1]), ints(&[])]),
        Takes::NumberPattern => "0.0".into(),
        Takes::Date => "2024-02-29".into(),
        Takes::DatePattern => "%d".into(),
        Takes::Unit => "days".into(),
        Takes::Side => "left".into(),
        Takes::Record => Value::record(vec![("a".into(), Value::Int(1))]),
        Takes::Bool => Value::Bool(true),
        // What the function gave for the items.
        Takes::Function => Value::list(vec![Value::Bool(true), Value::Bool(false)]),
        _ => "7".into(),
    }
}

fn default(default: Given) -> Value {
    match default {
        Given::Null => Value::Null,
        Given::Bool(value) => Value::Bool(value),
        Given::Int(n) => Value::Int(n),
        Given::Str(text) => text.into(),
    }
}

#[test]
fn every_function_of_the_compilers_table_is_here() {
    for builtin in Builtin::ALL {
        let (name, params) = (builtin.name(), builtin.signature().params);
        let filled = |p: &Param| p.default.map_or_else(|| plausible(p.takes), default);
        let args: Vec<Value> = params.iter().map(filled).collect();
        assert!(run(name, &args).is_ok(), "{name}: {:?}", run(name, &args));
        let args: Vec<Value> = params.iter().map(|p| plausible(p.takes)).collect();
        assert!(run(name, &args).is_ok(), "{name}: {:?}", run(name, &args));
    }
}

#[test]
fn regexes() {
    let date = "[0-9]{4}-[0-9]{2}";
    assert_eq!(ok("matches", &["2025-12".into(), date.into()]), "true");
    assert_eq!(ok("matches", &["on 2025-12".into(), date.into()]), "false");
    assert_eq!(ok("matches", &["ab".into(), "a|ab".into()]), "true");
    assert_eq!(ok("matches", &["ab".into(), "(?x) a b # both".into()]), "true");
    assert_eq!(ok("matches", &["ab\n".into(), "(?x) a b # both".into()]), "false");
    assert_eq!(ok("contains_match", &["on 2025-12!".into(), date.into()]), "true");
    assert_eq!(ok("replace_match", &["a1b22".into(), "[0-9]+".into(), "$0".into()]), r#""a$0b$0""#);
    assert_eq!(ok("replace_match", &["aé".into(), "".into(), "-".into()]), r#""-a-é-""#);
    assert_eq!(ok("split_match", &["a, b;c".into(), "[,;] *".into()]), r#"["a", "b", "c"]"#);
    assert_eq!(ok("split_match", &["xaxx".into(), "x*".into()]), r#"["", "a", ""]"#);
    assert!(matches!(run("matches", &["a".into(), "(".into()]), Err(Fault::BadArgument { .. })));
    assert!(matches!(run("matches", &[Value::Int(1), "a".into()]), Err(Fault::BadArgument { .. })));
    let limits = Limits { value_size: 100, ..Limits::default() };
    let args = ["x".repeat(60).into(), "x".into(), "yy".into()];
    let long = call(Builtin::ReplaceMatch, &args, &limits, &mut Regexes::default());
    assert!(matches!(long, Err(Fault::Limit { .. })));
}

#[test]
fn lists_with_keys_and_flags() {
    let flags = Value::list(vec![Value::Bool(true), Value::Bool(false), Value::Bool(true)]);
    assert_eq!(ok("filter", &[ints(&[1, 2, 3]), flags.clone()]), "[1, 3]");
    assert!(run("filter", &[ints(&[1, 2]), flags]).is_err());
    assert!(run("filter", &[ints(&[1]), ints(&[1])]).is_err());
    let words: Value = vec!["bb", "a", "cc", "d"].into();
    assert_eq!(ok("sort_by", &[words.clone(), ints(&[2, 1, 2, 1])]), r#"["a", "d", "bb", "cc"]"#);
    let mixed = Value::list(vec![Value::Int(1), "x".into(), Value::Null, Value::Bool(true)]);
    assert!(matches!(run("sort_by", &[words.clone(), mixed]), Err(Fault::BadArgument { .. })));
    assert!(run("sort_by", &[words, ints(&[1])]).is_err());
    assert_eq!(ok("vote", &[vec!["a", "b", "b", "c"].into()]), r#""b""#);
    assert_eq!(ok("vote", &[vec!["a", "b", "b", "a"].into()]), r#""a""#);
    assert_eq!(ok("vote", &[Value::list(vec![Value::Int(1), 2.into(), Value::Float(2.0)])]), "2");
    assert!(matches!(run("vote", &[ints(&[])]), Err(Fault::BadArgument { .. })));
}

#[test]
fn json_that_is_too_deep_is_refused() {
    let deep = "[".repeat(101) + &"]".repeat(101);
    assert!(matches!(run("parse_json", &[deep.into()]), Err(Fault::NotJson { .. })));
}

/// A value as large as one may be, of parts that are shared so often that nobody could visit each.
fn shared(limits: &Limits) -> Value {
    let mut value = Value::list(vec![Value::str("ab")]);
    loop {
        let doubled = Value::list(vec![value.clone(), value.clone()]);
        if doubled.size() > limits.value_size {
            return value;
        }
        value = doubled;
    }
}

/// Large arguments for a parameter: one of each kind.
fn large(limits: &Limits) -> Vec<Value> {
    let (list, text) = (shared(limits), Value::str("ab ".repeat(limits.value_size / 3)));
    let record = Value::record(vec![("a".into(), list.clone())]);
    let floats = Value::list(vec![Value::Float(1e308); limits.value_size / ITEM]);
    let controls = Value::list(vec!["\u{1}".repeat(limits.value_size / 2).into()]);
    vec![list, text, record, floats, controls]
}

#[test]
fn no_function_does_or_makes_more_than_it_is_charged_for() {
    let limits = Limits { value_size: 1 << 16, ..Limits::default() };
    let mut calls = 0;
    for &id in Builtin::ALL {
        let filled = |p: &Param| p.default.map_or_else(|| plausible(p.takes), default);
        let usual: Vec<Value> = id.signature().params.iter().map(filled).collect();
        for (at, value) in (0..usual.len()).flat_map(|at| large(&limits).into_iter().map(move |v| (at, v))) {
            let mut args = usual.clone();
            args[at] = value;
            let locals = (0u32..).map(Local).take(args.len()).collect();
            let op = Op::Builtin { dst: Local(0), id, args: locals };
            let before = work::reading(&op, &args, &work::Owned::default());
            let read = args.iter().filter_map(Value::as_list).map(<[Value]>::len).max().unwrap_or(0);
            let read = if id == Builtin::Len { 0 } else { read };
            let text = args.iter().filter_map(Value::as_str).map(str::len).max().unwrap_or(0);
            assert!(before >= (read / 16 + text / 64) as u64, "{id}: {before} steps");
            match call(id, &args, &limits, &mut Regexes::default()) {
                // The machine refuses what is larger; nothing is made that is larger by far.
                Ok(value) => assert!(value.size() <= 20 * limits.value_size, "{id}"),
                Err(fault) => assert!(fault.to_string().len() < 200, "{id}: {fault}"),
            }
            calls += 1;
        }
    }
    assert!(calls > 200, "{calls}");
}

#[test]
fn whoever_looks_into_a_value_is_charged_for_all_that_it_spells() {
    let limits = Limits::default();
    let value = shared(&limits);
    assert!(value.size() > limits.value_size / 4 && value.as_list().is_some_and(|items| items.len() == 2));
    let looks = |id: &&Builtin| matches!(id.signature().cost, Cost::Reads | Cost::Sorts);
    for &id in Builtin::ALL.iter().filter(looks) {
        let op = Op::Builtin { dst: Local(0), id, args: vec![Local(0)] };
        let steps = work::reading(&op, std::slice::from_ref(&value), &work::Owned::default());
        assert!(steps >= (value.size() / 64) as u64, "{id}: {steps}");
    }
}

#[test]
fn sorting_is_charged_for_its_rounds() {
    let steps = |n: usize| {
        let list = Value::list(vec!["a".repeat(48).into(); n]);
        let op = Op::Builtin { dst: Local(0), id: Builtin::Sort, args: vec![Local(0)] };
        work::reading(&op, &[list], &work::Owned::default())
    };
    assert_eq!((steps(1 << 4), steps(1 << 8), steps(1 << 12)), (4 << 4, 8 << 8, 12 << 12));
}
