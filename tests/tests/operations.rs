//! The random operations themselves: valid by another implementation's rules, repeatable, and not all alike.

use graphql_tools::validation::rules::default_rules_validation_plan;
use graphql_tools::validation::validate::validate;
use weir_tests::operations::Operations;
use weir_tests::schema::Schema;

const BUILT_IN: &str = "
    scalar Int scalar Float scalar String scalar Boolean scalar ID
    directive @skip(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
    directive @include(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT";

fn supergraphs() -> Vec<(String, String)> {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    ["tests/fixtures/shop.graphql", "tests/fixtures/media.graphql", "envoy/supergraph.graphql"]
        .map(|file| {
            let path = here.parent().expect("the repository").join(file);
            (file.to_owned(), std::fs::read_to_string(path).expect("a supergraph"))
        })
        .to_vec()
}

#[test]
fn random_operations_are_valid() {
    for (name, sdl) in supergraphs() {
        let schema = Schema::api_of_supergraph(&sdl);
        let sdl = format!("{sdl}{BUILT_IN}");
        let document = graphql_tools::parser::parse_schema(&sdl).expect("the schema parses").into_static();
        let plan = default_rules_validation_plan();
        for operation in Operations::new(&schema, 1).take(300) {
            let query = graphql_tools::parser::parse_query(&operation.text)
                .unwrap_or_else(|error| panic!("{name}: {error}\n{}", operation.text))
                .into_static();
            let errors = validate(&document, &query, &plan);
            assert!(errors.is_empty(), "{name}: {errors:#?}\n{}\n{}", operation.text, operation.variables);
        }
    }
}

#[test]
fn an_operation_can_be_made_again_by_seed_and_number() {
    let (_, sdl) = supergraphs().remove(0);
    let schema = Schema::api_of_supergraph(&sdl);
    let series: Vec<_> = Operations::new(&schema, 5).take(20).collect();
    assert_eq!(Operations::new(&schema, 5).nth_operation(13), series[13]);
    assert_ne!(Operations::new(&schema, 6).nth_operation(13).text, series[13].text);
}

#[test]
fn operations_hold_all_that_clients_write() {
    let (_, sdl) = supergraphs().remove(0);
    let schema = Schema::api_of_supergraph(&sdl);
    let all: String = Operations::new(&schema, 3).take(200).map(|operation| operation.text).collect();
    for part in [
        "mutation",
        "fragment F0",
        "...F",
        "... on ",
        "... {",
        "@skip(if: $",
        "@include(if: t",
        ": __typename",
    ] {
        assert!(all.contains(part), "no {part} in 200 operations");
    }
}
