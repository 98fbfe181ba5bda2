//! The catalogue of settings: every key of the configuration, its kind, default and bounds, and why the
//! default is what it is. Reading a document, refusing unknown keys and the docs derive from this table.

use std::time::Duration;

use super::choice::{Choice, List, ListKind, Switch};
use super::header_rules::HeaderRuleList;
use super::limit_names::LimitNames;
use super::shape::{Bytes, Count, Flag, Shape, Span, Text, TextKind};
use crate::error_policy::ErrorMode;
use crate::protocol::CsrfMode;

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

const fn millis(default: u64, least: u64, most: u64) -> Span {
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

const fn inherited(unset: &'static str) -> Switch {
    Switch { default: None, unset }
}

const ON: Switch = Switch { default: Some(true), unset: "" };

const fn list(kind: ListKind, default: &'static [&'static str]) -> List {
    List { kind, default: Some(default), unset: "" }
}

const fn inherited_list(unset: &'static str) -> List {
    List { kind: ListKind::Texts, default: None, unset }
}

macro_rules! settings {
    ($($name:ident: $shape:ty = $path:literal, $value:expr, $doc:literal;)*) => {
        $(pub(super) static $name: Setting<$shape> = Setting { path: $path, shape: $value, doc: $doc };)*

        /// All settings, in the order of the docs.
        pub static CATALOGUE: &[&dyn Entry] = &[$(&$name),*];
    };
}

const HOUR: u64 = 3_600_000;

settings! {
    SUPERGRAPH_INLINE: Text = "supergraph.inline", text(TextKind::Any, None, "required"),
        "The supergraph's SDL, as a composition tool writes it; inline, because Envoy's sandbox has no files.";
    SUPERGRAPH_FILE: Text = "supergraph.file", text(TextKind::Any, None, "none"),
        "A file with the supergraph's SDL, relative to the configuration file; for weirctl, which inlines it.";
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
    MAX_CACHED_PLANS: Count = "limits.max_cached_plans", Count { default: 1_000, least: 1, most: 100_000 },
        "Plans kept in one worker; 1000 of 20 KB each are 20 MB, and few APIs see more distinct operations.";
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
    FAULT_INJECTION: Flag = "fault_injection", Flag,
        "Lets the request header `x-weir-fault` provoke a panic or a trap; off, because it is for tests of Weir itself.";
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn every_setting_says_what_it_is_for() {
        for entry in CATALOGUE {
            assert!(entry.doc().ends_with('.'), "{}", entry.path());
            assert!(!entry.default_text().is_empty(), "{}", entry.path());
            assert!(!entry.kind().is_empty(), "{}", entry.path());
        }
    }

    #[test]
    fn keys_are_distinct_and_none_is_both_value_and_group() {
        for (i, a) in CATALOGUE.iter().enumerate() {
            for b in &CATALOGUE[i + 1..] {
                assert_ne!(a.path(), b.path());
                assert!(!b.path().starts_with(&format!("{}.", a.path())));
                assert!(!a.path().starts_with(&format!("{}.", b.path())));
            }
        }
    }

    #[test]
    fn defaults_are_within_their_bounds() {
        for setting in [&REQUEST_TIMEOUT, &MAX_PLANNING_TIME, &ALL_TIMEOUT] {
            let text = serde_json::Value::from(setting.default_text());
            assert_eq!(setting.shape.read(&text).ok(), setting.shape.default, "{}", setting.path);
        }
        for setting in [&MAX_BODY_BYTES, &MAX_RESPONSE_BYTES] {
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
            &MAX_CACHED_PLANS,
        ] {
            let number = serde_json::Value::from(setting.shape.default);
            assert_eq!(setting.shape.read(&number).ok(), setting.shape.default(), "{}", setting.path);
        }
    }
}
