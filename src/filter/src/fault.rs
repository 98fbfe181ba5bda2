//! Faults on demand: what the tests of the net and of Envoy's FAIL_RELOAD provoke.

use crate::request_head::RequestHead;

/// A fault that a request asks for by the header `x-weir-fault`; heeded only with `fault_injection: true`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `panic`: panics while the request's headers are handled.
    Panic,
    /// `panic-in-call`: panics when a subgraph's answer for this request arrives.
    PanicInCall,
    /// `trap`: kills the VM.
    Trap,
}

impl Fault {
    /// The fault that a request asks for, if any.
    pub(crate) fn asked_by(head: &RequestHead) -> Option<Fault> {
        match head.header("x-weir-fault")? {
            b"panic" => Some(Fault::Panic),
            b"panic-in-call" => Some(Fault::PanicInCall),
            b"trap" => Some(Fault::Trap),
            _ => None,
        }
    }

    /// Commits it.
    #[expect(clippy::panic, reason = "the purpose of this function")]
    pub(crate) fn commit(self) -> ! {
        match self {
            Fault::Panic | Fault::PanicInCall => panic!("asked for by x-weir-fault"),
            Fault::Trap => std::process::abort(),
        }
    }
}
