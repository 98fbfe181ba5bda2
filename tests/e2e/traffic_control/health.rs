//! Active health checks: by one worker, and for all.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{NEEDS, WORKERS, ask, is_right, only, partial_data, settled, stat};
use crate::support::gateway::Gateway;
use crate::support::mortal::Mortal;
use crate::support::patience::wait_for;
use crate::support::subgraphs::Subgraphs;

const INTERVAL: Duration = Duration::from_millis(500);
const THRESHOLD: u32 = 2;

#[test]
fn a_subgraph_that_dies_unasked_is_skipped_at_once_until_it_is_back() {
    let subgraphs = Subgraphs::start();
    let mut reviews = Mortal::start("reviews", &[]);
    let mut settings = only(&reviews.settings());
    settings["health_check"] = json!({
        "mode": "weir", "timeout": "500ms", "healthy_threshold": THRESHOLD, "unhealthy_threshold": THRESHOLD,
    });
    settings["connection_pool"]["health_check_interval"] = json!("500ms");
    let gateway = Gateway::run(&subgraphs.supergraph(), &settings, WORKERS);
    let checks = || stat(&gateway, "health_checks");

    // One worker checks, for all: two would take half the time.
    assert!(wait_for(Duration::from_secs(15), || checks() > 0), "it is checked");
    let (start, first) = (Instant::now(), checks());
    assert!(wait_for(Duration::from_secs(15), || checks() >= first + 6), "it is checked again and again");
    assert!(start.elapsed() >= 4 * INTERVAL, "{} checks in {:?}", checks() - first, start.elapsed());
    let seen = reviews.process().count("reviews", "health_checks");
    assert_eq!(seen, reviews.process().count("reviews", "calls"), "nothing else asked it");
    assert!(is_right(&gateway.query(NEEDS)));

    reviews.kill();
    let killed_at = checks();
    assert!(
        wait_for(Duration::from_secs(15), || checks() >= killed_at + u64::from(THRESHOLD) + 2),
        "{}",
        gateway.process.tail()
    );
    let answer = ask(&gateway, NEEDS);
    let error = answer.reply.error(200, "SUBGRAPH_UNHEALTHY");
    assert_eq!(answer.reply.json()["data"], partial_data());
    assert!(error["extensions"]["retry_after_ms"].is_u64(), "{error}");

    reviews.revive();
    let after = settled(&gateway, Duration::from_secs(15), is_right);
    // A check may have been under way, and each worker looks once a tick.
    assert!(after <= (THRESHOLD + 1) * INTERVAL + Duration::from_secs(1), "back after {after:?}");
}
