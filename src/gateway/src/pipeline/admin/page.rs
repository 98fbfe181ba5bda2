//! The overview as HTML: what `/weir/plan-cache` says, to be looked at.

use maud::{DOCTYPE, Markup, html};
use serde_json::Value;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1b1f24}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}\
td,th{border-bottom:1px solid #d8dee4;padding:.3rem .6rem;text-align:left;vertical-align:top}td.n{text-align:right}\
progress{width:20rem}.warn{color:#a40e26}";

/// The page.
pub(super) fn overview(state: &Value) -> String {
    let warm_up = &state["warm_up"];
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let page: Markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="refresh" content="5";
                title { "Weir" }
                style { (STYLE) }
            }
            body {
                h1 { "Weir: the plan cache" }
                p {
                    @if state["ready"] == true { "Ready. " } @else { span.warn { "Warming up. " } }
                    "Supergraph " code { (text(&state["supergraph"])) } ". "
                    a href="/weir/plan-cache" { "All of this as JSON" } ", "
                    a href="/weir/entity-batching" { "entity batching" } ", "
                    a href="/weir/traffic" { "the traffic to subgraphs" } ", "
                    a href="/stats/prometheus" { "metrics for Prometheus" } "."
                }
                h2 { "Warm-up" }
                p {
                    progress max=(number(&warm_up["operations"]).max(1)) value=(number(&warm_up["done"])) {}
                    " " (text(&warm_up["done"])) " of " (text(&warm_up["operations"])) " operations, "
                    (text(&warm_up["failed"])) " could not be planned"
                }
                h2 { "Recommendations" }
                @if list(&state["recommendations"]).is_empty() { p { "None." } }
                @for found in list(&state["recommendations"]) {
                    p {
                        b { (text(&found["description"])) } " Expected: " (text(&found["expected_improvement"])) " "
                        (text(&found["of"])) "; effort: " (text(&found["effort"])) ". " (text(&found["explanation"]))
                    }
                }
                h2 { "Why lookups miss" }
                @if list(&state["diagnosis"]).is_empty() { p { "Nothing to tell." } }
                ul { @for cause in list(&state["diagnosis"]) { li { (text(&cause["text"])) } } }
                h2 { "This worker's layers" }
                (table(&state["layers_seen_by_this_worker"]))
                h2 { "This worker's last window" }
                (table(&state["window_of_this_worker"]))
                h2 { "All workers" }
                (table(&state["counters"]))
            }
        }
    };
    page.into_string()
}

fn table(value: &Value) -> Markup {
    html! {
        table {
            @for (name, value) in value.as_object().into_iter().flatten() {
                tr { th { (name) } td.n[value.is_number()] { (text(value)) } }
            }
        }
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}
