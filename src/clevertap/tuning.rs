//! How patient the client is, and how much it takes.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

/// Times and bounds of the client. `Default` is for production.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// Until a connection stands.
    pub connect: Duration,
    /// From sending a request to the head of its answer.
    pub first_byte: Duration,
    /// The same for message reports, which are worked out meanwhile: those of 90 days took 110 s.
    pub first_byte_of_reports: Duration,
    /// The longest silence in the middle of a body.
    pub between_chunks: Duration,
    /// One whole request, from sending to the last byte.
    pub whole_answer: Duration,
    /// The largest decoded body, in bytes. A page of 5,000 records can be 30 MB.
    pub body_cap: usize,
    /// How often a passing fault is tried again.
    pub retries: usize,
    /// How long one answer is tried for, requests and pauses together, without the time spent waiting for slots.
    pub within: Duration,
    /// The first pause after a fault; each further one may be twice as long. The real pause is anything up to it.
    pub first_pause: Duration,
    pub longest_pause: Duration,
    /// The longest `Retry-After` that is obeyed.
    pub longest_retry_after: Duration,
    /// The pauses while CleverTap prepares a page; the last one repeats until `within` is over.
    pub while_preparing: &'static [Duration],
    /// The pauses while CleverTap counts; the last one repeats until `within` is over.
    pub while_counting: &'static [Duration],
    /// How long after a 429 until one slot comes back.
    pub slot_recovery: Duration,
}

const fn seconds<const N: usize>(seconds: [u64; N]) -> [Duration; N] {
    let mut durations = [Duration::ZERO; N];
    let mut index = 0;
    while index < N {
        durations[index] = Duration::from_secs(seconds[index]);
        index += 1;
    }
    durations
}

const WHILE_PREPARING: &[Duration] = &seconds([2, 3, 5, 5, 10, 10, 15]);
const WHILE_COUNTING: &[Duration] = &seconds([2, 3, 5, 8, 10, 15, 30]);
const A_MOMENT: &[Duration] = &[Duration::from_millis(2), Duration::from_millis(5)];

impl Default for Tuning {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(120),
            first_byte_of_reports: Duration::from_secs(180),
            between_chunks: Duration::from_secs(30),
            whole_answer: Duration::from_secs(240),
            body_cap: 256 * 1024 * 1024,
            retries: 6,
            within: Duration::from_secs(300),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
            longest_retry_after: Duration::from_secs(120),
            while_preparing: WHILE_PREPARING,
            while_counting: WHILE_COUNTING,
            slot_recovery: Duration::from_secs(30),
        }
    }
}

impl Tuning {
    /// Pauses of milliseconds; bounds that a busy test machine does not reach.
    pub fn for_testing() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(10),
            first_byte_of_reports: Duration::from_secs(10),
            between_chunks: Duration::from_secs(10),
            whole_answer: Duration::from_secs(20),
            within: Duration::from_secs(20),
            first_pause: Duration::from_millis(2),
            longest_pause: Duration::from_millis(10),
            longest_retry_after: Duration::from_millis(50),
            while_preparing: A_MOMENT,
            while_counting: A_MOMENT,
            slot_recovery: Duration::from_millis(50),
            ..Self::default()
        }
    }

    /// The pauses before each further try: exponential, with full jitter.
    pub(super) fn pauses(&self, retries: usize) -> impl Iterator<Item = Duration> + Send + use<> {
        let longest = ExponentialBuilder::new()
            .with_min_delay(self.first_pause)
            .with_max_delay(self.longest_pause)
            .with_factor(2.0)
            .with_max_times(retries)
            .build();
        longest.map(|longest| longest.mul_f64(rand::random::<f64>()))
    }
}

/// A schedule of pauses whose last one repeats for ever.
pub(super) fn for_ever(pauses: &'static [Duration]) -> impl Iterator<Item = Duration> + Send + use<> {
    let last = pauses.last().copied().unwrap_or(Duration::from_secs(1));
    pauses.iter().copied().chain(std::iter::repeat(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_six_pauses_and_each_is_within_its_bound() {
        let tuning = Tuning::default();
        for _ in 0..50 {
            let pauses: Vec<Duration> = tuning.pauses(tuning.retries).collect();
            assert_eq!(pauses.len(), 6);
            for (pause, longest) in pauses.iter().zip([1, 2, 4, 8, 16, 32]) {
                assert!(*pause <= Duration::from_secs(longest), "{pauses:?}");
            }
        }
    }

    #[test]
    fn the_last_waiting_time_repeats() {
        let waits: Vec<u64> = for_ever(WHILE_PREPARING).take(9).map(|wait| wait.as_secs()).collect();
        assert_eq!(waits, [2, 3, 5, 5, 10, 10, 15, 15, 15]);
    }
}
