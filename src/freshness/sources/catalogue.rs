//! What the project is known to have: CleverTap's schema, and what the store has seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::World;
use crate::clevertap::UpstreamError;
use crate::flatten::records::{self, KnownBy, KnownEvent, ProfileProperty};
use crate::freshness::job::FillError;
use crate::plan::Question;
use crate::store::{Snapshot, TableKey};
use crate::table::{Column, Origin};

/// The records of the one unit of a catalogue.
pub(super) async fn records(world: &World<'_>, day: Date) -> Result<Vec<u8>, FillError> {
    match &world.source.question {
        Question::EventCatalog => events(world, day).await,
        _ => properties(world, day).await,
    }
}

/// What the account's schema API says; nothing when it refuses, which some projects' do.
fn unless_refused(answer: Result<Vec<String>, UpstreamError>) -> Result<Vec<String>, FillError> {
    match answer {
        Ok(names) => Ok(names),
        Err(error @ (UpstreamError::Refused { .. } | UpstreamError::Malformed { .. })) => {
            tracing::info!(%error, "the schema is not to be had, the catalogue says what the store has seen");
            Ok(Vec::new())
        }
        Err(error) => Err(error.into()),
    }
}

async fn events(world: &World<'_>, day: Date) -> Result<Vec<u8>, FillError> {
    let named = unless_refused(world.feed.client.event_names(world.rank.clone()).await)?;
    let mut known: BTreeMap<String, (KnownBy, Option<Arc<Snapshot>>)> =
        named.into_iter().map(|name| (name, (KnownBy::Schema, None))).collect();
    for key in kept(world, "events").await? {
        let snapshot = world.store.table(&key).snapshot().await?;
        if let Some(name) = key.event.filter(|_| key.part.is_none()) {
            known.entry(name).or_insert((KnownBy::Store, None)).1 = Some(snapshot);
        }
    }
    Ok(records::event_catalog(
        known.iter().map(|(name, (known_by, kept))| {
            let days = kept.iter().flat_map(|kept| kept.days.iter().filter(|(_, stored)| stored.rows > 0));
            KnownEvent {
                event_name: name,
                known_by: *known_by,
                first_day: days.clone().next().map(|(day, _)| *day),
                last_day: days.clone().last().map(|(day, _)| *day),
                rows: kept.as_ref().map(|_| days.map(|(_, stored)| stored.rows).sum()),
            }
        }),
        day,
    ))
}

async fn properties(world: &World<'_>, day: Date) -> Result<Vec<u8>, FillError> {
    let named = unless_refused(world.feed.client.user_properties(world.rank.clone()).await)?;
    let mut known: BTreeMap<String, Option<Column>> = named.into_iter().map(|name| (name, None)).collect();
    // The table of people comes last and has the last word.
    for table in ["events", "profiles"] {
        for key in kept(world, table).await? {
            let snapshot = world.store.table(&key).snapshot().await?;
            for column in snapshot.columns.iter() {
                let Origin::Property(keys) = &column.origin else { continue };
                if let [profile, data, name] = keys.as_slice()
                    && profile == "profile"
                    && data == "profileData"
                {
                    known.insert(name.clone(), Some(column.clone()));
                }
            }
        }
    }
    Ok(records::profile_properties(
        known.iter().map(|(name, column)| ProfileProperty {
            property: name,
            column: column.as_ref().map(|column| column.name.as_str()),
            kind: column.as_ref().map(|column| column.kind.name()),
            is_personal: world.policy.value_is_personal("profile_fields", name),
        }),
        day,
    ))
}

/// The account's kept tables of this name.
async fn kept(world: &World<'_>, table: &str) -> Result<Vec<TableKey>, FillError> {
    let account_id = &world.source.key.account_id;
    let mut keys = world.store.tables().await?;
    keys.retain(|key| key.account_id == *account_id && key.table == table);
    keys.sort_unstable_by(|one, other| (&one.event, &one.part).cmp(&(&other.event, &other.part)));
    Ok(keys)
}
