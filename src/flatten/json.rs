//! Reads JSON token by token.
//!
//! In: the text of a page. Out: keys, strings without their escapes, numbers as they are written, and positions.
//! Structure (which value is wanted, how deep) is the caller's business, so nothing here recurses.
//!
//! A library's tokenizer would be less to keep, but none fits: `serde_json` hands out numbers as written only as a
//! `RawValue`, which reads everything twice; `sonic-rs` has a tokenizer with both numbers and positions, but with it a
//! page took 1.4 times as long. Only what is simple is done by hand: where a string or a number ends. What a string
//! with escapes says, and whether it may (lone surrogates, control characters), is `serde_json`'s to judge.

/// The text is not JSON at this byte.
#[derive(Debug)]
pub(super) struct NotJson {
    pub at: usize,
}

pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
}

/// A string without quotes and escapes.
pub(super) enum Piece<'a, 'b> {
    Page(&'a str),
    /// It held escapes.
    Unescaped(&'b str),
}

impl std::ops::Deref for Piece<'_, '_> {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        match self {
            Self::Page(text) => text,
            Self::Unescaped(text) => text,
        }
    }
}

impl<'a> Reader<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Bytes read so far.
    #[inline]
    pub fn offset(&self) -> usize {
        self.at
    }

    #[cold]
    pub fn fault(&self) -> NotJson {
        NotJson { at: self.at }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is not white space, read.
    #[inline]
    pub fn byte(&mut self) -> Result<u8, NotJson> {
        while let Some(byte) = self.peek() {
            self.at += 1;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Ok(byte);
            }
        }
        Err(self.fault())
    }

    /// Nothing but white space may follow.
    pub fn end(&mut self) -> Result<(), NotJson> {
        match self.byte() {
            Ok(_) => Err(self.fault()),
            Err(_) => Ok(()),
        }
    }

    /// The next key of an object whose `{` is read, its colon read as well; `None` after the last.
    #[inline]
    pub fn key<'b>(&mut self, place: &mut Place, buffer: &'b mut String) -> Result<Option<Piece<'a, 'b>>, NotJson> {
        let mut byte = self.byte()?;
        if byte == b'}' {
            return Ok(None);
        }
        if let Place::Further = place {
            if byte != b',' {
                return Err(self.fault());
            }
            byte = self.byte()?;
        }
        *place = Place::Further;
        if byte != b'"' {
            return Err(self.fault());
        }
        let key = self.string(buffer)?;
        if self.byte()? != b':' {
            return Err(self.fault());
        }
        Ok(Some(key))
    }

    /// Reads the next key and its colon if they are exactly `member`, a [`member`] written without white space; else
    /// nothing is read and [`Reader::key`] says what comes.
    #[inline]
    pub fn expect(&mut self, place: &mut Place, member: &[u8]) -> bool {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let (comma, rest) = match (&place, rest) {
            (Place::First, rest) => (0, rest),
            (Place::Further, [b',', rest @ ..]) => (1, rest),
            (Place::Further, _) => return false,
        };
        let found = !member.is_empty() && rest.starts_with(member);
        if found {
            self.at += comma + member.len();
            *place = Place::Further;
        }
        found
    }

    /// The first byte of the next element of an array whose `[` is read; `None` after the last.
    #[inline]
    pub fn element(&mut self, place: &mut Place) -> Result<Option<u8>, NotJson> {
        let byte = self.byte()?;
        if byte == b']' {
            return Ok(None);
        }
        match place {
            Place::First => {
                *place = Place::Further;
                Ok(Some(byte))
            }
            Place::Further if byte == b',' => self.byte().map(Some),
            Place::Further => Err(self.fault()),
        }
    }

    /// The string whose `"` is read.
    #[inline]
    pub fn string<'b>(&mut self, buffer: &'b mut String) -> Result<Piece<'a, 'b>, NotJson> {
        let start = self.at;
        self.at = special(self.text.as_bytes(), start);
        if self.peek() != Some(b'"') {
            return self.escaped(start, buffer);
        }
        self.at += 1;
        self.text.get(start..self.at - 1).map(Piece::Page).ok_or(NotJson { at: start })
    }

    /// The rest of a string that holds something else than plain characters.
    #[cold]
    fn escaped<'b>(&mut self, start: usize, buffer: &'b mut String) -> Result<Piece<'a, 'b>, NotJson> {
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
                None => return Err(NotJson { at: start }),
            }
            self.at = special(self.text.as_bytes(), self.at);
        }
        self.at += 1;
        let quoted = self.text.get(start - 1..self.at).ok_or(NotJson { at: start })?;
        *buffer = serde_json::from_str(quoted).map_err(|_| NotJson { at: start })?;
        Ok(Piece::Unescaped(buffer))
    }

    /// The number that begins with `first`, as written.
    #[inline]
    pub fn number(&mut self, first: u8) -> Result<&'a str, NotJson> {
        let start = self.at - 1;
        let first = match first {
            b'-' => {
                self.at += 1;
                self.text.as_bytes().get(self.at - 1).copied()
            }
            digit => Some(digit),
        };
        match first {
            Some(b'0') => {}
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.fault()),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.some_digits()?;
        }
        self.text.get(start..self.at).ok_or(NotJson { at: start })
    }

    #[inline]
    fn digits(&mut self) {
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
    }

    #[inline]
    fn some_digits(&mut self) -> Result<(), NotJson> {
        let start = self.at;
        self.digits();
        if self.at == start { Err(self.fault()) } else { Ok(()) }
    }

    /// `true`, `false` or `null`, whose first byte is read.
    #[inline]
    pub fn literal(&mut self, rest: &'static str) -> Result<(), NotJson> {
        let end = self.at + rest.len();
        if self.text.as_bytes().get(self.at..end) != Some(rest.as_bytes()) {
            return Err(self.fault());
        }
        self.at = end;
        Ok(())
    }
}

/// A key with its quotes and colon as it is mostly written; nothing for a key that has to be written otherwise.
pub(super) fn member(key: &str) -> Box<[u8]> {
    match special(key.as_bytes(), 0) == key.len() {
        true => format!("\"{key}\":").into_bytes().into(),
        false => Box::default(),
    }
}

/// Where in an object or array the reader stands: a comma is due before everything but the first.
pub(super) enum Place {
    First,
    Further,
}

/// The first `"`, `\` or control character from `at` on, or the end. Eight bytes at a time: a byte of a word is below
/// `limit` exactly if subtracting borrows from it, and equals `c` exactly if it is below 1 after XOR with `c`; a false
/// find can only come from a true one before it, so the first find is true.
#[inline]
fn special(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*chunk);
        let quote = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
        let found = (below(word, 0x20) | quote | backslash) & (ONES << 7);
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|byte| *byte >= 0x20 && !matches!(byte, b'"' | b'\\')) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests;
