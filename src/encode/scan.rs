//! Does a text hold a byte that its format must quote or escape? Eight bytes at a time.
//!
//! Most cells hold none and are then copied as they are, so this question is most of the cost of a text cell.

const ONES: u64 = u64::MAX / 0xff;
const HIGHS: u64 = ONES << 7;

/// The bytes that put a CSV field into quotes. None of them is zero.
pub(super) fn csv_needs_quotes(bytes: &[u8]) -> bool {
    any(bytes, 0, csv_hits)
}

/// As [`csv_needs_quotes`], for up to 16 bytes in one word, unused ones zero.
pub(super) fn csv_word_needs_quotes(word: u128) -> bool {
    csv_hits(word as u64) | csv_hits((word >> 64) as u64) != 0
}

pub(super) fn word_has_quote(word: [u8; 8]) -> bool {
    equal(u64::from_le_bytes(word), b'"') != 0
}

/// The bytes that JSON escapes in a string: `"`, `\` and everything below the space.
pub(super) fn json_needs_escapes(bytes: &[u8]) -> bool {
    any(bytes, b' ', json_hits)
}

/// Not zero if one of the bytes of the word is zero.
fn zero(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

fn equal(word: u64, byte: u8) -> u64 {
    zero(word ^ (ONES * u64::from(byte)))
}

fn csv_hits(word: u64) -> u64 {
    equal(word, b',') | equal(word, b'"') | equal(word, b'\r') | equal(word, b'\n')
}

fn json_hits(word: u64) -> u64 {
    let below_space = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
    below_space | equal(word, b'"') | equal(word, b'\\')
}

/// Whether some eight bytes hit. No early exit: without one the loop runs in vector registers.
fn any(bytes: &[u8], filler: u8, hits: impl Fn(u64) -> u64) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    let whole = words.iter().fold(0, |found, word| found | hits(u64::from_le_bytes(*word)));
    if rest.is_empty() {
        return whole != 0;
    }
    let last = match bytes.last_chunk::<8>() {
        Some(last) => *last,
        None => {
            let mut last = [filler; 8];
            last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            last
        }
    };
    whole | hits(u64::from_le_bytes(last)) != 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn csv_special(byte: u8) -> bool {
        matches!(byte, b',' | b'"' | b'\r' | b'\n')
    }

    fn json_special(byte: u8) -> bool {
        byte < b' ' || byte == b'"' || byte == b'\\'
    }

    #[test]
    fn each_byte_is_judged_right_at_each_place_of_each_length() {
        for length in 0..20 {
            for place in 0..length {
                for byte in 0..=255 {
                    let mut text = vec![b'x'; length];
                    text[place] = byte;
                    assert_eq!(csv_needs_quotes(&text), csv_special(byte), "{byte} at {place} of {length}");
                    assert_eq!(json_needs_escapes(&text), json_special(byte), "{byte} at {place} of {length}");
                    if length <= 16 && byte != 0 {
                        let mut word = [0; 16];
                        word[..length].copy_from_slice(&text);
                        assert_eq!(csv_word_needs_quotes(u128::from_le_bytes(word)), csv_special(byte));
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged_as_byte_by_byte(bytes: Vec<u8>) {
            prop_assert_eq!(csv_needs_quotes(&bytes), bytes.iter().any(|byte| csv_special(*byte)));
            prop_assert_eq!(json_needs_escapes(&bytes), bytes.iter().any(|byte| json_special(*byte)));
        }
    }
}
