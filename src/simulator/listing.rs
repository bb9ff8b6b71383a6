//! What a cursor walk goes through: records of events, or people.

use super::endpoint::Api;
use super::export::Export;
use super::shop::Flags;
use super::sweep::Sweep;

/// Rows with numbers from 0.
pub enum Listing {
    Events(Export),
    People(Sweep),
}

impl Listing {
    /// Which path's cursors lead here.
    pub fn api(&self) -> Api {
        match self {
            Self::Events(_) => Api::GetEvents,
            Self::People(_) => Api::GetProfiles,
        }
    }

    pub fn flags(&self) -> Flags {
        match self {
            Self::Events(export) => export.flags,
            Self::People(sweep) => sweep.flags,
        }
    }

    pub fn total(&self) -> u64 {
        match self {
            Self::Events(export) => export.total(),
            Self::People(sweep) => sweep.total(),
        }
    }

    /// Appends the JSON of a row.
    pub fn write(&self, number: u64, out: &mut Vec<u8>) {
        match self {
            Self::Events(export) => export.write(number, out),
            Self::People(sweep) => sweep.write(number, out),
        }
    }
}
