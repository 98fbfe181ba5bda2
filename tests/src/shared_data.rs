//! The data that the workers of one Envoy share, as its host keeps it (HOST §1).

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use weir_gateway::{Ask, SharedRefused, SharedReply};

/// One process's shared data; clones are the same.
#[derive(Debug, Clone, Default)]
pub struct SharedData(Rc<RefCell<Values>>);

#[derive(Debug, Default)]
struct Values {
    values: HashMap<String, (Vec<u8>, u32)>,
    /// Counts every write of any key.
    cas: u32,
}

impl SharedData {
    /// What the host answers.
    pub fn answer(&self, ask: Ask) -> SharedReply {
        let mut data = self.0.borrow_mut();
        match ask {
            Ask::Get { key } => match data.values.get(&key) {
                // An empty value and none look the same.
                Some((value, cas)) => {
                    SharedReply::Got { value: (!value.is_empty()).then(|| value.clone()), cas: Some(*cas) }
                }
                None => SharedReply::Got { value: None, cas: None },
            },
            Ask::Set { key, value, cas } => {
                let stands = data.values.get(&key).map(|(_, cas)| *cas);
                if let (Some(expected), Some(stands)) = (cas.filter(|cas| *cas != 0), stands)
                    && expected != stands
                {
                    return SharedReply::Set(Err(SharedRefused::CasMismatch));
                }
                data.cas += 1;
                let number = data.cas;
                data.values.insert(key, (value, number));
                SharedReply::Set(Ok(()))
            }
        }
    }

    /// Bytes of all values.
    pub fn bytes(&self) -> usize {
        self.0.borrow().values.values().map(|(value, _)| value.len()).sum()
    }

    /// How many keys there are; none is ever removed.
    pub fn keys(&self) -> usize {
        self.0.borrow().values.len()
    }

    /// Spoils every value whose key begins with `prefix`.
    pub fn spoil(&self, prefix: &str) {
        for (key, (value, _)) in &mut self.0.borrow_mut().values {
            if key.starts_with(prefix)
                && let Some(byte) = value.last_mut()
            {
                *byte ^= 0xff;
            }
        }
    }
}
