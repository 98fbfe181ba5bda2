//! What operators see of the traffic to subgraphs, and how they steer it.

use serde_json::{Value, json};
use weir_traffic::breaker::Forced;

use super::{Gateway, RequestId};
use crate::metric::SubgraphId;

const FORCE_HELP: &str = "write {\"subgraph\": NAME, \"force\": \"open\"}, \"closed\", or null to let it follow what it sees";

impl Gateway {
    /// Forces a subgraph's breakers, or lets them go; the answer if that is at once.
    pub(super) fn force_breaker(&mut self, id: RequestId, body: &[u8]) -> Option<(u16, Value)> {
        let asked = serde_json::from_slice::<Value>(body).unwrap_or_default();
        let forced = match asked.get("force") {
            Some(Value::Null) => None,
            Some(Value::String(word)) if word == "open" => Some(Forced::Open),
            Some(Value::String(word)) if word == "closed" => Some(Forced::Closed),
            _ => return Some((400, json!({"error": "What shall it be forced to?", "fix": FORCE_HELP}))),
        };
        let name = asked.get("subgraph").and_then(Value::as_str).unwrap_or_default();
        let Some(at) = self.labels.names().iter().position(|known| known == name) else {
            let error = format!("There is no subgraph `{name}`.");
            let known = self.labels.names().join(", ");
            return Some((400, json!({"error": error, "fix": format!("there are {known}")})));
        };
        let label = SubgraphId(u32::try_from(at).unwrap_or(u32::MAX));
        self.force(label, forced, id);
        None
    }

    /// A breaker was forced, or that was in vain.
    pub(in crate::pipeline) fn breaker_forced(&mut self, id: RequestId, label: SubgraphId, done: bool) {
        let name = self.labels.names().get(label.0 as usize).cloned().unwrap_or_default();
        let (status, body) = if done {
            (200, json!({"subgraph": name, "done": true, "by": "all workers, within half a second"}))
        } else {
            (503, json!({"error": "It could not be written to the shared data.", "fix": "try again"}))
        };
        self.page(id, status, super::JSON, body.to_string());
    }
}
