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

/// Node, `$NODE`; it must be on PATH where that is not set.
pub(crate) fn node() -> PathBuf {
    std::env::var_os("NODE").map_or_else(|| "node".into(), PathBuf::from)
}

/// Debian's nginx, `$NGINX`; a user's PATH often lacks its folder.
pub(crate) fn nginx() -> PathBuf {
    let path = std::env::var_os("NGINX").map_or_else(|| "/usr/sbin/nginx".into(), PathBuf::from);
    assert!(path.is_file(), "there is no {}: run `make setup`, or set $NGINX", path.display());
    path
}

/// The folder of the npm package `graphql-http`, `$WEIR_AUDITS`.
pub(crate) fn audits() -> PathBuf {
    let folder = ".tools/audits/node_modules/graphql-http";
    let path = std::env::var_os("WEIR_AUDITS").map_or_else(|| repository(folder), PathBuf::from);
    assert!(path.is_dir(), "there is no {}: run `make setup`, or set $WEIR_AUDITS", path.display());
    path
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
