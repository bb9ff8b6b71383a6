//! What makes two answers the same, as one number.
//!
//! A [`Hasher`], so that whatever is `Hash` can enter, with all 128 bits of the result: equal numbers are taken for equal
//! answers. The same in every process of one build of flattap, so that replicas agree.

use std::hash::Hasher;

use twox_hash::XxHash3_128;

/// Bytes that an answer of a few days is told apart by. Not more: the allocator is quick with a kilobyte at most.
const USUAL: usize = 512;

/// What has entered, in a row: there may be hundreds of pieces of a few bytes each, and the hasher takes some 75
/// instructions for each piece, however small.
pub struct Fingerprint(Vec<u8>);

impl Default for Fingerprint {
    fn default() -> Self {
        Self(Vec::with_capacity(USUAL))
    }
}

impl Fingerprint {
    pub fn finish_128(&self) -> u128 {
        XxHash3_128::oneshot(&self.0)
    }
}

impl Hasher for Fingerprint {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Half of it.
    fn finish(&self) -> u64 {
        self.finish_128() as u64
    }
}

#[cfg(test)]
mod tests {
    use std::hash::Hash;

    use super::*;

    fn of(value: impl Hash) -> u128 {
        let mut fingerprint = Fingerprint::default();
        value.hash(&mut fingerprint);
        fingerprint.finish_128()
    }

    #[test]
    fn neighbours_do_not_run_into_each_other() {
        assert_eq!(of(("ab", "c")), of(("ab", "c")));
        assert_ne!(of(("ab", "c")), of(("a", "bc")));
        assert_ne!(of(vec!["ab", "c"]), of(vec!["ab", "c", ""]));
        assert_ne!(of((Some(1), None::<i32>)), of((None::<i32>, Some(1))));
    }
}
