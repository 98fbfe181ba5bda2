//! `docs/reference.md` is made from the code's own catalogues, so that it can't drift. `UPDATE_DOCS=1`
//! writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;
use weir_gateway::config::{Preset, catalogue};
use weir_gateway::error::{Code, Source};
use weir_gateway::limit::Limit;
use weir_gateway::metric::{
    Alert, CATALOGUE as METRICS, Eviction, FailureClass, Kind, Layer, Phase, Reason, RetryOutcome,
};
use weir_telemetry::recommendation::CATALOGUE as RECOMMENDATIONS;

#[test]
#[allow(clippy::disallowed_methods, reason = "the switch is for people who run the test")]
fn the_reference_is_what_the_catalogues_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference.md");
    let wanted = reference();
    if std::env::var("UPDATE_DOCS").is_ok() {
        std::fs::write(&path, &wanted).expect("docs/reference.md can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "docs/reference.md is not up to date: run\n  UPDATE_DOCS=1 cargo test -p weir-tests --test reference"
    );
}

fn reference() -> String {
    let mut out = String::from(
        "# Reference\n\nMade from the catalogues in the code by `UPDATE_DOCS=1 cargo test -p weir-tests --test reference`.\n",
    );
    settings(&mut out);
    presets(&mut out);
    errors(&mut out);
    metrics(&mut out);
    recommendations(&mut out);
    out
}

fn settings(out: &mut String) {
    out.push_str("\n## Settings\n\nThe filter's `configuration`, and what `weirctl --config` reads.\n\n");
    out.push_str("| setting | value | default | bounds | what and why |\n|---|---|---|---|---|\n");
    for setting in catalogue::entries() {
        let bounds = setting.bounds().map_or(String::new(), |(least, most)| format!("{least} to {most}"));
        row(out, &[&code(setting.path()), setting.kind(), &setting.default_text(), &bounds, setting.doc()]);
    }
}

/// One column for each preset, one row for each setting that any of them has.
fn presets(out: &mut String) {
    out.push_str(
        "\n## Presets\n\nWhat `preset` sets in the place of the defaults; what is written beside it holds. ",
    );
    out.push_str("`weirctl check --effective` prints all settings that result.\n\n| setting |");
    let presets = Preset::ALL.map(|(word, preset)| (word, preset.settings()));
    for (word, _) in &presets {
        let _ = write!(out, " `{word}` |");
    }
    let _ = writeln!(out, "\n|---|{}", "---|".repeat(presets.len()));
    for setting in catalogue::entries() {
        let values = presets.each_ref().map(|(_, settings)| {
            settings.iter().find(|(path, _)| *path == setting.path()).map(|(_, value)| value)
        });
        if values.iter().any(Option::is_some) {
            let path = code(setting.path());
            let texts = values.map(|value| match value {
                Some(Value::String(text)) => text.clone(),
                Some(value) => value.to_string(),
                None => setting.default_text(),
            });
            let cells: Vec<&str> = std::iter::once(&path).chain(&texts).map(String::as_str).collect();
            row(out, &cells);
        }
    }
}

fn errors(out: &mut String) {
    out.push_str(
        "\n## Errors\n\n`extensions.code` of an error. The status is that of a reply without `data`; ",
    );
    out.push_str("errors of the operation itself have 200 where the client takes `application/json`.\n\n");
    out.push_str("| code | whose fault | status | what |\n|---|---|---|---|\n");
    for error in Code::ALL {
        let source = match error.source() {
            Source::Client => "client",
            Source::Subgraph => "subgraph",
            Source::Gateway => "gateway",
        };
        row(out, &[&code(error.text()), source, &error.status().to_string(), error.help()]);
    }
}

fn metrics(out: &mut String) {
    out.push_str(
        "\n## Metrics\n\nIn Envoy's `/stats` behind `wasmcustom.`; in Prometheus with `_` for `.`. What stands in \
         braces is a label:\n\n| label | values |\n|---|---|\n",
    );
    let names =
        |names: &mut dyn Iterator<Item = &'static str>| names.map(code).collect::<Vec<_>>().join(", ");
    let labels: [(&str, String); 9] = [
        ("layer", names(&mut Layer::ALL.into_iter().map(Layer::name))),
        ("reason", names(&mut Eviction::ALL.into_iter().map(Eviction::name))),
        ("alert", names(&mut Alert::ALL.into_iter().map(Alert::name))),
        ("limit", names(&mut Limit::ALL.iter().map(|limit| limit.name()))),
        ("closed_by", names(&mut Reason::ALL.into_iter().map(Reason::name))),
        ("class", names(&mut FailureClass::ALL.into_iter().map(FailureClass::name))),
        ("to", names(&mut Phase::ALL.into_iter().map(Phase::name))),
        ("outcome", names(&mut RetryOutcome::ALL.into_iter().map(RetryOutcome::name))),
        ("subgraph", "the names in the supergraph".to_owned()),
    ];
    for (label, values) in &labels {
        assert!(METRICS.iter().any(|metric| metric.name.contains(&format!("{{{label}}}"))), "{label}");
        let meaning = match *label {
            "layer" => format!("{values}: a worker's memory, the workers' shared data, the fleet's store"),
            "reason" => format!("{values}: too many plans, too many bytes, out of time, a newer one came"),
            "closed_by" => format!("{values}: full, out of time, nobody else to come, no window, one alone"),
            "alert" => format!(
                "{values}: `plan_cache.alerts`, `plan_cache.warning_threshold`, and for each subgraph `connection_pool` and \
                 `circuit_breaker.performance_monitoring` say when"
            ),
            "class" => format!(
                "{values}: no connection, no answer in time, a connection that broke, Envoy would not send it, a status of 500 or \
                 above (or 429), no GraphQL response, one of `circuit_breaker.graphql_codes`"
            ),
            _ => values.clone(),
        };
        row(out, &[&code(label), &meaning]);
    }
    out.push_str("\n| metric | kind | what |\n|---|---|---|\n");
    for metric in METRICS {
        for label in metric.name.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
            assert!(labels.iter().any(|(known, _)| *known == label), "{}", metric.name);
        }
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        row(out, &[&code(metric.name), kind, metric.help]);
    }
}

fn recommendations(out: &mut String) {
    out.push_str(
        "\n## Recommendations\n\nWhat `GET /weir/plan-cache` of the admin listener may recommend, by `type`. Each comes \
         with the improvement that the worker's last interval makes it expect, the effort, the numbers it was \
         computed from, and, where settings can do it, the changes that `POST /weir/plan-cache/apply` makes.\n\n",
    );
    out.push_str("| type | what and what to do |\n|---|---|\n");
    for entry in RECOMMENDATIONS {
        row(out, &[&code(entry.word), entry.doc]);
    }
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn row(out: &mut String, cells: &[&str]) {
    for cell in cells {
        let _ = write!(out, "| {} ", cell.replace('|', "\\|"));
    }
    out.push_str("|\n");
}
