//! The audits of GraphQL over HTTP that the npm package `graphql-http` brings, each of which must pass.

use std::process::Command;

use crate::support::binaries::{audits, node, repository};
use crate::support::world::calm;

#[test]
fn all_audits_of_graphql_over_http_pass() {
    calm(|world| {
        let output = Command::new(node())
            .arg(repository("tests/e2e/audits.mjs"))
            .arg(audits())
            .arg(world.gateway.url("/graphql"))
            .output()
            .expect("node runs");
        let (said, wrong) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let last = said.lines().last().unwrap_or_default();
        assert_eq!(last, "61 of 61 audits passed", "{said}{wrong}");
        assert!(output.status.success(), "{said}{wrong}");
    });
}
