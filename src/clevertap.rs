//! What does CleverTap say? The client of its read APIs.
//!
//! In: an account, a query and a [`Rank`]. Out: pages of raw records, numbers, names, or an [`UpstreamError`] whose
//! variants are the decisions a caller can take. It knows the wire (hosts, headers, cursors, the many shapes of a
//! refusal), asks politely (slots per API, back-off, waiting times) and reads no record: that is `flatten`'s work.
//! Written after CleverTap's public documentation and what others observed of it, as of November 2026.
//!
//! An endpoint is one file: it names its `Api` (which gives it slots), builds a `Call`, hands it to `CleverTap::ask`
//! and picks its fields out of the `Answer`. `events` and `profiles` are exports, walked over page by page (`export`,
//! `walk`); `event_count`, `profile_count`, `trends` and `top_properties` may be unfinished at first (`partial`);
//! `profile`, `real_time`, `campaigns`, `campaign_report`, `message_reports` and `schema` answer at once. `check` asks
//! every API once.

mod account;
mod answer;
mod ask;
mod call;
mod campaign_report;
mod campaigns;
mod check;
mod connection;
mod cursor;
mod error;
mod event_count;
mod events;
mod export;
mod filters;
mod message_reports;
mod meter;
mod pacing;
mod partial;
mod profile;
mod profile_count;
mod profiles;
mod quote;
mod real_time;
mod schema;
mod top_properties;
mod trends;
mod tuning;
mod value;
mod verdict;
mod walk;

#[cfg(test)]
mod fake_server;

pub use account::CleverTap;
pub use campaign_report::CampaignReport;
pub use campaigns::Campaign;
pub use check::ApiCheck;
pub use error::UpstreamError;
pub use events::EventQuery;
pub use filters::Filters;
pub use message_reports::MessageQuery;
pub use pacing::{Rank, RankHandle};
pub use profile::ProfileKey;
pub use real_time::{RealTime, RealTimeSlice};
pub use top_properties::{TopQuery, TopValue};
pub use trends::{TrendBy, TrendPoint, TrendQuery};
pub use tuning::Tuning;
pub use walk::{Page, Walk};
