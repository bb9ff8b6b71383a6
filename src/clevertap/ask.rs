//! Asking until there is an answer or no hope.
//!
//! In: a [`Call`]. Out: an [`Answer`] whose `status` is `success` (or `partial`), or the error that was left when
//! patience ended. Every try takes a new slot and gives it back before any pause. The time spent waiting for slots
//! is not counted against patience: a busy gateway is no fault of CleverTap's.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::{Instrument, debug, debug_span};

use super::account::CleverTap;
use super::answer::Answer;
use super::call::Call;
use super::connection::Reply;
use super::error::UpstreamError;
use super::meter;
use super::pacing::Slot;
use super::tuning::for_ever;
use super::verdict::{Verdict, judge, meant_status};

/// A body above this is parsed on a thread where it holds up nobody.
const PARSED_IN_PLACE: usize = 256 * 1024;

/// What one try has come to.
struct Try {
    verdict: Verdict,
    /// What the answer means by itself; `None` when there was no whole answer.
    status: Option<u16>,
    retry_after: Option<Duration>,
    bytes: usize,
}

/// Why there is no answer, for an endpoint that makes something of a refusal.
pub(super) struct Unanswered {
    pub(super) error: UpstreamError,
    /// The status that the last answer meant, by its own code or HTTP's; `None` when there was no whole answer.
    pub(super) status: Option<u16>,
}

impl CleverTap {
    pub(super) async fn ask(&self, call: &Call<'_>) -> Result<Answer, UpstreamError> {
        self.ask_closely(call).await.map_err(|unanswered| unanswered.error)
    }

    /// As [`ask`](Self::ask), and says what a refusal's status was.
    pub(super) async fn ask_closely(&self, call: &Call<'_>) -> Result<Answer, Unanswered> {
        let tuning = &self.inner.tuning;
        let mut after_faults = tuning.pauses(call.patience.retries);
        let mut while_preparing = for_ever(tuning.while_preparing);
        let mut spent = Duration::ZERO;
        let mut attempt = 0u64;
        loop {
            attempt += 1;
            let slot = self.inner.pacing.slot(call.api, call.rank, call.party).await;
            let begun = Instant::now();
            let span = debug_span!(
                "upstream request",
                account.name = %self.inner.name,
                upstream.endpoint = call.api.0,
                upstream.attempt = attempt,
            );
            let tried = self.try_once(call, slot).instrument(span).await;
            let took = begun.elapsed();
            spent += took;
            let reason = outcome(&tried.verdict);
            meter::requested(&self.inner.name, call.api, reason, took, tried.bytes);
            let status = tried.status;
            let (error, pause) = match tried.verdict {
                Verdict::Done(answer) => return Ok(answer),
                Verdict::Final(error) => return Err(Unanswered { error, status }),
                Verdict::NotYet => {
                    let what = format!("still preparing the answer after {} s", spent.as_secs());
                    (UpstreamError::TimedOut { what }, while_preparing.next())
                }
                Verdict::Again(error) => (error, after_faults.next()),
            };
            let Some(pause) = pause else { return Err(Unanswered { error, status }) };
            let pause = match tried.retry_after {
                Some(asked_for) => pause.max(asked_for.min(tuning.longest_retry_after)),
                None => pause,
            };
            if spent + pause > call.patience.within {
                return Err(Unanswered { error, status });
            }
            debug!(
                account.name = %self.inner.name,
                upstream.endpoint = call.api.0,
                upstream.attempt = attempt,
                pause_ms = pause.as_millis() as u64,
                reason = %error,
                "asking CleverTap again"
            );
            meter::retried(&self.inner.name, call.api, reason);
            sleep(pause).await;
            spent += pause;
        }
    }

    async fn try_once(&self, call: &Call<'_>, slot: Slot) -> Try {
        let inner = &self.inner;
        let Reply { status, retry_after, body } = match inner.connection.exchange(call, &inner.quoting).await {
            Ok(reply) => reply,
            Err(verdict) => return Try { verdict, status: None, retry_after: None, bytes: 0 },
        };
        let mut slot = Some(slot);
        let (parsed, unchecked) = (body.clone(), call.unchecked);
        let read = move || match unchecked {
            Some(array) => Answer::read_around(parsed, array),
            None => Answer::read(parsed),
        };
        let reading = if body.len() <= PARSED_IN_PLACE {
            read()
        } else {
            // CleverTap is done: the next request need not wait for our parsing.
            slot = None;
            match tokio::task::spawn_blocking(read).await {
                Ok(reading) => reading,
                Err(_) => {
                    let error = UpstreamError::malformed("a body that could not be read to its end");
                    let verdict = Verdict::Final(error);
                    return Try { verdict, status: None, retry_after, bytes: body.len() };
                }
            }
        };
        let meant = meant_status(status, &reading);
        let verdict = match judge(status, &body, reading, &inner.quoting, call.cursor()) {
            // No cursor was sent: "Incorrect Usage" is about the request then.
            Verdict::Final(UpstreamError::CursorLost { said }) if call.cursor().is_none() => {
                Verdict::Final(UpstreamError::Refused { said })
            }
            verdict => verdict,
        };
        if let (Some(slot), Verdict::Again(UpstreamError::Overloaded { .. })) = (&slot, &verdict) {
            slot.too_many();
        }
        Try { verdict, status: Some(meant), retry_after, bytes: body.len() }
    }
}

/// The `outcome` label of the metrics.
fn outcome(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Done(_) => "success",
        Verdict::NotYet => "not_yet",
        Verdict::Again(error) | Verdict::Final(error) => error.outcome(),
    }
}

#[cfg(test)]
mod tests;
