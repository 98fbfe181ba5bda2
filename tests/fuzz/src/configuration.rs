//! The plugin's configuration, as the bytes that Envoy hands over.

use weir_gateway::config::{effective, load};

use crate::Target;

// The filter links against Envoy alone; this part of it needs nothing of Envoy.
#[path = "../../../src/filter/src/plugin_configuration.rs"]
mod plugin_configuration;

/// Whatever the bytes are: they are refused with at least one problem, or they give a configuration that is
/// the same when its complete form is loaded again.
pub const TARGET: Target = Target { name: "configuration", check };

fn check(data: &[u8]) {
    let text = match plugin_configuration::json_text(data.to_vec()) {
        Ok(text) => text,
        Err(why) => return assert!(!why.is_empty()),
    };
    let first = match load(&text) {
        Ok(loaded) => loaded.config,
        Err(problems) => return assert!(!problems.is_empty()),
    };
    let mut complete = effective(&first);
    let document: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    complete["supergraph"] = document["supergraph"].clone();
    match load(&complete.to_string()) {
        Ok(again) => assert_eq!(first, again.config),
        Err(problems) => panic!("its complete form is refused: {problems:?}\n{complete}"),
    }
}
