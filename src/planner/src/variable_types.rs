//! What values an operation's variables take (GraphQL §6.1.2), looked up in the schema once per operation.

use std::collections::HashMap;

use graphql_tools::static_graphql::query::VariableDefinition;
use graphql_tools::static_graphql::schema::{Type, TypeDefinition};

use crate::limits::location;
use crate::schema::{ApiSchema, is_required};

/// The declared variables of an operation, and the input types that they reach.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VariableTypes {
    variables: Vec<Variable>,
    objects: Vec<InputObject>,
    enums: Vec<InputEnum>,
}

/// A declared variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name, without `$`.
    pub name: String,
    /// Its type.
    pub ty: InputType,
    /// Whether it has a default value.
    pub has_default: bool,
    /// Line and column of its declaration, both from 1.
    pub location: (u32, u32),
}

/// A type of input values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputType {
    /// Not null.
    NonNull(Box<InputType>),
    /// A list, or one value that stands for a list of one.
    List(Box<InputType>),
    /// A whole number of 32 bits.
    Int,
    /// A number.
    Float,
    /// A string.
    String,
    /// A boolean.
    Boolean,
    /// A string or a whole number.
    Id,
    /// Anything: a custom scalar of this name.
    Custom(String),
    /// Index for [`VariableTypes::enumeration`].
    Enum(usize),
    /// Index for [`VariableTypes::object`].
    Object(usize),
}

/// An enum as clients see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputEnum {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: Vec<String>,
}

/// An input object as clients see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputObject {
    /// Its name.
    pub name: String,
    /// Its fields.
    pub fields: Vec<InputField>,
    /// Whether exactly one field must be given, and not as null.
    pub one_of: bool,
    index: HashMap<String, usize>,
}

/// A field of an input object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputField {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: InputType,
    /// Whether it must be given.
    pub required: bool,
}

impl InputObject {
    /// The index of a field.
    pub fn field(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }
}

impl VariableTypes {
    pub(crate) fn new(schema: &ApiSchema, definitions: &[VariableDefinition]) -> Self {
        let mut reader = Reader { schema, types: VariableTypes::default(), known: HashMap::new() };
        for definition in definitions {
            let ty = reader.ty(&definition.var_type);
            reader.types.variables.push(Variable {
                name: definition.name.clone(),
                ty,
                has_default: definition.default_value.is_some(),
                location: location(definition.position),
            });
        }
        while let Some(index) = reader.types.objects.iter().position(|object| object.fields.is_empty()) {
            // Fields may name objects that are read then, and so on until all are read.
            if !reader.read_fields(index) {
                break;
            }
        }
        reader.types
    }

    /// The variables in the order of their declaration.
    pub fn iter(&self) -> impl Iterator<Item = &Variable> {
        self.variables.iter()
    }

    /// The variable of a name.
    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().find(|variable| variable.name == name)
    }

    /// An input object; `None` for an index of other types.
    pub fn object(&self, index: usize) -> Option<&InputObject> {
        self.objects.get(index)
    }

    /// An enum; `None` for an index of other types.
    pub fn enumeration(&self, index: usize) -> Option<&InputEnum> {
        self.enums.get(index)
    }

    /// About how many bytes of memory they take: where input types reach each other, one variable may bring in all of
    /// the schema's.
    pub fn weight(&self) -> usize {
        const NODE: usize = 96;
        let named = |name: &str| name.len().saturating_add(NODE);
        let sum = |weights: &mut dyn Iterator<Item = usize>| weights.fold(0_usize, usize::saturating_add);
        let objects = sum(&mut self.objects.iter().map(|object| {
            // Each name stands in the list and in the index.
            let fields = sum(&mut object.fields.iter().map(|field| named(&field.name).saturating_mul(2)));
            fields.saturating_add(named(&object.name))
        }));
        let enums =
            sum(&mut self.enums.iter().map(|of| sum(&mut of.values.iter().map(|value| named(value)))));
        let variables = sum(&mut self.variables.iter().map(|variable| named(&variable.name)));
        objects.saturating_add(enums).saturating_add(variables)
    }

    /// A type as GraphQL text.
    pub fn text(&self, ty: &InputType) -> String {
        match ty {
            InputType::NonNull(inner) => self.text(inner) + "!",
            InputType::List(inner) => format!("[{}]", self.text(inner)),
            InputType::Int => "Int".to_owned(),
            InputType::Float => "Float".to_owned(),
            InputType::String => "String".to_owned(),
            InputType::Boolean => "Boolean".to_owned(),
            InputType::Id => "ID".to_owned(),
            InputType::Custom(name) => name.clone(),
            InputType::Enum(index) => self.enumeration(*index).map_or_else(String::new, |e| e.name.clone()),
            InputType::Object(index) => self.object(*index).map_or_else(String::new, |o| o.name.clone()),
        }
    }
}

struct Reader<'a> {
    schema: &'a ApiSchema,
    types: VariableTypes,
    known: HashMap<String, InputType>,
}

impl Reader<'_> {
    fn ty(&mut self, ty: &Type) -> InputType {
        match ty {
            Type::NonNullType(inner) => InputType::NonNull(Box::new(self.ty(inner))),
            Type::ListType(inner) => InputType::List(Box::new(self.ty(inner))),
            Type::NamedType(name) => {
                if let Some(known) = self.known.get(name) {
                    return known.clone();
                }
                let found = self.named(name);
                self.known.insert(name.clone(), found.clone());
                found
            }
        }
    }

    fn named(&mut self, name: &str) -> InputType {
        match name {
            "Int" => return InputType::Int,
            "Float" => return InputType::Float,
            "String" => return InputType::String,
            "Boolean" => return InputType::Boolean,
            "ID" => return InputType::Id,
            _ => {}
        }
        match self.schema.definition(name) {
            Some(TypeDefinition::Enum(enumeration)) => {
                let values = enumeration.values.iter().map(|value| value.name.clone()).collect();
                self.types.enums.push(InputEnum { name: name.to_owned(), values });
                InputType::Enum(self.types.enums.len().saturating_sub(1))
            }
            Some(TypeDefinition::InputObject(input)) => {
                let one_of = input.directives.iter().any(|directive| directive.name == "oneOf");
                // Its fields are read later: it may be one of its own.
                self.types.objects.push(InputObject {
                    name: name.to_owned(),
                    fields: Vec::new(),
                    one_of,
                    index: HashMap::new(),
                });
                InputType::Object(self.types.objects.len().saturating_sub(1))
            }
            _ => InputType::Custom(name.to_owned()),
        }
    }

    /// False if the object has no fields.
    fn read_fields(&mut self, index: usize) -> bool {
        let schema = self.schema;
        let Some(name) = self.types.objects.get(index).map(|object| object.name.clone()) else {
            return false;
        };
        let Some(TypeDefinition::InputObject(input)) = schema.definition(&name) else { return false };
        let fields: Vec<InputField> = input
            .fields
            .iter()
            .map(|field| InputField {
                name: field.name.clone(),
                ty: self.ty(&field.value_type),
                required: is_required(field),
            })
            .collect();
        let names = fields.iter().enumerate().map(|(at, field)| (field.name.clone(), at)).collect();
        let empty = fields.is_empty();
        if let Some(object) = self.types.objects.get_mut(index) {
            object.fields = fields;
            object.index = names;
        }
        !empty
    }
}

#[cfg(test)]
mod tests {
    use graphql_tools::parser::schema::parse_schema;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::syntax::{Bounds, parse};

    #[test]
    fn recursive_inputs_are_read_once() {
        let sdl =
            "type Query { f(a: A): Int } input A { b: B! a: [A!] n: Int! = 3 } input B @oneOf { a: A e: E }
            enum E { X Y } scalar S";
        let schema =
            ApiSchema::new(&parse_schema::<String>(sdl).expect("schema").into_static()).expect("query");
        let bounds = Bounds { tokens: 100, nesting: 9 };
        let parsed = parse("query ($a: [A!]! = [], $s: S) { f }", bounds).expect("operation");
        let graphql_tools::static_graphql::query::Definition::Operation(operation) =
            &parsed.document.definitions[0]
        else {
            panic!("an operation")
        };
        let graphql_tools::static_graphql::query::OperationDefinition::Query(query) = operation else {
            panic!("a query")
        };
        let types = VariableTypes::new(&schema, &query.variable_definitions);
        let a = types.get("a").expect("declared");
        assert_eq!((types.text(&a.ty).as_str(), a.has_default, a.location), ("[A!]!", true, (1, 8)));
        assert_eq!(types.get("s").expect("declared").ty, InputType::Custom("S".to_owned()));
        assert_eq!((types.objects.len(), types.enums.len()), (2, 1));
        let object = types.object(0).expect("A");
        let required: Vec<bool> = object.fields.iter().map(|field| field.required).collect();
        assert_eq!(required, [true, false, false]);
        assert_eq!(object.field("n"), Some(2));
        assert!(types.object(1).expect("B").one_of);
    }
}
