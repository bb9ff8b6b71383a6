//! Numbers of CleverTap's own counting: events, people, trends, the most frequent values, who is there now.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::World;
use crate::clevertap::{RealTimeSlice, TopQuery, TrendBy as ClientTrendBy, TrendQuery};
use crate::flatten::records::{self, Placed, TopOf};
use crate::freshness::job::FillError;
use crate::period::Days;
use crate::plan::{Filters, LONGEST_TREND, Question, TrendBy};
use crate::request::nearest;
use crate::store::TableKey;
use crate::table::Origin;

/// The records of these kept days.
pub(super) async fn records(world: &World<'_>, days: Days) -> Result<Vec<u8>, FillError> {
    let (client, event) = (&world.feed.client, world.event());
    let whole = Placed::On(days.last);
    Ok(match &world.source.question {
        Question::EventCounts { filters } => {
            let mut counts = Vec::new();
            for day in days.iter() {
                let count = client.event_count(&world.query(filters, Days::one(day)), world.rank.clone()).await?;
                counts.push((day, day, count));
            }
            records::counts(event, &counts, Placed::Within(days))
        }
        Question::ProfileCounts { filters, over: None } => {
            let mut counts = Vec::new();
            for day in days.iter() {
                let count = client.profile_count(&world.query(filters, Days::one(day)), world.rank.clone()).await?;
                counts.push((day, day, count));
            }
            records::counts(event, &counts, Placed::Within(days))
        }
        Question::ProfileCounts { filters, over: Some(over) } => {
            let count = client.profile_count(&world.query(filters, *over), world.rank.clone()).await?;
            records::counts(event, &[(over.first, over.last, count)], whole)
        }
        Question::Trend { filters, by, unique, sum, over } => {
            let points = match trend(world, filters, *by, *unique, sum.as_deref(), over.unwrap_or(days)).await {
                Err(FillError::Upstream(error)) if error.is_unknown_property() => {
                    return Err(match sum {
                        Some(property) => unknown(world, "sum", "event_properties", property).await,
                        None => error.into(),
                    });
                }
                points => points?,
            };
            let points = points.values().map(|(key, value)| (key.as_str(), value.as_str()));
            let placed = if over.is_some() { whole } else { Placed::Within(days) };
            records::trend(event, kind(*by), *unique, points, placed)?
        }
        Question::TopProperties { filters, property_type, property, limit, over } => {
            let query = TopQuery {
                query: world.query(filters, *over),
                property_type: property_type.clone(),
                property: property.clone(),
                limit: *limit,
            };
            let values = match client.top_properties(&query, world.rank.clone()).await {
                Err(error) if error.is_unknown_property() => {
                    return Err(unknown(world, "property", property_type, property).await);
                }
                values => values?,
            };
            let rows = values.iter().map(|top| (top.value_type.as_str(), top.value.as_str(), top.count));
            records::top(TopOf { event, property_type, property }, rows, days.last)
        }
        Question::RealTime { slices } => {
            let wanted: Vec<RealTimeSlice> =
                RealTimeSlice::ALL.into_iter().filter(|slice| slices.iter().any(|name| name == slice.name())).collect();
            let now = client.real_time(&wanted, world.rank.clone()).await?;
            let rows = now.slices.iter().map(|(slice, value, count)| (slice.as_str(), value.as_str(), *count));
            records::real_time(now.count, rows, world.now, days.last)
        }
        _ => return Err(FillError::Aborted),
    })
}

/// A refusal of the property, with the nearest one that is kept of the event. Others hear of it too, so it is none that
/// is personal.
async fn unknown(world: &World<'_>, parameter: &'static str, kind: &str, property: &str) -> FillError {
    let prefix = match kind {
        "event_properties" => "prop_",
        "session_properties" => "session_",
        _ => "profile_",
    };
    let key = TableKey { table: "events".to_owned(), part: None, ..world.source.key.clone() };
    let kept = world.store.table(&key).snapshot().await.ok();
    let near = kept.and_then(|kept| {
        let names = kept.columns.iter().filter_map(|column| match &column.origin {
            Origin::Property(keys) if column.name.starts_with(prefix) => keys.last().map(String::as_str),
            _ => None,
        });
        nearest(property, names.filter(|name| !world.policy.value_is_personal(kind, name))).map(str::to_owned)
    });
    FillError::UnknownProperty { parameter, property: property.to_owned(), near }
}

fn kind(by: TrendBy) -> records::TrendBy {
    match by {
        TrendBy::Day => records::TrendBy::Day,
        TrendBy::Week => records::TrendBy::Week,
        TrendBy::Month => records::TrendBy::Month,
    }
}

/// Every period of these days with CleverTap's key for it and its value, by its first day. A period that CleverTap leaves
/// out had nothing: 0.
async fn trend(
    world: &World<'_>,
    filters: &Filters,
    by: TrendBy,
    unique: bool,
    sum: Option<&str>,
    days: Days,
) -> Result<BTreeMap<Date, (String, String)>, FillError> {
    let Some(asked) = Days::new(days.first, days.last.min(world.today)) else { return Ok(BTreeMap::new()) };
    let mut found: BTreeMap<Date, (String, String)> = BTreeMap::new();
    let mut weeks_are_dates = false;
    for piece in pieces(by, asked) {
        let query = TrendQuery {
            query: world.query(filters, piece),
            by: match by {
                TrendBy::Day => ClientTrendBy::Daily,
                TrendBy::Week => ClientTrendBy::Weekly,
                TrendBy::Month => ClientTrendBy::Monthly,
            },
            unique,
            sum: sum.map(str::to_owned),
        };
        for point in world.feed.client.trend(&query, world.rank.clone()).await? {
            let first = kind(by).days(&point.key).map(|(first, _)| by.around(first).0);
            let Some(first) = first.filter(|first| piece.contains(*first) || by.around(piece.first).0 == *first) else {
                return Err(FillError::OutsidePeriods { key: point.key });
            };
            weeks_are_dates |= point.key.len() == 8;
            if found.insert(first, (point.key.clone(), point.value)).is_some() {
                return Err(FillError::OutsidePeriods { key: point.key });
            }
        }
    }
    let mut first = by.around(asked.first).0;
    while first <= asked.last {
        let key = || match by {
            TrendBy::Day => first.strftime("%Y%m%d").to_string(),
            TrendBy::Week if weeks_are_dates => first.strftime("%Y%m%d").to_string(),
            TrendBy::Week => first.strftime("%G%V").to_string(),
            TrendBy::Month => first.strftime("%Y%m").to_string(),
        };
        found.entry(first).or_insert_with(|| (key(), "0".to_owned()));
        let Ok(next) = by.around(first).1.tomorrow() else { break };
        first = next;
    }
    Ok(found)
}

/// Runs of whole periods that CleverTap answers in one trend.
fn pieces(by: TrendBy, days: Days) -> Vec<Days> {
    let mut pieces: Vec<Days> = Vec::new();
    let mut first = days.first;
    while first <= days.last {
        let last = by.around(first).1.min(days.last);
        match pieces.last_mut() {
            Some(piece) if (Days { first: piece.first, last }).count() <= LONGEST_TREND => piece.last = last,
            _ => pieces.push(Days { first, last }),
        }
        let Ok(next) = last.tomorrow() else { break };
        first = next;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_long_trend_is_cut_between_periods() {
        let days = Days { first: date(2025, 1, 1), last: date(2026, 11, 23) };
        for by in [TrendBy::Day, TrendBy::Week, TrendBy::Month] {
            let pieces = pieces(by, days);
            assert_eq!(pieces.first().map(|piece| piece.first), Some(days.first));
            assert_eq!(pieces.last().map(|piece| piece.last), Some(days.last));
            assert!(pieces.iter().all(|piece| piece.count() <= LONGEST_TREND));
            for pair in pieces.windows(2) {
                assert_eq!(pair[0].last.tomorrow().unwrap(), pair[1].first);
                assert_eq!(by.around(pair[1].first).0, pair[1].first, "{by:?}");
            }
        }
        assert_eq!(pieces(TrendBy::Month, days).len(), 2);
    }
}
