//! The net under every callback: a panic costs its own request, not the worker.
//!
//! The lints of invariant 4 keep Weir's own code from panicking; the net is for libraries and for what we
//! missed. Envoy's V8 takes Wasm exceptions, so unwinding works (DESIGN §5). A trap (stack overflow, out of
//! memory, abort) still kills the VM; Envoy's FAIL_RELOAD is the answer to that.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};

use proxy_wasm::types::LogLevel;

use crate::hostcall;

// wasm-ld wants the tag that all Wasm exceptions carry; a C++ runtime would bring it.
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "assembly is the only way to define an exception tag; it holds no code")]
mod tag {
    core::arch::global_asm!(".globl __cpp_exception", ".tagtype __cpp_exception i32", "__cpp_exception:");
}

/// A panic that was caught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caught {
    /// Where it happened and what it said, in one line.
    pub(crate) place: String,
}

/// Runs `body`; a panic in it is returned instead of unwinding into Envoy.
///
/// State that `body` was changing may be half changed: borrows are released by the unwinding, and whoever
/// catches must tell the gateway to drop the request that was being worked on.
pub(crate) fn guard<T>(body: impl FnOnce() -> T) -> Result<T, Caught> {
    DEPTH.set(DEPTH.get().saturating_add(1));
    let result = catch_unwind(AssertUnwindSafe(body));
    DEPTH.set(DEPTH.get().saturating_sub(1));
    match result {
        Ok(value) => {
            if DEPTH.get() == 0
                && let Some(place) = take_last()
            {
                // Something below caught it itself, as the planner does with its library.
                hostcall::log(
                    LogLevel::Warn,
                    &format!("weir: a library panicked and was contained: {place}"),
                );
            }
            Ok(value)
        }
        Err(_) => Err(Caught { place: take_last().unwrap_or_else(|| "at an unknown place".to_owned()) }),
    }
}

/// Makes panics inside [`guard`] leave their place for it, and all others go to Envoy's log at once.
///
/// A panic hook belongs to the process; it holds no state of any configuration.
pub(crate) fn install_hook() {
    std::panic::set_hook(Box::new(|info| {
        let place = describe(info);
        let earlier = if DEPTH.get() > 0 {
            LAST.with(|last| last.try_borrow_mut().ok().and_then(|mut last| last.replace(place)))
        } else {
            Some(place)
        };
        if let Some(place) = earlier {
            // Directly: a net inside the hook would be a panic while panicking, which aborts.
            let _ = proxy_wasm::hostcalls::log(LogLevel::Error, &format!("weir: panic: {place}"));
        }
    }));
}

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

fn take_last() -> Option<String> {
    LAST.with(|last| last.try_borrow_mut().ok().and_then(|mut last| last.take()))
}

fn describe(info: &PanicHookInfo<'_>) -> String {
    let message = info.payload_as_str().unwrap_or("(no message)").replace('\n', " ");
    match info.location() {
        Some(at) => format!("{}:{}:{}: {message}", at.file(), at.line(), at.column()),
        None => message,
    }
}
