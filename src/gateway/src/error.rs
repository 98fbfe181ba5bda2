//! The catalogue of errors: each code says whose fault it is and which HTTP status it has.

/// Whose fault an error is (DESIGN, invariant 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// The client must change its request.
    Client,
    /// A subgraph failed; `extensions.service` names it.
    Subgraph,
    /// Weir or its configuration.
    Gateway,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $code:ident = $text:literal, $status:literal, $source:ident;)*) => {
        /// A stable `extensions.code`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $code,)* }

        impl Code {
            /// Every code, in the order of the docs.
            pub const ALL: &'static [Code] = &[$(Code::$code),*];

            /// As it stands in `extensions.code`.
            pub fn text(self) -> &'static str {
                match self { $(Code::$code => $text),* }
            }

            /// The HTTP status of a reply that has this error and no `data`.
            pub fn status(self) -> u16 {
                match self { $(Code::$code => $status),* }
            }

            /// Whose fault it is.
            pub fn source(self) -> Source {
                match self { $(Code::$code => Source::$source),* }
            }

            /// One sentence for the docs.
            pub fn help(self) -> &'static str {
                match self { $(Code::$code => concat!($($doc),+).trim_ascii()),* }
            }
        }
    };
}

codes! {
    /// The request's body or URL is not a GraphQL request: no JSON object, a parameter missing or of the wrong type.
    BadRequest = "BAD_REQUEST", 400, Client;
    /// A GET that another site seems to have made a browser send (`csrf.mode`).
    CsrfRefused = "CSRF_ERROR", 403, Client;
    /// Method other than GET or POST.
    MethodNotAllowed = "METHOD_NOT_ALLOWED", 405, Client;
    /// The client accepts neither `application/json` nor `application/graphql-response+json`.
    NotAcceptable = "NOT_ACCEPTABLE", 406, Client;
    /// The body is larger than `limits.max_body_bytes`.
    BodyTooLarge = "BODY_TOO_LARGE", 413, Client;
    /// The body is not `application/json` in UTF-8, or it is compressed.
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE", 415, Client;
    /// The operation's text is not GraphQL.
    ParseFailed = "GRAPHQL_PARSE_FAILED", 400, Client;
    /// The operation is GraphQL, but not of this schema.
    ValidationFailed = "GRAPHQL_VALIDATION_FAILED", 400, Client;
    /// `operationName` names none of the document's operations, or is missing where there are several.
    UnknownOperation = "OPERATION_RESOLUTION_FAILURE", 400, Client;
    /// A variable is missing or has the wrong type.
    BadVariables = "BAD_USER_INPUT", 400, Client;
    /// Mutation by GET.
    MutationByGet = "MUTATION_BY_GET", 405, Client;
    /// The operation is of a kind that Weir does not serve (subscription).
    UnsupportedOperation = "UNSUPPORTED_OPERATION", 400, Client;
    /// The operation asks for `__schema` or `__type`, and `introspection` is off.
    IntrospectionDisabled = "INTROSPECTION_DISABLED", 400, Client;
    /// The operation breaks one of the `limits`, or a list of operations is too long.
    LimitExceeded = "LIMIT_EXCEEDED", 400, Client;
    /// As many requests are in work as `limits.max_active_requests` allows.
    Overloaded = "OVERLOADED", 503, Gateway;
    /// The operation is valid, but no plan for it was found.
    PlanningFailed = "PLANNING_FAILED", 500, Gateway;
    /// Planning took longer than `limits.max_planning_time`.
    PlanningTimedOut = "PLANNING_TIMED_OUT", 503, Gateway;
    /// The request took longer than `request_timeout`.
    DeadlineExceeded = "DEADLINE_EXCEEDED", 504, Gateway;
    /// The subgraph could not be reached, or its connection broke.
    SubgraphUnreachable = "SUBGRAPH_UNREACHABLE", 502, Subgraph;
    /// Envoy refused the call: no healthy host, or its cluster's limits are reached.
    SubgraphRefused = "SUBGRAPH_REFUSED", 503, Subgraph;
    /// The subgraph did not answer within its timeout.
    SubgraphTimedOut = "SUBGRAPH_TIMED_OUT", 504, Subgraph;
    /// The subgraph's circuit breaker is open; `extensions.retry_after_ms` says when it is tried again.
    SubgraphCircuitOpen = "SUBGRAPH_CIRCUIT_OPEN", 503, Subgraph;
    /// The subgraph is down by its health checks; `extensions.retry_after_ms` says when the next one is.
    SubgraphUnhealthy = "SUBGRAPH_UNHEALTHY", 503, Subgraph;
    /// No connection to the subgraph was free in time, or too many calls waited for one (`connection_pool`).
    SubgraphOverloaded = "SUBGRAPH_OVERLOADED", 503, Subgraph;
    /// The subgraph answered with an HTTP error and no GraphQL response.
    SubgraphHttpError = "SUBGRAPH_HTTP_ERROR", 502, Subgraph;
    /// The subgraph's answer is not a GraphQL response.
    SubgraphMalformed = "SUBGRAPH_MALFORMED_RESPONSE", 502, Subgraph;
    /// The subgraph answered with an error that has no code of its own.
    SubgraphError = "DOWNSTREAM_SERVICE_ERROR", 502, Subgraph;
    /// The subgraphs' answers are together larger than `limits.max_response_bytes`.
    ResponseTooLarge = "RESPONSE_TOO_LARGE", 502, Subgraph;
    /// Merged data has null or the wrong type where the schema promises a value.
    InvalidValue = "INVALID_VALUE", 500, Subgraph;
    /// A fault in Weir; the log has its place.
    Internal = "INTERNAL_SERVER_ERROR", 500, Gateway;
}
