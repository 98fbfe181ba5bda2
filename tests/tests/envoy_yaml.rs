//! `envoy/envoy.yaml` is what `weirctl render` prints: users compare their bootstrap with it.
//!
//! `UPDATE_EXPECT=1 cargo test -p weir-tests --test envoy_yaml` writes it anew.

use std::fs;
use std::path::Path;

use weir_cli::render::{Addresses, Options, bootstrap};
use weir_cli::settings::Sources;

#[test]
fn envoy_yaml_is_the_output_of_render() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../envoy");
    let options = Options {
        sources: Sources {
            supergraph: Some(folder.join("supergraph.graphql")),
            config: Some(folder.join("weir.yaml")),
        },
        addresses: Addresses {
            listen: "0.0.0.0:4000".parse().unwrap(),
            admin: "0.0.0.0:9902".parse().unwrap(),
        },
        probe: false,
        wasm: "/etc/envoy/weir.wasm".into(),
    };
    let rendered = options
        .sources
        .read()
        .and_then(|settings| bootstrap(&settings, &options))
        .unwrap_or_else(|problems| panic!("{problems:#?}"))
        .text;
    let file = folder.join("envoy.yaml");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&file, &rendered).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    let first_difference = kept.lines().zip(rendered.lines()).position(|(kept, rendered)| kept != rendered);
    assert!(
        kept == rendered,
        "envoy/envoy.yaml is not what `weirctl render` prints (line {:?}); write it anew with UPDATE_EXPECT=1",
        first_difference.map(|index| index + 1)
    );
}
