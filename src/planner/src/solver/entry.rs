//! The ways into subgraphs: which of them resolve what is wanted, and what they require for it.

use super::search::{Object, Search};
use super::wants::Want;
use crate::field_set::FieldSet;
use crate::joins::{Kind, Resolution, core_of};

/// A way into a subgraph.
pub(super) struct Entry<'a> {
    pub(super) graph: &'a str,
    pub(super) view: &'a str,
    pub(super) requires: Vec<&'a FieldSet>,
    pub(super) score: usize,
}

impl<'a> Search<'a, '_> {
    /// The ways into subgraphs that resolve some of `wants`, the one that resolves most first.
    pub(super) fn entries(&self, object: &Object<'a>, wants: &[Want<'a>]) -> Vec<Entry<'a>> {
        let mut entries: Vec<Entry<'a>> = Vec::new();
        let joins = self.joins;
        for (graph, _) in joins.graphs() {
            let own = joins.ty(object.type_name).map(|(name, _)| name);
            let interfaces = joins.interfaces(object.type_name).into_iter();
            let views =
                own.into_iter().chain(interfaces.filter(|view| joins.is_interface_object(graph, view)));
            for view in views {
                if !self.can_enter(graph, view) {
                    continue;
                }
                let mut requires: Vec<&'a FieldSet> = Vec::new();
                let (mut score, mut without) = (0_usize, 0_usize);
                for want in wants {
                    let worth = self.worth(graph, view, want);
                    match self.resolution(graph, view, want.name) {
                        Some(Resolution::Local) => without = without.saturating_add(worth),
                        Some(Resolution::Requires(set)) => {
                            score = score.saturating_add(worth);
                            if requires.iter().all(|known| known.text != set.text) {
                                requires.push(set);
                            }
                        }
                        Some(Resolution::External) | None => {}
                    }
                }
                if without > 0 {
                    entries.push(Entry { graph, view, requires: Vec::new(), score: without });
                }
                // Sets that want one field with different arguments can't share a representation.
                let mut groups: Vec<Vec<&'a FieldSet>> = Vec::new();
                for set in &requires {
                    let fits = |group: &&mut Vec<&'a FieldSet>| group.iter().all(|other| other.fits(set));
                    match groups.iter_mut().find(fits) {
                        Some(group) => group.push(set),
                        None => groups.push(vec![set]),
                    }
                }
                for group in groups {
                    if group.len() > 1 {
                        let single =
                            |set: &&'a FieldSet| Entry { graph, view, requires: vec![*set], score: 1 };
                        entries.extend(group.iter().map(single));
                    }
                    entries.push(Entry {
                        graph,
                        view,
                        requires: group,
                        score: score.saturating_add(without),
                    });
                }
            }
        }
        entries.retain(|entry| {
            !object.sources.iter().any(|source| {
                source.graph == entry.graph
                    && source.view == entry.view
                    && entry.requires.iter().all(|set| source.fulfilled.contains(&set.text.as_str()))
            })
        });
        entries.sort_by(|a, b| b.score.cmp(&a.score).then(a.requires.len().cmp(&b.requires.len())));
        entries
    }

    pub(super) fn can_enter(&self, graph: &str, view: &str) -> bool {
        let Some((_, ty)) = self.joins.ty(view) else { return false };
        ty.joins.iter().any(|join| {
            join.graph == graph && (self.joins.is_root(view) || (join.resolvable && join.key.is_some()))
        })
    }

    /// How much of a field a subgraph has at hand.
    pub(super) fn worth(&self, graph: &str, view: &str, want: &Want<'a>) -> usize {
        let Some(ty) = self.joins.type_in(graph, view, want.name) else { return 0 };
        let local = |field: &str| {
            matches!(self.joins.resolution(graph, core_of(&ty), field, &self.labels), Some(Resolution::Local))
        };
        want.below.iter().filter(|below| below.field_name().is_some_and(local)).count().saturating_add(1)
    }

    /// What a subgraph knows of a field of objects that it sees as `view`.
    pub(super) fn resolution(&self, graph: &str, view: &str, field: &str) -> Option<Resolution<'a>> {
        let found = self.joins.resolution(graph, view, field, &self.labels)?;
        let is_interface = self.joins.ty(view).is_some_and(|(_, ty)| ty.kind == Kind::Interface);
        if is_interface && !self.joins.is_interface_object(graph, view) {
            let local = |object: &&str| {
                matches!(self.joins.resolution(graph, object, field, &self.labels), Some(Resolution::Local))
            };
            return self.joins.possible_in(graph, view).iter().all(local).then_some(found);
        }
        Some(found)
    }
}
