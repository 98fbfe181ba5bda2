//! A page: the unit of space, and one value of the shared data.

/// Bytes of a page with its head: small, for most plans are; and a reader's copy is made under a mutex of the whole
/// process.
pub(super) const SIZE: usize = 4096;

/// The tag of the write it belongs to and its place in the entry.
const HEAD: usize = 10;

/// Bytes of an entry in one page.
pub(super) const ROOM: usize = SIZE - HEAD;

/// How many pages an entry takes.
pub(super) fn count(bytes: usize) -> usize {
    bytes.div_ceil(ROOM).max(1)
}

/// The part of an entry that goes to its page number `part`.
pub(super) fn write(tag: u64, part: u16, entry: &[u8]) -> Vec<u8> {
    let from = usize::from(part).saturating_mul(ROOM);
    let body = entry.get(from..).unwrap_or_default();
    let body = body.get(..ROOM).unwrap_or(body);
    let mut page = Vec::with_capacity(HEAD.saturating_add(body.len()));
    page.extend_from_slice(&tag.to_le_bytes());
    page.extend_from_slice(&part.to_le_bytes());
    page.extend_from_slice(body);
    page
}

/// The part of an entry in `page`, if it is that which the write `tag` left there. No two writes have the same tag: a
/// page that was given to another entry, or was written late by a worker that had lost it, is seen here.
pub(super) fn read(tag: u64, part: u16, page: &[u8]) -> Option<&[u8]> {
    page.strip_prefix(&tag.to_le_bytes())?.strip_prefix(&part.to_le_bytes())
}
