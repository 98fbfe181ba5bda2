//! The data of a suite: what one service with the whole schema would hold, and how it changes and computes.
//!
//! `data.json` holds `objects` by `Type:id`, with the roots `Query` and `Mutation`. A string `"@Type:id"` where the
//! schema has a composite type refers to an object; an object without id stands inline, with a `__typename` where
//! its type is abstract. A field with arguments may hold an instruction ([`Store::instruction`] lists them).
//!
//! A field with `@requires` is computed: a scalar from the values it requires and its arguments, so that wrong
//! inputs show as wrong data ([`Store::compute`]).

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use serde_json::{Map, Value as Json};

use super::coercion;
use super::field_set::{FieldSet, fields};
use super::ordered::Ordered;
use crate::schema::{Kind, Schema, TypeRef, named};

/// The dataset of a suite.
pub struct Store {
    schema: Schema,
    original: Map<String, Json>,
    objects: RefCell<Map<String, Json>>,
    computed: HashMap<(String, String), Rc<FieldSet>>,
}

/// An object of the store.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its type in the supergraph, always an object type.
    pub type_name: String,
    /// Its key in `objects`.
    pub id: Option<Rc<str>>,
    inline: Option<Rc<Json>>,
}

/// A value of the store.
#[derive(Debug, Clone)]
pub enum Stored {
    /// Null.
    Null,
    /// Nothing, not even null: `{"$missing": true}`.
    Missing,
    /// A leaf.
    Leaf(Json),
    /// An object.
    Node(Node),
    /// A list.
    List(Vec<Stored>),
}

impl Store {
    /// From `objects` of a `data.json`, the supergraph's whole schema, and what each computed field requires.
    pub fn new(
        schema: Schema,
        objects: Map<String, Json>,
        computed: HashMap<(String, String), Rc<FieldSet>>,
    ) -> Store {
        Store { schema, original: objects.clone(), objects: RefCell::new(objects), computed }
    }

    /// Forgets what mutations changed.
    pub fn reset(&self) {
        self.objects.borrow_mut().clone_from(&self.original);
    }

    /// The supergraph's schema, `@inaccessible` parts included.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// A root object.
    pub fn root(&self, name: &str) -> Node {
        Node { type_name: name.to_owned(), id: Some(name.into()), inline: None }
    }

    /// All objects with an id whose type satisfies `condition`.
    pub fn nodes(&self, condition: &str) -> Vec<Node> {
        let objects = self.objects.borrow();
        let known = objects.keys().filter(|id| self.schema.satisfies(type_of(id), condition));
        known.map(|id| node(id)).collect()
    }

    /// What `field` requires if it is computed; directly or by an interface of the type.
    pub fn requires(&self, type_name: &str, field: &str) -> Option<Rc<FieldSet>> {
        let interfaces = self.schema.get(type_name).map(|ty| ty.interfaces.as_slice()).unwrap_or_default();
        let mut types = std::iter::once(type_name).chain(interfaces.iter().map(String::as_str));
        types.find_map(|ty| self.computed.get(&(ty.to_owned(), field.to_owned())).cloned())
    }

    /// The value of a field, computed if need be from what the store itself holds.
    ///
    /// # Errors
    /// The field's error, if the data say so.
    pub fn value(&self, node: &Node, field: &str, arguments: &Map<String, Json>) -> Result<Stored, String> {
        match self.requires(&node.type_name, field) {
            Some(set) => {
                let required = self.project(node, &[&set])?;
                self.compute(node, field, arguments, &required)
            }
            None => self.stored(node, field, arguments),
        }
    }

    /// The value that the data have for a field.
    ///
    /// # Errors
    /// The field's error, if the data say so.
    pub fn stored(&self, node: &Node, field: &str, arguments: &Map<String, Json>) -> Result<Stored, String> {
        let ty = self.type_of_field(&node.type_name, field);
        let raw = match (&node.id, &node.inline) {
            (Some(id), _) => self.objects.borrow().get(&**id).and_then(|fields| fields.get(field)).cloned(),
            (None, Some(inline)) => inline.get(field).cloned(),
            (None, None) => None,
        };
        let raw = raw.unwrap_or(Json::Null);
        let raw = match &raw {
            Json::Object(fields) if fields.contains_key("$missing") => return Ok(Stored::Missing),
            Json::Object(fields) if fields.keys().any(|key| key.starts_with('$')) => {
                self.instruction(fields, arguments)?
            }
            _ => raw,
        };
        Ok(self.convert(&ty, raw))
    }

    fn type_of_field(&self, type_name: &str, field: &str) -> TypeRef {
        let definition = self.schema.field(type_name, field);
        definition.unwrap_or_else(|| panic!("the supergraph has no {type_name}.{field}")).ty.clone()
    }

    fn convert(&self, ty: &TypeRef, raw: Json) -> Stored {
        let type_name = named(ty);
        match raw {
            Json::Null => Stored::Null,
            leaf if !self.schema.is_composite(type_name) => match leaf {
                Json::Array(items) if is_list(ty) => {
                    Stored::List(items.into_iter().map(|item| self.convert(item_of(ty), item)).collect())
                }
                leaf => Stored::Leaf(leaf),
            },
            Json::Array(items) => {
                Stored::List(items.into_iter().map(|item| self.convert(ty, item)).collect())
            }
            Json::String(reference) => {
                let id =
                    reference.strip_prefix('@').unwrap_or_else(|| panic!("{reference:?} is no reference"));
                assert!(self.objects.borrow().contains_key(id), "the data have no {id}");
                Stored::Node(node(id))
            }
            Json::Object(fields) => {
                let own = fields.get("__typename").and_then(Json::as_str).unwrap_or(type_name).to_owned();
                let kind = self.schema.get(&own).map(|ty| ty.kind);
                assert_eq!(kind, Some(Kind::Object), "{own} is no object type: {fields:?}");
                Stored::Node(Node { type_name: own, id: None, inline: Some(Rc::new(Json::Object(fields))) })
            }
            // A broken promise, which is what it is there for.
            other => Stored::Leaf(other),
        }
    }

    /// Does what a field's instruction says:
    ///
    /// - `{"$echo": "text"}`: the text and the arguments as JSON;
    /// - `{"$find": "Type"}`: the object of that type whose fields equal the arguments, else null;
    /// - `{"$case": "argument", "x": value, "else": value}`: by an argument's value;
    /// - `{"$first": "argument", "of": [..]}`: as many of the list;
    /// - `{"$add" or "$times" or "$append": "Type:id.field", "by": "argument", "then": value}`: changes the data;
    /// - `{"$error": "message"}`: fails.
    fn instruction(&self, fields: &Map<String, Json>, arguments: &Map<String, Json>) -> Result<Json, String> {
        let (verb, object) = fields.iter().find(|(key, _)| key.starts_with('$')).expect("an instruction");
        let object = object.as_str().unwrap_or_default();
        let argument = |name: &str| arguments.get(name).cloned().unwrap_or(Json::Null);
        Ok(match verb.as_str() {
            "$echo" => Json::from(format!("{object}{}", Json::Object(arguments.clone()))),
            "$error" => return Err(object.to_owned()),
            "$find" => {
                let matches = |node: &Node| {
                    arguments.iter().all(|(name, wanted)| {
                        matches!(self.value(node, name, &Map::new()), Ok(Stored::Leaf(value)) if value == *wanted)
                    })
                };
                let found = self.nodes(object).into_iter().find(matches).and_then(|node| node.id);
                found.map_or(Json::Null, |id| Json::from(format!("@{id}")))
            }
            "$case" => {
                let value = argument(object);
                let key = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
                fields.get(&key).or_else(|| fields.get("else")).cloned().unwrap_or(Json::Null)
            }
            "$first" => {
                let items = fields.get("of").and_then(Json::as_array).cloned().unwrap_or_default();
                let count =
                    argument(object).as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(items.len());
                Json::Array(items.into_iter().take(count).collect())
            }
            "$add" | "$times" | "$append" => {
                let by = argument(fields.get("by").and_then(Json::as_str).unwrap_or_default());
                let (id, field) = object.split_once('.').expect("Type:id.field");
                let mut objects = self.objects.borrow_mut();
                let target =
                    objects.get_mut(id).and_then(|object| object.get_mut(field)).expect("a field to change");
                *target = match verb.as_str() {
                    "$add" => Json::from(target.as_i64().unwrap_or(0) + by.as_i64().unwrap_or(0)),
                    "$times" => Json::from(target.as_i64().unwrap_or(0) * by.as_i64().unwrap_or(0)),
                    _ => {
                        Json::from(format!("{}{}", target.as_str().unwrap_or(""), by.as_str().unwrap_or("")))
                    }
                };
                fields.get("then").cloned().unwrap_or(Json::Null)
            }
            other => panic!("no instruction {other}"),
        })
    }

    /// What field sets select of an object, names as in the sets and `__typename` left out.
    ///
    /// # Errors
    /// A field's error, if the data say so.
    pub fn project(&self, node: &Node, sets: &[&FieldSet]) -> Result<Ordered, String> {
        let satisfies = |condition: &str| self.schema.satisfies(&node.type_name, condition);
        let mut out = Vec::new();
        for field in fields(sets, &satisfies) {
            if field.name == "__typename" {
                continue;
            }
            let definition = self.schema.field(&node.type_name, field.name);
            let definition = definition.unwrap_or_else(|| panic!("{} has no {}", node.type_name, field.name));
            let arguments =
                coercion::arguments(&self.schema, &definition.arguments, field.arguments, &Map::new())?;
            let value = self.value(node, field.name, &arguments)?;
            out.push((field.name.to_owned(), self.project_value(value, &field.below)?));
        }
        Ok(Ordered::Object(out))
    }

    fn project_value(&self, value: Stored, sets: &[&FieldSet]) -> Result<Ordered, String> {
        Ok(match value {
            Stored::Null | Stored::Missing => Ordered::Null,
            Stored::Leaf(json) => Ordered::from(json),
            Stored::Node(node) => self.project(&node, sets)?,
            Stored::List(items) => {
                let items: Result<Vec<_>, _> =
                    items.into_iter().map(|item| self.project_value(item, sets)).collect();
                Ordered::List(items?)
            }
        })
    }

    /// A computed field: for a String its name, arguments and what it requires, as text; for other scalars a number
    /// made of that text; for anything else what the data have, if the required values are the true ones.
    ///
    /// # Errors
    /// If they are not.
    pub fn compute(
        &self,
        node: &Node,
        field: &str,
        arguments: &Map<String, Json>,
        required: &Ordered,
    ) -> Result<Stored, String> {
        let text = match arguments.is_empty() {
            true => format!("{field} of {required}"),
            false => format!("{field}{} of {required}", Json::Object(arguments.clone())),
        };
        // FNV-1a: any function of all the text will do.
        let sum = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let ty = self.type_of_field(&node.type_name, field);
        Ok(match (is_list(&ty), named(&ty)) {
            (false, "String" | "ID") => Stored::Leaf(Json::from(text)),
            (false, "Int") => Stored::Leaf(Json::from(sum % 1000)),
            (false, "Float") => Stored::Leaf(Json::from((sum % 1000) as f64 + 0.5)),
            (false, "Boolean") => Stored::Leaf(Json::from(sum % 2 == 0)),
            _ => {
                let set = self.requires(&node.type_name, field);
                let truth = self.project(node, &set.iter().map(|set| &**set).collect::<Vec<_>>())?;
                if truth != *required {
                    return Err(format!("{}.{field} got {required} instead of {truth}", node.type_name));
                }
                self.stored(node, field, arguments)?
            }
        })
    }
}

fn type_of(id: &str) -> &str {
    id.split(':').next().unwrap_or(id)
}

fn node(id: &str) -> Node {
    Node { type_name: type_of(id).to_owned(), id: Some(id.into()), inline: None }
}

fn is_list(ty: &TypeRef) -> bool {
    match ty {
        TypeRef::NonNullType(inner) => is_list(inner),
        TypeRef::ListType(_) => true,
        TypeRef::NamedType(_) => false,
    }
}

fn item_of(ty: &TypeRef) -> &TypeRef {
    match ty {
        TypeRef::NonNullType(inner) => item_of(inner),
        TypeRef::ListType(item) => item,
        TypeRef::NamedType(_) => ty,
    }
}
