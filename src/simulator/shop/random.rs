//! Chance without state: every draw is a function of the seed and of what is being drawn, so that any record can be
//! made at any time, alone, and is always the same.

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// What a stream of draws is for. Streams of different purposes are independent of each other.
#[derive(Clone, Copy)]
pub enum Purpose {
    Account = 1,
    Volume,
    Moment,
    Record,
    Person,
    Device,
    Profile,
    Summary,
    Cursor,
    Slice,
    Campaign,
    Message,
}

/// A stream of draws (SplitMix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64, purpose: Purpose, a: u64, b: u64) -> Self {
        let purpose = scramble(seed ^ (purpose as u64).wrapping_mul(STEP));
        Self(
            scramble(purpose ^ a.wrapping_mul(0xd1b5_4a32_d192_ed03))
                .wrapping_add(b.wrapping_mul(0xaef1_7502_108e_f2d9)),
        )
    }

    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        scramble(self.0)
    }

    /// A number from 0 to `end - 1`; 0 when `end` is 0.
    pub fn below(&mut self, end: u32) -> u32 {
        (((self.draw() >> 32) * u64::from(end)) >> 32) as u32
    }

    /// True so many times in a thousand.
    pub fn happens(&mut self, per_mille: u32) -> bool {
        self.below(1000) < per_mille
    }

    /// A number from 0 up to, but not including, 1.
    pub fn fraction(&mut self) -> f64 {
        (self.draw() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// One of these. `choices` is never empty here: every list is written in the source.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        *self.one_of(choices)
    }

    /// As [`pick`](Self::pick), without copying it.
    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len() as u32) as usize]
    }
}

fn scramble(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
