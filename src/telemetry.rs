//! What the process says about itself: logs, the span of a request, metrics, and the times a request took.
//!
//! Rooms log through `tracing` and count through `metrics`, with the names of [`names`]; only this room knows where
//! that goes. Never said anywhere: keys, tokens, passcodes, query strings, cursors, record bodies.

mod lines;
mod logs;
mod metrics;
pub mod names;
mod span;
mod timing;

pub use self::logs::{Reader, init};
pub use self::metrics::{Metrics, count_refused_credential};
pub use self::span::RequestSpans;
pub use self::timing::{ServerTiming, Stage};
