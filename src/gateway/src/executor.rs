//! Walks one request's plan: which fetches may start, what they send, and what their answers add.

pub(crate) mod absorb;
pub(crate) mod execution;
pub(crate) mod keys;
pub(crate) mod locate;
mod paths;
pub(crate) mod reading;
pub(crate) mod representation;
pub(crate) mod share;
mod walks;

pub(crate) use execution::{Execution, ReadyCall, Variables};
pub(crate) use keys::{KeyList, Keys};
pub(crate) use reading::{Answer, Reading};
pub(crate) use share::{Pairs, Share};
