//! `POST /1/events.json`: opens a cursor walk. The answer carries a cursor and no records.

use super::answer::Answer;
use super::config::UnknownEvent;
use super::faults::Fault;
use super::given::Reading;
use super::listing::Listing;
use super::question::{EventQuery, Question, Subject};
use super::walk_page;
use super::world::{Known, Project, World};

pub(super) fn subject(question: &Question) -> Subject {
    about(question.event_query().ok(), question)
}

/// What a walk's first request is about.
pub(super) fn about(query: Option<EventQuery>, question: &Question) -> Subject {
    Subject {
        period: query.as_ref().map(|query| (query.first, query.last)),
        event: query.map(|query| query.event),
        flags: Some(question.flags()),
        batch_size: question.param("batch_size").map(str::to_owned),
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
    match world.knows(&query.event) {
        Known::Exported => {}
        Known::CountedOnly => return Answer::export_not_allowed(),
        Known::No if world.config.unknown_event == UnknownEvent::Empty => {}
        Known::No => return Answer::invalid_event(400, &query.event),
    }
    let reading = if fault == Some(&Fault::NoCursor) { Reading::Look } else { Reading::Export };
    let export = world.export(project, &query, question.flags(), reading);
    walk_page::opened(world, project, question, query, Listing::Events(export), fault)
}
