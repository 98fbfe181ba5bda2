//! The addresses that a gateway will listen on, tried out before it starts.

use std::net::{SocketAddr, TcpListener};

use anyhow::Context as _;

/// The address if it is free; with port 0, one with a free port.
///
/// Envoy listens with SO_REUSEPORT, so a second gateway on one address would not fail but take half of
/// the first one's connections.
///
/// # Errors
/// The address is in use, or not this machine's.
pub(super) fn free(flag: &str, wanted: SocketAddr) -> anyhow::Result<SocketAddr> {
    let socket = TcpListener::bind(wanted).with_context(|| format!("can't listen on {wanted} ({flag})"))?;
    Ok(socket.local_addr()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_use_is_refused_by_the_name_of_its_flag() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let error = free("--listen", taken.local_addr().unwrap()).unwrap_err();
        assert!(error.to_string().contains("--listen"), "{error}");
    }

    #[test]
    fn port_0_becomes_a_free_port() {
        assert_ne!(free("--listen", "127.0.0.1:0".parse().unwrap()).unwrap().port(), 0);
    }
}
