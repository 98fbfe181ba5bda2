//! Standard output that may be closed early: `weirctl plan … | head` is no failure.

use std::io::{ErrorKind, Write, stdout};

/// Prints `text`. A reader that has gone away is taken as one that has seen enough.
///
/// # Errors
/// Any other failure to write.
pub(crate) fn print(text: &str) -> std::io::Result<()> {
    let mut out = stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
