//! Subgraphs that can't be asked at all: no connection, or a call that Envoy refuses at once.

use serde_json::{Value, json};

use crate::support::gateway::{Gateway, render};
use crate::support::patience::wait_for;
use crate::support::ports;
use crate::support::subgraphs::Subgraphs;
use crate::support::traffic;
use crate::support::vitals::Vitals;

#[test]
fn the_data_of_the_subgraphs_that_answer_is_kept() {
    let subgraphs = Subgraphs::start();
    let nobody = ports::free();
    // A cluster of its own for inventory, from which the hosts are taken: Envoy refuses the call at dispatch.
    let config = traffic::off(json!({ "subgraphs": {
        "inventory": { "cluster": "nowhere" },
        "reviews": { "url": format!("http://{nobody}/graphql") },
    }}));
    let (address, admin) = (ports::free(), ports::free());
    let mut bootstrap = render(&subgraphs.supergraph(), &config, address, admin);
    let clusters = bootstrap["static_resources"]["clusters"].as_array_mut().unwrap();
    let nowhere = clusters.iter_mut().find(|cluster| cluster["name"] == "nowhere").unwrap();
    nowhere["load_assignment"]["endpoints"] = json!([]);
    let gateway = Gateway::of_bootstrap(&bootstrap, address, admin);
    let before = Vitals::of(&gateway);

    let expect = |field: &str, code: &str, service: &str| {
        let reply = gateway.query(&format!("{{ me {{ name }} topProducts(first: 1) {{ upc {field} }} }}"));
        let error = reply.error(200, code);
        assert_eq!(error["extensions"]["service"], service, "{error}");
        assert_eq!(error["path"], json!(["topProducts"]), "{error}");
        let product = json!({ "upc": "P0001", field: Value::Null });
        assert_eq!(
            reply.json()["data"],
            json!({ "me": { "name": "Ada Almeida" }, "topProducts": [product] })
        );
    };
    for _ in 0..3 {
        expect("shippingEstimate", "SUBGRAPH_REFUSED", "inventory");
        expect("averageRating", "SUBGRAPH_UNREACHABLE", "reviews");
    }
    let stat = |name: &str| gateway.stat(&format!("wasmcustom.weir.subgraph.{name}"));
    assert_eq!((stat("inventory.calls"), stat("inventory.refusals"), stat("inventory.failures")), (3, 3, 3));
    assert_eq!((stat("reviews.calls"), stat("reviews.refusals"), stat("reviews.failures")), (3, 0, 3));

    // Refused within the request itself, before anything could wait.
    let reply = gateway.query("{ warehouses { city } }");
    reply.error(200, "SUBGRAPH_REFUSED");
    assert!(
        wait_for(std::time::Duration::from_secs(5), || gateway.stat("wasmcustom.weir.requests_active") == 0)
    );
    assert_eq!(Vitals::of(&gateway), before);
}
