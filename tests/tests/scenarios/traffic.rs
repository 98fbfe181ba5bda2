//! A sick subgraph never makes the gateway sick: breakers, slots, timeouts, retries, second calls, checks.

use std::time::Duration;

use serde_json::{Value as Json, json};
use weir_gateway::event::CallFailure;
use weir_gateway::metric::{FailureClass, Metric, Phase, RetryOutcome, SubgraphId};
use weir_gateway::{Readiness, RequestId};
use weir_tests::world::{Behaviour, World};

/// In the order of the store's supergraph.
const ACCOUNTS: SubgraphId = SubgraphId(0);
const PRODUCTS: SubgraphId = SubgraphId(2);
const REVIEWS: SubgraphId = SubgraphId(3);

const QUERY: &str = "{ topProducts { name reviews { body } } }";

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// No checks and no retries, unless the settings have some.
fn world(settings: Json) -> World {
    let mut all = json!({
        "health_check": {"mode": "off"},
        "connection_pool": {"retry_policy": {"max_retries": 0}},
        "entity_batching": {"join_in_flight": false},
    });
    for (key, value) in settings.as_object().expect("settings") {
        all[key] = value.clone();
    }
    World::controlled(all)
}

fn code(reply: &Json) -> &str {
    reply["errors"][0]["extensions"]["code"].as_str().unwrap_or("none")
}

fn calls_to(world: &World, subgraph: &str) -> usize {
    world.calls().iter().filter(|(cluster, _)| cluster.contains(subgraph)).count()
}

/// Asks until the breaker of the reviews is open.
fn open(world: &mut World) {
    world.set("reviews", Behaviour::Fail(CallFailure::Unreachable));
    for _ in 0..5 {
        assert_eq!(code(&world.ask(QUERY)), "SUBGRAPH_UNREACHABLE");
    }
    assert_eq!(world.count(Metric::BreakerTransitions(REVIEWS, Phase::Open)), 1, "{:?}", world.log());
}

#[test]
fn an_open_breaker_fails_its_part_at_once_and_says_when_it_is_tried_again() {
    let mut world = world(json!({"circuit_breaker": {"reset_timeout": "2s"}}));
    open(&mut world);
    let before = calls_to(&world, "reviews");
    let began = world.now();
    let id = world.send(QUERY);
    world.run();
    let reply = world.json(id);
    assert_eq!(reply["data"]["topProducts"][0]["name"], "Chair", "the rest comes: {reply}");
    assert_eq!(code(&reply), "SUBGRAPH_CIRCUIT_OPEN");
    assert_eq!(reply["errors"][0]["extensions"]["service"], "reviews");
    let after = reply["errors"][0]["extensions"]["retry_after_ms"].as_u64().expect("a time");
    assert!((1..=4_000).contains(&after), "{reply}");
    assert_eq!(calls_to(&world, "reviews"), before);
    assert_eq!(world.answered_after(id, began), ms(10), "only the products took time");
    // Time goes by and it is well again: three probes close it.
    world.set("reviews", Behaviour::Answer);
    world.run_for(ms(after + 1));
    for _ in 0..3 {
        assert_eq!(world.ask(QUERY)["errors"], Json::Null);
    }
    world.run_for(ms(500));
    assert_eq!(world.count(Metric::BreakerTransitions(REVIEWS, Phase::Closed)), 1, "{:?}", world.log());
    assert_eq!(world.count(Metric::BreakerState(REVIEWS)), 0);
    assert!(world.count(Metric::ShortCircuits(REVIEWS)) >= 1);
    assert_eq!(world.count(Metric::SubgraphErrors(REVIEWS, FailureClass::Connect)), 5);
}

#[test]
fn all_workers_leave_a_sick_subgraph_alone_and_send_three_probes_together() {
    let mut world = world(json!({"circuit_breaker": {"reset_timeout": "2s"}}));
    world.add_worker();
    open(&mut world);
    world.run_for(ms(300));
    let id = world.send_to(1, QUERY);
    world.run();
    assert_eq!(code(&world.json(id)), "SUBGRAPH_CIRCUIT_OPEN", "the other worker knows within a tick");
    // The subgraph hangs now: nothing comes back while 40 requests would like to try it.
    world.set("reviews", Behaviour::Hang);
    world.run_for(Duration::from_secs(5));
    let before = calls_to(&world, "reviews");
    let asked: Vec<RequestId> = (0..40).map(|n| world.send_to(n % 2, QUERY)).collect();
    world.run_for(ms(100));
    assert_eq!(calls_to(&world, "reviews") - before, 3);
    let stopped = asked.iter().filter(|id| world.reply(**id).is_some()).count();
    assert_eq!(stopped, 37, "all others were told at once");
    world.run();
}

#[test]
fn a_worker_that_dies_with_its_probes_wedges_nothing() {
    let settings =
        json!({"circuit_breaker": {"reset_timeout": "1s"}, "subgraph_defaults": {"timeout": "2s"}});
    let mut world = world(settings);
    world.add_worker();
    open(&mut world);
    world.set("reviews", Behaviour::Hang);
    world.run_for(Duration::from_secs(3));
    let probes: Vec<RequestId> = (0..3).map(|_| world.send_to(1, QUERY)).collect();
    world.run_for(ms(50));
    assert!(probes.iter().all(|id| world.reply(*id).is_none()), "all three are probes");
    world.kill_worker(1);
    world.set("reviews", Behaviour::Answer);
    // Their places lapse a second after their calls would have ended.
    world.run_for(Duration::from_secs(4));
    for _ in 0..4 {
        assert_eq!(world.ask(QUERY)["errors"], Json::Null, "{:?}", world.log());
    }
    world.run_for(ms(500));
    assert_eq!(world.count(Metric::BreakerState(REVIEWS)), 0);
}

#[test]
fn operators_force_a_breaker_in_all_workers() {
    let mut world = world(json!({}));
    world.add_worker();
    let force = |world: &mut World, word: Json| {
        let body = json!({"subgraph": "reviews", "force": word}).to_string();
        let reply = world.administer(0, "POST", "/weir/traffic/breaker", &body);
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        world.run_for(ms(500));
    };
    force(&mut world, json!("open"));
    let id = world.send_to(1, QUERY);
    world.run();
    assert_eq!(code(&world.json(id)), "SUBGRAPH_CIRCUIT_OPEN");
    let page = world.administer(1, "GET", "/weir/traffic", "");
    let page: Json = serde_json::from_slice(&page.body).expect("JSON");
    let breaker = &page["subgraphs"]["reviews"]["breaker"];
    assert_eq!((&breaker["state"], &breaker["forced"]), (&json!("open"), &json!("open")), "{page:#}");
    force(&mut world, Json::Null);
    assert_eq!(world.ask(QUERY)["errors"], Json::Null);
    for wrong in ["{}", r#"{"subgraph":"nobody","force":"open"}"#, r#"{"subgraph":"reviews","force":"ajar"}"#]
    {
        assert_eq!(world.administer(0, "POST", "/weir/traffic/breaker", wrong).status, 400, "{wrong}");
    }
}

#[test]
fn with_a_breaker_for_each_operation_one_that_fails_takes_no_other_along() {
    let mut world = world(json!({"circuit_breaker": {"per_operation": true}}));
    let other = "{ topProducts { name reviews { id } } }";
    open(&mut world);
    world.set("reviews", Behaviour::Answer);
    assert_eq!(code(&world.ask(QUERY)), "SUBGRAPH_CIRCUIT_OPEN");
    assert_eq!(world.ask(other)["errors"], Json::Null);
}

#[test]
fn never_more_calls_than_connections_over_all_workers_and_all_are_answered() {
    let mut world =
        world(json!({"connection_pool": {"max_connections": 3, "retry_policy": {"max_retries": 0}}}));
    world.add_worker();
    world.latency("accounts", ms(50));
    let asked: Vec<RequestId> =
        (0..60).map(|n| world.send_to(n % 2, &format!("{{ user(id: \"u{n}\") {{ score }} }}"))).collect();
    world.run();
    for id in asked {
        assert_ne!(code(&world.json(id)), "SUBGRAPH_OVERLOADED", "{:?}", world.json(id));
    }
    assert_eq!(calls_to(&world, "accounts"), 60);
    assert!((2..=3).contains(&world.peak("accounts")), "{}", world.peak("accounts"));
    world.run_for(Duration::from_secs(5));
    assert_eq!(world.count(Metric::PoolActive(ACCOUNTS)), 0);
    assert_eq!(world.count(Metric::QueueLength(ACCOUNTS)), 0);
}

#[test]
fn who_can_not_be_served_in_time_is_told_so_at_once() {
    let pool = json!({"max_connections": 1, "max_queue": 2, "retry_policy": {"max_retries": 0}});
    let mut world = world(json!({"connection_pool": pool, "request_timeout": "1s"}));
    world.latency("accounts", ms(300));
    let asked: Vec<RequestId> =
        (0..6).map(|n| world.send(&format!("{{ user(id: \"u{n}\") {{ score }} }}"))).collect();
    world.run_for(ms(1));
    let refused = asked.iter().filter(|id| world.reply(**id).is_some()).count();
    assert_eq!(refused, 3, "one is on its way, two wait");
    world.run();
    let overloaded = asked.iter().filter(|id| code(&world.json(**id)) == "SUBGRAPH_OVERLOADED").count();
    assert_eq!(overloaded, 3);
    world.run_for(ms(500));
    assert_eq!(world.count(Metric::QueueRefused(ACCOUNTS)), 3);
}

#[test]
fn the_pool_is_resized_while_it_runs() {
    let mut world =
        world(json!({"connection_pool": {"max_connections": 1, "retry_policy": {"max_retries": 0}}}));
    world.latency("accounts", ms(100));
    let body = json!({"changes": {"subgraphs.accounts.connection_pool.max_connections": 4}}).to_string();
    assert_eq!(world.administer(0, "POST", "/weir/traffic/apply", &body).status, 200);
    world.run_for(ms(300));
    for n in 0..8 {
        world.send(&format!("{{ user(id: \"u{n}\") {{ score }} }}"));
    }
    world.run();
    assert_eq!(world.peak("accounts"), 4);
}

#[test]
fn a_failure_that_passes_costs_the_client_nothing() {
    let mut world = world(json!({"connection_pool": {}}));
    for failure in [CallFailure::Unreachable, CallFailure::Reset] {
        world.set("products", Behaviour::Fail(failure));
        let id = world.send("{ topProducts { name } }");
        world.run_for(ms(11));
        world.set("products", Behaviour::Answer);
        world.run();
        assert_eq!(world.json(id)["errors"], Json::Null);
    }
    world.set("products", Behaviour::Raw(503, String::new()));
    let id = world.send("{ topProducts { name } }");
    world.run_for(ms(11));
    world.set("products", Behaviour::Answer);
    world.run();
    assert_eq!(world.json(id)["errors"], Json::Null);
    world.run_for(ms(500));
    assert_eq!(world.count(Metric::Retries(PRODUCTS, RetryOutcome::Sent)), 3);
    assert_eq!(world.count(Metric::Retries(PRODUCTS, RetryOutcome::Succeeded)), 3);
}

#[test]
fn no_mutation_is_sent_twice_and_no_failure_is_tried_for_ever() {
    let mut world = world(json!({"connection_pool": {}, "circuit_breaker": {"enabled": false}}));
    world.set("accounts", Behaviour::Fail(CallFailure::Reset));
    let reply = world.ask("mutation { rename(name: \"Eve\") { score } }");
    assert_eq!(code(&reply), "SUBGRAPH_UNREACHABLE");
    assert_eq!(calls_to(&world, "accounts"), 1);
    let reply = world.ask("{ user(id: \"u1\") { score } }");
    assert_eq!(code(&reply), "SUBGRAPH_UNREACHABLE");
    assert_eq!(calls_to(&world, "accounts"), 1 + 4, "three retries");
    world.set("accounts", Behaviour::Raw(500, String::new()));
    world.ask("{ user(id: \"u1\") { score } }");
    assert_eq!(calls_to(&world, "accounts"), 1 + 4 + 1, "500 is no failure that passes");
}

#[test]
fn a_subgraph_asks_for_a_pause_and_gets_it() {
    let mut world = world(json!({"connection_pool": {}}));
    world.set("accounts", Behaviour::Raw(429, String::new()));
    world.answer_with("accounts", &[("retry-after", "2")]);
    let began = world.now();
    let id = world.send("{ user(id: \"u1\") { score } }");
    world.run_for(ms(11));
    world.set("accounts", Behaviour::Answer);
    world.run();
    assert!(world.json(id)["errors"].is_null());
    assert!(world.answered_after(id, began) >= Duration::from_secs(2));
}

#[test]
fn a_failing_subgraph_gets_a_tenth_more_calls_than_it_is_sent_and_no_storm() {
    let mut world = world(json!({"connection_pool": {}, "circuit_breaker": {"enabled": false}}));
    world.set("accounts", Behaviour::Fail(CallFailure::Reset));
    for n in 0..1_000 {
        world.send(&format!("{{ user(id: \"u{n}\") {{ score }} }}"));
        world.run_for(ms(5));
    }
    world.run();
    // 2 a second besides, of which 10 s are saved up.
    let most = 1_000 + 100 + 2 * (10 + 6);
    let calls = calls_to(&world, "accounts");
    assert!((1_050..=most).contains(&calls), "{calls} calls for 1000 requests");
    world.run_for(ms(500));
    assert!(world.count(Metric::Retries(ACCOUNTS, RetryOutcome::NoBudget)) > 500);
}

/// Settings with timeouts that follow latency.
fn adaptive() -> Json {
    json!({
        "pre_calculated_timeouts": {"adapt_to_latency": true, "min_timeout": "100ms", "calculation_interval": "1s"},
        "circuit_breaker": {"enabled": false},
    })
}

#[test]
fn a_stall_is_cut_early_and_a_subgraph_that_slows_down_is_not() {
    let mut world = world(adaptive());
    let ask = |world: &mut World, n: u64| {
        let began = world.now();
        let id = world.send(&format!("{{ user(id: \"u{n}\") {{ score }} }}"));
        world.run();
        (code(&world.json(id)) == "SUBGRAPH_TIMED_OUT", world.answered_after(id, began))
    };
    for n in 0..300 {
        assert!(!ask(&mut world, n).0);
    }
    world.set("accounts", Behaviour::Hang);
    let (timed_out, after) = ask(&mut world, 300);
    assert!(timed_out && after <= ms(110), "cut after {after:?}, not after the subgraph's timeout");
    world.set("accounts", Behaviour::Answer);
    // From 10 ms to 400 ms within some minutes.
    let mut late = 0;
    for n in 0..2_000 {
        world.latency("accounts", ms(10 + n / 5));
        late += u64::from(ask(&mut world, n).0);
    }
    assert!(late <= 20, "{late} of 2000 calls were cut off");
}

#[test]
fn a_second_call_is_answered_first_when_one_hangs() {
    let mut world = world(
        json!({"hedging": {"enabled": true}, "pre_calculated_timeouts": {"calculation_interval": "1s"}}),
    );
    for n in 0..300 {
        world.ask(&format!("{{ user(id: \"u{n}\") {{ score }} }}"));
    }
    world.set("accounts", Behaviour::Hang);
    let began = world.now();
    let id = world.send("{ user(id: \"u1\") { score } }");
    world.run_for(ms(1));
    world.set("accounts", Behaviour::Answer);
    world.run_for(ms(100));
    assert!(world.json(id)["errors"].is_null());
    assert!(world.answered_after(id, began) <= ms(40), "{:?}", world.answered_after(id, began));
    world.run_for(ms(500));
    assert_eq!((world.count(Metric::Hedges(ACCOUNTS)), world.count(Metric::HedgesWon(ACCOUNTS))), (1, 1));
    // The first call keeps its slot until it ends.
    world.run_for(Duration::from_secs(60));
    assert_eq!(world.count(Metric::PoolActive(ACCOUNTS)), 0);
    assert!(!world.waits());
}

#[test]
fn checks_find_a_dead_subgraph_before_clients_do_and_find_it_again() {
    let pool = json!({"health_check_interval": "10s", "retry_policy": {"max_retries": 0}});
    let mut world = world(json!({"connection_pool": pool, "health_check": {}}));
    world.add_worker();
    world.run_for(Duration::from_secs(35));
    let checks = world.count(Metric::HealthChecks(REVIEWS));
    assert!((2..=4).contains(&checks), "{checks} checks by both workers in 35 s");
    world.set("reviews", Behaviour::Fail(CallFailure::Unreachable));
    world.run_for(Duration::from_secs(20));
    assert_eq!(world.count(Metric::Healthy(REVIEWS)), 0, "{:?}", world.log());
    let before = calls_to(&world, "reviews");
    for worker in 0..2 {
        let id = world.send_to(worker, QUERY);
        world.run_for(ms(50));
        assert_eq!(code(&world.json(id)), "SUBGRAPH_UNHEALTHY");
    }
    assert_eq!(calls_to(&world, "reviews"), before);
    world.kill_worker(0);
    world.set("reviews", Behaviour::Answer);
    world.run_for(Duration::from_secs(15));
    assert_eq!(world.count(Metric::Healthy(REVIEWS)), 1, "{:?}", world.log());
    assert_eq!(world.ask(QUERY)["errors"], Json::Null);
}

#[test]
fn a_client_that_leaves_gives_its_slots_back() {
    let mut world =
        world(json!({"connection_pool": {"max_connections": 2, "retry_policy": {"max_retries": 0}}}));
    world.latency("accounts", ms(100));
    for _ in 0..20 {
        let id = world.send("{ user(id: \"u1\") { score } }");
        world.run_for(ms(10));
        world.leave(id);
    }
    world.run_for(Duration::from_secs(60));
    assert_eq!(world.count(Metric::PoolActive(ACCOUNTS)), 0);
    assert_eq!(world.ask("{ user(id: \"u1\") { score } }")["errors"], Json::Null);
    assert!(!world.waits());
}

#[test]
fn alerts_tell_of_many_failures_and_of_a_full_pool() {
    let mut world = world(json!({
        "circuit_breaker": {"enabled": false},
        "connection_pool": {"max_connections": 2, "retry_policy": {"max_retries": 0}},
        "plan_cache": {"alerts": {"interval": "10s"}},
    }));
    world.latency("accounts", ms(100));
    for n in 0..600 {
        world.send(&format!("{{ user(id: \"u{n}\") {{ score }} }}"));
        world.run_for(ms(51));
    }
    assert!(
        world.log().iter().any(|line| line.contains("alert pool_utilisation raised")),
        "{:?}",
        world.log()
    );
    world.set("accounts", Behaviour::Fail(CallFailure::Reset));
    for n in 0..600 {
        world.send(&format!("{{ user(id: \"v{n}\") {{ score }} }}"));
        world.run_for(ms(51));
    }
    for alert in ["failure_rate", "connection_errors"] {
        let line = format!("alert {alert} raised: accounts");
        assert!(world.log().iter().any(|known| known.contains(&line)), "{alert}: {:?}", world.log());
    }
    let page = world.administer(0, "GET", "/weir/traffic?target_utilization=70&max_latency=1s", "");
    let page: Json = serde_json::from_slice(&page.body).expect("JSON");
    let accounts = &page["subgraphs"]["accounts"];
    assert!(accounts["all_workers"]["calls_per_second"].as_f64().expect("a rate") > 10.0, "{page:#}");
    assert!(
        accounts["optimisation"]["explanation"].as_str().is_some_and(|text| !text.is_empty()),
        "{page:#}"
    );
}

#[test]
fn a_queue_of_no_length_refuses_nobody_while_there_are_slots() {
    let mut world = world(json!({"connection_pool": {"max_queue": 0, "retry_policy": {"max_retries": 0}}}));
    let asked: Vec<RequestId> =
        (0..20).map(|n| world.send(&format!("{{ user(id: \"u{n}\") {{ score }} }}"))).collect();
    world.run();
    for id in asked {
        assert_ne!(code(&world.json(id)), "SUBGRAPH_OVERLOADED");
    }
    // Neither the first calls of a worker nor a crowd that comes at once.
    let fields: String = (0..20).map(|n| format!("u{n}: user(id: \"u{n}\") {{ score }} ")).collect();
    assert_eq!(world.ask(&format!("{{ {fields} }}"))["errors"], Json::Null);
}

#[test]
fn a_request_that_is_late_makes_no_subgraph_sick() {
    let mut world = world(json!({"request_timeout": "1s"}));
    world.latency("reviews", ms(100));
    for _ in 0..60 {
        assert_eq!(world.ask(QUERY)["errors"], Json::Null);
    }
    // The products take nearly all the time there is, so that the reviews can't answer in what is left.
    world.latency("products", ms(950));
    for _ in 0..20 {
        let id = world.send(QUERY);
        world.run();
        assert_eq!(code(&world.json(id)), "DEADLINE_EXCEEDED");
    }
    world.latency("products", ms(10));
    assert_eq!(world.ask(QUERY)["errors"], Json::Null);
    assert_eq!(world.count(Metric::BreakerTransitions(REVIEWS, Phase::Open)), 0, "{:?}", world.log());
}

#[test]
fn clients_that_lose_patience_don_t_hide_that_a_subgraph_hangs() {
    let mut world = world(json!({}));
    for n in 0..60 {
        world.ask(&format!("{{ user(id: \"u{n}\") {{ score }} }}"));
    }
    world.run_for(Duration::from_secs(11));
    world.set("accounts", Behaviour::Hang);
    for n in 0..5 {
        let id = world.send(&format!("{{ user(id: \"u{n}\") {{ score }} }}"));
        world.run_for(ms(500));
        world.leave(id);
    }
    world.run_for(ms(500));
    assert_eq!(world.count(Metric::BreakerTransitions(ACCOUNTS, Phase::Open)), 1, "{:?}", world.log());
}

#[test]
fn what_waits_for_a_slot_hears_at_once_that_the_breaker_has_opened() {
    let mut world =
        world(json!({"connection_pool": {"max_connections": 5, "retry_policy": {"max_retries": 0}}}));
    world.latency("accounts", ms(100));
    world.set("accounts", Behaviour::Fail(CallFailure::Reset));
    let began = world.now();
    let asked: Vec<RequestId> =
        (0..20).map(|n| world.send(&format!("{{ user(id: \"u{n}\") {{ score }} }}"))).collect();
    world.run();
    let stopped: Vec<_> =
        asked.iter().filter(|id| code(&world.json(**id)) == "SUBGRAPH_CIRCUIT_OPEN").collect();
    // The first five, and those that took their slots before the fifth had failed.
    assert_eq!(stopped.len(), 10);
    for id in stopped {
        assert_eq!(world.answered_after(*id, began), ms(100));
    }
}

#[test]
fn a_breaker_forced_open_holds_where_breakers_are_off_and_promises_nothing() {
    let mut world = world(json!({"circuit_breaker": {"enabled": false}}));
    let body = json!({"subgraph": "reviews", "force": "open"}).to_string();
    assert_eq!(world.administer(0, "POST", "/weir/traffic/breaker", &body).status, 200);
    world.run_for(ms(300));
    let reply = world.ask(QUERY);
    assert_eq!(code(&reply), "SUBGRAPH_CIRCUIT_OPEN");
    assert_eq!(reply["errors"][0]["extensions"].get("retry_after_ms"), None, "{reply}");
    assert_eq!(world.count(Metric::BreakerState(REVIEWS)), 2);
}

#[test]
fn a_gateway_that_needs_a_subgraph_is_ready_only_while_that_is_up() {
    let mut world = world(json!({
        "health_check": {},
        "connection_pool": {"health_check_interval": "2s", "retry_policy": {"max_retries": 0}},
        "subgraphs": {"reviews": {"health_check": {"required_for_ready": true}}},
    }));
    let missing = Readiness::Missing(vec!["reviews".to_owned()]);
    assert_eq!(world.readiness(0), missing, "not before it was checked");
    world.run_for(Duration::from_secs(2));
    assert_eq!(world.readiness(0), Readiness::Ready);
    world.set("products", Behaviour::Fail(CallFailure::Unreachable));
    world.run_for(Duration::from_secs(10));
    assert_eq!(world.readiness(0), Readiness::Ready, "others don't matter");
    world.set("reviews", Behaviour::Fail(CallFailure::Unreachable));
    world.run_for(Duration::from_secs(10));
    assert_eq!(world.readiness(0), missing);
    world.set("reviews", Behaviour::Answer);
    world.run_for(Duration::from_secs(10));
    assert_eq!(world.readiness(0), Readiness::Ready);
}

#[test]
fn the_size_of_the_pool_that_is_recommended_is_applied_to_all_workers() {
    let mut world =
        world(json!({"connection_pool": {"max_connections": 2, "retry_policy": {"max_retries": 0}}}));
    world.add_worker();
    world.latency("accounts", ms(100));
    for n in 0..1_500 {
        world.send_to(n % 2, &format!("{{ user(id: \"u{n}\") {{ score }} }}"));
        world.run_for(ms(51));
    }
    let path = "/weir/traffic?target_utilization=70&max_latency=1s";
    let read = |world: &mut World, worker, path| -> Json {
        let page = world.administer(worker, "GET", path, "");
        serde_json::from_slice(&page.body).expect("JSON")
    };
    let page = read(&mut world, 1, path);
    let optimisation = &page["subgraphs"]["accounts"]["optimisation"];
    // 20 calls a second that take 100 ms keep 2 busy (Little's law), and come by chance.
    assert_eq!(optimisation["needs_adjustment"], true, "{page:#}");
    assert!((3..=8).contains(&optimisation["recommended_pool_size"].as_u64().expect("a size")), "{page:#}");
    assert!(optimisation["explanation"].as_str().is_some_and(|text| text.contains("L = λW")), "{page:#}");
    let body = json!({"subgraph": "accounts", "recommendation": "pool_size"}).to_string();
    let apply = path.replace("traffic?", "traffic/apply?");
    assert_eq!(world.administer(1, "POST", &apply, &body).status, 200);
    world.run_for(ms(500));
    for worker in 0..2 {
        let page = read(&mut world, worker, "/weir/traffic");
        assert_eq!(
            page["subgraphs"]["accounts"]["pool"]["max_connections"],
            optimisation["recommended_pool_size"]
        );
    }
    let wrong = world.administer(0, "GET", "/weir/traffic?max_latency=soon", "");
    assert_eq!(wrong.status, 400);
}
