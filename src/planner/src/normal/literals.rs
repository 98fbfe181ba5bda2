//! Literals of arguments become variables.

use graphql_tools::static_graphql::query::{Field, Value, VariableDefinition};
use graphql_tools::static_graphql::schema::{Type, TypeDefinition};

use super::rewrite::Rewriter;
use super::{VariableSource, json};
use crate::literal;

/// What literals must have in common to become one variable.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    /// Class of [`super::merging::Merging`].
    class: usize,
    /// Argument, then keys and indices within its value.
    path: String,
    /// The literal's text with the keys of objects sorted: their order tells no values apart (§5.3.2).
    value: String,
    ty: String,
}

/// Where a value stands.
#[derive(Clone, Copy)]
struct Place<'p, 'a> {
    ty: &'a Type,
    /// The class of the field, if it may be merged with others.
    class: Option<usize>,
    /// The argument, or the object's field or list's item within another place.
    step: Step<'p>,
    above: Option<&'p Place<'p, 'a>>,
    /// Whether it is the field of an input object with `@oneOf`: then a variable must not be nullable (§5.8.5).
    one_of: bool,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Key(&'p str),
    Index(usize),
}

impl Place<'_, '_> {
    fn path(&self, out: &mut String) {
        if let Some(above) = self.above {
            above.path(out);
        }
        match self.step {
            Step::Key(key) => {
                out.push('.');
                out.push_str(key);
            }
            Step::Index(index) => {
                out.push('.');
                out.push_str(&index.to_string());
            }
        }
    }
}

impl<'a> Rewriter<'a> {
    /// The arguments of a field of `parent`, with the literals extracted.
    pub(super) fn arguments(&mut self, parent: &str, field: &'a Field) -> Vec<(String, Value)> {
        let mut written = Vec::with_capacity(field.arguments.len());
        if field.arguments.is_empty() {
            return written;
        }
        // The plan answers introspection: there it must know the values.
        let answered = parent.starts_with("__") || field.name.starts_with("__");
        let schema = self.schema;
        let definition = schema.selectable(parent, &field.name).filter(|_| !answered);
        let class = self.merging.class(field);
        for (name, value) in &field.arguments {
            let declared = definition
                .and_then(|definition| definition.arguments.iter().find(|argument| argument.name == *name));
            let value = match declared {
                Some(input) => {
                    let ty = &input.value_type;
                    let place = Place { ty, class, step: Step::Key(name), above: None, one_of: false };
                    self.value(value, place)
                }
                None => self.keep(value, !answered),
            };
            written.push((name.clone(), value));
        }
        written
    }

    /// A value without variables is extracted whole, else its parts. Recursion is bounded: the reader refuses values
    /// that are nested deep.
    fn value(&mut self, value: &'a Value, place: Place<'_, 'a>) -> Value {
        if let Value::Variable(name) = value {
            return self.variable(name);
        }
        let mut text = String::new();
        if json::write(self.schema, value, place.ty, &mut text) {
            return self.extract(value, place, text);
        }
        self.parts(value, place, place.ty)
    }

    fn parts(&mut self, value: &'a Value, place: Place<'_, 'a>, ty: &'a Type) -> Value {
        match (ty, value) {
            (Type::NonNullType(inner), value) => self.parts(value, place, inner),
            (Type::ListType(item), Value::List(items)) => {
                let items = items.iter().enumerate().map(|(index, value)| {
                    let step = Step::Index(index);
                    self.value(value, Place { ty: item, step, above: Some(&place), one_of: false, ..place })
                });
                Value::List(items.collect())
            }
            // One value stands for a list of one (§3.11).
            (Type::ListType(item), value) => self.parts(value, place, item),
            (Type::NamedType(name), Value::Object(fields)) => {
                let schema = self.schema;
                let Some(TypeDefinition::InputObject(input)) = schema.definition(name) else {
                    return self.keep(value, true);
                };
                let one_of = input.directives.iter().any(|directive| directive.name == "oneOf");
                let fields = fields.iter().map(|(key, value)| {
                    let written = match json::field_type(input, key) {
                        Some(ty) => {
                            let step = Step::Key(key);
                            self.value(value, Place { ty, step, above: Some(&place), one_of, ..place })
                        }
                        None => self.keep(value, true),
                    };
                    (key.clone(), written)
                });
                Value::Object(fields.collect())
            }
            (Type::NamedType(_), value) => self.keep(value, true),
        }
    }

    /// The variable that stands for a literal.
    fn extract(&mut self, value: &Value, place: Place<'_, 'a>, json: String) -> Value {
        let ty = match place.ty {
            ty @ (Type::NamedType(_) | Type::ListType(_)) if place.one_of => {
                Type::NonNullType(Box::new(ty.clone()))
            }
            ty => ty.clone(),
        };
        let Some(class) = place.class else { return self.declare_literal(ty, json) };
        let mut path = String::new();
        place.path(&mut path);
        let mut text = String::new();
        literal::write(&sorted(value), &mut text);
        let identity = Identity { class, path, value: text, ty: ty.to_string() };
        if let Some(variable) = self.shared.get(&identity) {
            return Value::Variable(variable.clone());
        }
        let variable = self.declare_literal(ty, json);
        if let Value::Variable(name) = &variable {
            self.shared.insert(identity, name.clone());
        }
        variable
    }

    /// Declares a variable for a literal.
    pub(super) fn declare_literal(&mut self, ty: Type, json: String) -> Value {
        let name = format!("v{}", self.sources.len());
        self.sources.push(VariableSource::Literal(json));
        self.declared.push(VariableDefinition {
            position: Default::default(),
            name: name.clone(),
            var_type: ty,
            default_value: None,
        });
        Value::Variable(name)
    }

    /// The value as it is, its variables renamed.
    fn keep(&mut self, value: &'a Value, count: bool) -> Value {
        match value {
            Value::Variable(name) => self.variable(name),
            Value::List(items) if !items.is_empty() => {
                Value::List(items.iter().map(|item| self.keep(item, count)).collect())
            }
            Value::Object(fields) if !fields.is_empty() => {
                let fields = fields.iter().map(|(key, value)| (key.clone(), self.keep(value, count)));
                Value::Object(fields.collect())
            }
            value => {
                self.kept_literals = self.kept_literals.saturating_add(usize::from(count));
                value.clone()
            }
        }
    }
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::List(items) => Value::List(items.iter().map(sorted).collect()),
        Value::Object(fields) => {
            let mut fields: Vec<(String, Value)> =
                fields.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            fields.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(fields)
        }
        value => value.clone(),
    }
}
