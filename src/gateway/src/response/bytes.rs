//! Comparing and hashing short texts. In wasm `memcmp` is a call that goes byte by byte, and a product of 128 bits is one too.

/// Whether two texts are the same.
#[inline]
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let (whole, _) = a.as_chunks::<16>();
    let (others, _) = b.as_chunks::<16>();
    if !whole.iter().zip(others).all(|(a, b)| u128::from_le_bytes(*a) == u128::from_le_bytes(*b)) {
        return false;
    }
    // What is left is in the last bytes, whole again: some are compared twice.
    if let (false, Some(a), Some(b)) = (whole.is_empty(), a.last_chunk::<16>(), b.last_chunk::<16>()) {
        return u128::from_le_bytes(*a) == u128::from_le_bytes(*b);
    }
    ends::<8>(a, b).or_else(|| ends::<4>(a, b)).unwrap_or_else(|| a.iter().zip(b).all(|(a, b)| a == b))
}

/// Compares the first and the last `N` bytes of texts of fewer than `2 N`, of the same length.
#[inline(always)]
fn ends<const N: usize>(a: &[u8], b: &[u8]) -> Option<bool> {
    let first = a.first_chunk::<N>()? == b.first_chunk::<N>()?;
    Some(first && a.last_chunk::<N>()? == b.last_chunk::<N>()?)
}

/// A number for a text, good enough to find candidates: who wants to can make texts that have the same.
pub(crate) fn hash(text: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    let (words, rest) = text.as_chunks::<8>();
    let mut hash = words.iter().fold(text.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let last = match text.last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last),
        None => rest.iter().fold(0_u64, |word, byte| word.wrapping_shl(8) | u64::from(*byte)),
    };
    hash = mix(hash, last);
    // A product's low bits depend on low bits only.
    hash ^= hash.wrapping_shr(32);
    hash = hash.wrapping_mul(FACTOR);
    hash ^ hash.wrapping_shr(29)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn texts_are_equal_if_all_their_bytes_are() {
        let text: Vec<u8> = (0..100).collect();
        for len in 0..text.len() {
            assert!(equal(&text[..len], &text.clone()[..len]));
            for at in 0..len {
                let mut other = text[..len].to_vec();
                other[at] ^= 0x40;
                assert!(!equal(&text[..len], &other), "{len} {at}");
                assert_ne!(hash(&text[..len]), hash(&other), "{len} {at}");
            }
            assert!(!equal(&text[..len], &text[..len + 1]));
        }
    }

    #[test]
    fn hashes_of_counted_keys_are_spread() {
        let keys =
            (0..10_000).map(|n| hash(format!(r#"{{"__typename":"Product","upc":"P{n:04}"}}"#).as_bytes()));
        let mut low: Vec<u64> = keys.clone().map(|hash| hash & 0x3fff).collect();
        let mut high: Vec<u64> = keys.map(|hash| hash >> 50).collect();
        for bits in [&mut low, &mut high] {
            bits.sort_unstable();
            bits.dedup();
            // By chance 16,384 · (1 - e^-0.61) are hit.
            assert!(bits.len() > 7_000, "{}", bits.len());
        }
    }
}
