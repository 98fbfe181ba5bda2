//! A client's request before its body: read from Envoy once, at the start of the stream.

use proxy_wasm::hostcalls;
use proxy_wasm::types::MapType;
use weir_gateway::event::HttpRequest;

use crate::hostcall::{Refused, attempt};

/// Method, path and headers of a request.
#[derive(Debug)]
pub(crate) struct RequestHead {
    request: HttpRequest,
}

impl RequestHead {
    /// Reads the head of the stream whose callback is running.
    ///
    /// Only the `_bytes` getters will do: one header that is not UTF-8 makes the others panic (HOST §10).
    ///
    /// # Errors
    /// The host has no headers to give.
    pub(crate) fn read() -> Result<RequestHead, Refused> {
        attempt(|| hostcalls::get_map_bytes(MapType::HttpRequestHeaders)).map(RequestHead::from_pairs)
    }

    /// `pairs` as Envoy keeps them: names in lower case, pseudo-headers among them.
    fn from_pairs(pairs: Vec<(String, Vec<u8>)>) -> RequestHead {
        let mut request = HttpRequest { headers: Vec::with_capacity(pairs.len()), ..HttpRequest::default() };
        for (name, value) in pairs {
            match name.as_str() {
                ":method" => request.method = text(value),
                ":path" => request.path = text(value),
                ":authority" => request.headers.push(("host".to_owned(), value)),
                _ if name.starts_with(':') => {}
                _ => request.headers.push((name, value)),
            }
        }
        RequestHead { request }
    }

    /// Path and query; empty if there is none (`CONNECT`).
    pub(crate) fn path(&self) -> &str {
        &self.request.path
    }

    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&[u8]> {
        self.request.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_slice())
    }

    /// The body's announced size in bytes.
    pub(crate) fn content_length(&self) -> Option<u64> {
        std::str::from_utf8(self.header("content-length")?).ok()?.trim().parse().ok()
    }

    /// Whether it asks to switch protocols: such a stream is open-ended and never sends a body (HOST §9).
    pub(crate) fn is_upgrade(&self) -> bool {
        self.header("upgrade").is_some()
            && self.header("connection").is_some_and(|value| {
                value
                    .split(|byte| *byte == b',')
                    .any(|part| part.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
            })
    }

    /// The request, its body still empty.
    pub(crate) fn into_request(self) -> HttpRequest {
        self.request
    }
}

fn text(value: Vec<u8>) -> String {
    String::from_utf8(value).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(pairs: &[(&str, &[u8])]) -> RequestHead {
        RequestHead::from_pairs(
            pairs.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect(),
        )
    }

    #[test]
    fn pseudo_headers_become_method_path_and_host() {
        let head = head(&[
            (":method", b"POST"),
            (":path", b"/graphql?a=1"),
            (":authority", b"x"),
            (":scheme", b"http"),
            ("a", b"\xff\xfe"),
        ]);
        assert_eq!(head.path(), "/graphql?a=1");
        assert_eq!(head.header("a"), Some(&b"\xff\xfe"[..]));
        let request = head.into_request();
        assert_eq!(request.method, "POST");
        assert_eq!(
            request.headers,
            [("host".to_owned(), b"x".to_vec()), ("a".to_owned(), b"\xff\xfe".to_vec())]
        );
    }

    #[test]
    fn an_upgrade_needs_both_headers() {
        assert!(head(&[("connection", b"keep-alive, Upgrade"), ("upgrade", b"websocket")]).is_upgrade());
        assert!(!head(&[("upgrade", b"h2c")]).is_upgrade());
    }

    #[test]
    fn a_content_length_that_is_no_number_is_none() {
        assert_eq!(head(&[("content-length", b"12")]).content_length(), Some(12));
        assert_eq!(head(&[("content-length", b"-1")]).content_length(), None);
        assert_eq!(head(&[]).content_length(), None);
    }
}
