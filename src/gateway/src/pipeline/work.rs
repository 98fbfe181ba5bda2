//! What one HTTP request asks for: one operation, or several that are answered together.

use crate::error::Code;
use crate::event::Reply;
use crate::executor::Execution;
use crate::protocol::{self, Media};

/// The operations of one request.
pub(super) struct Work {
    parts: Parts,
    /// The code of the first error that was met.
    code: Option<Code>,
}

enum Parts {
    One(Part),
    Batch(Vec<Part>),
}

enum Part {
    Running(Execution),
    /// Its response, written.
    Ended(Vec<u8>),
}

impl Work {
    /// One operation, answered by its response.
    pub(super) fn one(execution: Execution) -> Work {
        Work { parts: Parts::One(Part::Running(execution)), code: None }
    }

    /// A list of operations to come, answered by the list of their responses.
    pub(super) fn batch(operations: usize) -> Work {
        Work { parts: Parts::Batch(Vec::with_capacity(operations)), code: None }
    }

    /// Adds an operation to a list.
    pub(super) fn push(&mut self, execution: Execution) {
        if let Parts::Batch(parts) = &mut self.parts {
            parts.push(Part::Running(execution));
        }
    }

    /// Adds an operation to a list that was refused, with its response.
    pub(super) fn push_refused(&mut self, body: Vec<u8>, code: Code) {
        self.code = self.code.or(Some(code));
        if let Parts::Batch(parts) = &mut self.parts {
            parts.push(Part::Ended(body));
        }
    }

    /// How many operations it has.
    pub(super) fn len(&self) -> usize {
        self.parts().len()
    }

    /// An operation that has not ended.
    pub(super) fn running(&mut self, part: u32) -> Option<&mut Execution> {
        match self.part(part)? {
            Part::Running(execution) => Some(execution),
            Part::Ended(_) => None,
        }
    }

    /// Takes out an operation that has not ended, to be given back as [`Work::end`].
    pub(super) fn take(&mut self, part: u32) -> Option<Execution> {
        let slot = self.part(part)?;
        match std::mem::replace(slot, Part::Ended(Vec::new())) {
            Part::Running(execution) => Some(execution),
            ended @ Part::Ended(_) => {
                *slot = ended;
                None
            }
        }
    }

    /// Notes the response of an operation.
    pub(super) fn end(&mut self, part: u32, body: Vec<u8>, code: Option<Code>) {
        self.code = self.code.or(code);
        if let Some(slot) = self.part(part) {
            *slot = Part::Ended(body);
        }
    }

    /// Whether all have ended.
    pub(super) fn is_done(&self) -> bool {
        self.parts().iter().all(|part| matches!(part, Part::Ended(_)))
    }

    /// Whether some error was met.
    pub(super) fn has_errors(&self) -> bool {
        self.code.is_some()
    }

    /// Whether it is a list.
    pub(super) fn is_batch(&self) -> bool {
        matches!(self.parts, Parts::Batch(_))
    }

    /// Bytes of subgraph answers and of responses that are kept.
    pub(super) fn bytes(&self) -> usize {
        self.parts().iter().fold(0, |sum, part| {
            sum.saturating_add(match part {
                Part::Running(execution) => execution.bytes(),
                Part::Ended(body) => body.len(),
            })
        })
    }

    /// The reply. `instead` is the response of operations that have not ended.
    pub(super) fn into_reply(self, media: Media, instead: &[u8]) -> Reply {
        let body_of = |part: Part| match part {
            Part::Ended(body) => body,
            Part::Running(_) => instead.to_vec(),
        };
        let body = match self.parts {
            Parts::One(part) => body_of(part),
            Parts::Batch(parts) => {
                let mut out = vec![b'['];
                for part in parts {
                    if out.len() > 1 {
                        out.push(b',');
                    }
                    out.extend_from_slice(&body_of(part));
                }
                out.push(b']');
                out
            }
        };
        protocol::answer(media, body, self.code)
    }

    fn parts(&self) -> &[Part] {
        match &self.parts {
            Parts::One(part) => std::slice::from_ref(part),
            Parts::Batch(parts) => parts,
        }
    }

    fn part(&mut self, index: u32) -> Option<&mut Part> {
        match &mut self.parts {
            Parts::One(part) => Some(part),
            Parts::Batch(parts) => parts.get_mut(index as usize),
        }
    }
}
