//! The sets of an account, as far as the caller sees them: events, items, tables that need no event, views.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Asked;
use crate::auth::Granted;
use crate::catalog::{self, Filling, TableSpec, event_items, events};
use crate::error::ApiError;
use crate::http::state::AppState;
use crate::odata::sets::{self, ITEMS, SetNames};
use crate::plan::{self, SavedQuery};
use crate::request::{QueryRequest, nearest};
use crate::store::{StoreError, TableKey};
use crate::table::{Column, ColumnType, Origin};

/// How long the catalogue of events of a server that has just started is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

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

/// Whose sets: an account, as one caller sees it.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub state: &'a AppState,
    pub granted: &'a Granted,
    /// Its name in the configuration.
    pub account: &'a str,
}

/// All sets.
pub(super) async fn all<'a>(asked: &'a Asked<'_>) -> Result<Vec<Set<'a>>, ApiError> {
    let scope = asked.scope();
    let events = visible_events(scope).await?;
    let names = SetNames::new(events.iter().map(String::as_str));
    let mut sets = of_events(scope, &events, &names);
    sets.extend(of_tables(scope, &events));
    sets.extend(of_views(scope));
    sets.extend(items(scope, &events).await?.into_iter().map(|items| items.set(&names)));
    Ok(sets)
}

/// The set of this name. One that the caller does not see is refused as one that does not exist.
///
/// Errors: a name that several events meet in is no set's.
pub(super) async fn find<'a>(asked: &'a Asked<'_>, name: &str) -> Result<Set<'a>, ApiError> {
    let scope = asked.scope();
    let events = visible_events(scope).await?;
    let names = SetNames::new(events.iter().map(String::as_str));
    let mut sets = of_events(scope, &events, &names);
    sets.extend(of_tables(scope, &events));
    sets.extend(of_views(scope));
    if let Some(found) = sets.iter().position(|set| set.name == name) {
        return Ok(sets.swap_remove(found));
    }
    let called = |what: What<'a>| Set { name: name.to_owned(), what };
    if scope.granted.sees_table(events::TABLE.name) {
        if let Some(event) = events.iter().find(|event| sets::lasting_of_event(event) == name) {
            return Ok(called(What::Events { event: event.clone() }));
        }
        let meeting = events.iter().filter(|event| sets::plain_of_event(event) == name);
        let meeting: Vec<_> = meeting.map(|event| (event.as_str(), names.of_event(event))).collect();
        if meeting.len() > 1 {
            return Err(ApiError::set_ambiguous(name, &meeting));
        }
    }
    if scope.granted.sees_table(event_items::TABLE.name) && name.starts_with("event_items_") {
        let items = items(scope, &events).await?;
        let is_it = |items: &&Items| items.set(&names).name == name || items.lasting() == name;
        if let Some(found) = items.iter().find(is_it) {
            return Ok(called(found.set(&names).what));
        }
        // Whether an event that was never loaded has items is not known: it is if somebody says so.
        let said = |event: &&String| names.of_items(event, None) == name || sets::lasting_of_items(event, None) == name;
        if let Some(event) = events.iter().find(said) {
            return Ok(called(What::Items { event: event.clone(), property: ITEMS.to_owned() }));
        }
        let meeting = events.iter().filter(|event| sets::plain_of_items(event, None) == name);
        let meeting: Vec<_> = meeting.map(|event| (event.as_str(), names.of_items(event, None))).collect();
        if meeting.len() > 1 {
            return Err(ApiError::set_ambiguous(name, &meeting));
        }
        sets.extend(items.iter().map(|items| items.set(&names)));
    }
    let near = nearest(name, sets.iter().map(|set| set.name.as_str())).map(str::to_owned);
    Err(ApiError::set_unknown(name, near))
}

/// The name of the set with the rows of a table for these events; `None` where no set has them.
pub(super) async fn name_of(
    scope: Scope<'_>,
    spec: &'static TableSpec,
    of: &[String],
    property: Option<&str>,
) -> Result<Option<String>, ApiError> {
    let events = visible_events(scope).await?;
    let names = SetNames::new(events.iter().map(String::as_str));
    Ok(match (spec.filling, of, property) {
        (Filling::Events, [event], _) => Some(names.of_event(event)),
        (Filling::EventItems, [event], None | Some(ITEMS)) => Some(names.of_items(event, None)),
        (Filling::EventItems, [event], Some(property)) => {
            let known = items(scope, std::slice::from_ref(event)).await?;
            known.iter().find(|items| items.property == property).map(|items| items.set(&names).name)
        }
        _ => of_tables(scope, &events).find(|set| set.name == spec.name).map(|set| set.name),
    })
}

/// The events of the project that the caller sees, by name.
async fn visible_events(scope: Scope<'_>) -> Result<Vec<String>, ApiError> {
    let feed = scope.state.freshness.feed(scope.account).ok_or_else(|| ApiError::internal("no feed"))?;
    let is_seen = |name: &str| scope.granted.sees_event(name);
    if let Some(known) = feed.known_events.names_when_asked(PATIENCE).await {
        return Ok(known.iter().filter(|name| is_seen(name)).cloned().collect());
    }
    // CleverTap does not give its schema: what was loaded before is known.
    let account_id = &feed.settings.account_id;
    let kept = scope.state.store.tables().await?.into_iter();
    let events = kept.filter(|key| key.account_id == *account_id && key.table == events::TABLE.name);
    let names: BTreeSet<String> = events.filter_map(|key| key.event).filter(|name| is_seen(name)).collect();
    Ok(names.into_iter().collect())
}

fn of_events<'a>(scope: Scope<'_>, events: &[String], names: &SetNames) -> Vec<Set<'a>> {
    let seen = events.iter().filter(|_| scope.granted.sees_table(events::TABLE.name));
    seen.map(|event| Set { name: names.of_event(event), what: What::Events { event: event.clone() } }).collect()
}

fn of_tables<'a>(scope: Scope<'a>, events: &[String]) -> impl Iterator<Item = Set<'a>> {
    let has_event = |spec: &TableSpec| {
        let default = spec.own_parameter("event").and_then(|event| event.default);
        default.is_none_or(|default| events.iter().any(|event| event == default))
    };
    let tables = catalog::tables().iter().copied().filter(|spec| sets::is_one(spec));
    let seen = tables.filter(move |spec| scope.granted.sees_table(spec.name) && has_event(spec));
    seen.map(|spec| Set { name: spec.name.to_owned(), what: What::Table(spec) })
}

fn of_views<'a>(scope: Scope<'a>) -> impl Iterator<Item = Set<'a>> {
    let seen = scope.state.views.seen_by(scope.granted).filter(move |view| is_readable(scope, view));
    seen.map(|view| Set { name: sets::of_view(&view.name), what: What::View(view) })
}

/// Whether all tables of the view are there for the caller.
fn is_readable(scope: Scope<'_>, view: &SavedQuery) -> bool {
    let request = QueryRequest {
        account: Some(scope.account.to_owned()),
        period: view.range.unwrap_or_default(),
        fresh: None,
        wait: None,
        output: Default::default(),
        values: Vec::new(),
    };
    let granted = scope.granted.through_view();
    scope.state.in_world(|world| plan::query(world, &granted, &view.query, &request, Vec::new())).is_ok()
}

/// A list of objects in an event's property.
struct Items {
    event: String,
    property: String,
    /// The column that holds it; `None` for [`ITEMS`], which need not be named.
    column: Option<String>,
}

impl Items {
    fn set<'a>(&self, names: &SetNames) -> Set<'a> {
        Set {
            name: names.of_items(&self.event, self.column.as_deref()),
            what: What::Items { event: self.event.clone(), property: self.property.clone() },
        }
    }

    fn lasting(&self) -> String {
        sets::lasting_of_items(&self.event, self.column.as_deref())
    }
}

/// The items that are known: `Items` of events that have such a property, and what was asked for before.
async fn items(scope: Scope<'_>, events: &[String]) -> Result<Vec<Items>, ApiError> {
    let Some(settings) = scope.state.config.accounts.get(scope.account) else { return Ok(Vec::new()) };
    if !scope.granted.sees_table(event_items::TABLE.name) {
        return Ok(Vec::new());
    }
    let store = &scope.state.store;
    let key = |table: &str, event: &str, part: Option<String>| TableKey {
        account_id: settings.account_id.clone(),
        table: table.to_owned(),
        event: Some(event.to_owned()),
        part,
    };
    let mut known = Vec::new();
    for event in events {
        let columns = match store.table(&key(events::TABLE.name, event, None)).snapshot().await {
            Ok(snapshot) => snapshot.columns.clone(),
            // One damaged table must not hide the others.
            Err(StoreError::Corrupt { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        for (column, property) in columns.iter().filter_map(|column| Some((column, list_of(column)?))) {
            let is_usual = property == ITEMS;
            let part = plan::whole_items(property);
            let is_known = is_usual || {
                let made = store.table(&key(event_items::TABLE.name, event, Some(part))).snapshot().await?;
                !made.columns.is_empty()
            };
            if is_known {
                let column = (!is_usual).then(|| column.name.clone());
                known.push(Items { event: event.clone(), property: property.to_owned(), column });
            }
        }
    }
    Ok(known)
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
