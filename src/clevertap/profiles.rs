//! Get User Profiles by event: `POST /1/profiles.json` opens an export, `GET /1/profiles.json?cursor=…` brings its
//! pages, as with events.
//!
//! One record is one person who did the event on these days, as of today. The lifetime summary of events is asked
//! for: it is a table of its own.

use super::account::CleverTap;
use super::events::EventQuery;
use super::export::Export;
use super::pacing::{Api, RankHandle};
use super::walk::Walk;

pub(super) const PROFILES: Export = Export {
    api: Api("profiles"),
    path: "1/profiles.json",
    opening: "batch_size=4991&app=true&events=true&profile=true",
};

impl CleverTap {
    /// Walks over the people who did the event of a query. A person comes once per walk, and again in the walk of
    /// other days.
    pub fn profiles(&self, query: EventQuery, rank: impl Into<RankHandle>) -> Walk {
        Walk::new(self.clone(), &PROFILES, query, rank.into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake_server::{FakeServer, charged, json, reply};
    use super::super::{Rank, UpstreamError};

    const OPENED: &str = r#"{"status":"success","cursor":"Zy%2Bab"}"#;

    #[tokio::test]
    async fn people_are_walked_over_as_events_are() {
        let server = FakeServer::start([
            json(OPENED),
            json(r#"{"status":"fail","error":"Request still in progress, please retry later","code":2}"#),
            json(r#"{"status":"success","next_cursor":"p2%3D","records":[{"identity":"1"}]}"#),
            json(r#"{"status":"success","records":[{"identity":"2"}]}"#),
        ])
        .await;
        let mut walk = server.client().profiles(charged(), Rank::Waiting);
        assert_eq!(walk.next_page().await.unwrap().unwrap().records(), br#"[{"identity":"1"}]"#);
        assert_eq!(walk.next_page().await.unwrap().unwrap().records(), br#"[{"identity":"2"}]"#);
        assert!(walk.next_page().await.unwrap().is_none());
        let page = "GET /1/profiles.json?cursor=Zy%2Bab";
        assert_eq!(
            server.lines(),
            [
                "POST /1/profiles.json?batch_size=4991&app=true&events=true&profile=true",
                page,
                page,
                "GET /1/profiles.json?cursor=p2%3D",
            ]
        );
        assert!(server.asked()[0].ends_with(r#"{"event_name":"Charged","from":20261101,"to":20261101}"#));
    }

    #[tokio::test]
    async fn a_lost_cursor_of_people_asks_for_a_new_start() {
        let lost = reply(400, br#"{"status":"fail","error":"Cursor expired","code":"CURSOR_INVALIDATED"}"#);
        let server = FakeServer::start([json(OPENED), lost]).await;
        let mut walk = server.client().profiles(charged(), Rank::Waiting);
        assert!(matches!(walk.next_page().await, Err(UpstreamError::CursorLost { .. })));
    }
}
