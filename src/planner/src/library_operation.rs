//! The operation as it is handed to the planning library, rewritten so that its faults don't show.
//!
//! - Meta fields are taken out: introspection and the type names of objects are known without any subgraph.
//! - `__typename` is asked for wherever the reply depends on the runtime type, without alias.
//! - Selections of the same field are merged: the library may plan a mutation twice that is selected twice.
//! - A composite field is never left without selections.

use std::collections::HashMap;

use graphql_tools::parser::Pos;
use graphql_tools::static_graphql::query::{
    Definition, Document, Field, InlineFragment, Mutation, OperationDefinition, Query, Selection,
    SelectionSet, TypeCondition,
};

use crate::names::Names;
use crate::operation::Operation;
use crate::plan::OperationKind;
use crate::projection::{Projector, composite_type};
use crate::schema::ApiSchema;
use crate::selection::Node;

/// Writes `nodes` as a document of one operation; `None` if no subgraph is needed for it.
pub(crate) fn write<'a>(
    schema: &'a ApiSchema,
    projector: &mut Projector<'a>,
    names: &mut Names,
    operation: &Operation,
    root: &'a str,
    nodes: &'a [Node],
) -> Result<Option<Document>, String> {
    let mut writer = Writer { schema, projector, names };
    let mut merged = Vec::new();
    merge(nodes, &mut merged);
    let items = writer.selections(root, &merged)?;
    if items.is_empty() {
        return Ok(None);
    }
    let selection_set = SelectionSet { span: Default::default(), items };
    let position = Pos::default();
    // The library drops those that no fetch uses.
    let variable_definitions = operation.variable_definitions().to_vec();
    let definition = match operation.kind() {
        OperationKind::Query => OperationDefinition::Query(Query {
            position,
            name: None,
            variable_definitions,
            directives: Vec::new(),
            selection_set,
        }),
        OperationKind::Mutation => OperationDefinition::Mutation(Mutation {
            position,
            name: None,
            variable_definitions,
            directives: Vec::new(),
            selection_set,
        }),
    };
    Ok(Some(Document { definitions: vec![Definition::Operation(definition)] }))
}

struct Writer<'a, 'p> {
    schema: &'a ApiSchema,
    projector: &'p mut Projector<'a>,
    names: &'p mut Names,
}

/// A field or fragment with the selections of all its occurrences in one selection set.
struct Merged<'a> {
    first: &'a Node,
    below: Vec<&'a Node>,
}

fn merge<'a>(nodes: impl IntoIterator<Item = &'a Node>, merged: &mut Vec<Merged<'a>>) {
    let name = |node: &'a Node| match node {
        Node::Field(field) => (true, field.key.as_str()),
        Node::On { condition, .. } => (false, condition.as_str()),
    };
    let mut known: HashMap<(bool, &str), usize> =
        merged.iter().enumerate().map(|(index, earlier)| (name(earlier.first), index)).collect();
    for node in nodes {
        let index = *known.entry(name(node)).or_insert(merged.len());
        let same = merged.get_mut(index);
        let below = match node {
            Node::Field(field) => &field.selections,
            Node::On { selections, .. } => selections,
        };
        match same {
            Some(earlier) => earlier.below.extend(below),
            None => merged.push(Merged { first: node, below: below.iter().collect() }),
        }
    }
}

impl<'a> Writer<'a, '_> {
    fn selections(&mut self, parent: &'a str, merged: &[Merged<'a>]) -> Result<Vec<Selection>, String> {
        let mut items = Vec::new();
        for Merged { first, below } in merged {
            match first {
                Node::Field(field) if field.name.starts_with("__") => {}
                Node::Field(field) => {
                    let mut selections = Vec::new();
                    if let Some(child) = composite_type(self.schema, parent, &field.name) {
                        selections = self.object(child, below)?;
                    }
                    items.push(Selection::Field(Field {
                        position: Pos::default(),
                        alias: (field.key != field.name).then(|| field.key.clone()),
                        name: field.name.clone(),
                        arguments: field.arguments.clone(),
                        directives: Vec::new(),
                        selection_set: SelectionSet { span: Default::default(), items: selections },
                    }));
                }
                Node::On { condition, .. } => {
                    let mut inner = Vec::new();
                    merge(below.iter().copied(), &mut inner);
                    let selections = self.selections(condition, &inner)?;
                    if !selections.is_empty() {
                        items.push(on(condition, selections));
                    }
                }
            }
        }
        Ok(items)
    }

    /// The selections of a composite position, with `__typename` where it is needed.
    fn object(&mut self, type_name: &'a str, nodes: &[&'a Node]) -> Result<Vec<Selection>, String> {
        let mut merged = Vec::new();
        merge(nodes.iter().copied(), &mut merged);
        let mut items = self.selections(type_name, &merged)?;
        let is_abstract = self.projector.is_abstract(self.names, type_name, nodes)?;
        if is_abstract || items.is_empty() {
            items.insert(0, Selection::Field(typename()));
        }
        Ok(items)
    }
}

fn on(condition: &str, items: Vec<Selection>) -> Selection {
    Selection::InlineFragment(InlineFragment {
        position: Pos::default(),
        type_condition: Some(TypeCondition::On(condition.to_owned())),
        directives: Vec::new(),
        selection_set: SelectionSet { span: Default::default(), items },
    })
}

fn typename() -> Field {
    Field {
        position: Pos::default(),
        alias: None,
        name: "__typename".to_owned(),
        arguments: Vec::new(),
        directives: Vec::new(),
        selection_set: SelectionSet { span: Default::default(), items: Vec::new() },
    }
}
