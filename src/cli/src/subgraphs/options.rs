//! The options of `weirctl subgraphs`.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use super::faults::Settings;
use super::service::{MONOLITH, NAMES};

/// Serve the demo's four federated subgraphs (accounts, products, inventory, reviews) on one port.
///
/// Each is at /NAME/graphql, over HTTP/1.1 and HTTP/2 with prior knowledge, and all of them as one schema without
/// federation at /monolith/graphql (with data of its own). GET /stats tells what they were
/// asked; POST /faults makes one of them misbehave; POST /reset puts data, counters and switches back.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Options {
    /// Address to listen on.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub(crate) host: IpAddr,

    /// Port to listen on; 0 chooses a free one and prints it.
    #[arg(long, default_value_t = 4100)]
    pub(crate) port: u16,

    /// Wait this long before every answer, such as 20ms.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = humantime::parse_duration)]
    pub(crate) latency: Duration,

    /// Wait up to this much longer, differing from request to request but the same at every start.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = humantime::parse_duration)]
    pub(crate) jitter: Duration,

    /// Answer this part of the requests with status 500, 0 to 1, evenly spaced.
    #[arg(long, value_name = "PART", default_value_t = 0.0, value_parser = parse_rate)]
    pub(crate) error_rate: f64,

    /// Serve only these, separated by commas; the others answer 404.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = NAMES)]
    pub(crate) only: Option<Vec<String>>,

    /// Remember answers and give them again to equal queries: for load tests of a gateway on the same machine.
    #[arg(long)]
    pub(crate) remember: bool,

    /// How others reach this process, such as http://subgraphs:4100, if not by the address it listens on;
    /// goes into the supergraph's URLs.
    #[arg(long, value_name = "URL")]
    pub(crate) advertise: Option<String>,

    /// Write the supergraph, with the URLs of this process, to FILE before reporting ready.
    #[arg(long, value_name = "FILE")]
    pub(crate) write_supergraph: Option<PathBuf>,

    /// Print the supergraph, with the URLs that these options give, and exit. With --port 0 the port isn't
    /// known before it is taken: use --write-supergraph, or GET /supergraph.graphql.
    #[arg(long, conflicts_with = "print_sdl")]
    pub(crate) print_supergraph: bool,

    /// Print the SDL of one subgraph, as it goes into composition, and exit; of `monolith`, as clients see it.
    #[arg(long, value_name = "NAME", value_parser = [NAMES.as_slice(), &[MONOLITH]].concat())]
    pub(crate) print_sdl: Option<String>,
}

impl Options {
    /// The names to serve, each once.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        let wanted = |name: &&str| self.only.as_ref().is_none_or(|only| only.iter().any(|o| o == name));
        NAMES.into_iter().filter(wanted).collect()
    }

    /// The switches every subgraph starts with.
    pub(crate) fn settings(&self) -> Settings {
        Settings::new(self.latency, self.jitter, self.error_rate)
    }
}

fn parse_rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1.0).contains(&rate) { Ok(rate) } else { Err("must be from 0 to 1".to_owned()) }
}
