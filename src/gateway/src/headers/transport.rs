//! Headers that belong to one connection or to one message, and so never pass through Weir.

/// Whether `name`, in lower case, is a header that Weir or Envoy sets for each message anew: those of the
/// connection (RFC 9110 §7.6.1), and those that describe a body or an address that is not passed on.
pub(crate) fn is_transport(name: &str) -> bool {
    name.starts_with(':')
        || matches!(
            name,
            "accept"
                | "accept-encoding"
                | "connection"
                | "content-encoding"
                | "content-length"
                | "content-type"
                | "expect"
                | "host"
                | "http2-settings"
                | "keep-alive"
                | "proxy-authenticate"
                | "proxy-authorization"
                | "proxy-connection"
                | "te"
                | "trailer"
                | "transfer-encoding"
                | "upgrade"
        )
}
