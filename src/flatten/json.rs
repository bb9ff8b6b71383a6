//! Reads JSON token by token: the only file that knows the JSON library.
//!
//! In: the bytes of a page, already known to be UTF-8. Out: keys, strings without their escapes, numbers as they
//! are written, and positions. Structure (which value is wanted, how deep) is the caller's business, so no recursion
//! happens here. Lone surrogates, control characters in strings and numbers outside JSON's grammar are refused.
//!
//! `sonic-rs`'s tokenizer is used rather than `serde_json`, because it hands out the text of numbers and byte
//! positions in one pass; with `serde_json` that takes a `RawValue`, which reads everything twice.

pub(super) use sonic_rs::parser::Reference;

use sonic_rs::Read;
use sonic_rs::parser::Parser;

/// The text is not JSON at this byte.
#[derive(Debug)]
pub(super) struct NotJson {
    pub at: usize,
}

pub(super) struct Reader<'a> {
    parser: Parser<Read<'a>>,
}

impl<'a> Reader<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { parser: Parser::new(Read::from(text)) }
    }

    /// Bytes read so far.
    pub fn offset(&self) -> usize {
        self.parser.offset()
    }

    #[cold]
    pub fn fault(&self) -> NotJson {
        NotJson { at: self.offset() }
    }

    /// The next byte that is not white space, read.
    #[inline]
    pub fn byte(&mut self) -> Result<u8, NotJson> {
        match self.parser.skip_space() {
            Some(byte) => Ok(byte),
            None => Err(self.fault()),
        }
    }

    /// Nothing but white space may follow.
    pub fn end(&mut self) -> Result<(), NotJson> {
        match self.parser.skip_space() {
            None => Ok(()),
            Some(_) => Err(self.fault()),
        }
    }

    /// The next key of an object whose `{` is read, its colon read as well; `None` after the last.
    #[inline]
    pub fn key<'b>(
        &mut self,
        place: &mut Place,
        buffer: &'b mut Vec<u8>,
    ) -> Result<Option<Reference<'a, 'b, str>>, NotJson> {
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
        let at = self.offset();
        let key = self.parser.parse_str(buffer).map_err(|_| NotJson { at })?;
        match self.parser.skip_space() {
            Some(b':') => Ok(Some(key)),
            _ => Err(NotJson { at }),
        }
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
    pub fn string<'b>(&mut self, buffer: &'b mut Vec<u8>) -> Result<Reference<'a, 'b, str>, NotJson> {
        let at = self.offset();
        self.parser.parse_str(buffer).map_err(|_| NotJson { at })
    }

    /// The number that begins with `first`, as written.
    #[inline]
    pub fn number(&mut self, first: u8) -> Result<&'a str, NotJson> {
        let at = self.offset();
        self.parser.skip_number(first).map_err(|_| NotJson { at })
    }

    /// `true`, `false` or `null`, whose first byte is read.
    #[inline]
    pub fn literal(&mut self, rest: &'static str) -> Result<(), NotJson> {
        let at = self.offset();
        self.parser.parse_literal(rest).map_err(|_| NotJson { at })
    }
}

/// Where in an object or array the reader stands: a comma is due before everything but the first.
pub(super) enum Place {
    First,
    Further,
}
