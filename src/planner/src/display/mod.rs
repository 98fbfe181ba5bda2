//! The one readable printer of plans: for `weirctl plan`, golden tests and the admin page.

mod document;
mod projection;

use std::fmt;

use crate::plan::{
    EntityLookup, ExecutablePlan, Fetch, OperationKind, Path, PathSegment, Require, Rewrite, RewriteStep,
    Target, TypeSet,
};
use crate::supergraph::Supergraph;

/// Prints a plan: `{}` shows the fetches, `{:#}` the reply's shape too.
///
/// ```text
/// Query plan: 2 fetches
///
/// #0 products
///   query { … }
///
/// #1 reviews, after #0
///   at products.@: Product { id }
///   query($representations: [_Any!]!) { … }
/// ```
pub struct PlanDisplay<'a> {
    /// What to print.
    pub plan: &'a ExecutablePlan,
    /// The supergraph it was planned for; it has the subgraphs' names.
    pub supergraph: &'a Supergraph,
}

impl fmt::Display for PlanDisplay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = self.plan;
        let kind = match plan.kind {
            OperationKind::Query => "Query",
            OperationKind::Mutation => "Mutation",
        };
        match plan.fetches.len() {
            0 => writeln!(f, "{kind} plan: answered without any subgraph")?,
            1 => writeln!(f, "{kind} plan: 1 fetch")?,
            count => writeln!(f, "{kind} plan: {count} fetches")?,
        }
        for (index, fetch) in plan.fetches.iter().enumerate() {
            writeln!(f)?;
            self.fetch(f, index, fetch)?;
        }
        if f.alternate() {
            writeln!(f, "\nReply")?;
            projection::write(f, plan)?;
        }
        Ok(())
    }
}

impl PlanDisplay<'_> {
    fn fetch(&self, f: &mut fmt::Formatter<'_>, index: usize, fetch: &Fetch) -> fmt::Result {
        let subgraph = self.supergraph.subgraphs().get(fetch.subgraph.0 as usize);
        write!(f, "#{index} {}", subgraph.map_or("(unknown subgraph)", |subgraph| subgraph.name.as_str()))?;
        for (position, id) in fetch.after.iter().enumerate() {
            write!(f, "{}#{}", if position == 0 { ", after " } else { " " }, id.0)?;
        }
        for condition in &fetch.when {
            write!(f, ", if {}${}", if condition.is { "" } else { "not " }, condition.variable)?;
        }
        writeln!(f)?;
        match &fetch.target {
            Target::Root { path, output_rewrites, .. } => {
                if !path.is_empty() {
                    writeln!(f, "  at {}", self.path(path))?;
                }
                self.rewrites(f, "answer", output_rewrites)?;
            }
            Target::Entities(lookups) => {
                for lookup in lookups {
                    self.lookup(f, lookup)?;
                }
            }
        }
        document::write(f, &fetch.document, 1)
    }

    fn lookup(&self, f: &mut fmt::Formatter<'_>, lookup: &EntityLookup) -> fmt::Result {
        let alias = self.plan.name(lookup.alias);
        let alias = if alias == "_entities" { String::new() } else { format!("{alias} ") };
        for path in &lookup.paths {
            writeln!(f, "  {alias}at {}", self.path(path))?;
        }
        let mut text = String::new();
        self.requires(&lookup.requires, &mut text);
        writeln!(f, "  ${} = {{ __typename{text} }}", lookup.variable)?;
        self.rewrites(f, "representation", &lookup.input_rewrites)?;
        self.rewrites(f, "entity", &lookup.output_rewrites)
    }

    fn requires(&self, requires: &[Require], text: &mut String) {
        for require in requires {
            match require {
                Require::Field { name, key, selection } => {
                    let (name, key) = (self.plan.name(*name), self.plan.name(*key));
                    if name == "__typename" {
                        continue;
                    }
                    text.push(' ');
                    text.push_str(key);
                    if name != key {
                        text.push_str(": ");
                        text.push_str(name);
                    }
                    if !selection.is_empty() {
                        text.push_str(" {");
                        self.requires(selection, text);
                        text.push_str(" }");
                    }
                }
                Require::On { types, selection } => {
                    text.push_str(" ... on ");
                    text.push_str(&self.types(types));
                    text.push_str(" {");
                    self.requires(selection, text);
                    text.push_str(" }");
                }
            }
        }
    }

    fn rewrites(&self, f: &mut fmt::Formatter<'_>, of: &str, rewrites: &[Rewrite]) -> fmt::Result {
        for rewrite in rewrites {
            match rewrite {
                Rewrite::SetString { path, value } => {
                    writeln!(f, "  rewrite {of}: {} = \"{value}\"", self.steps(path))?;
                }
                Rewrite::RenameKey { path, to } => {
                    writeln!(f, "  rewrite {of}: {} becomes {}", self.steps(path), self.plan.name(*to))?;
                }
            }
        }
        Ok(())
    }

    fn path(&self, path: &Path) -> String {
        let parts = path.iter().map(|segment| match segment {
            PathSegment::Field(key) => self.plan.name(*key).to_owned(),
            PathSegment::List => "@".to_owned(),
            PathSegment::Types(types) => format!("[{}]", self.types(types)),
        });
        parts.collect::<Vec<_>>().join(".")
    }

    fn steps(&self, path: &[RewriteStep]) -> String {
        let parts = path.iter().map(|step| match step {
            RewriteStep::Key(key) => self.plan.name(*key).to_owned(),
            RewriteStep::Types(types) => format!("[{}]", self.types(types)),
        });
        parts.collect::<Vec<_>>().join(".")
    }

    fn types(&self, types: &TypeSet) -> String {
        types.0.iter().map(|id| self.plan.name(*id)).collect::<Vec<_>>().join("|")
    }
}
