//! The shape of `limits.warn_only`: names of limits, or all of them.

use serde_json::Value;
use weir_planner::OperationLimit;

use super::shape::{Complaint, Shape};
use super::suggest;
use crate::limit::{Limit, warnable};

/// A list of limits on operations; true stands for all, false for none.
#[derive(Debug, Clone, Copy)]
pub(super) struct LimitNames;

impl Shape for LimitNames {
    type Value = Vec<OperationLimit>;

    fn read(&self, json: &Value) -> Result<Vec<OperationLimit>, Complaint> {
        let names = || OperationLimit::ALL.into_iter().map(|limit| Limit::from(limit).name());
        let fix = || format!("write true, false or a list of these: {}", suggest::list(names()));
        match json {
            Value::Bool(true) => Ok(OperationLimit::ALL.to_vec()),
            Value::Bool(false) => Ok(Vec::new()),
            Value::Array(items) => {
                let mut limits = Vec::new();
                for item in items {
                    let name = item.as_str().unwrap_or_default();
                    let Some(limit) = warnable(name) else {
                        let known = Limit::ALL.iter().any(|limit| limit.name() == name);
                        let message = if known {
                            format!("`{name}` protects the sandbox and can't be only warned of")
                        } else {
                            format!("{item} is not the name of a limit")
                        };
                        let near = suggest::nearest(name, names());
                        let fix = near.map_or_else(fix, |near| format!("did you mean `{near}`?"));
                        return Err(Complaint::new(message, fix));
                    };
                    if !limits.contains(&limit) {
                        limits.push(limit);
                    }
                }
                Ok(limits)
            }
            _ => Err(Complaint::new("is not a list of limits", fix())),
        }
    }

    fn default(&self) -> Option<Vec<OperationLimit>> {
        Some(Vec::new())
    }

    fn kind(&self) -> &'static str {
        "true, false or a list of limits, such as `[depth, aliases]`"
    }

    fn default_text(&self) -> String {
        "false".to_owned()
    }

    fn bounds(&self) -> Option<(String, String)> {
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn names_are_those_of_limits_on_operations() {
        let read = |json: Value| LimitNames.read(&json);
        assert_eq!(read(json!(true)).map(|limits| limits.len()), Ok(7));
        assert_eq!(
            read(json!(["depth", "aliases", "depth"])),
            Ok(vec![OperationLimit::Depth, OperationLimit::Aliases])
        );
        assert_eq!(read(json!(false)), Ok(Vec::new()));
        assert!(read(json!(["body_bytes"])).expect_err("hard").message.contains("protects the sandbox"));
        assert_eq!(read(json!(["dept"])).expect_err("a slip").fix, "did you mean `depth`?");
        assert!(read(json!(3)).is_err() && read(json!([3])).is_err());
    }
}
