//! Many clients at once, and several workers.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::support::operations::{demo, demo_answer};
use crate::support::vitals::Vitals;
use crate::support::world::World;

const CLIENTS: usize = 20;
const REQUESTS: usize = 200;

#[test]
fn two_workers_answer_two_hundred_operations_of_twenty_clients() {
    let world = World::start(&json!({}), 2);
    let before = Vitals::of(&world.gateway);
    let expected = demo_answer();
    let asked = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while asked.fetch_add(1, Ordering::Relaxed) < REQUESTS {
                    let reply = world.gateway.post(&demo());
                    assert_eq!((reply.status, reply.text()), (200, expected.as_str()));
                }
            });
        }
    });
    assert_eq!(world.gateway.stat("wasmcustom.weir.requests"), REQUESTS as u64);
    assert_eq!(world.gateway.stat("wasmcustom.weir.request_errors"), 0);
    assert_eq!(world.gateway.stat("wasmcustom.weir.requests_active"), 0);
    // Both workers took part: one planned the operation, the other found the plan in the shared data.
    assert_eq!(world.gateway.stat("wasmcustom.weir.plans_made"), 1);
    assert_eq!(world.gateway.stat("wasmcustom.weir.plan_cache.l2.hits"), 1);
    assert_eq!(Vitals::of(&world.gateway), before);
    // Seven for each request, were it alone.
    let calls = world.subgraphs.calls().iter().sum::<u64>();
    assert!((7..7 * REQUESTS as u64).contains(&calls), "{calls} calls");
}
