//! Protection against requests that another site makes a visitor's browser send (CSRF).
//!
//! A browser sends some requests across sites without asking first (no CORS preflight): GET, and POST with the
//! content types of a form. The latter never get here, since a POST must be `application/json`. GET executes
//! queries only, but those carry the visitor's cookies all the same, cost time, and some subgraphs' queries have
//! side effects. So a GET is refused if it shows that another origin made the browser send it:
//!
//! - `Sec-Fetch-Site` (Fetch Metadata; every browser since 2023 sends it, to https and to loopback) is neither
//!   `same-origin` nor `none` (the address bar);
//! - or, without that, `Origin`, else `Referer`, names another host than the request is for.
//!
//! Programs send none of these, and pass. A header that no browser sends without a preflight lets any request
//! pass: a content type that is not a form's, or one of `csrf.required_headers`. In strict mode every GET needs
//! one: that closes the gap of browsers from before 2023 that hide the referrer too.

use super::media_type::MediaType;
use crate::error::Code;
use crate::event::HttpRequest;

/// What a GET must show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CsrfMode {
    /// That no other origin made a browser send it.
    FetchMetadata,
    /// A header that needs a preflight.
    Strict,
    /// Nothing.
    Off,
}

/// `csrf` of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Csrf {
    /// What a GET must show.
    pub mode: CsrfMode,
    /// Headers of which any lets a request pass, in lower case.
    pub required_headers: Vec<String>,
}

/// Looks at a request whose method needs no preflight.
///
/// # Errors
/// [`Code::CsrfRefused`].
pub(super) fn check(csrf: &Csrf, request: &HttpRequest) -> Result<(), (Code, String)> {
    let suspicious = match csrf.mode {
        CsrfMode::Off => return Ok(()),
        CsrfMode::Strict => true,
        CsrfMode::FetchMetadata => is_from_elsewhere(request),
    };
    if !suspicious || needs_preflight(csrf, request) {
        return Ok(());
    }
    let why = if csrf.mode == CsrfMode::Strict { "could have been" } else { "seems to be" };
    let mut message = format!(
        "This request was refused because it {why} sent by another site (CSRF): use POST with \
         \"content-type: application/json\""
    );
    if !csrf.required_headers.is_empty() {
        message.push_str(&format!(", or send one of the headers {}", csrf.required_headers.join(", ")));
    }
    message.push('.');
    Err((Code::CsrfRefused, message))
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a [u8]> {
    request.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.trim_ascii())
}

fn needs_preflight(csrf: &Csrf, request: &HttpRequest) -> bool {
    let has_header = |name: &String| header(request, name.as_str()).is_some_and(|value| !value.is_empty());
    if csrf.required_headers.iter().any(has_header) {
        return true;
    }
    // Browsers parse the value themselves before they call it simple; what they can't parse they don't send.
    let Some(content_type) = header(request, "content-type").and_then(|v| std::str::from_utf8(v).ok()) else {
        return false;
    };
    let media = MediaType::parse(content_type);
    content_type.contains('/')
        && !["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
            .iter()
            .any(|simple| media.is(simple))
}

fn is_from_elsewhere(request: &HttpRequest) -> bool {
    if let Some(site) = header(request, "sec-fetch-site") {
        return !matches!(site, b"same-origin" | b"none");
    }
    let named = header(request, "origin").or_else(|| header(request, "referer"));
    named.is_some_and(|url| !is_same_host(url, header(request, "host").unwrap_or_default()))
}

/// Whether a URL, of which only the origin counts, is on this host.
fn is_same_host(url: &[u8], host: &[u8]) -> bool {
    let (Ok(url), Ok(host)) = (std::str::from_utf8(url), std::str::from_utf8(host)) else { return false };
    let (rest, port) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (rest, ":443"),
        (None, Some(rest)) => (rest, ":80"),
        // `null`, and schemes such as those of browser extensions.
        (None, None) => return false,
    };
    let named = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let without_port = |host: &str| host.strip_suffix(port).unwrap_or(host).to_ascii_lowercase();
    !named.is_empty() && without_port(named) == without_port(host)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn passes(mode: CsrfMode, headers: &[(&str, &str)]) -> bool {
        let csrf = Csrf { mode, required_headers: vec!["apollo-require-preflight".into()] };
        let mut headers: Vec<(String, Vec<u8>)> =
            headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        headers.push(("host".into(), b"api.example.com".to_vec()));
        check(&csrf, &HttpRequest { method: "GET".into(), headers, ..HttpRequest::default() }).is_ok()
    }

    fn by_default(headers: &[(&str, &str)]) -> bool {
        passes(CsrfMode::FetchMetadata, headers)
    }

    #[test]
    fn programs_pass() {
        assert!(by_default(&[]));
        assert!(by_default(&[("accept", "*/*"), ("sec-fetch-mode", "cors"), ("user-agent", "node")]));
    }

    #[test]
    fn the_own_site_and_the_address_bar_pass() {
        assert!(by_default(&[("sec-fetch-site", "same-origin"), ("origin", "https://proxied.example")]));
        assert!(by_default(&[("sec-fetch-site", "none")]));
        assert!(by_default(&[("origin", "https://api.example.com")]));
        assert!(by_default(&[("origin", "https://API.example.com:443")]));
        assert!(by_default(&[("referer", "https://api.example.com/page?x=1")]));
    }

    #[test]
    fn other_sites_are_refused() {
        assert!(!by_default(&[("sec-fetch-site", "cross-site")]));
        assert!(!by_default(&[("sec-fetch-site", "same-site")]));
        assert!(!by_default(&[("sec-fetch-site", "")]));
        assert!(!by_default(&[("origin", "https://evil.example")]));
        assert!(!by_default(&[("origin", "https://api.example.com.evil.example")]));
        assert!(!by_default(&[("origin", "https://api.example.com:8443")]));
        assert!(!by_default(&[("origin", "null")]));
        assert!(!by_default(&[("origin", "https://evil.example"), ("referer", "https://api.example.com/")]));
        assert!(!by_default(&[("referer", "https://evil.example/api.example.com")]));
    }

    #[test]
    fn a_header_that_needs_a_preflight_lets_pass() {
        let cross = ("sec-fetch-site", "cross-site");
        assert!(by_default(&[cross, ("apollo-require-preflight", "1")]));
        assert!(!by_default(&[cross, ("apollo-require-preflight", " ")]));
        assert!(by_default(&[cross, ("content-type", "application/json")]));
        assert!(!by_default(&[cross, ("content-type", "text/plain; charset=utf-8")]));
        assert!(!by_default(&[cross, ("content-type", "Multipart/Form-Data; boundary=x")]));
        assert!(!by_default(&[cross, ("content-type", "json")]));
    }

    #[test]
    fn strict_mode_wants_such_a_header_of_all() {
        assert!(!passes(CsrfMode::Strict, &[]));
        assert!(!passes(CsrfMode::Strict, &[("sec-fetch-site", "same-origin")]));
        assert!(passes(CsrfMode::Strict, &[("apollo-require-preflight", "1")]));
        assert!(passes(CsrfMode::Off, &[("sec-fetch-site", "cross-site")]));
    }
}
