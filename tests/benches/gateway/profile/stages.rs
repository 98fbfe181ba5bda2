//! The stages of a request, as groups of functions: by where a function is written (`symbol::definition`).

use Duty::{Allocator, Shared};
use Stage::{Filter, Merging, Reading, Representations, Request, Rest, Traffic, Writing};

/// What the module does for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Stage {
    Request,
    Traffic,
    Reading,
    Merging,
    Representations,
    Writing,
    Rest,
    Filter,
}

/// What a function is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duty {
    For(Stage),
    /// Serves several stages: what it takes is its caller's.
    Shared,
    /// As `Shared`, with a line of its own.
    Allocator,
}

/// Where functions are written and what for: a path, what of it (all, if nothing is said), and the duty. The first line
/// that fits holds.
const DUTIES: &[(&str, &[&str], Duty)] = &[
    ("weir_gateway::response::segment", &SEGMENT_LOOKS, Shared),
    ("weir_gateway::response", &["read", "quick", "scanner", "special", "segment"], Duty::For(Reading)),
    ("weir_gateway::executor", &["reading"], Duty::For(Reading)),
    ("simdutf8", &[], Duty::For(Reading)),
    ("weir_gateway::executor", &["locate", "representation", "keys"], Duty::For(Representations)),
    ("weir_gateway::executor::execution", &BODIES, Duty::For(Representations)),
    ("weir_gateway::executor", &["absorb"], Duty::For(Merging)),
    ("weir_gateway::response::tree", &TREE_CHANGES, Duty::For(Merging)),
    ("weir_gateway::response", &["project", "run"], Duty::For(Writing)),
    // Looks into what was read, and comparisons.
    ("weir_gateway::response", &["view", "tree", "bytes"], Shared),
    ("weir_gateway::pipeline", &["intake", "acquire", "store", "warm_up"], Duty::For(Request)),
    ("weir_gateway", &["protocol", "prepare", "known", "plans", "coerce"], Duty::For(Request)),
    ("weir_planner", &[], Duty::For(Request)),
    ("weir_cache", &[], Duty::For(Request)),
    ("sonic_rs", &[], Duty::For(Request)),
    ("sonic_number", &[], Duty::For(Request)),
    ("faststr", &[], Duty::For(Request)),
    ("serde", &[], Duty::For(Request)),
    ("serde_core", &[], Duty::For(Request)),
    ("serde_json", &[], Duty::For(Request)),
    ("hive_router_query_planner", &[], Duty::For(Request)),
    ("graphql_tools", &[], Duty::For(Request)),
    ("combine", &[], Duty::For(Request)),
    ("postcard", &[], Duty::For(Request)),
    (
        "weir_gateway::pipeline",
        &["traffic", "entity_batching", "request_sharing", "monitor"],
        Duty::For(Traffic),
    ),
    ("weir_gateway", &["loader"], Duty::For(Traffic)),
    ("weir_traffic", &[], Duty::For(Traffic)),
    ("weir_telemetry", &[], Duty::For(Traffic)),
    ("hdrhistogram", &[], Duty::For(Traffic)),
    ("weir_gateway", &[], Duty::For(Rest)),
    ("weir", &[], Duty::For(Filter)),
    ("weir_floor", &[], Duty::For(Filter)),
    ("floor", &[], Duty::For(Filter)),
    ("proxy_wasm", &[], Duty::For(Filter)),
    ("alloc", &["raw_vec", "alloc"], Allocator),
    ("__rustc", &[], Allocator),
    // wasi-libc's dlmalloc.
    ("", &ALLOCATOR, Allocator),
];

/// Methods of a segment that look into it; the others fill it.
const SEGMENT_LOOKS: [&str; 12] = [
    "get",
    "objects",
    "text",
    "between",
    "items",
    "fields",
    "fields_and_keys",
    "bytes",
    "with_key",
    "len",
    "of",
    "position",
];
/// Methods of a tree that merge, and put layers upon its segments.
const TREE_CHANGES: [&str; 9] =
    ["merge", "merge_values", "patch", "copy", "keys", "parts", "push_layer", "forward", "add"];
/// Methods of an execution that write what is asked of a subgraph.
const BODIES: [&str; 5] = ["representations", "body_of", "places_of_root", "write_key", "write_string"];
const ALLOCATOR: [&str; 11] = [
    "malloc",
    "dlmalloc",
    "prepend_alloc",
    "free",
    "dlfree",
    "calloc",
    "realloc",
    "dispose_chunk",
    "posix_memalign",
    "internal_memalign",
    "sbrk",
];

/// What a function is there for. Who isn't listed (std, collections, hashes, libc) serves its caller.
pub(crate) fn duty(definition: &str) -> Duty {
    // The exports, which proxy-wasm's SDK defines.
    if definition.starts_with("proxy_on_") {
        return Duty::For(Filter);
    }
    let fits = |(place, parts, _): &&(&str, &[&str], Duty)| {
        below(definition, place)
            .is_some_and(|rest| parts.is_empty() || parts.iter().any(|part| below(rest, part).is_some()))
    };
    DUTIES.iter().find(fits).map_or(Shared, |(.., duty)| *duty)
}

/// What of a path follows one that it begins with; everything follows the empty one.
fn below<'a>(path: &'a str, start: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(start)?;
    if rest.is_empty() || start.is_empty() { Some(rest) } else { rest.strip_prefix("::") }
}
