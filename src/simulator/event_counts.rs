//! `/1/counts/events.json`: how often an event happened.

use super::answer::Answer;
use super::faults::Fault;
use super::given::Reading;
use super::partial;
use super::question::EventQuery;
use super::shop::Flags;
use super::world::{Project, World};

pub(super) fn answer(world: &World, project: &Project, query: &EventQuery, fault: Option<&Fault>) -> Answer {
    partial::counted(world.export(project, query, Flags::LEAN, Reading::Look).total(), fault)
}
