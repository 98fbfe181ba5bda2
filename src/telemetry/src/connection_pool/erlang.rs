//! How long calls wait for one of several connections, by chance alone.
//!
//! Erlang's formula C (1917) for calls that come independently of each other. By Halfin & Whitt (1981) the room it asks for
//! grows as the square root of the load.

/// The least number of connections, at most `most`, with which at most the share `may_wait` of the calls has to wait at a
/// load of so many on average.
pub(super) fn servers(load: f64, may_wait: f64, most: u32) -> u32 {
    let mut blocked = 1.0;
    for servers in 1..=most {
        blocked = next(blocked, load, servers);
        if waiting(blocked, load, servers) <= may_wait {
            return servers;
        }
    }
    most
}

/// How long a call waits on average, over all calls, in seconds, if it takes `time` itself; infinite if more come than are
/// served.
pub(super) fn wait(load: f64, time: f64, servers: u32) -> f64 {
    let spare = f64::from(servers) - load;
    if spare <= 0.0 {
        return f64::INFINITY;
    }
    let blocked = (1..=servers).fold(1.0, |blocked, servers| next(blocked, load, servers));
    waiting(blocked, load, servers) * time / spare
}

/// Erlang's formula B, from that for one connection fewer.
fn next(blocked: f64, load: f64, servers: u32) -> f64 {
    load * blocked / (f64::from(servers) + load * blocked)
}

/// Formula C from formula B: the share of the calls that has to wait.
fn waiting(blocked: f64, load: f64, servers: u32) -> f64 {
    let servers = f64::from(servers);
    if servers <= load { 1.0 } else { servers * blocked / (servers - load * (1.0 - blocked)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn share(load: f64, servers: u32) -> f64 {
        let blocked = (1..=servers).fold(1.0, |blocked, servers| next(blocked, load, servers));
        waiting(blocked, load, servers)
    }

    #[test]
    fn with_one_connection_as_many_wait_as_it_is_used() {
        // M/M/1: the share that waits is the load, the wait is load / (1 - load) times the time.
        assert!((share(0.5, 1) - 0.5).abs() < 1e-12);
        assert!((wait(0.5, 0.1, 1) - 0.1).abs() < 1e-12);
    }

    #[test]
    fn two_connections_with_a_load_of_one_let_a_third_wait() {
        // B = (1/2) / (1 + 1 + 1/2) = 1/5, C = 2/5 / (2 - 4/5) = 1/3, the wait 1/3 of the time.
        assert!((share(1.0, 2) - 1.0 / 3.0).abs() < 1e-12);
        assert!((wait(1.0, 0.3, 2) - 0.1).abs() < 1e-12);
    }

    #[test]
    fn the_least_number_is_found_and_follows_the_square_root() {
        for load in [0.1, 1.0, 7.0, 70.0, 700.0] {
            let servers = servers(load, 0.01, 65_536);
            assert!(share(load, servers) <= 0.01 && share(load, servers - 1) > 0.01, "{load}: {servers}");
            // By Halfin & Whitt 1% wait at load + 2.38 √load, the nearer the larger the load.
            let staffed = load + 2.38 * load.sqrt();
            assert!((f64::from(servers) - staffed).abs() < 3.0, "{load}: {servers}, {staffed}");
        }
    }

    #[test]
    fn no_load_needs_one_and_any_load_has_a_bound() {
        assert_eq!((servers(0.0, 0.01, 9), servers(1e300, 0.01, 9), servers(f64::NAN, 0.01, 9)), (1, 9, 9));
        assert_eq!((wait(0.0, 1.0, 1), wait(2.0, 1.0, 2)), (0.0, f64::INFINITY));
    }
}
