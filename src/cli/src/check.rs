//! `weirctl check`: all problems of supergraph and configuration, or what they amount to.

use std::process::ExitCode;

use weir_gateway::config::{Config, effective};

use crate::settings::{Settings, Sources};
use crate::{output, report};

/// Check a supergraph and a configuration, and print all that is wrong with them.
///
/// Exits with 1 if anything is. The filter refuses exactly what this command refuses.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  weirctl check --supergraph supergraph.graphql
  weirctl check --supergraph supergraph.graphql --config weir.yaml --effective")]
pub(crate) struct Options {
    #[command(flatten)]
    sources: Sources,

    /// Print the complete settings as YAML, with the defaults that hold.
    #[arg(long)]
    effective: bool,
}

pub(crate) fn check(options: &Options) -> anyhow::Result<ExitCode> {
    let settings = match options.sources.read() {
        Ok(settings) => settings,
        Err(problems) => {
            eprint!("{}", report::problems(&options.sources.names(), &problems));
            return Ok(ExitCode::FAILURE);
        }
    };
    if options.effective {
        output::print(&serde_saphyr::to_string(&effective(&settings.loaded.config))?)?;
    } else {
        output::print(&summary(&settings))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn summary(settings: &Settings) -> String {
    let Config { path, request_timeout, subgraphs, .. } = &settings.loaded.config;
    let mut text = format!(
        "ok: {} subgraphs, GraphQL at {path}, requests time out after {}\n\n",
        subgraphs.len(),
        humantime::format_duration(*request_timeout)
    );
    let width = |header: &str, of: fn(&weir_gateway::config::SubgraphConfig) -> &str| {
        subgraphs.iter().map(|s| of(s).chars().count()).chain([header.len()]).max().unwrap_or_default()
    };
    let name = width("SUBGRAPH", |s| &s.name);
    let cluster = width("CLUSTER", |s| &s.cluster);
    text.push_str(&format!("  {:name$}  {:cluster$}  {:>8}  URL\n", "SUBGRAPH", "CLUSTER", "TIMEOUT"));
    for (subgraph, endpoint) in subgraphs.iter().zip(&settings.loaded.endpoints) {
        let scheme = if endpoint.as_ref().is_some_and(|e| e.tls) { "https" } else { "http" };
        text.push_str(&format!(
            "  {:name$}  {:cluster$}  {:>8}  {scheme}://{}{}\n",
            subgraph.name,
            subgraph.cluster,
            humantime::format_duration(subgraph.timeout).to_string(),
            subgraph.authority,
            subgraph.path
        ));
    }
    for note in settings.loaded.supergraph.notes() {
        text.push_str(&format!("\nnote: supergraph: {note}\n"));
    }
    text
}
