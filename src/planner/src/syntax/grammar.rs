//! The grammar of executable documents (GraphQL Appendix B), by recursive descent.

use graphql_tools::parser::Pos;
use graphql_tools::static_graphql::query::{
    Definition, Directive, Document, Field, FragmentDefinition, FragmentSpread, InlineFragment, Mutation,
    OperationDefinition, Query, Selection, SelectionSet, Subscription, Type, TypeCondition, Value,
    VariableDefinition,
};

use super::lexer::{Lexer, Token, fault};
use super::places::{Places, ValuePlace, VariablePlace};
use super::{Bounds, Parsed, number, string};
use crate::operation::{OperationError, OperationErrorKind, OperationLimit};

type Result<T> = std::result::Result<T, OperationError>;

/// Lists and objects within each other in one value (or lists in a type), at most: nobody writes half as many,
/// and each costs stack in all that walks values.
const MAX_VALUE_NESTING: usize = 64;

pub(super) fn document(text: &str, bounds: Bounds) -> Result<Parsed> {
    let mut lexer = Lexer::new(text, bounds.tokens);
    let (token, place) = lexer.next()?;
    let mut parser =
        Parser { lexer, token, place, places: Places::default(), nesting: 0, max_nesting: bounds.nesting };
    let mut definitions = Vec::new();
    if parser.token == Token::End {
        return Err(parser.unexpected());
    }
    while parser.token != Token::End {
        definitions.push(parser.definition()?);
    }
    let tokens = parser.lexer.tokens();
    Ok(Parsed { document: Document { definitions }, places: parser.places, tokens })
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token<'a>,
    place: Pos,
    places: Places,
    nesting: usize,
    max_nesting: usize,
}

struct Common {
    name: Option<String>,
    variable_definitions: Vec<VariableDefinition>,
    directives: Vec<Directive>,
    selection_set: SelectionSet,
}

impl<'a> Parser<'a> {
    /// Steps over the current token.
    fn advance(&mut self) -> Result<Token<'a>> {
        let (token, place) = self.lexer.next()?;
        self.place = place;
        Ok(std::mem::replace(&mut self.token, token))
    }

    fn unexpected(&self) -> OperationError {
        fault(self.place, &format!("Unexpected {}.", self.token.describe()))
    }

    fn expected(&self, what: &str) -> OperationError {
        fault(self.place, &format!("Expected {what}, found {}.", self.token.describe()))
    }

    fn is(&self, punctuator: char) -> bool {
        self.token == Token::Punctuator(punctuator)
    }

    fn skip(&mut self, punctuator: char) -> Result<bool> {
        let found = self.is(punctuator);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect(&mut self, punctuator: char) -> Result<()> {
        if self.skip(punctuator)? { Ok(()) } else { Err(self.expected(&format!("\"{punctuator}\""))) }
    }

    fn name(&mut self) -> Result<String> {
        let Token::Name(name) = self.token else { return Err(self.expected("Name")) };
        self.advance()?;
        Ok(name.to_owned())
    }

    fn definition(&mut self) -> Result<Definition> {
        if self.is('{') {
            return Ok(Definition::Operation(OperationDefinition::SelectionSet(self.selection_set()?)));
        }
        let described = matches!(self.token, Token::String(_) | Token::Block(_));
        if described {
            self.description()?;
        }
        let position = self.place;
        let Token::Name(keyword) = self.token else { return Err(self.unexpected()) };
        match keyword {
            "query" | "mutation" | "subscription" => {
                self.advance()?;
                let Common { name, variable_definitions, directives, selection_set } =
                    self.operation(position)?;
                Ok(Definition::Operation(match keyword {
                    "query" => OperationDefinition::Query(Query {
                        position,
                        name,
                        variable_definitions,
                        directives,
                        selection_set,
                    }),
                    "mutation" => OperationDefinition::Mutation(Mutation {
                        position,
                        name,
                        variable_definitions,
                        directives,
                        selection_set,
                    }),
                    _ => OperationDefinition::Subscription(Subscription {
                        position,
                        name,
                        variable_definitions,
                        directives,
                        selection_set,
                    }),
                }))
            }
            "fragment" => {
                self.advance()?;
                Ok(Definition::Fragment(self.fragment(position)?))
            }
            "schema" | "scalar" | "type" | "interface" | "union" | "enum" | "input" | "directive"
            | "extend" => Err(self.not_executable(position)?),
            _ => Err(self.unexpected()),
        }
    }

    /// §5.1.1. What follows is not read: nothing of the document can be executed.
    fn not_executable(&mut self, position: Pos) -> Result<OperationError> {
        let mut keyword = self.advance()?;
        if keyword == Token::Name("extend") {
            keyword = self.advance()?;
        }
        self.skip('@')?;
        let what = match self.token {
            Token::Name(name) if keyword != Token::Name("schema") => format!("\"{name}\""),
            _ => "schema".to_owned(),
        };
        Ok(OperationError {
            kind: OperationErrorKind::Validation,
            message: format!("The {what} definition is not executable."),
            locations: vec![crate::limits::location(position)],
        })
    }

    fn description(&mut self) -> Result<()> {
        self.string_value()?;
        Ok(())
    }

    fn operation(&mut self, position: Pos) -> Result<Common> {
        let mut name = None;
        if let Token::Name(text) = self.token {
            self.places.names.insert(position, self.place);
            self.advance()?;
            name = Some(text.to_owned());
        }
        let mut variable_definitions = Vec::new();
        if self.skip('(')? {
            while variable_definitions.is_empty() || !self.is(')') {
                variable_definitions.push(self.variable_definition()?);
            }
            self.expect(')')?;
        }
        let directives = self.directives(false)?;
        let selection_set = self.selection_set()?;
        Ok(Common { name, variable_definitions, directives, selection_set })
    }

    fn variable_definition(&mut self) -> Result<VariableDefinition> {
        if matches!(self.token, Token::String(_) | Token::Block(_)) {
            self.description()?;
        }
        let position = self.place;
        self.expect('$')?;
        let name = self.name()?;
        self.expect(':')?;
        let mut place = VariablePlace { ty: self.place, ..VariablePlace::default() };
        let var_type = self.ty(&mut place, 0)?;
        let mut default_value = None;
        if self.skip('=')? {
            let (value, value_place) = self.value(true, 0)?;
            default_value = Some(value);
            place.default = Some(value_place);
        }
        place.directives = self.directives(true)?;
        self.places.variables.insert(position, place);
        Ok(VariableDefinition { position, name, var_type, default_value })
    }

    fn ty(&mut self, place: &mut VariablePlace, depth: usize) -> Result<Type> {
        self.check_depth(depth, MAX_VALUE_NESTING)?;
        let inner = if self.skip('[')? {
            let item = self.ty(place, depth.saturating_add(1))?;
            self.expect(']')?;
            Type::ListType(Box::new(item))
        } else {
            place.type_name = self.place;
            Type::NamedType(self.name()?)
        };
        Ok(if self.skip('!')? { Type::NonNullType(Box::new(inner)) } else { inner })
    }

    fn fragment(&mut self, position: Pos) -> Result<FragmentDefinition> {
        if self.token == Token::Name("on") {
            return Err(self.unexpected());
        }
        self.places.names.insert(position, self.place);
        let name = self.name()?;
        if self.token != Token::Name("on") {
            return Err(self.expected("\"on\""));
        }
        self.advance()?;
        self.places.conditions.insert(position, self.place);
        let type_condition = TypeCondition::On(self.name()?);
        let directives = self.directives(false)?;
        let selection_set = self.selection_set()?;
        Ok(FragmentDefinition { position, name, type_condition, directives, selection_set })
    }

    fn selection_set(&mut self) -> Result<SelectionSet> {
        let start = self.place;
        self.check_depth(self.nesting, self.max_nesting)?;
        self.expect('{')?;
        self.nesting = self.nesting.saturating_add(1);
        let mut items = Vec::new();
        while items.is_empty() || !self.is('}') {
            items.push(self.selection()?);
        }
        let end = self.place;
        self.expect('}')?;
        self.nesting = self.nesting.saturating_sub(1);
        Ok(SelectionSet { span: (start, end), items })
    }

    fn selection(&mut self) -> Result<Selection> {
        let position = self.place;
        if self.token != Token::Spread {
            return Ok(Selection::Field(self.field(position)?));
        }
        self.advance()?;
        match self.token {
            Token::Name(name) if name != "on" => {
                self.places.names.insert(position, self.place);
                self.advance()?;
                let directives = self.directives(false)?;
                Ok(Selection::FragmentSpread(FragmentSpread {
                    position,
                    fragment_name: name.to_owned(),
                    directives,
                }))
            }
            token => {
                let mut type_condition = None;
                if token == Token::Name("on") {
                    self.advance()?;
                    self.places.conditions.insert(position, self.place);
                    type_condition = Some(TypeCondition::On(self.name()?));
                }
                let directives = self.directives(false)?;
                let selection_set = self.selection_set()?;
                Ok(Selection::InlineFragment(InlineFragment {
                    position,
                    type_condition,
                    directives,
                    selection_set,
                }))
            }
        }
    }

    fn field(&mut self, position: Pos) -> Result<Field> {
        let mut name = self.name()?;
        let mut alias = None;
        if self.skip(':')? {
            alias = Some(std::mem::replace(&mut name, self.name()?));
        }
        let arguments = self.arguments(position, false)?;
        let directives = self.directives(false)?;
        let selection_set = if self.is('{') {
            self.selection_set()?
        } else {
            SelectionSet { span: (position, position), items: Vec::new() }
        };
        Ok(Field { position, alias, name, arguments, directives, selection_set })
    }

    fn arguments(&mut self, owner: Pos, constant: bool) -> Result<Vec<(String, Value)>> {
        let mut arguments = Vec::new();
        if !self.skip('(')? {
            return Ok(arguments);
        }
        let mut places = Vec::new();
        while arguments.is_empty() || !self.is(')') {
            let place = self.place;
            let name = self.name()?;
            self.expect(':')?;
            let (value, value_place) = self.value(constant, 0)?;
            arguments.push((name, value));
            places.push((place, value_place));
        }
        self.expect(')')?;
        self.places.arguments.insert(owner, places);
        Ok(arguments)
    }

    fn directives(&mut self, constant: bool) -> Result<Vec<Directive>> {
        let mut directives = Vec::new();
        while self.is('@') {
            let position = self.place;
            self.advance()?;
            let name = self.name()?;
            let arguments = self.arguments(position, constant)?;
            directives.push(Directive { position, name, arguments });
        }
        Ok(directives)
    }

    fn value(&mut self, constant: bool, depth: usize) -> Result<(Value, ValuePlace)> {
        self.check_depth(depth, MAX_VALUE_NESTING)?;
        let mut place = ValuePlace { at: self.place, parts: Vec::new() };
        let value = match self.token {
            Token::Punctuator('[') => {
                self.advance()?;
                let mut items = Vec::new();
                while !self.is(']') {
                    let (item, inner) = self.value(constant, depth.saturating_add(1))?;
                    items.push(item);
                    place.parts.push((inner.at, inner));
                }
                self.advance()?;
                Value::List(items)
            }
            Token::Punctuator('{') => {
                self.advance()?;
                let mut fields = Vec::new();
                while !self.is('}') {
                    let key = self.place;
                    let name = self.name()?;
                    self.expect(':')?;
                    let (field, inner) = self.value(constant, depth.saturating_add(1))?;
                    fields.push((name, field));
                    place.parts.push((key, inner));
                }
                self.advance()?;
                Value::Object(fields)
            }
            Token::Punctuator('$') => {
                let at = self.place;
                self.advance()?;
                let name = self.name()?;
                if constant {
                    return Err(fault(at, &format!("Unexpected variable \"${name}\" in constant value.")));
                }
                Value::Variable(name)
            }
            Token::Int(text) => {
                self.advance()?;
                number::value(text, false)
            }
            Token::Float(text) => {
                self.advance()?;
                number::value(text, true)
            }
            Token::String(_) | Token::Block(_) => Value::String(self.string_value()?),
            Token::Name(name) => {
                self.advance()?;
                match name {
                    "true" => Value::Boolean(true),
                    "false" => Value::Boolean(false),
                    "null" => Value::Null,
                    name => Value::Enum(name.to_owned()),
                }
            }
            _ => return Err(self.unexpected()),
        };
        Ok((value, place))
    }

    fn string_value(&mut self) -> Result<String> {
        let value = match self.token {
            Token::String(text) => string::quoted(text).map_err(|what| fault(self.place, &what))?,
            Token::Block(text) => string::block(text),
            _ => return Err(self.unexpected()),
        };
        self.advance()?;
        Ok(value)
    }

    fn check_depth(&self, depth: usize, max: usize) -> Result<()> {
        if depth < max {
            return Ok(());
        }
        Err(OperationError {
            kind: OperationErrorKind::Limit(OperationLimit::Nesting),
            message: format!("The operation's text is nested deeper than {max} levels."),
            locations: vec![crate::limits::location(self.place)],
        })
    }
}
