//! Property test: whatever valid operation comes, planning answers with a checked plan or an error, never a panic.

use std::fmt::Write as _;

use graphql_tools::static_graphql::schema::{InputValue, Type, TypeDefinition};

use crate::schema::{ApiSchema, named};
use crate::{Normalised, Operation, OperationLimits, PlanVariables, Supergraph, VariableSource};

/// xorshift64*: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 33) as usize % bound.max(1)
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

struct Generator<'a> {
    schema: &'a ApiSchema,
    random: Random,
    aliases: usize,
    variables: Vec<String>,
}

impl Generator<'_> {
    fn operation(&mut self, mutation: bool) -> String {
        let root = if mutation { self.schema.mutation_type() } else { None };
        let keyword = if root.is_some() { "mutation" } else { "query" };
        let mut body = String::new();
        let root = root.unwrap_or(self.schema.query_type()).to_owned();
        self.selections(&root, 0, &mut body);
        let mut variables = "$yes: Boolean!, $no: Boolean!".to_owned();
        for variable in &self.variables {
            let _ = write!(variables, ", {variable}");
        }
        format!(
            "{keyword}({variables}) {{ {body} a_: __typename @include(if: $yes) b_: __typename @skip(if: $no) }}"
        )
    }

    fn selections(&mut self, parent: &str, depth: usize, out: &mut String) {
        let start = out.len();
        match self.schema.definition(parent) {
            Some(TypeDefinition::Object(object)) => {
                let fields: Vec<_> = object.fields.iter().collect();
                self.fields(&fields, depth, out);
            }
            Some(TypeDefinition::Interface(interface)) => {
                let fields: Vec<_> = interface.fields.iter().collect();
                if !self.random.one_in(3) {
                    self.fields(&fields, depth, out);
                }
            }
            _ => {}
        }
        if self.schema.is_abstract(parent) {
            for possible in self.schema.possible_types(parent).to_vec() {
                if self.random.one_in(2) {
                    let _ = write!(out, " ... on {possible} {{");
                    self.selections(&possible, depth + 1, out);
                    out.push_str(" }");
                }
            }
        }
        if out.len() == start || self.random.one_in(4) {
            out.push_str(if self.random.one_in(2) { " __typename" } else { " t: __typename" });
        }
    }

    fn fields(
        &mut self,
        fields: &[&graphql_tools::static_graphql::schema::Field],
        depth: usize,
        out: &mut String,
    ) {
        for _ in 0..1 + self.random.below(4) {
            let Some(field) = fields.get(self.random.below(fields.len())) else { return };
            let named = named(&field.field_type);
            let composite = self.schema.is_composite(named);
            if field.name.starts_with("__") || (composite && depth > 4) {
                continue;
            }
            out.push(' ');
            if !field.arguments.is_empty() || self.random.one_in(5) {
                self.aliases += 1;
                let _ = write!(out, "x{}: ", self.aliases);
            }
            out.push_str(&field.name);
            self.arguments(&field.arguments, out);
            match self.random.below(20) {
                0 => out.push_str(" @include(if: $yes)"),
                1 => out.push_str(" @include(if: $no)"),
                2 => out.push_str(" @skip(if: $no)"),
                _ => {}
            }
            if composite {
                out.push_str(" {");
                self.selections(named, depth + 1, out);
                out.push_str(" }");
            }
        }
    }

    fn arguments(&mut self, arguments: &[InputValue], out: &mut String) {
        let mut given = Vec::new();
        for argument in arguments {
            let required =
                matches!(argument.value_type, Type::NonNullType(_)) && argument.default_value.is_none();
            if !required && self.random.one_in(2) {
                continue;
            }
            if self.random.one_in(3) {
                let name = format!("v{}", self.variables.len());
                self.variables.push(format!("${name}: {}", argument.value_type));
                given.push(format!("{}: ${name}", argument.name));
            } else {
                given.push(format!("{}: {}", argument.name, self.literal(&argument.value_type, 0)));
            }
        }
        if !given.is_empty() {
            let _ = write!(out, "({})", given.join(", "));
        }
    }

    fn literal(&mut self, ty: &Type, depth: usize) -> String {
        match ty {
            Type::NonNullType(inner) => self.literal(inner, depth),
            Type::ListType(inner) => format!("[{}]", self.literal(inner, depth)),
            Type::NamedType(name) => match self.schema.definition(name) {
                Some(TypeDefinition::Enum(enumeration)) => {
                    enumeration.values.first().map_or("null".to_owned(), |value| value.name.clone())
                }
                Some(TypeDefinition::InputObject(input)) if depth < 4 => {
                    let fields: Vec<String> = input
                        .fields
                        .iter()
                        .filter(|field| matches!(field.value_type, Type::NonNullType(_)))
                        .map(|field| {
                            format!("{}: {}", field.name, self.literal(&field.value_type, depth + 1))
                        })
                        .collect();
                    format!("{{{}}}", fields.join(", "))
                }
                _ => match name.as_str() {
                    "Int" => "3".to_owned(),
                    "Float" => "2.5".to_owned(),
                    "Boolean" => "true".to_owned(),
                    _ => "\"a \\\"text\\\"\"".to_owned(),
                },
            },
        }
    }
}

fn fixtures() -> Vec<(String, String)> {
    let mut folders = vec![format!("{}/../../tests/fixtures", env!("CARGO_MANIFEST_DIR"))];
    // More supergraphs can be tried without being part of the repository.
    #[expect(clippy::disallowed_methods, reason = "a test's own switch")]
    if let Ok(more) = std::env::var("WEIR_MORE_FIXTURES") {
        folders.extend(more.split(':').map(ToOwned::to_owned));
    }
    let mut found = Vec::new();
    for folder in folders {
        for entry in std::fs::read_dir(&folder).expect("fixtures folder") {
            let path = entry.expect("fixture").path();
            if path.extension().is_some_and(|extension| extension == "graphql") {
                let sdl = std::fs::read_to_string(&path).expect("fixture text");
                if sdl.contains("join__Graph") {
                    found.push((path.display().to_string(), sdl));
                }
            }
        }
    }
    found.sort();
    found
}

/// The normal form, which must be valid, and its own normal form.
fn normal_form(supergraph: &Supergraph, operation: &Operation) -> Normalised {
    let normal = operation.normalise(supergraph);
    let read = Operation::prepare(supergraph, &normal.text, None, &OperationLimits::default());
    let read = read.unwrap_or_else(|errors| panic!("{errors:?} of {}", normal.text));
    assert_eq!(read.normalise(supergraph).text, normal.text);
    assert_eq!(read.conditions(), normal.operation.conditions());
    normal
}

#[test]
fn random_operations_get_a_checked_plan_or_an_error() {
    let mut report = String::new();
    #[expect(clippy::disallowed_methods, reason = "a test's own switch")]
    let rounds = std::env::var("WEIR_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(60_u64);
    let (mut planned, mut failed) = (0_usize, 0_usize);
    for (name, sdl) in fixtures() {
        let supergraph = match Supergraph::parse(&sdl) {
            Ok(supergraph) => supergraph,
            Err(problems) => {
                let _ = writeln!(report, "{name}: {problems:?}");
                continue;
            }
        };
        let second = Supergraph::parse(&sdl).expect("parsed before").without_library();
        for round in 0..rounds {
            let mut generator = Generator {
                schema: supergraph.schema(),
                random: Random((round + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)),
                aliases: 0,
                variables: Vec::new(),
            };
            let text = generator.operation(round % 4 == 3);
            let operation = match Operation::prepare(&supergraph, &text, None, &OperationLimits::default()) {
                Ok(operation) => operation,
                Err(errors) => {
                    assert!(!errors.is_empty());
                    continue;
                }
            };
            let variables = PlanVariables {
                conditions: vec![("yes".to_owned(), true), ("no".to_owned(), false)],
                introspection: Vec::new(),
            };
            let normal = normal_form(&supergraph, &operation);
            if supergraph.plan(&operation, &variables, None).is_ok() {
                let yes = VariableSource::Client("yes".to_owned());
                let conditions = normal.sources.iter().enumerate();
                let conditions = conditions.map(|(index, it)| (format!("v{index}"), *it == yes)).collect();
                let variables = PlanVariables { conditions, introspection: Vec::new() };
                if let Err(error) = supergraph.plan(&normal.operation, &variables, None) {
                    failed += 1;
                    let _ = writeln!(report, "{name} round {round}, normalised: {error}\n    {text}");
                }
            }
            for plan in
                [supergraph.plan(&operation, &variables, None), second.plan(&operation, &variables, None)]
            {
                match plan {
                    Ok(_) => planned += 1,
                    Err(error) => {
                        failed += 1;
                        let _ = writeln!(report, "{name} round {round}: {error}\n    {text}");
                    }
                }
            }
        }
    }
    println!("{report}{planned} planned, {failed} refused");
    assert!(planned > failed * 10, "{report}{planned} planned, {failed} refused");
}
