//! Refusals: the catalogue of codes, and the one shape in which every one of them leaves the house.
//!
//! Rooms name causes in enums of their own and know nothing of HTTP. Here each cause gets a code ([`Code`]), and
//! [`ApiError`] says it as `application/problem+json` (RFC 9457). [`edge`] is wrapped around the whole application: it
//! adds what only the request knows (its id, where our links lead), turns the framework's own refusals into ours, and
//! logs each one once.

mod api_error;
mod auth;
mod code;
mod edge;
mod encode;
mod framework;
mod freshness;
mod odata;
mod plan;
mod problem;
mod query;
mod refusals;
mod request;
mod upstream;

pub use api_error::ApiError;
pub use code::{Code, Entry, Fault, RETIRED, catalogue};
pub use edge::edge;
pub use framework::configure;
pub use odata::{ODataError, ODataInnerError, ODataProblem};
pub use problem::{Problem, Progress};
