//! `weirctl run`: a gateway for a supergraph, in the foreground.

mod address;
mod child;
mod find;
mod ready;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};
use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::render::{self, Addresses, Bootstrap};
use crate::report;
use crate::settings::{Settings, Sources};
use child::Envoy;

/// Run Envoy with Weir for a supergraph, until SIGTERM or SIGINT.
///
/// It writes the bootstrap that `weirctl render --probe` prints to a temporary folder and starts Envoy with it.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  weirctl run --supergraph supergraph.graphql
  weirctl run --supergraph supergraph.graphql --config weir.yaml --listen 0.0.0.0:8080 --concurrency 4
  weirctl run --supergraph supergraph.graphql --listen 127.0.0.1:0     (a free port, printed when ready)

Envoy is taken from --envoy, else $ENVOY, else PATH, else .tools/envoy of a checkout (`make setup` puts it
there); the module from --wasm, else $WEIR_WASM, else from beside weirctl, else from the build folder.")]
pub(crate) struct Options {
    #[command(flatten)]
    sources: Sources,

    #[command(flatten)]
    addresses: Addresses,

    /// Envoy's worker threads; by default one for each core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    concurrency: Option<u32>,

    /// The filter's module.
    #[arg(long, value_name = "PATH")]
    wasm: Option<PathBuf>,

    /// The Envoy to run.
    #[arg(long, value_name = "PATH")]
    envoy: Option<PathBuf>,

    /// What Envoy logs, to stderr: trace, debug, info, warning, error, critical or off.
    #[arg(long, value_name = "LEVEL", default_value = "warning",
          value_parser = ["trace", "debug", "info", "warning", "error", "critical", "off"])]
    log_level: String,
}

/// After this time without readiness the user is told what Envoy does.
const START_PATIENCE: Duration = Duration::from_secs(15);
/// Longer than any start that works. Envoy needs a few seconds of CPU time to compile the module: on a machine
/// with much else to do that has taken over a minute.
const START_LIMIT: Duration = Duration::from_secs(300);
/// How long Envoy may take to stop before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(5);

pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let settings = match options.sources.read() {
        Ok(settings) => settings,
        Err(problems) => return Ok(refuse(&options, &problems)),
    };
    let envoy = find::envoy(options.envoy.as_deref())?;
    let wasm = find::module(options.wasm.as_deref())?;
    let addresses = Addresses {
        listen: address::free("--listen", options.addresses.listen)?,
        admin: address::free("--admin", options.addresses.admin)?,
    };
    let render = render::Options { sources: options.sources.clone(), addresses, probe: true, wasm };
    let bootstrap = match render::bootstrap(&settings, &render) {
        Ok(bootstrap) => bootstrap,
        Err(problems) => return Ok(refuse(&options, &problems)),
    };
    // What was found is in the announcement; what could not be is told now.
    for asked in bootstrap.asked.iter().filter(|asked| !asked.answered) {
        eprintln!("weirctl: {}", asked.line);
    }
    let folder =
        tempfile::Builder::new().prefix("weir-").tempdir().context("can't make a temporary folder")?;
    let file = folder.path().join("envoy.yaml");
    fs::write(&file, &bootstrap.text).with_context(|| format!("can't write {}", file.display()))?;

    // One thread, the process's own: Envoy is told to die when the *thread* that started it does.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let announcement = announcement(&settings, &bootstrap, addresses);
    runtime.block_on(supervise(&envoy, &file, &options, &announcement, addresses))
}

fn refuse(options: &Options, problems: &[weir_gateway::config::Problem]) -> ExitCode {
    eprint!("{}", report::problems(&options.sources.names(), problems));
    ExitCode::FAILURE
}

async fn supervise(
    program: &Path,
    bootstrap: &Path,
    options: &Options,
    announcement: &str,
    addresses: Addresses,
) -> anyhow::Result<ExitCode> {
    // Before Envoy is there: a signal that comes while it starts must stop it too.
    let mut stop = StopSignals::new()?;
    let mut envoy = Envoy::start(program, bootstrap, options.concurrency, &options.log_level)?;
    tokio::select! {
        status = envoy.ended() => {
            let reason = envoy.first_error().unwrap_or_else(|| "its log is above".to_owned());
            eprintln!("weirctl: Envoy ended before it was ready ({}): {reason}", describe(status?));
            return Ok(ExitCode::FAILURE);
        }
        () = stop.received() => return stopped(envoy).await,
        () = await_readiness(addresses) => {}
        () = tokio::time::sleep(START_LIMIT) => {
            envoy.stop(STOP_LIMIT).await?;
            anyhow::bail!("the gateway was not ready after {} s; its log is above", START_LIMIT.as_secs());
        }
    }
    print!("{announcement}");
    tokio::select! {
        status = envoy.ended() => {
            let status = status?;
            eprintln!("weirctl: Envoy ended ({})", describe(status));
            Ok(exit_code(status))
        }
        () = stop.received() => stopped(envoy).await,
    }
}

async fn await_readiness(addresses: Addresses) {
    let ready = ready::wait(addresses.listen);
    tokio::pin!(ready);
    if tokio::time::timeout(START_PATIENCE, &mut ready).await.is_err() {
        eprintln!("weirctl: Envoy is still compiling the module; this machine is slow or busy");
        ready.await;
    }
}

async fn stopped(envoy: Envoy) -> anyhow::Result<ExitCode> {
    envoy.stop(STOP_LIMIT).await?;
    Ok(ExitCode::SUCCESS)
}

fn announcement(settings: &Settings, bootstrap: &Bootstrap, addresses: Addresses) -> String {
    let Addresses { listen, admin } = addresses;
    let config = &settings.loaded.config;
    let subgraphs: Vec<&str> = config.subgraphs.iter().map(|subgraph| subgraph.name.as_str()).collect();
    format!(
        "Weir is ready, with {} subgraphs ({}).\n  calls      {}\n  GraphQL    http://{listen}{}\n  probes     http://{listen}/health  \
         http://{listen}/ready\n  operators  http://{admin}/weir\n  metrics    http://{admin}/stats/prometheus\n",
        subgraphs.len(),
        subgraphs.join(", "),
        bootstrap.versions,
        config.path,
    )
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "for an unknown reason".to_owned(),
    }
}

/// Envoy's own code, as shells give it (128 and more after a signal).
fn exit_code(status: ExitStatus) -> ExitCode {
    use std::os::unix::process::ExitStatusExt as _;
    let code = status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn new() -> anyhow::Result<StopSignals> {
        Ok(StopSignals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
