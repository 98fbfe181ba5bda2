//! JSON that keeps the order of keys, for `data` is ordered (GraphQL §7.2.2).

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;

/// A JSON value; objects are equal only if their keys stand in the same order.
#[derive(Debug, Clone, PartialEq)]
pub enum Ordered {
    /// `null`
    Null,
    /// A number, string or boolean.
    Scalar(Json),
    /// A list.
    List(Vec<Ordered>),
    /// An object.
    Object(Vec<(String, Ordered)>),
}

impl Ordered {
    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<&Ordered> {
        match self {
            Ordered::Object(fields) => fields.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The same with lines and indents.
    pub fn pretty(&self) -> String {
        let mut out = String::new();
        self.write_pretty(&mut out, 0);
        out
    }

    fn write_pretty(&self, out: &mut String, depth: usize) {
        let short = self.to_string();
        if short.len() + depth * 2 < 100 {
            out.push_str(&short);
            return;
        }
        let indent = "  ".repeat(depth + 1);
        let (open, close) = if matches!(self, Ordered::List(_)) { ('[', ']') } else { ('{', '}') };
        let mut separator = open.to_string();
        let mut item = |out: &mut String, key: Option<&str>, value: &Ordered| {
            out.push_str(&std::mem::replace(&mut separator, ",".to_owned()));
            out.push('\n');
            out.push_str(&indent);
            if let Some(key) = key {
                out.push_str(&Json::from(key).to_string());
                out.push_str(": ");
            }
            value.write_pretty(out, depth + 1);
        };
        match self {
            Ordered::List(items) => items.iter().for_each(|value| item(out, None, value)),
            Ordered::Object(fields) => fields.iter().for_each(|(key, value)| item(out, Some(key), value)),
            Ordered::Null | Ordered::Scalar(_) => return out.push_str(&short),
        }
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
        out.push(close);
    }
}

impl From<Json> for Ordered {
    fn from(json: Json) -> Ordered {
        match json {
            Json::Null => Ordered::Null,
            Json::Array(items) => Ordered::List(items.into_iter().map(Ordered::from).collect()),
            Json::Object(fields) => {
                Ordered::Object(fields.into_iter().map(|(key, value)| (key, Ordered::from(value))).collect())
            }
            scalar => Ordered::Scalar(scalar),
        }
    }
}

/// Compact, with a blank after each comma and colon, so that it can be read.
impl fmt::Display for Ordered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ordered::Null => f.write_str("null"),
            Ordered::Scalar(json) => write!(f, "{json}"),
            Ordered::List(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if i > 0 { ", " } else { "" })?;
                }
                f.write_str("]")
            }
            Ordered::Object(fields) => {
                f.write_str("{")?;
                for (i, (key, value)) in fields.iter().enumerate() {
                    write!(f, "{}{}: {value}", if i > 0 { ", " } else { "" }, Json::from(key.as_str()))?;
                }
                f.write_str("}")
            }
        }
    }
}

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Ordered, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Ordered;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_unit<E>(self) -> Result<Ordered, E> {
                Ok(Ordered::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Ordered, E> {
                Ok(Ordered::Scalar(value.into()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Ordered, E> {
                Ok(Ordered::Scalar(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Ordered, E> {
                Ok(Ordered::Scalar(value.into()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Ordered, E> {
                Ok(Ordered::Scalar(value.into()))
            }

            fn visit_str<E>(self, value: &str) -> Result<Ordered, E> {
                Ok(Ordered::Scalar(value.into()))
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Ordered, S::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Ordered::List(items))
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Ordered, M::Error> {
                let mut fields: Vec<(String, Ordered)> = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, Ordered>()? {
                    // What a client would make of it is anybody's guess.
                    if fields.iter().any(|(name, _)| *name == key) {
                        return Err(serde::de::Error::custom(format!(
                            "the key {key:?} stands twice in one object"
                        )));
                    }
                    fields.push((key, value));
                }
                Ok(Ordered::Object(fields))
            }
        }
        json.deserialize_any(Any)
    }
}
