//! The walk through an operation that gives it canonical names.

use std::collections::{BTreeSet, HashMap};

use graphql_tools::static_graphql::query::{
    Definition, Directive, Document, Field, FragmentDefinition, FragmentSpread, InlineFragment, Mutation,
    OperationDefinition, Query, Selection, SelectionSet, TypeCondition, Value, VariableDefinition,
};
use graphql_tools::static_graphql::schema::Type;

use super::VariableSource;
use super::literals::Identity;
use super::merging::Merging;
use crate::operation::Operation;
use crate::plan::OperationKind;
use crate::schema::{ApiSchema, named};

/// What has been found of the normal form so far.
pub(super) struct Rewriter<'a> {
    pub(super) schema: &'a ApiSchema,
    operation: &'a Operation,
    fragments: HashMap<&'a str, &'a FragmentDefinition>,
    definitions: HashMap<&'a str, &'a VariableDefinition>,
    pub(super) merging: Merging,
    /// The canonical index of each of the client's variables that was met.
    renamed: HashMap<&'a str, usize>,
    /// The canonical index of each fragment that was met.
    fragment_index: HashMap<&'a str, usize>,
    /// The fragments by that index; `None` while one is being written.
    written: Vec<Option<FragmentDefinition>>,
    /// The names of the variables of literals that others may share.
    pub(super) shared: HashMap<Identity, String>,
    pub(super) declared: Vec<VariableDefinition>,
    pub(super) sources: Vec<VariableSource>,
    conditions: BTreeSet<usize>,
    pub(super) kept_literals: usize,
}

/// The normal form in parts.
pub(super) struct Rewritten<'a> {
    pub(super) document: Document,
    pub(super) declared: Vec<VariableDefinition>,
    pub(super) sources: Vec<VariableSource>,
    /// The canonical index of each of the client's variables that is left.
    pub(super) renamed: HashMap<&'a str, usize>,
    /// The indices of the variables that `@skip` and `@include` look at.
    pub(super) conditions: BTreeSet<usize>,
    pub(super) kept_literals: usize,
}

impl<'a> Rewriter<'a> {
    pub(super) fn new(schema: &'a ApiSchema, operation: &'a Operation) -> Self {
        let fragments: HashMap<_, _> = operation
            .document
            .definitions
            .iter()
            .filter_map(|definition| match definition {
                Definition::Fragment(fragment) => Some((fragment.name.as_str(), fragment)),
                Definition::Operation(_) => None,
            })
            .collect();
        let definitions = operation.variable_definitions();
        let merging = match operation.selections() {
            Some(set) => Merging::new(&operation.document, &fragments, set),
            None => Merging::default(),
        };
        Self {
            schema,
            operation,
            fragments,
            merging,
            definitions: definitions
                .iter()
                .map(|definition| (definition.name.as_str(), definition))
                .collect(),
            renamed: HashMap::new(),
            fragment_index: HashMap::new(),
            written: Vec::new(),
            shared: HashMap::new(),
            declared: Vec::new(),
            sources: Vec::new(),
            conditions: BTreeSet::new(),
            kept_literals: 0,
        }
    }

    pub(super) fn run(mut self, kind: OperationKind) -> Rewritten<'a> {
        let schema = self.schema;
        let root = match kind {
            OperationKind::Query => schema.query_type(),
            OperationKind::Mutation => schema.mutation_type().unwrap_or_default(),
        };
        let operation = self.operation;
        let selection_set = operation.selections().map_or_else(empty, |set| self.set(root, set));
        let (position, name, directives) = (Default::default(), None, Vec::new());
        let variable_definitions = self.declared.clone();
        let definition = match kind {
            OperationKind::Query => OperationDefinition::Query(Query {
                position,
                name,
                variable_definitions,
                directives,
                selection_set,
            }),
            OperationKind::Mutation => OperationDefinition::Mutation(Mutation {
                position,
                name,
                variable_definitions,
                directives,
                selection_set,
            }),
        };
        let mut definitions = vec![Definition::Operation(definition)];
        definitions.extend(self.written.into_iter().flatten().map(Definition::Fragment));
        Rewritten {
            document: Document { definitions },
            declared: self.declared,
            sources: self.sources,
            renamed: self.renamed,
            conditions: self.conditions,
            kept_literals: self.kept_literals,
        }
    }

    /// Recursion is bounded: the operation passed the limits.
    fn set(&mut self, parent: &'a str, set: &'a SelectionSet) -> SelectionSet {
        let items = set.items.iter().map(|selection| match selection {
            Selection::Field(field) => Selection::Field(self.field(parent, field)),
            Selection::InlineFragment(inline) => {
                let directives = self.directives(&inline.directives);
                let parent = match &inline.type_condition {
                    Some(TypeCondition::On(name)) => name,
                    None => parent,
                };
                Selection::InlineFragment(InlineFragment {
                    position: inline.position,
                    type_condition: inline.type_condition.clone(),
                    directives,
                    selection_set: self.set(parent, &inline.selection_set),
                })
            }
            Selection::FragmentSpread(spread) => {
                let directives = self.directives(&spread.directives);
                Selection::FragmentSpread(FragmentSpread {
                    position: spread.position,
                    fragment_name: self.fragment(&spread.fragment_name),
                    directives,
                })
            }
        });
        SelectionSet { span: set.span, items: items.collect() }
    }

    fn field(&mut self, parent: &'a str, field: &'a Field) -> Field {
        let arguments = self.arguments(parent, field);
        let directives = self.directives(&field.directives);
        let selection_set = if field.selection_set.items.is_empty() {
            empty()
        } else {
            let schema = self.schema;
            let definition = schema.selectable(parent, &field.name);
            let child = definition.map_or("", |definition| named(&definition.field_type));
            self.set(child, &field.selection_set)
        };
        Field {
            position: field.position,
            alias: field.alias.clone(),
            name: field.name.clone(),
            arguments,
            directives,
            selection_set,
        }
    }

    /// The canonical name of a fragment, which is written if it has not been.
    fn fragment(&mut self, name: &'a str) -> String {
        let next = self.written.len();
        let index = *self.fragment_index.entry(name).or_insert(next);
        let canonical = format!("f{index}");
        if index == next
            && let Some(fragment) = self.fragments.get(name).copied()
        {
            self.written.push(None);
            let TypeCondition::On(condition) = &fragment.type_condition;
            let selection_set = self.set(condition, &fragment.selection_set);
            if let Some(slot) = self.written.get_mut(index) {
                *slot = Some(FragmentDefinition {
                    position: fragment.position,
                    name: canonical.clone(),
                    type_condition: fragment.type_condition.clone(),
                    directives: Vec::new(),
                    selection_set,
                });
            }
        }
        canonical
    }

    /// `@skip` and `@include`, literals made variables. Others mean nothing to a gateway, and subgraphs don't know
    /// them.
    fn directives(&mut self, directives: &'a [Directive]) -> Vec<Directive> {
        let conditions = directives.iter().filter(|directive| matches!(&*directive.name, "skip" | "include"));
        let mut written = Vec::new();
        for directive in conditions {
            let mut arguments = Vec::with_capacity(directive.arguments.len());
            for (name, value) in &directive.arguments {
                let index = self.sources.len();
                let (value, index) = match value {
                    Value::Boolean(value) => {
                        let boolean = Type::NonNullType(Box::new(Type::NamedType("Boolean".to_owned())));
                        (self.declare_literal(boolean, value.to_string()), Some(index))
                    }
                    Value::Variable(name) => (self.variable(name), self.renamed.get(name.as_str()).copied()),
                    other => (other.clone(), None),
                };
                self.conditions.extend(index);
                arguments.push((name.clone(), value));
            }
            written.push(Directive { position: directive.position, name: directive.name.clone(), arguments });
        }
        written
    }

    /// The canonical name of a client's variable, which is declared if it has not been.
    pub(super) fn variable(&mut self, name: &'a str) -> Value {
        if let Some(index) = self.renamed.get(name) {
            return Value::Variable(format!("v{index}"));
        }
        let index = self.sources.len();
        let canonical = format!("v{index}");
        if let Some(definition) = self.definitions.get(name) {
            self.renamed.insert(name, index);
            self.sources.push(VariableSource::Client(name.to_owned()));
            self.declared.push(VariableDefinition { name: canonical.clone(), ..(*definition).clone() });
        }
        Value::Variable(canonical)
    }
}

fn empty() -> SelectionSet {
    SelectionSet { span: Default::default(), items: Vec::new() }
}
