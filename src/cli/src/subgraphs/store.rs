//! The dataset the services read and their mutations change; `reset` puts it back.

use std::sync::{Arc, PoisonError, RwLock};

use super::dataset::Dataset;

/// Shared by all four services: a reader gets a snapshot, a writer swaps in a changed copy.
pub(crate) struct Store(RwLock<Arc<Dataset>>);

impl Store {
    pub(crate) fn new() -> Self {
        Self(RwLock::new(Arc::new(Dataset::initial())))
    }

    /// The data as it is now; later changes don't reach the snapshot.
    pub(crate) fn read(&self) -> Arc<Dataset> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the data; writers wait for each other, readers keep their snapshot.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Dataset) -> T) -> T {
        change(Arc::make_mut(&mut self.0.write().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Forgets what mutations did.
    pub(crate) fn reset(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Dataset::initial());
    }
}
