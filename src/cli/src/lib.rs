//! Weir's command line as a library: the binary is one call, and tests reach the renderer.

mod check;
mod command;
mod excerpt;
mod output;
mod plan;
pub mod render;
mod report;
mod run;
pub mod settings;
mod subgraphs;

pub use command::main;
