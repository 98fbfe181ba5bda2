//! The results as Markdown tables.

use std::fmt::Write as _;

use crate::figures::{Figures, PHASES, Phase};
use crate::machine;
use crate::run::{EVERY, Phases, Run};
use crate::setups::RESET_TIMEOUT;
use crate::sickness::Sickness;

/// What the p99 of operations that don't need the sick subgraph may come to, relative to before.
const SLOWDOWN_LIMIT: f64 = 1.2;

/// The tables: what holds at a glance, and each sickness with its phases.
pub(crate) fn markdown(runs: &[Run], sicknesses: &[Sickness], phases: Phases, connections: usize) -> String {
    let mut text = heading(phases, connections);
    text.push_str(&summary(runs));
    for &sickness in sicknesses {
        text.push_str(&details(runs, sickness));
    }
    text
}

fn heading(phases: Phases, connections: usize) -> String {
    format!(
        "Two Envoy workers; {connections} connections ask for an operation that needs the sick subgraph, {connections} for one \
         that doesn't, each every {} ms. {} s before, {} s of sickness, {} s after. `Weir`: the defaults with a reset time of \
         {} s that doesn't grow, health checks every 500 ms and timeouts that follow latency; `off`: no breaker, retries nor \
         health checks; `Envoy alone`: off, with Envoy's limits of connections and requests and its outlier detection \
         (5 errors, {} s). Clients, gateway and subgraphs on loopback of one machine: {}.\n\n",
        EVERY.as_millis(),
        phases.before.as_secs_f64(),
        phases.during.as_secs_f64(),
        phases.after.as_secs_f64(),
        RESET_TIMEOUT.as_secs(),
        RESET_TIMEOUT.as_secs(),
        machine::describe()
    )
}

/// What is promised: others are not slowed, the sick one gets probes only, and it recovers in time.
fn summary(runs: &[Run]) -> String {
    let limit = RESET_TIMEOUT.as_secs_f64() + 1.0;
    let mut text = format!(
        "| the subgraph | set-up | others' p99, during to before (at most {SLOWDOWN_LIMIT}) | p99 of those that need it, ms | \
         calls to it a second, before | in the second half of its sickness | of these health checks | \
         95% of the rate again after, s (at most {limit}) |\n|---|---|--:|--:|--:|--:|--:|--:|\n"
    );
    for run in runs {
        let before = run.counters[1].since(run.counters[0]);
        let late = run.counters[3].since(run.counters[2]);
        let late_seconds = (run.edges[3] - run.edges[2]).as_secs_f64();
        let recovery = run.recovery();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:.0} | {:.0} | {:.1} | {:.1} | {} |",
            run.sickness.title(),
            run.setup.title(),
            marked(format!("{:.2}", run.slowdown()), run.slowdown() <= SLOWDOWN_LIMIT),
            run.figures(&run.needs, Phase::During).p99,
            before.calls as f64 / run.seconds(Phase::Before),
            late.calls as f64 / late_seconds,
            late.health_checks as f64 / late_seconds,
            recovery.map_or_else(
                || marked("not by the end".to_owned(), false),
                |after| marked(format!("{:.1}", after.as_secs_f64()), after.as_secs_f64() <= limit)
            ),
        );
    }
    text
}

fn details(runs: &[Run], sickness: Sickness) -> String {
    let mut text = format!(
        "\n**{}**\n\n| set-up | phase | need it: asked/s | right/s | p99 ms | don't: asked/s | right/s | p99 ms | errors | \
         calls to the sick one/s | gateway CPU, µs a request |\n|---|---|--:|--:|--:|--:|--:|--:|---|--:|--:|\n",
        sickness.title()
    );
    for run in runs.iter().filter(|run| run.sickness == sickness) {
        for phase in PHASES {
            let (needs, spares) = (run.figures(&run.needs, phase), run.figures(&run.spares, phase));
            let [from, to] = phase.edges();
            let counted = run.counters[to].since(run.counters[from]);
            let seconds = run.seconds(phase);
            let requests = (needs.rate + spares.rate) * seconds;
            let _ = writeln!(
                text,
                "| {} | {} | {:.0} | {:.0} | {:.1} | {:.0} | {:.0} | {:.1} | {} | {:.1} | {:.0} |",
                run.setup.title(),
                phase.title(),
                needs.rate,
                needs.right,
                needs.p99,
                spares.rate,
                spares.right,
                spares.p99,
                errors(&needs, &spares),
                counted.calls as f64 / seconds,
                counted.cpu.as_secs_f64() * 1e6 / requests,
            );
        }
    }
    text
}

/// By code, and apart those of operations that don't need the sick subgraph.
fn errors(needs: &Figures, spares: &Figures) -> String {
    let of_needs = needs.errors.iter().map(|(code, count)| format!("{count} {code}"));
    let of_spares =
        spares.errors.iter().map(|(code, count)| format!("**{count} {code} of those that don't**"));
    let all: Vec<String> = of_needs.chain(of_spares).collect();
    if all.is_empty() { "–".to_owned() } else { all.join(", ") }
}

/// Bold if it is not as it should be.
fn marked(figure: String, is_fine: bool) -> String {
    if is_fine { figure } else { format!("**{figure}**") }
}
