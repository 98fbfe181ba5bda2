//! Whether each selected field is fetched, for every type, from a subgraph that has it.

use std::collections::{BTreeSet, HashMap, HashSet};

use graphql_tools::static_graphql::query::Value;

use super::Promise;
use super::documents::FetchDocument;
use super::tree::{Object, Position, Tree, Written};
use crate::joins::Resolution;
use crate::names::Names;
use crate::plan::{Fetch, NameId, OutputKind, OutputType, Selection};
use crate::projection::collect;
use crate::selection::Node;

/// A walk over all positions.
pub(super) struct Coverage<'p> {
    pub(super) promise: &'p Promise<'p>,
    pub(super) tree: Tree<'p>,
    pub(super) names: &'p Names,
    /// For each fetch, everything that has ended before it starts.
    before: Vec<BTreeSet<usize>>,
    /// Where the walk has been: equal positions repeat for each type above them.
    seen: HashSet<Seen>,
    path: Vec<String>,
}

type Seen = (String, Vec<(usize, usize)>, Vec<usize>);

impl<'p> Coverage<'p> {
    pub(super) fn new(
        promise: &'p Promise<'p>,
        fetches: &'p [Fetch],
        documents: &'p [FetchDocument],
        names: &'p Names,
    ) -> Self {
        let mut before: Vec<BTreeSet<usize>> = Vec::with_capacity(fetches.len());
        for fetch in fetches {
            let direct: Vec<usize> = fetch.after.iter().map(|id| id.0 as usize).collect();
            let implied = direct.iter().filter_map(|index| before.get(*index)).flatten().copied();
            let all = implied.chain(direct.iter().copied()).collect();
            before.push(all);
        }
        let tree = Tree { joins: promise.joins, fetches, documents };
        Coverage { promise, tree, names, before, seen: HashSet::new(), path: Vec::new() }
    }

    pub(super) fn check(mut self) -> Result<(), String> {
        let root = self.tree.root();
        let nodes: Vec<&Node> = self.promise.nodes.iter().collect();
        self.object(&root, self.promise.root, self.promise.projection, &nodes)
    }

    /// Whether fetch `earlier` has ended before fetch `later` starts.
    pub(super) fn is_before(&self, earlier: usize, later: usize) -> bool {
        self.before.get(later).is_some_and(|before| before.contains(&earlier))
    }

    pub(super) fn fault(&self, what: &str) -> String {
        format!("the plan {what} at \"{}\"", self.path.join("."))
    }

    fn position(
        &mut self,
        position: &Position<'p>,
        selection: &Selection,
        nodes: &[&'p Node],
    ) -> Result<(), String> {
        for object in self.tree.types(position) {
            let variant = selection
                .variants
                .iter()
                .any(|variant| variant.types.0.iter().any(|id| self.names.text(*id) == object));
            // A type that clients can't see is refused when it comes.
            if variant {
                self.object(position, object, selection, nodes)?;
            }
        }
        Ok(())
    }

    fn object(
        &mut self,
        position: &Position<'p>,
        object_type: &str,
        selection: &Selection,
        nodes: &[&'p Node],
    ) -> Result<(), String> {
        let place = nodes.iter().map(|node| std::ptr::from_ref(*node) as usize).collect();
        if !self.seen.insert((object_type.to_owned(), position.identity(), place)) {
            return Ok(());
        }
        let object = self.tree.object(self.names, position, object_type);
        for written in object.written.values().flatten() {
            self.is_known(written)?;
        }
        self.representations(&object, object_type)?;
        if selection.is_abstract {
            self.knows_its_type(&object)?;
        }
        let below = children(selection, self.names, object_type);
        for (key, same) in collect(self.promise.schema, object_type, nodes) {
            let Some(first) = same.first().filter(|first| !first.name.starts_with("__")) else { continue };
            self.path.push(key.to_owned());
            let id = self.names.find(&first.key).ok_or_else(|| self.fault("fetches nothing"))?;
            let written = object.written.get(&id).ok_or_else(|| self.fault("fetches nothing"))?;
            let other = written.iter().any(|written| {
                written.field.name != first.name
                    || !same_arguments(&written.field.arguments, &first.arguments)
            });
            if other {
                return Err(self.fault("fetches another field or with other arguments"));
            }
            if let Some(below) = below.get(&id) {
                let nodes: Vec<&Node> = same.iter().flat_map(|field| &field.selections).collect();
                self.position(&object.below(id, None), below, &nodes)?;
            }
            self.path.pop();
        }
        Ok(())
    }

    /// A subgraph must be asked only for fields that it resolves there.
    fn is_known(&self, written: &Written<'p>) -> Result<(), String> {
        let name = &written.field.name;
        if name == "__typename" {
            return Ok(());
        }
        let graph = written.by.graph;
        let joins = self.promise.joins;
        let fault = match joins.resolution(graph, written.view, name, self.promise.labels) {
            Some(Resolution::Local) => return Ok(()),
            Some(Resolution::External) if written.is_provided => return Ok(()),
            Some(Resolution::Requires(_)) if written.is_provided || written.by.lookup().is_some() => {
                return Ok(());
            }
            Some(Resolution::Requires(_)) => "takes what needs a representation without one",
            Some(Resolution::External) => "takes an external field from",
            None => "asks for a field that is not in",
        };
        Err(format!("{}, {graph} for {}.{name}", self.fault(fault), written.view))
    }

    /// The type that the reply goes by must be an object's, and not an interface object's.
    fn knows_its_type(&self, object: &Object<'p>) -> Result<(), String> {
        let id = self.names.find("__typename");
        let typename = id.and_then(|id| object.written.get(&id));
        // What the answer's shape leaves out is asked for, but not read.
        let is_read = |written: &&Written<'p>| {
            let lookup = written.by.lookup();
            lookup.is_none_or(|lookup| lookup.shape.0.iter().any(|field| Some(field.key) == id))
        };
        let (vague, exact): (Vec<&Written<'p>>, Vec<&Written<'p>>) = typename
            .into_iter()
            .flatten()
            .filter(is_read)
            .partition(|written| self.promise.joins.is_interface_object(written.by.graph, written.view));
        let lasts =
            |exact: &&Written<'p>| vague.iter().all(|vague| self.is_before(vague.by.fetch, exact.by.fetch));
        if exact.iter().any(lasts) { Ok(()) } else { Err(self.fault("doesn't find the type of the objects")) }
    }
}

/// The projections of the composite fields of objects of one type.
fn children<'s>(selection: &'s Selection, names: &Names, object: &str) -> HashMap<NameId, &'s Selection> {
    let of_object =
        selection.variants.iter().find(|variant| variant.types.0.iter().any(|id| names.text(*id) == object));
    let fields = of_object.or_else(|| selection.variants.first()).map_or(&[][..], |variant| &variant.fields);
    fields.iter().filter_map(|field| Some((field.key, composite(&field.ty)?))).collect()
}

fn composite(ty: &OutputType) -> Option<&Selection> {
    match &ty.kind {
        OutputKind::List(items) => composite(items),
        OutputKind::Composite(selection) => Some(selection),
        OutputKind::Leaf(_) | OutputKind::Typename | OutputKind::Constant(_) => None,
    }
}

type Arguments = [(String, Value)];

/// Whether two lists of arguments (or fields of an input object) mean the same, in whatever order.
pub(super) fn same_arguments(a: &Arguments, b: &Arguments) -> bool {
    a.len() == b.len()
        && a.iter()
            .all(|(name, value)| b.iter().any(|(other, same)| name == other && same_value(value, same)))
}

/// Whether two values mean the same, in whatever order their fields are written.
pub(super) fn same_value(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => same_arguments(a, b),
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b))
        }
        // A float may be written in many ways.
        (Value::Float(a), Value::Float(b)) => a.total_cmp(b).is_eq(),
        (a, b) => a == b,
    }
}
