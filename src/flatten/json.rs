//! Reads JSON token by token.
//!
//! In: the text of a page. Out: keys, strings without their escapes, numbers as they are written and the value of those
//! that are integers, and positions.
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

/// A number as written.
pub(super) struct Number<'a> {
    pub text: &'a str,
    /// The value of its digits, if it has neither fraction nor exponent; of more than 18 digits only the lower bits.
    pub integer: Option<i64>,
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

    /// The number that begins with `first`.
    #[inline]
    pub fn number(&mut self, first: u8) -> Result<Number<'a>, NotJson> {
        let bytes = self.text.as_bytes();
        let start = self.at - 1;
        let whole = if first == b'-' { self.at } else { start };
        let (mut at, value) = match bytes.get(whole) {
            Some(b'0') => (whole + 1, 0),
            Some(b'1'..=b'9') => digits(bytes, whole),
            _ => return Err(NotJson { at: whole }),
        };
        let mut integer = Some(if first == b'-' { value.wrapping_neg() } else { value });
        if bytes.get(at) == Some(&b'.') {
            (at, integer) = (some_digits(bytes, at + 1)?, None);
        }
        if let Some(b'e' | b'E') = bytes.get(at) {
            let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
            (at, integer) = (some_digits(bytes, at + 1 + sign)?, None);
        }
        self.at = at;
        let text = self.text.get(start..at).ok_or(NotJson { at: start })?;
        Ok(Number { text, integer })
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

/// The end of the digits that begin at `at`, and their value.
#[inline]
fn digits(bytes: &[u8], mut at: usize) -> (usize, i64) {
    let mut value = 0i64;
    while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
        value = value.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
        at += 1;
    }
    (at, value)
}

#[inline]
fn some_digits(bytes: &[u8], start: usize) -> Result<usize, NotJson> {
    let (end, _) = digits(bytes, start);
    if end == start { Err(NotJson { at: end }) } else { Ok(end) }
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

/// The first `"`, `\` or control character from `at` on, or the end.
#[cfg(target_arch = "x86_64")]
#[inline]
fn special(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        // SAFETY: every x86-64 processor has SSE2.
        let found = unsafe { specials(chunk) };
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += 16;
    }
    special_of_words(bytes, at)
}

/// Which of the bytes are `"`, `\` or a control character; the first one is the lowest bit.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse2")]
#[inline]
fn specials(chunk: &[u8; 16]) -> u32 {
    use std::arch::x86_64::*;
    let both = u128::from_le_bytes(*chunk);
    let bytes = _mm_set_epi64x((both >> 64) as i64, both as i64);
    let quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'"' as i8));
    let backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'\\' as i8));
    let control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control)) as u32
}

#[cfg(not(target_arch = "x86_64"))]
use special_of_words as special;

/// As `special`, eight bytes at a time: a byte of a word is below `limit` exactly if subtracting borrows from it, and
/// equals `c` exactly if it is below 1 after XOR with `c`; a false find can only come from a true one before it, so the
/// first find is true.
#[inline]
fn special_of_words(bytes: &[u8], mut at: usize) -> usize {
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
