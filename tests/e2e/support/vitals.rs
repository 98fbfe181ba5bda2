//! Whether a gateway is still the one it was: the same Envoy, the same sandboxes, no panic.

use super::gateway::Gateway;
use super::process;

/// What changes when something broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Vitals {
    /// Envoy's process, if it runs.
    pub(crate) envoy: Option<u32>,
    /// Sandboxes started since Envoy was.
    pub(crate) vms: u64,
    pub(crate) reloads: u64,
    pub(crate) panics: u64,
}

impl Vitals {
    /// The gateway's vitals now.
    #[track_caller]
    pub(crate) fn of(gateway: &Gateway) -> Vitals {
        Vitals {
            envoy: process::is_running(gateway.envoy).then_some(gateway.envoy),
            vms: gateway.stat("wasm.envoy.wasm.runtime.v8.created"),
            reloads: gateway.stat("wasm.weir.vm_reload_success"),
            panics: gateway.stat("wasmcustom.weir.panics_caught"),
        }
    }
}
