//! Cursors: opaque texts of 1.5 to 2.4 KB, handed out percent-encoded, that lead back to one page of one walk.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::shop::random::{Purpose, Random};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Digits that say which page is meant; what follows only proves that the text has not been changed.
const HEAD: usize = 28;
const ENCODED: &AsciiSet = NON_ALPHANUMERIC;

/// What a cursor stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub walk: u64,
    /// Counted from 0.
    pub page: u32,
    /// How many empty pages came before this one without moving on: makes their cursors different.
    pub detour: u16,
}

impl Mark {
    /// The cursor as CleverTap writes it into its answers: already percent-encoded.
    pub fn encode(self, seed: u64) -> String {
        utf8_percent_encode(&self.text(seed), ENCODED).to_string()
    }

    /// Reads a cursor that has been percent-decoded once. `None` for anything that was not made by
    /// [`encode`](Self::encode) with this seed, such as one that was encoded twice.
    pub fn read(text: &str, seed: u64) -> Option<Self> {
        let head = text.get(..HEAD)?;
        let number = |range: std::ops::Range<usize>| u64::from_str_radix(head.get(range)?, 16).ok();
        let mark = Self {
            walk: number(0..16)? ^ mask(seed),
            page: u32::try_from(number(16..24)?).ok()? ^ mask(seed) as u32,
            detour: u16::try_from(number(24..28)?).ok()? ^ mask(seed) as u16,
        };
        (mark.text(seed) == text).then_some(mark)
    }

    fn text(self, seed: u64) -> String {
        let mask = mask(seed);
        let mut text =
            format!("{:016x}{:08x}{:04x}", self.walk ^ mask, self.page ^ mask as u32, self.detour ^ mask as u16);
        let mut random =
            Random::new(seed, Purpose::Cursor, self.walk, u64::from(self.page) << 16 | u64::from(self.detour));
        let length = 1500 + random.below(650) as usize;
        while text.len() < length {
            let mut luck = random.draw();
            for _ in 0..10 {
                text.push(char::from(ALPHABET[(luck & 63) as usize]));
                luck >>= 6;
            }
        }
        text.push_str("+/=");
        text
    }
}

fn mask(seed: u64) -> u64 {
    Random::new(seed, Purpose::Cursor, 0, 0).draw()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_page_when_decoded_once() {
        for page in 0..50 {
            let mark = Mark { walk: 7 + u64::from(page), page, detour: 3 };
            let encoded = mark.encode(42);
            assert!((1500..=2400).contains(&encoded.len()), "{}", encoded.len());
            for escape in ["%2B", "%2F", "%3D"] {
                assert!(encoded.contains(escape));
            }
            let decoded = percent_encoding::percent_decode_str(&encoded).decode_utf8().unwrap();
            assert_eq!(Mark::read(&decoded, 42), Some(mark));
            assert_eq!(Mark::read(&encoded, 42), None);
            assert_eq!(Mark::read(&decoded.replace('+', " "), 42), None);
            assert_eq!(Mark::read(&decoded, 43), None);
        }
    }

    #[test]
    fn a_text_that_is_no_cursor_is_none() {
        for text in ["", "abc", "é".repeat(40).as_str(), "zz".repeat(900).as_str()] {
            assert_eq!(Mark::read(text, 42), None);
        }
    }
}
