//! The one place where Weir reads clocks.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use weir_gateway::Timestamp;

/// A monotonic clock that began with the time of day, so that workers and machines agree about, and none runs
/// backwards. One per configuration: nothing hangs off statics.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    began: Instant,
    /// Since the Unix epoch.
    at: Duration,
}

impl Clock {
    /// A clock that starts now.
    #[expect(clippy::disallowed_methods, reason = "the host's side of the core: `now` comes from here")]
    pub(crate) fn start() -> Clock {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Clock { began: Instant::now(), at }
    }

    /// The time since the Unix epoch. Never runs backwards; costs about 0.1 µs.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.at.saturating_add(self.began.elapsed()))
    }
}
