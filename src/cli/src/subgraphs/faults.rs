//! What goes wrong in a demo subgraph, and when: set at the start or over `POST /faults`, the same at every run.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;

/// The longest a `hang` lasts; then the connection (HTTP/2: the stream) is closed.
pub(crate) const LONGEST_HANG: Duration = Duration::from_secs(60);

/// What `slow` adds to the latency.
const SLOWNESS: Duration = Duration::from_secs(2);

/// How a subgraph answers. Every mode but `none` and `slow` keeps it from answering rightly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// Rightly.
    #[default]
    None,
    /// Status 500 with a text.
    #[serde(rename = "http_500")]
    Http500,
    /// Status 200 with an HTML page.
    NotJson,
    /// JSON, but not a GraphQL response: `[1,2]`.
    WrongShape,
    /// Status 200 and no byte of body.
    EmptyBody,
    /// `{"errors":[…]}` alone.
    ErrorsWithoutData,
    /// The right data with one nullable field failed, and an error with its path.
    ErrorsWithData,
    /// Not at all, until the mode is set again or a minute has gone.
    Hang,
    /// Closes the connection before any header; with HTTP/2 it resets the stream.
    Reset,
    /// Rightly, two seconds late.
    Slow,
    /// Data of the right shape with wrong leaves: every integer a string, every string null.
    WrongTypes,
    /// Headers and half of the body, then closes the connection; with HTTP/2 it resets the stream.
    Truncated,
    /// Entity fetches lack their last entity.
    ShortEntities,
}

/// The switches of one subgraph.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Settings {
    pub(crate) mode: Mode,
    /// How many requests the mode is for; null for all.
    pub(crate) times: Option<u64>,
    /// The mode holds for so long, then not for as long, and so on from the change; zero if it holds all the time.
    /// A hang that began goes on into the time that is well.
    #[serde(serialize_with = "as_text")]
    pub(crate) flap: Duration,
    /// Waited before every answer.
    #[serde(serialize_with = "as_text")]
    pub(crate) latency: Duration,
    /// Up to this is waited on top, differing from request to request.
    #[serde(serialize_with = "as_text")]
    pub(crate) jitter: Duration,
    /// The part of requests answered with status 500, 0 to 1, evenly spaced.
    pub(crate) error_rate: f64,
    /// Counts the changes, so that a hanging request sees one.
    #[serde(skip)]
    revision: u64,
    /// When they were changed, if they were.
    #[serde(skip)]
    changed: Option<Instant>,
}

impl Settings {
    pub(crate) fn new(latency: Duration, jitter: Duration, error_rate: f64) -> Self {
        Self { latency, jitter, error_rate, ..Self::default() }
    }

    /// Whether the mode holds now.
    fn is_sick(&self) -> bool {
        let gone = self.changed.map_or(Duration::ZERO, |changed| changed.elapsed());
        let halves = gone.as_nanos().checked_div(self.flap.as_nanos());
        halves.is_none_or(|halves| halves % 2 == 0)
    }
}

/// The body of `POST /faults`; what is left out stays as it is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    /// All of them if left out.
    pub(crate) subgraph: Option<String>,
    mode: Option<Mode>,
    times: Option<u64>,
    flap: Option<String>,
    latency: Option<String>,
    jitter: Option<String>,
    error_rate: Option<f64>,
}

impl Change {
    /// The settings after the change, or what is wrong with it.
    fn applied_to(&self, old: &Settings) -> Result<Settings, String> {
        let duration = |text: &Option<String>, name: &str, old: Duration| match text {
            Some(text) => humantime::parse_duration(text).map_err(|error| format!("{name}: {error}")),
            None => Ok(old),
        };
        let error_rate = self.error_rate.unwrap_or(old.error_rate);
        if !(0.0..=1.0).contains(&error_rate) {
            return Err("error_rate: must be from 0 to 1".to_owned());
        }
        if self.times == Some(0) {
            return Err("times: must be at least 1".to_owned());
        }
        Ok(Settings {
            mode: self.mode.unwrap_or(old.mode),
            times: if self.mode.is_some() { self.times } else { self.times.or(old.times) },
            flap: duration(&self.flap, "flap", if self.mode.is_some() { Duration::ZERO } else { old.flap })?,
            latency: duration(&self.latency, "latency", old.latency)?,
            jitter: duration(&self.jitter, "jitter", old.jitter)?,
            error_rate,
            revision: old.revision + 1,
            changed: Some(Instant::now()),
        })
    }
}

/// What is to happen to one request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Decision {
    pub(crate) delay: Duration,
    pub(crate) mode: Mode,
}

/// The switches of one subgraph, and where it is in its sequence of requests.
pub(crate) struct Faults {
    start: Settings,
    settings: watch::Sender<Settings>,
    request: AtomicU64,
}

impl Faults {
    pub(crate) fn new(start: Settings) -> Self {
        Self { settings: watch::Sender::new(start.clone()), start, request: AtomicU64::new(0) }
    }

    pub(crate) fn settings(&self) -> Settings {
        self.settings.borrow().clone()
    }

    /// Checks a change without making it.
    ///
    /// # Errors
    /// Names the key that is wrong.
    pub(crate) fn check(&self, change: &Change) -> Result<(), String> {
        change.applied_to(&self.settings()).map(drop)
    }

    /// Makes a change and starts the sequence of errors over; a change that is wrong changes nothing.
    pub(crate) fn change(&self, change: &Change) {
        self.settings.send_modify(|settings| {
            if let Ok(new) = change.applied_to(settings) {
                *settings = new;
            }
        });
        self.request.store(0, Ordering::Relaxed);
    }

    /// Back to how the process was started.
    pub(crate) fn reset(&self) {
        self.settings.send_modify(|settings| {
            *settings = Settings { revision: settings.revision + 1, ..self.start.clone() };
        });
        self.request.store(0, Ordering::Relaxed);
    }

    /// Decides about the next request.
    pub(crate) fn decide(&self) -> Decision {
        let number = self.request.fetch_add(1, Ordering::Relaxed);
        let settings = self.settings();
        let mut decision = Decision { delay: settings.latency, mode: settings.mode };
        decision.delay += settings.jitter.mul_f64(scattered(number));
        if !settings.is_sick() {
            decision.mode = Mode::None;
            return decision;
        }
        let before = (number as f64 * settings.error_rate).floor();
        if settings.mode == Mode::None && ((number + 1) as f64 * settings.error_rate).floor() > before {
            decision.mode = Mode::Http500;
        }
        if settings.mode != Mode::None && settings.times.is_some() {
            decision.mode = self.take_one();
        }
        if decision.mode == Mode::Slow {
            decision.delay += SLOWNESS;
        }
        decision
    }

    /// Returns when the switches have been set again; false if that took longer than `limit`.
    pub(crate) async fn changed_within(&self, limit: Duration) -> bool {
        let mut changes = self.settings.subscribe();
        let revision = changes.borrow().revision;
        tokio::time::timeout(limit, changes.wait_for(|settings| settings.revision != revision)).await.is_ok()
    }

    /// Takes one of the `times` that are left; the mode ends with the last.
    fn take_one(&self) -> Mode {
        let mut mode = Mode::None;
        self.settings.send_modify(|settings| {
            mode = settings.mode;
            settings.times = settings.times.and_then(|times| times.checked_sub(1)).filter(|left| *left > 0);
            if settings.times.is_none() {
                settings.mode = Mode::None;
            }
        });
        mode
    }
}

/// A number from 0 to 1 that looks random and is the same at every run (splitmix64).
fn scattered(number: u64) -> f64 {
    let mut bits = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

fn as_text<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_duration(*duration))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(json: &str) -> Change {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn an_error_rate_is_spaced_evenly_and_repeats() {
        let faults = Faults::new(Settings::new(Duration::ZERO, Duration::ZERO, 0.25));
        let run = || (0..8).map(|_| faults.decide().mode == Mode::Http500).collect::<Vec<_>>();
        let first = run();
        assert_eq!(first, [false, false, false, true, false, false, false, true]);
        faults.reset();
        assert_eq!(run(), first);
    }

    #[test]
    fn a_mode_with_times_ends_by_itself() {
        let faults = Faults::new(Settings::default());
        faults.change(&change(r#"{"mode":"reset","times":2}"#));
        let modes: Vec<_> = (0..3).map(|_| faults.decide().mode).collect();
        assert_eq!(modes, [Mode::Reset, Mode::Reset, Mode::None]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_mode_that_flaps_holds_every_other_period_until_a_new_mode_is_set() {
        let faults = Faults::new(Settings::default());
        faults.change(&change(r#"{"mode":"reset","flap":"500ms"}"#));
        let mut modes = Vec::new();
        for _ in 0..5 {
            modes.push(faults.decide().mode);
            tokio::time::advance(Duration::from_millis(500)).await;
        }
        assert_eq!(modes, [Mode::Reset, Mode::None, Mode::Reset, Mode::None, Mode::Reset]);
        faults.change(&change(r#"{"mode":"reset"}"#));
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(faults.decide().mode, Mode::Reset);
    }

    #[test]
    fn jitter_stays_within_its_bound() {
        let faults = Faults::new(Settings::new(Duration::from_millis(5), Duration::from_millis(10), 0.0));
        for _ in 0..100 {
            let delay = faults.decide().delay;
            assert!(delay >= Duration::from_millis(5) && delay <= Duration::from_millis(15), "{delay:?}");
        }
    }

    #[test]
    fn a_wrong_change_is_refused_with_its_key() {
        let faults = Faults::new(Settings::default());
        let refused = |json| faults.check(&change(json)).unwrap_err();
        assert!(refused(r#"{"latency":"soon"}"#).starts_with("latency: "));
        assert!(refused(r#"{"error_rate":2}"#).starts_with("error_rate: "));
        assert!(serde_json::from_str::<Change>(r#"{"latencie":"1s"}"#).is_err());
    }
}
