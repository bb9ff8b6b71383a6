//! The store's promises, tried out as its users use it: from a single-threaded runtime, as actix workers are.

mod buckets;
mod columns;
mod days;
mod faults;
mod reading;
mod sample;
mod upkeep;
mod writers;
