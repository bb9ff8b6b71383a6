//! Get Events: `POST /1/events.json` opens an export, `GET /1/events.json?cursor=…` brings its pages.
//!
//! The lifetime summary of events is left out (`events=false`): it is three quarters of a record's bytes and no part
//! of our tables. The walk over the pages is in `walk`.

use serde_json::{Map, Value};

use super::account::CleverTap;
use super::export::Export;
use super::filters::Filters;
use super::pacing::{Api, Party, RankHandle};
use super::walk::Walk;
use crate::period::{Days, compact};

pub(super) const EVENTS: Export =
    Export { api: Api("events"), path: "1/events.json", opening: "batch_size=4991&app=true&events=false&profile=true" };

/// Which events are asked for, or whose people.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventQuery {
    /// Exactly as the project writes it: case and spaces count.
    pub event_name: String,
    /// Whole days of the project.
    pub days: Days,
    pub filters: Filters,
}

impl EventQuery {
    /// The body that all questions about events have in common. No filter can change the event or the days.
    pub(super) fn body(&self) -> Map<String, Value> {
        let mut body = self.filters.to_body();
        body.insert("event_name".to_owned(), self.event_name.as_str().into());
        body.insert("from".to_owned(), compact(self.days.first).into());
        body.insert("to".to_owned(), compact(self.days.last).into());
        body
    }

    pub(super) fn party(&self) -> Party {
        self.event_name.as_str().into()
    }
}

impl CleverTap {
    /// Walks over the events of a query. A [`RankHandle`] instead of a [`Rank`](super::Rank) lets several walks share
    /// one.
    pub fn walk(&self, query: EventQuery, rank: impl Into<RankHandle>) -> Walk {
        Walk::new(self.clone(), &EVENTS, query, rank.into())
    }
}
