//! What one HTTP request asks for: one operation, or several that are answered together.

use std::rc::Rc;

use weir_planner::ExecutablePlan;
use weir_planner::plan::OperationKind;

use crate::error::Code;
use crate::event::Reply;
use crate::executor::Execution;
use crate::protocol::{self, Media};

/// The operations of one request.
pub(super) struct Work {
    parts: Parts,
    /// The code of the first error that was met.
    code: Option<Code>,
    mutates: bool,
}

enum Parts {
    One(Part),
    Batch(Vec<Part>),
}

enum Part {
    /// Its plan is on its way.
    Waiting,
    Running(Execution),
    /// Its response, written.
    Ended(Vec<u8>),
}

impl Work {
    /// Operations to come: one that is answered by its response, or a list that is answered by the list of their
    /// responses.
    pub(super) fn new(operations: usize, is_batch: bool) -> Work {
        let parts =
            if is_batch { Parts::Batch(Vec::with_capacity(operations)) } else { Parts::One(Part::Waiting) };
        Work { parts, code: None, mutates: false }
    }

    /// Adds an operation.
    pub(super) fn push(&mut self, execution: Execution) {
        self.mutates |= execution.kind() != OperationKind::Query;
        self.add(Part::Running(execution));
    }

    /// Adds an operation whose plan is on its way.
    pub(super) fn push_waiting(&mut self) {
        self.add(Part::Waiting);
    }

    fn add(&mut self, part: Part) {
        match &mut self.parts {
            Parts::One(one) => *one = part,
            Parts::Batch(parts) => parts.push(part),
        }
    }

    /// The plan of an operation has come.
    pub(super) fn start(&mut self, part: u32, execution: Execution) {
        self.mutates |= execution.kind() != OperationKind::Query;
        if let Some(slot @ Part::Waiting) = self.part(part) {
            *slot = Part::Running(execution);
        }
    }

    /// Whether a plan is still on its way.
    pub(super) fn is_waiting(&self) -> bool {
        self.parts().iter().any(|part| matches!(part, Part::Waiting))
    }

    /// Adds an operation to a list that was refused, with its response.
    pub(super) fn push_refused(&mut self, body: Vec<u8>, code: Code) {
        self.code = self.code.or(Some(code));
        self.add(Part::Ended(body));
    }

    /// An operation that has not ended.
    pub(super) fn running(&mut self, part: u32) -> Option<&mut Execution> {
        match self.part(part)? {
            Part::Running(execution) => Some(execution),
            Part::Waiting | Part::Ended(_) => None,
        }
    }

    /// The plan of an operation that has not ended.
    pub(super) fn plan(&self, part: u32) -> Option<&Rc<ExecutablePlan>> {
        match self.parts().get(part as usize)? {
            Part::Running(execution) => Some(execution.plan()),
            Part::Waiting | Part::Ended(_) => None,
        }
    }

    /// Whether some operation may change something.
    pub(super) fn mutates(&self) -> bool {
        self.mutates
    }

    /// Takes out an operation that has not ended, to be given back as [`Work::end`].
    pub(super) fn take(&mut self, part: u32) -> Option<Execution> {
        let slot = self.part(part)?;
        match std::mem::replace(slot, Part::Ended(Vec::new())) {
            Part::Running(execution) => Some(execution),
            other @ (Part::Waiting | Part::Ended(_)) => {
                *slot = other;
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
                Part::Waiting => 0,
                Part::Running(execution) => execution.bytes(),
                Part::Ended(body) => body.len(),
            })
        })
    }

    /// The reply. `instead` is the response of operations that have not ended.
    pub(super) fn into_reply(self, media: Media, instead: &[u8]) -> Reply {
        let body_of = |part: Part| match part {
            Part::Ended(body) => body,
            Part::Waiting | Part::Running(_) => instead.to_vec(),
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
