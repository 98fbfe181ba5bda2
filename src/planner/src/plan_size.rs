//! How large an operation becomes when the planning library spells it out.
//!
//! The library writes a field of an interface once for every object type, where not every subgraph that has the
//! interface has the field; the second planner does so everywhere. A field of such an interface
//! below another multiplies, and neither step looks at the deadline: a line of text keeps a worker for hours.

use std::collections::HashMap;

use hive_router_query_planner::state::supergraph_state::{
    SupergraphDefinition, SupergraphInterfaceType, SupergraphState,
};

use crate::projection::composite_type;
use crate::schema::ApiSchema;
use crate::selection::Node;

/// Fields beyond those that are written, at most: with this many the library takes longer than any deadline.
const MAX_ADDED: usize = 1_000;

/// Objects below each other that come from different subgraphs, at most: each is a call, or part of one, and planning
/// them takes longer than proportionally. Operations of real clients have a dozen.
const MAX_HOPS: usize = 100;

/// How a planner writes selections on interfaces and unions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As the client wrote them, where it can.
    AsWritten,
    /// Spelled out for every object type.
    PerObjectType,
}

/// Refuses what becomes too large.
///
/// # Errors
/// Why the operation can't be planned in this form.
pub(crate) fn check(
    schema: &ApiSchema,
    state: &SupergraphState,
    root: &str,
    nodes: &[Node],
    form: Form,
) -> Result<(), String> {
    let mut measure = Measure { schema, state, form, sizes: HashMap::new() };
    let hops = measure.hops(root, nodes, &[]);
    if hops > MAX_HOPS {
        return Err(format!("it goes on in another subgraph at {hops} places, and may at {MAX_HOPS}"));
    }
    let size = measure.selections(root, nodes);
    if size.spelled_out <= size.written.saturating_add(MAX_ADDED) {
        return Ok(());
    }
    Err(format!(
        "it selects {} fields when it is spelled out for every possible type, and {} as it is written",
        size.spelled_out, size.written
    ))
}

#[derive(Clone, Copy, Default)]
struct Size {
    written: usize,
    spelled_out: usize,
}

struct Measure<'a> {
    schema: &'a ApiSchema,
    state: &'a SupergraphState,
    form: Form,
    /// By type and selections (by address).
    sizes: HashMap<(&'a str, *const Node), Size>,
}

impl<'a> Measure<'a> {
    /// Recursion is bounded: the operation passed the limits.
    fn selections(&mut self, parent: &str, nodes: &[Node]) -> Size {
        let mut total = Size::default();
        for node in nodes {
            let size = match node {
                Node::Field(field) if field.name.starts_with("__") => Size::default(),
                Node::Field(field) => {
                    let below = match composite_type(self.schema, parent, &field.name) {
                        Some(child) => self.below(child, &field.selections),
                        None => Size::default(),
                    };
                    let copies = if self.is_spelled_out(parent, &field.name) {
                        self.schema.possible_types(parent).len().max(1)
                    } else {
                        1
                    };
                    Size {
                        written: below.written.saturating_add(1),
                        spelled_out: below.spelled_out.saturating_add(1).saturating_mul(copies),
                    }
                }
                Node::On { condition, selections } => self.selections(condition, selections),
            };
            total.written = total.written.saturating_add(size.written);
            total.spelled_out = total.spelled_out.saturating_add(size.spelled_out);
        }
        total
    }

    /// At how many places objects are not in any of the subgraphs that what is around them may come from: `around`,
    /// all if it is empty.
    fn hops(&self, parent: &str, nodes: &[Node], around: &[&str]) -> usize {
        let hops = nodes.iter().map(|node| match node {
            Node::On { condition, selections } => self.hops(condition, selections, around),
            Node::Field(field) if field.selections.is_empty() || field.name.starts_with("__") => 0,
            Node::Field(field) => {
                let Some(child) = composite_type(self.schema, parent, &field.name) else { return 0 };
                let own = self.graphs(parent, &field.name);
                let common: Vec<&str> = own.iter().copied().filter(|graph| around.contains(graph)).collect();
                let (hop, next) = if own.is_empty() {
                    (false, around)
                } else if common.is_empty() {
                    (!around.is_empty(), own.as_slice())
                } else {
                    (false, common.as_slice())
                };
                self.hops(child, &field.selections, next).saturating_add(usize::from(hop))
            }
        });
        hops.fold(0, usize::saturating_add)
    }

    /// The subgraphs that resolve a field; empty if all do that have the type.
    fn graphs(&self, parent: &str, field: &str) -> Vec<&'a str> {
        let definition = self.state.definitions.get(parent);
        let field = definition.and_then(|definition| definition.fields().get(field));
        let joins = field.into_iter().flat_map(|field| &field.join_field).filter(|join| !join.external);
        joins.filter_map(|join| join.graph_id.as_deref()).collect()
    }

    fn below(&mut self, child: &'a str, selections: &[Node]) -> Size {
        let key = (child, selections.as_ptr());
        if let Some(known) = self.sizes.get(&key) {
            return *known;
        }
        let size = self.selections(child, selections);
        self.sizes.insert(key, size);
        size
    }

    fn is_spelled_out(&self, parent: &str, field: &str) -> bool {
        match (self.form, self.state.definitions.get(parent)) {
            (Form::PerObjectType, _) => self.schema.is_abstract(parent),
            (Form::AsWritten, Some(SupergraphDefinition::Interface(interface))) => {
                self.overridden_or_missing(parent, field) || is_partial(interface, field)
            }
            _ => false,
        }
    }

    /// Whether some object behind the interface lacks the field, or has it from elsewhere.
    fn overridden_or_missing(&self, interface: &str, field: &str) -> bool {
        self.schema.possible_types(interface).iter().any(|object| {
            let fields = self.state.definitions.get(object).map(SupergraphDefinition::fields);
            fields.and_then(|fields| fields.get(field)).is_none_or(|field| {
                field
                    .join_field
                    .iter()
                    .any(|join| join.external || join.used_overridden || join.override_value.is_some())
            })
        })
    }
}

/// Whether the interface is in several subgraphs and the field not in all of them.
fn is_partial(interface: &SupergraphInterfaceType, field: &str) -> bool {
    let with_interface = interface.join_type.iter().filter(|join| !join.is_interface_object).count();
    let Some(field) = interface.fields.get(field) else { return false };
    let with_field = field.join_field.iter().filter(|join| !join.external && join.graph_id.is_some()).count();
    with_interface > 1 && !field.join_field.is_empty() && with_field < with_interface
}
