//! The supergraph and the configuration that commands work on, read from files.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use weir_gateway::config::{self, Loaded, Problem};

/// Where the supergraph and the configuration are.
#[derive(clap::Args, Debug, Clone)]
pub struct Sources {
    /// The supergraph's SDL, as composition printed it; may be left out if the configuration names it.
    #[arg(long, value_name = "FILE", required_unless_present = "config")]
    pub supergraph: Option<PathBuf>,

    /// Settings as YAML or JSON: the document that the filter gets as its `configuration`.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Settings that were read and found valid.
pub struct Settings {
    /// The document as the user wrote it, without the supergraph.
    pub document: Value,
    /// The supergraph's SDL.
    pub sdl: String,
    /// What both mean.
    pub loaded: Loaded,
}

impl Sources {
    /// Reads the files and checks what they say.
    ///
    /// # Errors
    /// Every problem of both files.
    pub fn read(&self) -> Result<Settings, Vec<Problem>> {
        let mut document = match &self.config {
            Some(file) => read_document(file).map_err(|problem| vec![problem])?,
            None => json!({}),
        };
        let mut problems = Vec::new();
        let sdl = match self.supergraph_file(&document) {
            Some(file) => fs::read_to_string(&file).map_err(|error| {
                let place = if self.supergraph.is_some() { "--supergraph" } else { "supergraph.file" };
                problems.push(Problem::new(place, format!("can't read {}: {error}", file.display()), ""));
            }),
            None => Ok(document["supergraph"]["inline"].as_str().unwrap_or_default().to_owned()),
        };
        if let (Ok(sdl), Value::Object(root)) = (&sdl, &mut document)
            && self.supergraph_file(&Value::Object(root.clone())).is_some()
        {
            // In the place of `file`; whatever else stands under `supergraph` is still to be judged.
            let group = root.entry("supergraph").or_insert_with(|| json!({}));
            if group.is_null() {
                *group = json!({});
            }
            if let Value::Object(group) = group {
                group.remove("file");
                group.insert("inline".to_owned(), Value::from(sdl.as_str()));
            }
        }
        if let Some(problem) = self.inline_manifest(&mut document) {
            problems.push(problem);
        }
        match (config::load(&document.to_string()), sdl) {
            (Ok(loaded), Ok(sdl)) => {
                if !problems.is_empty() {
                    return Err(problems);
                }
                // The rest of the group, such as `fetch`, stays.
                if let Some(Value::Object(group)) = document.get_mut("supergraph") {
                    group.remove("inline");
                    if group.is_empty() {
                        document.as_object_mut().map(|root| root.remove("supergraph"));
                    }
                }
                Ok(Settings { document, sdl, loaded })
            }
            (Ok(_), Err(())) => Err(problems),
            (Err(found), sdl) => {
                // Where the file can't be read, that there is no supergraph is no news.
                problems
                    .extend(found.into_iter().filter(|p| sdl.is_ok() || !p.place.starts_with("supergraph.")));
                Err(problems)
            }
        }
    }

    /// Puts the manifest of persisted operations that the document names by a file, relative to itself, in the
    /// file's place.
    fn inline_manifest(&self, document: &mut Value) -> Option<Problem> {
        const PLACE: &str = "plan_cache.warm_up.manifest_file";
        let group = document.get_mut("plan_cache")?.get_mut("warm_up")?.as_object_mut()?;
        let named = group.get("manifest_file")?.as_str()?.to_owned();
        let file = self.config.as_deref().and_then(Path::parent).unwrap_or(Path::new("")).join(named);
        group.remove("manifest_file");
        let read = fs::read_to_string(&file)
            .map_err(|error| format!("can't read {}: {error}", file.display()))
            .and_then(|text| {
                serde_json::from_str::<Value>(&text)
                    .map_err(|error| format!("{} is not JSON: {error}", file.display()))
            });
        match read {
            Ok(manifest) => {
                group.insert("manifest".to_owned(), manifest);
                None
            }
            Err(message) => Some(Problem::new(PLACE, message, "")),
        }
    }

    /// How messages name what was read.
    pub fn names(&self) -> String {
        let names: Vec<String> = [&self.supergraph, &self.config]
            .into_iter()
            .flatten()
            .map(|file| file.display().to_string())
            .collect();
        names.join(", ")
    }

    /// The supergraph's file: the flag's, else the one the configuration names, relative to itself.
    fn supergraph_file(&self, document: &Value) -> Option<PathBuf> {
        if let Some(file) = &self.supergraph {
            return Some(file.clone());
        }
        let named = Path::new(document["supergraph"]["file"].as_str()?);
        let folder = self.config.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
        Some(folder.join(named))
    }
}

/// JSON is YAML, so one parser reads both.
fn read_document(file: &Path) -> Result<Value, Problem> {
    let text = fs::read_to_string(file)
        .map_err(|error| Problem::new("--config", format!("can't read {}: {error}", file.display()), ""))?;
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(json!({}));
    }
    match serde_saphyr::from_str::<Value>(&text) {
        Ok(Value::Null) => Ok(json!({})),
        Ok(document @ Value::Object(_)) => Ok(document),
        Ok(_) => {
            let fix = "write keys and values, such as `path: /graphql`";
            Err(Problem::new(file.display().to_string(), "is not a YAML mapping", fix))
        }
        Err(error) => {
            Err(Problem::new(file.display().to_string(), format!("is neither YAML nor JSON: {error}"), ""))
        }
    }
}
