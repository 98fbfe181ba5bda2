//! Shared data just as Envoy has it (HOST.md §1).

use std::collections::BTreeMap;

use crate::{Ask, Outcome, Refused, Reply, Step, Task};

/// One map for all workers; one counter for all sets.
#[derive(Default)]
pub(crate) struct Host {
    pub(crate) values: BTreeMap<String, (Vec<u8>, u32)>,
    sets: u32,
}

impl Host {
    pub(crate) fn call(&mut self, ask: &Ask) -> Reply {
        match ask {
            Ask::Get { key } => match self.values.get(key) {
                // An empty value comes as none at all.
                Some((value, cas)) => Reply::Got {
                    value: Some(value.clone()).filter(|value| !value.is_empty()),
                    cas: Some(*cas),
                },
                None => Reply::Got { value: None, cas: None },
            },
            Ask::Set { key, value, cas } => {
                if let (Some((_, current)), Some(cas)) = (self.values.get(key), cas)
                    && *cas != 0
                    && cas != current
                {
                    return Reply::Set(Err(Refused::CasMismatch));
                }
                self.sets = self.sets.wrapping_add(1).max(1);
                self.values.insert(key.clone(), (value.clone(), self.sets));
                Reply::Set(Ok(()))
            }
        }
    }

    /// Carries a task to its end, undisturbed.
    pub(crate) fn run(&mut self, mut task: Task) -> Outcome {
        let mut reply = None;
        loop {
            match task.step(reply.take()) {
                Step::Ask(ask) => reply = Some(self.call(&ask)),
                Step::Done(outcome) => return outcome,
            }
        }
    }

    /// Bytes of all values.
    pub(crate) fn bytes(&self) -> u64 {
        self.values.values().map(|(value, _)| value.len() as u64).sum()
    }
}
