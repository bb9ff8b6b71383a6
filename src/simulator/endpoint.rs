//! The endpoints that are simulated: which path and method is which. A new one is a line here, a file beside this
//! one, and an arm in [`Endpoint::subject`] and [`Endpoint::answer`].

use std::time::Duration;

use super::answer::Answer;
use super::faults::{Fault, Place};
use super::question::{Method, Question, Subject};
use super::world::{Project, World};
use super::{
    events_open, message_report, now, partial, profile, profiles_open, schema, targets_list, targets_result, walk_page,
};

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
    /// `POST /1/counts/profiles.json`.
    ProfileCountsOpen,
    /// `GET /1/counts/profiles.json?req_id=…`.
    ProfileCountsPoll,
    /// `POST /1/counts/trends.json`.
    TrendsOpen,
    /// `GET /1/counts/trends.json?req_id=…`.
    TrendsPoll,
    /// `POST /1/counts/top.json`.
    TopOpen,
    /// `GET /1/counts/top.json?req_id=…`.
    TopPoll,
    /// `POST /1/profiles.json`: opens a cursor walk over people.
    ProfilesOpen,
    /// `GET /1/profiles.json?cursor=…`: one page of it.
    ProfilesPage,
    /// `GET /1/profile.json?identity=…`.
    Profile,
    /// `POST /1/targets/list.json`.
    Campaigns,
    /// `POST /1/targets/result.json`.
    CampaignResult,
    /// `POST /1/message/report.json`.
    MessageReport,
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
    ProfileCount,
    Trends,
    TopProperties,
    GetProfiles,
    GetProfile,
    GetCampaigns,
    CampaignReport,
    MessageReports,
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
        match question.path.as_str() {
            "/1/events.json" => walk(question, Self::EventsOpen, Self::EventsPage),
            "/1/profiles.json" => walk(question, Self::ProfilesOpen, Self::ProfilesPage),
            "/1/counts/events.json" => computed(question, Self::CountsOpen, Self::CountsPoll),
            "/1/counts/profiles.json" => computed(question, Self::ProfileCountsOpen, Self::ProfileCountsPoll),
            "/1/counts/trends.json" => computed(question, Self::TrendsOpen, Self::TrendsPoll),
            "/1/counts/top.json" => computed(question, Self::TopOpen, Self::TopPoll),
            "/1/profile.json" => only(question, &[Method::Get], Self::Profile),
            "/1/targets/list.json" => only(question, &[Method::Post], Self::Campaigns),
            "/1/targets/result.json" => only(question, &[Method::Post], Self::CampaignResult),
            "/1/message/report.json" => only(question, &[Method::Post], Self::MessageReport),
            // The documentation says both.
            "/getSchema" => only(question, &[Method::Get, Method::Post], Self::Schema),
            "/1/now.json" => only(question, &[Method::Post], Self::Now),
            _ => Route::Nowhere,
        }
    }

    pub fn api(self) -> Api {
        match self {
            Self::EventsOpen | Self::EventsPage => Api::GetEvents,
            Self::CountsOpen | Self::CountsPoll => Api::EventCount,
            Self::ProfileCountsOpen | Self::ProfileCountsPoll => Api::ProfileCount,
            Self::TrendsOpen | Self::TrendsPoll => Api::Trends,
            Self::TopOpen | Self::TopPoll => Api::TopProperties,
            Self::ProfilesOpen | Self::ProfilesPage => Api::GetProfiles,
            Self::Profile => Api::GetProfile,
            Self::Campaigns => Api::GetCampaigns,
            Self::CampaignResult => Api::CampaignReport,
            Self::MessageReport => Api::MessageReports,
            Self::Schema => Api::Schema,
            Self::Now => Api::RealTimeCounts,
        }
    }

    /// This endpoint, for this event only; of `CampaignResult`, for this campaign's id. For faults.
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
            Self::ProfilesOpen => profiles_open::subject(world, project, question),
            Self::EventsPage | Self::ProfilesPage => walk_page::subject(self.api(), world, project, question),
            Self::CountsOpen | Self::ProfileCountsOpen | Self::TrendsOpen | Self::TopOpen => {
                partial::subject(self.api(), world, project, question)
            }
            Self::CountsPoll | Self::ProfileCountsPoll | Self::TrendsPoll | Self::TopPoll => {
                partial::poll_subject(self.api(), world, project, question)
            }
            Self::Campaigns => targets_list::subject(question),
            Self::MessageReport => message_report::subject(question),
            Self::CampaignResult => targets_result::subject(question),
            Self::Profile | Self::Schema | Self::Now => Subject::default(),
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
            Self::EventsPage | Self::ProfilesPage => walk_page::not_ready(world, subject),
            Self::CountsPoll | Self::ProfileCountsPoll | Self::TrendsPoll | Self::TopPoll => {
                partial::not_ready(self.api(), world, project, question)
            }
            _ => None,
        }
    }

    /// How long this takes by itself, beside what every request takes.
    pub(super) fn slowness(self, world: &World, subject: &Subject) -> Duration {
        match self {
            Self::MessageReport => message_report::slowness(world, subject),
            _ => Duration::ZERO,
        }
    }

    /// Whether working the answer out may mean to go through all records there are.
    pub(super) fn takes_long(self, question: &Question) -> bool {
        match self {
            Self::CountsOpen
            | Self::CountsPoll
            | Self::ProfileCountsOpen
            | Self::ProfileCountsPoll
            | Self::TrendsOpen
            | Self::TrendsPoll
            | Self::TopOpen
            | Self::TopPoll
            | Self::ProfilesOpen
            | Self::Profile => true,
            // Records that are not filtered are not made before their page is asked for.
            Self::EventsOpen => question.event_query().is_ok_and(|query| !query.filters.is_empty()),
            Self::EventsPage
            | Self::ProfilesPage
            | Self::Campaigns
            | Self::CampaignResult
            | Self::MessageReport
            | Self::Schema
            | Self::Now => false,
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
            Self::ProfilesOpen => profiles_open::answer(world, project, question, fault),
            Self::EventsPage | Self::ProfilesPage => walk_page::answer(world, subject, fault),
            Self::CountsOpen | Self::ProfileCountsOpen | Self::TrendsOpen | Self::TopOpen => {
                partial::answer(self.api(), world, project, question, fault)
            }
            Self::CountsPoll | Self::ProfileCountsPoll | Self::TrendsPoll | Self::TopPoll => {
                partial::poll(self.api(), world, project, question, fault)
            }
            Self::Profile => profile::answer(world, project, question),
            Self::Campaigns => targets_list::answer(world, project, question),
            Self::CampaignResult => targets_result::answer(world, project, question),
            Self::MessageReport => message_report::answer(world, project, question),
            Self::Schema => schema::answer(world, question),
            Self::Now => now::answer(world, project, question),
        }
    }
}

/// A cursor may also be posted, and a query may also be got, as CleverTap's own Node library does.
fn walk(question: &Question, open: Endpoint, page: Endpoint) -> Route {
    match question.method {
        Method::Get | Method::Post if question.param("cursor").is_some() => Route::Found(page),
        Method::Get if question.param("query").is_some() => Route::Found(open),
        Method::Get => Route::Found(page),
        Method::Post => Route::Found(open),
        Method::Other => Route::OtherMethod,
    }
}

fn computed(question: &Question, open: Endpoint, poll: Endpoint) -> Route {
    match question.method {
        Method::Get | Method::Post if question.param("req_id").is_some() => Route::Found(poll),
        Method::Get => Route::Found(poll),
        Method::Post => Route::Found(open),
        Method::Other => Route::OtherMethod,
    }
}

fn only(question: &Question, methods: &[Method], endpoint: Endpoint) -> Route {
    if methods.contains(&question.method) { Route::Found(endpoint) } else { Route::OtherMethod }
}
