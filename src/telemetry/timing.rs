//! How long the stages of one request took, and their `Server-Timing` header.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix_web::{HttpMessage, HttpRequest};

/// The stages that are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Auth,
    Plan,
    Fetch,
    Scan,
    Encode,
}

impl Stage {
    pub const ALL: [Self; 5] = [Self::Auth, Self::Plan, Self::Fetch, Self::Scan, Self::Encode];

    pub fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Plan => "plan",
            Self::Fetch => "fetch",
            Self::Scan => "scan",
            Self::Encode => "encode",
        }
    }
}

/// Bytes of a header with all stages.
const USUAL: usize = 96;

/// The times of one request. Clones share them, so that every room can add to what one header shows.
#[derive(Clone, Debug, Default)]
pub struct ServerTiming(Arc<[AtomicU64; 5]>);

impl ServerTiming {
    pub fn new() -> Self {
        Self::default()
    }

    /// The times of this request; new ones that nobody will show when the request has none.
    pub fn of(request: &HttpRequest) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_default()
    }

    /// Adds to a stage's time.
    pub fn add(&self, stage: Stage, took: Duration) {
        // A stage that ran counts even when it was faster than the clock.
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX).max(1);
        if let Some(total) = self.0.get(stage as usize) {
            total.fetch_add(nanoseconds, Ordering::Relaxed);
        }
    }

    /// Does the work and adds its time.
    pub fn time<T>(&self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let done = work();
        self.add(stage, start.elapsed());
        done
    }

    /// Awaits the work and adds its time.
    pub async fn measure<T>(&self, stage: Stage, work: impl Future<Output = T>) -> T {
        let start = Instant::now();
        let done = work.await;
        self.add(stage, start.elapsed());
        done
    }

    /// The header's value, in milliseconds: `auth;dur=0.021, plan;dur=0.310`. `None` when nothing was timed.
    pub fn header(&self) -> Option<String> {
        let mut shown = String::new();
        for (stage, total) in Stage::ALL.into_iter().zip(self.0.iter()) {
            let nanoseconds = total.load(Ordering::Relaxed);
            if nanoseconds == 0 {
                continue;
            }
            match shown.is_empty() {
                true => shown.reserve(USUAL),
                false => shown.push_str(", "),
            }
            shown.push_str(stage.name());
            shown.push_str(";dur=");
            push_milliseconds(&mut shown, nanoseconds / 1_000);
        }
        (!shown.is_empty()).then_some(shown)
    }
}

/// As milliseconds with three decimals.
fn push_milliseconds(text: &mut String, microseconds: u64) {
    let mut digits = itoa::Buffer::new();
    text.push_str(digits.format(microseconds / 1_000));
    // The leading digit is there for the zeros behind it.
    let decimals = digits.format(1_000 + microseconds % 1_000);
    text.push('.');
    text.push_str(decimals.get(1..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_shows_the_stages_that_ran_in_their_order() {
        let timing = ServerTiming::new();
        assert_eq!(timing.header(), None);
        timing.add(Stage::Encode, Duration::from_millis(2));
        timing.clone().add(Stage::Auth, Duration::from_micros(21));
        timing.add(Stage::Encode, Duration::from_micros(500));
        assert_eq!(timing.header().unwrap(), "auth;dur=0.021, encode;dur=2.500");
    }

    #[test]
    fn a_stage_faster_than_the_clock_still_shows() {
        let timing = ServerTiming::new();
        timing.add(Stage::Plan, Duration::ZERO);
        assert_eq!(timing.header().unwrap(), "plan;dur=0.000");
    }
}
