//! What makes two records the same: hashes of values that do not depend on the order of keys.
//!
//! These hashes are the base of `row_id`, which tools keep: **what is computed here must never change.** All are
//! XXH3-128. Nothing secret rests on them; a made-up collision would only number two records like equal ones.
//!
//! - A path: its parent's hash as seed, the key as input; the lower half counts.
//! - A scalar: seed = path + family, input = its text (strings decoded, numbers as written). Null has no hash.
//! - Inside JSON text: objects add up their members, arrays chain their elements.
//! - A record's properties: the wrapping sum of its scalars' and JSON cells' hashes.

use twox_hash::XxHash3_128;

/// Which JSON family a scalar belongs to, so that `1`, `"1"` and `[1]` differ.
#[derive(Clone, Copy)]
#[repr(u64)]
pub(super) enum Family {
    Null = 1,
    Text = 2,
    Number = 3,
    Boolean = 4,
    Array = 5,
    Object = 6,
    Json = 7,
}

/// The place of a key in the record.
#[inline]
pub(super) fn path(parent: u64, key: &str) -> u64 {
    XxHash3_128::oneshot_with_seed(parent, key.as_bytes()) as u64
}

/// A scalar at a path.
#[inline]
pub(super) fn scalar(path: u64, family: Family, text: &str) -> u128 {
    XxHash3_128::oneshot_with_seed(path.wrapping_add(family as u64), text.as_bytes())
}

fn chained(seed: u64, left: u128, right: u128) -> u128 {
    let mut input = [0; 32];
    let (first, second) = input.split_at_mut(16);
    first.copy_from_slice(&left.to_le_bytes());
    second.copy_from_slice(&right.to_le_bytes());
    XxHash3_128::oneshot_with_seed(seed, &input)
}

/// A member of an object inside JSON text, to be added to the other members.
pub(super) fn member(key: u64, value: u128) -> u128 {
    chained(key, 0, value)
}

/// An object inside JSON text, from the wrapping sum of its members.
pub(super) fn object(members: u128) -> u128 {
    chained(Family::Object as u64, 0, members)
}

/// An array so far, and one more element. The empty array is 0.
pub(super) fn element(before: u128, value: u128) -> u128 {
    chained(Family::Array as u64, before, value)
}

/// An array or object as a cell at a path.
pub(super) fn json(path: u64, value: u128) -> u128 {
    chained(path.wrapping_add(Family::Json as u64), 0, value)
}

/// The bytes of a whole record, for a day's content sum.
#[inline]
pub(super) fn content(record: &[u8]) -> u128 {
    XxHash3_128::oneshot(record)
}

/// What all records of one walk share.
pub(super) struct Salt([u8; 16]);

impl Salt {
    pub fn new(account_id: &str, event_name: &str) -> Self {
        // The length keeps "a" + "bc" apart from "ab" + "c".
        let mut input = (account_id.len() as u64).to_le_bytes().to_vec();
        input.extend_from_slice(account_id.as_bytes());
        input.extend_from_slice(event_name.as_bytes());
        Self(XxHash3_128::oneshot(&input).to_le_bytes())
    }

    /// The base of `row_id`: equal exactly for records that count as identical.
    pub fn base(&self, object_id: Option<&str>, ts: i64, properties: u128) -> u128 {
        let object_id = object_id.map_or(0, |text| scalar(0, Family::Text, text));
        let mut input = [0; 56];
        let (salt, rest) = input.split_at_mut(16);
        let (object, rest) = rest.split_at_mut(16);
        let (time, sum) = rest.split_at_mut(8);
        salt.copy_from_slice(&self.0);
        object.copy_from_slice(&object_id.to_le_bytes());
        time.copy_from_slice(&ts.to_le_bytes());
        sum.copy_from_slice(&properties.to_le_bytes());
        XxHash3_128::oneshot(&input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hashes_that_row_ids_are_made_of_stay_what_they_are() {
        let at = path(path(0, "event_props"), "Amount");
        let sum = scalar(at, Family::Number, "300").wrapping_add(json(at, element(0, object(member(at, 5)))));
        let base = Salt::new("ABC-DEF-123Z", "Charged").base(Some("__g1"), 20_260_929_043_022, sum);
        assert_eq!(format!("{base:032x}"), "e979e9bee6183235c8b7f91ba18415aa");
    }
}
