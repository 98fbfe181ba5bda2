//! A strict simulated subgraph: it has its own schema, and knows what a real one would know and no more.
//!
//! It refuses what a real subgraph would refuse, and whatever a gateway must never ask: a query that its schema does
//! not allow, an `@external` field where nobody provides it, a field that was moved away by `@override`, a
//! representation without a whole key or without what `@requires` asks for. Each refusal is kept as a *violation*:
//! the test that caused it fails.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use graphql_tools::static_graphql::schema::Document;
use graphql_tools::validation::rules::default_rules_validation_plan;
use graphql_tools::validation::validate::validate;
use serde_json::{Map, Value as Json};

use super::execution::{Care, Resolved, Response, Source, execute};
use super::field_set::{FieldSet, field_set, fields, has_conditions};
use super::ordered::Ordered;
use super::store::{Node, Store, Stored};
use crate::schema::{Applied, Kind, Literal, Schema, argument, has, named};

/// One subgraph of a suite.
pub struct Server {
    /// Its name.
    pub name: String,
    schema: Schema,
    /// For validation, with federation's own fields.
    document: Document,
    store: Rc<Store>,
    /// `@key`s by type.
    keys: HashMap<String, Vec<Key>>,
    /// What is no longer this subgraph's.
    overridden: HashSet<(String, String)>,
    /// Ids of entities it has never heard of.
    unknown: Vec<String>,
    care: Care,
    violations: RefCell<Vec<String>>,
}

struct Key {
    set: Rc<FieldSet>,
    resolvable: bool,
}

/// An object as this subgraph sees it.
#[derive(Clone)]
pub struct Seen {
    node: Node,
    /// Its type here: that of the store, or an `@interfaceObject`.
    type_name: String,
    /// What the gateway sent, if it was looked up.
    representation: Option<Rc<Json>>,
    /// `@external` fields that may be asked for on this path: of `@provides` and of keys above.
    provided: Vec<Rc<FieldSet>>,
}

const FEDERATION: &str = "
    scalar Int scalar Float scalar String scalar Boolean scalar ID scalar _Any
    type _Service { sdl: String }
    directive @skip(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
    directive @include(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
";

impl Server {
    /// A subgraph with this SDL. `moved` are the fields that other subgraphs have taken over from it.
    pub fn new(
        name: &str,
        sdl: &str,
        store: Rc<Store>,
        moved: HashSet<(String, String)>,
        unknown: Vec<String>,
        care: Care,
    ) -> Server {
        let mut schema = Schema::parse(sdl);
        let keys: HashMap<String, Vec<Key>> =
            schema.types.values().map(|ty| (ty.name.clone(), keys(&ty.directives))).collect();
        let entities: Vec<String> = schema
            .types
            .values()
            .filter(|ty| ty.kind == Kind::Object && keys[&ty.name].iter().any(|key| key.resolvable))
            .map(|ty| ty.name.clone())
            .collect();
        let mut own = Schema::parse(FEDERATION);
        let mut query = format!("type {} {{ _service: _Service! ", schema.query);
        if !entities.is_empty() {
            own.types.extend(Schema::parse(&format!("union _Entity = {}", entities.join(" | "))).types);
            query.push_str("_entities(representations: [_Any!]!): [_Entity]! ");
        }
        own.types.extend(Schema::parse(&format!("{query} }}")).types);
        for (type_name, ty) in own.types {
            match schema.types.get_mut(&type_name) {
                Some(known) => known.fields.extend(ty.fields),
                None => {
                    schema.types.insert(type_name, ty);
                }
            }
        }
        let roots = match &schema.mutation {
            Some(mutation) => format!("schema {{ query: {} mutation: {mutation} }}", schema.query),
            None => format!("schema {{ query: {} }}", schema.query),
        };
        let text = format!("{roots}{FEDERATION}{}", schema.to_sdl());
        let document = graphql_tools::parser::parse_schema(&text)
            .unwrap_or_else(|error| panic!("{name}: {error}\n{text}"))
            .into_static();
        Server {
            name: name.to_owned(),
            schema,
            document,
            store,
            keys,
            overridden: moved,
            unknown,
            care,
            violations: RefCell::default(),
        }
    }

    /// Answers the body of a call.
    pub fn answer(&self, body: &Json) -> Response {
        let Some(text) = body.get("query").and_then(Json::as_str) else {
            return self.refuse("a call without query");
        };
        let query = match graphql_tools::parser::parse_query(text) {
            Ok(query) => query.into_static(),
            Err(error) => return self.refuse(&format!("{error} in {text}")),
        };
        let errors = validate(&self.document, &query, &default_rules_validation_plan());
        if let Some(error) = errors.first() {
            return self.refuse(&format!("{} in {text}", error.message));
        }
        // The supergraph has one name for each root, whatever the subgraphs call theirs.
        let root = |name: &str, own: &str| Seen {
            node: self.store.root(name),
            type_name: own.to_owned(),
            representation: None,
            provided: Vec::new(),
        };
        let mutation = self.schema.mutation.as_deref().unwrap_or("Mutation");
        let roots = (root("Query", &self.schema.query), root("Mutation", mutation));
        let variables = body.get("variables").unwrap_or(&Json::Null);
        let response = execute(&self.schema, self, roots, text, variables, self.care);
        if response.data == Ordered::Null && response.errors.iter().any(|error| error.get("path").is_none()) {
            return self.refuse(&format!("{:?} for {body}", response.errors));
        }
        response
    }

    /// What the gateway did that it must not do, since this was asked last.
    pub fn take_violations(&self) -> Vec<String> {
        self.violations.take()
    }

    fn refuse(&self, what: &str) -> Response {
        Response::refused(&self.violation(what))
    }

    fn violation(&self, what: &str) -> String {
        let text = format!("subgraph {}: {what}", self.name);
        self.violations.borrow_mut().push(text.clone());
        text
    }

    /// Whether the subgraph resolves a field of the supergraph's type by itself.
    pub fn owns(&self, type_name: &str, field: &str) -> bool {
        let Some(own) = self.own_type(type_name) else { return false };
        let Some(definition) = self.schema.field(&own, field) else { return false };
        let ty = self.schema.get(&own).expect("a type");
        !has(&definition.directives, "external")
            && !has(&ty.directives, "external")
            && !self.overridden.contains(&(own.clone(), field.to_owned()))
            && !self.keys[&own].iter().any(|key| key.names(field))
    }

    /// Whether it has heard of an entity.
    pub fn knows(&self, node: &Node) -> bool {
        node.id.as_ref().is_none_or(|id| !self.unknown.iter().any(|unknown| **unknown == **id))
    }

    /// The name that an object type of the supergraph has here.
    fn own_type(&self, type_name: &str) -> Option<String> {
        if self.schema.get(type_name).is_some_and(|ty| ty.kind == Kind::Object) {
            return Some(type_name.to_owned());
        }
        let whole = self.store.schema();
        let objects = self.schema.types.values().filter(|ty| has(&ty.directives, "interfaceObject"));
        objects.map(|ty| ty.name.clone()).find(|interface| whole.satisfies(type_name, interface))
    }

    fn see(&self, value: Stored, provided: &[Rc<FieldSet>]) -> Result<Resolved<Seen>, String> {
        Ok(match value {
            Stored::Null => Resolved::Null,
            Stored::Missing => Resolved::Missing,
            Stored::Leaf(json) => Resolved::Leaf(json),
            Stored::List(items) => {
                let items: Result<Vec<_>, _> =
                    items.into_iter().map(|item| self.see(item, provided)).collect();
                Resolved::List(items?)
            }
            Stored::Node(node) => {
                let Some(type_name) = self.own_type(&node.type_name) else {
                    return Err(self.violation(&format!("the suite's data have a {} here", node.type_name)));
                };
                Resolved::Object(Seen { node, type_name, representation: None, provided: provided.to_vec() })
            }
        })
    }

    fn entity(&self, representation: &Json) -> Result<Resolved<Seen>, String> {
        let bad = |what: &str| Err(self.violation(&format!("the representation {representation} {what}")));
        let Some(type_name) = representation.get("__typename").and_then(Json::as_str) else {
            return bad("has no __typename");
        };
        if self.schema.get(type_name).is_none() {
            return bad("is of a type that is unknown here");
        }
        let resolvable = self.keys.get(type_name).map(Vec::as_slice).unwrap_or_default();
        let mut resolvable = resolvable.iter().filter(|key| key.resolvable);
        let Some((key, wanted)) = resolvable.find_map(|key| {
            let wanted = self.project(representation, &[&key.set]).ok()?;
            Some((key, wanted))
        }) else {
            return bad("has no whole key that is resolvable here");
        };
        let found = self.store.nodes(type_name).into_iter().find(|node| {
            self.store.project(node, &[&key.set]).is_ok_and(|own| own == wanted) && self.knows(node)
        });
        let Some(node) = found else { return Ok(Resolved::Null) };
        let Some(type_name) = self.own_type(&node.type_name) else {
            return bad("is of a type whose implementation is unknown here");
        };
        let representation = Some(Rc::new(representation.clone()));
        Ok(Resolved::Object(Seen { node, type_name, representation, provided: Vec::new() }))
    }

    /// What field sets select of a representation.
    fn project(&self, value: &Json, sets: &[&FieldSet]) -> Result<Ordered, String> {
        match value {
            Json::Array(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|item| self.project(item, sets)).collect();
                Ok(Ordered::List(items?))
            }
            Json::Object(object) if !sets.is_empty() => {
                let type_name = object.get("__typename").and_then(Json::as_str);
                if has_conditions(sets) && type_name.is_none() {
                    return Err(format!("{value} lacks the __typename that decides what is required"));
                }
                let satisfies = |condition: &str| {
                    type_name.is_some_and(|name| {
                        self.schema.satisfies(name, condition)
                            || self.store.schema().satisfies(name, condition)
                    })
                };
                let mut out = Vec::new();
                for field in fields(sets, &satisfies).iter().filter(|field| field.name != "__typename") {
                    let Some(value) = object.get(field.name) else {
                        return Err(format!("{value} lacks the field {}", field.name));
                    };
                    out.push((field.name.to_owned(), self.project(value, &field.below)?));
                }
                Ok(Ordered::Object(out))
            }
            leaf => Ok(Ordered::from(leaf.clone())),
        }
    }
}

impl Source for Server {
    type Object = Seen;

    fn type_name(&self, object: &Seen) -> String {
        object.type_name.clone()
    }

    fn resolve(
        &self,
        object: &Seen,
        field: &str,
        arguments: &Map<String, Json>,
    ) -> Result<Resolved<Seen>, String> {
        if field == "_entities" {
            let representations = arguments.get("representations").and_then(Json::as_array);
            let entities =
                representations.into_iter().flatten().map(|representation| self.entity(representation));
            return Ok(Resolved::List(entities.collect::<Result<_, _>>()?));
        }
        let type_name = object.type_name.as_str();
        let whole = self.store.schema();
        let satisfies = |condition: &str| {
            self.schema.satisfies(type_name, condition) || whole.satisfies(&object.node.type_name, condition)
        };
        let ty = self.schema.get(type_name).expect("an object has a type");
        let definition = self.schema.field(type_name, field).expect("validation let it pass");
        let keys = self.keys.get(type_name).map(Vec::as_slice).unwrap_or_default();
        let allowed: Vec<Rc<FieldSet>> =
            keys.iter().map(|key| &key.set).chain(&object.provided).cloned().collect();
        let at_hand =
            allowed.iter().flat_map(|set| fields(&[set], &satisfies)).filter(|found| found.name == field);
        let at_hand: Vec<_> = at_hand.collect();
        let external = has(&definition.directives, "external") || has(&ty.directives, "external");
        if external && at_hand.is_empty() {
            return Err(self.violation(&format!("{type_name}.{field} is external and not provided here")));
        }
        if self.overridden.contains(&(type_name.to_owned(), field.to_owned())) && at_hand.is_empty() {
            return Err(self.violation(&format!("{type_name}.{field} was moved to another subgraph")));
        }
        let value = match argument(&definition.directives, "requires", "fields") {
            Some(_) => {
                let set = self.store.requires(&object.node.type_name, field).expect("a computed field");
                let representation = object.representation.as_deref();
                let required = match representation {
                    Some(representation) => self.project(representation, &[&set]),
                    None => Err("it was not looked up by a representation".to_owned()),
                };
                let required = required.map_err(|what| {
                    self.violation(&format!("{type_name}.{field} lacks what it requires: {what}"))
                })?;
                self.store
                    .compute(&object.node, field, arguments, &required)
                    .map_err(|what| self.violation(&what))?
            }
            None => self.store.stored(&object.node, field, arguments)?,
        };
        let mut below: Vec<Rc<FieldSet>> =
            at_hand.iter().flat_map(|found| &found.below).map(|set| Rc::new((*set).clone())).collect();
        below
            .extend(text(argument(&definition.directives, "provides", "fields")).map(field_set).map(Rc::new));
        if !self.schema.is_composite(named(&definition.ty)) {
            below.clear();
        }
        self.see(value, &below)
    }
}

impl Key {
    fn names(&self, field: &str) -> bool {
        fields(&[&self.set], &|_| true).iter().any(|found| found.name == field)
    }
}

fn keys(directives: &[Applied]) -> Vec<Key> {
    let keys = directives.iter().filter(|applied| applied.name == "key");
    let key = |applied: &Applied| {
        let one = std::slice::from_ref(applied);
        let set = text(argument(one, "key", "fields")).expect("a key has fields");
        let resolvable = !matches!(argument(one, "key", "resolvable"), Some(Literal::Boolean(false)));
        Key { set: Rc::new(field_set(set)), resolvable }
    };
    keys.map(key).collect()
}

fn text(literal: Option<&Literal>) -> Option<&str> {
    match literal {
        Some(Literal::String(text)) => Some(text),
        _ => None,
    }
}
