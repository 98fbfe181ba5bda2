//! Inputs and outputs of the core: the whole of its contact with the world.

use std::borrow::Cow;
use std::rc::Rc;
use std::time::Duration;

use weir_cache::{Ask, Reply as SharedReply};

use crate::error::Code;
use crate::metric::Metric;

/// A point in time: the duration since the Unix epoch, as well as the host knows it. Never runs backwards within one
/// worker; other workers' and machines' clocks are a little off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub Duration);

impl Timestamp {
    /// This time and `by` more; the largest time where that would overflow.
    #[must_use]
    pub fn after(self, by: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(by))
    }

    /// The time that passed since `earlier`; zero if `earlier` is later.
    pub fn since(self, earlier: Timestamp) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// The host's name for a client's request. In Envoy: the stream's context id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u32);

/// The core's name for a call to a subgraph. Never used twice by one [`crate::Gateway`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// The core's name for a request to the workers' shared data. Never used twice by one [`crate::Gateway`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub u64);

/// What the host tells the core.
#[derive(Debug)]
pub enum Input {
    /// A client's request has arrived in full.
    Request {
        /// The host's name for it; must not be in use.
        id: RequestId,
        /// The request.
        request: HttpRequest,
    },
    /// A subgraph has answered, with whatever status.
    CallDone {
        /// The call it answers.
        call: CallId,
        /// The answer.
        response: HttpResponse,
    },
    /// A call has failed without an answer.
    CallFailed {
        /// The call that failed.
        call: CallId,
        /// How it failed.
        failure: CallFailure,
    },
    /// The client's stream has ended without a reply: drop its waits, and nobody else's.
    ClientGone {
        /// The request.
        id: RequestId,
    },
    /// The shared data's answer to [`Output::Shared`].
    Shared {
        /// The request it answers.
        task: TaskId,
        /// The answer.
        reply: SharedReply,
    },
    /// The sums over all workers that [`Output::ReadCounters`] asked for, in its order.
    Counters(Vec<u64>),
    /// An operator's request, from the admin listener; answered by [`Output::Reply`] at once.
    Admin {
        /// The host's name for it; must not be in use.
        id: RequestId,
        /// The request.
        request: HttpRequest,
    },
    /// The worker begins: reads what the workers agree on, before its first request.
    Begin,
    /// The worker ends: takes back what its gauges say.
    Retire,
    /// Time has passed (the host's timer, or another turn after [`crate::Host::wake`]).
    Tick,
}

/// A header that Weir sends: its name in lower case, its value as bytes, for it need not be UTF-8.
pub type Header = (Cow<'static, str>, Cow<'static, [u8]>);

/// A header as the host received it, its name in lower case.
pub type ReceivedHeader = (String, Vec<u8>);

/// A client's request. Headers are kept as bytes: they need not be UTF-8 (HOST §10).
#[derive(Debug, Clone, Default)]
pub struct HttpRequest {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path and query, as sent.
    pub path: String,
    /// All other headers, and `host` with what the client called this gateway.
    pub headers: Vec<ReceivedHeader>,
    /// The body, whole.
    pub body: Vec<u8>,
}

/// A subgraph's answer.
#[derive(Debug, Clone, Default)]
pub struct HttpResponse {
    /// The HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<ReceivedHeader>,
    /// The body, whole.
    pub body: Vec<u8>,
}

/// How a call failed without an answer of the subgraph's own (HOST §3 lists the faces these have in Envoy).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallFailure {
    /// The host refused to send it: no healthy host, or the cluster's limits are reached.
    Refused,
    /// No connection.
    Unreachable,
    /// The connection, or the call's stream on it, broke before the answer's headers.
    Reset,
    /// No answer within the call's timeout.
    TimedOut,
    /// The answer broke off or was too large after its headers.
    Interrupted,
}

/// What the core asks of the host.
#[derive(Debug)]
pub enum Output {
    /// Send an HTTP request; answer with [`Input::CallDone`] or [`Input::CallFailed`].
    Call(Call),
    /// Answer a client's request. Exactly one for each [`Input::Request`] that was not followed by
    /// [`Input::ClientGone`].
    Reply {
        /// The request.
        id: RequestId,
        /// The answer.
        reply: Reply,
    },
    /// Ask the data that the workers share; answer with [`Input::Shared`].
    Shared {
        /// The core's name for the request.
        task: TaskId,
        /// What is asked.
        ask: Ask,
    },
    /// Answer with [`Input::Counters`].
    ReadCounters(Vec<Metric>),
    /// Go on with [`Input::Tick`] in the host's next turn.
    Wake,
    /// From now on [`Metric`]s name the subgraphs of this list by their place in it.
    Subgraphs(Vec<String>),
    /// Add to a counter (or, with a negative value, lower a gauge).
    Count(Metric, i64),
    /// Set a gauge that all workers share.
    Set(Metric, u64),
    /// Add a value to a histogram.
    Record(Metric, u64),
    /// Write a line to the host's log.
    Log(Level, String),
}

/// An HTTP request of Weir's, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The core's name for it.
    pub id: CallId,
    /// The client's request it is made for; `None`: it is the worker's own.
    pub request: Option<RequestId>,
    /// `POST` to subgraphs.
    pub method: &'static str,
    /// The Envoy cluster to send it to.
    pub cluster: String,
    /// `:authority`.
    pub authority: String,
    /// `:path`.
    pub path: String,
    /// Headers besides the pseudo-headers.
    pub headers: Rc<[Header]>,
    /// The body.
    pub body: Rc<Vec<u8>>,
    /// How long the host may wait for the whole answer; at least a millisecond.
    pub timeout: Duration,
}

/// An answer to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Headers; several may have the same name. `content-length` is the host's business.
    pub headers: Vec<Header>,
    /// The body, in one buffer, which several replies may share.
    pub body: Rc<Vec<u8>>,
    /// The code of the first error in it, for logs and metrics.
    pub code: Option<Code>,
}

/// How grave a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For developers.
    Debug,
    /// For operators: normal.
    Info,
    /// For operators: worth a look.
    Warn,
    /// For operators: something is broken.
    Error,
}
