//! What clients see of subgraphs' errors: all, less or nothing, and the log has the rest.

use serde_json::{Value as Json, json};
use weir_gateway::event::CallFailure;
use weir_tests::world::{Behaviour, World};

const SECRET: &str = r#"{"data":null,"errors":[{"message":"no host db-7.internal","extensions":{"code":"DB_DOWN","hint":"later","stack":["a"]}}]}"#;

/// The only error of the answer when a subgraph behaves like this, and the log.
fn error(settings: Json, subgraph: &str, behaviour: Behaviour) -> (Json, String) {
    let mut world = World::store(settings);
    world.set(subgraph, behaviour);
    let reply = world.ask("{ me { name } topProducts { name } }");
    assert_eq!(reply["errors"].as_array().map(Vec::len), Some(1), "{reply}");
    (reply["errors"][0].clone(), world.log().join("\n"))
}

fn raw() -> Behaviour {
    Behaviour::Raw(200, SECRET.to_owned())
}

#[test]
fn errors_pass_by_default_and_the_log_is_silent() {
    let (error, log) = error(json!({}), "accounts", raw());
    assert_eq!(error["message"], "no host db-7.internal");
    assert_eq!(
        error["extensions"],
        json!({"code": "DB_DOWN", "hint": "later", "stack": ["a"], "service": "accounts"})
    );
    assert_eq!(log, "");
}

#[test]
fn a_masked_error_keeps_its_place_and_what_is_configured() {
    let (error, log) = error(json!({"errors": {"mode": "mask"}}), "accounts", raw());
    assert_eq!(
        error,
        json!({
            "message": "The subgraph could not answer.",
            "path": ["me"],
            "extensions": {"code": "DB_DOWN", "service": "accounts"},
        })
    );
    assert!(log.contains("db-7.internal") && log.contains("accounts"), "{log}");
}

#[test]
fn nothing_of_a_subgraph_need_be_seen() {
    let settings = json!({"errors": {"mode": "mask", "message": "Sorry.", "expose_code": false, "expose_service": false}});
    for behaviour in [
        raw(),
        Behaviour::Refuse,
        Behaviour::Hang,
        Behaviour::Fail(CallFailure::Unreachable),
        Behaviour::Raw(500, "oops".into()),
        Behaviour::Raw(200, "[]".into()),
    ] {
        let (error, log) = error(settings.clone(), "accounts", behaviour.clone());
        let masked =
            json!({"message": "Sorry.", "path": ["me"], "extensions": {"code": "DOWNSTREAM_SERVICE_ERROR"}});
        assert_eq!(error, masked, "{behaviour:?}");
        assert!(log.contains("accounts"), "{log}");
    }
}

#[test]
fn a_subgraph_has_a_policy_of_its_own() {
    let settings = json!({
        "errors": {"mode": "mask", "message": "Sorry."},
        "subgraphs": {"accounts": {"errors": {"mode": "filter", "allow_extensions": ["hint"], "allow_codes": ["DB_DOWN"]}}},
    });
    let (own, log) = error(settings.clone(), "accounts", raw());
    assert_eq!(own["message"], "no host db-7.internal");
    assert_eq!(own["extensions"], json!({"code": "DB_DOWN", "hint": "later", "service": "accounts"}));
    assert!(log.contains("stack"), "{log}");
    let (others, _) = error(settings, "products", raw());
    assert_eq!(others["message"], "Sorry.");
}

#[test]
fn weirs_own_words_name_no_subgraph_that_is_not_exposed() {
    let settings = json!({"errors": {"expose_service": false}});
    for behaviour in [
        Behaviour::Refuse,
        Behaviour::Hang,
        Behaviour::Fail(CallFailure::Interrupted),
        Behaviour::Raw(500, "oops".into()),
        Behaviour::Raw(200, "[]".into()),
    ] {
        let (error, _) = error(settings.clone(), "accounts", behaviour.clone());
        assert!(!error.to_string().contains("accounts"), "{behaviour:?}: {error}");
    }
}

#[test]
fn weirs_own_errors_name_no_cluster_and_no_url() {
    let places = ["weir_", "127.0.0.1", "http:", ".example", ".internal"];
    for behaviour in [
        Behaviour::Refuse,
        Behaviour::Hang,
        Behaviour::Raw(502, "http://10.0.0.1/".into()),
        Behaviour::Raw(200, "no".into()),
    ] {
        let (error, _) = error(json!({}), "accounts", behaviour.clone());
        let text = error.to_string();
        assert!(!places.iter().any(|place| text.contains(place)), "{behaviour:?}: {text}");
    }
}
