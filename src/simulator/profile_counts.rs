//! `/1/counts/profiles.json`: how many people did an event, each counted once.

use super::answer::Answer;
use super::faults::Fault;
use super::partial;
use super::question::EventQuery;
use super::world::{Project, World};

pub(super) fn answer(world: &World, project: &Project, query: &EventQuery, fault: Option<&Fault>) -> Answer {
    partial::counted(world.people(project, query).count(&project.shop), fault)
}
