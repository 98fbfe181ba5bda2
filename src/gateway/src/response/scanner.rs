//! Walks through a JSON text once, and checks it as it goes (RFC 8259).
//!
//! What it finds are positions, for raw text is what the reply is made of: nothing is decoded or copied. Nesting is
//! bounded, since the walk is recursive. The text must be UTF-8.

/// The deepest nesting of objects and arrays that is read.
const MAX_NESTING: usize = 250;

/// A place in a JSON text.
pub(super) struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
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

/// What is wrong with the text, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken {
    what: &'static str,
    at: usize,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at byte {}", self.what, self.at)
    }
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The bytes of `word` that are zero, as their highest bits; exact up to the first one.
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(LOW) & !word & HIGH
}

/// The bytes that end a run of plain characters in a string (a quote, a backslash, a control character), likewise.
const fn specials(word: u64) -> u64 {
    let controls = word.wrapping_sub(LOW.wrapping_mul(0x20)) & !word & HIGH;
    zeros(word ^ LOW.wrapping_mul(b'"' as u64)) | zeros(word ^ LOW.wrapping_mul(b'\\' as u64)) | controls
}

impl<'a> Scanner<'a> {
    /// At the start of a text.
    pub(super) fn new(text: &'a [u8]) -> Scanner<'a> {
        Scanner { text, at: 0, depth: 0 }
    }

    /// The position in bytes.
    pub(super) fn at(&self) -> usize {
        self.at
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

    /// Passes over a key that is `name`, and the colon behind it. False, and nothing passed over, if it is another
    /// one, or the same in other characters.
    pub(super) fn key_is(&mut self, name: &[u8]) -> Result<bool, Broken> {
        let start = self.at.saturating_add(1);
        let end = start.saturating_add(name.len());
        let is = self.text.get(start..end) == Some(name) && self.text.get(end) == Some(&b'"');
        if is {
            self.at = end.saturating_add(1);
            self.colon()?;
        }
        Ok(is)
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
            while let Some(chunk) = self.text.get(self.at..).and_then(<[u8]>::first_chunk::<8>) {
                let found = specials(u64::from_le_bytes(*chunk));
                if found != 0 {
                    self.at = self.at.saturating_add((found.trailing_zeros() >> 3) as usize);
                    break;
                }
                self.at = self.at.saturating_add(8);
            }
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
        self.peek().ok_or_else(|| self.broken("it ends too early"))
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

    /// An error here.
    pub(super) fn broken(&self, what: &'static str) -> Broken {
        Broken { what, at: self.at }
    }
}
