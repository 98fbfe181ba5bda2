//! Names that linked specifications bring into a supergraph, and no client should see.

/// Prefixes of their types and directives.
const PREFIXES: [&str; 11] = [
    "join__",
    "link__",
    "core__",
    "federation__",
    "inaccessible__",
    "tag__",
    "authenticated__",
    "requiresScopes__",
    "policy__",
    "context__",
    "connect__",
];

/// Directives of federation that have no prefix.
const DIRECTIVES: [&str; 13] = [
    "link",
    "core",
    "inaccessible",
    "tag",
    "authenticated",
    "requiresScopes",
    "policy",
    "context",
    "fromContext",
    "connect",
    "source",
    "cost",
    "listSize",
];

/// Whether a type of this name is machinery of federation.
pub(crate) fn is_internal_type(name: &str) -> bool {
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether a directive of this name is machinery of federation.
pub(crate) fn is_internal_directive(name: &str) -> bool {
    is_internal_type(name) || DIRECTIVES.contains(&name)
}
