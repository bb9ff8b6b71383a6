//! Request + catalogue + grant → [`ReadPlan`], or a refusal that cost CleverTap nothing.
//!
//! The plan is a plain value: it can be printed, compared and tested without a store or a network. It decides *what*
//! is read and in *whose view*; whether the days are at hand is `freshness`' question, how they are read `query`'s.

mod question;
mod refusal;
mod selection;
mod sql;
mod view;
mod views;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::auth::{Granted, Policy};
use crate::catalog::{Filling, Period, TableSpec};
use crate::config::{Account, Config, PiiMode};
use crate::period::{Clock, Days, start_of_day};
use crate::request::{Partial, RefreshRequest, RequestError, Selection, TableRequest};

pub use question::{Filters, Keeping, LONGEST_TREND, Lookup, Question, Source, TrendBy, is_passing, whole_items};
pub use refusal::PlanError;
pub use sql::{Query, QueryPlan, QueryTable, SqlError, query, sql_name};
pub use view::View;
pub use views::{SavedQuery, ViewError, Views};

/// What will be read, for whom, and how fresh it must be.
#[derive(Clone, Debug)]
pub struct ReadPlan {
    pub spec: &'static TableSpec,
    /// The account's name in the configuration.
    pub account: String,
    /// One kept table per event asked for, in the order asked; one for a table without events.
    pub sources: Vec<Source>,
    /// The days asked for; they may reach into the future.
    pub days: Days,
    /// Whether the kept rows of each source are added up to one.
    pub sum: Sum,
    /// The midnight at which a period like `last_7_days` last moved: the same address meant other days before.
    pub moved_at: Timestamp,
    /// Half-open bounds on `event_time`, when date-times were asked for.
    pub window: Option<(DateTime, DateTime)>,
    pub view: View,
    /// What of the view's rows is wanted.
    pub selection: Selection,
    /// The project's zone.
    pub zone: TimeZone,
    pub demand: Demand,
}

impl ReadPlan {
    /// What the answer is about besides its table and events, as words for the name of a file.
    pub fn subject(&self) -> Vec<String> {
        match self.sources.first().map(|source| &source.question) {
            Some(Question::CampaignReport { id }) => vec![id.clone()],
            _ if self.spec.period == Period::Unused => Vec::new(),
            _ => vec![self.days.first.to_string(), self.days.last.to_string()],
        }
    }
}

/// What becomes of the kept rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sum {
    /// They are the answer.
    Rows,
    /// One row per source with the sum of its counts over all days asked for.
    Counts,
}

/// How fresh the data must be, and how long the caller waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The oldest open day that is acceptable; `None` is the account's own `open_day_ttl`.
    pub max_age: Option<Duration>,
    pub wait: Duration,
    pub partial: Partial,
}

/// What a plan is judged against.
pub struct World<'a> {
    pub config: &'a Config,
    pub clock: &'a Clock,
    pub policy: &'a Arc<Policy>,
    /// The event names an account is known to have; `None` when that is not known.
    pub known_events: &'a dyn Fn(&str) -> Option<Arc<BTreeSet<String>>>,
}

impl World<'_> {
    fn accounts(&self) -> &BTreeMap<String, Account> {
        &self.config.accounts
    }
}

/// Judges a request.
///
/// Errors: what the caller may not see is refused exactly as what does not exist.
pub fn read(
    world: &World<'_>,
    granted: &Granted,
    spec: &'static TableSpec,
    request: &TableRequest,
) -> Result<ReadPlan, PlanError> {
    // First what is wrong with the request itself, whoever's account it is about.
    let view = View::of(granted, world.policy, spec, &request.own);
    selection::check(spec, &view, &request.selection)?;
    if !request.period.has_whole_days() && !spec.columns.iter().any(|column| column.name == "event_time") {
        return Err(RequestError::Contradiction {
            parameter: "from",
            other: "table",
            why: "its rows are whole days; give days, or date-times at midnight",
        }
        .into());
    }
    let account = account_of(world, granted, request.account.as_deref())?;
    let settings = world.accounts().get(account).ok_or_else(|| PlanError::unknown_account(account))?;
    let today = world.clock.today(&settings.timezone);
    let period = request.period.resolve(today, world.config.limits.range_days)?;
    let known = (world.known_events)(account);
    for event in &request.events {
        event_is_there(granted, known.as_deref(), event)?;
    }
    if let Some(filters) = &request.filters {
        filters_are_seen(world, granted, known.as_deref(), filters)?;
    }
    if let Some(property) = request.own.one("sum")
        && granted.pii() != PiiMode::Clear
        && world.policy.value_is_personal("event_properties", property)
    {
        return Err(PlanError::PersonalSum { property: property.to_owned() });
    }
    let days = selection::narrowed(spec, period.days, &request.selection, &settings.timezone);
    let sources = question::sources(spec, request, settings, days, today);
    let sum = match (spec.filling, request.own.one("by")) {
        (Filling::EventCounts, by) if by != Some("day") => Sum::Counts,
        _ => Sum::Rows,
    };
    let server = &world.config.server;
    Ok(ReadPlan {
        spec,
        account: account.to_owned(),
        sources,
        days,
        moved_at: start_of_day(today, &settings.timezone),
        sum,
        window: period.window,
        view,
        selection: request.selection.clone(),
        zone: settings.timezone.clone(),
        demand: Demand {
            max_age: request.fresh.map(|fresh| fresh.max(server.fresh_floor)),
            wait: request.wait.unwrap_or(server.default_wait).min(server.max_wait),
            partial: request.partial,
        },
    })
}

/// Judges the wish to load days again.
pub fn reload(
    world: &World<'_>,
    granted: &Granted,
    spec: &'static TableSpec,
    wish: &RefreshRequest,
) -> Result<ReadPlan, PlanError> {
    let request = wish.of(spec)?;
    read(world, granted, spec, &request)
}

/// The account asked for, or the only one the caller sees.
pub fn account_of<'a>(world: &'a World<'_>, granted: &Granted, asked: Option<&str>) -> Result<&'a str, PlanError> {
    let mut visible = world.accounts().keys().map(String::as_str).filter(|name| granted.sees_account(name));
    match asked {
        Some(asked) => visible.clone().find(|name| *name == asked).ok_or_else(|| {
            let visible: Vec<&str> = visible.collect();
            PlanError::UnknownAccount { asked: asked.to_owned(), near: nearest(asked, &visible) }
        }),
        None => match (visible.next(), visible.next()) {
            (None, _) => Err(PlanError::NoAccount),
            (Some(only), None) => Ok(only),
            (Some(first), Some(second)) => Err(PlanError::AccountNeeded {
                visible: [first, second].into_iter().chain(visible).map(str::to_owned).collect(),
            }),
        },
    }
}

fn event_is_there(granted: &Granted, known: Option<&BTreeSet<String>>, event: &str) -> Result<(), PlanError> {
    let visible = granted.sees_event(event);
    if visible && known.is_none_or(|known| known.contains(event)) {
        return Ok(());
    }
    let names: Vec<&str> =
        known.into_iter().flatten().map(String::as_str).filter(|name| granted.sees_event(name)).collect();
    Err(PlanError::UnknownEvent { asked: event.to_owned(), near: nearest(event, &names) })
}

/// A condition on what the caller does not see would tell it by the rows that it leaves.
fn filters_are_seen(
    world: &World<'_>,
    granted: &Granted,
    known: Option<&BTreeSet<String>>,
    filters: &Filters,
) -> Result<(), PlanError> {
    if granted.pii() != PiiMode::Clear
        && let Some(property) = world.policy.personal_condition(filters)
    {
        return Err(PlanError::PersonalCondition { property: property.to_owned() });
    }
    events_in(filters.get("advanced_query")).try_for_each(|event| event_is_there(granted, known, event))
}

/// The events that a filter speaks of.
fn events_in(filter: Option<&Value>) -> Box<dyn Iterator<Item = &str> + '_> {
    match filter {
        Some(Value::Array(values)) => Box::new(values.iter().flat_map(|value| events_in(Some(value)))),
        Some(Value::Object(members)) => Box::new(members.iter().flat_map(|(name, value)| match value {
            Value::String(event) if name == "event_name" => Box::new(std::iter::once(event.as_str())),
            value => events_in(Some(value)),
        })),
        _ => Box::new(std::iter::empty()),
    }
}

/// Up to three names that look like the one asked for, nearest first.
fn nearest(asked: &str, names: &[&str]) -> Vec<String> {
    let lower = asked.to_lowercase();
    let mut scored: Vec<(f64, &str)> = names
        .iter()
        .map(|name| (strsim::jaro_winkler(&lower, &name.to_lowercase()), *name))
        .filter(|(score, _)| *score > 0.75)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.into_iter().take(3).map(|(_, name)| name.to_owned()).collect()
}
