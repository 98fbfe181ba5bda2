//! The admin listener's root: it has no configuration, and hands operators' requests to the gateway beside it.
//!
//! A filter with another root id and the same `vm_config` lives in the same VM. It could as well repeat the gateway's
//! configuration and be served by its root, but Envoy tells roots apart by the bytes of their configuration, and those of
//! a `google.protobuf.Struct` come in any order (measured: every other start had two gateways in one VM).

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use proxy_wasm::hostcalls;

use crate::hostcall::attempt;
use crate::worker::Worker;

/// The root id of the admin listener's filter.
const ROOT_ID: &[u8] = b"weir_admin";

thread_local! {
    /// What operators look at: the newest configuration's worker. A name for what the roots hold and no state of its
    /// own, so it may be static; an update of the configuration puts the new one here.
    static NEWEST: RefCell<Weak<Worker>> = const { RefCell::new(Weak::new()) };
}

/// Whether the root whose callback is running is the admin listener's.
pub(crate) fn is_theirs() -> bool {
    attempt(|| hostcalls::get_property(vec!["plugin_root_id"])).is_ok_and(|id| id.as_deref() == Some(ROOT_ID))
}

/// Shows `worker` to operators from now on.
pub(crate) fn show(worker: &Rc<Worker>) {
    NEWEST.with(|newest| newest.replace(Rc::downgrade(worker)));
}

/// The worker that operators look at.
pub(crate) fn shown() -> Option<Rc<Worker>> {
    NEWEST.with(|newest| newest.borrow().upgrade())
}
