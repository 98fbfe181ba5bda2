//! The catalogue of settings: every key of the configuration, its kind, default and bounds, and why the
//! default is what it is. Reading a document, refusing unknown keys and the docs derive from it. Groups that each
//! subgraph may have for itself stand with their structs ([`super::group`]).

use std::iter;
use std::time::Duration;

use super::choice::{Choice, List, ListKind, Switch};
use super::header_rules::HeaderRuleList;
use super::inherited::Inherited;
use super::limit_names::LimitNames;
use super::operations::{Manifest, OperationList};
use super::plan_cache::Coherency;
use super::preset::Preset;
use super::shape::{Bytes, Count, Flag, Shape, Span, Text, TextKind};
use super::subgraph_protocol::SubgraphProtocol;
use super::{entity_batching, traffic};
use crate::error_policy::ErrorMode;
use crate::protocol::CsrfMode;
use weir_cache::Strategy;

/// One setting.
#[derive(Debug)]
pub(super) struct Setting<S> {
    /// The key, with `*` for a subgraph's name.
    pub(super) path: &'static str,
    pub(super) shape: S,
    /// What it does, and the reason for its default.
    pub(super) doc: &'static str,
}

/// What the docs say of a setting.
pub trait Entry: Sync {
    /// The key, with `*` for a subgraph's name.
    fn path(&self) -> &'static str;
    /// What it does, and the reason for its default.
    fn doc(&self) -> &'static str;
    /// The kind of value, with an example.
    fn kind(&self) -> &'static str;
    /// The default as users would write it, or where it comes from.
    fn default_text(&self) -> String;
    /// The least and greatest value, as users would write them.
    fn bounds(&self) -> Option<(String, String)>;
}

impl<S: Shape + Sync> Entry for Setting<S> {
    fn path(&self) -> &'static str {
        self.path
    }

    fn doc(&self) -> &'static str {
        self.doc
    }

    fn kind(&self) -> &'static str {
        self.shape.kind()
    }

    fn default_text(&self) -> String {
        self.shape.default_text()
    }

    fn bounds(&self) -> Option<(String, String)> {
        self.shape.bounds()
    }
}

const fn text(kind: TextKind, default: Option<&'static str>, unset: &'static str) -> Text {
    Text { kind, default, unset }
}

pub(super) const fn millis(default: u64, least: u64, most: u64) -> Span {
    Span {
        default: Some(Duration::from_millis(default)),
        unset: "",
        least: Duration::from_millis(least),
        most: Duration::from_millis(most),
    }
}

const CSRF_MODES: Choice<CsrfMode> = Choice {
    words: &[
        ("fetch_metadata", CsrfMode::FetchMetadata),
        ("strict", CsrfMode::Strict),
        ("off", CsrfMode::Off),
    ],
    default: Some(CsrfMode::FetchMetadata),
    unset: "",
    kind: "`fetch_metadata`, `strict` or `off`",
};

const fn error_modes(default: Option<ErrorMode>, unset: &'static str) -> Choice<ErrorMode> {
    Choice {
        words: &[("pass", ErrorMode::Pass), ("mask", ErrorMode::Mask), ("filter", ErrorMode::Filter)],
        default,
        unset,
        kind: "`pass`, `mask` or `filter`",
    }
}

const PROTOCOLS: Choice<SubgraphProtocol> = Choice {
    words: &[
        ("auto", SubgraphProtocol::Auto),
        ("http1", SubgraphProtocol::Http1),
        ("http2", SubgraphProtocol::Http2),
    ],
    default: Some(SubgraphProtocol::Auto),
    unset: "",
    kind: "`auto`, `http1` or `http2`",
};

const PRESETS: Choice<Preset> = Choice {
    words: &[("development", Preset::Development), ("production", Preset::Production)],
    default: None,
    unset: "none",
    kind: "`development` or `production`",
};

const fn strategies(default: Option<Strategy>, unset: &'static str) -> Choice<Strategy> {
    Choice {
        words: &[("lru", Strategy::Lru), ("lru_batch", Strategy::LruBatch)],
        default,
        unset,
        kind: "`lru` or `lru_batch`",
    }
}

const COHERENCY: Choice<Coherency> = Choice {
    words: &[("write_through", Coherency::WriteThrough)],
    default: Some(Coherency::WriteThrough),
    unset: "",
    kind: "`write_through`",
};

const fn inherited_count(least: u32, most: u32, unset: &'static str) -> Inherited<Count> {
    Inherited { shape: Count { default: least, least, most }, unset }
}

const fn inherited_bytes(least: u32, most: u32, unset: &'static str) -> Inherited<Bytes> {
    Inherited { shape: Bytes { default: least, least, most }, unset }
}

const fn inherited_span(unset: &'static str, least: u64, most: u64) -> Span {
    Span { default: None, unset, least: Duration::from_millis(least), most: Duration::from_millis(most) }
}

const fn inherited(unset: &'static str) -> Switch {
    Switch { default: None, unset }
}

pub(super) const ON: Switch = Switch { default: Some(true), unset: "" };

pub(super) const OFF: Switch = Switch { default: Some(false), unset: "" };

pub(super) const fn list(kind: ListKind, default: &'static [&'static str]) -> List {
    List { kind, default: Some(default), unset: "" }
}

const fn inherited_list(unset: &'static str) -> List {
    List { kind: ListKind::Texts, default: None, unset }
}

macro_rules! settings {
    ($($name:ident: $shape:ty = $path:literal, $value:expr, $doc:literal;)*) => {
        $(pub(super) static $name: Setting<$shape> = Setting { path: $path, shape: $value, doc: $doc };)*

        /// The settings that stand in this file.
        static SETTINGS: &[&dyn Entry] = &[$(&$name),*];
    };
}

/// In milliseconds.
pub(super) const HOUR: u64 = 3_600_000;

settings! {
    SUPERGRAPH_INLINE: Text = "supergraph.inline", text(TextKind::Any, None, "required"),
        "The supergraph's SDL, as a composition tool writes it; inline, because Envoy's sandbox has no files.";
    SUPERGRAPH_FILE: Text = "supergraph.file", text(TextKind::Any, None, "none"),
        "A file with the supergraph's SDL, relative to the configuration file; for weirctl, which inlines it.";
    PRESET: Choice<Preset> = "preset", PRESETS,
        "Defaults for a kind of place: small caches and short lifetimes on a developer's machine, large ones in production; none, so that a default is what this page says. What is set beside it holds.";
    FETCH_URL: Text = "supergraph.fetch.url", text(TextKind::Url, None, "none: no polling"),
        "Where the latest supergraph SDL is served over HTTP. It is asked for again and again, and a new one is taken without a restart once it has been checked and the hottest plans are made anew; until then, and while it can't be had, the one that Weir started with serves.";
    FETCH_CLUSTER: Text = "supergraph.fetch.cluster", text(TextKind::Cluster, None, "after the URL: `weir_HOST_PORT`"),
        "The Envoy cluster that is asked; its own transport socket and filters may add TLS and credentials.";
    FETCH_AUTHORITY: Text = "supergraph.fetch.authority", text(TextKind::Authority, None, "the URL's host and port"),
        "The Host header of these requests.";
    FETCH_PATH: Text = "supergraph.fetch.path", text(TextKind::Path, None, "the URL's path"),
        "The path of these requests.";
    FETCH_INTERVAL: Span = "supergraph.fetch.interval", millis(10_000, 100, HOUR),
        "Time between two questions, which one worker asks for all (with `If-None-Match`, so an answer is seldom more than a status line); 10s is what registries are made for. After a failure it doubles up to 16 times itself.";
    FETCH_TIMEOUT: Span = "supergraph.fetch.timeout", millis(5_000, 10, 60_000),
        "How long one answer may take; 5s lets megabytes pass.";
    OVERRIDE_LABELS: List = "override_labels", list(ListKind::Texts, &[]),
        "Labels of `@override(label:)` that are active, so that their fields come from the new subgraph; none, so that a new supergraph moves no traffic by itself. A label `percent(n)` needs no setting: n of 100 operations are on, by the hash of their text.";
    PATH: Text = "path", text(TextKind::Route, Some("/graphql"), ""),
        "The path of the GraphQL endpoint; `/graphql` is what most clients try first.";
    REQUEST_TIMEOUT: Span = "request_timeout", millis(30_000, 1, HOUR),
        "How long a client's request may take in all; 30s leaves room for three subgraph timeouts in a row.";
    MAX_BODY_BYTES: Bytes = "limits.max_body_bytes", Bytes { default: 1 << 20, least: 1 << 10, most: 64 << 20 },
        "Size of a request's body; 1MiB holds any operation written by hand, and Envoy buffers no more by itself.";
    MAX_TOKENS: Count = "limits.max_tokens", Count { default: 15_000, least: 10, most: 1_000_000 },
        "Tokens of an operation's text; 15000 is some 90 KB of GraphQL, parsed in a few milliseconds.";
    MAX_DEPTH: Count = "limits.max_depth", Count { default: 50, least: 1, most: 100 },
        "Depth of nested selections; clients stay below 20, and 50 is far from the end of the sandbox's stack.";
    MAX_HEIGHT: Count = "limits.max_height", Count { default: 10_000, least: 1, most: 50_000 },
        "Fields of an operation, a fragment's as often as it is spread; 10000 are planned within some milliseconds.";
    MAX_ALIASES: Count = "limits.max_aliases", Count { default: 200, least: 0, most: 50_000 },
        "Aliases of an operation, counted like fields; each may ask for the same work once more, and clients that generate them write some dozens.";
    MAX_ROOT_FIELDS: Count = "limits.max_root_fields", Count { default: 100, least: 1, most: 50_000 },
        "Fields at an operation's root; each may be a call of its own, and clients that join queries reach some dozens.";
    MAX_DIRECTIVES: Count = "limits.max_directives", Count { default: 500, least: 0, most: 50_000 },
        "Directives of an operation, counted like fields; generated clients write one for each optional part.";
    MAX_INTROSPECTION_DEPTH: Count = "limits.max_introspection_depth", Count { default: 2, least: 0, most: 10 },
        "`fields`, `inputFields`, `interfaces` and `possibleTypes` within each other; tools need 1, and each multiplies the answer by the schema's size.";
    WARN_ONLY: LimitNames = "limits.warn_only", LimitNames,
        "Limits on operations that are logged and counted but let pass, to learn what clients send before refusing it; true stands for all of them.";
    INTROSPECTION: Switch = "introspection", ON,
        "Whether `__schema` and `__type` are answered; on, because development tools need it. If off, errors also suggest no names of the schema.";
    MAX_ACTIVE_REQUESTS: Count = "limits.max_active_requests", Count { default: 10_000, least: 1, most: 1_000_000 },
        "Requests in work in one worker; 10000 of 20 KB each are a fifth of the sandbox's 1 GiB.";
    MAX_PLANNING_TIME: Span = "limits.max_planning_time", millis(1_000, 1, 60_000),
        "Time to plan one operation, during which its worker serves nobody else; plans take milliseconds.";
    MAX_RESPONSE_BYTES: Bytes = "limits.max_response_bytes", Bytes { default: 32 << 20, least: 1 << 10, most: 256 << 20 },
        "Size of all subgraph answers of one request together; 32MiB is the most Envoy takes in one answer.";
    ALL_TIMEOUT: Span = "subgraph_defaults.timeout", millis(10_000, 1, HOUR),
        "How long one call to a subgraph may take; 10s is beyond any healthy answer and below request_timeout.";
    URL: Text = "subgraphs.*.url", text(TextKind::Url, None, "the supergraph's URL"),
        "Where the subgraph listens, in place of the supergraph's URL; one supergraph serves many environments.";
    CLUSTER: Text = "subgraphs.*.cluster", text(TextKind::Cluster, None, "after the URL: `weir_HOST_PORT`"),
        "The Envoy cluster that calls go to; by default one per host and port, so that subgraphs share connections.";
    AUTHORITY: Text = "subgraphs.*.authority", text(TextKind::Authority, None, "the URL's host and port"),
        "The Host header of calls; by default what any HTTP client would send for the URL.";
    CALL_PATH: Text = "subgraphs.*.path", text(TextKind::Path, None, "the URL's path"),
        "The path of calls; by default the URL's, or `/graphql` where there is a cluster and no URL.";
    TIMEOUT: Span = "subgraphs.*.timeout",
        Span { default: None, unset: "subgraph_defaults.timeout", least: Duration::from_millis(1), most: Duration::from_millis(HOUR) },
        "How long one call to this subgraph may take.";
    PROTOCOL: Choice<SubgraphProtocol> = "subgraphs.*.protocol", PROTOCOLS,
        "The version of HTTP that this subgraph is called with; it is a matter of the bootstrap, where `weirctl` writes it, and does nothing in one that is kept. `auto`: by TLS's own negotiation (ALPN) for `https`; for `http`, which has none, what the subgraph speaks when `weirctl run` or `weirctl render --probe` asks it, else HTTP/1.1. The default finds HTTP/2 where it is to be had, since calls over it cost Envoy less than half. Subgraphs on one host and port share a cluster and so the version. `http1` where many instances stand behind one address: HTTP/2 keeps all of a worker's calls on one connection.";
    CACHE_MAX_SIZE: Count = "plan_cache.max_size", Count { default: 10_000, least: 1, most: 1_000_000 },
        "Plans that a layer keeps, unless it says otherwise; 10000 hold the operations of most APIs, and `max_bytes` bounds them besides.";
    CACHE_MAX_BYTES: Bytes = "plan_cache.max_bytes", Bytes { default: 128 << 20, least: 1 << 16, most: 512 << 20 },
        "Memory that a layer takes for plans, unless it says otherwise; 128MiB is an eighth of a worker's sandbox.";
    CACHE_TTL: Span = "plan_cache.ttl", millis(900_000, 100, 30 * 24 * HOUR),
        "How long a plan is kept, unless a layer says otherwise. A plan never turns wrong (its key holds all that it depends on), so this only frees memory of what nobody asks for any more.";
    CACHE_RENEW_TTL: Switch = "plan_cache.renew_ttl", ON,
        "Whether each use starts a plan's lifetime anew; on, since else hot plans would be made again for nothing.";
    CACHE_STRATEGY: Choice<Strategy> = "plan_cache.eviction_strategy", strategies(Some(Strategy::LruBatch), ""),
        "Which plans go when there is no room: `lru` drops the one that was not used for longest, one at a time; `lru_batch` drops a share at once, which costs less for each.";
    CACHE_BATCH_PERCENTAGE: Count = "plan_cache.batch_eviction_percentage", Count { default: 10, least: 1, most: 50 },
        "The share that `lru_batch` drops at once; 10 keeps nine tenths of the room in use.";
    CACHE_WARNING_THRESHOLD: Count = "plan_cache.warning_threshold", Count { default: 85, least: 1, most: 100 },
        "Percent of a layer's room in use above which the alert `plan_cache_capacity` is raised.";
    CACHE_METRICS: Switch = "plan_cache.metrics", ON,
        "Whether times, sharing and the miss-ratio curve are measured and recommendations made; on, since it costs well under a microsecond a request. Hits, misses and evictions are counted in any case.";
    CACHE_ADMISSION: Switch = "plan_cache.admission", ON,
        "Whether a plan must be likelier to be used again than those it would push out, by how often its operation was asked for and how long it took to plan; on, so that one-off operations don't push out hot plans.";
    CACHE_COHERENCY: Choice<Coherency> = "plan_cache.coherency", COHERENCY,
        "How the layers are kept alike: `write_through` writes a new plan to all of them at once. Plans never change under a key, so no other way is needed.";
    L1_MAX_SIZE: Inherited<Count> = "plan_cache.layers.l1.max_size", inherited_count(1, 1_000_000, "plan_cache.max_size"),
        "Plans kept decoded in each worker's memory.";
    L1_MAX_BYTES: Inherited<Bytes> = "plan_cache.layers.l1.max_bytes", inherited_bytes(1 << 16, 512 << 20, "plan_cache.max_bytes"),
        "Memory of each worker for decoded plans.";
    L1_TTL: Span = "plan_cache.layers.l1.ttl", inherited_span("plan_cache.ttl", 100, 30 * 24 * HOUR),
        "How long a worker keeps a plan.";
    L1_STRATEGY: Choice<Strategy> = "plan_cache.layers.l1.eviction_strategy", strategies(None, "plan_cache.eviction_strategy"),
        "Which plans go from a worker's memory.";
    L2_ENABLED: Switch = "plan_cache.layers.l2.enabled", ON,
        "Whether the workers of this Envoy share plans; on, since each would else plan every operation anew.";
    L2_MAX_SIZE: Inherited<Count> = "plan_cache.layers.l2.max_size", inherited_count(1, 1_000_000, "plan_cache.max_size"),
        "Plans that the workers share.";
    L2_MAX_BYTES: Inherited<Bytes> = "plan_cache.layers.l2.max_bytes", inherited_bytes(1 << 16, 512 << 20, "plan_cache.max_bytes"),
        "Envoy's memory for shared plans, which are kept as bytes, which take less than decoded ones.";
    L2_TTL: Span = "plan_cache.layers.l2.ttl", inherited_span("plan_cache.ttl", 100, 30 * 24 * HOUR),
        "How long shared plans are kept.";
    L2_STRATEGY: Choice<Strategy> = "plan_cache.layers.l2.eviction_strategy", strategies(None, "plan_cache.eviction_strategy"),
        "Which shared plans go.";
    L2_CLAIM_TIME: Span = "plan_cache.layers.l2.claim_time", millis(100, 5, 10_000),
        "How long workers wait for one that is planning the operation they need, before they plan it too; 100ms is far above the time of planning, so it is reached only if that worker fails.";
    L3_URL: Text = "plan_cache.layers.l3.url", text(TextKind::Url, None, "none: no store"),
        "An HTTP object store for plans that outlives Envoy and serves a fleet, asked with GET and PUT below this URL: nginx with WebDAV, S3 behind Envoy's signing filter, any such store.";
    L3_CLUSTER: Text = "plan_cache.layers.l3.cluster", text(TextKind::Cluster, None, "after the URL: `weir_HOST_PORT`"),
        "The Envoy cluster of the store; its filters may sign requests.";
    L3_AUTHORITY: Text = "plan_cache.layers.l3.authority", text(TextKind::Authority, None, "the URL's host and port"),
        "The Host header of requests to the store.";
    L3_PATH: Text = "plan_cache.layers.l3.path", text(TextKind::Path, None, "the URL's path"),
        "The path in front of every object's name.";
    STORE_TIMEOUT: Span = "plan_cache.layers.l3.timeout", millis(50, 1, 10_000),
        "How long the store may take before Weir plans by itself; 50ms, since planning takes milliseconds.";
    STORE_TTL: Span = "plan_cache.layers.l3.ttl", millis(24 * HOUR, 1_000, 365 * 24 * HOUR),
        "How old a stored plan may be; a day, so that a fleet that is started each morning starts warm. Deleting old objects is the store's own business.";
    L3_MAX_SIZE: Count = "plan_cache.layers.l3.max_size", Count { default: 100_000, least: 1, most: 10_000_000 },
        "Plans that one worker writes to the store in an hour, at most; a bound on what a flood of distinct operations costs the store, which can't be told to evict.";
    L3_MAX_OBJECT: Bytes = "plan_cache.layers.l3.max_object_bytes", Bytes { default: 1 << 20, least: 1 << 10, most: 8 << 20 },
        "The largest plan that is written or read; everyday ones take some kilobytes.";
    STORE_FAILURES: Count = "plan_cache.layers.l3.failure_threshold", Count { default: 5, least: 1, most: 1_000 },
        "Failures in a row after which the store is left alone.";
    STORE_RESET: Span = "plan_cache.layers.l3.reset_timeout", millis(5_000, 100, HOUR),
        "How long it is left alone before one request tries it again; doubles with each failed trial, up to 32 times itself.";
    WARM_UP_OPERATIONS: OperationList = "plan_cache.warm_up.operations", OperationList,
        "Operations that are planned before traffic: texts, or `{query: TEXT, operation_name: NAME, variables: OBJECT}` where several are in one text or where `@skip` and `@include` depend on variables.";
    WARM_UP_MANIFEST: Manifest = "plan_cache.warm_up.manifest", Manifest,
        "A persisted-operations manifest, as client tools write it: `{operations: [{body: TEXT, name: NAME}]}` (Apollo) or an object of hash and text (Relay).";
    WARM_UP_MANIFEST_FILE: Text = "plan_cache.warm_up.manifest_file", text(TextKind::Any, None, "none"),
        "A file with the manifest, relative to the configuration file; for weirctl, which inlines it.";
    WARM_UP_MAX_TIME: Span = "plan_cache.warm_up.max_time", millis(10_000, 0, HOUR),
        "How long `/ready` waits for the warm-up at the start; what is left then is planned beside the traffic.";
    WARM_UP_PER_TICK: Count = "plan_cache.warm_up.per_tick", Count { default: 5, least: 1, most: 1_000 },
        "Operations that are planned in one turn of a worker beside the traffic, and none while more than `pause_above` requests are in work.";
    WARM_UP_PAUSE: Count = "plan_cache.warm_up.pause_above", Count { default: 50, least: 0, most: 1_000_000 },
        "Requests in work in a worker above which its warm-up beside the traffic pauses.";
    WARM_UP_HOTTEST: Count = "plan_cache.warm_up.hottest", Count { default: 500, least: 0, most: 100_000 },
        "How many of the most used plans are made anew when a new supergraph comes, before it is served.";
    CACHE_HIT_RATE_ALERT: Count = "plan_cache.alerts.hit_rate", Count { default: 75, least: 0, most: 100 },
        "Percent of lookups that find a plan, below which the alert `plan_cache_hit_rate` is raised.";
    CACHE_LOOKUP_ALERT: Span = "plan_cache.alerts.lookup_time", millis(10, 1, 60_000),
        "Average time of a lookup (planning left out) above which the alert `plan_cache_lookup_time` is raised.";
    CACHE_ALERT_INTERVAL: Span = "plan_cache.alerts.interval", millis(30_000, 100, HOUR),
        "The time over which alerts and recommendations look.";
    CACHE_ALERT_SAMPLE: Count = "plan_cache.alerts.min_lookups", Count { default: 100, least: 1, most: 1_000_000 },
        "Lookups in an interval that alerts need; a hit rate of three requests says nothing.";
    CSRF_MODE: Choice<CsrfMode> = "csrf.mode", CSRF_MODES,
        "Which GETs are refused because another site may have made a visitor's browser send them (a POST must be `application/json`, which browsers send to other sites only when these allow it). `fetch_metadata`: those whose `Sec-Fetch-Site` is neither `same-origin` nor `none`, or, where a browser sends none, whose `Origin` or else `Referer` names another host than the request's own. `strict`: all. `off`: none. In each mode a request passes with a content type that is no form's, or with one of `csrf.required_headers`. The default refuses what browsers forge and no program's GET; `strict` also covers browsers from before 2023 that hide the referrer.";
    CSRF_REQUIRED_HEADERS: List = "csrf.required_headers", list(ListKind::Headers, &["x-apollo-operation-name", "apollo-require-preflight"]),
        "Headers of which any one lets a GET pass, since browsers send none of them to another site without asking it first; the defaults are those that Apollo's clients send.";
    BATCHING_ENABLED: Flag = "batching.enabled", Flag,
        "Takes lists of operations in one HTTP request, executed at once and answered by a list in the same order; off, because HTTP/2 serves clients as well and lists get round limits per request.";
    BATCHING_MAX_OPERATIONS: Count = "batching.max_operations", Count { default: 10, least: 1, most: 100 },
        "Operations in one list; 10 is what batching clients gather in their window, and each counts as a request in work.";
    HEADERS_REQUEST: HeaderRuleList = "headers.request", HeaderRuleList { of_responses: false },
        "What subgraphs are sent of the client's headers, rule by rule: `{forward: NAME or LIST, rename: NAME, default: TEXT}`, `{forward_prefix: TEXT, except: LIST}`, `{forward_matching: REGEX, except: LIST}`, `{insert: NAME, value: TEXT}`, `{remove: NAME or LIST}`, `{remove_prefix: TEXT}`, `{remove_matching: REGEX}`. A later rule replaces what an earlier one set. By default nothing passes, since a header may carry a secret that is not for every subgraph; headers of the connection and of the body never do.";
    HEADERS_RESPONSE: HeaderRuleList = "headers.response", HeaderRuleList { of_responses: true },
        "What the client is sent of the subgraphs' headers, with the answer to an operation that was executed; the same rules, `forward…` with `merge`: `first` or `last` (in the order of the plan's fetches), `append` (each a header of its own), for `cache-control` also `strictest` (least lifetime, every prohibition; a subgraph that sends none, and any error, is `no-store`). Without `merge`, `cache-control` is merged to the strictest, `set-cookie` and `vary` are appended, and of others the last holds.";
    TRACE_CONTEXT: Switch = "headers.trace_context", ON,
        "Sends the client's `traceparent` and `tracestate` on to subgraphs; on, since a trace that ends at the gateway is of little use. To make Envoy's own span the parent, put the filter of envoy/README.md above Weir.";
    SUBGRAPH_HEADERS_REQUEST: HeaderRuleList = "subgraphs.*.headers.request", HeaderRuleList { of_responses: false },
        "Rules for this subgraph alone, after those of `headers.request`.";
    SUBGRAPH_HEADERS_RESPONSE: HeaderRuleList = "subgraphs.*.headers.response", HeaderRuleList { of_responses: true },
        "Rules for this subgraph's answers alone, after those of `headers.response`.";
    ERRORS_MODE: Choice<ErrorMode> = "errors.mode", error_modes(Some(ErrorMode::Pass), ""),
        "What clients see of subgraphs' errors. `pass`: all. `mask`: that there was one, and its path. `filter`: messages of `errors.allow_codes`, extensions of `errors.allow_extensions`. All passes by default, because most subgraphs are written to be asked by clients; what is held back is logged at level debug.";
    ERRORS_MESSAGE: Text = "errors.message", text(TextKind::Any, Some("The subgraph could not answer."), ""),
        "The message of an error that is masked; it tells whose fault it is, and nothing else.";
    ERRORS_EXPOSE_CODE: Switch = "errors.expose_code", ON,
        "Whether `extensions.code` is the error's own, or `DOWNSTREAM_SERVICE_ERROR` for all; on, since clients act on codes.";
    ERRORS_EXPOSE_SERVICE: Switch = "errors.expose_service", ON,
        "Whether `extensions.service` names the subgraph; on, since it tells whom to ask, and names are no secret to most.";
    ERRORS_ALLOW_CODES: List = "errors.allow_codes", list(ListKind::Texts, &[]),
        "With `filter`: the codes whose errors keep their message, the others are masked; with none listed all keep it.";
    ERRORS_ALLOW_EXTENSIONS: List = "errors.allow_extensions", list(ListKind::Texts, &[]),
        "With `filter`: the extensions that are kept beside `code` and `service`; none by default, since stack traces stand there.";
    SUBGRAPH_ERRORS_MODE: Choice<ErrorMode> = "subgraphs.*.errors.mode", error_modes(None, "errors.mode"),
        "What clients see of this subgraph's errors.";
    SUBGRAPH_ERRORS_MESSAGE: Text = "subgraphs.*.errors.message", text(TextKind::Any, None, "errors.message"),
        "The message of this subgraph's errors that are masked.";
    SUBGRAPH_ERRORS_EXPOSE_CODE: Switch = "subgraphs.*.errors.expose_code", inherited("errors.expose_code"),
        "Whether the codes of this subgraph's errors are shown.";
    SUBGRAPH_ERRORS_EXPOSE_SERVICE: Switch = "subgraphs.*.errors.expose_service", inherited("errors.expose_service"),
        "Whether errors name this subgraph.";
    SUBGRAPH_ERRORS_ALLOW_CODES: List = "subgraphs.*.errors.allow_codes", inherited_list("errors.allow_codes"),
        "With `filter`: the codes whose errors of this subgraph keep their message.";
    SUBGRAPH_ERRORS_ALLOW_EXTENSIONS: List = "subgraphs.*.errors.allow_extensions", inherited_list("errors.allow_extensions"),
        "With `filter`: the extensions that are kept of this subgraph's errors.";
    REQUEST_SHARING: Flag = "request_sharing.enabled", Flag,
        "Whether identical queries that are in work at the same time, with equal forwarded headers, share one execution; off, since resolvers may have effects that count per request.";
    FAULT_INJECTION: Flag = "fault_injection", Flag,
        "Lets the request header `x-weir-fault` provoke a panic or a trap; off, because it is for tests of Weir itself.";
}

/// All settings, in the order of the docs.
pub fn entries() -> impl Iterator<Item = &'static dyn Entry> + Clone {
    let groups = iter::once(entity_batching::ENTRIES).chain(traffic::entries());
    iter::once(SETTINGS).chain(groups).flatten().copied()
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn every_setting_says_what_it_is_for() {
        for entry in entries() {
            assert!(entry.doc().ends_with('.'), "{}", entry.path());
            assert!(!entry.default_text().is_empty(), "{}", entry.path());
            assert!(!entry.kind().is_empty(), "{}", entry.path());
        }
    }

    #[test]
    fn keys_are_distinct_and_none_is_both_value_and_group() {
        for (i, a) in entries().enumerate() {
            for b in entries().skip(i + 1) {
                assert_ne!(a.path(), b.path());
                assert!(!b.path().starts_with(&format!("{}.", a.path())));
                assert!(!a.path().starts_with(&format!("{}.", b.path())));
            }
        }
    }

    #[test]
    fn defaults_are_within_their_bounds() {
        for setting in
            [&REQUEST_TIMEOUT, &MAX_PLANNING_TIME, &ALL_TIMEOUT, &CACHE_TTL, &STORE_TTL, &FETCH_INTERVAL]
        {
            let text = serde_json::Value::from(setting.default_text());
            assert_eq!(setting.shape.read(&text).ok(), setting.shape.default, "{}", setting.path);
        }
        for setting in [&MAX_BODY_BYTES, &MAX_RESPONSE_BYTES, &CACHE_MAX_BYTES] {
            let text = serde_json::Value::from(setting.default_text());
            assert_eq!(setting.shape.read(&text).ok(), setting.shape.default(), "{}", setting.path);
        }
        for setting in [
            &MAX_TOKENS,
            &MAX_DEPTH,
            &MAX_HEIGHT,
            &MAX_ALIASES,
            &MAX_ROOT_FIELDS,
            &MAX_DIRECTIVES,
            &MAX_INTROSPECTION_DEPTH,
            &MAX_ACTIVE_REQUESTS,
            &CACHE_MAX_SIZE,
            &CACHE_BATCH_PERCENTAGE,
            &CACHE_WARNING_THRESHOLD,
        ] {
            let number = serde_json::Value::from(setting.shape.default);
            assert_eq!(setting.shape.read(&number).ok(), setting.shape.default(), "{}", setting.path);
        }
    }
}
