//! The single service: the whole API schema, the whole dataset.

use std::rc::Rc;

use serde_json::{Map, Value as Json};

use super::execution::{Care, Resolved, Response, Source, execute};
use super::server::Server;
use super::store::{Node, Store, Stored};
use crate::schema::Schema;

/// Answers operations as one service would.
pub struct Oracle {
    api: Schema,
    store: Rc<Store>,
    /// Asked only who knows what: an entity that a subgraph does not know lacks that subgraph's fields.
    servers: Vec<Rc<Server>>,
}

impl Oracle {
    /// Over the API schema of the supergraph.
    pub fn new(api: Schema, store: Rc<Store>, servers: Vec<Rc<Server>>) -> Oracle {
        Oracle { api, store, servers }
    }

    /// The schema that clients see.
    pub fn api(&self) -> &Schema {
        &self.api
    }

    /// The right response to a valid operation, from untouched data.
    pub fn answer(&self, text: &str, variables: &Json) -> Response {
        self.store.reset();
        let mutation = self.api.mutation.as_deref().unwrap_or("Mutation");
        let roots = (self.store.root(&self.api.query), self.store.root(mutation));
        let response = execute(&self.api, self, roots, text, variables, Care::Careful);
        self.store.reset();
        response
    }
}

impl Source for Oracle {
    type Object = Node;

    fn type_name(&self, object: &Node) -> String {
        object.type_name.clone()
    }

    fn resolve(
        &self,
        object: &Node,
        field: &str,
        arguments: &Map<String, Json>,
    ) -> Result<Resolved<Node>, String> {
        let mut owners =
            self.servers.iter().filter(|server| server.owns(&object.type_name, field)).peekable();
        if owners.peek().is_some() && owners.all(|owner| !owner.knows(object)) {
            return Ok(Resolved::Null);
        }
        self.store.value(object, field, arguments).map(resolved)
    }
}

fn resolved(value: Stored) -> Resolved<Node> {
    match value {
        Stored::Null => Resolved::Null,
        Stored::Missing => Resolved::Missing,
        Stored::Leaf(json) => Resolved::Leaf(json),
        Stored::Node(node) => Resolved::Object(node),
        Stored::List(items) => Resolved::List(items.into_iter().map(resolved).collect()),
    }
}
