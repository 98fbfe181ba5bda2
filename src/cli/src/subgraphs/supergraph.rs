//! The composed supergraph of the demo subgraphs, with the URLs at which they are reached.

/// As `envoy/compose.mjs` wrote it, for subgraphs at [`COMPOSED_FOR`].
const COMPOSED: &str = include_str!("../../../../envoy/supergraph.graphql");

/// The start of every subgraph URL in the committed supergraph: the defaults of `weirctl subgraphs`.
const COMPOSED_FOR: &str = "http://127.0.0.1:4100/";

/// The supergraph for subgraphs at `base`, such as `http://127.0.0.1:4100`.
pub(crate) fn supergraph_at(base: &str) -> String {
    COMPOSED.replace(COMPOSED_FOR, &format!("{}/", base.trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::super::service::NAMES;
    use super::*;

    #[test]
    fn every_subgraph_url_is_rewritten() {
        let supergraph = supergraph_at("http://subgraphs:9000/");
        for name in NAMES {
            assert!(supergraph.contains(&format!("url: \"http://subgraphs:9000/{name}/graphql\"")), "{name}");
        }
        assert!(!supergraph.contains("4100"));
    }
}
