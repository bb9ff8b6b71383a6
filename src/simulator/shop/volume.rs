//! How much happens: on which day, and at which hour.

use super::day::Day;
use super::events::EventKind;
use super::random::{Purpose, Random};
use crate::simulator::config::Rows;

/// Records of this event on the whole day.
pub fn of_day(seed: u64, rows: Rows, kind: usize, event: &EventKind, day: &Day) -> u32 {
    if event.per_day == 0 || day.length <= 0 {
        return 0;
    }
    match rows {
        Rows::Exactly(rows) => rows,
        Rows::Scaled(factor) => {
            let weekday = usize::from(day.date.weekday().to_monday_zero_offset().unsigned_abs());
            let week = f64::from(event.week.get(weekday).copied().unwrap_or(100)) / 100.0;
            let wobble = Random::new(seed, Purpose::Volume, kind as u64, day.number as u64).fraction();
            let rows = f64::from(event.per_day) * week * growth(day.number) * (0.92 + 0.16 * wobble) * factor;
            // A float cast saturates; a negative or broken factor gives no records.
            rows as u32
        }
    }
}

/// The shop grows by a third in ninety days. It had its average size on 2026-10-01, and stays within a quarter and
/// eight times of it.
fn growth(day: i64) -> f64 {
    const AVERAGE: i64 = 20_727;
    (1.0 + (day - AVERAGE) as f64 * 0.0037).clamp(0.25, 8.0)
}

/// How a day's records are spread over its hours.
pub struct Rhythm([f64; STEPS + 1]);

const STEPS: usize = 512;
/// Per hour of the day, in parts.
const HOURS: [f64; 24] =
    [14., 8., 5., 4., 4., 7., 16., 30., 42., 48., 52., 55., 60., 56., 50., 50., 54., 62., 74., 86., 92., 84., 58., 32.];

impl Rhythm {
    /// Turns the hourly parts around: which share of the day has passed when a share of its records has happened.
    pub fn new() -> Self {
        let all: f64 = HOURS.iter().sum();
        let mut table = [1.0; STEPS + 1];
        for (step, place) in table.iter_mut().enumerate().take(STEPS) {
            let wanted = all * step as f64 / STEPS as f64;
            let mut before = 0.0;
            for (hour, parts) in HOURS.iter().enumerate() {
                if before + parts > wanted {
                    *place = (hour as f64 + (wanted - before) / parts) / 24.0;
                    break;
                }
                before += parts;
            }
        }
        Self(table)
    }

    /// Seconds since the day's first moment, for a share of its records from 0 to 1.
    pub fn moment(&self, share: f64, length: i64) -> i64 {
        let place = share.clamp(0.0, 1.0) * STEPS as f64;
        let step = (place as usize).min(STEPS - 1);
        let (before, after) = (self.0[step], self.0[step + 1]);
        let passed = before + (after - before) * (place - step as f64);
        ((passed * length as f64) as i64).clamp(0, (length - 1).max(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_goes_forward_and_never_leaves_itself() {
        let rhythm = Rhythm::new();
        let moments: Vec<i64> = (0..=10_000).map(|n| rhythm.moment(f64::from(n) / 10_000.0, 86_400)).collect();
        assert!(moments.is_sorted());
        assert_eq!(moments.first(), Some(&0));
        assert_eq!(moments.last(), Some(&86_399));
    }

    #[test]
    fn the_evening_is_busier_than_the_night() {
        let rhythm = Rhythm::new();
        let in_hour =
            |hour: i64| (0..1000).filter(|n| rhythm.moment(f64::from(*n) / 1000.0, 86_400) / 3600 == hour).count();
        assert!(in_hour(20) > 10 * in_hour(3));
    }
}
