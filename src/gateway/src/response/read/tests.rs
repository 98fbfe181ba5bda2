//! Reading: leaves as text, what is skipped, what is refused.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;
use weir_planner::plan::{NameId, OperationKind, Selection, ShapeField, TypeSet};

use super::*;

const NAMES: [&str; 4] = ["user", "name", "tags", "friends"];

fn plan() -> ExecutablePlan {
    ExecutablePlan {
        kind: OperationKind::Query,
        names: NAMES.iter().map(ToString::to_string).collect::<Vec<_>>().into(),
        fetches: Vec::new(),
        projection: Selection { type_name: NameId(0), is_abstract: false, variants: Vec::new() },
    }
}

fn field(key: u32, shape: Option<Shape>) -> ShapeField {
    ShapeField { key: NameId(key), shape }
}

fn target() -> Target {
    let friend = Shape(vec![field(1, None)]);
    let user = Shape(vec![field(1, None), field(2, None), field(3, Some(friend))]);
    Target::Root { path: Vec::new(), shape: Shape(vec![field(0, Some(user))]), output_rewrites: Vec::new() }
}

fn read_text(text: &str) -> Result<SubgraphResponse, String> {
    read(&plan(), None, &target(), text.as_bytes().to_vec())
}

/// Prints what was read, leaves as they stand in the body.
fn show(value: Value, segment: &Segment) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Mismatch => "MISMATCH".to_owned(),
        Value::Leaf(span) => String::from_utf8_lossy(segment.text(span)).into_owned(),
        Value::List(list) => {
            let items = segment.items(list).iter().map(|item| show(item.value(), segment));
            format!("[{}]", items.collect::<Vec<_>>().join(","))
        }
        Value::Object(object) => {
            let fields = segment.fields(object).iter().map(|field| {
                let name = NAMES.get(field.key().0 as usize).copied().unwrap_or("?");
                format!("{name}:{}", show(field.value(), segment))
            });
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
    }
}

fn shown(text: &str) -> String {
    match read_text(text) {
        Err(error) => format!("error: {error}"),
        Ok(SubgraphResponse { data: Some(Data::Root(Some(object))), segment, .. }) => {
            show(Value::Object(object), &segment)
        }
        Ok(response) => {
            format!("no data, has_data {}, errors {:?}", response.has_data, response.errors)
        }
    }
}

#[test]
fn leaves_keep_their_text() {
    assert_eq!(
        shown(r#"{"data":{"user":{"tags":[1e400, 0.10 ,"é\u00e9"],"name":12345678901234567890123}}}"#),
        r#"{user:{tags:[1e400, 0.10 ,"é\u00e9"],name:12345678901234567890123}}"#
    );
    assert_eq!(shown(r#"{"data":{"user":{"name":"a\"b\n"}}}"#), r#"{user:{name:"a\"b\n"}}"#);
}

#[test]
fn what_the_shape_does_not_ask_for_is_skipped() {
    assert_eq!(
        shown(r#"{"extensions":{"a":[{}]},"data":{"x":{"y":[1,{"z":2}]},"user":{"name":"n","extra":{}}}}"#),
        r#"{user:{name:"n"}}"#
    );
}

#[test]
fn wrong_types_are_marked_and_nulls_kept() {
    assert_eq!(shown(r#"{"data":{"user":"Ann"}}"#), "{user:MISMATCH}");
    assert_eq!(shown(r#"{"data":{"user":"A\u0041n"}}"#), "{user:MISMATCH}");
    assert_eq!(
        shown(r#"{"data":{"user":[null,{"name":null},3.5,true]}}"#),
        "{user:[null,{name:null},MISMATCH,MISMATCH]}"
    );
    assert_eq!(shown(r#"{"data":null}"#), "no data, has_data true, errors None");
    assert_eq!(
        shown(r#"{"errors":[{"message":"no"}]}"#),
        r#"no data, has_data false, errors Some("[{\"message\":\"no\"}]")"#
    );
}

#[test]
fn what_is_not_json_is_an_error() {
    for text in [
        "",
        "<html>",
        "[1,2]",
        "3",
        "{",
        r#"{"data":{"user":{"name":tru}}}"#,
        r#"{"data":{"user":{"name":01}}}"#,
        r#"{"data":{"user":{"name":"\x"}}}"#,
        r#"{"data":{"user":{"name":}}}"#,
        r#"{"data":{}} trailing"#,
        r#"{"data":{"user":{"name":"cut"#,
        r#"{"data":{"user":{"name":[1,}}}"#,
        "{\"data\":{\"user\":{\"name\":\"\u{1}\"}}}",
        r#"{"data":{"user":{"extra":{"a":}}}}"#,
    ] {
        assert!(shown(text).starts_with("error: "), "{text} was read as {}", shown(text));
    }
    assert!(read(&plan(), None, &target(), b"{\"data\":{\"user\":{\"name\":\"\xff\"}}}".to_vec()).is_err());
}

#[test]
fn deep_nesting_is_an_error_not_a_trap() {
    for open in ["[", "{\"user\":", "{\"name\":[", "{\"other\":["] {
        let text = format!("{{\"data\":{{\"user\":{}", open.repeat(100_000));
        assert!(shown(&text).starts_with("error: "));
    }
    let _ = TypeSet(Vec::new());
}
