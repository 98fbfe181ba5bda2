//! weir.wasm: the proxy-wasm adapter of the gateway core.
