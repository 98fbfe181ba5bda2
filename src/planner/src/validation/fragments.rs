//! Fragments (§5.5): names, type conditions, where they may be spread, cycles, and that each is used.

use std::collections::{HashMap, HashSet};

use graphql_tools::parser::Pos;
use graphql_tools::static_graphql::query::{Definition, FragmentDefinition, FragmentSpread};

use super::suggest::{did_you_mean, similar};
use super::{Checked, Scope, Validation, condition_name};

/// Fragments named in the message about a cycle, at most.
const MAX_CYCLE_SHOWN: usize = 10;

impl<'a> Validation<'a> {
    pub(super) fn unique_fragment_names(&mut self) -> Checked {
        let mut known = HashMap::new();
        for definition in &self.document.definitions {
            let Definition::Fragment(fragment) = definition else { continue };
            let place = self.places.name(fragment.position);
            let first = *known.entry(fragment.name.as_str()).or_insert(place);
            if first != place {
                let message = format!("There can be only one fragment named \"{}\".", fragment.name);
                self.fault(message, &[first, place])?;
            }
        }
        Ok(())
    }

    pub(super) fn fragment(&mut self, fragment: &'a FragmentDefinition) -> Checked {
        let condition = condition_name(&fragment.type_condition);
        self.scopes.insert(fragment.position, Scope::default());
        self.condition(fragment.position, Some(&fragment.name), condition)?;
        self.directives(fragment.position, &fragment.directives, "FRAGMENT_DEFINITION")?;
        let parent = Some(condition).filter(|name| self.schema.is_composite(name));
        self.selections(fragment.position, parent, &fragment.selection_set)
    }

    /// The type condition of the fragment at `position`: a type that exists and has fields.
    pub(super) fn condition(&mut self, position: Pos, fragment: Option<&str>, name: &str) -> Checked {
        let place = self.places.condition(position);
        if self.schema.definition(name).is_none() {
            return self.unknown_type(name, place);
        }
        if self.schema.is_composite(name) {
            return Ok(());
        }
        let subject = fragment.map_or_else(|| "Fragment".to_owned(), |name| format!("Fragment \"{name}\""));
        self.fault(format!("{subject} cannot condition on non composite type \"{name}\"."), &[place])
    }

    pub(super) fn unknown_type(&mut self, name: &str, place: Pos) -> Checked {
        let hint =
            if self.suggest { did_you_mean("", &similar(name, self.type_names())) } else { String::new() };
        self.fault(format!("Unknown type \"{name}\".{hint}"), &[place])
    }

    pub(super) fn spread(&mut self, parent: Option<&'a str>, spread: &'a FragmentSpread) -> Checked {
        let name = &spread.fragment_name;
        let Some(fragment) = self.fragments.get(name.as_str()).copied() else {
            let place = self.places.name(spread.position);
            return self.fault(format!("Unknown fragment \"{name}\"."), &[place]);
        };
        let condition = condition_name(&fragment.type_condition);
        match parent {
            Some(parent) if !self.overlap(parent, condition)? => {
                let message = format!(
                    "Fragment \"{name}\" cannot be spread here as objects of type \"{parent}\" can never be of type \"{condition}\"."
                );
                self.fault(message, &[spread.position])
            }
            _ => Ok(()),
        }
    }

    pub(super) fn inline_possible(
        &mut self,
        parent: Option<&'a str>,
        condition: &'a str,
        position: Pos,
    ) -> Checked {
        match parent {
            Some(parent) if !self.overlap(parent, condition)? => {
                let message = format!(
                    "Fragment cannot be spread here as objects of type \"{parent}\" can never be of type \"{condition}\"."
                );
                self.fault(message, &[position])
            }
            _ => Ok(()),
        }
    }

    /// Whether an object can be of both types (§5.5.2.3); true of types without objects to compare, which other
    /// rules report.
    fn overlap(&mut self, a: &'a str, b: &'a str) -> Result<bool, super::Stop> {
        if a == b || !self.schema.is_composite(a) || !self.schema.is_composite(b) {
            return Ok(true);
        }
        if let Some(known) = self.overlaps.get(&(a, b)) {
            return Ok(*known);
        }
        let (one, other) = (self.schema.possible_types(a), self.schema.possible_types(b));
        let (few, many) = if one.len() < other.len() { (one, other) } else { (other, one) };
        self.spend(few.len())?;
        let found = few.iter().any(|name| many.binary_search(name).is_ok());
        self.overlaps.insert((a, b), found);
        Ok(found)
    }

    /// §5.5.2.2.
    pub(super) fn fragment_cycles(&mut self) -> Checked {
        let mut done = HashSet::new();
        for definition in &self.document.definitions {
            if let Definition::Fragment(fragment) = definition {
                self.cycles_from(fragment, &mut Vec::new(), &mut HashMap::new(), &mut done)?;
            }
        }
        Ok(())
    }

    /// Recursion is bounded: no chain of fragments within the limits is long.
    fn cycles_from(
        &mut self,
        fragment: &'a FragmentDefinition,
        path: &mut Vec<(&'a str, Pos)>,
        on_path: &mut HashMap<&'a str, usize>,
        done: &mut HashSet<&'a str>,
    ) -> Checked {
        if !done.insert(&fragment.name) {
            return Ok(());
        }
        let spreads = match self.scopes.get(&fragment.position) {
            Some(scope) => scope.spreads.clone(),
            None => return Ok(()),
        };
        on_path.insert(&fragment.name, path.len());
        for (name, place) in spreads {
            path.push((name, place));
            if let Some(start) = on_path.get(name) {
                let cycle = path.get(*start..).unwrap_or_default();
                let via: Vec<String> = cycle
                    .iter()
                    .take(cycle.len().saturating_sub(1).min(MAX_CYCLE_SHOWN))
                    .map(|(name, _)| format!("\"{name}\""))
                    .collect();
                let via = if via.is_empty() { String::new() } else { format!(" via {}", via.join(", ")) };
                let places: Vec<Pos> =
                    cycle.iter().take(MAX_CYCLE_SHOWN.saturating_add(1)).map(|(_, place)| *place).collect();
                self.fault(format!("Cannot spread fragment \"{name}\" within itself{via}."), &places)?;
            } else if let Some(next) = self.fragments.get(name).copied() {
                self.cycles_from(next, path, on_path, done)?;
            }
            path.pop();
        }
        on_path.remove(fragment.name.as_str());
        Ok(())
    }

    /// §5.5.1.4.
    pub(super) fn unused_fragments(&mut self) -> Checked {
        let mut used = HashSet::new();
        let mut open: Vec<Pos> = self.operation_places().collect();
        while let Some(place) = open.pop() {
            for (name, _) in self.scopes.get(&place).map_or(&[][..], |scope| &scope.spreads) {
                if used.insert(*name)
                    && let Some(fragment) = self.fragments.get(name)
                {
                    open.push(fragment.position);
                }
            }
        }
        for definition in &self.document.definitions {
            if let Definition::Fragment(fragment) = definition
                && !used.contains(fragment.name.as_str())
            {
                self.fault(format!("Fragment \"{}\" is never used.", fragment.name), &[fragment.position])?;
            }
        }
        Ok(())
    }

    pub(super) fn operation_places(&self) -> impl Iterator<Item = Pos> + use<'a> {
        self.document.definitions.iter().filter_map(|definition| match definition {
            Definition::Operation(operation) => Some(super::definitions::parts(operation).position),
            Definition::Fragment(_) => None,
        })
    }
}
