//! The tables beside `events`: every one against an expectation of its own.

mod accounts;
mod campaigns;
mod catalogue;
mod counts;
mod filters;
mod guarded;
mod items;
mod kept;
mod oddities;
mod people;
mod several;
mod slow;
mod trends;
