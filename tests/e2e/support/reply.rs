//! An HTTP answer, and what tests want to know of it.

use serde_json::Value;

/// An HTTP answer of whatever status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// The media type of GraphQL answers for clients that don't ask for the newer one.
pub(crate) const JSON: &str = "application/json; charset=utf-8";

impl Reply {
    /// The value of a header; empty if it isn't there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is UTF-8")
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!(
                "status {}, the body is not JSON ({error}): {:?}",
                self.status,
                String::from_utf8_lossy(&self.body)
            )
        })
    }

    /// `data` of a good answer: status 200, JSON, no errors.
    #[track_caller]
    pub(crate) fn data(&self) -> Value {
        let json = self.json();
        assert_eq!((self.status, self.header("content-type")), (200, JSON), "{json}");
        assert_eq!(json.get("errors"), None, "{json}");
        json["data"].clone()
    }

    /// The only error of an answer with this status, checked to have this code.
    #[track_caller]
    pub(crate) fn error(&self, status: u16, code: &str) -> Value {
        let json = self.json();
        assert_eq!(self.status, status, "{json}");
        let errors = json["errors"].as_array().unwrap_or_else(|| panic!("there are no errors in {json}"));
        assert_eq!(errors.len(), 1, "{json}");
        assert_eq!(errors[0]["extensions"]["code"], code, "{json}");
        assert!(errors[0]["message"].as_str().is_some_and(|message| !message.is_empty()), "{json}");
        errors[0].clone()
    }

    /// As [`Reply::error`], of a request that was not executed: there is no `data`, and the type is JSON.
    #[track_caller]
    pub(crate) fn refusal(&self, status: u16, code: &str) -> String {
        let error = self.error(status, code);
        assert_eq!(self.header("content-type"), JSON);
        assert_eq!(self.json().get("data"), None, "{}", self.text());
        error["message"].as_str().unwrap_or_default().to_owned()
    }
}
