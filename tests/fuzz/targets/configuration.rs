//! libFuzzer's entry to [`weir_fuzz::configuration`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::run(&weir_fuzz::configuration::TARGET, data));
