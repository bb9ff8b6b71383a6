//! `select`, `filter`, `orderby`, `top`, `skip` on every table: OData's grammar over the caller's view.

use flattap::config::PiiMode;
use flattap::simulator::Endpoint;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::support::{Rows, Setup, TestGateway};

const WEEK: &str = "/v1/events.csv?event=Charged&from=2026-11-03&to=2026-11-09";

fn with(address: &str, words: &[(&str, &str)]) -> String {
    words.iter().fold(address.to_owned(), |address, (name, value)| {
        format!("{address}&{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
    })
}

async fn rows(gateway: &TestGateway, words: &[(&str, &str)]) -> Rows {
    gateway.get(&with(WEEK, words)).await.good().csv()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_keeps_the_rows_that_hold_in_their_order() {
    let gateway = TestGateway::start().await;
    let all = rows(&gateway, &[]).await;
    let some = rows(&gateway, &[("filter", "prop_amount gt 100 and contains(platform,'ndr')")]).await;
    let wanted: Vec<_> = all
        .rows
        .iter()
        .filter(|row| {
            row.get("prop_amount").is_some_and(|amount| amount.parse::<f64>().unwrap() > 100.0)
                && row.get("platform").is_some_and(|platform| platform.contains("ndr"))
        })
        .cloned()
        .collect();
    assert!(!wanted.is_empty() && wanted.len() < all.rows.len());
    assert_eq!(some.rows, wanted);
    assert_eq!(some.columns, all.columns);
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_come_as_selected_and_rows_as_ordered() {
    let gateway = TestGateway::start().await;
    let all = rows(&gateway, &[]).await;
    let words = [("select", "prop_amount,row_id"), ("orderby", "prop_amount desc"), ("skip", "3"), ("top", "20")];
    let some = rows(&gateway, &words).await;
    assert_eq!(some.columns, ["prop_amount", "row_id"]);
    let amount = |row: &std::collections::BTreeMap<String, String>| row["prop_amount"].parse::<f64>().unwrap();
    let mut wanted: Vec<_> = all.rows.iter().collect();
    // The stored order stays between equals: this sort is stable.
    wanted.sort_by(|one, other| amount(other).total_cmp(&amount(one)));
    let wanted: Vec<_> = wanted.iter().skip(3).take(20).map(|row| row["row_id"].as_str()).collect();
    assert_eq!(some.rows.iter().map(|row| row["row_id"].as_str()).collect::<Vec<_>>(), wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn stretches_of_a_table_make_the_table() {
    let gateway = TestGateway::start().await;
    let all = rows(&gateway, &[]).await;
    let mut joined = Vec::new();
    for skip in (0..).step_by(97) {
        let some = rows(&gateway, &[("top", "97"), ("skip", &skip.to_string())]).await;
        if some.rows.is_empty() {
            assert_eq!(some.columns, all.columns, "a stretch without rows has its header");
            break;
        }
        joined.extend(some.rows);
    }
    assert_eq!(joined, all.rows);
    assert!(rows(&gateway, &[("top", "0")]).await.rows.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_on_the_day_narrows_what_is_fetched() {
    let gateway = TestGateway::start().await;
    let some = rows(&gateway, &[("filter", "event_date ge 2026-11-05 and event_time lt 2026-11-07T00:00:00")]).await;
    let days: std::collections::BTreeSet<_> = some.rows.iter().map(|row| row["event_date"].as_str()).collect();
    assert_eq!(days.into_iter().collect::<Vec<_>>(), ["2026-11-05", "2026-11-06"]);
    // The end is excluded by the time, not by the day.
    let walked: usize = gateway.simulator.log().calls_of(Endpoint::EventsOpen).len();
    assert!((1..=3).contains(&walked), "{walked}");
    let held = gateway.get("/v1/events.csv?event=Charged&from=2026-11-03&to=2026-11-04&wait=0s").await;
    held.refused(503, "table_loading");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_events_and_counts_are_chosen_from_as_well() {
    let gateway = TestGateway::start().await;
    let both = "/v1/events.csv?event=Charged&event=Added+To+Cart&from=2026-11-03&to=2026-11-04";
    let all = gateway.get(both).await.good().csv();
    let words = [("orderby", "event_name desc"), ("select", "event_name,event_time,row_id")];
    let ordered = gateway.get(&with(both, &words)).await.good().csv();
    let mut wanted: Vec<_> = all.rows.iter().collect();
    wanted.sort_by(|one, other| other["event_name"].cmp(&one["event_name"]));
    let ids = |row: &std::collections::BTreeMap<String, String>| row["row_id"].clone();
    assert_eq!(ordered.rows.iter().map(ids).collect::<Vec<_>>(), wanted.into_iter().map(ids).collect::<Vec<_>>());
    let counts = "/v1/event_counts.csv?event=Charged&event=Added+To+Cart&from=2026-11-03&to=2026-11-04";
    let few = gateway.get(&with(counts, &[("filter", "count gt 0"), ("orderby", "count"), ("top", "1")])).await;
    assert_eq!(few.good().csv().rows.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_understood_is_refused_before_clevertap_is_asked() {
    let gateway = TestGateway::start().await;
    for (name, value, position, near) in [
        ("filter", "event_tim ge 2026-11-01", 1, Some("event_time")),
        ("filter", "event_time gt", 14, None),
        ("select", "row_id,emial", 8, Some("email")),
        ("orderby", "platform down", 10, None),
    ] {
        let refusal = gateway.get(&with(WEEK, &[(name, value)])).await.refused(400, "request_bad_parameter");
        let detail = refusal["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("`{name}` cannot be read at character {position}")), "{detail}");
        assert_eq!(refusal["near"][0].as_str(), near, "{refusal}");
    }
    for (name, value) in [("top", "-1"), ("skip", "1.5"), ("top", "x")] {
        gateway.get(&with(WEEK, &[(name, value)])).await.refused(400, "request_bad_parameter");
    }
    assert!(gateway.simulator.log().calls_of(Endpoint::EventsOpen).is_empty());
    // A column that only the data can tell is refused when it is there.
    let late = gateway.get(&with(WEEK, &[("filter", "prop_amuont gt 1")])).await;
    assert_eq!(late.refused(400, "request_bad_parameter")["near"][0], "prop_amount");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_column_is_none_and_a_hashed_one_is_its_hash() {
    for (mode, clear) in [(PiiMode::Drop, false), (PiiMode::Hash, false), (PiiMode::Clear, true)] {
        let setup = Setup::default().config(move |config| config.auth.keys[0].pii = mode);
        let gateway = TestGateway::with(setup).await;
        for words in [
            [("filter", "email ne null"), ("top", "1")],
            [("orderby", "email"), ("top", "1")],
            [("select", "email"), ("top", "1")],
        ] {
            let answer = gateway.get(&with(WEEK, &words)).await;
            match mode {
                PiiMode::Drop => drop(answer.refused(400, "request_bad_parameter")),
                _ => drop(answer.good()),
            }
        }
        if mode != PiiMode::Drop {
            let found = rows(&gateway, &[("filter", "contains(email,'@')")]).await;
            assert_eq!(!found.rows.is_empty(), clear, "a filter sees what the caller sees");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_tells_what_a_request_would_cost_and_costs_nothing() {
    let setup = Setup::default().config(|config| config.auth.keys[0].pii = PiiMode::Hash);
    let gateway = TestGateway::with(setup).await;
    let address = with("/v1/tables/events/explain?event=Charged&from=2026-11-03&to=2026-11-09", &[]);
    let cold = gateway.get(&address).await.good().json();
    assert_eq!((&cold["days"]["cold"], &cold["days"]["warm"]), (&7.into(), &0.into()), "{cold:#}");
    assert!(cold["upstream"]["calls"].is_null() && cold["upstream"]["seconds"].is_null(), "{cold:#}");
    assert!(gateway.simulator.log().calls_of(Endpoint::EventsOpen).is_empty());
    gateway.get("/v1/events.csv?event=Charged&from=2026-11-05&to=2026-11-09").await.good();
    let warm = gateway.get(&with(&address, &[("filter", "event_date ge 2026-11-04 and prop_amount gt 5")])).await;
    let warm = warm.good().json();
    assert_eq!((&warm["days"]["cold"], &warm["days"]["warm"]), (&1.into(), &5.into()), "{warm:#}");
    assert!(warm["upstream"]["calls"].as_u64().is_some_and(|calls| calls >= 2), "{warm:#}");
    assert!(warm["upstream"]["seconds"].is_number(), "{warm:#}");
    let hashed = warm["policy"]["hashed"].as_array().unwrap();
    assert!(hashed.iter().any(|name| name == "email"), "{warm:#}");
    let plan = warm["plan"].as_str().unwrap();
    assert!(plan.contains("prop_amount > ") && !plan.contains(".parquet"), "{plan}");
    gateway.get("/v1/tables/evnts/explain").await.refused(404, "table_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_page_and_the_entity_tag_follow_the_choice() {
    let gateway = TestGateway::start().await;
    let tag = |answer: &crate::support::Answer| answer.header("etag").to_owned();
    let plain = gateway.get(WEEK).await.good();
    let chosen = gateway.get(&with(WEEK, &[("filter", "prop_amount gt 100")])).await.good();
    let other = gateway.get(&with(WEEK, &[("filter", "prop_amount gt 101")])).await.good();
    assert!(tag(&plain) != tag(&chosen) && tag(&chosen) != tag(&other));
    let schema = gateway.get("/v1/tables/events/schema.csv?event=Charged&select=ts,row_id").await.good().csv();
    assert_eq!(schema.rows.iter().map(|row| row["name"].as_str()).collect::<Vec<_>>(), ["ts", "row_id"]);
}
