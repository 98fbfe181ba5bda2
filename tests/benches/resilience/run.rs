//! One run: a set-up, a sickness, and the three phases.

use std::time::{Duration, Instant};

use crate::clients::{Asked, Clients, Pace};
use crate::counters::Counters;
use crate::setups::Setup;
use crate::sickness::Sickness;
use crate::support::gateway::Gateway;
use crate::support::mortal::Mortal;
use crate::support::patience::wait_for;
use crate::support::subgraphs::Subgraphs;
use crate::workload::Workload;

/// How long each phase lasts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Phases {
    pub(crate) before: Duration,
    pub(crate) during: Duration,
    pub(crate) after: Duration,
}

/// Each client asks this often at most: with 16 of a kind 400 requests a second, which two processors bear with clients and
/// subgraphs beside the gateway.
pub(crate) const EVERY: Duration = Duration::from_millis(40);

/// Connections and pools grow in it; it counts for nothing.
const WARM_UP: Duration = Duration::from_millis(500);

/// Until a gateway that was hurt by the run before answers rightly again.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was measured.
pub(crate) struct Run {
    pub(crate) setup: Setup,
    pub(crate) sickness: Sickness,
    /// Requests that need the sick subgraph.
    pub(crate) needs: Vec<Asked>,
    /// Requests that don't.
    pub(crate) spares: Vec<Asked>,
    /// The edges of the phases, from the start of the run: begin of before, of the sickness, of its second half, its end,
    /// and the end of all.
    pub(crate) edges: [Duration; 5],
    /// As they stood at the edges.
    pub(crate) counters: [Counters; 5],
}

/// Runs it. The subgraph is well again afterwards.
pub(crate) fn measure(
    setup: Setup,
    sickness: Sickness,
    gateway: &Gateway,
    well: &Subgraphs,
    sick: &mut Mortal,
    phases: Phases,
    connections: usize,
) -> Run {
    let workload = settle(gateway, well);
    let start = Instant::now();
    let end = start + WARM_UP + phases.before + phases.during + phases.after;
    let clients = |exchanges, pace| Clients { exchanges, connections, every: EVERY, pace };
    let needs = clients(workload.needs, Pace::Closed);
    let spares = clients(workload.spares, Pace::Open);
    let address = gateway.address;
    let needs = std::thread::spawn(move || needs.run(address, start, end));
    let spares = std::thread::spawn(move || spares.run(address, start, end));

    let mut edges = [Duration::ZERO; 5];
    let mut counters = [Counters::default(); 5];
    let mut edge = |number: usize, sick: &Mortal| {
        counters[number] = Counters::read(gateway, sick);
        edges[number] = start.elapsed();
        Instant::now()
    };
    sleep_until(start + WARM_UP);
    let began = edge(0, sick);
    sleep_until(began + phases.before);
    let fell_sick = edge(1, sick);
    sickness.begin(sick);
    sleep_until(fell_sick + phases.during / 2);
    edge(2, sick);
    sleep_until(fell_sick + phases.during);
    sickness.end(sick);
    edge(3, sick);
    sleep_until(end);
    edge(4, sick);
    let joined = "the clients ended by themselves";
    Run {
        setup,
        sickness,
        needs: needs.join().expect(joined),
        spares: spares.join().expect(joined),
        edges,
        counters,
    }
}

/// Waits until the gateway has nothing left of an earlier sickness, and learns the answers.
fn settle(gateway: &Gateway, well: &Subgraphs) -> Workload {
    let probe = "{ topProducts(first: 1) { reviews(first: 1) { id } } }";
    // Over several connections, which both workers get.
    let is_well = || (0..8).all(|_| gateway.query(probe).json().get("errors").is_none());
    assert!(wait_for(PATIENCE, is_well), "the gateway doesn't recover{}", gateway.process.tail());
    Workload::learn(gateway, well)
}

fn sleep_until(moment: Instant) {
    std::thread::sleep(moment.saturating_duration_since(Instant::now()));
}
