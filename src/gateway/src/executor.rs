//! Walks one request's plan: which fetches may start, what they send, and what their answers add.

pub(crate) mod absorb;
pub(crate) mod execution;
pub(crate) mod locate;
mod paths;
pub(crate) mod representation;

pub(crate) use absorb::Answer;
pub(crate) use execution::{Execution, ReadyCall, Variables};
