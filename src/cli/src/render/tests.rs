//! The rendered bootstrap, read back as Envoy would.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;
use weir_gateway::config;

use super::*;

const SDL: &str = include_str!("../../../../envoy/supergraph.graphql");

/// Files for `Sources`, gone with the value.
struct Files {
    folder: TempDir,
}

impl Files {
    fn new(sdl: &str, config: &str) -> Files {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("supergraph.graphql"), sdl).unwrap();
        fs::write(folder.path().join("weir.yaml"), config).unwrap();
        Files { folder }
    }

    fn options(&self) -> Options {
        Options {
            sources: Sources {
                supergraph: Some(self.folder.path().join("supergraph.graphql")),
                config: Some(self.folder.path().join("weir.yaml")),
            },
            addresses: Addresses {
                listen: "127.0.0.1:4000".parse().unwrap(),
                admin: "[::1]:9902".parse().unwrap(),
            },
            probe: false,
            wasm: "/etc/envoy/weir.wasm".into(),
        }
    }
}

fn render(sdl: &str, config: &str) -> Result<String, Vec<Problem>> {
    let options = Files::new(sdl, config);
    let options = (options.options(), options);
    options
        .0
        .sources
        .read()
        .and_then(|settings| bootstrap(&settings, &options.0))
        .map(|bootstrap| bootstrap.text)
}

#[track_caller]
fn rendered(sdl: &str, config: &str) -> Value {
    let text = render(sdl, config).unwrap_or_else(|problems| panic!("{problems:#?}"));
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn manager(bootstrap: &Value) -> &Value {
    &bootstrap["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
}

fn configuration(bootstrap: &Value) -> &Value {
    &manager(bootstrap)["http_filters"][0]["typed_config"]["config"]["configuration"]["value"]
}

fn clusters(bootstrap: &Value) -> Vec<&Value> {
    let ours = ["weir_unanswered", "weir_envoy_admin"];
    let all = bootstrap["static_resources"]["clusters"].as_array().unwrap();
    all.iter().filter(|cluster| !ours.contains(&cluster["name"].as_str().unwrap())).collect()
}

#[test]
fn the_filter_reads_what_was_checked() {
    let settings = "path: /api\nlimits: { max_depth: 9 }\nsubgraphs: { accounts: { timeout: 1s } }\n";
    let bootstrap = rendered(SDL, settings);
    let loaded = config::load(&configuration(&bootstrap).to_string()).unwrap_or_else(|p| panic!("{p:#?}"));
    assert_eq!(loaded.config.path, "/api");
    assert_eq!(loaded.config.limits.operation.max_depth, 9);
    assert_eq!(loaded.config.subgraphs[0].timeout, Duration::from_secs(1));
    let names: Vec<&str> =
        clusters(&bootstrap).iter().map(|cluster| cluster["name"].as_str().unwrap()).collect();
    for subgraph in &loaded.config.subgraphs {
        assert!(names.contains(&subgraph.cluster.as_str()), "{} is not in {names:?}", subgraph.cluster);
    }
    assert_eq!(manager(&bootstrap)["route_config"]["virtual_hosts"][0]["routes"][0]["match"]["path"], "/api");
}

#[test]
fn subgraphs_on_one_host_and_port_share_a_cluster() {
    let bootstrap = rendered(SDL, "");
    let clusters = clusters(&bootstrap);
    assert_eq!(clusters.len(), 1);
    assert_eq!(clusters[0]["name"], "weir_127.0.0.1_4100");
    assert_eq!(clusters[0]["alt_stat_name"], "weir_127_0_0_1_4100");
    assert_eq!(clusters[0]["type"], "STATIC");
}

#[test]
fn names_are_resolved_and_tls_is_verified() {
    let bootstrap = rendered(SDL, "subgraphs: { accounts: { url: 'https://Accounts.example.com/graphql' } }");
    let cluster = clusters(&bootstrap)[0];
    assert_eq!(cluster["name"], "weir_tls_accounts.example.com_443");
    assert_eq!(cluster["type"], "STRICT_DNS");
    let tls = &cluster["transport_socket"]["typed_config"];
    assert_eq!(tls["sni"], "accounts.example.com");
    let names = &tls["common_tls_context"]["validation_context"]["match_typed_subject_alt_names"];
    assert_eq!(names[0], json!({ "san_type": "DNS", "matcher": { "exact": "accounts.example.com" } }));
}

#[test]
fn limits_of_envoy_follow_those_of_weir() {
    let bootstrap =
        rendered(SDL, "request_timeout: 1m 30s\nlimits: { max_body_bytes: 2MiB, max_response_bytes: 1MiB }");
    let manager = manager(&bootstrap);
    assert_eq!(manager["stream_idle_timeout"], "95s");
    let route = &manager["route_config"]["virtual_hosts"][0]["routes"][0];
    assert_eq!(route["request_body_buffer_limit"], (2 << 20) + (128 << 10));
    assert_eq!(
        bootstrap["layered_runtime"]["layers"][0]["static_layer"]["http.async_response_buffer_limit"],
        1 << 20
    );
    assert_eq!(rendered(SDL, "")["layered_runtime"], Value::Null, "Envoy's default needs no entry");
    let store = "plan_cache: { layers: { l3: { url: 'http://127.0.0.1:9/plans', max_object_bytes: 2MiB } } }";
    let bootstrap = rendered(SDL, &format!("limits: {{ max_response_bytes: 1MiB }}\n{store}"));
    assert_eq!(
        bootstrap["layered_runtime"]["layers"][0]["static_layer"]["http.async_response_buffer_limit"],
        2 << 20,
        "a plan from the store must fit too"
    );
}

#[test]
fn odd_texts_arrive_unchanged() {
    let sdl = SDL.replace('\n', "\r\n");
    let bootstrap = rendered(&sdl, "");
    assert_eq!(configuration(&bootstrap)["supergraph"]["inline"], sdl.trim_end());
    let bootstrap = rendered(&format!("\n\n   {SDL}"), "");
    assert!(config::load(&configuration(&bootstrap).to_string()).is_ok());
}

#[test]
fn a_block_of_sdl_is_the_sdl() {
    let bootstrap = rendered(SDL, "");
    let inline = configuration(&bootstrap)["supergraph"]["inline"].as_str().unwrap().to_owned();
    assert_eq!(inline.trim_end(), SDL.trim_end());
}

#[test]
fn clusters_that_cannot_be_written_are_problems() {
    let one_name = "subgraphs:\n  accounts: { cluster: c, url: 'http://a:1/' }\n  reviews: { cluster: c, url: 'http://b:1/' }\n";
    let problems = render(SDL, one_name).unwrap_err();
    assert_eq!(problems[0].place, "subgraphs.reviews.url");
    assert!(problems[0].message.contains("a:1"), "{problems:?}");

    let sdl = SDL.replace("http://127.0.0.1:4100/accounts/graphql", "");
    let problems = render(&sdl, "subgraphs: { accounts: { cluster: c } }").unwrap_err();
    assert_eq!(problems[0].place, "subgraphs.accounts.url");
}

#[test]
fn a_supergraph_may_be_named_by_the_configuration() {
    let files = Files::new(SDL, "supergraph: { file: supergraph.graphql }");
    let sources = Sources { supergraph: None, config: files.options().sources.config };
    assert!(sources.read().is_ok());
    let files = Files::new(SDL, "supergraph: { file: missing.graphql }\npth: /");
    let sources = Sources { supergraph: None, config: files.options().sources.config };
    let places: Vec<String> =
        sources.read().err().unwrap().into_iter().map(|problem| problem.place).collect();
    assert_eq!(places, ["supergraph.file", "pth"]);
}

#[test]
fn the_store_and_the_source_get_clusters_and_the_filter_knows_them() {
    let settings = "supergraph: { fetch: { url: 'http://registry:8080/sdl', interval: 20s } }\n\
        plan_cache: { layers: { l3: { url: 'https://plans.example.com/weir' } } }";
    let bootstrap = rendered(SDL, settings);
    let loaded = config::load(&configuration(&bootstrap).to_string()).unwrap_or_else(|p| panic!("{p:#?}"));
    let (source, store) = (loaded.config.fetch.unwrap(), loaded.config.plan_cache.store.unwrap());
    assert_eq!(source.interval, Duration::from_secs(20));
    for (name, host, tls) in
        [(source.target.cluster, "registry", false), (store.target.cluster, "plans.example.com", true)]
    {
        let clusters = clusters(&bootstrap);
        let cluster = clusters.iter().find(|cluster| cluster["name"] == name.as_str()).unwrap();
        let endpoint = &cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"];
        assert_eq!(endpoint["address"]["socket_address"]["address"], host);
        assert_eq!(cluster["transport_socket"].is_object(), tls);
    }
    // One whose cluster alone is named is the user's to write.
    let named = rendered(SDL, "plan_cache: { layers: { l3: { cluster: s3 } } }");
    assert!(clusters(&named).iter().all(|cluster| cluster["name"] != "s3"));
    let clash = "plan_cache: { layers: { l3: { url: 'http://plans:1/', cluster: weir_127.0.0.1_4100 } } }";
    let problems = render(SDL, clash).unwrap_err();
    assert_eq!(problems[0].place, "plan_cache.layers.l3.url");
    assert!(problems[0].message.contains("127.0.0.1:4100"), "{problems:?}");
}

#[test]
fn a_manifest_in_a_file_is_put_into_the_settings() {
    let files = Files::new(SDL, "plan_cache: { warm_up: { manifest_file: manifest.json } }");
    let manifest = files.folder.path().join("manifest.json");
    let problems = files.options().sources.read().err().unwrap();
    assert_eq!(problems[0].place, "plan_cache.warm_up.manifest_file");
    fs::write(&manifest, "{\"operations\": [{\"body\": \"{ me { name } }\"}]}").unwrap();
    let settings = files.options().sources.read().unwrap_or_else(|p| panic!("{p:#?}"));
    assert_eq!(settings.loaded.config.plan_cache.warm_up.operations[0].query, "{ me { name } }");
    fs::write(&manifest, "operations").unwrap();
    let problems = files.options().sources.read().err().unwrap();
    assert!(problems[0].message.contains("is not JSON"), "{problems:?}");
}

/// The HTTP options of the cluster with this name.
fn protocol<'a>(bootstrap: &'a Value, name: &str) -> &'a Value {
    let found = clusters(bootstrap).into_iter().find(|cluster| cluster["name"] == name).unwrap();
    &found["typed_extension_protocol_options"]["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"]
}

const DEMO: &str = "weir_127.0.0.1_4100";

#[test]
fn a_cluster_speaks_what_its_subgraphs_are_set_to() {
    let auto = rendered(SDL, "");
    assert_eq!(protocol(&auto, DEMO)["explicit_http_config"], json!({ "http_protocol_options": {} }));
    assert_eq!(protocol(&auto, DEMO)["common_http_protocol_options"]["idle_timeout"], "4s");

    // One of those that share a cluster is enough.
    let http2 = rendered(SDL, "subgraphs: { reviews: { protocol: http2 } }");
    let options = &protocol(&http2, DEMO)["explicit_http_config"]["http2_protocol_options"];
    assert_eq!(options["max_concurrent_streams"], 1024);
    assert_eq!(options["initial_stream_window_size"], 1 << 20);
    assert_eq!(options["initial_connection_window_size"], 16 << 20);
    assert_eq!(options["connection_keepalive"], json!({ "interval": "10s", "timeout": "10s" }));
    assert_eq!(protocol(&http2, DEMO)["common_http_protocol_options"]["idle_timeout"], "600s");

    let tls = "weir_tls_a.example_443";
    let at = "url: 'https://a.example/'";
    let alpn = rendered(SDL, &format!("subgraphs: {{ accounts: {{ {at} }} }}"));
    let both = &protocol(&alpn, tls)["auto_config"];
    assert_eq!(both["http_protocol_options"], json!({}));
    assert_eq!(both["http2_protocol_options"], *options);
    assert!(protocol(&alpn, tls)["explicit_http_config"].is_null());
    for (word, chosen) in [("http1", "http_protocol_options"), ("http2", "http2_protocol_options")] {
        let set = rendered(SDL, &format!("subgraphs: {{ accounts: {{ {at}, protocol: {word} }} }}"));
        assert!(protocol(&set, tls)["explicit_http_config"][chosen].is_object());
        assert!(protocol(&set, tls)["auto_config"].is_null());
    }
}

#[test]
fn connections_are_bounded_well_above_what_weir_lets_through() {
    let bootstrap = rendered(SDL, "subgraphs: { reviews: { connection_pool: { max_connections: 10 } } }");
    let cluster = clusters(&bootstrap)[0];
    let thresholds = &cluster["circuit_breakers"]["thresholds"];
    assert_eq!(thresholds.as_array().map(Vec::len), Some(1));
    // Four subgraphs share it.
    let most = 8 * (3 * 1024 + 10);
    for bound in ["max_connections", "max_pending_requests", "max_requests"] {
        assert_eq!(thresholds[0][bound], most, "{bound}");
    }
    assert_eq!(thresholds[0]["max_retries"], 0);
    assert_eq!(thresholds[0]["track_remaining"], true);
    assert_eq!(cluster["connect_timeout"], "5s");
    assert!(cluster["outlier_detection"].is_null() && cluster["health_checks"].is_null());
    let keepalive = &cluster["upstream_connection_options"]["tcp_keepalive"];
    assert_eq!(keepalive["keepalive_time"], 10);
    let huge = rendered(SDL, "connection_pool: { max_connections: 100000 }");
    assert_eq!(clusters(&huge)[0]["circuit_breakers"]["thresholds"][0]["max_connections"], 3_200_000);
}

#[test]
fn connections_are_as_they_are_set() {
    let settings = "connection_pool: { connection_timeout: 250ms, idle_timeout: 1m, keep_alive: false, \
        reuse_connections: false, preconnect: true }";
    for (protocol_word, options) in [("http1", "http_protocol_options"), ("http2", "http2_protocol_options")]
    {
        let bootstrap =
            rendered(SDL, &format!("{settings}\nsubgraphs: {{ reviews: {{ protocol: {protocol_word} }} }}"));
        let cluster = clusters(&bootstrap)[0];
        assert_eq!(cluster["connect_timeout"], "0.25s");
        assert_eq!(cluster["preconnect_policy"]["per_upstream_preconnect_ratio"], 1.5);
        assert!(cluster["upstream_connection_options"].is_null());
        let protocol = protocol(&bootstrap, DEMO);
        assert_eq!(protocol["common_http_protocol_options"]["idle_timeout"], "60s");
        assert_eq!(protocol["common_http_protocol_options"]["max_requests_per_connection"], 1);
        let options = &protocol["explicit_http_config"][options];
        assert!(options.is_object() && options["connection_keepalive"].is_null(), "{options}");
    }
    let http2 = rendered(SDL, "subgraphs: { reviews: { protocol: http2 } }");
    assert!(clusters(&http2)[0]["upstream_connection_options"].is_null(), "it has pings");
}

#[test]
fn envoy_checks_health_where_it_is_told_to() {
    let settings = "health_check: { mode: envoy, timeout: 500ms, unhealthy_threshold: 4 }\n\
        connection_pool: { health_check_interval: 7s }\nsubgraphs: { accounts: { protocol: http2 } }";
    let bootstrap = rendered(SDL, settings);
    let cluster = clusters(&bootstrap)[0];
    let check = &cluster["health_checks"][0];
    assert_eq!((&check["timeout"], &check["interval"]), (&json!("0.5s"), &json!("7s")));
    assert_eq!((&check["healthy_threshold"], &check["unhealthy_threshold"]), (&json!(2), &json!(4)));
    let http = &check["http_health_check"];
    assert_eq!((&http["method"], &http["path"]), (&json!("POST"), &json!("/accounts/graphql")));
    assert_eq!(http["host"], "127.0.0.1:4100");
    assert_eq!(http["send"]["text"], "7b227175657279223a227b5f5f747970656e616d657d227d");
    assert_eq!(http["codec_client_type"], "HTTP2");
    assert_eq!(cluster["common_lb_config"]["healthy_panic_threshold"]["value"], 0);
    for mode in ["weir", "off"] {
        let bootstrap = rendered(SDL, &format!("health_check: {{ mode: '{mode}' }}"));
        assert!(clusters(&bootstrap)[0]["health_checks"].is_null());
        assert!(clusters(&bootstrap)[0]["common_lb_config"].is_null());
    }
}

#[test]
fn subgraphs_that_share_a_cluster_agree_on_its_connections() {
    for (settings, place, both) in [
        ("connection_pool: { idle_timeout: 1m }", "connection_pool.idle_timeout", ["60s", "the default"]),
        ("connection_pool: { keep_alive: false }", "connection_pool.keep_alive", ["false", "true"]),
        ("health_check: { mode: envoy }", "health_check.mode", ["`envoy`", "off"]),
    ] {
        let problems = render(SDL, &format!("subgraphs: {{ reviews: {{ {settings} }} }}")).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].place, format!("subgraphs.reviews.{place}"));
        for part in both.into_iter().chain(["accounts", DEMO]) {
            assert!(problems[0].message.contains(part), "no {part} in {problems:?}");
        }
        // By itself it may have what it wants.
        let apart = format!("subgraphs: {{ reviews: {{ {settings}, cluster: r }} }}");
        assert_eq!(clusters(&rendered(SDL, &apart)).len(), 2);
    }
    // Who checks within Weir, and how, is no matter of the cluster.
    let weirs = "subgraphs: { reviews: { health_check: { mode: 'off', timeout: 90ms } }, accounts: { health_check: { healthy_threshold: 9 } } }";
    assert_eq!(clusters(&rendered(SDL, weirs)).len(), 1);
}

#[test]
fn one_cluster_has_one_version() {
    let settings = "subgraphs:\n  accounts: { protocol: http1 }\n  products: { protocol: auto }\n  reviews: { protocol: http2 }\n";
    let problems = render(SDL, settings).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].place, "subgraphs.reviews.protocol");
    assert!(
        problems[0].message.contains("accounts, inventory, products are called over HTTP/1.1"),
        "{problems:?}"
    );
    let apart = "subgraphs:\n  accounts: { protocol: http1 }\n  reviews: { protocol: http2, cluster: r }\n";
    let bootstrap = rendered(SDL, apart);
    assert!(protocol(&bootstrap, "r")["explicit_http_config"]["http2_protocol_options"].is_object());
    assert!(protocol(&bootstrap, DEMO)["explicit_http_config"]["http_protocol_options"].is_object());
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a server needs a thread: what is tested makes its own runtime")]
fn a_probe_asks_once_and_only_where_it_is_needed() {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        // One connection for the four subgraphs; a second one would find nobody.
        let (mut stream, _) = listener.accept().unwrap();
        drop(listener);
        stream.read_exact(&mut [0; 33]).unwrap();
        stream.write_all(b"\0\0\0\x04\0\0\0\0\0").unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
    });
    let sdl = SDL.replace("127.0.0.1:4100", &format!("127.0.0.1:{port}"));
    let files = Files::new(&sdl, "");
    let probe = |files: &Files| {
        let options = Options { probe: true, ..files.options() };
        let settings = options.sources.read().unwrap_or_else(|p| panic!("{p:#?}"));
        let bootstrap = bootstrap(&settings, &options).unwrap_or_else(|p| panic!("{p:#?}"));
        let yaml: Value = serde_saphyr::from_str(&bootstrap.text).unwrap();
        (bootstrap, yaml)
    };
    let name = format!("weir_127.0.0.1_{port}");
    let (found, yaml) = probe(&files);
    server.join().unwrap();
    assert!(protocol(&yaml, &name)["explicit_http_config"]["http2_protocol_options"].is_object());
    let line = format!("127.0.0.1:{port} (accounts, inventory, products, reviews): HTTP/2");
    assert_eq!(found.asked, [Asked { line, answered: true }]);
    assert_eq!(found.versions, "HTTP/2: accounts, inventory, products, reviews");

    // Now nobody listens there any more.
    let (gone, yaml) = probe(&files);
    assert!(protocol(&yaml, &name)["explicit_http_config"]["http_protocol_options"].is_object());
    assert!(!gone.asked[0].answered && gone.asked[0].line.contains("HTTP/1.1, since"), "{:?}", gone.asked);

    // What is set, and what TLS negotiates, isn't asked.
    let files = Files::new(
        &sdl,
        "subgraphs:\n  accounts: { protocol: http2 }\n  reviews: { url: 'https://a.example/' }\n",
    );
    let (set, yaml) = probe(&files);
    assert!(set.asked.is_empty(), "{:?}", set.asked);
    assert!(protocol(&yaml, &name)["explicit_http_config"]["http2_protocol_options"].is_object());
    assert_eq!(set.versions, "HTTP/2: accounts, inventory, products; by ALPN: reviews");
}
