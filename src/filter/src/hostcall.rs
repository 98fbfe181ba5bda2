//! Host calls that cannot take the worker down.
//!
//! The SDK panics on every status that it does not expect of a host call. Each call therefore runs in its own
//! net: a refused log line or metric must not cost the request, and a refused reply must not cost the worker.

use proxy_wasm::hostcalls;
use proxy_wasm::types::{LogLevel, Status};

use crate::panic::{Caught, guard};

/// Why a host call did nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    /// With a status that the SDK passes on.
    Status(Status),
    /// With a status that the SDK panics on.
    Unexpected(Caught),
}

/// Runs one of the SDK's host calls.
///
/// # Errors
/// Whatever status other than `Ok` the host gave.
pub(crate) fn attempt<T>(call: impl FnOnce() -> Result<T, Status>) -> Result<T, Refused> {
    match guard(call) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(status)) => Err(Refused::Status(status)),
        Err(caught) => Err(Refused::Unexpected(caught)),
    }
}

/// Writes a line to Envoy's log; where that fails nothing can be done about it.
pub(crate) fn log(level: LogLevel, line: &str) {
    let _ = attempt(|| hostcalls::log(level, line));
}
