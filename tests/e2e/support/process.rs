//! A running program: its log is kept, and it is stopped when it is dropped.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::nursery;
use super::patience::{poll, wait_for};

/// Lines of log that are kept; a red test prints the last of them.
const KEPT: usize = 400;
const SHOWN: usize = 60;
/// weirctl itself gives Envoy 5 seconds.
const STOP_LIMIT: Duration = Duration::from_secs(8);

/// A program that was started.
pub(crate) struct Process {
    name: &'static str,
    child: Mutex<Child>,
    log: Arc<Mutex<VecDeque<String>>>,
}

impl Process {
    /// Starts a program; `name` is what a red test calls it.
    pub(crate) fn start(name: &'static str, mut command: Command) -> Process {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let what = format!("{command:?}");
        let mut child = nursery::spawn(command).unwrap_or_else(|error| panic!("can't start {what}: {error}"));
        let log = Arc::default();
        keep(child.stdout.take(), &log);
        keep(child.stderr.take(), &log);
        Process { name, child: Mutex::new(child), log }
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.lock().id()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        send(self.pid(), signal);
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        self.lock().try_wait().expect("the process is ours")
    }

    /// Waits until it has ended by itself.
    pub(crate) fn end_within(&self, limit: Duration) -> ExitStatus {
        poll(limit, || self.ended())
            .unwrap_or_else(|| panic!("{} still runs after {limit:?}{}", self.name, self.tail()))
    }

    /// Waits until a line of its log holds `text`.
    ///
    /// Panics with the log if it ends before, or if it takes longer than `limit`.
    pub(crate) fn says_within(&self, limit: Duration, text: &str) {
        let said = poll(limit, || match (self.log().contains(text), self.ended()) {
            (true, _) => Some(true),
            (false, Some(_)) => Some(false),
            (false, None) => None,
        });
        // What it said last may have been read after it was seen to end.
        let said = said == Some(true) || (said == Some(false) && self.log().contains(text));
        assert!(said, "{} didn't say {text:?} within {limit:?}{}", self.name, self.tail());
    }

    /// Its log, as far as it is kept.
    pub(crate) fn log(&self) -> String {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.iter().map(|line| format!("{line}\n")).collect()
    }

    /// The end of its log, to be shown to people.
    pub(crate) fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let shown = &lines[lines.len().saturating_sub(SHOWN)..];
        format!("\n--- the end of the log of {} ---\n{}\n---", self.name, shown.join("\n"))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended().is_some() {
            return;
        }
        self.signal(Signal::TERM);
        if !wait_for(STOP_LIMIT, || self.ended().is_some()) {
            let _ = self.lock().kill();
            let _ = self.lock().wait();
        }
    }
}

/// Sends a signal to a process by its id.
pub(crate) fn send(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(pid.cast_signed()).expect("a process has an id");
    // It may have ended just now; then there is nobody to tell.
    let _ = kill_process(pid, signal);
}

/// Whether there is a process with this id that hasn't ended (one that waits to be reaped has).
pub(crate) fn is_running(pid: u32) -> bool {
    stat(pid).is_some_and(|fields| fields.first().is_some_and(|state| state != "Z" && state != "X"))
}

/// The children of a process.
pub(crate) fn children(of: u32) -> Vec<u32> {
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| stat(*id).and_then(|fields| fields.get(1)?.parse().ok()) == Some(of)).collect()
}

/// User and system time of all threads of a process, in steps of 10 ms.
pub(crate) fn cpu_time(pid: u32) -> Duration {
    time_in(&stat(pid).expect("the process runs"))
}

/// The same of the thread that has used most: as long as the process took at least, on however many processors.
pub(crate) fn busiest_thread(pid: u32) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).expect("the process runs").flatten();
    // Threads may end meanwhile.
    let times = threads.filter_map(|thread| Some(time_in(&fields(&thread.path().join("stat"))?)));
    times.max().unwrap_or_default()
}

fn time_in(fields: &[String]) -> Duration {
    // Fields 14 and 15 of /proc/PID/stat; the first two are cut off.
    let ticks: u32 = [11, 12].iter().map(|at| fields[*at].parse::<u32>().expect("a number of ticks")).sum();
    // Linux shows ticks of 10 ms to user space on every architecture that Envoy is built for.
    Duration::from_millis(10) * ticks
}

fn stat(pid: u32) -> Option<Vec<String>> {
    fields(Path::new(&format!("/proc/{pid}/stat")))
}

/// The fields of /proc/PID/stat from the third (the state) on; the second may hold blanks.
fn fields(file: &Path) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(file).ok()?;
    Some(text.rsplit_once(") ")?.1.split(' ').map(str::to_owned).collect())
}

fn keep(pipe: Option<impl Read + Send + 'static>, log: &Arc<Mutex<VecDeque<String>>>) {
    let log = Arc::clone(log);
    let pipe = BufReader::new(pipe.expect("the pipe was asked for"));
    std::thread::spawn(move || {
        for line in pipe.split(b'\n').map_while(Result::ok) {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            if log.len() == KEPT {
                log.pop_front();
            }
            log.push_back(String::from_utf8_lossy(&line).into_owned());
        }
    });
}
