//! The fast way to another turn: a shared queue that only this root listens to.
//!
//! Envoy's tick is coarse (4 ms); a message to a shared queue wakes the root in about 0.1 ms (HOST §2).

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

use proxy_wasm::hostcalls;

use crate::hostcall::{Refused, attempt};

/// The bell of one root.
#[derive(Debug)]
pub(crate) struct Wake {
    queue: u32,
    rung: Cell<bool>,
}

impl Wake {
    /// Registers a queue for the root context whose callback is running.
    ///
    /// A name has one consumer in the whole process, the last one that registered it: with a common name
    /// workers would take each other's wake-ups. So the name is random. Envoy never forgets a queue: one
    /// name (some 40 bytes) is lost with each configuration and each reload of a VM.
    ///
    /// # Errors
    /// The host's refusal.
    pub(crate) fn register(root: u32) -> Result<Wake, Refused> {
        // RandomState is seeded by WASI's random_get.
        let name = format!("weir-wake-{:016x}", RandomState::new().hash_one(root));
        let queue = attempt(|| hostcalls::register_shared_queue(&name))?;
        Ok(Wake { queue, rung: Cell::new(false) })
    }

    /// Makes the root's `on_queue_ready` run in the host's next turn. Ringing again before that does nothing.
    ///
    /// # Errors
    /// The host's refusal.
    pub(crate) fn ring(&self) -> Result<(), Refused> {
        if self.rung.replace(true) {
            return Ok(());
        }
        // An empty message could not be told from an empty queue.
        let sent = attempt(|| hostcalls::enqueue_shared_queue(self.queue, Some(b"!")));
        if sent.is_err() {
            self.rung.set(false);
        }
        sent
    }

    /// The root's `on_queue_ready` runs: empties the queue, so that it can be rung again.
    pub(crate) fn answer(&self) {
        self.rung.set(false);
        while let Ok(Some(_)) = attempt(|| hostcalls::dequeue_shared_queue(self.queue)) {}
    }
}
