//! The shape of the reply, in a form close to GraphQL's.

use std::fmt;

use crate::plan::{ExecutablePlan, Leaf, OutputKind, OutputType, Selection, Variant};

pub(super) fn write(f: &mut fmt::Formatter<'_>, plan: &ExecutablePlan) -> fmt::Result {
    selection(f, plan, &plan.projection, 1)
}

fn selection(f: &mut fmt::Formatter<'_>, plan: &ExecutablePlan, of: &Selection, depth: usize) -> fmt::Result {
    if let ([variant], false) = (of.variants.as_slice(), of.is_abstract) {
        return fields(f, plan, variant, depth);
    }
    for variant in &of.variants {
        let types: Vec<&str> = variant.types.0.iter().map(|id| plan.name(*id)).collect();
        indent(f, depth)?;
        if variant.fields.is_empty() {
            writeln!(f, "... on {} {{}}", types.join("|"))?;
            continue;
        }
        writeln!(f, "... on {} {{", types.join("|"))?;
        fields(f, plan, variant, depth.saturating_add(1))?;
        indent(f, depth)?;
        writeln!(f, "}}")?;
    }
    Ok(())
}

fn fields(f: &mut fmt::Formatter<'_>, plan: &ExecutablePlan, variant: &Variant, depth: usize) -> fmt::Result {
    for field in &variant.fields {
        indent(f, depth)?;
        write!(f, "{}", plan.name(field.shown))?;
        if field.key != field.shown {
            write!(f, " (from {})", plan.name(field.key))?;
        }
        write!(f, ": {}", type_text(plan, &field.ty))?;
        match composite(&field.ty) {
            Some(below) => {
                writeln!(f, " {{")?;
                selection(f, plan, below, depth.saturating_add(1))?;
                indent(f, depth)?;
                writeln!(f, "}}")?;
            }
            None => writeln!(f)?,
        }
    }
    Ok(())
}

fn indent(f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
    write!(f, "{:width$}", "", width = depth.saturating_mul(2))
}

fn composite(ty: &OutputType) -> Option<&Selection> {
    match &ty.kind {
        OutputKind::Composite(selection) => Some(selection),
        OutputKind::List(items) => composite(items),
        _ => None,
    }
}

fn type_text(plan: &ExecutablePlan, ty: &OutputType) -> String {
    let text = match &ty.kind {
        OutputKind::List(items) => format!("[{}]", type_text(plan, items)),
        OutputKind::Composite(selection) => plan.name(selection.type_name).to_owned(),
        OutputKind::Typename => "(type name)".to_owned(),
        OutputKind::Constant(json) => return json.clone(),
        OutputKind::Leaf(leaf) => match leaf {
            Leaf::Int => "Int".to_owned(),
            Leaf::Float => "Float".to_owned(),
            Leaf::String => "String".to_owned(),
            Leaf::Boolean => "Boolean".to_owned(),
            Leaf::Id => "ID".to_owned(),
            Leaf::Enum(values) => {
                format!("({})", values.iter().map(|id| plan.name(*id)).collect::<Vec<_>>().join("|"))
            }
            Leaf::Custom => "(any JSON)".to_owned(),
        },
    };
    if ty.non_null { format!("{text}!") } else { text }
}
