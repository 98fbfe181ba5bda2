//! The name of a cached plan.

use std::fmt;

use serde::{Deserialize, Serialize};

/// 128 bits that name a plan: the hash of the normalised operation and of all else that the plan depends on
/// (the combination of its condition values, the supergraph, the planner's version, the active override labels).
///
/// A key finds an entry, it proves nothing: clients choose the operations that are hashed, and the hash is
/// not made against attackers. Whoever takes a plan out by its key compares the operation's text that is kept with
/// it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key(pub u128);

impl Key {
    /// The low 64 bits: as good as any other hash of the key.
    pub fn low(self) -> u64 {
        self.0 as u64
    }
}

/// 32 hexadecimal digits.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}
