//! The Envoy process: started, listened to, stopped, and never left behind.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, getppid, kill_process, set_parent_process_death_signal};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A running Envoy.
pub(super) struct Envoy {
    child: Child,
    log: JoinHandle<()>,
    first_error: Arc<Mutex<Option<String>>>,
}

impl Envoy {
    /// Starts Envoy; its log goes to stderr.
    ///
    /// # Errors
    /// The program can't be started.
    pub(super) fn start(
        program: &Path,
        bootstrap: &Path,
        concurrency: Option<u32>,
        log_level: &str,
    ) -> anyhow::Result<Envoy> {
        let mut command = Command::new(program);
        command.arg("--config-path").arg(bootstrap).args(["--log-level", log_level]);
        // Hot restart would keep a second gateway on this machine from starting.
        command.arg("--disable-hot-restart");
        if let Some(workers) = concurrency {
            command.args(["--concurrency", &workers.to_string()]);
        }
        command.stdin(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        die_with_parent(&mut command);
        let mut child = command.spawn().with_context(|| format!("can't start {}", program.display()))?;
        let first_error = Arc::new(Mutex::new(None));
        let stderr = child.stderr.take().context("Envoy has no stderr")?;
        let log = tokio::spawn(forward(stderr, Arc::clone(&first_error)));
        Ok(Envoy { child, log, first_error })
    }

    /// Waits until Envoy has ended by itself, and its log has been read to the end.
    pub(super) async fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        let status = self.child.wait().await.context("can't wait for Envoy")?;
        let _ = (&mut self.log).await;
        Ok(status)
    }

    /// The first thing that Envoy called an error: whatever is refused at the start gets several lines, of
    /// which the first has the reason.
    pub(super) fn first_error(&self) -> Option<String> {
        self.first_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks Envoy to stop, and kills it if it hasn't within `patience`.
    pub(super) async fn stop(mut self, patience: Duration) -> anyhow::Result<()> {
        if let Some(pid) = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            // It may have ended just now; then there is nothing to stop.
            let _ = kill_process(pid, Signal::TERM);
        }
        if timeout(patience, self.child.wait()).await.is_err() {
            eprintln!("weirctl: Envoy did not stop within {} s and is killed", patience.as_secs());
            self.child.kill().await.context("can't kill Envoy")?;
        }
        let _ = timeout(Duration::from_secs(1), self.log).await;
        Ok(())
    }
}

async fn forward(stderr: ChildStderr, first_error: Arc<Mutex<Option<String>>>) {
    let mut lines = BufReader::new(stderr).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(&line);
        eprintln!("{line}");
        if let Some(error) = error_in(&line) {
            first_error
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get_or_insert_with(|| error.to_owned());
        }
    }
}

/// What a line of Envoy's log says, if it is an error's:
/// `[time][thread][critical][main] [source/server/server.cc:449] text`.
fn error_in(line: &str) -> Option<&str> {
    if !line.contains("[critical]") && !line.contains("[error]") {
        return None;
    }
    let after_file = line.split_once(".cc:").map_or(line, |(_, rest)| rest);
    after_file.split_once("] ").map(|(_, text)| text)
}

/// Lets the kernel kill Envoy when weirctl dies, even by SIGKILL: nobody else would.
#[allow(unsafe_code, reason = "there is no safe way to run code between fork and exec")]
fn die_with_parent(command: &mut Command) {
    let parent = rustix::process::getpid();
    let before_exec = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // Had weirctl died before that call, no signal would come.
        if getppid() == Some(parent) { Ok(()) } else { Err(std::io::ErrorKind::NotConnected.into()) }
    };
    // SAFETY: between fork and exec only async-signal-safe functions may be called. `prctl` and `getppid` are
    // bare system calls, and the error is made without allocating.
    unsafe {
        command.pre_exec(before_exec);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_without_its_prefix() {
        let line = "[2026-11-23 16:27:49.963][28126][error][wasm] [source/extensions/common/wasm/wasm.cc:104] VM [a] b";
        assert_eq!(error_in(line), Some("VM [a] b"));
        assert_eq!(error_in(&line.replace("error", "warning")), None);
        assert_eq!(error_in("[error] "), Some(""));
    }
}
