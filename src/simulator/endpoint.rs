//! The endpoints that are simulated: which path and method is which. A new one is a line here, a file beside this
//! one, and an arm in [`Endpoint::subject`] and [`Endpoint::answer`].

use super::answer::Answer;
use super::faults::{Fault, Place};
use super::question::{Method, Question, Subject};
use super::world::{Project, World};
use super::{event_counts, events_open, events_page, now, schema};

/// One thing that CleverTap can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `POST /1/events.json`: opens a cursor walk.
    EventsOpen,
    /// `GET /1/events.json?cursor=…`: one page of it.
    EventsPage,
    /// `POST /1/counts/events.json`.
    CountsOpen,
    /// `GET /1/counts/events.json?req_id=…`.
    CountsPoll,
    /// `GET /getSchema?type=…`.
    Schema,
    /// `POST /1/now.json`.
    Now,
}

/// What CleverTap's limit of requests in flight is counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Api {
    GetEvents,
    EventCount,
    Schema,
    RealTimeCounts,
}

/// What a request line leads to.
pub(super) enum Route {
    Found(Endpoint),
    /// The path exists, the method is wrong: 405.
    OtherMethod,
    /// CleverTap's host answers 200 and nothing to any path it does not know.
    Nowhere,
}

impl Endpoint {
    pub(super) fn route(question: &Question) -> Route {
        let method = question.method;
        match question.path.as_str() {
            "/1/events.json" => match method {
                // A cursor may also be posted, and a query may also be got, as CleverTap's own Node library does.
                Method::Get | Method::Post if question.param("cursor").is_some() => Route::Found(Self::EventsPage),
                Method::Get if question.param("query").is_some() => Route::Found(Self::EventsOpen),
                Method::Get => Route::Found(Self::EventsPage),
                Method::Post => Route::Found(Self::EventsOpen),
                Method::Other => Route::OtherMethod,
            },
            "/1/counts/events.json" => match method {
                Method::Get | Method::Post if question.param("req_id").is_some() => Route::Found(Self::CountsPoll),
                Method::Get => Route::Found(Self::CountsPoll),
                Method::Post => Route::Found(Self::CountsOpen),
                Method::Other => Route::OtherMethod,
            },
            "/getSchema" => match method {
                Method::Get | Method::Post => Route::Found(Self::Schema),
                Method::Other => Route::OtherMethod,
            },
            "/1/now.json" => match method {
                Method::Post => Route::Found(Self::Now),
                Method::Get | Method::Other => Route::OtherMethod,
            },
            _ => Route::Nowhere,
        }
    }

    pub fn api(self) -> Api {
        match self {
            Self::EventsOpen | Self::EventsPage => Api::GetEvents,
            Self::CountsOpen | Self::CountsPoll => Api::EventCount,
            Self::Schema => Api::Schema,
            Self::Now => Api::RealTimeCounts,
        }
    }

    /// This endpoint, for this event only. For faults.
    pub fn of(self, event: &str) -> Place {
        Place::from(self).of(event)
    }

    /// This endpoint, when the period asked for has this day. For faults.
    pub fn on(self, day: jiff::civil::Date) -> Place {
        Place::from(self).on(day)
    }

    /// This endpoint, this page of a walk, counted from 1. For faults.
    pub fn page(self, page: u32) -> Place {
        Place::from(self).page(page)
    }

    /// What the question is about, as far as it can be understood. Changes nothing, except that it claims the
    /// cursor walk it belongs to.
    pub(super) fn subject(self, world: &World, project: &Project, question: &Question) -> Subject {
        match self {
            Self::EventsOpen => events_open::subject(question),
            Self::EventsPage => events_page::subject(world, project, question),
            Self::CountsOpen => event_counts::subject(question),
            Self::CountsPoll => event_counts::poll_subject(world, question),
            Self::Schema | Self::Now => Subject::default(),
        }
    }

    /// What is said while the answer is not ready, or can never be: "still in progress", `partial`, a cursor or
    /// request id that is not good. No fault is played on such a request.
    pub(super) fn not_ready(
        self,
        world: &World,
        project: &Project,
        question: &Question,
        subject: &Subject,
    ) -> Option<Answer> {
        match self {
            Self::EventsPage => events_page::not_ready(world, subject),
            Self::CountsPoll => event_counts::not_ready(world, project, question),
            Self::EventsOpen | Self::CountsOpen | Self::Schema | Self::Now => None,
        }
    }

    /// The true answer, changed by a fault of this endpoint if there is one.
    pub(super) fn answer(
        self,
        world: &World,
        project: &Project,
        question: &Question,
        subject: &Subject,
        fault: Option<&Fault>,
    ) -> Answer {
        match self {
            Self::EventsOpen => events_open::answer(world, project, question, fault),
            Self::EventsPage => events_page::answer(world, subject, fault),
            Self::CountsOpen => event_counts::answer(world, project, question, fault),
            Self::CountsPoll => event_counts::poll(world, project, question, fault),
            Self::Schema => schema::answer(world, question),
            Self::Now => now::answer(world, project, question),
        }
    }
}
