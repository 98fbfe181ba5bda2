//! The few verbs that the core needs of a host.

use std::time::Duration;

use weir_cache::{Ask, Reply as SharedReply};

use crate::event::{Call, CallFailure, Level, Reply, RequestId};
use crate::metric::Metric;

/// A host of the core: Envoy in production, a simulated world in tests.
///
/// Kept narrow on purpose, so that a second adapter (Envoy's dynamic modules) needs no change here. When a
/// feature wants another verb, ask first whether it is an `Input` field or an `Output` variant.
pub trait Host {
    /// Sends an HTTP request.
    ///
    /// # Errors
    /// The way in which the host refused it. It then never answers this call.
    fn call(&mut self, call: Call) -> Result<(), CallFailure>;

    /// Answers a client. A request that is gone is ignored.
    fn reply(&mut self, id: RequestId, reply: Reply);

    /// Asks the data that the workers share; the answer comes at once, without a call back into the core.
    fn shared(&mut self, ask: Ask) -> SharedReply;

    /// Adds to a counter.
    fn count(&mut self, metric: Metric, by: i64);

    /// Sets a gauge that all workers share.
    fn set(&mut self, metric: Metric, value: u64);

    /// Adds a value to a histogram.
    fn record(&mut self, metric: Metric, value: u64);

    /// A counter's or gauge's sum over all workers; 0 if the host doesn't know it.
    fn read(&mut self, metric: Metric) -> u64;

    /// Names the subgraphs that metrics are labelled with.
    fn subgraphs(&mut self, names: &[String]);

    /// Writes a log line.
    fn log(&mut self, level: Level, line: &str);

    /// Asks for another [`crate::drive`] with [`crate::Input::Tick`] in the host's next turn, not within
    /// this call.
    fn wake(&mut self);

    /// Asks for [`crate::Input::Tick`] after `delay` or a little later, instead of at any earlier wish;
    /// `None`: nothing waits, no timer is needed.
    fn set_timer(&mut self, delay: Option<Duration>);
}
