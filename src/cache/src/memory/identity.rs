//! Keys are hashes: hashing them again would only take time.

use std::hash::{BuildHasherDefault, Hasher};

/// For tables keyed by [`Key`](crate::Key).
///
/// Clients choose the operations whose hash a key is, so they could choose keys that collide in the table: no
/// more than they could with any other unkeyed hash, and the number of entries is bounded.
pub(crate) type BuildIdentity = BuildHasherDefault<Identity>;

/// Hands through the low half of a key.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = key as u64;
    }

    /// Not called for keys; right for whatever calls it.
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
}
