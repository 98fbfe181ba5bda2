//! Settings that operators change while the gateway runs: one writes, all workers take them at their next tick.

use serde_json::{Map, Value};

use super::Gateway;
use super::cells::Cell;
use super::tasks::Purpose;
use crate::config::{PlanCacheConfig, Problem, load_plan_cache};
use crate::event::{Level, Output, Timestamp};
use crate::metric::{Layer, Metric};

/// The largest document of changes.
const MAX_CHANGES: usize = 16 << 10;

/// The settings that were changed at run time.
#[derive(Default)]
pub(super) struct RuntimeSettings {
    /// The number of the value that was read last.
    cas: Option<u32>,
    /// The changes in force, by path.
    changes: Map<String, Value>,
}

impl RuntimeSettings {
    /// What was changed, by path.
    pub(super) fn changes(&self) -> &Map<String, Value> {
        &self.changes
    }
}

impl Gateway {
    /// Changes settings in all workers: `null` takes a change back.
    ///
    /// # Errors
    /// What is wrong with them; then nothing is changed.
    pub(super) fn change_settings(
        &mut self,
        changes: Map<String, Value>,
    ) -> Result<Map<String, Value>, Vec<Problem>> {
        let mut all = self.runtime.changes.clone();
        for (path, value) in changes {
            if value.is_null() {
                all.remove(&path);
            } else {
                all.insert(path, value);
            }
        }
        load_plan_cache(&self.document, &all)?;
        let document = serde_json::json!({ "configuration": self.configuration.to_string(), "changes": all });
        let bytes = document.to_string().into_bytes();
        if bytes.len() > MAX_CHANGES {
            return Err(vec![Problem::new(
                "changes",
                "are too many",
                format!("{MAX_CHANGES} bytes are taken"),
            )]);
        }
        self.write_cell(Cell::WroteSettings, bytes, None);
        self.read_cell(Cell::ReadSettings);
        Ok(all)
    }

    /// What stands in the shared data.
    pub(super) fn settings_read(&mut self, now: Timestamp, value: Option<&[u8]>, cas: Option<u32>) {
        if cas == self.runtime.cas {
            return;
        }
        self.runtime.cas = cas;
        let Some(changes) = value.and_then(|value| self.decode_changes(value)) else { return };
        if changes == self.runtime.changes {
            return;
        }
        match load_plan_cache(&self.document, &changes) {
            Ok(config) => {
                self.runtime.changes = changes;
                self.apply(now, config);
            }
            // Another version of Weir wrote them.
            Err(problems) => {
                for problem in problems.iter().take(5) {
                    let line = format!("weir: a setting changed at run time is not taken: {problem}");
                    self.outputs.push_back(Output::Log(Level::Warn, line));
                }
            }
        }
    }

    fn decode_changes(&self, value: &[u8]) -> Option<Map<String, Value>> {
        let document: Value = serde_json::from_slice(value).ok()?;
        let configuration = document.get("configuration")?.as_str()?;
        if configuration != self.configuration.to_string() {
            return None;
        }
        document.get("changes")?.as_object().cloned()
    }

    fn apply(&mut self, now: Timestamp, config: PlanCacheConfig) {
        let before = self.plans.size();
        let evicted = self.plans.configure(now.0, &config);
        self.resized(before, self.plans.size());
        self.evicted(Layer::L1, evicted);
        if let Some(shared) = &mut self.shared {
            shared.set_settings(super::shared_settings(&config));
            let task = shared.configure(now.0);
            self.run(now, Purpose::Upkeep, task);
        }
        self.cache_config = config;
        self.count(Metric::SettingsApplied, 1);
        let line =
            format!("weir: settings changed at run time: {}", Value::Object(self.runtime.changes.clone()));
        self.outputs.push_back(Output::Log(Level::Info, line));
    }
}
