//! Walks through a JSON text once, and checks it as it goes (RFC 8259).
//!
//! What it finds are positions, for raw text is what the reply is made of: nothing is decoded or copied. Nesting is
//! bounded, since the walk is recursive. The text must be UTF-8.

use weir_planner::plan::{ExecutablePlan, NameId};

use super::special;

/// The deepest nesting of objects and arrays that is read.
const MAX_NESTING: usize = 250;

/// A place in a JSON text.
pub(super) struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
    /// What was found wrong first.
    fault: Fault,
}

/// What kind of value begins at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Object,
    Array,
    Null,
    /// A string, a number or a boolean.
    Scalar,
}

/// The text is not JSON, or not what was awaited; [`Scanner::fault`] says more. It is kept there so that results stay small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

/// What is wrong with the text, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    what: &'static str,
    at: usize,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at byte {}", self.what, self.at)
    }
}

impl<'a> Scanner<'a> {
    /// At the start of a text.
    pub(super) fn new(text: &'a [u8]) -> Scanner<'a> {
        Scanner { text, at: 0, depth: 0, fault: Fault { what: "it is JSON", at: 0 } }
    }

    /// The position in bytes.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Goes on at a position that somebody else has read up to, `left` if that is behind the end of an object.
    pub(super) fn go(&mut self, at: usize, left: bool) {
        self.at = at;
        self.depth = self.depth.saturating_sub(usize::from(left));
    }

    /// What begins here, white space passed over.
    ///
    /// # Errors
    /// The text ends here.
    pub(super) fn next(&mut self) -> Result<Next, Broken> {
        Ok(match self.token()? {
            b'{' => Next::Object,
            b'[' => Next::Array,
            b'n' => Next::Null,
            _ => Next::Scalar,
        })
    }

    /// Enters an object or array. True if it has something in it; else [`Scanner::leave`] is next.
    pub(super) fn enter(&mut self) -> Result<bool, Broken> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_NESTING {
            return Err(self.broken("it is nested deeper than 250 levels"));
        }
        self.step();
        Ok(!matches!(self.token()?, b'}' | b']'))
    }

    /// After an item of an array or object: true if another one follows, false if `close` ends it.
    pub(super) fn more(&mut self, close: u8) -> Result<bool, Broken> {
        match self.token()? {
            b',' => {
                self.step();
                self.token()?;
                Ok(true)
            }
            byte if byte == close => {
                self.leave(close)?;
                Ok(false)
            }
            _ => Err(self.broken("a comma is missing")),
        }
    }

    /// Leaves an object or array.
    pub(super) fn leave(&mut self, close: u8) -> Result<(), Broken> {
        if self.token()? != close {
            return Err(self.broken("the brackets don't match"));
        }
        self.depth = self.depth.saturating_sub(1);
        self.step();
        Ok(())
    }

    /// Passes over `text` if that is what stands here: a key, its quotes and the colon behind it, say.
    pub(super) fn skip_text(&mut self, text: &[u8]) -> bool {
        let is = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(text));
        if is {
            self.at = self.at.saturating_add(text.len());
        }
        is
    }

    /// Passes over a key and the colon behind it, if that is what stands here.
    pub(super) fn skip_key(&mut self, plan: &ExecutablePlan, key: NameId) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let len = plan.names.key_at_start(key, rest);
        self.at = self.at.saturating_add(len.unwrap_or(0));
        len.is_some()
    }

    /// Passes over a key and the colon behind it; its raw text, in quotes.
    pub(super) fn key(&mut self) -> Result<&'a [u8], Broken> {
        let start = self.at;
        if self.token()? != b'"' {
            return Err(self.broken("a key is missing"));
        }
        self.string()?;
        let key = self.text.get(start..self.at).unwrap_or_default();
        self.colon()?;
        Ok(key)
    }

    fn colon(&mut self) -> Result<(), Broken> {
        if self.token()? != b':' {
            return Err(self.broken("a colon is missing"));
        }
        self.step();
        self.token().map(|_| ())
    }

    /// Passes over a value of any kind.
    pub(super) fn skip(&mut self) -> Result<(), Broken> {
        match self.token()? {
            b'"' => self.string(),
            b'{' => {
                if !self.enter()? {
                    return self.leave(b'}');
                }
                loop {
                    self.key()?;
                    self.skip()?;
                    if !self.more(b'}')? {
                        return Ok(());
                    }
                }
            }
            b'[' => {
                if !self.enter()? {
                    return self.leave(b']');
                }
                loop {
                    self.skip()?;
                    if !self.more(b']')? {
                        return Ok(());
                    }
                }
            }
            b'n' => self.word(b"null"),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            _ => self.number(),
        }
    }

    /// Nothing but white space may follow.
    pub(super) fn end(&mut self) -> Result<(), Broken> {
        self.space();
        if self.at < self.text.len() { Err(self.broken("there is more behind its end")) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<(), Broken> {
        self.step();
        loop {
            self.plain();
            match self.text.get(self.at) {
                Some(b'"') => {
                    self.step();
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(0..=0x1f) => return Err(self.broken("a string holds a control character")),
                Some(_) => self.step(),
                None => return Err(self.broken("a string has no end")),
            }
        }
    }

    /// Passes over characters of a string that mean themselves, up to 15 fewer than there are.
    fn plain(&mut self) {
        let (chunks, _) = self.text.get(self.at..).unwrap_or_default().as_chunks::<16>();
        for chunk in chunks {
            if let Some(offset) = special::first(chunk) {
                self.at = self.at.saturating_add(offset);
                return;
            }
            self.at = self.at.saturating_add(16);
        }
    }

    fn escape(&mut self) -> Result<(), Broken> {
        self.step();
        match self.text.get(self.at) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.step();
                Ok(())
            }
            Some(b'u') => {
                let digits = self.text.get(self.at.saturating_add(1)..self.at.saturating_add(5));
                if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                    return Err(self.broken("an escape \\u lacks its four hexadecimal digits"));
                }
                self.at = self.at.saturating_add(5);
                Ok(())
            }
            _ => Err(self.broken("an escape is unknown")),
        }
    }

    fn number(&mut self) -> Result<(), Broken> {
        if self.peek() == Some(b'-') {
            self.step();
        }
        match self.peek() {
            Some(b'0') => self.step(),
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(self.broken("a value is missing")),
        }
        if self.peek() == Some(b'.') {
            self.step();
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.step();
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.step();
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Broken> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.broken("a digit is missing"));
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.step();
        }
        Ok(())
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Broken> {
        let end = self.at.saturating_add(word.len());
        if self.text.get(self.at..end) != Some(word) {
            return Err(self.broken("a value is missing"));
        }
        self.at = end;
        Ok(())
    }

    /// The next byte that is not white space.
    fn token(&mut self) -> Result<u8, Broken> {
        if let Some(byte) = self.peek()
            && byte > b' '
        {
            return Ok(byte);
        }
        self.space();
        match self.peek() {
            Some(byte) => Ok(byte),
            None => Err(self.broken("it ends too early")),
        }
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.step();
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    /// Notes a fault here.
    #[cold]
    pub(super) fn broken(&mut self, what: &'static str) -> Broken {
        self.fault = Fault { what, at: self.at };
        Broken
    }

    /// What was wrong, after a [`Broken`].
    pub(super) fn fault(&self) -> Fault {
        self.fault
    }
}

#[cfg(test)]
mod tests;
