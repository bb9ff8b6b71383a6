//! Is a stored day good enough? Pure rules of contract 5.4.
//!
//! A day is *open* until `late_days` after its end. An open day is read again when it is older than the age allowed.
//! Once that time has passed it is read one last time, which catches the rows that came late, and is then *sealed*.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::config::Account;
use crate::period::{day_number, end_of_day, zone_name};
use crate::plan::Keeping;
use crate::store::StoredDay;

const SECONDS_PER_DAY: i64 = 86_400;

/// What a day is worth to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayState {
    Missing,
    /// Kept, but older than allowed.
    Expired,
    /// Open and young enough.
    Fresh,
    /// Read after its last late row could come: never asked for again.
    Sealed,
}

impl DayState {
    pub fn is_wanting(self) -> bool {
        matches!(self, Self::Missing | Self::Expired)
    }
}

/// How old is too old, for one account and one request.
#[derive(Clone, Debug)]
pub struct Rules {
    zone: TimeZone,
    /// `None`: nothing is ever final.
    late_days: Option<u32>,
    max_age: Duration,
}

impl Rules {
    /// `max_age` replaces the table's own.
    pub fn of(settings: &Account, keeping: &Keeping, max_age: Option<Duration>) -> Self {
        Self { zone: settings.timezone.clone(), late_days: keeping.late_days, max_age: max_age.unwrap_or(keeping.ttl) }
    }

    pub fn state(&self, stored: Option<&StoredDay>, day: Date, now: Timestamp) -> DayState {
        let Some(stored) = stored.filter(|stored| self.is_of_this_zone(stored)) else {
            return DayState::Missing;
        };
        if self.is_sealed(stored, day) {
            DayState::Sealed
        } else if age(stored, now) <= self.max_age {
            DayState::Fresh
        } else {
            DayState::Expired
        }
    }

    /// Whether the day's instants were computed with the zone configured now; otherwise it must be read again.
    pub fn is_of_this_zone(&self, stored: &StoredDay) -> bool {
        stored.facts.zone == zone_name(&self.zone)
    }

    /// How long a kept day will still be good enough.
    pub fn stays_fresh(&self, stored: &StoredDay, day: Date, now: Timestamp) -> Duration {
        if self.is_sealed(stored, day) {
            return Duration::MAX;
        }
        self.max_age.saturating_sub(age(stored, now))
    }

    /// Whether the day was read after the instant from which a reading of it is final.
    fn is_sealed(&self, stored: &StoredDay, day: Date) -> bool {
        self.late_days.is_some_and(|late_days| {
            // No zone's midnight is a day away from that of UTC, and most days were read long after theirs.
            let midnight = (i64::from(day_number(day)) + i64::from(late_days) + 1) * SECONDS_PER_DAY;
            let after = stored.facts.fetched_at.as_second() - midnight;
            if after.abs() > SECONDS_PER_DAY {
                return after > 0;
            }
            let last_open = day.checked_add(i64::from(late_days).days()).unwrap_or(Date::MAX);
            stored.facts.fetched_at >= end_of_day(last_open, &self.zone)
        })
    }
}

fn age(stored: &StoredDay, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(stored.facts.fetched_at)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::DayFacts;

    #[test]
    fn a_day_is_sealed_from_the_very_instant_on_in_every_zone() {
        let day = jiff::civil::date(2026, 10, 24);
        for name in ["UTC", "Asia/Kolkata", "Europe/Berlin", "Pacific/Kiritimati", "Pacific/Pago_Pago"] {
            let zone = TimeZone::get(name).unwrap();
            for late_days in [0, 1, 3, 45] {
                let rules = Rules { zone: zone.clone(), late_days: Some(late_days), max_age: Duration::ZERO };
                let sealed_at = end_of_day(day.checked_add(i64::from(late_days).days()).unwrap(), &zone);
                for (hours, sealed) in
                    [(-1000, false), (-25, false), (-1, false), (0, true), (1, true), (25, true), (1000, true)]
                {
                    let fetched_at = sealed_at.checked_add(jiff::SignedDuration::from_hours(hours)).unwrap();
                    let facts = DayFacts { fetched_at, changed_at: fetched_at, content: 0, zone: name.to_owned() };
                    let stored = StoredDay { path: String::new(), size: 0, rows: 0, facts };
                    assert_eq!(rules.is_sealed(&stored, day), sealed, "{name}, {late_days} days, {hours} hours");
                }
                let just_before = sealed_at.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap();
                let facts =
                    DayFacts { fetched_at: just_before, changed_at: just_before, content: 0, zone: name.to_owned() };
                assert!(!rules.is_sealed(&StoredDay { path: String::new(), size: 0, rows: 0, facts }, day));
            }
        }
    }
}
