//! Which version of HTTP a subgraph is called with.

/// How the version is chosen. It is the cluster's: Envoy needs it to open connections, and the core never sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubgraphProtocol {
    /// What the subgraph speaks: by ALPN where there is TLS, else what `weirctl` found when it asked, else HTTP/1.1.
    Auto,
    /// HTTP/1.1.
    Http1,
    /// HTTP/2; without TLS by prior knowledge (RFC 9113, section 3.3).
    Http2,
}
