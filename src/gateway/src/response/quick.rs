//! Finds the end of a leaf that is written as leaves mostly are. What it doesn't know, [`super::scanner`] does.

use super::segment::Class;
use super::special;

/// The class of the value that begins at `start`, or nothing for null, and its end. `None` if it is none, or one that has
/// to be read with more care.
#[inline(always)]
pub(super) fn leaf(text: &[u8], start: usize) -> Option<(Option<Class>, usize)> {
    match text.get(start)? {
        b'"' => Some((Some(Class::String), string(text, start.wrapping_add(1))?)),
        b'-' | b'0'..=b'9' => number(text, start).map(|(class, end)| (Some(class), end)),
        b'n' => word(text, start, b"null").map(|end| (None, end)),
        b't' => word(text, start, b"true").map(|end| (Some(Class::Boolean), end)),
        b'f' => word(text, start, b"false").map(|end| (Some(Class::Boolean), end)),
        _ => None,
    }
}

/// The end of a string without escapes, behind its quote, from behind its first one. The last 15 bytes of a text are not
/// looked at.
#[inline(always)]
fn string(text: &[u8], start: usize) -> Option<usize> {
    let (chunks, _) = text.get(start..)?.as_chunks::<16>();
    let mut at = start;
    for chunk in chunks {
        if let Some(offset) = special::first(chunk) {
            let end = at.wrapping_add(offset);
            return (text.get(end) == Some(&b'"')).then(|| end.wrapping_add(1));
        }
        at = at.wrapping_add(16);
    }
    None
}

fn number(text: &[u8], start: usize) -> Option<(Class, usize)> {
    let first = if text.get(start) == Some(&b'-') { start.wrapping_add(1) } else { start };
    let end = digits(text, first);
    if end == first || (text.get(first) == Some(&b'0') && end != first.wrapping_add(1)) {
        return None;
    }
    match text.get(end)? {
        b'.' => {
            let fraction = end.wrapping_add(1);
            let end = digits(text, fraction);
            (end > fraction && !matches!(text.get(end), Some(b'e' | b'E'))).then_some((Class::Number, end))
        }
        b'e' | b'E' => None,
        _ if end.wrapping_sub(start) <= 9 => Some((Class::SmallInteger, end)),
        _ => Some((Class::Number, end)),
    }
}

#[inline(always)]
fn digits(text: &[u8], start: usize) -> usize {
    let digits = text.get(start..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit());
    start.wrapping_add(digits.count())
}

#[inline(always)]
fn word(text: &[u8], start: usize, word: &[u8]) -> Option<usize> {
    let end = start.wrapping_add(word.len());
    (text.get(start..end)? == word).then_some(end)
}
