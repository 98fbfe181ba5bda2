//! The floor: Envoy with a filter that makes Weir's calls and gives Weir's answer, and nothing else (tests/floor).

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::load::Exchange;
use crate::recorder::{Recorded, Recorder};
use crate::support::binaries;
use crate::support::gateway::{Gateway, render};
use crate::support::ports;
use crate::support::subgraphs::Subgraphs;
use crate::workload;

/// What of a call's headers the gateway chose; Envoy adds the rest.
const OWN_HEADERS: [&str; 2] = ["content-type", "accept"];

/// Its module, beside Weir's.
pub(crate) fn module() -> PathBuf {
    binaries::wasm().with_file_name("floor.wasm")
}

/// The calls of the storefront operation and its answer, as the floor takes them.
pub(crate) struct Recording {
    waves: Vec<Vec<Recorded>>,
    pub(crate) exchange: Exchange,
}

impl Recording {
    /// Lets Weir answer the operation once, with every call on record.
    pub(crate) fn take(subgraphs: &Subgraphs, settings: &Value) -> Recording {
        let recorder = Recorder::start(subgraphs.address);
        let sdl =
            subgraphs.supergraph().replace(&subgraphs.address.to_string(), &recorder.address.to_string());
        let gateway = Gateway::run(&sdl, settings, 1);
        let exchange = workload::one(&gateway, subgraphs);
        Recording { waves: recorder.waves(), exchange }
    }

    /// The number of calls in each wave.
    pub(crate) fn shape(&self) -> Vec<usize> {
        self.waves.iter().map(Vec::len).collect()
    }

    /// An Envoy with the floor's filter, whose clusters are those that Weir would use with these settings.
    pub(crate) fn replay(&self, subgraphs: &Subgraphs, settings: &Value) -> Gateway {
        let (address, admin) = (ports::free(), ports::free());
        let mut bootstrap = render(&subgraphs.supergraph(), settings, address, admin);
        let listeners =
            bootstrap["static_resources"]["listeners"].as_array_mut().expect("there are listeners");
        // The operators' one is Weir's.
        listeners.truncate(1);
        let config = &mut listeners[0]["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"][0]["typed_config"]
            ["config"];
        let module = module();
        assert!(module.is_file(), "there is no {}: run `tools/wasm.sh floor`", module.display());
        config["vm_config"]["code"]["local"]["filename"] = json!(module);
        let configuration = self.configuration(subgraphs).to_string();
        config["configuration"] =
            json!({ "@type": "type.googleapis.com/google.protobuf.StringValue", "value": configuration });
        // It has no panics to survive, so a fault of its own must show.
        config["failure_policy"] = json!("FAIL_CLOSED");
        config.as_object_mut().expect("it is one").remove("reload_config");
        Gateway::of_bootstrap(&bootstrap, address, admin)
    }

    fn configuration(&self, subgraphs: &Subgraphs) -> Value {
        let authority = subgraphs.address.to_string();
        let cluster = format!("weir_{}_{}", subgraphs.address.ip(), subgraphs.address.port());
        let call = |call: &Recorded| {
            let mut headers = vec![
                (":method".to_owned(), "POST".to_owned()),
                (":path".to_owned(), call.path.clone()),
                (":authority".to_owned(), authority.clone()),
            ];
            let own = call.headers.iter().filter(|(name, _)| OWN_HEADERS.contains(&name.as_str()));
            headers.extend(own.cloned());
            json!({ "cluster": cluster, "headers": headers, "body": call.body })
        };
        let waves: Vec<Vec<Value>> = self.waves.iter().map(|wave| wave.iter().map(call).collect()).collect();
        let reply = std::str::from_utf8(&self.exchange.answer).expect("JSON is UTF-8");
        json!({ "waves": waves, "reply": reply, "content_type": "application/json" })
    }
}
