//! What operators see of the traffic to subgraphs, and how they steer it.

use std::time::Duration;

use serde_json::{Map, Value, json};
use weir_telemetry::connection_pool::{Goals, diagnose, optimise};
use weir_traffic::breaker::Forced;
use weir_traffic::outcome::FailureClass;

use super::{Gateway, RequestId, changes_in, micros, millis, round};
use crate::event::Timestamp;
use crate::metric::SubgraphId;
use crate::pipeline::traffic::{Guard, Period};

const APPLY_HELP: &str = "write {\"changes\": {\"connection_pool.max_connections\": 200}}, with null to take a change back, or \
    {\"subgraph\": NAME, \"recommendation\": \"pool_size\"} for what GET /weir/traffic recommends";

const FORCE_HELP: &str = "write {\"subgraph\": NAME, \"force\": \"open\"}, \"closed\", or null to let it follow what it sees";
