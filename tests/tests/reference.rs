//! `docs/reference.md` is made from the code's own catalogues, so that it can't drift. `UPDATE_DOCS=1`
//! writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use weir_gateway::config::catalogue::CATALOGUE as SETTINGS;
use weir_gateway::error::{Code, Source};
use weir_gateway::metric::{CATALOGUE as METRICS, Kind};

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
    out.push_str("\n## Settings\n\nThe filter's `configuration`, and what `weirctl --config` reads.\n\n");
    out.push_str("| setting | value | default | bounds | what and why |\n|---|---|---|---|---|\n");
    for setting in SETTINGS {
        let bounds = setting.bounds().map_or(String::new(), |(least, most)| format!("{least} to {most}"));
        row(
            &mut out,
            &[&code(setting.path()), setting.kind(), &setting.default_text(), &bounds, setting.doc()],
        );
    }
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
        row(&mut out, &[&code(error.text()), source, &error.status().to_string(), error.help()]);
    }
    out.push_str(
        "\n## Metrics\n\nIn Envoy's `/stats` behind `wasmcustom.`; in Prometheus with `_` for `.`, and ",
    );
    out.push_str("`{subgraph}` as the label `subgraph`.\n\n| metric | kind | what |\n|---|---|---|\n");
    for metric in METRICS {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        row(&mut out, &[&code(metric.name), kind, metric.help]);
    }
    out
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
