//! `profile_devices` and `profile_events`: the lists that a stored profile keeps as JSON, one record per element.
//!
//! Parents are pairs of `profile_id` and the JSON text of the profile's column. A parent's rows stay together and in the
//! order of its list. A list that is not of the expected shape has no rows; elements that are no objects neither.

use jiff::civil::Date;

use super::profiles::devices_in;
use super::sheet::{Sheet, child_key};
use super::value::{Members, count, said};
use crate::flatten::error::FlattenError;
use crate::flatten::kinds::date_seconds;

/// The devices of stored profiles, from their `platform_info`, kept under `day`. `device_index` is the place in the
/// list, from 0.
pub fn devices<'a>(parents: impl IntoIterator<Item = (&'a str, &'a str)>, day: Date) -> Result<Vec<u8>, FlattenError> {
    let mut sheet = Sheet::new(0);
    for (profile_id, info) in parents {
        for (index, device) in devices_in(info) {
            let mut row = sheet.row(day, child_key(profile_id, index));
            row.text("profile_id", Some(profile_id)).count("device_index", Some(index as u64));
            row.json("object_id", device.get("objectId"));
            for column in ["platform", "make", "model", "os_version", "app_version", "push_token"] {
                row.json(column, device.get(column));
            }
            row.end(&[]);
        }
    }
    Ok(sheet.finish())
}

/// The events in short of stored profiles, from their `event_summaries`, kept under `day`. A count that is no whole
/// number, and a time that is no time, is null.
pub fn event_summaries<'a>(
    parents: impl IntoIterator<Item = (&'a str, &'a str)>,
    day: Date,
) -> Result<Vec<u8>, FlattenError> {
    let mut sheet = Sheet::new(0);
    for (profile_id, summaries) in parents {
        let summaries = Members::of(summaries).unwrap_or_default();
        for (index, (event, summary)) in summaries.iter().enumerate() {
            let Some(summary) = Members::of(summary) else { continue };
            let mut row = sheet.row(day, child_key(profile_id, index));
            row.text("profile_id", Some(profile_id))
                .text("event_name", Some(event))
                .count("count", summary.get("count").and_then(count))
                .utc("first_seen", summary.get("first_seen").and_then(seconds))
                .utc("last_seen", summary.get("last_seen").and_then(seconds));
            row.end(&[]);
        }
    }
    Ok(sheet.finish())
}

/// Seconds since the Unix epoch, within the years that a timestamp has.
fn seconds(json: &str) -> Option<i64> {
    date_seconds(&format!("$D_{}", said(json).trim()))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::super::testing::{Table, any_json};
    use super::*;

    const DAY: Date = date(2026, 11, 1);

    fn device_table() -> Table {
        Table::of(&[
            "profile_id",
            "device_index integer",
            "object_id",
            "platform",
            "make",
            "model",
            "os_version",
            "app_version",
            "push_token",
        ])
    }

    fn event_table() -> Table {
        Table::of(&["profile_id", "event_name", "count integer", "first_seen utc", "last_seen utc"])
    }

    #[test]
    fn devices_keep_their_places() {
        let parents = [
            (
                "b@example.com",
                r#"[{"platform":"iOS","os_version":10.20,"objectId":"-1","push_token":"t"},null,{"make":"x"}]"#,
            ),
            ("a@example.com", r#"{"platform":"Web"}"#),
            ("c", "[]"),
            ("d", "nonsense"),
        ];
        assert_eq!(
            device_table().rows(&devices(parents, DAY).unwrap()),
            [
                "profile_id=a@example.com|device_index=0|platform=Web",
                "profile_id=b@example.com|device_index=0|object_id=-1|platform=iOS|os_version=10.20|push_token=t",
                "profile_id=b@example.com|device_index=2|make=x",
            ]
        );
    }

    #[test]
    fn rows_of_people_whose_ids_begin_alike_stay_together() {
        let list = format!("[{}]", ["{}"; 300].join(","));
        let parents = [("somebody-1", list.as_str()), ("somebody-10", &list), ("somebody-100", &list)];
        let rows = device_table().rows(&devices(parents, DAY).unwrap());
        assert_eq!(rows.len(), 900);
        for person in rows.chunks(300) {
            let id = person[0].split('|').next().unwrap();
            for (index, row) in person.iter().enumerate() {
                assert_eq!(*row, format!("{id}|device_index={index}"));
            }
        }
    }

    #[test]
    fn summaries_have_whole_counts_and_utc_times() {
        let summaries = r#"{"B":{"count":10,"first_seen":1,"last_seen":"2"},"A":{"count":"3","first_seen":1e9,"last_seen":
            99999999999999},"C":7}"#;
        assert_eq!(
            event_table().rows(&event_summaries([("p", summaries), ("q", "[]")], DAY).unwrap()),
            [
                "profile_id=p|event_name=B|count=10|first_seen=1000000|last_seen=2000000",
                "profile_id=p|event_name=A|count=3",
            ]
        );
    }

    proptest! {
        #[test]
        fn any_json_is_answered(id in any::<String>(), json in any_json()) {
            device_table().rows(&devices([(id.as_str(), json.as_str())], DAY).unwrap());
            event_table().rows(&event_summaries([(id.as_str(), json.as_str())], DAY).unwrap());
            let summaries = format!(r#"{{"A":{{"count":{json},"first_seen":{json}}}}}"#);
            prop_assert_eq!(event_table().rows(&event_summaries([(id.as_str(), summaries.as_str())], DAY).unwrap()).len(), 1);
        }
    }
}
