//! How an answer goes over the wire: whole, slowly, blown up, or cut.
//!
//! A request counts as in flight, and its walk as busy, until the last part of the answer has been handed to the
//! network: not longer, or a client that has read everything would be told that it asks too much.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::body::{BodySize, MessageBody};
use actix_web::rt::time::{Sleep, sleep};
use bytes::Bytes;

use super::connection::Line;
use super::slots::Slot;
use super::walks::Claim;

const CHUNK: usize = 64 * 1024;
static SPACES: [u8; CHUNK] = [b' '; CHUNK];
/// Long enough for what was said before a cut to leave the machine.
const LAST_WORDS: Duration = Duration::from_millis(30);

/// What is held while an answer is under way.
#[derive(Default)]
#[expect(dead_code, reason = "held for what dropping them does")]
pub struct Held {
    pub slot: Option<Slot>,
    pub claim: Option<Claim>,
}

/// A piece of an answer.
pub enum Part {
    Bytes(Bytes),
    Spaces(u64),
    Pause(Duration),
    /// The connection ends here.
    Cut(Option<Line>),
}

/// A body that is sent part by part.
pub struct Delivery {
    size: u64,
    parts: VecDeque<Part>,
    pause: Option<Pin<Box<Sleep>>>,
    held: Option<Held>,
}

/// Why a body ended early. Meant.
#[derive(Debug, thiserror::Error)]
#[error("the connection was cut on purpose")]
pub struct CutOnPurpose;

impl Delivery {
    pub fn whole(body: Bytes, held: Held) -> Self {
        Self::of(body.len() as u64, [Part::Bytes(body)], held)
    }

    /// Ends the connection before a word was said.
    pub fn nothing(line: Option<Line>) -> Self {
        Self::of(1, [Part::Cut(line)], Held::default())
    }

    /// Says half of it.
    pub fn half(body: Bytes, line: Option<Line>, held: Held) -> Self {
        let half = body.slice(..body.len() / 2);
        // At least one byte is always missing.
        let size = body.len().max(1) as u64;
        Self::of(size, [Part::Bytes(half), Part::Pause(LAST_WORDS), Part::Cut(line)], held)
    }

    pub fn slow(body: Bytes, pieces: u32, pause: Duration, held: Held) -> Self {
        let length = body.len().div_ceil(pieces.max(1) as usize).max(1);
        let mut parts = Vec::new();
        let mut at = 0;
        while at < body.len() {
            let end = (at + length).min(body.len());
            if at > 0 {
                parts.push(Part::Pause(pause));
            }
            parts.push(Part::Bytes(body.slice(at..end)));
            at = end;
        }
        Self::of(body.len() as u64, parts, held)
    }

    /// Blows the JSON up with spaces behind the byte at `at`.
    pub fn giant(body: Bytes, at: usize, bytes: u64, held: Held) -> Self {
        let spaces = bytes.saturating_sub(body.len() as u64);
        let at = at.min(body.len());
        let (before, after) = (body.slice(..at), body.slice(at..));
        let parts = [Part::Bytes(before), Part::Spaces(spaces), Part::Bytes(after)];
        Self::of(body.len() as u64 + spaces, parts, held)
    }

    fn of(size: u64, parts: impl IntoIterator<Item = Part>, held: Held) -> Self {
        Self { size, parts: parts.into_iter().collect(), pause: None, held: Some(held) }
    }

    fn let_go_at_the_end(&mut self) {
        if !self.parts.iter().any(|part| matches!(part, Part::Bytes(_) | Part::Spaces(_))) {
            self.held = None;
        }
    }
}

impl MessageBody for Delivery {
    type Error = CutOnPurpose;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.size)
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        loop {
            if let Some(pause) = self.pause.as_mut() {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            let bytes = match self.parts.pop_front() {
                None => return Poll::Ready(None),
                Some(Part::Pause(pause)) => {
                    self.pause = Some(Box::pin(sleep(pause)));
                    continue;
                }
                Some(Part::Cut(line)) => {
                    self.held = None;
                    // The line goes before the connection does, or the end would not be noticed.
                    drop(line);
                    return Poll::Ready(Some(Err(CutOnPurpose)));
                }
                Some(Part::Spaces(0)) => continue,
                Some(Part::Spaces(left)) => {
                    let now = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
                    self.parts.push_front(Part::Spaces(left - now as u64));
                    Bytes::from_static(&SPACES).slice(..now)
                }
                Some(Part::Bytes(bytes)) if bytes.is_empty() => continue,
                Some(Part::Bytes(mut bytes)) => {
                    if bytes.len() > CHUNK {
                        let rest = bytes.split_off(CHUNK);
                        self.parts.push_front(Part::Bytes(rest));
                    }
                    bytes
                }
            };
            self.let_go_at_the_end();
            return Poll::Ready(Some(Ok(bytes)));
        }
    }
}
