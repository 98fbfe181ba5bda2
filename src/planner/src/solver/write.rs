//! Finished drafts, as the fetches of an executable plan.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use graphql_tools::static_graphql::query::{Value, VariableDefinition};

use super::draft::{Draft, Entity, FetchDraft, Item, Required, SetId};
use crate::joins::{Joins, core_of};
use crate::literal;
use crate::names::Names;
use crate::plan::{
    EntityLookup, Fetch, FetchId, NameId, OperationKind, Require, Rewrite, RewriteStep, Shape, ShapeField,
    SubgraphId, Target, TypeSet,
};

/// Writes all fetches. Entity fetches of one subgraph that wait for the same become one.
pub(super) fn write(
    draft: &Draft<'_>,
    joins: &Joins,
    names: &mut Names,
    variables: &[VariableDefinition],
) -> Vec<Fetch> {
    let mut written: Vec<(Vec<&FetchDraft<'_>>, BTreeSet<usize>)> = Vec::new();
    // Which of the written fetches each draft became, and everything each of them waits for.
    let mut became: Vec<usize> = Vec::new();
    let mut closures: Vec<BTreeSet<usize>> = Vec::new();
    for fetch in &draft.fetches {
        let mut after: BTreeSet<usize> =
            fetch.after.iter().filter_map(|index| became.get(*index).copied()).collect();
        let implied: BTreeSet<usize> =
            after.iter().filter_map(|index| closures.get(*index)).flatten().copied().collect();
        after.retain(|index| !implied.contains(index));
        let alike = written.iter().position(|(others, waits)| {
            fetch.entity.is_some()
                && *waits == after
                && others.iter().all(|other| other.entity.is_some() && other.graph == fetch.graph)
        });
        match alike.and_then(|index| Some((index, written.get_mut(index)?))) {
            Some((index, (others, _))) => {
                others.push(fetch);
                became.push(index);
            }
            None => {
                became.push(written.len());
                closures.push(after.iter().chain(&implied).copied().collect());
                written.push((vec![fetch], after));
            }
        }
    }
    let mut fetches = Vec::with_capacity(written.len());
    for (drafts, after) in &written {
        let after = after.iter().filter_map(|index| u32::try_from(*index).ok()).map(FetchId).collect();
        let mut writer = Writer { draft, joins, names, aliases: HashMap::new(), rewrites: Vec::new() };
        fetches.extend(writer.fetch(drafts, after, variables));
    }
    fetches
}

struct Writer<'a, 'd> {
    draft: &'d Draft<'a>,
    joins: &'d Joins,
    names: &'d mut Names,
    /// Keys of fields that would be in conflict with others in the subgraph's eyes, by set and index.
    aliases: HashMap<(SetId, usize), String>,
    rewrites: Vec<Rewrite>,
}

impl Writer<'_, '_> {
    fn fetch(
        &mut self,
        drafts: &[&FetchDraft<'_>],
        after: Vec<FetchId>,
        variables: &[VariableDefinition],
    ) -> Option<Fetch> {
        let first = drafts.first()?;
        let mut used = BTreeSet::new();
        let mut body = String::new();
        let mut own = Vec::new();
        let target = if first.entity.is_none() {
            self.settle(&[first.set], &mut Vec::new());
            self.selections(first.set, &mut body, &mut used);
            Target::Root {
                path: first.path.clone(),
                shape: self.shape(&[first.set]),
                output_rewrites: std::mem::take(&mut self.rewrites),
            }
        } else {
            let mut lookups = Vec::with_capacity(drafts.len());
            body.push('{');
            for (index, draft) in drafts.iter().enumerate() {
                let entity = draft.entity.as_ref()?;
                let (alias, mut variable) = if drafts.len() == 1 {
                    ("_entities".to_owned(), "representations".to_owned())
                } else {
                    (format!("_e{index}"), format!("representations{index}"))
                };
                while variables.iter().any(|definition| definition.name == variable) {
                    variable.push('_');
                }
                if drafts.len() > 1 {
                    let _ = write!(body, "{alias}:");
                }
                let _ = write!(body, "_entities(representations:${variable}){{...on {}", entity.type_name);
                self.settle(&[draft.set], &mut Vec::new());
                self.selections(draft.set, &mut body, &mut used);
                body.push('}');
                lookups.push(self.lookup(draft, entity, &alias, &variable));
                own.push(variable);
            }
            body.push('}');
            Target::Entities(lookups)
        };
        let (document, name_position) = document(first.kind, &own, &used, variables, &body);
        let graph = self.joins.graphs().iter().position(|(graph, _)| graph == first.graph)?;
        Some(Fetch {
            subgraph: SubgraphId(u32::try_from(graph).ok()?),
            kind: first.kind,
            after,
            when: Vec::new(),
            document,
            name_position,
            variables: used.into_iter().collect(),
            target,
        })
    }

    fn lookup(
        &mut self,
        draft: &FetchDraft<'_>,
        entity: &Entity<'_>,
        alias: &str,
        variable: &str,
    ) -> EntityLookup {
        let types = self.related(entity.known_as);
        let typename = self.names.id("__typename");
        // An interface that the subgraph knows as such takes representations by the interface's name, too; the
        // object's own type wouldn't be right for an interface object.
        let sent_as = Rewrite::SetString {
            path: vec![RewriteStep::Types(types), RewriteStep::Key(typename)],
            value: entity.type_name.to_owned(),
        };
        EntityLookup {
            alias: self.names.id(alias),
            variable: variable.to_owned(),
            paths: vec![draft.path.clone()],
            requires: self.requires(&entity.requires),
            input_rewrites: vec![sent_as],
            output_rewrites: std::mem::take(&mut self.rewrites),
            shape: self.shape(&[draft.set]),
        }
    }

    fn requires(&mut self, required: &[Required]) -> Vec<Require> {
        let mut requires = Vec::with_capacity(required.len());
        for one in required {
            requires.push(match one {
                Required::Field(key, name, parts) => Require::Field {
                    name: self.names.id(key),
                    key: self.names.id(name),
                    selection: self.requires(parts),
                },
                Required::On(condition, parts) => {
                    let types = self.related(condition);
                    Require::On { types, selection: self.requires(parts) }
                }
            });
        }
        requires
    }

    /// The names under which the tree may know an object that is a `type_name`: those of the objects within it,
    /// and where it came from an interface object, the interface's.
    fn related(&mut self, type_name: &str) -> TypeSet {
        let mut types = vec![type_name];
        types.extend(self.joins.possible(type_name).iter().map(String::as_str));
        types.extend(self.joins.interfaces(type_name));
        types.sort_unstable();
        types.dedup();
        TypeSet(types.into_iter().map(|name| self.names.id(name)).collect())
    }

    /// Gives an alias to each field that the subgraph could not merge with another one of its key
    /// (SameResponseShape, GraphQL §5.3.2): types may differ in a subgraph though the API has one.
    fn settle(&mut self, sets: &[SetId], path: &mut Vec<RewriteStep>) {
        let mut groups: Vec<Group> = Vec::new();
        for set in sets {
            self.group(*set, &mut groups);
        }
        let taken: Vec<String> = groups.iter().map(|group| group.key.clone()).collect();
        for Group { key, shapes } in groups {
            for (place, shape) in shapes.into_iter().enumerate() {
                let mut alias = key.clone();
                if place > 0 {
                    alias = format!("_{key}_{place}");
                    while taken.contains(&alias) {
                        alias.push('_');
                    }
                    for item in shape.items {
                        self.aliases.insert(item, alias.clone());
                    }
                }
                path.push(RewriteStep::Key(self.names.id(&alias)));
                if place > 0 {
                    self.rewrites.push(Rewrite::RenameKey { path: path.clone(), to: self.names.id(&key) });
                }
                self.settle(&shape.below, path);
                path.pop();
            }
        }
        if path.is_empty() {
            // The deepest first: their paths go through the aliases above them.
            self.rewrites.sort_by_key(|rewrite| match rewrite {
                Rewrite::RenameKey { path, .. } | Rewrite::SetString { path, .. } => Reverse(path.len()),
            });
        }
    }

    fn group(&self, set: SetId, groups: &mut Vec<Group>) {
        for (index, item) in self.draft.items(set).iter().enumerate() {
            let field = match item {
                Item::Typename => continue,
                Item::On(_, below) => {
                    self.group(*below, groups);
                    continue;
                }
                Item::Field(field) => field,
            };
            let core = core_of(&field.ty);
            let signature =
                if self.joins.is_composite(core) { field.ty.replace(core, "_") } else { field.ty.clone() };
            let place = groups.iter().position(|group| group.key == field.key).unwrap_or(groups.len());
            if place == groups.len() {
                groups.push(Group { key: field.key.clone(), shapes: Vec::new() });
            }
            let Some(Group { shapes, .. }) = groups.get_mut(place) else { continue };
            let place = shapes.iter().position(|shape| shape.signature == signature).unwrap_or(shapes.len());
            if place == shapes.len() {
                shapes.push(SameShape { signature, items: Vec::new(), below: Vec::new() });
            }
            if let Some(shape) = shapes.get_mut(place) {
                shape.items.push((set, index));
                shape.below.extend(field.set);
            }
        }
    }

    fn selections(&self, set: SetId, out: &mut String, used: &mut BTreeSet<String>) {
        out.push('{');
        let start = out.len();
        for (index, item) in self.draft.items(set).iter().enumerate() {
            let before = out.len();
            if before > start {
                out.push(' ');
            }
            match item {
                Item::Typename => out.push_str("__typename"),
                Item::On(type_name, below) if !self.is_empty(*below) => {
                    let _ = write!(out, "...on {type_name}");
                    self.selections(*below, out, used);
                }
                Item::On(..) => out.truncate(before),
                Item::Field(field) => {
                    let alias = self.aliases.get(&(set, index)).unwrap_or(&field.key);
                    if alias != field.name {
                        let _ = write!(out, "{alias}:");
                    }
                    out.push_str(field.name);
                    arguments(field.arguments, out, used);
                    if let Some(below) = field.set {
                        self.selections(below, out, used);
                    }
                }
            }
        }
        if out.len() == start {
            out.push_str("__typename");
        }
        out.push('}');
    }

    fn is_empty(&self, set: SetId) -> bool {
        self.draft.items(set).iter().all(|item| match item {
            Item::On(_, below) => self.is_empty(*below),
            Item::Typename | Item::Field(_) => false,
        })
    }

    fn shape(&mut self, sets: &[SetId]) -> Shape {
        let mut fields: Vec<(NameId, Option<Vec<SetId>>)> = Vec::new();
        for set in sets {
            self.shape_fields(*set, &mut fields);
        }
        if fields.is_empty() {
            fields.push((self.names.id("__typename"), None));
        }
        let fields = fields.into_iter().map(|(key, below)| {
            let shape = below.map(|sets| self.shape(&sets));
            ShapeField { key, shape }
        });
        Shape(fields.collect())
    }

    fn shape_fields(&mut self, set: SetId, fields: &mut Vec<(NameId, Option<Vec<SetId>>)>) {
        let draft = self.draft;
        for (index, item) in draft.items(set).iter().enumerate() {
            let (key, below) = match item {
                Item::Typename => (self.names.id("__typename"), None),
                Item::On(_, below) => {
                    self.shape_fields(*below, fields);
                    continue;
                }
                Item::Field(field) => {
                    let alias = self.aliases.get(&(set, index)).unwrap_or(&field.key);
                    (self.names.id(alias), field.set)
                }
            };
            match fields.iter_mut().find(|(known, _)| *known == key) {
                Some((_, Some(sets))) => sets.extend(below),
                Some((_, None)) => {}
                None => fields.push((key, below.map(|set| vec![set]))),
            }
        }
    }
}

/// The fields of one key at one position of a fetch.
struct Group {
    key: String,
    shapes: Vec<SameShape>,
}

/// Those of them that can be merged.
struct SameShape {
    signature: String,
    items: Vec<(SetId, usize)>,
    below: Vec<SetId>,
}

fn arguments(arguments: &[(String, Value)], out: &mut String, used: &mut BTreeSet<String>) {
    for (index, (name, value)) in arguments.iter().enumerate() {
        let _ = write!(out, "{}{name}:", if index == 0 { '(' } else { ',' });
        literal::write(value, out);
        variables_of(value, used);
    }
    if !arguments.is_empty() {
        out.push(')');
    }
}

fn variables_of(value: &Value, used: &mut BTreeSet<String>) {
    match value {
        Value::Variable(name) => {
            used.insert(name.clone());
        }
        Value::List(items) => items.iter().for_each(|item| variables_of(item, used)),
        Value::Object(fields) => fields.iter().for_each(|(_, value)| variables_of(value, used)),
        Value::Int(_)
        | Value::Float(_)
        | Value::String(_)
        | Value::Boolean(_)
        | Value::Null
        | Value::Enum(_) => {}
    }
}

/// The document's text, and where a name may be spliced in.
fn document(
    kind: OperationKind,
    representations: &[String],
    used: &BTreeSet<String>,
    variables: &[VariableDefinition],
    body: &str,
) -> (String, u32) {
    let keyword = match kind {
        OperationKind::Query => "query",
        OperationKind::Mutation => "mutation",
    };
    let mut definitions: Vec<String> =
        representations.iter().map(|variable| format!("${variable}:[_Any!]!")).collect();
    for definition in variables.iter().filter(|definition| used.contains(&definition.name)) {
        let mut text = format!("${}:{}", definition.name, definition.var_type);
        if let Some(default) = &definition.default_value {
            text.push('=');
            literal::write(default, &mut text);
        }
        definitions.push(text);
    }
    if kind == OperationKind::Query && definitions.is_empty() {
        return (body.to_owned(), 0);
    }
    let mut text = keyword.to_owned();
    if !definitions.is_empty() {
        let _ = write!(text, "({})", definitions.join(","));
    }
    text.push_str(body);
    (text, u32::try_from(keyword.len()).unwrap_or(0))
}
