//! Another gateway beside Weir: the command in `$PEER_CMD`.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use crate::support::patience::wait_for;
use crate::support::ports;
use crate::support::process::Process;
use crate::support::subgraphs::Subgraphs;

const START_LIMIT: Duration = Duration::from_secs(60);

/// A running peer.
pub(crate) struct Peer {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    /// Holds its supergraph.
    _folder: tempfile::TempDir,
}

impl Peer {
    /// Starts `command` by the shell with `LISTEN` (host and port) and `SUPERGRAPH` (a file) in its environment, and waits
    /// until it answers at `/graphql`.
    pub(crate) fn start(command: &str, subgraphs: &Subgraphs) -> Peer {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let file = folder.path().join("supergraph.graphql");
        std::fs::write(&file, subgraphs.supergraph()).expect("a file can be written");
        let address = ports::free();
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).env("LISTEN", address.to_string()).env("SUPERGRAPH", &file);
        let process = Process::start("the peer", shell);
        let url = format!("http://{address}/graphql");
        let answers = || {
            assert!(process.ended().is_none(), "the peer has ended{}", process.tail());
            let config = ureq::post(&url).config().timeout_global(Some(Duration::from_secs(2))).proxy(None);
            let request = config.build().header("content-type", "application/json");
            request.send(r#"{"query":"{ __typename }"}"#).is_ok()
        };
        assert!(wait_for(START_LIMIT, answers), "the peer doesn't answer at {url}{}", process.tail());
        Peer { process, address, _folder: folder }
    }
}
