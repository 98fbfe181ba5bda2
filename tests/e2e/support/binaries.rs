//! Where the programs under test are: as `tools/test.sh` says, else as `make e2e` builds them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The command line, `$WEIRCTL`.
pub(crate) fn weirctl() -> PathBuf {
    find("WEIRCTL", "target/release/weirctl")
}

/// The filter's module, `$WEIR_WASM`.
pub(crate) fn wasm() -> PathBuf {
    find("WEIR_WASM", "target/wasm32-wasip1/release/weir.wasm")
}

/// Envoy, `$ENVOY`.
pub(crate) fn envoy() -> PathBuf {
    find("ENVOY", ".tools/envoy")
}

/// A file of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(path)
}

/// Runs weirctl to its end.
pub(crate) fn run_weirctl<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Output {
    Command::new(weirctl())
        .args(arguments)
        .env("WEIR_WASM", wasm())
        .env("ENVOY", envoy())
        .output()
        .expect("weirctl runs")
}

fn find(variable: &str, built: &str) -> PathBuf {
    let path = std::env::var_os(variable).map_or_else(|| repository(built), PathBuf::from);
    assert!(path.is_file(), "there is no {}: run `make e2e`, or set ${variable}", path.display());
    path
}
