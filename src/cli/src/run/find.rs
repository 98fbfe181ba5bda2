//! Finds Envoy and the filter's module.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

const MODULE: &str = "wasm32-wasip1/release/weir.wasm";

/// The Envoy to run.
///
/// # Errors
/// There is none at any of the places; or the one that was asked for isn't there.
pub(super) fn envoy(asked: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(path) = asked {
        return given(path, "--envoy");
    }
    if let Some(path) = env::var_os("ENVOY") {
        return given(Path::new(&path), "$ENVOY");
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path).map(|folder| folder.join("envoy"));
    let of_checkout = checkouts().map(|folder| folder.join(".tools/envoy"));
    on_path.chain(of_checkout).find(|path| path.is_file()).context(
        "there is no Envoy: name one with --envoy or $ENVOY, put it on PATH, or run `make setup` in a checkout of Weir",
    )
}

/// The filter's module, by its absolute path.
///
/// # Errors
/// There is none at any of the places; or the one that was asked for isn't there.
pub(super) fn module(asked: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(path) = asked {
        return given(path, "--wasm");
    }
    if let Some(path) = env::var_os("WEIR_WASM") {
        return given(Path::new(&path), "$WEIR_WASM");
    }
    // Beside weirctl, as packages have it; two folders up, as cargo builds it; and in a checkout.
    let beside = executable_folder().map(|folder| folder.join("weir.wasm"));
    let built = executable_folder().and_then(|folder| Some(folder.parent()?.join(MODULE)));
    let of_checkout = checkouts().map(|folder| folder.join("target").join(MODULE));
    beside.into_iter().chain(built).chain(of_checkout).find(|path| path.is_file()).context(
        "there is no weir.wasm: name it with --wasm or $WEIR_WASM, or run `make wasm` in a checkout of Weir",
    )
}

fn given(path: &Path, by: &str) -> anyhow::Result<PathBuf> {
    if !path.is_file() {
        bail!("there is no file {} ({by})", path.display());
    }
    // Absolute, because Envoy may be started elsewhere.
    Ok(std::path::absolute(path)?)
}

/// The working directory and the executable's folder, each with all folders around it: one of them is the
/// checkout where there is one.
fn checkouts() -> impl Iterator<Item = PathBuf> {
    let starts = [env::current_dir().ok(), executable_folder()];
    starts.into_iter().flatten().flat_map(|start| start.ancestors().map(Path::to_owned).collect::<Vec<_>>())
}

fn executable_folder() -> Option<PathBuf> {
    Some(env::current_exe().ok()?.canonicalize().ok()?.parent()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_must_be_there() {
        let error = envoy(Some(Path::new("/nowhere/envoy"))).unwrap_err().to_string();
        assert_eq!(error, "there is no file /nowhere/envoy (--envoy)");
        let error = module(Some(Path::new("/nowhere/weir.wasm"))).unwrap_err().to_string();
        assert_eq!(error, "there is no file /nowhere/weir.wasm (--wasm)");
    }

    #[test]
    fn a_path_becomes_absolute() {
        assert!(module(Some(Path::new("Cargo.toml"))).unwrap().is_absolute());
    }
}
