//! Values against what they spell: trees without any sharing.

use super::*;
use serde_json::Value as Tree;

#[test]
fn values_survive_json() {
    let long = Value::number(Number::new("12345678901234567890.5").expect("a number"));
    let list = Value::list(vec![Value::Null, true.into(), "a\"b".into(), long]);
    let value = Value::record(vec![
        ("x".into(), Value::Float(2.0)),
        ("n".into(), Value::Int(2)),
        ("list".into(), list),
    ]);
    let text = serde_json::to_string(&value).expect("a value is JSON");
    let read = serde_json::from_str::<Value>(&text).expect("it reads back");
    assert_eq!(read, value);
    assert_eq!((read.size(), read.depth()), (7 * ITEM + 6 + 3 + 22, 2));
}

#[test]
fn values_know_their_depth() {
    let pair = Value::list(vec![Value::Null, Value::list(Vec::new())]);
    assert_eq!((Value::Int(1).depth(), pair.depth()), (0, 2));
    assert_eq!(Value::record(vec![("a".into(), pair)]).depth(), 3);
    let constant = Const::Record(vec![("a".into(), Const::List(vec![Const::Int(1)]))]);
    assert_eq!(Value::from(&constant).to_string(), r#"{"a": [1]}"#);
}

#[test]
fn a_quoted_value_is_json() {
    assert_eq!(Value::from("a\"b").quoted(), r#""a\"b""#);
    assert_eq!(Value::from(vec!["a"]).quoted(), r#"["a"]"#);
}

/// The same numbers on every platform.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) % n.max(1) as u64) as usize
    }
}

/// What a tree is worth, counted part by part.
fn naive(json: &Tree) -> (usize, usize) {
    let nest = |parts: Vec<(usize, (usize, usize))>| {
        let depth = 1 + parts.iter().map(|(_, (depth, _))| *depth).max().unwrap_or(0);
        (depth, parts.iter().map(|(key, (_, size))| ITEM + key + size).sum())
    };
    match json {
        Tree::String(text) => (0, text.len()),
        Tree::Array(items) => nest(items.iter().map(|item| (0, naive(item))).collect()),
        Tree::Object(fields) => nest(fields.iter().map(|(key, part)| (key.len(), naive(part))).collect()),
        _ => (0, 0),
    }
}

/// A new pair from those that are there, as a program could make it.
fn make(pairs: &[(Value, Tree)], random: &mut Random) -> (Value, Tree) {
    let mut any = || pairs[random.below(pairs.len())].clone();
    let ((a, x), (b, y)) = (any(), any());
    match random.below(6) {
        0 => (Value::list(vec![a, b]), Tree::Array(vec![x, y])),
        1 => {
            let fields = vec![("a".to_owned(), a), ("längër".to_owned(), b)];
            (Value::record(fields), serde_json::json!({"a": x, "längër": y}))
        }
        2 => {
            let text = a.to_string();
            (Value::str(text.as_str()), Tree::String(text))
        }
        // In place where nobody shares it, otherwise beside those who do: they keep what they had.
        3 | 4 => match (a, x, b, y) {
            (mut list @ Value::List(_), Tree::Array(mut items), Value::List(new), Tree::Array(added)) => {
                assert!(list.extend(&new));
                items.extend(added);
                (list, Tree::Array(items))
            }
            (a, x, ..) => (a, x),
        },
        _ => {
            let n = random.below(1000) as i64;
            (Value::Int(n), Tree::from(n))
        }
    }
}

#[test]
fn sizes_and_depths_are_those_of_the_trees_that_values_spell() {
    let mut random = Random(5);
    for _ in 0..200 {
        let mut pairs = vec![(Value::list(Vec::new()), Tree::Array(Vec::new())), ("é".into(), "é".into())];
        for _ in 0..40 {
            let (value, json) = make(&pairs, &mut random);
            if value.size() < 20_000 {
                pairs.push((value, json));
            }
        }
        for (value, json) in &pairs {
            assert_eq!((value.depth(), value.size()), naive(json), "{json}");
            let text = serde_json::to_string(value).expect("a value is JSON");
            assert_eq!(serde_json::from_str::<Tree>(&text).ok().as_ref(), Some(json));
            assert_eq!(text.parse::<Value>().map(|read| read.size()), Ok(value.size()));
        }
    }
}

#[test]
fn what_is_shared_counts_as_often_as_it_occurs() {
    let mut value = Value::Int(1);
    for n in 1..60 {
        value = Value::list(vec![value.clone(), value]);
        assert_eq!(value.size(), 2 * ITEM * ((1 << n) - 1));
    }
    for _ in 0..20 {
        value = Value::record(vec![("a".into(), value.clone()), ("b".into(), value)]);
    }
    assert_eq!((value.size(), value.depth()), (usize::MAX, 79));
}

#[test]
fn a_list_that_nobody_shares_grows_where_it_is() {
    let place = |value: &Value| match value {
        Value::List(items) => std::sync::Arc::as_ptr(items) as usize,
        _ => 0,
    };
    let mut list = Value::list(vec![Value::Int(1)]);
    let before = place(&list);
    assert!(list.extend(&[Value::Int(2)]));
    assert_eq!(place(&list), before);
    let other = list.clone();
    assert!(list.extend(&[Value::Int(3)]));
    assert_eq!((list.to_string(), other.to_string()), ("[1, 2, 3]".into(), "[1, 2]".into()));
    assert!(!Value::Int(1).extend(&[]));
}
