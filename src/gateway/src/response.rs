//! From subgraph answers to the reply: read, merge, project.
//!
//! A response tree has objects and lists as nodes and *raw JSON text* as leaves: a leaf is a span of the
//! subgraph's body, copied once, into the reply. So numbers keep their precision, strings their escapes, and
//! custom scalars pass through byte for byte.

pub(crate) mod bytes;
pub(crate) mod errors;
pub(crate) mod project;
mod quick;
pub(crate) mod read;
pub(crate) mod rewrite;
pub(crate) mod run;
mod scanner;
pub(crate) mod segment;
pub(crate) mod slot;
mod special;
pub(crate) mod tree;
pub(crate) mod view;
