//! Values of variables against their declared types (CoerceVariableValues, GraphQL §6.1.2).
//!
//! The values are checked as raw JSON text and travel to the subgraphs byte for byte. Nothing is added to them:
//! a variable that is not given is not sent, and the subgraph's operation declares the default; a single value
//! where a list is declared is a list of one to the subgraph as well.

use std::borrow::Cow;

use weir_planner::{InputObject, InputType, VariableTypes, did_you_mean};

use crate::error::Code;
use crate::executor::Variables;
use crate::response::errors::GraphQlError;

/// Faults reported of one request's variables, at most.
const MAX_ERRORS: usize = 50;

/// Characters of a refused value that a message shows.
const MAX_SHOWN: usize = 100;

/// All that is wrong with `variables`; those that are not declared don't matter. `suggest` says whether messages
/// may name parts of the schema that are like what was not found.
///
/// The JSON must have passed the guard, which bounds its nesting, and so the recursion here.
pub(crate) fn check(types: &VariableTypes, variables: &Variables, suggest: bool) -> Vec<GraphQlError> {
    let mut check = Check { types, suggest, variable: "", at: (0, 0), path: Vec::new(), errors: Vec::new() };
    for variable in types.iter() {
        check.variable = &variable.name;
        check.at = variable.location;
        let json = variables.iter().find(|(name, _)| *name == variable.name).map(|(_, json)| json.as_str());
        match (json, &variable.ty) {
            (None, InputType::NonNull(_)) if !variable.has_default => check.error(format!(
                "Variable \"${}\" of required type \"{}\" was not provided.",
                variable.name,
                types.text(&variable.ty)
            )),
            (None, _) => {}
            (Some("null"), InputType::NonNull(_)) => check.error(format!(
                "Variable \"${}\" of non-null type \"{}\" must not be null.",
                variable.name,
                types.text(&variable.ty)
            )),
            (Some(json), ty) => check.value(json, ty),
        }
    }
    if check.is_full() {
        let message = "Too many errors processing variables, error limit reached. Execution aborted.";
        let mut error = GraphQlError::new(Code::BadVariables, message);
        error.locations.push(check.at);
        check.errors.push(error);
    }
    check.errors
}

/// A step into a value.
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

struct Check<'a> {
    types: &'a VariableTypes,
    suggest: bool,
    variable: &'a str,
    at: (u32, u32),
    path: Vec<Step<'a>>,
    errors: Vec<GraphQlError>,
}

impl<'a> Check<'a> {
    fn is_full(&self) -> bool {
        self.errors.len() >= MAX_ERRORS
    }

    fn error(&mut self, message: String) {
        if !self.is_full() {
            let mut error = GraphQlError::new(Code::BadVariables, message);
            error.locations.push(self.at);
            self.errors.push(error);
        }
    }

    fn refuse(&mut self, json: &str, why: &str) {
        if self.is_full() {
            return;
        }
        let mut place = String::new();
        for step in &self.path {
            match step {
                Step::Key(key) => {
                    place.push('.');
                    place.push_str(key);
                }
                Step::Index(index) => place.push_str(&format!("[{index}]")),
            }
        }
        let at = if place.is_empty() { place } else { format!(" at \"{}{place}\"", self.variable) };
        let shown = shown(json);
        self.error(format!("Variable \"${}\" got invalid value {shown}{at}; {why}", self.variable));
    }

    fn value(&mut self, json: &str, ty: &'a InputType) {
        if let InputType::NonNull(inner) = ty {
            if json == "null" {
                let ty = self.types.text(ty);
                return self.refuse(json, &format!("Expected non-nullable type \"{ty}\" not to be null."));
            }
            return self.value(json, inner);
        }
        if json == "null" || self.is_full() {
            return;
        }
        let first = json.as_bytes().first().copied().unwrap_or_default();
        match ty {
            InputType::NonNull(_) | InputType::Custom(_) => {}
            InputType::List(item) if first == b'[' => self.list(json, item),
            InputType::List(item) => self.value(json, item),
            InputType::Int => match whole_number(json) {
                Whole::Within32 => {}
                Whole::Beyond => {
                    let why =
                        format!("Int cannot represent non 32-bit signed integer value: {}", shown(json));
                    self.refuse(json, &why);
                }
                Whole::No => self.scalar(json, "Int cannot represent non-integer value"),
            },
            InputType::Float if !is_number(first) => {
                self.scalar(json, "Float cannot represent non numeric value");
            }
            InputType::String if first != b'"' => {
                self.scalar(json, "String cannot represent a non string value");
            }
            InputType::Boolean if !matches!(json, "true" | "false") => {
                self.scalar(json, "Boolean cannot represent a non boolean value");
            }
            InputType::Id if first != b'"' && matches!(whole_number(json), Whole::No) => {
                self.scalar(json, "ID cannot represent value");
            }
            InputType::Float | InputType::String | InputType::Boolean | InputType::Id => {}
            InputType::Enum(index) => self.enumeration(json, *index),
            InputType::Object(index) => {
                let Some(object) = self.types.object(*index) else { return };
                if first == b'{' {
                    self.object(json, object);
                } else {
                    self.refuse(json, &format!("Expected type \"{}\" to be an object.", object.name));
                }
            }
        }
    }

    fn scalar(&mut self, json: &str, what: &str) {
        let why = format!("{what}: {}", shown(json));
        self.refuse(json, &why);
    }

    fn list(&mut self, json: &str, item: &'a InputType) {
        if !json.bytes().any(|byte| matches!(byte, b'"' | b'{')) {
            return self.plain_list(json, item);
        }
        for (index, value) in sonic_rs::to_array_iter(json).enumerate() {
            let Ok(value) = value else { return self.refuse(json, "It is not valid JSON.") };
            self.path.push(Step::Index(index));
            self.value(value.as_raw_str(), item);
            self.path.pop();
            if self.is_full() {
                return;
            }
        }
    }

    /// A list of numbers and the like, and of lists of them: where no string or object is, each comma and bracket
    /// is one, and there may be half a million of them.
    fn plain_list(&mut self, json: &str, item: &'a InputType) {
        let inner = json.get(1..json.len().saturating_sub(1)).unwrap_or_default();
        let (mut depth, mut start, mut index) = (0_usize, 0_usize, 0_usize);
        let bytes = inner.bytes().chain([b',']).enumerate();
        for (at, byte) in bytes {
            match byte {
                b'[' => depth = depth.saturating_add(1),
                b']' => depth = depth.saturating_sub(1),
                b',' if depth == 0 => {
                    let value = inner.get(start..at).unwrap_or_default();
                    let value = value.trim_ascii();
                    // Only an empty list has an empty item.
                    if !value.is_empty() {
                        self.path.push(Step::Index(index));
                        self.value(value, item);
                        self.path.pop();
                        if self.is_full() {
                            return;
                        }
                    }
                    start = at.saturating_add(1);
                    index = index.saturating_add(1);
                }
                _ => {}
            }
        }
    }

    fn enumeration(&mut self, json: &str, index: usize) {
        let Some(enumeration) = self.types.enumeration(index) else { return };
        let name = &enumeration.name;
        let values = || enumeration.values.iter().map(String::as_str);
        if !json.starts_with('"') {
            let hint =
                if self.suggest { did_you_mean("the enum value ", json, values()) } else { String::new() };
            let why = format!("Enum \"{name}\" cannot represent non-string value: {}.{hint}", shown(json));
            return self.refuse(json, &why);
        }
        let text = text(json);
        if !values().any(|value| value == text) {
            let hint =
                if self.suggest { did_you_mean("the enum value ", &text, values()) } else { String::new() };
            let why = format!("Value \"{}\" does not exist in \"{name}\" enum.{hint}", cut(&text));
            self.refuse(json, &why);
        }
    }

    fn object(&mut self, json: &str, object: &'a InputObject) {
        let mut given = vec![false; object.fields.len()];
        let mut unknown = Vec::new();
        let mut only = None;
        for entry in sonic_rs::to_object_iter(json) {
            let Ok((key, value)) = entry else { return self.refuse(json, "It is not valid JSON.") };
            let Some(index) = object.field(&key) else {
                if unknown.len() < MAX_ERRORS {
                    unknown.push(key.to_string());
                }
                continue;
            };
            let Some(field) = object.fields.get(index) else { continue };
            if let Some(given) = given.get_mut(index) {
                *given = true;
            }
            let value = value.as_raw_str();
            only = Some((&field.name, value == "null"));
            self.path.push(Step::Key(&field.name));
            self.value(value, &field.ty);
            self.path.pop();
        }
        for (field, given) in object.fields.iter().zip(&given) {
            if field.required && !given {
                let ty = self.types.text(&field.ty);
                let why = format!("Field \"{}\" of required type \"{ty}\" was not provided.", field.name);
                self.refuse(json, &why);
            }
        }
        for key in unknown {
            let names = object.fields.iter().map(|field| field.name.as_str());
            let hint = if self.suggest { did_you_mean("", &key, names) } else { String::new() };
            let why = format!("Field \"{}\" is not defined by type \"{}\".{hint}", cut(&key), object.name);
            self.refuse(json, &why);
        }
        if object.one_of {
            match (given.iter().filter(|given| **given).count(), only) {
                (1, Some((_, false))) => {}
                (1, Some((field, true))) => {
                    self.refuse(json, &format!("Field \"{field}\" must be non-null."));
                }
                _ => {
                    let why =
                        format!("Exactly one key must be specified for OneOf type \"{}\".", object.name);
                    self.refuse(json, &why);
                }
            }
        }
    }
}

enum Whole {
    Within32,
    Beyond,
    No,
}

/// Whether a JSON value is a number without fraction. `1.0` and `1e2` are: JSON knows one kind of number.
fn whole_number(json: &str) -> Whole {
    let digits = json.strip_prefix('-').unwrap_or(json);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        // Nine digits always fit.
        let fits = digits.len() <= 9 || json.parse::<i32>().is_ok();
        return if fits { Whole::Within32 } else { Whole::Beyond };
    }
    if !json.as_bytes().first().copied().is_some_and(is_number) {
        return Whole::No;
    }
    match json.parse::<f64>() {
        Ok(number) if number.fract() != 0.0 || !number.is_finite() => Whole::No,
        Ok(number) if number >= f64::from(i32::MIN) && number <= f64::from(i32::MAX) => Whole::Within32,
        Ok(_) => Whole::Beyond,
        Err(_) => Whole::No,
    }
}

fn is_number(first: u8) -> bool {
    first == b'-' || first.is_ascii_digit()
}

/// The value of a JSON string.
fn text(json: &str) -> Cow<'_, str> {
    let inner = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(json);
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    sonic_rs::from_str::<String>(json).map_or(Cow::Borrowed(inner), Cow::Owned)
}

fn shown(json: &str) -> Cow<'_, str> {
    cut(json)
}

/// The start of a text of any length.
fn cut(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MAX_SHOWN) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests;
