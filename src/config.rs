//! The settings, typed.

mod account;

pub use account::{Account, Region};
