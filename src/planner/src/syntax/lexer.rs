//! Lexical tokens with their places (GraphQL §2.1).

use graphql_tools::parser::Pos;

use crate::operation::{OperationError, OperationErrorKind, OperationLimit};

/// A token; texts are as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// One of `! $ & ( ) : = @ [ ] { | }`.
    Punctuator(char),
    /// `...`
    Spread,
    Name(&'a str),
    Int(&'a str),
    Float(&'a str),
    /// With its quotes.
    String(&'a str),
    /// With its quotes.
    Block(&'a str),
    End,
}

impl Token<'_> {
    /// As messages name it.
    pub(super) fn describe(self) -> String {
        match self {
            Token::Punctuator(char) => format!("\"{char}\""),
            Token::Spread => "\"...\"".to_owned(),
            Token::Name(text) => format!("Name \"{}\"", cut(text)),
            Token::Int(text) => format!("Int \"{}\"", cut(text)),
            Token::Float(text) => format!("Float \"{}\"", cut(text)),
            Token::String(text) => format!("String {}", cut(text)),
            Token::Block(text) => format!("BlockString {}", cut(text)),
            Token::End => "<EOF>".to_owned(),
        }
    }
}

/// The start of a text of any length.
pub(super) fn cut(text: &str) -> String {
    let start: String = text.chars().take(60).collect();
    if start.len() < text.len() { format!("{start}…") } else { start }
}

/// Reads tokens one by one.
pub(super) struct Lexer<'a> {
    text: &'a str,
    /// Byte offset of what is not read yet.
    at: usize,
    /// The place of the offset `counted`.
    place: Pos,
    counted: usize,
    tokens: usize,
    max_tokens: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, max_tokens: usize) -> Self {
        Lexer { text, at: 0, place: Pos { line: 1, column: 1 }, counted: 0, tokens: 0, max_tokens }
    }

    /// Tokens read so far.
    pub(super) fn tokens(&self) -> usize {
        self.tokens
    }

    /// The next token and where it begins.
    pub(super) fn next(&mut self) -> Result<(Token<'a>, Pos), OperationError> {
        self.skip_ignored();
        let place = self.place_of(self.at);
        let Some(first) = self.rest().chars().next() else { return Ok((Token::End, place)) };
        self.tokens = self.tokens.saturating_add(1);
        if self.tokens > self.max_tokens {
            return Err(OperationError {
                kind: OperationErrorKind::Limit(OperationLimit::Tokens),
                message: format!("The operation's text has more than {} tokens.", self.max_tokens),
                locations: vec![crate::limits::location(place)],
            });
        }
        let token = match first {
            '!' | '$' | '&' | '(' | ')' | ':' | '=' | '@' | '[' | ']' | '{' | '|' | '}' => {
                self.take(1);
                Token::Punctuator(first)
            }
            '.' if self.rest().starts_with("...") => {
                self.take(3);
                Token::Spread
            }
            '_' | 'a'..='z' | 'A'..='Z' => {
                let length = self.count(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                Token::Name(self.take(length))
            }
            '-' | '0'..='9' => self.number()?,
            '"' if self.rest().starts_with("\"\"\"") => self.block_string(place)?,
            '"' => self.string(place)?,
            other => return Err(self.unexpected(self.at, other)),
        };
        Ok((token, place))
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at.saturating_add(ahead)).copied()
    }

    fn count(&self, wanted: impl Fn(u8) -> bool) -> usize {
        self.rest().bytes().take_while(|byte| wanted(*byte)).count()
    }

    fn take(&mut self, length: usize) -> &'a str {
        let end = self.at.saturating_add(length);
        let taken = self.text.get(self.at..end).unwrap_or_default();
        self.at = end;
        taken
    }

    /// White space, line ends, commas, comments and byte order marks (§2.1.7).
    fn skip_ignored(&mut self) {
        loop {
            let rest = self.rest();
            match rest.as_bytes().first() {
                Some(b' ' | b'\t' | b'\n' | b'\r' | b',') => {
                    self.at = self
                        .at
                        .saturating_add(self.count(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b',')));
                }
                Some(b'#') => self.at = self.at.saturating_add(self.count(|b| !matches!(b, b'\n' | b'\r'))),
                Some(0xEF) if rest.starts_with('\u{FEFF}') => self.at = self.at.saturating_add(3),
                _ => return,
            }
        }
    }

    /// Line and column of an offset at or behind the last one asked for; columns count UTF-16 units, as
    /// graphql-js counts them.
    fn place_of(&mut self, offset: usize) -> Pos {
        let passed = self.text.get(self.counted..offset).unwrap_or_default();
        let mut chars = passed.chars().peekable();
        while let Some(char) = chars.next() {
            match char {
                '\r' if chars.peek() == Some(&'\n') => {}
                // A carriage return at the very end of what is passed and a line feed behind it can't be parted:
                // offsets are those of tokens, and neither character begins one.
                '\r' | '\n' => {
                    self.place = Pos { line: self.place.line.saturating_add(1), column: 1 };
                }
                char => self.place.column = self.place.column.saturating_add(char.len_utf16()),
            }
        }
        self.counted = offset;
        self.place
    }

    fn unexpected(&mut self, offset: usize, char: char) -> OperationError {
        let place = self.place_of(offset);
        let shown = if char.is_control() || !char.is_ascii() {
            format!("U+{:04X}", u32::from(char))
        } else if char == '"' {
            "'\"'".to_owned()
        } else {
            format!("\"{char}\"")
        };
        fault(place, &format!("Unexpected character: {shown}."))
    }

    /// §2.9.1 and §2.9.2: what follows directly must not read on as part of the number.
    fn number(&mut self) -> Result<Token<'a>, OperationError> {
        let start = self.at;
        let digit = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
        let mut length = usize::from(self.byte(0) == Some(b'-'));
        if self.byte(length) == Some(b'0') {
            length = length.saturating_add(1);
            if digit(self.byte(length)) {
                return Err(self.bad_number(start.saturating_add(length)));
            }
        } else {
            length = self.digits(start, length)?;
        }
        let mut float = false;
        if self.byte(length) == Some(b'.') {
            float = true;
            length = self.digits(start, length.saturating_add(1))?;
        }
        if matches!(self.byte(length), Some(b'e' | b'E')) {
            float = true;
            length = length.saturating_add(1);
            if matches!(self.byte(length), Some(b'+' | b'-')) {
                length = length.saturating_add(1);
            }
            length = self.digits(start, length)?;
        }
        if matches!(self.byte(length), Some(b'.' | b'_' | b'a'..=b'z' | b'A'..=b'Z')) {
            return Err(self.bad_number(start.saturating_add(length)));
        }
        let text = self.take(length);
        Ok(if float { Token::Float(text) } else { Token::Int(text) })
    }

    /// The length of the number up to the end of the digits at `length`; there is at least one.
    fn digits(&mut self, start: usize, length: usize) -> Result<usize, OperationError> {
        let rest = self.text.as_bytes().get(start.saturating_add(length)..).unwrap_or_default();
        match rest.iter().take_while(|byte| byte.is_ascii_digit()).count() {
            0 => Err(self.bad_number(start.saturating_add(length))),
            count => Ok(length.saturating_add(count)),
        }
    }

    fn bad_number(&mut self, offset: usize) -> OperationError {
        let found = self.text.get(offset..).and_then(|rest| rest.chars().next());
        let found = found.map_or_else(|| "<EOF>".to_owned(), |char| format!("\"{char}\""));
        let place = self.place_of(offset);
        fault(place, &format!("Invalid number, expected digit but got: {found}."))
    }

    fn string(&mut self, start: Pos) -> Result<Token<'a>, OperationError> {
        let mut escaped = false;
        for (index, byte) in self.rest().bytes().enumerate().skip(1) {
            match byte {
                b'\n' | b'\r' => break,
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => return Ok(Token::String(self.take(index.saturating_add(1)))),
                _ => {}
            }
        }
        Err(fault(start, "Unterminated string."))
    }

    fn block_string(&mut self, start: Pos) -> Result<Token<'a>, OperationError> {
        let rest = self.rest();
        let mut at = 3_usize;
        while let Some(found) = rest.get(at..).and_then(|tail| tail.find("\"\"\"")) {
            let quotes = at.saturating_add(found);
            let end = quotes.saturating_add(3);
            if rest.get(at..quotes).is_some_and(|before| before.ends_with('\\')) {
                at = end;
                continue;
            }
            return Ok(Token::Block(self.take(end)));
        }
        Err(fault(start, "Unterminated string."))
    }
}

/// A fault of syntax.
pub(super) fn fault(place: Pos, what: &str) -> OperationError {
    OperationError {
        kind: OperationErrorKind::Parse,
        message: format!("Syntax Error: {what}"),
        locations: vec![crate::limits::location(place)],
    }
}
