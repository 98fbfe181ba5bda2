//! Work on the workers' shared data: each piece asks the host, is told, and goes on.

use std::collections::HashMap;

use weir_cache::{Ask, Key, Outcome, Reply, Step, Task};

use super::Gateway;
use super::cells::Cell;
use crate::event::{Output, TaskId, Timestamp};

/// The pieces of work under way.
#[derive(Default)]
pub(super) struct Tasks {
    running: HashMap<TaskId, Running>,
    next: u64,
}

enum Running {
    /// Of the plans in L2.
    Plans(Purpose, Task),
    /// Of a value that the workers agree on.
    Cell(Cell),
}

/// What a task of L2 is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    /// Looks a plan up.
    LookUp(Key),
    /// Writes a plan, or gives up to do so.
    Share(Key),
    /// Keeps L2 in order.
    Upkeep,
}

impl Tasks {
    fn begin(&mut self, running: Running) -> TaskId {
        let id = TaskId(self.next);
        self.next = self.next.wrapping_add(1);
        self.running.insert(id, running);
        id
    }
}

impl Gateway {
    /// Begins a task of L2.
    pub(super) fn run(&mut self, now: Timestamp, purpose: Purpose, task: Task) {
        self.advance_task(now, None, purpose, task, None);
    }

    /// Asks for, or changes, a value that the workers agree on.
    pub(super) fn ask_cell(&mut self, cell: Cell, ask: Ask) {
        let task = self.tasks.begin(Running::Cell(cell));
        self.outputs.push_back(Output::Shared { task, ask });
    }

    /// The host has answered.
    pub(super) fn shared_answered(&mut self, now: Timestamp, id: TaskId, reply: Reply) {
        match self.tasks.running.remove(&id) {
            Some(Running::Plans(purpose, task)) => {
                self.advance_task(now, Some(id), purpose, task, Some(reply))
            }
            Some(Running::Cell(cell)) => self.cell_answered(now, cell, reply),
            None => {}
        }
    }

    fn advance_task(
        &mut self,
        now: Timestamp,
        id: Option<TaskId>,
        purpose: Purpose,
        mut task: Task,
        reply: Option<Reply>,
    ) {
        match task.step(reply) {
            Step::Ask(ask) => {
                let running = Running::Plans(purpose, task);
                let id = match id {
                    Some(id) => {
                        self.tasks.running.insert(id, running);
                        id
                    }
                    None => self.tasks.begin(running),
                };
                self.outputs.push_back(Output::Shared { task: id, ask });
            }
            Step::Done(outcome) => self.task_ended(now, purpose, outcome),
        }
    }

    fn task_ended(&mut self, now: Timestamp, purpose: Purpose, outcome: Outcome) {
        match purpose {
            Purpose::LookUp(key) => self.looked_up(now, key, outcome),
            Purpose::Share(key) => self.shared_ended(now, key, &outcome),
            Purpose::Upkeep => {}
        }
    }
}
