//! Numbers that take their time: either they are said at once, or `partial` and a request id to ask with again.
//!
//! Four paths share this: counts of events and of people, trends, and top properties. A request id is good on the path
//! that gave it, for the account that got it.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::answer::Answer;
use super::endpoint::Api;
use super::faults::Fault;
use super::question::{ANY_EVENT, EventQuery, Question, Subject};
use super::shop::random::{Purpose, Random};
use super::top::TopQuery;
use super::trends::TrendsQuery;
use super::world::{Known, Project, World};
use super::{event_counts, profile_counts};

const MOST_REQUESTS: usize = 4096;

/// What can be computed.
pub enum Ask {
    EventCount(EventQuery),
    ProfileCount(EventQuery),
    Trends(TrendsQuery),
    Top(TopQuery),
}

impl Ask {
    fn read(api: Api, world: &World, project: &Project, question: &Question) -> Result<Self, Answer> {
        Ok(match api {
            Api::ProfileCount => Self::ProfileCount(question.people_query(world.today(project))?),
            Api::Trends => Self::Trends(TrendsQuery::read(&question.json()?)?),
            Api::TopProperties => Self::Top(TopQuery::read(&question.json()?)?),
            _ => Self::EventCount(question.event_query()?),
        })
    }

    fn query(&self) -> &EventQuery {
        match self {
            Self::EventCount(query) | Self::ProfileCount(query) => query,
            Self::Trends(trends) => &trends.query,
            Self::Top(top) => &top.query,
        }
    }

    /// What cannot be computed is refused before anybody waits for it.
    fn refusal(&self, world: &World, project: &Project) -> Option<Answer> {
        let query = self.query();
        if query.last > world.today(project) {
            return Some(Answer::bad_date("Invalid date: to is in the future"));
        }
        let anybody = matches!(self, Self::ProfileCount(_)) && query.event == ANY_EVENT;
        if !anybody && world.knows(&query.event) == Known::No {
            return Some(Answer::invalid_event(200, &query.event));
        }
        match self {
            Self::Top(top) => top.refusal(world, project),
            _ => None,
        }
    }

    fn answer(&self, world: &World, project: &Project, fault: Option<&Fault>) -> Answer {
        match self {
            Self::EventCount(query) => event_counts::answer(world, project, query, fault),
            Self::ProfileCount(query) => profile_counts::answer(world, project, query, fault),
            Self::Trends(trends) => trends.answer(world, project, fault),
            Self::Top(top) => top.answer(world, project, fault),
        }
    }
}

/// What is being computed, oldest first. Bounded: the oldest is forgotten.
#[derive(Default)]
pub struct Requests(Mutex<VecDeque<Request>>);

impl Requests {
    /// Forgets what is being computed: its ids are not good any more.
    pub fn expire_all(&self) {
        self.0.lock().clear();
    }
}

struct Request {
    id: u64,
    api: Api,
    account_id: String,
    ask: Arc<Ask>,
    /// How often it still answers `partial`.
    polls: u32,
    /// The id is sent as text; both have been seen.
    as_text: bool,
}

impl Request {
    fn is(&self, id: Option<u64>, api: Api, project: &Project) -> bool {
        Some(self.id) == id && self.api == api && self.account_id == project.account_id
    }
}

pub(super) fn subject(api: Api, world: &World, project: &Project, question: &Question) -> Subject {
    let query = match api {
        Api::ProfileCount => question.people_query(world.today(project)).ok(),
        _ => question.event_query().ok(),
    };
    query.as_ref().map(about).unwrap_or_default()
}

pub(super) fn poll_subject(api: Api, world: &World, project: &Project, question: &Question) -> Subject {
    let id = request_id(question);
    let requests = world.counts.0.lock();
    let request = requests.iter().find(|request| request.is(id, api, project));
    request.map(|request| about(request.ask.query())).unwrap_or_default()
}

pub(super) fn answer(api: Api, world: &World, project: &Project, question: &Question, fault: Option<&Fault>) -> Answer {
    let ask = match Ask::read(api, world, project, question) {
        Ok(ask) => ask,
        Err(refusal) => return refusal,
    };
    if let Some(refusal) = ask.refusal(world, project) {
        return refusal;
    }
    let polls = world.config.count_polls;
    let odd = matches!(fault, Some(Fault::CountAsText | Fault::NoCount));
    if odd || polls == 0 && fault != Some(&Fault::Partial) {
        return ask.answer(world, project, fault);
    }
    let mut requests = world.counts.0.lock();
    let number = requests.back().map_or(0, |request| request.id) ^ requests.len() as u64;
    let mut random = Random::new(world.config.seed, Purpose::Slice, number, 1);
    // Eighteen digits, beyond what a double can hold.
    let id = 100_000_000_000_000_000 + random.draw() % 900_000_000_000_000_000;
    if requests.len() >= MOST_REQUESTS {
        requests.pop_front();
    }
    let as_text = requests.back().is_some_and(|request| !request.as_text);
    requests.push_back(Request {
        id,
        api,
        account_id: project.account_id.clone(),
        ask: Arc::new(ask),
        polls: polls.saturating_sub(1),
        as_text,
    });
    partial(id, as_text)
}

pub(super) fn not_ready(api: Api, world: &World, project: &Project, question: &Question) -> Option<Answer> {
    let id = request_id(question);
    let mut requests = world.counts.0.lock();
    let Some(request) = requests.iter_mut().find(|request| request.is(id, api, project)) else {
        return Some(Answer::invalid_request_id());
    };
    let waiting = request.polls > 0;
    request.polls = request.polls.saturating_sub(1);
    waiting.then(|| partial(request.id, request.as_text))
}

pub(super) fn poll(api: Api, world: &World, project: &Project, question: &Question, fault: Option<&Fault>) -> Answer {
    let id = request_id(question);
    let found = {
        let requests = world.counts.0.lock();
        let request = requests.iter().find(|request| request.is(id, api, project));
        request.map(|request| (request.id, request.as_text, Arc::clone(&request.ask)))
    };
    match found {
        Some((id, as_text, _)) if fault == Some(&Fault::Partial) => partial(id, as_text),
        Some((_, _, ask)) => ask.answer(world, project, fault),
        None => Answer::invalid_request_id(),
    }
}

/// The answer that carries one number.
pub(super) fn counted(count: u64, fault: Option<&Fault>) -> Answer {
    Answer::value(&match fault {
        Some(Fault::NoCount) => json!({"status": "success"}),
        fault => json!({"status": "success", "count": number(Value::from(count), fault)}),
    })
}

/// A number as it is sent: as text, when a fault wants it so.
pub(super) fn number(number: Value, fault: Option<&Fault>) -> Value {
    if fault == Some(&Fault::CountAsText) { Value::from(number.to_string()) } else { number }
}

fn about(query: &EventQuery) -> Subject {
    Subject { event: Some(query.event.clone()), period: Some((query.first, query.last)), ..Subject::default() }
}

fn request_id(question: &Question) -> Option<u64> {
    question.param("req_id").and_then(|id| id.parse().ok())
}

fn partial(id: u64, as_text: bool) -> Answer {
    let id = if as_text { Value::from(id.to_string()) } else { Value::from(id) };
    Answer::value(&json!({"status": "partial", "req_id": id}))
}
