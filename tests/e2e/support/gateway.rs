//! A running gateway: Envoy with Weir, started by `weirctl run` or from a bootstrap.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::patience::poll;
use super::process::{self, Process};
use super::reply::Reply;
use super::{binaries, client, ports};

/// Far beyond the 5 s that are promised, because the tests' machine may be busy; `lifecycle` holds to the 5 s.
pub(crate) const START_LIMIT: Duration = Duration::from_secs(240);

/// A gateway that serves.
pub(crate) struct Gateway {
    /// weirctl, or Envoy itself.
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    /// Envoy's process id.
    pub(crate) envoy: u32,
    /// From the start to the first good `/ready`.
    pub(crate) ready_after: Duration,
    /// The CPU time of Envoy's busiest thread by then: what the start takes where processors are idle.
    pub(crate) start_cpu: Duration,
}

impl Gateway {
    /// `weirctl run`, with a configuration document and a number of workers.
    #[track_caller]
    pub(crate) fn run(supergraph: &str, config: &Value, workers: u32) -> Gateway {
        Gateway::run_in(&std::env::temp_dir(), supergraph, config, workers)
    }

    /// The same with this folder for temporary files.
    #[track_caller]
    pub(crate) fn run_in(temporary: &Path, supergraph: &str, config: &Value, workers: u32) -> Gateway {
        let files = tempfile::tempdir().expect("a folder can be made");
        let (address, admin) = (ports::free(), ports::free());
        let mut command = Command::new(binaries::weirctl());
        command
            .arg("run")
            .args(sources(files.path(), supergraph, config))
            .args(["--listen", &address.to_string(), "--admin", &admin.to_string()])
            .args(["--concurrency", &workers.to_string()])
            .env("TMPDIR", temporary)
            .env("WEIR_WASM", binaries::wasm())
            .env("ENVOY", binaries::envoy());
        let start = Instant::now();
        let process = Process::start("weirctl run", command);
        let ready_after = wait_until_ready(&process, address, start);
        process.says_within(START_LIMIT, "metrics");
        let envoy = process::children(process.pid()).first().copied().expect("weirctl has started Envoy");
        let start_cpu = process::busiest_thread(envoy);
        Gateway { process, address, admin, envoy, ready_after, start_cpu }
    }

    /// Envoy of one worker with a bootstrap that listens at `address` and `admin`.
    #[track_caller]
    pub(crate) fn of_bootstrap(bootstrap: &Value, address: SocketAddr, admin: SocketAddr) -> Gateway {
        Gateway::of_bootstrap_with(bootstrap, address, admin, 1)
    }

    /// The same with a number of workers.
    #[track_caller]
    pub(crate) fn of_bootstrap_with(
        bootstrap: &Value,
        address: SocketAddr,
        admin: SocketAddr,
        workers: u32,
    ) -> Gateway {
        let files = tempfile::tempdir().expect("a folder can be made");
        let start = Instant::now();
        let process = start_envoy(files.path(), bootstrap, &["--concurrency", &workers.to_string()]);
        let ready_after = wait_until_ready(&process, address, start);
        let envoy = process.pid();
        let start_cpu = process::busiest_thread(envoy);
        Gateway { process, address, admin, envoy, ready_after, start_cpu }
    }

    /// Asks an operation without variables.
    #[track_caller]
    pub(crate) fn query(&self, query: &str) -> Reply {
        self.post(&json!({ "query": query }))
    }

    /// POSTs a GraphQL request.
    #[track_caller]
    pub(crate) fn post(&self, request: &Value) -> Reply {
        client::post(&self.url("/graphql"), &request.to_string())
    }

    /// A URL of the gateway.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A URL of the operators' listener.
    pub(crate) fn admin_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.admin)
    }

    /// A counter or gauge of Envoy's; 0 for one that isn't there (Envoy makes some at first use).
    #[track_caller]
    pub(crate) fn stat(&self, name: &str) -> u64 {
        let stats = client::get(&self.admin_url("/stats"));
        assert_eq!(stats.status, 200);
        let line = stats.text().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.map_or(0, |value| value.parse().expect("a number"))
    }
}

/// A bootstrap as `weirctl render` prints it, for a gateway at `address`, to be changed by a test.
#[track_caller]
pub(crate) fn render(supergraph: &str, config: &Value, address: SocketAddr, admin: SocketAddr) -> Value {
    let files = tempfile::tempdir().expect("a folder can be made");
    let mut arguments = vec!["render".to_owned()];
    arguments.extend(sources(files.path(), supergraph, config));
    arguments.extend(["--listen", &address.to_string(), "--admin", &admin.to_string()].map(str::to_owned));
    arguments.extend(["--wasm".to_owned(), binaries::wasm().display().to_string()]);
    let output = binaries::run_weirctl(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_saphyr::from_slice(&output.stdout).expect("the bootstrap is YAML")
}

/// Starts Envoy with a bootstrap that is written to `folder`.
pub(crate) fn start_envoy(folder: &Path, bootstrap: &Value, arguments: &[&str]) -> Process {
    let file = folder.join("envoy.json");
    fs::write(&file, bootstrap.to_string()).expect("a file can be written");
    let mut command = Command::new(binaries::envoy());
    command
        .arg("--config-path")
        .arg(file)
        .args(["--log-level", "warning", "--disable-hot-restart"])
        .args(arguments);
    Process::start("Envoy", command)
}

/// The arguments that name a supergraph and a configuration, which are written to `folder`.
pub(crate) fn sources(folder: &Path, supergraph: &str, config: &Value) -> [String; 4] {
    let (sdl, yaml) = (folder.join("supergraph.graphql"), folder.join("weir.yaml"));
    fs::write(&sdl, supergraph).expect("a file can be written");
    // JSON is YAML.
    fs::write(&yaml, config.to_string()).expect("a file can be written");
    ["--supergraph".to_owned(), sdl.display().to_string(), "--config".to_owned(), yaml.display().to_string()]
}

#[track_caller]
fn wait_until_ready(process: &Process, address: SocketAddr, start: Instant) -> Duration {
    let url = format!("http://{address}/ready");
    let is_ready = || match ureq::get(&url)
        .config()
        .timeout_global(Some(Duration::from_secs(2)))
        .proxy(None)
        .build()
        .call()
    {
        Ok(_) => Some(true),
        Err(_) => process.ended().map(|_| false),
    };
    let ready = poll(START_LIMIT, is_ready);
    let after = start.elapsed();
    assert_eq!(ready, Some(true), "the gateway is not ready after {after:?}{}", process.tail());
    after
}
