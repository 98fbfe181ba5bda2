//! The stacks that `perf script -F ip,sym,dso` prints: a frame a line, the innermost first, and a blank line after each.

use std::io::BufRead;

/// A place in a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// In anonymous memory and in the kernel the address itself, else where it is in the file. Of all frames but the
    /// innermost it is where the call returns to.
    pub(crate) address: u64,
    /// `[unknown]` where there are no symbols.
    pub(crate) symbol: String,
    /// The file's name without its folder; `perf-PID.map` for anonymous memory that can be executed.
    pub(crate) object: String,
}

/// Hands over each stack. A line that is none of a frame ends the reading with an error that holds it.
pub(crate) fn read(text: impl BufRead, mut each: impl FnMut(&[Frame])) -> Result<(), String> {
    let mut stack = Vec::new();
    for line in text.lines() {
        let line = line.map_err(|error| format!("perf script can't be read: {error}"))?;
        if line.trim().is_empty() {
            if !stack.is_empty() {
                each(&stack);
                stack.clear();
            }
            continue;
        }
        stack.push(frame(&line).ok_or_else(|| format!("perf script prints what is no frame: {line:?}"))?);
    }
    if !stack.is_empty() {
        each(&stack);
    }
    Ok(())
}

/// `    7fcc7f580a4b memmove (/usr/lib/libc.so.6)`; names in C++ may hold blanks and brackets themselves.
fn frame(line: &str) -> Option<Frame> {
    let (address, rest) = line.trim().split_once(' ')?;
    let rest = rest.replace(" (deleted)", "");
    let (symbol, object) = rest.strip_suffix(')')?.rsplit_once(" (").or_else(|| {
        // perf may leave the name out altogether.
        Some(("[unknown]", rest.strip_prefix('(')?.strip_suffix(')')?))
    })?;
    Some(Frame {
        address: u64::from_str_radix(address, 16).ok()?,
        symbol: symbol.trim().to_owned(),
        object: object.rsplit('/').next().unwrap_or(object).to_owned(),
    })
}
