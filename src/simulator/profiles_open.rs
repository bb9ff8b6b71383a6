//! `POST /1/profiles.json`: opens a cursor walk over the people who did an event, each once.

use std::sync::Arc;

use super::answer::Answer;
use super::config::UnknownEvent;
use super::faults::Fault;
use super::listing::Listing;
use super::question::{ANY_EVENT, Question, Subject};
use super::shop::day::days_since_epoch;
use super::sweep::Sweep;
use super::world::{Known, Project, World};
use super::{events_open, walk_page};

pub(super) fn subject(world: &World, project: &Project, question: &Question) -> Subject {
    events_open::about(question.people_query(world.today(project)).ok(), question)
}

pub(super) fn answer(world: &World, project: &Project, question: &Question, fault: Option<&Fault>) -> Answer {
    let today = world.today(project);
    let query = match question.people_query(today) {
        Ok(query) => query,
        Err(refusal) => return refusal,
    };
    if query.last > today {
        return Answer::bad_date("Invalid date: to is in the future");
    }
    match world.knows(&query.event) {
        Known::Exported => {}
        // Who never did anything that can be exported is out of reach.
        Known::CountedOnly => return Answer::export_not_allowed(),
        Known::No if query.event == ANY_EVENT || world.config.unknown_event == UnknownEvent::Empty => {}
        Known::No => return Answer::invalid_event(400, &query.event),
    }
    let people = world.people(project, &query);
    let sweep = Sweep::new(Arc::clone(&project.shop), &people, days_since_epoch(today), question.flags());
    walk_page::opened(world, project, question, query, Listing::People(sweep), fault)
}
