//! How is this said on the wire?

pub mod answer;
pub mod compression;
