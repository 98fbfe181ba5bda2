//! A configuration document held against the catalogue: unknown keys are refused, known ones read.

use serde_json::{Map, Value};

use super::catalogue::{CATALOGUE, PRESET, Setting};
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
        let keys: Vec<&str> =
            setting.path.split('.').map(|key| if key == "*" { name } else { key }).collect();
        let Some(value) = find(&self.root, &keys) else {
            let preset = self.preset.and_then(|preset| preset.value(setting.path));
            return preset
                .and_then(|value| setting.shape.read(&value).ok())
                .or_else(|| setting.shape.default());
        };
        match setting.shape.read(value) {
            Ok(value) => Some(value),
            Err(complaint) => {
                self.problems.push(Problem::new(place(keys), complaint.message, complaint.fix));
                None
            }
        }
    }

    /// Reads which preset holds; to be called before other settings are read. `None` if it is refused.
    pub(super) fn read_preset(&mut self) -> Option<Option<Preset>> {
        let before = self.problems.len();
        self.preset = self.read(&PRESET, "");
        (self.problems.len() == before).then_some(self.preset)
    }

    /// Puts a value in the place of the document's own. Refused are paths that no setting of the plan cache or of entity
    /// batching has, and those that only a start can change.
    pub(super) fn change(&mut self, path: &str, value: Value) {
        const FIXED: [&str; 3] =
            ["plan_cache.layers.l2.enabled", "plan_cache.layers.l3.", "plan_cache.warm_up."];
        const GROUPS: [&str; 3] = ["plan_cache.", "entity_batching.", "subgraphs.*.entity_batching."];
        let mut changeable = CATALOGUE.iter().map(|entry| entry.path()).filter(|path| {
            GROUPS.iter().any(|group| path.starts_with(group))
                && !FIXED.iter().any(|fixed| path.starts_with(fixed))
        });
        let general = match path.strip_prefix("subgraphs.").and_then(|rest| rest.split_once('.')) {
            Some((_, setting)) => format!("subgraphs.*.{setting}"),
            None => path.to_owned(),
        };
        if !changeable.clone().any(|known| known == general) {
            let is_fixed = CATALOGUE.iter().any(|entry| entry.path() == general);
            let fix = match suggest::nearest(&general, &mut changeable).filter(|_| !is_fixed) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    "settings of the plan cache and of entity batching can, but not those of the cache's store and \
                    warm-up, nor whether workers share plans"
                        .to_owned()
                }
            };
            self.problems.push(Problem::new(path, "can't be changed at run time", fix));
            return;
        }
        let keys: Vec<&str> = path.split('.').collect();
        let Some((last, groups)) = keys.split_last() else { return };
        let mut map = &mut self.root;
        for key in groups {
            let group = map.entry(*key).or_insert_with(|| Value::Object(Map::new()));
            if !group.is_object() {
                *group = Value::Object(Map::new());
            }
            let Value::Object(inner) = group else { return };
            map = inner;
        }
        map.insert((*last).to_owned(), value);
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
    let elsewhere =
        CATALOGUE.iter().map(|entry| entry.path()).find(|path| path.rsplit('.').next() == Some(key));
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
    for entry in CATALOGUE {
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
    CATALOGUE.iter().any(|entry| {
        entry
            .path()
            .strip_prefix(prefix)
            .and_then(|rest| rest.split('.').next())
            .is_some_and(|child| child == word)
    })
}

fn is_setting(prefix: &str, word: &str) -> bool {
    CATALOGUE.iter().any(|entry| entry.path().strip_prefix(prefix) == Some(word))
}
