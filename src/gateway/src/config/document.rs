//! A configuration document held against the catalogue: unknown keys are refused, known ones read.

use serde_json::{Map, Value};

use super::catalogue::{PRESET, Setting, entries};
use super::group::PerSubgraph;
use super::preset::Preset;
use super::problem::{Problem, place};
use super::shape::Shape;
use super::suggest;

/// A document under reading, and what was found wrong with it so far.
pub(super) struct Document {
    root: Map<String, Value>,
    pub(super) problems: Vec<Problem>,
    preset: Option<Preset>,
}

impl Document {
    /// Reads JSON and refuses whatever the catalogue doesn't know.
    pub(super) fn parse(text: &str) -> Result<Document, Problem> {
        if text.trim().is_empty() {
            let fix = "give the filter a `configuration`, as `weirctl render` writes it";
            return Err(Problem::new("configuration", "there is none", fix));
        }
        let root = match serde_json::from_str(text) {
            Ok(Value::Object(root)) => root,
            Ok(_) => {
                let fix = "write an object, such as {\"supergraph\": {\"inline\": \"…\"}}";
                return Err(Problem::new("configuration", "is not a JSON object", fix));
            }
            Err(error) => {
                let place = format!("configuration, line {}, column {}", error.line(), error.column());
                return Err(Problem::new(place, format!("is not JSON: {error}"), ""));
            }
        };
        let mut problems = Vec::new();
        check_keys(&root, "", &mut Vec::new(), &mut problems);
        Ok(Document { root, problems, preset: None })
    }

    /// The value of a setting, or its default; `None` if there is neither, or if the value is refused
    /// (which is then among the problems). `name` stands in for the setting's `*`.
    pub(super) fn read<S: Shape>(&mut self, setting: &Setting<S>, name: &str) -> Option<S::Value> {
        let keys = keys(setting.path, name);
        let Some(value) = find(&self.root, &keys) else {
            let preset = self.preset.and_then(|preset| preset.value(setting.path));
            return preset
                .and_then(|value| setting.shape.read(&value).ok())
                .or_else(|| setting.shape.default());
        };
        match setting.shape.read(value) {
            Ok(value) => Some(value),
            Err(complaint) => {
                self.refuse(Problem::new(place(keys), complaint.message, complaint.fix));
                None
            }
        }
    }

    /// The same for a setting that subgraphs may have for themselves: what `subgraph` says, else what holds for all.
    pub(super) fn read_of<S: Shape>(
        &mut self,
        setting: &PerSubgraph<S>,
        subgraph: Option<&str>,
    ) -> Option<S::Value> {
        match subgraph {
            Some(name) if self.is_own(setting, name) => self.read(&setting.own, name),
            _ => self.read(&setting.general, ""),
        }
    }

    /// Whether the document has this setting for the subgraph itself.
    pub(super) fn is_own<S>(&self, setting: &PerSubgraph<S>, subgraph: &str) -> bool {
        find(&self.root, &keys(setting.own.path, subgraph)).is_some()
    }

    /// Adds a problem, unless it was found already: what holds for all is read again for each subgraph.
    pub(super) fn refuse(&mut self, problem: Problem) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Reads which preset holds; to be called before other settings are read. `None` if it is refused.
    pub(super) fn read_preset(&mut self) -> Option<Option<Preset>> {
        let before = self.problems.len();
        self.preset = self.read(&PRESET, "");
        (self.problems.len() == before).then_some(self.preset)
    }

    /// Puts a value in the place of the document's own. Refused are paths that no setting of a group has that can be
    /// changed at run time, and those that only a start can change.
    pub(super) fn change(&mut self, path: &str, value: Value) {
        let general = match path.strip_prefix("subgraphs.").and_then(|rest| rest.split_once('.')) {
            Some((_, setting)) => format!("subgraphs.*.{setting}"),
            None => path.to_owned(),
        };
        let known = || entries().map(|entry| entry.path());
        if known().any(|known| known == general) && is_changeable(&general) {
            put(&mut self.root, path, value);
            return;
        }
        let is_fixed = known().any(|known| known == general);
        let near = suggest::nearest(&general, known().filter(|path| is_changeable(path)));
        let fix = match near.filter(|_| !is_fixed) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "settings of the plan cache, of entity batching and of the traffic to subgraphs can, but not those \
                of the cache's store and warm-up, nor whether workers share plans, nor those of connections and health \
                checks that are Envoy's"
                .to_owned(),
        };
        self.problems.push(Problem::new(path, "can't be changed at run time", fix));
    }

    /// Puts `sdl` in the place of the document's supergraph.
    pub(super) fn replace_supergraph(&mut self, sdl: &str) {
        if let Some(Value::Object(group)) = self.root.get_mut("supergraph") {
            group.insert("inline".to_owned(), Value::from(sdl));
        }
    }

    /// Whether the document has something at this setting's key.
    pub(super) fn has<S>(&self, setting: &Setting<S>) -> bool {
        find(&self.root, &setting.path.split('.').collect::<Vec<_>>()).is_some()
    }

    /// Whether the document has something in the group at `path`.
    pub(super) fn has_any(&self, path: &str) -> bool {
        let group = find(&self.root, &path.split('.').collect::<Vec<_>>()).and_then(Value::as_object);
        group.is_some_and(|group| group.values().any(|value| !value.is_null()))
    }

    /// The names under `subgraphs`.
    pub(super) fn subgraphs(&self) -> Vec<String> {
        let group = self.root.get("subgraphs").and_then(Value::as_object);
        group.map(|group| group.keys().cloned().collect()).unwrap_or_default()
    }
}

/// Whether the setting at `path`, with `*` for a subgraph's name, can be changed at run time.
fn is_changeable(path: &str) -> bool {
    const GROUPS: [&str; 8] = [
        "plan_cache.",
        "entity_batching.",
        "circuit_breaker.",
        "pre_calculated_timeouts.",
        "connection_pool.",
        "health_check.",
        "adaptive_concurrency.",
        "hedging.",
    ];
    // Warm-up and the layers' presence are matters of the start; what Envoy does stands in the bootstrap.
    const FIXED: [&str; 9] = [
        "plan_cache.layers.l2.enabled",
        "plan_cache.layers.l3.",
        "plan_cache.warm_up.",
        "connection_pool.reuse_connections",
        "connection_pool.connection_timeout",
        "connection_pool.idle_timeout",
        "connection_pool.keep_alive",
        "connection_pool.preconnect",
        "health_check.mode",
    ];
    let path = path.strip_prefix("subgraphs.*.").unwrap_or(path);
    let within = |prefix: &&str| path.starts_with(*prefix);
    GROUPS.iter().any(&within) && !FIXED.iter().any(within)
}

/// Puts a value at a path of keys joined by dots, making the groups above it.
pub(super) fn put(root: &mut Map<String, Value>, path: &str, value: Value) {
    let mut map = root;
    let mut rest = path;
    while let Some((key, below)) = rest.split_once('.') {
        let group = map.entry(key).or_insert_with(|| Value::Object(Map::new()));
        if !group.is_object() {
            *group = Value::Object(Map::new());
        }
        let Value::Object(inner) = group else { return };
        map = inner;
        rest = below;
    }
    map.insert(rest.to_owned(), value);
}

/// The keys of a setting, with `name` for its `*`.
fn keys<'a>(path: &'a str, name: &'a str) -> Vec<&'a str> {
    path.split('.').map(|key| if key == "*" { name } else { key }).collect()
}

/// The value at `keys`. A null counts as absent: it is what YAML makes of a key with nothing behind it.
fn find<'a>(root: &'a Map<String, Value>, keys: &[&str]) -> Option<&'a Value> {
    let (last, groups) = keys.split_last()?;
    let mut map = root;
    for key in groups {
        map = map.get(*key)?.as_object()?;
    }
    map.get(*last).filter(|value| !value.is_null())
}

/// Refuses the keys of `map` that the catalogue doesn't have under `prefix` (which ends in a dot, or is
/// empty at the root). The catalogue's depth bounds the recursion.
fn check_keys(map: &Map<String, Value>, prefix: &str, keys: &mut Vec<String>, problems: &mut Vec<Problem>) {
    for (key, value) in map {
        let word = if has_child(prefix, "*") { "*" } else { key.as_str() };
        keys.push(key.clone());
        if word.contains('.') || !has_child(prefix, word) {
            problems.push(unknown_key(prefix, key, keys));
        } else if !is_setting(prefix, word) {
            match value {
                Value::Object(group) => check_keys(group, &format!("{prefix}{word}."), keys, problems),
                Value::Null => {}
                _ => {
                    let fix = format!(
                        "put settings under it: {}",
                        suggest::list(children(&format!("{prefix}{word}.")))
                    );
                    let place = place(keys.iter().map(String::as_str));
                    problems.push(Problem::new(place, "is a group of settings, not a value", fix));
                }
            }
        }
        keys.pop();
    }
}

fn unknown_key(prefix: &str, key: &str, keys: &[String]) -> Problem {
    let elsewhere = entries().map(|entry| entry.path()).find(|path| path.rsplit('.').next() == Some(key));
    let fix = match (suggest::nearest(key, children(prefix)), elsewhere) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, Some(path)) => format!("it belongs at `{}`", path.replace('*', "NAME")),
        (None, None) => format!("the keys here are {}", suggest::list(children(prefix))),
    };
    Problem::new(place(keys.iter().map(String::as_str)), "there is no such setting", fix)
}

/// The distinct keys that stand directly under `prefix`, in the catalogue's order.
fn children(prefix: &str) -> Vec<&'static str> {
    let mut children: Vec<&str> = Vec::new();
    for entry in entries() {
        let Some(child) = entry.path().strip_prefix(prefix).and_then(|rest| rest.split('.').next()) else {
            continue;
        };
        let child = if child == "*" { "NAME" } else { child };
        if !children.contains(&child) {
            children.push(child);
        }
    }
    children
}

fn has_child(prefix: &str, word: &str) -> bool {
    entries().any(|entry| {
        entry
            .path()
            .strip_prefix(prefix)
            .and_then(|rest| rest.split('.').next())
            .is_some_and(|child| child == word)
    })
}

fn is_setting(prefix: &str, word: &str) -> bool {
    entries().any(|entry| entry.path().strip_prefix(prefix) == Some(word))
}
