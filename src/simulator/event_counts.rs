//! `/1/counts/events.json`: how often an event happened. Either the number at once, or `partial` and a request id
//! to ask with again.

use std::collections::VecDeque;

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::answer::Answer;
use super::faults::Fault;
use super::given::Reading;
use super::question::{EventQuery, Question, Subject};
use super::shop::Flags;
use super::shop::random::{Purpose, Random};
use super::world::{Known, Project, World};

const MOST_REQUESTS: usize = 4096;

/// Counts that are being computed, oldest first. Bounded: the oldest is forgotten.
#[derive(Default)]
pub struct Requests(Mutex<VecDeque<Request>>);

struct Request {
    id: u64,
    account_id: String,
    query: EventQuery,
    /// How often it still answers `partial`.
    polls: u32,
    /// The id is sent as text; both have been seen.
    as_text: bool,
}

impl Request {
    fn is(&self, id: Option<u64>, project: &Project) -> bool {
        Some(self.id) == id && self.account_id == project.account_id
    }
}

pub(super) fn subject(question: &Question) -> Subject {
    let query = question.event_query().ok();
    Subject {
        period: query.as_ref().map(|query| (query.first, query.last)),
        event: query.map(|query| query.event),
        ..Subject::default()
    }
}

pub(super) fn poll_subject(world: &World, question: &Question) -> Subject {
    let id = request_id(question);
    let requests = world.counts.0.lock();
    let Some(request) = requests.iter().find(|request| Some(request.id) == id) else { return Subject::default() };
    Subject {
        event: Some(request.query.event.clone()),
        period: Some((request.query.first, request.query.last)),
        ..Subject::default()
    }
}

pub(super) fn answer(world: &World, project: &Project, question: &Question, fault: Option<&Fault>) -> Answer {
    let query = match question.event_query() {
        Ok(query) => query,
        Err(refusal) => return refusal,
    };
    if query.last > world.today(project) {
        return Answer::bad_date("Invalid date: to is in the future");
    }
    if world.knows(&query.event) == Known::No {
        return Answer::invalid_event(200, &query.event);
    }
    let polls = world.config.count_polls;
    let odd = matches!(fault, Some(Fault::CountAsText | Fault::NoCount));
    if odd || polls == 0 && fault != Some(&Fault::Partial) {
        return count(world, project, &query, fault);
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
        account_id: project.account_id.clone(),
        query,
        polls: polls.saturating_sub(1),
        as_text,
    });
    partial(id, as_text)
}

pub(super) fn not_ready(world: &World, project: &Project, question: &Question) -> Option<Answer> {
    let id = request_id(question);
    let mut requests = world.counts.0.lock();
    let Some(request) = requests.iter_mut().find(|request| request.is(id, project)) else {
        return Some(Answer::invalid_request_id());
    };
    let waiting = request.polls > 0;
    request.polls = request.polls.saturating_sub(1);
    waiting.then(|| partial(request.id, request.as_text))
}

pub(super) fn poll(world: &World, project: &Project, question: &Question, fault: Option<&Fault>) -> Answer {
    let id = request_id(question);
    let found = {
        let requests = world.counts.0.lock();
        let request = requests.iter().find(|request| request.is(id, project));
        request.map(|request| (request.id, request.as_text, request.query.clone()))
    };
    match found {
        Some((id, as_text, _)) if fault == Some(&Fault::Partial) => partial(id, as_text),
        Some((_, _, query)) => count(world, project, &query, fault),
        None => Answer::invalid_request_id(),
    }
}

fn request_id(question: &Question) -> Option<u64> {
    question.param("req_id").and_then(|id| id.parse().ok())
}

fn partial(id: u64, as_text: bool) -> Answer {
    let id = if as_text { Value::from(id.to_string()) } else { Value::from(id) };
    Answer::value(&json!({"status": "partial", "req_id": id}))
}

fn count(world: &World, project: &Project, query: &EventQuery, fault: Option<&Fault>) -> Answer {
    let count = world.export(project, query, Flags::LEAN, Reading::Look).total();
    Answer::value(&match fault {
        Some(Fault::CountAsText) => json!({"status": "success", "count": count.to_string()}),
        Some(Fault::NoCount) => json!({"status": "success"}),
        _ => json!({"status": "success", "count": count}),
    })
}
