//! Which keys' time was over lately, to tell whether they come again.

use crate::Key;

/// A table of one key a place: bounded, and a key that is displaced is merely not recognised.
#[derive(Debug)]
pub(crate) struct Expired {
    places: Box<[u64]>,
}

/// A power of two. 8 KiB.
const PLACES: usize = 1024;

impl Expired {
    pub(crate) fn new() -> Expired {
        Expired { places: vec![0; PLACES].into_boxed_slice() }
    }

    /// Notes one whose time was over.
    pub(crate) fn note(&mut self, key: Key) {
        if let Some(place) = self.places.get_mut(place(key)) {
            *place = key.low();
        }
    }

    /// Whether it was noted; it is forgotten then.
    pub(crate) fn take(&mut self, key: Key) -> bool {
        match self.places.get_mut(place(key)) {
            Some(place) if *place == key.low() && key.low() != 0 => {
                *place = 0;
                true
            }
            _ => false,
        }
    }
}

fn place(key: Key) -> usize {
    key.low() as usize & (PLACES - 1)
}
