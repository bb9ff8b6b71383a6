//! Writes JSON straight into bytes. No tree is built: this is what makes a million records cheap.

/// Appends to one JSON text. The caller closes what it opens; commas come by themselves.
pub struct Json<'a>(&'a mut Vec<u8>);

impl<'a> Json<'a> {
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self(out)
    }

    /// Begins an object that is an element of an array, or the whole text.
    pub fn open(&mut self) {
        self.comma();
        self.0.push(b'{');
    }

    pub fn close(&mut self) {
        self.0.push(b'}');
    }

    pub fn open_object(&mut self, key: &str) {
        self.key(key);
        self.0.push(b'{');
    }

    pub fn open_array(&mut self, key: &str) {
        self.key(key);
        self.0.push(b'[');
    }

    pub fn close_array(&mut self) {
        self.0.push(b']');
    }

    pub fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        self.quoted(value);
    }

    /// A text of several pieces, none of which needs escaping.
    pub fn pieces(&mut self, key: &str, pieces: &[&[u8]]) {
        self.key(key);
        self.0.push(b'"');
        for piece in pieces {
            self.0.extend_from_slice(piece);
        }
        self.0.push(b'"');
    }

    /// A number written digit by digit, for those that are put together from pieces.
    pub fn number_of_pieces(&mut self, key: &str, pieces: &[&[u8]]) {
        self.key(key);
        for piece in pieces {
            self.0.extend_from_slice(piece);
        }
    }

    pub fn integer(&mut self, key: &str, value: i64) {
        self.key(key);
        self.digits(value);
    }

    /// An integer as text, as applications often send them.
    pub fn integer_text(&mut self, key: &str, value: i64) {
        self.key(key);
        self.0.push(b'"');
        self.digits(value);
        self.0.push(b'"');
    }

    /// A number given in hundredths, in its shortest form: `300`, `12.5`, `7.05`.
    pub fn hundredths(&mut self, key: &str, value: i64) {
        self.key(key);
        self.fraction(value, 100);
    }

    pub fn hundredths_text(&mut self, key: &str, value: i64) {
        self.key(key);
        self.0.push(b'"');
        self.fraction(value, 100);
        self.0.push(b'"');
    }

    /// A number given in ten-thousandths: coordinates.
    pub fn ten_thousandths(&mut self, key: &str, value: i64) {
        self.key(key);
        self.fraction(value, 10_000);
    }

    pub fn boolean(&mut self, key: &str, value: bool) {
        self.raw(key, if value { "true" } else { "false" });
    }

    pub fn null(&mut self, key: &str) {
        self.raw(key, "null");
    }

    /// CleverTap's form of a moment: `"$D_1457308800"`.
    pub fn date(&mut self, key: &str, seconds: i64) {
        self.key(key);
        self.0.extend_from_slice(b"\"$D_");
        self.digits(seconds);
        self.0.push(b'"');
    }

    /// JSON that is ready to be used.
    pub fn raw(&mut self, key: &str, value: &str) {
        self.key(key);
        self.0.extend_from_slice(value.as_bytes());
    }

    /// An element of an array of texts.
    pub fn element(&mut self, value: &str) {
        self.comma();
        self.quoted(value);
    }

    /// As [`pieces`](Self::pieces), as an element of an array.
    pub fn element_of_pieces(&mut self, pieces: &[&[u8]]) {
        self.comma();
        self.0.push(b'"');
        for piece in pieces {
            self.0.extend_from_slice(piece);
        }
        self.0.push(b'"');
    }

    fn comma(&mut self) {
        if !matches!(self.0.last(), None | Some(b'{' | b'[' | b',')) {
            self.0.push(b',');
        }
    }

    /// Keys are written in the source and need no escaping.
    fn key(&mut self, key: &str) {
        if !matches!(self.0.last(), Some(b'{')) {
            self.0.push(b',');
        }
        self.0.push(b'"');
        self.0.extend_from_slice(key.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    fn quoted(&mut self, value: &str) {
        self.0.push(b'"');
        let mut plain = 0;
        for (at, byte) in value.bytes().enumerate() {
            let escape: &[u8] = match byte {
                b'"' => b"\\\"",
                b'\\' => b"\\\\",
                b'\n' => b"\\n",
                b'\t' => b"\\t",
                _ => continue,
            };
            self.0.extend_from_slice(&value.as_bytes()[plain..at]);
            self.0.extend_from_slice(escape);
            plain = at + 1;
        }
        self.0.extend_from_slice(&value.as_bytes()[plain..]);
        self.0.push(b'"');
    }

    fn digits(&mut self, value: i64) {
        self.0.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }

    fn fraction(&mut self, value: i64, unit: u64) {
        if value < 0 {
            self.0.push(b'-');
        }
        let (whole, mut rest) = (value.unsigned_abs() / unit, value.unsigned_abs() % unit);
        self.0.extend_from_slice(itoa::Buffer::new().format(whole).as_bytes());
        if rest > 0 {
            self.0.push(b'.');
            let mut place = unit / 10;
            while rest > 0 && place > 0 {
                self.0.push(b'0' + (rest / place) as u8);
                rest %= place;
                place /= 10;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_json_and_says_what_was_meant() {
        let mut out = Vec::new();
        let mut json = Json::new(&mut out);
        json.open();
        json.text("plain", "a \"b\" \\ c\n\td é");
        json.hundredths("price", 1250);
        json.hundredths("cent", 7);
        json.ten_thousandths("south", -338_688);
        json.open_array("tags");
        json.element("x");
        json.element("y");
        json.close_array();
        json.open_object("empty");
        json.close();
        json.date("born", -86_400);
        json.integer_text("number", 12);
        json.close();
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let expected = serde_json::json!({
            "plain": "a \"b\" \\ c\n\td é", "price": 12.5, "cent": 0.07, "south": -33.8688,
            "tags": ["x", "y"], "empty": {}, "born": "$D_-86400", "number": "12",
        });
        assert_eq!(value, expected);
    }
}
