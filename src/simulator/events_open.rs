//! `POST /1/events.json`: opens a cursor walk. The answer carries a cursor and no records.

use serde_json::json;

use super::answer::Answer;
use super::config::UnknownEvent;
use super::cursor::Mark;
use super::export::PageSize;
use super::faults::Fault;
use super::given::Reading;
use super::question::{Question, Subject};
use super::walks::Walk;
use super::world::{Known, Project, World};

pub(super) fn subject(question: &Question) -> Subject {
    let query = question.event_query().ok();
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
    if fault == Some(&Fault::NoCursor) {
        return Answer::value(&json!({"status": "success"}));
    }
    let flags = question.flags();
    let export = world.export(project, &query, flags, Reading::Export);
    let size = PageSize::from_batch_size(question.param("batch_size"));
    let walk = world.walks.open(Walk::new(&project.account_id, query, flags, export, size, world.config.clock.now()));
    let cursor = Mark { walk, page: 0, detour: 0 }.encode(world.config.seed);
    Answer::value(&json!({"status": "success", "cursor": cursor}))
}
