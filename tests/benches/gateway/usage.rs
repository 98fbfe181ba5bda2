//! What processes have used.

use std::fs;
use std::time::Duration;

use crate::support::process;

/// CPU time of a process and of all that it started, user and system, in steps of 10 ms.
pub(crate) fn cpu(pid: u32) -> Duration {
    process::children(pid).into_iter().map(cpu).sum::<Duration>() + process::cpu_time(pid)
}

/// The most memory that a process, or one that it started, has held at once, in bytes.
pub(crate) fn peak_memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    let own = kilobytes.expect("Linux tells") * 1024;
    process::children(pid).into_iter().map(peak_memory).max().unwrap_or(0).max(own)
}
