//! Which requests are an operator's: those that came in by the admin listener.

use proxy_wasm::hostcalls;

use crate::hostcall::attempt;

/// Operators' pages stand below this path.
const PREFIX: &str = "/weir";

/// Marks the admin listener, in its `metadata` under `filter_metadata`: whoever can reach that listener is an
/// operator, and no path of another one leads there.
const MARK: [&str; 5] = ["xds", "listener_metadata", "filter_metadata", "weir", "admin"];

/// Whether the stream whose callback is running is an operator's request for one of Weir's pages.
pub(crate) fn is_asked(path: &str) -> bool {
    let below = path.strip_prefix(PREFIX).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    below
        && attempt(|| hostcalls::get_property(MARK.to_vec())).is_ok_and(|mark| mark.as_deref() == Some(&[1]))
}
