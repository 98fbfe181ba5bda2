//! The result as a Markdown table, to be pasted into the README.

use std::fmt::Write as _;
use std::time::Duration;

use crate::load::Sample;

/// One gateway with one operation.
pub(crate) struct Row {
    operation: String,
    gateway: &'static str,
    answer_bytes: usize,
    /// Calls to subgraphs (or to the plain proxy's upstream) for one request.
    calls: u64,
    requests: usize,
    per_second: f64,
    p50: Duration,
    p99: Duration,
    cpu_per_request: Duration,
}

impl Row {
    /// The figures of all turns together.
    pub(crate) fn new(
        operation: &str,
        gateway: &'static str,
        answer_bytes: usize,
        calls: u64,
        sample: Sample,
        cpu: Duration,
    ) -> Row {
        let Sample { mut latencies, time } = sample;
        latencies.sort_unstable();
        let requests = latencies.len();
        Row {
            operation: operation.to_owned(),
            gateway,
            answer_bytes,
            calls,
            requests,
            per_second: requests as f64 / time.as_secs_f64(),
            p50: latencies[requests / 2],
            p99: latencies[requests * 99 / 100],
            cpu_per_request: cpu.div_f64(requests as f64),
        }
    }
}

/// The table, headed by what it was measured on. Rows come in pairs: the plain proxy, then Weir.
pub(crate) fn markdown(rows: &[Row], connections: usize) -> String {
    let mut text = format!(
        "{connections} connections, one Envoy worker, HTTP/1.1 on loopback, clients and subgraphs on the same machine: {}.\n\n",
        machine()
    );
    text.push_str("| operation | answer | gateway | calls | requests/s | p50 | p99 | gateway CPU per request | to plain |\n");
    text.push_str("|---|--:|---|--:|--:|--:|--:|--:|--:|\n");
    for pair in rows.chunks(2) {
        for row in pair {
            let ratio = row.cpu_per_request.as_secs_f64() / pair[0].cpu_per_request.as_secs_f64();
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "| {} | {:.1} KB | {} | {} | {:.0} | {:.1} ms | {:.1} ms | {:.0} µs | {:.1} |",
                row.operation,
                row.answer_bytes as f64 / 1000.0,
                row.gateway,
                row.calls,
                row.per_second,
                milliseconds(row.p50),
                milliseconds(row.p99),
                milliseconds(row.cpu_per_request) * 1000.0,
                ratio
            );
        }
    }
    let requests: usize = rows.iter().map(|row| row.requests).sum();
    let _ = writeln!(text, "\n{requests} answers, each compared byte for byte.");
    text
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Processors and their kind.
fn machine() -> String {
    let count = std::thread::available_parallelism().map_or(0, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map(|(_, model)| model);
    format!("{count} processors ({})", model.unwrap_or("kind not known"))
}
