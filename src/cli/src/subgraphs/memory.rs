//! Answers that a subgraph remembers (`weirctl subgraphs --remember`), so that an equal query costs it next to nothing.
//!
//! For load tests on one machine, where what subgraphs compute would hide what the gateway takes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;

use super::asked::Asked;
use super::dataset::Dataset;

/// Bytes of questions and answers that one subgraph remembers; beyond it forgets all and begins anew.
const LIMIT: usize = 64 << 20;

/// What one subgraph remembers.
#[derive(Default)]
pub(crate) struct Memory(Mutex<Remembered>);

#[derive(Default)]
struct Remembered {
    /// What the answers are of. A mutation leaves another one in the store, and so do `/reset` and the start.
    data: Option<Arc<Dataset>>,
    answers: HashMap<Question, Answer>,
    bytes: usize,
}

/// All that an answer depends on, besides the data: who asks, and what.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    pub(crate) caller: Option<Vec<u8>>,
    pub(crate) body: Bytes,
}

/// What is remembered of a question.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) asked: Asked,
    pub(crate) body: Bytes,
}

impl Memory {
    /// The answer that was given to this question from these data.
    pub(crate) fn find(&self, question: &Question, data: &Arc<Dataset>) -> Option<Answer> {
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_current = remembered.data.as_ref().is_some_and(|of| Arc::ptr_eq(of, data));
        if is_current { remembered.answers.get(question).cloned() } else { None }
    }

    /// Remembers an answer that was given from these data.
    pub(crate) fn keep(&self, question: Question, answer: Answer, data: Arc<Dataset>) {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let size = question.body.len() + answer.body.len();
        let is_current = remembered.data.as_ref().is_some_and(|of| Arc::ptr_eq(of, &data));
        if !is_current || remembered.bytes + size > LIMIT {
            *remembered = Remembered { data: Some(data), ..Remembered::default() };
        }
        if remembered.answers.insert(question, answer).is_none() {
            remembered.bytes += size;
        }
    }
}
