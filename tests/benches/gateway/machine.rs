//! What a measurement ran on.

/// Processors and their kind.
pub(crate) fn describe() -> String {
    let count = std::thread::available_parallelism().map_or(0, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map(|(_, model)| model);
    format!("{count} processors ({})", model.unwrap_or("kind not known"))
}
