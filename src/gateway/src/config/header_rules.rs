//! Header rules as they are written: a list of small objects, each with one thing to do.

use serde_json::{Map, Value, json};

use super::choice::header_name;
use super::shape::{Complaint, Shape, show};
use super::suggest;
use crate::headers::{Forward, Merge, Names, Pattern, Rule, is_transport};

/// A list of rules.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeaderRuleList {
    /// Whether they are about the headers of answers.
    pub(super) of_responses: bool,
}

/// Rules are looked through for each header of each request.
const MAX_RULES: usize = 100;

/// What a rule does: exactly one of these stands in it.
const ACTIONS: [&str; 7] =
    ["forward", "forward_prefix", "forward_matching", "insert", "remove", "remove_prefix", "remove_matching"];

const MERGES: [(&str, Merge); 4] = [
    ("first", Merge::First),
    ("last", Merge::Last),
    ("append", Merge::Append),
    ("strictest", Merge::Strictest),
];

impl Shape for HeaderRuleList {
    type Value = Vec<Rule>;

    fn read(&self, json: &Value) -> Result<Vec<Rule>, Complaint> {
        let Value::Array(rules) = json else {
            let fix = "write it like `[{forward: authorization}]`";
            return Err(Complaint::new(format!("{} is not a list of rules", show(json)), fix));
        };
        if rules.len() > MAX_RULES {
            return Err(Complaint::new(
                format!("there are more than {MAX_RULES} rules"),
                "use `forward_prefix`",
            ));
        }
        let numbered = rules.iter().enumerate().map(|(index, rule)| {
            self.read_rule(rule).map_err(|complaint| {
                let message = format!("rule {}: {}", index.saturating_add(1), complaint.message);
                Complaint::new(message, complaint.fix)
            })
        });
        numbered.collect()
    }

    fn default(&self) -> Option<Vec<Rule>> {
        Some(Vec::new())
    }

    fn kind(&self) -> &'static str {
        "list of rules, such as `{forward: authorization}`"
    }

    fn default_text(&self) -> String {
        "none".to_owned()
    }

    fn bounds(&self) -> Option<(String, String)> {
        None
    }
}

impl HeaderRuleList {
    fn read_rule(&self, json: &Value) -> Result<Rule, Complaint> {
        let Value::Object(rule) = json else {
            let fix = "write it like `{forward: authorization}`";
            return Err(Complaint::new(format!("{} is not a rule", show(json)), fix));
        };
        let mut actions = ACTIONS.iter().filter(|action| rule.contains_key(**action));
        let action = match (actions.next(), actions.next()) {
            (Some(action), None) => *action,
            (Some(a), Some(b)) => {
                return Err(Complaint::new(format!("it has both `{a}` and `{b}`"), "write two rules"));
            }
            (None, _) => {
                let near = rule.keys().find_map(|key| suggest::nearest(key, ACTIONS));
                let fix = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("write one of {}", suggest::list(ACTIONS)),
                };
                return Err(Complaint::new("it does nothing", fix));
            }
        };
        self.check_keys(rule, action)?;
        match action {
            "insert" => Ok(Rule::Insert { name: one_name(rule, "insert")?, value: value(rule, "value")? }),
            "remove" | "remove_prefix" | "remove_matching" => Ok(Rule::Remove(names(rule, action)?)),
            _ => self.read_forward(rule, action),
        }
    }

    fn check_keys(&self, rule: &Map<String, Value>, action: &str) -> Result<(), Complaint> {
        let mut keys = vec![action];
        match action {
            "insert" => keys.push("value"),
            "forward" => keys.extend(["rename", "default"]),
            "forward_prefix" | "forward_matching" => keys.push("except"),
            _ => {}
        }
        if self.of_responses && action.starts_with("forward") {
            keys.push("merge");
        }
        match rule.keys().find(|key| !keys.contains(&key.as_str())) {
            Some(key) => {
                let fix =
                    format!("beside `{action}` may stand {}", suggest::list(keys.iter().skip(1).copied()));
                Err(Complaint::new(format!("`{key}` is not known with `{action}`"), fix))
            }
            None => Ok(()),
        }
    }

    fn read_forward(&self, rule: &Map<String, Value>, action: &str) -> Result<Rule, Complaint> {
        let which = names(rule, action)?;
        let rename = rule.contains_key("rename").then(|| one_name(rule, "rename")).transpose()?;
        if rename.is_some() && !matches!(&which, Names::List(names) if names.len() == 1) {
            return Err(Complaint::new("`rename` needs one name to forward", "write a rule for each name"));
        }
        let default = rule.contains_key("default").then(|| value(rule, "default")).transpose()?;
        let except = match rule.get("except") {
            Some(list) => texts(list)?.into_iter().map(header_name).collect::<Result<_, _>>()?,
            None => Vec::new(),
        };
        let merge = match rule.get("merge") {
            Some(word) => Some(read_merge(word, &which)?),
            None => None,
        };
        if merge == Some(Merge::Strictest) && rename.is_some() {
            return Err(Complaint::new("`strictest` and `rename` don't go together", "leave one out"));
        }
        Ok(Rule::Forward(Forward { which, except, rename, default, merge }))
    }
}

fn read_merge(word: &Value, which: &Names) -> Result<Merge, Complaint> {
    let found = word.as_str().and_then(|word| MERGES.iter().find(|(w, _)| *w == word));
    let Some((_, merge)) = found else {
        let fix = format!("write one of {}", suggest::list(MERGES.iter().map(|(word, _)| *word)));
        return Err(Complaint::new(format!("{} is no way to merge", show(word)), fix));
    };
    let is_cache_control = matches!(which, Names::List(names) if names.iter().all(|n| n == "cache-control"));
    if *merge == Merge::Strictest && !is_cache_control {
        return Err(Complaint::new("`strictest` is for `cache-control` alone", "use first, last or append"));
    }
    Ok(*merge)
}

fn names(rule: &Map<String, Value>, action: &str) -> Result<Names, Complaint> {
    let value = rule.get(action).unwrap_or(&Value::Null);
    let text = || {
        let text = value.as_str().filter(|text| !text.is_empty());
        text.ok_or_else(|| Complaint::new(format!("{} is not a text", show(value)), "write it in quotes"))
    };
    match action {
        "forward_prefix" | "remove_prefix" => Ok(Names::Prefix(header_name(text()?)?)),
        "forward_matching" | "remove_matching" => {
            Pattern::parse(text()?).map(Names::Matching).map_err(|why| {
                Complaint::new(
                    format!("{} is not a pattern: {why}", show(value)),
                    "write a regular expression, such as `^x-(tenant|user)-`",
                )
            })
        }
        _ => {
            let names = texts(value)?.into_iter().map(passing_name).collect::<Result<Vec<_>, _>>()?;
            Ok(Names::List(names))
        }
    }
}

/// A text, or a list of some.
fn texts(value: &Value) -> Result<Vec<&str>, Complaint> {
    let entries = match value {
        Value::Array(entries) if !entries.is_empty() => entries.as_slice(),
        Value::String(_) => std::slice::from_ref(value),
        _ => {
            return Err(Complaint::new(
                format!("{} names no header", show(value)),
                "write a name, or a list",
            ));
        }
    };
    entries
        .iter()
        .map(|entry| {
            entry.as_str().ok_or_else(|| {
                Complaint::new(format!("{} is not the name of a header", show(entry)), "write a text")
            })
        })
        .collect()
}

fn one_name(rule: &Map<String, Value>, key: &str) -> Result<String, Complaint> {
    match rule.get(key) {
        Some(Value::String(name)) => passing_name(name),
        other => {
            let message = format!("{} is not the name of a header", show(other.unwrap_or(&Value::Null)));
            Err(Complaint::new(message, "write a text"))
        }
    }
}

/// A header that Weir or Envoy sets for each message can't be asked for.
fn passing_name(text: &str) -> Result<String, Complaint> {
    let name = header_name(text)?;
    if is_transport(&name) {
        let message = format!("`{name}` belongs to one connection or body, and never passes");
        return Err(Complaint::new(message, "leave it out"));
    }
    Ok(name)
}

fn value(rule: &Map<String, Value>, key: &str) -> Result<String, Complaint> {
    let json = rule.get(key).unwrap_or(&Value::Null);
    let text = json.as_str().filter(|text| http::HeaderValue::from_str(text).is_ok());
    text.map(str::to_owned).ok_or_else(|| {
        let fix = format!("write a line of printable text as `{key}`");
        Complaint::new(format!("{} is not the value of a header", show(json)), fix)
    })
}

/// Rules as they are written.
pub(super) fn written(rules: &[Rule]) -> Value {
    rules.iter().map(written_rule).collect()
}

fn written_rule(rule: &Rule) -> Value {
    let names = |action: &str, names: &Names| match names {
        Names::List(list) => (action.to_owned(), json!(list)),
        Names::Prefix(prefix) => (format!("{action}_prefix"), json!(prefix)),
        Names::Matching(pattern) => (format!("{action}_matching"), json!(pattern.text())),
    };
    let mut out = Map::new();
    match rule {
        Rule::Insert { name, value } => {
            out.insert("insert".into(), json!(name));
            out.insert("value".into(), json!(value));
        }
        Rule::Remove(which) => out.extend([names("remove", which)]),
        Rule::Forward(forward) => {
            out.extend([names("forward", &forward.which)]);
            let merge = forward.merge.and_then(|merge| MERGES.iter().find(|(_, m)| *m == merge));
            let optional = [
                ("rename", forward.rename.as_ref().map(|name| json!(name))),
                ("default", forward.default.as_ref().map(|value| json!(value))),
                ("except", (!forward.except.is_empty()).then(|| json!(forward.except))),
                ("merge", merge.map(|(word, _)| json!(word))),
            ];
            out.extend(optional.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
        }
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const REQUEST: HeaderRuleList = HeaderRuleList { of_responses: false };
    const RESPONSE: HeaderRuleList = HeaderRuleList { of_responses: true };

    #[test]
    fn what_is_read_is_written_alike() {
        let rules = json!([
            {"forward": ["authorization"]},
            {"forward": ["x-a"], "rename": "x-b", "default": "none"},
            {"forward_prefix": "x-app-", "except": ["x-app-secret"]},
            {"forward_matching": "^x-(a|b)$"},
            {"insert": "x-gateway", "value": "weir"},
            {"remove": ["x-c"]},
            {"remove_prefix": "x-d"},
            {"remove_matching": "e$"},
        ]);
        assert_eq!(written(&REQUEST.read(&rules).unwrap()), rules);
        let rules = json!([{"forward": ["cache-control"], "merge": "strictest"}, {"forward_prefix": "x-", "merge": "first"}]);
        assert_eq!(written(&RESPONSE.read(&rules).unwrap()), rules);
        assert_eq!(REQUEST.read(&json!([{"forward": "X-A"}])), REQUEST.read(&json!([{"forward": ["x-a"]}])));
    }

    #[test]
    fn mistakes_are_told_with_the_rules_number() {
        let complaint = |rule: Value| REQUEST.read(&json!([{"forward": "a"}, rule])).unwrap_err().message;
        for (rule, part) in [
            (json!("authorization"), "is not a rule"),
            (json!({}), "it does nothing"),
            (json!({"forward": "a", "remove": "b"}), "both `forward` and `remove`"),
            (json!({"forward": "a", "merge": "last"}), "`merge` is not known"),
            (json!({"forward": "content-length"}), "never passes"),
            (json!({"insert": "host", "value": "x"}), "never passes"),
            (json!({"insert": "x-a"}), "is not the value"),
            (json!({"insert": "x-a", "value": "a\r\nb: c"}), "is not the value"),
            (json!({"forward": ["a", "b"], "rename": "c"}), "needs one name"),
            (json!({"forward_matching": "("}), "is not a pattern"),
            (json!({"forward": []}), "names no header"),
            (json!({"forward": "a b"}), "is not the name"),
        ] {
            let found = complaint(rule.clone());
            assert!(found.starts_with("rule 2: ") && found.contains(part), "{rule}: {found}");
        }
        let typed = REQUEST.read(&json!([{"forwrad": "x"}])).unwrap_err();
        assert_eq!(typed.fix, "did you mean `forward`?");
        assert!(RESPONSE.read(&json!([{"forward": "x", "merge": "strictest"}])).is_err());
        assert!(RESPONSE.read(&json!([{"forward": "x", "merge": "lst"}])).is_err());
        let both = json!([{"forward": "cache-control", "merge": "strictest", "rename": "x"}]);
        assert!(RESPONSE.read(&both).is_err());
    }
}
