//! Everything the simulated CleverTap knows: its projects, open walks, computed counts, and what tests have put in.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret, SecretString};

use super::config::SimulatorConfig;
use super::deeds::Deeds;
use super::export::{Export, days_within};
use super::faults::Faults;
use super::given::{Given, Reading};
use super::log::CallLog;
use super::partial::Requests;
use super::question::{ANY_EVENT, EventQuery};
use super::shop::day::{Day, days_since_epoch};
use super::shop::events::{Access, KINDS, find};
use super::shop::{Flags, Shop, exported_events};
use super::slots::Slots;
use super::sweep::People;
use super::walks::Walks;

pub struct World {
    pub config: SimulatorConfig,
    projects: Vec<Project>,
    pub walks: Walks,
    pub counts: Requests,
    pub given: Given,
    pub slots: Slots,
    pub faults: Faults,
    pub log: CallLog,
    /// Set before the server is told to stop: its workers end a little later than the call that ends them, and
    /// until then they hang up.
    pub stopped: AtomicBool,
}

/// One account.
pub struct Project {
    pub account_id: String,
    passcode: SecretString,
    pub zone: TimeZone,
    pub shop: Arc<Shop>,
}

impl Project {
    pub fn accepts(&self, passcode: &str) -> bool {
        self.passcode.expose_secret() == passcode
    }
}

/// What can be done with an event of this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    Exported,
    CountedOnly,
    No,
}

impl World {
    pub fn new(config: SimulatorConfig) -> Self {
        let projects = config
            .accounts
            .iter()
            .map(|account| Project {
                account_id: account.account_id.clone(),
                passcode: account.passcode.clone(),
                zone: account.timezone.clone().unwrap_or_else(|| config.timezone.clone()),
                shop: Arc::new(Shop::new(config.seed, &account.account_id, config.people, config.rows)),
            })
            .collect();
        let slots = Slots::default();
        Self {
            config,
            projects,
            walks: Walks::default(),
            counts: Requests::default(),
            given: Given::default(),
            log: CallLog::new(slots.clone()),
            slots,
            faults: Faults::default(),
            stopped: AtomicBool::new(false),
        }
    }

    pub fn project(&self, account_id: &str) -> Option<&Project> {
        self.projects.iter().find(|project| project.account_id == account_id)
    }

    pub fn first_project(&self) -> Option<&Project> {
        self.projects.first()
    }

    pub fn today(&self, project: &Project) -> Date {
        self.now(project).date()
    }

    /// The first and last day with data.
    pub fn window(&self, project: &Project) -> (Date, Date) {
        let today = self.today(project);
        let days = i64::from(self.config.days.clamp(1, 36_500)) - 1;
        (today.checked_sub(days.days()).unwrap_or(Date::MIN), today)
    }

    pub fn knows(&self, event: &str) -> Known {
        match find(event).and_then(|kind| KINDS.get(kind)).map(|kind| kind.access) {
            Some(Access::Exported | Access::Discarded) => Known::Exported,
            _ if self.given.knows(event) => Known::Exported,
            Some(Access::CountedOnly) => Known::CountedOnly,
            None => Known::No,
        }
    }

    /// The rows of a period as they are at this moment.
    pub fn export(&self, project: &Project, query: &EventQuery, flags: Flags, reading: Reading) -> Export {
        let deeds = Deeds::count(self, project, query.filters.deeds());
        self.export_of(&deeds, project, query, flags, reading)
    }

    fn export_of(
        &self,
        deeds: &Deeds,
        project: &Project,
        query: &EventQuery,
        flags: Flags,
        reading: Reading,
    ) -> Export {
        let now = self.config.clock.now().as_second();
        let (opened, today) = self.window(project);
        let mut given = self.given.days(&query.event, query.first, query.last, reading);
        let days: BTreeSet<Date> =
            days_within(query.first, query.last, (opened, today)).chain(given.keys().copied()).collect();
        let mut export = Export::new(Arc::clone(&project.shop), find(&query.event), flags, days_since_epoch(today));
        for date in days {
            let Some(day) = Day::new(date, &project.zone) else { continue };
            let given = given.remove(&date);
            if opened <= date && given.as_ref().is_none_or(|given| !given.instead) {
                export.add_shop_day(day.clone(), now);
            }
            if let Some(given) = given {
                export.add_given(day, given.records);
            }
        }
        export.keep(&query.filters, deeds);
        export
    }

    /// The people who did an event in a period, or any event.
    pub fn people(&self, project: &Project, query: &EventQuery) -> People {
        let events = if query.event == ANY_EVENT {
            let own = exported_events().map(|kind| kind.name.to_owned());
            own.chain(self.given.events().into_iter().filter(|name| find(name).is_none())).collect()
        } else {
            vec![query.event.clone()]
        };
        let mut people = People::default();
        // The same for every event.
        let deeds = Deeds::count(self, project, query.filters.deeds());
        for event in events {
            let query = EventQuery { event, ..query.clone() };
            let export = self.export_of(&deeds, project, &query, Flags::LEAN, Reading::Look);
            export.rows().for_each(|(_, row)| people.add(&project.shop, row));
        }
        people
    }

    /// The project's wall clock.
    pub fn now(&self, project: &Project) -> DateTime {
        project.zone.to_datetime(self.config.clock.now())
    }
}
