//! The result as a Markdown table, to be pasted into the README.

use std::fmt::Write as _;

use crate::floor::Recording;
use crate::machine;
use crate::measured::Measured;
use crate::rows::{Side, Version};

/// The table, headed by what it was measured on.
pub(crate) fn markdown(measured: &[Measured], connections: usize, recording: &Recording) -> String {
    let mut text = format!(
        "{connections} connections, one Envoy worker, an answer of {:.1} KB after calls in waves of {:?}; clients, gateway and \
         subgraphs on loopback of one machine: {}.\n\n",
        recording.exchange.answer.len() as f64 / 1000.0,
        recording.shape(),
        machine::describe()
    );
    text.push_str(
        "| | requests/s | p50 ms | p95 ms | p99 ms | gateway CPU, µs a request | to its floor | subgraph calls a request | \
         subgraph CPU, µs a request | peak memory, MB |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    let floor = |version: Version| {
        let floor = measured.iter().find(|other| other.row.side == Side::Floor(version));
        floor.map(Measured::cpu_micros)
    };
    let mut answers = 0;
    for row in measured {
        let mut latencies = row.sample.latencies.clone();
        latencies.sort_unstable();
        answers += latencies.len();
        let percentile = |percent: usize| {
            let at = (latencies.len() * percent / 100).min(latencies.len().saturating_sub(1));
            latencies.get(at).map_or(0.0, |latency| latency.as_secs_f64() * 1000.0)
        };
        // A peer chooses its version itself; it is held against the cheaper one.
        let ratio = floor(row.row.version().unwrap_or(Version::Http2)).map(|floor| row.cpu_micros() / floor);
        let of_subgraphs = row.row.side != Side::Plain;
        let or_dash = |figure: Option<String>| figure.unwrap_or_else(|| "–".to_owned());
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {:.0} | {:.1} | {:.1} | {:.1} | {:.0} | {} | {} | {} | {:.0} |",
            row.row.title,
            latencies.len() as f64 / row.sample.time.as_secs_f64(),
            percentile(50),
            percentile(95),
            percentile(99),
            row.cpu_micros(),
            or_dash(ratio.map(|ratio| format!("{ratio:.2}"))),
            or_dash(of_subgraphs.then(|| format!("{:.2}", row.per_request(row.calls as f64)))),
            or_dash(
                of_subgraphs.then(|| format!("{:.0}", row.per_request(row.subgraph_cpu.as_secs_f64() * 1e6)))
            ),
            row.peak_memory as f64 / 1e6,
        );
    }
    let _ = writeln!(text, "\n{answers} answers, each compared byte for byte.");
    text
}
