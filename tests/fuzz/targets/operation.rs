//! libFuzzer's entry to [`weir_fuzz::operation`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::run(&weir_fuzz::operation::TARGET, data));
