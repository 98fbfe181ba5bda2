//! Tests of whole plans: what golden files can't say.

use crate::plan::{FetchId, OutputKind, PathSegment, Target};
use crate::{ExecutablePlan, Operation, OperationLimits, PlanError, PlanVariables, Supergraph};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const SHOP: &str = include_str!("../../../tests/fixtures/shop.graphql");
const MEDIA: &str = include_str!("../../../tests/fixtures/media.graphql");
const REENTRY: &str = include_str!("../../../tests/fixtures/reentry.graphql");

fn try_plan(sdl: &str, text: &str, variables: &PlanVariables) -> Result<ExecutablePlan, PlanError> {
    let supergraph = Supergraph::parse(sdl).expect("fixture");
    let operation = Operation::prepare(&supergraph, text, None, &OperationLimits::default()).expect("valid");
    supergraph.plan(&operation, variables, None)
}

fn plan(sdl: &str, text: &str) -> ExecutablePlan {
    try_plan(sdl, text, &PlanVariables::default()).expect("a plan")
}

fn keys(plan: &ExecutablePlan) -> Vec<&str> {
    plan.projection.variants[0].fields.iter().map(|field| plan.name(field.key)).collect()
}

fn constant(plan: &ExecutablePlan, index: usize) -> serde_json::Value {
    match &plan.projection.variants[0].fields[index].ty.kind {
        OutputKind::Constant(json) => serde_json::from_str(json).expect("JSON"),
        other => panic!("not a constant: {other:?}"),
    }
}

#[test]
fn conditions_remove_fetches() {
    let text = "query($c: Boolean!) { status me @include(if: $c) { name } }";
    let with = PlanVariables { conditions: vec![("c".to_owned(), true)], ..Default::default() };
    let without = PlanVariables { conditions: vec![("c".to_owned(), false)], ..Default::default() };
    let with = try_plan(SHOP, text, &with).expect("a plan");
    let without = try_plan(SHOP, text, &without).expect("a plan");
    assert_eq!((keys(&with), keys(&without)), (vec!["status", "me"], vec!["status"]));
    assert!(!without.fetches[0].document.contains("me"), "{}", without.fetches[0].document);
    let none = plan(SHOP, "{ me @skip(if: true) { name } }");
    assert!(none.fetches.is_empty() && keys(&none).is_empty());
}

#[test]
fn an_emptied_object_is_still_asked_for() {
    let plan = plan(SHOP, "{ me { name @skip(if: true) } }");
    assert_eq!(plan.fetches[0].document, "{me{__typename}}");
    let OutputKind::Composite(me) = &plan.projection.variants[0].fields[0].ty.kind else { panic!("object") };
    assert!(me.variants[0].fields.is_empty());
}

#[test]
fn type_names_of_objects_need_no_fetch() {
    let plan = plan(SHOP, "{ a: __typename b: __typename }");
    assert!(plan.fetches.is_empty());
    assert_eq!(keys(&plan), ["a", "b"]);
}

#[test]
fn keys_keep_the_order_of_their_first_occurrence() {
    let plan =
        plan(SHOP, "{ z: status me { id } ...F y: status } fragment F on Query { a: status z: status }");
    assert_eq!(keys(&plan), ["z", "me", "a", "y"]);
}

#[test]
fn the_runtime_type_is_read_only_where_it_matters() {
    let uniform = plan(MEDIA, "{ best { id stars } }");
    assert!(!uniform.fetches[0].document.contains("... on"), "{}", uniform.fetches[0].document);
    assert_eq!(uniform.fetches.len(), 1);
    let typed = plan(MEDIA, "{ best { id t: __typename } }");
    let OutputKind::Composite(best) = &typed.projection.variants[0].fields[0].ty.kind else {
        panic!("object")
    };
    assert!(best.is_abstract);
    assert_eq!(typed.fetches.len(), 2);
}

#[test]
fn a_fetch_waits_for_its_own_inputs_only() {
    let plan =
        plan(SHOP, "{ me { loyalty } items { id ... on Book { inStock reviews { author { email } } } } }");
    for fetch in &plan.fetches {
        if let Target::Entities(lookups) = &fetch.target
            && plan.name(match &lookups[0].paths[0][0] {
                crate::plan::PathSegment::Field(name) => *name,
                other => panic!("{other:?}"),
            }) == "me"
        {
            for FetchId(id) in &fetch.after {
                assert!(!plan.fetches[*id as usize].document.contains("items"));
            }
        }
    }
}

#[test]
fn a_mutation_is_complete_before_the_next_one_runs() {
    // The library looks up for both in one call, which then comes after the second.
    let plan = plan(
        include_str!("../../../envoy/supergraph.graphql"),
        r#"mutation {
            a: updateProfile(input: {userId: "u1"}) { nearestWarehouse { manager { reviewCount } } }
            b: addReview(input: {authorId: "u1", upc: "p1", rating: 3, body: "x"}) { moderation }
        }"#,
    );
    let second = plan.fetches.iter().position(|fetch| fetch.document.contains("addReview")).expect("a fetch");
    let mut before = vec![second];
    for index in 0..plan.fetches.len() {
        if let Some(at) = before.get(index).copied() {
            before.extend(plan.fetches[at].after.iter().map(|id| id.0 as usize));
        }
    }
    for (index, fetch) in plan.fetches.iter().enumerate() {
        let Target::Entities(lookups) = &fetch.target else { continue };
        for path in lookups.iter().flat_map(|lookup| &lookup.paths) {
            if let Some(PathSegment::Field(key)) = path.first()
                && plan.name(*key) == "a"
            {
                assert!(before.contains(&index), "fetch {index} comes too late: {:#?}", plan.fetches);
            }
        }
    }
}

#[test]
fn mutations_run_in_series_and_once() {
    let plan = plan(
        SHOP,
        "mutation { a: rename(name: \"1\") { reviewCount } review(review: {item: \"1\"}) { id } b: rename(name: \"2\") { name } }",
    );
    for (index, fetch) in plan.fetches.iter().enumerate().skip(1) {
        assert!(!fetch.after.is_empty(), "fetch {index} waits for nothing");
    }
    let error = try_plan(REENTRY, "mutation { split { a b } }", &PlanVariables::default());
    assert!(
        matches!(&error, Err(PlanError::Failed(reason)) if reason.contains("must not run in two")),
        "a mutation whose result is spread over subgraphs must not run twice: {error:?}"
    );
}

#[test]
fn introspection_hides_federation_and_what_is_inaccessible() {
    let plan = plan(
        SHOP,
        "{ s: __schema { queryType { name } mutationType { name } subscriptionType { name } types { name } directives { name } }
           e: __type(name: \"Size\") { enumValues { name } }
           u: __type(name: \"User\") { fields { name } __typename }
           none: __type(name: \"join__Graph\") { name } }",
    );
    assert!(plan.fetches.is_empty());
    let schema = constant(&plan, 0).to_string();
    for hidden in ["join__", "link__", "inaccessible", "\"link\""] {
        assert!(!schema.contains(hidden), "{hidden}");
    }
    assert_eq!(constant(&plan, 0)["queryType"]["name"], "Query");
    assert_eq!(constant(&plan, 0)["subscriptionType"], serde_json::Value::Null);
    assert_eq!(constant(&plan, 1).to_string(), r#"{"enumValues":[{"name":"SMALL"},{"name":"LARGE"}]}"#);
    assert!(!constant(&plan, 2).to_string().contains("secret"));
    assert_eq!(constant(&plan, 2)["__typename"], "__Type");
    assert_eq!(constant(&plan, 3), serde_json::Value::Null);
}

#[test]
fn introspection_takes_variables_and_unwraps_types() {
    let text = "query($n: String!, $d: Boolean) { __type(name: $n) {
        fields(includeDeprecated: $d) { name isDeprecated deprecationReason args { name defaultValue }
          type { kind name ofType { kind name ofType { name } } } } } }";
    let given = PlanVariables {
        introspection: vec![("n".to_owned(), "\"Book\"".to_owned()), ("d".to_owned(), "true".to_owned())],
        ..Default::default()
    };
    let json = constant(&try_plan(SHOP, text, &given).expect("a plan"), 0);
    let field = |name: &str| {
        json["fields"]
            .as_array()
            .expect("fields")
            .iter()
            .find(|field| field["name"] == name)
            .expect("field")
            .clone()
    };
    assert_eq!(field("oldStock")["deprecationReason"], "Use inStock.");
    assert_eq!(field("price")["args"][0]["defaultValue"], "\"EUR\"");
    assert_eq!(field("id")["type"]["ofType"]["name"], "ID");
    assert!(matches!(try_plan(SHOP, text, &PlanVariables::default()), Err(PlanError::Failed(_))));
}

#[test]
fn scalars_tell_their_specification() {
    let plan = plan(SHOP, "{ __type(name: \"DateTime\") { specifiedByURL description kind } }");
    assert_eq!(
        constant(&plan, 0).to_string(),
        r#"{"description":"An instant.","kind":"SCALAR","specifiedByURL":"https://scalars.graphql.org/date-time"}"#
    );
}
