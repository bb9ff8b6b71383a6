//! Get Events: `POST /1/events.json` opens an export, `GET /1/events.json?cursor=…` brings its pages.
//!
//! The lifetime summary of events is left out (`events=false`): it is three quarters of a record's bytes and no part
//! of our tables. The flags belong to the cursor and are not repeated. The walk over the pages is in `walk`.

use serde_json::json;

use super::account::CleverTap;
use super::answer::Answer;
use super::call::{Call, Patience, Query};
use super::cursor::Cursor;
use super::error::UpstreamError;
use super::pacing::{Api, Party, RankHandle};
use crate::period::{Days, compact};

const API: Api = Api("events");
const PATH: &str = "1/events.json";

/// Records per page: the largest multiple of CleverTap's 23 shards that is not above its limit of 5,000.
const OPENING: &str = "batch_size=4991&app=true&events=false&profile=true";

/// Which events are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventQuery {
    /// Exactly as the project writes it: case and spaces count.
    pub event_name: String,
    /// Whole days of the project.
    pub days: Days,
}

impl EventQuery {
    /// The body that events and counts have in common.
    pub(super) fn body(&self) -> serde_json::Value {
        json!({ "event_name": self.event_name, "from": compact(self.days.first), "to": compact(self.days.last) })
    }

    pub(super) fn party(&self) -> Party {
        self.event_name.as_str().into()
    }
}

/// Asks for an export. The answer usually holds a cursor only.
pub(super) async fn open(client: &CleverTap, query: &EventQuery, rank: &RankHandle) -> Result<Answer, UpstreamError> {
    let patience = Patience::for_data(&client.inner.tuning);
    let party = query.party();
    let call = Call::post(API, PATH, &query.body(), rank, &party, patience).with(Query::Plain(OPENING.to_owned()));
    client.ask(&call).await.map_err(|error| match error {
        // No cursor was sent: "Incorrect Usage" is about the request then.
        UpstreamError::CursorLost { said } => UpstreamError::Refused { said },
        error => error,
    })
}

/// Asks for the page at a cursor.
pub(super) async fn page(
    client: &CleverTap,
    query: &EventQuery,
    cursor: &Cursor,
    rank: &RankHandle,
) -> Result<Answer, UpstreamError> {
    let patience = Patience::for_data(&client.inner.tuning);
    let party = query.party();
    client.ask(&Call::get(API, PATH, rank, &party, patience).with(Query::Cursor(cursor))).await
}
