//! Worlds: demo subgraphs and a gateway before them, shared by the tests that don't need one of their own.
//!
//! An Envoy takes seconds of CPU to start, so tests share it and take turns; each begins with subgraphs as they
//! were at their start.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::gateway::Gateway;
use super::operations::ME;
use super::patience::wait_for;
use super::subgraphs::Subgraphs;
use super::traffic;
use super::vitals::Vitals;

/// Subgraphs and the gateway before them.
pub(crate) struct World {
    pub(crate) subgraphs: Subgraphs,
    pub(crate) gateway: Gateway,
}

impl World {
    /// A world of its own for one test.
    #[track_caller]
    pub(crate) fn start(config: &Value, workers: u32) -> World {
        let subgraphs = Subgraphs::start();
        let gateway = Gateway::run(&subgraphs.supergraph(), config, workers);
        World { subgraphs, gateway }
    }

    /// Checks that an operation is answered.
    #[track_caller]
    pub(crate) fn assert_answers(&self) {
        assert_eq!(self.gateway.query(ME).data(), json!({ "me": { "name": "Ada Almeida" } }));
    }

    fn is_running(&self) -> bool {
        self.gateway.process.ended().is_none() && self.subgraphs.process.ended().is_none()
    }
}

/// Shows what the processes said last if the test fails.
impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}{}", self.0.subgraphs.process.tail(), self.0.gateway.process.tail());
        }
    }
}

struct Turn<'a>(&'a World);

/// Envoy waits for up to a second before it starts a sandbox anew.
const RECOVERY: Duration = Duration::from_secs(20);

static CALM: Mutex<Option<World>> = Mutex::new(None);
static STRAINED: Mutex<Option<World>> = Mutex::new(None);

/// A turn with the world whose gateway has the defaults, but for two things: inventory gets a second, and there is no
/// traffic control, since subgraphs fail here on purpose and their calls are counted.
///
/// Whatever the test does, afterwards the same Envoy and the same worker must still answer, without a panic.
#[track_caller]
pub(crate) fn calm(test: impl FnOnce(&World)) {
    let config = traffic::off(json!({ "subgraphs": { "inventory": { "timeout": "1s" } } }));
    turn(&CALM, &config, |world| {
        let before = Vitals::of(&world.gateway);
        test(world);
        world.subgraphs.reset();
        world.assert_answers();
        assert_eq!(Vitals::of(&world.gateway), before);
    });
}

/// How long the gateway of the strained world lets a request take.
pub(crate) const STRAINED_TIMEOUT: Duration = Duration::from_secs(5);

/// A turn with the world whose gateway injects faults on demand and answers within [`STRAINED_TIMEOUT`], sooner
/// than subgraphs must; it has no traffic control either.
///
/// Afterwards it must answer; how often it was hurt is the test's to say.
#[track_caller]
pub(crate) fn strained(test: impl FnOnce(&World)) {
    let timeout = format!("{}s", STRAINED_TIMEOUT.as_secs());
    let config = traffic::off(json!({ "fault_injection": true, "request_timeout": timeout }));
    turn(&STRAINED, &config, |world| {
        test(world);
        world.subgraphs.reset();
        world.assert_answers();
    });
}

#[track_caller]
fn turn(shared: &Mutex<Option<World>>, config: &Value, test: impl FnOnce(&World)) {
    let mut world = shared.lock().unwrap_or_else(PoisonError::into_inner);
    // One that another test killed must not fail all that come after.
    let world = match world.take().filter(World::is_running) {
        Some(running) => world.insert(running),
        None => world.insert(World::start(config, 1)),
    };
    world.subgraphs.reset();
    let turn = Turn(world);
    // A test before may have left a dead sandbox; the next one starts with a request, after a pause.
    let answers = || turn.0.gateway.query(ME).status == 200;
    assert!(wait_for(RECOVERY, answers), "the gateway doesn't answer");
    turn.0.subgraphs.reset();
    test(turn.0);
}
