//! Keeps a panic of the planning library inside this crate (DESIGN §6: it has some).

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work`; a panic becomes an error with the panic's message.
///
/// `work` must only read shared state: nothing of the library is changed after it has been built, so what a
/// panic leaves half done is dropped with it.
pub(crate) fn contain<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| message(payload.as_ref()))
}

fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        return (*text).to_owned();
    }
    payload.downcast_ref::<String>().cloned().unwrap_or_else(|| "no message".to_owned())
}

// Where panics abort (as on wasm32-unknown-unknown) there is nothing to catch.
#[cfg(all(test, panic = "unwind", not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message() {
        assert_eq!(contain(|| 7), Ok(7));
        assert_eq!(contain(|| -> u8 { panic!("static") }), Err("static".to_owned()));
        assert_eq!(contain(|| -> u8 { panic!("number {}", 3) }), Err("number 3".to_owned()));
    }
}
