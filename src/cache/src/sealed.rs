//! The outermost layer of every value that Weir keeps outside its own memory: what it is, in which version, and
//! whether it is whole.

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// What a sealed value holds, in four letters.
pub(crate) type Magic = [u8; 4];

/// Bytes in front of the body: magic, version of the format, checksum.
pub(crate) const HEAD: usize = 14;

/// Why bytes are not what was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Corrupt {
    /// Too short, without the mark, or with a checksum that doesn't fit: nobody wrote this, or not all of it.
    #[error("damaged")]
    Damaged,
    /// Whole, in a format of an earlier version.
    #[error("written in format {0}, which is older than ours")]
    Older(u16),
    /// Whole, in a format of a later version.
    #[error("written in format {0}, which is newer than ours")]
    Newer(u16),
}

/// The head, `body` and `tail`.
pub(crate) fn seal(magic: Magic, format: u16, body: &impl Serialize, tail: &[u8]) -> Vec<u8> {
    // Into a vector, of types that serialise without conditions: nothing can fail. Were it to, the checksum would
    // cover what is there, and the reader would find the body short.
    let mut out = postcard::to_extend(body, vec![0; HEAD]).unwrap_or_else(|_| vec![0; HEAD]);
    out.extend_from_slice(tail);
    let sum = out.get(HEAD..).map_or(0, |body| checksum(magic, format, body));
    let head = magic.into_iter().chain(format.to_le_bytes()).chain(sum.to_le_bytes());
    for (to, from) in out.iter_mut().zip(head) {
        *to = from;
    }
    out
}

/// The body of what `seal` wrote with the same magic and format. The checksum covers both, so that a value is called
/// `Older` or `Newer` only if it is whole.
pub(crate) fn unseal(magic: Magic, format: u16, bytes: &[u8]) -> Result<&[u8], Corrupt> {
    let rest = bytes.strip_prefix(&magic).ok_or(Corrupt::Damaged)?;
    let (theirs, rest) = rest.split_first_chunk::<2>().ok_or(Corrupt::Damaged)?;
    let (sum, body) = rest.split_first_chunk::<8>().ok_or(Corrupt::Damaged)?;
    let theirs = u16::from_le_bytes(*theirs);
    if u64::from_le_bytes(*sum) != checksum(magic, theirs, body) {
        return Err(Corrupt::Damaged);
    }
    match theirs.cmp(&format) {
        std::cmp::Ordering::Equal => Ok(body),
        std::cmp::Ordering::Less => Err(Corrupt::Older(theirs)),
        std::cmp::Ordering::Greater => Err(Corrupt::Newer(theirs)),
    }
}

fn checksum(magic: Magic, format: u16, body: &[u8]) -> u64 {
    let seed = (u64::from(u32::from_le_bytes(magic)) << 16) | u64::from(format);
    xxh3_64_with_seed(body, seed)
}
