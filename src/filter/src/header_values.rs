//! Header values of any bytes, for an SDK that takes strings.

use weir_gateway::event::Header;

/// The headers as the SDK wants them to be given to Envoy.
///
/// A value need not be UTF-8 (RFC 9110 §5.5), and a gateway passes it on as it came. The SDK's host calls ask for
/// `&str` all the same, though all that they do with it is to copy its bytes (`serialize_map` in proxy-wasm 0.2.5,
/// to which the version is pinned for that reason).
#[allow(unsafe_code, reason = "the SDK has no host calls that take the values of headers as bytes")]
pub(crate) fn as_strs(headers: &[Header]) -> impl Iterator<Item = (&str, &str)> {
    headers.iter().map(|(name, value)| {
        // SAFETY: that a str is UTF-8 is an invariant of the library and not of the language: what is undefined
        // is to call string functions that rely on it. Here nothing does: the only users of these are the SDK's
        // `dispatch_http_call` and `send_http_response`, which take the length and the bytes.
        (&**name, unsafe { std::str::from_utf8_unchecked(value) })
    })
}
