//! The one place where Weir reads a clock.

use std::time::Instant;

use weir_gateway::Timestamp;

/// A monotonic clock whose epoch is its making. One per configuration: nothing hangs off statics.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    epoch: Instant,
}

impl Clock {
    /// A clock that starts at zero.
    #[expect(clippy::disallowed_methods, reason = "the host's side of the core: `now` comes from here")]
    pub(crate) fn start() -> Clock {
        Clock { epoch: Instant::now() }
    }

    /// The time since its start. Never runs backwards; costs about 0.1 µs.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.epoch.elapsed())
    }
}
