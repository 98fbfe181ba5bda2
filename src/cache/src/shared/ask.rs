//! What a task wants of the shared data, what it is told, and how it ends.

use std::time::Duration;

use crate::Found;

/// One call of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// `proxy_get_shared_data`.
    Get {
        /// One of a fixed set of keys.
        key: String,
    },
    /// `proxy_set_shared_data`.
    Set {
        /// One of a fixed set of keys.
        key: String,
        /// At most 64 KiB; empty to give its memory back, since keys can't be deleted.
        value: Vec<u8>,
        /// The value is set only if the one that was read with this number is still there; `None`: in any case.
        cas: Option<u32>,
    },
}

/// What the host said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// To a `Get`; both `None` if the key was never set (or the call failed).
    Got {
        /// `None` also if it is empty.
        value: Option<Vec<u8>>,
        /// Its number, for a `Set`.
        cas: Option<u32>,
    },
    /// To a `Set`.
    Set(Result<(), Refused>),
}

/// Why the host did not set a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Another worker changed the value since it was read.
    CasMismatch,
    /// Anything else.
    Failed,
}

/// Where a task stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It wants this of the host and then the reply.
    Ask(Ask),
    /// It is over.
    Done(Outcome),
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A look-up found the plan, and the plan is the one that was wanted.
    Hit(Found),
    /// A look-up found none.
    Miss {
        /// Whether the others now wait for this worker to `store` the plan, or to `release` the key.
        claimed: bool,
    },
    /// Another worker is making the plan. Look again, and if there is still none after `until`, claim it or make
    /// it anyway: whoever asks again and again may meet one claim after another.
    Busy {
        /// When the claim lapses: at most the claim time from now.
        until: Duration,
    },
    /// The plan is there for all workers.
    Stored,
    /// It is not.
    NotStored(NotStored),
    /// Nothing to tell.
    Done,
}

/// Why a plan was not stored. None of it is an error: the worker has its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotStored {
    /// The size in force is zero, or set by a version of Weir whose format we don't know.
    Off,
    /// Longer than half a shard.
    TooLarge,
    /// Another worker is writing the same plan.
    Busy,
    /// All room is taken by plans that are being written.
    Full,
    /// Others changed the index too often meanwhile.
    Contended,
    /// The host refused.
    Refused,
    /// The place was taken away before the plan was whole: the size was changed, or this took longer than a claim lasts.
    Lost,
}
