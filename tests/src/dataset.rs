//! The data behind all simulated subgraphs: what a single service with the same schema would hold.

use serde_json::{Map, Value as Json};

/// Objects by id; a string `"@User:1"` in a field refers to the object `User:1`.
#[derive(Debug, Clone)]
pub struct Dataset {
    objects: Map<String, Json>,
}

impl Dataset {
    /// From a JSON object of objects; `Query` and `Mutation` are the roots. An id's part before `:` is the
    /// object's `__typename`.
    pub fn new(objects: Json) -> Dataset {
        match objects {
            Json::Object(objects) => Dataset { objects },
            _ => panic!("a dataset is an object"),
        }
    }

    /// The store of `tests/fixtures/store.graphql`.
    pub fn store() -> Dataset {
        Dataset::new(serde_json::json!({
            "Query": {
                "me": "@User:1",
                "user": "@User:2",
                "topProducts": ["@Product:p1", "@Product:p2", "@Product:p3"],
                "strictProducts": ["@Product:p1", "@Product:p2"],
                "latest": ["@Review:r1", "@Product:p2", "@Review:r3"],
            },
            "Mutation": {"rename": "@User:1", "review": "@Review:r1"},
            "User:1": {"id": "1", "name": "Ann", "score": 7, "reviews": ["@Review:r1", "@Review:r2"]},
            "User:2": {"id": "2", "name": "Bob", "score": null, "reviews": ["@Review:r3"]},
            "Product:p1": {"upc": "p1", "name": "Chair", "price": 10, "tags": ["a", "b"], "stock": 3, "shipping": 5,
                "reviews": ["@Review:r1", "@Review:r3"]},
            "Product:p2": {"upc": "p2", "name": "Table", "price": 20, "tags": [], "stock": 0, "shipping": 9, "reviews": []},
            "Product:p3": {"upc": "p3", "name": "Lamp", "price": null, "tags": null, "stock": 1, "shipping": null,
                "reviews": ["@Review:r2"]},
            "Review:r1": {"id": "r1", "body": "good", "author": "@User:1", "product": "@Product:p1"},
            "Review:r2": {"id": "r2", "body": "bad", "author": "@User:1", "product": "@Product:p3"},
            "Review:r3": {"id": "r3", "body": null, "author": "@User:2", "product": "@Product:p1"},
        }))
    }

    /// The root object of a kind of operation.
    pub fn root<'a>(&'a self, name: &'a str) -> Object<'a> {
        Object { dataset: self, type_name: name, fields: self.objects.get(name).unwrap_or(&Json::Null) }
    }

    /// The object that a representation describes: same type, and every scalar of the representation equal.
    pub fn entity(&self, representation: &Json) -> Option<Object<'_>> {
        let wanted = representation.as_object()?;
        let type_name = wanted.get("__typename")?.as_str()?;
        self.objects.iter().find_map(|(id, fields)| {
            let own = id.split(':').next().unwrap_or(id);
            let equal = wanted
                .iter()
                .filter(|(key, value)| *key != "__typename" && !value.is_object() && !value.is_array())
                .all(|(key, value)| fields.get(key) == Some(value));
            (own == type_name && equal).then_some(Object { dataset: self, type_name: own, fields })
        })
    }

    fn object(&self, id: &str) -> Option<Object<'_>> {
        let (id, fields) = self.objects.get_key_value(id)?;
        Some(Object { dataset: self, type_name: id.split(':').next().unwrap_or(id), fields })
    }
}

/// One object of a [`Dataset`].
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    dataset: &'a Dataset,
    /// Its `__typename`.
    pub type_name: &'a str,
    fields: &'a Json,
}

/// What a field holds.
#[derive(Debug, Clone)]
pub enum Field<'a> {
    /// A scalar, or a list of scalars, or null.
    Leaf(&'a Json),
    /// Another object.
    Object(Object<'a>),
    /// A list.
    List(Vec<Field<'a>>),
}

impl<'a> Object<'a> {
    /// The field `name`; null if the object has no such field.
    pub fn field(&self, name: &str) -> Field<'a> {
        self.resolve(self.fields.get(name).unwrap_or(&Json::Null))
    }

    fn resolve(&self, value: &'a Json) -> Field<'a> {
        match value {
            Json::String(text) if text.starts_with('@') => match self.dataset.object(&text[1..]) {
                Some(object) => Field::Object(object),
                None => panic!("the dataset has no {text}"),
            },
            Json::Array(items) => Field::List(items.iter().map(|item| self.resolve(item)).collect()),
            other => Field::Leaf(other),
        }
    }
}
