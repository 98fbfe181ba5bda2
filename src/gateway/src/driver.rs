//! Moves inputs into the core and its outputs to the host.

use std::cell::RefCell;

use crate::Gateway;
use crate::event::{Input, Output, Timestamp};
use crate::host::Host;
use crate::metric::Metric;

/// The most replies given within one callback of the host. Envoy resumes the answered streams natively and
/// recursively: 300 at once are fine, 600 overflow the stack and kill the VM (HOST §3).
pub const MAX_REPLIES_PER_TURN: usize = 50;

/// Gives `input` to the gateway and carries out what it asks for.
///
/// The gateway is borrowed only while it thinks, never while the host is called: a host may call back into
/// the filter synchronously (invariant 2). A call that the host refuses comes back as
/// [`Input::CallFailed`], so that retry, breaker and error have one path.
pub fn drive<H: Host>(gateway: &RefCell<Gateway>, host: &mut H, now: Timestamp, input: Input) {
    let mut input = Some(input);
    let mut replies = 0_usize;
    loop {
        let output = {
            let Ok(mut gateway) = gateway.try_borrow_mut() else {
                // Re-entered from a host call: cannot happen by the rule above; losing one input is the
                // mildest way out.
                host.log(crate::event::Level::Error, "weir: the gateway was re-entered; an input was lost");
                return;
            };
            if let Some(input) = input.take() {
                gateway.handle(now, input);
            }
            if replies >= MAX_REPLIES_PER_TURN && gateway.replies_next() {
                drop(gateway);
                host.count(Metric::RepliesDeferred, 1);
                host.wake();
                return;
            }
            gateway.poll_output()
        };
        match output {
            None => break,
            Some(Output::Call(call)) => {
                let id = call.id;
                if let Err(failure) = host.call(call) {
                    input = Some(Input::CallFailed { call: id, failure });
                }
            }
            Some(Output::Reply { id, reply }) => {
                replies = replies.saturating_add(1);
                host.reply(id, reply);
            }
            Some(Output::Shared { task, ask }) => {
                let reply = host.shared(ask);
                input = Some(Input::Shared { task, reply });
            }
            Some(Output::ReadCounters(metrics)) => {
                input = Some(Input::Counters(metrics.into_iter().map(|metric| host.read(metric)).collect()));
            }
            Some(Output::Wake) => host.wake(),
            Some(Output::Subgraphs(names)) => host.subgraphs(&names),
            Some(Output::Count(metric, by)) => host.count(metric, by),
            Some(Output::Set(metric, value)) => host.set(metric, value),
            Some(Output::Record(metric, value)) => host.record(metric, value),
            Some(Output::Log(level, line)) => host.log(level, &line),
        }
    }
    let next = gateway.try_borrow().ok().and_then(|gateway| gateway.poll_timeout());
    host.set_timer(next.map(|at| at.since(now)));
}
