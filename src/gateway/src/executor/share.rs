//! What of a call's answer is one request's: several may have asked for entities in it.

/// The representations of one request among those of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Share {
    /// The call asks for what the request does, in its order.
    Whole,
    /// Some of what the call asks for.
    Some(Pairs),
}

/// For each lookup, pairs of a request's number of a representation and the call's.
pub(crate) type Pairs = Vec<Vec<(u32, u32)>>;

impl Share {
    /// The request's number of the representation that has the number `theirs` in the call.
    pub(crate) fn own(&self, lookup: usize, theirs: usize) -> Option<usize> {
        match self {
            Share::Whole => Some(theirs),
            Share::Some(lookups) => {
                let pairs = lookups.get(lookup)?;
                pairs.iter().find(|(_, t)| *t as usize == theirs).map(|(own, _)| *own as usize)
            }
        }
    }

    /// The call's numbers by the request's, of which there are `keys`.
    pub(crate) fn by_own(&self, lookup: usize, keys: usize) -> Theirs {
        match self {
            Share::Whole => Theirs::Same,
            Share::Some(lookups) => {
                let mut theirs = vec![None; keys];
                for (own, their) in lookups.get(lookup).into_iter().flatten() {
                    if let Some(slot) = theirs.get_mut(*own as usize) {
                        *slot = Some(*their);
                    }
                }
                Theirs::Mapped(theirs)
            }
        }
    }
}

/// See [`Share::by_own`].
pub(crate) enum Theirs {
    Same,
    Mapped(Vec<Option<u32>>),
}

impl Theirs {
    pub(crate) fn of(&self, own: usize) -> Option<usize> {
        match self {
            Theirs::Same => Some(own),
            Theirs::Mapped(theirs) => theirs.get(own).copied().flatten().map(|their| their as usize),
        }
    }
}
