//! What the end-to-end tests and the benchmark stand on: processes, and ways to talk to them.

pub(crate) mod binaries;
pub(crate) mod canned;
pub(crate) mod client;
pub(crate) mod gateway;
pub(crate) mod mortal;
pub(crate) mod nginx;
pub(crate) mod nursery;
pub(crate) mod operations;
pub(crate) mod patience;
pub(crate) mod ports;
pub(crate) mod process;
pub(crate) mod raw;
pub(crate) mod registry;
pub(crate) mod reply;
pub(crate) mod subgraphs;
pub(crate) mod suite_servers;
pub(crate) mod traffic;
pub(crate) mod vitals;
pub(crate) mod world;
