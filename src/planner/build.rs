//! Hashes what plans depend on beside their input: this crate's sources and the versions of the planning library.
//! So nobody has to remember to raise a version when planning changes.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::Hasher;
use std::path::{Path, PathBuf};

/// Dependencies that plans depend on, as the workspace pins them.
const LIBRARIES: [&str; 2] = ["hive-router-query-planner", "graphql-tools"];

fn main() {
    // Cargo runs build scripts in the package's folder.
    let workspace = Path::new("../../Cargo.toml");
    println!("cargo:rerun-if-changed=src");
    println!("cargo:rerun-if-changed={}", workspace.display());
    // Its keys are fixed: the same for each build by one compiler.
    let mut hasher = DefaultHasher::new();
    let mut files = Vec::new();
    collect(Path::new("src"), &mut files);
    files.sort();
    for file in files {
        add(&mut hasher, file.to_string_lossy().as_bytes());
        add(&mut hasher, &fs::read(&file).expect("a source file can be read"));
    }
    let manifest = fs::read_to_string(workspace).expect("the workspace's manifest can be read");
    for library in LIBRARIES {
        let pin = manifest.lines().find(|line| line.split('=').next().map(str::trim) == Some(library));
        add(&mut hasher, pin.expect("the workspace pins the planning library").as_bytes());
    }
    println!("cargo:rustc-env=WEIR_PLANNER_VERSION={:016x}", hasher.finish());
}

/// Adds `bytes` so that their end is told from the beginning of what comes next.
fn add(hasher: &mut DefaultHasher, bytes: &[u8]) {
    hasher.write(&(bytes.len() as u64).to_le_bytes());
    hasher.write(bytes);
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the sources' folder can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}
