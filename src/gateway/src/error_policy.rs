//! What clients get to see of subgraphs' errors (DESIGN, invariant 9).

use crate::Config;
use crate::error::Code;
use crate::response::errors::GraphQlError;

/// How much of an error passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorMode {
    /// All of it.
    Pass,
    /// That there was one, and where.
    Mask,
    /// The messages of listed codes, and listed extensions.
    Filter,
}

/// `errors` of the configuration, for one subgraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorPolicy {
    /// How much of an error passes.
    pub mode: ErrorMode,
    /// The message of an error that is masked.
    pub message: String,
    /// Whether `extensions.code` tells the error's own code.
    pub expose_code: bool,
    /// Whether `extensions.service` names the subgraph.
    pub expose_service: bool,
    /// [`ErrorMode::Filter`]: codes whose messages pass; all if there are none.
    pub allow_codes: Vec<String>,
    /// [`ErrorMode::Filter`]: extensions that pass.
    pub allow_extensions: Vec<String>,
}

impl ErrorPolicy {
    /// Whether it leaves every error as it is.
    fn passes_all(&self) -> bool {
        self.mode == ErrorMode::Pass && self.expose_code && self.expose_service
    }

    /// Takes from an error of this subgraph what clients must not see. True if that was anything.
    fn apply(&self, error: &mut GraphQlError) -> bool {
        let before = error.clone();
        let masked = match self.mode {
            ErrorMode::Pass => false,
            ErrorMode::Mask => true,
            ErrorMode::Filter => {
                error.extensions.retain(|key, _| self.allow_extensions.contains(key));
                !self.allow_codes.is_empty() && !self.allow_codes.contains(&error.code)
            }
        };
        if masked {
            error.message.clone_from(&self.message);
            error.extensions.clear();
        }
        if !self.expose_service {
            error.service = None;
            // Weir's own messages name the subgraph; what its catalogue says of the code doesn't.
            let own = Code::ALL.iter().find(|code| code.text() == error.code);
            if let (false, false, Some(code)) = (masked, error.reported, own) {
                code.help().clone_into(&mut error.message);
            }
        }
        if !self.expose_code {
            Code::SubgraphError.text().clone_into(&mut error.code);
        }
        *error != before
    }
}

/// The most lines that the log gets of what was taken from one response's errors.
const MAX_LOGGED: usize = 20;

/// Takes from a response's errors what clients must not see, each by the policy of its subgraph. `log` gets
/// those that were changed, whole.
pub(crate) fn redact(config: &Config, errors: &mut [GraphQlError], mut log: impl FnMut(String)) {
    let mut logged = 0_usize;
    for error in errors {
        let policy = error
            .service
            .as_ref()
            .and_then(|name| config.subgraphs.iter().find(|subgraph| subgraph.name == *name))
            .map(|subgraph| &subgraph.errors);
        let Some(policy) = policy.filter(|policy| !policy.passes_all()) else { continue };
        let whole = error.clone();
        if policy.apply(error) && logged < MAX_LOGGED {
            logged = logged.saturating_add(1);
            log(format!("weir: redacted: {}", whole.to_json()));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn policy(mode: ErrorMode) -> ErrorPolicy {
        ErrorPolicy {
            mode,
            message: "Something failed.".into(),
            expose_code: true,
            expose_service: true,
            allow_codes: Vec::new(),
            allow_extensions: vec!["hint".into()],
        }
    }

    /// An error that a subgraph reported.
    fn reported() -> GraphQlError {
        let mut error = GraphQlError::new(Code::SubgraphError, "select * from users").of("accounts");
        error.reported = true;
        error.code = "DB_DOWN".into();
        error.extensions.insert("hint".into(), json!("later"));
        error.extensions.insert("stack".into(), json!(["a", "b"]));
        error
    }

    fn applied(policy: &ErrorPolicy, mut error: GraphQlError) -> serde_json::Value {
        let changed = policy.apply(&mut error);
        assert_eq!(changed, error != reported());
        error.to_json()
    }

    #[test]
    fn passing_changes_nothing() {
        let mut error = reported();
        assert!(!policy(ErrorMode::Pass).apply(&mut error));
        assert_eq!(error, reported());
    }

    #[test]
    fn masking_leaves_code_and_service_as_configured() {
        let mut mask = policy(ErrorMode::Mask);
        let masked =
            json!({"message": "Something failed.", "extensions": {"code": "DB_DOWN", "service": "accounts"}});
        assert_eq!(applied(&mask, reported()), masked);
        (mask.expose_code, mask.expose_service) = (false, false);
        let masked =
            json!({"message": "Something failed.", "extensions": {"code": "DOWNSTREAM_SERVICE_ERROR"}});
        assert_eq!(applied(&mask, reported()), masked);
    }

    #[test]
    fn a_filter_lets_the_listed_pass() {
        let mut filter = policy(ErrorMode::Filter);
        let kept = json!({"code": "DB_DOWN", "service": "accounts", "hint": "later"});
        assert_eq!(
            applied(&filter, reported()),
            json!({"message": "select * from users", "extensions": kept})
        );
        filter.allow_codes = vec!["NOT_FOUND".into()];
        let masked =
            json!({"message": "Something failed.", "extensions": {"code": "DB_DOWN", "service": "accounts"}});
        assert_eq!(applied(&filter, reported()), masked);
    }

    #[test]
    fn weirs_own_messages_do_not_name_a_subgraph_that_is_not_exposed() {
        let mut pass = policy(ErrorMode::Pass);
        pass.expose_service = false;
        let mut error =
            GraphQlError::new(Code::SubgraphTimedOut, "Subgraph \"accounts\" did not answer.").of("accounts");
        assert!(pass.apply(&mut error));
        assert!(!error.to_json().to_string().contains("accounts"), "{error:?}");
        let mut error = reported();
        assert!(pass.apply(&mut error));
        assert_eq!(error.message, "select * from users", "a subgraph's own message is its own business");
    }
}
