//! libFuzzer's entry to [`weir_fuzz::variables`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::run(&weir_fuzz::variables::TARGET, data));
