//! The facts of all tables: complete, of one form, and those of the contract.

use std::collections::HashSet;

use rstest::rstest;

use super::*;
use crate::table::{Column, ColumnType, Origin};

#[test]
fn every_offered_table_is_found_under_its_name_only() {
    for table in tables() {
        assert_eq!(find(table.name).map(|found| found.name), Some(table.name));
        assert!(find(&table.name.to_uppercase()).is_none());
    }
    assert!(find("").is_none());
}

#[test]
fn no_two_tables_have_one_name_or_one_filling() {
    let (mut names, mut fillings) = (HashSet::new(), HashSet::new());
    for table in tables().iter().copied() {
        assert!(names.insert(table.name), "{}", table.name);
        assert!(fillings.insert(table.filling), "{}", table.name);
    }
}

#[test]
fn no_table_has_two_parameters_or_two_columns_of_one_name() {
    for table in tables().iter().copied() {
        let mut names = HashSet::new();
        assert!(table.parameters().all(|parameter| names.insert(parameter.name)), "{}", table.name);
        let mut names = HashSet::new();
        assert!(table.kept_columns().into_iter().all(|column| names.insert(column.name)), "{}", table.name);
    }
}

#[test]
fn every_fact_is_a_sentence_for_people() {
    for table in tables().iter().copied() {
        let columns = table.columns.iter().chain(table.stored).map(|column| column.description);
        let parameters = table.parameters().map(|parameter| parameter.description);
        for text in columns.chain(parameters).chain([table.description]) {
            assert!(
                text.ends_with('.') && text.starts_with(|first: char| first.is_uppercase() || first == '`'),
                "{}: {text:?}",
                table.name
            );
        }
        assert!(table.row.starts_with(char::is_lowercase) && !table.row.ends_with('.'), "{}", table.name);
    }
}

#[test]
fn defaults_and_examples_are_among_the_words() {
    for parameter in tables().iter().flat_map(|table| table.parameters()) {
        for value in parameter.default.into_iter().chain([parameter.example]) {
            let words = parameter.words();
            assert!(words.is_empty() || words.contains(&value), "{}={value}", parameter.name);
        }
    }
}

#[test]
fn required_parameters_have_no_default() {
    for table in tables().iter().copied() {
        let needed = table.required.iter().chain(table.choice);
        assert!(needed.into_iter().all(|parameter| parameter.default.is_none()), "{}", table.name);
        assert_ne!(table.choice.len(), 1, "{}: a choice of one is required", table.name);
    }
}

#[test]
fn every_kept_row_has_a_day_and_an_order_that_its_columns_give() {
    for table in tables().iter().copied() {
        let kept = table.kept_columns();
        let find = |name: &str| kept.iter().find(|column| column.name == name);
        let day = find("event_date").unwrap();
        assert_eq!((day.kind, day.nullable), (ColumnType::Date, false), "{}", table.name);
        for name in table.order {
            assert!(table.columns.iter().any(|column| column.name == *name), "{}: {name}", table.name);
        }
        for name in table.behind {
            assert!(table.columns.iter().any(|column| column.name == *name), "{}: {name}", table.name);
        }
        if let Period::UsedUnless(name) = table.period {
            assert!(table.own_parameter(name).is_some(), "{}: {name}", table.name);
        }
    }
}

#[test]
fn only_tables_about_days_take_days() {
    let without: Vec<_> =
        tables().iter().copied().filter(|table| table.period == Period::Unused).map(|t| t.name).collect();
    assert_eq!(without, ["realtime_counts", "profile", "event_catalog", "profile_properties"]);
    for table in tables().iter().copied() {
        let takes = table.parameters().any(|parameter| parameter.name == "range");
        assert_eq!(takes, table.period != Period::Unused, "{}", table.name);
    }
}

#[rstest]
#[case(
    "events",
    "row_id, event_name, event_time, event_time_utc, event_date, ts, object_id, identity, email, phone, name, \
     all_identities, platform, make, model, os_version, app_version"
)]
#[case("event_items", "row_id, item_index, event_name, event_time, event_date, object_id, identity")]
#[case("event_counts", "event_name, period_start, period_end, count")]
#[case("profile_counts", "event_name, period_start, period_end, count")]
#[case("event_trends", "event_name, period, period_start, period_end, value, is_unique")]
#[case("property_counts", "event_name, property_type, property, value_type, value, count")]
#[case("realtime_counts", "slice, value, count, as_of")]
#[case("profiles", "profile_id, identity, email, phone, name, all_identities, object_id, platforms")]
#[case("profile", "profile_id, identity, email, phone, name, all_identities, object_id, platforms")]
#[case(
    "profile_devices",
    "profile_id, device_index, object_id, platform, make, model, os_version, app_version, push_token"
)]
#[case("profile_events", "profile_id, event_name, count, first_seen, last_seen")]
#[case("campaigns", "campaign_id, name, status, scheduled_on, scheduled_on_raw")]
#[case(
    "campaign_reports",
    "campaign_id, name, status, scheduled_on, scheduled_on_raw, report_status, report_reason, report_json"
)]
#[case(
    "message_reports",
    "message_id, message_name, report_date, variant, channel, delivery, message_type, status, start_time, \
     conversion_event, labels, device, sent, viewed, clicked"
)]
#[case("event_catalog", "event_name, known_by, first_day, last_day, rows")]
#[case("profile_properties", "property, column, type, is_personal")]
fn the_columns_are_those_of_the_contract_in_its_order(#[case] table: &str, #[case] columns: &str) {
    let spec = tables().iter().copied().find(|spec| spec.name == table).unwrap();
    assert_eq!(names(&spec.shown(spec.kept_columns())), columns);
}

#[rstest]
#[case("count", ColumnType::Integer)]
#[case("period_start", ColumnType::Date)]
#[case("period_end", ColumnType::Date)]
#[case("as_of", ColumnType::TimestampUtc)]
#[case("first_seen", ColumnType::TimestampUtc)]
#[case("last_seen", ColumnType::TimestampUtc)]
#[case("scheduled_on", ColumnType::Timestamp)]
#[case("start_time", ColumnType::Timestamp)]
#[case("report_date", ColumnType::Date)]
#[case("is_unique", ColumnType::Boolean)]
#[case("labels", ColumnType::Json)]
#[case("device", ColumnType::Json)]
#[case("platforms", ColumnType::Json)]
#[case("campaign_id", ColumnType::Text)]
#[case("message_id", ColumnType::Text)]
fn a_column_is_of_its_kind_wherever_it_is(#[case] name: &str, #[case] kind: ColumnType) {
    let found: Vec<_> = tables().iter().flat_map(|table| table.columns).filter(|column| column.name == name).collect();
    assert!(!found.is_empty());
    assert!(found.iter().all(|column| column.kind == kind));
}

#[test]
fn further_columns_stand_where_the_contract_has_them_and_hidden_ones_nowhere() {
    let property = |name: &str, root: &str| {
        let origin = Origin::Property(vec![root.to_owned(), name.to_owned()]);
        Column { name: name.to_owned(), kind: ColumnType::Integer, nullable: true, origin }
    };
    let mut kept = campaign_reports::TABLE.kept_columns();
    kept.extend([property("sent", "result"), property("event_date", "result")]);
    assert_eq!(
        names(&campaign_reports::TABLE.shown(kept)),
        "campaign_id, name, status, scheduled_on, scheduled_on_raw, report_status, report_reason, sent, event_date, \
         report_json"
    );
    let mut kept = profiles::TABLE.kept_columns();
    kept.push(property("profile_plan", "profile"));
    assert_eq!(
        names(&profiles::TABLE.shown(kept)),
        "profile_id, identity, email, phone, name, all_identities, object_id, platforms, profile_plan"
    );
}

#[test]
fn counts_of_people_say_that_they_cannot_be_summed() {
    for (table, name) in [(&profile_counts::TABLE, "count"), (&event_trends::TABLE, "value")] {
        let column = table.columns.iter().find(|column| column.name == name).unwrap();
        assert!(column.description.contains("cannot be summed"), "{}", table.name);
    }
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
}
