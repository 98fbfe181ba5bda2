//! Starts processes that cannot outlive the tests, however these end.
//!
//! The kernel ends them when the thread that started them does (PR_SET_PDEATHSIG). That would be too early for
//! a process that several tests share, as each test has a thread of its own; so one thread starts them all.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};

use rustix::process::{Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setrlimit};

type Order = (Command, Sender<io::Result<Child>>);

static NURSERY: OnceLock<Sender<Order>> = OnceLock::new();

/// Starts a process that gets SIGTERM when this one ends.
#[allow(unsafe_code, reason = "there is no safe way to run code between fork and exec")]
pub(crate) fn spawn(mut command: Command) -> io::Result<Child> {
    // SAFETY: between fork and exec only async-signal-safe functions may be called. `prctl` is a bare system
    // call, and nothing is allocated.
    unsafe {
        command.pre_exec(|| Ok(set_parent_process_death_signal(Some(Signal::TERM))?));
    }
    let (answer, answered) = channel();
    NURSERY.get_or_init(open).send((command, answer)).expect("the nursery is open");
    answered.recv().expect("the nursery answers")
}

fn open() -> Sender<Order> {
    // 600 clients are 600 connections in the test, and 1200 in Envoy; the children inherit the limit.
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let (orders, received) = channel::<Order>();
    std::thread::spawn(move || {
        for (mut command, answer) in received {
            let _ = answer.send(command.spawn());
        }
    });
    orders
}
