//! Whose code the gateway's CPU time is spent in, by Linux's `perf` (`$WEIR_BENCH_PROFILE=1`).
//!
//! `perf` needs the right to watch processes of the same user (`kernel.perf_event_paranoid` at most 2). It costs the
//! gateway about a percent, so figures of a run with profiles are for shares, not for absolute times.

use std::fmt::Write as _;
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;

use crate::measured::Measured;
use crate::support::process;

/// Shares of the samples taken in one turn, in percent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Profile([f64; OWNERS.len()]);

/// Whose code runs. What V8 has compiled from a module has no file, so `perf` shows it as anonymous memory.
const OWNERS: [&str; 5] = ["module (compiled by V8)", "Envoy's binary", "libc and libm", "kernel", "rest"];

/// A `perf record` that runs.
pub(crate) struct Recording {
    perf: Child,
    file: tempfile::NamedTempFile,
}

/// Begins a recording of a process, if profiles are wanted.
pub(crate) fn record(pid: u32) -> Option<Recording> {
    std::env::var_os("WEIR_BENCH_PROFILE")?;
    let file = tempfile::NamedTempFile::new().expect("a file can be made");
    let perf = Command::new("perf")
        .args(["record", "--quiet", "--freq", "499", "--pid", &pid.to_string(), "--output"])
        .arg(file.path())
        .stdout(Stdio::null())
        .spawn()
        .expect("`perf` is installed (Debian: linux-perf)");
    Some(Recording { perf, file })
}

impl Recording {
    /// Ends it.
    pub(crate) fn stop(mut self) -> Profile {
        process::send(self.perf.id(), Signal::INT);
        self.perf.wait().expect("perf ends");
        let report = Command::new("perf")
            .args(["report", "--stdio", "--sort", "dso", "--field-separator", ";", "--input"])
            .arg(self.file.path())
            .stderr(Stdio::null())
            .output()
            .expect("perf reports");
        let profile = Profile::read(&String::from_utf8_lossy(&report.stdout));
        assert!(
            profile.0.iter().sum::<f64>() > 90.0,
            "perf has recorded nothing: may it watch other processes?"
        );
        profile
    }
}

impl Profile {
    fn read(report: &str) -> Profile {
        let mut shares = [0.0; OWNERS.len()];
        for line in report.lines().filter(|line| !line.starts_with('#')) {
            let Some((percent, object)) = line.split_once(';') else { continue };
            let Ok(percent) = percent.trim().trim_end_matches('%').parse::<f64>() else { continue };
            let owner = match object.trim() {
                object if object.starts_with("[JIT]") || object.contains("anon") => 0,
                "envoy" => 1,
                object if object.starts_with("libc") || object.starts_with("libm") => 2,
                object
                    if object.starts_with("[kernel")
                        || object.starts_with("[vdso")
                        || object.ends_with(".ko") =>
                {
                    3
                }
                _ => 4,
            };
            shares[owner] += percent;
        }
        Profile(shares)
    }
}

/// A table of microseconds for each request, of the rows with a profile; empty without any.
pub(crate) fn markdown(measured: &[Measured]) -> String {
    let mut text = String::new();
    for row in measured {
        let Some(profile) = &row.profile else { continue };
        if text.is_empty() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "\n| µs of gateway CPU a request | all | {} |", OWNERS.join(" | "));
            let _ = writeln!(text, "|---|--:|{}", "--:|".repeat(OWNERS.len()));
        }
        let all = row.cpu_micros();
        let shares = profile.0.map(|percent| format!("{:.0} ({percent:.0}%)", all * percent / 100.0));
        let _ = writeln!(text, "| {} | {all:.0} | {} |", row.row.title, shares.join(" | "));
    }
    text
}
