//! The sets of an account, as far as the caller sees them: events, items, tables that need no event, views.
//!
//! Names are those of columns: `events_app_launched`. Where two meet, the later one in the order of the events' names has
//! a number behind it. Items come last, so that whichever of them are known moves no other name.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Asked;
use crate::catalog::{self, TableSpec, event_items, events};
use crate::error::ApiError;
use crate::odata::{Names, identifier};
use crate::plan::{self, SavedQuery};
use crate::request::{QueryRequest, nearest};
use crate::store::{StoreError, TableKey};
use crate::table::{Column, ColumnType, Origin, normalise};

/// How long the catalogue of events of a server that has just started is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The property whose items are a set without its name.
const ITEMS: &str = "Items";

/// One set.
pub(super) struct Set<'a> {
    pub name: String,
    pub what: What<'a>,
}

#[derive(Clone)]
pub(super) enum What<'a> {
    Events { event: String },
    Items { event: String, property: String },
    Table(&'static TableSpec),
    View(&'a SavedQuery),
}

impl What<'_> {
    /// The table that its rows are of; `None` for a view.
    pub fn spec(&self) -> Option<&'static TableSpec> {
        match self {
            Self::Events { .. } => Some(&events::TABLE),
            Self::Items { .. } => Some(&event_items::TABLE),
            Self::Table(spec) => Some(spec),
            Self::View(_) => None,
        }
    }
}

/// All sets.
pub(super) async fn all<'a>(asked: &Asked<'a>) -> Result<Vec<Set<'a>>, ApiError> {
    let events = visible_events(asked).await?;
    let mut names = Names::default();
    let mut sets = without_items(asked, &events, &mut names);
    sets.extend(items(asked, &events, &mut names).await?);
    Ok(sets)
}

/// The set of this name. One that the caller does not see is refused as one that does not exist.
pub(super) async fn find<'a>(asked: &Asked<'a>, name: &str) -> Result<Set<'a>, ApiError> {
    let events = visible_events(asked).await?;
    let mut names = Names::default();
    let mut sets = without_items(asked, &events, &mut names);
    if let Some(found) = sets.iter().position(|set| set.name == name) {
        return Ok(sets.swap_remove(found));
    }
    if asked.granted.sees_table(event_items::TABLE.name) && name.starts_with("event_items_") {
        sets = items(asked, &events, &mut names).await?;
        if let Some(found) = sets.iter().position(|set| set.name == name) {
            return Ok(sets.swap_remove(found));
        }
        // Whether an event that was never loaded has items is not known: it is if somebody says so.
        let said = events.iter().find(|event| identifier(&items_name(event, ITEMS)) == name);
        if let Some(event) = said {
            let what = What::Items { event: event.clone(), property: ITEMS.to_owned() };
            return Ok(Set { name: name.to_owned(), what });
        }
    }
    let near = nearest(name, sets.iter().map(|set| set.name.as_str())).map(str::to_owned);
    Err(ApiError::set_unknown(name, near))
}

/// The events of the project that the caller sees, by name.
async fn visible_events(asked: &Asked<'_>) -> Result<Vec<String>, ApiError> {
    let feed = asked.state.freshness.feed(&asked.account).ok_or_else(|| ApiError::internal("no feed"))?;
    let is_seen = |name: &str| asked.granted.sees_event(name);
    if let Some(known) = feed.known_events.names_when_asked(PATIENCE).await {
        return Ok(known.iter().filter(|name| is_seen(name)).cloned().collect());
    }
    // CleverTap does not give its schema: what was loaded before is known.
    let account_id = &feed.settings.account_id;
    let kept = asked.state.store.tables().await?.into_iter();
    let events = kept.filter(|key| key.account_id == *account_id && key.table == events::TABLE.name);
    let names: BTreeSet<String> = events.filter_map(|key| key.event).filter(|name| is_seen(name)).collect();
    Ok(names.into_iter().collect())
}

fn without_items<'a>(asked: &Asked<'a>, events: &[String], names: &mut Names) -> Vec<Set<'a>> {
    let mut sets = Vec::new();
    if asked.granted.sees_table(events::TABLE.name) {
        sets.extend(events.iter().map(|event| Set {
            name: names.own(&format!("events_{}", normalise(event))),
            what: What::Events { event: event.clone() },
        }));
    }
    let has_event = |spec: &TableSpec| {
        let default = spec.own_parameter("event").and_then(|event| event.default);
        default.is_none_or(|default| events.iter().any(|event| event == default))
    };
    let tables = catalog::tables().iter().copied().filter(|spec| spec.required.is_empty() && spec.choice.is_empty());
    let seen = tables.filter(|spec| asked.granted.sees_table(spec.name) && has_event(spec));
    sets.extend(seen.map(|spec| Set { name: names.own(spec.name), what: What::Table(spec) }));
    let views = asked.state.views.seen_by(asked.granted).filter(|view| is_readable(asked, view));
    sets.extend(views.map(|view| Set { name: names.own(&format!("view_{}", view.name)), what: What::View(view) }));
    sets
}

/// Whether all tables of the view are there for the caller.
fn is_readable(asked: &Asked<'_>, view: &SavedQuery) -> bool {
    let request = QueryRequest {
        account: Some(asked.account.clone()),
        period: view.range.unwrap_or_default(),
        fresh: None,
        wait: None,
        output: Default::default(),
        values: Vec::new(),
    };
    let granted = asked.granted.through_view();
    asked.state.in_world(|world| plan::query(world, &granted, &view.query, &request, Vec::new())).is_ok()
}

/// The items that are known: `Items` of events that have such a property, and what was asked for before.
async fn items<'a>(asked: &Asked<'a>, events: &[String], names: &mut Names) -> Result<Vec<Set<'a>>, ApiError> {
    let Some(settings) = asked.state.config.accounts.get(&asked.account) else { return Ok(Vec::new()) };
    if !asked.granted.sees_table(event_items::TABLE.name) {
        return Ok(Vec::new());
    }
    let key = |table: &str, event: &str, part: Option<String>| TableKey {
        account_id: settings.account_id.clone(),
        table: table.to_owned(),
        event: Some(event.to_owned()),
        part,
    };
    let mut known = Vec::new();
    for event in events {
        let columns = match asked.state.store.table(&key(events::TABLE.name, event, None)).snapshot().await {
            Ok(snapshot) => snapshot.columns.clone(),
            // One damaged table must not hide the others.
            Err(StoreError::Corrupt { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        for property in columns.iter().filter_map(list_of) {
            let part = plan::whole_items(property);
            let is_known = property == ITEMS || {
                let made = asked.state.store.table(&key(event_items::TABLE.name, event, Some(part))).snapshot().await?;
                !made.columns.is_empty()
            };
            if is_known {
                known.push((event.clone(), property.to_owned()));
            }
        }
    }
    // Those without a property in their name first: they keep it.
    known.sort_by_key(|(_, property)| property != ITEMS);
    let own = |(event, property): (String, String)| Set {
        name: names.own(&items_name(&event, &property)),
        what: What::Items { event, property },
    };
    Ok(known.into_iter().map(own).collect())
}

fn items_name(event: &str, property: &str) -> String {
    match property {
        ITEMS => format!("event_items_{}", normalise(event)),
        property => format!("event_items_{}_{}", normalise(event), normalise(property)),
    }
}

/// The event property that the column holds, if that may be a list of objects.
fn list_of(column: &Column) -> Option<&str> {
    match &column.origin {
        Origin::Property(keys) if matches!(column.kind, ColumnType::Json | ColumnType::Text) => match keys.as_slice() {
            [root, property] if root == "event_props" && (column.kind == ColumnType::Json || property == ITEMS) => {
                Some(property)
            }
            _ => None,
        },
        _ => None,
    }
}
