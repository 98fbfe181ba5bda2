//! The planning library's plan, turned into ours.

mod dependencies;
mod flatten;
mod requires;
mod series;
mod shape;
mod types;

use hive_router_query_planner::ast::operation::SubgraphFetchOperation;
use hive_router_query_planner::ast::selection_item::SelectionItem;
use hive_router_query_planner::ast::selection_set::SelectionSet;
use hive_router_query_planner::planner::plan_nodes::{
    BatchFetchNode, FetchNode, FetchNodePathSegment, FetchRewrite, FlattenNodePath, FlattenNodePathSegment,
    QueryPlan,
};
use hive_router_query_planner::state::supergraph_state::{OperationKind as LibraryKind, SupergraphState};

use crate::names::Names;
use crate::plan::{
    EntityLookup, Fetch, FetchId, OperationKind, Path, PathSegment, Rewrite, RewriteStep, Shape, SubgraphId,
    Target,
};
use crate::supergraph::Subgraph;
use flatten::{Call, Step};
use types::Types;

/// Turns `plan` into fetches in an order that respects every `after`.
pub(crate) fn adapt(
    plan: QueryPlan,
    kind: OperationKind,
    state: &SupergraphState,
    subgraphs: &[Subgraph],
    names: &mut Names,
) -> Result<Vec<Fetch>, String> {
    let steps = flatten::flatten(plan)?;
    let mut adapter = Adapter { subgraphs, names, types: Types::new(state) };
    let mut fetches = Vec::with_capacity(steps.len());
    let mut earlier: Vec<Vec<usize>> = Vec::with_capacity(steps.len());
    for step in steps {
        fetches.push(adapter.fetch(&step)?);
        earlier.push(step.earlier);
    }
    let interface_objects = !state.interface_object_types_in_subgraphs.is_empty();
    let after = dependencies::find(&mut fetches, &earlier, interface_objects, adapter.names);
    let (mut fetches, after) = match kind {
        OperationKind::Mutation => series::order(fetches, after),
        OperationKind::Query => (fetches, after),
    };
    for (fetch, after) in fetches.iter_mut().zip(after) {
        fetch.after = after.into_iter().filter_map(|index| u32::try_from(index).ok()).map(FetchId).collect();
    }
    Ok(fetches)
}

struct Adapter<'a> {
    subgraphs: &'a [Subgraph],
    names: &'a mut Names,
    types: Types<'a>,
}

impl Adapter<'_> {
    fn fetch(&mut self, step: &Step) -> Result<Fetch, String> {
        let (service, kind, operation, usages) = match &step.call {
            Call::Fetch(node) => {
                (&node.service_name, &node.operation_kind, &node.operation, &node.variable_usages)
            }
            Call::Batch(node) => {
                (&node.service_name, &node.operation_kind, &node.operation, &node.variable_usages)
            }
        };
        let target = match &step.call {
            Call::Fetch(node) => self.single(node, step.path.as_ref())?,
            Call::Batch(node) => Target::Entities(self.batch(node)?),
        };
        let own: Vec<&str> = match &target {
            Target::Root { .. } => Vec::new(),
            Target::Entities(lookups) => lookups.iter().map(|lookup| lookup.variable.as_str()).collect(),
        };
        let variables =
            usages.iter().flatten().filter(|name| !own.contains(&name.as_str())).cloned().collect::<Vec<_>>();
        Ok(Fetch {
            subgraph: self.subgraph(service)?,
            kind: match kind {
                Some(LibraryKind::Mutation) => OperationKind::Mutation,
                Some(LibraryKind::Subscription) => return Err("the plan holds a subscription".to_owned()),
                Some(LibraryKind::Query) | None => OperationKind::Query,
            },
            after: Vec::new(),
            when: step.when.clone(),
            document: operation.document_str.clone(),
            name_position: u32::try_from(operation.name_write_position).unwrap_or(0),
            variables,
            target,
        })
    }

    fn subgraph(&self, name: &str) -> Result<SubgraphId, String> {
        self.subgraphs
            .binary_search_by(|subgraph| subgraph.name.as_str().cmp(name))
            .ok()
            .and_then(|index| u32::try_from(index).ok())
            .map(SubgraphId)
            .ok_or_else(|| format!("the plan asks an unknown subgraph \"{name}\""))
    }

    fn single(&mut self, node: &FetchNode, path: Option<&FlattenNodePath>) -> Result<Target, String> {
        let path = path.map(|path| self.path(path)).unwrap_or_default();
        let output_rewrites = self.rewrites(node.output_rewrites.as_deref());
        let Some(requires) = &node.requires else {
            let shape = shape::of(&node.operation, root(&node.operation), self.names)?;
            return Ok(Target::Root { path, shape, output_rewrites });
        };
        let entities = shape::entities_field(&node.operation, None)?;
        let mut shape = shape::of(&node.operation, &entities.selections, self.names)?;
        self.keep_type_names(&node.service_name, &entities.selections, &mut shape);
        Ok(Target::Entities(vec![EntityLookup {
            alias: self.names.id("_entities"),
            variable: entities.representations_variable_name().unwrap_or("representations").to_owned(),
            paths: vec![path],
            requires: requires::of(requires, &self.types, self.names)?,
            input_rewrites: self.rewrites(node.input_rewrites.as_deref()),
            output_rewrites,
            shape,
        }]))
    }

    /// A subgraph that takes an interface for an object knows no other name for an entity's type: the answer must
    /// not replace the name that is known already.
    fn keep_type_names(&mut self, service: &str, selections: &SelectionSet, shape: &mut Shape) {
        let is_interface_object = selections.items.iter().any(|item| match item {
            SelectionItem::InlineFragment(fragment) => {
                self.types.is_interface_object(&fragment.type_condition, service)
            }
            SelectionItem::Field(_) | SelectionItem::FragmentSpread(_) => false,
        });
        if is_interface_object && shape.0.len() > 1 {
            let typename = self.names.id("__typename");
            shape.0.retain(|field| field.key != typename);
        }
    }

    fn batch(&mut self, node: &BatchFetchNode) -> Result<Vec<EntityLookup>, String> {
        let mut lookups = Vec::with_capacity(node.entity_batch.aliases.len());
        for entry in &node.entity_batch.aliases {
            let entities = shape::entities_field(&node.operation, Some(&entry.alias))?;
            let mut shape = shape::of(&node.operation, &entities.selections, self.names)?;
            self.keep_type_names(&node.service_name, &entities.selections, &mut shape);
            lookups.push(EntityLookup {
                alias: self.names.id(&entry.alias),
                variable: entry.representations_variable_name.clone(),
                paths: entry.merge_paths.iter().map(|path| self.path(path)).collect(),
                requires: requires::of(&entry.requires, &self.types, self.names)?,
                input_rewrites: self.rewrites(entry.input_rewrites.as_deref()),
                output_rewrites: self.rewrites(entry.output_rewrites.as_deref()),
                shape,
            });
        }
        Ok(lookups)
    }

    fn path(&mut self, path: &FlattenNodePath) -> Path {
        path.as_slice()
            .iter()
            .map(|segment| match segment {
                FlattenNodePathSegment::Field(key) => PathSegment::Field(self.names.id(key)),
                FlattenNodePathSegment::List => PathSegment::List,
                FlattenNodePathSegment::TypeCondition(conditions) => {
                    PathSegment::Types(self.types.satisfying(conditions, self.names))
                }
            })
            .collect()
    }

    fn rewrites(&mut self, rewrites: Option<&[FetchRewrite]>) -> Vec<Rewrite> {
        rewrites
            .into_iter()
            .flatten()
            .map(|rewrite| match rewrite {
                FetchRewrite::ValueSetter(setter) => {
                    Rewrite::SetString { path: self.steps(&setter.path), value: setter.set_value_to.clone() }
                }
                FetchRewrite::KeyRenamer(renamer) => Rewrite::RenameKey {
                    path: self.steps(&renamer.path),
                    to: self.names.id(&renamer.rename_key_to),
                },
            })
            .collect()
    }

    fn steps(&mut self, path: &[FetchNodePathSegment]) -> Vec<RewriteStep> {
        path.iter()
            .map(|segment| match segment {
                FetchNodePathSegment::Key(key) => RewriteStep::Key(self.names.id(key)),
                FetchNodePathSegment::TypenameEquals(conditions) => {
                    RewriteStep::Types(self.types.satisfying(conditions, self.names))
                }
            })
            .collect()
    }
}

fn root(operation: &SubgraphFetchOperation) -> &SelectionSet {
    &operation.document.operation.selection_set
}
