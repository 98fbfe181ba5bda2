//! Text that is copied as one piece: leaves that stand side by side in an answer as they will in what is written.

use super::segment::{Segment, Text};

/// Some neighbouring fields of one object of one answer, which are to be written and are not yet.
#[derive(Default)]
pub(crate) struct Run<'a> {
    segment: Option<&'a Segment>,
    /// From the comma or brace before the first key.
    start: u32,
    end: u32,
}

impl<'a> Run<'a> {
    /// Adds a field, its comma and key included, to what is to be written behind `out`. False if that would not be just
    /// a copy: its key is not there, or not as it should be.
    #[inline]
    pub(crate) fn add(&mut self, segment: &'a Segment, text: Text, out: &mut Vec<u8>) -> bool {
        let Some((start, end)) = text.with_key() else { return false };
        let follows = start == self.end && self.segment.is_some_and(|own| std::ptr::eq(own, segment));
        if !follows {
            self.flush(out);
            (self.segment, self.start) = (Some(segment), start);
        }
        self.end = end;
        true
    }

    /// Writes what was added. Before anything else is written, this must be.
    #[inline]
    pub(crate) fn flush(&mut self, out: &mut Vec<u8>) {
        if let Some(segment) = self.segment.take() {
            let at = out.len();
            out.extend_from_slice(segment.between(self.start, self.end));
            // It may be a brace in the answer.
            if let Some(first) = out.get_mut(at) {
                *first = b',';
            }
        }
    }
}
