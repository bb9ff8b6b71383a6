//! The tables beside `events`: every one against an expectation of its own.

mod campaigns;
mod counts;
mod guarded;
mod items;
mod oddities;
mod people;
mod slow;
