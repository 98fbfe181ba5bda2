//! The gateways that are measured, each started once.

use std::net::SocketAddr;

use crate::floor::Recording;
use crate::peer::Peer;
use crate::plain::Plain;
use crate::rows::{Control, Sharing, Side, Switches};
use crate::support::gateway::Gateway;
use crate::support::subgraphs::Subgraphs;

/// A gateway that serves.
pub(crate) enum Running {
    Envoy(Gateway),
    Plain(Plain),
    Peer(Peer),
}

impl Running {
    /// Starts a side with one worker; `Err` says what it lacks.
    pub(crate) fn start(
        side: Side,
        subgraphs: &Subgraphs,
        recording: &Recording,
        switches: Switches,
    ) -> Result<Running, String> {
        match side {
            Side::Plain => Ok(Running::Plain(Plain::start(&recording.exchange.answer))),
            Side::Floor(version) => {
                let settings = switches
                    .settings(version, Sharing::Nothing, Control::Default)
                    .ok_or("it can't share nothing")?;
                Ok(Running::Envoy(recording.replay(subgraphs, &settings)))
            }
            Side::Weir(version, sharing, control) => {
                let settings = switches
                    .settings(version, sharing, control)
                    .ok_or("this weirctl has no such settings")?;
                Ok(Running::Envoy(Gateway::run(&subgraphs.supergraph(), &settings, 1)))
            }
            Side::Peer => {
                let command = std::env::var("PEER_CMD").map_err(|_| "$PEER_CMD is not set")?;
                Ok(Running::Peer(Peer::start(&command, subgraphs)))
            }
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Running::Envoy(gateway) => gateway.address,
            Running::Plain(plain) => plain.gateway.address,
            Running::Peer(peer) => peer.address,
        }
    }

    /// The process that does the work.
    pub(crate) fn pid(&self) -> u32 {
        match self {
            Running::Envoy(gateway) => gateway.envoy,
            Running::Plain(plain) => plain.gateway.envoy,
            Running::Peer(peer) => peer.process.pid(),
        }
    }
}
