//! weir.wasm: the proxy-wasm adapter of the gateway core, and the only crate that knows proxy-wasm.
//!
//! [`root`] holds one configuration's [`worker`]; each client request is a [`http::Stream`] that hands the
//! request to the worker's gateway and nothing else. What the gateway wants done, [`host`] does by host calls.
//! Every callback runs inside the net of [`panic`].

#![cfg_attr(target_arch = "wasm32", feature(asm_experimental_arch))]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod call_table;
mod clock;
mod fault;
mod header_values;
mod host;
mod hostcall;
mod http;
mod local_reply;
mod metrics;
mod operators;
mod panic;
mod plugin_configuration;
mod request_head;
mod request_table;
mod response;
mod root;
mod timer;
mod unconfigured;
mod wake;
mod warnings;
mod worker;

#[allow(unreachable_pub, reason = "the SDK's macro makes the module's entry point, `_initialize`")]
mod entry {
    proxy_wasm::main! {{
        crate::panic::install_hook();
        proxy_wasm::set_root_context(|id| Box::new(crate::root::Root::new(id)));
    }}
}
