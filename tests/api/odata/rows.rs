//! Rows: the same as under `/v1`, with OData's types and options.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{WEEK, without_offsets};
use crate::support::{Setup, TestGateway};

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_has_the_rows_of_its_table_and_options_choose_as_there() {
    let gateway = TestGateway::start().await;
    let table = format!("/v1/events.json?event=Charged&{WEEK}");
    let whole = gateway.table(&table).await;
    let (rows, pages) = gateway.entities(&format!("/odata/events_charged?{WEEK}"), 20_000).await;
    assert_eq!((without_offsets(rows), pages), (whole.clone(), 1));
    for (odata, ours) in [
        ("$filter=prop_amount gt 300 and platform ne 'iOS'", "filter=prop_amount gt 300 and platform ne 'iOS'"),
        ("$select=platform,row_id&$orderby=prop_amount desc", "select=platform,row_id&orderby=prop_amount desc"),
        ("$top=7&$skip=5", "top=7&skip=5"),
        (
            "$filter=identity eq null&$orderby=platform,ts desc&$top=9",
            "filter=identity eq null&orderby=platform,ts desc&top=9",
        ),
        ("$filter=contains(tolower(prop_payment_mode),'card')", "filter=contains(tolower(prop_payment_mode),'card')"),
        ("$filter=event_time ge 2026-11-05T00:00:00%2B05:30", "filter=event_time ge 2026-11-05T00:00:00"),
        ("$filter=event_time lt 2026-11-05T00:00:00+05:30", "filter=event_time lt 2026-11-05T00:00:00"),
        ("$filter=event_time_utc ge 2026-11-06T18:30:00Z", "filter=event_date ge 2026-11-07"),
    ] {
        let (rows, _) =
            gateway.entities(&format!("/odata/events_charged?{WEEK}&{}", odata.replace(' ', "%20")), 50).await;
        let wanted = gateway.table(&format!("{table}&{}", ours.replace(' ', "+"))).await;
        assert!(!wanted.is_empty(), "{ours}");
        assert_eq!(without_offsets(rows), wanted, "{odata}");
    }
    let filter = encoded("prop_amount gt 300");
    let many = gateway.table(&format!("{table}&filter={filter}")).await.len();
    let page = gateway.get(&format!("/odata/events_charged?{WEEK}&%24filter={filter}&%24count=true&%24top=2")).await;
    let page = page.good().json();
    assert_eq!((page["@odata.count"].as_u64(), page["value"].as_array().map(Vec::len)), (Some(many as u64), Some(2)));
    let count = gateway.get(&format!("/odata/events_charged/$count?{WEEK}&$filter={filter}&$top=1")).await.good();
    assert_eq!((count.text(), count.header("content-type")), (many.to_string(), "text/plain"));
    let context = gateway.get(&format!("/odata/events_charged?{WEEK}&$top=0&$select=ts,row_id")).await.good().json();
    let expected = format!("{}/odata/$metadata#events_charged(ts,row_id)", gateway.base);
    assert_eq!(context, json!({"@odata.context": expected, "value": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_looks_as_readers_expect_it() {
    let gateway = TestGateway::start().await;
    let select = "$select=event_time,event_time_utc,event_date,ts,prop_amount,prop_items,email&$top=2&$count=true";
    let page = gateway.get(&format!("/odata/events_charged?{WEEK}&{select}")).await.good();
    insta::assert_snapshot!("page", page.text().replace(&gateway.base, "https://bi.example.com"));
    let path = format!("/odata/events_charged?{WEEK}&{select}");
    let texts = gateway.request(reqwest::Method::GET, &path);
    let texts = gateway.send(texts.header("accept", "application/json;IEEE754Compatible=true")).await.good();
    assert!(texts.header("content-type").contains("IEEE754Compatible=true"));
    assert!(texts.json()["@odata.count"].is_string() && texts.json()["value"][0]["ts"].is_string());
    let bare = gateway.get(&format!("{path}&$format=application/json;odata.metadata=none")).await.good().json();
    assert!(bare.get("@odata.context").is_none() && bare["value"].is_array());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_row_is_found_by_its_key() {
    let gateway = TestGateway::start().await;
    let (rows, _) = gateway.entities(&format!("/odata/events_charged?{WEEK}"), 100).await;
    let id = rows[3]["row_id"].as_str().unwrap();
    let one = gateway.get(&format!("/odata/events_charged('{id}')?{WEEK}")).await.good().json();
    assert_eq!(one["@odata.context"], format!("{}/odata/$metadata#events_charged/$entity", gateway.base));
    let without_context = |mut row: Value| {
        row.as_object_mut().unwrap().remove("@odata.context");
        row
    };
    assert_eq!(without_context(one), rows[3]);
    let (items, _) = gateway.entities(&format!("/odata/event_items_charged?{WEEK}"), 100).await;
    let (id, index) = (items[1]["row_id"].as_str().unwrap(), &items[1]["item_index"]);
    let one = gateway.get(&format!("/odata/event_items_charged(item_index={index},row_id='{id}')?{WEEK}")).await;
    assert_eq!(without_context(one.good().json()), items[1]);
    gateway.get(&format!("/odata/events_charged('none')?{WEEK}")).await.refused(404, "table_unknown_row");
    for key in ["(7)", "(x='a')", "(row_id=7)", "(row_id='a',x=1)"] {
        gateway.get(&format!("/odata/events_charged{key}?{WEEK}")).await.refused(400, "request_bad_parameter");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_period_is_that_of_the_condition_or_the_last_thirty_days() {
    let gateway = TestGateway::start().await;
    let period = async |query: &str| {
        let answer = gateway.get(&format!("/odata/events_charged?$select=event_date&{query}")).await.good();
        let days: std::collections::BTreeSet<String> = answer.json()["value"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["event_date"].as_str().unwrap().to_owned())
            .collect();
        (answer.header("flattap-period").to_owned(), days.first().cloned(), days.last().cloned())
    };
    let day = |text: &str| Some(text.to_owned());
    let condition = "$filter=event_date%20ge%202026-10-28%20and%20event_date%20lt%202026-10-30";
    assert_eq!(period(condition).await, ("2026-10-28/2026-10-29".into(), day("2026-10-28"), day("2026-10-29")));
    // The simulated account begins with the second of these days.
    let (stated, first, last) = period("").await;
    assert_eq!((stated.as_str(), first, last), ("2026-10-24/2026-11-22", day("2026-10-25"), day("2026-11-22")));
    let (stated, ..) = period("range=yesterday").await;
    assert_eq!(stated, "2026-11-22/2026-11-22");
    let (stated, ..) = period("$filter=event_date%20ge%202026-11-20").await;
    assert_eq!(stated, "2026-11-20/2026-11-23", "to today");
    // Older than the last thirty days, in the other ways in which tools say it.
    for (condition, expected) in [
        ("year(event_date) eq 2026 and month(event_date) eq 9", "2026-09-01/2026-09-30"),
        ("date(event_time) eq 2026-09-05", "2026-09-05/2026-09-05"),
        ("event_time ge 2026-09-04T18:30:00Z and event_time lt 2026-09-05T18:30:00Z", "2026-09-05/2026-09-05"),
    ] {
        let (stated, ..) = period(&format!("$filter={}", condition.replace(' ', "%20"))).await;
        assert_eq!(stated, expected, "{condition}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_reaches_as_far_as_the_condition_and_never_less_far_than_usually() {
    let views = flattap::config::sample_views().expect("views");
    let mut setup = Setup::default().config(move |config| config.views = views.clone());
    setup.simulator.days = 60;
    let gateway = TestGateway::with(setup).await;
    let ask = async |query: &str| gateway.get(&format!("/odata/view_revenue_by_day?{query}")).await.good();
    assert_eq!(ask("").await.header("flattap-period"), "2026-10-24/2026-11-22");
    let far = ask("$filter=event_date%20ge%202026-10-10").await;
    assert_eq!(far.header("flattap-period"), "2026-10-10/2026-11-23");
    let first = far.json()["value"][0]["event_date"].as_str().map(str::to_owned);
    assert!(first.is_some_and(|first| first.as_str() < "2026-10-24"), "{}", far.text());
    let near = ask("$filter=event_date%20eq%202026-11-20").await;
    assert_eq!(near.header("flattap-period"), "2026-10-24/2026-11-22", "sums may come from days before");
    let named = ask("$filter=event_date%20ge%202026-10-10&range=last_7_days").await;
    assert_eq!(named.header("flattap-period"), "2026-11-16/2026-11-22", "what is said is said");
}

#[tokio::test(flavor = "multi_thread")]
async fn times_have_the_projects_offset_of_their_moment_and_conditions_know_it() {
    let setup = Setup { zone: "Europe/Berlin", ..Setup::default() };
    let gateway = TestGateway::with(setup).await;
    let day = jiff::civil::date(2026, 10, 25);
    let record = |ts: i64| format!(r#"{{"ts":{ts},"profile":{{"objectId":"{ts}"}}}}"#);
    let times = [20261025015900, 20261025023000, 20261025030000, 20261025120000];
    gateway.simulator.set_records("Charged", day, times.map(record));
    let ask = async |filter: &str| {
        let path = format!("/odata/events_charged?$select=event_time&from=2026-10-25&to=2026-10-25{filter}");
        let (rows, _) = gateway.entities(&path, 100).await;
        rows.iter().map(|row| row["event_time"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = ask("").await;
    assert_eq!(
        all,
        [
            "2026-10-25T01:59:00+02:00",
            "2026-10-25T02:30:00+02:00",
            "2026-10-25T03:00:00+01:00",
            "2026-10-25T12:00:00+01:00",
        ]
    );
    // 02:30 of the second time round is after the first one.
    assert_eq!(ask("&$filter=event_time%20ge%202026-10-25T02:30:00%2B02:00").await, all[1..]);
    assert_eq!(ask("&$filter=event_time%20ge%202026-10-25T02:30:00%2B01:00").await, all[2..]);
    assert_eq!(ask("&$filter=event_time%20eq%202026-10-25T00:30:00Z").await, all[1..2]);
    assert_eq!(ask("&$filter=event_time%20lt%202026-10-25T02:00:00Z").await, all[..2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_set_has_keys_that_are_never_null_and_all_different() {
    let views = flattap::config::sample_views().expect("views");
    let gateway = TestGateway::with(Setup::default().config(move |config| config.views = views.clone())).await;
    let week = "from=2026-11-09&to=2026-11-10";
    for (set, key) in [
        ("campaigns", "row_key"),
        ("message_reports", "row_key"),
        ("profiles", "row_key"),
        ("profile_devices", "row_key"),
        ("event_catalog", "event_name"),
        ("profile_properties", "property"),
        ("realtime_counts", "row_key"),
        ("view_top_products", "row_key"),
        ("view_daily_active_users", "row_key"),
    ] {
        let path = format!("/odata/{set}?{week}");
        let (rows, _) = gateway.entities(&path, 20_000).await;
        assert!(!rows.is_empty(), "{set}");
        let mut keys: Vec<&str> = rows.iter().map(|row| row[key].as_str().expect("a key")).collect();
        let (paged, pages) = gateway.entities(&path, (rows.len() as u64).div_ceil(3)).await;
        assert_eq!(paged, rows, "{set}");
        assert!(pages >= rows.len().clamp(1, 3) - 1, "{set}: {pages}");
        let last = rows.last().unwrap();
        let one = gateway.get(&format!("/odata/{set}('{}')?{week}", encoded(last[key].as_str().unwrap()))).await.good();
        assert_eq!(one.json()[key], last[key], "{set}");
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), rows.len(), "{set}");
    }
}
