//! A recording by Linux's `perf` of a process under load.

use std::fs::File;
use std::io::BufReader;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;

use super::compiled::{self, Compiled};
use super::place::{Functions, Place};
use super::{Profile, name_section, stacks};
use crate::support::process;

/// Samples a second of each processor: odd, so as not to keep step with timers. A stack of 45 frames
/// costs at most some 25 µs (a program of its own, measured), so all of them about a percent.
const FREQUENCY: &str = "499";

/// A `perf record` that runs.
pub(crate) struct Recording {
    perf: Child,
    file: tempfile::NamedTempFile,
    pid: u32,
    module: Option<PathBuf>,
}

impl Recording {
    /// Begins one of a process, which runs a module if it is given.
    pub(crate) fn start(pid: u32, module: Option<PathBuf>) -> Recording {
        let file = tempfile::NamedTempFile::new().expect("a file can be made");
        let perf = Command::new("perf")
            // Envoy and V8 keep frame pointers, so whole stacks cost little.
            .args(["record", "--quiet", "--call-graph", "fp", "--freq", FREQUENCY, "--pid", &pid.to_string()])
            .arg("--output")
            .arg(file.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("`perf` is installed (Debian: linux-perf)");
        Recording { perf, file, pid, module }
    }

    /// Ends it. The process must still run: the addresses of the module's functions are in its memory.
    pub(crate) fn stop(mut self) -> Profile {
        process::send(self.perf.id(), Signal::INT);
        self.perf.wait().expect("perf ends");
        let functions = self.module.as_deref().map(|module| functions(self.pid, module)).transpose();
        let mut script = Command::new("perf")
            .args(["script", "--no-inline", "--fields", "ip,sym,dso", "--input"])
            .arg(self.file.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("perf prints");
        let mut profile = Profile::default();
        let known = functions.as_ref().ok().and_then(Option::as_ref);
        let text = BufReader::new(script.stdout.take().expect("the pipe was asked for"));
        let read = stacks::read(text, |stack| profile.count(&Place::of(stack, known)));
        script.wait().expect("perf ends");
        if let Err(reason) = read {
            panic!("{reason}");
        }
        assert!(!profile.is_empty(), "perf has recorded nothing: may it watch other processes?");
        if let Err(reason) = functions {
            profile.lacks_functions(reason);
        }
        profile
    }
}

/// The functions of the module in a process; `Err` says why they can't be told.
fn functions(pid: u32, module: &Path) -> Result<Functions, String> {
    let of_module = |reason: String| format!("{}: {reason}", module.display());
    let bytes = std::fs::read(module).map_err(|error| of_module(error.to_string()))?;
    let symbols = name_section::symbols(&bytes).map_err(of_module)?;
    let of_process = |error: std::io::Error| format!("the memory of process {pid}: {error}");
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).map_err(of_process)?;
    let memory = File::open(format!("/proc/{pid}/mem")).map_err(of_process)?;
    let mut reasons = Vec::new();
    let mut found = Vec::new();
    for mapping in compiled::mappings(&maps) {
        let mut code = vec![0; (mapping.end - mapping.start) as usize];
        memory.read_exact_at(&mut code, mapping.start).map_err(of_process)?;
        let decoded = Compiled::decode(mapping.start, &code, symbols.len());
        match decoded {
            Ok(compiled) => found.push(compiled),
            Err(reason) => reasons.push(reason),
        }
    }
    match found.len() {
        1 => Ok(Functions::new(found.remove(0), &symbols)),
        count => Err(format!(
            "{count} mappings of process {pid} hold the module as V8 is known to compile it, and one must ({}): this Envoy may \
             have another V8, so tests/benches/gateway/profile/compiled.rs must learn it",
            if reasons.is_empty() { "no other looks like code".to_owned() } else { reasons.join("; ") }
        )),
    }
}
