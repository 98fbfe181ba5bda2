//! `weirctl subgraphs`: four federated demo services, real enough to develop, test and measure a gateway with.
//!
//! One process and one port serve all four, so a supergraph with several subgraphs on one host is what every
//! test uses. The same data are served once more as one schema without federation (`monolith`), for tests that
//! compare. They misbehave on demand and always in the same way (`faults`), and count what they were asked
//! (`stats`). Their data is made by rule (`dataset`); mutations change it until `POST /reset`.

mod accounts;
mod answer;
mod asked;
mod dataset;
mod faults;
mod inventory;
mod memory;
mod monolith;
mod options;
mod partial_failure;
mod phrases;
mod products;
mod reviews;
mod routes;
mod server;
mod service;
mod stats;
mod store;
mod supergraph;
#[cfg(test)]
mod tests;
mod values;

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
pub(crate) use options::Options;

/// Serves until SIGTERM or SIGINT, or prints what was asked for and returns.
///
/// # Errors
/// The port can't be used, or a file or stdout can't be written.
pub(crate) async fn run(options: Options) -> anyhow::Result<()> {
    if let Some(name) = &options.print_sdl {
        let store = Arc::new(store::Store::new());
        let service = match name.as_str() {
            service::MONOLITH => Some(service::Service::monolith(&store)),
            name => service::Service::new(name, &store),
        };
        let service = service.with_context(|| format!("no subgraph {name}"))?;
        return print(&service.sdl);
    }
    if options.print_supergraph {
        anyhow::ensure!(
            options.port != 0 || options.advertise.is_some(),
            "--print-supergraph needs a --port (or --advertise): use --write-supergraph or \
             GET /supergraph.graphql with --port 0"
        );
        let address = SocketAddr::new(options.host, options.port);
        return print(&supergraph::supergraph_at(&server::base(&options, address)));
    }
    let server = server::Server::bind(&options).await?;
    if let Some(file) = &options.write_supergraph {
        std::fs::write(file, supergraph::supergraph_at(&server.base))
            .with_context(|| format!("can't write {}", file.display()))?;
    }
    let stop = stop_signal()?;
    let names = options.names().join(", ");
    print(&format!("subgraphs ready on {} ({names}, each at /NAME/graphql)\n", server.base))?;
    server.serve(stop).await;
    Ok(())
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}

/// Listens from the call on, not from the first poll: a signal right after `ready` isn't lost.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
