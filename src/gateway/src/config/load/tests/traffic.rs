//! Loading the settings of traffic: for all subgraphs, for one, at odds with each other, at run time.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::config::catalogue;
use crate::config::{
    BackoffStrategy, ConcurrencyAlgorithm, Failure, HealthConfig, HealthMode, RetryConfig, TrafficConfig,
};

#[track_caller]
fn loaded(settings: Value) -> Config {
    load(&with_supergraph(settings)).unwrap_or_else(|p| panic!("{p:#?}")).config
}

fn changed(document: Value, changes: Value) -> Result<Changeable, Vec<String>> {
    let Value::Object(changes) = changes else { panic!("changes are an object") };
    let names = ["accounts".to_owned(), "reviews".to_owned()];
    load_changeable(&with_supergraph(document), &names, &changes)
        .map_err(|problems| problems.iter().map(Problem::to_string).collect())
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn the_defaults_are_those_of_the_reference() {
    let config = loaded(json!({}));
    let TrafficConfig { breaker, timeouts, pool, retry, health, concurrency, hedging } = &config.traffic;
    assert!(breaker.enabled && !breaker.per_operation);
    assert_eq!((breaker.failure_threshold, breaker.failure_rate, breaker.minimum_volume), (5, 50, 20));
    assert_eq!((breaker.window, breaker.reset_timeout), (seconds(10), seconds(30)));
    assert_eq!((breaker.max_reset_timeout, breaker.half_open_max_calls), (seconds(300), 3));
    use Failure::{Connect, Http5xx, Malformed, Refused, Reset, Timeout};
    assert_eq!(breaker.failures, [Connect, Timeout, Reset, Http5xx, Malformed]);
    assert!(breaker.graphql_codes.is_empty());
    assert!(breaker.collect_latency_metrics && breaker.alert_on_high_failure_rate);
    assert_eq!(breaker.failure_rate_above, 5);
    assert!(timeouts.enabled && !timeouts.adapt_to_latency);
    assert_eq!((timeouts.calculation_interval, timeouts.min_timeout), (seconds(10), seconds(1)));
    assert_eq!((timeouts.percentile, timeouts.margin_percent), (99, 300));
    assert_eq!((pool.max_connections, pool.max_queue), (1024, 1024));
    assert!(pool.reuse_connections && pool.keep_alive && !pool.preconnect);
    assert_eq!((pool.connection_timeout, pool.idle_timeout), (seconds(5), None));
    assert_eq!((pool.health_check_interval, pool.utilisation_above), (seconds(30), 90));
    assert_eq!(pool.connection_errors_above, 5);
    assert_eq!(
        *retry,
        RetryConfig {
            max_retries: 3,
            backoff_strategy: BackoffStrategy::Exponential,
            base_delay: Duration::from_millis(100),
            max_delay: seconds(5),
            budget_percent: 10,
            retry_on: vec![Connect, Reset, Refused, Http5xx],
        }
    );
    assert_eq!(
        *health,
        HealthConfig {
            mode: HealthMode::Weir,
            timeout: seconds(1),
            healthy_threshold: 2,
            unhealthy_threshold: 3,
            required_for_ready: false,
        }
    );
    assert!(!concurrency.enabled && !hedging.enabled);
    assert_eq!(concurrency.algorithm, ConcurrencyAlgorithm::Gradient);
    assert_eq!((concurrency.min_limit, concurrency.max_limit, hedging.percentile), (10, 1000, 95));
    assert!(config.subgraphs.iter().all(|subgraph| subgraph.traffic == config.traffic));
}

#[test]
fn a_subgraph_has_what_is_set_for_all_unless_it_says_otherwise() {
    let config = loaded(json!({
        "circuit_breaker": { "failure_threshold": 7, "failures": ["graphql", "connect"], "graphql_codes": ["DB"] },
        "pre_calculated_timeouts": { "percentile": 90 },
        "connection_pool": { "max_connections": 30, "retry_policy": { "max_retries": 1 } },
        "health_check": { "mode": "off" },
        "subgraphs": { "reviews": {
            "circuit_breaker": {
                "failure_threshold": 9, "graphql_codes": ["IO", "DB"],
                "performance_monitoring": { "failure_rate_above": 20 },
            },
            "pre_calculated_timeouts": { "adapt_to_latency": true },
            "connection_pool": {
                "max_connections": 3, "idle_timeout": "90s",
                "retry_policy": { "retry_on": [], "backoff_strategy": "constant" },
            },
            "health_check": { "mode": "envoy" },
            "adaptive_concurrency": { "enabled": true, "algorithm": "aimd" },
            "hedging": { "enabled": true, "percentile": 99 },
        } },
    }));
    let [accounts, reviews] = [&config.subgraphs[0].traffic, &config.subgraphs[1].traffic];
    assert_eq!(*accounts, config.traffic);
    assert_eq!((accounts.breaker.failure_threshold, reviews.breaker.failure_threshold), (7, 9));
    assert_eq!(reviews.breaker.failures, [Failure::Connect, Failure::GraphQl], "in one order");
    assert_eq!(accounts.breaker.graphql_codes, ["DB"]);
    assert_eq!(reviews.breaker.graphql_codes, ["IO", "DB"], "in its place, not beside it");
    assert_eq!((accounts.breaker.failure_rate_above, reviews.breaker.failure_rate_above), (5, 20));
    assert_eq!((accounts.timeouts.percentile, reviews.timeouts.percentile), (90, 90));
    assert_eq!((accounts.timeouts.adapt_to_latency, reviews.timeouts.adapt_to_latency), (false, true));
    assert_eq!((accounts.pool.max_connections, reviews.pool.max_connections), (30, 3));
    assert_eq!((accounts.pool.idle_timeout, reviews.pool.idle_timeout), (None, Some(seconds(90))));
    assert_eq!((accounts.retry.max_retries, reviews.retry.max_retries), (1, 1));
    assert_eq!((accounts.retry.retry_on.len(), reviews.retry.retry_on.len()), (4, 0));
    assert_eq!(reviews.retry.backoff_strategy, BackoffStrategy::Constant);
    assert_eq!((accounts.health.mode, reviews.health.mode), (HealthMode::Off, HealthMode::Envoy));
    assert_eq!((accounts.concurrency.enabled, reviews.concurrency.enabled), (false, true));
    assert_eq!(reviews.concurrency.algorithm, ConcurrencyAlgorithm::Aimd);
    assert_eq!((accounts.hedging.enabled, reviews.hedging.percentile), (false, 99));
}

#[test]
fn presets_are_lenient_and_strict() {
    let development = loaded(json!({ "preset": "development" })).traffic;
    assert_eq!((development.breaker.failure_threshold, development.breaker.failure_rate), (20, 90));
    assert_eq!(development.breaker.reset_timeout, seconds(5));
    assert!(!development.timeouts.adapt_to_latency);
    let config = loaded(json!({
        "preset": "production",
        "subgraphs": { "reviews": { "circuit_breaker": { "failure_rate": 60 } } },
    }));
    assert_eq!((config.traffic.breaker.failure_threshold, config.traffic.breaker.failure_rate), (5, 25));
    let [accounts, reviews] = [&config.subgraphs[0].traffic, &config.subgraphs[1].traffic];
    assert!(accounts.timeouts.adapt_to_latency && reviews.timeouts.adapt_to_latency);
    assert_eq!((accounts.breaker.failure_rate, reviews.breaker.failure_rate), (25, 60));
}

#[test]
fn values_are_checked_and_slips_are_recognised() {
    let settings = json!({
        "circuit_breaker": {
            "failure_rate": 101, "window": "1ms", "failures": ["conect"], "treshold": 1,
            "performance_monitoring": { "alert_on_high_failure_rates": true },
        },
        "pre_calculated_timeouts": { "percentile": 100, "margin_percent": 99, "adapt_to_latency": "yes" },
        "connection_pool": {
            "max_connections": 0, "max_conections": 1, "connection_timeout": 5,
            "retry_policy": { "max_retries": 11, "backoff_strategy": "exponental", "retry_on": ["graphql"] },
        },
        "health_check": { "mode": "on" },
        "adaptive_concurrency": { "algorithm": "vegas" },
        "hedging": { "percentile": 10 },
        "max_retries": 3,
    });
    for (place, part) in [
        ("circuit_breaker.failure_rate", "from 0 to 100"),
        ("circuit_breaker.window", "from 1s to 10m"),
        ("circuit_breaker.failures", "did you mean `connect`?"),
        ("circuit_breaker.treshold", "there is no such setting"),
        (
            "circuit_breaker.performance_monitoring.alert_on_high_failure_rates",
            "did you mean `alert_on_high_failure_rate`?",
        ),
        ("pre_calculated_timeouts.percentile", "from 50 to 99"),
        ("pre_calculated_timeouts.margin_percent", "from 100 to 10000"),
        ("pre_calculated_timeouts.adapt_to_latency", "without quotes"),
        ("connection_pool.max_connections", "from 1 to 100000"),
        ("connection_pool.max_conections", "did you mean `max_connections`?"),
        ("connection_pool.connection_timeout", "add a unit: `5ms` or `5s`"),
        ("connection_pool.retry_policy.max_retries", "from 0 to 10"),
        ("connection_pool.retry_policy.backoff_strategy", "did you mean `exponential`?"),
        ("connection_pool.retry_policy.retry_on", "write some of `connect`"),
        ("health_check.mode", "`weir`, `envoy`, `off`"),
        ("adaptive_concurrency.algorithm", "`gradient`, `aimd`"),
        ("hedging.percentile", "from 50 to 99"),
        ("max_retries", "it belongs at `connection_pool.retry_policy.max_retries`"),
    ] {
        assert_problem(settings.clone(), place, part);
    }
    let own =
        json!({ "subgraphs": { "reviews": { "circuit_breaker": { "falure_rate": 1, "window": "1h" } } } });
    assert_problem(
        own.clone(),
        "subgraphs.reviews.circuit_breaker.falure_rate",
        "did you mean `failure_rate`?",
    );
    assert_problem(own, "subgraphs.reviews.circuit_breaker.window", "from 1s to 10m");
}

#[test]
fn what_is_wrong_for_all_is_told_once() {
    for (settings, place) in [
        (json!({ "hedging": { "percentile": 0 } }), "hedging.percentile"),
        (json!({ "circuit_breaker": { "reset_timeout": "10m" } }), "circuit_breaker.max_reset_timeout"),
        (json!({ "entity_batching": { "max_batch_size": 0 } }), "entity_batching.max_batch_size"),
    ] {
        let found = load(&with_supergraph(settings)).err().unwrap_or_default();
        let places: Vec<&str> = found.iter().map(|problem| problem.place.as_str()).collect();
        assert_eq!(places, [place]);
    }
}

#[test]
fn settings_at_odds_are_refused_where_they_were_written() {
    for (group, place, part) in [
        (
            json!({ "circuit_breaker": { "reset_timeout": "10m" } }),
            "circuit_breaker.max_reset_timeout",
            "5m is less than `circuit_breaker.reset_timeout`, which is 10m (set it to 10m or more, or lower",
        ),
        (
            json!({ "connection_pool": { "retry_policy": { "max_delay": "50ms" } } }),
            "connection_pool.retry_policy.max_delay",
            "50ms is less than `connection_pool.retry_policy.base_delay`, which is 100ms",
        ),
        (
            json!({ "adaptive_concurrency": { "min_limit": 2000 } }),
            "adaptive_concurrency.max_limit",
            "1000 is less than `adaptive_concurrency.min_limit`, which is 2000",
        ),
        (
            json!({ "health_check": { "timeout": "31s" } }),
            "connection_pool.health_check_interval",
            "30s is less than `health_check.timeout`, which is 31s",
        ),
        (
            json!({ "circuit_breaker": { "failures": ["graphql"] } }),
            "circuit_breaker.failures",
            "names `graphql`, but `circuit_breaker.graphql_codes` lists no code (list the codes",
        ),
        (
            json!({ "circuit_breaker": { "graphql_codes": ["DB_DOWN"] } }),
            "circuit_breaker.graphql_codes",
            "lists codes, but `circuit_breaker.failures` has no `graphql` (add `graphql`",
        ),
    ] {
        assert_problem(group.clone(), place, part);
        let own = json!({ "subgraphs": { "reviews": group } });
        let found = load(&with_supergraph(own)).err().unwrap_or_default();
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!(found[0].place, format!("subgraphs.reviews.{place}"));
        assert!(found[0].to_string().contains(part), "{found:#?}");
    }
    // Both the subgraph's, or one of them: what holds for it is what is judged.
    loaded(json!({
        "circuit_breaker": { "max_reset_timeout": "1m" },
        "subgraphs": { "reviews": { "circuit_breaker": { "reset_timeout": "2m", "max_reset_timeout": "3m" } } },
    }));
    let half = json!({
        "circuit_breaker": { "max_reset_timeout": "1m" },
        "subgraphs": { "reviews": { "circuit_breaker": { "reset_timeout": "2m" } } },
    });
    assert_problem(half, "subgraphs.reviews.circuit_breaker.max_reset_timeout", "1m is less than");
}

#[test]
fn the_least_timeout_gives_way_to_the_timeout() {
    let settings = json!({
        "subgraph_defaults": { "timeout": "300ms" },
        "pre_calculated_timeouts": { "min_timeout": "2s" },
        "subgraphs": { "reviews": { "timeout": "5s" } },
    });
    let config = loaded(settings.clone());
    let least = |traffic: &TrafficConfig| traffic.timeouts.min_timeout;
    assert_eq!(least(&config.subgraphs[0].traffic), Duration::from_millis(300));
    assert_eq!(least(&config.subgraphs[1].traffic), seconds(2));
    let held = changed(settings, json!({ "pre_calculated_timeouts.min_timeout": "3s" })).expect("it holds");
    assert_eq!(held.traffic.iter().map(least).collect::<Vec<_>>(), [Duration::from_millis(300), seconds(3)]);
}

#[test]
fn changes_at_run_time_hold_for_all_or_for_one() {
    let document = json!({
        "preset": "production",
        "connection_pool": { "max_connections": 50 },
        "subgraphs": { "reviews": { "circuit_breaker": { "failure_threshold": 2 } } },
    });
    let changes = json!({
        "connection_pool.max_connections": 80,
        "circuit_breaker.failure_threshold": 4,
        "subgraphs.reviews.connection_pool.retry_policy.max_retries": 0,
        "subgraphs.accounts.hedging.enabled": true,
        "subgraphs.accounts.entity_batching.max_batch_size": 7,
    });
    let held = changed(document.clone(), changes).expect("they hold");
    let config = loaded(document.clone());
    let [accounts, reviews] = [&held.traffic[0], &held.traffic[1]];
    assert_eq!((accounts.pool.max_connections, reviews.pool.max_connections), (80, 80));
    assert_eq!((accounts.breaker.failure_threshold, reviews.breaker.failure_threshold), (4, 2));
    assert_eq!((accounts.retry.max_retries, reviews.retry.max_retries), (3, 0));
    assert_eq!((accounts.hedging.enabled, reviews.hedging.enabled), (true, false));
    assert_eq!(held.entity_batching[0].max_batch_size, 7);
    assert_eq!(held.entity_batching[1].max_batch_size, 100);
    assert!(accounts.timeouts.adapt_to_latency, "the preset still holds");
    let unchanged = changed(document, json!({})).expect("nothing is changed");
    let now: Vec<_> = config.subgraphs.into_iter().map(|subgraph| subgraph.traffic).collect();
    assert_eq!(unchanged.traffic, now);
}

#[test]
fn changes_at_run_time_that_cannot_be_are_refused() {
    for (changes, part) in [
        (json!({ "connection_pool.max_connections": 0 }), "from 1 to 100000"),
        (
            json!({ "circuit_breaker.reset_timeout": "10m" }),
            "5m is less than `circuit_breaker.reset_timeout`",
        ),
        (
            json!({ "circuit_breaker.failure_treshold": 5 }),
            "did you mean `circuit_breaker.failure_threshold`?",
        ),
        (json!({ "subgraphs.nobody.hedging.enabled": true }), "names no subgraph"),
        (json!({ "connection_pool.retry_policy": {} }), "can't be changed at run time"),
        (json!({ "subgraphs.reviews.timeout": "1s" }), "can't be changed at run time"),
    ] {
        let found = changed(json!({}), changes).expect_err("refused");
        assert!(found.iter().any(|problem| problem.contains(part)), "no `{part}` in {found:#?}");
    }
    let bootstrap = ["reuse_connections", "connection_timeout", "idle_timeout", "keep_alive", "preconnect"];
    let bootstrap = bootstrap.map(|key| format!("connection_pool.{key}")).into_iter();
    for path in bootstrap.chain(["health_check.mode".to_owned()]) {
        for path in [path.clone(), format!("subgraphs.reviews.{path}")] {
            let known = path.replace("reviews", "*");
            assert!(catalogue::entries().any(|entry| entry.path() == known), "{known}");
            let changes = Value::Object(Map::from_iter([(path.clone(), json!(null))]));
            let found = changed(json!({}), changes).expect_err("refused");
            assert!(found[0].contains("can't be changed at run time"), "{path}: {found:#?}");
            assert!(found[0].contains("Envoy's"), "{path}: {found:#?}");
        }
    }
}

#[test]
fn the_effective_settings_of_traffic_load_to_themselves() {
    let config = loaded(json!({
        "preset": "production",
        "circuit_breaker": { "failures": ["graphql", "refused"], "graphql_codes": ["DB"], "failure_rate": 0 },
        "connection_pool": { "idle_timeout": "1m 30s", "retry_policy": { "retry_on": [] } },
        "subgraphs": {
            "accounts": { "timeout": "200ms", "health_check": { "mode": "envoy", "required_for_ready": true } },
            "reviews": { "adaptive_concurrency": { "algorithm": "aimd", "min_limit": 1 }, "entity_batching": { "enabled": false } },
        },
    }));
    let written = effective(&config);
    assert_eq!(written["connection_pool"]["idle_timeout"], "1m 30s");
    assert_eq!(written["connection_pool"]["retry_policy"]["retry_on"], json!([]));
    assert_eq!(written["subgraphs"]["accounts"]["pre_calculated_timeouts"]["min_timeout"], "200ms");
    assert_eq!(written["subgraphs"]["accounts"]["health_check"]["mode"], "envoy");
    let again = load(&with_supergraph(written)).unwrap_or_else(|p| panic!("{p:#?}"));
    assert_eq!(again.config, config);
}

#[test]
fn each_setting_of_a_group_has_its_like_for_a_subgraph() {
    let paths: Vec<&str> = catalogue::entries().map(|entry| entry.path()).collect();
    let general = paths.iter().filter(|path| {
        let groups =
            ["circuit_breaker.", "connection_pool.", "entity_batching.", "health_check.", "hedging."];
        groups.iter().any(|group| path.starts_with(group))
    });
    let mut count = 0;
    for path in general {
        let own = format!("subgraphs.*.{path}");
        let entry = catalogue::entries().find(|entry| entry.path() == own);
        let entry = entry.unwrap_or_else(|| panic!("there is no {own}"));
        assert_eq!(entry.default_text(), *path);
        assert_eq!(entry.doc(), format!("As `{path}`, for this subgraph."));
        let bounds = catalogue::entries().find(|entry| entry.path() == *path).map(|entry| entry.bounds());
        assert_eq!(Some(entry.bounds()), bounds);
        count += 1;
    }
    assert!(count > 40, "{count}");
}
