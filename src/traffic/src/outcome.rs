//! What can go wrong with a call to a subgraph, told apart as far as breakers and retries must.

/// Why a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureClass {
    /// No connection was made: the request can't have arrived.
    Connect,
    /// No answer in time.
    Timeout,
    /// The connection ended before the answer did.
    Reset,
    /// Envoy would not send it: no healthy host, or a limit of its own.
    Refused,
    /// An HTTP status of 500 or more.
    Http5xx,
    /// An answer that is no GraphQL response.
    Malformed,
    /// A GraphQL response with an error of a listed code.
    GraphQl,
}

impl FailureClass {
    /// All.
    pub const ALL: [FailureClass; 7] = [
        FailureClass::Connect,
        FailureClass::Timeout,
        FailureClass::Reset,
        FailureClass::Refused,
        FailureClass::Http5xx,
        FailureClass::Malformed,
        FailureClass::GraphQl,
    ];

    /// Its word in settings and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            FailureClass::Connect => "connect",
            FailureClass::Timeout => "timeout",
            FailureClass::Reset => "reset",
            FailureClass::Refused => "refused",
            FailureClass::Http5xx => "http_5xx",
            FailureClass::Malformed => "malformed",
            FailureClass::GraphQl => "graphql",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            FailureClass::Connect => 1,
            FailureClass::Timeout => 1 << 1,
            FailureClass::Reset => 1 << 2,
            FailureClass::Refused => 1 << 3,
            FailureClass::Http5xx => 1 << 4,
            FailureClass::Malformed => 1 << 5,
            FailureClass::GraphQl => 1 << 6,
        }
    }
}

/// A set of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Classes(u8);

impl Classes {
    /// The empty set.
    pub const NONE: Classes = Classes(0);

    /// This set and `class`.
    #[must_use]
    pub const fn with(self, class: FailureClass) -> Classes {
        Classes(self.0 | class.bit())
    }

    /// Whether `class` is in it.
    pub const fn contains(self, class: FailureClass) -> bool {
        self.0 & class.bit() != 0
    }

    /// Whether nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What is in it, in the order of [`FailureClass::ALL`].
    pub fn iter(self) -> impl Iterator<Item = FailureClass> {
        FailureClass::ALL.into_iter().filter(move |class| self.contains(*class))
    }
}

impl FromIterator<FailureClass> for Classes {
    fn from_iter<T: IntoIterator<Item = FailureClass>>(classes: T) -> Classes {
        classes.into_iter().fold(Classes::NONE, Classes::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_set_holds_what_was_put_into_it() {
        for (at, class) in FailureClass::ALL.into_iter().enumerate() {
            let set = Classes::NONE.with(class);
            assert!(set.contains(class) && !set.is_empty());
            assert_eq!(set.iter().collect::<Vec<_>>(), [class], "{}", class.name());
            let others: Classes = FailureClass::ALL.into_iter().filter(|other| *other != class).collect();
            assert!(!others.contains(class));
            assert_eq!(others.iter().count(), 6, "without number {at}");
        }
        assert!(Classes::NONE.is_empty() && Classes::NONE.iter().next().is_none());
    }
}
