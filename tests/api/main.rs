//! flattap as its callers meet it: every test speaks HTTP to a spawned gateway with the simulator behind it.
//!
//! One binary, because linking is what takes time. A test starts with `TestGateway::start()` (or `.with(…)` to change
//! one thing), asks for something with `gateway.get(…)`, and checks status and body together.

mod access;
mod answers;
mod clients;
mod columns;
mod connect;
mod container;
mod crash;
mod errors;
mod faults;
mod formats;
mod freshness;
mod interface;
mod limits;
mod odata;
mod openapi;
mod pages;
mod process;
mod pull;
mod secrets;
mod selection;
mod sharing;
mod sql;
mod support;
mod tables;
mod truth;
