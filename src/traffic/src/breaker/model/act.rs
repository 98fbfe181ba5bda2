//! What may happen to workers that share a breaker.

use super::super::Forced;

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// A call comes to this worker.
    Begin(usize),
    /// The call at this place ends, fine or not.
    End(usize, usize, bool),
    /// The worker's edit goes on by one host call: read, or change and write.
    Go(usize),
    /// The same, but the host refuses to write though nobody was faster.
    Refused(usize),
    /// The worker's tick: it reads the copy.
    Tick(usize),
    /// It dies with all that it was doing, and another takes its place.
    Die(usize),
    /// An operator asks this worker to force the breaker.
    Force(usize, Option<Forced>),
    /// So many milliseconds pass.
    Pass(u64),
    /// The clock is set back by an hour.
    SetBack,
}
