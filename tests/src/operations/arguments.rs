//! Values for arguments: as literals, as variables, absent, null, and by default.

use std::fmt::Write as _;

use graphql_parser::schema::Type;
use serde_json::{Map, Value as Json, json};

use super::random::Random;
use crate::schema::{InputDef, Kind, Schema, TypeRef, named};

/// The variables that an operation declares so far.
#[derive(Debug, Default)]
pub(super) struct Variables {
    declared: Vec<Declared>,
    /// The values sent along.
    pub(super) values: Map<String, Json>,
}

#[derive(Debug)]
struct Declared {
    name: String,
    ty: String,
    default: Option<String>,
}

impl Variables {
    /// `($a: T = v, …)`, or nothing.
    pub(super) fn declarations(&self) -> String {
        let mut text = String::new();
        for Declared { name, ty, default } in &self.declared {
            let _ = write!(text, "{}${name}: {ty}", if text.is_empty() { "" } else { ", " });
            if let Some(default) = default {
                let _ = write!(text, " = {default}");
            }
        }
        if text.is_empty() { text } else { format!("({text})") }
    }
}

/// Makes values.
pub(super) struct Values<'s> {
    pub(super) schema: &'s Schema,
    pub(super) hints: &'s Map<String, Json>,
    pub(super) variables: Variables,
}

const TEXTS: [&str; 8] =
    ["x", "", "a \"b\" \\ c", "line\nbreak\ttab", "é漢🙂", "$notAVariable {}", "null", "\u{7f}\u{2028}/"];

impl Values<'_> {
    /// The arguments of a field with their parentheses; nothing if none is given.
    pub(super) fn arguments(&mut self, random: &mut Random, definitions: &[InputDef]) -> String {
        let mut given = Vec::new();
        for definition in definitions {
            if let Some(value) = self.position(random, definition, &definition.name, 0) {
                given.push(format!("{}: {value}", definition.name));
            }
        }
        if given.is_empty() { String::new() } else { format!("({})", given.join(", ")) }
    }

    /// A condition for `@skip` or `@include`, which is `true` or `false` or a variable.
    pub(super) fn condition(&mut self, random: &mut Random) -> String {
        if random.one_in(3) {
            return random.one_in(2).to_string();
        }
        let reused = self.variables.declared.iter().filter(|declared| declared.name.starts_with("if"));
        let reused: Vec<String> = reused.map(|declared| declared.name.clone()).collect();
        if let Some(name) = random.pick(&reused)
            && random.one_in(2)
        {
            return format!("${name}");
        }
        let name = format!("if{}", self.variables.declared.len());
        let value = random.one_in(2);
        // A default may stand in for a value that is not sent.
        let default = random.one_in(4).then(|| random.one_in(2));
        if default.is_none() || random.one_in(2) {
            self.variables.values.insert(name.clone(), Json::Bool(value));
        }
        let ty = if default.is_some() && random.one_in(2) { "Boolean" } else { "Boolean!" };
        let default = default.map(|default| default.to_string());
        self.variables.declared.push(Declared { name: name.clone(), ty: ty.to_owned(), default });
        format!("${name}")
    }

    /// The text of a value for an argument or input field, or none to leave it out.
    fn position(
        &mut self,
        random: &mut Random,
        definition: &InputDef,
        hint: &str,
        depth: usize,
    ) -> Option<String> {
        let nullable = !matches!(definition.ty, Type::NonNullType(_));
        if !definition.is_required() && random.one_in(4) {
            return None;
        }
        if nullable && random.one_in(12) {
            return Some("null".to_owned());
        }
        if random.one_in(if depth == 0 { 3 } else { 8 }) {
            return Some(self.variable(random, &definition.ty, hint));
        }
        Some(self.literal(random, &definition.ty, hint, depth))
    }

    /// A variable that may be used at a position of this type (GraphQL §5.8.5).
    fn variable(&mut self, random: &mut Random, ty: &TypeRef, hint: &str) -> String {
        let text = ty.to_string();
        let reused = self.variables.declared.iter().filter(|d| d.ty == text && !d.name.starts_with("if"));
        let reused: Vec<String> = reused.map(|declared| declared.name.clone()).collect();
        if let Some(name) = random.pick(&reused)
            && random.one_in(3)
        {
            return format!("${name}");
        }
        let name = format!("v{}", self.variables.declared.len());
        let nullable = !matches!(ty, Type::NonNullType(_));
        let mut declared = Declared { name: name.clone(), ty: text.clone(), default: None };
        let value = self.json(random, ty, hint, 0);
        match random.below(6) {
            // Stricter than the position needs.
            0 if nullable => declared.ty = format!("{text}!"),
            // A default, sent or not.
            1 | 2 if !value.is_null() => {
                declared.default = Some(self.written(&value, ty));
                if !nullable && random.one_in(2) {
                    // A nullable variable with a default may stand where null may not.
                    declared.ty = text.trim_end_matches('!').to_owned();
                }
                if random.one_in(2) {
                    self.variables.declared.push(declared);
                    return format!("${name}");
                }
            }
            // Null, or not sent at all.
            3 if nullable => {
                if random.one_in(2) {
                    self.variables.values.insert(name.clone(), Json::Null);
                }
                self.variables.declared.push(declared);
                return format!("${name}");
            }
            _ => {}
        }
        self.variables.values.insert(name.clone(), value);
        self.variables.declared.push(declared);
        format!("${name}")
    }

    fn literal(&mut self, random: &mut Random, ty: &TypeRef, hint: &str, depth: usize) -> String {
        match ty {
            Type::NonNullType(inner) => self.literal(random, inner, hint, depth),
            // One item stands for a list of it (GraphQL §3.11).
            Type::ListType(item) if !is_list(item) && random.one_in(5) => {
                self.literal(random, item, hint, depth)
            }
            Type::ListType(item) => {
                let items: Vec<String> =
                    (0..random.below(3)).map(|_| self.literal(random, item, hint, depth + 1)).collect();
                format!("[{}]", items.join(if random.one_in(2) { ", " } else { " " }))
            }
            Type::NamedType(name) => match self.schema.get(name).filter(|found| found.kind == Kind::Input) {
                Some(input) => {
                    let mut fields = Vec::new();
                    for field in &input.inputs {
                        let hint = format!("{name}.{}", field.name);
                        if depth > 2 && !field.is_required() {
                            continue;
                        }
                        if let Some(value) = self.position(random, field, &hint, depth + 1) {
                            fields.push(format!("{}: {value}", field.name));
                        }
                    }
                    format!("{{{}}}", fields.join(", "))
                }
                None => {
                    let value = self.json(random, ty, hint, depth);
                    self.written(&value, ty)
                }
            },
        }
    }

    /// A value as JSON, never null.
    fn json(&mut self, random: &mut Random, ty: &TypeRef, hint: &str, depth: usize) -> Json {
        match ty {
            Type::NonNullType(inner) => self.json(random, inner, hint, depth),
            Type::ListType(item) => {
                if !is_list(item) && random.one_in(5) {
                    return self.json(random, item, hint, depth);
                }
                let items = (0..random.below(3)).map(|_| self.json(random, item, hint, depth + 1));
                Json::Array(items.collect())
            }
            Type::NamedType(name) => {
                let wanted = self.hints.get(hint).or_else(|| self.hints.get(name.as_str()));
                if let Some(value) = wanted.and_then(Json::as_array).and_then(|values| random.pick(values)) {
                    return value.clone();
                }
                self.any(random, name, depth)
            }
        }
    }

    fn any(&mut self, random: &mut Random, name: &str, depth: usize) -> Json {
        let Some(ty) = self.schema.get(name) else { return Json::from("x") };
        match ty.kind {
            Kind::Enum => random.pick(&ty.values).map_or(Json::Null, |value| Json::from(value.as_str())),
            Kind::Input => {
                let mut object = Map::new();
                for field in &ty.inputs {
                    if field.is_required() || (depth < 3 && random.one_in(2)) {
                        let hint = format!("{name}.{}", field.name);
                        let value = self.json(random, &field.ty, &hint, depth + 1);
                        object.insert(field.name.clone(), value);
                    }
                }
                Json::Object(object)
            }
            _ => match name {
                "Int" => json!(i64::try_from(random.below(2000)).unwrap_or(0) - 1000),
                "Float" => match random.below(3) {
                    0 => json!(random.below(100)),
                    1 => json!(-0.5),
                    _ => json!(1.25e3),
                },
                "Boolean" => Json::Bool(random.one_in(2)),
                "ID" if random.one_in(3) => json!(random.below(4)),
                "ID" => json!(random.below(4).to_string()),
                _ => random.pick(&TEXTS).map_or(Json::Null, |text| Json::from(*text)),
            },
        }
    }

    /// JSON as a GraphQL literal of a type (enum values have no quotes).
    fn written(&self, value: &Json, ty: &TypeRef) -> String {
        match value {
            Json::Array(items) => {
                let inner = match ty {
                    Type::NonNullType(inner) => return self.written(value, inner),
                    Type::ListType(item) => item,
                    Type::NamedType(_) => ty,
                };
                let items: Vec<String> = items.iter().map(|item| self.written(item, inner)).collect();
                format!("[{}]", items.join(", "))
            }
            Json::Object(object) => {
                let input = self.schema.get(named(ty));
                let fields = object.iter().map(|(key, value)| {
                    let field = input.and_then(|input| input.inputs.iter().find(|field| field.name == *key));
                    format!("{key}: {}", self.written(value, field.map_or(ty, |field| &field.ty)))
                });
                format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
            }
            Json::String(text) if self.schema.get(named(ty)).is_some_and(|ty| ty.kind == Kind::Enum) => {
                text.clone()
            }
            Json::String(text) => quoted(text),
            other => other.to_string(),
        }
    }
}

/// Whether coercion of one item would depend on the edition of the spec.
fn is_list(ty: &TypeRef) -> bool {
    match ty {
        Type::NonNullType(inner) => is_list(inner),
        Type::ListType(_) => true,
        Type::NamedType(_) => false,
    }
}

/// A GraphQL string: JSON's escapes are among GraphQL's own (§2.9.4).
fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}
