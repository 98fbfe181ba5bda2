//! Settings that operators change while the gateway runs: one writes, all workers take them at their next tick.

use serde_json::{Map, Value};

use super::Gateway;
use super::cells::Cell;
use super::tasks::Purpose;
use crate::config::{Changeable, Problem, load_changeable};
use crate::event::{Level, Output, RequestId, Timestamp};
use crate::metric::Metric;

/// The largest document of changes.
const MAX_CHANGES: usize = 16 << 10;

/// How often a change is tried that other workers' changes get in the way of.
const MAX_TRIES: u32 = 10;

/// The number that the host takes as "only if there is no value": a missing key is created whatever the number, and no
/// value has this one (HOST §1).
const MISSING: Option<u32> = Some(u32::MAX);

/// The settings that were changed at run time.
#[derive(Default)]
pub(super) struct RuntimeSettings {
    /// The number of the value that was read last.
    cas: Option<u32>,
    /// The changes in force, by path.
    changes: Map<String, Value>,
    /// Whether the changes that were made before this worker began are known.
    is_known: bool,
    /// What an operator waits for.
    pending: Option<Pending>,
}

/// A change that is being written.
struct Pending {
    id: RequestId,
    changes: Map<String, Value>,
    tries: u32,
}

impl RuntimeSettings {
    /// What was changed, by path.
    pub(super) fn changes(&self) -> &Map<String, Value> {
        &self.changes
    }
}

impl Gateway {
    /// Changes settings in all workers: `null` takes a change back. The operator is answered when it is done, in the
    /// same turn.
    pub(super) fn change_settings(&mut self, id: RequestId, changes: Map<String, Value>) {
        self.runtime.pending = Some(Pending { id, changes, tries: 0 });
        self.read_cell(Cell::ChangeSettings);
    }

    /// The changes in force, to which an operator's are added.
    pub(super) fn settings_to_change(&mut self, value: Option<&[u8]>, cas: Option<u32>) {
        let Some(pending) = &mut self.runtime.pending else { return };
        pending.tries = pending.tries.saturating_add(1);
        let (id, changes) = (pending.id, pending.changes.clone());
        let mut all = value.and_then(|value| self.decode_changes(value)).unwrap_or_default();
        for (path, value) in changes {
            if value.is_null() {
                all.remove(&path);
            } else {
                all.insert(path, value);
            }
        }
        let document = serde_json::json!({ "configuration": self.configuration.to_string(), "changes": all });
        let bytes = document.to_string().into_bytes();
        let checked = match load_changeable(&self.document, self.labels.names(), &all) {
            Ok(_) if bytes.len() > MAX_CHANGES => {
                Err(vec![Problem::new("changes", "are too many", format!("{MAX_CHANGES} bytes are taken"))])
            }
            other => other.map(drop),
        };
        match checked {
            Ok(()) => self.write_cell(Cell::WroteSettings(all), bytes, cas.or(MISSING)),
            Err(problems) => {
                self.runtime.pending = None;
                self.settings_refused(id, &problems);
            }
        }
    }

    /// The host has taken the changes, or another worker was quicker.
    pub(super) fn settings_written(&mut self, all: Map<String, Value>, written: bool) {
        let Some(pending) = &self.runtime.pending else { return };
        let (id, tries) = (pending.id, pending.tries);
        if !written && tries < MAX_TRIES {
            return self.read_cell(Cell::ChangeSettings);
        }
        self.runtime.pending = None;
        if written {
            self.settings_changed(id, all);
            self.read_cell(Cell::ReadSettings);
        } else {
            let fix = "try again";
            self.settings_refused(
                id,
                &[Problem::new("changes", "could not be written to the shared data", fix)],
            );
        }
    }

    /// What stands in the shared data.
    pub(super) fn settings_read(&mut self, now: Timestamp, value: Option<&[u8]>, cas: Option<u32>) {
        self.take_settings(now, value, cas);
        // Once, with the settings in force: each change of L2's size costs it entries.
        if !std::mem::replace(&mut self.runtime.is_known, true)
            && let Some(shared) = &mut self.shared
        {
            let task = shared.configure(now.0);
            self.run(now, Purpose::Upkeep, task);
        }
    }

    fn take_settings(&mut self, now: Timestamp, value: Option<&[u8]>, cas: Option<u32>) {
        if cas == self.runtime.cas {
            return;
        }
        self.runtime.cas = cas;
        let Some(changes) = value.and_then(|value| self.decode_changes(value)) else { return };
        if changes == self.runtime.changes {
            return;
        }
        match load_changeable(&self.document, self.labels.names(), &changes) {
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

    fn apply(&mut self, now: Timestamp, changed: Changeable) {
        let Changeable { plan_cache: config, entity_batching, traffic } = changed;
        self.set_batching(entity_batching);
        self.set_traffic(now, traffic);
        self.plans.configure(now.0, &config);
        self.tell_memory();
        if let Some(shared) = &mut self.shared {
            shared.set_settings(super::shared_settings(&config));
            if self.runtime.is_known {
                let task = shared.configure(now.0);
                self.run(now, Purpose::Upkeep, task);
            }
        }
        self.cache_config = config;
        self.count(Metric::SettingsApplied, 1);
        let line =
            format!("weir: settings changed at run time: {}", Value::Object(self.runtime.changes.clone()));
        self.outputs.push_back(Output::Log(Level::Info, line));
    }
}

impl Gateway {
    /// Takes the settings for the subgraphs that there are now, with the changes in force.
    pub(super) fn renew_subgraphs(&mut self, now: Timestamp) {
        let changed = load_changeable(&self.document, self.labels.names(), &self.runtime.changes);
        if let Ok(Changeable { entity_batching, traffic, .. }) = changed {
            self.set_batching(entity_batching);
            self.set_traffic(now, traffic);
        }
    }
}
