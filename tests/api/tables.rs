//! The tables beside `events`: every one against an expectation of its own.

mod campaigns;
mod catalogue;
mod counts;
mod filters;
mod guarded;
mod items;
mod oddities;
mod people;
mod slow;
