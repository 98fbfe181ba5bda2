//! The text of a normalised operation, without any ignored token (GraphQL §2.1.7) that could be left out.

use std::fmt::Write as _;

use graphql_tools::static_graphql::query::{
    Definition, Directive, Document, Selection, SelectionSet, TypeCondition, Value, VariableDefinition,
};

use crate::literal;
use crate::operation::selections;
use crate::plan::OperationKind;

/// Recursion is bounded: the operation passed the limits.
pub(super) fn write(document: &Document, kind: OperationKind, declared: &[VariableDefinition]) -> String {
    let mut out = String::with_capacity(256);
    match kind {
        OperationKind::Query if declared.is_empty() => {}
        OperationKind::Query => out.push_str("query"),
        OperationKind::Mutation => out.push_str("mutation"),
    }
    for (index, variable) in declared.iter().enumerate() {
        let _ = write!(out, "{}${}:{}", separator(index), variable.name, variable.var_type);
        if let Some(default) = &variable.default_value {
            out.push('=');
            literal::write(default, &mut out);
        }
    }
    if !declared.is_empty() {
        out.push(')');
    }
    for definition in &document.definitions {
        match definition {
            Definition::Operation(operation) => set(selections(operation), &mut out),
            Definition::Fragment(fragment) => {
                let TypeCondition::On(condition) = &fragment.type_condition;
                let _ = write!(out, "fragment {} on {condition}", fragment.name);
                set(&fragment.selection_set, &mut out);
            }
        }
    }
    out
}

fn set(set: &SelectionSet, out: &mut String) {
    out.push('{');
    for (index, selection) in set.items.iter().enumerate() {
        // Only a field that stands before another needs something between them.
        if index > 0 && matches!(selection, Selection::Field(_)) && !out.ends_with(['}', ')']) {
            out.push(' ');
        }
        match selection {
            Selection::Field(field) => {
                if let Some(alias) = &field.alias {
                    out.push_str(alias);
                    out.push(':');
                }
                out.push_str(&field.name);
                arguments(&field.arguments, out);
                directives(&field.directives, out);
                if !field.selection_set.items.is_empty() {
                    self::set(&field.selection_set, out);
                }
            }
            Selection::FragmentSpread(spread) => {
                out.push_str("...");
                out.push_str(&spread.fragment_name);
                directives(&spread.directives, out);
            }
            Selection::InlineFragment(inline) => {
                out.push_str("...");
                if let Some(TypeCondition::On(condition)) = &inline.type_condition {
                    out.push_str("on ");
                    out.push_str(condition);
                }
                directives(&inline.directives, out);
                self::set(&inline.selection_set, out);
            }
        }
    }
    out.push('}');
}

fn directives(directives: &[Directive], out: &mut String) {
    for directive in directives {
        out.push('@');
        out.push_str(&directive.name);
        arguments(&directive.arguments, out);
    }
}

fn arguments(arguments: &[(String, Value)], out: &mut String) {
    for (index, (name, value)) in arguments.iter().enumerate() {
        out.push(separator(index));
        out.push_str(name);
        out.push(':');
        literal::write(value, out);
    }
    if !arguments.is_empty() {
        out.push(')');
    }
}

fn separator(index: usize) -> char {
    if index == 0 { '(' } else { ',' }
}
