//! What is kept of each day of a plan, without loading anything: the numbers behind the chart of rows per day.

use jiff::civil::Date;

use super::{DayState, Freshness, NotReady, Rules};
use crate::plan::ReadPlan;

/// One day over all sources of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptDay {
    pub day: Date,
    /// Rows of the sources that are kept.
    pub rows: u64,
    pub kept: Kept,
    /// Whether it may still change.
    pub is_open: bool,
    /// Whether what is missing or too old is being loaded at this moment.
    pub is_loading: bool,
}

/// How much of a day is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Every source: the rows are those of the day.
    Whole,
    /// Some of the events asked for.
    Partly,
    Nothing,
    /// A day to come, of which there are no rows.
    Future,
}

impl Freshness {
    /// The plan's days in order. A kept day that is older than allowed counts as kept: its rows are those of that time.
    pub async fn kept_days(&self, plan: &ReadPlan) -> Result<Vec<KeptDay>, NotReady> {
        let feed = self.feeds.get(&plan.account).ok_or(NotReady::Unsettled)?;
        let now = self.clock.now();
        let today = self.clock.today(&feed.settings.timezone);
        let mut sources = Vec::with_capacity(plan.sources.len());
        for source in &plan.sources {
            let rules = Rules::of(&feed.settings, &source.keeping, plan.demand.max_age);
            let snapshot = self.store.table(&source.key).snapshot().await?;
            sources.push((rules, snapshot, self.loading(source)));
        }
        let look = |day: Date| {
            if day > today {
                return KeptDay { day, rows: 0, kept: Kept::Future, is_open: true, is_loading: false };
            }
            let (mut rows, mut kept, mut is_open, mut is_loading) = (0, 0, false, false);
            for (rules, snapshot, loading) in &sources {
                let stored = snapshot.days.get(&day);
                let state = rules.state(stored, day, now);
                if let Some(stored) = stored.filter(|_| state != DayState::Missing) {
                    kept += 1;
                    rows += stored.rows;
                }
                is_open |= state != DayState::Sealed;
                is_loading |= state.is_wanting() && loading.iter().any(|days| days.contains(&day));
            }
            let kept = match kept {
                0 => Kept::Nothing,
                some if some < sources.len() => Kept::Partly,
                _ => Kept::Whole,
            };
            KeptDay { day, rows, kept, is_open, is_loading }
        };
        Ok(plan.days.iter().map(look).collect())
    }
}
