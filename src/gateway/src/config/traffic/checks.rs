//! Settings of traffic that contradict each other.

use super::super::document::Document;
use super::super::group::PerSubgraph;
use super::super::problem::{Problem, place};
use super::super::writable::Writable;
use super::{Failure, TrafficConfig, breaker, concurrency, health, pool, retry};

/// Adds what is at odds to the document's problems.
pub(super) fn check(config: &TrafficConfig, document: &mut Document, subgraph: Option<&str>) {
    let TrafficConfig {
        breaker: cut,
        pool: connections,
        retry: again,
        health: asked,
        concurrency: limit,
        ..
    } = config;
    let mut checks = Checks { document, subgraph };
    let settings = &breaker::SETTINGS;
    checks.in_order(
        (&settings.reset_timeout, &cut.reset_timeout),
        (&settings.max_reset_timeout, &cut.max_reset_timeout),
    );
    checks.codes(cut);
    let settings = &retry::SETTINGS;
    checks.in_order((&settings.base_delay, &again.base_delay), (&settings.max_delay, &again.max_delay));
    let settings = &concurrency::SETTINGS;
    checks.in_order((&settings.min_limit, &limit.min_limit), (&settings.max_limit, &limit.max_limit));
    // A check has ended before the next one begins.
    checks.in_order(
        (&health::SETTINGS.timeout, &asked.timeout),
        (&pool::SETTINGS.health_check_interval, &connections.health_check_interval),
    );
}

struct Checks<'a> {
    document: &'a mut Document,
    subgraph: Option<&'a str>,
}

impl Checks<'_> {
    /// Refuses the second where it is below the first.
    fn in_order<S: Writable<Value: PartialOrd>>(
        &mut self,
        (lower, least): (&PerSubgraph<S>, &S::Value),
        (upper, value): (&PerSubgraph<S>, &S::Value),
    ) {
        if value >= least || !(self.concerns(lower) || self.concerns(upper)) {
            return;
        }
        let text = |value| match lower.general.shape.written(value) {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        let message =
            format!("{} is less than `{}`, which is {}", text(value), lower.general.path, text(least));
        let fix = format!("set it to {} or more, or lower `{}`", text(least), lower.general.path);
        self.refuse(upper, message, fix);
    }

    /// Refuses codes without the failure that they are for, and the reverse.
    fn codes(&mut self, config: &breaker::BreakerConfig) {
        let (failures, codes) = (&breaker::SETTINGS.failures, &breaker::SETTINGS.graphql_codes);
        if !(self.concerns(failures) || self.concerns(codes)) {
            return;
        }
        match (config.failures.contains(&Failure::GraphQl), config.graphql_codes.is_empty()) {
            (true, true) => {
                let message = format!("names `graphql`, but `{}` lists no code", codes.general.path);
                self.refuse(failures, message, "list the codes that tell that the subgraph is unwell there");
            }
            (false, false) => {
                let message = format!("lists codes, but `{}` has no `graphql`", failures.general.path);
                self.refuse(codes, message, "add `graphql` there, or leave the codes out");
            }
            _ => {}
        }
    }

    /// Whether it is here that a setting is to be judged: for all, or where the subgraph has it for itself.
    fn concerns<S>(&self, setting: &PerSubgraph<S>) -> bool {
        self.subgraph.is_none_or(|name| self.document.is_own(setting, name))
    }

    fn refuse<S>(&mut self, setting: &PerSubgraph<S>, message: String, fix: impl Into<String>) {
        let general = setting.general.path.split('.');
        let place = place(self.subgraph.iter().flat_map(|name| ["subgraphs", name]).chain(general));
        self.document.refuse(Problem::new(place, message, fix));
    }
}
