//! The walk along the cursors of one export.
//!
//! Rules: a page is taken only when its whole body was read and is JSON (a trusting walk leaves a page's records to its
//! caller, who reads them anyway); the cursor goes back as it came; a page without records but with a next cursor is
//! not the end; a cursor that comes a second time is. The pages of one export are never asked for at the same time.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

use bytes::Bytes;

use super::account::CleverTap;
use super::answer::Answer;
use super::call::Patience;
use super::cursor::{Cursor, Fingerprint};
use super::error::UpstreamError;
use super::events::EventQuery;
use super::export::{Export, RECORDS};
use super::pacing::{Rank, RankHandle};

/// Pages without records in a row, each with a next cursor, after which the walk stops.
const MOST_EMPTY_PAGES: usize = 50;

/// An export, page by page. Nothing is asked before the first [`next_page`](Self::next_page).
pub struct Walk {
    client: CleverTap,
    export: &'static Export,
    query: EventQuery,
    rank: RankHandle,
    stage: Stage,
    used: HashSet<Fingerprint>,
    empty_in_a_row: usize,
    trusting: bool,
}

enum Stage {
    Unopened,
    At(Cursor),
    Ended,
    Broken(UpstreamError),
}

/// One page, as CleverTap sent it.
#[derive(Clone)]
pub struct Page {
    /// The whole answer.
    pub body: Bytes,
    /// Where the array of records lies in it; `None` for no records.
    pub records: Option<Range<usize>>,
    /// Whether the records were checked to be JSON. If not, and they are: so is the whole answer.
    pub is_checked: bool,
}

impl Page {
    /// A page from its body, as a trusting walk takes it. `None` when it is none.
    pub fn of(body: Bytes) -> Option<Self> {
        let answer = Answer::read_around(body, RECORDS).ok()?;
        let records = records_of(&answer).ok()?;
        Some(Self { records, is_checked: answer.is_checked(), body: answer.body().clone() })
    }

    /// The JSON array of records. If it was checked it is valid JSON of any depth; nothing is known of its elements.
    pub fn records(&self) -> &[u8] {
        self.records.clone().and_then(|range| self.body.get(range)).unwrap_or(b"[]")
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Page({} bytes)", self.body.len())
    }
}

impl Walk {
    pub(super) fn new(client: CleverTap, export: &'static Export, query: EventQuery, rank: RankHandle) -> Self {
        Self {
            client,
            export,
            query,
            rank,
            stage: Stage::Unopened,
            used: HashSet::new(),
            empty_in_a_row: 0,
            trusting: false,
        }
    }

    /// Leaves it to the caller to find out whether a page's records are JSON: see [`Page::is_checked`]. A page whose
    /// records are not is no page, and the walk starts again without this.
    pub fn trusting(self) -> Self {
        Self { trusting: true, ..self }
    }

    /// The next page that has records, or `None` at the end.
    ///
    /// Errors: after one that may pass ([`UpstreamError::may_pass`]) the same page can be asked for again; any other
    /// ends the walk, and its pages so far are no whole export. A dropped future loses no page.
    pub async fn next_page(&mut self) -> Result<Option<Page>, UpstreamError> {
        loop {
            let asked = match &self.stage {
                Stage::Unopened => {
                    let patience = Patience::for_data(&self.client.inner.tuning);
                    self.export.open(&self.client, &self.query, &self.rank, patience).await
                }
                Stage::At(cursor) => {
                    self.export.page(&self.client, &self.query, cursor, &self.rank, self.trusting).await
                }
                Stage::Ended => return Ok(None),
                Stage::Broken(error) => return Err(error.clone()),
            };
            match asked.and_then(|answer| self.take(&answer)) {
                Ok(Some(page)) => return Ok(Some(page)),
                Ok(None) => {}
                Err(error) => {
                    if !error.may_pass() {
                        self.stage = Stage::Broken(error.clone());
                    }
                    return Err(error);
                }
            }
        }
    }

    /// Makes the walk at least this urgent, for the request that already waits for its slot too.
    pub fn waiting(&mut self, rank: Rank) {
        self.rank.raise(rank);
    }

    /// The walk's rank, to raise it from elsewhere while a page is awaited.
    pub fn rank(&self) -> RankHandle {
        self.rank.clone()
    }

    /// Takes an answer in: its records come out, its cursor becomes the place to go on.
    fn take(&mut self, answer: &Answer) -> Result<Option<Page>, UpstreamError> {
        if answer.is_partial() {
            return Err(UpstreamError::malformed("a partial answer where pages were expected"));
        }
        if answer.body().is_empty() && matches!(self.stage, Stage::At(_)) {
            // A 204. Where a cursor promised a page it is no end that CleverTap is known to send, and a table must not
            // become short by it.
            return Err(UpstreamError::malformed("nothing where a page was promised"));
        }
        let records = records_of(answer)?;
        let next = match self.stage {
            Stage::Unopened => opened(answer, records.is_some())?,
            Stage::At(_) | Stage::Ended | Stage::Broken(_) => cursor_of(answer, "next_cursor")?,
        };
        if let Stage::At(used) = &self.stage {
            self.used.insert(used.fingerprint());
        }
        let first = matches!(self.stage, Stage::Unopened);
        self.empty_in_a_row = if records.is_some() || first { 0 } else { self.empty_in_a_row + 1 };
        self.stage = match next {
            None => Stage::Ended,
            Some(next) if self.used.contains(&next.fingerprint()) => {
                return Err(UpstreamError::malformed("a cursor that was used before"));
            }
            Some(_) if self.empty_in_a_row >= MOST_EMPTY_PAGES => {
                return Err(UpstreamError::malformed(format!("{MOST_EMPTY_PAGES} pages in a row without records")));
            }
            Some(next) => Stage::At(next),
        };
        let is_checked = answer.is_checked();
        Ok(records.map(|records| Page { body: answer.body().clone(), records: Some(records), is_checked }))
    }
}

impl fmt::Debug for Walk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            Stage::Unopened => "unopened",
            Stage::At(_) => "under way",
            Stage::Ended => "ended",
            Stage::Broken(_) => "broken",
        };
        f.debug_struct("Walk")
            .field("path", &self.export.path)
            .field("query", &self.query)
            .field("stage", &stage)
            .finish_non_exhaustive()
    }
}

/// Where an export begins. CleverTap answers with a cursor only; should it ever send the first records at once, they
/// are the first page. Both together are refused, since the records might come again.
fn opened(answer: &Answer, has_records: bool) -> Result<Option<Cursor>, UpstreamError> {
    match cursor_of(answer, "cursor")? {
        Some(_) if has_records => Err(UpstreamError::malformed("records beside the first cursor")),
        Some(cursor) => Ok(Some(cursor)),
        None => cursor_of(answer, "next_cursor"),
    }
}

fn cursor_of(answer: &Answer, key: &str) -> Result<Option<Cursor>, UpstreamError> {
    if answer.raw(key).is_none() {
        return Ok(None);
    }
    match answer.text(key) {
        Some(text) => Cursor::received(&text),
        None => Err(UpstreamError::malformed(format!("a {key} that is not text"))),
    }
}

/// The array of records, `None` when it is absent, null or empty.
fn records_of(answer: &Answer) -> Result<Option<Range<usize>>, UpstreamError> {
    let Some(range) = answer.range(RECORDS) else { return Ok(None) };
    match answer.body().get(range.clone()) {
        Some([b'[', inside @ .., b']']) if inside.trim_ascii().is_empty() => Ok(None),
        Some([b'[', .., b']']) => Ok(Some(range)),
        _ => Err(UpstreamError::malformed("records that are not an array")),
    }
}

#[cfg(test)]
mod tests;
