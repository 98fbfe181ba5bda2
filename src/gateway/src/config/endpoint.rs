//! A subgraph's URL, taken apart into what Envoy needs to reach it.

use http::Uri;

use super::shape::Complaint;

/// Where a subgraph listens, from a URL such as `http://host:4001/graphql`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Whether the URL is `https`.
    pub tls: bool,
    /// Name or address, without port; an IPv6 address without its brackets.
    pub host: String,
    /// The URL's port, else 80 or 443.
    pub port: u16,
    /// Host and port as the URL has them: the `:authority` of calls.
    pub authority: String,
    /// Path and query: the `:path` of calls.
    pub path: String,
}

impl Endpoint {
    /// Takes `url` apart. Refused are other schemes than http and https, and credentials: they would end
    /// up in logs and in Envoy's configuration dump.
    pub(super) fn parse(url: &str) -> Result<Endpoint, Complaint> {
        let example = "write it like `http://accounts.internal:4001/graphql`";
        let uri: Uri =
            url.parse().map_err(|e| Complaint::new(format!("`{url}` is not a URL: {e}"), example))?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some(other) => {
                return Err(Complaint::new(format!("Weir can't call `{other}:` URLs"), "use http or https"));
            }
            None => return Err(Complaint::new(format!("`{url}` has no scheme"), example)),
        };
        let Some(authority) = uri.authority() else {
            return Err(Complaint::new(format!("`{url}` has no host"), example));
        };
        if authority.as_str().contains('@') {
            let fix = "let Envoy add credentials, by the upstream filter `credential_injector`";
            return Err(Complaint::new("a URL with credentials is refused", fix));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_lowercase();
        let digits = authority.as_str().rsplit(']').next().unwrap_or_default();
        let port = match (authority.port_u16(), digits.rsplit_once(':')) {
            (Some(0), _) | (None, Some(_)) => {
                return Err(Complaint::new(format!("`{url}` has no valid port"), "ports are 1 to 65535"));
            }
            (Some(port), _) => port,
            (None, None) if tls => 443,
            (None, None) => 80,
        };
        if host.is_empty() {
            return Err(Complaint::new(format!("`{url}` has no host"), example));
        }
        let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        // A URL may have a query right behind its host.
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Endpoint { tls, host, port, authority: authority.as_str().to_owned(), path })
    }

    /// The name of the Envoy cluster that `weirctl` renders for this host and port: subgraphs that share
    /// them share connections. It is part of the contract with bootstraps that users keep.
    pub fn cluster(&self) -> String {
        let kind = if self.tls { "weir_tls" } else { "weir" };
        format!("{kind}_{}_{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn refused(url: &str) -> String {
        Endpoint::parse(url).unwrap_err().message
    }

    #[test]
    fn a_url_is_taken_apart() {
        let endpoint = Endpoint::parse("http://127.0.0.1:4100/accounts?v=2").unwrap();
        assert_eq!(endpoint.cluster(), "weir_127.0.0.1_4100");
        assert_eq!(endpoint.authority, "127.0.0.1:4100");
        assert_eq!(endpoint.path, "/accounts?v=2");
    }

    #[test]
    fn port_and_path_have_defaults() {
        let plain = Endpoint::parse("http://Accounts").unwrap();
        assert_eq!((plain.port, plain.path.as_str(), plain.host.as_str()), (80, "/", "accounts"));
        let tls = Endpoint::parse("https://accounts.example.com/graphql").unwrap();
        assert_eq!(tls.cluster(), "weir_tls_accounts.example.com_443");
        let v6 = Endpoint::parse("http://[::1]/q").unwrap();
        assert_eq!((v6.host.as_str(), v6.port, v6.authority.as_str()), ("::1", 80, "[::1]"));
        assert_eq!(Endpoint::parse("http://[::1]:81").unwrap().port, 81);
        assert_eq!(Endpoint::parse("http://accounts?v=2").unwrap().path, "/?v=2");
    }

    #[test]
    fn what_cannot_be_called_is_refused() {
        assert!(refused("http://user:secret@host/").contains("credentials"));
        assert!(!refused("http://user:secret@host/").contains("secret"));
        assert!(refused("ftp://host/").contains("ftp"));
        assert!(refused("accounts:4001/graphql").contains("accounts"));
        assert!(refused("/graphql").contains("scheme"));
        assert!(refused("http://host:0/").contains("port"));
        assert!(refused("http://host:99999/").contains("99999"));
        assert!(refused("").contains("not a URL"));
        assert!(refused("http://").contains("http://"));
    }
}
