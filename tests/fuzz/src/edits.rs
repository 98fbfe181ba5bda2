//! Breaks a right answer at places that the input names: bytes alone would seldom come near a right one.

use serde_json::{Map, Value as Json, json};

/// Raw texts that no `serde_json::Value` holds; they are put in where their placeholder stands.
const RAW: [&str; 8] = [
    "1e999",
    "-0",
    "1.0000000000000000000001",
    "123456789012345678901234567890",
    r#""\ud800""#,
    r#"{"a":1,"a":2}"#,
    " [ 1 , 2 ] ",
    r#""\u0000\u2028""#,
];

/// More than these say nothing new.
const MAX_EDITS: usize = 32;

/// Edits that double a part double the next one's too.
const MAX_NODES: usize = 1_000;

/// Carries out the edits and writes the answer. Two bytes are an edit: which node (in the order of the text),
/// and what becomes of it.
pub(crate) fn edited(mut answer: Json, edits: &[u8]) -> String {
    for pair in edits.chunks_exact(2).take(MAX_EDITS) {
        let (mut place, what) = (usize::from(pair[0]), pair[1]);
        let nodes = count(&answer);
        if nodes > MAX_NODES {
            break;
        }
        place %= nodes;
        if let Some(node) = nth(&mut answer, &mut place) {
            edit(node, what);
        }
    }
    let mut text = answer.to_string();
    for (n, raw) in RAW.iter().enumerate() {
        text = text.replace(&Json::String(placeholder(n)).to_string(), raw);
    }
    text
}

fn placeholder(n: usize) -> String {
    format!("<raw {n}>")
}

fn count(node: &Json) -> usize {
    1 + match node {
        Json::Array(items) => items.iter().map(count).sum::<usize>(),
        Json::Object(fields) => fields.values().map(count).sum::<usize>(),
        _ => 0,
    }
}

fn nth<'a>(node: &'a mut Json, left: &mut usize) -> Option<&'a mut Json> {
    if *left == 0 {
        return Some(node);
    }
    *left -= 1;
    match node {
        Json::Array(items) => items.iter_mut().find_map(|item| nth(item, left)),
        Json::Object(fields) => fields.values_mut().find_map(|value| nth(value, left)),
        _ => None,
    }
}

fn edit(node: &mut Json, what: u8) {
    match what % 32 {
        0 => *node = Json::Null,
        1 => *node = json!(true),
        2 => *node = json!(7),
        3 => *node = json!(-1.5),
        4 => *node = json!("text"),
        5 => *node = json!([]),
        6 => *node = json!({}),
        7 => *node = json!([node.clone()]),
        8 => *node = json!({"a": node.clone()}),
        9 => *node = json!([node.clone(), null, node.clone()]),
        10 => *node = json!({"__typename": "Nobody"}),
        11 => *node = json!({"__typename": 3}),
        12 => *node = json!("User"),
        13 => *node = json!("Review"),
        14 => *node = json!("Image"),
        15 => *node = json!(2_147_483_648_u64),
        16 => drop_first(node),
        17 => drop_last(node),
        18 => {
            if let Json::Object(fields) = node {
                fields.remove("__typename");
            }
        }
        19 => insert(node, "extra", json!({"deep": [1, {"er": null}]})),
        20 => insert(node, "__typename", json!("Question")),
        21 => insert(node, "errors", json!([{"message": "no"}])),
        22 => insert(
            node,
            "errors",
            json!([{"message": "no", "path": ["_entities", 0, "name"], "extensions": {"code": "X"}}]),
        ),
        23 => insert(node, "errors", json!([{"message": 5, "path": "x", "locations": 3}, 7, null])),
        _ => *node = Json::String(placeholder(usize::from(what % 8))),
    }
}

fn drop_first(node: &mut Json) {
    match node {
        Json::Array(items) if !items.is_empty() => drop(items.remove(0)),
        Json::Object(fields) => {
            if let Some(key) = fields.keys().next().cloned() {
                fields.remove(&key);
            }
        }
        _ => {}
    }
}

fn drop_last(node: &mut Json) {
    match node {
        Json::Array(items) => drop(items.pop()),
        Json::Object(fields) => {
            if let Some(key) = fields.keys().next_back().cloned() {
                fields.remove(&key);
            }
        }
        _ => {}
    }
}

fn insert(node: &mut Json, key: &str, value: Json) {
    if !node.is_object() {
        *node = Json::Object(Map::new());
    }
    if let Json::Object(fields) = node {
        fields.insert(key.to_owned(), value);
    }
}
