//! How a call to a subgraph can fail.

/// In which way a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureClass {
    /// No connection could be made.
    Connect,
    /// It took too long.
    Timeout,
    /// The connection broke.
    Reset,
    /// Envoy would not send it: no healthy host, or its own limits.
    Refused,
    /// The subgraph answered with a status of 500 or above.
    Http5xx,
    /// The answer was no GraphQL response.
    Malformed,
    /// The answer held errors with a listed code.
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

    /// Its word in settings, metrics and logs.
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
        1 << self as u8
    }
}

/// A set of classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Classes(u8);

impl Classes {
    /// The empty set.
    pub const NONE: Classes = Classes(0);

    /// This set and one more.
    #[must_use]
    pub const fn with(self, class: FailureClass) -> Classes {
        Classes(self.0 | class.bit())
    }

    /// Whether a class is in it.
    pub const fn contains(self, class: FailureClass) -> bool {
        self.0 & class.bit() != 0
    }

    /// Those in it, in the order of [`FailureClass::ALL`].
    pub fn iter(self) -> impl Iterator<Item = FailureClass> {
        FailureClass::ALL.into_iter().filter(move |class| self.contains(*class))
    }
}

impl FromIterator<FailureClass> for Classes {
    fn from_iter<I: IntoIterator<Item = FailureClass>>(classes: I) -> Classes {
        classes.into_iter().fold(Classes::NONE, Classes::with)
    }
}
