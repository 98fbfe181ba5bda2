//! The lease's value in the shared data: one worker at a time does what must happen once (DESIGN §4, invariant 8).
//! [`weir_traffic::lease`] decides who.

use super::Gateway;
use super::cells::Cell;
use crate::event::Timestamp;

impl Gateway {
    /// What stands in the shared data.
    pub(super) fn lease_read(&mut self, now: Timestamp, value: Option<&[u8]>, cas: Option<u32>) {
        if let Some(value) = self.lease.read(now.0, self.worker, self.configuration, value, cas) {
            self.write_cell(Cell::WroteLease, value, cas);
        }
    }
}
