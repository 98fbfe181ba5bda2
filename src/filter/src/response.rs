//! What Envoy says about a call, in the core's words: the one place that knows the faces of a failed call.
//!
//! Envoy answers in the subgraph's stead when it cannot reach it (HOST §3). Its own answers are plain text
//! and lack the header that its router adds to every real one.

use proxy_wasm::hostcalls;
use proxy_wasm::types::{BufferType, MapType};
use weir_gateway::event::{CallFailure, HttpResponse};

use crate::hostcall::attempt;

/// Reads the answer of the call whose callback is running.
///
/// # Errors
/// How the call failed, if the answer is not the subgraph's own.
pub(crate) fn read(num_headers: usize, body_size: usize) -> Result<HttpResponse, CallFailure> {
    // A reset or a timeout after the headers, or a body over Envoy's limit: nothing is left to read.
    if num_headers == 0 {
        return Err(CallFailure::Interrupted);
    }
    let headers = attempt(|| hostcalls::get_map_bytes(MapType::HttpCallResponseHeaders))
        .map_err(|_| CallFailure::Interrupted)?;
    let body = if body_size == 0 {
        Vec::new()
    } else {
        attempt(|| hostcalls::get_buffer(BufferType::HttpCallResponseBody, 0, body_size))
            .map_err(|_| CallFailure::Interrupted)?
            .unwrap_or_default()
    };
    interpret(headers, body)
}

/// Tells a subgraph's answer from one that Envoy made up.
fn interpret(headers: Vec<(String, Vec<u8>)>, body: Vec<u8>) -> Result<HttpResponse, CallFailure> {
    let (mut status, mut plain, mut from_upstream, mut overloaded) = (None, false, false, false);
    for (name, value) in &headers {
        match name.as_str() {
            ":status" => status = std::str::from_utf8(value).ok().and_then(|text| text.parse::<u16>().ok()),
            "content-type" => plain = value.starts_with(b"text/plain"),
            "x-envoy-upstream-service-time" => from_upstream = true,
            "x-envoy-overloaded" => overloaded = true,
            _ => {}
        }
    }
    let Some(status) = status else { return Err(CallFailure::Interrupted) };
    if plain && !from_upstream {
        match status {
            503 if overloaded => return Err(CallFailure::Refused),
            503 => return Err(unsent(&body)),
            // The peer does not speak HTTP, or not the version that the cluster is set to.
            502 => return Err(CallFailure::Unreachable),
            504 => return Err(CallFailure::TimedOut),
            _ => {}
        }
    }
    // They had to be read for what stands above, so it costs nothing to hand them on.
    Ok(HttpResponse { status, headers, body })
}

/// What Envoy's text says of a call that got no answer: "upstream connect error or disconnect/reset before headers. reset
/// reason: remote reset", with the reasons of its `Http::Utility::resetReasonToString`; or "no healthy upstream".
fn unsent(text: &[u8]) -> CallFailure {
    let says = |word: &str| text.windows(word.len()).any(|window| window == word.as_bytes());
    if says("no healthy upstream") || says("reset reason: overflow") {
        CallFailure::Refused
    } else if says("connection termination") || says("remote reset") || says("protocol error") {
        CallFailure::Reset
    } else {
        CallFailure::Unreachable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interpret_pairs(pairs: &[(&str, &str)]) -> Result<HttpResponse, CallFailure> {
        let headers =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        interpret(headers, b"body".to_vec())
    }

    const PLAIN: (&str, &str) = ("content-type", "text/plain");
    const REAL: (&str, &str) = ("x-envoy-upstream-service-time", "3");

    #[test]
    fn envoys_own_answers_are_failures() {
        assert_eq!(interpret_pairs(&[(":status", "503"), PLAIN]).unwrap_err(), CallFailure::Unreachable);
        assert_eq!(interpret_pairs(&[(":status", "502"), PLAIN]).unwrap_err(), CallFailure::Unreachable);
        assert_eq!(interpret_pairs(&[(":status", "504"), PLAIN]).unwrap_err(), CallFailure::TimedOut);
        let overloaded = interpret_pairs(&[(":status", "503"), PLAIN, ("x-envoy-overloaded", "true")]);
        assert_eq!(overloaded.unwrap_err(), CallFailure::Refused);
    }

    #[test]
    fn envoys_text_tells_connections_that_failed_from_those_that_broke() {
        let of = |reason: &str| {
            let text = format!(
                "upstream connect error or disconnect/reset before headers. reset reason: {reason}"
            );
            unsent(text.as_bytes())
        };
        for (reason, failure) in [
            ("remote connection failure, transport failure reason: delayed connect error: 111", CallFailure::Unreachable),
            ("connection timeout", CallFailure::Unreachable),
            ("connection termination", CallFailure::Reset),
            ("remote reset", CallFailure::Reset),
            ("overflow", CallFailure::Refused),
        ] {
            assert_eq!(of(reason), failure, "{reason}");
        }
        assert_eq!(unsent(b"no healthy upstream"), CallFailure::Refused);
        assert_eq!(unsent(b""), CallFailure::Unreachable);
    }

    #[test]
    fn a_subgraphs_own_503_is_its_answer() {
        let response = interpret_pairs(&[(":status", "503"), PLAIN, REAL]).unwrap();
        assert_eq!((response.status, response.body.as_slice()), (503, &b"body"[..]));
        let response = interpret_pairs(&[(":status", "503"), ("content-type", "application/json")]).unwrap();
        assert_eq!(response.status, 503);
    }

    #[test]
    fn no_status_is_no_answer() {
        assert_eq!(interpret_pairs(&[PLAIN]).unwrap_err(), CallFailure::Interrupted);
        assert_eq!(interpret_pairs(&[(":status", "abc")]).unwrap_err(), CallFailure::Interrupted);
    }
}
