//! The commands of `weirctl` and what each exits with.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{check, plan, render, run, subgraphs};

/// Runs, configures and examines Weir, the GraphQL Federation gateway inside Envoy.
#[derive(Parser, Debug)]
#[command(name = "weirctl", version, disable_help_subcommand = true, after_help = EXAMPLES)]
struct Weirctl {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  weirctl subgraphs                                          serve the demo's subgraphs
  weirctl run --supergraph supergraph.graphql                serve a supergraph on 127.0.0.1:4000
  weirctl check --supergraph supergraph.graphql --config weir.yaml
  weirctl render --supergraph supergraph.graphql > envoy.yaml
  weirctl plan --supergraph supergraph.graphql query.graphql";

#[derive(Subcommand, Debug)]
enum Command {
    Run(run::Options),
    Render(render::Options),
    Check(check::Options),
    Plan(plan::Options),
    Subgraphs(subgraphs::Options),
}

/// Runs the command that the process was started with.
///
/// Exits with 0 on success, 1 if what was asked for can't be done (the reason is on stderr), 2 if the
/// command line is wrong; `run` exits with Envoy's own code.
pub fn main() -> ExitCode {
    let outcome = match Weirctl::parse().command {
        Command::Run(options) => run::run(options),
        Command::Render(options) => render::print(&options),
        Command::Check(options) => check::check(&options),
        Command::Plan(options) => plan::plan(&options),
        Command::Subgraphs(options) => serve_subgraphs(options),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("weirctl: {error:#}");
        ExitCode::FAILURE
    })
}

fn serve_subgraphs(options: subgraphs::Options) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(subgraphs::run(options))?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Weirctl::command().debug_assert();
    }
}
