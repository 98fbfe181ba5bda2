//! Finds what ends a run of plain characters in a JSON string: a quote, a backslash, a control character.

/// Where the first of them is.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[inline(always)]
pub(super) fn first(chunk: &[u8; 16]) -> Option<usize> {
    // The compiler makes a hundred instructions of what says the same without intrinsics.
    use std::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_lt, u8x16_splat, u64x2, v128_or};
    let word = u128::from_le_bytes(*chunk);
    let bytes = u64x2(word as u64, word.wrapping_shr(64) as u64);
    let ends = v128_or(u8x16_eq(bytes, u8x16_splat(b'"')), u8x16_eq(bytes, u8x16_splat(b'\\')));
    let mask = u8x16_bitmask(v128_or(ends, u8x16_lt(bytes, u8x16_splat(b' '))));
    (mask != 0).then_some(mask.trailing_zeros() as usize)
}

/// Where the first of them is.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
#[inline(always)]
pub(super) fn first(chunk: &[u8; 16]) -> Option<usize> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // The bytes of a word that are zero, as their highest bits; exact up to the first one.
    let zeros = |word: u64| word.wrapping_sub(LOW) & !word & HIGH;
    let specials = |word: u64| {
        let controls = word.wrapping_sub(LOW.wrapping_mul(0x20)) & !word & HIGH;
        let repeated = |byte: u8| LOW.wrapping_mul(u64::from(byte));
        zeros(word ^ repeated(b'"')) | zeros(word ^ repeated(b'\\')) | controls
    };
    // Without a branch, so that it becomes a handful of SIMD instructions.
    if !chunk.iter().fold(false, |any, byte| any | (*byte == b'"') | (*byte == b'\\') | (*byte < b' ')) {
        return None;
    }
    let word = u128::from_le_bytes(*chunk);
    let [low, high] = [specials(word as u64), specials(word.wrapping_shr(64) as u64)];
    let (found, skipped) = if low == 0 { (high, 8) } else { (low, 0) };
    Some((found.trailing_zeros() >> 3).wrapping_add(skipped) as usize)
}
