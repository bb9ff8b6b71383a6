//! flattap: CleverTap's events, profiles and campaigns as flat, typed tables for BI tools.
//!
//! This is the map of the house, in the order in which a request walks through it. Each room hands a plain
//! value to the next; imports point down this list only.
//!
//! | room | question it answers | hands on |
//! |---|---|---|
//! | [`http`] | how is this said on the wire? | – |
//! | [`auth`] | who is this, and what may they see? | `Granted` |
//! | [`request`] | what do they ask, typed but not yet judged? | `TableRequest` |
//! | [`catalog`] | which tables do we offer? | `TableSpec` |
//! | [`plan`] | can it be answered, and how? | `ReadPlan` |
//! | [`freshness`] | which days are missing or too old? | pinned snapshots |
//! | [`clevertap`] | what does CleverTap say? | pages |
//! | [`flatten`] | what are the cells of a record? | typed record batches |
//! | [`store`] | where is a day kept? | Delta tables |
//! | [`query`] | which rows and columns does the caller's view have? | a stream of batches |
//! | [`encode`] | which bytes is that? | CSV, JSON, Arrow, Parquet, xlsx |
//!
//! Beside the flow: [`table`] and [`period`] (the values everybody speaks), [`odata`] (the words of that protocol),
//! [`connect`] (ready texts for tools), [`config`], [`telemetry`], [`error`] (the catalogue of refusals), [`startup`] (wires
//! everything), [`cli`], [`allocator`], and [`simulator`], which is the other side
//! of the wire and shares no code with the gateway.

pub mod allocator;
pub mod auth;
pub mod catalog;
pub mod clevertap;
pub mod cli;
pub mod config;
pub mod connect;
pub mod encode;
pub mod error;
pub mod flatten;
pub mod freshness;
pub mod http;
pub mod odata;
pub mod period;
pub mod plan;
pub mod query;
pub mod request;
pub mod simulator;
pub mod startup;
pub mod store;
pub mod table;
pub mod telemetry;
