//! A suite: a folder of `tests/suites/` with subgraphs, the supergraph composed of them, data, and cases.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde_json::{Map, Value as Json, json};

use crate::reference::execution::Care;
use crate::reference::field_set::field_set;
use crate::reference::oracle::Oracle;
use crate::reference::server::Server;
use crate::reference::store::Store;
use crate::schema::{Literal, Schema, argument};

/// A loaded suite.
pub struct Suite {
    /// The folder's name.
    pub name: String,
    /// The supergraph's SDL.
    pub supergraph: String,
    /// One service with all of the data.
    pub oracle: Oracle,
    /// `data.json`'s `arguments`: values that make sense, for random operations.
    pub values: Json,
    /// Whether the subgraphs break what their schemas promise (`careless` in `data.json`).
    pub care: Care,
    /// `data.json`'s `settings`: what the gateway's configuration has beside the supergraph.
    pub settings: Json,
    folder: PathBuf,
    store: Rc<Store>,
    servers: Vec<Rc<Server>>,
}

/// An operation with the response it must have.
pub struct Case {
    /// The file's name without extension.
    pub name: String,
    /// The operation.
    pub text: String,
    /// Its variables.
    pub variables: Json,
    /// The file that holds the expected response.
    pub expected: PathBuf,
}

/// `tests/suites`.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("suites")
}

impl Suite {
    /// All suites by name.
    ///
    /// # Panics
    /// If one can't be read.
    pub fn all() -> Vec<Suite> {
        let mut names: Vec<PathBuf> =
            fs::read_dir(folder()).expect("suites").map(|entry| entry.expect("an entry").path()).collect();
        names.retain(|path| path.is_dir());
        names.sort();
        names.iter().map(|path| Suite::load(path)).collect()
    }

    /// One suite.
    ///
    /// # Panics
    /// If it can't be read.
    pub fn named(name: &str) -> Suite {
        Suite::load(&folder().join(name))
    }

    fn load(path: &Path) -> Suite {
        let read = |path: &Path| {
            fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        let supergraph = read(&path.join("supergraph.graphql"));
        let data: Json = serde_json::from_str(&read(&path.join("data.json")))
            .unwrap_or_else(|error| panic!("{}/data.json: {error}", path.display()));
        let sdl: Vec<(String, String)> =
            files(&path.join("subgraphs"), "graphql").iter().map(|file| (stem(file), read(file))).collect();
        let mut computed = HashMap::new();
        let mut moved: HashMap<String, HashSet<(String, String)>> = HashMap::new();
        for (_, text) in &sdl {
            let schema = Schema::parse(text);
            for (ty, field) in schema.types.values().flat_map(|ty| ty.fields.iter().map(move |f| (ty, f))) {
                let place = (ty.name.clone(), field.name.clone());
                if let Some(Literal::String(set)) = argument(&field.directives, "requires", "fields") {
                    computed.insert(place.clone(), Rc::new(field_set(set)));
                }
                let label = argument(&field.directives, "override", "label");
                if let (Some(Literal::String(from)), None) =
                    (argument(&field.directives, "override", "from"), label)
                {
                    moved.entry(from.clone()).or_default().insert(place);
                }
            }
        }
        let object = |name: &str| data.get(name).cloned().unwrap_or_else(|| json!({}));
        let objects: Map<String, Json> = object("objects").as_object().cloned().expect("objects");
        let store = Rc::new(Store::new(Schema::parse(&supergraph), objects, computed));
        let care =
            if data.get("careless") == Some(&Json::Bool(true)) { Care::Careless } else { Care::Careful };
        let servers: Vec<Rc<Server>> = sdl
            .iter()
            .map(|(name, text)| {
                let unknown =
                    object("unknown").get(name).and_then(Json::as_array).cloned().unwrap_or_default();
                let unknown = unknown.iter().filter_map(Json::as_str).map(ToOwned::to_owned).collect();
                let moved = moved.remove(name).unwrap_or_default();
                Rc::new(Server::new(name, text, Rc::clone(&store), moved, unknown, care))
            })
            .collect();
        Suite {
            name: stem(path),
            oracle: Oracle::new(Schema::api_of_supergraph(&supergraph), Rc::clone(&store), servers.clone()),
            values: object("arguments"),
            settings: object("settings"),
            care,
            supergraph,
            folder: path.to_owned(),
            store,
            servers,
        }
    }

    /// The cases by name.
    ///
    /// # Panics
    /// If one can't be read.
    pub fn cases(&self) -> Vec<Case> {
        let files = files(&self.folder.join("cases"), "graphql");
        let case = |file: &PathBuf| {
            let variables = fs::read_to_string(file.with_extension("variables.json"));
            Case {
                name: stem(file),
                text: fs::read_to_string(file).expect("a case"),
                variables: variables
                    .map_or_else(|_| json!({}), |text| serde_json::from_str(&text).expect("variables")),
                expected: file.with_extension("json"),
            }
        };
        files.iter().map(case).collect()
    }

    /// The names of the subgraphs, in the order of their addresses in the supergraph.
    pub fn subgraphs(&self) -> Vec<String> {
        self.servers.iter().map(|server| server.name.clone()).collect()
    }

    /// The subgraph with this name.
    ///
    /// # Panics
    /// If there is none.
    pub fn server(&self, name: &str) -> Rc<Server> {
        let found = self.servers.iter().find(|server| server.name == name);
        Rc::clone(found.unwrap_or_else(|| panic!("suite {} has no subgraph {name}", self.name)))
    }

    /// Forgets what mutations changed.
    pub fn reset(&self) {
        self.store.reset();
    }

    /// What the gateway asked of subgraphs that it must not ask, since this was called last.
    pub fn take_violations(&self) -> Vec<String> {
        self.servers.iter().flat_map(|server| server.take_violations()).collect()
    }
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    files
}

fn stem(path: &Path) -> String {
    path.file_stem().expect("a name").to_string_lossy().into_owned()
}
