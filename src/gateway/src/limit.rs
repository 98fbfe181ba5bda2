//! The bounds that Weir holds requests to, by the names that metrics and `limits.warn_only` use.

use weir_planner::OperationLimit;

macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $limit:ident = $name:literal;)*) => {
        /// A bound, as metrics name it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Limit { $($(#[doc = $doc])+ $limit,)* }

        impl Limit {
            /// Every bound.
            pub const ALL: &'static [Limit] = &[$(Limit::$limit),*];

            /// Its name in metrics and settings.
            pub fn name(self) -> &'static str {
                match self { $(Limit::$limit => $name),* }
            }
        }
    };
}

limits! {
    /// `limits.max_active_requests`.
    ActiveRequests = "active_requests";
    /// `limits.max_body_bytes`.
    BodyBytes = "body_bytes";
    /// `limits.max_tokens`.
    Tokens = "tokens";
    /// `limits.max_depth`.
    Depth = "depth";
    /// `limits.max_height`.
    Height = "height";
    /// `limits.max_aliases`.
    Aliases = "aliases";
    /// `limits.max_root_fields`.
    RootFields = "root_fields";
    /// `limits.max_directives`.
    Directives = "directives";
    /// `limits.max_introspection_depth`.
    IntrospectionDepth = "introspection_depth";
    /// What protects the sandbox whatever is configured: nesting, the cost of validation, the size of an
    /// introspection result.
    Complexity = "complexity";
    /// `limits.max_planning_time`.
    PlanningTime = "planning_time";
    /// `batching.max_operations`.
    BatchOperations = "batch_operations";
    /// Headers of subgraphs that a reply carries back.
    ResponseHeaders = "response_headers";
    /// `limits.max_response_bytes`.
    ResponseBytes = "response_bytes";
}

impl From<OperationLimit> for Limit {
    fn from(limit: OperationLimit) -> Limit {
        match limit {
            OperationLimit::Tokens => Limit::Tokens,
            OperationLimit::Depth => Limit::Depth,
            OperationLimit::Height => Limit::Height,
            OperationLimit::Aliases => Limit::Aliases,
            OperationLimit::RootFields => Limit::RootFields,
            OperationLimit::Directives => Limit::Directives,
            OperationLimit::IntrospectionDepth => Limit::IntrospectionDepth,
            OperationLimit::Nesting => Limit::Complexity,
        }
    }
}

/// The bound of that name, if it can be only warned of. The others protect the sandbox.
pub(crate) fn warnable(name: &str) -> Option<OperationLimit> {
    OperationLimit::ALL.into_iter().find(|limit| Limit::from(*limit).name() == name)
}
