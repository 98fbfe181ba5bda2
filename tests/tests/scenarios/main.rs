//! Scenarios in the simulated world: outcomes only (reply, calls, metrics), never the order of host calls.

mod answers;
mod bounds;
mod failures;
mod operations;
mod requests;
