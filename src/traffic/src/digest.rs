//! The distribution of one subgraph's latencies in a fixed number of bytes.
//!
//! An HDR histogram (Gil Tene, hdrhistogram.org): buckets whose width grows with the value, here with one significant
//! digit. That is enough, for what is set from it has a margin of its own; a second digit would take eight times the
//! memory for each subgraph and worker. Calls that were cut off before their answer came are *censored*: of them it is
//! only known that they would have taken longer. They are counted and not recorded, so that a quantile is never
//! estimated from the calls alone that were quick enough to be seen (the bias that Kaplan & Meier 1958 avoid).

use std::time::Duration;

use hdrhistogram::Histogram;

/// What a digest says of a quantile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantile {
    /// Nothing was recorded.
    Unknown,
    /// It is among the calls that were cut off: longer than they were waited for.
    Beyond,
    /// At least the exact one of the calls recorded, and too long by at most [`Digest::RELATIVE_ERROR`] of it and
    /// [`Digest::ABSOLUTE_ERROR`].
    Is(Duration),
}

/// Latencies up to [`Digest::LONGEST`]; about 1.6 KB whatever is recorded.
#[derive(Debug, Clone)]
pub struct Digest {
    /// Of microseconds.
    answered: Histogram<u32>,
    cut: u64,
}

impl Digest {
    /// A longer one is recorded as this.
    pub const LONGEST: Duration = Duration::from_mins(10);
    /// A bucket's width as a share of the values in it, at most.
    pub const RELATIVE_ERROR: f64 = 1.0 / 16.0;
    /// The width of the narrowest buckets.
    pub const ABSOLUTE_ERROR: Duration = Duration::from_micros(16);

    /// An empty one. All it ever allocates is allocated here.
    #[expect(clippy::expect_used, reason = "the bounds are constants; each test makes one")]
    pub fn new() -> Digest {
        let answered = Histogram::new_with_bounds(micros(Self::ABSOLUTE_ERROR), micros(Self::LONGEST), 1);
        Digest { answered: answered.expect("fit bounds"), cut: 0 }
    }

    /// A call was answered after `took`. Some nanoseconds, no allocation.
    pub fn answered(&mut self, took: Duration) {
        self.answered.saturating_record(micros(took));
    }

    /// A call was given up before its answer came: longer than any that is recorded.
    pub fn cut(&mut self) {
        self.cut = self.cut.saturating_add(1);
    }

    /// Calls that were answered.
    pub fn answers(&self) -> u64 {
        self.answered.len()
    }

    /// Calls that were cut off.
    pub fn cuts(&self) -> u64 {
        self.cut
    }

    /// All calls.
    pub fn count(&self) -> u64 {
        self.answers().saturating_add(self.cut)
    }

    /// The value that a share `q` (0 to 1) of all calls doesn't exceed, by nearest rank. One scan of 368 counters at
    /// most.
    pub fn quantile(&self, q: f64) -> Quantile {
        self.at(rank(q, self.count()))
    }

    /// The same of the answered calls alone.
    pub fn quantile_answered(&self, q: f64) -> Quantile {
        self.at(rank(q, self.answers()))
    }

    fn at(&self, rank: u64) -> Quantile {
        match self.answers() {
            _ if rank == 0 => Quantile::Unknown,
            answers if rank > answers => Quantile::Beyond,
            // Half a rank less: rounded up by the library, it is this rank exactly.
            answers => Quantile::Is(Duration::from_micros(
                self.answered.value_at_quantile((rank as f64 - 0.5) / answers as f64),
            )),
        }
    }

    /// Adds what another one holds.
    pub fn merge(&mut self, other: &Digest) {
        // Fails for other bounds only, and all have the same.
        let _ = self.answered.add(&other.answered);
        self.cut = self.cut.saturating_add(other.cut);
    }

    /// Empties it; keeps its memory.
    pub fn clear(&mut self) {
        self.answered.reset();
        self.cut = 0;
    }
}

impl Default for Digest {
    fn default() -> Digest {
        Digest::new()
    }
}

/// Which of `count` values, the shortest being 1, is the quantile; 0 if there are none.
fn rank(q: f64, count: u64) -> u64 {
    let rank = (q.clamp(0.0, 1.0) * count as f64).ceil();
    // A NaN becomes 0 here, and then the lowest rank there is.
    (rank as u64).clamp(count.min(1), count)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
